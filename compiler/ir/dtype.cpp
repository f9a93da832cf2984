#include "compiler/ir/dtype.h"

#include <array>

namespace tilelang_tt {
namespace {

enum class Kind : uint8_t { Bool, Integer, Float };
struct Row {
    DType dtype;
    std::string_view name;
    int bytes;
    Kind kind;
};
constexpr std::array<Row, 14> kRows{{
    {DType::Bool, "bool", 1, Kind::Bool},
    {DType::I8, "int8", 1, Kind::Integer},
    {DType::U8, "uint8", 1, Kind::Integer},
    {DType::I16, "int16", 2, Kind::Integer},
    {DType::U16, "uint16", 2, Kind::Integer},
    {DType::I32, "int32", 4, Kind::Integer},
    {DType::U32, "uint32", 4, Kind::Integer},
    {DType::I64, "int64", 8, Kind::Integer},
    {DType::BF16, "bfloat16", 2, Kind::Float},
    {DType::F16, "float16", 2, Kind::Float},
    {DType::F32, "float32", 4, Kind::Float},
    {DType::F64, "float64", 8, Kind::Float},
    {DType::FP8E4M3, "float8_e4m3fn", 1, Kind::Float},
    {DType::FP8E5M2, "float8_e5m2", 1, Kind::Float},
}};
constexpr bool in_order() {
    for (size_t i = 0; i < kRows.size(); ++i)
        if (static_cast<size_t>(kRows[i].dtype) != i) return false;
    return true;
}
static_assert(in_order());

const Row& row(DType dtype) { return kRows[static_cast<size_t>(dtype)]; }

}  // namespace

std::string_view to_string(DType dtype) { return row(dtype).name; }

std::optional<DType> parse_dtype(std::string_view text) {
    for (const Row& r : kRows)
        if (r.name == text) return r.dtype;
    if (text == "float8_e4m3") return DType::FP8E4M3;
    return std::nullopt;
}

int size_bytes(DType dtype) { return row(dtype).bytes; }
bool is_float(DType dtype) { return row(dtype).kind == Kind::Float; }
bool is_integer(DType dtype) { return row(dtype).kind == Kind::Integer; }

}  // namespace tilelang_tt
