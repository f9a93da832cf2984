// The resource plan as tables, with the user's names.
#include <sstream>

#include "compiler/ir/text.h"
#include "compiler/place/resource_plan.h"

namespace tilelang_tt {
namespace {

class Printer {
  public:
    Printer(const LaunchResources& launch, const Context& ctx, std::ostringstream& out)
        : launch_(launch), ctx_(ctx), out_(out) {}

    void run() {
        out_ << "DST " << (launch_.compute.fp32_dest_acc_en ? "32 bit" : "16 bit") << ", " << launch_.dst_capacity
             << (launch_.compute.dst_full_sync_en ? " tiles, full sync; " : " tiles; ")
             << tensix::to_string(launch_.compute.fidelity) << "; L1 " << launch_.l1_used.v << " B\n";
        for (const prog::Channel& c : launch_.channels)
            out_ << "channel " << c.name << ": " << tensix::name(c.format) << " x " << c.pages << " at "
                 << c.l1_offset.v << (c.unpack == prog::UnpackMode::ToDest ? ", unpacked to DST" : "")
                 << (c.row_tiles ? ", rows of " + std::to_string(c.row_tiles) : "") << "; " << c.why << "\n";
        if (!launch_.residents.empty()) out_ << "once\n";
        steps(launch_.residents, 1);
        steps(launch_.steps, 0);
        for (const std::string& remark : launch_.remarks) out_ << "remark: " << remark << "\n";
    }

  private:
    std::ostream& line(int depth) { return out_ << std::string(static_cast<size_t>(depth) * 2, ' '); }
    const std::string& name(ChannelId id) const { return launch_.channels[id.v].name; }
    static std::string shape(int64_t rows, int64_t cols) { return std::to_string(rows) + "x" + std::to_string(cols); }

    std::string shown(const placed::TileIndex& index) const {
        std::string out = index.bits ? "bits(" : "(";
        for (const auto& [id, factor] : index.terms)
            out +=
                (factor == 1 ? "" : std::to_string(factor) + "*") + "[" + tilelang_tt::print(ctx_.index, id) + "] + ";
        out += std::to_string(index.constant);
        if (index.row_step) out += " + " + std::to_string(index.row_step) + "*row";
        if (index.col_step) out += " + " + std::to_string(index.col_step) + "*col";
        return out + ")" + (index.limit ? " cut to " + std::to_string(index.limit) : "");
    }

    void steps(const std::vector<placed::Step>& list, int depth) {
        for (const placed::Step& step : list) std::visit([&](const auto& s) { show(s, depth); }, step.v);
    }
    // "(32+i*64, 0)": where a part of a block starts, in elements
    std::string part(const placed::Tiles& tiles) const {
        if (!tiles.is_part()) return "";
        auto sum = [&](const std::vector<IndexId>& terms) {
            std::string text;
            for (IndexId term : terms) text += (text.empty() ? "" : " + ") + tilelang_tt::print(ctx_.index, term);
            return text;
        };
        return "(" + sum(tiles.row0) + ", " + sum(tiles.col0) + ")";
    }
    void show(const placed::Load& load, int depth) {
        line(depth) << "load " << ctx_.tensor(load.window.tensor).name << " -> " << name(load.to.channel) << " "
                    << shape(load.to.rows, load.to.cols) << (load.to.by_columns ? " by columns" : "") << "\n";
    }
    void show(const placed::Store& store, int depth) {
        line(depth) << "store " << name(store.from.channel) << " " << shape(store.from.rows, store.from.cols) << " -> "
                    << ctx_.tensor(store.window.tensor).name << "\n";
    }
    void show(const placed::Convert& convert, int depth) {
        line(depth) << (convert.tilize ? "tilize " : "untilize ") << name(convert.from.channel) << " "
                    << shape(convert.from.rows, convert.from.cols) << " -> " << name(convert.to.channel) << "\n";
    }
    void show(const placed::Instr& instr, int depth) {
        line(depth) << (instr.each.empty() ? "" : "fold ") << tensix::to_string(instr.op);
        if (!instr.each.empty()) out_ << " over " << instr.k_tiles << (instr.k_tiles == 1 ? " tile" : " tiles");
        for (const placed::TileOperand& operand : instr.tiles) {
            constexpr const char* kAccess[] = {"", "[row]", "[col]", "[scalar]"};
            out_ << " " << name(operand.tiles.channel) << part(operand.tiles)
                 << kAccess[static_cast<size_t>(operand.access)];
        }
        for (const placed::Register& r : instr.registers) out_ << " d" << r.slot << (r.per_tile ? "+" : "");
        for (int64_t p : instr.params) out_ << " " << p;
        for (const placed::TileIndex& arg : instr.args) out_ << " " << shown(arg);
        for (size_t i = 0; i < instr.when_negative.size(); ++i)
            out_ << (i ? " or " : " where ") << shown(instr.when_negative[i]) << " < 0";
        out_ << "\n";
        for (const placed::Instr& each : instr.each) show(each, depth + 1);
    }
    void show(const placed::Section& section, int depth) {
        line(depth) << "section " << shape(section.rows, section.cols) << " by "
                    << shape(section.sub_rows, section.sub_cols) << (section.tile_by_tile ? ", tile by tile" : "")
                    << (section.scan ? ", down each column" : "") << "\n";
        for (const placed::Load& load : section.streams) show(load, depth + 1);
        steps(section.steps, depth + 1);
        for (const placed::Output& output : section.outputs) {
            constexpr const char* kMode[] = {"stream", "block", "accumulate", "assemble", "replace"};
            line(depth + 1) << "pack d" << output.from.slot << "+ -> " << name(output.to.channel) << " "
                            << kMode[static_cast<size_t>(output.mode)] << part(output.to) << "\n";
        }
        for (const placed::Store& store : section.stores) show(store, depth + 1);
    }
    void show(const placed::Loop& loop, int depth) {
        line(depth) << "for " << ctx_.index.var(loop.var).name << " in [" << tilelang_tt::print(ctx_.index, loop.begin)
                    << ", + " << tilelang_tt::print(ctx_.index, loop.extent) << ")";
        for (const placed::Tiles& acc : loop.accumulators) out_ << ", packer adds in " << name(acc.channel);
        out_ << "\n";
        steps(loop.start, depth + 1);
        steps(loop.body, depth + 1);
    }
    void show(const placed::Assembly& assembly, int depth) {
        line(depth) << "assemble " << name(assembly.to.channel) << " " << shape(assembly.to.rows, assembly.to.cols)
                    << (assembly.to.by_columns ? " by columns" : "") << "\n";
        steps(assembly.parts, depth + 1);
    }
    void show(const placed::Branch& branch, int depth) {
        line(depth) << "if " << tilelang_tt::print(ctx_.index, branch.cond) << "\n";
        steps(branch.then, depth + 1);
        if (branch.otherwise.empty()) return;
        line(depth) << "else\n";
        steps(branch.otherwise, depth + 1);
    }

    const LaunchResources& launch_;
    const Context& ctx_;
    std::ostringstream& out_;
};

}  // namespace

std::string print(const ResourcePlan& plan, const Context& ctx) {
    std::ostringstream out;
    for (size_t i = 0; i < plan.launches.size(); ++i) {
        if (plan.launches.size() > 1) out << "launch " << i << "\n";
        Printer(plan.launches[i], ctx, out).run();
    }
    return out.str();
}

}  // namespace tilelang_tt
