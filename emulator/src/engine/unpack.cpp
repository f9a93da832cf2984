#include "engine/unpack.h"

#include <bit>
#include <cstring>

#include "engine/simd.h"

namespace tt_emulator {
namespace {

constexpr uint32_t n = tensix::kTileElements;

TT_INLINE uint16_t load16(const std::byte* page, uint32_t i) {
    uint16_t value;
    std::memcpy(&value, page + i * 2, 2);
    return value;
}
TT_INLINE uint32_t load32(const std::byte* page, uint32_t i) {
    uint32_t value;
    std::memcpy(&value, page + i * 4, 4);
    return value;
}
TT_INLINE uint32_t widen16(uint32_t half) { return (half & 0x8000) << 16 | (half & 0x7fff) << 13; }

// A block-format element as an fp32 word: 7 magnitude bits, an exponent for magnitude 64 (the top bit of the seven),
// and -infinity for a negative zero. The exponent wraps when normalising passes zero, as on the chip.
TT_INLINE uint32_t block_word(uint32_t code, uint32_t exponent) {
    const uint32_t sign = code >> 7;
    const uint32_t magnitude = code << 1 & 0xff;
    if (magnitude == 0) return sign ? 0xff800000u : 0u;
    const int shift = std::countl_zero(magnitude) - 24;
    const uint32_t normal = magnitude << shift & 0x7e;
    return sign << 31 | ((exponent - uint32_t(shift)) & 0xff) << 23 | normal << 16;
}

TT_INLINE void unpack_block(DataFormat format, const std::byte* page, uint32_t* out) {
    const uint32_t bits = tensix::element_bits(format);
    const auto* exponents = reinterpret_cast<const uint8_t*>(page);
    const uint8_t* codes = exponents + tensix::exponent_bytes(format, n);
    for (uint32_t i = 0; i < n; ++i) {
        const uint32_t bit = i * bits;
        const uint32_t code = (codes[bit / 8] >> (bit % 8) & ((1u << bits) - 1)) << (8 - bits);
        out[i] = block_word(code, exponents[i / 16]);
    }
}

TT_INLINE uint32_t small_float(DataFormat format, uint32_t code) {
    if (format == DataFormat::Lf8) return widen16(code << 8);
    const uint32_t exponent = code >> 3 & 15, mantissa = code & 7;
    const uint32_t filler = (code & 0x7f) == 0x7f ? 0x7f : 0;
    return widen16((code & 0x80) << 8 | (exponent != 0 ? exponent + 8 : 0) << 10 | mantissa << 7 | filler);
}

template <simd::Level kLevel>
TT_INLINE void words_body(const SourceLayout& layout, const std::byte* page, uint32_t* out) {
    switch (layout.l1) {
        case DataFormat::Float16_b:
            for (uint32_t i = 0; i < n; ++i) out[i] = uint32_t(load16(page, i)) << 16;
            return;
        case DataFormat::Float32:
        case DataFormat::Tf32:
            if (layout.tf32) {
                for (uint32_t i = 0; i < n; ++i) out[i] = load32(page, i) & 0xffffe000u;
            } else {
                for (uint32_t i = 0; i < n; ++i) {
                    const uint32_t word = load32(page, i);
                    out[i] = (word & 0x7f800000) != 0 ? word & 0xffff0000u : word & 0x80000000u;
                }
            }
            return;
        case DataFormat::Float16:
            for (uint32_t i = 0; i < n; ++i) out[i] = widen16(load16(page, i));
            return;
        case DataFormat::Lf8:
        case DataFormat::Fp8_e4m3:
            for (uint32_t i = 0; i < n; ++i) out[i] = small_float(layout.l1, std::to_integer<uint32_t>(page[i]));
            return;
        default:
            unpack_block(layout.l1, page, out);
            return;
    }
}

template <simd::Level kLevel>
TT_INLINE void floats_body(const SourceLayout& layout, const std::byte* page, uint32_t mask, float* out) {
    if (layout.l1 == DataFormat::Float16_b) {
        for (uint32_t i = 0; i < n; ++i) {
            const uint32_t word = uint32_t(load16(page, i)) << 16;
            out[i] = std::bit_cast<float>((word & 0x7f800000) != 0 ? word & mask : 0);
        }
        return;
    }
    alignas(64) uint32_t words[n];
    words_body<kLevel>(layout, page, words);
    const uint32_t exponent = layout.small_exponent ? 0x0f800000 : 0x7f800000;
    const uint32_t rebias = layout.small_exponent ? 112u << 23 : 0;
    for (uint32_t i = 0; i < n; ++i)
        out[i] = std::bit_cast<float>((words[i] & exponent) != 0 ? (words[i] + rebias) & mask : 0);
}

TT_SIMD_DISPATCH(unpack_words, words_body, (const SourceLayout& layout, const std::byte* page, uint32_t* out),
                 (layout, page, out))
TT_SIMD_DISPATCH(unpack_floats, floats_body,
                 (const SourceLayout& layout, const std::byte* page, uint32_t mask, float* out),
                 (layout, page, mask, out))

}  // namespace

SourceLayout source_layout(DataFormat l1, bool fp32_dst) {
    const bool small = l1 == DataFormat::Float16 || l1 == DataFormat::Lf8 || l1 == DataFormat::Fp8_e4m3;
    return {l1, (l1 == DataFormat::Float32 || l1 == DataFormat::Tf32) && fp32_dst, small};
}

bool fits_source_register(DataFormat l1) {
    return l1 != DataFormat::Int32 && l1 != DataFormat::UInt32 && l1 != DataFormat::RawUInt32;
}

void unpack_exact(const SourceLayout& layout, const std::byte* page, fpu::SrcTile& out) {
    out.small_exponent = layout.small_exponent;
    unpack_words(layout, page, out.words);
}

void unpack_fast(const SourceLayout& layout, const std::byte* page, uint32_t mantissa_bits, fpu::FloatTile& out) {
    unpack_floats(layout, page, ~((1u << (23 - mantissa_bits)) - 1), out.values);
}

void unpack_integers(DataFormat l1, const std::byte* page, uint32_t* out) {
    switch (l1) {
        case DataFormat::Int8:
            for (uint32_t i = 0; i < n; ++i) out[i] = uint32_t(int32_t(int8_t(std::to_integer<uint8_t>(page[i]))));
            return;
        case DataFormat::UInt8:
        case DataFormat::RawUInt8:
            for (uint32_t i = 0; i < n; ++i) out[i] = std::to_integer<uint32_t>(page[i]);
            return;
        case DataFormat::UInt16:
        case DataFormat::RawUInt16:
            for (uint32_t i = 0; i < n; ++i) out[i] = load16(page, i);
            return;
        default:
            std::memcpy(out, page, n * 4);
            return;
    }
}

}  // namespace tt_emulator
