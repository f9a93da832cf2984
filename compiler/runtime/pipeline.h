// The pipeline: from a TileProgram to artifacts, through the pass table.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/codegen/artifacts.h"
#include "compiler/ir/mapping_plan.h"
#include "compiler/ir/target.h"
#include "compiler/ir/tensix_program.h"
#include "compiler/ir/tile_graph.h"
#include "compiler/ir/tile_program.h"
#include "compiler/place/resource_plan.h"

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
    Artifacts artifacts;             // empty when stopped before codegen
    std::vector<StageDump> dumps;    // one a stage that ran: the form after it, as text (only if asked for)
    std::vector<StageDump> timings;  // one a stage that ran, without text
    std::vector<Diagnostic> remarks;
    // What each stage made, as far as the pipeline went.
    std::optional<TileProgram> tile;  // after the last rewrite of it that ran
    std::optional<MappingPlan> mapping;
    std::optional<TileGraph> graph;
    std::optional<ResourcePlan> resources;
    std::optional<TensixProgram> program;
};

struct CompileOptions {
    std::string until;  // stop after this stage; empty: all
    bool dump = false;
};

// Every form is verified after the stage that made it. Errors: those of the stages, and TT9001 for an unknown `until`.
Result<Compiled> compile_program(const TileProgram& program, const Target& target, const CompileOptions& options = {});
// The same from a TileGraph and its mapping (place on), and from a TensixProgram (codegen alone).
Result<Compiled> compile_graph(const TileGraph& graph, const MappingPlan& mapping, const Target& target,
                               const CompileOptions& options = {});
Result<Compiled> compile_tensix(const TensixProgram& program, const Target& target, const CompileOptions& options = {});

// The mapping as tables with the user's names.
std::string print(const MappingPlan& mapping, const Context& ctx);

}  // namespace tilelang_tt
