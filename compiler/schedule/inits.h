// inits: derives the start-up, the op inits and the format reconfigurations of a launch's compute code from the op
// table, exactly where the state that an operation needs is not the state that is there (docs: IR, "Tensix program").
#pragma once

#include "compiler/ir/tensix_program.h"

namespace tilelang_tt::scheduling {

void derive_inits(prog::Launch& launch, const IndexArena& index);

}  // namespace tilelang_tt::scheduling
