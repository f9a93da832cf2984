// writer.cpp: takes finished tiles from circular buffers to device memory.
#include "compiler/codegen/dataflow.h"

namespace tilelang_tt::codegen {

namespace {

class WriterWriter : public DataflowWriter {
  public:
    WriterWriter(TensixProgram& program, size_t launch) : DataflowWriter(program, launch, prog::Engine::Writer) {}

  protected:
    std::string title() const override {
        if (written_.empty()) return "Writer: nothing to write.";
        return "Writer: takes " + names_of_parts(written_) + " to device memory" +
               (read_.empty() ? "." : ", and brings those of " + names_of(read_) + " into L1.");
    }
};

}  // namespace

Result<KernelSource> writer_source(TensixProgram& program, size_t launch) {
    return WriterWriter(program, launch).write();
}

}  // namespace tilelang_tt::codegen
