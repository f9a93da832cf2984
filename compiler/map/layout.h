// How each tensor lies in device memory: tiles over the dimensions that the program's blocks run over.
#pragma once

#include <vector>

#include "compiler/ir/diagnostics.h"
#include "compiler/ir/mapping_plan.h"
#include "compiler/ir/tile_program.h"

namespace tilelang_tt {

// Appends TT2001 (dtype without a format), TT2002 (block not at a tile's edge), TT2004 (three or more blocked
// dimensions in one access), TT2005 (indices that are no block) and TT2008 (a store of parts of tiles) to errors.
std::vector<TensorLayout> choose_layouts(Context& ctx, const std::vector<tile::Launch>& launches,
                                         std::vector<Diagnostic>& errors);

}  // namespace tilelang_tt
