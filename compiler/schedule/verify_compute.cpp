// The protocol of DST, and that units are programmed for the formats and operations that calls use.
#include "compiler/schedule/engine_verifier.h"

#include <algorithm>

namespace tilelang_tt::verifying {

void EngineVerifier::slot(IndexId index, int64_t tiles) {
    auto hi = index_.bounds(index).hi;
    if (!hi || *hi + tiles > capacity_)
        error("TT5132", "a DST slot is past what may be used between acquire and release",
              {{"tiles in DST", std::to_string(capacity_), hi ? std::to_string(*hi + tiles) : "unbounded"}});
}

std::string EngineVerifier::init_key(const tensix::OpRow& row, const std::vector<ChannelId>& channels,
                                     const std::vector<int64_t>& params) const {
    std::string key(row.init);
    if (row.kind == tensix::OpKind::Reduce) key += row.name;
    for (int i = 0; i < row.num_init_params; ++i) key += " " + std::to_string(params[static_cast<size_t>(i)]);
    for (int i = 0; i < row.num_channels; ++i) key += " " + format(channels[static_cast<size_t>(i)]);
    return key;
}

void EngineVerifier::step(const DstSync& op, State& state) {
    constexpr std::array<DstPhase, 4> kFrom = {DstPhase::Idle, DstPhase::Math, DstPhase::Committed, DstPhase::Pack};
    constexpr std::array<DstPhase, 4> kTo = {DstPhase::Math, DstPhase::Committed, DstPhase::Pack, DstPhase::Idle};
    constexpr std::array<const char*, 4> kNames = {"acquire", "commit", "wait", "release"};
    const auto call = static_cast<size_t>(op.call);
    if (state.dst != kFrom[call]) error("TT5131", std::string("tile_regs_") + kNames[call] + " out of order");
    state.dst = kTo[call];
    if (op.call == DstCall::Acquire) state.section_reduces = false;
    if (op.call == DstCall::Release) state.section_reduces = false;
}

void EngineVerifier::step(const Startup& op, State& state) {
    state.started = true;
    state.setup = {};
    state.setup.src_a = format(op.reverse ? op.b : op.a);
    state.setup.src_b = format(op.reverse ? op.a : op.b);
    state.setup.pack = std::string(tensix::name(launch_.channel(op.out).format));
}

void EngineVerifier::step(const Init& op, State& state) {
    const tensix::OpRow& row = tensix::op_row(op.op);
    if (!state.started) error("TT5140", std::string(row.name) + " is initialised before compute_kernel_hw_startup");
    if (op.uninit) {
        state.setup.reduce_mask = state.setup.layout = false;
        state.setup.fpu.reset();
        return;
    }
    const std::string key = init_key(row, op.channels, op.params);
    auto& unit = row.state & tensix::kStateFpu ? state.setup.fpu : state.setup.sfpu;
    if (row.state & tensix::kStateFpu && unit != key &&
        (state.setup.layout || (changes_layout(row) && state.setup.reduce_mask)))
        error("TT5152", std::string(row.name) + " is initialised before what came before it is undone");
    unit = key;
    state.setup.layout |= changes_layout(row);
    if (row.state & tensix::kStatePacker) state.setup.reduce_mask = true;
}

void EngineVerifier::step(const Reconfig& op, State& state) {
    auto& part = op.unit == ReconfigUnit::SrcA   ? state.setup.src_a
                 : op.unit == ReconfigUnit::SrcB ? state.setup.src_b
                                                 : state.setup.pack;
    const bool pack = op.unit == ReconfigUnit::Pack;
    auto of = [&](ChannelId id) { return pack ? std::string(tensix::name(launch_.channel(id).format)) : format(id); };
    // The form with the old channel does nothing where the two formats agree.
    if (op.from && part && *part != of(op.from))
        error("TT5141", "a reconfiguration to `" + name(op.to) + "` starts from a format that is not set");
    part = of(op.to);
}

void EngineVerifier::step(const Call& op, State& state) {
    const tensix::OpRow& row = tensix::op_row(op.op);
    const std::string call(row.name);
    if (changes_layout(row)) return change_layout(op, row, state);
    if (state.dst != DstPhase::Math) error("TT5133", call + " outside of acquire and commit");
    if (row.needs_fp32_dst && !launch_.compute.fp32_dest_acc_en) error("TT5134", call + " needs a 32-bit DST");
    for (size_t i = 0; i < op.channels.size(); ++i) {
        const Channel& c = launch_.channel(op.channels[i]);
        int64_t more = 0;  // tiles beyond the first
        if (op.op == tensix::OpCode::matmul_block) more = i == 0 ? (op.params[2] - 1) * op.params[3] : op.params[1] - 1;
        const Held& held = state.held[op.channels[i].v];
        within(op.tiles[i], held.waited - more > 0 || held.waited == 0 ? std::max<int64_t>(0, held.waited - more) : 1,
               op.channels[i], "block waited for");
        if (c.unpack == UnpackMode::ToDest && row.unit != tensix::Unit::Unpack)
            error("TT5142", call + " reads `" + c.name + "`, which unpacks to DST");
        if (c.unpack == UnpackMode::ToDest && !launch_.compute.fp32_dest_acc_en)
            error("TT5142", "`" + c.name + "` unpacks to a DST that is not 32 bits wide");
    }
    const int64_t tiles = op.op == tensix::OpCode::matmul_block ? op.params[1] * op.params[2] : 1;
    for (IndexId id : op.dst) slot(id, tiles);
    auto source = [&](ChannelId id, const std::optional<std::string>& set, const char* unit) {
        if (set != format(id))
            error("TT5143", call + " reads `" + name(id) + "` while " + unit + " is set to another format",
                  {{"format", format(id), set.value_or("unknown")}});
    };
    if (op.channels.size() == 1) {
        const Channel& c = launch_.channel(op.channels[0]);
        source(op.channels[0], state.setup.src_a, "SrcA");
        // The addition that moves a tile to 32-bit DST takes 8-bit integers from both sources.
        if (c.format == tensix::DataFormat::UInt8) source(op.channels[0], state.setup.src_b, "SrcB");
    }
    if (op.channels.size() >= 2) {
        source(op.channels[row.src_reversed ? 1 : 0], state.setup.src_a, "SrcA");
        source(op.channels[row.src_reversed ? 0 : 1], state.setup.src_b, "SrcB");
    }
    if (!row.init.empty()) {
        const auto& set = row.state & tensix::kStateFpu ? state.setup.fpu : state.setup.sfpu;
        if (set != init_key(row, op.channels, op.params)) error("TT5144", call + " without its init");
    }
    if (row.state & tensix::kStatePacker) state.section_reduces = true;
}

void EngineVerifier::step(const Pack& op, State& state) {
    if (state.dst != DstPhase::Pack) error("TT5135", "pack_tile outside of wait and release");
    slot(op.dst, 1);
    const Held& held = state.held[op.channel.v];
    if (op.slot)
        within(op.slot, held.reserved, op.channel, "reserved block");
    else if (held.reserved == 0)
        error("TT5116", "`" + name(op.channel) + "` is packed to without a reserved block");
    packs_once(op, state);
    const std::string format(tensix::name(launch_.channel(op.channel).format));
    if (state.setup.pack != format)
        error("TT5145", "pack_tile to `" + name(op.channel) + "` while the packer is set to another format",
              {{"format", format, state.setup.pack.value_or("unknown")}});
    if (state.setup.reduce_mask && !state.section_reduces)
        error("TT5146", "pack_tile to `" + name(op.channel) + "` while the packer still masks for a reduction");
}

void EngineVerifier::step(const PackerConfig& op, State& state) {
    if (op.mode == PackerMode::L1Accumulate) state.accumulate = op.on;
}

}  // namespace tilelang_tt::verifying
