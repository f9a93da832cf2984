// Reductions of bits, which the chip has none of: as sums.
#pragma once

#include <string>

#include "compiler/tensorize/builder.h"

namespace tilelang_tt {

// fn (BitAnd, BitOr, BitXor) of the i32 values over rows (dim 0), columns (dim 1), or all of a vector (dim -1), in the
// shape that graph::Reduce gives. Exact. Every sixth bit of 32 numbers is summed at once: six bits hold each count, of
// which the last is the exclusive or and whether any is set the inclusive one; seven sums make 32 bits. bits: how many
// of each number count (8: bytes).
ValueId reduce_bits(Context& ctx, GraphBuilder& builder, tensix::ReduceFn fn, ValueId value, int64_t dim, int bits,
                    const std::string& name, LocId loc);

}  // namespace tilelang_tt
