// Kernels, circular buffers and semaphores that run together.
#pragma once

#include <memory>

#define TT_EMULATOR_HOST __attribute__((visibility("default")))

namespace tt::tt_metal {

class TT_EMULATOR_HOST Program {
  public:
    struct Contents;

    Program();
    ~Program();
    Program(Program&&) noexcept;
    Program& operator=(Program&&) noexcept;
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;
    Contents& contents() const { return *contents_; }

  private:
    std::unique_ptr<Contents> contents_;
};

}  // namespace tt::tt_metal
