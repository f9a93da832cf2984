// schedule: (TileGraph, ResourcePlan, MappingPlan) → TensixProgram, with inits and format reconfigurations derived
// (inits.cpp) and the result verified (verify_program.cpp).
#pragma once

#include "compiler/ir/diagnostics.h"
#include "compiler/ir/mapping_plan.h"
#include "compiler/ir/target.h"
#include "compiler/ir/tensix_program.h"
#include "compiler/ir/tile_graph.h"
#include "compiler/place/resource_plan.h"

namespace tilelang_tt {

Result<TensixProgram> schedule(const TileGraph& graph, const ResourcePlan& resources, const MappingPlan& mapping,
                               const Target& target);

// The part of a launch's tree that one engine runs: ops of other engines and empty regions dropped (project.cpp).
prog::Region project(const prog::Launch& launch, prog::Engine engine);

}  // namespace tilelang_tt
