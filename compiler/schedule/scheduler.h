// The scheduler's own header: what its files share. A LaunchScheduler turns the steps of one launch into a region tree
// with engines; the parts of that are grouped below by the file that has them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "compiler/schedule/schedule.h"
#include "tensix/op_table.h"

namespace tilelang_tt::scheduling {

using placed::Access;
using placed::Instr;
using placed::PackMode;
using placed::Section;
using placed::Step;
using placed::Tiles;
using prog::ChannelCall;
using prog::DstCall;
using prog::Engine;
using prog::Engines;
using prog::NocCall;

// A page of a tensor, and when it is inside; valid is invalid where it always is.
struct Page {
    IndexId number, valid;
};

class LaunchScheduler {
  public:
    LaunchScheduler(Context& ctx, const graph::Launch& launch, const LaunchResources& resources, const WorkSplit& split,
                    const std::vector<TensorLayout>& layouts, const Target& target)
        : ctx_(ctx),
          index_(ctx.index),
          launch_(launch),
          resources_(resources),
          split_(split),
          layouts_(layouts),
          device_(*target.device) {}

    Result<prog::Launch> run();

  private:
    template <class Op>
    void add(Op op, Engines engines) {
        ops_->push_back({std::move(op), engines, loc_});
    }

    // ---- schedule.cpp: the launch, and its steps in order ----
    void refuse(std::string code, std::string message, std::string fix);
    void comment(const std::string& text);
    void channel(ChannelCall call, ChannelId id, int64_t pages, Engine engine);
    static Engines union_of(const prog::Region& region);
    void add_region(prog::For loop, LocId loc);
    void loop(std::string_view name, int64_t extent, int64_t step, const std::function<void(IndexId)>& body);
    void loop_from_1(std::string_view name, int64_t end, const std::function<void(IndexId)>& body);
    static bool uses(const Step& step, ChannelId channel);
    static bool fills(const Step& step, ChannelId channel);
    static bool is_load(const Step& step) { return std::holds_alternative<placed::Load>(step.v); }
    static bool reads(const Step& step);
    void steps(const std::vector<Step>& list, const Section* section, const std::vector<Tiles>* carried = nullptr);
    void step(const Step& step);

    // ---- blocks.cpp: which blocks a core computes: the loop over them, with its arguments added to the launch ----
    prog::For share(prog::Launch& out);
    prog::For rectangle(prog::Launch& out);
    size_t axis_of(VarId var) const;
    int64_t part(size_t axis) const;
    std::vector<prog::Op> grid_lets(VarId block);
    Engines engines_using(const prog::Region& region, VarId var) const;

    // ---- memory.cpp: tiles between memory and channels ----
    Page page_of(const graph::Window& window, IndexId row, IndexId col);
    void misfit(const Tensor& tensor);
    void loads(const std::vector<const Step*>& all, bool writer_free);
    void tile_loads(const std::vector<const Step*>& batch, bool writer_free);
    void reads(const placed::Load& load, Engine engine);
    void multicast(const placed::Load& load, prog::Peers peers, Engine engine);
    static bool writes(const std::vector<Step>& list);
    std::vector<std::optional<prog::Peers>> sharing(const std::vector<const Step*>& batch, bool writer_free) const;
    std::optional<prog::Peers> peers(const placed::Load& load) const;
    void residents();
    void write(const placed::Store& store, IndexId row0, IndexId col0, int64_t rows, int64_t cols);
    IndexId tile_of(const Tiles& tiles, IndexId row, IndexId col);

    // ---- row_blocks.cpp: blocks of tensors that lie in rows, and their conversions ----
    bool in_rows(const graph::Window& window) const { return layouts_[window.tensor.v].row_major; }
    template <class Rows>
    Rows rows_of(const graph::Window& window, const graph::TileType& type, IndexId tile_row, ChannelId channel,
                 const std::map<tensix::DataFormat, ChannelId>& scratch, bool write);
    void load_rows(const placed::Load& load);
    void write_rows(const placed::Store& store);
    void convert(const placed::Convert& convert);

    // ---- loops.cpp: loops, and the sums that the packer makes in them ----
    static bool packs_others(const std::vector<Step>& list);
    void l1_accumulate(bool on) { add(prog::PackerConfig{prog::PackerMode::L1Accumulate, on}, Engine::Compute); }
    void when_first(const placed::Loop& loop, bool first, const std::function<void()>& then);
    void loop_step(const placed::Loop& loop);
    void set_bounds(const placed::Loop& loop);

    // ---- sections.cpp: what is computed between acquiring and releasing DST ----
    void section(const Section& section);
    void stream(const Section& section, IndexId i, IndexId j);
    void subblocks(const Section& section, const std::function<void(IndexId, IndexId)>& body);
    void tiles(const Section& section, IndexId i, IndexId j, bool flat,
               const std::function<void(IndexId, IndexId, IndexId)>& body);
    void pack(const Section& section, const placed::Output& output, IndexId i, IndexId j);
    void constant(const placed::ConstantTile& constant);
    void index_tile(const placed::ConstantTile& tile);
    static std::string number(double value);

    // ---- calls.cpp: calls on the tiles of a subblock ----
    IndexId value_of(const placed::TileIndex& index, IndexId row, IndexId col);
    void calls(const std::vector<const Instr*>& list, IndexId t, IndexId row, IndexId col);
    static std::vector<const Instr*> pointers(const std::vector<Step>& list, size_t first, size_t last);
    void instrs(const std::vector<Step>& list, size_t first, size_t last, const Section& section);
    void reduce(const Instr& instr, IndexId t, IndexId row, IndexId col, LocId loc);
    void fold(const Instr& instr, IndexId t, IndexId row, IndexId col, LocId loc);
    bool comes_in_parts(ChannelId channel) const;
    void call(const Instr& instr, IndexId t, IndexId row, IndexId col, LocId loc);
    void matmul(const Instr& instr, IndexId k);

    Context& ctx_;
    IndexArena& index_;
    const graph::Launch& launch_;
    const LaunchResources& resources_;
    const WorkSplit& split_;
    const std::vector<TensorLayout>& layouts_;
    const tensix::DeviceSpec& device_;
    std::map<VarId, IndexId> first_;  // of a rectangle's two axes: where a core's part begins
    std::vector<IndexId> control_;    // what decides whether and how often the current step runs, within a block
    std::vector<prog::Op>* ops_ = nullptr;
    std::map<std::tuple<std::string, int64_t, int64_t>, VarId> vars_;
    const Section* section_ = nullptr;       // being written
    const placed::Loop* summing_ = nullptr;  // loop whose sections switch the packer's mode themselves
    IndexId row_, col_;                      // of the current subblock
    bool scan_goes_on_ = false;              // from the tile above
    bool writes_ = false, multicasts_ = false;
    LocId loc_;
    std::vector<Diagnostic> errors_;
};

}  // namespace tilelang_tt::scheduling
