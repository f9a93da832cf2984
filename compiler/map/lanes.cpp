#include "compiler/map/lanes.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "compiler/ir/walk.h"
#include "compiler/map/access.h"

namespace tilelang_tt {
namespace {

// A loop over rows of a tensor may be as long as the tensor; as lanes it would have to fit in L1.
constexpr int64_t kMaxTensorLanes = 64;

template <class F>
void each_access(const LaneArena& lanes, const tile::Map& map, F&& f) {
    for (const tile::Store& store : map.stores) {
        f(store.ref, store.indices);
        for_each_read(lanes, store.value, [&](const LaneNode& read) { f(read.ref, read.indices); });
    }
}

class Normalizer {
  public:
    explicit Normalizer(TileProgram& program) : ctx_(program.ctx), index_(program.ctx.index) {
        const auto is_view = [](const auto& row) { return row.view_of.valid(); };
        views_ = std::any_of(ctx_.tensors.begin(), ctx_.tensors.end(), is_view);
        for (const tile::Launch& launch : program.launches)
            views_ = views_ || std::any_of(launch.buffers.begin(), launch.buffers.end(), is_view);
    }

    void run(tile::Region& region) {
        std::vector<tile::Op> out;
        for (tile::Op& op : region.ops) {
            if (auto* loop = std::get_if<tile::For>(&op.v)) {
                run(loop->body);
                if (auto maps = as_lanes(*loop)) {
                    for (tile::Map& map : *maps) {
                        normalize(map);
                        out.push_back({std::move(map), op.loc});
                    }
                    continue;
                }
            } else if (auto* branch = std::get_if<tile::If>(&op.v)) {
                run(branch->then);
                run(branch->otherwise);
            } else if (auto* map = std::get_if<tile::Map>(&op.v)) {
                normalize(*map);
            }
            out.push_back(std::move(op));
        }
        region.ops = std::move(out);
    }

  private:
    int64_t size(const tile::Map& map, size_t lane) const { return index_.as_const(map.extents[lane]).value_or(0); }

    VarId new_lane(const std::string& name, int64_t extent) {
        return index_.new_var({.name = name, .kind = VarKind::Lane, .lo = 0, .hi = extent - 1});
    }

    // Accesses that do not run over their dimensions in steps of 1.
    int64_t odd_accesses(const tile::Map& map) {
        int64_t odd = 0;
        std::string problem;
        each_access(ctx_.lanes, map, [&](Ref, const std::vector<IndexId>& indices) {
            odd += !lane_access(index_, map, indices, problem).has_value();
        });
        return odd;
    }

    void normalize(tile::Map& map) {
        for (int64_t odd = odd_accesses(map); odd > 0;) {
            std::optional<tile::Map> better;
            for (tile::Map& other : alternatives(map)) {
                const int64_t left = odd_accesses(other);
                if (left >= odd) continue;
                odd = left;
                better = std::move(other);
            }
            if (!better) return;
            map = std::move(*better);
        }
    }

    std::vector<tile::Map> alternatives(const tile::Map& map) {
        std::set<std::pair<size_t, size_t>> pairs;       // lanes (outer, inner) that some index adds up
        std::set<std::pair<size_t, int64_t>> quotients;  // a lane, and what it is divided by
        std::vector<std::vector<IndexId>> all;           // copies: substitution makes nodes
        each_access(ctx_.lanes, map, [&](Ref, const std::vector<IndexId>& indices) { all.push_back(indices); });
        for (const auto& indices : all) {
            for (const IndexId id : indices) {
                for (size_t lane = 0; lane < map.vars.size(); ++lane) {
                    if (!index_.uses(id, map.vars[lane])) continue;
                    divisors(id, map.vars[lane], size(map, lane), [&](int64_t n) { quotients.emplace(lane, n); });
                    for (size_t inner = 0; inner < map.vars.size(); ++inner)
                        if (inner != lane && index_.linear_coefficient(id, map.vars[inner]) == 1 &&
                            index_.linear_coefficient(id, map.vars[lane]) == size(map, inner))
                            pairs.emplace(lane, inner);
                }
            }
        }
        std::vector<tile::Map> out;
        for (const auto& [outer, inner] : pairs) out.push_back(fused(map, outer, inner));
        for (const auto& [lane, n] : quotients) out.push_back(split(map, lane, n));
        return out;
    }

    // Constants by which an expression of the lane is divided, and which divide its extent.
    template <class F>
    void divisors(IndexId id, VarId lane, int64_t extent, F&& f) const {
        const IndexNode& node = index_.node(id);
        if (node.op == IndexOp::Const || node.op == IndexOp::Var) return;
        if ((node.op == IndexOp::FloorDiv || node.op == IndexOp::FloorMod) && index_.uses(node.a, lane))
            if (const auto n = index_.as_const(node.b); n && *n > 1 && *n < extent && extent % *n == 0) f(*n);
        for (const IndexId part : {node.a, node.b, node.c})
            if (part && index_.uses(part, lane)) divisors(part, lane, extent, f);
    }

    tile::Map fused(tile::Map map, size_t outer, size_t inner) {
        const int64_t low = size(map, inner), extent = size(map, outer) * low;
        const VarId lane = new_lane(index_.var(map.vars[outer]).name + "_" + index_.var(map.vars[inner]).name, extent);
        const IndexId by = index_.constant(low);
        substitute(ctx_, map.stores,
                   {{map.vars[outer], index_.floordiv(index_.of(lane), by)},
                    {map.vars[inner], index_.floormod(index_.of(lane), by)}});
        map.vars[outer] = lane;
        map.extents[outer] = index_.constant(extent);
        map.vars.erase(map.vars.begin() + static_cast<std::ptrdiff_t>(inner));
        map.extents.erase(map.extents.begin() + static_cast<std::ptrdiff_t>(inner));
        return map;
    }

    tile::Map split(tile::Map map, size_t position, int64_t n) {
        const std::string name = index_.var(map.vars[position]).name;
        const int64_t quotients = size(map, position) / n;
        const VarId outer = new_lane(name, quotients), inner = new_lane(name, n);
        substitute(
            ctx_, map.stores,
            {{map.vars[position], index_.add(index_.mul(index_.of(outer), index_.constant(n)), index_.of(inner))}});
        const auto at = static_cast<std::ptrdiff_t>(position);
        map.vars[position] = inner;
        map.extents[position] = index_.constant(n);
        map.vars.insert(map.vars.begin() + at, outer);
        map.extents.insert(map.extents.begin() + at, index_.constant(quotients));
        return map;
    }

    // The T.Parallels of a region that has nothing else but conditions around some; nullopt: it has.
    std::optional<std::vector<tile::Map>> only_maps(const tile::Region& region, IndexId cond) {
        std::vector<tile::Map> out;
        for (const tile::Op& op : region.ops) {
            if (const auto* map = std::get_if<tile::Map>(&op.v)) {
                out.push_back(*map);
                if (!cond) continue;
                for (tile::Store& store : out.back().stores)
                    store.cond = store.cond ? index_.logical_and(cond, store.cond) : cond;
            } else if (const auto* branch = std::get_if<tile::If>(&op.v); branch && branch->otherwise.ops.empty()) {
                auto inner = only_maps(branch->then, cond ? index_.logical_and(cond, branch->cond) : branch->cond);
                if (!inner) return std::nullopt;
                for (tile::Map& map : *inner) out.push_back(std::move(map));
            } else {
                return std::nullopt;
            }
        }
        return out;
    }

    // The dimension in which everything that touches `ref` is indexed by the loop in steps of 1, and alike.
    bool apart(const std::vector<tile::Map>& maps, Ref ref, VarId loop) {
        std::optional<std::vector<IndexId>> first;
        std::set<size_t> same;
        for (const tile::Map& map : maps)
            each_access(ctx_.lanes, map, [&](Ref other, const std::vector<IndexId>& indices) {
                if (other != ref) return;
                if (!first) {
                    first = indices;
                    for (size_t d = 0; d < indices.size(); ++d) {
                        const bool lanes = std::any_of(map.vars.begin(), map.vars.end(),
                                                       [&](VarId lane) { return index_.uses(indices[d], lane); });
                        if (!lanes && index_.linear_coefficient(indices[d], loop) == 1) same.insert(d);
                    }
                }
                for (size_t d = 0; d < indices.size(); ++d)
                    if (indices[d] != (*first)[d]) same.erase(d);
            });
        return !same.empty();
    }

    std::optional<std::vector<tile::Map>> as_lanes(const tile::For& loop) {
        const auto extent = index_.as_const(loop.extent);
        if (views_ || !extent || *extent < 2 || loop.body.ops.empty()) return std::nullopt;
        auto maps = only_maps(loop.body, {});
        if (!maps || maps->empty()) return std::nullopt;
        for (const tile::Map& map : *maps) {
            size_t lanes = 0;
            for (size_t i = 0; i < map.vars.size(); ++i) lanes += size(map, i) != 1;
            if (lanes > 1) return std::nullopt;
            for (const tile::Store& store : map.stores)
                if ((store.ref.is_tensor() && *extent > kMaxTensorLanes) || !apart(*maps, store.ref, loop.var))
                    return std::nullopt;
        }
        for (tile::Map& map : *maps) {
            const VarId lane = new_lane(index_.var(loop.var).name, *extent);
            substitute(ctx_, map.stores, {{loop.var, index_.add(loop.begin, index_.of(lane))}});
            drop_single(map);
            map.vars.insert(map.vars.begin(), lane);
            map.extents.insert(map.extents.begin(), loop.extent);
        }
        return maps;
    }

    // Lanes of extent 1.
    void drop_single(tile::Map& map) {
        for (size_t i = map.vars.size(); i-- > 0;) {
            if (size(map, i) != 1) continue;
            substitute(ctx_, map.stores, {{map.vars[i], index_.constant(0)}});
            map.vars.erase(map.vars.begin() + static_cast<std::ptrdiff_t>(i));
            map.extents.erase(map.extents.begin() + static_cast<std::ptrdiff_t>(i));
        }
    }

    Context& ctx_;
    IndexArena& index_;
    bool views_ = false;  // two names may mean one buffer, so that iterations may depend on each other unseen
};

}  // namespace

TileProgram normalize_lanes(const TileProgram& program) {
    TileProgram out = program;
    Normalizer normalizer(out);
    for (tile::Launch& launch : out.launches) normalizer.run(launch.body);
    return out;
}

}  // namespace tilelang_tt
