// host.cpp: what a person would write around the kernels with TT-Metalium's C++ API. Fixed helpers, then a main() that
// reads like the plan: tensors, one section a launch, results.
#include "compiler/codegen/host.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdio>
#include <map>
#include <set>
#include <span>
#include <vector>

#include "compiler/codegen/cpp_index.h"
#include "compiler/codegen/host_elements.h"
#include "compiler/codegen/host_helpers.h"
#include "compiler/codegen/json.h"

namespace tilelang_tt::codegen {
namespace {

constexpr size_t kColumns = 120;

class HostWriter {
  public:
    explicit HostWriter(const Plan& plan) : plan_(plan), index_(plan.ctx.index) {}
    Result<std::string> write();

  private:
    void line(const std::string& text) {
        const std::string pad(static_cast<size_t>(4 * depth_), ' ');
        std::string rest = text.empty() ? "" : pad + text;
        while (rest.size() > kColumns) {
            size_t cut = std::max(rest.rfind(", ", kColumns - 1) + 1, rest.rfind(" + ", kColumns - 2) + 2);
            if (cut <= pad.size() + 8 || cut >= rest.size()) break;
            out_ += rest.substr(0, cut) + "\n";
            rest = pad + "    " + rest.substr(cut + 1);
        }
        out_ += rest + "\n";
    }
    // Expressions in int64_t.
    std::string text(IndexId id, int precedence = CppIndex::kSelect);
    std::string joined(const std::vector<IndexId>& ids);
    std::string argument(const PlanArg& arg);
    std::string name(TensorId tensor) const { return names_.at(tensor.v); }
    static bool is_blocks(const PlanTensor& tensor) { return tensix::is_block_format(tensor.layout.format); }
    static bool is_rows(const PlanTensor& tensor) { return tensor.layout.row_major; }
    static bool is_viewed(const PlanTensor& tensor) { return !tensor.view.empty(); }
    static bool is_packed(const PlanTensor& tensor) { return tensor.packed_bits != 8; }
    std::string storage(const PlanTensor& tensor);
    void tensors();
    void launch(const PlanLaunch& launch);
    void kernel(const PlanLaunch& launch, const PlanKernel& kernel);
    void core_arguments(const PlanLaunch& launch);

    const Plan& plan_;
    const IndexArena& index_;
    std::string out_;
    int depth_ = 1;
    bool uses_floor_div_ = false;
    std::vector<std::string> names_;
};

std::string HostWriter::text(IndexId id, int precedence) {
    const IndexNode& node = index_.node(id);
    const auto wrapped = [&](std::string inner, int own) { return own < precedence ? "(" + inner + ")" : inner; };
    const auto infix = [&](const char* sign, int own) {
        return wrapped(text(node.a, own) + sign + text(node.b, own + 1), own);
    };
    const auto call = [&](const char* function) {
        return std::string(function) + "(" + text(node.a) + ", " + text(node.b) + ")";
    };
    switch (node.op) {
        case IndexOp::Const:
            return std::to_string(node.value);
        case IndexOp::Var:
            return index_.var(node.var).name;
        case IndexOp::Add:
            return infix(" + ", CppIndex::kSum);
        case IndexOp::Mul:
            return infix(" * ", CppIndex::kProduct);
        case IndexOp::FloorDiv:
        case IndexOp::FloorMod: {
            const bool div = node.op == IndexOp::FloorDiv;
            const Interval a = index_.bounds(node.a), b = index_.bounds(node.b);
            if (a.lo && *a.lo >= 0 && b.lo && *b.lo > 0) return infix(div ? " / " : " % ", CppIndex::kProduct);
            uses_floor_div_ = true;
            return call(div ? "floor_div" : "floor_mod");
        }
        case IndexOp::Min:
            return call("std::min<int64_t>");
        case IndexOp::Max:
            return call("std::max<int64_t>");
        case IndexOp::Lt:
            return infix(" < ", CppIndex::kLess);
        case IndexOp::Le:
            return infix(" <= ", CppIndex::kLess);
        case IndexOp::Eq:
            return infix(" == ", CppIndex::kEqual);
        case IndexOp::Ne:
            return infix(" != ", CppIndex::kEqual);
        case IndexOp::And:
            return wrapped(text(node.a, CppIndex::kEqual) + " && " + text(node.b, CppIndex::kEqual), CppIndex::kAnd);
        case IndexOp::Or:
            return wrapped(text(node.a, CppIndex::kEqual) + " || " + text(node.b, CppIndex::kEqual), CppIndex::kOr);
        case IndexOp::Not:
            return "!" + text(node.a, CppIndex::kUnary);
        case IndexOp::Select:
            return wrapped(
                text(node.a, CppIndex::kOr) + " ? " + text(node.b, CppIndex::kOr) + " : " + text(node.c, CppIndex::kOr),
                CppIndex::kSelect);
    }
    return {};
}

std::string HostWriter::joined(const std::vector<IndexId>& ids) {
    std::string out;
    for (IndexId id : ids) out += (out.empty() ? "" : ", ") + text(id);
    return out;
}

// As a C++ literal.
std::string pad_text(double value) {
    if (std::isnan(value)) return "NAN";
    if (std::isinf(value)) return value > 0 ? "INFINITY" : "-INFINITY";
    char text[32];
    std::snprintf(text, sizeof text, "%.17g", value);
    return text;
}

// The members that only some programs' KernelTensor has.
std::string HostWriter::storage(const PlanTensor& tensor) {
    const auto uses = [&](auto has) { return std::any_of(plan_.tensors.begin(), plan_.tensors.end(), has); };
    const auto format = tensor.layout.format;
    const int64_t bits = tensix::is_block_format(format) ? tensix::element_bits(format) : 0;
    std::string out;
    if (uses(is_viewed)) {
        std::string elements;
        for (IndexId dim : is_viewed(tensor) ? tensor.shape : std::vector{tensor.outer, tensor.rows, tensor.cols})
            if (index_.as_const(dim) != 1) elements += (elements.empty() ? "" : " * ") + ("(" + text(dim) + ")");
        out += ", " + (elements.empty() ? "1" : elements);
    }
    if (uses(is_rows)) out += is_rows(tensor) ? ", true" : ", false";
    if (uses(is_packed))
        out += ", " + std::to_string(tensor.packed_bits) + (tensor.packed_signed ? ", true" : ", false");
    if (uses(is_blocks)) out += ", " + std::to_string(bits);
    return out;
}

void HostWriter::tensors() {
    for (size_t t = 0; t < plan_.tensors.size(); ++t) {
        const PlanTensor& tensor = plan_.tensors[t];
        std::string permute;
        for (int64_t dim : tensor.permutation) permute += (permute.empty() ? "" : ", ") + std::to_string(dim);
        const ElementRow* device = element(tensor.layout.format);
        const ElementRow* host = element(tensor.dtype);
        line("KernelTensor " + names_[t] + "{" + json_string(tensor.name) + ", " + element_name(*host) + ", " +
             element_name(*device) + ", {" + joined(is_viewed(tensor) ? tensor.view : tensor.shape) + "}, {" + permute +
             "}, " + text(tensor.outer) + ", " + text(tensor.rows) + ", " + text(tensor.cols) + ", " +
             pad_text(tensor.pad_value) + ", {}, {}" + storage(tensor) + "};");
    }
}

std::string HostWriter::argument(const PlanArg& arg) {
    if (arg.kind == PlanArg::Kind::Address) return name(arg.tensor) + ".address()";
    if (arg.kind == PlanArg::Kind::NocX) return "uint32_t(noc(" + text(arg.value) + ").x)";
    if (arg.kind == PlanArg::Kind::NocY) return "uint32_t(noc(" + text(arg.value) + ").y)";
    return "uint32_t(" + text(arg.value) + ")";
}

void HostWriter::kernel(const PlanLaunch& launch, const PlanKernel& kernel) {
    std::string accessors, named;
    for (const PlanArg& arg : kernel.compile_time)
        accessors += (accessors.empty() ? "" : ", ") + ("&" + name(arg.tensor));
    for (auto& [key, value] : kernel.named)
        named += (named.empty() ? "{" : ", {") + json_string(key) + ", " + text(value) + "}";
    std::string engine = kernel.engine == prog::Engine::Reader    ? "reader"
                         : kernel.engine == prog::Engine::Compute ? "compute"
                                                                  : "writer";
    const bool has_arguments = !kernel.common_runtime.empty() || !kernel.runtime.empty();
    const std::string head = (has_arguments ? "const KernelHandle " + engine + " = " : "") + "CreateKernel(";
    const std::string pad(head.size(), ' ');
    const std::string file = "program, kernel(" + json_string(kernel.file) + "), cores,";
    const std::string compile_args = accessors.empty() ? "{}" : "accessors({" + accessors + "})";
    if (kernel.engine != prog::Engine::Compute) {
        line(head);
        line("    " + file);
        line(std::string("    ") +
             (kernel.engine == prog::Engine::Reader ? "ReaderDataMovementConfig(" : "WriterDataMovementConfig(") +
             compile_args + ", {}, {" + named + "}));");
    } else {
        std::vector<size_t> to_dest;
        for (size_t c = 0; c < launch.channels.size(); ++c)
            if (launch.channels[c].unpack == prog::UnpackMode::ToDest) to_dest.push_back(c);
        if (!to_dest.empty()) {
            line("// These reach DST in full fp32, past the 10 mantissa bits of SrcA.");
            line("std::vector<UnpackToDestMode> unpack_to_dest(64, UnpackToDestMode::Default);");
            for (size_t c : to_dest)
                line("unpack_to_dest[" + std::to_string(c) + "] = UnpackToDestMode::UnpackToDestFp32;  // " +
                     launch.channels[c].name);
        }
        const auto flag = [](bool on) { return std::string(on ? "true" : "false"); };
        line(head);
        line("    " + file);
        line("    ComputeConfig{.math_fidelity = MathFidelity::" +
             std::string(tensix::to_string(launch.compute.fidelity)) + ",");
        line("                  .fp32_dest_acc_en = " + flag(launch.compute.fp32_dest_acc_en) + ",");
        line("                  .dst_full_sync_en = " + flag(launch.compute.dst_full_sync_en) + ",");
        if (!to_dest.empty()) line("                  .unpack_to_dest_mode = unpack_to_dest,");
        line("                  .named_compile_args = {" + named + "}});");
    }
    if (kernel.common_runtime.empty()) return;
    std::string common;
    for (const PlanArg& arg : kernel.common_runtime) common += (common.empty() ? "" : ", ") + argument(arg);
    line("SetCommonRuntimeArgs(program, " + engine + ", {" + common + "});");
}

void HostWriter::core_arguments(const PlanLaunch& launch) {
    std::map<std::string, const PlanArg*> values;  // the same for all kernels that take them
    bool noc = false;
    for (const PlanKernel& kernel : launch.kernels)
        for (const PlanArg& arg : kernel.runtime) {
            values.emplace(arg.name, &arg);
            noc = noc || arg.kind == PlanArg::Kind::NocX || arg.kind == PlanArg::Kind::NocY;
        }
    if (values.empty()) return;
    const std::string core = index_.var(launch.core).name;
    if (noc) {
        const std::string columns = std::to_string(launch.grid_x);
        line("const auto noc = [&](int64_t number) {  // coordinates of a core there");
        line("    return device->worker_core_from_logical_core(CoreCoord(number % " + columns + ", number / " +
             columns + "));");
        line("};");
    }
    line("for (uint32_t " + core + " = 0; " + core + " < " + std::to_string(launch.cores) + "; ++" + core + ") {");
    ++depth_;
    line("const CoreCoord at{" + core + " % " + std::to_string(launch.grid_x) + ", " + core + " / " +
         std::to_string(launch.grid_x) + "};");
    for (auto& [arg, value] : values) line("const uint32_t " + arg + " = " + argument(*value) + ";");
    for (const PlanKernel& kernel : launch.kernels) {
        if (kernel.runtime.empty()) continue;
        const char* engine = kernel.engine == prog::Engine::Reader    ? "reader"
                             : kernel.engine == prog::Engine::Compute ? "compute"
                                                                      : "writer";
        std::string args;
        for (const PlanArg& arg : kernel.runtime) args += (args.empty() ? "" : ", ") + arg.name;
        line("SetRuntimeArgs(program, " + std::string(engine) + ", at, {" + args + "});");
    }
    --depth_;
    line("}");
}

void HostWriter::launch(const PlanLaunch& launch) {
    line("{");
    ++depth_;
    line("Program program = CreateProgram();");
    std::string ranges;
    for (const CoreRange& range : core_ranges(launch)) {
        const auto corner = [](CoreCoord c) { return "{" + std::to_string(c.x) + ", " + std::to_string(c.y) + "}"; };
        ranges += (ranges.empty() ? "" : ", ") + ("CoreRange(" + corner(range.start) + ", " + corner(range.end) + ")");
    }
    line("const CoreRangeSet cores(std::vector<CoreRange>{" + ranges + "});  // " + std::to_string(launch.cores) +
         " of " + std::to_string(launch.grid_x) + "x" + std::to_string(launch.grid_y));
    line("");
    for (size_t c = 0; c < launch.channels.size(); ++c) {
        const prog::Channel& channel = launch.channels[c];
        line("circular_buffer(program, cores, " + std::to_string(c) +
             ", tt::DataFormat::" + std::string(tensix::name(channel.format)) + ", " + std::to_string(channel.pages) +
             ", " + std::to_string(tensix::tile_bytes(channel.format)) + ");  // " + channel.name);
    }
    for (const PlanSemaphore& semaphore : launch.semaphores)
        line("CreateSemaphore(program, cores, " + std::to_string(semaphore.initial) + ");  // number " +
             std::to_string(semaphore.id));
    line("");
    for (const PlanKernel& k : launch.kernels) kernel(launch, k);
    core_arguments(launch);
    line("");
    line("distributed::MeshWorkload workload;");
    line("workload.add_program(distributed::MeshCoordinateRange(device->shape()), std::move(program));");
    line("distributed::EnqueueMeshWorkload(device->mesh_command_queue(), workload, true);");
    --depth_;
    line("}");
}

Result<std::string> HostWriter::write() {
    std::set<const ElementRow*> elements;
    const std::set<std::string> reserved = {"device", "options",  "ok",       "program", "cores", "reader", "compute",
                                            "writer", "workload", "at",       "kernel",  "argc",  "argv",   "fill",
                                            "check",  "upload",   "download", "parse",   "main",  "tensor"};
    std::set<std::string> taken = reserved;
    for (const PlanTensor& tensor : plan_.tensors) {
        const ElementRow *host = element(tensor.dtype), *device = element(tensor.layout.format);
        if (!host || !device) {
            Diagnostic error;
            error.code = "TT6002";
            error.message = "host.cpp cannot convert " + tensor.name + " between " +
                            std::string(to_string(tensor.dtype)) + " and " +
                            std::string(tensix::name(tensor.layout.format));
            return error;
        }
        elements.insert(host);
        elements.insert(device);
        std::string name = tensor.name;
        while (!taken.insert(name).second) name += "_tensor";
        names_.push_back(name);
    }

    std::set<VarId> symbols;
    const auto need = [&](IndexId id) {
        if (!id.valid()) return;
        for (VarId var : index_.vars_of(id))
            if (index_.var(var).kind == VarKind::Symbol) symbols.insert(var);
    };
    for (const PlanTensor& tensor : plan_.tensors)
        for (IndexId id : tensor.shape) need(id);
    for (const PlanLaunch& l : plan_.launches)
        for (const PlanKernel& k : l.kernels)
            for (const auto* args : {&k.common_runtime, &k.runtime})
                for (const PlanArg& arg : *args) need(arg.value);

    // main() first: it tells which helpers are needed.
    line("const Options options = parse(argc, argv);");
    bool floats = false;
    for (VarId var : symbols) {
        const bool is_number = std::any_of(plan_.ctx.scalars.begin(), plan_.ctx.scalars.end(),
                                           [&](const ScalarParam& s) { return s.var == var && is_float(s.dtype); });
        floats |= is_number;
        line("const int64_t " + index_.var(var).name + (is_number ? " = float_symbol" : " = symbol") + "(options, " +
             json_string(index_.var(var).name) + ");");
    }
    tensors();
    std::string all, written;
    int seed = 0;
    for (size_t t = 0; t < names_.size(); ++t) {
        all += (all.empty() ? "&" : ", &") + names_[t];
        if (plan_.tensors[t].param < 0) {
            line(names_[t] + ".values.resize(size_t(" + names_[t] + ".elements()));  // a workspace");
        } else {
            line("fill(" + names_[t] + ", options, " + std::to_string(++seed) + ");");
            if (plan_.tensors[t].written) written += (written.empty() ? "&" : ", &") + names_[t];
        }
    }
    line("");
    line("const std::shared_ptr<distributed::MeshDevice> device = distributed::MeshDevice::create_unit_mesh(0);");
    line("for (KernelTensor* tensor : {" + all + "}) upload(*tensor, *device);");
    line("");
    for (size_t l = 0; l < plan_.launches.size(); ++l) {
        if (plan_.launches.size() > 1) line("// launch " + std::to_string(l));
        launch(plan_.launches[l]);
    }
    line("");
    line("bool ok = true;");
    line("for (KernelTensor* tensor : {" + written + "}) {");
    line("    download(*tensor, *device);");
    line("    ok = check(*tensor, options) && ok;");
    line("}");
    line("device->close();");
    line("return ok ? 0 : 1;");
    const std::string main = std::move(out_);

    // Rounding of what is stored decides what can be expected of a correct kernel.
    const bool narrow = std::any_of(plan_.tensors.begin(), plan_.tensors.end(),
                                    [](const PlanTensor& t) { return t.written && size_bytes(t.dtype) == 2; });
    std::string text =
        "// Host program of " + plan_.ctx.name + ": runs the kernels beside it on the first device.\n//\n";
    text += "//     " + program_name(plan_) + " [FOLDER] [--tolerance X]" + (symbols.empty() ? "" : " NAME=VALUE ...") +
            "\n";
    text +=
        "//\n"
        "// FOLDER holds <tensor>.in.bin for every tensor and <tensor>.ref.bin for every one that is written: raw "
        "row-major\n"
        "// arrays in the tensor's dtype. Without it inputs are pseudo-random, and the results are summed up, "
        "unchecked.\n"
        "//\n"
        "// Generated by tilelang-tt; builds against an installed TT-Metalium or the emulator (CMakeLists.txt).\n";
    text += kIncludes;
    const std::string constant =
        std::string("// Relative Frobenius error that passes, unless --tolerance says otherwise.\n") +
        "constexpr double kTolerance = " + (narrow ? "4e-3" : "2e-3") + ";\n\n";
    text.insert(text.find("// ---- command line"), constant);
    if (!symbols.empty()) text += kSymbol;
    if (floats) text += kFloatSymbol;
    if (uses_floor_div_) text += kFloorDiv;
    text += kElementStruct;
    const bool float8 = std::any_of(elements.begin(), elements.end(), [](const ElementRow* row) {
        return is_float(row->dtype) && size_bytes(row->dtype) == 1;
    });
    if (float8) text += kFloat8;
    for (const ElementRow& row : element_rows())
        if (elements.contains(&row)) text += "\n" + element_code(row);
    std::string tensor(kTensor);
    const auto extend = [&](std::span<const Edit> edits) {
        for (auto& [from, to] : edits) tensor.replace(tensor.find(from), from.size(), to);
    };
    if (std::any_of(plan_.tensors.begin(), plan_.tensors.end(), is_blocks)) {
        text.insert(text.find("#include <exception>"), "#include <cstring>\n");
        text += kBlocks;
        extend(kWithBlocks);
    }
    if (std::any_of(plan_.tensors.begin(), plan_.tensors.end(), is_packed)) extend(kWithPacked);
    if (std::any_of(plan_.tensors.begin(), plan_.tensors.end(), is_rows)) extend(kWithRows);
    if (std::any_of(plan_.tensors.begin(), plan_.tensors.end(), is_viewed)) extend(kWithViews);
    text += tensor;
    text += "\nint main(int argc, char** argv) try {\n" + main +
            "} catch (const std::exception& error) {\n"
            "    std::fprintf(stderr, \"%s\\n\", error.what());\n"
            "    return 2;\n"
            "}\n";
    return text;
}

}  // namespace

std::string program_name(const Plan& plan) {
    std::string name = plan.ctx.name;
    for (char& c : name)
        if (!std::isalnum(static_cast<unsigned char>(c)) && c != '_') c = '_';
    return name + "_host";
}

Result<std::string> host_source(const Plan& plan) { return HostWriter(plan).write(); }

}  // namespace tilelang_tt::codegen
