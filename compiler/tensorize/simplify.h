// Simplifications of a launch's graph, one a file. Each is a rewrite that keeps what the launch stores, returns whether
// it changed anything, and needs nothing of the others: tensorize runs them until none does.
#pragma once

#include "compiler/ir/target.h"
#include "compiler/ir/tile_graph.h"

namespace tilelang_tt {

// Pre: SSA. Post: no op without an effect whose results nothing uses; no loop carries, and no branch yields, a value
// that only serves itself.
bool remove_dead_values(graph::Launch& launch);

// Pre: SSA. Post: no Identity or Cast that changes nothing, no transpose of a transpose, no carried value that every
// iteration leaves as it is, no branch result that is the same on both sides.
bool forward_copies(graph::Launch& launch);

// Pre: SSA. Post: no Matmul or sum accumulates onto a Fill of 0; an accumulator that a loop's first iteration clears
// (`if ko == 0`) is cleared before the loop instead.
bool fold_fills(Context& ctx, graph::Launch& launch);

// Pre: SSA. Post: no two equal ops without effects in one region, with no loop or branch between them, where the second
// sees what the first saw: loads are equal while nothing stores to their tensor. Fills stay apart: each starts one
// value.
bool merge_equal_ops(graph::Launch& launch);

// Pre: SSA. Post: no Slice of a Slice, of a Fill, or of an Insert whose part it is, is a part of, or does not touch; no
// Insert whose part is all of the value, or is replaced by the next.
bool forward_parts(Context& ctx, graph::Launch& launch);

// Pre: SSA. Post: values of which parts are replaced at constant places, through loops, branches and elementwise ops,
// are values for each part instead; nothing is put together unless a matmul, reduction or transpose takes it as a
// whole.
bool split_values(Context& ctx, graph::Launch& launch);

// Pre: SSA. Post: x * sigmoid(x) and x / (1 + exp(-x)), of whose parts nothing else is used, are one silu of x: it is
// read once.
bool fuse_silu(graph::Launch& launch);

// Pre: SSA. Post: branches whose condition is known are replaced by the side taken.
bool fold_branches(const Context& ctx, graph::Launch& launch);

// Pre: SSA. Post: no load of a tensor that the launch does not store to, transpose, reduction or matmul in a loop's
// body that is the same in every iteration; it stands before the loop.
bool hoist_invariants(const Context& ctx, graph::Launch& launch);

// Pre: SSA. Post: no Matmul accumulates onto a Select of 0 and an infinity that nothing else uses; the Select chooses
// between the product and the infinity instead. Where the product is not finite, the other of the two is not defined.
bool mask_products(graph::Launch& launch);

// Pre: SSA. Post: unless the precision is exact, no quotient of fp32 of a block by a row, a column or a scalar, but the
// block times the reciprocal of that, rounded once more; if it is fast, no exp of fp32, but exp2(x * log2(e)), whose
// relative error grows with x by 2^-24 |x|.
bool reduce_strength(graph::Launch& launch, Precision precision);

// Pre: SSA. Post: no two values have the same name; the first keeps it.
void name_apart(graph::Launch& launch);

}  // namespace tilelang_tt
