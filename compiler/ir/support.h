// Strong ids and small vocabulary types shared by every form of the compiler.
#pragma once

#include <bit>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>

namespace tilelang_tt {

// An index into one of a form's tables. Ids are never reused and never point across programs.
template <class Tag>
struct Id {
    static constexpr uint32_t kNone = std::numeric_limits<uint32_t>::max();
    uint32_t v = kNone;

    constexpr Id() = default;
    constexpr explicit Id(size_t value) : v(static_cast<uint32_t>(value)) {}
    constexpr bool valid() const { return v != kNone; }
    constexpr explicit operator bool() const { return valid(); }
    friend constexpr auto operator<=>(Id, Id) = default;
};

using LocId = Id<struct LocTag>;          // Context::locs
using VarId = Id<struct VarTag>;          // Context::index vars: grid axes, loops, lanes, shape symbols, core arguments
using IndexId = Id<struct IndexTag>;      // Context::index nodes
using LaneId = Id<struct LaneTag>;        // Context::lanes nodes
using TensorId = Id<struct TensorTag>;    // Context::tensors: parameters and workspaces in device memory
using BufferId = Id<struct BufferTag>;    // Launch::buffers of a TileProgram
using ValueId = Id<struct ValueTag>;      // TileGraph::values
using ChannelId = Id<struct ChannelTag>;  // ResourcePlan::channels, TensixProgram::channels: circular buffers

// Units are types where mixing them up has cost people days.
struct Tiles {
    int64_t v = 0;
    friend constexpr auto operator<=>(Tiles, Tiles) = default;
};
struct Bytes {
    int64_t v = 0;
    friend constexpr auto operator<=>(Bytes, Bytes) = default;
};
// Logical core coordinates (0,0)…(grid.x-1, grid.y-1); NoC coordinates are the device's business.
struct CoreCoord {
    int x = 0, y = 0;
    friend constexpr auto operator<=>(CoreCoord, CoreCoord) = default;
};

constexpr int64_t kTileDim = 32;
constexpr int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
// Equality of forms: NaN equals itself, 0 differs from -0.
constexpr bool same_bits(double a, double b) { return std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b); }

}  // namespace tilelang_tt

template <class Tag>
struct std::hash<tilelang_tt::Id<Tag>> {
    size_t operator()(tilelang_tt::Id<Tag> id) const { return std::hash<uint32_t>()(id.v); }
};
