#include "compiler/runtime/pipeline.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <sstream>
#include <utility>

#include "compiler/ir/text.h"
#include "compiler/ir/verify.h"
#include "compiler/map/atomics.h"
#include "compiler/map/coarsen.h"
#include "compiler/map/integer_gemm.h"
#include "compiler/map/join.h"
#include "compiler/map/lanes.h"
#include "compiler/map/map.h"
#include "compiler/map/persistent.h"
#include "compiler/map/segments.h"
#include "compiler/map/split_axes.h"
#include "compiler/map/trim.h"
#include "compiler/map/unpack.h"
#include "compiler/map/views.h"
#include "compiler/place/place.h"
#include "compiler/schedule/schedule.h"
#include "compiler/schedule/verify_program.h"
#include "compiler/tensorize/tensorize.h"

namespace tilelang_tt {

namespace {

constexpr std::array<PassInfo, 16> kPasses = {{
    {"unpack", "TileProgram", "TileProgram", "gives numbers that share a byte an element each, where annotated"},
    {"lanes", "TileProgram", "TileProgram", "lets the lanes of T.Parallel run over the dimensions of what it touches"},
    {"views", "TileProgram", "TileProgram",
     "handles each tensor and buffer in one shape, and vectors as rows of 32 elements"},
    {"segments", "TileProgram", "TileProgram",
     "gives what blocks share out along a loop, as in stream-K, to one block each"},
    {"integer_gemm", "TileProgram", "TileProgram", "makes T.gemm of 8-bit integers products of their halves"},
    {"persistent", "TileProgram", "TileProgram", "makes the tiles that persistent blocks walk over blocks of the grid"},
    {"trim", "TileProgram", "TileProgram",
     "leaves out blocks at the end of the grid that store nothing inside a tensor"},
    {"join", "TileProgram", "TileProgram", "makes launches that do the same for neighbouring blocks one"},
    {"axes", "TileProgram", "TileProgram", "splits a grid axis that indexes tensors by quotient and remainder"},
    {"coarsen", "TileProgram", "TileProgram", "merges blocks of single rows into blocks of whole tiles"},
    {"atomics", "TileProgram", "TileProgram", "makes what several blocks add the work of one, in series or by parts"},
    {"map", "TileProgram", "MappingPlan", "decides which core computes which blocks and how tensors lie in memory"},
    {"tensorize", "TileProgram, MappingPlan", "TileGraph",
     "turns buffers into values and loops over elements into tile operations"},
    {"place", "TileGraph, MappingPlan", "ResourcePlan", "gives every value a home: DST, a circular buffer or none"},
    {"schedule", "TileGraph, ResourcePlan, MappingPlan", "TensixProgram",
     "orders the work of the engines and derives inits and synchronisation"},
    {"codegen", "TensixProgram", "Artifacts", "writes kernels, host program and plan"},
}};

// Runs the stages of one compilation in order, up to options.until, timing and dumping each.
class Stages {
  public:
    Stages(const CompileOptions& options) : options_(options) {}

    bool failed() const { return !errors_.empty(); }
    bool stopped() const { return failed() || done_; }

    // run() gives a Result<T>; text(T) its form. A failed stage's errors end the compilation.
    template <class T, class Run, class Check, class Text>
    void stage(std::string_view name, std::optional<T>& out, Run run, Check check, Text text) {
        if (stopped()) return;
        const auto start = std::chrono::steady_clock::now();
        Result<T> result = run();
        if (!result.ok()) {
            errors_ = result.diagnostics();
            return;
        }
        auto& remarks = result.diagnostics();
        compiled.remarks.insert(compiled.remarks.end(), remarks.begin(), remarks.end());
        out = result.take();
        errors_ = check(*out);
        const std::chrono::duration<double, std::milli> spent = std::chrono::steady_clock::now() - start;
        compiled.timings.push_back({std::string(name), {}, spent.count()});
        if (options_.dump) compiled.dumps.push_back({std::string(name), text(*out), spent.count()});
        done_ = options_.until == name;
    }

    // The errors name the stage whose result is malformed.
    Result<Compiled> finish() {
        if (failed()) return std::move(errors_);
        return std::move(compiled);
    }
    void fail(std::vector<Diagnostic> errors) { errors_ = std::move(errors); }

    Compiled compiled;

  private:
    const CompileOptions& options_;
    std::vector<Diagnostic> errors_;
    bool done_ = false;
};

std::vector<Diagnostic> unknown_stage(const std::string& until, std::string_view first) {
    auto begin = std::find_if(kPasses.begin(), kPasses.end(), [&](const PassInfo& p) { return p.name == first; });
    if (until.empty() || std::any_of(begin, kPasses.end(), [&](const PassInfo& p) { return p.name == until; }))
        return {};
    Diagnostic error;
    error.code = "TT9001";
    error.message = "there is no stage '" + until + "' from here on";
    for (auto pass = begin; pass != kPasses.end(); ++pass)
        error.fix += (error.fix.empty() ? "use one of " : ", ") + std::string(pass->name);
    return {error};
}

template <class T>
auto no_check() {
    return [](const T&) { return std::vector<Diagnostic>(); };
}

void run_codegen(Stages& stages, const TensixProgram& program, const Target& target) {
    std::optional<Artifacts> artifacts;
    stages.stage<Artifacts>(
        "codegen", artifacts, [&] { return generate(program, target); }, no_check<Artifacts>(),
        [](const Artifacts& made) {
            std::string text;
            for (auto& [name, contents] : made.files) text += "// ---- " + name + "\n" + contents;
            return text;
        });
    if (artifacts) stages.compiled.artifacts = std::move(*artifacts);
}

void run_from_place(Stages& stages, const TileGraph& graph, const MappingPlan& mapping, const Target& target) {
    Compiled& out = stages.compiled;
    stages.stage<ResourcePlan>(
        "place", out.resources, [&] { return place(graph, mapping, target); }, no_check<ResourcePlan>(),
        [&](const ResourcePlan& plan) { return print(plan, graph.ctx); });
    stages.stage<TensixProgram>(
        "schedule", out.program, [&] { return schedule(graph, *out.resources, mapping, target); },
        [](const TensixProgram& p) { return verify(p); }, [](const TensixProgram& p) { return print(p); });
    if (!stages.stopped()) run_codegen(stages, *out.program, target);
}

}  // namespace

std::span<const PassInfo> pass_table() { return kPasses; }

namespace {

// The passes from TileProgram to TileProgram, in their order. What a pass has to say is in the program's remarks.
struct Rewrite {
    std::string_view name;
    Result<TileProgram> (*run)(const TileProgram&, Vectors, const Target&);
};
constexpr Rewrite kRewrites[] = {
    {"unpack", [](const TileProgram& p, Vectors, const Target&) { return unpack(p); }},
    {"lanes", [](const TileProgram& p, Vectors, const Target&) { return Result(normalize_lanes(p)); }},
    {"views", [](const TileProgram& p, Vectors vectors, const Target&) { return resolve_views(p, vectors); }},
    {"segments", [](const TileProgram& p, Vectors, const Target&) { return Result(merge_segments(p)); }},
    {"integer_gemm", [](const TileProgram& p, Vectors, const Target&) { return Result(split_integer_gemms(p)); }},
    {"persistent", [](const TileProgram& p, Vectors, const Target&) { return Result(undo_persistence(p)); }},
    {"trim", [](const TileProgram& p, Vectors, const Target&) { return Result(trim_grids(p)); }},
    {"join", [](const TileProgram& p, Vectors, const Target&) { return Result(join_launches(p)); }},
    {"axes", [](const TileProgram& p, Vectors, const Target&) { return Result(split_axes(p)); }},
    {"coarsen", [](const TileProgram& p, Vectors, const Target&) { return Result(coarsen(p)); }},
    {"atomics", [](const TileProgram& p, Vectors, const Target& target) { return lower_atomics(p, target); }},
};

Result<Compiled> compile_program(const TileProgram& program, Vectors vectors, const Target& target,
                                 const CompileOptions& options) {
    Stages stages(options);
    Compiled& out = stages.compiled;
    out.remarks = program.remarks;
    stages.fail(unknown_stage(options.until, kPasses[0].name));
    if (!stages.failed()) stages.fail(verify(program));
    out.tile = program;
    for (const Rewrite& rewrite : kRewrites) {
        std::optional<TileProgram> next;
        stages.stage<TileProgram>(
            rewrite.name, next, [&] { return rewrite.run(*out.tile, vectors, target); },
            [](const TileProgram& p) { return verify(p); }, [](const TileProgram& p) { return print(p); });
        if (next) out.tile = std::move(next);
    }
    out.remarks = out.tile->remarks;
    stages.stage<MappingPlan>(
        "map", out.mapping, [&] { return map_program(*out.tile, target); }, no_check<MappingPlan>(),
        [&](const MappingPlan& mapping) { return print(mapping, out.tile->ctx); });
    stages.stage<TileGraph>(
        "tensorize", out.graph, [&] { return tensorize(*out.tile, *out.mapping, target); },
        [](const TileGraph& g) { return verify(g); }, [](const TileGraph& g) { return print(g); });
    if (!stages.stopped()) run_from_place(stages, *out.graph, *out.mapping, target);
    return stages.finish();
}

}  // namespace

Result<Compiled> compile_program(const TileProgram& program, const Target& target, const CompileOptions& options) {
    // Vectors as rows are a gain where all passes can do with them; which those are is for the passes to say.
    Result<Compiled> rows = compile_program(program, Vectors::InRows, target, options);
    return rows.ok() ? std::move(rows) : compile_program(program, Vectors::AsTheyAre, target, options);
}

Result<Compiled> compile_graph(const TileGraph& graph, const MappingPlan& mapping, const Target& target,
                               const CompileOptions& options) {
    Stages stages(options);
    stages.compiled.mapping = mapping;
    stages.fail(unknown_stage(options.until, "place"));
    if (!stages.failed()) stages.fail(verify(graph));
    run_from_place(stages, graph, mapping, target);
    return stages.finish();
}

Result<Compiled> compile_tensix(const TensixProgram& program, const Target& target, const CompileOptions& options) {
    Stages stages(options);
    stages.fail(unknown_stage(options.until, "codegen"));
    if (!stages.failed()) stages.fail(verify(program));
    if (!stages.failed()) stages.fail(verify_schedule(program, target));
    if (!stages.stopped()) run_codegen(stages, program, target);
    return stages.finish();
}

std::string print(const MappingPlan& mapping, const Context& ctx) {
    std::ostringstream out;
    for (size_t t = 0; t < mapping.layouts.size(); ++t) {
        const TensorLayout& layout = mapping.layouts[t];
        const Tensor& tensor = ctx.tensors[t];
        out << "tensor " << tensor.name << ": " << to_string(tensor.dtype) << "[";
        for (size_t d = 0; d < tensor.shape.size(); ++d) out << (d ? ", " : "") << print(ctx.index, tensor.shape[d]);
        out << (layout.row_major ? "] rows over (" : "] tiles over (");
        const auto dim = [&](int64_t d) { return d < 0 ? std::string("-") : std::to_string(d); };
        out << dim(layout.row_dim) << ", " << dim(layout.col_dim) << ") as " << tensix::name(layout.format)
            << (layout.row_major     ? ""
                : layout.pad_is_zero ? ", zero pad"
                                     : ", unknown pad")
            << "\n";
    }
    for (size_t l = 0; l < mapping.launches.size(); ++l) {
        const WorkSplit& split = mapping.launches[l];
        out << "launch " << l << ": " << split.cores << " of " << split.grid_x << "x" << split.grid_y << " cores, ";
        if (split.rectangle())
            out << ctx.index.var(split.across).name << " across, " << ctx.index.var(split.down).name << " down, order";
        else
            out << "contiguous blocks, order";
        for (VarId var : split.order) out << " " << ctx.index.var(var).name;
        out << "\n";
    }
    return out.str();
}

}  // namespace tilelang_tt
