// What lies beyond edges inside tiles must not reach sums, products and maxima (docs/semantics.md, section 1).
#pragma once

#include <vector>

#include "compiler/ir/tile_graph.h"

namespace tilelang_tt {

// Pre: SSA. Post: what is read beyond the edge of a tensor whose padding is unknown is 0 where a matmul or a reduction
// may come to see it.
void mask_edges(Context& ctx, graph::Launch& launch, const std::vector<bool>& pad_is_zero);

// Pre: SSA. Post: an operand of a reduction, or of a matmul along K, that ends inside a tile is padded with what does
// not count there, unless it is known to be already.
void insert_pads(Context& ctx, graph::Launch& launch, const std::vector<bool>& pad_is_zero);

}  // namespace tilelang_tt
