// Runs the region tree of each core in order. Every rule whose violation would hang or give garbage on the chip is
// checked: what is reserved, pushed, waited for and popped, the phases and capacity of DST, pages of tensors.
#include <algorithm>
#include <bit>
#include <cmath>

#include "compiler/ir/interpreter.h"
#include "compiler/ir/names.h"
#include "compiler/ir/verify.h"
#include "tensix/formats.h"

namespace tilelang_tt {
namespace {

using interpreter::fail;
using interpreter::Machine;
using tensix::DataFormat;
using tensix::Rounding;
using namespace prog;

constexpr size_t kElements = 1024, kDim = 32;
using Tile = std::vector<double>;  // 32 × 32, row-major

// value as an element of the format would hold it. Block formats need their neighbours: see round_tile.
double round_element(DataFormat format, double v, Rounding rounding) {
    switch (format) {
        case DataFormat::Float32:
            return static_cast<float>(v);
        case DataFormat::Tf32:
            return tensix::to_tf32(static_cast<float>(v), rounding);
        case DataFormat::Float16_b:
            return tensix::from_bf16(tensix::to_bf16(static_cast<float>(v), rounding));
        case DataFormat::Float16:
            return tensix::from_fp16(tensix::to_fp16(static_cast<float>(v), rounding));
        default:
            break;
    }
    if (std::isnan(v)) return 0;
    const bool is_unsigned = format == DataFormat::UInt32 || format == DataFormat::UInt16 ||
                             format == DataFormat::UInt8 || format == DataFormat::RawUInt8 ||
                             format == DataFormat::RawUInt16 || format == DataFormat::RawUInt32;
    const int bits = static_cast<int>(tensix::element_bits(format));
    const double high = std::ldexp(1.0, is_unsigned ? bits : bits - 1) - 1, low = is_unsigned ? 0 : -high - 1;
    return std::clamp(std::nearbyint(v), low, high);
}

void round_tile(DataFormat format, double* values, Rounding rounding) {
    const bool by_element = tensix::is_integer(format) || format == DataFormat::Float32 || format == DataFormat::Tf32 ||
                            format == DataFormat::Float16_b || format == DataFormat::Float16;
    if (by_element) {
        for (size_t i = 0; i < kElements; ++i) values[i] = round_element(format, values[i], rounding);
        return;
    }
    // Sixteen neighbours in a row share an exponent, in row-major order as in faces.
    float in[kElements];
    std::vector<unsigned char> stored(4 * kElements);
    for (size_t i = 0; i < kElements; ++i) in[i] = static_cast<float>(values[i]);
    tensix::encode(format, in, stored.data(), kElements, rounding);
    tensix::decode(format, stored.data(), in, kElements);
    for (size_t i = 0; i < kElements; ++i) values[i] = in[i];
}

// A tensor in device memory: its tiles, or rows, page after page.
struct DeviceTensor {
    std::vector<double> tiles;
    int64_t pages = 0;
    size_t page_elements = kElements;
    bool written = false;
};

struct ChannelState {
    std::vector<double> tiles;
    int64_t read = 0, write = 0;       // page of the read and write pointer
    int64_t pushed = 0;                // pages between them
    int64_t reserved = 0, waited = 0;  // as the last calls left them
    int64_t next_pack = 0;
};

struct Slot {
    Tile tile;
    bool fresh = true;  // not written since acquire: zeros
    bool integer = false;
};

enum class Phase { Idle, Math, Committed, Packing };

class Interpreter {
  public:
    Interpreter(const TensixProgram& program, std::span<HostArray> tensors, const IndexEnv& symbols)
        : program_(program), machine_(program.ctx, tensors, symbols), device_(tensors.size()) {}

    void run() {
        for (size_t i = 0; i < device_.size(); ++i) tilize(TensorId(i));
        for (size_t i = 0; i < program_.launches.size(); ++i) {
            launch_ = &program_.launches[i];
            for (core_ = 0; core_ < program_.mapping.launches[i].cores; ++core_) core();
        }
        for (size_t i = 0; i < device_.size(); ++i)
            if (device_[i].written) untilize(TensorId(i));
    }

  private:
    [[noreturn]] void stop(const char* code, const std::string& message) const {
        fail(code, message + " (core " + std::to_string(core_) + ")", machine_.loc(machine_.at));
    }

    // ---- tensors ----
    // Calls element(page, position in the tile, position in the array) for every element; array position -1: padding.
    template <class Element>
    void each_element(TensorId id, const Element& element) {
        const HostArray& a = machine_.tensor(id);
        const TensorLayout& layout = program_.mapping.layouts[id.v];
        if (layout.row_major) {  // as in the array
            DeviceTensor& t = device_[id.v];
            t.page_elements = static_cast<size_t>(a.shape.back());
            t.pages = 1;
            for (size_t d = 0; d + 1 < a.shape.size(); ++d) t.pages *= a.shape[d];
            for (int64_t p = 0; p < t.pages; ++p)
                for (int64_t c = 0; c < a.shape.back(); ++c) element(p, c, p * a.shape.back() + c);
            return;
        }
        const auto extent = [&](int64_t dim) { return dim < 0 ? 1 : a.shape[static_cast<size_t>(dim)]; };
        const int64_t rows = extent(layout.row_dim), cols = extent(layout.col_dim);
        const int64_t tile_rows = ceil_div(rows, kTileDim), tile_cols = ceil_div(cols, kTileDim);
        int64_t outer_count = 1, row_stride = 0, col_stride = 0, stride = 1;
        std::vector<std::pair<int64_t, int64_t>> outer;  // (extent, stride), innermost first
        for (size_t d = a.shape.size(); d-- > 0; stride *= a.shape[d]) {
            const auto dim = static_cast<int64_t>(d);
            if (dim == layout.row_dim)
                row_stride = stride;
            else if (dim == layout.col_dim)
                col_stride = stride;
            else
                outer.emplace_back(a.shape[d], stride), outer_count *= a.shape[d];
        }
        device_[id.v].pages = outer_count * tile_rows * tile_cols;
        for (int64_t o = 0; o < outer_count; ++o) {
            int64_t base = 0, rest = o;
            for (const auto& [n, s] : outer) base += rest % n * s, rest /= n;
            for (int64_t r = 0; r < tile_rows * kTileDim; ++r)
                for (int64_t c = 0; c < tile_cols * kTileDim; ++c) {
                    const int64_t page = (o * tile_rows + r / kTileDim) * tile_cols + c / kTileDim;
                    const int64_t at = r < rows && c < cols ? base + r * row_stride + c * col_stride : -1;
                    element(page, r % kTileDim * kTileDim + c % kTileDim, at);
                }
        }
    }
    void tilize(TensorId id) {
        const HostArray& a = machine_.tensor(id);
        const TensorLayout& layout = program_.mapping.layouts[id.v];
        DeviceTensor& t = device_[id.v];
        const double pad = layout.pad_is_zero                  ? 0
                           : tensix::is_integer(layout.format) ? 0x5a
                                                               : std::numeric_limits<double>::quiet_NaN();
        each_element(id, [&](int64_t page, int64_t in_tile, int64_t at) {
            const auto to = static_cast<size_t>(page) * t.page_elements + static_cast<size_t>(in_tile);
            if (to >= t.tiles.size()) t.tiles.resize(static_cast<size_t>(t.pages) * t.page_elements);
            const double value = at < 0 ? pad : a.data[static_cast<size_t>(at)];
            // Bytes of int8 lie in memory as they are.
            t.tiles[to] = layout.format == DataFormat::UInt8 ? interpreter::wrapped(DType::U8, value) : value;
        });
        if (layout.row_major)
            for (double& v : t.tiles) v = round_element(layout.format, v, Rounding::NearestEven);
        else
            for (int64_t p = 0; p < t.pages; ++p)
                round_tile(layout.format, t.tiles.data() + static_cast<size_t>(p) * kElements, Rounding::NearestEven);
    }
    void untilize(TensorId id) {
        HostArray& a = machine_.tensor(id);
        const DType dtype = program_.ctx.tensor(id).dtype;
        each_element(id, [&](int64_t page, int64_t in_tile, int64_t at) {
            if (at >= 0)
                a.data[static_cast<size_t>(at)] =
                    stored(dtype, device_[id.v].tiles[static_cast<size_t>(page) * device_[id.v].page_elements +
                                                      static_cast<size_t>(in_tile)]);
        });
    }
    static double stored(DType dtype, double value) {
        return is_integer(dtype) ? interpreter::wrapped(dtype, value) : round_to(dtype, value);
    }
    double* page(TensorId id, int64_t number) {
        DeviceTensor& t = device_[id.v];
        if (number < 0 || number >= t.pages)
            stop("TT9206", "page " + std::to_string(number) + " of tensor '" + program_.ctx.tensor(id).name +
                               "' is used, it has " + std::to_string(t.pages));
        return t.tiles.data() + static_cast<size_t>(number) * t.page_elements;
    }

    // ---- a core ----
    void core() {
        machine_.at = launch_->loc;
        if (launch_->core.valid()) machine_.bind(launch_->core, core_);
        for (const CoreArg& arg : launch_->core_args) machine_.bind(arg.var, machine_.eval(arg.value));
        channels_.clear();
        half_ = DataFormat::Float16_b;
        for (const Channel& c : launch_->channels) {
            ChannelState s;
            // What was never written must not look like a result.
            s.tiles.assign(static_cast<size_t>(c.pages) * kElements, std::numeric_limits<double>::quiet_NaN());
            channels_.push_back(std::move(s));
            if (c.format == DataFormat::Float16) half_ = DataFormat::Float16;
        }
        const ComputeConfig& config = launch_->compute;
        const size_t slots = (config.fp32_dest_acc_en ? 4u : 8u) * (config.dst_full_sync_en ? 2u : 1u);
        dst_.assign(slots, Slot{Tile(kElements), true, false});
        phase_ = Phase::Idle;
        l1_accumulate_ = relu_ = false;
        region(launch_->body);
        if (phase_ != Phase::Idle) stop("TT9205", "DST is still held at the end");
    }
    void region(const Region& r) {
        for (const Op& op : r.ops) {
            machine_.at = op.loc;
            std::visit([&](const auto& o) { exec(o); }, op.v);
        }
    }
    void exec(const Let& l) { machine_.bind(l.var, machine_.eval(l.value)); }
    void exec(const For& f) {
        const int64_t begin = machine_.eval(f.begin), extent = machine_.eval(f.extent);
        for (int64_t i = 0; i < extent; i += f.step) {
            machine_.bind(f.var, begin + i);
            region(f.body);
            if (f.step >= extent - i) break;  // the sum might overflow
        }
        machine_.unbind(f.var);
    }
    void exec(const If& f) { region(machine_.eval(f.cond) ? f.then : f.otherwise); }
    void exec(const Multicast& m) { region(m.body); }
    void exec(const Comment&) {}
    // Inits, formats and barriers leave no trace in an execution in order; verify_schedule looks at them.
    void exec(const NocSync&) {}
    void exec(const Startup&) {}
    void exec(const Init&) {}
    void exec(const Reconfig&) {}
    void exec(const PackerConfig& p) { (p.mode == PackerMode::Relu ? relu_ : l1_accumulate_) = p.on; }

    // ---- channels ----
    const Channel& channel(ChannelId id) const { return launch_->channel(id); }
    std::string shown(ChannelId id) const { return "channel '" + channel(id).name + "'"; }
    void exec(const ChannelOp& op) {
        ChannelState& s = channels_[op.channel.v];
        const int64_t pages = channel(op.channel).pages;
        const auto count = [](int64_t n) { return std::to_string(n) + (n == 1 ? " page" : " pages"); };
        switch (op.call) {
            case ChannelCall::ReserveBack:
                if (s.pushed + op.pages > pages)
                    stop("TT9204", shown(op.channel) + " is to take " + count(op.pages) + ", but " + count(s.pushed) +
                                       " of its " + std::to_string(pages) + " are in use: it would wait for ever");
                s.reserved = std::max(s.reserved, op.pages);
                break;
            case ChannelCall::PushBack:
                if (op.pages > s.reserved)
                    stop("TT9204", count(op.pages) + " are pushed to " + shown(op.channel) + ", " +
                                       std::to_string(s.reserved) + " were reserved");
                if (s.write + op.pages > pages)
                    stop("TT9204", "a push of " + count(op.pages) + " to " + shown(op.channel) + " runs past its end");
                s.reserved -= op.pages, s.pushed += op.pages, s.next_pack = 0;
                s.write = (s.write + op.pages) % pages;
                break;
            case ChannelCall::WaitFront:
                if (op.pages > s.pushed)
                    stop("TT9204", count(op.pages) + " of " + shown(op.channel) + " are waited for, " +
                                       std::to_string(s.pushed) + " were pushed: it would wait for ever");
                s.waited = std::max(s.waited, op.pages);
                break;
            case ChannelCall::PopFront:
                if (op.pages > s.waited)
                    stop("TT9204", count(op.pages) + " are popped from " + shown(op.channel) + ", " +
                                       std::to_string(s.waited) + " were waited for");
                if (s.read + op.pages > pages)
                    stop("TT9204", "a pop of " + count(op.pages) + " from " + shown(op.channel) + " runs past its end");
                s.waited -= op.pages, s.pushed -= op.pages;
                s.read = (s.read + op.pages) % pages;
                break;
        }
    }
    // The slot `index` after the write pointer.
    double* back(ChannelId id, int64_t index) {
        ChannelState& s = channels_[id.v];
        if (index < 0 || index >= s.reserved || s.write + index >= channel(id).pages)
            stop("TT9204", "slot " + std::to_string(index) + " of " + shown(id) + " is written, " +
                               std::to_string(s.reserved) + " are reserved");
        return s.tiles.data() + static_cast<size_t>(s.write + index) * kElements;
    }
    const double* front(ChannelId id, int64_t index) {
        ChannelState& s = channels_[id.v];
        if (index < 0 || index >= s.waited || s.read + index >= channel(id).pages)
            stop("TT9204", "tile " + std::to_string(index) + " of " + shown(id) + " is read, " +
                               std::to_string(s.waited) + " were waited for");
        return s.tiles.data() + static_cast<size_t>(s.read + index) * kElements;
    }
    void same_format(ChannelId id, TensorId tensor) const {
        const DataFormat here = channel(id).format, there = program_.mapping.layouts[tensor.v].format;
        if (here != there)
            stop("TT9206", shown(id) + " holds " + std::string(tensix::name(here)) + ", tensor '" +
                               program_.ctx.tensor(tensor).name + "' is " + std::string(tensix::name(there)) +
                               ": a move of bytes does not convert");
    }
    void exec(const ReadTile& r) {
        double* to = back(r.channel, machine_.eval(r.slot));
        if (r.valid.valid() && !machine_.eval(r.valid)) {
            std::fill_n(to, kElements, 0.0);
            return;
        }
        same_format(r.channel, r.tensor);
        std::copy_n(page(r.tensor, machine_.eval(r.page)), kElements, to);
    }
    void exec(const IndexTile& t) {
        double* to = back(t.channel, 0);
        for (size_t i = 0; i < kElements; ++i)
            to[i] = static_cast<double>(t.row_step * static_cast<int64_t>(i / kDim) +
                                        t.col_step * static_cast<int64_t>(i % kDim));
        round_tile(channel(t.channel).format, to, Rounding::NearestEven);
    }
    void exec(const WriteTile& w) {
        const double* from = front(w.channel, machine_.eval(w.slot));
        if (w.valid.valid() && !machine_.eval(w.valid)) return;
        same_format(w.channel, w.tensor);
        std::copy_n(from, kElements, page(w.tensor, machine_.eval(w.page)));
        device_[w.tensor.v].written = true;
    }

    // The rows and columns of a block that a ReadRows or WriteRows moves, and where they are in the tensor.
    struct Part {
        int64_t rows, cols, width, col;
    };
    template <class Rows>
    Part part(const Rows& r) {
        same_format(r.channel, r.tensor);
        const auto given = [&](IndexId id, int64_t otherwise) { return id.valid() ? machine_.eval(id) : otherwise; };
        const int64_t width = channel(r.channel).row_tiles * kTileDim;
        const Part p{std::clamp<int64_t>(given(r.rows, kTileDim), 0, kTileDim),
                     std::clamp<int64_t>(given(r.cols, width), 0, width), width, given(r.col, 0)};
        const auto extent = static_cast<int64_t>(device_[r.tensor.v].page_elements);
        if (p.rows > 0 && p.cols > 0 && (p.col < 0 || p.col + p.cols > extent))
            stop("TT9206", "elements " + std::to_string(p.col) + " to " + std::to_string(p.col + p.cols - 1) +
                               " of a row of tensor '" + program_.ctx.tensor(r.tensor).name + "' are used, it has " +
                               std::to_string(extent));
        return p;
    }
    template <class Rows>
    double* row(const Rows& r, const Part& p, int64_t i) {
        const int64_t step = r.page_step.valid() ? machine_.eval(r.page_step) : 1;
        return page(r.tensor, machine_.eval(r.page) + i * step) + p.col;
    }
    void exec(const ReadRows& r) {
        const Part p = part(r);
        const int64_t slot = machine_.eval(r.slot);
        double* to = back(r.channel, slot);
        back(r.channel, slot + channel(r.channel).row_tiles - 1);
        std::fill_n(to, kTileDim * p.width, 0.0);
        if (p.cols == 0) return;
        for (int64_t i = 0; i < p.rows; ++i) std::copy_n(row(r, p, i), p.cols, to + i * p.width);
    }
    void exec(const WriteRows& w) {
        const Part p = part(w);
        const int64_t slot = machine_.eval(w.slot);
        const double* from = front(w.channel, slot);
        front(w.channel, slot + channel(w.channel).row_tiles - 1);
        device_[w.tensor.v].written = true;
        if (p.cols == 0) return;
        for (int64_t i = 0; i < p.rows; ++i) std::copy_n(from + i * p.width, p.cols, row(w, p, i));
    }

    // ---- DST ----
    void exec(const DstSync& d) {
        static constexpr Phase kFrom[] = {Phase::Idle, Phase::Math, Phase::Committed, Phase::Packing};
        static constexpr Phase kTo[] = {Phase::Math, Phase::Committed, Phase::Packing, Phase::Idle};
        const auto i = static_cast<size_t>(d.call);
        if (phase_ != kFrom[i])
            stop("TT9205",
                 "tile_regs_" + std::string(enum_name(d.call)) + " out of turn: acquire, commit, wait, release");
        phase_ = kTo[i];
        if (d.call == DstCall::Acquire)
            for (Slot& s : dst_) {
                std::fill(s.tile.begin(), s.tile.end(), 0.0);
                s.fresh = true, s.integer = false;
            }
    }
    Slot& slot(int64_t index, Phase phase) {
        if (phase_ != phase)
            stop("TT9205",
                 phase == Phase::Math ? "math outside acquire and commit" : "a pack outside wait and release");
        if (index < 0 || index >= static_cast<int64_t>(dst_.size()))
            stop("TT9205", "DST slot " + std::to_string(index) + " is used, there are " + std::to_string(dst_.size()));
        return dst_[static_cast<size_t>(index)];
    }
    // What DST keeps of a result.
    void settle(Slot& s, bool integer) {
        s.fresh = false, s.integer = integer;
        if (integer)
            for (double& v : s.tile) v = interpreter::wrapped(DType::I32, v);
        else
            round_tile(launch_->compute.fp32_dest_acc_en ? DataFormat::Float32 : half_, s.tile.data(),
                       Rounding::HalfAway);
    }
    void exec(const Pack& p) {
        const Slot& from = slot(machine_.eval(p.dst), Phase::Packing);
        ChannelState& s = channels_[p.channel.v];
        pack(from, p.channel, back(p.channel, p.slot.valid() ? machine_.eval(p.slot) : s.next_pack++));
    }
    void pack(const Slot& from, ChannelId id, double* to) const {
        const DataFormat format = channel(id).format;
        Tile out = from.tile;
        if (relu_)
            for (double& v : out) v = std::max(v, 0.0);
        if (format == DataFormat::UInt32 && from.integer)  // the bits of the word
            for (double& v : out) v = interpreter::wrapped(DType::U32, v);
        // The packer converts what it packs, then adds in the format of the channel.
        round_tile(format, out.data(), Rounding::HalfAway);
        if (l1_accumulate_) {
            for (size_t i = 0; i < kElements; ++i) out[i] += to[i];
            round_tile(format, out.data(), Rounding::HalfAway);
        }
        std::copy(out.begin(), out.end(), to);
    }

    // ---- calls ----
    // An operand as SrcA or SrcB holds it.
    Tile source(const Call& c, size_t operand, int64_t index, const tensix::OpRow& row) {
        const ChannelId id = c.channels[operand];
        const Channel& ch = channel(id);
        const double* from = front(id, index);
        Tile tile(from, from + kElements);
        unpack(ch, row, tile);
        return tile;
    }
    void unpack(const Channel& ch, const tensix::OpRow& row, Tile& tile) const {
        if (ch.unpack == UnpackMode::ToDest) {
            if (row.unit != tensix::Unit::Unpack)
                stop("TT9205",
                     "channel '" + ch.name + "' unpacks to DST, " + std::string(row.name) + " cannot read it");
            if (!launch_->compute.fp32_dest_acc_en)
                stop("TT9205", "channel '" + ch.name + "' unpacks to DST, which is not 32 bits wide");
            return;
        }
        if (ch.format == DataFormat::Float32) {
            const bool maximum = row.kind == tensix::OpKind::Reduce && row.reduce == tensix::ReduceFn::Max;
            round_tile(maximum ? DataFormat::Float16_b : DataFormat::Tf32, tile.data(), Rounding::Truncate);
        }
    }
    static double broadcast(const Tile& b, tensix::Broadcast how, size_t r, size_t c) {
        switch (how) {
            case tensix::Broadcast::None:
                return b[r * kDim + c];
            case tensix::Broadcast::Rows:
                return b[c];
            case tensix::Broadcast::Cols:
                return b[r * kDim];
            case tensix::Broadcast::Scalar:
                return b[0];
        }
        return 0;
    }
    // The scalar of a Fill or UnaryScalar: an immediate, or known at run time.
    double scalar(const Call& c, const tensix::OpRow& row) const {
        if (!c.args.empty() && !c.bits) {
            const auto value = static_cast<double>(static_cast<int32_t>(machine_.eval(c.args[0])));
            return row.integer ? value : round_to(DType::F32, value);
        }
        const int64_t bits = c.args.empty() ? c.params.back() : machine_.eval(c.args[0]);
        return row.integer ? static_cast<double>(static_cast<int32_t>(bits)) : interpreter::from_bits(bits);
    }

    void exec(const Call& c) {
        const tensix::OpRow& row = tensix::op_row(c.op);
        if (row.needs_fp32_dst && !launch_->compute.fp32_dest_acc_en)
            stop("TT9205", std::string(row.name) + " wants a 32-bit DST");
        if (row.kind == tensix::OpKind::Tilize || row.kind == tensix::OpKind::Untilize) return change_layout(c, row);
        std::vector<int64_t> tiles = machine_.eval(c.tiles), dst = machine_.eval(c.dst);
        for (const int64_t d : dst) slot(d, Phase::Math);
        Slot& result = slot(dst[static_cast<size_t>(row.result_dst)], Phase::Math);
        const bool integer_source = row.num_channels > 0 && tensix::is_integer(channel(c.channels[0]).format);
        const DType dtype = row.without_sign ? DType::U32 : row.integer ? DType::I32 : DType::F64;
        switch (row.kind) {
            case tensix::OpKind::Copy:
                if (row.num_channels == 0) {
                    const Slot from = dst_[static_cast<size_t>(dst[0])];
                    result = from;
                    return;
                }
                result.tile = source(c, 0, tiles[0], row);
                return settle(result, integer_source);
            case tensix::OpKind::Transpose: {
                const Tile from = source(c, 0, tiles[0], row);
                for (size_t r = 0; r < kDim; ++r)
                    for (size_t k = 0; k < kDim; ++k) result.tile[k * kDim + r] = from[r * kDim + k];
                return settle(result, integer_source);
            }
            case tensix::OpKind::Fill: {
                std::fill(result.tile.begin(), result.tile.end(), scalar(c, row));
                return settle(result, row.integer);
            }
            case tensix::OpKind::Tilize:
            case tensix::OpKind::Untilize:
                return;  // above
            case tensix::OpKind::Matmul:
                return matmul(c, row, tiles, dst);
            case tensix::OpKind::Scan:
                return scan(result, c.params.front() != 0);
            case tensix::OpKind::Reduce:
                if (row.num_channels == 0) return reduce_in_dst(row, result);
                return reduce(row, source(c, 0, tiles[0], row), source(c, 1, tiles[1], row), result);
            case tensix::OpKind::Unary:
                if (row.fn == tensix::TileFn::Cast) return cast(c, result);
                for (double& v : result.tile) v = interpreter::apply(row.fn, dtype, dtype, v);
                return settle(result, row.integer);
            case tensix::OpKind::UnaryScalar: {
                const double k = scalar(c, row);
                for (double& v : result.tile)
                    v = row.constant_first ? interpreter::apply(row.fn, dtype, dtype, k, v)
                                           : interpreter::apply(row.fn, dtype, dtype, v, k);
                return settle(result, row.integer);
            }
            case tensix::OpKind::Binary: {
                const bool in_dst = row.unit == tensix::Unit::Sfpu;
                const Tile a = in_dst ? dst_[static_cast<size_t>(dst[0])].tile : source(c, 0, tiles[0], row);
                const Tile b = in_dst ? dst_[static_cast<size_t>(dst[1])].tile : source(c, 1, tiles[1], row);
                for (size_t r = 0; r < kDim; ++r)
                    for (size_t k = 0; k < kDim; ++k) {
                        const double v = interpreter::apply(row.fn, dtype, dtype, compared(row, a[r * kDim + k]),
                                                            compared(row, broadcast(b, row.broadcast, r, k)));
                        double& out = result.tile[r * kDim + k];
                        out = row.accumulates ? out + v : v;
                    }
                return settle(result, row.integer || integer_source);
            }
            case tensix::OpKind::Ternary: {
                const Tile a = dst_[static_cast<size_t>(dst[0])].tile, b = dst_[static_cast<size_t>(dst[1])].tile,
                           d = dst_[static_cast<size_t>(dst[2])].tile;
                const bool integer = dst_[static_cast<size_t>(dst[1])].integer;
                for (size_t i = 0; i < kElements; ++i)
                    result.tile[i] = interpreter::apply(row.fn, dtype, dtype, a[i], b[i], d[i]);
                return settle(result, integer);
            }
        }
    }
    // tilize_block and pack_untilize_block: tile by tile through DST, which they hold themselves.
    void change_layout(const Call& c, const tensix::OpRow& row) {
        const Channel &from = channel(c.channels[0]), &to = channel(c.channels[1]);
        const bool tilizes = row.kind == tensix::OpKind::Tilize;
        const int64_t tiles = c.params.front(), width = c.params.back() * kTileDim;
        const int64_t first = machine_.eval(c.tiles[0]), second = machine_.eval(c.tiles[1]);
        const std::string call(row.name);
        if (phase_ != Phase::Idle) stop("TT9205", call + " while DST is held");
        if (!tilizes && tiles > static_cast<int64_t>(dst_.size()))
            stop("TT9205", call + " of " + std::to_string(tiles) + " tiles, DST holds " + std::to_string(dst_.size()));
        if (to.format == DataFormat::UInt16 && launch_->compute.fp32_dest_acc_en)
            stop("TT9205", call + " packs UInt16 from a 32-bit DST, which has it in other bits");
        // The row-major block, and in it the column where the tiles begin.
        front(c.channels[0], first + tiles - 1);
        back(c.channels[1], tilizes ? second + tiles - 1 : c.params.back() - 1);
        const int64_t column = tilizes ? 0 : second * tiles * kTileDim;
        if (column < 0 || column + tiles * kTileDim > width) stop("TT9205", call + " passes the end of its rows");
        const bool integer = tensix::is_integer(from.format);
        for (int64_t t = 0; t < tiles; ++t) {
            Slot slot{Tile(kElements), false, integer};
            if (tilizes) {
                const double* at = front(c.channels[0], first) + t * kTileDim;
                for (int64_t r = 0; r < kTileDim; ++r)
                    std::copy_n(at + r * width, kDim, slot.tile.begin() + r * kTileDim);
                unpack(from, row, slot.tile);
            } else {
                slot.tile = source(c, 0, first + t, row);
            }
            settle(slot, integer);
            if (tilizes) {
                pack(slot, c.channels[1], back(c.channels[1], second + t));
                continue;
            }
            Tile packed(kElements);
            pack(slot, c.channels[1], packed.data());
            double* at = back(c.channels[1], 0) + column + t * kTileDim;
            for (int64_t r = 0; r < kTileDim; ++r) std::copy_n(packed.begin() + r * kTileDim, kDim, at + r * width);
        }
    }
    // matmul_tiles, or the ct × rt outer products of one step of a matmul_block: in0's tiles are kt apart.
    void matmul(const Call& c, const tensix::OpRow& row, const std::vector<int64_t>& tiles,
                const std::vector<int64_t>& dst) {
        const bool transpose = c.params[0] != 0, block = c.params.size() >= 4;
        const int64_t ct = block ? c.params[1] : 1, rt = block ? c.params[2] : 1, kt = block ? c.params[3] : 0;
        if (ct < 1 || rt < 1 || kt < 0 || ct > 1024 || rt > 1024 || kt > (1 << 20))
            stop("TT9205", "matmul_block of " + std::to_string(rt) + "x" + std::to_string(ct) + " tiles, " +
                               std::to_string(kt) + " apart");
        std::vector<Tile> right;
        for (int64_t j = 0; j < ct; ++j) {
            Tile b = source(c, 1, tiles[1] + j, row);
            if (transpose)
                for (size_t r = 0; r < kDim; ++r)
                    for (size_t k = r + 1; k < kDim; ++k) std::swap(b[r * kDim + k], b[k * kDim + r]);
            right.push_back(std::move(b));
        }
        for (int64_t i = 0; i < rt; ++i) {
            const Tile a = source(c, 0, tiles[0] + i * kt, row);
            for (int64_t j = 0; j < ct; ++j) {
                Slot& out = slot(dst[0] + i * ct + j, Phase::Math);
                const Tile& b = right[static_cast<size_t>(j)];
                for (size_t r = 0; r < kDim; ++r)
                    for (size_t k = 0; k < kDim; ++k) {
                        const double x = a[r * kDim + k];
                        for (size_t n = 0; n < kDim; ++n) out.tile[r * kDim + n] += x * b[k * kDim + n];
                    }
                settle(out, false);
            }
        }
    }
    // Row 0 of the scaler weighs the elements of what is summed; it joins what the slot holds.
    void reduce(const tensix::OpRow& row, const Tile& data, const Tile& scaler, Slot& result) {
        const bool sum = row.reduce == tensix::ReduceFn::Sum;
        const bool over_cols = row.reduce_shape != tensix::ReduceShape::Row;
        const bool over_rows = row.reduce_shape != tensix::ReduceShape::Col;
        Tile out(kElements, 0.0);
        std::vector<bool> begun(kElements, false);
        for (size_t r = 0; r < kDim; ++r)
            for (size_t c = 0; c < kDim; ++c) {
                const size_t at = (over_rows ? 0 : r * kDim) + (over_cols ? 0 : c);
                double v = data[r * kDim + c];
                if (!sum) v *= scaler[0];
                if (sum && over_cols) v *= scaler[c];
                if (sum && over_rows) v *= scaler[r];
                out[at] = begun[at] ? interpreter::combine(row.reduce, out[at], v) : v;
                begun[at] = true;
            }
        for (size_t i = 0; i < kElements; ++i)
            if (begun[i] && row.accumulates && !result.fresh)
                out[i] = interpreter::combine(row.reduce, result.tile[i], out[i]);
        result.tile = std::move(out);
        settle(result, false);
    }
    // DST holds integers with a sign; some operations compare them without.
    static double compared(const tensix::OpRow& row, double v) { return row.without_sign && v < 0 ? v + 0x1p32 : v; }
    // The elements beside the result keep what they held.
    void reduce_in_dst(const tensix::OpRow& row, Slot& result) {
        const bool over_cols = row.reduce_shape != tensix::ReduceShape::Row;
        for (size_t lane = 0; lane < kDim; ++lane) {
            double out = interpreter::identity_of(row.reduce);
            for (size_t i = 0; i < kDim; ++i)
                out = interpreter::combine(row.reduce, out,
                                           compared(row, result.tile[over_cols ? lane * kDim + i : i * kDim + lane]));
            result.tile[over_cols ? lane * kDim : lane] = out;
        }
        settle(result, row.integer);
    }
    // Running sums down the rows; the last row is carried to the next call.
    void scan(Slot& result, bool first) {
        if (first) carry_.assign(kDim, 0.0);
        if (carry_.empty()) stop("TT9205", "cumsum_tile goes on where nothing has begun");
        for (size_t r = 0; r < kDim; ++r)
            for (size_t c = 0; c < kDim; ++c) result.tile[r * kDim + c] = carry_[c] += result.tile[r * kDim + c];
        settle(result, false);
        std::copy_n(result.tile.end() - kDim, kDim, carry_.begin());
    }
    // typecast_tile: params are the formats from and to. Floats become integers by truncation.
    void cast(const Call& c, Slot& result) {
        const auto from = static_cast<DataFormat>(c.params.front()), to = static_cast<DataFormat>(c.params.back());
        // The bits of the word that the format has.
        if (from == DataFormat::Int8 || from == DataFormat::UInt32)
            for (double& v : result.tile)
                v = interpreter::wrapped(from == DataFormat::Int8 ? DType::I8 : DType::U32, v);
        if (!tensix::is_block_format(to))
            for (double& v : result.tile)
                v = round_element(to, tensix::is_integer(to) && std::isfinite(v) ? std::trunc(v) : v,
                                  Rounding::NearestEven);
        settle(result, tensix::is_integer(to));
    }

    const TensixProgram& program_;
    Machine machine_;
    std::vector<DeviceTensor> device_;
    const Launch* launch_ = nullptr;
    int64_t core_ = 0;
    std::vector<ChannelState> channels_;
    std::vector<Slot> dst_;
    Phase phase_ = Phase::Idle;
    DataFormat half_ = DataFormat::Float16_b;  // of a 16-bit DST
    bool l1_accumulate_ = false, relu_ = false;
    std::vector<double> carry_;  // of cumsum_tile
};

}  // namespace

InterpretResult interpret(const TensixProgram& program, std::span<HostArray> tensors, const IndexEnv& symbols) {
    if (auto errors = verify(program); !errors.empty()) return {std::move(errors)};
    return interpreter::guarded([&] { Interpreter(program, tensors, symbols).run(); });
}

}  // namespace tilelang_tt
