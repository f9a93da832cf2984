// What a kernel's TensorAccessorArgs reads: for interleaved buffers a word of flags and the aligned page size.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <tt-metalium/mesh_buffer.hpp>

namespace tt::tt_metal {

class TensorAccessorArgs {
  public:
    explicit TensorAccessorArgs(const Buffer& buffer)
        : dram_(buffer.is_dram()), aligned_page_size_(static_cast<uint32_t>(buffer.aligned_page_size())) {}
    explicit TensorAccessorArgs(const distributed::MeshBuffer& buffer)
        : TensorAccessorArgs(*buffer.get_reference_buffer()) {}
    explicit TensorAccessorArgs(const std::shared_ptr<distributed::MeshBuffer>& buffer) : TensorAccessorArgs(*buffer) {}

    std::vector<uint32_t> get_compile_time_args() const { return {dram_ ? 2u : 0u, aligned_page_size_}; }
    std::vector<uint32_t> get_common_runtime_args() const { return {}; }
    void append_to(std::vector<uint32_t>& compile_time_args) const {
        for (uint32_t word : get_compile_time_args()) compile_time_args.push_back(word);
    }
    void append_to(std::vector<uint32_t>& compile_time_args, std::vector<uint32_t>&) const {
        append_to(compile_time_args);
    }

  private:
    bool dram_;
    uint32_t aligned_page_size_;
};

}  // namespace tt::tt_metal
