// TileGraph: one block's work as SSA values in structured regions. A value is a 2-D block of elements (or a row, column
// or scalar of them) without a place; buffers, copies between them and their reuse are gone.
//
// Elements outside a value's logical extent but inside its last hardware tile are unobservable (docs/semantics.md):
// every consumer masks with its own neutral element. Loads give 0 outside the tensor; stores outside it are dropped.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "compiler/ir/context.h"
#include "tensix/tile_fn.h"

namespace tilelang_tt::graph {

// Full: rows × cols. Row: 1 × cols, the values stand in row 0 of a tile. Col: rows × 1, in column 0. Scalar: 1 × 1.
enum class Orientation : uint8_t { Full, Row, Col, Scalar };

struct TileType {
    DType dtype = DType::F32;
    Orientation orientation = Orientation::Full;
    int64_t rows = 1, cols = 1;  // elements
    // As it lies in L1 on the way from or to a tensor in rows: one row of elements after the other, each as long as its
    // tiles are wide. Only loads, stores, tilize and untilize take such a value.
    bool in_rows = false;
    int64_t tile_rows() const { return ceil_div(rows, kTileDim); }
    int64_t tile_cols() const { return ceil_div(cols, kTileDim); }
    int64_t tiles() const { return tile_rows() * tile_cols(); }
    friend bool operator==(const TileType&, const TileType&) = default;
};

struct Value {
    TileType type;
    std::string name;  // the user's buffer where there is one ("C_local"), unique in the graph
    LocId loc;
    friend bool operator==(const Value&, const Value&) = default;
};

struct Op;
struct Region {
    std::vector<ValueId> args;  // carried values of a loop body
    std::vector<Op> ops;        // ends with Yield where the parent takes results
    friend bool operator==(const Region&, const Region&);
};

// The value an op defines.
struct Def {
    ValueId id;
    friend bool operator==(const Def&, const Def&) = default;
};

// A block of a tensor: offset[d] is where dimension d starts (elements); row_dim and col_dim are the dimensions that
// the value's rows and columns run over, -1 for none; all other dimensions have extent 1.
struct Window {
    TensorId tensor;
    std::vector<IndexId> offset;
    int64_t row_dim = -1, col_dim = -1;
    friend bool operator==(const Window&, const Window&) = default;
};

struct Load {
    static constexpr std::string_view kName = "load";
    Def result;
    Window from;
    template <class Self, class V>
    static void fields(Self& s, V&& v) {
        v("result", s.result), v("from", s.from);
    }
    friend bool operator==(const Load&, const Load&) = default;
};

// A block of a tensor in rows, as tiles. What its last tiles hold beyond its extents is 0.
struct Tilize {
    static constexpr std::string_view kName = "tilize";
    Def result;
    ValueId value;
    template <class Self, class V>
    static void fields(Self& s, V&& v) {
        v("result", s.result), v("value", s.value);
    }
    friend bool operator==(const Tilize&, const Tilize&) = default;
};

// The same block in rows, for a tensor that lies so.
struct Untilize {
    static constexpr std::string_view kName = "untilize";
    Def result;
    ValueId value;
    template <class Self, class V>
    static void fields(Self& s, V&& v) {
        v("result", s.result), v("value", s.value);
    }
    friend bool operator==(const Untilize&, const Untilize&) = default;
};

// Elements whose row (column) is at or past the tensor's extent are dropped.
struct Store {
    static constexpr std::string_view kName = "store";
    ValueId value;
    Window to;
    template <class Self, class V>
    static void fields(Self& s, V&& v) {
        v("value", s.value), v("to", s.to);
    }
    friend bool operator==(const Store&, const Store&) = default;
};

struct Fill {
    static constexpr std::string_view kName = "fill";
    Def result;
    double value = 0;
    template <class Self, class V>
    static void fields(Self& s, V&& v) {
        v("result", s.result), v("value", s.value);
    }
    friend bool operator==(const Fill& x, const Fill& y) { return x.result == y.result && same_bits(x.value, y.value); }
};

// Consecutive integers. Row: element (0, c) is base + c. Col: (r, 0) is base + r. Scalar: base. dtype: i32, or f32
// where all of them are below 2^24 and thus exact.
struct Iota {
    static constexpr std::string_view kName = "iota";
    Def result;
    IndexId base;
    template <class Self, class V>
    static void fields(Self& s, V&& v) {
        v("result", s.result), v("base", s.base);
    }
    friend bool operator==(const Iota&, const Iota&) = default;
};

// The number whose fp32 bit pattern is `bits`, a scalar of f32: how a float argument of the kernel arrives.
struct FromBits {
    static constexpr std::string_view kName = "from_bits";
    Def result;
    IndexId bits;
    template <class Self, class V>
    static void fields(Self& s, V&& v) {
        v("result", s.result), v("bits", s.bits);
    }
    friend bool operator==(const FromBits&, const FromBits&) = default;
};

// The value itself; between its extent and the edge of its last tile stands `fill`. For consumers that run over whole
// tiles: reductions and matmul over K.
struct Pad {
    static constexpr std::string_view kName = "pad";
    Def result;
    ValueId value;
    double fill = 0;
    template <class Self, class V>
    static void fields(Self& s, V&& v) {
        v("result", s.result), v("value", s.value), v("fill", s.fill);
    }
    friend bool operator==(const Pad& x, const Pad& y) {
        return x.result == y.result && x.value == y.value && same_bits(x.fill, y.fill);
    }
};

// result = op(a) · op(b) + acc; acc is of result's type, or invalid for 0.
struct Matmul {
    static constexpr std::string_view kName = "matmul";
    Def result;
    ValueId a, b, acc;
    bool trans_a = false, trans_b = false;
    template <class Self, class V>
    static void fields(Self& s, V&& v) {
        v("result", s.result), v("a", s.a), v("b", s.b), v("acc", s.acc), v("trans_a", s.trans_a),
            v("trans_b", s.trans_b);
    }
    friend bool operator==(const Matmul&, const Matmul&) = default;
};

// An operand of an elementwise op: a value (rows, columns and scalars broadcast to the result) or a constant.
struct Operand {
    ValueId value;  // invalid: the constant
    double constant = 0;
    friend bool operator==(const Operand& x, const Operand& y) {
        return x.value == y.value && same_bits(x.constant, y.constant);
    }
};

// result = fn(operands…) elementwise, computed and rounded in result's dtype (for comparisons: operands' dtype).
struct Eltwise {
    static constexpr std::string_view kName = "eltwise";
    Def result;
    tensix::TileFn fn = tensix::TileFn::Identity;
    std::vector<Operand> operands;
    template <class Self, class V>
    static void fields(Self& s, V&& v) {
        v("result", s.result), v("fn", s.fn), v("operands", s.operands);
    }
    friend bool operator==(const Eltwise&, const Eltwise&) = default;
};

// result = fn over rows (dim 0 → Row), columns (dim 1 → Col) or both (dim -1 → Scalar); acc, where valid, joins in.
struct Reduce {
    static constexpr std::string_view kName = "reduce";
    Def result;
    tensix::ReduceFn fn = tensix::ReduceFn::Sum;
    ValueId value, acc;
    int64_t dim = 1;
    template <class Self, class V>
    static void fields(Self& s, V&& v) {
        v("result", s.result), v("fn", s.fn), v("value", s.value), v("acc", s.acc), v("dim", s.dim);
    }
    friend bool operator==(const Reduce&, const Reduce&) = default;
};

// result = running sums or maxima down the rows, from the last row up if reverse; in result's dtype.
struct Scan {
    static constexpr std::string_view kName = "scan";
    Def result;
    tensix::ReduceFn fn = tensix::ReduceFn::Sum;  // Sum or Max
    ValueId value;
    bool reverse = false;
    template <class Self, class V>
    static void fields(Self& s, V&& v) {
        v("result", s.result), v("fn", s.fn), v("value", s.value), v("reverse", s.reverse);
    }
    friend bool operator==(const Scan&, const Scan&) = default;
};

// Rows and columns change places (element-wise transpose; Row ↔ Col).
struct Transpose {
    static constexpr std::string_view kName = "transpose";
    Def result;
    ValueId value;
    template <class Self, class V>
    static void fields(Self& s, V&& v) {
        v("result", s.result), v("value", s.value);
    }
    friend bool operator==(const Transpose&, const Transpose&) = default;
};

// The part of value that starts at (row, col) and has result's extents. It lies inside the value, starts at a tile's
// edge and ends at one or at the value's end; result is of the value's orientation.
struct Slice {
    static constexpr std::string_view kName = "slice";
    Def result;
    ValueId value;
    IndexId row, col;  // elements
    template <class Self, class V>
    static void fields(Self& s, V&& v) {
        v("result", s.result), v("value", s.value), v("row", s.row), v("col", s.col);
    }
    friend bool operator==(const Slice&, const Slice&) = default;
};

// `into` with the part that starts at (row, col) replaced by `part`, which lies in it as a Slice would.
struct Insert {
    static constexpr std::string_view kName = "insert";
    Def result;
    ValueId into, part;
    IndexId row, col;  // elements
    template <class Self, class V>
    static void fields(Self& s, V&& v) {
        v("result", s.result), v("into", s.into), v("part", s.part), v("row", s.row), v("col", s.col);
    }
    friend bool operator==(const Insert&, const Insert&) = default;
};

// for var in [begin, begin + extent): body.args take inits, then what the body yields; results are the last yields.
struct For {
    static constexpr std::string_view kName = "for";
    std::vector<Def> results;
    VarId var;
    IndexId begin, extent;
    int64_t num_stages = 0;
    std::vector<ValueId> inits;
    Region body;
    template <class Self, class V>
    static void fields(Self& s, V&& v) {
        v("results", s.results), v("var", s.var), v("begin", s.begin), v("extent", s.extent),
            v("num_stages", s.num_stages), v("inits", s.inits), v("body", s.body);
    }
    friend bool operator==(const For&, const For&) = default;
};

struct If {
    static constexpr std::string_view kName = "if";
    std::vector<Def> results;
    IndexId cond;
    Region then, otherwise;
    template <class Self, class V>
    static void fields(Self& s, V&& v) {
        v("results", s.results), v("cond", s.cond), v("then", s.then), v("otherwise", s.otherwise);
    }
    friend bool operator==(const If&, const If&) = default;
};

struct Yield {
    static constexpr std::string_view kName = "yield";
    std::vector<ValueId> values;
    template <class Self, class V>
    static void fields(Self& s, V&& v) {
        v("values", s.values);
    }
    friend bool operator==(const Yield&, const Yield&) = default;
};

struct Op {
    std::variant<Load, Store, Fill, Matmul, Eltwise, Reduce, Scan, Transpose, Slice, Insert, For, If, Yield, Iota,
                 FromBits, Pad, Tilize, Untilize>
        v;
    LocId loc;
    friend bool operator==(const Op&, const Op&) = default;
};
inline bool operator==(const Region& a, const Region& b) { return a.args == b.args && a.ops == b.ops; }

// One launch's block body. Grid variables are free in it.
struct Launch {
    std::vector<VarId> grid;
    std::vector<IndexId> grid_extents;
    std::vector<Value> values;
    Region body;
    LocId loc;
    const Value& value(ValueId id) const { return values[id.v]; }
    friend bool operator==(const Launch&, const Launch&) = default;
};

}  // namespace tilelang_tt::graph

namespace tilelang_tt {

struct TileGraph {
    Context ctx;
    std::vector<graph::Launch> launches;
    friend bool operator==(const TileGraph&, const TileGraph&) = default;
};

}  // namespace tilelang_tt
