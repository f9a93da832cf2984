#include "compiler/map/atomics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_set>

#include "compiler/ir/text.h"
#include "compiler/ir/walk.h"
#include "compiler/map/access.h"

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

// What changes nothing: combine(identity, x) = x.
double identity_of(Combine combine, DType dtype) {
    if (combine == Combine::Add) return 0;
    if (is_float(dtype)) return combine == Combine::Max ? -HUGE_VAL : HUGE_VAL;
    const int bits = 8 * size_bytes(dtype);
    const bool is_signed = dtype == DType::I8 || dtype == DType::I16 || dtype == DType::I32 || dtype == DType::I64;
    if (combine == Combine::Min) return std::ldexp(1.0, is_signed ? bits - 1 : bits) - 1;
    return is_signed ? -std::ldexp(1.0, bits - 1) : 0;
}

std::string_view user_name(Combine combine) {
    return combine == Combine::Add ? "T.atomic_add" : combine == Combine::Max ? "T.atomic_max" : "T.atomic_min";
}

// Contributions are combined in fp32 where the tensor is narrower, and rounded once.
DType work_dtype(DType dtype) { return is_float(dtype) ? DType::F32 : dtype; }

class Lowering {
  public:
    Lowering(TileProgram& program, tile::Launch& launch, std::vector<Diagnostic>& errors)
        : program_(program), ctx_(program.ctx), index_(program.ctx.index), launch_(launch), errors_(errors) {}

    void run() {
        bool any = false;
        each_op(launch_.body, [&](const tile::Op& op) {
            auto* map = std::get_if<tile::Map>(&op.v);
            any = any || (map && any_atomic(*map));
        });
        if (!any) return;
        isolate(launch_.body);
        in_series();
        lift(launch_.body);
        check_others();
        std::vector<const tile::For*> loops;
        realize(launch_.body, loops);
    }

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
        std::vector<VarId> all = lanes.used;
        all.insert(all.end(), lanes.others.begin(), lanes.others.end());
        LaneId value = unrounded(store.value, work);
        if (store.cond)
            value = ctx_.lanes.apply(TileFn::Select, work, ctx_.lanes.index(DType::Bool, store.cond), value,
                                     ctx_.lanes.constant(work, identity_of(store.combine, work)));
        Ref from = new_buffer(name(store.ref) + "_lanes", work, extents_of(map, all), loc);
        out.push_back({over(map, all, {from, as_indices(all), value, {}, loc}), loc});
        while (!lanes.others.empty()) {
            all.pop_back();
            lanes.others.pop_back();
            const Ref to = new_buffer(name(store.ref) + "_part", work, extents_of(map, all), loc);
            out.push_back(
                {tile::Reduce{reduce_fn(store.combine), whole(from), whole(to), static_cast<int64_t>(all.size()), true},
                 loc});
            from = to;
        }
        tile::Store rest = store;
        rest.cond = {};
        rest.value = cast(ctx_.lanes.read(work, from, as_indices(lanes.used)), dtype(store.ref));
        isolate(over(map, lanes.used, std::move(rest)), loc, out);
    }

    // ---- blocks that contribute to the same elements: a loop around the block ----
    void in_series() {
        std::vector<const tile::Store*> atomics;
        each_op(launch_.body, [&](tile::Op& op) {
            if (const tile::Store* store = atomic_of(op)) atomics.push_back(store);
        });
        if (atomics.empty()) return;
        for (size_t axis = launch_.grid.size(); axis-- > 0;) {
            const VarId block = launch_.grid[axis];
            const IndexId extent = launch_.grid_extents[axis];
            if (index_.as_const(extent) == 1) continue;
            if (std::any_of(atomics.begin(), atomics.end(),
                            [&](const tile::Store* store) { return uses(store->indices, block); }))
                continue;
            index_.var(block).kind = VarKind::Loop;
            tile::For loop;
            loop.var = block;
            loop.begin = index_.constant(0);
            loop.extent = extent;
            loop.body = std::move(launch_.body);
            launch_.body = {};
            launch_.body.ops.push_back({std::move(loop), launch_.loc});
            launch_.grid.erase(launch_.grid.begin() + static_cast<std::ptrdiff_t>(axis));
            launch_.grid_extents.erase(launch_.grid_extents.begin() + static_cast<std::ptrdiff_t>(axis));
            program_.remarks.push_back({Severity::Note,
                                        "TT2091",
                                        "blocks that differ in `" + index_.var(block).name +
                                            "` contribute to the same elements; one core computes them one after the "
                                            "other and stores their result once",
                                        {ctx_.loc(launch_.loc)},
                                        {},
                                        {},
                                        {}});
        }
        if (launch_.grid.empty()) {
            launch_.grid.push_back(index_.new_var({"block", VarKind::Grid, 0, 0}));
            launch_.grid_extents.push_back(index_.constant(1));
        }
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
            const Ref sum = new_buffer(name(store.ref) + "_sum", work, extents_of(map, lanes.used), op.loc);
            const std::vector<IndexId> at = as_indices(lanes.used);
            tile::Store joined = store;
            joined.cond = {};
            joined.value = cast(ctx_.lanes.read(work, sum, at), type);
            after.push_back({over(map, lanes.used, std::move(joined)), op.loc});
            before.push_back({tile::Fill{whole(sum), identity_of(store.combine, work)}, op.loc});
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

    void realize(tile::Region& region, std::vector<const tile::For*>& loops) {
        for (tile::Op& op : region.ops) {
            if (auto* branch = std::get_if<tile::If>(&op.v)) {
                realize(branch->then, loops);
                realize(branch->otherwise, loops);
            } else if (auto* loop = std::get_if<tile::For>(&op.v)) {
                loops.push_back(loop);
                realize(loop->body, loops);
                loops.pop_back();
            } else if (tile::Store* store = atomic_of(op)) {
                const auto& map = std::get<tile::Map>(op.v);
                for (const tile::For* loop : loops)
                    if (!moves(*loop, map)) refuse_loop(*store, *loop, op.loc);
                const DType type = dtype(store->ref), work = work_dtype(type);
                const LaneId old = cast(ctx_.lanes.read(type, store->ref, store->indices), work);
                store->value = cast(combined(store->combine, work, old, unrounded(store->value, work)), type);
                store->combine = Combine::None;
            }
        }
    }
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
    std::vector<Diagnostic>& errors_;
};

}  // namespace

Result<TileProgram> lower_atomics(const TileProgram& program, const Target&) {
    TileProgram out = program;
    std::vector<Diagnostic> errors;
    for (tile::Launch& launch : out.launches) Lowering(out, launch, errors).run();
    if (!errors.empty()) return errors;
    return out;
}

}  // namespace tilelang_tt
