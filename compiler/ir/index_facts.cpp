// What is known of an index expression: bounds, divisibility, the variables that it uses, its value.
#include <algorithm>
#include <limits>
#include <numeric>

#include "compiler/ir/index_sum.h"

namespace tilelang_tt {

using namespace index_sums;

namespace {

// Pre-order over the distinct nodes below id; visit returns false to stop.
template <class Visit>
bool each_node(const IndexArena& arena, IndexId id, std::vector<bool>& seen, Visit&& visit) {
    if (!id.valid() || seen[id.v]) return true;
    seen[id.v] = true;
    const IndexNode& n = arena.node(id);
    if (!visit(n)) return false;
    return each_node(arena, n.a, seen, visit) && each_node(arena, n.b, seen, visit) &&
           each_node(arena, n.c, seen, visit);
}

}  // namespace

std::optional<int64_t> IndexArena::as_const(IndexId id) const {
    const IndexNode& n = nodes_[id.v];
    return n.op == IndexOp::Const ? std::optional(n.value) : std::nullopt;
}

Interval IndexArena::bounds(IndexId id) const {
    const Range r = range_of(nodes_, vars_, id);
    Interval out;
    if (fits(r.lo)) out.lo = static_cast<int64_t>(r.lo);
    if (fits(r.hi)) out.hi = static_cast<int64_t>(r.hi);
    return out;
}

bool IndexArena::divisible_by(IndexId id, int64_t divisor) const {
    if (divisor == 1 || divisor == -1) return true;
    if (divisor == 0 || divisor == std::numeric_limits<int64_t>::min()) return false;
    const IndexNode& n = nodes_[id.v];
    switch (n.op) {
        case IndexOp::Const:
            return n.value % divisor == 0;
        case IndexOp::Var:
            return vars_[n.var.v].lo && vars_[n.var.v].lo == vars_[n.var.v].hi && *vars_[n.var.v].lo % divisor == 0;
        case IndexOp::Add:
        case IndexOp::Min:
        case IndexOp::Max:
            return divisible_by(n.a, divisor) && divisible_by(n.b, divisor);
        case IndexOp::Mul: {
            const auto factor = as_const(n.b);
            if (factor) return *factor == 0 || divisible_by(n.a, divisor / std::gcd(divisor, *factor));
            return divisible_by(n.a, divisor) || divisible_by(n.b, divisor);
        }
        case IndexOp::FloorDiv: {
            int64_t product = 0;
            const auto by = as_const(n.b);
            return by && *by > 0 && !__builtin_mul_overflow(*by, divisor, &product) && divisible_by(n.a, product);
        }
        case IndexOp::FloorMod:
            return divisible_by(n.b, divisor) && divisible_by(n.a, divisor);
        case IndexOp::Select:
            return divisible_by(n.b, divisor) && divisible_by(n.c, divisor);
        default:
            return false;
    }
}

bool IndexArena::always_true(IndexId cond) const {
    const Range r = range_of(nodes_, vars_, cond);
    return r.lo > 0 || r.hi < 0;
}

bool IndexArena::always_false(IndexId cond) const {
    const Range r = range_of(nodes_, vars_, cond);
    return r.lo == 0 && r.hi == 0;
}

bool IndexArena::uses(IndexId id, VarId var) const {
    std::vector<bool> seen(nodes_.size());
    return !each_node(*this, id, seen, [&](const IndexNode& n) { return n.op != IndexOp::Var || n.var != var; });
}

std::vector<VarId> IndexArena::vars_of(IndexId id) const {
    std::vector<VarId> found;
    std::vector<bool> seen(nodes_.size());
    each_node(*this, id, seen, [&](const IndexNode& n) {
        if (n.op == IndexOp::Var) found.push_back(n.var);
        return true;
    });
    std::sort(found.begin(), found.end());
    return found;
}

std::optional<int64_t> IndexArena::linear_coefficient(IndexId id, VarId var) const {
    const Linear sum = linear(nodes_, id);
    if (sum.overflow) return std::nullopt;
    int64_t coefficient = 0;
    for (const auto& [term, factor] : sum.terms) {
        const IndexNode& n = nodes_[term.v];
        if (n.op == IndexOp::Var && n.var == var)
            coefficient = factor;
        else if (factor != 0 && uses(term, var))
            return std::nullopt;
    }
    return coefficient;
}

std::optional<int64_t> IndexArena::eval(IndexId id, const IndexEnv& env) const {
    return eval_with(id, [&](VarId var) -> std::optional<int64_t> {
        const auto found = env.find(var);
        return found == env.end() ? std::nullopt : std::optional(found->second);
    });
}

}  // namespace tilelang_tt
