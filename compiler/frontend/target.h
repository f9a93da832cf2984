// TVM's target kind `tenstorrent` and what the compiler makes of it.
#pragma once

#include <tvm/target/target.h>

#include <string>

#include "compiler/ir/target.h"

namespace tilelang_tt::frontend {

inline constexpr const char* kTargetKind = "tenstorrent";

// What runs the kernels. Reference: the reference interpreter on the TileProgram, without any pass of ours.
enum class DeviceKind { Emulator, Reference };

// A canonical target, every option decided.
struct TargetOptions {
    std::string arch, board;
    int64_t grid_x = 0, grid_y = 0;
    std::string precision;  // exact, default, fast
    std::string fidelity;   // auto, LoFi, HiFi2, HiFi3, HiFi4
    std::string multicast;  // auto, off
    std::string numerics;   // exact, fast: of the emulator
    std::string device;     // emulator, reference

    Target target() const;
    DeviceKind device_kind() const { return device == "reference" ? DeviceKind::Reference : DeviceKind::Emulator; }
};

TargetOptions target_options(const tvm::Target& target);

// A digest of this library's contents (its linker build id, 40 hex digits), device figures included.
const std::string& build_id();

}  // namespace tilelang_tt::frontend
