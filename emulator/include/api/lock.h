#pragma once

#include "tt_emulator/kernel_prelude.h"

// Calls a function when it goes out of scope.
template <typename ReleaseFunc>
class Lock {
  public:
    FORCE_INLINE Lock(ReleaseFunc release_func) : release_func_(release_func) {}
    FORCE_INLINE ~Lock() { release_func_(); }
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;

  private:
    ReleaseFunc release_func_;
};
