// TileProgram: a TileLang program as plain data. Its meaning is that of TileLang's own documentation: a block of the
// grid runs its body once, reads and writes buffers of its own and tensors of everyone.
//
// Every op has `static constexpr kName` and `fields(self, visitor)`: the one list that drives printing, parsing,
// equality, hashing and walking (compiler/ir/text.h).
#pragma once

#include <cmath>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "compiler/ir/context.h"
#include "tensix/tile_fn.h"

namespace tilelang_tt::tile {

struct Op;
struct Region {
    std::vector<Op> ops;
    friend bool operator==(const Region&, const Region&);
};

// Persistent: over the tiles of one block of T.Persistent, which are independent of each other.
enum class LoopKind : uint8_t { Serial, Pipelined, Unrolled, Persistent };

struct For {
    static constexpr std::string_view kName = "for";
    VarId var;
    IndexId begin, extent;  // var runs over [begin, begin + extent)
    LoopKind kind = LoopKind::Serial;
    int64_t num_stages = 0;  // of T.Pipelined; 0: not given
    Region body;
    template <class Self, class V>
    static void fields(Self& s, V&& v) {
        v("var", s.var), v("begin", s.begin), v("extent", s.extent), v("kind", s.kind), v("num_stages", s.num_stages),
            v("body", s.body);
    }
    friend bool operator==(const For&, const For&) = default;
};

struct If {
    static constexpr std::string_view kName = "if";
    IndexId cond;
    Region then, otherwise;
    template <class Self, class V>
    static void fields(Self& s, V&& v) {
        v("cond", s.cond), v("then", s.then), v("otherwise", s.otherwise);
    }
    friend bool operator==(const If&, const If&) = default;
};

// dst[...] = cast(src[...]). Extents agree after dropping dimensions of extent 1. Reads outside a tensor give 0, writes
// outside are dropped.
struct Copy {
    static constexpr std::string_view kName = "copy";
    Access src, dst;
    template <class Self, class V>
    static void fields(Self& s, V&& v) {
        v("src", s.src), v("dst", s.dst);
    }
    friend bool operator==(const Copy&, const Copy&) = default;
};

struct Fill {
    static constexpr std::string_view kName = "fill";
    Access dst;
    double value = 0;
    template <class Self, class V>
    static void fields(Self& s, V&& v) {
        v("dst", s.dst), v("value", s.value);
    }
    friend bool operator==(const Fill& x, const Fill& y) { return x.dst == y.dst && same_bits(x.value, y.value); }
};

// c (+)= op(a) · op(b), accumulated in c's dtype. clear: c is zeroed first.
struct Gemm {
    static constexpr std::string_view kName = "gemm";
    Access a, b, c;
    bool trans_a = false, trans_b = false, clear = false;
    template <class Self, class V>
    static void fields(Self& s, V&& v) {
        v("a", s.a), v("b", s.b), v("c", s.c), v("trans_a", s.trans_a), v("trans_b", s.trans_b), v("clear", s.clear);
    }
    friend bool operator==(const Gemm&, const Gemm&) = default;
};

// dst = reduce(src, dim), combined with dst's old contents unless clear.
struct Reduce {
    static constexpr std::string_view kName = "reduce";
    tensix::ReduceFn fn = tensix::ReduceFn::Sum;
    Access src, dst;
    int64_t dim = 0;
    bool clear = true;
    template <class Self, class V>
    static void fields(Self& s, V&& v) {
        v("fn", s.fn), v("src", s.src), v("dst", s.dst), v("dim", s.dim), v("clear", s.clear);
    }
    friend bool operator==(const Reduce&, const Reduce&) = default;
};

// dst = running sums or maxima of src along dim, from its end if reverse; each element takes part in its own.
struct Scan {
    static constexpr std::string_view kName = "scan";
    tensix::ReduceFn fn = tensix::ReduceFn::Sum;  // Sum or Max
    Access src, dst;
    int64_t dim = 0;
    bool reverse = false;
    template <class Self, class V>
    static void fields(Self& s, V&& v) {
        v("fn", s.fn), v("src", s.src), v("dst", s.dst), v("dim", s.dim), v("reverse", s.reverse);
    }
    friend bool operator==(const Scan&, const Scan&) = default;
};

// How a store meets what is there: replaces it, or joins it as an atomic does. All contributions of all blocks and
// lanes count, in any order.
enum class Combine : uint8_t { None, Add, Max, Min };
// What changes nothing: combining it with x gives x.
inline double identity_of(Combine combine, DType dtype) {
    if (combine == Combine::Add) return 0;
    if (is_float(dtype)) return combine == Combine::Max ? -HUGE_VAL : HUGE_VAL;
    const int bits = static_cast<int>(8 * size_bytes(dtype));
    const bool is_signed = dtype == DType::I8 || dtype == DType::I16 || dtype == DType::I32 || dtype == DType::I64;
    if (combine == Combine::Min) return std::ldexp(1.0, is_signed ? bits - 1 : bits) - 1;
    return is_signed ? -std::ldexp(1.0, bits - 1) : 0;
}

// ref[indices] = value where cond (if valid) holds.
struct Store {
    Ref ref;
    std::vector<IndexId> indices;
    LaneId value;
    IndexId cond;
    LocId loc;
    Combine combine = Combine::None;
    friend bool operator==(const Store&, const Store&) = default;
};

// T.Parallel: for all lanes (vars[i] in [0, extents[i])), the stores in order. Lanes are independent of each other.
struct Map {
    static constexpr std::string_view kName = "parallel";
    std::vector<VarId> vars;
    std::vector<IndexId> extents;
    std::vector<Store> stores;
    template <class Self, class V>
    static void fields(Self& s, V&& v) {
        v("vars", s.vars), v("extents", s.extents), v("stores", s.stores);
    }
    friend bool operator==(const Map&, const Map&) = default;
};

struct Op {
    std::variant<For, If, Copy, Fill, Gemm, Reduce, Scan, Map> v;
    LocId loc;
    friend bool operator==(const Op&, const Op&) = default;
};
inline bool operator==(const Region& a, const Region& b) { return a.ops == b.ops; }

enum class Scope : uint8_t { Shared, Fragment, Local };

struct Buffer {
    std::string name;
    DType dtype = DType::F32;
    std::vector<int64_t> shape;
    Scope scope = Scope::Shared;
    LocId loc;
    BufferId view_of = {};  // another shape of that buffer's elements, in row-major order
    friend bool operator==(const Buffer&, const Buffer&) = default;
};

struct Launch {
    std::vector<VarId> grid;            // Grid variables, fastest (blockIdx.x) first; bounds are set when constant
    std::vector<IndexId> grid_extents;  // same order
    std::vector<Buffer> buffers;
    Region body;
    LocId loc;
    friend bool operator==(const Launch&, const Launch&) = default;
};

}  // namespace tilelang_tt::tile

namespace tilelang_tt {

struct TileProgram {
    Context ctx;
    std::vector<tile::Launch> launches;
    std::vector<Diagnostic> remarks;  // e.g. a note on an ignored threads=; not part of the text form
    friend bool operator==(const TileProgram& a, const TileProgram& b) {
        return a.ctx == b.ctx && a.launches == b.launches;
    }
};

}  // namespace tilelang_tt
