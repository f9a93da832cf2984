#include "compiler/ir/index_sum.h"

#include <algorithm>
#include <numeric>

namespace tilelang_tt::index_sums {
namespace {

Wide widen(Wide v) {
    if (v < kMin64) return -kInf;
    return v > kMax64 ? kInf : v;
}
Wide times(Wide a, Wide b) {
    if (a == 0 || b == 0) return 0;
    if (a == kInf || a == -kInf || b == kInf || b == -kInf) return (a < 0) == (b < 0) ? kInf : -kInf;
    return widen(a * b);
}
Wide divided(Wide a, Wide b) {
    if (a == kInf || a == -kInf) return b > 0 ? a : -a;
    if (b == kInf || b == -kInf) return a == 0 ? 0 : ((a < 0) == (b < 0) ? 0 : -1);
    return widen(floor_div(a, b));
}

// (x // c) * c k + (x % c) k → x k
void join_quotients(const std::vector<IndexNode>& nodes, Linear& sum) {
    for (size_t i = 0; i < sum.terms.size(); ++i) {
        const IndexNode& mod = nodes[sum.terms[i].first.v];
        if (mod.op != IndexOp::FloorMod || nodes[mod.b.v].op != IndexOp::Const) continue;
        for (size_t j = 0; j < sum.terms.size(); ++j) {
            const IndexNode& div = nodes[sum.terms[j].first.v];
            if (div.op != IndexOp::FloorDiv || div.a != mod.a || div.b != mod.b) continue;
            if (Wide(sum.terms[i].second) * nodes[mod.b.v].value != Wide(sum.terms[j].second)) continue;
            const int64_t factor = sum.terms[i].second;
            const IndexId whole = mod.a;
            sum.terms.erase(sum.terms.begin() + static_cast<std::ptrdiff_t>(std::max(i, j)));
            sum.terms.erase(sum.terms.begin() + static_cast<std::ptrdiff_t>(std::min(i, j)));
            decompose(nodes, whole, factor, sum);
            i = static_cast<size_t>(-1);  // the indices have moved: start again
            break;
        }
    }
}

}  // namespace

Range operator+(Range a, Range b) { return {widen(a.lo + b.lo), widen(a.hi + b.hi)}; }
Range operator*(Range a, Range b) {
    const Wide p[] = {times(a.lo, b.lo), times(a.lo, b.hi), times(a.hi, b.lo), times(a.hi, b.hi)};
    return {*std::min_element(p, p + 4), *std::max_element(p, p + 4)};
}

int compare(const std::vector<IndexNode>& nodes, IndexId a, IndexId b) {
    if (a == b) return 0;
    const IndexNode &x = nodes[a.v], &y = nodes[b.v];
    if (x.op != y.op) return x.op < y.op ? -1 : 1;
    if (x.value != y.value) return x.value < y.value ? -1 : 1;
    if (x.var != y.var) return x.var < y.var ? -1 : 1;
    for (auto [p, q] : {std::pair(x.a, y.a), std::pair(x.b, y.b), std::pair(x.c, y.c)}) {
        if (p == q) continue;
        if (!p.valid() || !q.valid()) return p.valid() ? 1 : -1;
        if (const int order = compare(nodes, p, q)) return order;
    }
    return 0;
}

void decompose(const std::vector<IndexNode>& nodes, IndexId id, int64_t factor, Linear& sum) {
    const IndexNode& n = nodes[id.v];
    const auto is_const = [&](IndexId i) { return nodes[i.v].op == IndexOp::Const; };
    if (n.op == IndexOp::Add) {
        decompose(nodes, n.a, factor, sum);
        decompose(nodes, n.b, factor, sum);
        return;
    }
    if (n.op == IndexOp::Mul && (is_const(n.a) || is_const(n.b))) {
        const IndexId scale = is_const(n.b) ? n.b : n.a;
        int64_t product = 0;
        if (__builtin_mul_overflow(factor, nodes[scale.v].value, &product))
            sum.overflow = true;
        else
            decompose(nodes, is_const(n.b) ? n.a : n.b, product, sum);
        return;
    }
    if (n.op == IndexOp::Const) {
        int64_t product = 0;
        sum.overflow |= __builtin_mul_overflow(factor, n.value, &product);
        sum.overflow |= __builtin_add_overflow(sum.constant, product, &sum.constant);
        return;
    }
    for (auto& [term, coefficient] : sum.terms)
        if (term == id) {
            sum.overflow |= __builtin_add_overflow(coefficient, factor, &coefficient);
            return;
        }
    sum.terms.emplace_back(id, factor);
}

void normalize(const std::vector<IndexNode>& nodes, Linear& sum) {
    const auto drop_zeros = [&] { std::erase_if(sum.terms, [](const auto& t) { return t.second == 0; }); };
    drop_zeros();
    join_quotients(nodes, sum);
    drop_zeros();
    sum.overflow |= !foldable(sum.constant);
    for (const auto& t : sum.terms) sum.overflow |= !foldable(t.second);
    std::sort(sum.terms.begin(), sum.terms.end(),
              [&](const auto& a, const auto& b) { return compare(nodes, a.first, b.first) < 0; });
}

Linear linear(const std::vector<IndexNode>& nodes, IndexId id, int64_t factor) {
    Linear sum;
    decompose(nodes, id, factor, sum);
    normalize(nodes, sum);
    return sum;
}

Linear difference(const std::vector<IndexNode>& nodes, IndexId a, IndexId b) {
    Linear sum;
    decompose(nodes, a, 1, sum);
    decompose(nodes, b, -1, sum);
    normalize(nodes, sum);
    return sum;
}

int64_t gcd_of_terms(const Linear& sum, int64_t with) {
    int64_t g = with;
    for (const auto& t : sum.terms) g = std::gcd(g, t.second);
    return g;
}

std::optional<Linear> take_small(const std::vector<IndexNode>& nodes, const std::vector<Var>& vars, Linear& sum,
                                 int64_t c) {
    for (const auto& candidate : sum.terms) {
        const int64_t g = std::gcd(candidate.second, c);
        if (g == 1) continue;
        Linear big, small;
        for (const auto& t : sum.terms) (t.second % g == 0 ? big : small).terms.push_back(t);
        if (small.terms.empty()) continue;
        big.constant = g * floor_div(sum.constant, g);
        small.constant = sum.constant - big.constant;
        if (const Range r = range_of(nodes, vars, small); r.lo < 0 || r.hi >= g) continue;
        sum = std::move(big);
        return small;
    }
    return std::nullopt;
}

Range range_of(const std::vector<IndexNode>& nodes, const std::vector<Var>& vars, IndexId id) {
    const IndexNode& n = nodes[id.v];
    const auto of = [&](IndexId i) { return range_of(nodes, vars, i); };
    switch (n.op) {
        case IndexOp::Const:
            return {n.value, n.value};
        case IndexOp::Var: {
            const Var& v = vars[n.var.v];
            return {v.lo ? Wide(*v.lo) : -kInf, v.hi ? Wide(*v.hi) : kInf};
        }
        case IndexOp::Add:
            return of(n.a) + of(n.b);
        case IndexOp::Mul: {
            const Range product = of(n.a) * of(n.b);
            return n.a == n.b ? Range{std::max(product.lo, Wide(0)), product.hi} : product;
        }
        case IndexOp::FloorDiv: {
            const Range a = of(n.a), b = of(n.b);
            if ((b.lo <= 0 && b.hi >= 0) || b.lo > b.hi) return {};  // a contradiction divides by anything
            const Wide q[] = {divided(a.lo, b.lo), divided(a.lo, b.hi), divided(a.hi, b.lo), divided(a.hi, b.hi)};
            return {*std::min_element(q, q + 4), *std::max_element(q, q + 4)};
        }
        case IndexOp::FloorMod: {
            const Range a = of(n.a), b = of(n.b);
            if (b.lo > 0) {
                if (a.lo >= 0 && a.hi < b.lo) return a;
                return {0, std::min(b.hi == kInf ? kInf : b.hi - 1, a.lo >= 0 ? a.hi : kInf)};
            }
            if (b.hi < 0) return {b.lo == -kInf ? -kInf : b.lo + 1, 0};
            return {};
        }
        case IndexOp::Min: {
            const Range a = of(n.a), b = of(n.b);
            return {std::min(a.lo, b.lo), std::min(a.hi, b.hi)};
        }
        case IndexOp::Max: {
            const Range a = of(n.a), b = of(n.b);
            return {std::max(a.lo, b.lo), std::max(a.hi, b.hi)};
        }
        case IndexOp::Select: {
            const Range b = of(n.b), c = of(n.c);
            return {std::min(b.lo, c.lo), std::max(b.hi, c.hi)};
        }
        case IndexOp::Lt:
        case IndexOp::Le:
        case IndexOp::Eq:
        case IndexOp::Ne:
        case IndexOp::And:
        case IndexOp::Or:
        case IndexOp::Not:
            return {0, 1};
    }
    return {};
}

Range range_of(const std::vector<IndexNode>& nodes, const std::vector<Var>& vars, const Linear& sum) {
    if (sum.overflow) return {};
    Range total{sum.constant, sum.constant};
    for (const auto& [term, factor] : sum.terms) total = total + range_of(nodes, vars, term) * Range{factor, factor};
    return total;
}

}  // namespace tilelang_tt::index_sums
