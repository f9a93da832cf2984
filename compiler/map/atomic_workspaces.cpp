#include "compiler/map/atomic_workspaces.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "compiler/ir/walk.h"
#include "compiler/map/access.h"

namespace tilelang_tt::atomics {

using tile::Combine;

std::optional<Workspaces::Start> Workspaces::put(tile::Map& map, const std::vector<size_t>& apart,
                                                 const std::vector<tile::Op*>& around, const tile::Op& op) {
    const LocId loc = op.loc;
    tile::Store& store = map.stores[0];
    const Tensor& tensor = ctx_.tensor(store.ref.tensor);
    const DType work = work_dtype(tensor.dtype);
    Tensor parts;
    parts.name = tensor.name + "_parts";
    for (int suffix = 1;
         std::any_of(ctx_.tensors.begin(), ctx_.tensors.end(), [&](const Tensor& t) { return t.name == parts.name; });
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
    return start(map, combine, around, op);
}

std::optional<Workspaces::Start> Workspaces::start(const tile::Map& map, Combine combine,
                                                   const std::vector<tile::Op*>& around, const tile::Op& op) {
    const auto guard = std::find_if(around.begin(), around.end(),
                                    [](const tile::Op* outer) { return std::holds_alternative<tile::If>(outer->v); });
    if (guard == around.end() && !map.stores[0].cond) return std::nullopt;
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
    return Start{guard == around.end() ? &op : *guard, std::move(nest)};
}

void Workspaces::add_sum(const tile::Map& map, const std::vector<size_t>& apart, const std::vector<tile::Op*>& around,
                         Ref workspace, const std::vector<IndexId>& part, LocId loc) {
    const tile::Store& store = map.stores[0];
    const DType type = dtype(store.ref), work = work_dtype(type);
    tile::Launch sum;
    sum.loc = loc;
    IndexSubst now;
    const auto axis = [&](VarId from, IndexId begin, IndexId extent) {
        const auto count = index_.as_const(extent);
        const VarId var =
            index_.new_var({index_.var(from).name, VarKind::Grid, 0, count ? std::optional(*count - 1) : std::nullopt});
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

}  // namespace tilelang_tt::atomics
