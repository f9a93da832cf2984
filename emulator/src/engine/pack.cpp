#include "engine/pack.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "engine/simd.h"

namespace tt_emulator {
namespace {

using fpu::DstWidth;

TT_INLINE uint32_t flush16(uint32_t half) { return (half & 0x7fff) < 0x80 ? 0 : half; }

// An fp32 word as bf16: NaN to infinity, half away from zero, denormals to +0.
TT_INLINE uint32_t bf16_of(uint32_t word) {
    word = (word & 0x7fffffff) > 0x7f800000 ? (word & 0x80000000) | 0x7f800000 : word;
    return flush16((word + 0x8000) >> 16);
}
// What the packer hands to the block encoder: bf16, reduced to 6 mantissa bits unless precise.
TT_INLINE uint32_t block_input(uint32_t word, bool precise) {
    if (precise) return flush16(word >> 16);
    word = (word & 0x7fffffff) > 0x7f800000 ? (word & 0x80000000) | 0x7f800000 : word;
    return flush16(((word >> 16) + 1) & ~1u);
}
// fp32 to the chip's fp16, which has neither infinities nor rounding here.
TT_INLINE uint32_t fp16_of(uint32_t word) {
    const int32_t exponent = int32_t(word >> 23 & 255) - 112;
    const uint32_t sign = word >> 16 & 0x8000;
    if (exponent < 0) return sign;
    if (exponent > 31) return sign | 0x7fff;
    return sign | uint32_t(exponent) << 10 | (word >> 13 & 0x3ff);
}

// 16 bf16 values to a row of a block format; returns the shared exponent.
uint8_t encode_row(const uint16_t* values, uint32_t bits, uint8_t* codes) {
    uint32_t shared = 0;
    for (uint32_t i = 0; i < 16; ++i) shared = std::max<uint32_t>(shared, values[i] >> 7 & 255);
    std::memset(codes, 0, 2 * bits);
    for (uint32_t i = 0; i < 16; ++i) {
        const uint32_t exponent = values[i] >> 7 & 255;
        const uint32_t mantissa = (values[i] & 127u) | (exponent != 0 ? 128 : 0);
        const uint32_t shift = shared - exponent;
        uint32_t magnitude = shift >= 8 ? 0 : std::min((mantissa + (1u << shift)) >> (shift + 1), 127u);
        magnitude >>= 8 - bits;
        const uint32_t code = magnitude != 0 ? magnitude | uint32_t(values[i] >> 15) << (bits - 1) : 0;
        codes[i * bits / 8] |= static_cast<uint8_t>(code << (i * bits % 8));
    }
    return static_cast<uint8_t>(shared);
}

TT_INLINE uint32_t flush32(uint32_t word) { return (word & 0x7f800000) != 0 ? word : word & 0x80000000; }

TT_INLINE uint32_t accumulate32(uint32_t old, uint32_t add) {
    const float sum = std::bit_cast<float>(flush32(old)) + std::bit_cast<float>(flush32(add));
    const uint32_t word = std::bit_cast<uint32_t>(sum);
    return (word & 0x7fffffff) > 0x7f800000 ? 0x7fc00000 : flush32(word);
}

uint16_t round_bf16(double sum) {
    const uint64_t bits = std::bit_cast<uint64_t>(sum);
    const uint32_t sign = static_cast<uint32_t>(bits >> 63) << 15;
    const int64_t exponent = int64_t(bits >> 52 & 0x7ff) - 1023 + 127;
    if (exponent <= 0) return static_cast<uint16_t>(sign);
    if (exponent >= 255) return static_cast<uint16_t>(sign | 0x7f80);
    const uint64_t mantissa = bits & ((1ull << 52) - 1);
    const uint64_t rounded = (mantissa + (1ull << 44) - 1 + (mantissa >> 45 & 1)) >> 45;
    return static_cast<uint16_t>(sign | ((uint64_t(exponent) << 7) + rounded));
}

uint16_t accumulate_bf16(uint16_t old, uint16_t add) {
    if ((old & 0x7fff) == 0x7f80 && (add & 0x7fff) == 0x7f80 && old != add) return 0x7fc0;
    // A NaN counts as a huge number here, in memory an even larger one; infinities behave.
    const auto value = [](uint16_t half, double nan) {
        if ((half & 0x7fff) > 0x7f80) return half & 0x8000 ? -nan : nan;
        const uint32_t flushed = (half & 0x7fff) < 0x80 ? half & 0x8000u : half;
        return static_cast<double>(std::bit_cast<float>(flushed << 16));
    };
    const double added_nan = std::ldexp(1.0 + (add & 0x7f) / 128.0, 128);
    return round_bf16(value(old, std::numeric_limits<double>::max()) + value(add, added_nan));
}

uint16_t accumulate_fp16(uint16_t old, uint16_t add) {
    const auto value = [](uint16_t half) {
        const uint32_t sign = uint32_t(half & 0x8000) << 16;
        const uint32_t word = (half & 0x7fff) >= 0x400 ? (uint32_t(half & 0x7fff) << 13) + (112u << 23) : 0;
        return std::bit_cast<float>(sign | word);
    };
    const uint32_t word = std::bit_cast<uint32_t>(value(old) + value(add));
    const uint32_t sign = word >> 16 & 0x8000;
    if ((word & 0x7fffffff) == 0)
        return static_cast<uint16_t>(sign | ((old >> 10 & 31) >= 30 ? 0x7fff : 0));  // the chip saturates here
    const int32_t exponent = int32_t(word >> 23 & 255) - 112;
    if (exponent <= 0) return static_cast<uint16_t>(sign | (exponent < 0 ? 0x7fff : 0));
    const uint32_t mantissa = word & 0x7fffff;
    const uint32_t rounded = (uint32_t(exponent) << 10) + ((mantissa + (1u << 12) - 1 + (mantissa >> 13 & 1)) >> 13);
    return static_cast<uint16_t>(sign | (rounded < 0x8000 ? rounded : 0x7fff));
}

// Only called with relu on.
uint32_t relu_word(const PackSettings& settings, uint32_t word) {
    if ((word & 0x80000000) != 0) return 0;
    const float value = std::bit_cast<float>(word);
    if (settings.relu == Relu::MinThreshold && value <= settings.relu_threshold) return 0;
    if (settings.relu == Relu::MaxThreshold && value > settings.relu_threshold)
        return std::bit_cast<uint32_t>(settings.relu_threshold);
    return word;
}

template <typename T>
TT_INLINE void put(std::byte* target, uint32_t i, T value) {
    std::memcpy(target + i * sizeof(T), &value, sizeof(T));
}
template <typename T>
TT_INLINE T get(const std::byte* target, uint32_t i) {
    T value;
    std::memcpy(&value, target + i * sizeof(T), sizeof(T));
    return value;
}

template <simd::Level kLevel>
TT_INLINE void to_bf16_body(const uint32_t* dst, std::byte* target, uint32_t n) {
    for (uint32_t i = 0; i < n; ++i) put(target, i, static_cast<uint16_t>(bf16_of(dst[i])));
}
template <simd::Level kLevel>
TT_INLINE void add_fp32_body(const uint32_t* dst, std::byte* target, uint32_t n) {
    for (uint32_t i = 0; i < n; ++i) put(target, i, accumulate32(get<uint32_t>(target, i), dst[i]));
}
TT_SIMD_DISPATCH(to_bf16, to_bf16_body, (const uint32_t* dst, std::byte* target, uint32_t n), (dst, target, n))
TT_SIMD_DISPATCH(add_fp32, add_fp32_body, (const uint32_t* dst, std::byte* target, uint32_t n), (dst, target, n))

bool kept(PackMask mask, uint32_t i) {
    const uint32_t face = i / 256, row = i / 16 % 16, column = i % 16;
    switch (mask) {
        case PackMask::None:
            return true;
        case PackMask::RowReduce:
            return column == 0 && face % 2 == 0;
        case PackMask::ColumnReduce:
            return row == 0 && face < 2;
        case PackMask::ScalarReduce:
            return i == 0;
    }
    return true;
}

void pack_blocks(const PackSettings& settings, const uint32_t* words, std::byte* page) {
    const uint32_t bits = tensix::element_bits(settings.format);
    auto* exponents = reinterpret_cast<uint8_t*>(page);
    uint8_t* codes = exponents + tensix::exponent_bytes(settings.format, tensix::kTileElements);
    for (uint32_t row = 0; row < 64; ++row) {
        uint16_t values[16];
        for (uint32_t i = 0; i < 16; ++i)
            values[i] = static_cast<uint16_t>(
                block_input(words[row * 16 + i], settings.bfp8_precise && settings.width == DstWidth::Fp32));
        exponents[row] = encode_row(values, bits, codes + row * 2 * bits);
    }
}

}  // namespace

bool packs(DstWidth width, DataFormat format) {
    if (tensix::is_integer(format)) return true;
    switch (format) {
        case DataFormat::Float32:
            return true;
        case DataFormat::Float16:
            return width != DstWidth::Bf16;
        case DataFormat::Float16_b:
        case DataFormat::Bfp8_b:
        case DataFormat::Bfp4_b:
        case DataFormat::Bfp2_b:
            return true;
        default:
            return false;
    }
}

bool accumulates(DataFormat format) {
    return format == DataFormat::Float32 || format == DataFormat::Float16_b || format == DataFormat::Float16;
}

void pack_elements(const PackSettings& settings, const uint32_t* dst, std::byte* target, uint32_t n) {
    switch (settings.format) {
        case DataFormat::Float32:
            if (settings.l1_accumulate) return add_fp32(dst, target, n);
            std::memcpy(target, dst, n * 4);
            return;
        case DataFormat::Float16_b:
            if (!settings.l1_accumulate) return to_bf16(dst, target, n);
            for (uint32_t i = 0; i < n; ++i)
                put(target, i, accumulate_bf16(get<uint16_t>(target, i), static_cast<uint16_t>(bf16_of(dst[i]))));
            return;
        case DataFormat::Float16:
            for (uint32_t i = 0; i < n; ++i) {
                const auto value = static_cast<uint16_t>(fp16_of(dst[i]));
                put(target, i, settings.l1_accumulate ? accumulate_fp16(get<uint16_t>(target, i), value) : value);
            }
            return;
        case DataFormat::UInt16:
        case DataFormat::RawUInt16:
            for (uint32_t i = 0; i < n; ++i) put(target, i, static_cast<uint16_t>(dst[i]));
            return;
        case DataFormat::Int8:
            for (uint32_t i = 0; i < n; ++i)
                put(target, i, static_cast<int8_t>(std::clamp(int32_t(dst[i]), -127, 127)));
            return;
        case DataFormat::UInt8:
        case DataFormat::RawUInt8:
            for (uint32_t i = 0; i < n; ++i) put(target, i, static_cast<uint8_t>(std::clamp(int32_t(dst[i]), 0, 255)));
            return;
        default:
            std::memcpy(target, dst, n * 4);
            return;
    }
}

void pack_tile(const PackSettings& settings, const uint32_t* dst, std::byte* page) {
    const bool floats = tensix::is_float(settings.format);
    const bool changes = settings.mask != PackMask::None || settings.relu != Relu::Off;
    alignas(64) uint32_t staged[tensix::kTileElements];
    const uint32_t* words = dst;
    if (changes) {
        for (uint32_t i = 0; i < tensix::kTileElements; ++i) {
            uint32_t word = kept(settings.mask, i) ? dst[i] : 0;
            if (settings.relu != Relu::Off) word = floats ? relu_word(settings, word) : int32_t(word) < 0 ? 0 : word;
            staged[i] = word;
        }
        words = staged;
    }
    if (tensix::is_block_format(settings.format)) return pack_blocks(settings, words, page);
    if (settings.format == DataFormat::Float32 && settings.width != DstWidth::Fp32) {
        // A 16-bit DST goes through its 16-bit format: NaN becomes infinity, denormals zero.
        alignas(64) uint32_t wide[tensix::kTileElements];
        for (uint32_t i = 0; i < tensix::kTileElements; ++i) wide[i] = bf16_of(words[i]) << 16;
        if (settings.width == DstWidth::Fp16) std::memcpy(wide, words, sizeof wide);
        return pack_elements(settings, wide, page, tensix::kTileElements);
    }
    pack_elements(settings, words, page, tensix::kTileElements);
}

}  // namespace tt_emulator
