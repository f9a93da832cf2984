// trim: blocks at the end of the grid that store nothing inside a tensor are left out.
#pragma once

#include "compiler/ir/tile_program.h"

namespace tilelang_tt {

// Pre: verified. Shortens the one grid axis, of constant extent up to 65,536, of each launch by its last blocks, as
// many as store only elements outside of their tensors, which are dropped (docs/semantics.md). A launch of which
// nothing is left is dropped, unless it is the only one.
TileProgram trim_grids(const TileProgram& program);

}  // namespace tilelang_tt
