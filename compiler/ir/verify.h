// Structural well-formedness of each form: ids in range, each value defined once and before use, types of operands and
// results agree, extents agree, regions end as their parents want, engines of regions are the union of their bodies'.
// Empty result: well-formed. Errors: TT91xx; they are defects of a pass, never of a user's program.
#pragma once

#include <vector>

#include "compiler/ir/diagnostics.h"
#include "compiler/ir/tensix_program.h"
#include "compiler/ir/tile_graph.h"
#include "compiler/ir/tile_program.h"

namespace tilelang_tt {

std::vector<Diagnostic> verify(const TileProgram& program);
std::vector<Diagnostic> verify(const TileGraph& graph);
std::vector<Diagnostic> verify(const TensixProgram& program);

}  // namespace tilelang_tt
