// Which dimension of each tensor and buffer its blocks' rows run over, and which their columns: the layout question,
// answered for the whole program at once.
//
// A tensor or buffer with two blocked dimensions has rows over the first and columns over the second. One with a single
// blocked dimension is a row or a column vector; which, follows from its uses by unification: lanes of T.Parallel
// bodies, copies and reductions tie vectors to each other and to the dimensions of matrices. The first use in program
// order that decides wins; where another use wants the other orientation, tensorize transposes. Undecided vectors are
// rows.
#pragma once

#include <vector>

#include "compiler/ir/context.h"
#include "compiler/ir/tile_program.h"

namespace tilelang_tt {

struct Dims {
    int64_t row = -1, col = -1;  // -1: none
    friend bool operator==(const Dims&, const Dims&) = default;
};

struct BlockDims {
    std::vector<Dims> tensors;               // one a tensor of the Context
    std::vector<std::vector<Dims>> buffers;  // for each launch, one a buffer
};

// Accesses that are not of lane_access's kind do not take part: who needs them refuses them. A tensor with more than
// two blocked dimensions gets the last two; a buffer with more than two dimensions of extent > 1 likewise.
BlockDims infer_block_dims(Context& ctx, const std::vector<tile::Launch>& launches);

// The dimensions of an access whose extent is not 1, in order.
std::vector<int64_t> blocked_dims(const IndexArena& index, const Access& access);

}  // namespace tilelang_tt
