// What the three kernels have in common: names, arguments, control flow and circular buffers. Each kind of kernel adds
// its own ops (reader.cpp, compute.cpp, writer.cpp).
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "compiler/codegen/cpp_index.h"
#include "compiler/codegen/kernel.h"

namespace tilelang_tt::codegen {

class KernelWriter {
  public:
    // The program's arena gains the expressions of the kernel's arguments.
    KernelWriter(TensixProgram& program, size_t launch, prog::Engine engine);
    virtual ~KernelWriter() = default;
    Result<KernelSource> write();

  protected:
    virtual std::string title() const = 0;  // what this kernel does, one sentence
    virtual std::vector<std::string> includes() const = 0;
    virtual std::vector<std::string> macros() const { return {}; }  // defined before the includes
    // Objects at the start of kernel_main, after the arguments.
    virtual void prologue() {}
    // Runtime arguments of each core that the kernel needs beside the launch's own.
    virtual std::vector<PlanArg> core_arguments() { return {}; }
    // Functions before kernel_main.
    virtual std::string helpers() const { return {}; }
    virtual void op(const prog::ReadTile&) {}
    virtual void op(const prog::WriteTile&) {}
    virtual void op(const prog::ReadRows&) {}
    virtual void op(const prog::WriteRows&) {}
    virtual void op(const prog::Multicast&) {}
    virtual void op(const prog::IndexTile&) {}
    virtual void op(const prog::NocSync&) {}
    virtual void op(const prog::DstSync&) {}
    virtual void op(const prog::Startup&) {}
    virtual void op(const prog::Init&) {}
    virtual void op(const prog::Call&) {}
    virtual void op(const prog::Pack&) {}
    virtual void op(const prog::Reconfig&) {}
    virtual void op(const prog::PackerConfig&) {}

    void body(const prog::Region& region);
    void line(const std::string& text);
    void open(const std::string& head);  // "head {" and one level deeper
    void close();
    void close_else();  // "} else {"
    // The circular buffer's number, as a constant: cb_A_shared.
    std::string id(ChannelId channel);
    // The CircularBuffer object: A_shared.
    std::string object(ChannelId channel);
    // Bytes of one of its tiles: A_shared_tile_bytes.
    std::string tile_bytes(ChannelId channel);
    // The TensorAccessor object: A.
    std::string accessor(TensorId tensor);
    // A page number of the tensor, in terms of its tiles per row (and per outer index) by name.
    std::string page(TensorId tensor, IndexId page);
    // A constant at the top of the kernel; gives its name.
    std::string constant(const std::string& name, int64_t value, const std::string& why);
    // Whether that page exists: a condition, in the same terms.
    std::string page_exists(TensorId tensor, IndexId page, IndexId condition);

    TensixProgram& program_;
    const prog::Launch& launch_;
    const Context& ctx_;
    const prog::Engine engine_;
    const prog::Region region_;  // projected on the engine, without what nobody uses
    CppIndex cpp_;
    std::set<TensorId> tensors_;
    std::string names_of(const std::set<TensorId>& tensors) const;  // "A and B"

  private:
    std::string name(VarId var) const { return var_names_.at(var); }
    // Names a variable that is visible from here to the end of its scope: as the user did, where that is free.
    std::string declare(VarId var);
    void control(const prog::Let& let);
    void control(const prog::For& loop);
    void control(const prog::If& branch);
    void control(const prog::Comment& comment);
    void control(const prog::ChannelOp& call);
    std::string pages(const prog::ChannelOp& call);
    struct TileDims {
        int64_t rows, cols;  // 0: known only at run time
    };
    TileDims tile_dims(TensorId tensor) const;
    void check_range(IndexId id);

    std::string text_;  // of the body while it is written
    int depth_ = 1;
    std::set<std::string> taken_;     // for the whole kernel
    std::vector<std::string> scope_;  // variables visible at this point
    std::map<VarId, std::string> var_names_;
    std::map<std::string, std::pair<int64_t, std::string>> constants_;  // name → value, comment
    std::vector<std::string> constant_order_;
    std::set<ChannelId> ids_, objects_, tile_bytes_;
    std::map<ChannelId, std::string> channel_names_;
    std::map<TensorId, std::string> tensor_names_;
    std::vector<Diagnostic> errors_;
};

}  // namespace tilelang_tt::codegen
