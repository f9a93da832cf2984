// reader.cpp: brings tensors' tiles from device memory into circular buffers.
#include "compiler/codegen/dataflow.h"

namespace tilelang_tt::codegen {

namespace {

class ReaderWriter : public DataflowWriter {
  public:
    ReaderWriter(TensixProgram& program, size_t launch) : DataflowWriter(program, launch, prog::Engine::Reader) {}

  protected:
    std::string title() const override {
        return read_.empty() ? "Reader: nothing to read." : "Reader: brings " + names_of_parts(read_) + " into L1.";
    }
};

}  // namespace

Result<KernelSource> reader_source(TensixProgram& program, size_t launch) {
    return ReaderWriter(program, launch).write();
}

}  // namespace tilelang_tt::codegen
