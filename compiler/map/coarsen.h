// coarsen: blocks of single rows, and of a few rows or columns (merge_blocks.h), become blocks of whole tiles.
//
// GPU kernels like to give each block one row of a matrix. Here that wastes 31 of 32 rows of every tile, so 32
// neighbouring blocks are merged: a buffer that holds something of a block's own gets a dimension of 32 more, in front,
// and every statement is done for the 32 blocks at once. See docs/semantics.md, "Coarsening".
#pragma once

#include "compiler/ir/tile_program.h"

namespace tilelang_tt {

// Pre: verified. Post: no grid axis whose blocks touch single elements of a dimension, where the rewrite applies: the
// axis indexes tensors directly (`A[bx, …]`, one dimension, step 1), steers no loop or branch, no T.gemm takes part,
// and blocks touch at most one more dimension. A launch to which it does not apply stays as it is; each merged axis is
// noted in the program's remarks (TT2090).
TileProgram coarsen(const TileProgram& program);

}  // namespace tilelang_tt
