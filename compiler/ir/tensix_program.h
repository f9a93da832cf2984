// TensixProgram: one region tree a launch, in an order in which a single thread could run it. Every op belongs to one
// or more engines (reader, compute, writer); the kernels are projections of the tree on an engine. Engines meet only in
// channels (circular buffers) and semaphores, whose calls are explicit ops.
//
// Executing the tree in order, with channels as bounded queues, is a valid schedule of the program: the reference
// interpreter does exactly that.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "compiler/ir/context.h"
#include "compiler/ir/mapping_plan.h"
#include "tensix/formats.h"
#include "tensix/op_table.h"

namespace tilelang_tt::prog {

enum class Engine : uint8_t { Reader = 1, Compute = 2, Writer = 4 };
// A set of engines, as the or of their bits.
struct Engines {
    uint8_t bits = 0;
    constexpr Engines() = default;
    constexpr Engines(Engine e) : bits(static_cast<uint8_t>(e)) {}
    constexpr bool has(Engine e) const { return bits & static_cast<uint8_t>(e); }
    friend constexpr Engines operator|(Engines a, Engines b) {
        Engines r;
        r.bits = a.bits | b.bits;
        return r;
    }
    friend bool operator==(const Engines&, const Engines&) = default;
};

enum class UnpackMode : uint8_t {
    Default,  // through SrcA/SrcB: fp32 keeps 10 mantissa bits
    ToDest,   // straight to a 32-bit DST: all bits; the channel may be read by copy_tile and transpose_tile only
};

// A circular buffer. Pages are tiles, or parts of row-major blocks: 32 rows of 32 * row_tiles elements, one row after
// the other, on row_tiles pages. Only ReadRows, WriteRows and what tilizes or untilizes touch such blocks. A channel
// that no ChannelOp names is the scratch space of ReadRows and WriteRows on one engine.
struct Channel {
    std::string name;  // "A_shared": the user's buffer, or what it holds; unique in the launch
    tensix::DataFormat format = tensix::DataFormat::Float16_b;
    int64_t pages = 1;
    int64_t block_pages = 1;  // every push is of this many pages or a divisor of it; pages is a multiple of it
    UnpackMode unpack = UnpackMode::Default;
    int64_t row_tiles = 0;  // 0: tiles; else pages and block_pages are multiples of it
    Bytes l1_offset;        // planned, from the start of the space for circular buffers
    std::string why;        // one line for the reader of the plan: "2 blocks deep: num_stages"
    friend bool operator==(const Channel&, const Channel&) = default;
};

struct Op;
struct Region {
    std::vector<Op> ops;
    friend bool operator==(const Region&, const Region&);
};

// ---- control, on each engine that has something in the body ----
struct Let {  // const uint32_t var = value
    static constexpr std::string_view kName = "let";
    VarId var;
    IndexId value;
    template <class Self, class V>
    static void fields(Self& s, V&& v) {
        v("var", s.var), v("value", s.value);
    }
    friend bool operator==(const Let&, const Let&) = default;
};
struct For {
    static constexpr std::string_view kName = "for";
    VarId var;
    IndexId begin, extent;  // var in [begin, begin + extent)
    int64_t step = 1;       // begin, begin + step, … < begin + extent
    Region body;
    template <class Self, class V>
    static void fields(Self& s, V&& v) {
        v("var", s.var), v("begin", s.begin), v("extent", s.extent), v("step", s.step), v("body", s.body);
    }
    friend bool operator==(const For&, const For&) = default;
};
struct If {
    static constexpr std::string_view kName = "if";
    IndexId cond;
    Region then, otherwise;
    template <class Self, class V>
    static void fields(Self& s, V&& v) {
        v("cond", s.cond), v("then", s.then), v("otherwise", s.otherwise);
    }
    friend bool operator==(const If&, const If&) = default;
};
// A line of explanation in the generated code.
struct Comment {
    static constexpr std::string_view kName = "comment";
    std::string text;
    template <class Self, class V>
    static void fields(Self& s, V&& v) {
        v("text", s.text);
    }
    friend bool operator==(const Comment&, const Comment&) = default;
};

// ---- channels ----
enum class ChannelCall : uint8_t { ReserveBack, PushBack, WaitFront, PopFront };
struct ChannelOp {
    static constexpr std::string_view kName = "channel";
    ChannelCall call = ChannelCall::ReserveBack;
    ChannelId channel;
    int64_t pages = 1;
    template <class Self, class V>
    static void fields(Self& s, V&& v) {
        v("call", s.call), v("channel", s.channel), v("pages", s.pages);
    }
    friend bool operator==(const ChannelOp&, const ChannelOp&) = default;
};

// ---- data movement: reader and writer ----
// Page `page` of the tensor to slot `slot` after the channel's write pointer. Where valid (if given) is false, the slot
// is zeroed instead.
struct ReadTile {
    static constexpr std::string_view kName = "read_tile";
    TensorId tensor;
    IndexId page;
    ChannelId channel;
    IndexId slot;
    IndexId valid;
    template <class Self, class V>
    static void fields(Self& s, V&& v) {
        v("tensor", s.tensor), v("page", s.page), v("channel", s.channel), v("slot", s.slot), v("valid", s.valid);
    }
    friend bool operator==(const ReadTile&, const ReadTile&) = default;
};
// Slot `slot` after the channel's read pointer to page `page` of the tensor; skipped where valid (if given) is false.
struct WriteTile {
    static constexpr std::string_view kName = "write_tile";
    ChannelId channel;
    IndexId slot;
    TensorId tensor;
    IndexId page;
    IndexId valid;
    template <class Self, class V>
    static void fields(Self& s, V&& v) {
        v("channel", s.channel), v("slot", s.slot), v("tensor", s.tensor), v("page", s.page), v("valid", s.valid);
    }
    friend bool operator==(const WriteTile&, const WriteTile&) = default;
};
// Rows of a row-major tensor to the row-major block that begins at slot `slot` (a multiple of the channel's row_tiles)
// after the channel's write pointer: element (r, c) of the block becomes element col + c of page page + r * page_step
// where r < rows and c < cols, and 0 elsewhere. rows and cols may be below 0 (nothing exists) or above what the block
// has; what they leave lies in the tensor. Left out: page_step is 1, rows 32, col 0, cols the width of the block.
//
// A NoC moves bytes between addresses that agree in their low bits only. Where that is not known of a row
// (rows_aligned), it goes through `scratch`, which holds at least one row (row_scratch_pages).
struct ReadRows {
    static constexpr std::string_view kName = "read_rows";
    TensorId tensor;
    IndexId page, page_step, rows, col, cols;
    ChannelId channel;
    IndexId slot;
    ChannelId scratch;
    template <class Self, class V>
    static void fields(Self& s, V&& v) {
        v("tensor", s.tensor), v("page", s.page), v("page_step", s.page_step), v("rows", s.rows), v("col", s.col);
        v("cols", s.cols), v("channel", s.channel), v("slot", s.slot), v("scratch", s.scratch);
    }
    friend bool operator==(const ReadRows&, const ReadRows&) = default;
};
// The inverse, from the row-major block at slot `slot` after the read pointer: elements r < rows, c < cols are written,
// nothing else is.
struct WriteRows {
    static constexpr std::string_view kName = "write_rows";
    ChannelId channel;
    IndexId slot;
    TensorId tensor;
    IndexId page, page_step, rows, col, cols;
    ChannelId scratch;
    template <class Self, class V>
    static void fields(Self& s, V&& v) {
        v("channel", s.channel), v("slot", s.slot), v("tensor", s.tensor), v("page", s.page);
        v("page_step", s.page_step), v("rows", s.rows), v("col", s.col), v("cols", s.cols), v("scratch", s.scratch);
    }
    friend bool operator==(const WriteRows&, const WriteRows&) = default;
};
// The channel's reserved block of `pages`, brought by one core and sent to its peers: those of the same row (column) of
// the rectangle of cores. The body reads the block, barrier included; one core of the row (column) runs it, once
// all peers have room, and the others receive what it sends. Every core of the row (column) comes here in step and
// would read the same: an execution core by core may run the body on each.
enum class Peers : uint8_t { Row, Column };
struct Multicast {
    static constexpr std::string_view kName = "multicast";
    ChannelId channel;
    int64_t pages = 1;
    Peers peers = Peers::Row;
    Region body;
    template <class Self, class V>
    static void fields(Self& s, V&& v) {
        v("channel", s.channel), v("pages", s.pages), v("peers", s.peers), v("body", s.body);
    }
    friend bool operator==(const Multicast&, const Multicast&) = default;
};
// A tile made by a data-movement core, to slot 0 after the channel's write pointer: element (r, c) is
// row_step · r + col_step · c; steps are -1, 0 or 1 with |sum| <= 31, so that bf16, the channel's format, is exact.
struct IndexTile {
    static constexpr std::string_view kName = "index_tile";
    ChannelId channel;
    int64_t row_step = 0, col_step = 0;
    template <class Self, class V>
    static void fields(Self& s, V&& v) {
        v("channel", s.channel), v("row_step", s.row_step), v("col_step", s.col_step);
    }
    friend bool operator==(const IndexTile&, const IndexTile&) = default;
};
enum class NocCall : uint8_t { ReadBarrier, WritesFlushed, WriteBarrier };
struct NocSync {
    static constexpr std::string_view kName = "noc";
    NocCall call = NocCall::ReadBarrier;
    template <class Self, class V>
    static void fields(Self& s, V&& v) {
        v("call", s.call);
    }
    friend bool operator==(const NocSync&, const NocSync&) = default;
};

// ---- compute ----
enum class DstCall : uint8_t { Acquire, Commit, Wait, Release };
struct DstSync {
    static constexpr std::string_view kName = "dst";
    DstCall call = DstCall::Acquire;
    template <class Self, class V>
    static void fields(Self& s, V&& v) {
        v("call", s.call);
    }
    friend bool operator==(const DstSync&, const DstSync&) = default;
};
// compute_kernel_hw_startup: once, first.
struct Startup {
    static constexpr std::string_view kName = "startup";
    ChannelId a, b, out;   // SrcA's and SrcB's channel in the order of the call; the channel packed to first
    bool reverse = false;  // SrcOrder::Reverse, as matmul wants
    template <class Self, class V>
    static void fields(Self& s, V&& v) {
        v("a", s.a), v("b", s.b), v("out", s.out), v("reverse", s.reverse);
    }
    friend bool operator==(const Startup&, const Startup&) = default;
};
// The init of a row of the op table (tensix/op_table.h), or its uninit. Derived by schedule/inits.cpp, never by hand.
struct Init {
    static constexpr std::string_view kName = "init";
    tensix::OpCode op = tensix::OpCode::copy_tile;
    bool uninit = false;
    std::vector<ChannelId> channels;
    std::vector<int64_t> params;
    template <class Self, class V>
    static void fields(Self& s, V&& v) {
        v("op", s.op), v("uninit", s.uninit), v("channels", s.channels), v("params", s.params);
    }
    friend bool operator==(const Init&, const Init&) = default;
};
// A call of a row of the op table. channels, tiles (index from the read pointer, one a channel operand) and dst (DST
// slots, operands then result; an op in place names its slot once) in the order the row gives; params are its
// immediates: counts, flags, and scalars as fp32 bit patterns. A scalar that is known at run time only stands in args
// instead, as a number that the kernel converts to what the row takes; or, with `bits`, as a bit pattern already.
struct Call {
    static constexpr std::string_view kName = "call";
    tensix::OpCode op = tensix::OpCode::copy_tile;
    std::vector<ChannelId> channels;
    std::vector<IndexId> tiles;
    std::vector<IndexId> dst;
    std::vector<int64_t> params;
    std::vector<IndexId> args;
    bool bits = false;
    template <class Self, class V>
    static void fields(Self& s, V&& v) {
        v("op", s.op), v("channels", s.channels), v("tiles", s.tiles), v("dst", s.dst), v("params", s.params);
        v("args", s.args), v("bits", s.bits);
    }
    friend bool operator==(const Call&, const Call&) = default;
};
// DST slot → channel. slot: index after the write pointer of the reserved block (pack_tile<true>); invalid: the next
// page in order.
struct Pack {
    static constexpr std::string_view kName = "pack";
    IndexId dst;
    ChannelId channel;
    IndexId slot;
    bool replaces = false;  // what was packed to the page before, on purpose
    template <class Self, class V>
    static void fields(Self& s, V&& v) {
        v("dst", s.dst), v("channel", s.channel), v("slot", s.slot), v("replaces", s.replaces);
    }
    friend bool operator==(const Pack&, const Pack&) = default;
};
// Format reconfiguration of SrcA, SrcB or the packer from one channel (invalid: not known on every path) to another.
// Derived by schedule/inits.cpp.
enum class ReconfigUnit : uint8_t { SrcA, SrcB, Pack };
struct Reconfig {
    static constexpr std::string_view kName = "reconfig";
    ReconfigUnit unit = ReconfigUnit::SrcA;
    ChannelId from, to;
    template <class Self, class V>
    static void fields(Self& s, V&& v) {
        v("unit", s.unit), v("from", s.from), v("to", s.to);
    }
    friend bool operator==(const Reconfig&, const Reconfig&) = default;
};
// pack_reconfig_l1_acc and pack_relu_config.
enum class PackerMode : uint8_t { L1Accumulate, Relu };
struct PackerConfig {
    static constexpr std::string_view kName = "packer";
    PackerMode mode = PackerMode::L1Accumulate;
    bool on = false;
    template <class Self, class V>
    static void fields(Self& s, V&& v) {
        v("mode", s.mode), v("on", s.on);
    }
    friend bool operator==(const PackerConfig&, const PackerConfig&) = default;
};

struct Op {
    std::variant<Let, For, If, Comment, ChannelOp, ReadTile, WriteTile, ReadRows, WriteRows, Multicast, IndexTile,
                 NocSync, DstSync, Startup, Init, Call, Pack, Reconfig, PackerConfig>
        v;
    Engines engines;  // of a region op: the union of its body's
    LocId loc;
    friend bool operator==(const Op&, const Op&) = default;
};
inline bool operator==(const Region& a, const Region& b) { return a.ops == b.ops; }

// A runtime argument that differs per core: value is an expression over Launch::core.
struct CoreArg {
    VarId var;
    IndexId value;
    Engines engines;  // that read it
    friend bool operator==(const CoreArg&, const CoreArg&) = default;
};

struct ComputeConfig {
    tensix::MathFidelity fidelity = tensix::MathFidelity::HiFi4;
    bool fp32_dest_acc_en = false;
    bool dst_full_sync_en = false;
    friend bool operator==(const ComputeConfig&, const ComputeConfig&) = default;
};

struct Launch {
    std::vector<Channel> channels;
    VarId core;  // linear index of a core, row-major over the grid, x fastest
    std::vector<CoreArg> core_args;
    ComputeConfig compute;
    Region body;
    LocId loc;
    const Channel& channel(ChannelId id) const { return channels[id.v]; }
    friend bool operator==(const Launch&, const Launch&) = default;
};

}  // namespace tilelang_tt::prog

namespace tilelang_tt {

struct TensixProgram {
    Context ctx;
    MappingPlan mapping;  // layouts of ctx.tensors, cores of each launch
    std::vector<prog::Launch> launches;
    friend bool operator==(const TensixProgram&, const TensixProgram&) = default;
};

}  // namespace tilelang_tt
