// Static checks of a TensixProgram against the chip, before any code is written: channels, DST, packer and NoC
// protocol, init state, formats, L1 and circular-buffer limits. A finding is a defect of the compiler (TT5xxx), never
// of the user.
#pragma once

#include <vector>

#include "compiler/ir/diagnostics.h"
#include "compiler/ir/target.h"
#include "compiler/ir/tensix_program.h"

namespace tilelang_tt {

// What DST holds in each section (verify_dst.cpp); part of verify_schedule.
void verify_dst(const TensixProgram& program, const prog::Launch& launch, std::vector<Diagnostic>& out);
std::vector<Diagnostic> verify_schedule(const TensixProgram& program, const Target& target);

}  // namespace tilelang_tt
