// Values that follow from the position of an element: index arithmetic, and masks that such values make.
#include "compiler/place/selector.h"

#include <algorithm>

namespace tilelang_tt::placed {

TileIndex Selector::base_of(const Affine& value) {
    return {value.terms, value.constant, kTileDim * value.row, kTileDim * value.col, 0, value.bits};
}

TileIndex Selector::negated(TileIndex x) {
    for (auto& term : x.terms) term.second = -term.second;
    x.constant = -x.constant, x.row_step = -x.row_step, x.col_step = -x.col_step;
    return x;
}

// row * r + col * c in every tile alike, in fp32, times the factor that is returned.
int64_t Selector::pattern(int unit, int64_t row, int64_t col) {
    auto copy = [&](int to, int64_t row_step, int64_t col_step) {
        emit(OpCode::copy_tile, {to}, {}, {{indices_(row_step, col_step), Access::Scalar}});
    };
    if (row == 0 || col == 0 || row == -col) {
        const int64_t factor = row ? row : col;
        copy(unit, row ? 1 : 0, row == 0 ? 1 : col ? -1 : 0);
        return factor;
    }
    copy(unit, 1, 0);
    scale(unit, row);
    const int other = alloc_shared_or_unit();
    copy(other, 0, 1);
    scale(other, col);
    emit(OpCode::add_binary_tile, {unit, other, unit});
    give_back(other);
    return 1;
}

void Selector::scale(int unit, int64_t factor) {
    if (factor != 1) emit(OpCode::mul_unary_tile, {unit}, {fp32_bits(static_cast<double>(factor))});
}

// The value in a register. Whole numbers up to 2^24 are made in fp32 and converted; others are put together from
// what is the same in all tiles, which is small, and an int32.
int Selector::made(const Affine& value, const graph::TileType& type) {
    const int unit = alloc();
    const TileIndex base = base_of(value);
    const bool integer = is_int(type.dtype);
    if (value.scalar()) {
        emit(integer ? OpCode::fill_tile_int : OpCode::fill_tile, {unit}, base);
        return unit;
    }
    const Affine tile{value.row, value.col, {}, 0, false};
    if (!exact_in_fp32(bounds(ctx_, tile, kTileDim, kTileDim))) {
        refuse("TT4026", "a factor of an index is too large for the chip", "use smaller strides");
        return unit;
    }
    scale(unit, pattern(unit, value.row, value.col));
    const bool moved = !base.terms.empty() || base.constant || base.row_step || base.col_step;
    const bool small = exact_in_fp32(bounds(ctx_, value, type.rows, type.cols));
    if (moved && small) emit(OpCode::add_unary_tile, {unit}, base);
    if (integer)
        emit(OpCode::typecast_tile, {unit},
             {static_cast<int64_t>(tensix::DataFormat::Float32), static_cast<int64_t>(tensix::DataFormat::Int32)});
    if (moved && !small) {
        const int add = alloc();
        emit(OpCode::fill_tile_int, {add}, base);
        emit(OpCode::add_int_tile, {unit, add, unit});
        free_.push_back(add);
    }
    return unit;
}

// 1 where all tests hold, else 0.
void Selector::hold(const std::vector<Test>& tests, int unit) {
    bool first = true;
    for (const Test& test : tests) {
        const int to = first ? unit : alloc_shared_or_unit();
        const Affine& value = test.value;
        const auto code = tensix::find_op(Unit::Sfpu, OpKind::UnaryScalar, test.fn);
        if (value.scalar()) {
            // Of the whole tile: the number is compared with 0.
            TileIndex at = base_of(value);
            at.limit = 1;
            emit(OpCode::fill_tile, {to}, at);
            emit(*code, {to}, {fp32_bits(0)});
        } else {
            const int64_t factor = pattern(to, value.row, value.col);
            scale(to, factor);
            TileIndex with = negated(base_of(value));
            // Beyond what the tile holds all numbers compare alike.
            const Interval tile = bounds(ctx_, {value.row, value.col, {}, 0, false}, kTileDim, kTileDim);
            with.limit = std::max(*tile.hi, -*tile.lo) + 1;
            emit(*code, {to}, with);
        }
        if (!first) {
            emit(OpCode::mul_binary_tile, {unit, to, unit});
            give_back(to);
        }
        first = false;
    }
}

// Negative where the test fails for some element of a tile (or, with `fails`, where it holds for some).
std::optional<TileIndex> Selector::some(const Test& test, bool fails) {
    int64_t low = 0, high = 0;  // of what varies inside a tile
    for (int64_t step : {test.value.row, test.value.col}) (step < 0 ? low : high) += step * (kTileDim - 1);
    TileIndex at = base_of(test.value);
    // value >= 0 fails for the smallest, holds for the largest
    auto plus = [&](TileIndex x, int64_t n) {
        x.constant += n;
        return x;
    };
    switch (test.fn) {
        case TileFn::Ge:  // fails somewhere: at + low < 0; holds somewhere: at + high >= 0
            return fails ? plus(at, low) : plus(negated(at), -high - 1);
        case TileFn::Gt:
            return fails ? plus(at, low - 1) : plus(negated(at), -high);
        case TileFn::Lt:
            return fails ? plus(negated(at), -high - 1) : plus(at, low);
        case TileFn::Le:
            return fails ? plus(negated(at), -high) : plus(at, low - 1);
        default:
            return std::nullopt;
    }
}

// unit = where the tests hold ? unit : other (or the other way round with `keeps` false); other: a register, or a
// constant.
void Selector::mask(const std::vector<Test>& tests, int unit, bool keeps, const Source& other, double constant,
                    const graph::TileType& type) {
    std::vector<TileIndex> when;
    for (const Test& test : tests) {
        auto some = this->some(test, keeps);
        if (!some) {
            when.clear();
            break;
        }
        when.push_back(*some);
        if (!keeps) break;  // one that holds nowhere is enough to do nothing
    }
    const bool integer = is_int(type.dtype);
    const auto before = std::exchange(when_, std::move(when));
    const int cond = alloc_shared_or_unit();
    hold(tests, cond);
    int filled = other.unit;
    if (other.unit == kNone) {
        filled = alloc_shared_or_unit();
        emit(integer ? OpCode::fill_tile_int : OpCode::fill_tile, {filled},
             std::vector<int64_t>{integer ? int32_bits(static_cast<int64_t>(constant)) : fp32_bits(constant)});
    }
    emit(OpCode::where_tile, {cond, keeps ? unit : filled, keeps ? filled : unit, unit}, {where_format(integer)});
    give_back(cond);
    if (other.unit == kNone) give_back(filled);
    when_ = before;
}

int64_t Selector::where_format(bool integer) const {
    return static_cast<int64_t>(integer              ? tensix::DataFormat::Int32
                                : options_.fp32_dest ? tensix::DataFormat::Float32
                                                     : tensix::DataFormat::Float16_b);
}

bool Selector::define_affine(ValueId id, const std::vector<graph::Operand>& operands) {
    const Affine* affine = analysis_.affine(id);
    if (!affine) return false;
    for (const graph::Operand& operand : operands) forget(operand);
    define(id, made(*affine, type(id)));
    return true;
}

// Only the last tiles along an edge have something beyond it.
void Selector::lower(const graph::Pad& op) {
    const graph::TileType& t = type(op.result.id);
    const Source x = read({op.value, 0}, t, true);
    for (bool rows : {true, false}) {
        const int64_t extent = rows ? t.rows : t.cols;
        if (extent % kTileDim == 0 || (rows ? t.orientation == Orientation::Row : t.orientation == Orientation::Col) ||
            t.orientation == Orientation::Scalar)
            continue;
        // position < extent
        Test inside{TileFn::Lt, {rows, !rows, {}, -extent, false}};
        mask({inside}, x.unit, true, {kNone, false}, op.fill, t);
    }
    define(op.result.id, x.unit);
}

}  // namespace tilelang_tt::placed
