// Builds one launch of a TileGraph: regions, values, and the conversions between orientations and dtypes.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "compiler/ir/tile_graph.h"

namespace tilelang_tt {

// The type of a block of rows × cols elements.
graph::TileType tile_type(DType dtype, int64_t rows, int64_t cols);

class GraphBuilder {
  public:
    explicit GraphBuilder(graph::Launch& launch) : launch_(launch), region_(&launch.body) {}

    const graph::TileType& type(ValueId id) const { return launch_.values[id.v].type; }
    ValueId value(graph::TileType type, std::string name, LocId loc);
    // A value that stands for a buffer is called like it; others after what made them.
    void rename(ValueId id, const std::string& name) { launch_.values[id.v].name = name; }

    template <class Op>
    void add(Op op, LocId loc) {
        region_->ops.push_back({std::move(op), loc});
    }
    // Ops go to `region` until the returned one is given back.
    graph::Region* enter(graph::Region* region) { return std::exchange(region_, region); }

    ValueId fill(graph::TileType type, double constant, const std::string& name, LocId loc);
    ValueId eltwise(tensix::TileFn fn, graph::TileType type, std::vector<graph::Operand> operands,
                    const std::string& name, LocId loc);
    ValueId transpose(ValueId value, LocId loc);
    ValueId cast(ValueId value, DType dtype, LocId loc);
    // The part of rows × cols elements at (row, col); `into` with `part` there.
    ValueId slice(ValueId value, IndexId row, IndexId col, int64_t rows, int64_t cols, LocId loc);
    ValueId insert(ValueId into, ValueId part, IndexId row, IndexId col, LocId loc);
    // Rows, columns and scalars spread to `type`'s extents.
    ValueId broadcast(ValueId value, graph::TileType type, LocId loc);

  private:
    graph::Launch& launch_;
    graph::Region* region_;
};

}  // namespace tilelang_tt
