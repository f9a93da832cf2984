#include "engine/sfpu.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

#include "engine/simd.h"

namespace tt_emulator::sfpu {
namespace {

using fpu::DstWidth;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

TT_INLINE float as_float(uint32_t word) { return std::bit_cast<float>(word); }
TT_INLINE uint32_t as_word(float value) { return std::bit_cast<uint32_t>(value); }
// Denormals to zero, the sign kept. Like select() below without a branch.
TT_INLINE uint32_t flush(uint32_t word) {
    return word & (0x80000000 | (0u - static_cast<uint32_t>((word & 0x7f800000) != 0)));
}
TT_INLINE float flushed(uint32_t word) { return as_float(flush(word)); }
TT_INLINE uint32_t round_bf16(float value) {
    const uint32_t word = as_word(value), rounded = (word + 0x7fff + (word >> 16 & 1)) & 0xffff0000;
    const uint32_t number = 0u - static_cast<uint32_t>((word & 0x7fffffff) <= 0x7f800000);
    return flush((rounded & number) | (word & ~number));
}

// A multiplication is a fused multiply-add with +0 on the chip, which gives +0 for every product that underflows.
TT_INLINE float product(float x, float y) {
    const float value = x * y;
    const uint32_t word = as_word(value);
    return as_float(word & (0u - static_cast<uint32_t>((word & 0x7f800000) != 0)));
}

// A choice without a branch: the compiler makes control flow of nested conditions, which does not vectorise.
TT_INLINE float select(bool condition, float yes, float no) {
    const uint32_t mask = 0u - static_cast<uint32_t>(condition);
    return as_float((as_word(yes) & mask) | (as_word(no) & ~mask));
}

// Rounds results to a 16-bit DST.
TT_INLINE void narrow(uint32_t* words, uint32_t n, DstWidth width) {
    if (width == DstWidth::Bf16) {
        for (uint32_t i = 0; i < n; ++i) words[i] = round_bf16(as_float(words[i]));
    } else if (width == DstWidth::Fp16) {
        for (uint32_t i = 0; i < n; ++i) words[i] = fpu::round_to_dst(as_float(words[i]), width);
    }
}

// Applies f to floats, element by element. f appears once, so that it is inlined.
template <typename F>
TT_INLINE void map1(uint32_t* data, uint32_t n, DstWidth width, F f) {
    for (uint32_t i = 0; i < n; ++i) data[i] = flush(as_word(f(flushed(data[i]))));
    narrow(data, n, width);
}
template <typename F>
TT_INLINE void map2(const uint32_t* a, const uint32_t* b, uint32_t* out, uint32_t n, DstWidth width, F f) {
    for (uint32_t i = 0; i < n; ++i) out[i] = flush(as_word(f(flushed(a[i]), flushed(b[i]))));
    narrow(out, n, width);
}
// The same without a body per instruction set, for operations whose cost is in the function.
template <typename F>
void each1(uint32_t* data, uint32_t n, DstWidth width, F f) {
    for (uint32_t i = 0; i < n; ++i) data[i] = store(f(flushed(data[i])), width);
}
template <typename F>
void each2(const uint32_t* a, const uint32_t* b, uint32_t* out, uint32_t n, DstWidth width, F f) {
    for (uint32_t i = 0; i < n; ++i) out[i] = store(f(flushed(a[i]), flushed(b[i])), width);
}
template <typename F>
TT_INLINE void int1(uint32_t* data, uint32_t n, F f) {
    for (uint32_t i = 0; i < n; ++i) data[i] = static_cast<uint32_t>(f(static_cast<int32_t>(data[i])));
}
template <typename F>
TT_INLINE void int2(const uint32_t* a, const uint32_t* b, uint32_t* out, uint32_t n, F f) {
    for (uint32_t i = 0; i < n; ++i)
        out[i] = static_cast<uint32_t>(f(static_cast<int32_t>(a[i]), static_cast<int32_t>(b[i])));
}

// e^x to 2 ulp with operations that vectorise: 2^n * p(r), |r| <= ln(2)/2, p of degree 6 (minimax).
TT_INLINE float exp_poly(float x) {
    const float clamped = select(x < -87.5f, -87.5f, select(x > 88.8f, 88.8f, x));
    const float scaled = clamped * 1.44269504f;
    const float whole = static_cast<float>(static_cast<int32_t>(scaled + select(scaled < 0, -0.5f, 0.5f)));
    float r = clamped - whole * 0.693359375f;
    r = r + whole * 2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    const float value = p * r * r + r + 1.0f;
    // Two factors, so that results just below overflow do not overflow on the way.
    const int32_t n = static_cast<int32_t>(whole), half = n / 2;
    const float first = as_float(static_cast<uint32_t>(half + 127) << 23);
    const float second = as_float(static_cast<uint32_t>(n - half + 127) << 23);
    const float result = value * first * second;
    const float bounded = select(x > 88.7228394f, kInfinity, select(x < -87.3365f, 0.0f, result));
    return select(x != x, x, bounded);
}

TT_INLINE float tanh_poly(float x) {
    const float magnitude = as_float(as_word(x) & 0x7fffffff);
    const float t = exp_poly(-2.0f * magnitude);
    const float large = (1.0f - t) / (1.0f + t);
    const float square = x * x;
    // Below 0.3 the quotient loses bits; an odd polynomial keeps them.
    const float small =
        magnitude * (1.0f + square * (-0.333333333f +
                                      square * (0.133333333f + square * (-0.0539682540f + square * 0.0218694885f))));
    const float value = select(magnitude < 0.3f, small, large);
    return select(x != x, x, as_float(as_word(value) | (as_word(x) & 0x80000000)));
}

TT_INLINE float sigmoid_value(float x) {
    const float t = exp_poly(as_float(as_word(x) | 0x80000000));
    const float upper = 1.0f / (1.0f + t);
    return select(x < 0, t * upper, upper);
}

// Natural logarithm to 2 ulp; 0 gives -inf, negative gives NaN.
TT_INLINE float log_poly(float x) {
    const uint32_t word = as_word(x);
    int32_t exponent = int32_t(word >> 23) - 126;
    float m = as_float((word & 0x7fffff) | 0x3f000000);  // [0.5, 1)
    const bool low = m < 0.707106781f;
    exponent = low ? exponent - 1 : exponent;
    m = low ? m + m - 1.0f : m - 1.0f;
    const float z = m * m;
    float p = 7.0376836292e-2f;
    p = p * m - 1.1514610310e-1f;
    p = p * m + 1.1676998740e-1f;
    p = p * m - 1.2420140846e-1f;
    p = p * m + 1.4249322787e-1f;
    p = p * m - 1.6668057665e-1f;
    p = p * m + 2.0000714765e-1f;
    p = p * m - 2.4999993993e-1f;
    p = p * m + 3.3333331174e-1f;
    const float e = static_cast<float>(exponent);
    float y = p * m * z + e * -2.12194440e-4f - 0.5f * z;
    const float value = m + y + e * 0.693359375f;
    const float special = x == kInfinity ? kInfinity : value;
    const float zero = x == 0.0f ? -kInfinity : special;
    return x < 0 || x != x ? std::numeric_limits<float>::quiet_NaN() : zero;
}

// erf to 2e-7: the odd series below 1, 1 - exp(-x^2) p(1 / (1 + x / 2)) above (W. H. Press et al., Numerical Recipes,
// erfc's Chebyshev fit).
TT_INLINE float erf_value(float x) {
    const float z = as_float(as_word(x) & 0x7fffffff), square = x * x;
    float p = 1.0f / 9360.0f;
    p = p * square - 1.0f / 1320.0f;
    p = p * square + 1.0f / 216.0f;
    p = p * square - 1.0f / 42.0f;
    p = p * square + 0.1f;
    p = p * square - 1.0f / 3.0f;
    p = p * square + 1.0f;
    const float small = 1.12837917f * z * p;
    const float t = 1.0f / (1.0f + 0.5f * z);
    float q = 0.17087277f;
    q = q * t - 0.82215223f;
    q = q * t + 1.48851587f;
    q = q * t - 1.13520398f;
    q = q * t + 0.27886807f;
    q = q * t - 0.18628806f;
    q = q * t + 0.09678418f;
    q = q * t + 0.37409196f;
    q = q * t + 1.00002368f;
    q = q * t - 1.26551223f;
    const float large = 1.0f - t * exp_poly(q - square);
    const float value = select(z < 0.5f, small, large);
    return select(x != x, x, as_float(as_word(value) | (as_word(x) & 0x80000000)));
}

TT_INLINE float gelu_value(float x) { return 0.5f * x * (1.0f + erf_value(x * 0.707106781f)); }
TT_INLINE float gelu_tanh_value(float x) {
    return 0.5f * x * (1.0f + tanh_poly(0.797884561f * (x + 0.044715f * x * x * x)));
}
float gelu_derivative_value(float x) {
    return 0.5f * (1.0f + std::erf(x * 0.707106781f)) + x * 0.398942280f * std::exp(-0.5f * x * x);
}

float erfinv_value(float x) {
    // Winitzki's start, two Newton steps in double.
    if (x <= -1.0f) return x == -1.0f ? -kInfinity : std::numeric_limits<float>::quiet_NaN();
    if (x >= 1.0f) return x == 1.0f ? kInfinity : std::numeric_limits<float>::quiet_NaN();
    const double a = 0.147, l = std::log(1.0 - double(x) * x), t = 2.0 / (M_PI * a) + l / 2.0;
    double y = std::copysign(std::sqrt(std::sqrt(t * t - l / a) - t), double(x));
    for (int i = 0; i < 3; ++i) y -= (std::erf(y) - x) / (2.0 / std::sqrt(M_PI) * std::exp(-y * y));
    return static_cast<float>(y);
}

// Modified Bessel function of the first kind, order 0 or 1, by its series: all terms are positive.
float bessel(int order, float x) {
    const double quarter = double(x) * x / 4;
    double term = order == 0 ? 1.0 : double(x) / 2, sum = term;
    for (int k = 1; k < 500 && std::fabs(term) > 1e-12 * std::fabs(sum); ++k) {
        term *= quarter / (double(k) * (k + order));
        sum += term;
    }
    return static_cast<float>(sum);
}

float round_decimals(float x, int32_t decimals) {
    const float scale = std::pow(10.0f, static_cast<float>(decimals));
    return std::nearbyint(x * scale) / scale;
}

float remainder_value(float x, float y) {
    const float r = std::fmod(x, y);
    return r != 0.0f && (r < 0.0f) != (y < 0.0f) ? r + y : r;
}

// The chip's NaN is positive, the host's may not be.
TT_INLINE float root(float x) { return x < 0 ? std::numeric_limits<float>::quiet_NaN() : __builtin_sqrtf(x); }

TT_INLINE float truth(bool value) { return value ? 1.0f : 0.0f; }

int32_t negate(int32_t value) { return static_cast<int32_t>(0u - static_cast<uint32_t>(value)); }

int32_t remainder_int(int32_t a, int32_t b) {
    if (b == 0) return 0;
    const int64_t r = int64_t(a) % b;
    return static_cast<int32_t>(r != 0 && (r < 0) != (b < 0) ? r + b : r);
}

bool is_unsigned(uint32_t format) {
    return format == uint32_t(DataFormat::UInt32) || format == uint32_t(DataFormat::UInt16) ||
           format == uint32_t(DataFormat::UInt8);
}
// Keeps a result within the width of its format.
TT_INLINE uint32_t fit(uint32_t value, uint32_t format) {
    if (format == uint32_t(DataFormat::UInt16)) return value & 0xffff;
    if (format == uint32_t(DataFormat::UInt8)) return value & 0xff;
    return value;
}

uint32_t typecast(uint32_t word, DataFormat from, DataFormat to, DstWidth width) {
    const bool from_float = tensix::is_float(from), to_float = tensix::is_float(to);
    if (from_float && to_float) {
        // 32-bit DST: to bf16 rounds here, nearest even; the block formats round when packed.
        if (to == DataFormat::Float16_b) return store(as_float(word), DstWidth::Bf16);
        if (to == DataFormat::Float16) return fpu::round_to_dst(as_float(word), DstWidth::Fp16);
        return flush(word);
    }
    if (from == DataFormat::Int8) word = static_cast<uint32_t>(static_cast<int32_t>(static_cast<int8_t>(word)));
    if (!from_float && to_float) {
        const float value =
            is_unsigned(uint32_t(from)) ? static_cast<float>(word) : static_cast<float>(static_cast<int32_t>(word));
        // The rounding instruction takes halves away from zero.
        return fpu::round_to_dst(value, to == DataFormat::Float16_b ? DstWidth::Bf16 : width);
    }
    if (from_float) {
        const float value = flushed(word);
        if (value != value) return 0;
        const double truncated = std::trunc(static_cast<double>(value));
        if (to == DataFormat::UInt16)  // rounds, halves away from zero
            return static_cast<uint32_t>(std::clamp(std::floor(static_cast<double>(value) + 0.5), 0.0, 65535.0));
        if (to == DataFormat::UInt32)
            return static_cast<uint32_t>(static_cast<int64_t>(std::clamp(truncated, 0.0, 4294967295.0)));
        const double whole = std::clamp(truncated, -2147483648.0, 2147483647.0);
        const auto integer = static_cast<uint32_t>(static_cast<int64_t>(whole));
        if (to == DataFormat::Int32) return integer;
        return std::abs(truncated) < 2147483648.0 ? integer & 0xff : 0;
    }
    if (to == DataFormat::UInt16) {
        if (!is_unsigned(uint32_t(from)) && static_cast<int32_t>(word) < 0) return 0;
        return std::min(word, 65535u);
    }
    if (to == DataFormat::UInt8 || to == DataFormat::Int8) return word & 0xff;
    return word;
}

void unary_scalar(uint32_t op, uint32_t* d, uint32_t n, uint32_t p0, uint32_t p1, uint32_t p2, DstWidth w) {
    const float f0 = as_float(p0), f1 = as_float(p1), f2 = as_float(p2);
    const int32_t i0 = static_cast<int32_t>(p0), i1 = static_cast<int32_t>(p1);
    switch (op) {
        case TT_SFPU_EXP2:
            return each1(d, n, w, [](float x) { return std::exp2(x); });
        case TT_SFPU_EXPM1:
            return each1(d, n, w, [](float x) { return std::expm1(x); });
        case TT_SFPU_LOG1P:
            return each1(d, n, w, [](float x) { return std::log1p(x); });
        case TT_SFPU_CBRT:
            return each1(d, n, w, [](float x) { return std::cbrt(x); });
        case TT_SFPU_TANH_DERIVATIVE:
            return each1(d, n, w, [](float x) {
                const float t = tanh_poly(x);
                return 1.0f - t * t;
            });
        case TT_SFPU_GELU_DERIVATIVE:
            return each1(d, n, w, [](float x) { return gelu_derivative_value(x); });
        case TT_SFPU_ERFC:
            return each1(d, n, w, [](float x) { return std::erfc(x); });
        case TT_SFPU_ERFINV:
            return each1(d, n, w, [](float x) { return erfinv_value(x); });
        case TT_SFPU_SIN:
            return each1(d, n, w, [](float x) { return std::sin(x); });
        case TT_SFPU_COS:
            return each1(d, n, w, [](float x) { return std::cos(x); });
        case TT_SFPU_TAN:
            return each1(d, n, w, [](float x) { return std::tan(x); });
        case TT_SFPU_ASIN:
            return each1(d, n, w, [](float x) { return std::asin(x); });
        case TT_SFPU_ACOS:
            return each1(d, n, w, [](float x) { return std::acos(x); });
        case TT_SFPU_ATAN:
            return each1(d, n, w, [](float x) { return std::atan(x); });
        case TT_SFPU_SINH:
            return each1(d, n, w, [](float x) { return std::sinh(x); });
        case TT_SFPU_COSH:
            return each1(d, n, w, [](float x) { return std::cosh(x); });
        case TT_SFPU_ASINH:
            return each1(d, n, w, [](float x) { return std::asinh(x); });
        case TT_SFPU_ACOSH:
            return each1(d, n, w, [](float x) { return std::acosh(x); });
        case TT_SFPU_ATANH:
            return each1(d, n, w, [](float x) { return std::atanh(x); });
        case TT_SFPU_POWER:
            return each1(d, n, w, [&](float x) { return std::pow(x, f0); });
        case TT_SFPU_RPOW:
            return each1(d, n, w, [&](float x) { return std::pow(f0, x); });
        case TT_SFPU_SIGN:
            return each1(d, n, w, [](float x) { return x > 0 ? 1.0f : x < 0 ? -1.0f : 0.0f; });
        case TT_SFPU_SIGNBIT:
            return each1(d, n, w, [](float x) { return truth(as_word(x) >> 31); });
        case TT_SFPU_IDENTITY:
            return each1(d, n, w, [](float x) { return x; });
        case TT_SFPU_RELU_MAX:
            return each1(d, n, w, [&](float x) { return x > f0 ? f0 < 0 ? 0.0f : f0 : x < 0 ? 0.0f : x; });
        case TT_SFPU_RELU_MIN:
            return each1(d, n, w, [&](float x) { return x < f0 ? f0 : x; });
        case TT_SFPU_LEAKY_RELU:
            return each1(d, n, w, [&](float x) { return as_word(x) >> 31 ? product(x, f0) : x; });
        case TT_SFPU_ELU:
            return each1(d, n, w, [&](float x) { return x < 0 ? f0 * std::expm1(x) : x; });
        case TT_SFPU_CELU:
            return each1(d, n, w, [&](float x) { return x < 0 ? f0 * std::expm1(x * f1) : x; });
        case TT_SFPU_SELU:
            return each1(d, n, w, [&](float x) { return f0 * (x < 0 ? f1 * std::expm1(x) : x); });
        case TT_SFPU_HARDSIGMOID:
            return each1(d, n, w, [](float x) {
                const float y = x * 0.166666672f + 0.5f;
                return y < 0 ? 0.0f : y > 1 ? 1.0f : y;
            });
        case TT_SFPU_HARDSHRINK:
            return each1(d, n, w, [&](float x) { return x >= -f0 && x <= f0 ? 0.0f : x; });
        case TT_SFPU_SOFTSHRINK:
            return each1(d, n, w, [&](float x) { return x > f0 ? x - f0 : x < -f0 ? x + f0 : 0.0f; });
        case TT_SFPU_SOFTSIGN:
            return each1(d, n, w, [](float x) { return x / (1.0f + std::fabs(x)); });
        case TT_SFPU_SOFTCAP:
            return each1(d, n, w, [&](float x) { return f0 * tanh_poly(x * f1); });
        case TT_SFPU_TANHSHRINK:
            return each1(d, n, w, [](float x) { return x - tanh_poly(x); });
        case TT_SFPU_I0:
            return each1(d, n, w, [](float x) { return bessel(0, x); });
        case TT_SFPU_I1:
            return each1(d, n, w, [](float x) { return bessel(1, x); });
        case TT_SFPU_SOFTPLUS:
            return each1(d, n, w, [&](float x) { return x * f0 > f2 ? x : std::log1p(std::exp(x * f0)) * f1; });
        case TT_SFPU_MISH:
            return each1(d, n, w, [](float x) { return x * std::tanh(std::log1p(std::exp(x))); });
        case TT_SFPU_HARDMISH:
            return each1(d, n, w, [](float x) {
                const float y = x + 2.0f;
                return x * 0.5f * (y < 0 ? 0.0f : y > 2.0f ? 2.0f : y);
            });
        case TT_SFPU_THRESHOLD:
            return each1(d, n, w, [&](float x) { return x > f0 ? x : f1; });
        case TT_SFPU_FLOOR:
            return each1(d, n, w, [](float x) { return std::floor(x); });
        case TT_SFPU_CEIL:
            return each1(d, n, w, [](float x) { return std::ceil(x); });
        case TT_SFPU_TRUNC:
            return each1(d, n, w, [](float x) { return std::trunc(x); });
        case TT_SFPU_ROUND:
            return each1(d, n, w, [&](float x) { return round_decimals(x, i0); });
        case TT_SFPU_FRAC:
            return each1(d, n, w, [](float x) { return x - std::trunc(x); });
        case TT_SFPU_ISINF:
            return each1(d, n, w, [](float x) { return truth(x == kInfinity || x == -kInfinity); });
        case TT_SFPU_ISPOSINF:
            return each1(d, n, w, [](float x) { return truth(x == kInfinity); });
        case TT_SFPU_ISNEGINF:
            return each1(d, n, w, [](float x) { return truth(x == -kInfinity); });
        case TT_SFPU_ISNAN:
            return each1(d, n, w, [](float x) { return truth(x != x); });
        case TT_SFPU_ISFINITE:
            return each1(d, n, w, [](float x) { return truth(x - x == 0.0f); });
        case TT_SFPU_LOGICAL_NOT:
            return each1(d, n, w, [](float x) { return truth(x == 0.0f); });
        case TT_SFPU_HEAVISIDE:
            return each1(d, n, w, [&](float x) { return x < 0 ? 0.0f : x > 0 ? 1.0f : f0; });
        case TT_SFPU_FILL:
            return each1(d, n, w, [&](float) { return f0; });
        case TT_SFPU_RDIV_SCALAR:
            return each1(d, n, w, [&](float x) { return f0 / x; });
        case TT_SFPU_EQ_SCALAR:
            return each1(d, n, w, [&](float x) { return truth(x == f0); });
        case TT_SFPU_NE_SCALAR:
            return each1(d, n, w, [&](float x) { return truth(x != f0); });
        case TT_SFPU_LT_SCALAR:
            return each1(d, n, w, [&](float x) { return truth(x < f0); });
        case TT_SFPU_LE_SCALAR:
            return each1(d, n, w, [&](float x) { return truth(x <= f0); });
        case TT_SFPU_GT_SCALAR:
            return each1(d, n, w, [&](float x) { return truth(x > f0); });
        case TT_SFPU_GE_SCALAR:
            return each1(d, n, w, [&](float x) { return truth(x >= f0); });
        case TT_SFPU_FMOD_SCALAR:
            return each1(d, n, w, [&](float x) { return std::fmod(x, f0); });
        case TT_SFPU_REMAINDER_SCALAR:
            return each1(d, n, w, [&](float x) { return remainder_value(x, f0); });
        case TT_SFPU_INT_ABS:
            return int1(d, n, [](int32_t x) { return x < 0 ? negate(x) : x; });
        case TT_SFPU_INT_NEGATIVE:
            return int1(d, n, [](int32_t x) { return negate(x); });
        case TT_SFPU_INT_SIGNBIT:
            return int1(d, n, [](int32_t x) { return int32_t(x < 0); });
        case TT_SFPU_INT_IDENTITY:
            return;
        case TT_SFPU_INT_RELU:
            return int1(d, n, [](int32_t x) { return x < 0 ? 0 : x; });
        case TT_SFPU_INT_FILL:
        case TT_SFPU_BITS_FILL:
            return int1(d, n, [&](int32_t) { return i0; });
        case TT_SFPU_INT_ADD_SCALAR:
            return int1(d, n, [&](int32_t x) { return fit(uint32_t(x) + p0, p1); });
        case TT_SFPU_INT_SUB_SCALAR:
            return int1(d, n, [&](int32_t x) { return fit(uint32_t(x) - p0, p1); });
        case TT_SFPU_INT_RSUB_SCALAR:
            return int1(d, n, [&](int32_t x) { return fit(p0 - uint32_t(x), p1); });
        case TT_SFPU_INT_CLAMP:
            return int1(d, n, [&](int32_t x) { return x < i0 ? i0 : x > i1 ? i1 : x; });
        case TT_SFPU_INT_MAX_SCALAR:
            if (is_unsigned(p1)) return int1(d, n, [&](int32_t x) { return uint32_t(x) > p0 ? uint32_t(x) : p0; });
            return int1(d, n, [&](int32_t x) { return x > i0 ? x : i0; });
        case TT_SFPU_INT_MIN_SCALAR:
            if (is_unsigned(p1)) return int1(d, n, [&](int32_t x) { return uint32_t(x) < p0 ? uint32_t(x) : p0; });
            return int1(d, n, [&](int32_t x) { return x < i0 ? x : i0; });
        case TT_SFPU_INT_EQ_SCALAR:
            return int1(d, n, [&](int32_t x) { return int32_t(x == i0); });
        case TT_SFPU_INT_NE_SCALAR:
            return int1(d, n, [&](int32_t x) { return int32_t(x != i0); });
        case TT_SFPU_INT_LT_SCALAR:
            return int1(d, n, [&](int32_t x) { return int32_t(x < i0); });
        case TT_SFPU_INT_LE_SCALAR:
            return int1(d, n, [&](int32_t x) { return int32_t(x <= i0); });
        case TT_SFPU_INT_GT_SCALAR:
            return int1(d, n, [&](int32_t x) { return int32_t(x > i0); });
        case TT_SFPU_INT_GE_SCALAR:
            return int1(d, n, [&](int32_t x) { return int32_t(x >= i0); });
        case TT_SFPU_INT_AND_SCALAR:
            return int1(d, n, [&](int32_t x) { return x & i0; });
        case TT_SFPU_INT_OR_SCALAR:
            return int1(d, n, [&](int32_t x) { return fit(uint32_t(x | i0), p1); });
        case TT_SFPU_INT_XOR_SCALAR:
            return int1(d, n, [&](int32_t x) { return fit(uint32_t(x ^ i0), p1); });
        case TT_SFPU_INT_NOT:
            return int1(d, n, [](int32_t x) { return ~x; });
        case TT_SFPU_INT_LOGICAL_NOT:
            return int1(d, n, [](int32_t x) { return int32_t(x == 0); });
        case TT_SFPU_INT_SHIFT_LEFT:
            return int1(d, n, [&](int32_t x) { return fit(p0 < 32 ? uint32_t(x) << p0 : 0, p1); });
        case TT_SFPU_INT_SHIFT_RIGHT:
            if (is_unsigned(p1)) return int1(d, n, [&](int32_t x) { return p0 < 32 ? uint32_t(x) >> p0 : 0; });
            return int1(d, n, [&](int32_t x) { return x >> (p0 < 32 ? p0 : 31); });
        case TT_SFPU_TYPECAST:
            for (uint32_t i = 0; i < n; ++i) d[i] = typecast(d[i], DataFormat(p0), DataFormat(p1), w);
            return;
        default:
            return;
    }
}

template <simd::Level kLevel>
TT_INLINE void unary_body(uint32_t op, uint32_t* d, uint32_t n, uint32_t p0, uint32_t p1, uint32_t, DstWidth w) {
    const float f0 = as_float(p0), f1 = as_float(p1);
    switch (op) {
        case TT_SFPU_EXP:
            return map1(d, n, w, [&](float x) { return exp_poly(x * f1); });
        case TT_SFPU_LOG:
            return map1(d, n, w, [&](float x) { return log_poly(x) * f0; });
        case TT_SFPU_RECIP:
            return map1(d, n, w, [](float x) { return 1.0f / x; });
        case TT_SFPU_SQRT:
            return map1(d, n, w, [](float x) { return root(x); });
        case TT_SFPU_RSQRT:
            return map1(d, n, w, [](float x) { return 1.0f / root(x); });
        case TT_SFPU_TANH:
            return map1(d, n, w, [](float x) { return tanh_poly(x); });
        case TT_SFPU_SIGMOID:
            return map1(d, n, w, [](float x) { return sigmoid_value(x); });
        case TT_SFPU_SILU:
            return map1(d, n, w, [](float x) { return product(x, sigmoid_value(x)); });
        case TT_SFPU_GELU:
            return map1(d, n, w, [](float x) { return gelu_value(x); });
        case TT_SFPU_ERF:
            return map1(d, n, w, [](float x) { return erf_value(x); });
        case TT_SFPU_GELU_TANH:
            return map1(d, n, w, [](float x) { return gelu_tanh_value(x); });
        case TT_SFPU_ABS:
            return map1(d, n, w, [](float x) { return as_float(as_word(x) & 0x7fffffff); });
        case TT_SFPU_NEGATIVE:
            return map1(d, n, w, [](float x) { return -x; });
        case TT_SFPU_SQUARE:
            return map1(d, n, w, [](float x) { return product(x, x); });
        case TT_SFPU_RELU:
            return map1(d, n, w, [](float x) { return x < 0 ? 0.0f : x; });
        case TT_SFPU_HARDTANH:
        case TT_SFPU_CLAMP:
            return map1(d, n, w, [&](float x) { return x < f0 ? f0 : x > f1 ? f1 : x; });
        case TT_SFPU_ADD_SCALAR:
            return map1(d, n, w, [&](float x) { return x + f0; });
        case TT_SFPU_SUB_SCALAR:
            return map1(d, n, w, [&](float x) { return x - f0; });
        case TT_SFPU_RSUB_SCALAR:
            return map1(d, n, w, [&](float x) { return f0 - x; });
        case TT_SFPU_MUL_SCALAR:
            return map1(d, n, w, [&](float x) { return product(x, f0); });
        case TT_SFPU_MAX_SCALAR:
            return map1(d, n, w, [&](float x) { return x > f0 ? x : f0; });
        case TT_SFPU_MIN_SCALAR:
            return map1(d, n, w, [&](float x) { return x < f0 ? x : f0; });
        default:
            return;
    }
}

void binary_scalar(uint32_t op, const uint32_t* a, const uint32_t* b, uint32_t* o, uint32_t n, uint32_t p0,
                   DstWidth w) {
    const bool without_sign = is_unsigned(p0);
    switch (op) {
        case TT_SFPU_POW:
            return each2(a, b, o, n, w, [](float x, float y) { return std::pow(x, y); });
        case TT_SFPU_EQ:
            return each2(a, b, o, n, w, [](float x, float y) { return truth(x == y); });
        case TT_SFPU_NE:
            return each2(a, b, o, n, w, [](float x, float y) { return truth(x != y); });
        case TT_SFPU_LT:
            return each2(a, b, o, n, w, [](float x, float y) { return truth(x < y); });
        case TT_SFPU_LE:
            return each2(a, b, o, n, w, [](float x, float y) { return truth(x <= y); });
        case TT_SFPU_GT:
            return each2(a, b, o, n, w, [](float x, float y) { return truth(x > y); });
        case TT_SFPU_GE:
            return each2(a, b, o, n, w, [](float x, float y) { return truth(x >= y); });
        case TT_SFPU_FMOD:
            return each2(a, b, o, n, w, [](float x, float y) { return std::fmod(x, y); });
        case TT_SFPU_REMAINDER:
            return each2(a, b, o, n, w, [](float x, float y) { return remainder_value(x, y); });
        case TT_SFPU_ATAN2:
            return each2(a, b, o, n, w, [](float x, float y) { return std::atan2(x, y); });
        case TT_SFPU_XLOGY:
            return each2(a, b, o, n, w, [](float x, float y) { return x == 0 && y == y ? 0.0f : x * std::log(y); });
        case TT_SFPU_LOGADDEXP:
            return each2(a, b, o, n, w,
                         [](float x, float y) { return std::max(x, y) + std::log1p(std::exp(-std::fabs(x - y))); });
        case TT_SFPU_LOGADDEXP2:
            return each2(a, b, o, n, w, [](float x, float y) {
                return std::max(x, y) + std::log2(1.0f + std::exp2(-std::fabs(x - y)));
            });
        case TT_SFPU_LOGSIGMOID:
            return each2(a, b, o, n, w, [](float x, float) {
                return x < 0 ? x - std::log1p(std::exp(x)) : -std::log1p(std::exp(-x));
            });
        case TT_SFPU_COPY:
            std::memmove(o, a, n * sizeof(uint32_t));
            return;
        case TT_SFPU_MASK:
            return each2(a, b, o, n, w, [](float x, float m) { return m == 0 ? 0.0f : x; });
        case TT_SFPU_MASK_POSINF:
            return each2(a, b, o, n, w, [](float x, float m) { return m == 0 ? kInfinity : x; });
        case TT_SFPU_INT_ADD:
            return int2(a, b, o, n, [&](int32_t x, int32_t y) { return fit(uint32_t(x) + uint32_t(y), p0); });
        case TT_SFPU_INT_SUB:
            return int2(a, b, o, n, [&](int32_t x, int32_t y) { return fit(uint32_t(x) - uint32_t(y), p0); });
        case TT_SFPU_INT_RSUB:
            return int2(a, b, o, n, [&](int32_t x, int32_t y) { return fit(uint32_t(y) - uint32_t(x), p0); });
        case TT_SFPU_INT_MUL:
            return int2(a, b, o, n, [&](int32_t x, int32_t y) { return fit(uint32_t(x) * uint32_t(y), p0); });
        case TT_SFPU_INT_DIV:
            for (uint32_t i = 0; i < n; ++i)
                o[i] = store(static_cast<float>(int32_t(a[i])) / static_cast<float>(int32_t(b[i])), w);
            return;
        case TT_SFPU_INT_DIV_FLOOR:
            return int2(a, b, o, n, [](int32_t x, int32_t y) {
                if (y == 0) return 0;
                const int64_t q = int64_t(x) / y;
                return static_cast<int32_t>(int64_t(x) % y != 0 && (x < 0) != (y < 0) ? q - 1 : q);
            });
        case TT_SFPU_INT_DIV_TRUNC:
            return int2(a, b, o, n, [](int32_t x, int32_t y) { return y == 0 ? 0 : int32_t(int64_t(x) / y); });
        case TT_SFPU_INT_REMAINDER:
            if (without_sign)
                return int2(a, b, o, n, [](int32_t x, int32_t y) { return y == 0 ? 0 : uint32_t(x) % uint32_t(y); });
            return int2(a, b, o, n, [](int32_t x, int32_t y) { return remainder_int(x, y); });
        case TT_SFPU_INT_FMOD:
            return int2(a, b, o, n, [](int32_t x, int32_t y) { return y == 0 ? 0 : int32_t(int64_t(x) % y); });
        case TT_SFPU_INT_MAX:
            if (without_sign)
                return int2(a, b, o, n, [](int32_t x, int32_t y) { return uint32_t(x) > uint32_t(y) ? x : y; });
            return int2(a, b, o, n, [](int32_t x, int32_t y) { return x > y ? x : y; });
        case TT_SFPU_INT_MIN:
            if (without_sign)
                return int2(a, b, o, n, [](int32_t x, int32_t y) { return uint32_t(x) < uint32_t(y) ? x : y; });
            return int2(a, b, o, n, [](int32_t x, int32_t y) { return x < y ? x : y; });
        case TT_SFPU_INT_EQ:
            return int2(a, b, o, n, [](int32_t x, int32_t y) { return int32_t(x == y); });
        case TT_SFPU_INT_NE:
            return int2(a, b, o, n, [](int32_t x, int32_t y) { return int32_t(x != y); });
        case TT_SFPU_INT_LT:
            if (without_sign) return int2(a, b, o, n, [](int32_t x, int32_t y) { return uint32_t(x) < uint32_t(y); });
            return int2(a, b, o, n, [](int32_t x, int32_t y) { return int32_t(x < y); });
        case TT_SFPU_INT_LE:
            if (without_sign) return int2(a, b, o, n, [](int32_t x, int32_t y) { return uint32_t(x) <= uint32_t(y); });
            return int2(a, b, o, n, [](int32_t x, int32_t y) { return int32_t(x <= y); });
        case TT_SFPU_INT_GT:
            if (without_sign) return int2(a, b, o, n, [](int32_t x, int32_t y) { return uint32_t(x) > uint32_t(y); });
            return int2(a, b, o, n, [](int32_t x, int32_t y) { return int32_t(x > y); });
        case TT_SFPU_INT_GE:
            if (without_sign) return int2(a, b, o, n, [](int32_t x, int32_t y) { return uint32_t(x) >= uint32_t(y); });
            return int2(a, b, o, n, [](int32_t x, int32_t y) { return int32_t(x >= y); });
        case TT_SFPU_INT_AND:
            return int2(a, b, o, n, [](int32_t x, int32_t y) { return x & y; });
        case TT_SFPU_INT_OR:
            return int2(a, b, o, n, [](int32_t x, int32_t y) { return x | y; });
        case TT_SFPU_INT_XOR:
            return int2(a, b, o, n, [](int32_t x, int32_t y) { return x ^ y; });
        // Shift distances outside 0..31 give zero; to the right of UInt32 they count as 31.
        case TT_SFPU_INT_LEFT_SHIFT:
            return int2(a, b, o, n,
                        [&](int32_t x, int32_t y) { return fit(uint32_t(y) < 32 ? uint32_t(x) << y : 0, p0); });
        case TT_SFPU_INT_RIGHT_SHIFT:
            if (without_sign)
                return int2(a, b, o, n, [](int32_t x, int32_t y) { return uint32_t(x) >> std::min(uint32_t(y), 31u); });
            return int2(a, b, o, n, [](int32_t x, int32_t y) { return uint32_t(y) < 32 ? x >> y : 0; });
        case TT_SFPU_INT_LOGICAL_RIGHT_SHIFT:
            return int2(a, b, o, n, [](int32_t x, int32_t y) { return uint32_t(y) < 32 ? uint32_t(x) >> y : 0; });
        case TT_SFPU_INT_GCD:
            return int2(a, b, o, n, [](int32_t x, int32_t y) { return int32_t(std::gcd(int64_t(x), int64_t(y))); });
        case TT_SFPU_INT_LCM:
            return int2(a, b, o, n, [](int32_t x, int32_t y) { return int32_t(std::lcm(int64_t(x), int64_t(y))); });
        default:
            return;
    }
}

template <simd::Level kLevel>
TT_INLINE void binary_body(uint32_t op, const uint32_t* a, const uint32_t* b, uint32_t* o, uint32_t n, uint32_t,
                           DstWidth w) {
    switch (op) {
        case TT_SFPU_ADD:
            return map2(a, b, o, n, w, [](float x, float y) { return x + y; });
        case TT_SFPU_SUB:
            return map2(a, b, o, n, w, [](float x, float y) { return x - y; });
        case TT_SFPU_RSUB:
            return map2(a, b, o, n, w, [](float x, float y) { return y - x; });
        case TT_SFPU_MUL:
            return map2(a, b, o, n, w, [](float x, float y) { return product(x, y); });
        case TT_SFPU_DIV:
            return map2(a, b, o, n, w, [](float x, float y) { return x / y; });
        case TT_SFPU_MAX:
            return map2(a, b, o, n, w, [](float x, float y) { return x > y ? x : y; });
        case TT_SFPU_MIN:
            return map2(a, b, o, n, w, [](float x, float y) { return x < y ? x : y; });
        default:
            return;
    }
}

TT_SIMD_DISPATCH(unary_vector, unary_body,
                 (uint32_t op, uint32_t* data, uint32_t n, uint32_t p0, uint32_t p1, uint32_t p2, DstWidth width),
                 (op, data, n, p0, p1, p2, width))
TT_SIMD_DISPATCH(binary_vector, binary_body,
                 (uint32_t op, const uint32_t* a, const uint32_t* b, uint32_t* out, uint32_t n, uint32_t p0,
                  DstWidth width),
                 (op, a, b, out, n, p0, width))

// Operations that leave rounding to the store, which truncates into a 16-bit DST.
bool truncates(uint32_t op) {
    switch (op) {
        case TT_SFPU_ADD:
        case TT_SFPU_SUB:
        case TT_SFPU_RSUB:
        case TT_SFPU_ADD_SCALAR:
        case TT_SFPU_SUB_SCALAR:
        case TT_SFPU_MUL_SCALAR:
        case TT_SFPU_LEAKY_RELU:
        case TT_SFPU_FILL:
        case TT_SFPU_BITS_FILL:
            return true;
        default:
            return false;
    }
}

void truncate(uint32_t* words, uint32_t n, DstWidth width) {
    for (uint32_t i = 0; i < n; ++i) {
        if (width == DstWidth::Bf16) {
            words[i] = flush(words[i] & 0xffff0000);
        } else {
            const uint32_t magnitude = words[i] & 0x7fffe000, sign = words[i] & 0x80000000;
            words[i] = sign | (magnitude < 0x38800000 ? 0 : std::min(magnitude, 0x47ffe000u));
        }
    }
}

void unary_rounded(uint32_t op, uint32_t* data, uint32_t n, uint32_t p0, uint32_t p1, uint32_t p2, DstWidth width) {
    switch (op) {
        case TT_SFPU_ABS:
        case TT_SFPU_ADD_SCALAR:
        case TT_SFPU_CLAMP:
        case TT_SFPU_EXP:
        case TT_SFPU_GELU:
        case TT_SFPU_ERF:
        case TT_SFPU_GELU_TANH:
        case TT_SFPU_LOG:
        case TT_SFPU_MAX_SCALAR:
        case TT_SFPU_MIN_SCALAR:
        case TT_SFPU_MUL_SCALAR:
        case TT_SFPU_NEGATIVE:
        case TT_SFPU_RECIP:
        case TT_SFPU_RELU:
        case TT_SFPU_RSQRT:
        case TT_SFPU_RSUB_SCALAR:
        case TT_SFPU_SIGMOID:
        case TT_SFPU_SILU:
        case TT_SFPU_SQRT:
        case TT_SFPU_SQUARE:
        case TT_SFPU_SUB_SCALAR:
        case TT_SFPU_TANH:
            return unary_vector(op, data, n, p0, p1, p2, width);
        default:
            return unary_scalar(op, data, n, p0, p1, p2, width);
    }
}

void binary_rounded(uint32_t op, const uint32_t* a, const uint32_t* b, uint32_t* out, uint32_t n, uint32_t p0,
                    DstWidth width) {
    switch (op) {
        case TT_SFPU_ADD:
        case TT_SFPU_DIV:
        case TT_SFPU_MAX:
        case TT_SFPU_MIN:
        case TT_SFPU_MUL:
        case TT_SFPU_RSUB:
        case TT_SFPU_SUB:
            return binary_vector(op, a, b, out, n, p0, width);
        default:
            return binary_scalar(op, a, b, out, n, p0, width);
    }
}

// Results of multiplications and additions, whose NaN is a positive one on Blackhole; Wormhole keeps the sign.
bool makes_nan(uint32_t op) {
    switch (op) {
        case TT_SFPU_ADD:
        case TT_SFPU_SUB:
        case TT_SFPU_RSUB:
        case TT_SFPU_MUL:
        case TT_SFPU_ADD_SCALAR:
        case TT_SFPU_SUB_SCALAR:
        case TT_SFPU_RSUB_SCALAR:
        case TT_SFPU_MUL_SCALAR:
        case TT_SFPU_SQUARE:
        case TT_SFPU_SILU:
            return true;
        default:
            return false;
    }
}

// Wormhole's multiply-add gives the NaN with the lowest mantissa bit, signed like the product.
void apply_wormhole(uint32_t op, uint32_t* words, uint32_t n) {
    if (op != TT_SFPU_SILU) return;
    for (uint32_t i = 0; i < n; ++i)
        if ((words[i] & 0x7fffffff) > 0x7f800000) words[i] = (words[i] & 0x80000000) | 0x7f800001;
}

void apply_blackhole(uint32_t op, uint32_t* words, uint32_t n) {
    if (makes_nan(op))
        for (uint32_t i = 0; i < n; ++i)
            if ((words[i] & 0x7fffffff) > 0x7f800000) words[i] = 0x7fc00000;
    // The reciprocal of 2^126 underflows there.
    if (op == TT_SFPU_RECIP)
        for (uint32_t i = 0; i < n; ++i)
            if ((words[i] & 0x7fffffff) == 0x00800000) words[i] &= 0x80000000;
}

}  // namespace

void unary(uint32_t op, uint32_t* data, uint32_t n, uint32_t p0, uint32_t p1, uint32_t p2, DstWidth width,
           bool blackhole) {
    const bool cut = width != DstWidth::Fp32 && truncates(op);
    unary_rounded(op, data, n, p0, p1, p2, cut ? DstWidth::Fp32 : width);
    if (cut) truncate(data, n, width);
    blackhole ? apply_blackhole(op, data, n) : apply_wormhole(op, data, n);
}

void binary(uint32_t op, const uint32_t* a, const uint32_t* b, uint32_t* out, uint32_t n, uint32_t p0, DstWidth width,
            bool blackhole) {
    const bool cut = width != DstWidth::Fp32 && truncates(op);
    binary_rounded(op, a, b, out, n, p0, cut ? DstWidth::Fp32 : width);
    if (cut) truncate(out, n, width);
    if (blackhole) apply_blackhole(op, out, n);
}

uint32_t store(float value, DstWidth width) {
    if (width == DstWidth::Fp16) return fpu::round_to_dst(value, width);
    return width == DstWidth::Bf16 ? round_bf16(value) : flush(as_word(value));
}

void ternary(uint32_t op, const uint32_t* a, const uint32_t* b, const uint32_t* c, uint32_t* out, uint32_t n,
             uint32_t p0, DstWidth width) {
    const float factor = as_float(p0);
    for (uint32_t i = 0; i < n; ++i) {
        const float x = flushed(a[i]), y = flushed(b[i]), z = flushed(c[i]);
        switch (op) {
            case TT_SFPU_WHERE:
                // p0: the condition is an integer; its bits are taken as they are.
                out[i] = (p0 != 0 ? a[i] != 0 : (a[i] & 0x7fffffff) != 0) ? b[i] : c[i];
                break;
            case TT_SFPU_LERP:
                out[i] = store(x + z * (y - x), width);
                break;
            case TT_SFPU_ADDCMUL:
                out[i] = store(x + factor * y * z, width);
                break;
            case TT_SFPU_MAC:
                out[i] = store(std::fma(x, y, z), width);
                break;
            case TT_SFPU_ADDCDIV:
                out[i] = store(x + factor * y / z, width);
                break;
            default:
                break;
        }
    }
}

}  // namespace tt_emulator::sfpu
