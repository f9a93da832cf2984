// Between row-major matrices and the chip's tiles, with conversion of the elements.
//
// A tile is 32x32 elements stored as four 16x16 faces in the order (0,0) (0,1) (1,0) (1,1), each face row-major. Tiles
// of a matrix follow each other in row-major order of tiles.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tensix/formats.h"

namespace tensix {

// Position of element (row, column) in the storage order of its tile; 0 <= row, column < 32.
constexpr uint32_t tile_offset(uint32_t row, uint32_t column) {
    return (row / 16 * 2 + column / 16) * kFaceElements + row % 16 * kFaceCols + column % 16;
}
constexpr size_t tiles_of(size_t elements) { return (elements + 31) / 32; }

// Bytes of a rows x columns matrix in tiles, padding included.
constexpr size_t tiled_bytes(size_t rows, size_t columns, DataFormat format) {
    return tiles_of(rows) * tiles_of(columns) * tile_bytes(format);
}

// Writes tiles_of(rows) * tiles_of(columns) tiles. `source` is row-major with `row_stride` elements from one row to the
// next (row_stride >= columns, or anything for one row); block formats are not possible there. Elements outside the
// matrix become `pad`. Float conversions round to nearest even; integers convert by value and saturate.
// Returns false, writing nothing, for a pair of formats without a conversion (a block or unknown source format).
bool tilize(const void* source, DataFormat source_format, size_t rows, size_t columns, size_t row_stride, void* target,
            DataFormat target_format, float pad = 0.0f);

// The inverse: reads tiles, writes the rows x columns matrix and leaves the rest of each row of the target alone.
bool untilize(const void* source, DataFormat source_format, size_t rows, size_t columns, void* target,
              DataFormat target_format, size_t row_stride);

// Converts `elements` values between two formats with addressable elements, contiguous on both sides.
bool convert(const void* source, DataFormat source_format, void* target, DataFormat target_format, size_t elements);

}  // namespace tensix
