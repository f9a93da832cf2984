// Runs a TileProgram on a caller's arrays by the reference interpreter: no pass, no kernel, no modelled time.
#pragma once

#include <vector>

#include "compiler/ir/tile_program.h"
#include "compiler/runtime/device.h"

namespace tilelang_tt::frontend {

// tensors: one a parameter tensor, in parameter order; outputs are written in place. Errors: TT92xx.
Result<RunStats> run_reference(const TileProgram& program, const std::vector<HostTensor>& tensors,
                               const IndexEnv& symbols);

}  // namespace tilelang_tt::frontend
