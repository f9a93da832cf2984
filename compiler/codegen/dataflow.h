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
    void op(const prog::ReadRows& read) override;
    void op(const prog::WriteRows& write) override;
    void op(const prog::Multicast& multicast) override;
    void op(const prog::IndexTile& tile) override;
    void op(const prog::NocSync& sync) override;
    std::vector<PlanArg> core_arguments() override;
    std::string names_of_parts(const std::set<TensorId>& tensors) const;  // "tiles of A and B"
    std::set<TensorId> read_, written_;

  private:
    std::string offset(ChannelId channel, IndexId slot);
    const WorkSplit& split() const;  // of the launch
    bool multicasts() const { return sends_[0] || sends_[1]; }
    // dataflow_rows.cpp
    std::string row_helpers() const;
    template <class Rows>
    std::string row_arguments(const Rows& rows, const std::string& pointer);
    std::string row_call(const char* name, ChannelId channel, bool scratch) const;
    bool reads_rows_[2] = {}, writes_rows_[2] = {};  // straight; through scratch space

    bool uses_zero_ = false, uses_noc_ = false, uses_index_ = false;
    bool sends_[2] = {};  // by Peers
};

}  // namespace tilelang_tt::codegen
