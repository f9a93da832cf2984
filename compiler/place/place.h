// place: (TileGraph, MappingPlan) → ResourcePlan. Storage of every value (DST, circular buffer, generated), formats,
// depths, how accumulators are carried, DST width and subblocks, and the L1 budget.
#pragma once

#include "compiler/ir/diagnostics.h"
#include "compiler/ir/mapping_plan.h"
#include "compiler/ir/target.h"
#include "compiler/ir/tile_graph.h"
#include "compiler/place/resource_plan.h"

namespace tilelang_tt {

Result<ResourcePlan> place(const TileGraph& graph, const MappingPlan& mapping, const Target& target);

}  // namespace tilelang_tt
