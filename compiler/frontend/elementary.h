// Functions that the chip has no call for, or none that is accurate, from those that it has: of lanes in fp32. Each has
// the bound that docs/numerics.md measures.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "compiler/ir/lane.h"

namespace tilelang_tt::frontend {

// How many operands the function takes ("log1p": 1); nullopt: not one of these.
std::optional<size_t> elementary_arity(std::string_view name);
// args: fp32.
LaneId elementary(LaneArena& lanes, std::string_view name, std::span<const LaneId> args);

// Bits of 32-bit integers ("popcount", "clz"); args of i32, as is the result.
bool counts_bits(std::string_view name);
LaneId count_bits(LaneArena& lanes, std::string_view name, LaneId word);

}  // namespace tilelang_tt::frontend
