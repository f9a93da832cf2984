#include "compiler/ir/padding.h"

#include <utility>

#include "compiler/ir/interpreter.h"
#include "compiler/ir/walk.h"

namespace tilelang_tt {

using graph::Orientation;
using graph::TileType;
using tensix::TileFn;

namespace {

// Functions of which the chip computes the exact value for the numbers that stand in padding: zeros and infinities.
bool exact_on_rest(TileFn fn) {
    switch (fn) {
        case TileFn::Identity:
        case TileFn::Cast:
        case TileFn::Neg:
        case TileFn::Abs:
        case TileFn::Square:
        case TileFn::Relu:
        case TileFn::Add:
        case TileFn::Sub:
        case TileFn::Mul:
        case TileFn::Min:
        case TileFn::Max:
            return true;
        default:
            return false;
    }
}

bool has_rows(const TileType& t) { return t.orientation == Orientation::Full || t.orientation == Orientation::Col; }
bool has_cols(const TileType& t) { return t.orientation == Orientation::Full || t.orientation == Orientation::Row; }

}  // namespace

Padding::Padding(const Context& ctx, const graph::Launch& launch, std::vector<bool> pad_is_zero)
    : ctx_(ctx), index_(ctx.index), launch_(launch), pad_is_zero_(std::move(pad_is_zero)), rest_(launch.values.size()) {
    region(launch.body);
}

void Padding::region(const graph::Region& region) {
    for (const graph::Op& op : region.ops) {
        note(op);
        std::visit(
            [&](const auto& o) {
                fields_of(o, [&](std::string_view, const auto& field) {
                    if constexpr (std::is_same_v<std::remove_cvref_t<decltype(field)>, graph::Region>)
                        this->region(field);
                });
            },
            op.v);
    }
}

void Padding::note(const graph::Op& op) {
    rest_.resize(launch_.values.size());
    if (auto* load = std::get_if<graph::Load>(&op.v)) {
        rest_[load->result.id.v] = this->load(*load);
    } else if (auto* fill = std::get_if<graph::Fill>(&op.v)) {
        rest_[fill->result.id.v] = {fill->value, fill->value};
    } else if (auto* pad = std::get_if<graph::Pad>(&op.v)) {
        rest_[pad->result.id.v] = {pad->fill, pad->fill};
    } else if (auto* eltwise = std::get_if<graph::Eltwise>(&op.v)) {
        rest_[eltwise->result.id.v] = this->eltwise(*eltwise);
    } else if (auto* transpose = std::get_if<graph::Transpose>(&op.v)) {
        const Rest& from = rest_[transpose->value.v];
        rest_[transpose->result.id.v] = {from.cols, from.rows};
    } else if (auto* tilize = std::get_if<graph::Tilize>(&op.v)) {
        rest_[tilize->result.id.v] = {0.0, 0.0};
    }
}

Rest Padding::load(const graph::Load& load) {
    const Tensor& tensor = ctx_.tensor(load.from.tensor);
    const TileType& type = launch_.value(load.result.id).type;
    auto along = [&](int64_t dim, int64_t extent) -> std::optional<double> {
        if (dim < 0 || !pad_is_zero_[load.from.tensor.v]) return std::nullopt;
        const auto d = static_cast<size_t>(dim);
        // The block's end is the tensor's, or past it.
        const IndexId end = index_.add(load.from.offset[d], index_.constant(extent));
        if (!index_.always_true(index_.le(tensor.shape[d], end))) return std::nullopt;
        return 0.0;
    };
    return {along(load.from.row_dim, type.rows), along(load.from.col_dim, type.cols)};
}

Rest Padding::eltwise(const graph::Eltwise& op) const {
    Rest out;
    if (!exact_on_rest(op.fn)) return out;
    const TileType& type = launch_.value(op.result.id).type;
    DType operand = type.dtype;
    for (bool rows : {true, false}) {
        double x[3] = {};
        bool known = true;
        for (size_t i = 0; i < op.operands.size(); ++i) {
            const graph::Operand& o = op.operands[i];
            x[i] = o.constant;
            if (!o.value) continue;
            const TileType& from = launch_.value(o.value).type;
            operand = from.dtype;
            const auto& rest = rows ? rest_[o.value.v].rows : rest_[o.value.v].cols;
            // What is spread along an edge stands beyond it too.
            known = known && rest && (rows ? has_rows(from) || !has_rows(type) : has_cols(from) || !has_cols(type));
            x[i] = rest.value_or(0);
        }
        if (known) (rows ? out.rows : out.cols) = interpreter::apply(op.fn, type.dtype, operand, x[0], x[1], x[2]);
    }
    return out;
}

std::vector<PadNeed> pad_needs(const graph::Launch& launch, const graph::Op& op) {
    std::vector<PadNeed> out;
    auto add = [&](ValueId id, bool rows, bool cols, double fill) {
        const TileType& t = launch.value(id).type;
        rows = rows && has_rows(t) && t.rows % kTileDim;
        cols = cols && has_cols(t) && t.cols % kTileDim;
        if (rows || cols) out.push_back({id, rows, cols, fill});
    };
    if (auto* reduce = std::get_if<graph::Reduce>(&op.v)) {
        const double neutral = interpreter::identity_of(reduce->fn);
        add(reduce->value, reduce->dim != 1, reduce->dim != 0,
            round_to(launch.value(reduce->value).type.dtype, neutral));
    } else if (auto* scan = std::get_if<graph::Scan>(&op.v)) {
        // From the end on it begins beyond the last row.
        if (scan->reverse)
            add(scan->value, true, false,
                round_to(launch.value(scan->value).type.dtype, interpreter::identity_of(scan->fn)));
    } else if (auto* matmul = std::get_if<graph::Matmul>(&op.v)) {
        add(matmul->a, matmul->trans_a, !matmul->trans_a, 0);
        add(matmul->b, !matmul->trans_b, matmul->trans_b, 0);
    }
    return out;
}

bool satisfied(const Rest& rest, const PadNeed& need) {
    return (!need.rows || rest.rows == need.fill) && (!need.cols || rest.cols == need.fill);
}

}  // namespace tilelang_tt
