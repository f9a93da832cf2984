#include "compiler/tensorize/check_order.h"

#include <cstdlib>
#include <unordered_map>
#include <unordered_set>

#include "compiler/ir/walk.h"
#include "compiler/tensorize/rewrite.h"

namespace tilelang_tt {

namespace {

class OrderCheck {
  public:
    OrderCheck(const Context& ctx, const graph::Launch& launch, std::vector<Diagnostic>& errors)
        : ctx_(ctx), launch_(launch), errors_(errors) {
        each_op(launch.body, [&](const graph::Op& op) {
            if (auto* store = std::get_if<graph::Store>(&op.v)) stores_[store->to.tensor].push_back(store);
        });
    }
    void run() { visit(launch_.body); }

  private:
    void visit(const graph::Region& region) {
        for (const graph::Op& op : region.ops) {
            if (auto* store = std::get_if<graph::Store>(&op.v)) written_.insert(store->to.tensor);
            if (auto* load = std::get_if<graph::Load>(&op.v); load && stores_.count(load->from.tensor))
                check(*load, op.loc);
            auto* loop = std::get_if<graph::For>(&op.v);
            if (loop) loops_.push_back(loop);
            for_each_region(op, [&](const graph::Region& inner) { visit(inner); });
            if (loop) loops_.pop_back();
        }
    }

    void check(const graph::Load& load, LocId loc) {
        const graph::TileType& type = launch_.value(load.result.id).type;
        bool in_place = !written_.count(load.from.tensor);
        for (const graph::Store* store : stores_[load.from.tensor]) {
            const graph::TileType& other = launch_.value(store->value).type;
            in_place = in_place && store->to == load.from && other.rows == type.rows && other.cols == type.cols;
        }
        for (const graph::For* loop : loops_)
            in_place = in_place && (!stores_to(*loop, load.from) || moves(*loop, load.from, type));
        if (in_place) return;
        errors_.push_back(
            {Severity::Error,
             "TT3040",
             "`" + ctx_.tensor(load.from.tensor).name +
                 "` is read and written by the same kernel, and not block by block in place; nothing orders "
                 "the read after the write",
             {ctx_.loc(loc)},
             {},
             {},
             "keep what is read again in a buffer, or use a second kernel"});
    }

    bool stores_to(const graph::For& loop, const graph::Window& window) const {
        bool any = false;
        each_op(loop.body, [&](const graph::Op& op) {
            auto* store = std::get_if<graph::Store>(&op.v);
            any = any || (store && store->to.tensor == window.tensor);
        });
        return any;
    }

    // No two iterations of the loop touch the same elements through the window.
    bool moves(const graph::For& loop, const graph::Window& window, const graph::TileType& type) const {
        for (size_t d = 0; d < window.offset.size(); ++d) {
            const auto dim = static_cast<int64_t>(d);
            const int64_t extent = dim == window.row_dim ? type.rows : dim == window.col_dim ? type.cols : 1;
            const auto step = ctx_.index.linear_coefficient(window.offset[d], loop.var);
            if (step && std::abs(*step) >= extent) return true;
        }
        return false;
    }

    const Context& ctx_;
    const graph::Launch& launch_;
    std::vector<Diagnostic>& errors_;
    std::unordered_map<TensorId, std::vector<const graph::Store*>> stores_;
    std::unordered_set<TensorId> written_;  // by a store before, in the order of the text
    std::vector<const graph::For*> loops_;  // around
};

}  // namespace

void check_memory_order(const Context& ctx, const graph::Launch& launch, std::vector<Diagnostic>& errors) {
    OrderCheck(ctx, launch, errors).run();
}

}  // namespace tilelang_tt
