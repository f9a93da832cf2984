// MappingPlan: how a TileProgram lies on the chip: the layout of each tensor in device memory and, for each launch,
// which core computes which blocks. Made by compiler/map, read by every later pass.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/ir/context.h"
#include "compiler/ir/support.h"
#include "tensix/formats.h"

namespace tilelang_tt {

// A tensor in device memory as tiles: tile rows run over row_dim, tile columns over col_dim (-1: a dimension of extent
// 1 that the tensor does not have, as in a vector), every other dimension is outer, in order. A page is a tile; its
// number is
//   page = (linear(outer indices) * tile_rows + row tile) * tile_cols + column tile.
// A 1-D tensor is a row (row_dim -1: values in row 0 of its tiles) or a column (col_dim -1: values in column 0).
//
// row_major: not tiles but rows ("sticks"). col_dim is the last dimension, a page is a row of it: its elements, one
// after the other. Pages are numbered row-major over all other dimensions; row_dim says which of them the kernels' tile
// rows run over. There is no padding (pad_is_zero says nothing), and block formats cannot be stored so.
struct TensorLayout {
    int64_t row_dim = -1, col_dim = -1;
    tensix::DataFormat format = tensix::DataFormat::Float16_b;  // of the tiles in device memory
    bool pad_is_zero = true;  // what the host writes between the tensor's edge and the tile's; false: unknown
    bool row_major = false;
    friend bool operator==(const TensorLayout&, const TensorLayout&) = default;
};

// Cores are numbered row-major over the grid, x fastest.
//
// Shares: blocks are numbered with order.front() slowest, and core c of `cores` computes the contiguous share
// [first, first + count): total / cores blocks each, the first total % cores cores one more.
//
// Rectangle (across and down valid): the extent of axis `across` is cut into grid_x equal parts, one a column of cores,
// that of `down` into grid_y, one a row; a core computes all blocks of its part, in the same order as every other core.
// Cores of a row (column) then need the same operands at the same time where these do not depend on `across` (`down`).
struct WorkSplit {
    std::vector<VarId> order;    // the launch's grid variables, slowest first
    int grid_x = 1, grid_y = 1;  // worker grid in use
    int64_t cores = 1;           // ≤ grid_x * grid_y; all of it when the number of blocks is not constant
    VarId across, down;          // both or neither
    bool rectangle() const { return across.valid(); }
    friend bool operator==(const WorkSplit&, const WorkSplit&) = default;
};

struct MappingPlan {
    std::vector<TensorLayout> layouts;  // one a tensor of the Context
    std::vector<WorkSplit> launches;    // one a launch
    friend bool operator==(const MappingPlan&, const MappingPlan&) = default;
};

}  // namespace tilelang_tt
