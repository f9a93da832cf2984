#include "compiler/map/atomic_step.h"

#include <algorithm>
#include <optional>

#include "compiler/ir/text.h"
#include "compiler/ir/walk.h"
#include "compiler/map/atomic_parts.h"

namespace tilelang_tt::atomics {
namespace {

class Series : Step {
  public:
    explicit Series(const Step& launch) : Step(launch) {}

    void run() {
        cut_axes();
        in_series();
    }

  private:
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
};

}  // namespace

void blocks_in_series(const Step& launch) { Series(launch).run(); }

}  // namespace tilelang_tt::atomics
