// Row-major matrices to tiles of four 16x16 faces, and back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <vector>

namespace tt_emulator_detail {

// Position in tiled storage of element (row, column) of a matrix `width` wide; sizes are multiples of 32.
inline std::size_t tiled_index(std::size_t row, std::size_t column, std::size_t width) {
    const std::size_t tile = row / 32 * (width / 32) + column / 32;
    const std::size_t r = row % 32, c = column % 32;
    return tile * 1024 + (r / 16 * 2 + c / 16) * 256 + r % 16 * 16 + c % 16;
}
inline void check_tiles(std::size_t size, uint32_t rows, uint32_t columns) {
    if (rows % 32 != 0 || columns % 32 != 0 || rows == 0 || columns == 0 || size % (std::size_t{rows} * columns) != 0)
        throw std::invalid_argument("tilize: sizes must be multiples of 32 and match the data");
}

}  // namespace tt_emulator_detail

// Row-major to tiles; several matrices one after the other are taken as a batch.
template <typename T>
std::vector<T> tilize_nfaces(const std::vector<T>& input, uint32_t rows, uint32_t columns) {
    tt_emulator_detail::check_tiles(input.size(), rows, columns);
    std::vector<T> out(input.size());
    const std::size_t matrix = std::size_t{rows} * columns;
    for (std::size_t base = 0; base < input.size(); base += matrix)
        for (std::size_t r = 0; r < rows; ++r)
            for (std::size_t c = 0; c < columns; ++c)
                out[base + tt_emulator_detail::tiled_index(r, c, columns)] = input[base + r * columns + c];
    return out;
}
template <typename T>
std::vector<T> untilize_nfaces(const std::vector<T>& input, uint32_t rows, uint32_t columns) {
    tt_emulator_detail::check_tiles(input.size(), rows, columns);
    std::vector<T> out(input.size());
    const std::size_t matrix = std::size_t{rows} * columns;
    for (std::size_t base = 0; base < input.size(); base += matrix)
        for (std::size_t r = 0; r < rows; ++r)
            for (std::size_t c = 0; c < columns; ++c)
                out[base + r * columns + c] = input[base + tt_emulator_detail::tiled_index(r, c, columns)];
    return out;
}
