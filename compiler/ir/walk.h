// Walking and rewriting of any form, over the ops' own field lists: no pass spells out the fields of an op again.
//
//   each<IndexId>(op, f)     every T below op (a region, an op, a field, a launch), nested regions included, in order
//   each_def(op, f)          every value defined below op: results and region arguments
//   substitute(ctx, x, s)    variables replaced in every Index below x, those inside lanes included
#pragma once

#include <type_traits>
#include <unordered_map>

#include "compiler/ir/fields.h"

namespace tilelang_tt {

template <class T>
inline constexpr bool kIsVector = false;
template <class T>
inline constexpr bool kIsVector<std::vector<T>> = true;

// Calls f(part) for every part below x that is a T (mutable if x is); f may change it. ValueIds so reached are uses:
// what a Def or a region's args define is not among them.
template <class T, class X, class F>
void each(X& x, F&& f) {
    using Bare = std::remove_cvref_t<X>;
    if constexpr (std::is_same_v<Bare, T>) {
        f(x);
    } else if constexpr (kIsVector<Bare>) {
        for (auto& item : x) each<T>(item, f);
    } else if constexpr (std::is_same_v<Bare, Access>) {
        each<T>(x.ref, f), each<T>(x.offset, f), each<T>(x.extent, f);
    } else if constexpr (std::is_same_v<Bare, Ref>) {
        each<T>(x.tensor, f), each<T>(x.buffer, f);
    } else if constexpr (std::is_same_v<Bare, graph::Window>) {
        each<T>(x.tensor, f), each<T>(x.offset, f);
    } else if constexpr (std::is_same_v<Bare, graph::Operand>) {
        each<T>(x.value, f);
    } else if constexpr (std::is_same_v<Bare, tile::Store>) {
        each<T>(x.ref, f), each<T>(x.indices, f), each<T>(x.value, f), each<T>(x.cond, f);
    } else if constexpr (requires { x.ops; }) {
        for (auto& op : x.ops) each<T>(op, f);
    } else if constexpr (requires { x.v.index(); }) {
        std::visit([&](auto& o) { each<T>(o, f); }, x.v);
    } else if constexpr (!std::is_same_v<Bare, graph::Def> &&
                         requires { fields_of(x, [](std::string_view, auto&) {}); }) {
        fields_of(x, [&](std::string_view, auto& field) { each<T>(field, f); });
    }
}

// Calls f(op) for every op of a region, nested ones included, parents first.
template <class Region, class F>
    requires requires(Region& r) { r.ops; }
void each_op(Region& region, F&& f) {
    for (auto& op : region.ops) {
        f(op);
        std::visit(
            [&](auto& o) {
                fields_of(o, [&](std::string_view, auto& field) {
                    if constexpr (requires { field.ops; }) each_op(field, f);
                });
            },
            op.v);
    }
}

// Calls f(op) for every op of a region, nested ones included, that has no region of its own. f may replace the op by
// another of that kind.
template <class Region, class F>
void each_leaf(Region& region, F&& f) {
    each_op(region, [&](auto& op) {
        const bool nests = std::visit(
            [](auto& o) {
                bool found = false;
                fields_of(o, [&](std::string_view, auto& field) {
                    if constexpr (requires { field.ops; }) found = true;
                });
                return found;
            },
            op.v);
        if (!nests) f(op);
    });
}

// Calls f(ValueId&) for every value defined below x, in the order of the text.
template <class X, class F>
void each_def(X& x, F&& f) {
    using Bare = std::remove_cvref_t<X>;
    if constexpr (std::is_same_v<Bare, graph::Def>) {
        f(x.id);
    } else if constexpr (std::is_same_v<Bare, std::vector<graph::Def>>) {
        for (auto& def : x) f(def.id);
    } else if constexpr (std::is_same_v<Bare, graph::Region>) {
        for (auto& arg : x.args) f(arg);
        for (auto& op : x.ops) each_def(op, f);
    } else if constexpr (std::is_same_v<Bare, graph::Op>) {
        std::visit([&](auto& o) { each_def(o, f); }, x.v);
    } else if constexpr (requires { fields_of(x, [](std::string_view, auto&) {}); }) {
        fields_of(x, [&](std::string_view, auto& field) { each_def(field, f); });
    }
}

// A lane rebuilt with every index replaced by index(id) and every read by read(node), a LaneId.
template <class OnIndex, class OnRead>
LaneId rebuild_lane_reads(LaneArena& lanes, LaneId id, OnIndex&& index, OnRead&& read) {
    std::unordered_map<LaneId, LaneId> done;
    const auto go = [&](auto&& self, LaneId i) -> LaneId {
        if (!i.valid()) return i;
        if (const auto found = done.find(i); found != done.end()) return found->second;
        const LaneNode n = lanes.node(i);  // a copy: building may move the nodes
        LaneId out;
        switch (n.op) {
            case LaneOp::Const:
                out = i;
                break;
            case LaneOp::Index:
                out = lanes.index(n.dtype, index(n.index));
                break;
            case LaneOp::Bits:
                out = lanes.bits(n.dtype, index(n.index));
                break;
            case LaneOp::Read:
                out = read(n);
                break;
            case LaneOp::Apply: {
                const LaneId a = self(self, n.a), b = self(self, n.b), c = self(self, n.c);
                out = lanes.apply(n.fn, n.dtype, a, b, c);
                break;
            }
        }
        done.emplace(i, out);
        return out;
    };
    return go(go, id);
}

// A lane rebuilt with every index replaced by index(id) and every read's target by ref(r).
template <class OnIndex, class OnRef>
LaneId rebuild_lane(LaneArena& lanes, LaneId id, OnIndex&& index, OnRef&& ref) {
    return rebuild_lane_reads(lanes, id, index, [&](const LaneNode& n) {
        std::vector<IndexId> indices;
        for (const IndexId k : n.indices) indices.push_back(index(k));
        return lanes.read(n.dtype, ref(n.ref), std::move(indices));
    });
}

inline LaneId substitute(Context& ctx, LaneId id, const IndexSubst& subst) {
    return rebuild_lane(
        ctx.lanes, id, [&](IndexId i) { return ctx.index.substitute(i, subst); }, [](Ref r) { return r; });
}

// In place, in a region, an op or a field of one. Loop variables bound below x stay what they are.
template <class X>
void substitute(Context& ctx, X& x, const IndexSubst& subst) {
    each<IndexId>(x, [&](IndexId& id) { id = ctx.index.substitute(id, subst); });
    each<LaneId>(x, [&](LaneId& id) { id = substitute(ctx, id, subst); });
}

// Calls f(const LaneNode&) for every distinct node below id, operands first.
template <class F>
void each_lane_node(const LaneArena& lanes, LaneId id, F&& f) {
    std::unordered_map<LaneId, bool> seen;
    const auto go = [&](auto&& self, LaneId i) -> void {
        if (!i.valid() || seen[i]) return;
        seen[i] = true;
        const LaneNode& n = lanes.node(i);
        self(self, n.a), self(self, n.b), self(self, n.c);
        f(n);
    };
    go(go, id);
}

// Does any Index below x, those inside lanes included, use the variable?
template <class X>
bool uses(const Context& ctx, const X& x, VarId var) {
    bool any = false;
    const auto note = [&](IndexId id) { any = any || (id && ctx.index.uses(id, var)); };
    each<IndexId>(x, note);
    each<LaneId>(x, [&](LaneId id) {
        each_lane_node(ctx.lanes, id, [&](const LaneNode& node) {
            note(node.index);
            for (const IndexId i : node.indices) note(i);
        });
    });
    return any;
}

// The form with its arenas and values renumbered in the order of the text and what nothing uses dropped: two forms are
// the same program written the same way exactly when their compact forms are equal. The form must verify.
TileProgram compact(const TileProgram& program);
TileGraph compact(const TileGraph& graph);
TensixProgram compact(const TensixProgram& program);

}  // namespace tilelang_tt
