// Canonical form. A sum is a left-leaning chain of Add: terms in structural order, then the constant; a term is a
// non-sum or Mul(non-sum, Const). Comparisons are Lt, Eq and Ne of sums without negative coefficients, so that they
// also hold in unsigned arithmetic. Folding gives up (and leaves the node as it is) where an int64 would overflow.
#include "compiler/ir/index.h"

#include <algorithm>
#include <numeric>

#include "compiler/ir/index_sum.h"

namespace tilelang_tt {

using namespace index_sums;

namespace {

size_t hash_of(const IndexNode& n) {
    size_t h = static_cast<size_t>(n.op) * 0x9E3779B97F4A7C15ull;
    for (const uint64_t v : {static_cast<uint64_t>(n.value), static_cast<uint64_t>(n.var.v),
                             static_cast<uint64_t>(n.a.v), static_cast<uint64_t>(n.b.v), static_cast<uint64_t>(n.c.v)})
        h = (h ^ v) * 0x100000001B3ull + (h >> 29);
    return h;
}

}  // namespace

VarId IndexArena::new_var(Var var) {
    if (find_var(var.name)) {
        const std::string base = var.name;
        for (int i = 1; find_var(var.name); ++i) var.name = base + "_" + std::to_string(i);
    }
    vars_.push_back(std::move(var));
    return VarId(vars_.size() - 1);
}

std::optional<VarId> IndexArena::find_var(std::string_view name) const {
    for (size_t i = 0; i < vars_.size(); ++i)
        if (vars_[i].name == name) return VarId(i);
    return std::nullopt;
}

IndexId IndexArena::intern(IndexNode node) {
    std::vector<IndexId>& bucket = buckets_[hash_of(node)];
    for (const IndexId id : bucket)
        if (nodes_[id.v] == node) return id;
    nodes_.push_back(node);
    bucket.push_back(IndexId(nodes_.size() - 1));
    return bucket.back();
}

IndexId IndexArena::constant(int64_t value) { return intern({IndexOp::Const, value, {}, {}, {}, {}}); }
IndexId IndexArena::of(VarId var) { return intern({IndexOp::Var, 0, var, {}, {}, {}}); }
IndexId IndexArena::exactly(IndexOp op, IndexId a, IndexId b, IndexId c) { return intern({op, 0, {}, a, b, c}); }

namespace {

// Builds a normalized sum; positive_only: the terms (and the constant) above zero, negative_only: those below, negated.
enum class Part { All, Positive, Negative };
IndexId build(IndexArena& arena, const Linear& sum, Part part = Part::All) {
    IndexId total;
    const auto take = [&](IndexId term) { total = total.valid() ? arena.exactly(IndexOp::Add, total, term) : term; };
    const auto wanted = [&](int64_t v) { return part == Part::All || (part == Part::Positive ? v > 0 : v < 0); };
    const int64_t sign = part == Part::Negative ? -1 : 1;
    for (const auto& [term, factor] : sum.terms)
        if (wanted(factor))
            take(factor == sign ? term : arena.exactly(IndexOp::Mul, term, arena.constant(sign * factor)));
    if (sum.constant != 0 && wanted(sum.constant)) take(arena.constant(sign * sum.constant));
    return total.valid() ? total : arena.constant(0);
}

IndexId as_condition(IndexArena& arena, IndexId id) {
    const Interval r = arena.bounds(id);
    return r.lo && r.hi && *r.lo >= 0 && *r.hi <= 1 ? id : arena.ne(id, arena.constant(0));
}

}  // namespace

IndexId IndexArena::add(IndexId a, IndexId b) {
    if (int64_t total = 0; as_const(a) && as_const(b) && !__builtin_add_overflow(*as_const(a), *as_const(b), &total))
        return constant(total);
    Linear sum;
    decompose(nodes_, a, 1, sum);
    decompose(nodes_, b, 1, sum);
    normalize(nodes_, sum);
    if (sum.overflow) return exactly(IndexOp::Add, a, b);
    return build(*this, sum);
}

IndexId IndexArena::sub(IndexId a, IndexId b) {
    const Linear sum = difference(nodes_, a, b);
    if (sum.overflow) return exactly(IndexOp::Add, a, exactly(IndexOp::Mul, b, constant(-1)));
    return build(*this, sum);
}

IndexId IndexArena::mul(IndexId a, IndexId b) {
    if (int64_t product = 0;
        as_const(a) && as_const(b) && !__builtin_mul_overflow(*as_const(a), *as_const(b), &product))
        return constant(product);
    if (as_const(a) && !as_const(b)) std::swap(a, b);
    if (const auto factor = as_const(b)) {
        const Linear sum = linear(nodes_, a, *factor);
        return sum.overflow ? exactly(IndexOp::Mul, a, b) : build(*this, sum);
    }
    // Constant factors of single terms come out, so that they count in divisibility.
    Linear x = linear(nodes_, a), y = linear(nodes_, b);
    if (!x.overflow && !y.overflow) {
        int64_t gx = gcd_of_terms(x, x.constant), gy = gcd_of_terms(y, y.constant), g = 0;
        if (gx > 0 && gy > 0 && (gx > 1 || gy > 1) && !__builtin_mul_overflow(gx, gy, &g)) {
            for (auto& t : x.terms) t.second /= gx;
            for (auto& t : y.terms) t.second /= gy;
            x.constant /= gx, y.constant /= gy;
            return mul(mul(build(*this, x), build(*this, y)), constant(g));
        }
    }
    if (compare(nodes_, a, b) > 0) std::swap(a, b);
    return exactly(IndexOp::Mul, a, b);
}

IndexId IndexArena::floordiv(IndexId a, IndexId b) {
    const auto divisor = as_const(b);
    if (!divisor) {
        if (a == b) {
            const Interval r = bounds(a);
            if ((r.lo && *r.lo > 0) || (r.hi && *r.hi < 0)) return constant(1);
        }
        const Interval x = bounds(a), y = bounds(b);
        if (x.lo && x.hi && y.lo && *y.lo > 0 && *x.lo >= 0 && *x.hi < *y.lo) return constant(0);
        return exactly(IndexOp::FloorDiv, a, b);
    }
    const int64_t c = *divisor;
    if (c == 1) return a;
    const Linear sum = linear(nodes_, a);
    if (c <= 0 || !foldable(c) || sum.overflow) {
        if (const auto value = as_const(a); value && c < 0 && fits(floor_div(Wide(*value), Wide(c))))
            return constant(static_cast<int64_t>(floor_div(Wide(*value), Wide(c))));
        return exactly(IndexOp::FloorDiv, a, b);
    }
    // (c·Q + R) // c = Q + R // c
    Linear whole, rest;
    for (const auto& t : sum.terms) (t.second % c == 0 ? whole : rest).terms.push_back(t);
    for (auto& t : whole.terms) t.second /= c;
    whole.constant = floor_div(sum.constant, c);
    rest.constant = sum.constant - whole.constant * c;
    if (rest.terms.empty()) return build(*this, whole);
    const Range r = range_of(nodes_, vars_, rest);
    if (r.lo != -kInf && r.hi != kInf) {
        const Wide low = floor_div(r.lo, Wide(c));
        if (low == floor_div(r.hi, Wide(c)) && !__builtin_add_overflow(whole.constant, int64_t(low), &whole.constant))
            return build(*this, whole);
    }
    take_small(nodes_, vars_, rest, c);
    // (g·y + k) // (g·m) = (y + k // g) // m
    int64_t d = c;
    const int64_t g = gcd_of_terms(rest, c);
    if (g > 1) {
        for (auto& t : rest.terms) t.second /= g;
        rest.constant = floor_div(rest.constant, g);
        d /= g;
    }
    IndexId quotient;
    const IndexNode inner = nodes_[rest.terms.front().first.v];
    int64_t product = 0, shift = 0;
    if (rest.terms.size() == 1 && rest.terms.front().second == 1 && inner.op == IndexOp::FloorDiv &&
        as_const(inner.b).value_or(0) > 0 && !__builtin_mul_overflow(*as_const(inner.b), d, &product) &&
        !__builtin_mul_overflow(*as_const(inner.b), rest.constant, &shift)) {
        // (x // m + k) // d = (x + k·m) // (d·m)
        quotient = floordiv(add(inner.a, constant(shift)), constant(product));
    } else if (d == 1) {
        quotient = build(*this, rest);
    } else {
        quotient = exactly(IndexOp::FloorDiv, build(*this, rest), constant(d));
    }
    return add(build(*this, whole), quotient);
}

IndexId IndexArena::floormod(IndexId a, IndexId b) {
    const auto divisor = as_const(b);
    if (!divisor) {
        if (a == b) {
            const Interval r = bounds(a);
            if ((r.lo && *r.lo > 0) || (r.hi && *r.hi < 0)) return constant(0);
        }
        const Interval x = bounds(a), y = bounds(b);
        if (x.lo && x.hi && y.lo && *x.lo >= 0 && *x.hi < *y.lo) return a;
        return exactly(IndexOp::FloorMod, a, b);
    }
    const int64_t c = *divisor;
    if (c == 1) return constant(0);
    const Linear sum = linear(nodes_, a);
    if (c <= 0 || !foldable(c) || sum.overflow) {
        if (const auto value = as_const(a); value && c < -1 && foldable(c) && foldable(*value))
            return constant(*value - c * floor_div(*value, c));
        return c == -1 ? constant(0) : exactly(IndexOp::FloorMod, a, b);
    }
    if (const Range r = range_of(nodes_, vars_, sum); r.lo >= 0 && r.hi < c) return build(*this, sum);
    // Multiples of c vanish; (x % kc) may be x.
    Linear rest;
    rest.constant = sum.constant - c * floor_div(sum.constant, c);
    for (const auto& [term, factor] : sum.terms) {
        if (factor % c == 0) continue;
        const IndexNode& n = nodes_[term.v];
        const int64_t reduced = factor % c;
        if (n.op == IndexOp::FloorMod && as_const(n.b) && *as_const(n.b) % c == 0)
            decompose(nodes_, n.a, reduced, rest);
        else
            decompose(nodes_, term, reduced, rest);
    }
    normalize(nodes_, rest);
    if (rest.overflow) return exactly(IndexOp::FloorMod, a, b);
    std::erase_if(rest.terms, [&](const auto& t) { return t.second % c == 0; });
    for (auto& t : rest.terms) t.second %= c;
    rest.constant -= c * floor_div(rest.constant, c);
    if (rest.terms.empty()) return constant(rest.constant);
    if (const Range r = range_of(nodes_, vars_, rest); r.lo >= 0 && r.hi < c) return build(*this, rest);
    if (const auto small = take_small(nodes_, vars_, rest, c))
        return add(floormod(build(*this, rest), b), build(*this, *small));
    // (g·y + k) % (g·m) = g·((y + k // g) % m) + k % g
    const int64_t g = gcd_of_terms(rest, c);
    if (g > 1) {
        const int64_t low = rest.constant - g * floor_div(rest.constant, g);
        for (auto& t : rest.terms) t.second /= g;
        rest.constant = floor_div(rest.constant, g);
        return add(mul(floormod(build(*this, rest), constant(c / g)), constant(g)), constant(low));
    }
    return exactly(IndexOp::FloorMod, build(*this, rest), b);
}

IndexId IndexArena::ceildiv(IndexId a, int64_t b) { return floordiv(add(a, constant(b - 1)), constant(b)); }

IndexId IndexArena::min(IndexId a, IndexId b) {
    if (as_const(a) && as_const(b)) return *as_const(a) < *as_const(b) ? a : b;
    if (const Range d = range_of(nodes_, vars_, difference(nodes_, a, b)); d.hi <= 0 || d.lo >= 0)
        return d.hi <= 0 ? a : b;
    if (compare(nodes_, a, b) < 0) std::swap(a, b);
    if (const IndexNode n = nodes_[a.v]; n.op == IndexOp::Min && as_const(n.b) && as_const(b))
        return min(n.a, min(n.b, b));
    if (const IndexNode n = nodes_[a.v]; n.op == IndexOp::Min && (n.a == b || n.b == b)) return a;
    return exactly(IndexOp::Min, a, b);
}

IndexId IndexArena::max(IndexId a, IndexId b) {
    if (as_const(a) && as_const(b)) return *as_const(a) < *as_const(b) ? b : a;
    if (const Range d = range_of(nodes_, vars_, difference(nodes_, a, b)); d.hi <= 0 || d.lo >= 0)
        return d.lo >= 0 ? a : b;
    if (compare(nodes_, a, b) < 0) std::swap(a, b);
    if (const IndexNode n = nodes_[a.v]; n.op == IndexOp::Max && as_const(n.b) && as_const(b))
        return max(n.a, max(n.b, b));
    if (const IndexNode n = nodes_[a.v]; n.op == IndexOp::Max && (n.a == b || n.b == b)) return a;
    return exactly(IndexOp::Max, a, b);
}

IndexId IndexArena::lt(IndexId a, IndexId b) {
    if (as_const(a) && as_const(b)) return constant(*as_const(a) < *as_const(b));
    Linear d = difference(nodes_, a, b);
    if (d.overflow) return exactly(IndexOp::Lt, a, b);
    const Range r = range_of(nodes_, vars_, d);
    if (r.hi < 0) return constant(1);
    if (r.lo >= 0) return constant(0);
    // g·x + k < 0 ⇔ x + floor(k / g) < 0
    if (const int64_t g = gcd_of_terms(d, 0); g > 1) {
        for (auto& t : d.terms) t.second /= g;
        d.constant = floor_div(d.constant, g);
    }
    const IndexId left = build(*this, d, Part::Positive);
    return exactly(IndexOp::Lt, left, build(*this, d, Part::Negative));
}

IndexId IndexArena::le(IndexId a, IndexId b) {
    if (as_const(a) && as_const(b)) return constant(*as_const(a) <= *as_const(b));
    // a ≤ b ⇔ a < b + 1
    const Linear d = difference(nodes_, a, b);
    if (d.overflow) return exactly(IndexOp::Le, a, b);
    return lt(a, add(b, constant(1)));
}

IndexId IndexArena::eq(IndexId a, IndexId b) {
    if (a == b) return constant(1);
    if (as_const(a) && as_const(b)) return constant(0);
    Linear d = difference(nodes_, a, b);
    if (d.overflow) return exactly(IndexOp::Eq, a, b);
    const Range r = range_of(nodes_, vars_, d);
    if (r.lo == 0 && r.hi == 0) return constant(1);
    if (r.lo > 0 || r.hi < 0) return constant(0);
    if (const int64_t g = gcd_of_terms(d, 0); g > 1) {
        if (d.constant % g != 0) return constant(0);
        for (auto& t : d.terms) t.second /= g;
        d.constant /= g;
    }
    if (d.terms.front().second < 0) {
        for (auto& t : d.terms) t.second = -t.second;
        d.constant = -d.constant;
    }
    const IndexId left = build(*this, d, Part::Positive);
    return exactly(IndexOp::Eq, left, build(*this, d, Part::Negative));
}

IndexId IndexArena::ne(IndexId a, IndexId b) { return logical_not(eq(a, b)); }

IndexId IndexArena::logical_and(IndexId a, IndexId b) {
    a = as_condition(*this, a), b = as_condition(*this, b);
    if (always_false(a) || always_false(b)) return constant(0);
    if (always_true(a)) return always_true(b) ? constant(1) : b;
    if (always_true(b) || a == b) return a;
    for (IndexId rest = a; nodes_[rest.v].op == IndexOp::And; rest = nodes_[rest.v].a)
        if (nodes_[rest.v].b == b || nodes_[rest.v].a == b) return a;
    if (const IndexNode n = nodes_[b.v]; n.op == IndexOp::And) return logical_and(logical_and(a, n.a), n.b);
    return exactly(IndexOp::And, a, b);
}

IndexId IndexArena::logical_or(IndexId a, IndexId b) {
    a = as_condition(*this, a), b = as_condition(*this, b);
    if (always_true(a) || always_true(b)) return constant(1);
    if (always_false(a)) return always_false(b) ? constant(0) : b;
    if (always_false(b) || a == b) return a;
    if (const IndexNode n = nodes_[b.v]; n.op == IndexOp::Or) return logical_or(logical_or(a, n.a), n.b);
    return exactly(IndexOp::Or, a, b);
}

IndexId IndexArena::logical_not(IndexId a) {
    if (always_true(a)) return constant(0);
    if (always_false(a)) return constant(1);
    const IndexNode n = nodes_[a.v];
    switch (n.op) {
        case IndexOp::Not: {
            const Range r = range_of(nodes_, vars_, n.a);
            if (r.lo >= 0 && r.hi <= 1) return n.a;
            break;
        }
        case IndexOp::Lt:
            return le(n.b, n.a);
        case IndexOp::Le:
            return lt(n.b, n.a);
        case IndexOp::Eq:
            return exactly(IndexOp::Ne, n.a, n.b);
        case IndexOp::Ne:
            return exactly(IndexOp::Eq, n.a, n.b);
        default:
            break;
    }
    return exactly(IndexOp::Not, a);
}

IndexId IndexArena::select(IndexId cond, IndexId then, IndexId otherwise) {
    if (then == otherwise || always_true(cond)) return then;
    if (always_false(cond)) return otherwise;
    if (nodes_[cond.v].op == IndexOp::Not) return select(nodes_[cond.v].a, otherwise, then);
    const Range r = range_of(nodes_, vars_, cond);
    if (r.lo >= 0 && r.hi <= 1) {
        if (as_const(then) == 1 && as_const(otherwise) == 0) return cond;
        if (as_const(then) == 0 && as_const(otherwise) == 1) return logical_not(cond);
    }
    return exactly(IndexOp::Select, cond, then, otherwise);
}

IndexId IndexArena::substitute(IndexId id, const IndexSubst& subst) {
    if (!id.valid() || subst.empty()) return id;
    std::unordered_map<IndexId, IndexId> done;
    const auto go = [&](auto&& self, IndexId i) -> IndexId {
        if (!i.valid()) return i;
        if (const auto found = done.find(i); found != done.end()) return found->second;
        const IndexNode n = nodes_[i.v];  // a copy: building may move the nodes
        IndexId out = i;
        if (n.op == IndexOp::Var) {
            if (const auto found = subst.find(n.var); found != subst.end()) out = found->second;
        } else if (n.op != IndexOp::Const) {
            const IndexId a = self(self, n.a), b = self(self, n.b), c = self(self, n.c);
            if (a != n.a || b != n.b || c != n.c) out = make(n.op, a, b, c);
        }
        done.emplace(i, out);
        return out;
    };
    return go(go, id);
}

IndexId IndexArena::make(IndexOp op, IndexId a, IndexId b, IndexId c) {
    switch (op) {
        case IndexOp::Const:
        case IndexOp::Var:
            return a;
        case IndexOp::Add:
            return add(a, b);
        case IndexOp::Mul:
            return mul(a, b);
        case IndexOp::FloorDiv:
            return floordiv(a, b);
        case IndexOp::FloorMod:
            return floormod(a, b);
        case IndexOp::Min:
            return min(a, b);
        case IndexOp::Max:
            return max(a, b);
        case IndexOp::Lt:
            return lt(a, b);
        case IndexOp::Le:
            return le(a, b);
        case IndexOp::Eq:
            return eq(a, b);
        case IndexOp::Ne:
            return ne(a, b);
        case IndexOp::And:
            return logical_and(a, b);
        case IndexOp::Or:
            return logical_or(a, b);
        case IndexOp::Not:
            return logical_not(a);
        case IndexOp::Select:
            return select(a, b, c);
    }
    return a;
}

}  // namespace tilelang_tt
