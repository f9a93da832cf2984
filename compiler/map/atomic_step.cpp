#include "compiler/map/atomic_step.h"

#include <algorithm>

#include "compiler/ir/walk.h"
#include "compiler/map/access.h"
#include "compiler/map/stores.h"

namespace tilelang_tt::atomics {

using tensix::TileFn;
using tile::Combine;

TileFn combine_fn(Combine combine) {
    return combine == Combine::Add ? TileFn::Add : combine == Combine::Max ? TileFn::Max : TileFn::Min;
}

LaneId unrounded(Context& ctx, LaneId value, DType work) {
    const LaneNode node = ctx.lanes.node(value);
    const bool rounds = node.op == LaneOp::Apply && node.fn == TileFn::Cast && node.dtype != work;
    if (rounds && ctx.lanes.node(node.a).dtype == work) return node.a;
    return node.dtype == work ? value : ctx.lanes.apply(TileFn::Cast, work, value);
}

bool any_atomic(const tile::Map& map) {
    return std::any_of(map.stores.begin(), map.stores.end(),
                       [](const tile::Store& store) { return store.combine != Combine::None; });
}

tile::Store* atomic_of(tile::Op& op) {
    auto* map = std::get_if<tile::Map>(&op.v);
    return map && any_atomic(*map) ? &map->stores[0] : nullptr;
}

std::string_view user_name(Combine combine) {
    return combine == Combine::Add ? "T.atomic_add" : combine == Combine::Max ? "T.atomic_max" : "T.atomic_min";
}

DType work_dtype(DType dtype) { return is_float(dtype) ? DType::F32 : dtype; }

void Step::refuse(LocId loc, std::string message, std::string fix) {
    Diagnostic d;
    d.code = "TT2020";
    d.message = std::move(message);
    if (loc) d.where.push_back(ctx_.loc(loc));
    d.fix = std::move(fix);
    if (std::find(errors_.begin(), errors_.end(), d) == errors_.end()) errors_.push_back(std::move(d));
}

DType Step::dtype(Ref ref) const {
    return ref.is_tensor() ? ctx_.tensor(ref.tensor).dtype : launch_.buffers[ref.buffer.v].dtype;
}

const std::string& Step::name(Ref ref) const {
    return ref.is_tensor() ? ctx_.tensor(ref.tensor).name : launch_.buffers[ref.buffer.v].name;
}

LaneId Step::cast(LaneId value, DType to) {
    return ctx_.lanes.node(value).dtype == to ? value : ctx_.lanes.apply(TileFn::Cast, to, value);
}

LaneId Step::combined(Combine combine, DType type, LaneId a, LaneId b) {
    return ctx_.lanes.apply(combine_fn(combine), type, a, b);
}

LaneId Step::unrounded(LaneId value, DType work) { return atomics::unrounded(ctx_, value, work); }

bool Step::uses(const std::vector<IndexId>& indices, VarId var) const {
    return std::any_of(indices.begin(), indices.end(), [&](IndexId id) { return index_.uses(id, var); });
}

Ref Step::new_buffer(const std::string& like, DType type, const std::vector<int64_t>& extents, LocId loc) {
    std::string name = like;
    for (int suffix = 1; std::any_of(launch_.buffers.begin(), launch_.buffers.end(),
                                     [&](const tile::Buffer& b) { return b.name == name; });
         ++suffix)
        name = like + "_" + std::to_string(suffix);
    launch_.buffers.push_back(
        {name, type, extents.empty() ? std::vector<int64_t>{1} : extents, tile::Scope::Fragment, loc});
    return {{}, BufferId(launch_.buffers.size() - 1)};
}

Access Step::whole(Ref buffer) {
    Access access{buffer, {}, {}};
    for (const int64_t n : launch_.buffers[buffer.buffer.v].shape) {
        access.offset.push_back(index_.constant(0));
        access.extent.push_back(index_.constant(n));
    }
    return access;
}

Step::Lanes Step::lanes_of(const tile::Map& map) {
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

std::vector<IndexId> Step::as_indices(const std::vector<VarId>& lanes) {
    std::vector<IndexId> out;
    for (const VarId var : lanes) out.push_back(index_.of(var));
    if (out.empty()) out.push_back(index_.constant(0));
    return out;
}

std::vector<int64_t> Step::extents_of(const tile::Map& map, const std::vector<VarId>& lanes) {
    std::vector<int64_t> out;
    for (const VarId var : lanes) out.push_back(lane_extent(index_, map, var).value_or(1));
    return out;
}

tile::Map Step::over(const tile::Map& map, const std::vector<VarId>& lanes, tile::Store store) {
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

void Step::remark(std::string message) {
    program_.remarks.push_back({Severity::Note, "TT2091", std::move(message), {ctx_.loc(launch_.loc)}, {}, {}, {}});
}

void Step::one_block(tile::Launch& launch) {
    launch.grid.push_back(index_.new_var({"block", VarKind::Grid, 0, 0}));
    launch.grid_extents.push_back(index_.constant(1));
}

void Step::refuse_loop(const tile::Store& store, const tile::For& loop, LocId loc) {
    const bool shares = std::any_of(launch_.grid.begin(), launch_.grid.end(),
                                    [&](VarId axis) { return index_.uses(loop.begin, axis); });
    const std::string& var = index_.var(loop.var).name;
    refuse(loc,
           std::string(user_name(store.combine)) + " on `" + name(store.ref) + "`: iterations of `" + var +
               "` contribute to the same elements, and between them the kernel turns to others",
           shares
               ? "let the blocks that have a share of a value of `" + var +
                     "` add up iterations that follow each other without gap or overlap, as in stream-K, in a buffer "
                     "that starts at 0; or split the sum along a grid axis of its own"
               : "make `" + var + "` the innermost loop around the atomic, or add up in a buffer");
}

void Step::in_place(tile::Store& store) {
    store.value = value_after(ctx_, store);
    store.combine = Combine::None;
}

}  // namespace tilelang_tt::atomics
