// segments: what blocks share out along a loop, as stream-K does, becomes blocks of the grid.
//
// In stream-K the work of all output tiles is one line of iterations. Each block computes a stretch of it, so that a
// tile may begin in one block and end in the next; where it does, the blocks add up their sums by atomics. Here every
// tile has one writing core, and the grid is dealt out to the cores by the mapping: such a kernel is taken back to one
// block a tile (a segment of the line), which computes all iterations of that tile.
#pragma once

#include "compiler/ir/tile_program.h"

namespace tilelang_tt {

// Pre: verified. Rewrites a loop over segments at the top of a launch whose grid has one axis of constant extent,
//
//   for seg in begin(block) .. end(block):
//       acc = 0, …
//       for k in from(block, seg) .. to(block, seg):  acc += …       the block only as k + h(block, seg)
//       a store of acc, or an atomic sum with it, to elements that follow from seg    if/else on block and seg
//
// into a launch over the segments, where for each segment (proven by enumeration, up to 65,536 pairs of blocks and
// segments) either one block stores, or the blocks that add cover k + h one after the other without gap or overlap.
// What stands before and after the loop becomes launches of their own, if no buffer carries a value from one to the
// other. Noted in the program's remarks (TT2094); other launches stay as they are.
TileProgram merge_segments(const TileProgram& program);

}  // namespace tilelang_tt
