// C entry points to tensix/ for test_formats.py.
#include "tensix/formats.h"
#include "tensix/tile.h"

using namespace tensix;

extern "C" {
void shim_decode(uint8_t format, const void* source, float* out, size_t n) {
    decode(static_cast<DataFormat>(format), source, out, n);
}
void shim_encode(uint8_t format, const float* in, void* target, size_t n, int rounding) {
    encode(static_cast<DataFormat>(format), in, target, n, static_cast<Rounding>(rounding));
}
bool shim_tilize(const void* source, uint8_t from, size_t rows, size_t columns, size_t stride, void* target, uint8_t to,
                 float pad) {
    return tilize(source, static_cast<DataFormat>(from), rows, columns, stride, target, static_cast<DataFormat>(to), pad);
}
bool shim_untilize(const void* source, uint8_t from, size_t rows, size_t columns, void* target, uint8_t to,
                   size_t stride) {
    return untilize(source, static_cast<DataFormat>(from), rows, columns, target, static_cast<DataFormat>(to), stride);
}
size_t shim_tiled_bytes(size_t rows, size_t columns, uint8_t format) {
    return tiled_bytes(rows, columns, static_cast<DataFormat>(format));
}
int shim_parse(const char* text) {
    const auto format = parse_format(text);
    return format ? static_cast<int>(*format) : -1;
}
}
