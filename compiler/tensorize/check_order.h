// Memory order through tensors (docs/semantics.md): what a launch may read of what it writes.
#pragma once

#include <vector>

#include "compiler/ir/diagnostics.h"
#include "compiler/ir/tile_graph.h"

namespace tilelang_tt {

// Reader and writer run apart, so a load is not ordered after a store. Appends TT3040 for each load of a tensor that
// the launch stores to, unless it is in place: the same block as every store to that tensor, read before it is written.
void check_memory_order(const Context& ctx, const graph::Launch& launch, std::vector<Diagnostic>& errors);

}  // namespace tilelang_tt
