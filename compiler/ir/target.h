// What a program is compiled for. Every pass takes (input, Target).
#pragma once

#include <string>

#include "tensix/device.h"

namespace tilelang_tt {

// Stands above the single knobs (docs/semantics.md, "Precision").
enum class Precision { Exact, Default, Fast };

struct Target {
    const tensix::DeviceSpec* device = nullptr;  // chip and board: grid, L1, DRAM, clocks, costs
    int grid_x = 8, grid_y = 8;                  // cores to use; ≤ the board's grid
    Precision precision = Precision::Default;
};

}  // namespace tilelang_tt
