#include "compiler/ir/interpreter.h"

#include <algorithm>
#include <cmath>

#include "compiler/ir/text.h"

namespace tilelang_tt {
namespace {

// value with `digits` significant bits, nearest even; below 2^min_exponent with that exponent's spacing
double round_float(double value, int digits, int min_exponent) {
    int exponent = 0;
    std::frexp(value, &exponent);  // value = m · 2^exponent, m in [0.5, 1)
    const int scale = digits - std::max(exponent, min_exponent + 1);
    return std::ldexp(std::nearbyint(std::ldexp(value, scale)), -scale);
}

struct FloatFormat {
    int digits, min_exponent;
    double largest;
    bool has_infinity;
};

double round_to(const FloatFormat& format, double value) {
    if (!std::isfinite(value))
        return std::isinf(value) && !format.has_infinity ? std::numeric_limits<double>::quiet_NaN() : value;
    const double rounded = value == 0 ? value : round_float(value, format.digits, format.min_exponent);
    if (std::abs(rounded) <= format.largest) return rounded;
    const double beyond = format.has_infinity ? HUGE_VAL : std::numeric_limits<double>::quiet_NaN();
    return std::copysign(beyond, value);
}

struct IntFormat {
    int bits;
    bool is_signed;
};
IntFormat int_format(DType dtype) {
    switch (dtype) {
        case DType::I8:
            return {8, true};
        case DType::U8:
            return {8, false};
        case DType::I16:
            return {16, true};
        case DType::U16:
            return {16, false};
        case DType::U32:
            return {32, false};
        case DType::I64:
            return {64, true};
        default:
            return {32, true};
    }
}

double to_integer(DType dtype, double value) {
    if (std::isnan(value)) return 0;
    const IntFormat f = int_format(dtype);
    const double high = std::ldexp(1.0, f.is_signed ? f.bits - 1 : f.bits), low = f.is_signed ? -high : 0;
    const double cut = std::trunc(value);
    if (cut < low) return low;
    // 2^63 - 1 is no double: the largest one below 2^63 stands for it
    if (cut >= high) return f.bits == 64 ? std::nextafter(high, 0.0) : high - 1;
    return cut + 0.0;
}

int64_t wrap(DType dtype, __int128 value) {
    const IntFormat f = int_format(dtype);
    const auto bits = static_cast<uint64_t>(value);
    if (f.bits == 64) return static_cast<int64_t>(bits);
    const uint64_t low = bits & ((uint64_t(1) << f.bits) - 1);
    const bool negative = f.is_signed && (low >> (f.bits - 1));
    return negative ? static_cast<int64_t>(low) - (int64_t(1) << f.bits) : static_cast<int64_t>(low);
}

}  // namespace

double round_to(DType dtype, double value) {
    switch (dtype) {
        case DType::F64:
            return value;
        case DType::F32:
            return static_cast<float>(value);
        case DType::BF16:
            return round_to(FloatFormat{8, -126, 0x1.fep127, true}, value);
        case DType::F16:
            return round_to(FloatFormat{11, -14, 65504, true}, value);
        case DType::FP8E4M3:
            return round_to(FloatFormat{4, -6, 448, false}, value);
        case DType::FP8E5M2:
            return round_to(FloatFormat{3, -14, 57344, true}, value);
        case DType::Bool:
            return value != 0;
        default:
            return to_integer(dtype, value);
    }
}

namespace interpreter {

Diagnostic out_of_memory() {
    Diagnostic d;
    d.code = "TT9207";
    d.message = "the program's arrays do not fit in the machine's memory";
    return d;
}

void fail(std::string code, std::string message, SourceLoc where) {
    Diagnostic d;
    d.code = std::move(code);
    d.message = std::move(message);
    if (where.known()) d.where = {std::move(where)};
    throw Failure{std::move(d)};
}

void round_all(DType dtype, std::span<double> values) {
    if (dtype == DType::F64) return;
    if (dtype == DType::F32) {
        for (double& v : values) v = static_cast<float>(v);
        return;
    }
    for (double& v : values) v = round_to(dtype, v);
}

namespace {

double apply_integer(tensix::TileFn fn, DType dtype, double x, double y) {
    using tensix::TileFn;
    const auto a = static_cast<__int128>(x), b = static_cast<__int128>(y);
    const auto out = [&](__int128 v) { return static_cast<double>(wrap(dtype, v)); };
    const bool shifts = b >= 0 && b < 64;
    switch (fn) {
        case TileFn::Add:
            return out(a + b);
        case TileFn::Sub:
            return out(a - b);
        case TileFn::Mul:
            return out(a * b);
        case TileFn::Square:
            return out(a * a);
        case TileFn::Neg:
            return out(-a);
        case TileFn::Abs:
            return out(a < 0 ? -a : a);
        case TileFn::Div:
            return b == 0 ? 0 : out(a / b);
        case TileFn::FloorDiv:
            return b == 0 ? 0 : out(a / b - (a % b != 0 && (a < 0) != (b < 0)));
        case TileFn::FloorMod:
            return b == 0 ? 0 : out(a % b + (a % b != 0 && (a < 0) != (b < 0) ? b : 0));
        case TileFn::BitAnd:
            return out(a & b);
        case TileFn::BitOr:
            return out(a | b);
        case TileFn::BitXor:
            return out(a ^ b);
        case TileFn::BitNot:
            return out(~a);
        case TileFn::ShiftLeft:
            return shifts ? out(static_cast<__int128>(static_cast<uint64_t>(a) << static_cast<int>(b))) : 0;
        case TileFn::ShiftRight:
            return shifts ? out(a >> static_cast<int>(b)) : (a < 0 ? -1 : 0);
        default:
            return std::numeric_limits<double>::quiet_NaN();
    }
}

bool integer_arithmetic(tensix::TileFn fn) {
    using tensix::TileFn;
    switch (fn) {
        case TileFn::Add:
        case TileFn::Sub:
        case TileFn::Mul:
        case TileFn::Square:
        case TileFn::Neg:
        case TileFn::Abs:
        case TileFn::Div:
        case TileFn::FloorDiv:
        case TileFn::FloorMod:
        case TileFn::BitAnd:
        case TileFn::BitOr:
        case TileFn::BitXor:
        case TileFn::BitNot:
        case TileFn::ShiftLeft:
        case TileFn::ShiftRight:
            return true;
        default:
            return false;
    }
}

double apply_float(tensix::TileFn fn, double a, double b, double c) {
    using tensix::TileFn;
    switch (fn) {
        case TileFn::Identity:
        case TileFn::Cast:
            return a;
        case TileFn::Neg:
            return -a;
        case TileFn::Abs:
            return std::abs(a);
        case TileFn::Square:
            return a * a;
        case TileFn::Sqrt:
            return std::sqrt(a);
        case TileFn::Rsqrt:
            return 1 / std::sqrt(a);
        case TileFn::Recip:
            return 1 / a;
        case TileFn::Exp:
            return std::exp(a);
        case TileFn::Exp2:
            return std::exp2(a);
        case TileFn::Log:
            return std::log(a);
        case TileFn::Log2:
            return std::log2(a);
        case TileFn::Tanh:
            return std::tanh(a);
        case TileFn::Sigmoid:
            return 1 / (1 + std::exp(-a));
        case TileFn::Erf:
            return std::erf(a);
        case TileFn::Gelu:
            return 0.5 * a * (1 + std::erf(a * 0.70710678118654752440));
        case TileFn::Silu:
            return a / (1 + std::exp(-a));
        case TileFn::Relu:
            return a > 0 ? a : (std::isnan(a) ? a : 0);
        case TileFn::Sin:
            return std::sin(a);
        case TileFn::Cos:
            return std::cos(a);
        case TileFn::Floor:
            return std::floor(a);
        case TileFn::Ceil:
            return std::ceil(a);
        case TileFn::Round:
            return std::nearbyint(a);
        case TileFn::Trunc:
            return std::trunc(a);
        case TileFn::Sign:
            return a > 0 ? 1 : a < 0 ? -1 : a;
        case TileFn::IsNan:
            return std::isnan(a);
        case TileFn::IsInf:
            return std::isinf(a);
        case TileFn::LogicalNot:
            return a == 0;
        case TileFn::Add:
            return a + b;
        case TileFn::Sub:
            return a - b;
        case TileFn::Mul:
            return a * b;
        case TileFn::Div:
            return a / b;
        case TileFn::Min:
            return std::isnan(a) || std::isnan(b) ? a + b : std::min(a, b);
        case TileFn::Max:
            return std::isnan(a) || std::isnan(b) ? a + b : std::max(a, b);
        case TileFn::Pow:
            return std::pow(a, b);
        case TileFn::FloorDiv:
            return std::floor(a / b);
        case TileFn::FloorMod:
            return a - b * std::floor(a / b);
        case TileFn::Eq:
            return a == b;
        case TileFn::Ne:
            return a != b;
        case TileFn::Lt:
            return a < b;
        case TileFn::Le:
            return a <= b;
        case TileFn::Gt:
            return a > b;
        case TileFn::Ge:
            return a >= b;
        case TileFn::LogicalAnd:
            return a != 0 && b != 0;
        case TileFn::LogicalOr:
            return a != 0 || b != 0;
        case TileFn::Select:
            return a != 0 ? b : c;
        case TileFn::BitNot:
        case TileFn::BitAnd:
        case TileFn::BitOr:
        case TileFn::BitXor:
        case TileFn::ShiftLeft:
        case TileFn::ShiftRight:
            break;  // of integers only
    }
    return std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

double wrapped(DType dtype, double value) {
    return std::isfinite(value) ? static_cast<double>(wrap(dtype, static_cast<__int128>(value))) : 0;
}

double apply(tensix::TileFn fn, DType dtype, DType operand, double a, double b, double c) {
    const bool integers = is_integer(operand) || operand == DType::Bool;
    if (fn == tensix::TileFn::Cast && integers && is_integer(dtype)) return wrapped(dtype, a);
    if (integers && integer_arithmetic(fn)) {
        if (operand == DType::Bool && fn == tensix::TileFn::BitNot) return a == 0;
        return round_to(dtype, apply_integer(fn, operand == DType::Bool ? DType::I32 : operand, a, b));
    }
    return round_to(dtype, apply_float(fn, a, b, c));
}

double identity_of(tensix::ReduceFn fn) {
    using tensix::ReduceFn;
    switch (fn) {
        case ReduceFn::Max:
            return -HUGE_VAL;
        case ReduceFn::Min:
            return HUGE_VAL;
        case ReduceFn::All:
            return 1;
        case ReduceFn::BitAnd:
            return -1;  // all bits
        default:
            return 0;
    }
}

double combine(tensix::ReduceFn fn, double acc, double value) {
    using tensix::ReduceFn;
    switch (fn) {
        case ReduceFn::Sum:
            return acc + value;
        case ReduceFn::Max:
            return std::isnan(value) || std::isnan(acc) ? acc + value : std::max(acc, value);
        case ReduceFn::Min:
            return std::isnan(value) || std::isnan(acc) ? acc + value : std::min(acc, value);
        case ReduceFn::AbsSum:
            return acc + std::abs(value);
        case ReduceFn::AbsMax:
            return std::isnan(value) || std::isnan(acc) ? acc + value : std::max(acc, std::abs(value));
        case ReduceFn::Any:
            return acc != 0 || value != 0;
        case ReduceFn::All:
            return acc != 0 && value != 0;
        case ReduceFn::BitAnd:
            return static_cast<double>(static_cast<int64_t>(acc) & static_cast<int64_t>(value));
        case ReduceFn::BitOr:
            return static_cast<double>(static_cast<int64_t>(acc) | static_cast<int64_t>(value));
        case ReduceFn::BitXor:
            return static_cast<double>(static_cast<int64_t>(acc) ^ static_cast<int64_t>(value));
    }
    return acc;
}

Machine::Machine(const Context& ctx, std::span<HostArray> tensors, const IndexEnv& symbols)
    : ctx_(ctx), tensors_(tensors), values_(ctx.index.num_vars()) {
    if (tensors.size() != ctx.tensors.size())
        fail("TT9201", "the program has " + std::to_string(ctx.tensors.size()) + " tensors, " +
                           std::to_string(tensors.size()) + " arrays were given");
    for (const auto& [var, value] : symbols)
        if (var.valid() && var.v < values_.size()) values_[var.v] = value;
    for (size_t i = 0; i < tensors.size(); ++i) {
        const Tensor& t = ctx.tensors[i];
        if (tensors[i].shape.size() != t.shape.size())
            fail("TT9201", "array '" + t.name + "' has another number of dimensions than its tensor", loc(t.loc));
        for (size_t d = 0; d < t.shape.size(); ++d) {
            const IndexNode& n = ctx.index.node(t.shape[d]);
            if (n.op == IndexOp::Var && !values_[n.var.v]) values_[n.var.v] = tensors[i].shape[d];
        }
    }
    for (size_t i = 0; i < tensors.size(); ++i) {
        const Tensor& t = ctx.tensors[i];
        size_t elements = 1;
        for (size_t d = 0; d < t.shape.size(); ++d) {
            const int64_t wanted = eval(t.shape[d]), given = tensors[i].shape[d];
            if (wanted != given || given < 0)
                fail("TT9201",
                     "dimension " + std::to_string(d) + " of array '" + t.name + "' is " + std::to_string(given) +
                         ", its tensor has " + std::to_string(wanted),
                     loc(t.loc));
            elements *= static_cast<size_t>(given);
        }
        if (tensors[i].data.size() != elements)
            fail("TT9201",
                 "array '" + t.name + "' holds " + std::to_string(tensors[i].data.size()) + " elements instead of " +
                     std::to_string(elements),
                 loc(t.loc));
    }
}

int64_t Machine::eval(IndexId id) const {
    const auto value = ctx_.index.eval_with(id, [&](VarId var) { return values_[var.v]; });
    if (!value)
        fail("TT9202",
             "`" + print(ctx_.index, id) + "` has no value: a variable is unbound, a divisor is 0, or it overflows",
             loc(at));
    return *value;
}

std::vector<int64_t> Machine::eval(const std::vector<IndexId>& ids) const {
    std::vector<int64_t> out;
    out.reserve(ids.size());
    for (const IndexId id : ids) out.push_back(eval(id));
    return out;
}

std::vector<int64_t> Machine::positions(const std::vector<IndexId>& ids) const {
    constexpr int64_t kLimit = int64_t(1) << 40;
    std::vector<int64_t> out = eval(ids);
    for (size_t i = 0; i < out.size(); ++i)
        if (out[i] < -kLimit || out[i] > kLimit)
            fail("TT9203",
                 "`" + print(ctx_.index, ids[i]) + "` is " + std::to_string(out[i]) + ": no position in an array",
                 loc(at));
    return out;
}

}  // namespace interpreter
}  // namespace tilelang_tt
