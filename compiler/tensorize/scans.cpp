#include "compiler/tensorize/scans.h"

#include <algorithm>
#include <cmath>

namespace tilelang_tt {
namespace {

using graph::Operand;
using graph::TileType;
using tensix::ReduceFn;
using tensix::TileFn;

constexpr int64_t kExact = int64_t{1} << 24;  // whole numbers up to here are exact in fp32
constexpr int64_t kUnrolled = 2;              // tile rows of a running maximum; more become a loop

TileType with(TileType type, DType dtype) {
    type.dtype = dtype;
    return type;
}

// What a maximum starts from.
double smallest(DType dtype) {
    switch (dtype) {
        case DType::I32:
            return -2147483648.0;
        case DType::U32:
            return 0;
        default:
            return -HUGE_VAL;
    }
}

class RunningMaximum {
  public:
    RunningMaximum(Context& ctx, GraphBuilder& builder, ValueId value, bool reverse, std::string name, LocId loc)
        : ctx_(ctx),
          builder_(builder),
          value_(value),
          reverse_(reverse),
          name_(std::move(name)),
          loc_(loc),
          type_(builder.type(value)),
          row_(tile_type(type_.dtype, 1, type_.cols)),
          before_(builder.fill(row_, smallest(type_.dtype), name_ + "_before", loc)) {}

    ValueId run() {
        if (type_.rows == 1) return value_;
        const int64_t whole = type_.rows / kTileDim, rest = type_.rows % kTileDim;
        if (whole + (rest != 0) == 1) return rows_of(value_, type_.rows);
        out_ = builder_.fill(type_, smallest(type_.dtype), name_, loc_);
        if (reverse_ && rest != 0) tile(ctx_.index.constant(whole * kTileDim), rest);
        if (whole <= kUnrolled)
            for (int64_t t = 0; t < whole; ++t)
                tile(ctx_.index.constant((reverse_ ? whole - 1 - t : t) * kTileDim), kTileDim);
        else
            whole_tiles(whole);
        if (!reverse_ && rest != 0) tile(ctx_.index.constant(whole * kTileDim), rest);
        return out_;
    }

  private:
    // One tile row after the other, in a loop that carries the result and the maximum so far.
    void whole_tiles(int64_t count) {
        IndexArena& index = ctx_.index;
        graph::For loop;
        loop.var = index.new_var({"t", VarKind::Loop, 0, count - 1});
        loop.begin = index.constant(0), loop.extent = index.constant(count);
        loop.inits = {out_, before_};
        const ValueId out = builder_.value(type_, name_, loc_), before = builder_.value(row_, name_ + "_before", loc_);
        loop.body.args = {out, before};
        out_ = out, before_ = before;
        graph::Region* parent = builder_.enter(&loop.body);
        const IndexId t = index.of(loop.var);
        tile(index.mul(reverse_ ? index.sub(index.constant(count - 1), t) : t, index.constant(kTileDim)), kTileDim);
        builder_.add(graph::Yield{{out_, before_}}, loc_);
        builder_.enter(parent);
        out_ = builder_.value(type_, name_, loc_), before_ = builder_.value(row_, name_ + "_before", loc_);
        loop.results = {{out_}, {before_}};
        builder_.add(std::move(loop), loc_);
    }

    void tile(IndexId row, int64_t rows) {
        const IndexId zero = ctx_.index.constant(0);
        const ValueId part = builder_.slice(value_, row, zero, rows, type_.cols, loc_);
        out_ = builder_.insert(out_, rows_of(part, rows), row, zero, loc_);
        before_ = maximum(part, before_);
    }

    ValueId maximum(ValueId value, ValueId before) {
        const ValueId result = builder_.value(row_, name_ + "_max", loc_);
        const bool both = row_.orientation == graph::Orientation::Scalar;
        builder_.add(graph::Reduce{{result}, ReduceFn::Max, value, before, both ? -1 : 0}, loc_);
        return result;
    }

    // The running maxima of at most one tile row: what came before joins each.
    ValueId rows_of(ValueId part, int64_t rows) {
        IndexArena& index = ctx_.index;
        const TileType type = builder_.type(part);
        graph::For loop;
        loop.var = index.new_var({"r", VarKind::Loop, 0, rows - 1});
        loop.begin = index.constant(0), loop.extent = index.constant(rows);
        loop.inits = {builder_.fill(type, smallest(type.dtype), name_, loc_)};
        const ValueId sofar = builder_.value(type, name_, loc_);
        loop.body.args = {sofar};
        graph::Region* parent = builder_.enter(&loop.body);
        const ValueId position = builder_.value(tile_type(DType::I32, rows, 1), "row", loc_);
        builder_.add(graph::Iota{{position}, index.constant(0)}, loc_);
        const ValueId at = builder_.value(tile_type(DType::I32, 1, 1), "r", loc_);
        builder_.add(graph::Iota{{at}, index.of(loop.var)}, loc_);
        const auto where = [&](TileFn fn, ValueId then, Operand otherwise, const std::string& name) {
            const ValueId test =
                builder_.eltwise(fn, tile_type(DType::Bool, rows, 1), {{position}, {at}}, name + "_rows", loc_);
            return builder_.eltwise(TileFn::Select, type, {{test}, {then}, otherwise}, name, loc_);
        };
        const ValueId upto =
            where(reverse_ ? TileFn::Ge : TileFn::Le, part, {{}, smallest(type.dtype)}, name_ + "_upto");
        const ValueId out = where(TileFn::Eq, maximum(upto, before_), {sofar}, name_);
        builder_.add(graph::Yield{{out}}, loc_);
        builder_.enter(parent);
        const ValueId result = builder_.value(type, name_, loc_);
        loop.results = {{result}};
        builder_.add(std::move(loop), loc_);
        return result;
    }

    Context& ctx_;
    GraphBuilder& builder_;
    ValueId value_;
    bool reverse_;
    std::string name_;
    LocId loc_;
    TileType type_, row_;
    ValueId out_, before_;  // the result, and the maximum of the tile rows that are done
};

}  // namespace

ValueId running_sum_of_integers(GraphBuilder& builder, ValueId value, int bits, const std::string& name, LocId loc) {
    const ValueId word = builder.cast(value, DType::I32, loc);
    const TileType type = builder.type(word), floats = with(type, DType::F32);
    const auto scan = [&](ValueId piece) {
        const ValueId sums = builder.value(floats, name + "_sums", loc);
        builder.add(graph::Scan{{sums}, ReduceFn::Sum, builder.cast(piece, DType::F32, loc), false}, loc);
        return builder.cast(sums, DType::I32, loc);
    };
    // Numbers of 8 and 16 bits whose sums fit are pieces as they are, with their sign.
    if (bits < 32 && type.rows << bits <= kExact) return scan(word);
    int piece_bits = 1;
    while (piece_bits < 16 && type.rows << (piece_bits + 1) <= kExact) ++piece_bits;
    ValueId sum;
    for (int at = 0; at < 32; at += piece_bits) {
        const auto number = [](int64_t n) { return Operand{{}, static_cast<double>(n)}; };
        ValueId piece = word;
        if (at != 0) piece = builder.eltwise(TileFn::ShiftRight, type, {{piece}, number(at)}, name + "_bits", loc);
        const int64_t mask = (int64_t{1} << std::min(piece_bits, 32 - at)) - 1;
        piece = builder.eltwise(TileFn::BitAnd, type, {{piece}, number(mask)}, name + "_bits", loc);
        piece = scan(piece);
        if (at != 0) piece = builder.eltwise(TileFn::ShiftLeft, type, {{piece}, number(at)}, name + "_sums", loc);
        sum = sum ? builder.eltwise(TileFn::Add, type, {{sum}, {piece}}, name, loc) : piece;
    }
    return sum;
}

ValueId running_maximum(Context& ctx, GraphBuilder& builder, ValueId value, bool reverse, const std::string& name,
                        LocId loc) {
    return RunningMaximum(ctx, builder, value, reverse, name, loc).run();
}

}  // namespace tilelang_tt
