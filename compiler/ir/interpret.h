// The reference interpreter: runs every form on host arrays. It is the oracle of every pass (a pass must not change
// what it computes, up to the stated rounding), and the fallback where a machine has no C++ compiler.
//
// Arithmetic is done in double and rounded to the logical dtype wherever the program stores or the op's result type
// says so; a matmul accumulates in double over one op and rounds once. A TensixProgram additionally rounds to the
// channel's format at each pack, to TF32 at each unpack of fp32 through SrcA/SrcB, and to the DST width in DST.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "compiler/ir/diagnostics.h"
#include "compiler/ir/tensix_program.h"
#include "compiler/ir/tile_graph.h"
#include "compiler/ir/tile_program.h"

namespace tilelang_tt {

// A dense row-major array of one of the program's tensors; data holds product(shape) elements.
struct HostArray {
    DType dtype = DType::F32;
    std::vector<int64_t> shape;
    std::vector<double> data;  // values representable in dtype
};

// tensors: one a tensor of the Context, in order; written in place. The array of a view has its shape, but is not used.
// symbols: values of Symbol variables. Errors: TT92xx, e.g. a channel read past what was pushed, a DST slot past the
// capacity, a page outside a tensor.
struct InterpretResult {
    std::vector<Diagnostic> errors;
    bool ok() const { return errors.empty(); }
};
InterpretResult interpret(const TileProgram& program, std::span<HostArray> tensors, const IndexEnv& symbols = {});
InterpretResult interpret(const TileGraph& graph, std::span<HostArray> tensors, const IndexEnv& symbols = {});
InterpretResult interpret(const TensixProgram& program, std::span<HostArray> tensors, const IndexEnv& symbols = {});

// value rounded to dtype (nearest even), as a store to it would leave it
double round_to(DType dtype, double value);

}  // namespace tilelang_tt
