// Which core computes which blocks of a launch's grid.
#pragma once

#include "compiler/ir/mapping_plan.h"
#include "compiler/ir/target.h"
#include "compiler/ir/tile_program.h"

namespace tilelang_tt {

// Contiguous shares in row-major order: blockIdx.x, the launch's first axis, runs fastest, as on a GPU.
WorkSplit split_work(const Context& ctx, const tile::Launch& launch, const Target& target);

}  // namespace tilelang_tt
