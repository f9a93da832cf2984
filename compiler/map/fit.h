// Closed forms of short tables: what enumeration has found, as an index expression.
#pragma once

#include <optional>
#include <vector>

#include "compiler/ir/index.h"

namespace tilelang_tt {

// An expression that is values[i] where var is i, for all i: a·i + b, or that cut off at the first or last value.
// nullopt where there is none. values: at least one.
std::optional<IndexId> fit(IndexArena& index, const std::vector<int64_t>& values, VarId var);

// a·i // c + b, nowhere above values[i], with the slope between the first and the last.
IndexId fit_below(IndexArena& index, const std::vector<int64_t>& values, VarId var);

// A condition that is values[i] where var is i, for all i, made of few ranges. nullopt where it takes many.
std::optional<IndexId> fit_condition(IndexArena& index, const std::vector<bool>& values, VarId var);

}  // namespace tilelang_tt
