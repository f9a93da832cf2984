#include "compiler/place/select.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <map>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "compiler/place/integers.h"
#include "tensix/op_table.h"

namespace tilelang_tt::placed {
namespace {

using graph::Orientation;
using tensix::Broadcast;
using tensix::OpCode;
using tensix::OpKind;
using tensix::TileFn;
using tensix::Unit;

int64_t int32_bits(int64_t value) { return static_cast<uint32_t>(value); }
int64_t fp32_bits(double value) { return std::bit_cast<uint32_t>(static_cast<float>(value)); }

bool is_int(DType dtype) { return is_integer(dtype); }
// Whether values reach past those of a 32-bit integer with a sign.
bool without_sign(DType dtype) { return dtype == DType::U32; }
bool is_unsigned(DType dtype) { return dtype == DType::U8 || dtype == DType::U16 || dtype == DType::U32; }
bool is_16bit_float(tensix::DataFormat format) {
    return tensix::is_float(format) && (tensix::element_bits(format) <= 16);
}
bool commutes(TileFn fn) {
    switch (fn) {
        case TileFn::Add:
        case TileFn::Mul:
        case TileFn::Min:
        case TileFn::Max:
        case TileFn::Eq:
        case TileFn::Ne:
        case TileFn::LogicalAnd:
        case TileFn::LogicalOr:
        case TileFn::BitAnd:
        case TileFn::BitOr:
        case TileFn::BitXor:
            return true;
        default:
            return false;
    }
}
// fn with its operands exchanged, where another function computes that.
std::optional<TileFn> exchanged(TileFn fn) {
    if (commutes(fn)) return fn;
    switch (fn) {
        case TileFn::Lt:
            return TileFn::Gt;
        case TileFn::Gt:
            return TileFn::Lt;
        case TileFn::Le:
            return TileFn::Ge;
        case TileFn::Ge:
            return TileFn::Le;
        default:
            return std::nullopt;
    }
}

// A register that an instruction reads; owned: nothing else needs what it holds.
struct Source {
    int unit = -1;
    bool owned = false;
};

class Selector {
  public:
    Selector(const Context& ctx, const graph::Launch& launch, const Analysis& analysis, const FindTiles& tiles,
             const FindReduced& reduced, const FindFormat& format, const FindIndices& indices,
             const SelectOptions& options)
        : ctx_(ctx),
          launch_(launch),
          analysis_(analysis),
          tiles_(tiles),
          reduced_(reduced),
          format_(format),
          indices_(indices),
          options_(options) {}

    Result<Selected> run(const std::vector<const graph::Op*>& ops, const std::vector<ValueId>& preset,
                         const std::vector<ValueId>& wanted) {
        count(ops, wanted);
        for (const graph::Op* op : ops)
            if (auto* eltwise = std::get_if<graph::Eltwise>(&op->v))
                divides_ |= unbounded_at_zero(eltwise->fn) || analysis_.uniform(analysis_.resolve(eltwise->result.id));
        for (ValueId value : preset) units_[analysis_.resolve(value)] = fresh();
        for (const graph::Op* op : ops) {
            loc_ = op->loc;
            std::visit(
                [&](const auto& o) {
                    if constexpr (requires { o.result; }) lower(o);
                },
                op->v);
            if (!errors_.empty()) return errors_;
        }
        for (ValueId value : wanted) {
            const DType dtype = type(value).dtype;
            const auto calls = options_.to_pack ? before_pack(dtype, format_of(dtype)) : std::vector<IntegerCall>{};
            const int unit = read(graph::Operand{value, 0}, type(value), !calls.empty()).unit;
            apply(calls, unit);
            out_.wanted.push_back({value, unit});
            if (!errors_.empty()) return errors_;
        }
        return std::move(out_);
    }

  private:
    const graph::TileType& type(ValueId id) const { return launch_.value(id).type; }

    // How often each value is still read inside the group.
    void count(const std::vector<const graph::Op*>& ops, const std::vector<ValueId>& wanted) {
        for (const graph::Op* op : ops)
            for (ValueId id : operands_of(*op)) ++reads_[analysis_.resolve(id)];
        for (ValueId id : wanted) ++reads_[analysis_.resolve(id)];
    }

    int fresh() { return out_.units++; }
    int alloc() {
        if (free_.empty()) return fresh();
        auto lowest = std::min_element(free_.begin(), free_.end());
        const int unit = *lowest;
        free_.erase(lowest);
        return unit;
    }
    void release(Source source) {
        if (source.owned) free_.push_back(source.unit);
    }

    void emit(OpCode op, std::vector<int> units, std::vector<int64_t> params = {},
              std::vector<TileOperand> tiles = {}) {
        Instr instr;
        instr.op = op;
        instr.tiles = std::move(tiles);
        for (int unit : units) instr.registers.push_back({unit, true});
        instr.params = std::move(params);
        instr.when_negative = when_;
        instr.loc = loc_;
        out_.instrs.push_back(std::move(instr));
    }
    // The same with a scalar that is known at run time only.
    void emit(OpCode op, std::vector<int> units, const TileIndex& arg) {
        if (arg.terms.empty() && !arg.row_step && !arg.col_step)
            return emit(
                op, std::move(units),
                {tensix::op_row(op).integer ? int32_bits(arg.constant) : fp32_bits(static_cast<double>(arg.constant))});
        emit(op, std::move(units));
        out_.instrs.back().args = {arg};
    }

    void apply(const std::vector<IntegerCall>& calls, int unit) {
        for (const IntegerCall& call : calls) emit(call.op, {unit}, call.params);
    }

    void refuse(std::string code, std::string message, std::string fix) {
        errors_.push_back(
            {Severity::Error, std::move(code), std::move(message), {ctx_.loc(loc_)}, {}, {}, std::move(fix)});
    }

    int constant(double value, bool integer) {
        const int unit = alloc();
        emit(integer ? OpCode::fill_tile_int : OpCode::fill_tile, {unit},
             {integer ? int32_bits(static_cast<int64_t>(value)) : fp32_bits(value)});
        return unit;
    }

    const double* constant_of(const graph::Operand& operand) const {
        return operand.value ? analysis_.constant(operand.value) : &operand.constant;
    }

    // Whether the operand comes from a channel, not from this group.
    std::optional<Tiles> in_channel(const graph::Operand& operand) const {
        if (!operand.value || units_.contains(analysis_.resolve(operand.value))) return std::nullopt;
        return tiles_(operand.value, false);
    }

    // raw: as the channel has it, an integer in a float format as a float.
    int load(const graph::Operand& operand, const graph::TileType& result, bool raw = false) {
        auto tiles = in_channel(operand);
        if (!tiles) {
            refuse("TT4090", "value `" + launch_.value(operand.value).name + "` has no place",
                   "report this as a defect");
            return 0;
        }
        int unit = alloc();
        const Access access = access_of(type(operand.value), result);
        emit(OpCode::copy_tile, {unit}, {}, {{*tiles, access}});
        const DType dtype = type(operand.value).dtype;
        if (is_int(dtype) && !raw) apply(after_copy(dtype, format_(tiles->channel)), unit);
        // Beside a vector's own row or column a tile may hold zeros, and 1/0 there would spoil a later broadcast.
        if (access == Access::Full && divides_ && result.orientation != Orientation::Full &&
            !analysis_.uniform(analysis_.resolve(operand.value)))
            unit = spread(unit, result.orientation == Orientation::Row   ? Access::Row
                                : result.orientation == Orientation::Col ? Access::Col
                                                                         : Access::Scalar);
        return unit;
    }

    // The operand in a register, spread over the tile where it is a row, a column or a scalar of the result's block.
    // overwrite: the caller changes the register in place.
    Source read(const graph::Operand& operand, const graph::TileType& result, bool overwrite, bool spread_it = true) {
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
            const bool spread_out = spread_it && access != Access::Full, last = --reads_[value] <= 0;
            const std::tuple key{value, access, spread_out};
            if (auto held = held_.find(key); held != held_.end() && (last || !overwrite)) {
                const int unit = held->second;
                if (last) held_.erase(held);
                return {unit, last};
            }
            int unit = load(operand, result);
            if (spread_out)
                unit = integer ? spread_integer(unit, access, type(operand.value).dtype) : spread(unit, access);
            if (!options_.hold_loads || last || overwrite) return {unit, true};
            held_[key] = unit;
            return {unit, false};
        }
        const bool last = --reads_[value] == 0;
        const int unit = it->second;
        if (last) units_.erase(it);
        if (last || !overwrite) return {unit, last};
        const int copy = alloc();
        emit(OpCode::copy_dest_values, {unit, copy},
             {static_cast<int64_t>(integer ? tensix::DataFormat::Int32 : tensix::DataFormat::Float32)});
        return {copy, true};
    }

    // 0 + vector: the values of row 0, column 0 or element 0 all over the tile.
    int spread(int vector, Access access) {
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

    // Only floats can be spread, and they hold 24 bits: the upper and the lower half of a wide integer go one after the
    // other.
    int spread_integer(int vector, Access access, DType dtype) {
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

    void define(ValueId value, int unit) {
        value = analysis_.resolve(value);
        if (reads_[value] == 0)
            free_.push_back(unit);
        else
            units_[value] = unit;
    }

    // ---- values that follow from the position ----
    static TileIndex base_of(const Affine& value) {
        return {value.terms, value.constant, kTileDim * value.row, kTileDim * value.col, 0, value.bits};
    }
    static TileIndex negated(TileIndex x) {
        for (auto& term : x.terms) term.second = -term.second;
        x.constant = -x.constant, x.row_step = -x.row_step, x.col_step = -x.col_step;
        return x;
    }

    int alloc_shared() {
        if (free_shared_.empty()) return -++out_.shared;
        const int unit = free_shared_.back();
        free_shared_.pop_back();
        return unit;
    }

    // row * r + col * c in every tile alike, in fp32, times the factor that is returned.
    int64_t pattern(int unit, int64_t row, int64_t col) {
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
    void scale(int unit, int64_t factor) {
        if (factor != 1) emit(OpCode::mul_unary_tile, {unit}, {fp32_bits(static_cast<double>(factor))});
    }
    // A temporary: shared where what is emitted goes tile by tile.
    int alloc_shared_or_unit() { return when_.empty() ? alloc() : alloc_shared(); }
    void give_back(int unit) { (unit < 0 ? free_shared_ : free_).push_back(unit); }

    // The value in a register. Whole numbers up to 2^24 are made in fp32 and converted; others are put together from
    // what is the same in all tiles, which is small, and an int32.
    int made(const Affine& value, const graph::TileType& type) {
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
    void hold(const std::vector<Test>& tests, int unit) {
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
    static std::optional<TileIndex> some(const Test& test, bool fails) {
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
    void mask(const std::vector<Test>& tests, int unit, bool keeps, const Source& other, double constant,
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
    int64_t where_format(bool integer) const {
        return static_cast<int64_t>(integer              ? tensix::DataFormat::Int32
                                    : options_.fp32_dest ? tensix::DataFormat::Float32
                                                         : tensix::DataFormat::Float16_b);
    }
    static constexpr int kNone = std::numeric_limits<int>::min();

    // The operand is not read after all.
    void forget(const graph::Operand& operand) {
        if (!operand.value) return;
        const ValueId value = analysis_.resolve(operand.value);
        if (--reads_[value] > 0) return;
        if (auto it = units_.find(value); it != units_.end()) {
            free_.push_back(it->second);
            units_.erase(it);
        }
    }

    bool define_affine(ValueId id, const std::vector<graph::Operand>& operands) {
        const Affine* affine = analysis_.affine(id);
        if (!affine) return false;
        for (const graph::Operand& operand : operands) forget(operand);
        define(id, made(*affine, type(id)));
        return true;
    }

    // ---- operations ----
    void lower(const graph::Load&) {}
    void lower(const graph::Slice&) {}
    void lower(const graph::Insert&) {}
    void lower(const graph::Scan&) {}  // a section of its own
    void lower(const graph::Iota& op) { define_affine(op.result.id, {}); }
    void lower(const graph::FromBits& op) { define_affine(op.result.id, {}); }

    // Only the last tiles along an edge have something beyond it.
    void lower(const graph::Pad& op) {
        const graph::TileType& t = type(op.result.id);
        const Source x = read({op.value, 0}, t, true);
        for (bool rows : {true, false}) {
            const int64_t extent = rows ? t.rows : t.cols;
            if (extent % kTileDim == 0 ||
                (rows ? t.orientation == Orientation::Row : t.orientation == Orientation::Col) ||
                t.orientation == Orientation::Scalar)
                continue;
            // position < extent
            Test inside{TileFn::Lt, {rows, !rows, {}, -extent, false}};
            mask({inside}, x.unit, true, {kNone, false}, op.fill, t);
        }
        define(op.result.id, x.unit);
    }

    void lower(const graph::Fill& op) {
        if (reads_[analysis_.resolve(op.result.id)] > 0)
            units_[op.result.id] = constant(op.value, is_int(type(op.result.id).dtype));
    }

    void lower(const graph::Matmul& op) {
        auto a = tiles_(op.a, false), b = tiles_(op.b, op.trans_b);
        if (!a || !b) return refuse("TT4090", "an operand of a matmul has no place", "report this as a defect");
        const double* start = op.acc ? analysis_.constant(op.acc) : nullptr;
        int unit;
        if (!op.acc || (start && *start == 0)) {
            if (start) --reads_[analysis_.resolve(op.acc)];
            unit = fresh();
        } else {
            unit = read({op.acc, 0}, type(op.result.id), true).unit;
        }
        emit(OpCode::matmul_block, {unit}, {op.trans_b, 1, 1, a->row_stride()},
             {{*a, Access::Full}, {*b, Access::Full}});
        out_.instrs.back().k_tiles = a->cols;
        define(op.result.id, unit);
    }

    void lower(const graph::Transpose& op) {
        auto tiles = tiles_(op.value, false);
        if (!tiles) return refuse("TT4090", "the operand of a transpose has no place", "report this as a defect");
        // Tile (i, j) of the result is tile (j, i) of the operand.
        const int unit = alloc();
        emit(OpCode::transpose_tile, {unit}, {}, {{tiles->transposed(), Access::Full}});
        define(op.result.id, unit);
    }

    void lower(const graph::Reduce& op) {
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
    void join(const graph::Reduce& op, int unit, bool sum, bool minimum) {
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

    static OpCode combination(DType dtype, bool sum, bool minimum) {
        if (sum) return is_int(dtype) ? OpCode::add_int_tile : OpCode::add_binary_tile;
        if (without_sign(dtype)) return minimum ? OpCode::binary_min_uint32_tile : OpCode::binary_max_uint32_tile;
        if (is_int(dtype)) return minimum ? OpCode::binary_min_int32_tile : OpCode::binary_max_int32_tile;
        return minimum ? OpCode::binary_min_tile : OpCode::binary_max_tile;
    }

    // The tiles are combined in DST one after the other, then the last one is reduced in itself.
    void fold(const graph::Reduce& op, const Reduction& how) {
        using tensix::ReduceFn;
        using tensix::ReduceShape;
        const graph::TileType& from = type(op.value);
        const DType dtype = from.dtype;
        const bool integer = is_int(dtype);
        const bool sum = op.fn == ReduceFn::Sum || op.fn == ReduceFn::AbsSum;
        const bool minimum = op.fn == ReduceFn::Min || op.fn == ReduceFn::All;
        SelectOptions options = options_;
        options.to_pack = false;
        auto made = Selector(ctx_, launch_, analysis_, tiles_, reduced_, format_, indices_, options)
                        .run(how.maps, {}, {op.value});
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
        join(op, to, sum, minimum);
        define(op.result.id, to);
    }

    void lower(const graph::Eltwise& op) {
        const graph::TileType& result = type(op.result.id);
        if (define_affine(op.result.id, op.operands)) return;
        if (const auto* tests = analysis_.mask(op.result.id)) {
            for (const graph::Operand& operand : op.operands) forget(operand);
            const int unit = alloc();
            hold(*tests, unit);
            return define(op.result.id, unit);
        }
        switch (tensix::arity(op.fn)) {
            case 1:
                return unary(op, result);
            case 2:
                return binary(op, result);
            default:
                return select(op, result);
        }
    }

    void in_place(const graph::Eltwise& op, const std::vector<IntegerCall>& calls) {
        Source x = read(op.operands[0], type(op.result.id), true);
        apply(calls, x.unit);
        define(op.result.id, x.unit);
    }

    void unary(const graph::Eltwise& op, const graph::TileType& result) {
        const DType from = op.operands[0].value ? type(op.operands[0].value).dtype : result.dtype;
        if (op.fn == TileFn::Cast || op.fn == TileFn::Identity) return cast(op, from, result);
        if (op.fn == TileFn::Abs && is_unsigned(from)) return in_place(op, {});
        auto code =
            is_int(from) ? integer_op(OpKind::Unary, op.fn, from) : tensix::find_op(Unit::Sfpu, OpKind::Unary, op.fn);
        if (!code)
            return refuse("TT4021",
                          "no operation of the chip computes " + std::string(tensix::to_string(op.fn)) + " of " +
                              std::string(to_string(from)),
                          "cast to float32 first, or compute it outside of the kernel");
        std::vector<IntegerCall> calls = {{*code, {}}};
        if (is_int(from) && leaves_range(op.fn, from))
            for (IntegerCall& call : wrapped(from)) calls.push_back(std::move(call));
        in_place(op, calls);
    }

    void cast(const graph::Eltwise& op, DType from, const graph::TileType& result) {
        const DType to = result.dtype;
        // Between floats DST holds the value already; the packer rounds it to the channel's format.
        std::vector<IntegerCall> calls;
        if (is_int(to)) {
            calls = to_integer(from, to);
        } else if (is_int(from)) {
            // What lies in a channel as a float is one already.
            const graph::Operand& operand = op.operands[0];
            if (auto tiles = in_channel(operand);
                tiles && tensix::is_float(format_(tiles->channel)) && !constant_of(operand)) {
                --reads_[analysis_.resolve(operand.value)];
                int unit = load(operand, result, true);
                if (const Access access = access_of(type(operand.value), result); access != Access::Full)
                    unit = spread(unit, access);
                if (to == DType::Bool) emit(OpCode::unary_ne_tile, {unit}, {fp32_bits(0)});
                return define(op.result.id, unit);
            }
            calls = to_float(from);
        }
        if (to == DType::Bool && from != DType::Bool) calls.push_back({OpCode::unary_ne_tile, {fp32_bits(0)}});
        in_place(op, calls);
    }

    // The FPU takes operands of one exponent width: fp16 with fp16 only. Sums of fp16 may lie in fp32.
    bool same_exponents(const Tiles& a, const Tiles& b) const {
        return (format_(a.channel) == tensix::DataFormat::Float16) ==
               (format_(b.channel) == tensix::DataFormat::Float16);
    }

    // Both operands from channels through the FPU, where its precision is enough: 16-bit operands and result.
    bool on_fpu(const graph::Eltwise& op, const graph::TileType& result) {
        if (options_.tile_by_tile || options_.precision == Precision::Exact || is_int(result.dtype)) return false;
        auto a = in_channel(op.operands[0]), b = in_channel(op.operands[1]);
        if (!a || !b || constant_of(op.operands[0]) || constant_of(op.operands[1])) return false;
        if (!same_exponents(*a, *b)) return false;
        const bool fast = options_.precision == Precision::Fast;
        if (!fast && !is_16bit_float(format_of(result.dtype))) return false;
        for (const graph::Operand& operand : op.operands) {
            const tensix::DataFormat format = format_of(type(operand.value).dtype);
            if (!tensix::is_float(format) || (!fast && !is_16bit_float(format))) return false;
            // The multiplier's phases do not cover all bits of two fp16 significands: products are off by up to 2^-9
            // (docs/fidelity.md), 3 ulp of the result.
            if (!fast && op.fn == TileFn::Mul && format == tensix::DataFormat::Float16) return false;
        }
        TileOperand first{*a, access_of(type(op.operands[0].value), result)};
        TileOperand second{*b, access_of(type(op.operands[1].value), result)};
        if (first.access != Access::Full) {
            if (second.access != Access::Full || !commutes(op.fn)) return false;
            std::swap(first, second);
        }
        constexpr Broadcast kBroadcast[] = {Broadcast::None, Broadcast::Rows, Broadcast::Cols, Broadcast::Scalar};
        auto code = tensix::find_op(Unit::Fpu, OpKind::Binary, op.fn, kBroadcast[static_cast<size_t>(second.access)]);
        if (!code) return false;
        const int unit = tensix::op_row(*code).accumulates ? fresh() : alloc();
        emit(*code, {unit}, {}, {first, second});
        for (const graph::Operand& operand : op.operands) --reads_[analysis_.resolve(operand.value)];
        define(op.result.id, unit);
        return true;
    }

    void binary(const graph::Eltwise& op, const graph::TileType& result) {
        if (on_fpu(op, result)) return;
        graph::Operand a = op.operands[0], b = op.operands[1];
        TileFn fn = op.fn;
        const DType dtype = a.value ? type(a.value).dtype : b.value ? type(b.value).dtype : result.dtype;
        const bool integer = is_int(dtype);
        // On 0 and 1, and is a product and or a maximum.
        if (!integer && fn == TileFn::LogicalAnd) fn = TileFn::Mul;
        if (!integer && fn == TileFn::LogicalOr) fn = TileFn::Max;
        auto is_constant = [&](const graph::Operand& operand) {
            return constant_of(operand) && !(operand.value && units_.contains(analysis_.resolve(operand.value)));
        };
        // A scalar that is known at run time only: the calls take it as they take a constant.
        auto at_run_time = [&](const graph::Operand& operand) -> std::optional<TileIndex> {
            const Affine* affine = operand.value ? analysis_.affine(operand.value) : nullptr;
            if (integer || !affine || !affine->scalar() || units_.contains(analysis_.resolve(operand.value)))
                return std::nullopt;
            return base_of(*affine);
        };
        auto is_scalar = [&](const graph::Operand& operand) { return is_constant(operand) || at_run_time(operand); };
        if (is_scalar(a) && !is_scalar(b) && exchanged(fn)) std::swap(a, b), fn = *exchanged(fn);
        // The chip's division by a constant multiplies by what it is given: give it the reciprocal, where it is a
        // number (two roundings: 2^-23 relative at most).
        if (!integer && fn == TileFn::Div && is_constant(b))
            if (const float reciprocal = 1.0f / static_cast<float>(*constant_of(b)); std::isnormal(reciprocal))
                fn = TileFn::Mul, b = graph::Operand{{}, reciprocal};
        if (!integer && is_constant(b) && !is_constant(a))
            if (auto code = tensix::find_op(Unit::Sfpu, OpKind::UnaryScalar, fn))
                return with_constant(op, *code, a, b, result);
        if (!integer && is_constant(a) && !is_constant(b))
            if (auto code = tensix::find_op(Unit::Sfpu, OpKind::UnaryScalar, fn, Broadcast::None, false, true))
                return with_constant(op, *code, b, a, result);
        if (auto scalar = at_run_time(b); scalar && !is_scalar(a) && fn != TileFn::Div)
            if (auto code = tensix::find_op(Unit::Sfpu, OpKind::UnaryScalar, fn))
                return with_scalar(op, *code, a, b, *scalar, result);
        if (auto scalar = at_run_time(a); scalar && !is_scalar(b))
            if (auto code = tensix::find_op(Unit::Sfpu, OpKind::UnaryScalar, fn, Broadcast::None, false, true))
                return with_scalar(op, *code, b, a, *scalar, result);

        auto code = integer ? integer_op(OpKind::Binary, fn, dtype) : tensix::find_op(Unit::Sfpu, OpKind::Binary, fn);
        if (!code)
            return refuse("TT4021",
                          "no operation of the chip computes " + std::string(tensix::to_string(op.fn)) + " of " +
                              std::string(to_string(dtype)),
                          integer ? "cast to int32 first, or for a power of two shift or mask"
                                  : "cast to float32 first, or compute it outside of the kernel");
        auto vector = [&](const graph::Operand& operand) {
            return operand.value && !is_constant(operand) && in_channel(operand) &&
                   access_of(type(operand.value), result) != Access::Full;
        };
        if (vector(a) && !vector(b) && commutes(fn)) std::swap(a, b);
        if (vector(b) && !vector(a) && !integer) {
            const Access access = access_of(type(b.value), result);
            auto bcast = tensix::find_op(Unit::Sfpu, OpKind::Binary, fn,
                                         access == Access::Row ? Broadcast::Rows : Broadcast::Cols);
            if (bcast && access != Access::Scalar) {
                const Source x = read(a, result, true), v = read(b, result, false, false);
                emit(*bcast, {x.unit, v.unit});
                release(v);
                return define(op.result.id, x.unit);
            }
        }
        const bool same = a.value && b.value && analysis_.resolve(a.value) == analysis_.resolve(b.value);
        if (same) --reads_[analysis_.resolve(a.value)];  // counted twice, read once
        // A vector is spread before the other operand takes a slot.
        const bool second_first = !same && vector(b);
        auto get = [&](const graph::Operand& operand) {
            // A comparison's result is no integer, but the constants that it compares with are.
            if (integer && is_constant(operand)) return Source{constant(*constant_of(operand), true), true};
            return read(operand, result, false);
        };
        const Source early = second_first ? get(b) : Source{};
        const Source x = get(a), y = same ? x : second_first ? early : get(b);
        // The result takes the place of an operand that nobody needs any more, of the first loaded one for preference:
        // accumulators keep their slots.
        int to;
        if (x.owned && (same || !y.owned || x.unit < y.unit)) {
            to = x.unit;
            if (!same) release(y);
        } else if (y.owned && !same) {
            to = y.unit;
            release(x);
        } else {
            to = alloc();
        }
        emit(*code, {x.unit, y.unit, to});
        if (integer && tensix::is_predicate(fn))
            apply(to_float(DType::I32), to);  // truth is 1.0 or 0.0
        else if (integer && leaves_range(fn, dtype))
            apply(wrapped(dtype), to);
        define(op.result.id, to);
    }

    void with_constant(const graph::Eltwise& op, OpCode code, const graph::Operand& x, const graph::Operand& c,
                       const graph::TileType& result) {
        const double value = *constant_of(c);
        if (code == OpCode::unary_max_tile && value == 0) code = OpCode::relu_tile;
        if (c.value) --reads_[analysis_.resolve(c.value)];
        const Source source = read(x, result, true);
        if (code == OpCode::relu_tile)
            emit(code, {source.unit});
        else
            emit(code, {source.unit}, {fp32_bits(value)});
        define(op.result.id, source.unit);
    }

    void with_scalar(const graph::Eltwise& op, OpCode code, const graph::Operand& x, const graph::Operand& scalar,
                     const TileIndex& value, const graph::TileType& result) {
        --reads_[analysis_.resolve(scalar.value)];
        const Source source = read(x, result, true);
        emit(code, {source.unit}, value);
        define(op.result.id, source.unit);
    }

    void select(const graph::Eltwise& op, const graph::TileType& result) {
        const bool integer = is_int(result.dtype);
        const graph::Operand& cond = op.operands[0];
        const auto* tests = cond.value ? analysis_.mask(cond.value) : nullptr;
        if (tests && !units_.contains(analysis_.resolve(cond.value))) {
            // What is kept is changed in place; a constant, which needs no register of its own, is what is put in.
            forget(cond);
            auto is_constant = [&](const graph::Operand& operand) {
                return constant_of(operand) && !(operand.value && units_.contains(analysis_.resolve(operand.value)));
            };
            const bool keeps = !is_constant(op.operands[1]) || is_constant(op.operands[2]);
            const graph::Operand &kept = op.operands[keeps ? 1 : 2], &put = op.operands[keeps ? 2 : 1];
            Source other{kNone, false};
            double constant = 0;
            if (is_constant(put)) {
                constant = *constant_of(put);
                if (put.value) --reads_[analysis_.resolve(put.value)];
            } else {
                other = read(put, result, false);
            }
            const Source x = read(kept, result, true);
            mask(*tests, x.unit, keeps, other, constant, result);
            if (other.unit != kNone && other.unit != x.unit) release(other);
            return define(op.result.id, x.unit);
        }
        // A condition that is an integer, small ones being denormals, is no truth to a selection of floats.
        const bool words = cond.value && is_int(type(cond.value).dtype);
        const Source c = read(cond, result, words);
        if (words) apply(to_float(type(cond.value).dtype), c.unit);
        const Source x = read(op.operands[1], result, false), y = read(op.operands[2], result, false);
        const int to = x.owned ? x.unit : y.owned ? y.unit : c.owned ? c.unit : alloc();
        emit(OpCode::where_tile, {c.unit, x.unit, y.unit, to}, {where_format(integer)});
        for (const Source& source : {c, x, y})
            if (source.unit != to) release(source);
        define(op.result.id, to);
    }

    const Context& ctx_;
    const graph::Launch& launch_;
    const Analysis& analysis_;
    const FindTiles& tiles_;
    const FindReduced& reduced_;
    const FindFormat& format_;
    const FindIndices& indices_;
    SelectOptions options_;
    Selected out_;
    std::unordered_map<ValueId, int> units_;
    std::unordered_map<ValueId, int> reads_;
    std::map<std::tuple<ValueId, Access, bool>, int> held_;  // loaded operands that are read again; spread or not
    std::vector<int> free_;
    std::vector<TileIndex> when_;   // of what is emitted now
    std::vector<int> free_shared_;  // registers that tiles use in turn
    std::vector<Diagnostic> errors_;
    bool divides_ = false;  // an operation of the group is infinite at 0, or its result has to be uniform
    LocId loc_;
};

}  // namespace

Access access_of(const graph::TileType& operand, const graph::TileType& result) {
    if (operand.orientation == result.orientation) return Access::Full;
    switch (operand.orientation) {
        case Orientation::Row:
            return Access::Row;
        case Orientation::Col:
            return Access::Col;
        case Orientation::Scalar:
            return Access::Scalar;
        case Orientation::Full:
            return Access::Full;
    }
    return Access::Full;
}

tensix::DataFormat format_of(DType dtype) {
    using tensix::DataFormat;
    switch (dtype) {
        case DType::F16:
            return DataFormat::Float16;
        case DType::F32:
        case DType::F64:
            return DataFormat::Float32;
        case DType::I32:
        case DType::I64:
            return DataFormat::Int32;
        case DType::U32:
            return DataFormat::UInt32;
        case DType::U16:
        case DType::I16:
            return DataFormat::UInt16;
        case DType::U8:
            return DataFormat::UInt8;
        case DType::I8:
            return DataFormat::Int8;
        default:
            return DataFormat::Float16_b;
    }
}

Result<Selected> select(const Context& ctx, const graph::Launch& launch, const Analysis& analysis,
                        const std::vector<const graph::Op*>& ops, const std::vector<ValueId>& preset,
                        const std::vector<ValueId>& wanted, const FindTiles& tiles, const FindReduced& reduced,
                        const FindFormat& format, const FindIndices& indices, const SelectOptions& options) {
    return Selector(ctx, launch, analysis, tiles, reduced, format, indices, options).run(ops, preset, wanted);
}

}  // namespace tilelang_tt::placed
