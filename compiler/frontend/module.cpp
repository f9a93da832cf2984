#include "compiler/frontend/module.h"

#include <tvm/ffi/container/array.h>
#include <tvm/ffi/container/map.h>
#include <tvm/ffi/function.h>
#include <tvm/ffi/reflection/registry.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <sstream>
#include <string_view>
#include <tuple>

#include "compiler/frontend/arguments.h"
#include "compiler/frontend/reference.h"
#include "compiler/ir/text.h"
#include "compiler/runtime/pipeline.h"

namespace tilelang_tt::frontend {
namespace {

namespace ffi = tvm::ffi;

std::mutex last_run_mutex;
std::optional<RunStats> last_run;
struct {
    int64_t runs = 0, unmodelled = 0;  // of them, those that nothing models the time of
    double seconds = 0;                // modelled
} all_runs;

[[noreturn]] void raise_message(const char* kind, const std::string& message) { throw ffi::Error(kind, message, ""); }

// A device that runs kernels, one at a time: a chip has one program. Null: this machine cannot run kernels.
struct SharedDevice {
    std::mutex mutex;
    std::unique_ptr<Device> device;
};

// One device a kind for the whole process, whatever the number of kernels: an emulated chip holds its L1 and DRAM.
// Never destroyed: kernels may outlive static objects.
SharedDevice& shared_device(const TargetOptions& options) {
    static std::mutex mutex;
    static auto* devices = new std::map<std::tuple<std::string, std::string, std::string>, SharedDevice>;
    const std::lock_guard lock(mutex);
    const auto [entry, added] = devices->try_emplace({options.arch, options.board, options.numerics});
    if (added) {
        auto device =
            emulator_device(options.arch, options.board, options.numerics == "fast" ? Numerics::Fast : Numerics::Exact);
        if (device)
            entry->second.device = device.take();
        else
            std::fprintf(stderr,
                         "tilelang_tt: kernels run in the reference interpreter, without modelled time, because\n%s\n",
                         to_string(device.diagnostics()).c_str());
    }
    return entry->second;
}

// Whether kernels go to ttnn, as TILELANG_TT_DEVICE asks; read at every call.
bool wants_ttnn() {
    const char* device = std::getenv("TILELANG_TT_DEVICE");
    return device && std::string_view(device) == "ttnn";
}

// Hands the artifacts and the caller's arrays to the launcher (python/tilelang_tt/ttnn_device.py), whose errors pass.
RunStats run_on_ttnn(const Artifacts& artifacts, const Context& ctx, const Arguments& arguments) {
    const auto run = ffi::Function::GetGlobal("tilelang_tt.run_on_ttnn");
    if (!run) raise_message(kRunError, "TILELANG_TT_DEVICE=ttnn needs the Python package tilelang_tt to be imported");
    ffi::Map<ffi::String, ffi::String> files;
    for (const auto& [name, text] : artifacts.files) files.Set(ffi::String(name), ffi::String(text));
    ffi::Array<ffi::Any> arrays;
    for (const HostTensor& tensor : arguments.tensors) {
        ffi::Map<ffi::String, ffi::Any> item;
        item.Set("data", static_cast<int64_t>(reinterpret_cast<intptr_t>(tensor.data)));
        item.Set("dtype", ffi::String(std::string(to_string(tensor.dtype))));
        item.Set("shape", ffi::Array<int64_t>(tensor.shape.begin(), tensor.shape.end()));
        item.Set("strides", ffi::Array<int64_t>(tensor.strides.begin(), tensor.strides.end()));
        arrays.push_back(item);
    }
    ffi::Map<ffi::String, int64_t> symbols;
    for (const auto& [var, value] : arguments.symbols) symbols.Set(ffi::String(ctx.index.var(var).name), value);
    const auto start = std::chrono::steady_clock::now();
    RunStats stats;
    stats.device = (*run)(files, arrays, symbols).cast<ffi::String>();
    stats.wall_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return stats;
}

class KernelModule : public ffi::ModuleObj {
  public:
    KernelModule(TileProgram program, TargetOptions options)
        : program_(std::move(program)), options_(std::move(options)) {
        if (options_.device_kind() == DeviceKind::Reference) return;  // no pass of ours, so nothing generated
        auto result = compile_program(program_, options_.target());
        if (!result) raise(kCompileError, result.diagnostics());
        artifacts_ = std::move(result.value().artifacts);
        remarks_ = std::move(result.value().remarks);
    }

    const char* kind() const final { return kModuleKind; }
    int GetPropertyMask() const final { return ffi::Module::kBinarySerializable | ffi::Module::kRunnable; }

    ffi::Optional<ffi::Function> GetFunction(const ffi::String& name) final {
        const ffi::ObjectPtr<ffi::Object> self = ffi::GetObjectPtr<ffi::Object>(this);
        if (name == "main" || name == program_.ctx.name)
            return ffi::Function::FromPacked(
                [this, self](const ffi::AnyView* args, int32_t count, ffi::Any*) { run(args, count); });
        if (name == "inspect")
            return ffi::Function::FromTyped([this, self](const ffi::String& file) { return InspectSource(file); });
        if (name == "remarks") return ffi::Function::FromTyped([this, self] { return to_ffi(remarks_); });
        return std::nullopt;
    }

    ffi::String InspectSource(const ffi::String& format) const final {
        const std::string wanted = format;
        if (wanted == "tile" || (wanted.empty() && artifacts_.files.empty())) return print(program_);
        if (!wanted.empty()) {
            const auto file = artifacts_.files.find(wanted);
            return file == artifacts_.files.end() ? std::string() : file->second;
        }
        std::string all;  // the kernels; the host side has its own module
        for (const auto& [name, text] : artifacts_.files) {
            if (!name.ends_with(".cpp") || name == "host.cpp") continue;
            if (!all.empty()) all += '\n';
            all.append("// ---- ").append(name).append("\n").append(text);
        }
        return all;
    }

    ffi::Bytes SaveToBytes() const final {
        std::ostringstream out;
        out << "tilelang_tt.module 2\n"
            << options_.arch << ' ' << options_.board << ' ' << options_.grid_x << ' ' << options_.grid_y << ' '
            << options_.precision << ' ' << options_.fidelity << ' ' << options_.multicast << ' ' << options_.numerics
            << ' ' << options_.device << '\n'
            << print(program_);
        return ffi::Bytes(out.str());
    }

    static ffi::Module load(const ffi::Bytes& bytes) {
        std::istringstream in(std::string(bytes.data(), bytes.size()));
        std::string header;
        TargetOptions o;
        std::getline(in, header);
        in >> o.arch >> o.board >> o.grid_x >> o.grid_y >> o.precision >> o.fidelity >> o.multicast >> o.numerics >>
            o.device;
        if (header != "tilelang_tt.module 2" || !in)
            raise_message(kRunError, "the library does not hold a tilelang_tt kernel of this version (found \"" +
                                         header + "\"); compile it again");
        in.ignore(1);
        const std::string text{std::istreambuf_iterator<char>(in), {}};
        auto program = parse_tile_program(text);
        if (!program) raise(kRunError, program.diagnostics());
        return make_module(program.take(), o);
    }

  private:
    void run(const ffi::AnyView* args, int32_t count) {
        auto checked = check_arguments(program_.ctx, args, count);
        if (!checked) raise(kArgumentError, checked.diagnostics());
        auto result = guarded_launch(checked.value());
        if (!result) raise(kRunError, result.diagnostics());
        const std::lock_guard lock(last_run_mutex);
        last_run = result.take();
        ++all_runs.runs;
        all_runs.unmodelled += last_run->cycles == 0;
        all_runs.seconds += last_run->seconds;
    }

    // What is thrown below is a defect or a machine out of memory; the caller still learns which kernel it was.
    Result<RunStats> guarded_launch(const Arguments& arguments) {
        try {
            return launch(arguments);
        } catch (const ffi::Error&) {
            throw;
        } catch (const std::exception& error) {
            raise_message(kRunError, "kernel " + program_.ctx.name + " stopped: " + error.what());
        }
    }

    Result<RunStats> launch(const Arguments& arguments) {
        if (wants_ttnn() && !artifacts_.files.empty()) return run_on_ttnn(artifacts_, program_.ctx, arguments);
        if (options_.device_kind() == DeviceKind::Emulator) {
            SharedDevice& shared = shared_device(options_);
            const std::lock_guard lock(shared.mutex);
            if (shared.device) return shared.device->run(artifacts_, arguments.tensors, arguments.symbols);
        }
        return run_reference(program_, arguments.tensors, arguments.symbols);
    }

    TileProgram program_;
    TargetOptions options_;
    Artifacts artifacts_;
    std::vector<Diagnostic> remarks_;
};

class HostModule : public ffi::ModuleObj {
  public:
    static constexpr const char* kKind = "tilelang_tt_host";
    const char* kind() const final { return kKind; }
    int GetPropertyMask() const final { return ffi::Module::kBinarySerializable | ffi::Module::kRunnable; }
    ffi::Optional<ffi::Function> GetFunction(const ffi::String& name) final {
        return imports().empty() ? std::nullopt : kernel()->GetFunction(name);
    }
    ffi::String InspectSource(const ffi::String& format) const final {
        if (imports().empty()) return "";
        return kernel()->InspectSource(format.empty() ? ffi::String("host.cpp") : format);
    }
    // Not empty: tvm-ffi cannot read back a module of no bytes.
    ffi::Bytes SaveToBytes() const final { return ffi::Bytes(std::string(kKind) + " 1"); }

  private:
    ffi::Module kernel() const { return imports()[0].cast<ffi::Module>(); }
};

ffi::Map<ffi::String, ffi::Any> describe_last_run() {
    ffi::Map<ffi::String, ffi::Any> out;
    const std::lock_guard lock(last_run_mutex);
    if (!last_run) return out;
    out.Set("cycles", static_cast<int64_t>(last_run->cycles));
    out.Set("seconds", last_run->seconds);
    out.Set("device", ffi::String(last_run->device));
    out.Set("numerics", ffi::String(last_run->numerics));
    out.Set("wall_seconds", last_run->wall_seconds);
    return out;
}

ffi::Map<ffi::String, ffi::Any> describe_all_runs() {
    const std::lock_guard lock(last_run_mutex);
    ffi::Map<ffi::String, ffi::Any> out;
    out.Set("runs", all_runs.runs);
    out.Set("unmodelled", all_runs.unmodelled);
    out.Set("seconds", all_runs.seconds);
    return out;
}

TVM_FFI_STATIC_INIT_BLOCK() {
    namespace refl = tvm::ffi::reflection;
    refl::GlobalDef()
        .def("ffi.Module.load_from_bytes.tilelang_tt", KernelModule::load)
        .def("ffi.Module.load_from_bytes.tilelang_tt_host", [](const ffi::Bytes&) { return make_host_module(); })
        .def("tilelang_tt.last_run", describe_last_run)
        .def("tilelang_tt.all_runs", describe_all_runs);
}

}  // namespace

ffi::Array<ffi::Any> to_ffi(const std::vector<Diagnostic>& diagnostics) {
    ffi::Array<ffi::Any> out;
    for (const Diagnostic& diagnostic : diagnostics) {
        ffi::Map<ffi::String, ffi::Any> item;
        item.Set("severity", ffi::String(diagnostic.severity == Severity::Error     ? "error"
                                         : diagnostic.severity == Severity::Warning ? "warning"
                                                                                    : "note"));
        item.Set("code", ffi::String(diagnostic.code));
        item.Set("text", ffi::String(to_string(diagnostic)));
        out.push_back(item);
    }
    return out;
}

void raise(const char* kind, const std::vector<Diagnostic>& diagnostics) {
    std::vector<Diagnostic> errors;
    for (const Diagnostic& diagnostic : diagnostics)
        if (diagnostic.severity == Severity::Error) errors.push_back(diagnostic);
    throw ffi::Error(kind, to_string(errors.empty() ? diagnostics : errors), "");
}

ffi::Module make_module(TileProgram program, const TargetOptions& options) {
    return ffi::Module(ffi::make_object<KernelModule>(std::move(program), options));
}

ffi::Module make_host_module() { return ffi::Module(ffi::make_object<HostModule>()); }

}  // namespace tilelang_tt::frontend
