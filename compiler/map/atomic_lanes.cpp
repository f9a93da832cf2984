#include "compiler/map/atomic_step.h"

#include <algorithm>

#include "compiler/ir/walk.h"
#include "compiler/map/access.h"

namespace tilelang_tt::atomics {
namespace {

using tensix::TileFn;
using tile::Combine;

tensix::ReduceFn reduce_fn(Combine combine) {
    return combine == Combine::Add   ? tensix::ReduceFn::Sum
           : combine == Combine::Max ? tensix::ReduceFn::Max
                                     : tensix::ReduceFn::Min;
}

class Isolation : Step {
  public:
    explicit Isolation(const Step& launch) : Step(launch) {}

    void run() { isolate(launch_.body); }

  private:
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
};

}  // namespace

void isolate_stores(const Step& launch) { Isolation(launch).run(); }

}  // namespace tilelang_tt::atomics
