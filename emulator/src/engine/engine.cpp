#include "engine/engine.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>

namespace tt_emulator {
namespace {

using sfpu::Content;
using tensix::kTileElements;

const char* fpu_name(uint32_t op) {
    switch (op) {
        case TT_FPU_ADD:
            return "add";
        case TT_FPU_SUB:
            return "sub";
        default:
            return "mul";
    }
}
const char* broadcast_name(Broadcast broadcast) {
    switch (broadcast) {
        case Broadcast::None:
            return "";
        case Broadcast::Column:
            return "_bcast_cols";
        case Broadcast::Row:
            return "_bcast_rows";
        case Broadcast::Scalar:
            return "_bcast_scalar";
    }
    return "";
}
const char* pool_name(uint32_t pool) {
    constexpr const char* kNames[] = {"SUM", "AVG", "MAX", "MIN"};
    return pool < 4 ? kNames[pool] : "?";
}
const char* dim_name(uint32_t dim) {
    constexpr const char* kNames[] = {"REDUCE_ROW", "REDUCE_COL", "REDUCE_SCALAR"};
    return dim < 3 ? kNames[dim] : "?";
}
const char* content_name(Content content) {
    switch (content) {
        case Content::Empty:
            return "nothing";
        case Content::Float:
            return "floats";
        case Content::Int32:
            return "Int32";
        case Content::UInt32:
            return "UInt32";
        case Content::UInt16:
        case Content::Low16:
            return "UInt16";
        case Content::Bits:
            return "raw bits";
    }
    return "";
}
std::string format_name(DataFormat format) { return std::string(tensix::name(format)); }

std::string init_name(const Setup& setup) {
    switch (setup.kind) {
        case Setup::Kind::None:
            return "nothing";
        case Setup::Kind::Copy:
            return setup.transpose || setup.within_face ? "copy_init with transpose" : "copy_init";
        case Setup::Kind::Binary:
            return std::string(fpu_name(setup.op)) + broadcast_name(static_cast<Broadcast>(setup.variant)) + "_init";
        case Setup::Kind::BinaryReuse:
            return std::string(fpu_name(setup.op)) + "_reuse_dest_init<" +
                   (setup.variant == 1 ? "DEST_TO_SRCA" : "DEST_TO_SRCB") + ">";
        case Setup::Kind::Matmul:
            return "matmul_block_init with ct = " + std::to_string(setup.ct) + ", rt = " + std::to_string(setup.rt) +
                   ", kt = " + std::to_string(setup.kt);
        case Setup::Kind::Reduce:
            return std::string("reduce_init<") + pool_name(setup.variant) + ", " + dim_name(setup.dim) + ">";
        case Setup::Kind::UnaryBroadcast:
            return std::string("unary_bcast_init") + broadcast_name(static_cast<Broadcast>(setup.variant));
        case Setup::Kind::Transpose:
            return "transpose_init";
        case Setup::Kind::TransposeDest:
            return "transpose_dest_init";
        case Setup::Kind::Tilize:
            return "tilize_init";
        case Setup::Kind::PackUntilize:
            return "pack_untilize_init";
    }
    return "";
}

PackMask mask_of(ReduceDim dim) {
    switch (dim) {
        case ReduceDim::Row:
            return PackMask::RowReduce;
        case ReduceDim::Column:
            return PackMask::ColumnReduce;
        case ReduceDim::Scalar:
            return PackMask::ScalarReduce;
    }
    return PackMask::None;
}

// b with the broadcast applied; `row` is the row of b that Broadcast::Row repeats.
void apply_broadcast(Broadcast broadcast, uint32_t row, fpu::SrcTile& b) {
    if (broadcast == Broadcast::None) return;
    fpu::SrcTile from;
    std::memcpy(from.words, b.words, sizeof from.words);
    for (uint32_t face = 0; face < 4; ++face)
        for (uint32_t r = 0; r < 16; ++r)
            for (uint32_t c = 0; c < 16; ++c) {
                uint32_t source = 0;
                if (broadcast == Broadcast::Column) source = face / 2 * 512 + r * 16;
                if (broadcast == Broadcast::Row) source = (row / 16 * 2 + face % 2) * 256 + row % 16 * 16 + c;
                b.words[face * 256 + r * 16 + c] = from.words[source];
            }
}

// What a copy through SrcA leaves in DST.
uint32_t copied_word(uint32_t word, bool small_exponent, bool wide) {
    if (small_exponent) return (word & 0x0f800000) != 0 ? word + (112u << 23) : 0;
    if (!wide) return word;
    if ((word & 0x7f800000) == 0) return 0;
    return (word & 0x7f800000) == 0x7f800000 ? word & 0xff800000 : word;
}

// A DST word as SrcA or SrcB takes it back.
uint32_t source_word(uint32_t word, const SourceLayout& layout) {
    if (layout.small_exponent) {
        const int32_t exponent = int32_t(word >> 23 & 255) - 112;
        if (exponent <= 0) return word & 0x80000000;
        return (word & 0x80000000) | uint32_t(std::min(exponent, 31)) << 23 | (word & 0x7fe000);
    }
    return word & (layout.tf32 ? 0xffffe000u : 0xffff0000u);
}

// Order of GMPOOL: sign-magnitude, so that -0 < +0 and NaNs are the extremes.
int32_t total_order(uint32_t word) { return static_cast<int32_t>((word & 0x80000000) != 0 ? word ^ 0x7fffffff : word); }

}  // namespace

ComputeEngine::ComputeEngine(Core& core, const ComputeConfig& config)
    : core_(core), config_(config), costs_(costs_of(config.blackhole)) {
    const uint32_t tiles = config.fp32_dest_acc_en ? 8 : 16;
    sections_.resize(config.dst_full_sync_en ? 1 : 2);
    for (Section& section : sections_) section.slots.resize(tiles / sections_.size());
}

std::unique_ptr<ComputeEngine> make_compute_engine(Core& core, const ComputeConfig& config) {
    return std::make_unique<ComputeEngine>(core, config);
}

// --- Checks
// -----------------------------------------------------------------------------------------------------------

CircularBuffer& ComputeEngine::buffer(uint32_t cb, const char* what) {
    if (cb >= kMaxCircularBuffers || !core_.cbs[cb].configured())
        fault(FaultKind::CircularBuffer, "%s: CB %u is not configured on this core", what, cb);
    CircularBuffer& found = core_.cbs[cb];
    if (found.tile_rows != 32 || found.tile_cols != 32)
        fault(FaultKind::Unsupported, "%s: %s has tiles of %u x %u; the compute engine takes 32 x 32", what,
              describe(found).c_str(), found.tile_rows, found.tile_cols);
    return found;
}

void ComputeEngine::require_started(const char* what) const {
    if (!started_)
        fault(FaultKind::State, "%s before compute_kernel_hw_startup: call it once, first, with the operands' CBs",
              what);
}

void ComputeEngine::require_source(uint32_t cb, bool srca, const char* what) {
    require_started(what);
    const CircularBuffer& operand = buffer(cb, what);
    const DataFormat configured = srca ? srca_ : srcb_;
    if (configured == operand.format) return;
    fault(FaultKind::State, "%s: %s is set up for %s (CB %u), but %s holds %s; call reconfig_data_format_%s(%u) first",
          what, srca ? "SrcA" : "SrcB", format_name(configured).c_str(), srca ? srca_cb_ : srcb_cb_,
          describe(operand).c_str(), format_name(operand.format).c_str(), srca ? "srca" : "srcb", cb);
}

void ComputeEngine::require_pack(uint32_t cb, const char* what) {
    require_started(what);
    const CircularBuffer& out = buffer(cb, what);
    if (pack_ == out.format) return;
    fault(FaultKind::State,
          "%s: the packer is set up for %s (CB %u), but %s holds %s; call pack_reconfig_data_format(%u) "
          "first",
          what, format_name(pack_).c_str(), pack_cb_, describe(out).c_str(), format_name(out.format).c_str(), cb);
}

void ComputeEngine::require_setup(const Setup& wanted, const char* what, const char* fix) const {
    if (tilizing_ && wanted.kind != Setup::Kind::Tilize)
        fault(FaultKind::State, "%s: the unpacker still goes by the rows of tilize_init; call tilize_uninit first",
              what);
    const Setup& now = setup_;
    const bool same =
        now.kind == wanted.kind && now.op == wanted.op && now.variant == wanted.variant && now.dim == wanted.dim;
    if (!same)
        fault(FaultKind::State, "%s: unpacker and math are set up by %s; call %s first", what, init_name(now).c_str(),
              fix);
}

void ComputeEngine::require_same_exponents(uint32_t a, uint32_t b, const char* what) {
    const CircularBuffer &x = core_.cbs[a], &y = core_.cbs[b];
    if (layout_of(x).small_exponent == layout_of(y).small_exponent) return;
    fault(FaultKind::Unsupported, "%s: %s holds %s and %s holds %s: SrcA and SrcB need the same exponent width", what,
          describe(x).c_str(), format_name(x.format).c_str(), describe(y).c_str(), format_name(y.format).c_str());
}

void ComputeEngine::require_floats(uint32_t cb, const char* what) {
    const CircularBuffer& operand = buffer(cb, what);
    if (!tensix::is_float(operand.format))
        fault(FaultKind::Unsupported,
              "%s: %s holds %s: the matrix unit takes floats here; use the integer operations of "
              "the vector unit",
              what, describe(operand).c_str(), format_name(operand.format).c_str());
    if (to_dest(operand))
        fault(FaultKind::State, "%s: %s is unpacked to DST (UnpackToDestFp32) and must be read by copy_tile only", what,
              describe(operand).c_str());
    if (operand.page_size < tensix::tile_bytes(operand.format))
        fault(FaultKind::CircularBuffer, "%s: a page of %s has %u bytes, a %s tile needs %u", what,
              describe(operand).c_str(), operand.page_size, format_name(operand.format).c_str(),
              tensix::tile_bytes(operand.format));
}

ComputeEngine::Slot& ComputeEngine::math_slot(uint32_t dst, const char* what) {
    if (!acquired_)
        fault(FaultKind::State, "%s writes DST without tile_regs_acquire (or after tile_regs_commit)", what);
    if (dst >= capacity())
        fault(FaultKind::State,
              "%s: DST slot %u is outside the %u slots that %s DST in %s sync has between acquire and "
              "release; use fewer tiles at a time%s",
              what, dst, capacity(), config_.fp32_dest_acc_en ? "a 32-bit" : "a 16-bit",
              config_.dst_full_sync_en ? "full" : "half", config_.dst_full_sync_en ? "" : " or dst_full_sync_en");
    return sections_[math_section_].slots[dst];
}

ComputeEngine::Slot& ComputeEngine::pack_slot(uint32_t dst, const char* what) {
    if (!waited_) fault(FaultKind::State, "%s reads DST without tile_regs_wait (or after tile_regs_release)", what);
    if (dst >= capacity())
        fault(FaultKind::State,
              "%s: DST slot %u is outside the %u slots that %s DST in %s sync has between acquire and "
              "release",
              what, dst, capacity(), config_.fp32_dest_acc_en ? "a 32-bit" : "a 16-bit",
              config_.dst_full_sync_en ? "full" : "half");
    return sections_[pack_section_].slots[dst];
}

// --- Data helpers
// -----------------------------------------------------------------------------------------------------

fpu::DstWidth ComputeEngine::width_for(const SourceLayout& layout) const {
    if (config_.fp32_dest_acc_en) return fpu::DstWidth::Fp32;
    return layout.small_exponent ? fpu::DstWidth::Fp16 : fpu::DstWidth::Bf16;
}
fpu::DstWidth ComputeEngine::sfpu_width() const { return width_for(source_layout(srcb_, config_.fp32_dest_acc_en)); }

void ComputeEngine::fill_unwritten(Slot& slot) {
    if (slot.written == ~uint64_t(0)) return;
    for (uint32_t row = 0; row < 64; ++row)
        if ((slot.written >> row & 1) == 0) std::memset(slot.words + row * 16, 0, 64);
    slot.written = ~uint64_t(0);
}
void ComputeEngine::mark(Slot& slot, Content content, fpu::DstWidth width) {
    slot.written = ~uint64_t(0);
    slot.content = content;
    slot.width = width;
    slot.reduced = PackMask::None;
}

bool ComputeEngine::to_dest(const CircularBuffer& cb) const {
    return !fits_source_register(cb.format) || (cb.format == DataFormat::Float32 && config_.unpack_to_dest_fp32[cb.id]);
}

uint32_t ComputeEngine::phases() const {
    switch (config_.math_fidelity) {
        case MathFidelity::LoFi:
            return 1;
        case MathFidelity::HiFi2:
            return 2;
        case MathFidelity::HiFi3:
            return 3;
        case MathFidelity::HiFi4:
            return 4;
    }
    return 4;
}

void ComputeEngine::unpack_tile(uint32_t cb, uint32_t tile, const char* what, fpu::SrcTile& out) {
    unpack_exact(layout_of(core_.cbs[cb]), front_page(core_, cb, tile, what), out);
}

// --- Time
// -------------------------------------------------------------------------------------------------------------

void ComputeEngine::spend(Engine engine, double cycles) {
    current_risc().clock[engine] += static_cast<Cycles>(std::ceil(cycles));
}

void ComputeEngine::run(double unpack_cycles, double math_cycles) {
    auto& clock = current_risc().clock;
    const Cycles start = std::max(clock[kUnpack], source_free_at_[source_bank_]);
    const Cycles unpacked = start + static_cast<Cycles>(std::ceil(unpack_cycles));
    const Cycles done = std::max(clock[kMath], unpacked) + static_cast<Cycles>(std::ceil(math_cycles));
    clock[kUnpack] = unpacked;
    clock[kMath] = done;
    source_free_at_[source_bank_] = done;
    source_bank_ ^= 1;
}

double ComputeEngine::unpack_cost(const CircularBuffer& a) const {
    return tensix::tile_bytes(a.format) / costs_.unpack_bytes + 2;
}
double ComputeEngine::unpack_cost(const CircularBuffer& a, const CircularBuffer& b) const {
    return (tensix::tile_bytes(a.format) + tensix::tile_bytes(b.format)) / costs_.unpack_joint_bytes + 2;
}
double ComputeEngine::pack_cost(const CircularBuffer& cb) const {
    const double cycles = tensix::tile_bytes(cb.format) / costs_.pack_bytes;
    return l1_accumulate_ ? cycles * costs_.pack_l1_acc_factor : cycles;
}

// --- Set-up
// -----------------------------------------------------------------------------------------------------------

void ComputeEngine::startup(uint32_t srca, uint32_t srcb, uint32_t out) {
    const char* what = "compute_kernel_hw_startup";
    srca_ = buffer(srca, what).format;
    srcb_ = buffer(srcb, what).format;
    pack_ = buffer(out, what).format;
    srca_cb_ = srca;
    srcb_cb_ = srcb;
    pack_cb_ = out;
    if (acquired_ || committed_ != 0)
        fault(FaultKind::State,
              "compute_kernel_hw_startup while DST is in use: it resets the hand-over between math and "
              "pack; call it once, first");
    started_ = true;
    setup_ = {};
    pack_mask_ = PackMask::None;
    pack_untilizing_ = false;
    for (const Engine engine : {kUnpack, kMath, kPack}) spend(engine, costs_.op_init);
}

void ComputeEngine::reconfigure(uint32_t old_a, uint32_t new_a, uint32_t old_b, uint32_t new_b) {
    const char* what = "reconfig_data_format";
    require_started(what);
    const auto one = [&](uint32_t old_cb, uint32_t new_cb, bool srca) {
        if (new_cb == kTtNone) return;
        const CircularBuffer& wanted = buffer(new_cb, what);
        DataFormat& configured = srca ? srca_ : srcb_;
        if (old_cb != kTtNone) {
            const DataFormat claimed = buffer(old_cb, what).format;
            if (claimed != configured)
                fault(FaultKind::State,
                      "%s: the call claims that %s is set up for %s (CB %u), but it is set up for %s: "
                      "a wrong claim can skip a reconfiguration that is needed",
                      what, srca ? "SrcA" : "SrcB", format_name(claimed).c_str(), old_cb,
                      format_name(configured).c_str());
            if (claimed == wanted.format) return;
        }
        configured = wanted.format;
        (srca ? srca_cb_ : srcb_cb_) = new_cb;
        spend(kUnpack, costs_.reconfig);
        spend(kMath, costs_.reconfig);
    };
    one(old_a, new_a, true);
    one(old_b, new_b, false);
}

void ComputeEngine::reconfigure_pack(uint32_t old_cb, uint32_t new_cb) {
    const char* what = "pack_reconfig_data_format";
    require_started(what);
    const CircularBuffer& wanted = buffer(new_cb, what);
    if (old_cb != kTtNone) {
        const DataFormat claimed = buffer(old_cb, what).format;
        if (claimed != pack_)
            fault(FaultKind::State,
                  "%s: the call claims that the packer is set up for %s (CB %u), but it is set up for "
                  "%s: a wrong claim can skip a reconfiguration that is needed",
                  what, format_name(claimed).c_str(), old_cb, format_name(pack_).c_str());
        if (claimed == wanted.format) return;
    }
    pack_ = wanted.format;
    pack_cb_ = new_cb;
    spend(kPack, costs_.reconfig);
}

void ComputeEngine::set_l1_accumulate(bool enable) {
    require_started("pack_reconfig_l1_acc");
    l1_accumulate_ = enable;
    spend(kPack, costs_.reconfig);
}

void ComputeEngine::set_relu(uint32_t mode, uint32_t threshold) {
    require_started("pack_relu_config");
    relu_ = static_cast<Relu>(mode & 3);
    // The threshold has the 16-bit format in which the packer compares.
    const bool fp16 = pack_ == DataFormat::Float16;
    relu_threshold_ = fp16 ? tensix::from_fp16(static_cast<uint16_t>(threshold))
                           : tensix::from_bf16(static_cast<uint16_t>(threshold));
    spend(kPack, costs_.reconfig);
}

// --- DST hand-over
// ----------------------------------------------------------------------------------------------------

void ComputeEngine::acquire() {
    require_started("tile_regs_acquire");
    if (acquired_) fault(FaultKind::State, "tile_regs_acquire twice without tile_regs_commit: the chip would hang");
    if (committed_ == sections_.size())
        fault(FaultKind::Deadlock,
              "tile_regs_acquire waits for the packer, but all %zu sections of DST are committed and "
              "the release comes later in this kernel: the chip would hang; call tile_regs_wait, pack, "
              "tile_regs_release first",
              sections_.size());
    acquired_ = true;
    Section& section = sections_[math_section_];
    for (Slot& slot : section.slots) {
        slot.written = 0;
        slot.content = Content::Empty;
        slot.reduced = PackMask::None;
        slot.width = sfpu_width();
    }
    auto& clock = current_risc().clock;
    clock[kMath] = std::max(clock[kMath], section.free_at);
    spend(kMath, costs_.tile_regs_call);
}

void ComputeEngine::commit() {
    if (!acquired_) fault(FaultKind::State, "tile_regs_commit without tile_regs_acquire");
    acquired_ = false;
    ++committed_;
    spend(kMath, costs_.tile_regs_call);
    sections_[math_section_].ready_at = current_risc().clock[kMath];
    math_section_ = (math_section_ + 1) % static_cast<uint32_t>(sections_.size());
}

void ComputeEngine::wait() {
    if (waited_) fault(FaultKind::State, "tile_regs_wait twice without tile_regs_release");
    if (committed_ == 0)
        fault(FaultKind::Deadlock,
              "tile_regs_wait waits for a tile_regs_commit that comes later in this kernel or never: "
              "the chip would hang");
    waited_ = true;
    auto& clock = current_risc().clock;
    clock[kPack] = std::max(clock[kPack], sections_[pack_section_].ready_at);
    spend(kPack, costs_.tile_regs_call);
}

void ComputeEngine::release() {
    if (!waited_) fault(FaultKind::State, "tile_regs_release without tile_regs_wait");
    waited_ = false;
    --committed_;
    spend(kPack, costs_.tile_regs_call);
    sections_[pack_section_].free_at = current_risc().clock[kPack];
    pack_section_ = (pack_section_ + 1) % static_cast<uint32_t>(sections_.size());
}

// --- Copy, transpose
// --------------------------------------------------------------------------------------------------

void ComputeEngine::copy_init(uint32_t cb, bool transpose_faces, bool transpose_within_face) {
    require_started("copy_init");
    buffer(cb, "copy_init");
    setup_ = {};
    setup_.kind = Setup::Kind::Copy;
    setup_.transpose = transpose_faces;
    setup_.within_face = transpose_within_face;
    setup_.cb = cb;
    spend(kUnpack, costs_.op_init);
    spend(kMath, costs_.op_init);
}

void ComputeEngine::copy_tile_to(Slot& slot, const CircularBuffer& cb, const std::byte* page, bool faces,
                                 bool within_face) {
    const SourceLayout layout = layout_of(cb);
    const fpu::DstWidth width = width_for(layout);
    alignas(64) uint32_t staged[kTileElements];
    const bool moved = faces || within_face;
    uint32_t* words = moved ? staged : slot.words;
    Content content = Content::Float;
    if (to_dest(cb) && cb.format == DataFormat::Float32) {
        std::memcpy(words, page, sizeof staged);
    } else if (!tensix::is_float(cb.format)) {
        unpack_integers(cb.format, page, words);
        content = cb.format == DataFormat::UInt32 || cb.format == DataFormat::RawUInt32 ? Content::UInt32
                  : cb.format == DataFormat::Int32 || cb.format == DataFormat::Int8     ? Content::Int32
                                                                                        : Content::UInt16;
    } else {
        fpu::SrcTile tile;
        unpack_exact(layout, page, tile);
        const bool wide = width == fpu::DstWidth::Fp32;
        for (uint32_t i = 0; i < kTileElements; ++i) words[i] = copied_word(tile.words[i], layout.small_exponent, wide);
    }
    if (moved) {
        for (uint32_t face = 0; face < 4; ++face) {
            const uint32_t* from = staged + (faces ? face % 2 * 2 + face / 2 : face) * 256;
            for (uint32_t i = 0; i < 256; ++i)
                slot.words[face * 256 + i] = within_face ? from[i % 16 * 16 + i / 16] : from[i];
        }
    }
    mark(slot, content, width);
}

void ComputeEngine::copy(uint32_t cb, uint32_t first, uint32_t dst, uint32_t count) {
    const char* what = "copy_tile";
    require_source(cb, true, what);
    Setup wanted;
    wanted.kind = Setup::Kind::Copy;
    require_setup(wanted, what, "copy_init");
    const CircularBuffer& in = core_.cbs[cb];
    if (to_dest(in) && !config_.fp32_dest_acc_en)
        fault(FaultKind::State, "copy_tile: %s holds %s, which needs a 32-bit DST (fp32_dest_acc_en)",
              describe(in).c_str(), format_name(in.format).c_str());
    const auto bytes = [](DataFormat f) { return f == DataFormat::UInt8 || f == DataFormat::Int8; };
    if (config_.fp32_dest_acc_en && !to_dest(in) && bytes(in.format) != bytes(srcb_))
        fault(FaultKind::State,
              "copy_tile: SrcA is set up for %s and SrcB for %s; a tile reaches 32-bit DST by an addition, which takes "
              "8-bit integers from both or from none: call reconfig_data_format_srcb first",
              format_name(in.format).c_str(), format_name(srcb_).c_str());
    if (in.page_size < tensix::tile_bytes(in.format))
        fault(FaultKind::CircularBuffer, "copy_tile: a page of %s has %u bytes, a %s tile needs %u",
              describe(in).c_str(), in.page_size, format_name(in.format).c_str(), tensix::tile_bytes(in.format));
    for (uint32_t i = 0; i < count; ++i) {
        Slot& slot = math_slot(dst + i, what);
        copy_tile_to(slot, in, front_page(core_, cb, first + i, what), setup_.transpose, setup_.within_face);
        run(unpack_cost(in), costs_.copy);
    }
}

void ComputeEngine::transpose_init(uint32_t cb) {
    require_started("transpose_init");
    buffer(cb, "transpose_init");
    setup_ = {};
    setup_.kind = Setup::Kind::Transpose;
    setup_.cb = cb;
    spend(kUnpack, costs_.op_init);
    spend(kMath, costs_.op_init);
}

void ComputeEngine::transpose(uint32_t cb, uint32_t first, uint32_t dst, uint32_t count) {
    const char* what = "transpose_tile";
    require_source(cb, true, what);
    Setup wanted;
    wanted.kind = Setup::Kind::Transpose;
    require_setup(wanted, what, "transpose_init");
    const CircularBuffer& in = core_.cbs[cb];
    if (to_dest(in) && !config_.fp32_dest_acc_en)
        fault(FaultKind::State, "transpose_tile: %s holds %s, which needs a 32-bit DST (fp32_dest_acc_en)",
              describe(in).c_str(), format_name(in.format).c_str());
    for (uint32_t i = 0; i < count; ++i) {
        Slot& slot = math_slot(dst + i, what);
        copy_tile_to(slot, in, front_page(core_, cb, first + i, what), true, true);
        run(unpack_cost(in) * 2, costs_.transpose);
    }
}

void ComputeEngine::transpose_dest_init(bool, bool) {
    require_started("transpose_dest_init");
    setup_ = {};
    setup_.kind = Setup::Kind::TransposeDest;
    spend(kMath, costs_.op_init);
}

void ComputeEngine::transpose_dest(uint32_t dst, bool is_32bit, bool transpose_faces) {
    const char* what = "transpose_dest";
    Setup wanted;
    wanted.kind = Setup::Kind::TransposeDest;
    require_setup(wanted, what, "transpose_dest_init");
    Slot& slot = math_slot(dst, what);
    fill_unwritten(slot);
    alignas(64) uint32_t from[kTileElements];
    // Without is_32bit the data pass through SrcB as 16-bit values.
    const uint32_t mask = is_32bit || slot.content != Content::Float ? ~0u : 0xffff0000u;
    for (uint32_t i = 0; i < kTileElements; ++i) from[i] = slot.words[i] & mask;
    if (transpose_faces) {
        fpu::transpose_tile(from, slot.words);
    } else {
        for (uint32_t i = 0; i < kTileElements; ++i) slot.words[i] = from[i / 256 * 256 + i % 16 * 16 + i / 16 % 16];
    }
    slot.reduced = PackMask::None;
    spend(kMath, costs_.transpose);
}

// --- Pack
// -------------------------------------------------------------------------------------------------------------

PackSettings ComputeEngine::pack_settings(const CircularBuffer& cb, const Slot& slot) const {
    PackSettings settings;
    settings.width = slot.width;
    settings.format = cb.format;
    settings.bfp8_precise = config_.bfp8_pack_precise;
    settings.l1_accumulate = l1_accumulate_;
    settings.mask = pack_mask_;
    settings.relu = relu_;
    settings.relu_threshold = relu_threshold_;
    return settings;
}

void ComputeEngine::check_packable(const Slot& slot, uint32_t index, const CircularBuffer& cb, const char* what) const {
    const bool integer = tensix::is_integer(cb.format);
    const bool holds_integer = sfpu::is_integer(slot.content);
    if ((integer && slot.content == Content::Float) || (!integer && holds_integer))
        fault(FaultKind::State, "%s: DST slot %u holds %s, %s holds %s: call typecast_tile first", what, index,
              content_name(slot.content), describe(cb).c_str(), format_name(cb.format).c_str());
    const bool halves = cb.format == DataFormat::UInt16 || cb.format == DataFormat::RawUInt16;
    if (halves && config_.fp32_dest_acc_en && holds_integer && slot.content != Content::Low16)
        fault(FaultKind::State,
              "%s: the packer takes UInt16 from other bits of a 32-bit DST than slot %u has it in: call typecast_tile "
              "to UInt16 first",
              what, index);
    if (!packs(slot.width, cb.format))
        fault(FaultKind::Unsupported, "%s: the packer does not convert %s DST to %s (%s)", what,
              slot.width == fpu::DstWidth::Fp32   ? "fp32"
              : slot.width == fpu::DstWidth::Bf16 ? "bf16"
                                                  : "fp16",
              format_name(cb.format).c_str(), describe(cb).c_str());
    if (l1_accumulate_ && !accumulates(cb.format))
        fault(FaultKind::Unsupported, "%s: L1 accumulation is on, but the packer cannot add to %s (%s)", what,
              format_name(cb.format).c_str(), describe(cb).c_str());
    if (pack_mask_ != PackMask::None && slot.content != Content::Empty && slot.reduced != pack_mask_)
        fault(FaultKind::State,
              "%s: the packer still masks for a reduce and would zero most of DST slot %u, which is not "
              "that reduce's result: call reduce_uninit first",
              what, index);
}

void ComputeEngine::pack(uint32_t dst, uint32_t cb, uint32_t count, bool out_of_order, uint32_t index) {
    const char* what = "pack_tile";
    require_pack(cb, what);
    if (pack_untilizing_)
        fault(FaultKind::State,
              "pack_tile: the packer is set up by pack_untilize_init; call pack_untilize_uninit first");
    CircularBuffer& out = core_.cbs[cb];
    if (out.page_size < tensix::tile_bytes(out.format))
        fault(FaultKind::CircularBuffer, "pack_tile: a page of %s has %u bytes, a %s tile needs %u",
              describe(out).c_str(), out.page_size, format_name(out.format).c_str(), tensix::tile_bytes(out.format));
    for (uint32_t i = 0; i < count; ++i) {
        Slot& slot = pack_slot(dst + i, what);
        check_packable(slot, dst + i, out, what);
        std::byte* page = back_page(core_, cb, out_of_order ? index + i : out.packed, what);
        if (!out_of_order) ++out.packed;
        fill_unwritten(slot);
        pack_tile(pack_settings(out, slot), slot.words, page);
        spend(kPack, pack_cost(out) + costs_.pack_call);
    }
}

// --- Matmul
// -----------------------------------------------------------------------------------------------------------

void ComputeEngine::matmul_init(uint32_t in0, uint32_t in1, bool transpose, uint32_t ct, uint32_t rt, uint32_t kt) {
    const char* what = "matmul_init";
    require_started(what);
    buffer(in0, what);
    buffer(in1, what);
    if (ct == 0 || rt == 0)
        fault(FaultKind::State, "matmul_block_init: ct = %u and rt = %u must be at least 1", ct, rt);
    setup_ = {};
    setup_.kind = Setup::Kind::Matmul;
    setup_.transpose = transpose;
    setup_.ct = ct;
    setup_.rt = rt;
    setup_.kt = kt;
    spend(kUnpack, costs_.op_init);
    spend(kMath, costs_.op_init);
}

void ComputeEngine::matmul(uint32_t in0, uint32_t in1, uint32_t in0_tile, uint32_t in1_tile, uint32_t dst, uint32_t ct,
                           uint32_t rt, uint32_t kt, bool block) {
    const char* what = block ? "matmul_block" : "matmul_tiles";
    // in0 goes to SrcB, in1 to SrcA.
    require_source(in1, true, what);
    require_source(in0, false, what);
    Setup wanted;
    wanted.kind = Setup::Kind::Matmul;
    require_setup(wanted, what, block ? "matmul_block_init" : "matmul_init");
    if (setup_.ct != ct || setup_.rt != rt)
        fault(FaultKind::State, "%s of %u x %u tiles (rt x ct), but %s: the init's block shape counts", what, rt, ct,
              init_name(setup_).c_str());
    if (rt > ct && setup_.kt != kt)
        fault(FaultKind::State, "%s with kt = %u, but %s: with rt > ct the init's kt is the stride of in0", what, kt,
              init_name(setup_).c_str());
    require_floats(in0, what);
    require_floats(in1, what);
    require_same_exponents(in0, in1, what);
    math_slot(dst + rt * ct - 1, what);

    const CircularBuffer &left = core_.cbs[in0], &right = core_.cbs[in1];
    const SourceLayout left_layout = layout_of(left), right_layout = layout_of(right);
    const fpu::DstWidth width = width_for(right_layout);
    const uint32_t fidelity = phases();
    const bool fast = config_.numerics == Numerics::Fast;
    if (fast) {
        // What a phase cannot see of an operand is cut when it is unpacked.
        const uint32_t left_bits = fidelity <= 2 ? 6 : 10, right_bits = fidelity == 1 ? 4 : 9;
        in0_.resize(std::max<size_t>(in0_.size(), rt));
        in1_.resize(std::max<size_t>(in1_.size(), ct));
        for (uint32_t r = 0; r < rt; ++r)
            unpack_fast(left_layout, front_page(core_, in0, in0_tile + r * kt, what), left_bits, in0_[r]);
        for (uint32_t c = 0; c < ct; ++c) {
            unpack_fast(right_layout, front_page(core_, in1, in1_tile + c, what), right_bits, in1_[c]);
            if (setup_.transpose) {
                alignas(64) uint32_t from[kTileElements], turned[kTileElements];
                std::memcpy(from, in1_[c].values, sizeof from);
                fpu::transpose_tile(from, turned);
                std::memcpy(in1_[c].values, turned, sizeof turned);
            }
        }
    } else {
        exact0_.resize(std::max<size_t>(exact0_.size(), rt));
        exact1_.resize(std::max<size_t>(exact1_.size(), ct));
        for (uint32_t r = 0; r < rt; ++r) unpack_tile(in0, in0_tile + r * kt, what, exact0_[r]);
        for (uint32_t c = 0; c < ct; ++c) unpack_tile(in1, in1_tile + c, what, exact1_[c]);
    }
    for (uint32_t r = 0; r < rt; ++r)
        for (uint32_t c = 0; c < ct; ++c) {
            Slot& slot = math_slot(dst + r * ct + c, what);
            fill_unwritten(slot);
            if (fast) {
                fpu::matmul_fast(in0_[r], in1_[c], slot.words, width);
            } else {
                fpu::matmul_exact(exact0_[r], exact1_[c], slot.words, fidelity, width, setup_.transpose,
                                  !config_.blackhole);
            }
            mark(slot, Content::Float, width);
        }
    // The smaller operand set is unpacked once per row (or column) of the block, the other one for every product.
    const uint32_t outer = std::min(rt, ct), inner = std::max(rt, ct);
    const CircularBuffer& held = ct >= rt ? left : right;
    const CircularBuffer& streamed = ct >= rt ? right : left;
    const double product = costs_.matmul_phase * costs_.matmul_issue_factor * fidelity;
    for (uint32_t o = 0; o < outer; ++o)
        for (uint32_t i = 0; i < inner; ++i)
            run(i == 0 ? unpack_cost(held, streamed) : unpack_cost(streamed),
                product + (i == 0 ? costs_.matmul_call : 0));
}

// --- Elementwise
// ------------------------------------------------------------------------------------------------------

void ComputeEngine::elementwise(uint32_t op, const fpu::SrcTile& a, const fpu::SrcTile& b, Slot& slot,
                                bool accumulate) {
    const SourceLayout layout{DataFormat::Invalid, false, a.small_exponent};
    const fpu::DstWidth width = width_for(layout);
    const auto kind = op == TT_FPU_ADD   ? fpu::Elementwise::Add
                      : op == TT_FPU_SUB ? fpu::Elementwise::Sub
                                         : fpu::Elementwise::Mul;
    if (op == TT_FPU_MUL || accumulate) fill_unwritten(slot);
    if (config_.numerics == Numerics::Fast) {
        fpu::FloatTile x, y;
        fpu::to_floats(a, x);
        fpu::to_floats(b, y);
        if (op == TT_FPU_MUL) {
            fpu::cut_for_fidelity(x, true, phases());
            fpu::cut_for_fidelity(y, false, phases());
        }
        fpu::elementwise_fast(kind, x.values, y.values, slot.words, kTileElements, width, accumulate);
    } else {
        fpu::elementwise_exact(kind, a.words, b.words, slot.words, kTileElements, phases(), width, a.small_exponent,
                               accumulate, !config_.blackhole);
    }
    mark(slot, Content::Float, width);
}

void ComputeEngine::binary_init(uint32_t op, Broadcast broadcast, uint32_t a, uint32_t b, bool accumulate) {
    const char* what = "binary init";
    require_started(what);
    buffer(a, what);
    buffer(b, what);
    setup_ = {};
    setup_.kind = Setup::Kind::Binary;
    setup_.op = op;
    setup_.variant = static_cast<uint32_t>(broadcast);
    setup_.accumulate = accumulate && op != TT_FPU_MUL;
    spend(kUnpack, costs_.op_init);
    spend(kMath, costs_.op_init);
}

void ComputeEngine::binary(uint32_t op, Broadcast broadcast, uint32_t a, uint32_t b, uint32_t a_tile, uint32_t b_tile,
                           uint32_t dst, uint32_t count, uint32_t bcast_row) {
    const std::string name = std::string(fpu_name(op)) + "_tiles" + broadcast_name(broadcast);
    const std::string init = std::string(fpu_name(op)) + broadcast_name(broadcast) + "_init";
    const char* what = name.c_str();
    require_source(a, true, what);
    require_source(b, false, what);
    Setup wanted;
    wanted.kind = Setup::Kind::Binary;
    wanted.op = op;
    wanted.variant = static_cast<uint32_t>(broadcast);
    require_setup(wanted, what, init.c_str());
    require_floats(a, what);
    require_floats(b, what);
    require_same_exponents(a, b, what);
    if (bcast_row >= 32) fault(FaultKind::OutOfBounds, "%s: row %u is outside the tile's 32 rows", what, bcast_row);
    const CircularBuffer &left = core_.cbs[a], &right = core_.cbs[b];
    const double plain = op == TT_FPU_MUL ? costs_.mul_phase * phases() : costs_.add;
    const double math = broadcast == Broadcast::None ? plain : plain + costs_.broadcast - costs_.add;
    for (uint32_t i = 0; i < count; ++i) {
        Slot& slot = math_slot(dst + i, what);
        fpu::SrcTile x, y;
        unpack_tile(a, a_tile + i, what, x);
        unpack_tile(b, b_tile + i, what, y);
        apply_broadcast(broadcast, bcast_row, y);
        elementwise(op, x, y, slot, setup_.accumulate);
        run(unpack_cost(left, right), math);
    }
}

void ComputeEngine::binary_reuse_init(uint32_t op, uint32_t reuse, uint32_t cb) {
    require_started("reuse_dest_init");
    buffer(cb, "reuse_dest_init");
    setup_ = {};
    setup_.kind = Setup::Kind::BinaryReuse;
    setup_.op = op;
    setup_.variant = reuse;
    spend(kUnpack, costs_.op_init);
    spend(kMath, costs_.op_init);
}

void ComputeEngine::binary_reuse(uint32_t op, uint32_t reuse, uint32_t cb, uint32_t tile, uint32_t dst) {
    const std::string name = std::string(fpu_name(op)) + "_reuse_dest_tiles";
    const std::string init = std::string(fpu_name(op)) + "_reuse_dest_init";
    const char* what = name.c_str();
    require_source(cb, reuse == 2, what);
    Setup wanted;
    wanted.kind = Setup::Kind::BinaryReuse;
    wanted.op = op;
    wanted.variant = reuse;
    require_setup(wanted, what, init.c_str());
    require_floats(cb, what);
    Slot& slot = math_slot(dst, what);
    fill_unwritten(slot);
    if (slot.content != Content::Float && slot.content != Content::Empty)
        fault(FaultKind::State, "%s: DST slot %u holds %s: the matrix unit takes floats", what, dst,
              content_name(slot.content));
    const CircularBuffer& in = core_.cbs[cb];
    const SourceLayout layout = layout_of(in);
    fpu::SrcTile from_cb, from_dst;
    unpack_tile(cb, tile, what, from_cb);
    from_dst.small_exponent = from_cb.small_exponent;
    for (uint32_t i = 0; i < kTileElements; ++i) from_dst.words[i] = source_word(slot.words[i], layout);
    std::memset(slot.words, 0, sizeof slot.words);
    const bool dst_is_a = reuse == 1;
    elementwise(op, dst_is_a ? from_dst : from_cb, dst_is_a ? from_cb : from_dst, slot, false);
    run(unpack_cost(in), (op == TT_FPU_MUL ? costs_.mul_phase * phases() : costs_.add) + costs_.copy);
}

void ComputeEngine::unary_bcast_init(Broadcast broadcast, uint32_t cb) {
    require_started("unary_bcast_init");
    buffer(cb, "unary_bcast_init");
    setup_ = {};
    setup_.kind = Setup::Kind::UnaryBroadcast;
    setup_.variant = static_cast<uint32_t>(broadcast);
    spend(kUnpack, costs_.op_init);
    spend(kMath, costs_.op_init);
}

void ComputeEngine::unary_bcast(Broadcast broadcast, uint32_t cb, uint32_t tile, uint32_t dst) {
    const char* what = "unary_bcast";
    require_started(what);
    const CircularBuffer& in = buffer(cb, what);
    // The broadcast tile is unpacked to SrcB; without a broadcast, and for 32-bit data, it takes copy_tile's way.
    require_source(cb, broadcast == Broadcast::None || to_dest(in), what);
    Setup wanted;
    wanted.kind = Setup::Kind::UnaryBroadcast;
    wanted.variant = static_cast<uint32_t>(broadcast);
    require_setup(wanted, what, "unary_bcast_init");
    if (to_dest(in) && !config_.fp32_dest_acc_en)
        fault(FaultKind::State, "unary_bcast: %s holds %s, which needs a 32-bit DST (fp32_dest_acc_en)",
              describe(in).c_str(), format_name(in.format).c_str());
    if (broadcast == Broadcast::Row && config_.fp32_dest_acc_en && !to_dest(in) && !layout_of(in).tf32)
        fault(FaultKind::State,
              "unary_bcast<ROW> of %s (%s) into a 32-bit DST gives wrong rows on the chip and spoils the "
              "next slot: use copy_tile and sfpu_add_bcast_row, or add_tiles_bcast_rows with a zero tile",
              describe(in).c_str(), format_name(in.format).c_str());
    Slot& slot = math_slot(dst, what);
    copy_tile_to(slot, in, front_page(core_, cb, tile, what), false, false);
    fpu::SrcTile turned;
    std::memcpy(turned.words, slot.words, sizeof turned.words);
    apply_broadcast(broadcast, 0, turned);
    std::memcpy(slot.words, turned.words, sizeof turned.words);
    run(unpack_cost(in), costs_.broadcast);
}

// --- Reduce
// -----------------------------------------------------------------------------------------------------------

void ComputeEngine::reduce_init(Pool pool, ReduceDim dim, uint32_t in, uint32_t scaler, uint32_t out) {
    const char* what = "reduce_init";
    require_started(what);
    buffer(in, what);
    buffer(scaler, what);
    buffer(out, what);
    if (pool == Pool::Min)
        fault(FaultKind::Unsupported, "reduce_init<MIN>: the matrix unit has no minimum; use sfpu_reduce");
    setup_ = {};
    setup_.kind = Setup::Kind::Reduce;
    setup_.variant = static_cast<uint32_t>(pool);
    setup_.dim = static_cast<uint32_t>(dim);
    pack_mask_ = mask_of(dim);
    for (const Engine engine : {kUnpack, kMath, kPack}) spend(engine, costs_.reduce_init);
}

void ComputeEngine::reduce_uninit() {
    require_started("reduce_uninit");
    pack_mask_ = PackMask::None;
    spend(kPack, costs_.op_init);
}

void ComputeEngine::reduce_tile(Pool pool, ReduceDim dim, const fpu::SrcTile& data, const fpu::SrcTile& scaler,
                                Slot& slot) {
    const fpu::DstWidth width = width_for({DataFormat::Invalid, false, data.small_exponent});
    const uint32_t fidelity = phases();
    // One pooling of a face (or its transpose) into row `row` of the tile: columns are summed or their maximum taken.
    const auto pool_face = [&](const uint32_t* face, const uint32_t* weights, uint32_t row) {
        uint32_t* out = slot.words + row * 16;
        if (pool != Pool::Max) {
            if ((slot.written >> row & 1) == 0) std::memset(out, 0, 64);
            slot.written |= uint64_t(1) << row;
            for (uint32_t phase = 0; phase < fidelity; ++phase)
                fpu::multiply_row_exact(weights, face, out, phase, width, data.small_exponent, !config_.blackhole);
            return;
        }
        for (uint32_t j = 0; j < 16; ++j) {
            uint32_t best = (slot.written >> row & 1) == 0 ? 0xffffe000u : out[j] & 0xffffe000u;
            for (uint32_t i = 0; i < 16; ++i) {
                uint32_t word = face[i * 16 + j];
                if ((word & 0x7f800000) == 0) word = 0;
                if (data.small_exponent && word != 0) word += 112u << 23;
                if (total_order(word) > total_order(best)) best = word;
            }
            out[j] = best;
        }
        slot.written |= uint64_t(1) << row;
    };
    const auto transposed = [](const uint32_t* face, uint32_t* out) {
        for (uint32_t i = 0; i < 256; ++i) out[i] = face[i % 16 * 16 + i / 16];
    };
    alignas(64) uint32_t turned[256];
    switch (dim) {
        case ReduceDim::Column:
            for (uint32_t face = 0; face < 4; ++face)
                pool_face(data.words + face * 256, scaler.words + face * 256, face % 2 * 16);
            break;
        case ReduceDim::Row:
            if (pool == Pool::Max) {
                // Pools the transposed faces into a row, then turns the row into column 0; the row stays for the next
                // tile. Both pass through SrcB in the scaler's format.
                const uint32_t mask = source_layout(srcb_, config_.fp32_dest_acc_en).tf32 ? 0xffffe000u : 0xffff0000u;
                for (uint32_t face = 0; face < 4; ++face) {
                    transposed(data.words + face * 256, turned);
                    pool_face(turned, nullptr, face / 2 * 32);
                }
                for (uint32_t half = 0; half < 2; ++half) {
                    uint32_t* face = slot.words + half * 512;
                    for (uint32_t r = 0; r < 16; ++r) {
                        uint32_t word = face[r] & mask;
                        if ((word & 0x7f800000) == 0x7f800000) word &= 0xff800000;
                        face[r] = word;
                    }
                    for (uint32_t r = 1; r < 16; ++r) face[r * 16] = face[r];
                    slot.written |= uint64_t(0xffff) << (half * 32);
                }
            } else {
                // data x transposed scaler. Only column 0 of faces 0 and 2 has a meaning; the rest stays as it is.
                for (uint32_t half = 0; half < 2; ++half) {
                    uint32_t* face = slot.words + half * 512;
                    for (uint32_t r = 0; r < 16; ++r) {
                        const uint32_t row = half * 32 + r;
                        if ((slot.written >> row & 1) == 0) std::memset(face + r * 16, 0, 64);
                        slot.written |= uint64_t(1) << row;
                    }
                    alignas(64) uint32_t sums[16];
                    for (uint32_t r = 0; r < 16; ++r) sums[r] = face[r * 16];
                    for (uint32_t phase = 0; phase < fidelity; ++phase)
                        for (uint32_t k = 0; k < 2; ++k) {
                            transposed(data.words + (half * 2 + k) * 256, turned);
                            fpu::multiply_column_exact(scaler.words + k * 256, turned, sums, phase, width,
                                                       data.small_exponent, !config_.blackhole);
                        }
                    for (uint32_t r = 0; r < 16; ++r) face[r * 16] = sums[r];
                }
            }
            break;
        case ReduceDim::Scalar: {
            // Columns of all faces into row 4, then that row, as a column of SrcA, into element 0: the scaler applies
            // twice.
            for (uint32_t face = 0; face < 4; ++face) pool_face(data.words + face * 256, scaler.words + face * 256, 4);
            // Blackhole takes the format of what lies in SrcB, Wormhole that of SrcA.
            const SourceLayout layout = source_layout(config_.blackhole ? srcb_ : srca_, config_.fp32_dest_acc_en);
            std::memset(turned, 0, sizeof turned);
            for (uint32_t i = 0; i < 16; ++i) turned[i * 16] = source_word(slot.words[4 * 16 + i], layout);
            pool_face(turned, scaler.words + 3 * 256, 0);
            // Row 4 is cleared for the next tile: it reads as unwritten again.
            slot.written &= ~(uint64_t(1) << 4);
            break;
        }
    }
    slot.content = Content::Float;
    slot.width = width;
    slot.reduced = mask_of(dim);
}

void ComputeEngine::reduce(Pool pool, ReduceDim dim, uint32_t in, uint32_t scaler, uint32_t tile, uint32_t scaler_tile,
                           uint32_t dst, uint32_t count) {
    const char* what = "reduce_tile";
    const bool swapped = dim == ReduceDim::Row && pool != Pool::Max;
    require_source(swapped ? scaler : in, true, what);
    require_source(swapped ? in : scaler, false, what);
    Setup wanted;
    wanted.kind = Setup::Kind::Reduce;
    wanted.variant = static_cast<uint32_t>(pool);
    wanted.dim = static_cast<uint32_t>(dim);
    const std::string fix = std::string("reduce_init<") + pool_name(wanted.variant) + ", " + dim_name(wanted.dim) + ">";
    require_setup(wanted, what, fix.c_str());
    require_floats(in, what);
    require_floats(scaler, what);
    require_same_exponents(in, scaler, what);
    const CircularBuffer &data_cb = core_.cbs[in], &scaler_cb = core_.cbs[scaler];
    fpu::SrcTile data, weights;
    unpack_tile(scaler, scaler_tile, what, weights);
    if (pool == Pool::Max) {
        for (uint32_t i = 0; i < 16; ++i) {
            const uint32_t one = weights.small_exponent ? 15u << 23 : 127u << 23;
            if (weights.words[i] != one)
                fault(FaultKind::State, "reduce_tile<MAX>: row 0 of the scaler tile in %s must be 1.0",
                      describe(scaler_cb).c_str());
        }
    }
    for (uint32_t i = 0; i < count; ++i) {
        Slot& slot = math_slot(dst + i, what);
        unpack_tile(in, tile + i, what, data);
        reduce_tile(pool, dim, data, weights, slot);
        run(unpack_cost(data_cb, scaler_cb), costs_.reduce * (pool == Pool::Max ? 1 : phases()));
    }
}

// --- Tilize, untilize
// -------------------------------------------------------------------------------------------------

void ComputeEngine::tilize_init(uint32_t in, uint32_t block, uint32_t out) {
    require_started("tilize_init");
    buffer(in, "tilize_init");
    buffer(out, "tilize_init");
    setup_ = {};
    setup_.kind = Setup::Kind::Tilize;
    tilizing_ = true;
    setup_.ct = block;
    spend(kUnpack, costs_.op_init);
    spend(kMath, costs_.op_init);
}

void ComputeEngine::tilize_uninit(uint32_t, uint32_t) {
    if (setup_.kind != Setup::Kind::Tilize) fault(FaultKind::State, "tilize_uninit without tilize_init");
    setup_ = {};
    tilizing_ = false;
    spend(kUnpack, costs_.op_init);
}

void ComputeEngine::tilize_block(uint32_t in, uint32_t block, uint32_t out, uint32_t in_tile, uint32_t out_tile) {
    const char* what = "tilize_block";
    require_source(in, true, what);
    require_pack(out, what);
    Setup wanted;
    wanted.kind = Setup::Kind::Tilize;
    require_setup(wanted, what, "tilize_init");
    if (setup_.ct != block)
        fault(FaultKind::State, "tilize_block of %u tiles after tilize_init with %u: the row length is the init's",
              block, setup_.ct);
    if (block == 0) return;
    const CircularBuffer& source = core_.cbs[in];
    const uint32_t element = tensix::element_bytes(source.format);
    if (element == 0)
        fault(FaultKind::Unsupported, "tilize_block: %s holds %s, whose elements have no addresses",
              describe(source).c_str(), format_name(source.format).c_str());
    if (source.page_size < tensix::tile_bytes(source.format))
        fault(FaultKind::CircularBuffer, "tilize_block: a page of %s has %u bytes, 32 x 32 elements need %u",
              describe(source).c_str(), source.page_size, tensix::tile_bytes(source.format));
    front_page(core_, in, in_tile + block - 1, what);
    const std::byte* rows = front_page(core_, in, in_tile, what);
    const size_t stride = size_t(block) * 32 * element;
    alignas(64) std::byte page[kTileElements * 4];
    for (uint32_t t = 0; t < block; ++t) {
        for (uint32_t face = 0; face < 4; ++face)
            for (uint32_t r = 0; r < 16; ++r)
                std::memcpy(page + (face * 256 + r * 16) * element,
                            rows + (face / 2 * 16 + r) * stride + (t * 32 + face % 2 * 16) * element, 16 * element);
        acquire();
        Slot& slot = math_slot(0, what);
        copy_tile_to(slot, source, page, false, false);
        run(unpack_cost(source), costs_.copy);
        commit();
        wait();
        pack(0, out, 1, true, out_tile + t);
        release();
    }
    // Like pack_tile in sequence: the next block follows.
    core_.cbs[out].packed = std::max(core_.cbs[out].packed, out_tile + block);
}

void ComputeEngine::pack_untilize_init(uint32_t in, uint32_t out, uint32_t block_ct, uint32_t full_ct) {
    require_started("pack_untilize_init");
    buffer(in, "pack_untilize_init");
    pack_untilize_dest_init(out, block_ct, full_ct);
    setup_ = {};
    setup_.kind = Setup::Kind::PackUntilize;
    spend(kUnpack, costs_.op_init);
    spend(kMath, costs_.op_init);
}

void ComputeEngine::pack_untilize_dest_init(uint32_t out, uint32_t block_ct, uint32_t full_ct) {
    const char* what = "pack_untilize_dest_init";
    require_started(what);
    buffer(out, what);
    if (block_ct == 0 || block_ct > capacity() || full_ct % block_ct != 0)
        fault(FaultKind::State, "%s: block_ct_dim %u must be 1..%u (slots of DST) and divide full_ct_dim %u", what,
              block_ct, capacity(), full_ct);
    pack_untilizing_ = true;
    untilize_block_ct_ = block_ct;
    untilize_full_ct_ = full_ct;
    spend(kPack, costs_.op_init);
}

void ComputeEngine::pack_untilize_uninit(uint32_t) {
    require_started("pack_untilize_uninit");
    pack_untilizing_ = false;
    spend(kPack, costs_.op_init);
}

void ComputeEngine::untilize_tiles(const CircularBuffer& out, std::byte* rows, uint32_t first_slot, uint32_t block_ct,
                                   uint32_t full_ct, uint32_t block_column) {
    const char* what = "pack_untilize";
    const uint32_t element = tensix::element_bytes(out.format);
    const size_t stride = size_t(full_ct) * 32 * element;
    for (uint32_t t = 0; t < block_ct; ++t) {
        Slot& slot = pack_slot(first_slot + t, what);
        check_packable(slot, first_slot + t, out, what);
        fill_unwritten(slot);
        alignas(64) std::byte page[kTileElements * 4];
        PackSettings settings = pack_settings(out, slot);
        settings.l1_accumulate = false;
        pack_tile(settings, slot.words, page);
        for (uint32_t face = 0; face < 4; ++face)
            for (uint32_t r = 0; r < 16; ++r)
                std::memcpy(rows + (face / 2 * 16 + r) * stride +
                                (size_t(block_column) * block_ct * 32 + t * 32 + face % 2 * 16) * element,
                            page + (face * 256 + r * 16) * element, 16 * element);
        spend(kPack, pack_cost(out) * 2);
    }
    spend(kPack, costs_.pack_call);
}

void ComputeEngine::pack_untilize_dest(uint32_t out_cb, uint32_t rows, uint32_t block_ct, uint32_t full_ct,
                                       uint32_t block_column, uint32_t dst) {
    const char* what = "pack_untilize_dest";
    require_pack(out_cb, what);
    if (!pack_untilizing_ || untilize_block_ct_ != block_ct || untilize_full_ct_ != full_ct)
        fault(FaultKind::State, "%s: call pack_untilize_dest_init<%u, %u> first", what, block_ct, full_ct);
    CircularBuffer& out = core_.cbs[out_cb];
    if (tensix::element_bytes(out.format) == 0)
        fault(FaultKind::Unsupported, "%s: %s holds %s, whose elements have no addresses", what, describe(out).c_str(),
              format_name(out.format).c_str());
    if (l1_accumulate_) fault(FaultKind::Unsupported, "%s with L1 accumulation on", what);
    back_page(core_, out_cb, rows * full_ct - 1, what);
    for (uint32_t r = 0; r < rows; ++r)
        untilize_tiles(out, back_page(core_, out_cb, r * full_ct, what), dst + r * block_ct, block_ct, full_ct,
                       block_column);
}

void ComputeEngine::pack_untilize_block(uint32_t in, uint32_t rows, uint32_t out_cb, uint32_t block_ct,
                                        uint32_t full_ct, uint32_t block_column) {
    const char* what = "pack_untilize_block";
    require_source(in, true, what);
    require_pack(out_cb, what);
    Setup wanted;
    wanted.kind = Setup::Kind::PackUntilize;
    require_setup(wanted, what, "pack_untilize_init");
    const CircularBuffer& source = core_.cbs[in];
    if (rows > 1)
        fault(
            FaultKind::State,
            "%s of %u tile rows: it takes the same tiles for each and writes them to the same rows; call it for one at "
            "a time, with a pop and a push between",
            what, rows);
    for (uint32_t r = 0; r < rows; ++r) {
        acquire();
        for (uint32_t t = 0; t < block_ct; ++t) {
            Slot& slot = math_slot(t, what);
            copy_tile_to(slot, source, front_page(core_, in, t, what), false, false);
            run(unpack_cost(source), costs_.copy);
        }
        commit();
        wait();
        if (!pack_untilizing_ || untilize_block_ct_ != block_ct || untilize_full_ct_ != full_ct)
            fault(FaultKind::State, "%s: call pack_untilize_init<%u, %u> first", what, block_ct, full_ct);
        CircularBuffer& out = core_.cbs[out_cb];
        if (tensix::element_bytes(out.format) == 0)
            fault(FaultKind::Unsupported, "%s: %s holds %s, whose elements have no addresses", what,
                  describe(out).c_str(), format_name(out.format).c_str());
        back_page(core_, out_cb, full_ct - 1, what);
        untilize_tiles(out, back_page(core_, out_cb, 0, what), 0, block_ct, full_ct, block_column);
        release();
    }
}

// --- Vector unit
// ------------------------------------------------------------------------------------------------------

void ComputeEngine::sfpu_init(uint32_t op, uint32_t p0) {
    require_started("an init of the vector unit");
    sfpu_ready_ = true;
    if (op == TT_SFPU_RAND) random_ = (p0 ^ core_.noc.x << 16 ^ core_.noc.y << 24) | 1;
    if (sfpu::has_constants(op)) {
        sfpu_constants_ = op;
        sfpu_parameter_ = p0;
    }
    reduced_dim_ = kTtNone;
    spend(kMath, costs_.op_init);
}

void ComputeEngine::require_sfpu(uint32_t op) const {
    const char* what = sfpu::name(op);
    if (!sfpu_ready_) fault(FaultKind::State, "%s before any init of the vector unit: call %s_init first", what, what);
    if (sfpu::has_constants(op) && sfpu_constants_ != op)
        fault(FaultKind::State, "%s: the vector unit's constants are %s; call %s_init first", what,
              sfpu_constants_ == TT_SFPU_GENERAL ? "not loaded"
                                                 : (std::string("those of ") + sfpu::name(sfpu_constants_)).c_str(),
              what);
}

ComputeEngine::Slot& ComputeEngine::sfpu_slot(uint32_t op, uint32_t dst, bool pack_thread) {
    const char* what = sfpu::name(op);
    Slot& slot = pack_thread ? pack_slot(dst, what) : math_slot(dst, what);
    fill_unwritten(slot);
    const bool holds_integer = sfpu::is_integer(slot.content);
    if (sfpu::on_floats(op) && holds_integer)
        fault(FaultKind::State, "%s works on floats, but DST slot %u holds %s: call typecast_tile first", what, dst,
              content_name(slot.content));
    return slot;
}

void ComputeEngine::sfpu_run(uint32_t op, bool approximate, uint32_t faces, bool pack_thread) {
    const uint32_t cycles =
        sfpu_cycles(static_cast<TtSfpuOp>(op), approximate, config_.fp32_dest_acc_en, config_.blackhole);
    spend(pack_thread ? kPack : kMath, cycles * faces / 4.0);
}

namespace {

// Faces that a VectorMode covers, as a bit mask.
uint32_t faces_of(uint32_t vector_mode) {
    switch (vector_mode) {
        case 1:
            return 0b0011;  // R
        case 2:
            return 0b0101;  // C
        case 0:
            return 0b0001;  // None: one pass over a face
        default:
            return 0b1111;
    }
}

}  // namespace

void ComputeEngine::sfpu_unary(uint32_t op, uint32_t dst, uint32_t vector_mode, uint32_t p0, uint32_t p1, uint32_t p2) {
    require_sfpu(op);
    const bool pack_thread = (vector_mode & kTtPackThread) != 0;
    vector_mode &= ~uint32_t(kTtPackThread);
    const bool fills = op == TT_SFPU_FILL || op == TT_SFPU_INT_FILL || op == TT_SFPU_BITS_FILL || op == TT_SFPU_RAND;
    Slot& slot = fills ? math_slot(dst, sfpu::name(op)) : sfpu_slot(op, dst, pack_thread);
    if (fills) fill_unwritten(slot);
    if (op == TT_SFPU_TYPECAST) {
        const auto from = static_cast<DataFormat>(p0);
        const bool from_float = tensix::is_float(from);
        const bool holds_integer = sfpu::is_integer(slot.content);
        if ((from_float && holds_integer) || (!from_float && slot.content == Content::Float))
            fault(FaultKind::State, "typecast_tile from %s, but DST slot %u holds %s", format_name(from).c_str(), dst,
                  content_name(slot.content));
        if (!config_.fp32_dest_acc_en &&
            (static_cast<DataFormat>(p1) == DataFormat::Int32 || static_cast<DataFormat>(p1) == DataFormat::UInt32))
            fault(FaultKind::State, "typecast_tile to %s needs a 32-bit DST (fp32_dest_acc_en)",
                  format_name(static_cast<DataFormat>(p1)).c_str());
    }
    const fpu::DstWidth width = config_.fp32_dest_acc_en ? fpu::DstWidth::Fp32 : slot.width;
    if (op == TT_SFPU_CUMSUM) {
        // Down the rows; the last row is carried to the next tile.
        if (p0 != 0) cumsum_carry_.fill(0.0f);
        for (uint32_t row = 0; row < 32; ++row)
            for (uint32_t column = 0; column < 32; ++column) {
                uint32_t& word = slot.words[(row / 16 * 2 + column / 16) * 256 + row % 16 * 16 + column % 16];
                cumsum_carry_[column] += std::bit_cast<float>(word);
                word = sfpu::store(cumsum_carry_[column], width);
            }
        sfpu_run(op, false, 4);
        slot.content = Content::Float;
        return;
    }
    if (op == TT_SFPU_RAND) {
        // Uniform in [from, from + scale), from a generator of this core.
        for (uint32_t& word : slot.words) {
            random_ ^= random_ << 13;
            random_ ^= random_ >> 17;
            random_ ^= random_ << 5;
            const float uniform = static_cast<float>(random_ >> 8) * 0x1p-24f;
            word = sfpu::store(std::bit_cast<float>(p0) + uniform * std::bit_cast<float>(p1), width);
        }
        mark(slot, Content::Float, width);
        sfpu_run(op, false, 4);
        return;
    }
    const uint32_t faces = faces_of(vector_mode);
    if (op == TT_SFPU_EXP && p1 == 0) p1 = 0x3f800000;
    if (faces == 0b1111) {
        sfpu::unary(op, slot.words, kTileElements, p0, p1, p2, width, config_.blackhole);
    } else {
        for (uint32_t face = 0; face < 4; ++face)
            if ((faces >> face & 1) != 0)
                sfpu::unary(op, slot.words + face * 256, 256, p0, p1, p2, width, config_.blackhole);
    }
    slot.content = sfpu::result_of(op, p0, p1, slot.content);
    if (op == TT_SFPU_TYPECAST && static_cast<DataFormat>(p1) == DataFormat::UInt16 && config_.fp32_dest_acc_en)
        slot.content = Content::Low16;
    slot.width = width;
    if (fills) slot.reduced = PackMask::None;
    const bool approximate = op == TT_SFPU_EXP || op == TT_SFPU_GELU || op == TT_SFPU_SQRT || op == TT_SFPU_RSQRT ||
                             op == TT_SFPU_TANH || op == TT_SFPU_SIGMOID;
    sfpu_run(op, approximate && (p0 != 0 || (op != TT_SFPU_EXP && config_.math_approx_mode)),
             static_cast<uint32_t>(std::popcount(faces)), pack_thread);
}

void ComputeEngine::sfpu_binary(uint32_t op, uint32_t a, uint32_t b, uint32_t out, uint32_t vector_mode, uint32_t p0) {
    require_sfpu(op);
    Slot& x = sfpu_slot(op, a);
    Slot& y = sfpu_slot(op, b);
    Slot& result = math_slot(out, sfpu::name(op));
    fill_unwritten(result);
    const fpu::DstWidth width = config_.fp32_dest_acc_en ? fpu::DstWidth::Fp32 : x.width;
    const uint32_t faces = faces_of(vector_mode);
    for (uint32_t face = 0; face < 4; ++face)
        if ((faces >> face & 1) != 0)
            sfpu::binary(op, x.words + face * 256, y.words + face * 256, result.words + face * 256, 256, p0, width,
                         config_.blackhole);
    // With a vector that came from a CB (no reduce's result, but one by intent) the combination is a vector still.
    const bool keeps_x = x.reduced == y.reduced || y.reduced == PackMask::None || op == TT_SFPU_COPY;
    const PackMask reduced = keeps_x ? x.reduced : x.reduced == PackMask::None ? y.reduced : PackMask::None;
    result.content = sfpu::result_of(op, p0, 0, x.content);
    result.width = width;
    result.reduced = reduced;
    sfpu_run(op, false, static_cast<uint32_t>(std::popcount(faces)));
}

void ComputeEngine::sfpu_ternary(uint32_t op, uint32_t a, uint32_t b, uint32_t c, uint32_t out, uint32_t p0) {
    require_sfpu(op);
    Slot &x = sfpu_slot(op, a), &y = sfpu_slot(op, b), &z = sfpu_slot(op, c);
    Slot& result = math_slot(out, sfpu::name(op));
    const fpu::DstWidth width = config_.fp32_dest_acc_en ? fpu::DstWidth::Fp32 : y.width;
    const Content content = op == TT_SFPU_WHERE ? y.content : Content::Float;
    if (op == TT_SFPU_WHERE) p0 = sfpu::is_integer(x.content);
    sfpu::ternary(op, x.words, y.words, z.words, result.words, kTileElements, p0, width);
    mark(result, content, width);
    sfpu_run(op, false, 4);
}

void ComputeEngine::sfpu_bcast(uint32_t op, Broadcast broadcast, uint32_t data, uint32_t vector) {
    const uint32_t sfpu_op = op == TT_FPU_ADD ? TT_SFPU_ADD : op == TT_FPU_SUB ? TT_SFPU_SUB : TT_SFPU_MUL;
    require_sfpu(sfpu_op);
    Slot& target = sfpu_slot(sfpu_op, data);
    Slot& source = sfpu_slot(sfpu_op, vector);
    fpu::SrcTile spread;
    std::memcpy(spread.words, source.words, sizeof spread.words);
    // The kernel clears the even columns of the left faces with a multiplication by 0, of which an infinity makes NaN;
    // column 0 is multiplied by 1 (seen on the bit-exact simulator).
    if (broadcast == Broadcast::Column) {
        for (uint32_t row = 0; row < 32; ++row)
            for (uint32_t col = 2; col < 16; col += 2)
                if ((spread.words[row / 16 * 512 + row % 16 * 16 + col] & 0x7f800000) == 0x7f800000)
                    fault(
                        FaultKind::State,
                        "sfpu_*_bcast_col: row %u of the vector in DST slot %u is infinite or NaN in column %u, which "
                        "the chip turns into NaN in every column: keep infinities out of all columns but the first",
                        row, vector, col);
    }
    apply_broadcast(broadcast, 0, spread);
    const fpu::DstWidth width = config_.fp32_dest_acc_en ? fpu::DstWidth::Fp32 : target.width;
    sfpu::binary(sfpu_op, target.words, spread.words, target.words, kTileElements, 0, width, config_.blackhole);
    target.content = Content::Float;
    target.width = width;
    target.reduced = PackMask::None;
    sfpu_run(sfpu_op, false, 4);
}

namespace {

// The compare-and-swap of the vector unit orders floats by sign and magnitude, as integers.
int64_t sign_magnitude(uint32_t word) {
    const int64_t magnitude = word & 0x7fffffff;
    return (word & 0x80000000) != 0 ? -magnitude : magnitude;
}

}  // namespace

// The order of the sums is the chip's: in registers of 4 rows by 8 columns of one parity.
void ComputeEngine::sfpu_reduce(Pool pool, ReduceDim dim, uint32_t format, uint32_t dst, uint32_t ct, uint32_t rt) {
    const char* what = "sfpu_reduce";
    if (!sfpu_ready_ || sfpu_constants_ != TT_SFPU_REDUCE ||
        sfpu_parameter_ != (static_cast<uint32_t>(pool) << 16 | format))
        fault(FaultKind::State, "sfpu_reduce: the vector unit is not set up for this reduction; call sfpu_reduce_init");
    if (reduced_dim_ != kTtNone && reduced_dim_ != static_cast<uint32_t>(dim))
        fault(FaultKind::State,
              "sfpu_reduce along the other dimension since its init: rows and columns program the vector unit "
              "differently; call sfpu_reduce_init between them");
    reduced_dim_ = static_cast<uint32_t>(dim);
    if (ct != 1 || rt != 1)
        fault(FaultKind::Unsupported, "sfpu_reduce over %u x %u tiles: the emulator reduces single tiles", rt, ct);
    if (dim == ReduceDim::Scalar) fault(FaultKind::Unsupported, "sfpu_reduce of rows and columns at once");
    Slot& slot = math_slot(dst, what);
    fill_unwritten(slot);
    const auto data_format = static_cast<DataFormat>(format);
    const bool floats = tensix::is_float(data_format);
    const bool holds_integer = sfpu::is_integer(slot.content);
    if (floats == holds_integer && slot.content != Content::Empty && slot.content != Content::Bits)
        fault(FaultKind::State, "sfpu_reduce of %s, but DST slot %u holds %s", format_name(data_format).c_str(), dst,
              content_name(slot.content));
    const fpu::DstWidth width = config_.fp32_dest_acc_en ? fpu::DstWidth::Fp32 : slot.width;
    auto combine = [&](uint32_t x, uint32_t y) -> uint32_t {
        if (pool == Pool::Sum || pool == Pool::Avg) {
            if (!floats) return x + y;
            uint32_t sum = 0;
            sfpu::binary(TT_SFPU_ADD, &x, &y, &sum, 1, 0, fpu::DstWidth::Fp32, config_.blackhole);
            return sum;
        }
        const auto key = [&](uint32_t word) {
            return floats                             ? sign_magnitude(word)
                   : data_format == DataFormat::Int32 ? int64_t(static_cast<int32_t>(word))
                                                      : int64_t(word);
        };
        return (pool == Pool::Max) == (key(x) > key(y)) ? x : y;
    };
    for (uint32_t lane = 0; lane < 32; ++lane) {
        uint32_t result = 0, target = 0;
        if (dim == ReduceDim::Column) {
            auto at = [&](uint32_t row) -> uint32_t& {
                return slot.words[(row / 16 * 2 + lane / 16) * 256 + row % 16 * 16 + lane % 16];
            };
            uint32_t part[4];
            for (uint32_t i = 0; i < 4; ++i) {
                uint32_t half[2];
                for (uint32_t face = 0; face < 2; ++face) {
                    half[face] = at(face * 16 + 12 + i);
                    for (uint32_t group = 3; group-- > 0;)
                        half[face] = combine(at(face * 16 + group * 4 + i), half[face]);
                }
                part[i] = combine(half[0], half[1]);
            }
            result = config_.blackhole ? combine(part[0], combine(part[1], combine(part[2], part[3])))
                                       : combine(combine(part[0], part[1]), combine(part[2], part[3]));
            target = lane / 16 * 256 + lane % 16;
        } else {
            const uint32_t* row = slot.words + lane / 16 * 512 + lane % 16 * 16;
            uint32_t part[8];
            for (uint32_t i = 0; i < 8; ++i)
                part[i] = combine(row[2 * i], combine(row[2 * i + 1], combine(row[256 + 2 * i], row[257 + 2 * i])));
            for (uint32_t stride = 4; stride > 0; stride /= 2)
                for (uint32_t i = 0; i < stride; ++i) part[i] = combine(part[i], part[i + stride]);
            result = part[0];
            target = lane / 16 * 512 + lane % 16 * 16;
        }
        if (pool == Pool::Avg) {
            const float mean = std::bit_cast<float>(result) / 32.0f;
            result = floats                             ? std::bit_cast<uint32_t>(mean)
                     : data_format == DataFormat::Int32 ? static_cast<uint32_t>(static_cast<int32_t>(result) / 32)
                                                        : result / 32;
        }
        // A row's result is stored from all 8 columns of a register, which hold the same.
        for (uint32_t i = 0; i < (dim == ReduceDim::Row ? 8 : 1); ++i)
            slot.words[target + 2 * i] = floats ? sfpu::store(std::bit_cast<float>(result), width) : result;
    }
    slot.width = width;
    slot.reduced = PackMask::None;
    spend(kMath, sfpu_reduce_cycles(dim == ReduceDim::Column, !floats && pool != Pool::Sum));
}

}  // namespace tt_emulator
