// writer.cpp: takes finished tiles from circular buffers to device memory.
#include "compiler/codegen/dataflow.h"

namespace tilelang_tt::codegen {

namespace {

class WriterWriter : public DataflowWriter {
  public:
    WriterWriter(TensixProgram& program, size_t launch) : DataflowWriter(program, launch, prog::Engine::Writer) {}

  protected:
    std::string title() const override {
        return tensors_.empty() ? "Writer: nothing to write."
                                : "Writer: takes tiles of " + tensor_names() + " to device memory.";
    }
};

}  // namespace

Result<KernelSource> writer_source(TensixProgram& program, size_t launch) {
    return WriterWriter(program, launch).write();
}

}  // namespace tilelang_tt::codegen
