#include <algorithm>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "compiler/ir/walk.h"
#include "compiler/map/access.h"
#include "compiler/tensorize/rewrite.h"
#include "compiler/tensorize/simplify.h"

namespace tilelang_tt {
namespace {

// Of one value.
constexpr size_t kMaxCells = 64;

class Splitting {
  public:
    Splitting(Context& ctx, graph::Launch& launch)
        : ctx_(ctx), launch_(launch), parent_(2 * launch.values.size()), cuts_(2 * launch.values.size()) {
        for (size_t i = 0; i < parent_.size(); ++i) parent_[i] = i;
    }

    bool run() {
        relate(launch_.body);
        if (put_.empty()) return false;
        block(launch_.body);
        for (size_t v = 0; v < launch_.values.size(); ++v) {
            const ValueId id(v);
            if (count(cells_along(id, kRows)) * count(cells_along(id, kCols)) <= kMaxCells) continue;
            blocked_.insert(find(id, kRows)), blocked_.insert(find(id, kCols));
        }
        bool any = false;
        for (size_t v = 0; v < launch_.values.size() && !any; ++v) any = split(ValueId(v));
        if (any) rewrite(launch_.body);
        return any;
    }

  private:
    enum Axis : size_t { kRows, kCols };
    static size_t count(const std::vector<int64_t>& cuts) { return cuts.size() - 1; }
    graph::TileType type(ValueId id) const { return launch_.values[id.v].type; }
    int64_t extent(ValueId id, Axis axis) const { return axis == kRows ? type(id).rows : type(id).cols; }

    // ---- classes of values that are cut alike, an axis each ----
    size_t find(ValueId id, Axis axis) {
        size_t node = 2 * id.v + axis;
        while (parent_[node] != node) node = parent_[node] = parent_[parent_[node]];
        return node;
    }
    void unite(ValueId a, ValueId b, Axis axis) {
        const size_t to = find(a, axis), from = find(b, axis);
        if (to == from) return;
        parent_[from] = to;
        cuts_[to].insert(cuts_[from].begin(), cuts_[from].end());
        if (put_.erase(from)) put_.insert(to);
        if (blocked_.erase(from)) blocked_.insert(to);
    }
    void unite(ValueId a, ValueId b) { unite(a, b, kRows), unite(a, b, kCols); }
    void cut(ValueId value, Axis axis, IndexId at, int64_t size) {
        const auto begin = fixed_value(ctx_.index, at);
        const size_t node = find(value, axis);
        if (!begin) {  // a value with a part at a place that is not constant stays whole
            blocked_.insert(find(value, kRows)), blocked_.insert(find(value, kCols));
            return;
        }
        for (int64_t edge : {*begin, *begin + size})
            if (edge > 0 && edge < extent(value, axis)) cuts_[node].insert(edge);
    }

    void relate(const graph::Region& region) {
        for (const graph::Op& op : region.ops) {
            if (auto* slice = std::get_if<graph::Slice>(&op.v)) {
                cut(slice->value, kRows, slice->row, type(slice->result.id).rows);
                cut(slice->value, kCols, slice->col, type(slice->result.id).cols);
            } else if (auto* insert = std::get_if<graph::Insert>(&op.v)) {
                unite(insert->into, insert->result.id);
                cut(insert->into, kRows, insert->row, type(insert->part).rows);
                cut(insert->into, kCols, insert->col, type(insert->part).cols);
                for (Axis axis : {kRows, kCols}) put_.insert(find(insert->into, axis));
            } else if (auto* eltwise = std::get_if<graph::Eltwise>(&op.v)) {
                for (const graph::Operand& operand : eltwise->operands)
                    for (Axis axis : {kRows, kCols})
                        if (operand.value && extent(operand.value, axis) == extent(eltwise->result.id, axis))
                            unite(operand.value, eltwise->result.id, axis);
            } else if (auto* loop = std::get_if<graph::For>(&op.v)) {
                relate(loop->body);
                const auto& last = std::get<graph::Yield>(loop->body.ops.back().v).values;
                for (size_t i = 0; i < loop->results.size(); ++i)
                    for (ValueId other : {loop->inits[i], loop->body.args[i], last[i]})
                        unite(loop->results[i].id, other);
            } else if (auto* branch = std::get_if<graph::If>(&op.v)) {
                for (const graph::Region* side : {&branch->then, &branch->otherwise}) {
                    relate(*side);
                    const auto& last = std::get<graph::Yield>(side->ops.back().v).values;
                    for (size_t i = 0; i < branch->results.size(); ++i) unite(branch->results[i].id, last[i]);
                }
            }
        }
    }
    // What is needed as a whole by something that cannot be done part by part stays whole.
    void block(const graph::Region& region) {
        each_op(region, [&](const graph::Op& op) {
            if (!std::holds_alternative<graph::Matmul>(op.v) && !std::holds_alternative<graph::Reduce>(op.v) &&
                !std::holds_alternative<graph::Transpose>(op.v))
                return;
            for_each_use(op, [&](ValueId id) { blocked_.insert(find(id, kRows)), blocked_.insert(find(id, kCols)); });
        });
    }

    // The edges of a value's parts along an axis: 0, …, extent.
    std::vector<int64_t> cells_along(ValueId id, Axis axis) {
        std::vector<int64_t> out{0};
        const size_t node = find(id, axis);
        if (put_.contains(node) && !blocked_.contains(node))
            out.insert(out.end(), cuts_[node].begin(), cuts_[node].end());
        out.push_back(extent(id, axis));
        return out;
    }
    bool split(ValueId id) { return count(cells_along(id, kRows)) * count(cells_along(id, kCols)) > 1; }

    // ---- the rewrite ----
    // One part of a value.
    struct Cell {
        int64_t row, col, rows, cols;
    };
    std::vector<Cell> cells(ValueId id) {
        const auto rows = cells_along(id, kRows), cols = cells_along(id, kCols);
        std::vector<Cell> out;
        for (size_t r = 0; r + 1 < rows.size(); ++r)
            for (size_t c = 0; c + 1 < cols.size(); ++c)
                out.push_back({rows[r], cols[c], rows[r + 1] - rows[r], cols[c + 1] - cols[c]});
        return out;
    }
    ValueId fresh(ValueId like, const Cell& cell) {
        graph::Value value = launch_.values[like.v];
        value.type.rows = cell.rows, value.type.cols = cell.cols;
        launch_.values.push_back(std::move(value));
        return ValueId(launch_.values.size() - 1);
    }
    // The parts of a split value, new at its definition.
    const std::vector<ValueId>& define(ValueId id) {
        auto [it, is_new] = parts_.try_emplace(id);
        if (is_new)
            for (const Cell& cell : cells(id)) it->second.push_back(fresh(id, cell));
        return it->second;
    }
    template <class Op>
    void emit(Op op) {
        out_->push_back({std::move(op), loc_});
    }
    IndexId constant(int64_t value) { return ctx_.index.constant(value); }

    // The elements of `id` in `cell`.
    ValueId piece(ValueId id, const Cell& cell) {
        if (auto it = renamed_.find(id); it != renamed_.end()) id = it->second;
        const graph::TileType whole = type(id);
        auto it = parts_.find(id);
        if (it == parts_.end()) {
            if (cell.rows == whole.rows && cell.cols == whole.cols) return id;
            const ValueId result = fresh(id, cell);
            emit(graph::Slice{{result}, id, constant(cell.row), constant(cell.col)});
            return result;
        }
        const std::vector<Cell> all = cells(id);
        for (size_t n = 0; n < all.size(); ++n) {
            const Cell& c = all[n];
            if (cell.row < c.row || cell.col < c.col || cell.row + cell.rows > c.row + c.rows ||
                cell.col + cell.cols > c.col + c.cols)
                continue;
            return piece(it->second[n], {cell.row - c.row, cell.col - c.col, cell.rows, cell.cols});
        }
        // Several: put together. The cells' edges are the piece's edges.
        ValueId result = fresh(id, cell);
        emit(graph::Fill{{result}, 0});
        for (size_t n = 0; n < all.size(); ++n) {
            const Cell& c = all[n];
            if (c.row < cell.row || c.col < cell.col || c.row + c.rows > cell.row + cell.rows ||
                c.col + c.cols > cell.col + cell.cols)
                continue;
            const ValueId next = fresh(id, cell);
            emit(graph::Insert{{next}, result, it->second[n], constant(c.row - cell.row), constant(c.col - cell.col)});
            result = next;
        }
        return result;
    }
    ValueId whole(ValueId id) { return piece(id, {0, 0, type(id).rows, type(id).cols}); }

    void rewrite(graph::Region& region) {
        std::vector<ValueId> args;
        for (ValueId arg : region.args) append(args, arg);
        region.args = std::move(args);
        std::vector<graph::Op> ops = std::move(region.ops), made;
        auto* outer = std::exchange(out_, &made);
        for (graph::Op& op : ops) {
            loc_ = op.loc;
            std::visit([&](auto& o) { rewrite(o); }, op.v);
        }
        region.ops = std::move(made);
        out_ = outer;
    }
    // The parts that stand for a definition.
    void append(std::vector<ValueId>& out, ValueId id) {
        if (!split(id)) return out.push_back(id);
        const auto& parts = define(id);
        out.insert(out.end(), parts.begin(), parts.end());
    }
    // The parts of a use that stands for `of`.
    void append_uses(std::vector<ValueId>& out, ValueId id, ValueId of) {
        for (const Cell& cell : cells(of)) out.push_back(piece(id, cell));
    }
    graph::Window moved(graph::Window window, const Cell& cell) {
        if (window.row_dim >= 0)
            window.offset[window.row_dim] = ctx_.index.add(window.offset[window.row_dim], constant(cell.row));
        if (window.col_dim >= 0)
            window.offset[window.col_dim] = ctx_.index.add(window.offset[window.col_dim], constant(cell.col));
        return window;
    }

    void rewrite(graph::Load& op) {
        if (!split(op.result.id)) return emit(op);
        const auto all = cells(op.result.id);
        const auto parts = define(op.result.id);
        for (size_t n = 0; n < all.size(); ++n) emit(graph::Load{{parts[n]}, moved(op.from, all[n])});
    }
    void rewrite(graph::Store& op) {
        for (const Cell& cell : cells(op.value)) {
            const ValueId part = piece(op.value, cell);
            emit(graph::Store{part, moved(op.to, cell)});
        }
    }
    void rewrite(graph::Fill& op) {
        if (!split(op.result.id)) return emit(op);
        const auto parts = define(op.result.id);
        for (ValueId part : parts) emit(graph::Fill{{part}, op.value});
    }
    void rewrite(graph::Eltwise& op) {
        const auto all = cells(op.result.id);
        std::vector<ValueId> parts;
        append(parts, op.result.id);
        for (size_t n = 0; n < all.size(); ++n) {
            graph::Eltwise part = op;
            part.result = {parts[n]};
            for (graph::Operand& operand : part.operands) {
                if (!operand.value) continue;
                // A row, column or scalar is the same for the parts that it runs past.
                const Cell cell{
                    type(operand.value).rows == 1 ? 0 : all[n].row, type(operand.value).cols == 1 ? 0 : all[n].col,
                    type(operand.value).rows == 1 ? 1 : all[n].rows, type(operand.value).cols == 1 ? 1 : all[n].cols};
                operand.value = piece(operand.value, cell);
            }
            emit(std::move(part));
        }
    }
    void rewrite(graph::Slice& op) {
        const auto row = fixed_value(ctx_.index, op.row), col = fixed_value(ctx_.index, op.col);
        const ValueId result = op.result.id;
        if (!row || !col) {
            op.value = whole(op.value);
            emit(op);
            return split_result(result);
        }
        if (!split(result)) {
            renamed_[result] = piece(op.value, {*row, *col, type(result).rows, type(result).cols});
            return;
        }
        std::vector<ValueId> parts;
        for (const Cell& cell : cells(result))
            parts.push_back(piece(op.value, {*row + cell.row, *col + cell.col, cell.rows, cell.cols}));
        parts_[result] = std::move(parts);
    }
    void rewrite(graph::Insert& op) {
        const ValueId result = op.result.id;
        if (!split(result)) {
            op.into = whole(op.into), op.part = whole(op.part);
            return emit(op);
        }
        const int64_t row = *fixed_value(ctx_.index, op.row), col = *fixed_value(ctx_.index, op.col);
        const graph::TileType put = type(op.part);
        std::vector<ValueId> parts;
        for (const Cell& cell : cells(result)) {
            const bool inside = cell.row >= row && cell.col >= col && cell.row + cell.rows <= row + put.rows &&
                                cell.col + cell.cols <= col + put.cols;
            parts.push_back(inside ? piece(op.part, {cell.row - row, cell.col - col, cell.rows, cell.cols})
                                   : piece(op.into, cell));
        }
        parts_[result] = std::move(parts);
    }
    void rewrite(graph::For& op) {
        std::vector<ValueId> inits;
        std::vector<graph::Def> results;
        for (size_t i = 0; i < op.results.size(); ++i) append_uses(inits, op.inits[i], op.results[i].id);
        std::vector<ValueId> defined;
        for (const graph::Def& def : op.results) append(defined, def.id);
        for (ValueId id : defined) results.push_back({id});
        const std::vector<graph::Def> of = std::exchange(op.results, std::move(results));
        op.inits = std::move(inits);
        body(op.body, of);
        emit(std::move(op));
    }
    void rewrite(graph::If& op) {
        std::vector<ValueId> defined;
        for (const graph::Def& def : op.results) append(defined, def.id);
        const std::vector<graph::Def> of = std::move(op.results);
        op.results.clear();
        for (ValueId id : defined) op.results.push_back({id});
        body(op.then, of);
        body(op.otherwise, of);
        emit(std::move(op));
    }
    void body(graph::Region& region, const std::vector<graph::Def>& results) {
        const LocId loc = loc_;
        const auto outer = std::exchange(results_, &results);
        rewrite(region);
        results_ = outer;
        loc_ = loc;
    }
    void rewrite(graph::Yield& op) {
        std::vector<ValueId> values;
        for (size_t i = 0; i < op.values.size(); ++i) append_uses(values, op.values[i], (*results_)[i].id);
        emit(graph::Yield{std::move(values)});
    }
    // Matmul, Reduce, Transpose: whole operands, a result that is cut afterwards.
    template <class Op>
    void rewrite(Op& op) {
        graph::Op whole_op{op, loc_};
        for_each_use(whole_op, [&](ValueId& id) { id = whole(id); });
        out_->push_back(std::move(whole_op));
        split_result(op.result.id);
    }
    void split_result(ValueId id) {
        if (!split(id)) return;
        std::vector<ValueId> parts;
        for (const Cell& cell : cells(id)) {
            const ValueId part = fresh(id, cell);
            emit(graph::Slice{{part}, id, constant(cell.row), constant(cell.col)});
            parts.push_back(part);
        }
        parts_[id] = std::move(parts);
    }

    Context& ctx_;
    graph::Launch& launch_;
    std::vector<size_t> parent_;
    std::vector<std::set<int64_t>> cuts_;
    std::unordered_set<size_t> put_, blocked_;  // classes: with a part replaced; that stay whole
    std::unordered_map<ValueId, std::vector<ValueId>> parts_;
    std::unordered_map<ValueId, ValueId> renamed_;
    std::vector<graph::Op>* out_ = nullptr;
    const std::vector<graph::Def>* results_ = nullptr;  // of the op around
    LocId loc_;
};

}  // namespace

bool split_values(Context& ctx, graph::Launch& launch) { return Splitting(ctx, launch).run(); }

}  // namespace tilelang_tt
