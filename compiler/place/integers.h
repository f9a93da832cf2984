// Integers in DST. Whatever its dtype, an integer value is a 32-bit word there: two's complement, or the bits of a
// uint32; those of 8 and 16 bits are kept within their range. What the chip needs to get it there and back, and which
// calls respect the sign, is decided here (docs/fidelity.md has what the calls were seen to do).
#pragma once

#include <optional>
#include <vector>

#include "compiler/ir/dtype.h"
#include "tensix/formats.h"
#include "tensix/op_table.h"

namespace tilelang_tt::placed {

// A call in place on one register.
struct IntegerCall {
    tensix::OpCode op;
    std::vector<int64_t> params;
};

// After copy_tile from a channel of the format.
std::vector<IntegerCall> after_copy(DType dtype, tensix::DataFormat format);
// Before pack_tile to a channel of the format; the register holds nothing useful afterwards.
std::vector<IntegerCall> before_pack(DType dtype, tensix::DataFormat format);
// Brings a 32-bit result back into the dtype's range, as wrapping does.
std::vector<IntegerCall> wrapped(DType dtype);
// Conversions; Bool counts as a float (0 or 1).
std::vector<IntegerCall> to_integer(DType from, DType to);
std::vector<IntegerCall> to_float(DType from);
// Whether results of fn on values of the dtype can leave its range.
bool leaves_range(tensix::TileFn fn, DType dtype);
// The call that computes fn on integers of the dtype; nullopt where there is none.
std::optional<tensix::OpCode> integer_op(tensix::OpKind kind, tensix::TileFn fn, DType dtype);

}  // namespace tilelang_tt::placed
