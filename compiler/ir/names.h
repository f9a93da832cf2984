// Spelling of the forms' small enumerations in text, in the order of their values.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string_view>

#include "compiler/ir/tensix_program.h"
#include "compiler/ir/tile_graph.h"
#include "compiler/ir/tile_program.h"

namespace tilelang_tt {

template <class E>
inline constexpr std::span<const std::string_view> kEnumNames{};

#define TT_ENUM_NAMES(type, id, ...)                                         \
    inline constexpr auto id = std::to_array<std::string_view>(__VA_ARGS__); \
    template <>                                                              \
    inline constexpr std::span<const std::string_view> kEnumNames<type>{id};
TT_ENUM_NAMES(DType, kDTypeNames,
              {"bool", "i8", "u8", "i16", "u16", "i32", "u32", "i64", "bf16", "f16", "f32", "f64", "f8e4m3", "f8e5m2"})
TT_ENUM_NAMES(Storage, kStorageNames, {"own", "bfp8_b", "bfp4_b", "int4", "uint4", "int2", "uint2", "row_major"})
TT_ENUM_NAMES(VarKind, kVarKindNames, {"grid", "loop", "lane", "symbol", "core_arg"})
TT_ENUM_NAMES(tile::LoopKind, kLoopKindNames, {"serial", "pipelined", "unrolled", "persistent"})
TT_ENUM_NAMES(tile::Combine, kCombineNames, {"", "+", "max", "min"})
TT_ENUM_NAMES(tile::Scope, kScopeNames, {"shared", "fragment", "local"})
TT_ENUM_NAMES(graph::Orientation, kOrientationNames, {"tile", "row", "col", "scalar"})
TT_ENUM_NAMES(prog::UnpackMode, kUnpackModeNames, {"default", "to_dest"})
TT_ENUM_NAMES(prog::ChannelCall, kChannelCallNames, {"reserve_back", "push_back", "wait_front", "pop_front"})
TT_ENUM_NAMES(prog::Peers, kPeersNames, {"row", "column"})
TT_ENUM_NAMES(prog::NocCall, kNocCallNames, {"read_barrier", "writes_flushed", "write_barrier"})
TT_ENUM_NAMES(prog::DstCall, kDstCallNames, {"acquire", "commit", "wait", "release"})
TT_ENUM_NAMES(prog::ReconfigUnit, kReconfigUnitNames, {"srca", "srcb", "pack"})
TT_ENUM_NAMES(prog::PackerMode, kPackerModeNames, {"l1_accumulate", "relu"})
#undef TT_ENUM_NAMES

template <class E>
concept NamedEnum = std::is_enum_v<E> && !kEnumNames<E>.empty();

template <NamedEnum E>
std::string_view enum_name(E value) {
    const auto i = static_cast<size_t>(value);
    return i < kEnumNames<E>.size() ? kEnumNames<E>[i] : "?";
}
template <NamedEnum E>
std::optional<E> parse_enum(std::string_view text) {
    for (size_t i = 0; i < kEnumNames<E>.size(); ++i)
        if (kEnumNames<E>[i] == text) return static_cast<E>(i);
    return std::nullopt;
}
// The enumerations of tensix/ bring their own.
inline std::string_view enum_name(tensix::TileFn v) { return tensix::to_string(v); }
inline std::string_view enum_name(tensix::ReduceFn v) { return tensix::to_string(v); }
inline std::string_view enum_name(tensix::OpCode v) { return tensix::to_string(v); }
inline std::string_view enum_name(tensix::MathFidelity v) { return tensix::to_string(v); }
inline std::string_view enum_name(tensix::DataFormat v) { return tensix::name(v); }

}  // namespace tilelang_tt
