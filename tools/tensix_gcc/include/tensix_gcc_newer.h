// Names that the kernel headers of ttnn 0.81.1 want of SFPI and that its public headers lacked on 2026-08-22; what they
// mean is taken from their use. Included at the end of SFPI's sfpi.h.
#pragma once
#if TENSIX_GCC_COMPUTE
namespace sfpi {

extern "C" void __tensix_gcc_no_lut() __attribute__((error("tensix_gcc: this form of lookup table is not modelled")));

struct lreg_pressure {
    sfpi_inline lreg_pressure() {}
    sfpi_inline ~lreg_pressure() {}
};
sfpi_inline vBool nearby(vBool b) { return b; }

enum class LutSign { Update, Retain };
enum class LutMode { Fp8x3, Fp16x6_HWM3 };

// An entry of a table: fp16 in which zero is the largest exponent.
constexpr unsigned __tensix_gcc_fp16(float value) {
    const unsigned bits = __builtin_bit_cast(unsigned, value), sign = bits >> 16 & 0x8000;
    int exponent = int(bits >> 23 & 255) - 112;
    unsigned mantissa = (bits & 0x7fffff) + 0x1000;
    if (value == 0) return 0x7c00;
    if (exponent <= 0) return sign;
    if (mantissa >> 23) {
        mantissa = 0;
        ++exponent;
    }
    return sign | unsigned(exponent) << 10 | mantissa >> 13;
}
template <int Kind>
struct __tensix_gcc_pair : vUInt {
    sfpi_inline explicit __tensix_gcc_pair(impl_::sfpu_t v) : vUInt(v) {}
    sfpi_inline __tensix_gcc_pair(float a, float b)
        : vUInt((unsigned long)(__tensix_gcc_fp16(b) << 16 | __tensix_gcc_fp16(a))) {}
};
using vLut16ss = __tensix_gcc_pair<0>;  // slopes
using vLut16ii = __tensix_gcc_pair<1>;  // intercepts
struct vLut8si : vUInt {
    sfpi_inline explicit vLut8si(impl_::sfpu_t v) : vUInt(v) {}
    sfpi_inline vLut8si(float, float) : vUInt(0ul) { __tensix_gcc_no_lut(); }
};
sfpi_inline vFloat lut(vFloat v, vLut16ss a, vLut16ii x, vLut16ss b, vLut16ii y, vLut16ss c, vLut16ii z, LutSign sign) {
    const unsigned mod = sign == LutSign::Retain ? 2 | 4 : 2;
    return vFloat(__builtin_rvtt_sfplutfp32_6r(a.get(), b.get(), c.get(), x.get(), y.get(), z.get(), v.get(), mod));
}
sfpi_inline vFloat lut(vFloat v, vLut8si, vLut8si, vLut8si, LutSign = LutSign::Retain) {
    __tensix_gcc_no_lut();
    return v;
}

}  // namespace sfpi
#endif
