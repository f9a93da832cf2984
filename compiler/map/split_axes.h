// axes: a grid axis that indexes tensors by its quotient and remainder becomes two.
#pragma once

#include "compiler/ir/tile_program.h"

namespace tilelang_tt {

// Pre: verified. An axis t of a launch's only one, of constant extent n, becomes m * c + r, m and r the axes, r the
// faster, where tensors are indexed by t // c and by t % c, for one c that divides n. What looks at the grid then sees
// the rows and columns of tiles: merging of small blocks, sharing along rows and columns of cores.
TileProgram split_axes(const TileProgram& program);

}  // namespace tilelang_tt
