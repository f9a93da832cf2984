// Number formats of the Tensix core and their conversions.
//
// Values of DataFormat are tt-metal's (they appear in kernel arguments and in tt.plan.json). A tile is 32x32 elements
// stored as four 16x16 faces; block formats keep one 8-bit exponent per row of 16 elements of a face, all exponents of
// the tile first, then the mantissas.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tensix {

enum class DataFormat : uint8_t {
    Float32 = 0,
    Float16 = 1,
    Bfp8 = 2,
    Bfp4 = 3,
    Tf32 = 4,
    Float16_b = 5,
    Bfp8_b = 6,
    Bfp4_b = 7,
    Int32 = 8,
    UInt16 = 9,
    Lf8 = 10,
    Bfp2 = 11,
    Int8 = 14,
    Bfp2_b = 15,
    UInt32 = 24,
    Fp8_e4m3 = 26,
    UInt8 = 30,
    RawUInt8 = 0xf0,
    RawUInt16 = 0xf1,
    RawUInt32 = 0xf2,
    Invalid = 0xff,
};

inline constexpr uint32_t kTileRows = 32, kTileCols = 32, kTileElements = 1024;
inline constexpr uint32_t kFaceRows = 16, kFaceCols = 16, kFaceElements = 256, kTileFaces = 4;

// Name as tt-metal spells it, e.g. "Float16_b"; "Invalid" for anything unknown.
std::string_view name(DataFormat format);
// The format of a name: tt-metal's ("Float16_b") or the common short one ("bf16", "fp16", "fp32", "bfp8_b", "int32").
std::optional<DataFormat> parse_format(std::string_view text);

constexpr bool is_block_format(DataFormat format) {
    return format == DataFormat::Bfp8_b || format == DataFormat::Bfp4_b || format == DataFormat::Bfp2_b ||
           format == DataFormat::Bfp8 || format == DataFormat::Bfp4 || format == DataFormat::Bfp2;
}
constexpr bool is_integer(DataFormat format) {
    return format == DataFormat::Int32 || format == DataFormat::UInt32 || format == DataFormat::UInt16 ||
           format == DataFormat::Int8 || format == DataFormat::UInt8 || format == DataFormat::RawUInt8 ||
           format == DataFormat::RawUInt16 || format == DataFormat::RawUInt32;
}
constexpr bool is_float(DataFormat format) { return format != DataFormat::Invalid && !is_integer(format); }

// Bits of one stored element (block formats: of its mantissa, without the shared exponent); 0 if unknown.
constexpr uint32_t element_bits(DataFormat format) {
    switch (format) {
        case DataFormat::Float32:
        case DataFormat::Tf32:
        case DataFormat::Int32:
        case DataFormat::UInt32:
        case DataFormat::RawUInt32:
            return 32;
        case DataFormat::Float16:
        case DataFormat::Float16_b:
        case DataFormat::UInt16:
        case DataFormat::RawUInt16:
            return 16;
        case DataFormat::Bfp8:
        case DataFormat::Bfp8_b:
        case DataFormat::Lf8:
        case DataFormat::Fp8_e4m3:
        case DataFormat::Int8:
        case DataFormat::UInt8:
        case DataFormat::RawUInt8:
            return 8;
        case DataFormat::Bfp4:
        case DataFormat::Bfp4_b:
            return 4;
        case DataFormat::Bfp2:
        case DataFormat::Bfp2_b:
            return 2;
        case DataFormat::Invalid:
            return 0;
    }
    return 0;
}
// Bytes of one element; 0 for block formats, whose elements have no address of their own.
constexpr uint32_t element_bytes(DataFormat format) { return is_block_format(format) ? 0 : element_bits(format) / 8; }
// Bytes of the shared exponents of `elements` elements (16 elements share one).
constexpr uint32_t exponent_bytes(DataFormat format, uint32_t elements) {
    return is_block_format(format) ? elements / 16 : 0;
}
// Bytes of a whole 32x32 tile: bf16 2048, fp32 4096, bfp8_b 1088, bfp4_b 576.
constexpr uint32_t tile_bytes(DataFormat format) {
    return exponent_bytes(format, kTileElements) + kTileElements * element_bits(format) / 8;
}

// --- Scalar conversions. fp32 values travel as floats; the narrow side is its bit pattern. ---------------------------

// Rounding of a conversion from fp32.
enum class Rounding {
    NearestEven,  // hosts, SFPU stochastic-rounding unit in its deterministic mode
    HalfAway,     // the packer and DST: round half away from zero
    Truncate,     // SrcA/SrcB registers
};

float from_bf16(uint16_t bits);
uint16_t to_bf16(float value, Rounding rounding = Rounding::NearestEven);
float from_fp16(uint16_t bits);  // IEEE binary16 with denormals, infinities and NaN
uint16_t to_fp16(float value, Rounding rounding = Rounding::NearestEven);
// fp32 with 10 mantissa bits, kept in a float.
float to_tf32(float value, Rounding rounding = Rounding::Truncate);

// --- Whole tiles. Elements are in storage (face) order on both sides: no reordering happens here. -------------------

// Decodes `elements` (a multiple of 16) stored at `source` into floats; integer formats convert by value. For block
// formats the exponents of all `elements` come first.
void decode(DataFormat format, const void* source, float* out, size_t elements = kTileElements);
// Encodes floats into `format`. Block formats round each mantissa to the row's largest exponent and saturate; a NaN or
// an infinity there becomes a large finite value, as on the chip. Integer formats round to nearest even and saturate.
void encode(DataFormat format, const float* in, void* target, size_t elements = kTileElements,
            Rounding rounding = Rounding::NearestEven);

}  // namespace tensix
