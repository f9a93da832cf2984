// Kernels from source to callable code: the host compiler, a cache of shared objects, and loading.
//
// The compiler is $CXX, else c++, g++, clang++ on the path. Objects are kept under $TILELANG_TT_CACHE, else
// $XDG_CACHE_HOME/tilelang-tt, else ~/.cache/tilelang-tt, in kernels/, named by a hash over everything that the code
// depends on; an entry whose checksum does not fit is built anew.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "emulator/include/tt_emulator/emulator.h"

namespace tt_emulator {

struct LoadedKernel {
    void* handle = nullptr;
    void (*entry)() = nullptr;
    // Writable data (static variables), swapped so that each processor has its own; empty for most kernels.
    std::byte* data = nullptr;
    size_t data_size = 0;
    std::vector<std::byte> initial;
    void* owner = nullptr;  // the fiber whose data is in place
    LoadedKernel() = default;
    ~LoadedKernel();
    LoadedKernel(const LoadedKernel&) = delete;
    LoadedKernel& operator=(const LoadedKernel&) = delete;
};

// A circular buffer as a kernel's code knows it: constants of the compilation.
struct KernelBuffer {
    uint8_t format = 0xff;
    uint32_t tile_rows = 32, tile_cols = 32;
};
using KernelBuffers = std::array<KernelBuffer, 64>;

// Compiles what is not cached, several at a time, and loads: one result per spec, valid for the life of the process.
// buffers[i]: of the cores of specs[i]. Throws RunError with the compiler's message.
std::vector<LoadedKernel*> load_kernels(const std::vector<const KernelSpec*>& specs, const std::string& arch,
                                        const std::vector<KernelBuffers>& buffers);

}  // namespace tt_emulator
