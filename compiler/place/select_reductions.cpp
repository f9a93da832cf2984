// Reductions: by the matrix engine from channels, or in DST tile by tile.
#include "compiler/place/selector.h"

#include <cmath>

namespace tilelang_tt::placed {

void Selector::lower(const graph::Reduce& op) {
    using tensix::ReduceFn;
    using tensix::ReduceShape;
    const Reduction& how = reduced_(op.result.id);
    if (how.in_dst) return fold(op, how);
    const Tiles &data = how.data, &weights = how.weights;
    const bool sum = op.fn == ReduceFn::Sum || op.fn == ReduceFn::AbsSum;
    const bool negated = op.fn == ReduceFn::Min || op.fn == ReduceFn::All;
    const bool over_cols = op.dim == 1;
    const auto code =
        tensix::find_reduce(sum ? ReduceFn::Sum : ReduceFn::Max, over_cols ? ReduceShape::Col : ReduceShape::Row);
    const int unit = fresh();
    emit(*code, {unit}, {}, {{data, Access::Full}, {weights, Access::Scalar}});
    out_.instrs.back().k_tiles = over_cols ? data.cols : data.rows;
    if (negated) emit(OpCode::negative_tile, {unit});
    join(op, unit, sum, negated);
    define(op.result.id, unit);
}

// What the result held before joins in.
void Selector::join(const graph::Reduce& op, int unit, bool sum, bool minimum) {
    if (!op.acc) return;
    const double* start = analysis_.constant(op.acc);
    const DType dtype = type(op.result.id).dtype;
    const bool any = op.fn == tensix::ReduceFn::Any || op.fn == tensix::ReduceFn::AbsMax;
    const double neutral = sum || any ? 0 : op.fn == tensix::ReduceFn::All ? 1 : minimum ? HUGE_VAL : -HUGE_VAL;
    if (start && *start == neutral) {
        --reads_[analysis_.resolve(op.acc)];
        return;
    }
    const Source acc = read({op.acc, 0}, type(op.result.id), false);
    emit(combination(dtype, sum, minimum), {unit, acc.unit, unit});
    release(acc);
}

OpCode Selector::combination(DType dtype, bool sum, bool minimum) {
    if (sum) return is_int(dtype) ? OpCode::add_int_tile : OpCode::add_binary_tile;
    if (without_sign(dtype)) return minimum ? OpCode::binary_min_uint32_tile : OpCode::binary_max_uint32_tile;
    if (is_int(dtype)) return minimum ? OpCode::binary_min_int32_tile : OpCode::binary_max_int32_tile;
    return minimum ? OpCode::binary_min_tile : OpCode::binary_max_tile;
}

// The tiles are combined in DST one after the other, then the last one is reduced in itself.
void Selector::fold(const graph::Reduce& op, const Reduction& how) {
    using tensix::ReduceFn;
    using tensix::ReduceShape;
    const graph::TileType& from = type(op.value);
    const DType dtype = from.dtype;
    const bool integer = is_int(dtype);
    const bool sum = op.fn == ReduceFn::Sum || op.fn == ReduceFn::AbsSum;
    const bool minimum = op.fn == ReduceFn::Min || op.fn == ReduceFn::All;
    SelectOptions options = options_;
    options.to_pack = false;
    auto made =
        Selector(ctx_, launch_, analysis_, tiles_, reduced_, format_, indices_, options).run(how.maps, {}, {op.value});
    if (!made) {
        errors_ = made.diagnostics();
        return;
    }
    Selected tile = made.take();
    const int result = tile.wanted[0].unit;
    auto then = [&](OpCode code, std::vector<int64_t> params = {}) {
        Instr instr;
        instr.op = code;
        instr.registers = {{result, true}};
        instr.params = std::move(params);
        instr.loc = loc_;
        tile.instrs.push_back(std::move(instr));
    };
    if ((op.fn == ReduceFn::AbsSum || op.fn == ReduceFn::AbsMax) && !without_sign(dtype))
        then(integer ? OpCode::abs_tile_int32 : OpCode::abs_tile);
    if (op.fn == ReduceFn::Any || op.fn == ReduceFn::All) {
        if (integer)
            then(OpCode::logical_not_tile_int32), then(OpCode::logical_not_tile_int32);
        else
            then(OpCode::unary_ne_tile, {fp32_bits(0)});
    }

    const int to = alloc();
    std::vector<int> units;
    for (int i = 0; i < tile.units + tile.shared; ++i) units.push_back(alloc());
    Instr fold;
    fold.op = combination(dtype, sum, minimum);
    fold.registers = {{to, true}, {units[static_cast<size_t>(result)], true}, {to, true}};
    fold.shape = op.dim == 1 ? ReduceShape::Col : op.dim == 0 ? ReduceShape::Row : ReduceShape::Scalar;
    fold.k_cols = from.tile_cols();
    fold.k_tiles = op.dim == 1 ? from.tile_cols() : op.dim == 0 ? from.tile_rows() : from.tiles();
    fold.loc = loc_;
    for (Instr& instr : tile.instrs) {
        for (Register& r : instr.registers)
            r.slot = units[static_cast<size_t>(r.slot < 0 ? tile.units - r.slot - 1 : r.slot)];
        fold.each.push_back(std::move(instr));
    }
    out_.instrs.push_back(std::move(fold));
    free_.insert(free_.end(), units.begin(), units.end());

    // A vector has nothing beside its row or column.
    const ReduceFn fn = sum ? ReduceFn::Sum : minimum ? ReduceFn::Min : ReduceFn::Max;
    for (ReduceShape shape : {ReduceShape::Col, ReduceShape::Row}) {
        const bool along = shape == ReduceShape::Col ? op.dim != 0 && from.orientation != Orientation::Col
                                                     : op.dim != 1 && from.orientation != Orientation::Row;
        if (along) emit(*tensix::find_reduce(fn, shape, Unit::Sfpu, integer, without_sign(dtype) && !sum), {to});
    }
    // Beside the result lies what the reduction has left of the same rows: of extremes perhaps an infinity that they do
    // not have themselves, of sums what some later function makes infinite. A group that divides clears what it packs.
    if (op.dim != 0 && spreads_ && !divides_ && !integer && (!sum || unbounded_)) clear_beside(to);
    join(op, to, sum, minimum);
    define(op.result.id, to);
}

}  // namespace tilelang_tt::placed
