// codegen: TensixProgram → the files that people read and devices run.
#pragma once

#include <map>
#include <string>

#include "compiler/codegen/plan.h"
#include "compiler/ir/diagnostics.h"
#include "compiler/ir/target.h"
#include "compiler/ir/tensix_program.h"

namespace tilelang_tt {

struct Artifacts {
    Plan plan;
    // name → text: reader.cpp, compute.cpp, writer.cpp (with a launch prefix when there are several), host.cpp,
    // tt.plan.json, CMakeLists.txt
    std::map<std::string, std::string> files;
};

Result<Artifacts> generate(const TensixProgram& program, const Target& target);

}  // namespace tilelang_tt
