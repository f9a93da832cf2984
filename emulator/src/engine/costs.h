// Cycles that compute calls take on their engine. Figures of the matrix unit, unpacker and packer come from
// tensix/devices/*.json by name; those of the vector unit stand in sfpu_costs.cpp with their sources.
#pragma once

#include <cstdint>

#include "tt_emulator/compute_abi.h"

namespace tt_emulator {

struct Costs {
    double matmul_phase = 16;           // per tile product and fidelity phase
    double matmul_call = 18;            // fixed part of a matmul call, per row (or column) of its block
    double matmul_issue_factor = 1.05;  // cycles of a matrix instruction
    double add = 8;                     // elementwise add or sub of a tile
    double mul_phase = 8;               // elementwise mul of a tile, per phase
    double copy = 8;
    double broadcast = 16;  // elementwise add or sub with a broadcast
    double transpose = 32;
    double reduce = 58;
    double unpack_bytes = 64;        // per cycle, one unpacker
    double unpack_joint_bytes = 80;  // per cycle, both together
    double pack_bytes = 64;          // per cycle
    double pack_call = 9;
    double pack_l1_acc_factor = 1.5;
    double op_init = 30;
    double reduce_init = 200;
    double reconfig = 20;
    double tile_regs_call = 10;
};
const Costs& costs_of(bool blackhole);

// A whole tile of an operation of the vector unit. `accurate` operations of a 32-bit DST cost more than of a 16-bit
// one.
uint32_t sfpu_cycles(TtSfpuOp op, bool approximate, bool fp32_dst, bool blackhole);

// sfpu_reduce of a tile along its columns or its rows; integer_extreme: maximum or minimum of integers.
uint32_t sfpu_reduce_cycles(bool columns, bool integer_extreme);

}  // namespace tt_emulator
