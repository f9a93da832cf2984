#include "compiler/map/atomic_step.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <unordered_set>
#include <utility>

#include "compiler/ir/walk.h"
#include "compiler/map/access.h"
#include "compiler/map/atomic_workspaces.h"
#include "compiler/map/ownership.h"

namespace tilelang_tt::atomics {
namespace {

class Owners : Step {
  public:
    explicit Owners(const Step& launch) : Step(launch), workspaces_(launch) {}

    std::vector<tile::Launch> run() {
        check_others();
        std::vector<tile::Op*> around;
        realize(launch_.body, around);
        check_owners();
        return workspaces_.take_sums();
    }

  private:
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
                if (apart.empty()) {
                    in_place_.emplace_back(name(store->ref), user_name(store->combine));
                    in_place(*store);
                } else if (auto starts = workspaces_.put(map, apart, around, op)) {
                    before_[starts->at].push_back(std::move(starts->nest));
                }
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

    Workspaces workspaces_;
    std::map<const tile::Op*, std::vector<tile::Op>> before_;    // statements to come before one
    std::vector<std::pair<std::string, std::string>> in_place_;  // tensor, what it is changed by
};

}  // namespace

std::vector<tile::Launch> give_owners(const Step& launch) { return Owners(launch).run(); }

}  // namespace tilelang_tt::atomics
