// tensorize: (TileProgram, MappingPlan) → TileGraph. Buffers become SSA values, copies become renames, loads and
// stores, T.Parallel bodies become elementwise tile operations, by access class.
#pragma once

#include "compiler/ir/diagnostics.h"
#include "compiler/ir/mapping_plan.h"
#include "compiler/ir/target.h"
#include "compiler/ir/tile_graph.h"
#include "compiler/ir/tile_program.h"

namespace tilelang_tt {

Result<TileGraph> tensorize(const TileProgram& program, const MappingPlan& mapping, const Target& target);

}  // namespace tilelang_tt
