#include <unordered_map>

#include "compiler/tensorize/rewrite.h"
#include "compiler/tensorize/simplify.h"

namespace tilelang_tt {
namespace {

class FillFolding {
  public:
    FillFolding(Context& ctx, graph::Launch& launch) : ctx_(ctx), launch_(launch), uses_(count_uses(launch)) {}

    bool run() {
        visit(launch_.body);
        replace_.apply(launch_.body);
        return changed_;
    }

  private:
    void visit(graph::Region& region) {
        for (size_t i = 0; i < region.ops.size(); ++i) {
            graph::Op& op = region.ops[i];
            if (auto* fill = std::get_if<graph::Fill>(&op.v)) {
                fills_[fill->result.id] = fill->value;
            } else if (auto* matmul = std::get_if<graph::Matmul>(&op.v)) {
                drop_zero(matmul->acc);
            } else if (auto* reduce = std::get_if<graph::Reduce>(&op.v)) {
                if (reduce->fn == tensix::ReduceFn::Sum || reduce->fn == tensix::ReduceFn::AbsSum ||
                    reduce->fn == tensix::ReduceFn::AbsMax)
                    drop_zero(reduce->acc);
            } else if (auto* loop = std::get_if<graph::For>(&op.v)) {
                i += clear_before(region, i, *loop);
                // clear_before may have moved the loop
                visit(std::get<graph::For>(region.ops[i].v).body);
            } else {
                for_each_region(op, [&](graph::Region& inner) { visit(inner); });
            }
        }
    }

    void drop_zero(ValueId& acc) {
        auto fill = acc ? fills_.find(acc) : fills_.end();
        if (fill == fills_.end() || fill->second != 0) return;
        acc = {};
        changed_ = true;
    }

    // for v: arg … { if v == begin { yield fill } else { yield arg } } with no other use of arg: the fill becomes the
    // carried value's start. Where the loop may not run at all, its start must be the same fill already. Returns the
    // number of ops put before the loop.
    size_t clear_before(graph::Region& region, size_t at, graph::For& loop) {
        auto extent = ctx_.index.bounds(loop.extent).lo;
        size_t moved = 0;
        for (size_t k = 0; k < loop.inits.size(); ++k) {
            ValueId arg = loop.body.args[k];
            if (uses_[arg.v] != 1) continue;
            for (size_t o = 0; o < loop.body.ops.size(); ++o) {
                auto* branch = std::get_if<graph::If>(&loop.body.ops[o].v);
                if (!branch || branch->cond != first_iteration(loop)) continue;
                auto &then = yields(branch->then), &otherwise = yields(branch->otherwise);
                for (size_t r = 0; r < then.size(); ++r) {
                    auto fill = fill_in(branch->then, then[r]);
                    if (otherwise[r] != arg || !fill) continue;
                    auto start = fills_.find(loop.inits[k]);
                    bool same = start != fills_.end() && start->second == fill->value;
                    if (!same && !(extent && *extent >= 1)) continue;
                    replace_.add(branch->results[r].id, arg);
                    const auto slot = static_cast<ptrdiff_t>(r);
                    branch->results.erase(branch->results.begin() + slot);
                    const double value = fill->value;
                    then.erase(then.begin() + slot);
                    otherwise.erase(otherwise.begin() + slot);
                    changed_ = true;
                    if (!same) pending_.push_back({k, value});
                    goto next;
                }
            }
        next:;
        }
        for (auto [k, value] : pending_) {
            graph::For& current = std::get<graph::For>(region.ops[at + moved].v);
            graph::Value init = launch_.value(current.body.args[k]);
            LocId loc = region.ops[at + moved].loc;
            launch_.values.push_back(init);
            ValueId id(launch_.values.size() - 1);
            uses_.push_back(1);
            current.inits[k] = id;
            fills_[id] = value;
            region.ops.insert(region.ops.begin() + static_cast<ptrdiff_t>(at + moved),
                              graph::Op{graph::Fill{{id}, value}, loc});
            ++moved;
        }
        pending_.clear();
        return moved;
    }

    IndexId first_iteration(const graph::For& loop) { return ctx_.index.eq(ctx_.index.of(loop.var), loop.begin); }

    const graph::Fill* fill_in(const graph::Region& region, ValueId id) const {
        for (const graph::Op& op : region.ops)
            if (auto* fill = std::get_if<graph::Fill>(&op.v); fill && fill->result.id == id) return fill;
        return nullptr;
    }

    Context& ctx_;
    graph::Launch& launch_;
    std::vector<int> uses_;
    std::unordered_map<ValueId, double> fills_;
    std::vector<std::pair<size_t, double>> pending_;
    Replacements replace_;
    bool changed_ = false;
};

}  // namespace

bool fold_fills(Context& ctx, graph::Launch& launch) { return FillFolding(ctx, launch).run(); }

}  // namespace tilelang_tt
