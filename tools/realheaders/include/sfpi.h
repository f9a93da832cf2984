// A compatibility header in the place of SFPI's: the names of its vector language that the kernel headers of ttnn
// 0.81.1 use, typed loosely, so that a stock GCC can check them and the kernels that include them. It accepts more than
// SFPI does (any vector converts to any other) and computes nothing: code for the vector engine itself cannot be judged
// by it.
#pragma once
#include <cstdint>
#include <type_traits>

#include "tensix_builtins.h"

#define sfpi_inline inline

// SFPI wraps a condition's code in a scope of its own.
#define v_if(...) \
    {             \
        ::sfpi::check(__VA_ARGS__);
#define v_elseif(...) ::sfpi::check(__VA_ARGS__);
#define v_else
#define v_endif }
#define v_block {
#define v_and(...) ::sfpi::check(__VA_ARGS__)
#define v_endblock }

namespace sfpi {

// Fields of instructions; the values do not matter to a syntax check.
enum : int {
    SFPABS_MOD1_FLOAT,
    SFPABS_MOD1_INT,
    SFPARECIP_MOD1_RECIP,
    SFPCAST_MOD1_INT32_TO_FP32_RNE,
    SFPCAST_MOD1_SM32_TO_FP32_RNE,
    SFPENCC_IMM12_BOTH,
    SFPENCC_MOD1_EI_RI,
    SFPENCC_MOD1_EU_R1,
    SFPEXEXP_MOD1_SET_CC_COMP_EXP,
    SFPEXEXP_MOD1_SET_CC_SGN_EXP,
    SFPEXMAN_MOD1_PAD9,
    SFPGT_MOD1_SET_CC,
    SFPIADD_MOD1_ARG_2SCOMP_LREG_DST,
    SFPIADD_MOD1_ARG_IMM,
    SFPIADD_MOD1_ARG_LREG_DST,
    SFPIADD_MOD1_CC_GTE0,
    SFPIADD_MOD1_CC_LT0,
    SFPIADD_MOD1_CC_NONE,
    SFPLE_MOD1_SET_CC,
    SFPLE_MOD1_SET_VD,
    SFPLOADI_MOD0_FLOATA,
    SFPLOADI_MOD0_FLOATB,
    SFPLOADI_MOD0_LOWER,
    SFPLOADI_MOD0_SHORT,
    SFPLOADI_MOD0_UPPER,
    SFPLOADI_MOD0_USHORT,
    SFPLOAD_ADDR_MODE_NOINC,
    SFPLOAD_MOD0_FMT_FP16B,
    SFPLOAD_MOD0_FMT_SRCB,
    SFPLZ_MOD1_CC_NE0,
    SFPLZ_MOD1_CC_NONE,
    SFPMAD_MOD1_INDIRECT_VA,
    SFPMAD_MOD1_INDIRECT_VD,
    SFPMAD_MOD1_NEGATE_VA,
    SFPMAD_MOD1_NEGATE_VC,
    SFPMAD_MOD1_OFFSET_NONE,
    SFPMOV_MOD1_CONFIG,
    SFPMOV_MOD1_NEGATE,
    SFPMUL24_MOD1_LOWER,
    SFPMUL24_MOD1_UPPER,
    SFPSETCC_MOD1_LREG_EQ0,
    SFPSETCC_MOD1_LREG_GTE0,
    SFPSETCC_MOD1_LREG_LT0,
    SFPSETCC_MOD1_LREG_NE0,
    SFPSETSGN_MOD1_ARG_IMM,
    SFPSHFT2_MOD1_SHFT_IMM,
    SFPSHFT2_MOD1_SHFT_LREG,
    SFPSHFT2_MOD1_SUBVEC_SHFLROR1,
    SFPSHFT2_MOD1_SUBVEC_SHFLSHR1,
    SFPSHFT_MOD1_ARG_IMM_USE_VC,
    SFPSHFT_MOD1_SHIFT_IMM,
    SFPSTOCHRND_MOD1_FP32_TO_FP16B,
    SFPSTOCHRND_MOD1_FP32_TO_INT16,
    SFPSTOCHRND_MOD1_FP32_TO_INT8,
    SFPSTOCHRND_MOD1_FP32_TO_UINT16,
    SFPSTOCHRND_MOD1_FP32_TO_UINT8,
    SFPSTOCHRND_RND_EVEN,
    SFPSTORE_ADDR_MODE_NOINC,
    SFPSTORE_MOD0_FMT_FP16B,
    SFPSTORE_MOD0_FMT_LO16,
    SFPSTORE_MOD0_FMT_SRCB,
    SFPSWAP_MOD1_SWAP,
    SFPSWAP_MOD1_VEC_MIN_MAX,
    SFPCONFIG_SRC_RAND,
    CREG_IDX_LUT_SLOPES,
    CREG_IDX_TILEID,
    CREG_IDX_0P837300003
};
constexpr int SFP_DESTREG_STRIDE = 2, SFP_SRCSREG_STRIDE = 2;

enum class LRegs : std::uint8_t { LReg0, LReg1, LReg2, LReg3, LReg4, LReg5, LReg6, LReg7 };
enum class DataLayout { Default, FSrcB, F32, F16a, F16b, I32, U32, U16, SM32, SM16, M32, LO16, HI16 };
enum class RoundMode { Nearest, NearestAway, NearestStochastic };
enum class ExponentMode { Unbiased, Biased };
enum class MantissaMode { Fraction, ImplicitOne };
enum class ShiftMode { Logical, Arithmetic };
enum class FractionalHalf { Low, High };
enum class LutMode { Fp8x3, Fp16x6_HWM3, Fp16x3 };
enum class LutSign { Update, Retain };

// Where code is made, not only checked, a kernel that gets to a vector is refused.
extern "C" void __sfpi_headers_needed() __attribute__((error("the vector engine needs SFPI's own headers")));

struct Any {
    __xtt_vector get() const { return {}; }
};
template <typename T>
inline constexpr bool is_vector = std::is_base_of_v<Any, std::decay_t<T>>;

template <int Kind>
struct Vector : Any {
    constexpr Vector() = default;
    template <typename T>
    constexpr Vector(const T&) {}
    template <typename T>
    constexpr Vector(const T&, const T&) {}  // two constants of a lookup table
    template <typename T>
    const Vector& operator=(const T&) const {
        return *this;
    }
    template <typename T>
    Vector& operator+=(const T&) {
        return *this;
    }
    template <typename T>
    Vector& operator-=(const T&) {
        return *this;
    }
    template <typename T>
    Vector& operator*=(const T&) {
        return *this;
    }
    template <typename T>
    Vector& operator&=(const T&) {
        return *this;
    }
    template <typename T>
    Vector& operator|=(const T&) {
        return *this;
    }
    template <typename T>
    Vector& operator^=(const T&) {
        return *this;
    }
    template <typename T>
    Vector& operator<<=(const T&) {
        return *this;
    }
    template <typename T>
    Vector& operator>>=(const T&) {
        return *this;
    }
    Vector& operator++() { return *this; }
    Vector& operator--() { return *this; }
    Vector operator++(int) { return *this; }
    Vector operator--(int) { return *this; }
    operator __xtt_vector() const { return {}; }
};
using vFloat = Vector<0>;
using vInt = Vector<1>;
using vUInt = Vector<2>;
using vBool = Vector<3>;
using vSMag = Vector<4>;
using vMag = Vector<5>;
using vFloat16a = Vector<6>;
using vFloat16b = Vector<7>;
using vUInt16 = Vector<8>;
using vUInt8 = Vector<9>;
using vSMag16 = Vector<10>;
using vSMag8 = Vector<11>;
using vLut16ss = Vector<12>;
using vLut16ii = Vector<13>;
using vLut8si = Vector<14>;
using sFloat16a = Vector<15>;
using sFloat16b = Vector<16>;
using sLut16si = Vector<17>;
using sLut8si = Vector<18>;

// A place in DST, an LReg or a constant register: read and written like a value.
struct Register : Any {
    template <typename T>
    const Register& operator=(const T&) const {
        return *this;
    }
    Register() = default;
    Register(const Register&) = default;
    template <DataLayout = DataLayout::Default>
    Register mode(int = 0) const {
        return {};
    }
    void in_use() const {}
    operator __xtt_vector() const { return {}; }
};
struct RegisterFile {
    template <typename Index>
    Register operator[](Index) const {
        __sfpi_headers_needed();
        return {};
    }
    void operator++() const {}
    void operator++(int) const {}
    void operator+=(int) const {}
};
inline constexpr RegisterFile dst_reg, l_reg;
inline const Register vConst0, vConst1, vConstNeg1, vConst0p8373, vConstFloatPrgm0, vConstFloatPrgm1, vConstFloatPrgm2,
    vConstIntPrgm0, vConstIntPrgm1, vConstIntPrgm2, vConstTileId;
struct lreg_pressure {
    lreg_pressure() {}
    ~lreg_pressure() {}
};

template <typename T>
struct Operand {  // what an expression with this operand yields
    using type = std::conditional_t<std::is_same_v<std::decay_t<T>, Register>, vFloat, std::decay_t<T>>;
};
template <typename A, typename B>
using Result = typename Operand<std::conditional_t<is_vector<A>, A, B>>::type;

#define SFPI_BINARY(op, result)                                                                  \
    template <typename A, typename B, typename = std::enable_if_t<is_vector<A> || is_vector<B>>> \
    inline result operator op(const A&, const B&) {                                              \
        return {};                                                                               \
    }
#define SFPI_ARITHMETIC(op) SFPI_BINARY(op, SFPI_RESULT)
#define SFPI_RESULT Result<A, B>
#define SFPI_COMPARISON(op) SFPI_BINARY(op, vBool)
SFPI_ARITHMETIC(+)
SFPI_ARITHMETIC(-)
SFPI_ARITHMETIC(*)
SFPI_ARITHMETIC(&)
SFPI_ARITHMETIC(|)
SFPI_ARITHMETIC(^)
SFPI_ARITHMETIC(<<)
SFPI_ARITHMETIC(>>)
SFPI_COMPARISON(==)
SFPI_COMPARISON(!=)
SFPI_COMPARISON(<)
SFPI_COMPARISON(>)
SFPI_COMPARISON(<=)
SFPI_COMPARISON(>=)
SFPI_COMPARISON(&&)
SFPI_COMPARISON(||)
#undef SFPI_COMPARISON
#undef SFPI_ARITHMETIC
#undef SFPI_RESULT
#undef SFPI_BINARY
template <typename A, typename = std::enable_if_t<is_vector<A>>>
inline typename Operand<A>::type operator-(const A&) {
    return {};
}
template <typename A, typename = std::enable_if_t<is_vector<A>>>
inline typename Operand<A>::type operator+(const A&) {
    return {};
}
template <typename A, typename = std::enable_if_t<is_vector<A>>>
inline typename Operand<A>::type operator~(const A&) {
    return {};
}
template <typename A, typename = std::enable_if_t<is_vector<A>>>
inline vBool operator!(const A&) {
    return {};
}

template <typename T>
inline void check(const T&) {
    static_assert(is_vector<T>, "the condition of v_if is not a vector");
    __sfpi_headers_needed();
}

template <typename To, typename... Args>
inline To as(Args...) {
    return {};
}
template <typename To, typename... Args>
inline To convert(Args...) {
    return {};
}

#define SFPI_FUNCTION(name, result)      \
    template <auto..., typename... Args> \
    inline result name(Args...) {        \
        return result();                 \
    }
SFPI_FUNCTION(exexp, vInt)
SFPI_FUNCTION(exman, vInt)
SFPI_FUNCTION(exman8, vInt)
SFPI_FUNCTION(exman9, vInt)
SFPI_FUNCTION(lz, vInt)
SFPI_FUNCTION(addexp, vFloat)
SFPI_FUNCTION(approx_recip, vFloat)
SFPI_FUNCTION(approx_exp, vFloat)
SFPI_FUNCTION(approx_sqrt, vFloat)
SFPI_FUNCTION(lut, vFloat)
SFPI_FUNCTION(lut2, vFloat)
SFPI_FUNCTION(lut_init, void)
SFPI_FUNCTION(fractional_mul, vUInt)
SFPI_FUNCTION(rectified_linear_unit, vFloat)
SFPI_FUNCTION(is_inf, vBool)
SFPI_FUNCTION(is_nan, vBool)
SFPI_FUNCTION(is_finite, vBool)
SFPI_FUNCTION(is_pos, vBool)
SFPI_FUNCTION(is_neg, vBool)
SFPI_FUNCTION(nearby, vBool)
SFPI_FUNCTION(round, vFloat)
SFPI_FUNCTION(subvec_transp, void)
SFPI_FUNCTION(int32_to_uint8, vUInt)
SFPI_FUNCTION(int32_to_int8, vInt)
SFPI_FUNCTION(float_to_fp16b, vUInt)
SFPI_FUNCTION(float_to_uint16, vUInt)
SFPI_FUNCTION(int32_to_float, vFloat)
SFPI_FUNCTION(reinterpret_float, vFloat)
#undef SFPI_FUNCTION

template <typename First>
struct Pair {
    First lower, upper;
};
template <typename A, typename B>
inline Pair<typename Operand<A>::type> min_max(A, B) {
    return {};
}
template <typename A, typename B>
inline Pair<typename Operand<A>::type> vec_min_max(A, B) {
    return {};
}

// The result has the first operand's type.
#define SFPI_SAME(name)                                         \
    template <auto..., typename First, typename... Args>        \
    inline typename Operand<First>::type name(First, Args...) { \
        return {};                                              \
    }
SFPI_SAME(abs)
SFPI_SAME(min)
SFPI_SAME(max)
SFPI_SAME(clamp)
SFPI_SAME(symmetric_clamp)
SFPI_SAME(setexp)
SFPI_SAME(setman)
SFPI_SAME(setsgn)
SFPI_SAME(setsgn2)
SFPI_SAME(copysgn)
SFPI_SAME(copyman)
SFPI_SAME(copyexp)
SFPI_SAME(shft)
SFPI_SAME(subvec_shflror1)
SFPI_SAME(subvec_shflshr1)
#undef SFPI_SAME

}  // namespace sfpi
