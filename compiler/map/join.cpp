#include "compiler/map/join.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "compiler/ir/walk.h"
#include "compiler/map/ownership.h"
#include "compiler/map/stores.h"

namespace tilelang_tt {
namespace {

class Join {
  public:
    Join(Context& ctx, const tile::Launch& first, const tile::Launch& second)
        : ctx_(ctx), index_(ctx.index), first_(first), second_(second) {}

    // second_in_front: the second launch's blocks come before the first's.
    std::optional<tile::Launch> run(bool second_in_front) {
        if (first_.grid.size() != 1 || second_.grid.size() != 1) return std::nullopt;
        const auto n = index_.as_const(first_.grid_extents[0]), m = index_.as_const(second_.grid_extents[0]);
        if (!n || !m || first_.body.ops.empty() || first_.body.ops.size() != second_.body.ops.size())
            return std::nullopt;
        const Var axis{index_.var(first_.grid[0]).name + "_both", VarKind::Grid, 0, *n + *m - 1};
        const VarId block = index_.new_var(axis);
        const IndexId at = index_.of(block), split = index_.constant(second_in_front ? *m : *n);
        const IndexId shifted = index_.sub(at, split);
        tile::Region x = first_.body, y = second_.body;
        substitute(ctx_, x, {{first_.grid[0], second_in_front ? shifted : at}});
        substitute(ctx_, y, {{second_.grid[0], second_in_front ? at : shifted}});
        const tile::Op last_x = std::move(x.ops.back()), last_y = std::move(y.ops.back());
        x.ops.pop_back(), y.ops.pop_back();
        if (!same(x, y)) return std::nullopt;
        auto store_x = store_to_tensor(ctx_, first_, last_x), store_y = store_to_tensor(ctx_, second_, last_y);
        if (!store_x || !store_y || !known(*store_y)) return std::nullopt;
        rename(*store_y);
        const tile::Map &front = second_in_front ? *store_y : *store_x, &behind = second_in_front ? *store_x : *store_y;
        auto store = choose_store(ctx_, index_.lt(at, split), front, behind);
        if (!store || !alone(x, *store)) return std::nullopt;
        tile::Launch out = first_;
        out.grid = {block};
        out.grid_extents = {index_.constant(*n + *m)};
        out.body = std::move(x);
        out.body.ops.push_back({std::move(*store), last_x.loc});
        std::vector<Diagnostic> shared;
        check_ownership(ctx_, out, shared);
        return shared.empty() ? std::optional(std::move(out)) : std::nullopt;
    }

  private:
    // ---- y's buffers and variables take the names of x's ----
    template <class X>
    std::vector<BufferId> buffers_of(const X& x) const {
        std::vector<BufferId> out;
        each<BufferId>(x, [&](BufferId id) { out.push_back(id); });
        each<LaneId>(x, [&](LaneId id) {
            each_lane_node(ctx_.lanes, id, [&](const LaneNode& node) {
                if (node.op == LaneOp::Read) out.push_back(node.ref.buffer);
            });
        });
        return out;
    }
    template <class X>
    bool unify(const X& x, const X& y) {
        const auto of_x = buffers_of(x), of_y = buffers_of(y);
        if (of_x.size() != of_y.size()) return false;
        for (size_t i = 0; i < of_x.size(); ++i) {
            if (of_x[i].valid() != of_y[i].valid()) return false;
            if (!of_x[i]) continue;
            const tile::Buffer &a = first_.buffers[of_x[i].v], &b = second_.buffers[of_y[i].v];
            if (a.dtype != b.dtype || a.shape != b.shape) return false;
            const auto [known, fresh] = names_.try_emplace(of_y[i], of_x[i]);
            if (known->second != of_x[i] || (fresh && !taken_.insert(of_x[i]).second)) return false;
        }
        return true;
    }
    bool known(const tile::Map& y) const {
        const auto buffers = buffers_of(y);
        return std::all_of(buffers.begin(), buffers.end(), [&](BufferId id) { return !id || names_.count(id); });
    }
    template <class X>
    void rename(X& y) {
        const auto to = [&](BufferId id) {
            const auto found = names_.find(id);
            return found == names_.end() ? id : found->second;
        };
        each<BufferId>(y, [&](BufferId& id) { id = to(id); });
        each<LaneId>(y, [&](LaneId& id) {
            id = rebuild_lane(
                ctx_.lanes, id, [](IndexId i) { return i; },
                [&](Ref ref) { return ref.is_tensor() ? ref : Ref{{}, to(ref.buffer)}; });
        });
    }
    bool same(tile::Region& x, tile::Region& y) {
        if (x.ops.size() != y.ops.size()) return false;
        for (size_t i = 0; i < x.ops.size(); ++i)
            if (!same(x.ops[i], y.ops[i])) return false;
        return true;
    }
    bool same(tile::Op& x, tile::Op& y) {
        if (x.v.index() != y.v.index()) return false;
        if (auto* loop = std::get_if<tile::For>(&x.v)) {
            auto& other = std::get<tile::For>(y.v);
            substitute(ctx_, other.body, {{other.var, index_.of(loop->var)}});
            return loop->begin == other.begin && loop->extent == other.extent && same(loop->body, other.body);
        }
        if (auto* branch = std::get_if<tile::If>(&x.v)) {
            auto& other = std::get<tile::If>(y.v);
            return branch->cond == other.cond && same(branch->then, other.then) &&
                   same(branch->otherwise, other.otherwise);
        }
        if (!unify(x, y)) return false;
        rename(y);
        auto* map = std::get_if<tile::Map>(&x.v);
        if (!map) return x.v == y.v;
        auto& other = std::get<tile::Map>(y.v);
        if (map->extents != other.extents || map->stores.size() != other.stores.size()) return false;
        IndexSubst lanes;
        for (size_t i = 0; i < map->vars.size(); ++i) lanes[other.vars[i]] = index_.of(map->vars[i]);
        substitute(ctx_, other.stores, lanes);
        for (size_t i = 0; i < map->stores.size(); ++i) {
            other.stores[i].loc = map->stores[i].loc;
            if (!(map->stores[i] == other.stores[i])) return false;
        }
        return true;
    }

    // Nothing else touches the tensor of the store, or writes any; the store reads it where it stores.
    bool alone(const tile::Region& body, const tile::Map& map) const {
        const tile::Store& store = map.stores[0];
        bool fits = true;
        each_op(body, [&](const tile::Op& op) {
            if (std::holds_alternative<tile::For>(op.v) || std::holds_alternative<tile::If>(op.v)) return;
            each<TensorId>(op, [&](TensorId id) { fits = fits && id != store.ref.tensor; });
            each<LaneId>(op, [&](LaneId id) {
                each_lane_node(ctx_.lanes, id, [&](const LaneNode& node) {
                    fits = fits && !(node.op == LaneOp::Read && node.ref == store.ref);
                });
            });
            fits = fits && !writes_tensor(op);
        });
        each_lane_node(ctx_.lanes, store.value, [&](const LaneNode& node) {
            if (node.op == LaneOp::Read && node.ref == store.ref) fits = fits && node.indices == store.indices;
        });
        return fits;
    }
    static bool writes_tensor(const tile::Op& op) {
        if (auto* copy = std::get_if<tile::Copy>(&op.v)) return copy->dst.ref.is_tensor();
        if (auto* fill = std::get_if<tile::Fill>(&op.v)) return fill->dst.ref.is_tensor();
        if (auto* gemm = std::get_if<tile::Gemm>(&op.v)) return gemm->c.ref.is_tensor();
        if (auto* reduce = std::get_if<tile::Reduce>(&op.v)) return reduce->dst.ref.is_tensor();
        if (auto* scan = std::get_if<tile::Scan>(&op.v)) return scan->dst.ref.is_tensor();
        auto* map = std::get_if<tile::Map>(&op.v);
        return map && std::any_of(map->stores.begin(), map->stores.end(),
                                  [](const tile::Store& store) { return store.ref.is_tensor(); });
    }

    Context& ctx_;
    IndexArena& index_;
    const tile::Launch &first_, &second_;
    std::map<BufferId, BufferId> names_;  // of the second launch → of the first
    std::set<BufferId> taken_;
};

}  // namespace

TileProgram join_launches(const TileProgram& program) {
    TileProgram out = program;
    for (size_t i = 0; i + 1 < out.launches.size();) {
        std::optional<tile::Launch> joined;
        for (const bool second_in_front : {false, true}) {
            Context trial = out.ctx;
            joined = Join(trial, out.launches[i], out.launches[i + 1]).run(second_in_front);
            if (!joined) continue;
            out.ctx = std::move(trial);
            break;
        }
        if (!joined) {
            ++i;
            continue;
        }
        out.remarks.push_back({Severity::Note,
                               "TT2095",
                               "the blocks of two parts of the kernel do the same but for what they store; all cores "
                               "share both",
                               {out.ctx.loc(joined->loc)},
                               {},
                               {},
                               {}});
        out.launches[i] = std::move(*joined);
        out.launches.erase(out.launches.begin() + static_cast<std::ptrdiff_t>(i) + 1);
    }
    return out;
}

}  // namespace tilelang_tt
