// Logical element types of a program. How a value is stored is a DataFormat (tensix/formats.h), chosen by placement.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tilelang_tt {

enum class DType : uint8_t { Bool, I8, U8, I16, U16, I32, U32, I64, BF16, F16, F32, F64, FP8E4M3, FP8E5M2 };

std::string_view to_string(DType dtype);                  // TVM's spelling: "float32", "bfloat16", "int8", "bool"
std::optional<DType> parse_dtype(std::string_view text);  // inverse; nullopt if unknown
int size_bytes(DType dtype);                              // of one element in host memory
bool is_float(DType dtype);
bool is_integer(DType dtype);  // signed or unsigned; not Bool

}  // namespace tilelang_tt
