// Placement of one launch: the walk over its regions and the state that it keeps. One class in several files, each
// with one question; internal to compiler/place.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "compiler/ir/diagnostics.h"
#include "compiler/place/analysis.h"
#include "compiler/place/channels.h"
#include "compiler/place/place.h"
#include "compiler/place/select.h"

namespace tilelang_tt::placed {

struct Accumulator {
    ValueId result, arg, init;
    const graph::Op* matmul = nullptr;
};

// Operations that share DST sections: one grid of tiles, every operand either from a channel or from the group itself.
struct Group {
    bool open = false;
    graph::TileType type;             // of its values
    bool reduces = false;             // begins with a reduction
    const graph::Op* loop = nullptr;  // a loop that accumulates what the group goes on with
    std::vector<Accumulator> accumulators;
    std::vector<Step> loads_after_loop;
    std::vector<const graph::Op*> ops;
    std::unordered_set<ValueId> values;
    const graph::Region* region = nullptr;  // that it stands in
    LocId loc;
};

struct Shape {
    int64_t rows = 1, cols = 1;
};

// Rows and columns of the subblock with the most tiles, at most `limit`, that divides the grid.
Shape best_subblock(int64_t rows, int64_t cols, int64_t limit);

// A value that must leave its group.
struct Packed {
    ValueId value;
    const graph::Op* store = nullptr;  // a Store, or an Untilize; null: for later compute
    Tiles handed_on;                   // where to, if it leaves the loop's body or branch
};

// How a channel is read.
struct Reads {
    bool copied = false, computed = false;  // by copy_tile; by anything else
    bool keeps_bits = false;                // some result needs more than the 10 mantissa bits of SrcA
};

// Tiles packed while a block is computed.
struct Packs {
    double spared = 0;   // by sums that stay in the whole of DST, but not in half of it
    double waiting = 0;  // that the matrix engine then waits for, as there is no other half to go on in
};

// The register of a unit of selection.
using GiveSlot = std::function<Register(int64_t unit)>;

class Placer {
  public:
    Placer(const TileGraph& graph, const graph::Launch& launch, const MappingPlan& mapping, const Target& target)
        : ctx_(graph.ctx), launch_(launch), mapping_(mapping), target_(target), analysis_(graph.ctx, launch) {}

    Result<LaunchResources> run();

  private:
    const graph::TileType& type(ValueId id) const { return launch_.value(id).type; }
    const std::string& name(ValueId id) const { return launch_.value(id).name; }
    ChannelId add_channel(const std::string& name, Role role, tensix::DataFormat format, int64_t whole,
                          int64_t block_pages, LocId loc) {
        return channels_.add(name, role, format, whole, block_pages, loc);
    }

    // ---- place.cpp: regions, and where values are ----
    void refuse(LocId loc, std::string code, std::string message, std::string fix, std::vector<Fact> facts = {});
    void every_rest_is_padded();
    void every_store_is_placed(const graph::Region& region);
    const std::string& label(ValueId id) const;
    bool needs_fp32_dest(const graph::Region& region) const;
    void configure();
    std::optional<Tiles> find(ValueId id, bool by_columns) const;
    bool wanted_in(ValueId id, bool by_columns) const;
    Tiles tiles_of(ChannelId channel, const graph::TileType& type, bool by_columns) const;
    void region(const graph::Region& region, std::vector<Step>& steps, bool in_loop, int64_t stages = 0);
    static bool stores_to(const graph::Region& region, TensorId tensor);
    bool uses(const graph::Op& op, ValueId value) const;
    bool continues(const graph::Op& op) const;
    bool same_for_all_blocks(const graph::Load& load) const;
    void load(const graph::Op& op, const graph::Load& load, std::vector<Step>& steps, Role role, int64_t stages = 0);
    std::optional<Tiles> find_operand(ValueId id, bool by_columns) const;

    // ---- order.cpp: which operations go next to which ----
    std::vector<const graph::Op*> order(const graph::Region& region) const;
    const graph::Op* only_reader(ValueId id, const graph::Region& region) const;
    bool takes_maps_of(const graph::Op& reader, const graph::TileType& of) const;
    bool at_hand(ValueId id, const graph::Op& reader, const graph::Region& region) const;

    // ---- conversions.cpp: blocks of tensors that lie in rows ----
    ChannelId add_rows(const std::string& name, Role role, const graph::TileType& type, tensix::DataFormat format,
                       LocId loc);
    void load_rows(const graph::Op& op, const graph::Load& load, std::vector<Step>& steps);
    bool tilized_once(const graph::Load& load) const;
    void tilize(const graph::Op& op, std::vector<Step>& steps);
    void place_tilized(const graph::Op& op, std::vector<Step>& steps);
    bool untilize_in_place(const graph::Op& op, std::vector<Step>& steps);
    void untilize(const graph::Op& op, const Tiles& from, std::vector<Step>& steps);
    void scratch(const graph::Window& window, ChannelId channel, const graph::TileType& type, bool write);

    // ---- groups.cpp: from groups of operations to sections ----
    void start(std::vector<Step>& steps, const graph::TileType& type, LocId loc);
    void append(const graph::Op& op);
    bool same_grid(const graph::TileType& a, const graph::TileType& b) const;
    bool joins(const graph::Op& op) const;
    bool made_where_used(ValueId id) const;
    void store(const graph::Op& op, std::vector<Step>& steps);
    bool used_outside(ValueId id) const;
    std::vector<const graph::Op*> stores_of(ValueId id) const;
    void flush(std::vector<Step>& steps);
    std::vector<Packed> leaving() const;
    SelectOptions options(bool tile_by_tile) const;
    Result<Selected> select_group(const std::vector<const graph::Op*>& ops, const std::vector<Packed>& packed,
                                  const std::vector<ValueId>& preset, bool tile_by_tile);
    Tiles indices(int64_t row_step, int64_t col_step);
    void sections(std::vector<Step>& steps);
    void split(int64_t units, std::vector<Step>& steps);
    void finish(Section& section, Selected selected, const std::vector<Packed>& packed, const GiveSlot& reg,
                std::vector<Step>& steps);
    tensix::DataFormat interim_format(ValueId value) const;

    // ---- matmuls.cpp: operands as the matrix engine wants them ----
    void matmul(const graph::Op& op, std::vector<Step>& steps);
    bool transposed_operand(graph::Matmul& matmul, LocId loc, std::vector<Step>& steps);
    void one_exponent_width(graph::Matmul& matmul, const graph::Op& op, std::vector<Step>& steps);
    ValueId stand_in(const Tiles& tiles);
    bool takes_operands(const graph::Matmul& matmul) const;

    // ---- loops.cpp: sums over the iterations of a loop ----
    std::optional<std::vector<Accumulator>> accumulators(const graph::Op& op) const;
    bool only_loads_and(const graph::Region& region, const std::vector<Accumulator>& accumulators) const;
    bool full_sync_pays() const;
    void count_packs(const graph::Region& region, double times, Packs& packs) const;
    void loop(const graph::Op& op, std::vector<Step>& steps);
    bool resident(std::vector<Step>& steps, bool whole);
    void accumulate_in_l1(std::vector<Step>& steps);
    void go_on(Group& group) const;
    void start_block(const Accumulator& sum, const Tiles& to, std::vector<Step>& steps, LocId loc);

    // ---- parts.cpp: parts of values, and values made of parts ----
    void slice(const graph::Op& op, std::vector<Step>& steps);
    void view(const graph::Slice& slice);
    void insert(const graph::Op& op, std::vector<Step>& steps);
    const graph::Op* continued_by(const graph::Op& insert) const;
    std::optional<Tiles> constant_tiles(ValueId id, bool transposed, bool by_columns, LocId loc,
                                        std::vector<Step>& steps);
    Step copied(const std::optional<Tiles>& from, const double* constant, DType dtype, const Tiles& to, PackMode mode,
                LocId loc);

    // ---- handover.cpp: values that cross the edge of a loop's body or a branch ----
    std::vector<Tiles> hand_over(ValueId value, std::initializer_list<ValueId> by, int64_t blocks,
                                 const std::string& why, LocId loc);
    void also_by_columns(ValueId value, LocId loc, std::vector<Step>& steps);
    void hand_on(ValueId value, LocId loc, std::vector<Step>& steps);
    void carrying_loop(const graph::Op& op, std::vector<Step>& steps);
    void branch(const graph::Op& op, std::vector<Step>& steps, bool in_loop);

    // ---- reductions.cpp ----
    void reduce(const graph::Op& op, std::vector<Step>& steps);
    void remark(std::string text);
    bool reduced_in_dst(const graph::Reduce& op) const;
    void fold(const graph::Op& op, std::vector<Step>& steps);
    std::vector<const graph::Op*> maps_of(ValueId value, const graph::Op& reduce) const;
    void reduce_tiles(const graph::Op& op, std::vector<Step>& steps);
    void scan(const graph::Op& op, std::vector<Step>& steps);
    Tiles mapped(const Tiles& from, const std::vector<tensix::OpCode>& calls, const graph::TileType& type,
                 const std::string& name, LocId loc, std::vector<Step>& steps);
    Tiles rows_first(graph::Reduce& reduce, const Tiles& from, LocId loc, std::vector<Step>& steps);
    Tiles ones(tensix::DataFormat of);

    // ---- unpack_modes.cpp ----
    void note_reads(const std::vector<Step>& steps, const Section* section, std::map<uint32_t, Reads>& reads) const;
    bool rounds_at_once(const Section& section) const;
    void unpack_modes();

    const Context& ctx_;
    const graph::Launch& launch_;
    const MappingPlan& mapping_;
    const Target& target_;
    Analysis analysis_;
    LaunchResources out_;
    ChannelTable channels_;
    Group group_;
    const graph::Region* region_ = nullptr;  // being walked
    std::map<std::pair<ValueId, bool>, Tiles> tiles_;
    std::unordered_map<ValueId, Tiles> stand_ins_;
    std::unordered_map<ValueId, Tiles> packer_adds_;  // by the matmul's result
    std::unordered_set<const graph::Op*> stored_;
    std::vector<std::pair<const graph::Op*, Tiles>> whole_stores_;
    std::unordered_map<ValueId, std::vector<Tiles>> handed_on_;
    std::unordered_map<ValueId, Reduction> reductions_;  // by the result
    std::map<tensix::DataFormat, Tiles> ones_;
    std::map<std::pair<int64_t, int64_t>, Tiles> indices_;
    std::deque<graph::Op> owned_;
    std::vector<Diagnostic> errors_;
};

}  // namespace tilelang_tt::placed
