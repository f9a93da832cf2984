// What Python calls. Everything is registered under "tilelang_tt."; python/tilelang_tt/_ffi.py gives it types.
#include <dlfcn.h>
#include <tvm/ffi/container/array.h>
#include <tvm/ffi/container/map.h>
#include <tvm/ffi/function.h>
#include <tvm/ffi/reflection/registry.h>
#include <tvm/target/target.h>
#include <tvm/tirx/function.h>

#include "compiler/frontend/import.h"
#include "compiler/frontend/module.h"
#include "compiler/frontend/target.h"
#include "compiler/ir/text.h"
#include "compiler/runtime/pipeline.h"
#include "tensix/device.h"

namespace tilelang_tt::frontend {
namespace {

namespace ffi = tvm::ffi;
using Dict = ffi::Map<ffi::String, ffi::Any>;

TileProgram parse(const ffi::String& text) {
    auto program = parse_tile_program(std::string(text));
    if (!program) raise(kCompileError, program.diagnostics());
    return program.take();
}

// → {text, remarks}
Dict import(const tvm::tirx::PrimFunc& function, const ffi::String& name) {
    auto program = import_function(function, name);
    if (!program) raise(kCompileError, program.diagnostics());
    Dict out;
    out.Set("text", ffi::String(print(program.value())));
    out.Set("remarks", to_ffi(program.value().remarks));
    return out;
}

// → {files: {name: text}, stages: [{name, text, milliseconds}], remarks}
Dict compile(const ffi::String& text, const tvm::Target& target, const ffi::String& until, bool dump) {
    CompileOptions options;
    options.until = until;
    options.dump = dump;
    auto result = compile_program(parse(text), target_options(target).target(), options);
    if (!result) raise(kCompileError, result.diagnostics());
    const Compiled& compiled = result.value();
    ffi::Map<ffi::String, ffi::String> files;
    for (const auto& [name, contents] : compiled.artifacts.files) files.Set(name, contents);
    ffi::Array<ffi::Any> stages;
    for (const StageDump& stage : dump ? compiled.dumps : compiled.timings) {
        Dict item;
        item.Set("name", ffi::String(stage.stage));
        item.Set("text", ffi::String(stage.text));
        item.Set("milliseconds", stage.milliseconds);
        stages.push_back(item);
    }
    Dict out;
    out.Set("files", files);
    out.Set("stages", stages);
    out.Set("remarks", to_ffi(compiled.remarks));
    return out;
}

// The tensors of a program: [{name, dtype, param, read, written}].
ffi::Array<ffi::Any> tensors(const ffi::String& text) {
    ffi::Array<ffi::Any> out;
    for (const Tensor& tensor : parse(text).ctx.tensors) {
        Dict item;
        item.Set("name", ffi::String(tensor.name));
        item.Set("dtype", ffi::String(std::string(to_string(tensor.dtype))));
        item.Set("param", static_cast<int64_t>(tensor.param));
        item.Set("read", tensor.read);
        item.Set("written", tensor.written);
        out.push_back(item);
    }
    return out;
}

ffi::Module build(const ffi::String& text, const tvm::Target& target) {
    return make_module(parse(text), target_options(target));
}

ffi::Array<ffi::Any> stages() {
    ffi::Array<ffi::Any> out;
    for (const PassInfo& pass : pass_table()) {
        Dict item;
        item.Set("name", ffi::String(std::string(pass.name)));
        item.Set("in", ffi::String(std::string(pass.in)));
        item.Set("out", ffi::String(std::string(pass.out)));
        item.Set("why", ffi::String(std::string(pass.why)));
        out.push_back(item);
    }
    return out;
}

ffi::Array<ffi::Any> list_devices() {
    ffi::Array<ffi::Any> out;
    for (const tensix::DeviceSpec& device : tensix::devices()) {
        Dict item;
        item.Set("arch", ffi::String(device.arch));
        item.Set("board", ffi::String(device.board));
        item.Set("grid", ffi::Array<int64_t>{device.grid.x, device.grid.y});
        item.Set("chips", static_cast<int64_t>(device.chips));
        item.Set("clock_mhz", static_cast<int64_t>(device.clock_mhz));
        item.Set("l1_bytes", static_cast<int64_t>(device.l1_bytes));
        item.Set("l1_usable_bytes", static_cast<int64_t>(device.l1_usable_bytes));
        item.Set("dram_banks", static_cast<int64_t>(device.dram_banks));
        item.Set("dram_bank_bytes", static_cast<int64_t>(device.dram_bank_bytes));
        out.push_back(item);
    }
    return out;
}

std::string library_path() {
    Dl_info info{};
    dladdr(reinterpret_cast<const void*>(&list_devices), &info);
    return info.dli_fname ? info.dli_fname : "";
}

TVM_FFI_STATIC_INIT_BLOCK() {
    namespace refl = tvm::ffi::reflection;
    refl::GlobalDef()
        .def("tilelang_tt.version", [] { return ffi::String(TILELANG_TT_VERSION); })
        .def("tilelang_tt.tilelang_version", [] { return ffi::String(TILELANG_TT_TILELANG_VERSION); })
        .def("tilelang_tt.library_path", [] { return ffi::String(library_path()); })
        .def("tilelang_tt.build_id", [] { return ffi::String(build_id()); })
        .def("tilelang_tt.import", import)
        .def("tilelang_tt.compile", compile)
        .def("tilelang_tt.tensors", tensors)
        .def("tilelang_tt.build", build)
        .def("tilelang_tt.build_host", make_host_module)
        .def("tilelang_tt.stages", stages)
        .def("tilelang_tt.devices", list_devices);
}

}  // namespace
}  // namespace tilelang_tt::frontend
