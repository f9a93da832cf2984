#include "tensix/formats.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace tensix {
namespace {

struct FormatName {
    DataFormat format;
    std::string_view name;
    std::string_view short_name;
};
constexpr std::array kNames = {
    FormatName{DataFormat::Float32, "Float32", "fp32"},
    FormatName{DataFormat::Float16, "Float16", "fp16"},
    FormatName{DataFormat::Bfp8, "Bfp8", "bfp8"},
    FormatName{DataFormat::Bfp4, "Bfp4", "bfp4"},
    FormatName{DataFormat::Tf32, "Tf32", "tf32"},
    FormatName{DataFormat::Float16_b, "Float16_b", "bf16"},
    FormatName{DataFormat::Bfp8_b, "Bfp8_b", "bfp8_b"},
    FormatName{DataFormat::Bfp4_b, "Bfp4_b", "bfp4_b"},
    FormatName{DataFormat::Int32, "Int32", "int32"},
    FormatName{DataFormat::UInt16, "UInt16", "uint16"},
    FormatName{DataFormat::Lf8, "Lf8", "lf8"},
    FormatName{DataFormat::Bfp2, "Bfp2", "bfp2"},
    FormatName{DataFormat::Int8, "Int8", "int8"},
    FormatName{DataFormat::Bfp2_b, "Bfp2_b", "bfp2_b"},
    FormatName{DataFormat::UInt32, "UInt32", "uint32"},
    FormatName{DataFormat::Fp8_e4m3, "Fp8_e4m3", "fp8_e4m3"},
    FormatName{DataFormat::UInt8, "UInt8", "uint8"},
    FormatName{DataFormat::RawUInt8, "RawUInt8", "raw8"},
    FormatName{DataFormat::RawUInt16, "RawUInt16", "raw16"},
    FormatName{DataFormat::RawUInt32, "RawUInt32", "raw32"},
};

// Drops `bits` low bits of a magnitude under a rounding mode.
template <typename T>
constexpr T shift_round(T value, int bits, Rounding rounding) {
    if (bits <= 0) return value << -bits;
    const T half = T(1) << (bits - 1);
    switch (rounding) {
        case Rounding::Truncate:
            return value >> bits;
        case Rounding::HalfAway:
            return (value + half) >> bits;
        case Rounding::NearestEven:
            return (value + half - 1 + ((value >> bits) & 1)) >> bits;
    }
    return value >> bits;
}

template <typename Int>
Int saturate(float value) {
    if (std::isnan(value)) return 0;
    const double rounded = std::nearbyint(static_cast<double>(value));
    const double low = static_cast<double>(std::numeric_limits<Int>::min());
    const double high = static_cast<double>(std::numeric_limits<Int>::max());
    return static_cast<Int>(std::clamp(rounded, low, high));
}

constexpr uint32_t block_mantissa_bits(DataFormat format) { return element_bits(format) - 1; }
constexpr bool has_small_exponent(DataFormat format) {
    return format == DataFormat::Bfp8 || format == DataFormat::Bfp4 || format == DataFormat::Bfp2;
}

// One row of 16 block-format elements: `codes` are sign-magnitude integers, scaled by the shared exponent.
void decode_block_row(DataFormat format, uint8_t exponent, const uint8_t* codes, float* out) {
    const uint32_t bits = element_bits(format), mantissa_bits = bits - 1;
    const int bias = has_small_exponent(format) ? 15 : 127;
    const float scale = std::ldexp(1.0f, int(exponent) - bias - int(mantissa_bits) + 1);
    for (uint32_t i = 0; i < 16; ++i) {
        const uint32_t bit = i * bits;
        const uint32_t code = (codes[bit / 8] >> (bit % 8)) & ((1u << bits) - 1);
        const uint32_t magnitude = code & ((1u << mantissa_bits) - 1);
        const bool negative = (code >> mantissa_bits) != 0;
        // A negative zero stands for -infinity (the chip's unpacker).
        float value = magnitude == 0 && negative ? std::numeric_limits<float>::infinity() : float(magnitude) * scale;
        out[i] = negative ? -value : value;
    }
}

uint8_t encode_block_row(DataFormat format, const float* in, uint8_t* codes, Rounding rounding) {
    const uint32_t bits = element_bits(format), mantissa_bits = block_mantissa_bits(format);
    const int rebias = has_small_exponent(format) ? 127 - 15 : 0;
    std::array<uint32_t, 16> words;
    std::memcpy(words.data(), in, sizeof words);
    int shared = 0;
    for (uint32_t word : words) shared = std::max(shared, int(word >> 23 & 255) - rebias);
    if (has_small_exponent(format)) shared = std::min(shared, 31);
    std::memset(codes, 0, 16 * bits / 8);
    for (uint32_t i = 0; i < 16; ++i) {
        const int exponent = int(words[i] >> 23 & 255) - rebias;
        uint32_t magnitude = 0;
        if (int(words[i] >> 23 & 255) != 0) {
            const uint64_t mantissa = (words[i] & 0x7fffff) | 0x800000;
            // In two steps, as ttnn converts: bits that alignment drops do not take part in rounding.
            const uint64_t aligned = mantissa >> std::min(shared - exponent, 40);
            magnitude = static_cast<uint32_t>(shift_round<uint64_t>(aligned, int(24 - mantissa_bits), rounding));
            magnitude = std::min(magnitude, (1u << mantissa_bits) - 1);
        }
        // A zero magnitude never carries a sign: that code means -infinity.
        const uint32_t code = magnitude != 0 ? magnitude | (words[i] >> 31) << mantissa_bits : 0;
        const uint32_t bit = i * bits;
        codes[bit / 8] |= static_cast<uint8_t>(code << (bit % 8));
    }
    return static_cast<uint8_t>(shared);
}

template <typename T>
T load(const void* source, size_t index) {
    T value;
    std::memcpy(&value, static_cast<const char*>(source) + index * sizeof(T), sizeof(T));
    return value;
}
template <typename T>
void store(void* target, size_t index, T value) {
    std::memcpy(static_cast<char*>(target) + index * sizeof(T), &value, sizeof(T));
}

}  // namespace

std::string_view name(DataFormat format) {
    for (const FormatName& entry : kNames)
        if (entry.format == format) return entry.name;
    return "Invalid";
}

std::optional<DataFormat> parse_format(std::string_view text) {
    for (const FormatName& entry : kNames)
        if (entry.name == text || entry.short_name == text) return entry.format;
    return std::nullopt;
}

float from_bf16(uint16_t bits) { return std::bit_cast<float>(uint32_t(bits) << 16); }

uint16_t to_bf16(float value, Rounding rounding) {
    const uint32_t word = std::bit_cast<uint32_t>(value);
    if ((word & 0x7fffffff) > 0x7f800000) return static_cast<uint16_t>(word >> 16 | 0x40);  // keep NaN a NaN
    return static_cast<uint16_t>((word & 0x80000000) >> 16 | shift_round<uint32_t>(word & 0x7fffffff, 16, rounding));
}

float from_fp16(uint16_t bits) {
    const uint32_t sign = uint32_t(bits & 0x8000) << 16, exponent = bits >> 10 & 31, mantissa = bits & 0x3ff;
    if (exponent == 31) return std::bit_cast<float>(sign | 0x7f800000 | mantissa << 13);
    if (exponent == 0) {
        const float magnitude = std::ldexp(float(mantissa), -24);
        return sign ? -magnitude : magnitude;
    }
    return std::bit_cast<float>(sign | (exponent + 112) << 23 | mantissa << 13);
}

uint16_t to_fp16(float value, Rounding rounding) {
    const uint32_t word = std::bit_cast<uint32_t>(value), sign = word >> 16 & 0x8000, magnitude = word & 0x7fffffff;
    if (magnitude > 0x7f800000) return static_cast<uint16_t>(sign | 0x7e00);
    if (magnitude >= 0x47800000) return static_cast<uint16_t>(sign | 0x7c00);  // 65536 and above
    const int exponent = int(magnitude >> 23) - 112;
    if (exponent <= 0) {
        const uint64_t mantissa = (magnitude & 0x7fffff) | (magnitude >= 0x800000 ? 0x800000 : 0);
        const int shift = std::min(14 - exponent, 40);
        return static_cast<uint16_t>(sign | shift_round<uint64_t>(mantissa, shift, rounding));
    }
    return static_cast<uint16_t>(sign | shift_round<uint32_t>(magnitude - (112u << 23), 13, rounding));
}

float to_tf32(float value, Rounding rounding) {
    const uint32_t word = std::bit_cast<uint32_t>(value);
    if ((word & 0x7f800000) == 0x7f800000) return value;
    return std::bit_cast<float>((word & 0x80000000) | shift_round<uint32_t>(word & 0x7fffffff, 13, rounding) << 13);
}

void decode(DataFormat format, const void* source, float* out, size_t elements) {
    switch (format) {
        case DataFormat::Float32:
            std::memcpy(out, source, elements * 4);
            return;
        case DataFormat::Tf32:
            for (size_t i = 0; i < elements; ++i) out[i] = to_tf32(load<float>(source, i));
            return;
        case DataFormat::Float16_b:
            for (size_t i = 0; i < elements; ++i) out[i] = from_bf16(load<uint16_t>(source, i));
            return;
        case DataFormat::Float16:
            for (size_t i = 0; i < elements; ++i) out[i] = from_fp16(load<uint16_t>(source, i));
            return;
        case DataFormat::Int32:
            for (size_t i = 0; i < elements; ++i) out[i] = static_cast<float>(load<int32_t>(source, i));
            return;
        case DataFormat::UInt32:
        case DataFormat::RawUInt32:
            for (size_t i = 0; i < elements; ++i) out[i] = static_cast<float>(load<uint32_t>(source, i));
            return;
        case DataFormat::UInt16:
        case DataFormat::RawUInt16:
            for (size_t i = 0; i < elements; ++i) out[i] = load<uint16_t>(source, i);
            return;
        case DataFormat::Int8:
            for (size_t i = 0; i < elements; ++i) out[i] = load<int8_t>(source, i);
            return;
        case DataFormat::UInt8:
        case DataFormat::RawUInt8:
            for (size_t i = 0; i < elements; ++i) out[i] = load<uint8_t>(source, i);
            return;
        case DataFormat::Lf8:  // sign, 5 exponent bits, 2 mantissa bits: the top byte of an fp16
            for (size_t i = 0; i < elements; ++i) out[i] = from_fp16(uint16_t(load<uint8_t>(source, i) << 8));
            return;
        case DataFormat::Fp8_e4m3:
            for (size_t i = 0; i < elements; ++i) {
                const uint8_t code = load<uint8_t>(source, i);
                const int exponent = code >> 3 & 15, mantissa = code & 7;
                float value =
                    exponent ? std::ldexp(float(8 + mantissa), exponent - 10) : std::ldexp(float(mantissa), -9);
                if ((code & 0x7f) == 0x7f) value = std::numeric_limits<float>::quiet_NaN();
                out[i] = code & 0x80 ? -value : value;
            }
            return;
        case DataFormat::Bfp8:
        case DataFormat::Bfp4:
        case DataFormat::Bfp2:
        case DataFormat::Bfp8_b:
        case DataFormat::Bfp4_b:
        case DataFormat::Bfp2_b: {
            const auto* bytes = static_cast<const uint8_t*>(source);
            const uint8_t* codes = bytes + exponent_bytes(format, static_cast<uint32_t>(elements));
            const size_t row_bytes = 16 * element_bits(format) / 8;
            for (size_t row = 0; row < elements / 16; ++row)
                decode_block_row(format, bytes[row], codes + row * row_bytes, out + row * 16);
            return;
        }
        case DataFormat::Invalid:
            std::fill_n(out, elements, 0.0f);
            return;
    }
}

void encode(DataFormat format, const float* in, void* target, size_t elements, Rounding rounding) {
    switch (format) {
        case DataFormat::Float32:
            std::memcpy(target, in, elements * 4);
            return;
        case DataFormat::Tf32:
            for (size_t i = 0; i < elements; ++i) store(target, i, to_tf32(in[i], rounding));
            return;
        case DataFormat::Float16_b:
            for (size_t i = 0; i < elements; ++i) store(target, i, to_bf16(in[i], rounding));
            return;
        case DataFormat::Float16:
            for (size_t i = 0; i < elements; ++i) store(target, i, to_fp16(in[i], rounding));
            return;
        case DataFormat::Int32:
            for (size_t i = 0; i < elements; ++i) store(target, i, saturate<int32_t>(in[i]));
            return;
        case DataFormat::UInt32:
        case DataFormat::RawUInt32:
            for (size_t i = 0; i < elements; ++i) store(target, i, saturate<uint32_t>(in[i]));
            return;
        case DataFormat::UInt16:
        case DataFormat::RawUInt16:
            for (size_t i = 0; i < elements; ++i) store(target, i, saturate<uint16_t>(in[i]));
            return;
        case DataFormat::Int8:
            for (size_t i = 0; i < elements; ++i) store(target, i, saturate<int8_t>(in[i]));
            return;
        case DataFormat::UInt8:
        case DataFormat::RawUInt8:
            for (size_t i = 0; i < elements; ++i) store(target, i, saturate<uint8_t>(in[i]));
            return;
        case DataFormat::Lf8:
            for (size_t i = 0; i < elements; ++i) {
                const uint16_t half = to_fp16(in[i], rounding);
                const auto code = shift_round<uint32_t>(half & 0x7fffu, 8, rounding);
                store(target, i, static_cast<uint8_t>((half >> 8 & 0x80) | std::min(code, 0x7bu)));
            }
            return;
        case DataFormat::Fp8_e4m3:
            for (size_t i = 0; i < elements; ++i) {
                const uint32_t word = std::bit_cast<uint32_t>(in[i]), magnitude = word & 0x7fffffff;
                uint32_t code;
                if (magnitude > 0x7f800000) {
                    code = 0x7f;
                } else if (int(magnitude >> 23) - 120 > 0) {
                    code = std::min(shift_round<uint32_t>(magnitude - (120u << 23), 20, rounding), 0x7eu);
                } else {
                    const uint64_t mantissa = (magnitude & 0x7fffff) | (magnitude >= 0x800000 ? 0x800000 : 0);
                    const int shift = std::min(21 - (int(magnitude >> 23) - 120), 40);
                    code = static_cast<uint32_t>(shift_round<uint64_t>(mantissa, shift, rounding));
                }
                store(target, i, static_cast<uint8_t>((word >> 24 & 0x80) | code));
            }
            return;
        case DataFormat::Bfp8:
        case DataFormat::Bfp4:
        case DataFormat::Bfp2:
        case DataFormat::Bfp8_b:
        case DataFormat::Bfp4_b:
        case DataFormat::Bfp2_b: {
            auto* bytes = static_cast<uint8_t*>(target);
            uint8_t* codes = bytes + exponent_bytes(format, static_cast<uint32_t>(elements));
            const size_t row_bytes = 16 * element_bits(format) / 8;
            for (size_t row = 0; row < elements / 16; ++row)
                bytes[row] = encode_block_row(format, in + row * 16, codes + row * row_bytes, rounding);
            return;
        }
        case DataFormat::Invalid:
            return;
    }
}

}  // namespace tensix
