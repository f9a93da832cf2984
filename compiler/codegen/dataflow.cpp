#include "compiler/codegen/dataflow.h"

#include <algorithm>

namespace tilelang_tt::codegen {
namespace {

std::string name_of(prog::Peers peers) { return peers == prog::Peers::Row ? "row" : "column"; }

constexpr std::string_view kMulticastSource = R"(
// Sends a block to all cores of a rectangle of the NoC, this one among them, once all have room. Circular buffers move
// in step, so that it has the same address everywhere.
inline void send(Noc& noc, Semaphore<>& ready, Semaphore<>& valid, uint32_t address, uint32_t bytes, uint32_t cores,
                 uint32_t x0, uint32_t y0, uint32_t x1, uint32_t y1) {
    if (noc.get_noc_id() == 1) {  // it runs the other way round
        const uint32_t x = x0, y = y0;
        x0 = x1, y0 = y1, x1 = x, y1 = y;
    }
    ready.wait(cores - 1);
    ready.set(0);
    noc.async_write_multicast<NocOptions::MCAST_INCL_SRC>(
        CoreLocalMem<uint32_t>(address), MulticastEndpoint{}, bytes, cores, {},
        {.noc_x_start = x0, .noc_y_start = y0, .noc_x_end = x1, .noc_y_end = y1, .addr = address}, true);
#ifdef ARCH_BLACKHOLE
    noc.async_writes_flushed();  // its NoC may lag behind the core that feeds it: the flag must not overtake the data
#endif
    valid.set_multicast<NocOptions::MCAST_INCL_SRC>(noc, x0, y0, x1, y1, cores);
}

inline void receive(Noc& noc, Semaphore<>& ready, Semaphore<>& valid, uint32_t sender_x, uint32_t sender_y) {
    valid.set(0);  // before the sender hears of the room, or its flag could be lost
    ready.up(noc, sender_x, sender_y, 1);
    valid.wait(1);
}
)";

constexpr const char* kZeroTile =
    "\n// Tiles outside the tensor read as zero; whatever is in L1 may be NaN.\n"
    "inline void zero_tile(uint32_t address, uint32_t bytes) {\n"
    "    auto* words = reinterpret_cast<volatile tt_l1_ptr uint32_t*>(address);\n"
    "    for (uint32_t i = 0; i < bytes / sizeof(uint32_t); ++i) words[i] = 0;\n"
    "}\n";

constexpr const char* kIndexTile =
    "\n// Element (r, c) of a tile of bf16 becomes row_step * r + col_step * c, at most 31 in size: bf16 is exact.\n"
    "inline void index_tile(uint32_t address, int32_t row_step, int32_t col_step) {\n"
    "    uint16_t number[63];  // -31 to 31\n"
    "    for (int32_t n = 0; n < 63; ++n) number[n] = float_bits(n - 31) >> 16;\n"
    "    auto* words = reinterpret_cast<volatile tt_l1_ptr uint32_t*>(address);\n"
    "    for (int32_t i = 0; i < 512; ++i) {  // two elements each, in four faces of 16 x 16\n"
    "        const int32_t r = (i >> 8) * 16 + (i >> 3 & 15), c = (i >> 7 & 1) * 16 + (i & 7) * 2;\n"
    "        const int32_t at = row_step * r + col_step * c + 31;\n"
    "        words[i] = number[at] | static_cast<uint32_t>(number[at + col_step]) << 16;\n"
    "    }\n"
    "}\n";

}  // namespace

std::vector<std::string> DataflowWriter::includes() const {
    std::vector<std::string> files = {"api/dataflow/dataflow_api.h", "api/dataflow/noc.h",
                                      "api/dataflow/circular_buffer.h"};
    if (multicasts()) files.insert(files.end(), {"api/dataflow/noc_semaphore.h", "api/dataflow/endpoints.h"});
    if (multicasts() || !row_helpers().empty()) files.push_back("api/core_local_mem.h");
    if (!tensors_.empty()) files.insert(files.end(), {"api/tensor/tensor_accessor.h", "api/tensor/noc_traits.h"});
    return files;
}

std::string DataflowWriter::names_of_parts(const std::set<TensorId>& tensors) const {
    const auto in_rows = [&](TensorId id) { return program_.mapping.layouts[id.v].row_major; };
    const bool rows = std::any_of(tensors.begin(), tensors.end(), in_rows);
    const bool tiles = !std::all_of(tensors.begin(), tensors.end(), in_rows);
    return std::string(rows && tiles ? "tiles and rows" : rows ? "rows" : "tiles") + " of " + names_of(tensors);
}

void DataflowWriter::prologue() {
    if (uses_noc_) line("Noc noc;");
    for (prog::Peers peers : {prog::Peers::Row, prog::Peers::Column}) {
        if (!sends_[static_cast<size_t>(peers)]) continue;
        const std::string way = name_of(peers), ready = way + "_ready", valid = way + "_valid";
        line("Semaphore<> " + ready + "(" + std::to_string(ready_semaphore(peers)) + "), " + valid + "(" +
             std::to_string(valid_semaphore(peers)) + ");");
        line("if (sends_" + way + ") " + valid + ".set(1);  // what it sends as a flag");
    }
}

const WorkSplit& DataflowWriter::split() const {
    return program_.mapping.launches[static_cast<size_t>(&launch_ - program_.launches.data())];
}

// Whether a core sends to its row or column of the launch's rectangle, and the NoC coordinates of whom it sends to or
// receives from. Senders lie on a diagonal: reads from device memory then come over different rows and columns of the
// NoC.
std::vector<PlanArg> DataflowWriter::core_arguments() {
    IndexArena& index = program_.ctx.index;
    const WorkSplit& split = this->split();
    const IndexId core = index.of(launch_.core), columns = index.constant(split.grid_x),
                  rows = index.constant(split.grid_y);
    const IndexId x = index.floormod(core, columns), y = index.floordiv(core, columns);
    auto number = [&](IndexId at_x, IndexId at_y) { return index.add(index.mul(at_y, columns), at_x); };
    auto constant = [&](int64_t value) { return index.constant(value); };
    using Kind = PlanArg::Kind;
    std::vector<PlanArg> args;
    if (sends_[static_cast<size_t>(prog::Peers::Row)]) {
        const IndexId sender = index.floormod(y, columns);
        args.push_back({Kind::Value, "sends_row", index.eq(x, sender), {}});
        args.push_back({Kind::NocX, "row_sender_x", number(sender, y), {}});
        args.push_back({Kind::NocX, "row_first_x", number(constant(0), y), {}});
        args.push_back({Kind::NocX, "row_last_x", number(constant(split.grid_x - 1), y), {}});
        args.push_back({Kind::NocY, "row_y", core, {}});
    }
    if (sends_[static_cast<size_t>(prog::Peers::Column)]) {
        const IndexId sender = index.floormod(x, rows);
        args.push_back({Kind::Value, "sends_column", index.eq(y, sender), {}});
        args.push_back({Kind::NocY, "column_sender_y", number(x, sender), {}});
        args.push_back({Kind::NocY, "column_first_y", number(x, constant(0)), {}});
        args.push_back({Kind::NocY, "column_last_y", number(x, constant(split.grid_y - 1)), {}});
        args.push_back({Kind::NocX, "column_x", core, {}});
    }
    return args;
}

std::string DataflowWriter::helpers() const {
    std::string out;
    if (multicasts()) out += kMulticastSource;
    if (uses_zero_) out += kZeroTile;
    out += row_helpers();
    if (uses_index_) out += "\n" + std::string(kFloatBitsSource) + kIndexTile;
    return out;
}

void DataflowWriter::op(const prog::IndexTile& tile) {
    uses_index_ = true;
    line("index_tile(" + object(tile.channel) + ".get_write_ptr(), " + std::to_string(tile.row_step) + ", " +
         std::to_string(tile.col_step) + ");");
}

// Bytes from the buffer's read or write pointer to the slot.
std::string DataflowWriter::offset(ChannelId channel, IndexId slot) {
    if (const auto value = ctx_.index.as_const(slot)) {
        if (*value == 0) return "0";
        if (*value == 1) return tile_bytes(channel);
    }
    return cpp_.text(slot, CppIndex::kProduct) + " * " + tile_bytes(channel);
}

void DataflowWriter::op(const prog::ReadTile& read) {
    uses_noc_ = true;
    read_.insert(read.tensor);
    const std::string cb = object(read.channel), bytes = tile_bytes(read.channel), at = offset(read.channel, read.slot);
    const std::string call = "noc.async_read(" + accessor(read.tensor) + ", " + cb + ", " + bytes +
                             ", {.page_id = " + page(read.tensor, read.page) + "}, {.offset_bytes = " + at + "});";
    if (!read.valid.valid() || ctx_.index.always_true(read.valid)) return line(call);
    uses_zero_ = true;
    open("if (" + page_exists(read.tensor, read.page, read.valid) + ")");
    line(call);
    close_else();
    line("zero_tile(" + cb + ".get_write_ptr()" + (at == "0" ? "" : " + " + at) + ", " + bytes + ");");
    close();
}

void DataflowWriter::op(const prog::WriteTile& write) {
    uses_noc_ = true;
    written_.insert(write.tensor);
    const std::string cb = object(write.channel), bytes = tile_bytes(write.channel);
    const std::string call = "noc.async_write(" + cb + ", " + accessor(write.tensor) + ", " + bytes +
                             ", {.offset_bytes = " + offset(write.channel, write.slot) +
                             "}, {.page_id = " + page(write.tensor, write.page) + "});";
    if (!write.valid.valid() || ctx_.index.always_true(write.valid)) return line(call);
    open("if (" + page_exists(write.tensor, write.page, write.valid) + ")");
    line(call);
    close();
}

void DataflowWriter::op(const prog::Multicast& multicast) {
    uses_noc_ = true;
    sends_[static_cast<size_t>(multicast.peers)] = true;
    const WorkSplit& split = this->split();
    const bool row = multicast.peers == prog::Peers::Row;
    const std::string way = name_of(multicast.peers), semaphores = "noc, " + way + "_ready, " + way + "_valid, ";
    const std::string cb = object(multicast.channel);
    const std::string bytes =
        (multicast.pages > 1 ? std::to_string(multicast.pages) + " * " : "") + tile_bytes(multicast.channel);
    open("if (sends_" + way + ")");
    body(multicast.body);
    line("send(" + semaphores + cb + ".get_write_ptr(), " + bytes + ", " +
         std::to_string(row ? split.grid_x : split.grid_y) +
         (row ? ", row_first_x, row_y, row_last_x, row_y);" : ", column_x, column_first_y, column_x, column_last_y);"));
    // With room for one block only, the next one would be read over what is still being sent.
    if (launch_.channel(multicast.channel).pages == multicast.pages) line("noc.async_writes_flushed();");
    close_else();
    line("receive(" + semaphores + (row ? "row_sender_x, row_y);" : "column_x, column_sender_y);"));
    close();
}

void DataflowWriter::op(const prog::NocSync& sync) {
    uses_noc_ = true;
    switch (sync.call) {
        case prog::NocCall::ReadBarrier:
            return line("noc.async_read_barrier();");
        case prog::NocCall::WritesFlushed:
            // The pages may be filled again once their data has left L1.
            return line("noc.async_writes_flushed();");
        case prog::NocCall::WriteBarrier:
            line("noc.async_write_barrier();");
            // Receivers leave no increment in flight.
            if (multicasts()) line("noc.async_atomic_barrier();");
            return;
    }
}

}  // namespace tilelang_tt::codegen
