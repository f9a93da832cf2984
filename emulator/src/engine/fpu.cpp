#include "engine/fpu.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "engine/simd.h"

namespace tt_emulator::fpu {
namespace {

// What an operation adds to DST: a sign, an exponent (biased as the result) and a magnitude with 23 fraction bits.
struct Term {
    int32_t sign, exponent, magnitude;
};

TT_INLINE int32_t leading_bit(int32_t value) {
    // Index of the highest set bit through a float conversion, which vectorises; clearing every bit whose upper
    // neighbour is set keeps the conversion from rounding up to the next power of two.
    const int32_t lone = value & ~(value >> 1);
    return int32_t(std::bit_cast<uint32_t>(static_cast<float>(lone)) >> 23) - 127;
}

// Right shift of a magnitude, rounding half up for positive and half down for negative terms; 0 beyond 30 bits.
TT_INLINE int32_t align(int32_t magnitude, int32_t sign, int32_t distance) {
    const int32_t d = distance > 30 ? 30 : distance;
    const int32_t rounded = (magnitude + ((1 << d) >> 1) - sign) >> d;
    return distance == 0 ? magnitude : distance > 30 ? 0 : rounded;
}

// The magnitude that the chip's DST accumulator rounds to 10 fraction bits before it adds, when DST has 16 bits.
TT_INLINE int32_t cut13(int32_t magnitude, int32_t sign) { return (magnitude + (1 << 12) - sign) & ~0x1fff; }

// dst + first + second, rounded and normalised into a DST word. `small` is a 16-bit DST of fp16: exponents 1..31.
template <bool kWide, bool kSmall>
TT_INLINE uint32_t accumulate(Term first, Term second, uint32_t dst, bool wormhole) {
    const int32_t dst_sign = int32_t(dst >> 31);
    const int32_t dst_exponent = int32_t(dst >> 23 & 255);
    const int32_t dst_magnitude = dst_exponent != 0 ? int32_t(dst & 0x7fffff) | 0x800000 : 0;
    int32_t exponent = first.exponent > second.exponent ? first.exponent : second.exponent;
    exponent = exponent > dst_exponent ? exponent : dst_exponent;
    int32_t a = align(first.magnitude, first.sign, exponent - first.exponent);
    int32_t b = align(second.magnitude, second.sign, exponent - second.exponent);
    int32_t d = align(dst_magnitude, 0, exponent - dst_exponent);
    if (!kWide) {
        a = cut13(a, first.sign);
        b = cut13(b, second.sign);
        d = cut13(d, 0);
    }
    int32_t sum = d + (first.sign == dst_sign ? a : -a) + (second.sign == dst_sign ? b : -b);
    const int32_t sign = sum < 0 ? dst_sign ^ 1 : dst_sign;
    sum = sum < 0 ? -sum : sum;
    const int32_t underflow = exponent <= 0;
    // Left shift that normalises to 24 bits. Wormhole miscounts the leading bits of -1.
    const int32_t miscount = kWide && wormhole && sign != 0 && sum == 1 ? 27 : 0;
    const int32_t shift = 23 - leading_bit(sum | (sum == 0)) - miscount;
    int32_t result_exponent = exponent - shift;
    const int32_t dropped = kWide ? 0 : kSmall ? 13 : 16;
    const int32_t right = dropped - shift;
    const int32_t right_clamped = right < 0 ? 0 : right > 30 ? 30 : right;
    const int32_t left_clamped = right > 0 ? 0 : -right;
    int32_t mantissa = ((sum + ((1 << right_clamped) >> 1)) >> right_clamped) << left_clamped;
    mantissa <<= dropped;
    result_exponent += mantissa >> 24 & 1;
    mantissa &= 0x7fffff;
    const uint32_t sign_bit = uint32_t(sign) << 31;
    uint32_t word = sign_bit | uint32_t(result_exponent) << 23 | uint32_t(mantissa);
    if (kSmall) {
        word = result_exponent >= 32 ? sign_bit | 31u << 23 | 0x3ffu << 13 : word;
    } else {
        word = result_exponent >= 255 ? sign_bit | 255u << 23 : word;
    }
    return (sum == 0) | (result_exponent <= 0) | underflow ? 0u : word;
}

// Exponent of a product of two source operands in one phase: removes a bias and places the phase's bits.
constexpr int32_t product_exponent_offset(bool wide, bool small_exponent, uint32_t phase) {
    const int32_t bias = !small_exponent ? -127 : wide ? 127 - 30 : -15;
    return bias - (phase & 1 ? 5 : 0) - (phase & 2 ? 7 : 0);
}
TT_INLINE int32_t part_a(uint32_t word, uint32_t phase) {
    const int32_t mantissa = int32_t(word >> 13 & 0x3ff) | 0x400;
    return phase & 1 ? mantissa >> 1 & 31 : mantissa >> 6;
}
TT_INLINE int32_t part_b(uint32_t word, uint32_t phase) {
    const int32_t mantissa = int32_t(word >> 13 & 0x3ff) | 0x400;
    return phase & 2 ? (mantissa & 15) << 3 : mantissa >> 4;
}
TT_INLINE int32_t exponent_of(uint32_t word) { return int32_t(word >> 23 & 255); }

// DST words travel as fp32; a 16-bit DST of fp16 computes with raw 5-bit exponents.
template <bool kSmall>
TT_INLINE uint32_t to_raw(uint32_t word) {
    if (!kSmall) return word;
    return (word >> 23 & 255) != 0 ? word - (112u << 23) : word & 0x80000000u;
}
template <bool kSmall>
TT_INLINE uint32_t from_raw(uint32_t word) {
    if (!kSmall) return word;
    return (word & 0x7fffffff) != 0 ? word + (112u << 23) : word;
}

// kSwapped: `row` is of SrcA and `matrix` of SrcB, for 16 results that share SrcA's operand.
template <simd::Level kLevel, bool kWide, bool kSmall, bool kSwapped = false>
TT_INLINE void multiply_row(const uint32_t* __restrict row, const uint32_t* __restrict matrix, uint32_t* __restrict dst,
                            uint32_t phase, int32_t offset, bool wormhole) {
    constexpr uint32_t n = 16;
    const int32_t zero_exponent = offset > 0 ? offset : 0;
    alignas(64) int32_t exponents[16][n], magnitudes[16][n];
    for (uint32_t k = 0; k < 16; ++k) {
        const uint32_t b = row[k];
        const int32_t b_exponent = exponent_of(b), b_part = kSwapped ? part_a(b, phase) : part_b(b, phase);
        for (uint32_t j = 0; j < n; ++j) {
            const uint32_t a = matrix[k * 16 + j];
            const int32_t a_exponent = exponent_of(a);
            const bool zero = a_exponent == 0 || b_exponent == 0;
            const int32_t product = (kSwapped ? part_b(a, phase) : part_a(a, phase)) * b_part;
            exponents[k][j] = zero ? zero_exponent : a_exponent + b_exponent + offset;
            magnitudes[k][j] = zero ? 0 : (a ^ b) >> 31 ? -product : product;
        }
    }
    alignas(64) int32_t sum_exponent[2][n], sum[2][n];
    for (uint32_t group = 0; group < 2; ++group) {
        for (uint32_t j = 0; j < n; ++j) {
            int32_t top = exponents[8 * group][j];
            for (uint32_t i = 1; i < 8; ++i) {
                const int32_t e = exponents[8 * group + i][j];
                top = top > e ? top : e;
            }
            int32_t total = 0;
            for (uint32_t i = 0; i < 8; ++i) {
                const int32_t signed_magnitude = magnitudes[8 * group + i][j];
                const int32_t magnitude = signed_magnitude < 0 ? -signed_magnitude : signed_magnitude;
                int32_t distance = top - exponents[8 * group + i][j];
                distance = distance > 24 ? 24 : distance;
                const int32_t aligned = ((magnitude << 1) + (1 << distance)) >> (distance + 1);
                total += signed_magnitude < 0 ? -aligned : aligned;
            }
            sum_exponent[group][j] = top <= 0 ? 0 : top;
            sum[group][j] = top <= 0 ? 0 : total;
        }
    }
    for (uint32_t j = 0; j < n; ++j) {
        Term terms[2];
        for (uint32_t group = 0; group < 2; ++group) {
            const int32_t total = sum[group][j];
            terms[group] = {total < 0, sum_exponent[group][j], (total < 0 ? -total : total) << 13};
        }
        dst[j] = from_raw<kSmall>(accumulate<kWide, kSmall>(terms[0], terms[1], to_raw<kSmall>(dst[j]), wormhole));
    }
}

template <simd::Level kLevel>
TT_INLINE void multiply_row_body(const uint32_t* row, const uint32_t* matrix, uint32_t* dst, uint32_t phase,
                                 DstWidth width, bool small_exponent, bool wormhole) {
    const bool wide = width == DstWidth::Fp32;
    const int32_t offset = product_exponent_offset(wide, small_exponent, phase);
    if (wide) {
        multiply_row<kLevel, true, false>(row, matrix, dst, phase, offset, wormhole);
    } else if (small_exponent) {
        multiply_row<kLevel, false, true>(row, matrix, dst, phase, offset, wormhole);
    } else {
        multiply_row<kLevel, false, false>(row, matrix, dst, phase, offset, wormhole);
    }
}

template <simd::Level kLevel>
TT_INLINE void multiply_column_body(const uint32_t* row, const uint32_t* matrix, uint32_t* dst, uint32_t phase,
                                    DstWidth width, bool small_exponent, bool wormhole) {
    const bool wide = width == DstWidth::Fp32;
    const int32_t offset = product_exponent_offset(wide, small_exponent, phase);
    if (wide) {
        multiply_row<kLevel, true, false, true>(row, matrix, dst, phase, offset, wormhole);
    } else if (small_exponent) {
        multiply_row<kLevel, false, true, true>(row, matrix, dst, phase, offset, wormhole);
    } else {
        multiply_row<kLevel, false, false, true>(row, matrix, dst, phase, offset, wormhole);
    }
}

template <simd::Level kLevel, bool kWide, bool kSmall>
TT_INLINE void matmul_phases(const SrcTile& b, const SrcTile& a, uint32_t* dst, uint32_t phases, bool wormhole) {
    for (uint32_t phase = 0; phase < phases; ++phase) {
        const int32_t offset = product_exponent_offset(kWide, b.small_exponent, phase);
        for (uint32_t k = 0; k < 2; ++k)
            for (uint32_t face_row = 0; face_row < 2; ++face_row)
                for (uint32_t face_column = 0; face_column < 2; ++face_column)
                    for (uint32_t row = 0; row < 16; ++row)
                        multiply_row<kLevel, kWide, kSmall>(
                            b.words + (face_row * 2 + k) * 256 + row * 16, a.words + (k * 2 + face_column) * 256,
                            dst + (face_row * 2 + face_column) * 256 + row * 16, phase, offset, wormhole);
    }
}

template <simd::Level kLevel>
TT_INLINE void matmul_exact_body(const SrcTile& b, const SrcTile& a, uint32_t* dst, uint32_t phases, DstWidth width,
                                 bool wormhole) {
    if (width == DstWidth::Fp32) {
        matmul_phases<kLevel, true, false>(b, a, dst, phases, wormhole);
    } else if (b.small_exponent) {
        matmul_phases<kLevel, false, true>(b, a, dst, phases, wormhole);
    } else {
        matmul_phases<kLevel, false, false>(b, a, dst, phases, wormhole);
    }
}

template <simd::Level kLevel, bool kWide, bool kSmallDst>
TT_INLINE void multiply_elements(const uint32_t* __restrict a, const uint32_t* __restrict b, uint32_t* __restrict dst,
                                 uint32_t n, uint32_t phases, bool small_exponent, bool wormhole) {
    for (uint32_t phase = 0; phase < phases; ++phase) {
        const int32_t offset = product_exponent_offset(kWide, small_exponent, phase);
        const int32_t zero_exponent = offset > 0 ? offset : 0;
        for (uint32_t i = 0; i < n; ++i) {
            const int32_t a_exponent = exponent_of(a[i]), b_exponent = exponent_of(b[i]);
            const int32_t exponent = a_exponent + b_exponent + offset;
            const bool zero = (a_exponent == 0) | (b_exponent == 0) | (exponent <= 0);
            const int32_t product = (part_a(a[i], phase) * part_b(b[i], phase)) << 13;
            const Term term = {zero ? 0 : int32_t((a[i] ^ b[i]) >> 31), zero ? zero_exponent : exponent,
                               zero ? 0 : product};
            dst[i] = from_raw<kSmallDst>(
                accumulate<kWide, kSmallDst>(term, Term{0, 0, 0}, to_raw<kSmallDst>(dst[i]), wormhole));
        }
    }
}

template <simd::Level kLevel, bool kWide, bool kSmallDst>
TT_INLINE void add_elements(const uint32_t* __restrict a, const uint32_t* __restrict b, uint32_t* __restrict dst,
                            uint32_t n, uint32_t flip_b, bool small_exponent, bool keep_dst, bool wormhole) {
    for (uint32_t i = 0; i < n; ++i) {
        uint32_t x = exponent_of(a[i]) == 0 ? 0 : a[i];
        uint32_t y = exponent_of(b[i]) == 0 ? 0 : b[i] ^ flip_b;
        const bool swap = (x & 0x7fffffff) < (y & 0x7fffffff);
        const uint32_t big = swap ? y : x, small = swap ? x : y;
        int32_t exponent = exponent_of(big);
        const int32_t big_magnitude = big != 0 ? int32_t(big >> 13 & 0x3ff) | 0x400 : 0;
        const int32_t small_magnitude = small != 0 ? int32_t(small >> 13 & 0x3ff) | 0x400 : 0;
        const int32_t distance = exponent - exponent_of(small);
        const int32_t clamped = distance > 12 ? 12 : distance;
        int32_t aligned = (small_magnitude + ((1 << clamped) >> 1)) >> clamped;
        aligned = distance >= 12 ? 0 : aligned;
        const int32_t magnitude = ((big ^ small) >> 31 ? big_magnitude - aligned : big_magnitude + aligned) << 13;
        if (kWide && small_exponent) exponent = exponent != 0 ? exponent + 127 - 15 : 127 - 30;
        const Term term = {int32_t(big >> 31), exponent, magnitude};
        const uint32_t old = keep_dst ? to_raw<kSmallDst>(dst[i]) : 0;
        dst[i] = from_raw<kSmallDst>(accumulate<kWide, kSmallDst>(term, Term{0, 0, 0}, old, wormhole));
    }
}

template <simd::Level kLevel, bool kWide, bool kSmallDst>
TT_INLINE void elementwise_width(Elementwise op, const uint32_t* a, const uint32_t* b, uint32_t* dst, uint32_t n,
                                 uint32_t phases, bool small_exponent, bool keep_dst, bool wormhole) {
    if (op == Elementwise::Mul) {
        multiply_elements<kLevel, kWide, kSmallDst>(a, b, dst, n, phases, small_exponent, wormhole);
    } else {
        const uint32_t flip = op == Elementwise::Sub ? 0x80000000u : 0;
        add_elements<kLevel, kWide, kSmallDst>(a, b, dst, n, flip, small_exponent, keep_dst, wormhole);
    }
}

template <simd::Level kLevel>
TT_INLINE void elementwise_exact_body(Elementwise op, const uint32_t* a, const uint32_t* b, uint32_t* dst, uint32_t n,
                                      uint32_t phases, DstWidth width, bool small_exponent, bool keep_dst,
                                      bool wormhole) {
    if (width == DstWidth::Fp32) {
        elementwise_width<kLevel, true, false>(op, a, b, dst, n, phases, small_exponent, keep_dst, wormhole);
    } else if (small_exponent) {
        elementwise_width<kLevel, false, true>(op, a, b, dst, n, phases, small_exponent, keep_dst, wormhole);
    } else {
        elementwise_width<kLevel, false, false>(op, a, b, dst, n, phases, small_exponent, keep_dst, wormhole);
    }
}

TT_INLINE uint32_t rounded_word(float value, DstWidth width) {
    const uint32_t word = std::bit_cast<uint32_t>(value);
    const uint32_t magnitude = word & 0x7fffffff;
    uint32_t rounded = magnitude;
    if (width == DstWidth::Bf16) rounded = (magnitude + 0x8000) & 0xffff0000;
    if (width == DstWidth::Fp16) {
        rounded = (magnitude + 0x1000) & 0xffffe000;
        rounded = rounded >= 0x48000000 ? 0x47ffe000 : rounded;  // fp16 on the chip ends at 131008
        rounded = rounded < 0x38800000 ? 0 : rounded;            // and flushes below 2^-14
    }
    rounded = magnitude >= 0x7f800000 ? 0x7f800000 : rounded;
    return rounded < 0x800000 ? 0 : (word & 0x80000000) | rounded;
}

typedef float V16 __attribute__((vector_size(64)));

TT_INLINE void load(V16& out, const float* p) { std::memcpy(&out, p, sizeof out); }

// Rows x 16 columns of the product at a time: C += B A over one 16-deep half of k.
template <uint32_t kRows>
TT_INLINE void multiply_block(const float* b, const float* a, float* c) {
    V16 sums[kRows];
    for (uint32_t r = 0; r < kRows; ++r) load(sums[r], c + r * 16);
    for (uint32_t k = 0; k < 16; ++k) {
        V16 column;
        load(column, a + k * 16);
        for (uint32_t r = 0; r < kRows; ++r) sums[r] += b[r * 16 + k] * column;
    }
    for (uint32_t r = 0; r < kRows; ++r) std::memcpy(c + r * 16, &sums[r], sizeof(V16));
}

template <simd::Level kLevel>
TT_INLINE void matmul_fast_body(const FloatTile& b, const FloatTile& a, uint32_t* dst, DstWidth width) {
    constexpr uint32_t kRows = kLevel == simd::Level::Avx512 ? 16 : kLevel == simd::Level::Avx2 ? 4 : 2;
    float* c = reinterpret_cast<float*>(dst);
    for (uint32_t face = 0; face < 4; ++face)
        for (uint32_t row = 0; row < 16; row += kRows) {
            float* out = c + face * 256 + row * 16;
            for (uint32_t k = 0; k < 2; ++k) {
                multiply_block<kRows>(b.values + (face / 2 * 2 + k) * 256 + row * 16,
                                      a.values + (k * 2 + face % 2) * 256, out);
                if (width != DstWidth::Fp32) {
                    uint32_t words[kRows * 16];
                    for (uint32_t i = 0; i < kRows * 16; ++i) words[i] = rounded_word(out[i], width);
                    std::memcpy(out, words, sizeof words);
                }
            }
        }
}

template <simd::Level kLevel>
TT_INLINE void elementwise_fast_body(Elementwise op, const float* __restrict a, const float* __restrict b,
                                     uint32_t* __restrict dst, uint32_t n, DstWidth width, bool keep_dst) {
    switch (op) {
        case Elementwise::Mul:
            for (uint32_t i = 0; i < n; ++i) dst[i] = rounded_word(a[i] * b[i] + std::bit_cast<float>(dst[i]), width);
            break;
        case Elementwise::Add:
            for (uint32_t i = 0; i < n; ++i)
                dst[i] = rounded_word(a[i] + b[i] + (keep_dst ? std::bit_cast<float>(dst[i]) : 0.0f), width);
            break;
        case Elementwise::Sub:
            for (uint32_t i = 0; i < n; ++i)
                dst[i] = rounded_word(a[i] - b[i] + (keep_dst ? std::bit_cast<float>(dst[i]) : 0.0f), width);
            break;
    }
}

template <simd::Level kLevel>
TT_INLINE void mask_words(uint32_t* words, uint32_t mask) {
    for (uint32_t i = 0; i < 1024; ++i) words[i] &= mask;
}

}  // namespace

TT_SIMD_DISPATCH(multiply_row_exact, multiply_row_body,
                 (const uint32_t* row, const uint32_t* matrix, uint32_t* dst, uint32_t phase, DstWidth width,
                  bool small_exponent, bool wormhole),
                 (row, matrix, dst, phase, width, small_exponent, wormhole))
TT_SIMD_DISPATCH(multiply_column_exact, multiply_column_body,
                 (const uint32_t* row, const uint32_t* matrix, uint32_t* dst, uint32_t phase, DstWidth width,
                  bool small_exponent, bool wormhole),
                 (row, matrix, dst, phase, width, small_exponent, wormhole))
TT_SIMD_DISPATCH(matmul_tile_exact, matmul_exact_body,
                 (const SrcTile& b, const SrcTile& a, uint32_t* dst, uint32_t phases, DstWidth width, bool wormhole),
                 (b, a, dst, phases, width, wormhole))
TT_SIMD_DISPATCH(elementwise_exact, elementwise_exact_body,
                 (Elementwise op, const uint32_t* a, const uint32_t* b, uint32_t* dst, uint32_t n, uint32_t phases,
                  DstWidth width, bool small_exponent, bool keep_dst, bool wormhole),
                 (op, a, b, dst, n, phases, width, small_exponent, keep_dst, wormhole))
TT_SIMD_DISPATCH(matmul_fast, matmul_fast_body, (const FloatTile& b, const FloatTile& a, uint32_t* dst, DstWidth width),
                 (b, a, dst, width))
TT_SIMD_DISPATCH(elementwise_fast, elementwise_fast_body,
                 (Elementwise op, const float* a, const float* b, uint32_t* dst, uint32_t n, DstWidth width,
                  bool keep_dst),
                 (op, a, b, dst, n, width, keep_dst))
TT_SIMD_DISPATCH(keep_bits, mask_words, (uint32_t * words, uint32_t mask), (words, mask))

void matmul_exact(const SrcTile& b, const SrcTile& a, uint32_t* dst, uint32_t phases, DstWidth width, bool transpose,
                  bool wormhole) {
    if (!transpose) return matmul_tile_exact(b, a, dst, phases, width, wormhole);
    SrcTile turned;
    transpose_tile(a.words, turned.words);
    turned.small_exponent = a.small_exponent;
    matmul_tile_exact(b, turned, dst, phases, width, wormhole);
}

void cut_for_fidelity(FloatTile& tile, bool src_a, uint32_t phases) {
    // One phase sees 5 significant bits of SrcA and 7 of SrcB; the second adds SrcA's other 5, the third SrcB's rest.
    uint32_t kept = 0;
    if (src_a) kept = phases == 1 ? 4 : 9;
    if (!src_a) kept = phases <= 2 ? 6 : 10;
    keep_bits(reinterpret_cast<uint32_t*>(tile.values), ~((1u << (23 - kept)) - 1));
}

void transpose_tile(const uint32_t* a, uint32_t* out) {
    for (uint32_t face = 0; face < 4; ++face) {
        const uint32_t* from = a + (face % 2 * 2 + face / 2) * 256;
        uint32_t* to = out + face * 256;
        for (uint32_t row = 0; row < 16; ++row)
            for (uint32_t column = 0; column < 16; ++column) to[row * 16 + column] = from[column * 16 + row];
    }
}

void to_floats(const SrcTile& tile, FloatTile& out) {
    if (!tile.small_exponent) {
        // Denormals count as zero in the FPU.
        for (uint32_t i = 0; i < 1024; ++i) {
            const uint32_t word = tile.words[i];
            out.values[i] = std::bit_cast<float>((word & 0x7f800000) != 0 ? word : 0);
        }
        return;
    }
    for (uint32_t i = 0; i < 1024; ++i) {
        const uint32_t word = tile.words[i];
        out.values[i] = std::bit_cast<float>((word & 0x0f800000) != 0 ? word + (112u << 23) : 0);
    }
}

uint32_t round_to_dst(float value, DstWidth width) { return rounded_word(value, width); }

}  // namespace tt_emulator::fpu
