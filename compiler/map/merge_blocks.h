// Blocks of 2 to 31 rows (or columns), or of any other number that is no multiple of 32, become blocks of whole tiles:
// as many neighbours along a grid axis are merged as fill tiles. Part of coarsen; see docs/semantics.md, "Coarsening".
#pragma once

#include "compiler/ir/tile_program.h"
#include "compiler/map/block_dims.h"

namespace tilelang_tt {

// Merges blocks along each grid axis of the launch to which the rewrite applies, and notes it in `remarks` (TT2090).
// It applies where the axis indexes tensors as `bx * r + i`, i over r elements, with one r; where a buffer that holds
// something of a block's own has one dimension of r for it, which no reduction runs over; where no other place depends
// on the axis or on the position inside the r elements (values and conditions of T.Parallel may); and where merged
// blocks store nothing that no block stored.
// tensors: the dimensions that tiles run over; blocks of other dimensions fill no tiles.
void merge_blocks(Context& ctx, tile::Launch& launch, const std::vector<Dims>& tensors,
                  std::vector<Diagnostic>& remarks);

// True if `blocks` blocks of `rows` elements from `offset` on, rounded up to a multiple of `merged` blocks, touch
// nothing in the dimension of this extent that they did not touch before.
bool covers_nothing_more(IndexArena& index, IndexId blocks, int64_t rows, int64_t merged, IndexId offset,
                         IndexId extent);

// The axis counts groups of `merged` blocks from now on. The result: the number of a group's first block.
IndexId merge_axis(IndexArena& index, tile::Launch& launch, size_t axis, int64_t merged);

}  // namespace tilelang_tt
