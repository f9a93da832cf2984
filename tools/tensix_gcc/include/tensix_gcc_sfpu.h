// The vector engine: each builtin is the instruction it names, encoded by the assembler's macros (../prelude.s) with
// the register that GCC chose. Numbers of opcodes and modifiers: tt-isa-documentation, and SFPI's own headers.
#pragma once

#define TENSIX_GCC_PURE(name) TENSIX_GCC_INLINE __xtt_vector name

extern "C" void __tensix_gcc_not_constant()
    __attribute__((error("tensix_gcc: this SFPU immediate must be a constant")));

namespace __tensix_gcc {

using Vec = __xtt_vector;
using Buffer = volatile uint32_t*;

TENSIX_GCC_INLINE Vec in_register(float lreg) { return {lreg, 0, Vec::kRegister}; }

// ---- immediates ----

TENSIX_GCC_INLINE float load(Buffer buffer, unsigned bits) {
    float d;
    if (__builtin_constant_p(bits)) {
        if (!(bits & 0xffff))
            asm volatile("sfp_loadi %0, %1, 0" : "=f"(d) : "i"(bits >> 16));  // upper half, as bf16
        else if (!(bits >> 16))
            asm volatile("sfp_loadi %0, %1, 2" : "=f"(d) : "i"(bits));  // unsigned 16 bits
        else
            asm volatile("sfp_loadi %0, %1, 10\n\tsfp_loadi %0, %2, 8" : "=f"(d) : "i"(bits & 0xffff), "i"(bits >> 16));
    } else {
        unsigned t;
        asm volatile(
            "li %1, 0x710a0000|(lr_%0<<20)\n\tor %1,%1,%2\n\tsw %1,0(%4)\n\t"
            "li %1, 0x71080000|(lr_%0<<20)\n\tor %1,%1,%3\n\tsw %1,0(%4)"
            : "=f"(d), "=&r"(t)
            : "r"(bits & 0xffff), "r"(bits >> 16), "r"(buffer)
            : "memory");
    }
    return d;
}
inline const Buffer kBuffer = (Buffer)0xFFE40000;

TENSIX_GCC_INLINE float nothing() {
    float d;
    asm volatile("" : "=f"(d));
    return d;
}
// A constant register, in all lanes.
TENSIX_GCC_INLINE float read(unsigned n) {
    float d;
    if (__builtin_constant_p(n)) {
        asm volatile(".ttinsn 0x7c000002|(%1<<8)|(lr_%0<<4)" : "=f"(d) : "i"(n));
        return d;
    }
#define TENSIX_GCC_READ(k) \
    if (n == k) asm volatile("sfp 0x7c, 0, n" #k ", %0, 2" : "=f"(d));
    TENSIX_GCC_READ(8)
    TENSIX_GCC_READ(9)
    TENSIX_GCC_READ(10)
    TENSIX_GCC_READ(11)
    TENSIX_GCC_READ(12)
    TENSIX_GCC_READ(13)
    TENSIX_GCC_READ(14)
    TENSIX_GCC_READ(15)
#undef TENSIX_GCC_READ
    return d;
}
// The vector in a register; the lanes that a condition has switched off hold anything.
TENSIX_GCC_INLINE float reg(Vec v) {
    if (v.kind == Vec::kImmediate) return load(kBuffer, v.bits);
    if (v.kind == Vec::kConstantRegister) return read(v.bits);
    if (v.kind == Vec::kNothing) return nothing();
    return v.lreg;
}
// The same with every lane right: what is kept where a conditional write does not reach.
TENSIX_GCC_INLINE float whole(Vec v) {
    if (v.kind != Vec::kImmediate) return reg(v);
    asm volatile("sfp 0x87,0,n0,n0,0\n\tsfp 0x8a,3,n0,n0,10");  // SFPPUSHC; SFPENCC: all lanes on
    const float d = load(kBuffer, v.bits);
    asm volatile("sfp 0x88,0,n0,n0,0");  // SFPPOPC
    return d;
}

// d op c, d being read and written
#define TENSIX_GCC_TIED(name, opcode)                                                \
    TENSIX_GCC_INLINE Vec name(Vec to, Vec from, unsigned mod) {                     \
        const float c = reg(from);                                                   \
        float d = reg(to);                                                           \
        asm volatile("sfp " #opcode ", 0, %1, %0, %2" : "+f"(d) : "f"(c), "i"(mod)); \
        return in_register(d);                                                       \
    }
TENSIX_GCC_TIED(and_, 0x7e)
TENSIX_GCC_TIED(or_, 0x7f)
TENSIX_GCC_TIED(xor_, 0x8d)
TENSIX_GCC_TIED(iadd, 0x79)
TENSIX_GCC_TIED(shft, 0x7a)
TENSIX_GCC_TIED(setexp, 0x82)
TENSIX_GCC_TIED(setman, 0x83)
TENSIX_GCC_TIED(setsgn, 0x89)
TENSIX_GCC_TIED(greater, 0x97)
#undef TENSIX_GCC_TIED

TENSIX_GCC_INLINE Vec constant(unsigned bits) { return {0, bits, Vec::kImmediate}; }

}  // namespace __tensix_gcc

// ---- d = op c ----

#define TENSIX_GCC_UNARY(name, opcode)                                               \
    TENSIX_GCC_PURE(__builtin_rvtt_##name)(__xtt_vector s, unsigned mod = 0) {       \
        const float c = __tensix_gcc::reg(s);                                        \
        float d;                                                                     \
        asm volatile("sfp " #opcode ", 0, %1, %0, %2" : "=f"(d) : "f"(c), "i"(mod)); \
        return __tensix_gcc::in_register(d);                                         \
    }
TENSIX_GCC_UNARY(sfpmov, 0x7c)
TENSIX_GCC_UNARY(sfpabs, 0x7d)
TENSIX_GCC_UNARY(sfpnot, 0x80)
TENSIX_GCC_UNARY(sfpexexp, 0x77)
TENSIX_GCC_UNARY(sfpexman, 0x78)
TENSIX_GCC_UNARY(sfplz, 0x81)
TENSIX_GCC_UNARY(sfpcast, 0x90)
TENSIX_GCC_UNARY(sfparecip, 0x99)
#undef TENSIX_GCC_UNARY

TENSIX_GCC_PURE(__builtin_rvtt_sfpshft2_subvec_shfl1)(__xtt_vector s, unsigned mod) {
    const float c = __tensix_gcc::reg(s);
    float d;
    asm volatile("sfp 0x94, 0, %1, %0, %2\n\tsfp_nop\n\tsfp_nop" : "=f"(d) : "f"(c), "i"(mod));
    return __tensix_gcc::in_register(d);
}
TENSIX_GCC_PURE(__builtin_rvtt_sfpnovalue)() { return {0, 0, __xtt_vector::kNothing}; }
// d = s in the lanes that are on
TENSIX_GCC_PURE(__builtin_rvtt_sfpassign_lv)(__xtt_vector to, __xtt_vector from) {
    if (to.kind == __xtt_vector::kNothing) return from;
    float d = __tensix_gcc::whole(to);
    if (from.kind == __xtt_vector::kImmediate &&
        __builtin_constant_p(from.bits)) {  // straight into d: one register less
        if (!(from.bits & 0xffff))
            asm volatile("sfp_loadi %0, %1, 0" : "+f"(d) : "i"(from.bits >> 16));
        else if (!(from.bits >> 16))
            asm volatile("sfp_loadi %0, %1, 2" : "+f"(d) : "i"(from.bits));
        else
            asm volatile("sfp_loadi %0, %1, 10\n\tsfp_loadi %0, %2, 8"
                         : "+f"(d)
                         : "i"(from.bits & 0xffff), "i"(from.bits >> 16));
    } else {
        const float c = __tensix_gcc::reg(from);
        asm volatile("sfp 0x7c, 0, %1, %0, 0" : "+f"(d) : "f"(c));
    }
    return __tensix_gcc::in_register(d);
}

// ---- two vectors ----

TENSIX_GCC_PURE(__builtin_rvtt_sfpand)(__xtt_vector a, __xtt_vector b) { return __tensix_gcc::and_(a, b, 0); }
TENSIX_GCC_PURE(__builtin_rvtt_sfpor)(__xtt_vector a, __xtt_vector b) { return __tensix_gcc::or_(a, b, 0); }
TENSIX_GCC_PURE(__builtin_rvtt_sfpxor)(__xtt_vector a, __xtt_vector b) { return __tensix_gcc::xor_(a, b, 0); }
TENSIX_GCC_PURE(__builtin_rvtt_sfpiadd_v)(__xtt_vector d, __xtt_vector c, unsigned mod) {
    return __tensix_gcc::iadd(d, c, mod);
}
TENSIX_GCC_PURE(__builtin_rvtt_sfpshft_v)(__xtt_vector d, __xtt_vector c, unsigned mod) {
    return __tensix_gcc::shft(d, c, mod);
}
TENSIX_GCC_PURE(__builtin_rvtt_sfpsetexp_v)(__xtt_vector v, __xtt_vector e, unsigned mod) {
    return __tensix_gcc::setexp(e, v, mod);
}
TENSIX_GCC_PURE(__builtin_rvtt_sfpsetman_v)(__xtt_vector v, __xtt_vector m, unsigned mod) {
    return __tensix_gcc::setman(m, v, mod);
}
TENSIX_GCC_PURE(__builtin_rvtt_sfpsetsgn_v)(__xtt_vector v, __xtt_vector s, unsigned mod) {
    return __tensix_gcc::setsgn(s, v, mod);
}
TENSIX_GCC_PURE(__builtin_rvtt_sfpgt)(__xtt_vector d, __xtt_vector c, unsigned mod) {
    return __tensix_gcc::greater(d, c, mod);
}
TENSIX_GCC_INLINE __xtt_vector2 __builtin_rvtt_sfpswap(__xtt_vector a, __xtt_vector b, unsigned mod) {
    float x = __tensix_gcc::whole(a), y = __tensix_gcc::whole(b);
    asm volatile("sfp 0x92, 0, %1, %0, %2\n\tsfp_nop" : "+f"(x), "+f"(y) : "i"(mod));
    return {{__tensix_gcc::in_register(x), __tensix_gcc::in_register(y)}};
}
TENSIX_GCC_PURE(__builtin_rvtt_sfpselect2)(__xtt_vector2 pair, unsigned i) { return i ? pair.v[1] : pair.v[0]; }

// Multiplications and additions take two cycles and Wormhole does not wait for them: a NOP follows each.
TENSIX_GCC_PURE(__builtin_rvtt_sfpmad)(__xtt_vector x, __xtt_vector y, __xtt_vector z, unsigned mod) {
    const float a = __tensix_gcc::reg(x), b = __tensix_gcc::reg(y), c = __tensix_gcc::reg(z);
    float d;
    asm volatile("sfp_mad 0x84, %1, %2, %3, %0, %4\n\tsfp_nop" : "=f"(d) : "f"(a), "f"(b), "f"(c), "i"(mod));
    return __tensix_gcc::in_register(d);
}
TENSIX_GCC_PURE(__builtin_rvtt_sfpadd)(__xtt_vector x, __xtt_vector y, unsigned mod) {  // 1 * x + y
    const float a = __tensix_gcc::reg(x), b = __tensix_gcc::reg(y);
    float d;
    asm volatile("sfp_mad 0x85, n10, %1, %2, %0, %3\n\tsfp_nop" : "=f"(d) : "f"(a), "f"(b), "i"(mod));
    return __tensix_gcc::in_register(d);
}
TENSIX_GCC_PURE(__builtin_rvtt_sfpmul)(__xtt_vector x, __xtt_vector y, unsigned mod) {  // x * y + 0
    const float a = __tensix_gcc::reg(x), b = __tensix_gcc::reg(y);
    float d;
    asm volatile("sfp_mad 0x86, %1, %2, n9, %0, %3\n\tsfp_nop" : "=f"(d) : "f"(a), "f"(b), "i"(mod));
    return __tensix_gcc::in_register(d);
}
TENSIX_GCC_PURE(__builtin_rvtt_sfpmul24)(__xtt_vector x, __xtt_vector y, unsigned mod) {
    const float a = __tensix_gcc::reg(x), b = __tensix_gcc::reg(y);
    float d;
    asm volatile("sfp_mad 0x98, %1, %2, n9, %0, %3\n\tsfp_nop" : "=f"(d) : "f"(a), "f"(b), "i"(mod));
    return __tensix_gcc::in_register(d);
}

// ---- a vector and an immediate ----

TENSIX_GCC_PURE(__builtin_rvtt_sfploadi)(__tensix_gcc::Buffer buffer, unsigned imm, unsigned, unsigned, unsigned mod) {
    float d;
    if (__builtin_constant_p(imm)) {
        asm volatile("sfp_loadi %0, %1, %2" : "=f"(d) : "i"(imm), "i"(mod));
    } else {
        unsigned t;
        asm volatile("li %1, 0x71000000|(lr_%0<<20)|(%3<<16)\n\tor %1,%1,%2\n\tsw %1,0(%4)"
                     : "=f"(d), "=&r"(t)
                     : "r"(imm & 0xffff), "i"(mod), "r"(buffer)
                     : "memory");
    }
    return __tensix_gcc::in_register(d);
}
TENSIX_GCC_PURE(__builtin_rvtt_sfpxloadi)(__tensix_gcc::Buffer buffer, unsigned imm, unsigned, unsigned, int) {
    if (__builtin_constant_p(imm)) return __tensix_gcc::constant(imm);
    return __tensix_gcc::in_register(__tensix_gcc::load(buffer, imm));
}
TENSIX_GCC_PURE(__builtin_rvtt_sfpiadd_i)
(__tensix_gcc::Buffer, __xtt_vector s, int imm, unsigned, unsigned, unsigned mod) {
    if (__builtin_constant_p(imm) && imm >= -2048 && imm <= 2047) {
        const float c = __tensix_gcc::reg(s);
        float d;
        asm volatile("sfp 0x79, %2, %1, %0, %3" : "=f"(d) : "f"(c), "i"(imm), "i"(mod | 1));
        return __tensix_gcc::in_register(d);
    }
    return __tensix_gcc::iadd(__tensix_gcc::constant(unsigned(imm)), s, mod);
}
TENSIX_GCC_PURE(__builtin_rvtt_sfpshft_i)
(__tensix_gcc::Buffer, __xtt_vector s, int imm, unsigned, unsigned, unsigned mod) {
    if (__builtin_constant_p(imm)) {
        float d = __tensix_gcc::reg(s);
        asm volatile("sfp 0x7a, %1, %0, %0, %2" : "+f"(d) : "i"(imm), "i"(mod | 1));
        return __tensix_gcc::in_register(d);
    }
    return __tensix_gcc::shft(s, __tensix_gcc::constant(unsigned(imm)), mod);
}
#define TENSIX_GCC_IMMEDIATE(name, opcode, flag)                                                           \
    TENSIX_GCC_PURE(__builtin_rvtt_##name)                                                                 \
    (__tensix_gcc::Buffer, __xtt_vector s, int imm, unsigned, unsigned, unsigned mod) {                    \
        const float c = __tensix_gcc::reg(s);                                                              \
        float d;                                                                                           \
        if (!__builtin_constant_p(imm))                                                                    \
            __tensix_gcc_not_constant();                                                                   \
        else                                                                                               \
            asm volatile("sfp " #opcode ", %2, %1, %0, %3" : "=f"(d) : "f"(c), "i"(imm), "i"(mod | flag)); \
        return __tensix_gcc::in_register(d);                                                               \
    }
TENSIX_GCC_IMMEDIATE(sfpsetsgn_i, 0x89, 1)
TENSIX_GCC_IMMEDIATE(sfpdivp2, 0x76, 0)
TENSIX_GCC_IMMEDIATE(sfpsetexp_i, 0x82, 1)
#undef TENSIX_GCC_IMMEDIATE
TENSIX_GCC_PURE(__builtin_rvtt_sfpsetman_i)
(__tensix_gcc::Buffer, __xtt_vector s, unsigned imm, unsigned, unsigned, unsigned) {
    return __tensix_gcc::setman(__tensix_gcc::constant(imm), s, 0);
}
TENSIX_GCC_PURE(__builtin_rvtt_sfpstochrnd_i)
(__tensix_gcc::Buffer, __xtt_vector s, unsigned imm, unsigned, unsigned, unsigned mod, unsigned round) {
    const float c = __tensix_gcc::reg(s);
    const unsigned m = mod | (mod == 4 || mod == 5 ? 8 : 0);
    float d;
    asm volatile(".ttinsn 0x8e000000|(%2<<21)|(%3<<16)|(lr_%1<<8)|(lr_%0<<4)|(%4)"
                 : "=f"(d)
                 : "f"(c), "i"(round), "i"(imm), "i"(m));
    return __tensix_gcc::in_register(d);
}
TENSIX_GCC_PURE(__builtin_rvtt_sfpstochrnd_v)(__xtt_vector s, __xtt_vector shift, unsigned mod, unsigned round) {
    const float c = __tensix_gcc::reg(s), b = __tensix_gcc::reg(shift);
    float d;
    asm volatile(".ttinsn 0x8e000000|(%3<<21)|(lr_%2<<12)|(lr_%1<<8)|(lr_%0<<4)|(%4)"
                 : "=f"(d)
                 : "f"(c), "f"(b), "i"(round), "i"(mod));
    return __tensix_gcc::in_register(d);
}

// ---- DST ----

#if __riscv_xttbh
#define TENSIX_GCC_ADDR_MODE "13"
#else
#define TENSIX_GCC_ADDR_MODE "14"
#endif
TENSIX_GCC_PURE(__builtin_rvtt_sfpload)
(__tensix_gcc::Buffer buffer, unsigned address, unsigned, unsigned, unsigned mod, unsigned mode) {
    float d;
    if (__builtin_constant_p(address)) {
        asm volatile(".ttinsn 0x70000000|(lr_%0<<20)|(%2<<16)|(%3<<" TENSIX_GCC_ADDR_MODE ")|(%1&0x1fff)"
                     : "=f"(d)
                     : "i"(address), "i"(mod), "i"(mode));
    } else {
        unsigned t;
        asm volatile("li %1, 0x70000000|(lr_%0<<20)|(%3<<16)|(%4<<" TENSIX_GCC_ADDR_MODE
                     ")\n\tor %1,%1,%2\n\tsw %1,0(%5)"
                     : "=f"(d), "=&r"(t)
                     : "r"(address & 0x1fff), "i"(mod), "i"(mode), "r"(buffer)
                     : "memory");
    }
    return __tensix_gcc::in_register(d);
}
TENSIX_GCC_INLINE void __builtin_rvtt_sfpstore(__tensix_gcc::Buffer buffer, __xtt_vector v, unsigned address, unsigned,
                                               unsigned, unsigned mod, unsigned mode) {
    const float s = __tensix_gcc::reg(v);
    if (__builtin_constant_p(address)) {
        asm volatile(".ttinsn 0x72000000|(lr_%0<<20)|(%2<<16)|(%3<<" TENSIX_GCC_ADDR_MODE ")|(%1&0x1fff)" ::"f"(s),
                     "i"(address), "i"(mod), "i"(mode));
    } else {
        unsigned t;
        asm volatile("li %0, 0x72000000|(lr_%1<<20)|(%3<<16)|(%4<<" TENSIX_GCC_ADDR_MODE
                     ")\n\tor %0,%0,%2\n\tsw %0,0(%5)"
                     : "=&r"(t)
                     : "f"(s), "r"(address & 0x1fff), "i"(mod), "i"(mode), "r"(buffer)
                     : "memory");
    }
}

// ---- registers of fixed number ----

#define TENSIX_GCC_FIXED(number, name, value) register float name asm("ft" #number) = value
TENSIX_GCC_PURE(__builtin_rvtt_sfplut)
(__xtt_vector l0, __xtt_vector l1, __xtt_vector l2, __xtt_vector v, unsigned mod) {
    const float f0 = __tensix_gcc::reg(l0), f1 = __tensix_gcc::reg(l1), f2 = __tensix_gcc::reg(l2);
    const float f3 = __tensix_gcc::reg(v);
    TENSIX_GCC_FIXED(0, a, f0);
    TENSIX_GCC_FIXED(1, b, f1);
    TENSIX_GCC_FIXED(2, c, f2);
    TENSIX_GCC_FIXED(3, x, f3);
    float d;
    asm volatile(".ttinsn 0x73000000|(lr_%0<<20)|(%5<<16)\n\tsfp_nop"
                 : "=f"(d)
                 : "f"(a), "f"(b), "f"(c), "f"(x), "i"(mod));
    return __tensix_gcc::in_register(d);
}
TENSIX_GCC_PURE(__builtin_rvtt_sfplutfp32_3r)
(__xtt_vector l0, __xtt_vector l1, __xtt_vector l2, __xtt_vector v, unsigned mod) {
    const float f0 = __tensix_gcc::reg(l0), f1 = __tensix_gcc::reg(l1), f2 = __tensix_gcc::reg(l2);
    const float f3 = __tensix_gcc::reg(v);
    TENSIX_GCC_FIXED(0, a, f0);
    TENSIX_GCC_FIXED(1, b, f1);
    TENSIX_GCC_FIXED(2, c, f2);
    TENSIX_GCC_FIXED(3, x, f3);
    float d;
    asm volatile("sfp 0x95, 0, n0, %0, %5\n\tsfp_nop" : "=f"(d) : "f"(a), "f"(b), "f"(c), "f"(x), "i"(mod));
    return __tensix_gcc::in_register(d);
}
TENSIX_GCC_PURE(__builtin_rvtt_sfplutfp32_6r)
(__xtt_vector l0, __xtt_vector l1, __xtt_vector l2, __xtt_vector m0, __xtt_vector m1, __xtt_vector m2, __xtt_vector v,
 unsigned mod) {
    const float f0 = __tensix_gcc::reg(l0), f1 = __tensix_gcc::reg(l1), f2 = __tensix_gcc::reg(l2);
    const float f4 = __tensix_gcc::reg(m0), f5 = __tensix_gcc::reg(m1), f6 = __tensix_gcc::reg(m2);
    const float f3 = __tensix_gcc::reg(v);
    TENSIX_GCC_FIXED(0, a, f0);
    TENSIX_GCC_FIXED(1, b, f1);
    TENSIX_GCC_FIXED(2, c, f2);
    TENSIX_GCC_FIXED(3, x, f3);
    TENSIX_GCC_FIXED(4, e, f4);
    TENSIX_GCC_FIXED(5, f, f5);
    TENSIX_GCC_FIXED(6, g, f6);
    float d;
    asm volatile("sfp 0x95, 0, n0, %0, %8\n\tsfp_nop"
                 : "=f"(d)
                 : "f"(a), "f"(b), "f"(c), "f"(x), "f"(e), "f"(f), "f"(g), "i"(mod));
    return __tensix_gcc::in_register(d);
}

#define TENSIX_GCC_EACH_LREG(what) what(0) what(1) what(2) what(3) what(4) what(5) what(6) what(7)
TENSIX_GCC_PURE(__builtin_rvtt_sfpreadlreg)(unsigned n) {
    float d;
    if (n >= 8) return {0, n, __xtt_vector::kConstantRegister};
#define TENSIX_GCC_READ(k)             \
    if (n == k) {                      \
        register float r asm("ft" #k); \
        asm volatile("" : "=f"(r));    \
        d = r;                         \
    }
    TENSIX_GCC_EACH_LREG(TENSIX_GCC_READ)
    return __tensix_gcc::in_register(d);
}
TENSIX_GCC_INLINE void __builtin_rvtt_sfpwritelreg(__xtt_vector v, unsigned n) {
    const float s = __tensix_gcc::reg(v);
#define TENSIX_GCC_WRITE(k)        \
    if (n == k) {                  \
        TENSIX_GCC_FIXED(k, r, s); \
        asm volatile("" ::"f"(r)); \
    }
    TENSIX_GCC_EACH_LREG(TENSIX_GCC_WRITE)
}
#undef TENSIX_GCC_READ
#undef TENSIX_GCC_WRITE
TENSIX_GCC_INLINE void __builtin_rvtt_sfpwriteconfig_v(__xtt_vector v, unsigned, unsigned n) {
    const float s = __tensix_gcc::reg(v);
    TENSIX_GCC_FIXED(0, r, s);
    asm volatile(".ttinsn 0x91000000|(%1<<4)" ::"f"(r), "i"(n));
}
TENSIX_GCC_PURE(__builtin_rvtt_sfpreadconfig)(unsigned n) {
    float d;
    asm volatile(".ttinsn 0x7c000008|(%1<<8)|(lr_%0<<4)" : "=f"(d) : "i"(n));
    return __tensix_gcc::in_register(d);
}

// ---- conditions ----

TENSIX_GCC_INLINE void __builtin_rvtt_sfppushc(unsigned) { asm volatile("sfp 0x87,0,n0,n0,0"); }
TENSIX_GCC_INLINE void __builtin_rvtt_sfppopc(unsigned) { asm volatile("sfp 0x88,0,n0,n0,0"); }
TENSIX_GCC_INLINE void __builtin_rvtt_sfpcompc() { asm volatile("sfp 0x8b,0,n0,n0,0"); }

namespace __tensix_gcc {

// How a vector is compared with zero: SETCC's modifier, or one of two that need two instructions.
enum Test : unsigned { kLt0 = 0, kNe0 = 2, kGe0 = 4, kEq0 = 6, kGt0 = 16, kLe0 = 17 };
enum Logic : unsigned { kLeaf, kAnd, kOr };
struct Condition {
    unsigned logic, test0, test1;
    float v0, v1;
};

TENSIX_GCC_INLINE void setcc(float v, unsigned mod) { asm volatile("sfp 0x7b, 0, %0, n0, %1" ::"f"(v), "i"(mod)); }
TENSIX_GCC_INLINE float zeros() {  // in all lanes
    float m;
    asm volatile("sfp 0x7c, 0, n9, %0, 2" : "=f"(m));
    return m;
}
TENSIX_GCC_INLINE void mark(float& m) { asm volatile("sfp_loadi %0, 1, 2" : "+f"(m)); }  // 1 in the lanes that are on

TENSIX_GCC_INLINE void narrow(unsigned test, float v) {
    if (test == kGt0) {
        setcc(v, kGe0);
        setcc(v, kNe0);
    } else if (test == kLe0) {
        float m = zeros();
        __builtin_rvtt_sfppushc(0);
        setcc(v, kGe0);
        setcc(v, kNe0);
        mark(m);
        __builtin_rvtt_sfppopc(0);
        setcc(m, kEq0);
    } else if (test == kLt0) {
        setcc(v, kLt0);
    } else if (test == kNe0) {
        setcc(v, kNe0);
    } else if (test == kGe0) {
        setcc(v, kGe0);
    } else {
        setcc(v, kEq0);
    }
}
TENSIX_GCC_INLINE void narrow(Condition c) {
    if (c.logic == kLeaf) {
        narrow(c.test0, c.v0);
    } else if (c.logic == kAnd) {
        narrow(c.test0, c.v0);
        narrow(c.test1, c.v1);
    } else {
        float m = zeros();
        __builtin_rvtt_sfppushc(0);
        narrow(c.test0, c.v0);
        mark(m);
        __builtin_rvtt_sfppopc(0);
        __builtin_rvtt_sfppushc(0);
        narrow(c.test1, c.v1);
        mark(m);
        __builtin_rvtt_sfppopc(0);
        setcc(m, kNe0);
    }
}
TENSIX_GCC_INLINE Condition leaf(unsigned test, Vec v) {
    const float r = reg(v);
    return {kLeaf, test, 0, r, r};
}
// SFPI's numbers: <, ==, != ... in the order of its vBool::Cond
TENSIX_GCC_INLINE constexpr unsigned test_of(unsigned cond) {
    return cond == 0 ? kLt0 : cond == 1 ? kGe0 : cond == 2 ? kEq0 : cond == 3 ? kNe0 : cond == 4 ? kGt0 : kLe0;
}
TENSIX_GCC_INLINE constexpr unsigned opposite(unsigned test) {
    return test == kLt0   ? kGe0
           : test == kGe0 ? kLt0
           : test == kEq0 ? kNe0
           : test == kNe0 ? kEq0
           : test == kGt0 ? kLe0
                          : kGt0;
}
constexpr unsigned kFloatType = 3;  // of a comparison's operands; the others are integers

}  // namespace __tensix_gcc

TENSIX_GCC_PURE(__builtin_rvtt_sfpxcondi)(__tensix_gcc::Condition c) {
    float m = __tensix_gcc::zeros();
    __builtin_rvtt_sfppushc(0);
    __tensix_gcc::narrow(c);
    __tensix_gcc::mark(m);
    __builtin_rvtt_sfppopc(0);
    return __tensix_gcc::in_register(m);
}
TENSIX_GCC_INLINE void __builtin_rvtt_sfpxcondb(__tensix_gcc::Condition c, unsigned) { __tensix_gcc::narrow(c); }
TENSIX_GCC_INLINE unsigned __builtin_rvtt_sfpxvif() { return 0; }
TENSIX_GCC_INLINE __tensix_gcc::Condition __builtin_rvtt_sfpxcmpv(__xtt_vector a, __xtt_vector b, unsigned mod) {
    __xtt_vector difference;
    if ((mod >> 4 & 3) == __tensix_gcc::kFloatType)
        difference = __builtin_rvtt_sfpadd(a, __builtin_rvtt_sfpmov(b, 1), 0);
    else
        difference = __tensix_gcc::iadd(b, a, 4 | 2);  // a - b
    return __tensix_gcc::leaf(__tensix_gcc::test_of(mod & 7), difference);
}
TENSIX_GCC_INLINE __tensix_gcc::Condition __builtin_rvtt_sfpxcmps(__tensix_gcc::Buffer buffer, __xtt_vector a,
                                                                  unsigned s, unsigned, unsigned, unsigned mod) {
    __xtt_vector difference = a;
    if (!(__builtin_constant_p(s) && s == 0)) {
        if ((mod >> 4 & 3) == __tensix_gcc::kFloatType)
            difference = __builtin_rvtt_sfpadd(a, __builtin_rvtt_sfpxloadi(buffer, s ^ 0x80000000u, 0, 0, 0), 0);
        else
            difference = __builtin_rvtt_sfpiadd_i(buffer, a, -int(s), 0, 0, 4);
    }
    return __tensix_gcc::leaf(__tensix_gcc::test_of(mod & 7), difference);
}
TENSIX_GCC_INLINE __tensix_gcc::Condition __builtin_rvtt_sfpxbool(unsigned op, __tensix_gcc::Condition a,
                                                                  __tensix_gcc::Condition b) {
    using namespace __tensix_gcc;
    if (op == 2) {  // not: of and, or by De Morgan
        a.logic = a.logic == kLeaf ? kLeaf : kAnd + kOr - a.logic;
        a.test0 = opposite(a.test0);
        a.test1 = opposite(a.test1);
        return a;
    }
    if (a.logic != kLeaf) a = leaf(kNe0, __builtin_rvtt_sfpxcondi(a));
    if (b.logic != kLeaf) b = leaf(kNe0, __builtin_rvtt_sfpxcondi(b));
    return {op == 0 ? kAnd : kOr, a.test0, b.test0, a.v0, b.v0};
}

// ---- not modelled: a kernel that uses one does not link ----

template <class... Args>
__xtt_vector4 __builtin_rvtt_sfptransp(Args...);
template <class... Args>
void __builtin_rvtt_sfpwriteconfig_i(Args...);
TENSIX_GCC_PURE(__builtin_rvtt_sfpselect4)(__xtt_vector4 four, unsigned i) { return four.v[i]; }
