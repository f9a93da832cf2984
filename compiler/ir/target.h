// What a program is compiled for. Every pass takes (input, Target).
#pragma once

#include <optional>
#include <string>

#include "tensix/device.h"
#include "tensix/op_table.h"

namespace tilelang_tt {

// Stands above the single knobs (docs/semantics.md, "Precision").
enum class Precision { Exact, Default, Fast };

struct Target {
    const tensix::DeviceSpec* device = nullptr;  // chip and board: grid, L1, DRAM, clocks, costs
    int grid_x = 8, grid_y = 8;                  // cores to use; ≤ the board's grid
    Precision precision = Precision::Default;
    std::optional<tensix::MathFidelity> fidelity;  // none: what the precision asks for
    bool multicast = true;                         // blocks that cores share may be read once and sent to them

    // Passes of the matrix engine over the bits of its operands; a kernel has one for all its FPU multiplications.
    tensix::MathFidelity math_fidelity() const {
        return fidelity.value_or(precision == Precision::Fast ? tensix::MathFidelity::HiFi2
                                                              : tensix::MathFidelity::HiFi4);
    }
};

}  // namespace tilelang_tt
