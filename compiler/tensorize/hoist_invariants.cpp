#include <algorithm>
#include <unordered_set>

#include "compiler/ir/walk.h"
#include "compiler/tensorize/rewrite.h"
#include "compiler/tensorize/simplify.h"

namespace tilelang_tt {
namespace {

class Hoisting {
  public:
    Hoisting(const Context& ctx, graph::Launch& launch) : ctx_(ctx), launch_(launch) {
        each<graph::Store>(launch.body, [&](const graph::Store& store) { stored_.insert(store.to.tensor); });
    }

    bool run() {
        visit(launch_.body);
        return changed_;
    }

  private:
    void visit(graph::Region& region) {
        std::vector<graph::Op> out;
        for (graph::Op& op : region.ops) {
            for_each_region(op, [&](graph::Region& inner) { visit(inner); });
            if (auto* loop = std::get_if<graph::For>(&op.v)) leave(*loop, out);
            out.push_back(std::move(op));
        }
        region.ops = std::move(out);
    }

    // Moves what the loop's body does alike in every iteration to `out`.
    void leave(graph::For& loop, std::vector<graph::Op>& out) {
        std::unordered_set<ValueId> inside(loop.body.args.begin(), loop.body.args.end());
        std::erase_if(loop.body.ops, [&](graph::Op& op) {
            bool stays = !costly(op);
            for_each_use(op, [&](ValueId id) { stays = stays || inside.contains(id); });
            if (auto* load = std::get_if<graph::Load>(&op.v))
                stays = stays || stored_.contains(load->from.tensor) ||
                        std::any_of(load->from.offset.begin(), load->from.offset.end(),
                                    [&](IndexId offset) { return ctx_.index.uses(offset, loop.var); });
            if (stays) {
                for_each_def(op, [&](ValueId id) { inside.insert(id); });
                return false;
            }
            changed_ = true;
            out.push_back(std::move(op));
            return true;
        });
    }

    // Elementwise work is cheaper done again, in DST, than kept in L1.
    static bool costly(const graph::Op& op) {
        return std::holds_alternative<graph::Load>(op.v) || std::holds_alternative<graph::Transpose>(op.v) ||
               std::holds_alternative<graph::Reduce>(op.v) || std::holds_alternative<graph::Scan>(op.v) ||
               std::holds_alternative<graph::Matmul>(op.v);
    }

    const Context& ctx_;
    graph::Launch& launch_;
    std::unordered_set<TensorId> stored_;
    bool changed_ = false;
};

}  // namespace

bool hoist_invariants(const Context& ctx, graph::Launch& launch) { return Hoisting(ctx, launch).run(); }

}  // namespace tilelang_tt
