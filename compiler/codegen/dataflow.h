// What reader and writer share: both move tiles between tensors and circular buffers over a NoC.
#pragma once

#include <string>
#include <vector>

#include "compiler/codegen/kernel_writer.h"

namespace tilelang_tt::codegen {

class DataflowWriter : public KernelWriter {
  public:
    using KernelWriter::KernelWriter;

  protected:
    using KernelWriter::op;
    std::vector<std::string> includes() const override;
    void prologue() override;
    std::string helpers() const override;
    void op(const prog::ReadTile& read) override;
    void op(const prog::WriteTile& write) override;
    void op(const prog::Multicast& multicast) override;
    void op(const prog::IndexTile& tile) override;
    void op(const prog::NocSync& sync) override;
    std::vector<PlanArg> core_arguments() override;
    std::set<TensorId> read_, written_;

  private:
    std::string offset(ChannelId channel, IndexId slot);
    const WorkSplit& split() const;  // of the launch
    bool multicasts() const { return sends_[0] || sends_[1]; }
    bool uses_zero_ = false, uses_noc_ = false, uses_index_ = false;
    bool sends_[2] = {};  // by Peers
};

}  // namespace tilelang_tt::codegen
