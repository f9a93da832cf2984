#include "compiler/map/fit.h"

#include <algorithm>
#include <limits>

namespace tilelang_tt {
namespace {

constexpr int kRanges = 4;  // of a condition

bool agrees(const IndexArena& index, IndexId id, const std::vector<int64_t>& values, VarId var) {
    for (size_t i = 0; i < values.size(); ++i)
        if (index.eval(id, {{var, static_cast<int64_t>(i)}}) != values[i]) return false;
    return true;
}

}  // namespace

std::optional<IndexId> fit(IndexArena& index, const std::vector<int64_t>& values, VarId var) {
    const auto line = [&](size_t at, int64_t step) {
        return index.add(index.mul(index.of(var), index.constant(step)),
                         index.constant(values[at] - static_cast<int64_t>(at) * step));
    };
    const size_t n = values.size();
    if (n == 1) return index.constant(values[0]);
    const int64_t first_step = values[1] - values[0], last_step = values[n - 1] - values[n - 2];
    const IndexId first = index.constant(values[0]), last = index.constant(values[n - 1]);
    const IndexId rising = line(0, first_step), falling = line(n - 1, last_step);
    for (const IndexId id : {rising, index.min(rising, last), index.max(rising, last), index.min(falling, first),
                             index.max(falling, first)})
        if (agrees(index, id, values, var)) return id;
    return std::nullopt;
}

IndexId fit_below(IndexArena& index, const std::vector<int64_t>& values, VarId var) {
    const int64_t c = std::max<int64_t>(static_cast<int64_t>(values.size()) - 1, 1), a = values.back() - values.front();
    int64_t b = std::numeric_limits<int64_t>::max();
    for (size_t i = 0; i < values.size(); ++i)
        b = std::min(b, c * values[i] + c - 1 - a * static_cast<int64_t>(i));  // a·i + b < c·(value + 1)
    return index.floordiv(index.add(index.mul(index.of(var), index.constant(a)), index.constant(b)), index.constant(c));
}

std::optional<IndexId> fit_condition(IndexArena& index, const std::vector<bool>& values, VarId var) {
    IndexId any = index.constant(0);
    int ranges = 0;
    for (size_t i = 0; i < values.size();) {
        const size_t begin = i;
        while (i < values.size() && values[i] == values[begin]) ++i;
        if (!values[begin]) continue;
        if (++ranges > kRanges) return std::nullopt;
        const auto at = [&](size_t n) { return index.constant(static_cast<int64_t>(n)); };
        any = index.logical_or(any,
                               index.logical_and(index.le(at(begin), index.of(var)), index.lt(index.of(var), at(i))));
    }
    return any;
}

}  // namespace tilelang_tt
