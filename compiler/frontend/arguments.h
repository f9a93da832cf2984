// Checks what a caller passes against what a program declares, before anything runs.
#pragma once

#include <tvm/ffi/any.h>

#include <cstdint>
#include <vector>

#include "compiler/ir/tile_program.h"
#include "compiler/runtime/device.h"

namespace tilelang_tt::frontend {

struct Arguments {
    std::vector<HostTensor> tensors;  // one a parameter tensor, in parameter order; strides as the caller's
    IndexEnv symbols;                 // shape symbols and integer scalars
};

// Checks number, kind, dtype, rank, shape, consistency of symbolic dimensions, device and strides of every argument.
// Strided tensors are taken as they are (HostTensor has strides); outputs whose elements overlap in memory, and outputs
// that share memory with another output, are refused. Errors: TT70xx.
Result<Arguments> check_arguments(const Context& ctx, const tvm::ffi::AnyView* values, int32_t count);

}  // namespace tilelang_tt::frontend
