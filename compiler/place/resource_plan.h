// ResourcePlan: where every value of a TileGraph lives, and how a block's work is cut into DST sections. Made by place,
// read by schedule, which spells it out with loops, page numbers and synchronisation. print() shows it with the user's
// names.
//
// Compute is a list of steps. A Section is what one pair tile_regs_acquire / tile_regs_release covers, repeated over
// the subblocks of its grid of tiles; inside it values live in DST. Everything that outlives a section lives in a
// channel.
#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "compiler/ir/support.h"
#include "compiler/ir/tensix_program.h"
#include "compiler/ir/tile_graph.h"

namespace tilelang_tt {
namespace placed {

// Which tile of an operand belongs to tile (i, j) of a section's grid.
enum class Access : uint8_t { Full, Row, Col, Scalar };

// A value's tiles in a channel: rows × cols tiles, row by row, or column by column (the second operand of a transposed
// matmul, whose columns are the rows of what is in memory).
//
// Part of a larger block: block_rows x block_cols tiles, of which these begin at the element (sum of row0, sum of
// col0), a tile's first.
struct Tiles {
    ChannelId channel;
    int64_t rows = 1, cols = 1;
    bool by_columns = false;
    int64_t block_rows = 0, block_cols = 0;  // 0: no part
    std::vector<IndexId> row0 = {}, col0 = {};
    bool is_part() const { return block_rows != 0; }
    int64_t row_stride() const { return is_part() ? block_cols : cols; }
    int64_t col_stride() const { return is_part() ? block_rows : rows; }
    // The same tiles as those of the transposed value.
    Tiles transposed() const { return {channel, cols, rows, !by_columns, block_cols, block_rows, col0, row0}; }
    friend bool operator==(const Tiles&, const Tiles&) = default;
};

struct TileOperand {
    Tiles tiles;
    Access access = Access::Full;
};

// A register is a DST slot for each tile of the section (per_tile: first slot + tile), or one slot that the tiles use
// in turn.
struct Register {
    int64_t slot = 0;
    bool per_tile = true;
};

// An integer that is known at run time: constant + Σ factor * expression, and row_step (col_step) more for each tile
// down (across) the section's grid. limit: cut to -limit … limit, where it is not 0. bits: the fp32 pattern of a
// number.
struct TileIndex {
    std::vector<std::pair<IndexId, int64_t>> terms;
    int64_t constant = 0, row_step = 0, col_step = 0, limit = 0;
    bool bits = false;
    friend bool operator==(const TileIndex&, const TileIndex&) = default;
};

// One call for every tile of a section. A matmul is one call for all tiles and each of k_tiles. A fold combines, in
// DST, k_tiles tiles of an operand into each tile of the section: `each` makes one of them in the second register, and
// the binary op combines it with what the first one holds.
struct Instr {
    tensix::OpCode op = tensix::OpCode::copy_tile;
    std::vector<TileOperand> tiles;
    std::vector<Register> registers;
    std::vector<int64_t> params;
    int64_t k_tiles = 0;      // tiles that a matmul, a reduction or a fold runs over; 0: none of these
    std::vector<Instr> each;  // of a fold: at tile k of the operand
    tensix::ReduceShape shape = tensix::ReduceShape::None;  // of a fold: Col: k runs along a row of tiles
    int64_t k_cols = 1;                                     // of a fold to one tile: columns of the operand
    std::vector<TileIndex> args;                            // at run time, instead of the last param
    // The call is only for tiles where one of them is negative; empty: for all. Calls that follow one another with the
    // same condition are made tile by tile.
    std::vector<TileIndex> when_negative;
    LocId loc;
    // Calls f with each operand in a channel, and whether it is only moved to DST: with all bits, if its channel
    // unpacks there.
    template <class F>
    void each_operand(F f) const {
        for (const TileOperand& operand : tiles) f(operand, tensix::op_row(op).unit == tensix::Unit::Unpack);
        for (const Instr& instr : each) instr.each_operand(f);
    }
};

// What a section packs.
enum class PackMode : uint8_t {
    Stream,      // subblock by subblock, in order: for the writer
    Block,       // at its place in a whole block that is pushed at the end: for later compute
    Accumulate,  // at its place in a block that the surrounding loop reserved; the packer adds to it
    Assemble,    // at its place in a block that the surrounding Assembly reserved
    Replace,     // likewise, where something has been packed before
};
struct Output {
    ValueId value;
    Register from;
    Tiles to;
    PackMode mode = PackMode::Stream;
    bool handed_on = false;  // to the next iteration, or out of a branch: not for what follows in the same list
};

struct Step;

struct Load {
    ValueId value;
    Tiles to;
    graph::Window window;
};

// A whole block from a channel to memory. In a section's `stores`: its subblocks as they are packed.
struct Store {
    Tiles from;
    graph::Window window;
    ValueId rows = {};  // where the block lies in rows: the value, whose extents count
};

// A block between rows and tiles, one row of tiles after the other. It takes what is in `from` as it goes and holds DST
// by itself, so it stands between sections.
struct Convert {
    Tiles from, to;
    bool tilize = true;  // false: tiles to rows
};

struct Section {
    int64_t rows = 1, cols = 1;          // grid in tiles
    int64_t sub_rows = 1, sub_cols = 1;  // of a subblock; divide rows and cols
    bool tile_by_tile = false;  // the instructions of steps past the loop run tile after tile, sharing registers
    bool scan = false;          // tile by tile down each column, which the vector engine carries in its registers
    std::vector<Step> steps;    // instructions; or, with one subblock, a loop around instructions first
    std::vector<Output> outputs;
    std::vector<Store> stores;  // of Stream outputs
    std::vector<Load> streams;  // operands that come subblock by subblock
    std::string why;            // comment for the generated code; empty: nothing to say
};

struct Loop {
    VarId var;
    IndexId begin, extent;
    std::vector<Step> body;
    // Channels in which the packer accumulates over the iterations: reserved before, pushed after.
    // accumulator_has_start: a section before the loop has packed the start values; otherwise the first iteration
    // overwrites.
    std::vector<Tiles> accumulators;
    bool accumulator_has_start = false;
    // Channels of carried values: filled before the loop, read and filled again by each iteration.
    std::vector<Tiles> carried;
    // The block that the loop starts from (`start`, packed without push) when accumulator_has_start.
    std::vector<Step> start;
    std::string why;
};

// A block that is packed part by part, in order: what is packed later replaces what was there.
struct Assembly {
    Tiles to;
    std::vector<Step> parts;  // sections
    std::string why;
};

struct Branch {
    IndexId cond;
    std::vector<Step> then, otherwise;
    std::vector<Tiles> results;  // each side fills them
};

struct Step {
    std::variant<Load, Store, Convert, Instr, Section, Loop, Assembly, Branch> v;
    LocId loc;
};

}  // namespace placed

namespace placed {
// A tile made once and never popped: of one value, by compute; or, where a step is not 0, of indices, by the reader:
// element (r, c) is row_step * r + col_step * c.
struct ConstantTile {
    ChannelId channel;
    double value = 0;
    int64_t row_step = 0, col_step = 0;
    bool indices() const { return row_step || col_step; }
};
}  // namespace placed

struct LaunchResources {
    prog::ComputeConfig compute;
    int64_t dst_capacity = 8;  // tiles between acquire and release
    std::vector<prog::Channel> channels;
    std::vector<placed::ConstantTile> constants;
    std::vector<placed::Step> residents;  // loads, and their conversions, before the first block; never popped
    std::vector<placed::Step> steps;      // of one block
    // Space through which rows go whose addresses in L1 and in memory differ in alignment, by format.
    std::map<tensix::DataFormat, ChannelId> read_scratch, write_scratch;
    Bytes l1_used;
    std::vector<std::string> remarks;  // precision and storage decisions, for --dump-ir
};

struct ResourcePlan {
    std::vector<LaunchResources> launches;
};

std::string print(const ResourcePlan& plan, const Context& ctx);

}  // namespace tilelang_tt
