#include "compiler/codegen/host_elements.h"

#include <cctype>

namespace tilelang_tt::codegen {
namespace {

// Loads and stores of the dtypes whose C++ type does it all.
std::string plain(std::string_view type) {
    return "[](const void* at) { return double(*static_cast<const " + std::string(type) + "*>(at)); }";
}

constexpr ElementRow kElements[] = {
    {DType::F32, tensix::DataFormat::Float32, "float"},   {DType::BF16, tensix::DataFormat::Float16_b, ""},
    {DType::F16, tensix::DataFormat::Invalid, ""},        {DType::F16, tensix::DataFormat::Float16, ""},
    {DType::I32, tensix::DataFormat::Int32, "int32_t"},   {DType::U32, tensix::DataFormat::UInt32, "uint32_t"},
    {DType::U16, tensix::DataFormat::UInt16, "uint16_t"}, {DType::U8, tensix::DataFormat::UInt8, "uint8_t"},
    {DType::I8, tensix::DataFormat::Int8, "int8_t"},      {DType::Bool, tensix::DataFormat::Invalid, "uint8_t"},
    {DType::I16, tensix::DataFormat::Invalid, "int16_t"}, {DType::I64, tensix::DataFormat::Invalid, "int64_t"},
    {DType::F64, tensix::DataFormat::Invalid, "double"},  {DType::FP8E4M3, tensix::DataFormat::Invalid, ""},
    {DType::FP8E5M2, tensix::DataFormat::Invalid, ""},
};

constexpr std::string_view kBfloat16 = R"(
const Element kBfloat16{
    2,
    [](const void* at) {
        return double(std::bit_cast<float>(uint32_t(*static_cast<const uint16_t*>(at)) << 16));
    },
    [](void* at, double value) {
        const uint32_t bits = std::bit_cast<uint32_t>(float(value));
        const uint32_t rounded = std::isnan(value) ? bits | 0x400000 : bits + 0x7fff + (bits >> 16 & 1);
        *static_cast<uint16_t*>(at) = uint16_t(rounded >> 16);
    }};
)";

constexpr std::string_view kFloat16 = R"(
const Element kFloat16{
    2,
    [](const void* at) {
        const uint16_t bits = *static_cast<const uint16_t*>(at);
        const int exponent = bits >> 10 & 31, mantissa = bits & 1023;
        const double magnitude = exponent == 31 ? (mantissa ? NAN : INFINITY)
                                 : exponent     ? std::ldexp(1024 + mantissa, exponent - 25)
                                                : std::ldexp(mantissa, -24);
        return bits & 0x8000 ? -magnitude : magnitude;
    },
    [](void* at, double value) {
        const uint16_t sign = std::signbit(value) ? 0x8000 : 0;
        const double magnitude = std::abs(value);
        uint16_t bits = 0;
        if (std::isnan(value)) {
            bits = 0x7e00;
        } else if (magnitude >= 65520) {
            bits = 0x7c00;
        } else if (magnitude > 0) {
            const int exponent = std::max(std::ilogb(magnitude), -14);
            // The carry of a mantissa that rounds up to 2 goes into the exponent by itself.
            bits = uint16_t(std::nearbyint(std::ldexp(magnitude, 10 - exponent)) + (exponent + 14) * 1024);
        }
        *static_cast<uint16_t*>(at) = sign | bits;
    }};
)";

// Its exponent 31 goes on to 131008, which stands for infinity.
constexpr std::string_view kFloat16OfChip = R"(
const Element kFloat16OfChip{
    2,
    [](const void* at) {
        const double value = kFloat16.load(at);
        return std::isnan(value) ? std::copysign(double(INFINITY), value) : value;
    },
    [](void* at, double value) {
        kFloat16.store(at, value);
        auto* bits = static_cast<uint16_t*>(at);
        if ((*bits & 0x7c00) == 0x7c00) *bits |= 0x3ff;
    }};
)";

}  // namespace

std::span<const ElementRow> element_rows() { return kElements; }

const ElementRow* element(DType dtype) {
    for (const ElementRow& row : kElements)
        if (row.dtype == dtype) return &row;
    return nullptr;
}

const ElementRow* element(tensix::DataFormat format) {
    if (tensix::is_block_format(format)) format = tensix::DataFormat::Float32;
    for (const ElementRow& row : kElements)
        if (row.format == format) return &row;
    return nullptr;
}

std::string element_name(const ElementRow& row) {
    if (row.format == tensix::DataFormat::Float16) return "kFloat16OfChip";
    std::string name(to_string(row.dtype));
    name[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(name[0])));
    return "k" + name;
}

std::string element_code(const ElementRow& row) {
    if (row.dtype == DType::BF16) return std::string(kBfloat16.substr(1));
    if (row.format == tensix::DataFormat::Float16) return std::string(kFloat16OfChip.substr(1));
    if (row.dtype == DType::F16) return std::string(kFloat16.substr(1));
    if (row.dtype == DType::FP8E4M3) return "const Element " + element_name(row) + " = float8<4, 3, false>();\n";
    if (row.dtype == DType::FP8E5M2) return "const Element " + element_name(row) + " = float8<5, 2, true>();\n";
    const std::string type(row.type);
    return "const Element " + element_name(row) + "{" + std::to_string(size_bytes(row.dtype)) + ", " + plain(row.type) +
           ",\n    [](void* at, double value) { *static_cast<" + type + "*>(at) = " + type + "(value); }};\n";
}

}  // namespace tilelang_tt::codegen
