#include "compiler/codegen/dataflow.h"

namespace tilelang_tt::codegen {

std::vector<std::string> DataflowWriter::includes() const {
    std::vector<std::string> files = {"api/dataflow/dataflow_api.h", "api/dataflow/noc.h",
                                      "api/dataflow/circular_buffer.h"};
    if (!tensors_.empty()) files.insert(files.end(), {"api/tensor/tensor_accessor.h", "api/tensor/noc_traits.h"});
    return files;
}

void DataflowWriter::prologue() {
    if (uses_noc_) line("Noc noc;");
}

std::string DataflowWriter::helpers() const {
    if (!uses_zero_) return {};
    return "\n// Tiles outside the tensor read as zero; whatever is in L1 may be NaN.\n"
           "inline void zero_tile(uint32_t address, uint32_t bytes) {\n"
           "    auto* words = reinterpret_cast<volatile tt_l1_ptr uint32_t*>(address);\n"
           "    for (uint32_t i = 0; i < bytes / sizeof(uint32_t); ++i) words[i] = 0;\n"
           "}\n";
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
    const std::string cb = object(write.channel), bytes = tile_bytes(write.channel);
    const std::string call = "noc.async_write(" + cb + ", " + accessor(write.tensor) + ", " + bytes +
                             ", {.offset_bytes = " + offset(write.channel, write.slot) +
                             "}, {.page_id = " + page(write.tensor, write.page) + "});";
    if (!write.valid.valid() || ctx_.index.always_true(write.valid)) return line(call);
    open("if (" + page_exists(write.tensor, write.page, write.valid) + ")");
    line(call);
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
            return line("noc.async_write_barrier();");
    }
}

}  // namespace tilelang_tt::codegen
