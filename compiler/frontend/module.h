// The runtime module: a compiled program that TVM's runtime can call, save and load.
#pragma once

#include <tvm/ffi/container/array.h>
#include <tvm/ffi/extra/module.h>

#include <string>
#include <vector>

#include "compiler/frontend/target.h"
#include "compiler/ir/diagnostics.h"
#include "compiler/ir/tile_program.h"

namespace tilelang_tt::frontend {

inline constexpr const char* kModuleKind = "tilelang_tt";

// Kinds of errors as Python sees them (python/tilelang_tt/errors.py).
inline constexpr const char* kCompileError = "TileLangTTCompileError";
inline constexpr const char* kArgumentError = "TileLangTTArgumentError";
inline constexpr const char* kRunError = "TileLangTTRunError";
[[noreturn]] void raise(const char* kind, const std::vector<Diagnostic>& diagnostics);

// [{severity, code, text}]
tvm::ffi::Array<tvm::ffi::Any> to_ffi(const std::vector<Diagnostic>& diagnostics);

// Compiles, unless the target's device is the reference interpreter; errors are raised as kCompileError. The module's
// functions:
//   main, <kernel's name>   runs on the target's device; arguments as the TileLang function's
//   remarks()               what the compiler noted, as to_ffi() has it
//   inspect(name)           one generated file, or "tile" for the TileProgram's text
// It is saved as the text of its TileProgram and its target, and compiled again when loaded.
tvm::ffi::Module make_module(TileProgram program, const TargetOptions& options);

// The host side that TileLang's engine asks for: calls the one module imported into it.
tvm::ffi::Module make_host_module();

}  // namespace tilelang_tt::frontend
