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

namespace {

class PaddingCheck {
  public:
    PaddingCheck(const Context& ctx, const graph::Launch& launch, const std::vector<bool>& pad_is_zero,
                 std::vector<Diagnostic>& errors)
        : ctx_(ctx), launch_(launch), pad_is_zero_(pad_is_zero), errors_(errors), tainted_(launch.values.size()) {}

    void run() {
        for (bool report : {false, false, true}) visit(launch_.body, report);  // twice: a loop carries taint round
    }

  private:
    bool ragged(const graph::Window& window) const {
        const Tensor& tensor = ctx_.tensor(window.tensor);
        if (pad_is_zero_[window.tensor.v]) return false;
        for (int64_t dim : {window.row_dim, window.col_dim})
            if (dim >= 0 && !ctx_.index.divisible_by(tensor.shape[dim], kTileDim)) return true;
        return false;
    }

    void visit(const graph::Region& region, bool report) {
        for (const graph::Op& op : region.ops) {
            const Tensor* from = nullptr;
            for_each_use(op, [&](ValueId id) {
                if (tainted_[id.v]) from = tainted_[id.v];
            });
            if (auto* load = std::get_if<graph::Load>(&op.v); load && ragged(load->from))
                from = &ctx_.tensor(load->from.tensor);
            // What is added up; an accumulator is added to, element by element.
            const Tensor* summed = nullptr;
            auto sums = [&](ValueId id) {
                if (tainted_[id.v]) summed = tainted_[id.v];
            };
            if (auto* matmul = std::get_if<graph::Matmul>(&op.v)) sums(matmul->a), sums(matmul->b);
            if (auto* reduce = std::get_if<graph::Reduce>(&op.v)) sums(reduce->value);
            if (auto* scan = std::get_if<graph::Scan>(&op.v); scan && scan->reverse) sums(scan->value);
            if (summed && report)
                errors_.push_back({Severity::Error,
                                   "TT3041",
                                   "the padding of `" + summed->name +
                                       "` up to whole tiles is not known to be zero and would be added up here",
                                   {ctx_.loc(op.loc)},
                                   {},
                                   {},
                                   "give the tensor extents that are multiples of 32, or let another kernel write it"});
            if (from) for_each_def(op, [&](ValueId id) { tainted_[id.v] = from; });
            if (auto* loop = std::get_if<graph::For>(&op.v)) {
                for (size_t i = 0; i < loop->inits.size(); ++i) spread(loop->inits[i], loop->body.args[i]);
                visit(loop->body, report);
                const auto& last = std::get<graph::Yield>(loop->body.ops.back().v).values;
                for (size_t i = 0; i < last.size(); ++i)
                    spread(last[i], loop->body.args[i]), spread(last[i], loop->results[i].id);
            } else if (auto* branch = std::get_if<graph::If>(&op.v)) {
                for (const graph::Region* side : {&branch->then, &branch->otherwise}) {
                    visit(*side, report);
                    const auto& last = std::get<graph::Yield>(side->ops.back().v).values;
                    for (size_t i = 0; i < last.size(); ++i) spread(last[i], branch->results[i].id);
                }
            }
        }
    }

    void spread(ValueId from, ValueId to) {
        if (tainted_[from.v]) tainted_[to.v] = tainted_[from.v];
    }

    const Context& ctx_;
    const graph::Launch& launch_;
    const std::vector<bool>& pad_is_zero_;
    std::vector<Diagnostic>& errors_;
    std::vector<const Tensor*> tainted_;  // the tensor whose padding a value may show
};

}  // namespace

void check_padding(const Context& ctx, const graph::Launch& launch, const std::vector<bool>& pad_is_zero,
                   std::vector<Diagnostic>& errors) {
    PaddingCheck(ctx, launch, pad_is_zero, errors).run();
}

}  // namespace tilelang_tt
