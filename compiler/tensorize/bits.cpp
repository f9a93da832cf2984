#include "compiler/tensorize/bits.h"

#include <algorithm>

namespace tilelang_tt {
namespace {

using graph::Operand;
using graph::TileType;
using tensix::ReduceFn;
using tensix::TileFn;

constexpr int kField = 6, kFields = 5;       // bits of a count of up to 32, and how many lie in a word
constexpr int64_t kCounted = 0x01041041;     // the lowest bit of each field
constexpr int64_t kMost = kField * kFields;  // bits from here on have a sum of their own
static_assert((int64_t{kTileDim} >> kField) == 0);

class BitReduction {
  public:
    BitReduction(Context& ctx, GraphBuilder& builder, bool any, int64_t dim, int bits, const std::string& name,
                 LocId loc)
        : ctx_(ctx), builder_(builder), any_(any), dim_(dim), bits_(bits), name_(name), loc_(loc) {}

    // Over at most 32 elements at a time: what is more is folded first, tile upon tile.
    ValueId run(ValueId value) {
        const TileType type = builder_.type(value);
        const bool over_rows = dim_ == 0 || (dim_ < 0 && type.cols == 1);
        const int64_t extent = over_rows ? type.rows : type.cols, whole = extent / kTileDim * kTileDim;
        const auto part = [&](int64_t at, int64_t count) {
            const IndexId from = ctx_.index.constant(at), zero = ctx_.index.constant(0);
            return builder_.slice(value, over_rows ? from : zero, over_rows ? zero : from,
                                  over_rows ? count : type.rows, over_rows ? type.cols : count, loc_);
        };
        if (extent <= kTileDim) return of_tile(value);
        ValueId folded = part(0, kTileDim);
        for (int64_t at = kTileDim; at < whole; at += kTileDim) folded = combined(folded, part(at, kTileDim));
        const ValueId result = of_tile(folded);
        return whole == extent ? result : combined(result, of_tile(part(whole, extent - whole)));
    }

  private:
    ValueId apply(TileFn fn, ValueId a, int64_t b) {
        return builder_.eltwise(fn, builder_.type(a), {{a}, {{}, static_cast<double>(b)}}, name_ + "_bits", loc_);
    }
    ValueId apply(TileFn fn, ValueId a, ValueId b) {
        return builder_.eltwise(fn, builder_.type(a), {{a}, {b}}, name_ + "_bits", loc_);
    }
    ValueId combined(ValueId a, ValueId b) { return apply(any_ ? TileFn::BitOr : TileFn::BitXor, a, b); }
    ValueId shifted(TileFn fn, ValueId a, int64_t by) { return by == 0 ? a : apply(fn, a, by); }

    ValueId of_tile(ValueId value) {
        ValueId result;
        const auto join = [&](ValueId bits) { result = result ? apply(TileFn::BitOr, result, bits) : bits; };
        for (int k = 0; k < std::min(kField, bits_); ++k) {
            const ValueId piece = apply(TileFn::BitAnd, shifted(TileFn::ShiftRight, value, k), kCounted);
            join(shifted(TileFn::ShiftLeft, counted(piece), k));
        }
        if (bits_ <= kMost) return result;
        // The last two bits, to the first two fields.
        const ValueId low = apply(TileFn::BitAnd, apply(TileFn::ShiftRight, value, kMost), 1);
        const ValueId high = apply(TileFn::BitAnd, apply(TileFn::ShiftRight, value, kMost + 1 - kField), 1 << kField);
        const ValueId counts = counted(apply(TileFn::BitOr, low, high));
        join(apply(TileFn::ShiftLeft, apply(TileFn::BitAnd, counts, 1), kMost));
        join(apply(TileFn::ShiftLeft, apply(TileFn::BitAnd, counts, 1 << kField), kMost + 1 - kField));
        return result;
    }

    // In the lowest bit of each field, whether any or an odd number of the elements has it set.
    ValueId counted(ValueId piece) {
        const TileType type = builder_.type(piece);
        const bool both = dim_ < 0;
        ValueId sum =
            builder_.value(tile_type(DType::I32, both || dim_ == 0 ? 1 : type.rows, both || dim_ == 1 ? 1 : type.cols),
                           name_ + "_counts", loc_);
        const int64_t dim = builder_.type(sum).orientation == graph::Orientation::Scalar ? -1 : dim_;
        builder_.add(graph::Reduce{{sum}, ReduceFn::Sum, piece, {}, dim}, loc_);
        if (any_)
            for (int by : {1, 2, 2}) sum = apply(TileFn::BitOr, sum, apply(TileFn::ShiftRight, sum, by));
        return apply(TileFn::BitAnd, sum, kCounted);
    }

    Context& ctx_;
    GraphBuilder& builder_;
    bool any_;
    int64_t dim_;
    int bits_;
    const std::string& name_;
    LocId loc_;
};

}  // namespace

ValueId reduce_bits(Context& ctx, GraphBuilder& builder, ReduceFn fn, ValueId value, int64_t dim, int bits,
                    const std::string& name, LocId loc) {
    // All are set where none is not.
    const auto complement = [&](ValueId id) {
        return builder.eltwise(TileFn::BitNot, builder.type(id), {{id}}, name + "_not", loc);
    };
    if (fn == ReduceFn::BitAnd) value = complement(value);
    const ValueId result = BitReduction(ctx, builder, fn != ReduceFn::BitXor, dim, bits, name, loc).run(value);
    return fn == ReduceFn::BitAnd ? complement(result) : result;
}

}  // namespace tilelang_tt
