// T.Parallel: what one element computes becomes elementwise operations on blocks, by how each read runs over the lanes.
#pragma once

#include "compiler/ir/tile_program.h"
#include "compiler/tensorize/memory.h"

namespace tilelang_tt {

// Lowers the stores of a T.Parallel body in order. Refusals: TT302x.
void lower_map(Context& ctx, const tile::Map& map, Memory& memory, GraphBuilder& builder, LocId loc);

}  // namespace tilelang_tt
