#include "tensix/tile.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

namespace tensix {
namespace {

template <typename T>
int64_t load_int(const void* source, size_t index) {
    T value;
    std::memcpy(&value, static_cast<const char*>(source) + index * sizeof(T), sizeof(T));
    return static_cast<int64_t>(value);
}

int64_t load_integer(DataFormat format, const void* source, size_t index) {
    switch (format) {
        case DataFormat::Int32:
            return load_int<int32_t>(source, index);
        case DataFormat::UInt32:
        case DataFormat::RawUInt32:
            return load_int<uint32_t>(source, index);
        case DataFormat::UInt16:
        case DataFormat::RawUInt16:
            return load_int<uint16_t>(source, index);
        case DataFormat::Int8:
            return load_int<int8_t>(source, index);
        default:
            return load_int<uint8_t>(source, index);
    }
}

template <typename T>
void store_int(void* target, size_t index, int64_t value) {
    const auto narrow =
        static_cast<T>(std::clamp<int64_t>(value, std::numeric_limits<T>::min(), std::numeric_limits<T>::max()));
    std::memcpy(static_cast<char*>(target) + index * sizeof(T), &narrow, sizeof(T));
}

void store_integer(DataFormat format, void* target, size_t index, int64_t value) {
    switch (format) {
        case DataFormat::Int32:
            return store_int<int32_t>(target, index, value);
        case DataFormat::UInt32:
        case DataFormat::RawUInt32:
            return store_int<uint32_t>(target, index, value);
        case DataFormat::UInt16:
        case DataFormat::RawUInt16:
            return store_int<uint16_t>(target, index, value);
        case DataFormat::Int8:
            return store_int<int8_t>(target, index, value);
        default:
            return store_int<uint8_t>(target, index, value);
    }
}

bool addressable(DataFormat format) { return element_bytes(format) != 0; }

// A run of at most 1024 elements, or any length when no intermediate is needed.
void convert_run(const void* source, DataFormat from, void* target, DataFormat to, size_t elements) {
    if (from == to) {
        std::memcpy(target, source, elements * element_bytes(from));
    } else if (to == DataFormat::Float32) {
        decode(from, source, static_cast<float*>(target), elements);
    } else if (from == DataFormat::Float32) {
        encode(to, static_cast<const float*>(source), target, elements);
    } else if (is_integer(from) && is_integer(to)) {
        for (size_t i = 0; i < elements; ++i) store_integer(to, target, i, load_integer(from, source, i));
    } else {
        std::array<float, kTileElements> values;
        decode(from, source, values.data(), elements);
        encode(to, values.data(), target, elements);
    }
}

}  // namespace

bool convert(const void* source, DataFormat source_format, void* target, DataFormat target_format, size_t elements) {
    if (!addressable(source_format) || !addressable(target_format)) return false;
    const size_t from = element_bytes(source_format), to = element_bytes(target_format);
    for (size_t done = 0; done < elements; done += kTileElements)
        convert_run(static_cast<const char*>(source) + done * from, source_format,
                    static_cast<char*>(target) + done * to, target_format,
                    std::min<size_t>(kTileElements, elements - done));
    return true;
}

bool tilize(const void* source, DataFormat source_format, size_t rows, size_t columns, size_t row_stride, void* target,
            DataFormat target_format, float pad) {
    if (!addressable(source_format) || target_format == DataFormat::Invalid) return false;
    const size_t from = element_bytes(source_format);
    // Block formats need a whole face row of floats before the shared exponent is known; others convert row by row.
    const bool block = is_block_format(target_format);
    const DataFormat staged = block ? DataFormat::Float32 : target_format;
    const size_t to = element_bytes(staged);
    alignas(64) std::array<float, kTileElements> values;
    alignas(64) std::array<char, 16 * 4> pad_row{};
    {
        std::array<float, 16> pads;
        pads.fill(pad);
        encode(staged, pads.data(), pad_row.data(), 16);
    }
    auto* out = static_cast<char*>(target);
    for (size_t tile_row = 0; tile_row < rows; tile_row += 32) {
        for (size_t tile_column = 0; tile_column < columns; tile_column += 32, out += tile_bytes(target_format)) {
            char* tile = block ? reinterpret_cast<char*>(values.data()) : out;
            for (uint32_t face = 0; face < 4; ++face) {
                const size_t row0 = tile_row + face / 2 * 16, column = tile_column + face % 2 * 16;
                const size_t width = column < columns ? std::min<size_t>(16, columns - column) : 0;
                char* face_row = tile + face * kFaceElements * to;
                for (size_t row = row0; row < row0 + 16; ++row, face_row += 16 * to) {
                    const size_t valid = row < rows ? width : 0;
                    if (valid != 0)
                        convert_run(static_cast<const char*>(source) + (row * row_stride + column) * from,
                                    source_format, face_row, staged, valid);
                    if (valid != 16) std::memcpy(face_row + valid * to, pad_row.data(), (16 - valid) * to);
                }
            }
            if (block) encode(target_format, values.data(), out, kTileElements);
        }
    }
    return true;
}

bool untilize(const void* source, DataFormat source_format, size_t rows, size_t columns, void* target,
              DataFormat target_format, size_t row_stride) {
    if (!addressable(target_format) || source_format == DataFormat::Invalid) return false;
    const bool block = is_block_format(source_format);
    const DataFormat staged = block ? DataFormat::Float32 : source_format;
    const size_t from = element_bytes(staged), to = element_bytes(target_format);
    alignas(64) std::array<float, kTileElements> values;
    const auto* in = static_cast<const char*>(source);
    for (size_t tile_row = 0; tile_row < rows; tile_row += 32) {
        for (size_t tile_column = 0; tile_column < columns; tile_column += 32, in += tile_bytes(source_format)) {
            if (block) decode(source_format, in, values.data(), kTileElements);
            const char* tile = block ? reinterpret_cast<const char*>(values.data()) : in;
            for (uint32_t face = 0; face < 4; ++face) {
                const size_t row0 = tile_row + face / 2 * 16, column = tile_column + face % 2 * 16;
                if (column >= columns) continue;
                const size_t width = std::min<size_t>(16, columns - column), row_end = std::min(rows, row0 + 16);
                for (size_t row = row0; row < row_end; ++row)
                    convert_run(tile + (face * kFaceElements + (row - row0) * 16) * from, staged,
                                static_cast<char*>(target) + (row * row_stride + column) * to, target_format, width);
            }
        }
    }
    return true;
}

}  // namespace tensix
