// One kernel's source, and the arguments it expects from the plan.
#pragma once

#include <string>

#include "compiler/codegen/plan.h"
#include "compiler/ir/diagnostics.h"
#include "compiler/ir/tensix_program.h"

namespace tilelang_tt::codegen {

struct KernelSource {
    std::string text;
    PlanKernel plan;  // file is left to the caller
};

// The program's arena gains the expressions of the kernel's arguments.
// Errors: TT6001, an index that does not fit the 32 bits a kernel calculates in.
Result<KernelSource> reader_source(TensixProgram& program, size_t launch);
Result<KernelSource> compute_source(TensixProgram& program, size_t launch);
Result<KernelSource> writer_source(TensixProgram& program, size_t launch);

}  // namespace tilelang_tt::codegen
