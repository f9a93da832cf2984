// The device interface: what the compiler's runtime asks of whatever runs a Plan. The emulator is behind
// emulator_device.cpp; ttnn is driven from Python (python/tilelang_tt/launch.py) with the same plan.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "compiler/codegen/artifacts.h"
#include "compiler/ir/diagnostics.h"

namespace tilelang_tt {

// A caller's array in host memory. Strides in elements; data points at element 0 (byte offset applied).
struct HostTensor {
    void* data = nullptr;
    DType dtype = DType::F32;
    std::vector<int64_t> shape, strides;
};

struct RunStats {
    uint64_t cycles = 0;      // modelled, from the first core's start to the last core's end, launches added
    double seconds = 0;       // cycles at the device's clock
    std::string device;       // "emulator wormhole_b0 n150 8x8"
    std::string numerics;     // "exact" or "fast"
    double wall_seconds = 0;  // of the run on this machine
};

class Device {
  public:
    virtual ~Device() = default;
    // tensors: one a parameter tensor of the plan, in parameter order; outputs are written in place.
    // symbols: values of the plan's shape symbols and scalar parameters.
    virtual Result<RunStats> run(const Artifacts& artifacts, const std::vector<HostTensor>& tensors,
                                 const IndexEnv& symbols) = 0;
};

enum class Numerics { Exact, Fast };
// Error TT8001: this machine has no C++ compiler for the kernels. Opens no chip yet: that happens with the first run,
// once for each size of grid. Errors of runs: TT70xx for arguments that do not fit the plan, TT8002 where the emulator
// cannot start, TT8003 for what a kernel did wrong (deadlock, out of bounds …).
Result<std::unique_ptr<Device>> emulator_device(const std::string& arch, const std::string& board, Numerics numerics);

}  // namespace tilelang_tt
