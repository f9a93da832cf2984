// Tensors that lie in rows: their blocks are tilized after each load and untilized before each store.
#pragma once

#include <vector>

#include "compiler/ir/mapping_plan.h"
#include "compiler/ir/tile_graph.h"

namespace tilelang_tt {

// layouts: one a tensor. After this, what is loaded from or stored to a tensor is a value in rows where, and only
// where, the tensor lies so.
void insert_conversions(graph::Launch& launch, const std::vector<TensorLayout>& layouts);

}  // namespace tilelang_tt
