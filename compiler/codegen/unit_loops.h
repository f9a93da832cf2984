// Loops that run once become their bodies: nobody writes `for (i = 0; i < 1; ++i)`.
#pragma once

#include "compiler/ir/context.h"
#include "compiler/ir/tensix_program.h"

namespace tilelang_tt::codegen {

void inline_unit_loops(Context& ctx, prog::Region& region);

}  // namespace tilelang_tt::codegen
