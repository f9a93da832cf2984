// Coordinates in a mesh of devices; the emulator has meshes of one.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tt::tt_metal::distributed {

struct MeshShape {
    uint32_t rows = 1, columns = 1;
    MeshShape() = default;
    MeshShape(uint32_t rows, uint32_t columns) : rows(rows), columns(columns) {}
    std::size_t mesh_size() const { return std::size_t{rows} * columns; }
    bool operator==(const MeshShape&) const = default;
};
struct MeshCoordinate {
    uint32_t row = 0, column = 0;
    MeshCoordinate(uint32_t row, uint32_t column) : row(row), column(column) {}
    static MeshCoordinate zero_coordinate(std::size_t) { return {0, 0}; }
    bool operator==(const MeshCoordinate&) const = default;
};
struct MeshCoordinateRange {
    MeshCoordinate start{0, 0}, end{0, 0};
    explicit MeshCoordinateRange(const MeshShape& shape) : end(shape.rows - 1, shape.columns - 1) {}
    MeshCoordinateRange(const MeshCoordinate& start, const MeshCoordinate& end) : start(start), end(end) {}
};

}  // namespace tt::tt_metal::distributed
