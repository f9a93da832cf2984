#include "compiler/place/integers.h"

#include <bit>

namespace tilelang_tt::placed {
namespace {

using tensix::DataFormat;
using tensix::OpCode;
using tensix::OpKind;
using tensix::TileFn;

IntegerCall typecast(DataFormat from, DataFormat to) {
    return {OpCode::typecast_tile, {static_cast<int64_t>(from), static_cast<int64_t>(to)}};
}
IntegerCall bits(int64_t mask) { return {OpCode::bitwise_and_tile, {mask}}; }
IntegerCall with_float(OpCode op, float value) { return {op, {std::bit_cast<uint32_t>(value)}}; }

bool is_wide(DType dtype) { return dtype == DType::I32 || dtype == DType::U32; }

}  // namespace

std::vector<IntegerCall> after_copy(DType dtype, DataFormat format) {
    if (tensix::is_float(format)) return {typecast(DataFormat::Float32, DataFormat::Int32)};
    // Bytes of int8 are unpacked without their sign.
    if (dtype == DType::I8) return {typecast(DataFormat::Int8, DataFormat::Int32)};
    return {};
}

std::vector<IntegerCall> before_pack(DType dtype, DataFormat format) {
    // The packer takes 16-bit integers from where typecast_tile puts them.
    if (format == DataFormat::UInt16) return {typecast(DataFormat::Int32, DataFormat::UInt16)};
    // It would saturate what is negative.
    if (dtype == DType::I8) return {bits(0xff)};
    return {};
}

std::vector<IntegerCall> wrapped(DType dtype) {
    switch (dtype) {
        case DType::U8:
            return {bits(0xff)};
        case DType::U16:
            return {bits(0xffff)};
        case DType::I8:
            return {bits(0xff), typecast(DataFormat::Int8, DataFormat::Int32)};
        default:
            return {};
    }
}

std::vector<IntegerCall> to_integer(DType from, DType to) {
    if (is_integer(from)) {
        const bool fits = is_wide(to) || from == to || (from == DType::U8 && to == DType::U16);
        return fits ? std::vector<IntegerCall>{} : wrapped(to);
    }
    const DataFormat word = to == DType::U32 ? DataFormat::UInt32 : DataFormat::Int32;
    std::vector<IntegerCall> calls;
    // The chip's own conversions to fewer bits round (UInt16) or wrap (UInt8).
    if (from != DType::Bool && !is_wide(to)) {
        const bool is_signed = to == DType::I8;
        const float high = to == DType::U16 ? 65535 : is_signed ? 127 : 255;
        if (is_signed)
            calls.push_back(with_float(OpCode::unary_max_tile, -128));
        else
            calls.push_back({OpCode::relu_tile, {}});
        calls.push_back(with_float(OpCode::unary_min_tile, high));
    }
    calls.push_back(typecast(DataFormat::Float32, word));
    return calls;
}

std::vector<IntegerCall> to_float(DType from) {
    return {typecast(from == DType::U32 ? DataFormat::UInt32 : DataFormat::Int32, DataFormat::Float32)};
}

bool leaves_range(TileFn fn, DType dtype) {
    if (is_wide(dtype)) return false;
    switch (fn) {
        case TileFn::Add:
        case TileFn::Sub:
        case TileFn::Mul:
        case TileFn::ShiftLeft:
        case TileFn::Neg:
            return true;
        case TileFn::BitNot:
            return dtype != DType::I8;
        case TileFn::Abs:  // of -128
        case TileFn::FloorDiv:
            return dtype == DType::I8;
        default:
            return false;
    }
}

std::optional<OpCode> integer_op(OpKind kind, TileFn fn, DType dtype) {
    if (dtype == DType::U32) {
        switch (fn) {
            case TileFn::Lt:
                return OpCode::lt_uint_tile;
            case TileFn::Gt:
                return OpCode::gt_uint_tile;
            case TileFn::Le:
                return OpCode::le_uint_tile;
            case TileFn::Ge:
                return OpCode::ge_uint_tile;
            case TileFn::Max:
                return OpCode::binary_max_uint32_tile;
            case TileFn::Min:
                return OpCode::binary_min_uint32_tile;
            case TileFn::FloorMod:
                return OpCode::remainder_uint32_tile;
            case TileFn::ShiftRight:
                return OpCode::binary_logical_right_shift_tile;
            case TileFn::FloorDiv:
                return std::nullopt;
            default:
                break;
        }
    }
    return tensix::find_op(tensix::Unit::Sfpu, kind, fn, tensix::Broadcast::None, true);
}

}  // namespace tilelang_tt::placed
