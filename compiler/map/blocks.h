// Blocks that the matrix engine can take.
#pragma once

#include <vector>

#include "compiler/ir/diagnostics.h"
#include "compiler/ir/tile_program.h"

namespace tilelang_tt {

// Appends TT2003 for each operand of a T.gemm that is no multiple of 32 in the dimension summed over, TT2010 for each
// of integers.
void check_gemm_blocks(const Context& ctx, const tile::Launch& launch, std::vector<Diagnostic>& errors);

}  // namespace tilelang_tt
