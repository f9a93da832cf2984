#include "compiler/map/access.h"

#include <algorithm>

#include "compiler/ir/text.h"
#include "compiler/ir/walk.h"

namespace tilelang_tt {

std::optional<int64_t> lane_extent(const IndexArena& index, const tile::Map& map, VarId lane) {
    for (size_t i = 0; i < map.vars.size(); ++i)
        if (map.vars[i] == lane) return index.as_const(map.extents[i]);
    return std::nullopt;
}

std::optional<LaneAccess> lane_access(IndexArena& index, const tile::Map& map, const std::vector<IndexId>& indices,
                                      std::string& problem) {
    IndexSubst at_zero;
    for (VarId lane : map.vars) at_zero[lane] = index.constant(0);
    LaneAccess access;
    for (IndexId id : indices) {
        VarId lane;
        for (VarId candidate : map.vars) {
            if (lane_extent(index, map, candidate) == 1 || !index.uses(id, candidate)) continue;
            if (lane) {
                problem = "its index `" + print(index, id) + "` runs over two lanes";
                return std::nullopt;
            }
            lane = candidate;
        }
        if (lane) {
            auto step = index.linear_coefficient(id, lane);
            if (!step || *step != 1) {
                problem = "its index `" + print(index, id) + "` does not run over lane `" + index.var(lane).name +
                          "` in steps of 1";
                return std::nullopt;
            }
            if (std::find(access.lane.begin(), access.lane.end(), lane) != access.lane.end()) {
                problem = "lane `" + index.var(lane).name + "` indexes two of its dimensions";
                return std::nullopt;
            }
        }
        access.base.push_back(index.substitute(id, at_zero));
        access.lane.push_back(lane);
    }
    return access;
}

std::optional<int64_t> fixed_value(const IndexArena& index, IndexId id) {
    Interval bounds = index.bounds(id);
    if (bounds.lo && bounds.hi && *bounds.lo == *bounds.hi) return *bounds.lo;
    return std::nullopt;
}

bool tile_aligned(const IndexArena& index, IndexId offset) {
    if (auto value = fixed_value(index, offset)) return *value % kTileDim == 0;
    return index.divisible_by(offset, kTileDim);
}

namespace {

// a - b >= least, provably
bool at_least(IndexArena& index, IndexId a, IndexId b, int64_t least) {
    auto lo = index.bounds(index.sub(a, b)).lo;
    return lo && *lo >= least;
}

}  // namespace

bool implied_in_bounds(IndexArena& index, IndexId cond, const Tensor& tensor, const std::vector<IndexId>& indices) {
    if (index.always_true(cond)) return true;
    const IndexNode node = index.node(cond);
    if (node.op == IndexOp::And)
        return implied_in_bounds(index, node.a, tensor, indices) && implied_in_bounds(index, node.b, tensor, indices);
    if (node.op != IndexOp::Lt && node.op != IndexOp::Le) return false;
    for (size_t d = 0; d < indices.size(); ++d) {
        // index < extent (or 0 <= index) implies a < b (a <= b) if the slack of the latter is at least that of the
        // former
        IndexId slack = index.sub(node.b, node.a);
        int64_t le = node.op == IndexOp::Le ? -1 : 0;
        if (at_least(index, slack, index.sub(tensor.shape[d], indices[d]), le)) return true;
        if (at_least(index, slack, indices[d], le + 1)) return true;
    }
    return false;
}

void for_each_write(const tile::Region& region, const std::function<void(Ref)>& visit) {
    each_op(region, [&](const tile::Op& op) {
        std::visit(
            [&](const auto& o) {
                if constexpr (requires { o.stores; })
                    for (const tile::Store& store : o.stores) visit(store.ref);
                else if constexpr (requires { o.dst; })
                    visit(o.dst.ref);
                else if constexpr (requires { o.c; })
                    visit(o.c.ref);
            },
            op.v);
    });
}

void for_each_read(const LaneArena& lanes, LaneId root, const std::function<void(const LaneNode&)>& visit) {
    each_lane_node(lanes, root, [&](const LaneNode& node) {
        if (node.op == LaneOp::Read) visit(node);
    });
}

}  // namespace tilelang_tt
