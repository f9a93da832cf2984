// Variables that a loop steps, in closed form.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compiler/ir/index.h"

namespace tilelang_tt {

// `s = first; while cond(s): …; s = next(s)` as a counted loop: var runs over [begin, begin + extent), s is `value` in
// an iteration and `after` behind the loop.
struct Induction {
    VarId var;
    IndexId begin, extent, value, after;
};

// cond must bound s from above, `s < n` or `s <= n - 1`. next may be
//   s + c, min(s + c, n)                      c: a positive constant
//   s + (P - s % P), min(s + (P - s % P), n)  to the end of a period: [first, n) cut at multiples of P, a constant
// `others` are variables that the loop changes too; n may not depend on them. nullopt where it is not of these forms.
// name: of the new variable.
std::optional<Induction> induction_of(IndexArena& index, VarId s, IndexId first, IndexId cond, IndexId next,
                                      const std::vector<VarId>& others, const std::string& name);

// The constant c of next = s + c; nullopt where it is something else.
std::optional<int64_t> constant_step(IndexArena& index, VarId s, IndexId next);

}  // namespace tilelang_tt
