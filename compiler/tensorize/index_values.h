// What an index expression is worth in each lane of a T.Parallel body, as values: consecutive integers along rows or
// columns (Iota) and arithmetic on them.
#pragma once

#include <optional>
#include <vector>

#include "compiler/ir/context.h"
#include "compiler/tensorize/builder.h"

namespace tilelang_tt {

// The lanes that rows and columns of a body's blocks run over.
struct Frame {
    VarId row, col;
    int64_t rows = 1, cols = 1;
};

class IndexValues {
  public:
    IndexValues(Context& ctx, GraphBuilder& builder, const Frame& frame)
        : ctx_(ctx), builder_(builder), frame_(frame) {}

    // The expression as a value (or constant) of dtype: an integer or float type, or bool for a condition. Exact, or
    // rounded once where dtype is a float type that cannot hold it.
    graph::Operand value(IndexId id, DType dtype, LocId loc);

  private:
    // An expression's value: as integers, as numbers of f32 that are exact, or as both.
    struct Forms {
        std::optional<graph::Operand> integer, number;
    };
    Forms forms(IndexId id);
    Forms make(IndexId id);
    Forms affine(IndexId id, int64_t row, int64_t col);
    Forms divided(const IndexNode& node);
    std::optional<IndexId> rest(IndexId id, int64_t& row, int64_t& col);
    graph::Operand condition(IndexId id);
    graph::Operand integer(const Forms& forms);
    graph::Operand number(const Forms& forms);
    graph::Operand apply(tensix::TileFn fn, DType dtype, std::vector<graph::Operand> operands, bool full = false);
    graph::Operand iota(graph::Orientation orientation, IndexId base);
    bool exact(IndexId id, int64_t limit) const;
    bool uses_lanes(IndexId id) const;

    Context& ctx_;
    GraphBuilder& builder_;
    const Frame& frame_;
    LocId loc_;
};

}  // namespace tilelang_tt
