// Operations element by element: on the FPU from channels where that is precise enough, else on the SFPU in DST.
#include "compiler/place/selector.h"

#include <cmath>

namespace tilelang_tt::placed {

namespace {

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

}  // namespace

void Selector::lower(const graph::Eltwise& op) {
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

void Selector::in_place(const graph::Eltwise& op, const std::vector<IntegerCall>& calls) {
    Source x = read(op.operands[0], type(op.result.id), true);
    apply(calls, x.unit);
    define(op.result.id, x.unit);
}

void Selector::unary(const graph::Eltwise& op, const graph::TileType& result) {
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

void Selector::cast(const graph::Eltwise& op, DType from, const graph::TileType& result) {
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
    if (!calls.empty() || !op.operands[0].value) return in_place(op, calls);
    // Nothing changes in DST: the result is another name of the register.
    define(op.result.id, read(op.operands[0], result, false).unit);
}

// The FPU takes operands of one exponent width: fp16 with fp16 only. Sums of fp16 may lie in fp32.
bool Selector::same_exponents(const Tiles& a, const Tiles& b) const {
    return (format_(a.channel) == tensix::DataFormat::Float16) == (format_(b.channel) == tensix::DataFormat::Float16);
}

// Both operands from channels through the FPU, where its precision is enough: 16-bit operands and result.
bool Selector::on_fpu(const graph::Eltwise& op, const graph::TileType& result) {
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

void Selector::binary(const graph::Eltwise& op, const graph::TileType& result) {
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
        auto bcast =
            tensix::find_op(Unit::Sfpu, OpKind::Binary, fn, access == Access::Row ? Broadcast::Rows : Broadcast::Cols);
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

void Selector::with_constant(const graph::Eltwise& op, OpCode code, const graph::Operand& x, const graph::Operand& c,
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

void Selector::with_scalar(const graph::Eltwise& op, OpCode code, const graph::Operand& x, const graph::Operand& scalar,
                           const TileIndex& value, const graph::TileType& result) {
    --reads_[analysis_.resolve(scalar.value)];
    const Source source = read(x, result, true);
    emit(code, {source.unit}, value);
    define(op.result.id, source.unit);
}

void Selector::select(const graph::Eltwise& op, const graph::TileType& result) {
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

}  // namespace tilelang_tt::placed
