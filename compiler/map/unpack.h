// unpack: tensors whose bytes hold several numbers (tilelang_tt.annotate_storage: "int4", "uint2", …) become tensors of
// one number an element, as the host's recipe then stores them.
//
// A T.Parallel reads such a byte at `j // n` and takes number `j % n` of it by shifts, masks or selections. Whatever it
// writes for that is tried on all bytes and all n positions: if it depends on that one number alone, and in the same
// way at each position, it is a function of the number, and the read becomes one of the number at `j`.
#pragma once

#include "compiler/ir/diagnostics.h"
#include "compiler/ir/tile_program.h"

namespace tilelang_tt {

// Pre: verified. Post: no tensor or buffer holds packed bytes; tensors that did have per_byte > 1 and the dtype int8 or
// uint8 of their numbers. A program without them stays as it is.
// Errors: TT2070 (other uses of packed bytes), TT2071 (a T.Parallel that does not take single numbers of them).
Result<TileProgram> unpack(const TileProgram& program);

// The fix to propose where lanes read `ref` at an index like `j // 2`; "" where nothing speaks of packed bytes.
std::string packed_fix(const Context& ctx, DType dtype, const std::string& tensor, const std::vector<IndexId>& indices);

}  // namespace tilelang_tt
