#include "compiler/ir/induction.h"

#include <algorithm>
#include <set>

namespace tilelang_tt {
namespace {

// n of a condition that is s < n for any s.
std::optional<IndexId> upper_bound(IndexArena& index, VarId s, IndexId cond) {
    const IndexNode node = index.node(cond);
    if (node.op != IndexOp::Lt && node.op != IndexOp::Le) return std::nullopt;
    // a < b with a - b = s - n
    const IndexId difference = index.sub(node.a, node.b);
    if (index.linear_coefficient(difference, s) != 1) return std::nullopt;
    const IndexId bound = index.sub(index.of(s), difference);
    return node.op == IndexOp::Lt ? bound : index.add(bound, index.constant(1));
}

// The constants that the expression divides s by.
std::set<int64_t> divisors(const IndexArena& index, IndexId id, VarId s) {
    std::set<int64_t> found;
    const auto visit = [&](auto&& self, IndexId i) -> void {
        if (!i || !index.uses(i, s)) return;
        const IndexNode& node = index.node(i);
        if (node.op == IndexOp::FloorDiv || node.op == IndexOp::FloorMod)
            if (const auto by = index.as_const(node.b); by && *by > 0) found.insert(*by);
        self(self, node.a), self(self, node.b), self(self, node.c);
    };
    visit(visit, id);
    return found;
}

}  // namespace

std::optional<int64_t> constant_step(IndexArena& index, VarId s, IndexId next) {
    return index.as_const(index.sub(next, index.of(s)));
}

std::optional<Induction> induction_of(IndexArena& index, VarId s, IndexId first, IndexId cond, IndexId next,
                                      const std::vector<VarId>& others, const std::string& name) {
    const auto end = upper_bound(index, s, cond);
    if (!end || index.uses(*end, s)) return std::nullopt;
    for (const VarId other : others)
        if (index.uses(*end, other) || index.uses(next, other)) return std::nullopt;
    const IndexId now = index.of(s), zero = index.constant(0);
    const auto loop = [&](IndexId begin, IndexId extent) {
        Var var{name, VarKind::Loop, index.bounds(begin).lo, {}};
        const Interval from = index.bounds(begin), count = index.bounds(extent);
        if (from.hi && count.hi) var.hi = *from.hi + std::max<int64_t>(*count.hi, 1) - 1;
        return Induction{index.new_var(var), begin, extent, {}, {}};
    };

    // A constant step, the last one perhaps cut at the end.
    IndexId step = next;
    const IndexNode node = index.node(next);
    const bool cut = node.op == IndexOp::Min && (node.a == *end || node.b == *end);
    if (cut) step = node.a == *end ? node.b : node.a;
    if (const auto c = constant_step(index, s, step)) {
        if (*c <= 0) return std::nullopt;
        Induction out = loop(zero, index.max(index.ceildiv(index.sub(*end, first), *c), zero));
        out.value = index.add(first, index.mul(index.of(out.var), index.constant(*c)));
        out.after = cut ? index.max(first, *end) : index.add(first, index.mul(out.extent, index.constant(*c)));
        return out;
    }

    // To the end of a period.
    for (const int64_t period : divisors(index, next, s)) {
        const IndexId p = index.constant(period);
        const IndexId ends[] = {index.add(index.sub(now, index.floormod(now, p)), p),
                                index.mul(index.add(index.floordiv(now, p), index.constant(1)), p)};
        const bool whole = std::find(std::begin(ends), std::end(ends), next) != std::end(ends);
        const bool clamped =
            std::any_of(std::begin(ends), std::end(ends), [&](IndexId e) { return next == index.min(e, *end); });
        if (!whole && !clamped) continue;
        const IndexId begin = index.floordiv(first, p), periods = index.ceildiv(*end, period);
        const IndexId runs = index.lt(first, *end);
        Induction out = loop(begin, index.select(runs, index.sub(periods, begin), zero));
        // The first period may begin inside: by at most P - 1, since the loop begins in the period of `first`.
        const IndexId at = index.mul(index.of(out.var), p);
        const IndexId inside = index.max(index.sub(first, at), zero);
        out.value = index.add(at, index.min(inside, index.constant(period - 1)));
        out.after = clamped ? index.max(first, *end) : index.select(runs, index.mul(periods, p), first);
        return out;
    }
    return std::nullopt;
}

}  // namespace tilelang_tt
