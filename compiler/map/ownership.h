// Who writes a tile: every tile of an output has one writing core (docs/semantics.md).
#pragma once

#include <vector>

#include "compiler/ir/diagnostics.h"
#include "compiler/ir/tile_program.h"

namespace tilelang_tt {

// Appends TT2006 for stores, of one statement or two, that two blocks of the grid make to the same elements, or may
// make for all that can be proven.
void check_ownership(Context& ctx, const tile::Launch& launch, std::vector<Diagnostic>& errors);

}  // namespace tilelang_tt
