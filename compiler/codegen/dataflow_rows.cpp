// Rows of row-major tensors, to and from row-major blocks in circular buffers: one NoC transfer a row.
#include <string>

#include "compiler/codegen/dataflow.h"
#include "tensix/formats.h"

namespace tilelang_tt::codegen {
namespace {

constexpr std::string_view kZeroBytes = R"(
// Up to the next word by bytes, then by words; the end is a word's.
inline void zero_bytes(uint32_t address, uint32_t bytes) {
    for (; address % sizeof(uint32_t) != 0; ++address, --bytes)
        *reinterpret_cast<volatile tt_l1_ptr uint8_t*>(address) = 0;
    auto* words = reinterpret_cast<volatile tt_l1_ptr uint32_t*>(address);
    for (uint32_t i = 0; i < bytes / sizeof(uint32_t); ++i) words[i] = 0;
}

// What a block of 32 rows has beyond the tensor reads as zero.
inline void zero_rest(uint32_t rows, uint32_t bytes, uint32_t block, uint32_t row_bytes) {
    for (uint32_t r = 0; r < 32; ++r, block += row_bytes) {
        const uint32_t there = r < rows ? bytes : 0;
        zero_bytes(block + there, row_bytes - there);
    }
}
)";

constexpr std::string_view kReadRows = R"(
// Bytes [offset, offset + bytes) of `rows` pages, `step` apart, to a row-major block.
template <typename Tensor>
inline void read_rows(Noc& noc, const Tensor& tensor, uint32_t page, uint32_t step, uint32_t rows, uint32_t offset,
                      uint32_t bytes, uint32_t block, uint32_t row_bytes) {
    for (uint32_t r = 0; bytes > 0 && r < rows; ++r)
        noc.async_read(tensor, CoreLocalMem<uint32_t>(block + r * row_bytes), bytes,
                       {.page_id = page + r * step, .offset_bytes = offset}, {});
    zero_rest(rows, bytes, block, row_bytes);
}
)";

constexpr std::string_view kWriteRows = R"(
// `rows` rows of a row-major block to bytes [offset, offset + bytes) of pages that are `step` apart.
template <typename Tensor>
inline void write_rows(Noc& noc, const Tensor& tensor, uint32_t page, uint32_t step, uint32_t rows, uint32_t offset,
                       uint32_t bytes, uint32_t block, uint32_t row_bytes) {
    for (uint32_t r = 0; bytes > 0 && r < rows; ++r)
        noc.async_write(CoreLocalMem<uint32_t>(block + r * row_bytes), tensor, bytes, {},
                        {.page_id = page + r * step, .offset_bytes = offset});
}
)";

constexpr std::string_view kMove = R"(
template <typename Element>
inline void move_elements(uint32_t from, uint32_t to, uint32_t bytes) {
    auto* source = reinterpret_cast<volatile tt_l1_ptr Element*>(from);
    auto* target = reinterpret_cast<volatile tt_l1_ptr Element*>(to);
    for (uint32_t i = 0; i < bytes / sizeof(Element); ++i) target[i] = source[i];
}
)";

constexpr std::string_view kReadRowsUnaligned = R"(
// As read_rows. A NoC reads to addresses that are like the tensor's modulo the alignment: rows come to scratch space,
// with what precedes them up to there, as many at a time as it holds, and are moved into place.
template <typename Element, typename Tensor>
inline void read_rows_unaligned(Noc& noc, const Tensor& tensor, uint32_t page, uint32_t step, uint32_t rows,
                                uint32_t offset, uint32_t bytes, uint32_t block, uint32_t row_bytes, uint32_t scratch,
                                uint32_t scratch_bytes) {
    constexpr uint32_t kAlignment = NOC_DRAM_READ_ALIGNMENT_BYTES;
    const uint32_t before = offset % kAlignment, pitch = (row_bytes + 2 * kAlignment - 1) / kAlignment * kAlignment;
    const uint32_t room = scratch_bytes / pitch;
    for (uint32_t first = 0; bytes > 0 && first < rows; first += room) {
        const uint32_t count = rows - first < room ? rows - first : room;
        for (uint32_t i = 0; i < count; ++i)
            noc.async_read(tensor, CoreLocalMem<uint32_t>(scratch + i * pitch), before + bytes,
                           {.page_id = page + (first + i) * step, .offset_bytes = offset - before}, {});
        noc.async_read_barrier();
        for (uint32_t i = 0; i < count; ++i)
            move_elements<Element>(scratch + i * pitch + before, block + (first + i) * row_bytes, bytes);
    }
    zero_rest(rows, bytes, block, row_bytes);
}
)";

constexpr std::string_view kWriteRowsUnaligned = R"(
// As write_rows. A NoC writes from addresses that are like the tensor's modulo the alignment: rows are moved to such in
// scratch space, as many at a time as it holds.
template <typename Element, typename Tensor>
inline void write_rows_unaligned(Noc& noc, const Tensor& tensor, uint32_t page, uint32_t step, uint32_t rows,
                                 uint32_t offset, uint32_t bytes, uint32_t block, uint32_t row_bytes, uint32_t scratch,
                                 uint32_t scratch_bytes) {
    constexpr uint32_t kAlignment = NOC_DRAM_WRITE_ALIGNMENT_BYTES;
    const uint32_t pitch = row_bytes + kAlignment;
    const uint32_t room = scratch_bytes / pitch;
    for (uint32_t first = 0; bytes > 0 && first < rows; first += room) {
        const uint32_t count = rows - first < room ? rows - first : room;
        noc.async_writes_flushed();  // what lay there before has left
        for (uint32_t i = 0; i < count; ++i) {
            const uint32_t at = scratch + i * pitch + offset % kAlignment;
            move_elements<Element>(block + (first + i) * row_bytes, at, bytes);
            noc.async_write(CoreLocalMem<uint32_t>(at), tensor, bytes, {},
                            {.page_id = page + (first + i) * step, .offset_bytes = offset});
        }
    }
}
)";

}  // namespace

std::string DataflowWriter::row_helpers() const {
    std::string out;
    const bool scratch = reads_rows_[1] || writes_rows_[1];
    if (reads_rows_[0] || reads_rows_[1]) out += kZeroBytes;
    if (scratch) out += kMove;
    if (reads_rows_[0]) out += kReadRows;
    if (reads_rows_[1]) out += kReadRowsUnaligned;
    if (writes_rows_[0]) out += kWriteRows;
    if (writes_rows_[1]) out += kWriteRowsUnaligned;
    return out;
}

// The arguments that reads and writes have in common, from the page on.
template <class Rows>
std::string DataflowWriter::row_arguments(const Rows& rows, const std::string& pointer) {
    IndexArena& index = program_.ctx.index;
    const prog::Channel& channel = launch_.channel(rows.channel);
    const int64_t element = tensix::element_bytes(channel.format), width = channel.row_tiles * kTileDim;
    const IndexId zero = index.constant(0);
    const auto clipped = [&](IndexId id, int64_t most) {
        return id.valid() ? index.min(index.max(id, zero), index.constant(most)) : index.constant(most);
    };
    const auto bytes = [&](IndexId elements) { return index.mul(elements, index.constant(element)); };
    const std::string at = offset(rows.channel, rows.slot);
    const std::string row_bytes = constant(object(rows.channel) + "_row_bytes", width * element, "of a row in L1");
    std::string text =
        page(rows.tensor, rows.page) + ", " + (rows.page_step.valid() ? cpp_.text(rows.page_step) : "1") + ", " +
        cpp_.text(clipped(rows.rows, kTileDim)) + ", " + cpp_.text(bytes(rows.col.valid() ? rows.col : zero)) + ", " +
        cpp_.text(bytes(clipped(rows.cols, width))) + ", " + object(rows.channel) + pointer +
        (at == "0" ? "" : " + " + at) + ", " + row_bytes;
    if (rows.scratch.valid()) {
        const prog::Channel& scratch = launch_.channel(rows.scratch);
        const std::string name = object(rows.scratch);
        text += ", " + name + ".get_write_ptr(), " +
                constant(name + "_bytes", scratch.pages * tensix::tile_bytes(scratch.format), "of scratch space");
    }
    return text;
}

std::string DataflowWriter::row_call(const char* name, ChannelId channel, bool scratch) const {
    const uint32_t bits = 8 * tensix::element_bytes(launch_.channel(channel).format);
    return name + (scratch ? "_unaligned<uint" + std::to_string(bits) + "_t>" : std::string());
}

void DataflowWriter::op(const prog::ReadRows& read) {
    uses_noc_ = reads_rows_[read.scratch.valid()] = true;
    read_.insert(read.tensor);
    line(row_call("read_rows", read.channel, read.scratch.valid()) + "(noc, " + accessor(read.tensor) + ", " +
         row_arguments(read, ".get_write_ptr()") + ");");
}

void DataflowWriter::op(const prog::WriteRows& write) {
    uses_noc_ = writes_rows_[write.scratch.valid()] = true;
    written_.insert(write.tensor);
    line(row_call("write_rows", write.channel, write.scratch.valid()) + "(noc, " + accessor(write.tensor) + ", " +
         row_arguments(write, ".get_read_ptr()") + ");");
}

}  // namespace tilelang_tt::codegen
