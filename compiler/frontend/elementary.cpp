#include "compiler/frontend/elementary.h"

#include <array>
#include <cmath>
#include <numbers>

namespace tilelang_tt::frontend {
namespace {

using tensix::TileFn;
constexpr double kPi = std::numbers::pi;

struct Entry {
    std::string_view name;
    size_t arity;
};
constexpr std::array kEntries = std::to_array<Entry>({
    {"log1p", 1},
    {"sinh", 1},
    {"cosh", 1},
    {"asinh", 1},
    {"acosh", 1},
    {"atanh", 1},
    {"atan", 1},
    {"asin", 1},
    {"acos", 1},
    {"atan2", 2},
    {"hypot", 2},
    {"fmod", 2},
    {"ldexp", 2},
});

// A lane of fp32, with C++'s operators.
struct F {
    LaneArena* lanes;
    LaneId id;
};

F apply(TileFn fn, F a) { return {a.lanes, a.lanes->apply(fn, DType::F32, a.id)}; }
F apply(TileFn fn, F a, F b) { return {a.lanes, a.lanes->apply(fn, DType::F32, a.id, b.id)}; }
F number(F like, double value) { return {like.lanes, like.lanes->constant(DType::F32, value)}; }
F operator+(F a, F b) { return apply(TileFn::Add, a, b); }
F operator-(F a, F b) { return apply(TileFn::Sub, a, b); }
F operator*(F a, F b) { return apply(TileFn::Mul, a, b); }
F operator/(F a, F b) { return apply(TileFn::Div, a, b); }
F operator+(F a, double b) { return a + number(a, b); }
F operator-(F a, double b) { return a - number(a, b); }
F operator*(F a, double b) { return a * number(a, b); }
F operator-(double a, F b) { return number(b, a) - b; }
F operator/(double a, F b) { return number(b, a) / b; }
F magnitude(F a) { return apply(TileFn::Abs, a); }
F root(F a) { return apply(TileFn::Sqrt, a); }

struct Truth {
    LaneArena* lanes;
    LaneId id;
};
Truth compare(TileFn fn, F a, F b) { return {a.lanes, a.lanes->apply(fn, DType::Bool, a.id, b.id)}; }
Truth operator<(F a, F b) { return compare(TileFn::Lt, a, b); }
Truth operator<(F a, double b) { return compare(TileFn::Lt, a, number(a, b)); }
Truth operator>(F a, double b) { return compare(TileFn::Gt, a, number(a, b)); }
F select(Truth cond, F a, F b) { return {a.lanes, a.lanes->apply(TileFn::Select, DType::F32, cond.id, a.id, b.id)}; }
F with_sign_of(F x, F value) { return select(x < 0, apply(TileFn::Neg, value), value); }

// coefficients from the highest power down
template <size_t N>
F polynomial(F x, const std::array<double, N>& coefficients) {
    F sum = x * coefficients[0] + coefficients[1];
    for (size_t i = 2; i < N; ++i) sum = sum * x + coefficients[i];
    return sum;
}

// Near 0 the series of 2 atanh(x / (2 + x)), whose next term is below 2^-26 of the first for |x| <= 0.4.
F log1p(F x) {
    const F s = x / (x + 2), square = s * s;
    const F near = s * polynomial(square, std::array{2.0 / 9, 2.0 / 7, 2.0 / 5, 2.0 / 3, 2.0});
    return select(magnitude(x) < 0.4, near, apply(TileFn::Log, x + 1));
}

// The polynomials of atan, asin and sinh are those of the Cephes library (S. Moshier) for single precision.
F atan_to_1(F t) {
    const Truth large = t > std::numbers::sqrt2 - 1;
    const F u = select(large, (t - 1) / (t + 1), t), square = u * u;
    const F odd =
        polynomial(square, std::array{8.05374449538e-2, -1.38776856032e-1, 1.99777106478e-1, -3.33329491539e-1});
    return select(large, number(t, kPi / 4), number(t, 0)) + (u + u * square * odd);
}

F atan(F x) {
    const F a = magnitude(x);
    const Truth large = a > 1;
    const F r = atan_to_1(select(large, 1 / a, a));
    return with_sign_of(x, select(large, kPi / 2 - r, r));
}

F atan2(F y, F x) {
    const F ax = magnitude(x), ay = magnitude(y);
    const F high = apply(TileFn::Max, ax, ay), low = apply(TileFn::Min, ax, ay);
    const F r = select(high > 0, atan_to_1(low / high), high);
    const F steep = select(ax < ay, kPi / 2 - r, r);
    return with_sign_of(y, select(x < 0, kPi - steep, steep));
}

// asin of s where s * s is square, s <= 1/2
F asin_core(F s, F square) {
    return s + s * square *
                   polynomial(square, std::array{4.2163199048e-2, 2.4181311049e-2, 4.5470025998e-2, 7.4953002686e-2,
                                                 1.6666752422e-1});
}

// of |x|: its asin up to 1/2, its acos / 2 beyond
F asin_part(F a, Truth large) {
    const F square = select(large, 0.5 - a * 0.5, a * a);
    return asin_core(select(large, root(square), a), square);
}

F asin(F x) {
    const F a = magnitude(x);
    const Truth large = a > 0.5;
    const F part = asin_part(a, large);
    return with_sign_of(x, select(large, kPi / 2 - part * 2, part));
}

F acos(F x) {
    const F a = magnitude(x);
    const Truth large = a > 0.5;
    const F part = asin_part(a, large);
    const F far = select(x < 0, kPi - part * 2, part * 2);
    return select(large, far, kPi / 2 - with_sign_of(x, part));
}

F sinh(F x) {
    const F a = magnitude(x), square = x * x, e = apply(TileFn::Exp, a) * 0.5;
    const F near =
        a + a * square * polynomial(square, std::array{2.03721912945e-4, 8.33028376239e-3, 1.66667160211e-1});
    return with_sign_of(x, select(a > 1, e - 0.25 / e, near));
}

F cosh(F x) {
    const F e = apply(TileFn::Exp, magnitude(x)) * 0.5;
    return e + 0.25 / e;
}

constexpr double kLarge = 1e9;  // its square is far from the end of fp32, and 1 is nothing beside it

F asinh(F x) {
    const F a = magnitude(x), b = apply(TileFn::Min, a, number(a, kLarge)), square = b * b;
    const F near = log1p(b + square / (root(square + 1) + 1));
    return with_sign_of(x, select(a > kLarge, apply(TileFn::Log, a) + std::numbers::ln2, near));
}

F acosh(F x) {
    const F t = apply(TileFn::Min, x, number(x, kLarge)) - 1;
    return select(x > kLarge, apply(TileFn::Log, x) + std::numbers::ln2, log1p(t + root(t * (t + 2))));
}

F atanh(F x) {
    const F a = magnitude(x);
    return with_sign_of(x, log1p(a * 2 / (1 - a)) * 0.5);
}

F hypot(F x, F y) {
    const F ax = magnitude(x), ay = magnitude(y);
    const F high = apply(TileFn::Max, ax, ay), ratio = apply(TileFn::Min, ax, ay) / high;
    return select(high > 0, high * root(ratio * ratio + 1), high);
}

F fmod(F x, F y) { return with_sign_of(x, apply(TileFn::FloorMod, magnitude(x), magnitude(y))); }

}  // namespace

std::optional<size_t> elementary_arity(std::string_view name) {
    for (const Entry& entry : kEntries)
        if (entry.name == name) return entry.arity;
    return std::nullopt;
}

LaneId elementary(LaneArena& lanes, std::string_view name, std::span<const LaneId> args) {
    const F x{&lanes, args[0]}, y{&lanes, args.size() > 1 ? args[1] : args[0]};
    if (name == "log1p") return log1p(x).id;
    if (name == "sinh") return sinh(x).id;
    if (name == "cosh") return cosh(x).id;
    if (name == "asinh") return asinh(x).id;
    if (name == "acosh") return acosh(x).id;
    if (name == "atanh") return atanh(x).id;
    if (name == "atan") return atan(x).id;
    if (name == "asin") return asin(x).id;
    if (name == "acos") return acos(x).id;
    if (name == "atan2") return atan2(x, y).id;
    if (name == "hypot") return hypot(x, y).id;
    if (name == "fmod") return fmod(x, y).id;
    return (x * apply(TileFn::Exp2, y)).id;  // ldexp
}

bool counts_bits(std::string_view name) { return name == "popcount" || name == "clz"; }

LaneId count_bits(LaneArena& lanes, std::string_view name, LaneId word) {
    const auto number = [&](int64_t value) { return lanes.constant(DType::I32, static_cast<double>(value)); };
    const auto apply = [&](TileFn fn, LaneId a, LaneId b) { return lanes.apply(fn, DType::I32, a, b); };
    // Without the copies of the sign that a shift brings in.
    const auto shifted = [&](LaneId a, int by) {
        return apply(TileFn::BitAnd, apply(TileFn::ShiftRight, a, number(by)), number((int64_t{1} << (32 - by)) - 1));
    };
    if (name == "clz")  // zeros above the highest bit: what is not set once all bits below it are
        for (int by : {1, 2, 4, 8, 16}) word = apply(TileFn::BitOr, word, shifted(word, by));
    // Counts of bits in 2, 4, 8 bits, then the sum of the bytes in the highest one.
    word = apply(TileFn::Sub, word, apply(TileFn::BitAnd, shifted(word, 1), number(0x55555555)));
    word = apply(TileFn::Add, apply(TileFn::BitAnd, word, number(0x33333333)),
                 apply(TileFn::BitAnd, shifted(word, 2), number(0x33333333)));
    word = apply(TileFn::BitAnd, apply(TileFn::Add, word, shifted(word, 4)), number(0x0f0f0f0f));
    word = apply(TileFn::Add, word, shifted(word, 8));
    word = apply(TileFn::BitAnd, apply(TileFn::Add, word, shifted(word, 16)), number(0x3f));
    return name == "clz" ? apply(TileFn::Sub, number(32), word) : word;
}

}  // namespace tilelang_tt::frontend
