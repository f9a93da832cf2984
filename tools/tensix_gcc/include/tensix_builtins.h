// The builtins of SFPI's compiler under a stock RISC-V GCC (see ../README.md).
#pragma once
#include <cstdint>

// A vector of 32 lanes: in an LReg (one of ft0..ft7), or a constant or constant register that is loaded where it is
// used. GCC would otherwise load all coefficients of a polynomial before it uses the first, and has eight registers
// only.
struct __xtt_vector {
    // kNothing: not yet written. A word like the others: GCC gives no registers to a struct with padding, nor to a const
    // one without anything mutable.
    enum Kind : unsigned { kRegister, kImmediate, kConstantRegister, kNothing };
    mutable float lreg;
    unsigned bits;  // the immediate, or the number of the constant register
    Kind kind;
};
struct __xtt_vector2 {
    __xtt_vector v[2];
};
struct __xtt_vector4 {
    __xtt_vector v[4];
};

#define TENSIX_GCC_INLINE [[gnu::always_inline]] inline

// REPLAY: an instruction where its operands are known, else through the instruction buffer.
TENSIX_GCC_INLINE void __builtin_rvtt_ttreplay(volatile uint32_t* buffer, unsigned length, unsigned, unsigned,
                                               unsigned start, bool execute, bool record) {
    const unsigned word = 0x04u << 24 | start << 14 | length << 4 | unsigned(execute) << 1 | unsigned(record);
    if (__builtin_constant_p(word))
        asm volatile(".ttinsn %0" ::"i"(word));
    else
        buffer[0] = word;
}

TENSIX_GCC_INLINE constexpr void __builtin_rvtt_ttincrwc(unsigned cr, unsigned d, unsigned b, unsigned a) {
    if (__builtin_is_constant_evaluated()) return;
    const unsigned word = 0x38u << 24 | cr << 18 | d << 14 | b << 10 | a << 6;
    if (__builtin_constant_p(word))
        asm volatile(".ttinsn %0" ::"i"(word));
    else
        *reinterpret_cast<volatile uint32_t*>(0xFFE40000) = word;
}

#if TENSIX_GCC_COMPUTE
#include "tensix_gcc_sfpu.h"
#endif
