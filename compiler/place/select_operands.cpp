// Operands in registers: loaded, spread over the tile where they are vectors, and given back after their last use.
#include <algorithm>

#include "compiler/place/selector.h"

#include <algorithm>
#include <cmath>

namespace tilelang_tt::placed {

int Selector::constant(double value, bool integer) {
    const int unit = alloc();
    emit(integer ? OpCode::fill_tile_int : OpCode::fill_tile, {unit},
         {integer ? int32_bits(static_cast<int64_t>(value)) : fp32_bits(value)});
    return unit;
}

const double* Selector::constant_of(const graph::Operand& operand) const {
    return operand.value ? analysis_.constant(operand.value) : &operand.constant;
}

// Whether the operand comes from a channel, not from this group.
std::optional<Tiles> Selector::in_channel(const graph::Operand& operand) const {
    if (!operand.value || units_.contains(analysis_.resolve(operand.value))) return std::nullopt;
    return tiles_(operand.value, false);
}

// raw: as the channel has it, an integer in a float format as a float.
int Selector::load(const graph::Operand& operand, const graph::TileType& result, bool raw) {
    auto tiles = in_channel(operand);
    if (!tiles) {
        refuse("TT4090", "value `" + launch_.value(operand.value).name + "` has no place", "report this as a defect");
        return 0;
    }
    int unit = alloc();
    const Access access = access_of(type(operand.value), result);
    emit(OpCode::copy_tile, {unit}, {}, {{*tiles, access}});
    const DType dtype = type(operand.value).dtype;
    if (is_int(dtype) && !raw) apply(after_copy(dtype, format_(tiles->channel)), unit);
    // Beside a vector's own row or column a tile may hold zeros, and 1/0 there would spoil a later broadcast.
    if (access == Access::Full && divides_ && result.orientation != Orientation::Full)
        unit = spread(unit, result.orientation == Orientation::Row   ? Access::Row
                            : result.orientation == Orientation::Col ? Access::Col
                                                                     : Access::Scalar);
    return unit;
}

// The operand in a register, spread over the tile where it is a row, a column or a scalar of the result's block.
// overwrite: the caller changes the register in place.
Source Selector::read(const graph::Operand& operand, const graph::TileType& result, bool overwrite, bool spread_it) {
    const bool integer = is_int(operand.value ? type(operand.value).dtype : result.dtype);
    if (!operand.value || (!units_.contains(analysis_.resolve(operand.value)) && constant_of(operand)))
        return {constant(*constant_of(operand), integer), true};
    const ValueId value = analysis_.resolve(operand.value);
    auto it = units_.find(value);
    if (const Affine* affine = analysis_.affine(value); affine && it == units_.end()) {
        --reads_[value];
        return {made(*affine, type(value)), true};
    }
    if (const auto* tests = analysis_.mask(value); tests && it == units_.end()) {
        --reads_[value];
        const int unit = alloc();
        hold(*tests, unit);
        return {unit, true};
    }
    if (it == units_.end()) {
        const Access access = access_of(type(operand.value), result);
        const bool spread_out = spread_it && access != Access::Full;
        const bool last = --reads_[value] <= 0;
        const std::tuple key{value, access, spread_out};
        if (auto held = held_.find(key); held != held_.end()) {
            const int unit = held->second;
            const bool owned = last && !holds_value(unit);
            if (last) held_.erase(held);
            if (owned || !overwrite) return {unit, owned};
        }
        int unit = load(operand, result);
        if (spread_out) unit = integer ? spread_integer(unit, access, type(operand.value).dtype) : spread(unit, access);
        if (!options_.hold_loads || last || overwrite) return {unit, true};
        held_[key] = unit;
        return {unit, false};
    }
    const int unit = it->second;
    if (--reads_[value] == 0) units_.erase(it);
    const bool last = !holds_value(unit);
    if (last || !overwrite) return {unit, last};
    const int copy = alloc();
    emit(OpCode::copy_dest_values, {unit, copy},
         {static_cast<int64_t>(integer ? tensix::DataFormat::Int32 : tensix::DataFormat::Float32)});
    return {copy, true};
}

// 0 + vector: the values of row 0, column 0 or element 0 all over the tile.
int Selector::spread(int vector, Access access) {
    int unit = vector;
    auto add = [&](OpCode op) {
        const int full = alloc();
        emit(OpCode::fill_tile, {full}, {fp32_bits(0)});
        emit(op, {full, unit});
        free_.push_back(unit);
        unit = full;
    };
    if (access != Access::Col) add(OpCode::sfpu_add_bcast_row);
    if (access != Access::Row) add(OpCode::sfpu_add_bcast_col);
    return unit;
}

// A vector in column 0 (an element in row 0 of it) is spread by the SFPU with the other columns times 0: what is
// infinite there spoils the row. Vectors lie in channels with something finite beside them.

// Whether more than stores reads it.
bool Selector::broadcast_later(ValueId value) const {
    const auto& uses = analysis_.uses(analysis_.resolve(value));
    return std::any_of(uses.begin(), uses.end(),
                       [](const Use& use) { return !std::holds_alternative<graph::Store>(use.op->v); });
}

// Whether it is a column (an element of one) that the SFPU spreads.
bool Selector::spread_later(ValueId value) const {
    const graph::TileType& t = type(value);
    return (t.orientation == Orientation::Col || t.orientation == Orientation::Scalar) && !is_int(t.dtype) &&
           options_.fp32_dest && broadcast_later(value);
}

// Whether the group may have made something infinite beside a vector that is packed: an infinite constant is all over
// its tile, and so is what a group that divides makes of vectors that it has spread. What a reduction in DST leaves
// there is cleared at once (fold). After a reduction by the FPU the packer writes zeros.
bool Selector::infinite_beside(ValueId value, const std::vector<const graph::Op*>& ops) const {
    if (!spread_later(value)) return false;
    const auto infinite = [&](const graph::Operand& operand) {
        const double* constant = constant_of(operand);
        return constant && !std::isfinite(*constant);
    };
    if (infinite({value, 0})) return true;
    bool made = divides_;
    for (const graph::Op* op : ops) {
        if (auto* reduce = std::get_if<graph::Reduce>(&op->v); reduce && !reduced_(reduce->result.id).in_dst)
            return false;
        if (auto* eltwise = std::get_if<graph::Eltwise>(&op->v))
            made |= std::any_of(eltwise->operands.begin(), eltwise->operands.end(), infinite);
    }
    return made;
}

// Small numbers in the columns beside the first: as good as zeros, and no reciprocal of theirs is infinite.
void Selector::clear_beside(int unit) {
    constexpr double kSmall = 1e-30;
    const int beside = alloc();
    pattern(beside, 0, 1);
    emit(OpCode::mul_unary_tile, {beside}, {fp32_bits(kSmall)});
    emit(OpCode::where_tile, {beside, beside, unit, unit}, {where_format(false)});
    free_.push_back(beside);
}

// Only floats can be spread, and they hold 24 bits: the upper and the lower half of a wide integer go one after the
// other.
int Selector::spread_integer(int vector, Access access, DType dtype) {
    constexpr auto kInt = static_cast<int64_t>(tensix::DataFormat::Int32);
    constexpr auto kFloat = static_cast<int64_t>(tensix::DataFormat::Float32);
    auto with_constant = [&](OpCode op, int unit, double value) {
        const int other = constant(value, true);
        emit(op, {unit, other, unit});
        free_.push_back(other);
    };
    auto spread_half = [&](int unit) {
        emit(OpCode::typecast_tile, {unit}, {kInt, kFloat});
        const int full = spread(unit, access);
        emit(OpCode::typecast_tile, {full}, {kFloat, kInt});
        return full;
    };
    if (dtype != DType::I32 && dtype != DType::U32) return spread_half(vector);
    int upper = alloc();
    emit(OpCode::copy_dest_values, {vector, upper}, {kInt});
    with_constant(OpCode::binary_right_shift_tile, upper, 16);
    upper = spread_half(upper);
    with_constant(OpCode::binary_left_shift_tile, upper, 16);
    with_constant(OpCode::bitwise_and_binary_tile, vector, 0xffff);
    const int lower = spread_half(vector);
    emit(OpCode::add_int_tile, {upper, lower, upper});
    free_.push_back(lower);
    return upper;
}

void Selector::define(ValueId value, int unit) {
    value = analysis_.resolve(value);
    if (reads_[value] != 0)
        units_[value] = unit;
    else if (!holds_value(unit))
        free_.push_back(unit);
}

// Two values may share a register: one is a cast of the other that leaves DST as it is.
bool Selector::holds_value(int unit) const {
    return std::any_of(units_.begin(), units_.end(), [&](const auto& entry) { return entry.second == unit; });
}

// The operand is not read after all.
void Selector::forget(const graph::Operand& operand) {
    if (!operand.value) return;
    const ValueId value = analysis_.resolve(operand.value);
    if (--reads_[value] > 0) return;
    if (auto it = units_.find(value); it != units_.end()) {
        const int unit = it->second;
        units_.erase(it);
        if (!holds_value(unit)) free_.push_back(unit);
    }
}

}  // namespace tilelang_tt::placed
