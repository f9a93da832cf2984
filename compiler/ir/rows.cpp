#include "compiler/ir/rows.h"

#include "tensix/formats.h"

namespace tilelang_tt {
namespace {

int64_t row_bytes(const prog::Channel& channel) {
    return channel.row_tiles * kTileDim * static_cast<int64_t>(tensix::element_bytes(channel.format));
}

}  // namespace

int64_t row_alignment(const tensix::DeviceSpec& device, bool write) {
    return write ? device.dram_write_alignment : device.dram_read_alignment;
}

bool rows_aligned(const IndexArena& index, const prog::Channel& channel, IndexId col, const tensix::DeviceSpec& device,
                  bool write) {
    const int64_t alignment = row_alignment(device, write);
    const auto element = static_cast<int64_t>(tensix::element_bytes(channel.format));
    return row_bytes(channel) % alignment == 0 && (!col.valid() || index.divisible_by(col, alignment / element));
}

int64_t row_scratch_pages(const prog::Channel& channel, int64_t rows, const tensix::DeviceSpec& device, bool write) {
    // A row begins at a multiple of the alignment and comes with what precedes it there.
    const int64_t alignment = row_alignment(device, write);
    const int64_t pitch = (ceil_div(row_bytes(channel), alignment) + 1) * alignment;
    return ceil_div(rows * pitch, tensix::tile_bytes(channel.format));
}

}  // namespace tilelang_tt
