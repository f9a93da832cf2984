// Memory to SSA: one launch's statements become values, in the same control structure.
#pragma once

#include <vector>

#include "compiler/ir/diagnostics.h"
#include "compiler/ir/mapping_plan.h"
#include "compiler/ir/tile_graph.h"
#include "compiler/ir/tile_program.h"
#include "compiler/map/block_dims.h"

namespace tilelang_tt {

// A launch with every buffer that a loop or branch writes carried through it, and nothing simplified yet. What cannot
// be expressed is appended to errors (TT30xx), with a placeholder in the graph; what is dear, to remarks.
graph::Launch build_launch(Context& ctx, const tile::Launch& launch, const std::vector<TensorLayout>& layouts,
                           const std::vector<Dims>& buffer_dims, std::vector<Diagnostic>& errors,
                           std::vector<Diagnostic>& remarks);

}  // namespace tilelang_tt
