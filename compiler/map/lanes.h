// lanes: lets the lanes of each T.Parallel run over the dimensions of what it touches.
//
// Programs cut the work of a T.Parallel for the threads of a GPU, not for tiles: `j * 8 + v` with a lane over v for
// vector loads, `i // 64` and `i % 64` of one lane over a whole block, loops over rows around a T.Parallel over
// columns.
#pragma once

#include "compiler/ir/tile_program.h"

namespace tilelang_tt {

// Pre: verified. Post: the same meaning, with
//   two lanes made one, where accesses use them as a * extent of b + b,
//   a lane made two, where accesses use its quotient and its remainder by a constant that divides its extent,
//   a loop made a lane, where its body has only T.Parallels over at most one lane, of which what is stored is indexed
//   by the loop in a dimension of its own, so that iterations have nothing to do with each other.
// The first two are done where more accesses than before run over their dimensions in steps of 1.
TileProgram normalize_lanes(const TileProgram& program);

}  // namespace tilelang_tt
