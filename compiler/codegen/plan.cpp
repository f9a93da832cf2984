#include "compiler/codegen/plan.h"

#include <algorithm>

#include "compiler/codegen/json.h"
#include "compiler/ir/walk.h"

namespace tilelang_tt {

namespace {

using codegen::Json;

constexpr int kPlanVersion = 1;

Json expression(const IndexArena& index, IndexId id) {
    const IndexNode& node = index.node(id);
    if (node.op == IndexOp::Const) return node.value;
    if (node.op == IndexOp::Var) return Json::Object{{"var", index.var(node.var).name}};
    constexpr std::string_view kNames[] = {"",   "",   "add", "mul", "floordiv", "floormod", "min", "max",
                                           "lt", "le", "eq",  "ne",  "and",      "or",       "not", "select"};
    Json::Array args;
    for (IndexId operand : {node.a, node.b, node.c})
        if (operand.valid()) args.push_back(expression(index, operand));
    return Json::Object{{"op", kNames[static_cast<size_t>(node.op)]}, {"args", std::move(args)}};
}

Json expressions(const IndexArena& index, const std::vector<IndexId>& ids) {
    Json::Array array;
    for (IndexId id : ids) array.push_back(expression(index, id));
    return array;
}

template <class T>
Json::Array numbers(const std::vector<T>& values) {
    return Json::Array(values.begin(), values.end());
}

// What ttnn can store: it has no float16 tensor, so that travels in the wider type.
std::string_view ttnn_dtype(tensix::DataFormat format) {
    using enum tensix::DataFormat;
    switch (format) {
        case Float16_b:
            return "bfloat16";
        case Float16:
        case Float32:
            return "float32";
        case Bfp8_b:
            return "bfloat8_b";
        case Bfp4_b:
            return "bfloat4_b";
        case Int32:
            return "int32";
        case UInt32:
            return "uint32";
        case UInt16:
            return "uint16";
        case UInt8:
            return "uint8";
        default:
            return "none";
    }
}

Json tensor_json(const Plan& plan, const PlanTensor& tensor) {
    const IndexArena& index = plan.ctx.index;
    const std::string role = tensor.param < 0                ? "workspace"
                             : tensor.read && tensor.written ? "inout"
                             : tensor.written                ? "output"
                                                             : "input";
    Json::Object layout = {{"memory", "dram_interleaved"},
                           {"page", tensor.layout.row_major ? "row" : "tile"},
                           {"row_dim", tensor.layout.row_dim},
                           {"col_dim", tensor.layout.col_dim},
                           {"format", tensix::name(tensor.layout.format)},
                           {"page_size", expression(index, tensor.page_bytes)},
                           {"pages", expression(index, tensor.pages)}};
    Json::Object host = {{"permute", numbers(tensor.permutation)},
                         {"outer", expression(index, tensor.outer)},
                         {"rows", expression(index, tensor.rows)},
                         {"cols", expression(index, tensor.cols)},
                         {"pad_to", tensor.layout.row_major ? Json::Array{1, 1} : Json::Array{kTileDim, kTileDim}},
                         {"pad_value", tensor.pad_value},
                         {"tilize", !tensor.layout.row_major},
                         {"store_as", tensix::name(tensor.layout.format)},
                         {"ttnn_dtype", ttnn_dtype(tensor.layout.format)}};
    if (tensor.packed_bits != 8)
        host.emplace_back("unpack", Json::Object{{"bits", tensor.packed_bits}, {"signed", tensor.packed_signed}});
    if (!tensor.view.empty()) host.emplace_back("view", expressions(index, tensor.view));
    return Json::Object{
        {"name", tensor.name},    {"dtype", to_string(tensor.dtype)},          {"param", tensor.param},
        {"role", role},           {"shape", expressions(index, tensor.shape)}, {"layout", std::move(layout)},
        {"host", std::move(host)}};
}

Json argument_json(const IndexArena& index, const PlanArg& arg) {
    switch (arg.kind) {
        case PlanArg::Kind::Accessor:
            return Json::Object{{"name", arg.name}, {"accessor", arg.tensor.v}};
        case PlanArg::Kind::Address:
            return Json::Object{{"name", arg.name}, {"address", arg.tensor.v}};
        case PlanArg::Kind::NocX:
            return Json::Object{{"name", arg.name}, {"noc_x", expression(index, arg.value)}};
        case PlanArg::Kind::NocY:
            return Json::Object{{"name", arg.name}, {"noc_y", expression(index, arg.value)}};
        case PlanArg::Kind::Value:
            break;
    }
    return Json::Object{{"name", arg.name}, {"value", expression(index, arg.value)}};
}

Json arguments_json(const IndexArena& index, const std::vector<PlanArg>& args) {
    Json::Array array;
    for (const PlanArg& arg : args) array.push_back(argument_json(index, arg));
    return array;
}

std::string_view engine_name(prog::Engine engine) {
    return engine == prog::Engine::Reader ? "reader" : engine == prog::Engine::Writer ? "writer" : "compute";
}

Json kernel_json(const IndexArena& index, const PlanKernel& kernel) {
    Json::Object named, defines;
    for (auto& [name, value] : kernel.named) named.emplace_back(name, expression(index, value));
    for (auto& [name, value] : kernel.defines) defines.emplace_back(name, value);
    return Json::Object{{"file", kernel.file},
                        {"engine", engine_name(kernel.engine)},
                        {"compile_time_args", arguments_json(index, kernel.compile_time)},
                        {"named_compile_time_args", std::move(named)},
                        {"common_runtime_args", arguments_json(index, kernel.common_runtime)},
                        {"runtime_args", arguments_json(index, kernel.runtime)},
                        {"defines", std::move(defines)}};
}

Json launch_json(const Plan& plan, const PlanLaunch& launch) {
    const IndexArena& index = plan.ctx.index;
    Json::Array ranges;
    for (const CoreRange& range : core_ranges(launch))
        ranges.push_back(Json::Array{range.start.x, range.start.y, range.end.x, range.end.y});
    Json::Array kernels, channels, semaphores;
    for (const PlanKernel& kernel : launch.kernels) kernels.push_back(kernel_json(index, kernel));
    for (size_t c = 0; c < launch.channels.size(); ++c) {
        const prog::Channel& channel = launch.channels[c];
        const int64_t page = tensix::tile_bytes(channel.format);
        channels.push_back(
            Json::Object{{"id", static_cast<int64_t>(c)},
                         {"name", channel.name},
                         {"format", tensix::name(channel.format)},
                         {"ttnn_dtype", ttnn_dtype(channel.format)},
                         {"page_size", page},
                         {"pages", channel.pages},
                         {"total_size", page * channel.pages},
                         {"block_pages", channel.block_pages},
                         {"unpack_mode", channel.unpack == prog::UnpackMode::ToDest ? "to_dest_fp32" : "default"},
                         {"l1_offset", channel.l1_offset.v},
                         {"why", channel.why}});
    }
    for (const PlanSemaphore& semaphore : launch.semaphores)
        semaphores.push_back(Json::Object{{"id", semaphore.id}, {"initial", semaphore.initial}});
    return Json::Object{{"grid", Json::Array{launch.grid_x, launch.grid_y}},
                        {"cores", Json::Object{{"count", launch.cores},
                                               {"ranges", std::move(ranges)},
                                               {"order", "row_major"},
                                               {"variable", launch.core ? index.var(launch.core).name : ""}}},
                        {"kernels", std::move(kernels)},
                        {"circular_buffers", std::move(channels)},
                        {"semaphores", std::move(semaphores)},
                        {"l1", Json::Object{{"used", launch.l1_used.v}, {"capacity", launch.l1_capacity.v}}},
                        {"compute", Json::Object{{"math_fidelity", tensix::to_string(launch.compute.fidelity)},
                                                 {"fp32_dest_acc_en", launch.compute.fp32_dest_acc_en},
                                                 {"dst_full_sync_en", launch.compute.dst_full_sync_en},
                                                 {"math_approx_mode", false}}},
                        {"notes", Json::Array(launch.notes.begin(), launch.notes.end())}};
}

PlanTensor plan_tensor(Context& ctx, const Tensor& tensor, const TensorLayout& layout) {
    IndexArena& index = ctx.index;
    PlanTensor plan;
    plan.name = tensor.name;
    plan.dtype = tensor.dtype;
    plan.param = tensor.param;
    plan.read = tensor.read;
    plan.written = tensor.written;
    plan.shape = tensor.given.empty() ? tensor.shape : tensor.given;
    if (!tensor.given.empty()) plan.view = tensor.shape;
    if (tensor.per_byte > 1) {
        plan.packed_bits = packed_bits(tensor.storage);
        plan.packed_signed = packed_signed(tensor.storage);
        plan.shape.back() = index.floordiv(plan.shape.back(), index.constant(tensor.per_byte));
    }
    plan.layout = layout;
    plan.outer = index.constant(1);
    for (size_t d = 0; d < tensor.shape.size(); ++d) {
        const auto dim = static_cast<int64_t>(d);
        if ((dim == layout.row_dim && !layout.row_major) || dim == layout.col_dim) continue;
        plan.permutation.push_back(dim);
        plan.outer = index.mul(plan.outer, tensor.shape[d]);
    }
    const auto inner = [&](int64_t dim) {
        if (dim < 0) return index.constant(1);
        plan.permutation.push_back(dim);
        return tensor.shape[static_cast<size_t>(dim)];
    };
    plan.rows = inner(layout.row_major ? -1 : layout.row_dim);
    plan.cols = inner(layout.col_dim);
    plan.page_bytes = index.constant(tensix::tile_bytes(layout.format));
    plan.pages = plan.outer;
    if (layout.row_major) {
        const IndexId bytes = index.mul(plan.cols, index.constant(tensix::element_bytes(layout.format)));
        plan.page_bytes = index.mul(index.ceildiv(bytes, 4), index.constant(4));
        return plan;
    }
    plan.pages =
        index.mul(plan.outer, index.mul(index.ceildiv(plan.rows, kTileDim), index.ceildiv(plan.cols, kTileDim)));
    return plan;
}

// Where cores send to peers, a pair for each direction: hosts number semaphores from 0 on.
std::vector<PlanSemaphore> semaphores(const prog::Launch& launch) {
    std::vector<PlanSemaphore> all;
    each<prog::Multicast>(launch.body, [&](const prog::Multicast&) {
        if (!all.empty()) return;
        for (prog::Peers peers : {prog::Peers::Row, prog::Peers::Column})
            all.insert(all.end(), {{ready_semaphore(peers), 0}, {valid_semaphore(peers), 0}});
    });
    return all;
}

// Where a tensor lies in another format than its dtype's; empty: it does not.
std::string storage_note(const Tensor& tensor, const TensorLayout& layout) {
    const std::string stored = tensor.name + ": " + std::string(to_string(tensor.dtype)) + " stored as ";
    if (layout.format == tensix::DataFormat::Float16)
        return tensor.name + ": ttnn has no float16 tensors; through ttnn it is stored as float32";
    if (tensor.per_byte > 1)
        return tensor.name + ": the host unpacks " + std::to_string(tensor.per_byte) +
               " numbers a byte, as annotated; " + std::string(tensix::name(layout.format)) + " holds them exactly";
    if (tensix::is_block_format(layout.format))
        return stored + std::string(tensix::name(layout.format)) + ", as annotated: 16 elements share an exponent";
    if (is_float(tensor.dtype) && size_bytes(tensor.dtype) == 1)
        return stored + std::string(tensix::name(layout.format)) + ", which holds all its values";
    return {};
}

std::vector<std::string> launch_notes(const TensixProgram& program, const prog::Launch& launch) {
    std::vector<std::string> notes;
    notes.push_back(launch.compute.fp32_dest_acc_en ? "DST is 32 bits wide: sums keep fp32"
                                                    : "DST is 16 bits wide: every value in it is a 16-bit one");
    for (const prog::Channel& channel : launch.channels)
        if (channel.format == tensix::DataFormat::Float32 && channel.unpack == prog::UnpackMode::Default)
            notes.push_back(channel.name + ": fp32 read through SrcA/SrcB keeps 10 mantissa bits");
    for (size_t t = 0; t < program.ctx.tensors.size(); ++t)
        if (std::string note = storage_note(program.ctx.tensors[t], program.mapping.layouts[t]); !note.empty())
            notes.push_back(std::move(note));
    return notes;
}

}  // namespace

std::vector<CoreRange> core_ranges(const PlanLaunch& launch) {
    const int full = static_cast<int>(launch.cores / launch.grid_x),
              rest = static_cast<int>(launch.cores % launch.grid_x);
    std::vector<CoreRange> ranges;
    if (full > 0) ranges.push_back({{0, 0}, {launch.grid_x - 1, full - 1}});
    if (rest > 0) ranges.push_back({{0, full}, {rest - 1, full}});
    return ranges;
}

Plan make_plan(const TensixProgram& program, const Target& target) {
    Plan plan;
    plan.arch = target.device->arch;
    plan.board = target.device->board;
    plan.grid_x = target.grid_x;
    plan.grid_y = target.grid_y;
    plan.ctx = program.ctx;
    for (size_t t = 0; t < program.ctx.tensors.size(); ++t)
        plan.tensors.push_back(plan_tensor(plan.ctx, program.ctx.tensors[t], program.mapping.layouts[t]));
    for (size_t l = 0; l < program.launches.size(); ++l) {
        const prog::Launch& from = program.launches[l];
        const WorkSplit& split = program.mapping.launches[l];
        PlanLaunch launch;
        launch.grid_x = split.grid_x;
        launch.grid_y = split.grid_y;
        launch.cores = split.cores;
        launch.core = from.core;
        launch.channels = from.channels;
        launch.compute = from.compute;
        for (const prog::Channel& channel : from.channels)
            launch.l1_used.v += channel.pages * tensix::tile_bytes(channel.format);
        launch.l1_capacity.v = target.device->l1_usable_bytes;
        launch.semaphores = semaphores(from);
        launch.notes = launch_notes(program, from);
        plan.launches.push_back(std::move(launch));
    }
    return plan;
}

std::string to_json(const Plan& plan) {
    const IndexArena& index = plan.ctx.index;
    Json::Array symbols, scalars, tensors, launches;
    for (size_t v = 0; v < index.num_vars(); ++v) {
        const VarId var(v);
        if (index.var(var).kind != VarKind::Symbol) continue;
        const bool scalar = std::any_of(plan.ctx.scalars.begin(), plan.ctx.scalars.end(),
                                        [&](const ScalarParam& s) { return s.var == var; });
        if (!scalar) symbols.push_back(index.var(var).name);
    }
    for (const ScalarParam& scalar : plan.ctx.scalars)
        scalars.push_back(
            Json::Object{{"name", scalar.name}, {"dtype", to_string(scalar.dtype)}, {"param", scalar.param}});
    for (const PlanTensor& tensor : plan.tensors) tensors.push_back(tensor_json(plan, tensor));
    for (const PlanLaunch& launch : plan.launches) launches.push_back(launch_json(plan, launch));
    return Json(Json::Object{{"version", kPlanVersion},
                             {"name", plan.ctx.name},
                             {"target", Json::Object{{"arch", plan.arch},
                                                     {"board", plan.board},
                                                     {"grid", Json::Array{plan.grid_x, plan.grid_y}}}},
                             {"symbols", std::move(symbols)},
                             {"scalars", std::move(scalars)},
                             {"tensors", std::move(tensors)},
                             {"launches", std::move(launches)}})
        .text();
}

}  // namespace tilelang_tt
