#include "compiler/map/stores.h"

#include "compiler/ir/walk.h"
#include "compiler/map/atomic_step.h"

namespace tilelang_tt {

using tensix::TileFn;

std::optional<tile::Map> store_to_tensor(Context& ctx, const tile::Launch& launch, const tile::Op& op) {
    if (auto* map = std::get_if<tile::Map>(&op.v)) {
        if (map->stores.size() != 1 || !map->stores[0].ref.is_tensor()) return std::nullopt;
        tile::Map out = *map;
        if (!out.stores[0].loc) out.stores[0].loc = op.loc;
        return out;
    }
    auto* copy = std::get_if<tile::Copy>(&op.v);
    if (!copy || copy->src.ref.is_tensor() || !copy->dst.ref.is_tensor()) return std::nullopt;
    IndexArena& index = ctx.index;
    tile::Map map;
    std::vector<IndexId> lanes;
    const auto indices = [&](const Access& access) -> std::optional<std::vector<IndexId>> {
        std::vector<IndexId> out = access.offset;
        size_t next = 0;
        for (size_t d = 0; d < out.size(); ++d) {
            if (index.as_const(access.extent[d]) == 1) continue;
            if (next == lanes.size() || access.extent[d] != map.extents[next]) return std::nullopt;
            out[d] = index.add(out[d], lanes[next++]);
        }
        return next == lanes.size() ? std::optional(out) : std::nullopt;
    };
    for (const IndexId extent : copy->dst.extent) {
        const auto n = index.as_const(extent);
        if (!n) return std::nullopt;
        if (*n == 1) continue;
        map.vars.push_back(index.new_var({"e", VarKind::Lane, 0, *n - 1}));
        map.extents.push_back(extent);
        lanes.push_back(index.of(map.vars.back()));
    }
    const auto from = indices(copy->src), to = indices(copy->dst);
    if (lanes.empty() || !from || !to) return std::nullopt;
    const DType held = launch.buffers[copy->src.ref.buffer.v].dtype, type = ctx.tensor(copy->dst.ref.tensor).dtype;
    LaneId value = ctx.lanes.read(held, copy->src.ref, *from);
    if (held != type) value = ctx.lanes.apply(TileFn::Cast, type, value);
    map.stores.push_back({copy->dst.ref, *to, value, {}, op.loc});
    return map;
}

LaneId value_after(Context& ctx, const tile::Store& store) {
    if (store.combine == tile::Combine::None) return store.value;
    const DType type = ctx.tensor(store.ref.tensor).dtype, work = atomics::work_dtype(type);
    const auto cast = [&](LaneId value, DType to) {
        return ctx.lanes.node(value).dtype == to ? value : ctx.lanes.apply(TileFn::Cast, to, value);
    };
    const LaneId old = cast(ctx.lanes.read(type, store.ref, store.indices), work);
    return cast(
        ctx.lanes.apply(atomics::combine_fn(store.combine), work, old, atomics::unrounded(ctx, store.value, work)),
        type);
}

std::optional<tile::Map> choose_store(Context& ctx, IndexId cond, const tile::Map& first, const tile::Map& second) {
    tile::Map out = first, other = second;
    if (first.vars.size() != second.vars.size() || first.extents != second.extents) return std::nullopt;
    IndexSubst lanes;
    for (size_t i = 0; i < first.vars.size(); ++i) lanes[second.vars[i]] = ctx.index.of(first.vars[i]);
    substitute(ctx, other.stores, lanes);
    tile::Store &a = out.stores[0], &b = other.stores[0];
    if (!(a.ref == b.ref) || a.indices != b.indices || a.cond != b.cond) return std::nullopt;
    const DType type = ctx.tensor(a.ref.tensor).dtype;
    LaneId x = value_after(ctx, a);
    const LaneId y = value_after(ctx, b);
    // Where the first is itself chosen, and else is the second: one choice.
    const LaneNode chosen = ctx.lanes.node(x);
    const bool choice = chosen.op == LaneOp::Apply && chosen.fn == TileFn::Select &&
                        ctx.lanes.node(chosen.a).op == LaneOp::Index && chosen.c == y;
    if (choice) {
        cond = ctx.index.logical_and(cond, ctx.lanes.node(chosen.a).index);
        x = chosen.b;
    }
    a.value = x == y ? x : ctx.lanes.apply(TileFn::Select, type, ctx.lanes.index(DType::Bool, cond), x, y);
    a.combine = tile::Combine::None;
    return out;
}

}  // namespace tilelang_tt
