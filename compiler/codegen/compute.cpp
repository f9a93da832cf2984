// compute.cpp: the matrix and vector engines' work, between circular buffers.
#include <algorithm>
#include <cstdio>
#include <set>

#include "compiler/codegen/kernel_writer.h"
#include "tensix/op_table.h"

namespace tilelang_tt::codegen {

namespace {

class ComputeWriter : public KernelWriter {
  public:
    ComputeWriter(TensixProgram& program, size_t launch) : KernelWriter(program, launch, prog::Engine::Compute) {}

  protected:
    using KernelWriter::op;
    std::string title() const override { return "Compute: the arithmetic of " + ctx_.name + "."; }
    std::vector<std::string> includes() const override;
    std::vector<std::string> macros() const override { return {macros_.begin(), macros_.end()}; }
    void op(const prog::DstSync& sync) override;
    void op(const prog::Startup& startup) override;
    void op(const prog::Init& init) override;
    void op(const prog::Call& call) override;
    void op(const prog::Pack& pack) override;
    void op(const prog::Reconfig& reconfig) override;
    void op(const prog::PackerConfig& config) override;

  private:
    std::string filled(std::string_view text, const std::vector<ChannelId>& channels, const std::vector<IndexId>& tiles,
                       const std::vector<IndexId>& dst, const std::vector<int64_t>& params, const prog::Call* call);
    std::string argument(const prog::Call& call, size_t n);
    std::string helpers() const override { return uses_float_bits_ ? "\n" + std::string(kFloatBitsSource) : ""; }
    void emit(const tensix::OpRow& row, const std::string& text);

    std::set<std::string> headers_, macros_;
    bool uses_float_bits_ = false;
};

// A scalar that is known at run time: an integer as it is, or the bits of it as fp32 (in `bits` it has come as such).
std::string ComputeWriter::argument(const prog::Call& call, size_t n) {
    const IndexId id = call.args.at(n);
    if (call.bits || tensix::op_row(call.op).integer) return cpp_.text(id);
    uses_float_bits_ = true;
    return "float_bits(" + cpp_.text(id) + ")";
}

std::vector<std::string> ComputeWriter::includes() const {
    std::vector<std::string> files = {"api/compute/common.h", "api/compute/compute_kernel_hw_startup.h"};
    for (const std::string& header : headers_)
        if (std::find(files.begin(), files.end(), header) == files.end()) files.push_back(header);
    files.push_back("api/dataflow/circular_buffer.h");
    return files;
}

// Fills the row's text: {c0} channel, {t0} tile, {d0} DST slot, {p0} decimal, {x0} hex bits (or what is known at run
// time only), {f0} format.
std::string ComputeWriter::filled(std::string_view text, const std::vector<ChannelId>& channels,
                                  const std::vector<IndexId>& tiles, const std::vector<IndexId>& dst,
                                  const std::vector<int64_t>& params, const prog::Call* call) {
    std::string out;
    for (size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '{') {
            out += text[i];
            continue;
        }
        const char kind = text[i + 1];
        const size_t n = static_cast<size_t>(text[i + 2] - '0');
        i += 3;  // the closing brace
        switch (kind) {
            case 'c':
                out += id(channels.at(n));
                break;
            case 't':
                out += cpp_.text(tiles.at(n));
                break;
            case 'd':
                out += cpp_.text(dst.at(n));
                break;
            case 'p':
                out += std::to_string(params.at(n));
                break;
            case 'a':
                out += argument(*call, n);
                break;
            case 'x': {
                if (call && n >= params.size()) {
                    out += argument(*call, n - params.size());
                    break;
                }
                char bits[16];
                std::snprintf(bits, sizeof bits, "0x%08x", static_cast<uint32_t>(params.at(n)));
                out += bits;
                break;
            }
            case 'f':
                out += "DataFormat::" + std::string(tensix::name(static_cast<tensix::DataFormat>(params.at(n))));
                break;
        }
    }
    return out;
}

void ComputeWriter::emit(const tensix::OpRow& row, const std::string& text) {
    headers_.emplace(row.header);
    if (launch_.compute.fp32_dest_acc_en && !row.fp32_macro.empty()) macros_.emplace(row.fp32_macro);
    line(text + ";");
}

void ComputeWriter::op(const prog::DstSync& sync) {
    headers_.emplace("api/compute/common.h");
    constexpr std::string_view kCalls[] = {"acquire", "commit", "wait", "release"};
    line("tile_regs_" + std::string(kCalls[static_cast<size_t>(sync.call)]) + "();");
}

void ComputeWriter::op(const prog::Startup& startup) {
    std::string call = "compute_kernel_hw_startup";
    if (startup.reverse) call += "<SrcOrder::Reverse>";
    call += "(" + id(startup.a);
    if (startup.reverse || startup.a != startup.b) call += ", " + id(startup.b);
    line(call + ", " + id(startup.out) + ");");
}

void ComputeWriter::op(const prog::Init& init) {
    const tensix::OpRow& row = tensix::op_row(init.op);
    const std::string_view text = init.uninit ? row.uninit : row.init;
    if (!text.empty()) emit(row, filled(text, init.channels, {}, {}, init.params, nullptr));
}

void ComputeWriter::op(const prog::Call& call) {
    const tensix::OpRow& row = tensix::op_row(call.op);
    emit(row, filled(row.call, call.channels, call.tiles, call.dst, call.params, &call));
}

void ComputeWriter::op(const prog::Pack& pack) {
    headers_.emplace("api/compute/pack.h");
    const std::string dst = cpp_.text(pack.dst), to = id(pack.channel);
    if (pack.slot.valid()) return line("pack_tile<true>(" + dst + ", " + to + ", " + cpp_.text(pack.slot) + ");");
    line("pack_tile(" + dst + ", " + to + ");");
}

void ComputeWriter::op(const prog::Reconfig& reconfig) {
    const bool pack = reconfig.unit == prog::ReconfigUnit::Pack;
    headers_.emplace(pack ? "api/compute/pack.h" : "api/compute/reconfig_data_format.h");
    constexpr std::string_view kCalls[] = {"reconfig_data_format_srca", "reconfig_data_format_srcb",
                                           "pack_reconfig_data_format"};
    const std::string from = reconfig.from ? id(reconfig.from) + ", " : "";
    line(std::string(kCalls[static_cast<size_t>(reconfig.unit)]) + "(" + from + id(reconfig.to) + ");");
}

void ComputeWriter::op(const prog::PackerConfig& config) {
    headers_.emplace("api/compute/pack.h");
    if (config.mode == prog::PackerMode::L1Accumulate)
        return line(std::string("pack_reconfig_l1_acc(") + (config.on ? "1" : "0") + ");");
    line(std::string("pack_relu_config(ReluConfig::") + (config.on ? "zero" : "none") + "());");
}

}  // namespace

Result<KernelSource> compute_source(TensixProgram& program, size_t launch) {
    return ComputeWriter(program, launch).write();
}

}  // namespace tilelang_tt::codegen
