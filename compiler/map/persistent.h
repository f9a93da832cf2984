// persistent: the tiles that persistent blocks walk over become blocks of the grid.
//
// A persistent GPU kernel has as many blocks as the GPU has processors; block b computes tiles b, b + n, b + 2n, … Here
// the grid is dealt out to the cores by the mapping, whatever its size, so such a kernel is taken back to one block a
// tile: as many cores work as there are tiles, and evenly.
#pragma once

#include "compiler/ir/tile_program.h"

namespace tilelang_tt {

// Pre: verified. Rewrites each launch whose grid has one axis b of a constant extent n and whose body is one loop
// `for w in 0..e`, where e is constant or ⌈(tiles − b) / n⌉ and no buffer carries anything from one iteration to the
// next, and whose expressions depend on b and w by b + n·w only, or that T.Persistent has made. A guard b + n·w < tiles
// around the loop's body becomes the grid's extent. Noted in the program's remarks (TT2092); other launches stay as
// they are.
TileProgram undo_persistence(const TileProgram& program);

}  // namespace tilelang_tt
