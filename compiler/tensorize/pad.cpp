#include "compiler/tensorize/pad.h"

#include <unordered_map>

#include "compiler/ir/padding.h"
#include "compiler/tensorize/builder.h"
#include "compiler/tensorize/rewrite.h"

namespace tilelang_tt {

using graph::Orientation;
using graph::TileType;
using tensix::TileFn;

namespace {

// Values that some matmul or reduction may come to see.
class Summed {
  public:
    explicit Summed(const graph::Launch& launch) : summed_(launch.values.size()) {
        while (changed_) {
            changed_ = false;
            region(launch.body);
        }
    }
    bool operator()(ValueId id) const { return summed_[id.v]; }

  private:
    void mark(ValueId id) {
        if (!id || summed_[id.v]) return;
        summed_[id.v] = changed_ = true;
    }
    void pass(ValueId to, ValueId from) {
        if (summed_[to.v]) mark(from);
    }
    void region(const graph::Region& region) {
        for (auto op = region.ops.rbegin(); op != region.ops.rend(); ++op) {
            if (auto* loop = std::get_if<graph::For>(&op->v)) {
                const auto& last = std::get<graph::Yield>(loop->body.ops.back().v).values;
                for (size_t i = 0; i < last.size(); ++i) {
                    pass(loop->results[i].id, last[i]), pass(loop->body.args[i], last[i]);
                    pass(loop->results[i].id, loop->inits[i]), pass(loop->body.args[i], loop->inits[i]);
                }
                this->region(loop->body);
            } else if (auto* branch = std::get_if<graph::If>(&op->v)) {
                for (const graph::Region* side : {&branch->then, &branch->otherwise}) {
                    const auto& last = std::get<graph::Yield>(side->ops.back().v).values;
                    for (size_t i = 0; i < last.size(); ++i) pass(branch->results[i].id, last[i]);
                    this->region(*side);
                }
            } else if (auto* matmul = std::get_if<graph::Matmul>(&op->v)) {
                mark(matmul->a), mark(matmul->b);
                if (matmul->acc) pass(matmul->result.id, matmul->acc);
            } else if (auto* reduce = std::get_if<graph::Reduce>(&op->v)) {
                mark(reduce->value);
                if (reduce->acc) pass(reduce->result.id, reduce->acc);
            } else if (auto* scan = std::get_if<graph::Scan>(&op->v); scan && scan->reverse) {
                mark(scan->value);
            } else {
                bool wanted = false;
                for_each_def(*op, [&](ValueId id) { wanted = wanted || summed_[id.v]; });
                if (wanted) for_each_use(*op, [&](ValueId id) { mark(id); });
            }
        }
    }

    std::vector<bool> summed_;
    bool changed_ = true;
};

class EdgeMasks {
  public:
    EdgeMasks(Context& ctx, graph::Launch& launch, const std::vector<bool>& pad_is_zero)
        : ctx_(ctx), launch_(launch), builder_(launch), pad_is_zero_(pad_is_zero), summed_(launch) {}

    void run() {
        visit(launch_.body);
        replace_.apply(launch_.body);
        // The masks' own operands are what they mask.
        for (auto [result, value] : masked_) restore(launch_.body, result, value);
    }

  private:
    void visit(graph::Region& region) {
        graph::Region out;
        out.args = region.args;
        for (graph::Op& op : region.ops) {
            for_each_region(op, [&](graph::Region& inner) { visit(inner); });
            const auto* load = std::get_if<graph::Load>(&op.v);
            const graph::Window from = load ? load->from : graph::Window{};
            const ValueId id = load ? load->result.id : ValueId{};
            const LocId loc = op.loc;
            out.ops.push_back(std::move(op));
            if (!load || builder_.type(id).in_rows || pad_is_zero_[from.tensor.v] || !summed_(id)) continue;
            graph::Region* outer = builder_.enter(&out);
            mask(from, id, loc);
            builder_.enter(outer);
        }
        region = std::move(out);
    }

    void mask(const graph::Window& from, ValueId id, LocId loc) {
        const TileType type = builder_.type(id);
        const Tensor& tensor = ctx_.tensor(from.tensor);
        ValueId inside;
        for (auto [dim, extent, orientation] : {std::tuple(from.row_dim, type.rows, Orientation::Col),
                                                std::tuple(from.col_dim, type.cols, Orientation::Row)}) {
            if (dim < 0) continue;
            const auto d = static_cast<size_t>(dim);
            const IndexId end = ctx_.index.add(from.offset[d], ctx_.index.constant(extent));
            if (ctx_.index.divisible_by(tensor.shape[d], kTileDim) ||
                ctx_.index.always_true(ctx_.index.le(end, tensor.shape[d])))
                continue;
            const bool vector = extent > 1;
            const TileType at = tile_type(DType::I32, orientation == Orientation::Col ? extent : 1,
                                          orientation == Orientation::Row ? extent : 1);
            const ValueId position = builder_.value(at, "position", loc);
            builder_.add(graph::Iota{{position}, from.offset[d]}, loc);
            graph::Operand limit{{}, 0};
            if (auto size = ctx_.index.as_const(tensor.shape[d])) {
                limit.constant = static_cast<double>(*size);
            } else {
                limit.value = builder_.value(tile_type(DType::I32, 1, 1), "extent", loc);
                builder_.add(graph::Iota{{limit.value}, tensor.shape[d]}, loc);
            }
            TileType flag = vector ? at : tile_type(DType::I32, 1, 1);
            flag.dtype = DType::Bool;
            const ValueId here = builder_.eltwise(TileFn::Lt, flag, {{position}, limit}, "inside", loc);
            TileType both = type;
            both.dtype = DType::Bool;
            inside = inside ? builder_.eltwise(TileFn::LogicalAnd, both, {{inside}, {here}}, "inside", loc) : here;
        }
        if (!inside) return;
        const ValueId result =
            builder_.eltwise(TileFn::Select, type, {{inside}, {id}, {{}, 0}}, launch_.values[id.v].name, loc);
        replace_.add(id, result);
        masked_.emplace_back(result, id);
    }

    static void restore(graph::Region& region, ValueId result, ValueId value) {
        for (graph::Op& op : region.ops) {
            for_each_region(op, [&](graph::Region& inner) { restore(inner, result, value); });
            if (auto* eltwise = std::get_if<graph::Eltwise>(&op.v); eltwise && eltwise->result.id == result)
                eltwise->operands[1].value = value;
        }
    }

    Context& ctx_;
    graph::Launch& launch_;
    GraphBuilder builder_;
    const std::vector<bool>& pad_is_zero_;
    Summed summed_;
    Replacements replace_;
    std::vector<std::pair<ValueId, ValueId>> masked_;
};

class PadInsertion {
  public:
    PadInsertion(Context& ctx, graph::Launch& launch, const std::vector<bool>& pad_is_zero)
        : launch_(launch), builder_(launch), padding_(ctx, launch, pad_is_zero) {}

    void run() { visit(launch_.body); }

  private:
    void visit(graph::Region& region) {
        graph::Region out;
        out.args = region.args;
        std::vector<std::pair<graph::Pad, TileType>> pads;  // of this list
        for (graph::Op& op : region.ops) {
            for_each_region(op, [&](graph::Region& inner) { visit(inner); });
            std::unordered_map<ValueId, ValueId> padded;
            for (const PadNeed& need : pad_needs(launch_, op)) {
                if (satisfied(padding_.of(need.value), need)) continue;
                ValueId result;
                for (const auto& [pad, type] : pads)
                    if (pad.value == need.value && pad.fill == need.fill) result = pad.result.id;
                if (!result) {
                    const TileType type = builder_.type(need.value);
                    result = builder_.value(type, launch_.values[need.value.v].name + "_padded", op.loc);
                    const graph::Pad pad{{result}, need.value, need.fill};
                    pads.emplace_back(pad, type);
                    out.ops.push_back({pad, op.loc});
                    padding_.note(out.ops.back());
                }
                padded[need.value] = result;
            }
            if (auto* reduce = std::get_if<graph::Reduce>(&op.v)) replace(reduce->value, padded);
            if (auto* scan = std::get_if<graph::Scan>(&op.v)) replace(scan->value, padded);
            if (auto* matmul = std::get_if<graph::Matmul>(&op.v))
                replace(matmul->a, padded), replace(matmul->b, padded);
            out.ops.push_back(std::move(op));
        }
        region = std::move(out);
    }
    static void replace(ValueId& id, const std::unordered_map<ValueId, ValueId>& by) {
        if (auto it = by.find(id); it != by.end()) id = it->second;
    }

    graph::Launch& launch_;
    GraphBuilder builder_;
    Padding padding_;
};

}  // namespace

void mask_edges(Context& ctx, graph::Launch& launch, const std::vector<bool>& pad_is_zero) {
    EdgeMasks(ctx, launch, pad_is_zero).run();
}

void insert_pads(Context& ctx, graph::Launch& launch, const std::vector<bool>& pad_is_zero) {
    PadInsertion(ctx, launch, pad_is_zero).run();
}

}  // namespace tilelang_tt
