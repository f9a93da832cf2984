// map: TileProgram → MappingPlan. Which cores compute which blocks, and how each tensor lies in device memory.
#pragma once

#include "compiler/ir/diagnostics.h"
#include "compiler/ir/mapping_plan.h"
#include "compiler/ir/target.h"
#include "compiler/ir/tile_program.h"

namespace tilelang_tt {

Result<MappingPlan> map_program(const TileProgram& program, const Target& target);

}  // namespace tilelang_tt
