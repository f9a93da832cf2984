// Stores to tensors as T.Parallel over their elements.
#pragma once

#include <optional>

#include "compiler/ir/tile_program.h"

namespace tilelang_tt {

// What stores one value to each element of a block of a tensor, as a T.Parallel of that store alone: such a T.Parallel,
// or a copy from a buffer. nullopt for everything else.
std::optional<tile::Map> store_to_tensor(Context& ctx, const tile::Launch& launch, const tile::Op& op);

// The value that an element has after the store, where one block at most contributes to it: what an atomic finds there,
// combined with its own. Floats are combined in fp32.
LaneId value_after(Context& ctx, const tile::Store& store);

// Where cond holds, the first store; else the second. Both are as of store_to_tensor and as of value_after. nullopt
// where they are not to the same elements in the same order of lanes.
std::optional<tile::Map> choose_store(Context& ctx, IndexId cond, const tile::Map& first, const tile::Map& second);

}  // namespace tilelang_tt
