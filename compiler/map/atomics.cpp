#include "compiler/map/atomics.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <unordered_set>

#include "compiler/ir/text.h"
#include "compiler/ir/walk.h"
#include "compiler/map/access.h"
#include "compiler/map/atomic_parts.h"
#include "compiler/map/ownership.h"

namespace tilelang_tt {
namespace {

using tensix::TileFn;
using tile::Combine;

bool any_atomic(const tile::Map& map) {
    return std::any_of(map.stores.begin(), map.stores.end(),
                       [](const tile::Store& store) { return store.combine != Combine::None; });
}

// The one atomic store of a body on its own (Lowering::isolate), nullptr where there is none.
tile::Store* atomic_of(tile::Op& op) {
    auto* map = std::get_if<tile::Map>(&op.v);
    return map && any_atomic(*map) ? &map->stores[0] : nullptr;
}

TileFn combine_fn(Combine combine) {
    return combine == Combine::Add ? TileFn::Add : combine == Combine::Max ? TileFn::Max : TileFn::Min;
}
tensix::ReduceFn reduce_fn(Combine combine) {
    return combine == Combine::Add   ? tensix::ReduceFn::Sum
           : combine == Combine::Max ? tensix::ReduceFn::Max
                                     : tensix::ReduceFn::Min;
}

std::string_view user_name(Combine combine) {
    return combine == Combine::Add ? "T.atomic_add" : combine == Combine::Max ? "T.atomic_max" : "T.atomic_min";
}

// Contributions are combined in fp32 where the tensor is narrower, and rounded once.
DType work_dtype(DType dtype) { return is_float(dtype) ? DType::F32 : dtype; }

class Lowering {
  public:
    Lowering(TileProgram& program, tile::Launch& launch, const Target& target, std::vector<Diagnostic>& errors)
        : program_(program),
          ctx_(program.ctx),
          index_(program.ctx.index),
          launch_(launch),
          target_(target),
          errors_(errors) {}

    void run() {
        bool any = false;
        each_op(launch_.body, [&](const tile::Op& op) {
            auto* map = std::get_if<tile::Map>(&op.v);
            any = any || (map && any_atomic(*map));
        });
        if (!any) return;
        isolate(launch_.body);
        cut_axes();
        in_series();
        uses_.assign(launch_.buffers.size(), 0);
        each_op(launch_.body, [&](const tile::Op& op) {
            for (size_t b = 0; b < uses_.size(); ++b) uses_[b] += touches(op, BufferId(b));
        });
        lift(launch_.body);
        check_others();
        std::vector<tile::Op*> around;
        realize(launch_.body, around);
        check_owners();
    }

    // Launches that add up what blocks have stored apart, to follow this one.
    std::vector<tile::Launch> take_sums() { return std::move(sums_); }

  private:
    void refuse(LocId loc, std::string message, std::string fix) {
        Diagnostic d;
        d.code = "TT2020";
        d.message = std::move(message);
        if (loc) d.where.push_back(ctx_.loc(loc));
        d.fix = std::move(fix);
        if (std::find(errors_.begin(), errors_.end(), d) == errors_.end()) errors_.push_back(std::move(d));
    }
    DType dtype(Ref ref) const {
        return ref.is_tensor() ? ctx_.tensor(ref.tensor).dtype : launch_.buffers[ref.buffer.v].dtype;
    }
    const std::string& name(Ref ref) const {
        return ref.is_tensor() ? ctx_.tensor(ref.tensor).name : launch_.buffers[ref.buffer.v].name;
    }
    LaneId cast(LaneId value, DType to) {
        return ctx_.lanes.node(value).dtype == to ? value : ctx_.lanes.apply(TileFn::Cast, to, value);
    }
    LaneId combined(Combine combine, DType type, LaneId a, LaneId b) {
        return ctx_.lanes.apply(combine_fn(combine), type, a, b);
    }
    // The value before the rounding to a narrower tensor.
    LaneId unrounded(LaneId value, DType work) {
        const LaneNode node = ctx_.lanes.node(value);
        const bool rounds = node.op == LaneOp::Apply && node.fn == TileFn::Cast && node.dtype != work;
        return cast(rounds && ctx_.lanes.node(node.a).dtype == work ? node.a : value, work);
    }
    bool uses(const std::vector<IndexId>& indices, VarId var) const {
        return std::any_of(indices.begin(), indices.end(), [&](IndexId id) { return index_.uses(id, var); });
    }
    // A buffer with an element for each of the lanes.
    Ref new_buffer(const std::string& like, DType type, const std::vector<int64_t>& extents, LocId loc) {
        std::string name = like;
        for (int suffix = 1; std::any_of(launch_.buffers.begin(), launch_.buffers.end(),
                                         [&](const tile::Buffer& b) { return b.name == name; });
             ++suffix)
            name = like + "_" + std::to_string(suffix);
        launch_.buffers.push_back(
            {name, type, extents.empty() ? std::vector<int64_t>{1} : extents, tile::Scope::Fragment, loc});
        return {{}, BufferId(launch_.buffers.size() - 1)};
    }
    Access whole(Ref buffer) {
        Access access{buffer, {}, {}};
        for (const int64_t n : launch_.buffers[buffer.buffer.v].shape) {
            access.offset.push_back(index_.constant(0));
            access.extent.push_back(index_.constant(n));
        }
        return access;
    }

    // The lanes that the indices use, in the order of the dimensions, and those that they do not.
    struct Lanes {
        std::vector<VarId> used, others;
    };
    Lanes lanes_of(const tile::Map& map) {
        Lanes lanes;
        const tile::Store& store = map.stores[0];
        for (const IndexId id : store.indices)
            for (const VarId var : map.vars)
                if (lane_extent(index_, map, var) != 1 && index_.uses(id, var) &&
                    std::find(lanes.used.begin(), lanes.used.end(), var) == lanes.used.end())
                    lanes.used.push_back(var);
        for (const VarId var : map.vars)
            if (lane_extent(index_, map, var) != 1 &&
                std::find(lanes.used.begin(), lanes.used.end(), var) == lanes.used.end())
                lanes.others.push_back(var);
        return lanes;
    }
    std::vector<IndexId> as_indices(const std::vector<VarId>& lanes) {
        std::vector<IndexId> out;
        for (const VarId var : lanes) out.push_back(index_.of(var));
        if (out.empty()) out.push_back(index_.constant(0));
        return out;
    }
    std::vector<int64_t> extents_of(const tile::Map& map, const std::vector<VarId>& lanes) {
        std::vector<int64_t> out;
        for (const VarId var : lanes) out.push_back(lane_extent(index_, map, var).value_or(1));
        return out;
    }
    // A body of that store over those lanes of `map`.
    tile::Map over(const tile::Map& map, const std::vector<VarId>& lanes, tile::Store store) {
        tile::Map out;
        for (const VarId var : lanes) {
            out.vars.push_back(var);
            out.extents.push_back(index_.constant(*lane_extent(index_, map, var)));
        }
        if (out.vars.empty()) {
            out.vars.push_back(index_.new_var({"one", VarKind::Lane, 0, 0}));
            out.extents.push_back(index_.constant(1));
        }
        // Lanes of extent 1 are 0.
        IndexSubst at_zero;
        for (const VarId var : map.vars)
            if (lane_extent(index_, map, var) == 1) at_zero[var] = index_.constant(0);
        for (IndexId& id : store.indices) id = index_.substitute(id, at_zero);
        store.value = substitute(ctx_, store.value, at_zero);
        if (store.cond) store.cond = index_.substitute(store.cond, at_zero);
        out.stores.push_back(std::move(store));
        return out;
    }

    // ---- each atomic store alone in its T.Parallel, with every lane in its indices, and to a tensor ----
    void isolate(tile::Region& region) {
        std::vector<tile::Op> out;
        for (tile::Op& op : region.ops) {
            if (auto* loop = std::get_if<tile::For>(&op.v)) isolate(loop->body);
            if (auto* branch = std::get_if<tile::If>(&op.v)) isolate(branch->then), isolate(branch->otherwise);
            auto* map = std::get_if<tile::Map>(&op.v);
            if (!map || !any_atomic(*map)) {
                out.push_back(std::move(op));
                continue;
            }
            tile::Map plain{map->vars, map->extents, {}};
            const auto flush = [&] {
                if (!plain.stores.empty()) out.push_back({plain, op.loc});
                plain.stores.clear();
            };
            for (tile::Store& store : map->stores) {
                if (store.combine == Combine::None) {
                    plain.stores.push_back(store);
                    continue;
                }
                flush();
                isolate({map->vars, map->extents, {store}}, store.loc ? store.loc : op.loc, out);
            }
            flush();
        }
        region.ops = std::move(out);
    }

    void isolate(tile::Map map, LocId loc, std::vector<tile::Op>& out) {
        tile::Store& store = map.stores[0];
        if (store.ref.is_tensor() && store.cond &&
            implied_in_bounds(index_, store.cond, ctx_.tensor(store.ref.tensor), store.indices))
            store.cond = {};
        Lanes lanes = lanes_of(map);
        if (!lanes.others.empty()) return reduce(map, lanes, loc, out);
        if (store.ref.is_tensor()) {
            out.push_back({over(map, lanes.used, store), loc});
            return;
        }
        // Lanes of one block on a buffer of its own: each has its element.
        const DType type = dtype(store.ref);
        const LaneId old = ctx_.lanes.read(type, store.ref, store.indices);
        store.value = combined(store.combine, type, old, store.value);
        store.combine = Combine::None;
        out.push_back({std::move(map), loc});
    }

    // Lanes that the target does not tell apart are reduced first.
    void reduce(const tile::Map& map, Lanes& lanes, LocId loc, std::vector<tile::Op>& out) {
        const tile::Store& store = map.stores[0];
        const DType work = work_dtype(dtype(store.ref));
        // More than two dimensions: a loop over one of them.
        if (lanes.used.size() + lanes.others.size() > 2 && !lanes.others.empty()) {
            const VarId lane = lanes.others.front();
            const int64_t extent = *lane_extent(index_, map, lane);
            tile::For loop;
            loop.var = index_.new_var({index_.var(lane).name, VarKind::Loop, 0, extent - 1});
            loop.begin = index_.constant(0);
            loop.extent = index_.constant(extent);
            const IndexSubst subst{{lane, index_.of(loop.var)}};
            tile::Map inner{{}, {}, {store}};
            for (size_t i = 0; i < map.vars.size(); ++i)
                if (map.vars[i] != lane) inner.vars.push_back(map.vars[i]), inner.extents.push_back(map.extents[i]);
            tile::Store& s = inner.stores[0];
            s.value = substitute(ctx_, s.value, subst);
            if (s.cond) s.cond = index_.substitute(s.cond, subst);
            isolate(std::move(inner), loc, loop.body.ops);
            out.push_back({std::move(loop), loc});
            return;
        }
        // In the order of the T.Parallel, as its operands lie.
        std::vector<VarId> all;
        for (const VarId var : map.vars)
            if (std::find(lanes.used.begin(), lanes.used.end(), var) != lanes.used.end() ||
                std::find(lanes.others.begin(), lanes.others.end(), var) != lanes.others.end())
                all.push_back(var);
        LaneId value = unrounded(store.value, work);
        if (store.cond)
            value = ctx_.lanes.apply(TileFn::Select, work, ctx_.lanes.index(DType::Bool, store.cond), value,
                                     ctx_.lanes.constant(work, tile::identity_of(store.combine, work)));
        Ref from = new_buffer(name(store.ref) + "_lanes", work, extents_of(map, all), loc);
        out.push_back({over(map, all, {from, as_indices(all), value, {}, loc}), loc});
        while (!lanes.others.empty()) {
            const auto at = std::find(all.begin(), all.end(), lanes.others.back());
            const int64_t dim = at - all.begin();
            all.erase(at);
            lanes.others.pop_back();
            const Ref to = new_buffer(name(store.ref) + "_part", work, extents_of(map, all), loc);
            out.push_back({tile::Reduce{reduce_fn(store.combine), whole(from), whole(to), dim, true}, loc});
            from = to;
        }
        tile::Store rest = store;
        rest.cond = {};
        rest.value = cast(ctx_.lanes.read(work, from, as_indices(all)), dtype(store.ref));
        isolate(over(map, lanes.used, std::move(rest)), loc, out);
    }

    // ---- blocks that contribute to the same elements: a loop around the block, or apart ----
    void in_series() {
        std::vector<const tile::Store*> atomics;
        each_op(launch_.body, [&](tile::Op& op) {
            if (const tile::Store* store = atomic_of(op)) atomics.push_back(store);
        });
        if (atomics.empty() || turns_away(launch_.body, {})) return;
        std::vector<size_t> axes;  // that no target depends on
        for (size_t axis = 0; axis < launch_.grid.size(); ++axis)
            if (index_.as_const(launch_.grid_extents[axis]) != 1 &&
                std::none_of(atomics.begin(), atomics.end(),
                             [&](const tile::Store* store) { return uses(store->indices, launch_.grid[axis]); }))
                axes.push_back(axis);
        if (axes.empty()) return;
        const auto [apart, parts] = choose_parts(ctx_, launch_, axes, target_);
        for (size_t i = axes.size(); i-- > 0;) {
            const size_t axis = axes[i];
            const VarId block = launch_.grid[axis];
            const IndexId extent = launch_.grid_extents[axis];
            const std::string name = index_.var(block).name;
            // That axis keeps so many parts, each a loop over its share.
            const int64_t kept = axis == apart ? parts : 1;
            const auto count = index_.as_const(extent);
            if (kept > 1 && count == kept) continue;
            const IndexId share = kept > 1 ? index_.constant(*count / kept) : extent;
            index_.var(block).kind = VarKind::Loop;
            tile::For loop;
            loop.var = block;
            loop.begin = index_.constant(0);
            loop.extent = share;
            loop.body = std::move(launch_.body);
            if (kept > 1) {
                launch_.grid[axis] = index_.new_var({name + "_part", VarKind::Grid, 0, kept - 1});
                launch_.grid_extents[axis] = index_.constant(kept);
                loop.begin = index_.mul(index_.of(launch_.grid[axis]), share);
            } else {
                launch_.grid.erase(launch_.grid.begin() + static_cast<std::ptrdiff_t>(axis));
                launch_.grid_extents.erase(launch_.grid_extents.begin() + static_cast<std::ptrdiff_t>(axis));
            }
            launch_.body = {};
            launch_.body.ops.push_back({std::move(loop), launch_.loc});
            remark("blocks that differ in `" + name + "` contribute to the same elements; one core computes " +
                   (kept > 1 ? std::to_string(*count / kept) : "them") + (kept > 1 ? " of them" : "") +
                   " one after the other and stores their result once");
        }
        if (launch_.grid.empty()) one_block(launch_);
    }
    // An axis that targets depend on by `axis // g` alone, as of grouped heads, is two: g blocks contribute to the
    // same.
    void cut_axes() {
        for (size_t axis = 0; axis < launch_.grid.size(); ++axis) {
            const VarId block = launch_.grid[axis];
            const auto extent = index_.as_const(launch_.grid_extents[axis]);
            std::optional<int64_t> group;
            bool alone = extent.has_value();
            const auto visit = [&](auto&& self, IndexId id) -> void {
                if (!id || !index_.uses(id, block)) return;
                const IndexNode node = index_.node(id);
                const auto g = node.op == IndexOp::FloorDiv ? index_.as_const(node.b) : std::nullopt;
                if (g && node.a == index_.of(block)) {
                    alone = alone && (!group || group == g);
                    group = g;
                    return;
                }
                alone = alone && node.op != IndexOp::Var;
                self(self, node.a), self(self, node.b), self(self, node.c);
            };
            each_op(launch_.body, [&](tile::Op& op) {
                if (const tile::Store* store = atomic_of(op))
                    for (const IndexId id : store->indices) visit(visit, id);
            });
            if (!alone || !group || *group < 2 || *group >= *extent || *extent % *group != 0) continue;
            const std::string name = index_.var(block).name;
            const VarId one = index_.new_var({name + "_one", VarKind::Grid, 0, *group - 1});
            const VarId many = index_.new_var({name + "_group", VarKind::Grid, 0, *extent / *group - 1});
            substitute(ctx_, launch_.body,
                       {{block, index_.add(index_.mul(index_.of(many), index_.constant(*group)), index_.of(one))}});
            const auto at = static_cast<std::ptrdiff_t>(axis);
            launch_.grid[axis] = one;
            launch_.grid_extents[axis] = index_.constant(*group);
            launch_.grid.insert(launch_.grid.begin() + at + 1, many);
            launch_.grid_extents.insert(launch_.grid_extents.begin() + at + 1, index_.constant(*extent / *group));
            ++axis;
        }
    }

    void remark(std::string message) {
        program_.remarks.push_back({Severity::Note, "TT2091", std::move(message), {ctx_.loc(launch_.loc)}, {}, {}, {}});
    }
    void one_block(tile::Launch& launch) {
        launch.grid.push_back(index_.new_var({"block", VarKind::Grid, 0, 0}));
        launch.grid_extents.push_back(index_.constant(1));
    }
    // Is there an atomic in a loop that changes its target? Then a loop around that would come back to each element.
    bool turns_away(const tile::Region& region, std::vector<VarId> loops) {
        return std::any_of(region.ops.begin(), region.ops.end(), [&](const tile::Op& op) {
            if (auto* loop = std::get_if<tile::For>(&op.v)) {
                std::vector<VarId> inner = loops;
                inner.push_back(loop->var);
                return turns_away(loop->body, std::move(inner));
            }
            if (auto* branch = std::get_if<tile::If>(&op.v))
                return turns_away(branch->then, loops) || turns_away(branch->otherwise, loops);
            auto* map = std::get_if<tile::Map>(&op.v);
            return map && any_atomic(*map) && std::any_of(loops.begin(), loops.end(), [&](VarId var) {
                       return uses(map->stores[0].indices, var);
                   });
        });
    }

    // ---- contributions of a loop's iterations to the same elements: combined in a buffer, joined after the loop ----
    void lift(tile::Region& region) {
        std::vector<tile::Op> out;
        for (tile::Op& op : region.ops) {
            if (auto* branch = std::get_if<tile::If>(&op.v)) lift(branch->then), lift(branch->otherwise);
            auto* loop = std::get_if<tile::For>(&op.v);
            if (!loop) {
                out.push_back(std::move(op));
                continue;
            }
            lift(loop->body);
            std::vector<tile::Op> after;
            accumulate(loop->body, loop->var, out, after);
            out.push_back(std::move(op));
            std::move(after.begin(), after.end(), std::back_inserter(out));
        }
        region.ops = std::move(out);
    }

    // The buffer that `op`, an atomic sum in `body`, adds whole, if in each iteration the buffer starts at 0 and is
    // then only added to by T.gemm: the products of all iterations may be added up in it.
    std::optional<BufferId> own_sum(const tile::Region& body, const tile::Op& op, DType work) {
        const tile::Map& map = std::get<tile::Map>(op.v);
        const tile::Store& store = map.stores[0];
        LaneNode value = ctx_.lanes.node(store.value);
        while (value.op == LaneOp::Apply && value.fn == TileFn::Cast) value = ctx_.lanes.node(value.a);
        if (store.combine != Combine::Add || store.cond || value.op != LaneOp::Read || value.ref.is_tensor() ||
            dtype(value.ref) != work || work != DType::F32)
            return std::nullopt;
        const BufferId buffer = value.ref.buffer;
        if (buffer.v >= uses_.size()) return std::nullopt;  // a sum made here
        const auto& shape = launch_.buffers[buffer.v].shape;
        for (size_t d = 0; d < shape.size(); ++d) {
            const VarId lane =
                index_.node(value.indices[d]).op == IndexOp::Var ? index_.node(value.indices[d]).var : VarId();
            const bool all = lane ? lane_extent(index_, map, lane) == shape[d]
                                  : shape[d] == 1 && fixed_value(index_, value.indices[d]) == 0;
            if (!all) return std::nullopt;
        }
        int clears = 0;
        bool cleared_first = false, fits = true;
        size_t inside = 0;
        each_op(body, [&](const tile::Op& other) {
            if (!touches(other, buffer)) return;
            ++inside;
            if (&other == &op) return;
            const bool top = &other >= body.ops.data() && &other < body.ops.data() + body.ops.size();
            auto* fill = std::get_if<tile::Fill>(&other.v);
            auto* gemm = std::get_if<tile::Gemm>(&other.v);
            if (fill && top && fill->value == 0 && inside == 1 && &other < &op && fill->dst == whole(fill->dst.ref))
                ++clears, cleared_first = true;
            else
                fits = fits && gemm && !gemm->clear && cleared_first && gemm->a.ref.buffer != buffer &&
                       gemm->b.ref.buffer != buffer;
        });
        return fits && clears == 1 && inside == uses_[buffer.v] ? std::optional(buffer) : std::nullopt;
    }
    bool touches(const tile::Op& op, BufferId buffer) const {
        bool found = false;
        if (std::holds_alternative<tile::For>(op.v) || std::holds_alternative<tile::If>(op.v)) return found;
        each<BufferId>(op, [&](BufferId id) { found = found || id == buffer; });
        each<LaneId>(op, [&](LaneId id) {
            for_each_read(ctx_.lanes, id, [&](const LaneNode& read) { found = found || read.ref.buffer == buffer; });
        });
        return found;
    }

    // In the body of loop `var`, branches included but not the loops inside it.
    void accumulate(tile::Region& body, VarId var, std::vector<tile::Op>& before, std::vector<tile::Op>& after) {
        for (tile::Op& op : body.ops) {
            if (auto* branch = std::get_if<tile::If>(&op.v)) {
                accumulate(branch->then, var, before, after);
                accumulate(branch->otherwise, var, before, after);
            }
            const tile::Store* found = atomic_of(op);
            if (!found || uses(found->indices, var)) continue;
            tile::Map& map = std::get<tile::Map>(op.v);
            tile::Store& store = map.stores[0];
            const DType type = dtype(store.ref), work = work_dtype(type);
            const Lanes lanes = lanes_of(map);
            if (const auto accumulator = own_sum(body, op, work)) {
                // T.gemm's accumulator goes on through the loop.
                const auto clears = [&](const tile::Op& other) {
                    auto* fill = std::get_if<tile::Fill>(&other.v);
                    return fill && fill->dst.ref.buffer == *accumulator;
                };
                before.push_back({tile::Fill{whole({{}, *accumulator}), 0}, op.loc});
                after.push_back(std::move(op));
                body.ops.erase(body.ops.begin() + (&op - body.ops.data()));
                std::erase_if(body.ops, clears);
                return accumulate(body, var, before, after);
            }
            const Ref sum = new_buffer(name(store.ref) + "_sum", work, extents_of(map, lanes.used), op.loc);
            const std::vector<IndexId> at = as_indices(lanes.used);
            tile::Store joined = store;
            joined.cond = {};
            joined.value = cast(ctx_.lanes.read(work, sum, at), type);
            after.push_back({over(map, lanes.used, std::move(joined)), op.loc});
            before.push_back({tile::Fill{whole(sum), tile::identity_of(store.combine, work)}, op.loc});
            store.value = combined(store.combine, work, ctx_.lanes.read(work, sum, at), unrounded(store.value, work));
            store.ref = sum;
            store.indices = at;
            store.combine = Combine::None;
        }
    }

    // ---- what is left is made by one block, for elements that it alone reaches ----
    // The tensor is the atomics' own: what else reads or stores it would meet contributions in an unknown order.
    void check_others() {
        std::unordered_set<TensorId> targets;
        each_op(launch_.body, [&](tile::Op& op) {
            if (const tile::Store* store = atomic_of(op)) targets.insert(store->ref.tensor);
        });
        each_op(launch_.body, [&](tile::Op& op) {
            if (std::holds_alternative<tile::For>(op.v) || std::holds_alternative<tile::If>(op.v)) return;
            const bool atomic = atomic_of(op);
            const auto check = [&](TensorId id) {
                if (targets.count(id))
                    refuse(op.loc,
                           "`" + ctx_.tensor(id).name +
                               "` is read or stored by the kernel that also changes it by atomics; nothing orders the "
                               "two",
                           "use a second T.Kernel");
            };
            each<TensorId>(op, [&](TensorId id) {
                if (id && !atomic) check(id);
            });
            each<LaneId>(op, [&](LaneId id) {
                for_each_read(ctx_.lanes, id, [&](const LaneNode& read) {
                    if (read.ref.is_tensor()) check(read.ref.tensor);
                });
            });
        });
    }

    // around: the loops and branches.
    void realize(tile::Region& region, std::vector<tile::Op*>& around) {
        std::vector<tile::Op> out;
        for (tile::Op& op : region.ops) {
            around.push_back(&op);
            if (auto* branch = std::get_if<tile::If>(&op.v)) {
                realize(branch->then, around);
                realize(branch->otherwise, around);
            } else if (auto* loop = std::get_if<tile::For>(&op.v)) {
                realize(loop->body, around);
            }
            around.pop_back();
            if (tile::Store* store = atomic_of(op)) {
                auto& map = std::get<tile::Map>(op.v);
                for (const tile::Op* outer : around)
                    if (auto* loop = std::get_if<tile::For>(&outer->v); loop && !moves(*loop, map))
                        refuse_loop(*store, *loop, op.loc);
                const std::vector<size_t> apart = unused_axes(*store);
                if (apart.empty())
                    in_place(*store);
                else
                    in_workspace(map, apart, around, op);
            }
            if (const auto starts = before_.find(&op); starts != before_.end())
                std::move(starts->second.begin(), starts->second.end(), std::back_inserter(out));
            out.push_back(std::move(op));
        }
        region.ops = std::move(out);
    }
    // What is stored in place must be one block's. Where it is not, the target depends on the block in a way that this
    // pass does not take apart.
    void check_owners() {
        std::vector<Diagnostic> shared;
        if (!in_place_.empty() && errors_.empty()) check_ownership(ctx_, launch_, shared);
        for (const Diagnostic& found : shared)
            for (const auto& [name, user] : in_place_)
                if (found.message.find("`" + name + "`") != std::string::npos) {
                    Diagnostic d = found;
                    d.code = "TT2020";
                    d.message = user + " on `" + name +
                                "`: which blocks contribute to an element is computed from the block's number, as in "
                                "stream-K, and the sum cannot be taken apart along an axis of the grid";
                    d.fix =
                        "split the sum along a grid axis of its own (split-K): all blocks that differ in it then add "
                        "to the same elements";
                    errors_.push_back(std::move(d));
                    break;
                }
    }
    std::vector<size_t> unused_axes(const tile::Store& store) {
        std::vector<size_t> axes;
        for (size_t axis = 0; axis < launch_.grid.size(); ++axis)
            if (index_.as_const(launch_.grid_extents[axis]) != 1 && !uses(store.indices, launch_.grid[axis]))
                axes.push_back(axis);
        return axes;
    }
    void in_place(tile::Store& store) {
        in_place_.emplace_back(name(store.ref), user_name(store.combine));
        const DType type = dtype(store.ref), work = work_dtype(type);
        const LaneId old = cast(ctx_.lanes.read(type, store.ref, store.indices), work);
        store.value = cast(combined(store.combine, work, old, unrounded(store.value, work)), type);
        store.combine = Combine::None;
    }

    // Blocks that differ in the axes `apart` store their contributions apart, in a workspace of the tensor's shape for
    // each of them; a launch after this one combines those and joins them to the tensor.
    void in_workspace(tile::Map& map, const std::vector<size_t>& apart, const std::vector<tile::Op*>& around,
                      const tile::Op& op) {
        const LocId loc = op.loc;
        tile::Store& store = map.stores[0];
        const Tensor& tensor = ctx_.tensor(store.ref.tensor);
        const DType work = work_dtype(tensor.dtype);
        Tensor parts;
        parts.name = tensor.name + "_parts";
        for (int suffix = 1; std::any_of(ctx_.tensors.begin(), ctx_.tensors.end(),
                                         [&](const Tensor& t) { return t.name == parts.name; });
             ++suffix)
            parts.name = tensor.name + "_parts_" + std::to_string(suffix);
        parts.dtype = work;
        parts.read = parts.written = true;
        parts.loc = tensor.loc;
        std::vector<IndexId> indices;
        std::string axes;
        for (const size_t axis : apart) {
            parts.shape.push_back(launch_.grid_extents[axis]);
            indices.push_back(index_.of(launch_.grid[axis]));
            axes += (axes.empty() ? "`" : ", `") + index_.var(launch_.grid[axis]).name + "`";
        }
        parts.shape.insert(parts.shape.end(), tensor.shape.begin(), tensor.shape.end());
        indices.insert(indices.end(), store.indices.begin(), store.indices.end());
        remark("blocks that differ in " + axes + " contribute to the same elements of `" + tensor.name +
               "`: each stores its part to a workspace, and a second launch combines the parts");
        const Ref workspace{TensorId(ctx_.tensors.size()), {}};
        ctx_.tensors.push_back(std::move(parts));
        add_sum(map, apart, around, workspace, indices, loc);
        store.value = unrounded(store.value, work);
        store.ref = workspace;
        store.indices = std::move(indices);
        const Combine combine = std::exchange(store.combine, Combine::None);
        start_parts(map, combine, around, op);
    }

    // A part that only some blocks or iterations contribute starts as what changes nothing: stored before the guard.
    void start_parts(const tile::Map& map, Combine combine, const std::vector<tile::Op*>& around, const tile::Op& op) {
        const auto guard = std::find_if(around.begin(), around.end(), [](const tile::Op* outer) {
            return std::holds_alternative<tile::If>(outer->v);
        });
        if (guard == around.end() && !map.stores[0].cond) return;
        tile::Map start = map;
        tile::Store& store = start.stores[0];
        const DType type = dtype(store.ref);
        store.value = ctx_.lanes.constant(type, identity_of(combine, type));
        store.cond = {};
        tile::Op nest{std::move(start), op.loc};
        for (auto outer = around.end(); outer != guard; --outer) {
            auto* loop = std::get_if<tile::For>(&(*std::prev(outer))->v);
            if (!loop) continue;
            tile::For copy;
            copy.var = index_.new_var(Var(index_.var(loop->var)));
            copy.begin = loop->begin;
            copy.extent = loop->extent;
            copy.body.ops.push_back(std::move(nest));
            substitute(ctx_, copy.body, {{loop->var, index_.of(copy.var)}});
            nest = {std::move(copy), op.loc};
        }
        before_[guard == around.end() ? &op : *guard].push_back(std::move(nest));
    }

    void add_sum(const tile::Map& map, const std::vector<size_t>& apart, const std::vector<tile::Op*>& around,
                 Ref workspace, const std::vector<IndexId>& part, LocId loc) {
        const tile::Store& store = map.stores[0];
        const DType type = dtype(store.ref), work = work_dtype(type);
        tile::Launch sum;
        sum.loc = loc;
        IndexSubst now;
        const auto axis = [&](VarId from, IndexId begin, IndexId extent) {
            const auto count = index_.as_const(extent);
            const VarId var = index_.new_var(
                {index_.var(from).name, VarKind::Grid, 0, count ? std::optional(*count - 1) : std::nullopt});
            sum.grid.push_back(var);
            sum.grid_extents.push_back(extent);
            now[from] = index_.add(begin, index_.of(var));
        };
        int64_t blocks = 1;
        for (size_t i = 0; i < launch_.grid.size(); ++i) {
            if (std::find(apart.begin(), apart.end(), i) != apart.end()) continue;
            axis(launch_.grid[i], index_.constant(0), launch_.grid_extents[i]);
            blocks *= index_.as_const(launch_.grid_extents[i]).value_or(blocks);
        }
        for (const tile::Op* op : around)
            if (auto* loop = std::get_if<tile::For>(&op->v)) {
                if (!index_.as_const(loop->begin) || !index_.as_const(loop->extent)) refuse_loop(store, *loop, loc);
                axis(loop->var, loop->begin, loop->extent);
                blocks *= index_.as_const(loop->extent).value_or(1);
            }
        // Blocks of this launch are small ones of the other where that gives more cores work.
        const Lanes lanes = lanes_of(map);
        tile::Map over_lanes;
        std::vector<VarId> at;
        std::vector<int64_t> extents;
        for (const VarId lane : lanes.used) {
            int64_t extent = *lane_extent(index_, map, lane);
            int64_t cut = 1;
            for (int64_t n = extent / kTileDim; extent % kTileDim == 0 && n > 1; --n)
                if (extent / kTileDim % n == 0 && blocks * n <= cores()) {
                    cut = n;
                    break;
                }
            extent /= cut;
            const VarId element = index_.new_var({index_.var(lane).name, VarKind::Lane, 0, extent - 1});
            IndexId value = index_.of(element);
            if (cut > 1) {
                axis(lane, index_.constant(0), index_.constant(cut));
                value = index_.add(index_.mul(index_.of(sum.grid.back()), index_.constant(extent)), value);
                blocks *= cut;
            }
            now[lane] = value;
            at.push_back(element);
            extents.push_back(extent);
            over_lanes.vars.push_back(element);
            over_lanes.extents.push_back(index_.constant(extent));
        }
        if (over_lanes.vars.empty()) {
            over_lanes.vars.push_back(index_.new_var({"one", VarKind::Lane, 0, 0}));
            over_lanes.extents.push_back(index_.constant(1));
        }
        if (sum.grid.empty()) one_block(sum);
        // acc = identity; for each part: acc = combine(acc, part); tensor = combine(tensor, acc)
        sum.buffers.push_back({ctx_.tensor(store.ref.tensor).name + "_sum", work,
                               extents.empty() ? std::vector<int64_t>{1} : extents, tile::Scope::Fragment, loc});
        const Ref acc{{}, BufferId(0)};
        Access all{acc, {}, {}};
        for (const int64_t n : sum.buffers[0].shape) {
            all.offset.push_back(index_.constant(0));
            all.extent.push_back(index_.constant(n));
        }
        sum.body.ops.push_back({tile::Fill{all, identity_of(store.combine, work)}, loc});
        const LaneId held = ctx_.lanes.read(work, acc, as_indices(at));
        std::vector<tile::For> loops;
        for (const size_t i : apart) {
            tile::For loop;
            Var var = index_.var(launch_.grid[i]);
            var.kind = VarKind::Loop;
            loop.var = index_.new_var(var);
            loop.begin = index_.constant(0);
            loop.extent = launch_.grid_extents[i];
            now[launch_.grid[i]] = index_.of(loop.var);
            loops.push_back(std::move(loop));
        }
        const auto moved = [&](std::vector<IndexId> ids) {
            for (IndexId& id : ids) id = index_.substitute(id, now);
            return ids;
        };
        tile::Map join = over_lanes;
        join.stores.push_back({acc,
                               as_indices(at),
                               combined(store.combine, work, held, ctx_.lanes.read(work, workspace, moved(part))),
                               {},
                               loc});
        tile::Op inner{std::move(join), loc};
        for (size_t i = loops.size(); i-- > 0;) {
            loops[i].body.ops.push_back(std::move(inner));
            inner = {std::move(loops[i]), loc};
        }
        sum.body.ops.push_back(std::move(inner));
        tile::Store last{store.ref, moved(store.indices), held, {}, loc, store.combine};
        last.value = cast(held, type);
        in_place(last);
        tile::Map put = over_lanes;
        put.stores.push_back(std::move(last));
        sum.body.ops.push_back({std::move(put), loc});
        sums_.push_back(std::move(sum));
    }
    int64_t cores() const { return int64_t{target_.grid_x} * target_.grid_y; }

    // No two iterations of the loop reach the same elements.
    bool moves(const tile::For& loop, const tile::Map& map) {
        if (index_.as_const(loop.extent) == 1) return true;
        std::string problem;
        auto access = lane_access(index_, map, map.stores[0].indices, problem);
        if (!access) return true;  // refused by the layout
        for (size_t d = 0; d < access->base.size(); ++d) {
            const auto extent = access->lane[d] ? lane_extent(index_, map, access->lane[d]) : 1;
            const auto step = index_.linear_coefficient(access->base[d], loop.var);
            if (step && extent && std::abs(*step) >= *extent) return true;
        }
        return false;
    }
    void refuse_loop(const tile::Store& store, const tile::For& loop, LocId loc) {
        refuse(loc,
               std::string(user_name(store.combine)) + " on `" + name(store.ref) + "`: iterations of `" +
                   index_.var(loop.var).name +
                   "` contribute to the same elements, and between them the kernel turns to others",
               "make `" + index_.var(loop.var).name + "` the innermost loop around the atomic, or add up in a buffer");
    }

    TileProgram& program_;
    Context& ctx_;
    IndexArena& index_;
    tile::Launch& launch_;
    const Target& target_;
    std::vector<Diagnostic>& errors_;
    std::vector<std::pair<std::string, std::string>> in_place_;  // tensor, what it is changed by
    std::map<const tile::Op*, std::vector<tile::Op>> before_;    // statements to come before one
    std::vector<tile::Launch> sums_;
    std::vector<size_t> uses_;  // of each buffer: statements of the launch that touch it
};

}  // namespace

Result<TileProgram> lower_atomics(const TileProgram& program, const Target& target) {
    TileProgram out = program;
    std::vector<Diagnostic> errors;
    std::vector<tile::Launch> launches;
    for (tile::Launch& launch : out.launches) {
        Lowering lowering(out, launch, target, errors);
        lowering.run();
        launches.push_back(std::move(launch));
        for (tile::Launch& sum : lowering.take_sums()) launches.push_back(std::move(sum));
    }
    out.launches = std::move(launches);
    if (!errors.empty()) return errors;
    return out;
}

}  // namespace tilelang_tt
