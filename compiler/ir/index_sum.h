// Index expressions taken apart into sums, and the ranges of their values: what the files of the arena (index*.cpp)
// share.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "compiler/ir/index.h"

namespace tilelang_tt::index_sums {

using Wide = __int128;
constexpr Wide kInf = Wide(1) << 100;
constexpr Wide kMin64 = std::numeric_limits<int64_t>::min(), kMax64 = std::numeric_limits<int64_t>::max();

// An interval whose ends may be ±kInf: every arithmetic result is clamped to int64 or widened to infinity.
struct Range {
    Wide lo = -kInf, hi = kInf;
};
Range operator+(Range a, Range b);
Range operator*(Range a, Range b);

template <class T>
T floor_div(T a, T b) {
    return a / b - ((a % b != 0 && (a < 0) != (b < 0)) ? 1 : 0);
}

inline bool fits(Wide v) { return v >= kMin64 && v <= kMax64; }
// Folding leaves expressions with larger constants alone: divisions and negations below cannot overflow.
constexpr int64_t kFoldLimit = int64_t(1) << 61;
inline bool foldable(int64_t v) { return v > -kFoldLimit && v < kFoldLimit; }

// A sum taken apart: coefficient of each non-sum term, and the constant.
struct Linear {
    std::vector<std::pair<IndexId, int64_t>> terms;
    int64_t constant = 0;
    bool overflow = false;
};
// Of the node times `factor`; of a - b. Terms in structural order, none with coefficient 0.
Linear linear(const std::vector<IndexNode>& nodes, IndexId id, int64_t factor = 1);
Linear difference(const std::vector<IndexNode>& nodes, IndexId a, IndexId b);
// Adds factor * node to the sum; brings a sum to that form.
void decompose(const std::vector<IndexNode>& nodes, IndexId id, int64_t factor, Linear& sum);
void normalize(const std::vector<IndexNode>& nodes, Linear& sum);
int64_t gcd_of_terms(const Linear& sum, int64_t with);
// sum = g·y + small with 0 <= small < g for some g > 1 that divides c: takes small off the sum and returns it.
std::optional<Linear> take_small(const std::vector<IndexNode>& nodes, const std::vector<Var>& vars, Linear& sum,
                                 int64_t c);

// Structural order: independent of when a node was made.
int compare(const std::vector<IndexNode>& nodes, IndexId a, IndexId b);

// What the value lies in, from the bounds of the variables.
Range range_of(const std::vector<IndexNode>& nodes, const std::vector<Var>& vars, IndexId id);
Range range_of(const std::vector<IndexNode>& nodes, const std::vector<Var>& vars, const Linear& sum);

}  // namespace tilelang_tt::index_sums
