// Importer: a TileLang function as TVM hands it over (tile operators on regions, T.Parallel, T.Pipelined) →
// TileProgram.
#pragma once

#include <tvm/tirx/function.h>

#include "compiler/ir/tile_program.h"

namespace tilelang_tt::frontend {

// Reads the function before any lowering pass, so every statement has the line of the user's source. Everything that
// has no meaning on a Tensix chip is reported, all obstacles in one run; hints for GPUs (threads=, use_swizzle,
// layouts) are skipped with one note each in TileProgram::remarks. Errors: TT10xx.
Result<TileProgram> import_function(const tvm::tirx::PrimFunc& function, const std::string& name);

}  // namespace tilelang_tt::frontend
