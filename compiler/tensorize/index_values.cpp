#include "compiler/tensorize/index_values.h"

#include <algorithm>

#include "compiler/ir/interpret.h"
#include "compiler/map/access.h"

namespace tilelang_tt {

using graph::Operand;
using graph::Orientation;
using tensix::TileFn;

namespace {

// Integers up to here, and their halves, are exact in fp32, and may lose a bit to each of two roundings.
constexpr int64_t kExact = int64_t{1} << 21;

std::optional<TileFn> function_of(IndexOp op) {
    switch (op) {
        case IndexOp::Add:
            return TileFn::Add;
        case IndexOp::Mul:
            return TileFn::Mul;
        case IndexOp::FloorDiv:
            return TileFn::FloorDiv;
        case IndexOp::FloorMod:
            return TileFn::FloorMod;
        case IndexOp::Min:
            return TileFn::Min;
        case IndexOp::Max:
            return TileFn::Max;
        case IndexOp::Lt:
            return TileFn::Lt;
        case IndexOp::Le:
            return TileFn::Le;
        case IndexOp::Eq:
            return TileFn::Eq;
        case IndexOp::Ne:
            return TileFn::Ne;
        default:
            return std::nullopt;
    }
}

bool compares(IndexOp op) { return op == IndexOp::Lt || op == IndexOp::Le || op == IndexOp::Eq || op == IndexOp::Ne; }

}  // namespace

bool IndexValues::uses_lanes(IndexId id) const {
    return (frame_.row && ctx_.index.uses(id, frame_.row)) || (frame_.col && ctx_.index.uses(id, frame_.col));
}

bool IndexValues::exact(IndexId id, int64_t limit) const {
    const Interval i = ctx_.index.bounds(id);
    return i.lo && i.hi && *i.lo >= -limit && *i.hi <= limit;
}

Operand IndexValues::value(IndexId id, DType dtype, LocId loc) {
    loc_ = loc;
    if (dtype == DType::Bool) return condition(id);
    if (auto fixed = fixed_value(ctx_.index, id)) return {{}, round_to(dtype, static_cast<double>(*fixed))};
    const Forms forms = this->forms(id);
    const bool as_number = is_float(dtype) && (forms.number || exact(id, 8 * kExact));
    Operand out = as_number ? number(forms) : integer(forms);
    if (!out.value) return {{}, round_to(dtype, out.constant)};
    out.value = builder_.cast(out.value, dtype, loc_);
    return out;
}

Operand IndexValues::apply(TileFn fn, DType dtype, std::vector<Operand> operands, bool full) {
    int64_t rows = full ? frame_.rows : 1, cols = full ? frame_.cols : 1;
    for (const Operand& operand : operands)
        if (operand.value) {
            rows = std::max(rows, builder_.type(operand.value).rows);
            cols = std::max(cols, builder_.type(operand.value).cols);
        }
    return {builder_.eltwise(fn, tile_type(dtype, rows, cols), std::move(operands), std::string(to_string(fn)), loc_)};
}

Operand IndexValues::iota(Orientation orientation, IndexId base) {
    const int64_t rows = orientation == Orientation::Col ? frame_.rows : 1,
                  cols = orientation == Orientation::Row ? frame_.cols : 1;
    const std::string name =
        orientation == Orientation::Scalar ? "index" : ctx_.index.var(rows > 1 ? frame_.row : frame_.col).name;
    const ValueId result = builder_.value({DType::I32, orientation, rows, cols}, name, loc_);
    builder_.add(graph::Iota{{result}, base}, loc_);
    return {result};
}

Operand IndexValues::integer(const Forms& forms) {
    if (forms.integer) return *forms.integer;
    if (!forms.number->value) return *forms.number;
    // All over the block: integers of a row or a column cannot be spread later.
    return apply(TileFn::Cast, DType::I32, {*forms.number}, true);
}

Operand IndexValues::number(const Forms& forms) {
    if (forms.number) return *forms.number;
    if (!forms.integer->value) return *forms.integer;
    return apply(TileFn::Cast, DType::F32, {*forms.integer});
}

// id = row * (lane of rows) + col * (lane of columns) + what is returned, which no lane changes.
std::optional<IndexId> IndexValues::rest(IndexId id, int64_t& row, int64_t& col) {
    IndexArena& index = ctx_.index;
    IndexSubst zero;
    for (auto [lane, factor] : {std::pair(frame_.row, &row), std::pair(frame_.col, &col)}) {
        *factor = 0;
        if (!lane || !index.uses(id, lane)) continue;
        const auto coefficient = index.linear_coefficient(id, lane);
        if (!coefficient) return std::nullopt;
        *factor = *coefficient;
        zero[lane] = index.constant(0);
    }
    const IndexId out = index.substitute(id, zero);
    return uses_lanes(out) ? std::nullopt : std::optional(out);
}

IndexValues::Forms IndexValues::forms(IndexId id) {
    if (auto fixed = fixed_value(ctx_.index, id)) {
        const Operand constant{{}, static_cast<double>(*fixed)};
        return {constant, constant};
    }
    int64_t row = 0, col = 0;
    if (auto base = rest(id, row, col)) return affine(*base, row, col);
    return make(id);
}

IndexValues::Forms IndexValues::affine(IndexId base, int64_t row, int64_t col) {
    IndexArena& index = ctx_.index;
    Operand out;
    bool have = false;
    // base goes with the first lane that counts by ones.
    for (auto [factor, orientation] : {std::pair(row, Orientation::Col), std::pair(col, Orientation::Row)}) {
        if (factor == 0) continue;
        const bool takes_base = factor == 1 && base;
        Operand part = iota(orientation, takes_base ? base : index.constant(0));
        if (takes_base) base = {};
        const bool minus = have && factor < 0;
        const int64_t times = minus ? -factor : factor;
        if (times != 1) part = apply(TileFn::Mul, DType::I32, {part, {{}, static_cast<double>(times)}});
        out = have ? apply(minus ? TileFn::Sub : TileFn::Add, DType::I32, {out, part}) : part;
        have = true;
    }
    if (base && index.as_const(base) != 0) {
        const auto fixed = fixed_value(index, base);
        const Operand more = fixed ? Operand{{}, static_cast<double>(*fixed)} : iota(Orientation::Scalar, base);
        out = have ? apply(TileFn::Add, DType::I32, {out, more}) : more;
    }
    return {out, std::nullopt};
}

IndexValues::Forms IndexValues::make(IndexId id) {
    const IndexNode node = ctx_.index.node(id);
    if (compares(node.op) || node.op == IndexOp::And || node.op == IndexOp::Or || node.op == IndexOp::Not)
        return {std::nullopt, apply(TileFn::Cast, DType::F32, {condition(id)})};
    if (node.op == IndexOp::FloorDiv || node.op == IndexOp::FloorMod) return divided(node);
    if (node.op == IndexOp::Select) {
        const Forms then = forms(node.b), otherwise = forms(node.c);
        if (exact(node.b, kExact) && exact(node.c, kExact))
            return {std::nullopt,
                    apply(TileFn::Select, DType::F32, {condition(node.a), number(then), number(otherwise)})};
        return {apply(TileFn::Select, DType::I32, {condition(node.a), integer(then), integer(otherwise)}, true),
                std::nullopt};
    }
    const TileFn fn = *function_of(node.op);
    const Forms a = forms(node.a), b = forms(node.b);
    if (exact(id, kExact) && exact(node.a, kExact) && exact(node.b, kExact))
        return {std::nullopt, apply(fn, DType::F32, {number(a), number(b)})};
    return {apply(fn, DType::I32, {integer(a), integer(b)}, true), std::nullopt};
}

// floor(a / m) of small integers is floor((a + 1/2) / m) in fp32, where the product with 1/m is off by less than
// 1/(2m).
IndexValues::Forms IndexValues::divided(const IndexNode& node) {
    const Forms a = forms(node.a);
    const auto divisor = fixed_value(ctx_.index, node.b);
    if (!divisor || *divisor <= 0 || *divisor > kExact || !exact(node.a, kExact)) {
        const TileFn fn = *function_of(node.op);
        return {apply(fn, DType::I32, {integer(a), integer(forms(node.b))}, true), std::nullopt};
    }
    const auto m = static_cast<double>(*divisor);
    const Operand x = number(a);
    const Operand half = apply(TileFn::Add, DType::F32, {x, {{}, 0.5}});
    const Operand quotient =
        apply(TileFn::Floor, DType::F32, {apply(TileFn::Mul, DType::F32, {half, {{}, round_to(DType::F32, 1 / m)}})});
    if (node.op == IndexOp::FloorDiv) return {std::nullopt, quotient};
    return {std::nullopt, apply(TileFn::Sub, DType::F32, {x, apply(TileFn::Mul, DType::F32, {quotient, {{}, m}})})};
}

Operand IndexValues::condition(IndexId id) {
    IndexArena& index = ctx_.index;
    if (index.always_true(id)) return {{}, 1};
    if (index.always_false(id)) return {{}, 0};
    const IndexNode node = index.node(id);
    // Of the block alone: one number, which a processor computes.
    const bool several = node.op == IndexOp::And || node.op == IndexOp::Or || node.op == IndexOp::Not;
    if (several && !uses_lanes(id)) return apply(TileFn::Ne, DType::Bool, {iota(Orientation::Scalar, id), {{}, 0}});
    switch (node.op) {
        case IndexOp::And:
        case IndexOp::Or: {
            const bool both = node.op == IndexOp::And;
            const Operand a = condition(node.a), b = condition(node.b);
            for (const auto& [x, y] : {std::pair(a, b), std::pair(b, a)})
                if (!x.value) return both == (x.constant != 0) ? y : x;
            return apply(both ? TileFn::LogicalAnd : TileFn::LogicalOr, DType::Bool, {a, b});
        }
        case IndexOp::Not:
            return apply(TileFn::LogicalNot, DType::Bool, {condition(node.a)});
        case IndexOp::Lt:
        case IndexOp::Le:
        case IndexOp::Eq:
        case IndexOp::Ne: {
            const TileFn fn = *function_of(node.op);
            int64_t row = 0, col = 0;
            const bool plain = rest(node.a, row, col) && rest(node.b, row, col);
            const Forms a = forms(node.a), b = forms(node.b);
            // Sums of positions compare exactly whatever their size; other numbers where fp32 holds them.
            const bool numbers = !plain && exact(node.a, kExact) && exact(node.b, kExact);
            const Operand x = numbers ? number(a) : integer(a), y = numbers ? number(b) : integer(b);
            if (x.value) return apply(fn, DType::Bool, {x, y}, !plain && !numbers);
            // A constant stands second.
            const TileFn turned = fn == TileFn::Lt ? TileFn::Gt : fn == TileFn::Le ? TileFn::Ge : fn;
            return apply(turned, DType::Bool, {y, x}, !plain && !numbers);
        }
        default:
            return apply(TileFn::Ne, DType::Bool, {integer(forms(id)), {{}, 0}});
    }
}

}  // namespace tilelang_tt
