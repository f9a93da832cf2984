#include "compiler/tensorize/builder.h"

namespace tilelang_tt {

using graph::Orientation;
using graph::TileType;

TileType tile_type(DType dtype, int64_t rows, int64_t cols) {
    Orientation orientation = rows > 1 ? (cols > 1 ? Orientation::Full : Orientation::Col)
                                       : (cols > 1 ? Orientation::Row : Orientation::Scalar);
    return {dtype, orientation, rows, cols};
}

ValueId GraphBuilder::value(TileType type, std::string name, LocId loc) {
    launch_.values.push_back({type, std::move(name), loc});
    return ValueId(launch_.values.size() - 1);
}

ValueId GraphBuilder::fill(TileType type, double constant, const std::string& name, LocId loc) {
    ValueId result = value(type, name, loc);
    add(graph::Fill{{result}, constant}, loc);
    return result;
}

ValueId GraphBuilder::eltwise(tensix::TileFn fn, TileType type, std::vector<graph::Operand> operands,
                              const std::string& name, LocId loc) {
    ValueId result = value(type, name, loc);
    add(graph::Eltwise{{result}, fn, std::move(operands)}, loc);
    return result;
}

ValueId GraphBuilder::transpose(ValueId id, LocId loc) {
    TileType from = type(id);
    if (from.orientation == Orientation::Scalar) return id;
    ValueId result = value(tile_type(from.dtype, from.cols, from.rows), launch_.values[id.v].name + "_t", loc);
    add(graph::Transpose{{result}, id}, loc);
    return result;
}

ValueId GraphBuilder::cast(ValueId id, DType dtype, LocId loc) {
    TileType to = type(id);
    if (to.dtype == dtype) return id;
    to.dtype = dtype;
    return eltwise(tensix::TileFn::Cast, to, {{id}}, launch_.values[id.v].name + "_" + std::string(to_string(dtype)),
                   loc);
}

ValueId GraphBuilder::slice(ValueId id, IndexId row, IndexId col, int64_t rows, int64_t cols, LocId loc) {
    const TileType from = type(id);
    ValueId result = value({from.dtype, from.orientation, rows, cols}, launch_.values[id.v].name + "_part", loc);
    add(graph::Slice{{result}, id, row, col}, loc);
    return result;
}

ValueId GraphBuilder::insert(ValueId into, ValueId part, IndexId row, IndexId col, LocId loc) {
    ValueId result = value(type(into), launch_.values[into.v].name, loc);
    add(graph::Insert{{result}, into, part, row, col}, loc);
    return result;
}

ValueId GraphBuilder::broadcast(ValueId id, TileType to, LocId loc) {
    TileType from = type(id);
    if (from.rows == to.rows && from.cols == to.cols) return id;
    to.dtype = from.dtype;
    return eltwise(tensix::TileFn::Identity, to, {{id}}, launch_.values[id.v].name + "_spread", loc);
}

}  // namespace tilelang_tt
