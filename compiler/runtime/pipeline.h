// The pipeline: from a TileProgram to artifacts, through the pass table.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/codegen/artifacts.h"
#include "compiler/ir/tile_program.h"

namespace tilelang_tt {

// One row a stage: {name, in, out, one line why}. --until, --dump-ir and docs/passes.md come from it.
struct PassInfo {
    std::string_view name, in, out, why;
};
std::span<const PassInfo> pass_table();

struct StageDump {
    std::string stage, text;
    double milliseconds = 0;
};

struct Compiled {
    Artifacts artifacts;            // empty when stopped before codegen
    std::vector<StageDump> dumps;   // one a stage that ran: the form after it, as text (only if asked for)
    std::vector<StageDump> timings; // one a stage that ran, without text
    std::vector<Diagnostic> remarks;
};

struct CompileOptions {
    std::string until;  // stop after this stage; empty: all
    bool dump = false;
};

Result<Compiled> compile_program(const TileProgram& program, const Target& target, const CompileOptions& options = {});

}  // namespace tilelang_tt
