// Index: int64 expressions over grid axes, loop variables, shape symbols and core arguments.
// Nodes are hash-consed in an arena and simplified when built, so that equal ids mean equal expressions (not the
// converse). Division and remainder are floored. Conditions are indices that are 0 or 1.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "compiler/ir/support.h"

namespace tilelang_tt {

enum class VarKind : uint8_t {
    Grid,     // an axis of T.Kernel: one value a block
    Loop,     // a serial, unrolled or pipelined loop
    Lane,     // an axis of T.Parallel
    Symbol,   // a symbolic dimension: known when the kernel is called
    CoreArg,  // differs per core: the first block of a core's share and the number of blocks
};

struct Var {
    std::string name;  // unique within its Context
    VarKind kind = VarKind::Loop;
    // Inclusive bounds, where known; set by whoever introduces the variable.
    std::optional<int64_t> lo, hi;
    friend bool operator==(const Var&, const Var&) = default;
};

enum class IndexOp : uint8_t {
    Const,
    Var,
    Add,
    Mul,
    FloorDiv,
    FloorMod,
    Min,
    Max,
    Lt,
    Le,
    Eq,
    Ne,
    And,
    Or,
    Not,
    Select
};

struct IndexNode {
    IndexOp op = IndexOp::Const;
    int64_t value = 0;  // Const
    VarId var;          // Var
    IndexId a, b, c;    // operands; Select: a ? b : c
    friend bool operator==(const IndexNode&, const IndexNode&) = default;
};

struct Interval {
    std::optional<int64_t> lo, hi;  // inclusive; nullopt: unbounded or unknown
};

using IndexEnv = std::unordered_map<VarId, int64_t>;
using IndexSubst = std::unordered_map<VarId, IndexId>;

class IndexArena {
  public:
    VarId new_var(Var var);  // makes the name unique by a numeric suffix if it is taken
    const Var& var(VarId id) const { return vars_[id.v]; }
    Var& var(VarId id) { return vars_[id.v]; }
    size_t num_vars() const { return vars_.size(); }
    std::optional<VarId> find_var(std::string_view name) const;

    const IndexNode& node(IndexId id) const { return nodes_[id.v]; }
    size_t num_nodes() const { return nodes_.size(); }

    IndexId constant(int64_t value);
    IndexId of(VarId var);
    IndexId add(IndexId a, IndexId b);
    IndexId sub(IndexId a, IndexId b);
    IndexId mul(IndexId a, IndexId b);
    IndexId floordiv(IndexId a, IndexId b);
    IndexId floormod(IndexId a, IndexId b);
    IndexId ceildiv(IndexId a, int64_t b);
    IndexId min(IndexId a, IndexId b);
    IndexId max(IndexId a, IndexId b);
    IndexId lt(IndexId a, IndexId b);
    IndexId le(IndexId a, IndexId b);
    IndexId eq(IndexId a, IndexId b);
    IndexId ne(IndexId a, IndexId b);
    IndexId logical_and(IndexId a, IndexId b);
    IndexId logical_or(IndexId a, IndexId b);
    IndexId logical_not(IndexId a);
    IndexId select(IndexId cond, IndexId then, IndexId otherwise);
    // op(a, b, c) simplified; op is not Const or Var
    IndexId make(IndexOp op, IndexId a, IndexId b = {}, IndexId c = {});
    // op(a, b, c) as it stands, without simplification: for readers of text. op is not Const or Var.
    IndexId exactly(IndexOp op, IndexId a, IndexId b = {}, IndexId c = {});

    // Facts. "Unknown" is an answer: a nullopt or false never means the opposite is true.
    std::optional<int64_t> as_const(IndexId id) const;
    Interval bounds(IndexId id) const;
    bool divisible_by(IndexId id, int64_t divisor) const;
    bool always_true(IndexId cond) const;
    bool always_false(IndexId cond) const;
    bool uses(IndexId id, VarId var) const;
    std::vector<VarId> vars_of(IndexId id) const;
    // coefficient of var if id is linear in it with a constant coefficient; nullopt otherwise
    std::optional<int64_t> linear_coefficient(IndexId id, VarId var) const;

    IndexId substitute(IndexId id, const IndexSubst& subst);
    // nullopt where a variable is missing from env or a divisor is zero
    std::optional<int64_t> eval(IndexId id, const IndexEnv& env) const;
    // the same with a function VarId → optional<int64_t>
    template <class Lookup>
    std::optional<int64_t> eval_with(IndexId id, const Lookup& lookup) const;

    friend bool operator==(const IndexArena& a, const IndexArena& b) {
        return a.vars_ == b.vars_ && a.nodes_ == b.nodes_;
    }

  private:
    IndexId intern(IndexNode node);
    std::vector<Var> vars_;
    std::vector<IndexNode> nodes_;
    std::unordered_map<size_t, std::vector<IndexId>> buckets_;
};

template <class Lookup>
std::optional<int64_t> IndexArena::eval_with(IndexId id, const Lookup& lookup) const {
    const IndexNode& n = nodes_[id.v];
    if (n.op == IndexOp::Const) return n.value;
    if (n.op == IndexOp::Var) return lookup(n.var);
    const std::optional<int64_t> a = eval_with(n.a, lookup);
    if (!a) return std::nullopt;
    if (n.op == IndexOp::Not) return *a == 0;
    if (n.op == IndexOp::Select) return eval_with(*a ? n.b : n.c, lookup);
    if (n.op == IndexOp::And && *a == 0) return 0;
    if (n.op == IndexOp::Or && *a != 0) return 1;
    const std::optional<int64_t> b = eval_with(n.b, lookup);
    if (!b) return std::nullopt;
    int64_t r = 0;
    switch (n.op) {
        case IndexOp::Add:
            return __builtin_add_overflow(*a, *b, &r) ? std::nullopt : std::optional(r);
        case IndexOp::Mul:
            return __builtin_mul_overflow(*a, *b, &r) ? std::nullopt : std::optional(r);
        case IndexOp::FloorDiv:
        case IndexOp::FloorMod: {
            if (*b == 0) return std::nullopt;
            if (*b == -1) {  // INT64_MIN / -1 traps
                if (n.op == IndexOp::FloorMod) return 0;
                return __builtin_sub_overflow(int64_t(0), *a, &r) ? std::nullopt : std::optional(r);
            }
            const int64_t rest = *a % *b;
            const bool down = rest != 0 && (rest < 0) != (*b < 0);
            return n.op == IndexOp::FloorDiv ? *a / *b - down : rest + (down ? *b : 0);
        }
        case IndexOp::Min:
            return *a < *b ? *a : *b;
        case IndexOp::Max:
            return *a < *b ? *b : *a;
        case IndexOp::Lt:
            return *a < *b;
        case IndexOp::Le:
            return *a <= *b;
        case IndexOp::Eq:
            return *a == *b;
        case IndexOp::Ne:
            return *a != *b;
        case IndexOp::And:
        case IndexOp::Or:
            return *b != 0;
        default:
            return std::nullopt;
    }
}

}  // namespace tilelang_tt
