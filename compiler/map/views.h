// One shape for each tensor and buffer. T.reshape and T.view give a tensor or buffer further shapes, and a 1-D tensor
// as it stands wastes 31 of 32 rows of every tile; this pass decides in which one shape each is handled, rewrites all
// accesses to it and removes the views (docs/decisions/views.md).
#pragma once

#include "compiler/ir/diagnostics.h"
#include "compiler/ir/tile_program.h"

namespace tilelang_tt {

// What the pass does of its own accord, not because a view asks for it.
enum class Vectors : uint8_t {
    AsTheyAre,
    InRows,  // a 1-D tensor or buffer that is used elementwise only is handled as rows of 32 elements
};

// The program without views. Errors: TT2080, an access that cannot be made in the shape that others need.
Result<TileProgram> resolve_views(const TileProgram& program, Vectors vectors);

}  // namespace tilelang_tt
