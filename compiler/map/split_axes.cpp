#include "compiler/map/split_axes.h"

#include <set>
#include <vector>

#include "compiler/ir/walk.h"

namespace tilelang_tt {
namespace {

// The constants that expressions divide the axis by, of quotients and of remainders.
struct Divisors {
    std::set<int64_t> quotients, remainders;
};

Divisors divisors(const Context& ctx, const tile::Launch& launch, VarId axis) {
    const IndexArena& index = ctx.index;
    Divisors found;
    const auto visit = [&](auto&& self, IndexId id) -> void {
        if (!id || !index.uses(id, axis)) return;
        const IndexNode& node = index.node(id);
        const bool of_axis = node.a && index.node(node.a).op == IndexOp::Var && index.node(node.a).var == axis;
        if (of_axis && (node.op == IndexOp::FloorDiv || node.op == IndexOp::FloorMod))
            if (const auto by = index.as_const(node.b))
                (node.op == IndexOp::FloorDiv ? found.quotients : found.remainders).insert(*by);
        self(self, node.a), self(self, node.b), self(self, node.c);
    };
    each_op(launch.body, [&](const tile::Op& op) {
        each<Access>(op, [&](const Access& access) {
            if (access.ref.is_tensor())
                for (const IndexId id : access.offset) visit(visit, id);
        });
        auto* map = std::get_if<tile::Map>(&op.v);
        if (!map) return;
        for (const tile::Store& store : map->stores) {
            if (store.ref.is_tensor())
                for (const IndexId id : store.indices) visit(visit, id);
            each_lane_node(ctx.lanes, store.value, [&](const LaneNode& node) {
                if (node.op == LaneOp::Read && node.ref.is_tensor())
                    for (const IndexId id : node.indices) visit(visit, id);
            });
        }
    });
    return found;
}

void split(Context& ctx, tile::Launch& launch) {
    IndexArena& index = ctx.index;
    if (launch.grid.size() != 1) return;
    const VarId axis = launch.grid[0];
    const auto extent = index.as_const(launch.grid_extents[0]);
    if (!extent) return;
    const Divisors found = divisors(ctx, launch, axis);
    for (const int64_t c : found.quotients) {
        if (c < 2 || c >= *extent || *extent % c != 0 || !found.remainders.count(c)) continue;
        const std::string name = index.var(axis).name;
        const VarId inner = index.new_var({name + "_rest", VarKind::Grid, 0, c - 1});
        const VarId outer = index.new_var({name + "_part", VarKind::Grid, 0, *extent / c - 1});
        substitute(ctx, launch.body,
                   {{axis, index.add(index.mul(index.of(outer), index.constant(c)), index.of(inner))}});
        launch.grid = {inner, outer};
        launch.grid_extents = {index.constant(c), index.constant(*extent / c)};
        return;
    }
}

}  // namespace

TileProgram split_axes(const TileProgram& program) {
    TileProgram out = program;
    for (tile::Launch& launch : out.launches) split(out.ctx, launch);
    return out;
}

}  // namespace tilelang_tt
