// Rows of row-major tensors, and what turns row-major blocks into tiles and back.
#include <algorithm>

#include "compiler/ir/rows.h"
#include "compiler/ir/walk.h"
#include "compiler/schedule/engine_verifier.h"

namespace tilelang_tt::verifying {

// A row-major block of the channel, all of it inside the pages held.
template <class Rows>
void EngineVerifier::rows(const Rows& op, int64_t held, const char* what, bool write) {
    const Channel& c = launch_.channel(op.channel);
    same_format(op.channel, op.tensor);
    within(op.slot, std::max<int64_t>(0, held - c.row_tiles + 1), op.channel, what);
    if (!op.scratch.valid()) {
        if (!rows_aligned(index_, c, op.col, device_, write))
            error("TT5149",
                  "rows of `" + ctx_.tensor(op.tensor).name +
                      "` may lie otherwise in L1 than in the tensor, and there is no scratch space",
                  {{"alignment", std::to_string(row_alignment(device_, write)) + " B", "not known"}});
        return;
    }
    const Channel& scratch = launch_.channel(op.scratch);
    const int64_t least = row_scratch_pages(c, 1, device_, write);
    if (scratch.format != c.format || scratch.pages < least)
        error("TT5150", "scratch space `" + scratch.name + "` does not hold a row of `" + c.name + "`",
              {{"pages", "at least " + std::to_string(least), std::to_string(scratch.pages)}});
    each_op(launch_.body, [&](const Op& other) {
        const auto* call = std::get_if<ChannelOp>(&other.v);
        if (call && call->channel == op.scratch)
            error("TT5151", "scratch space `" + scratch.name + "` is used as a channel");
        std::visit(
            [&](const auto& o) {
                if constexpr (requires { o.scratch; })
                    if (o.scratch == op.scratch && other.engines != Engines(engine_))
                        error("TT5151", "scratch space `" + scratch.name + "` is used by two engines");
            },
            other.v);
    });
}

void EngineVerifier::step(const ReadRows& op, State& state) {
    Held& held = state.held[op.channel.v];
    rows(op, held.reserved, "reserved block", false);
    held.read_pending |= !op.scratch.valid();  // what comes through scratch space is waited for
}

void EngineVerifier::step(const WriteRows& op, State& state) {
    Held& held = state.held[op.channel.v];
    rows(op, held.waited, "block waited for", true);
    held.write_pending = state.arrival_open = true;
}

// tilize_block and pack_untilize_block: from one channel to another, with DST of their own.
void EngineVerifier::change_layout(const Call& op, const tensix::OpRow& row, const State& state) {
    const std::string call(row.name);
    const Channel &from = launch_.channel(op.channels[0]), &to = launch_.channel(op.channels[1]);
    const int64_t tiles = op.params.front();
    if (state.dst != DstPhase::Idle) error("TT5133", call + " between acquire and release");
    const bool tilizes = row.kind == tensix::OpKind::Tilize;
    if (!tilizes && tiles > capacity_)
        error("TT5132", "a DST slot is past what may be used between acquire and release",
              {{"tiles in DST", std::to_string(capacity_), std::to_string(tiles)}});
    if (from.unpack == UnpackMode::ToDest && !launch_.compute.fp32_dest_acc_en)
        error("TT5142", "`" + from.name + "` unpacks to a DST that is not 32 bits wide");
    if (to.format == tensix::DataFormat::UInt16 && launch_.compute.fp32_dest_acc_en)
        error("TT5153", call + " packs UInt16 to `" + to.name + "` from a 32-bit DST, which has it in other bits");
    const auto held = [&](ChannelId id) {
        const auto it = state.held.find(id.v);
        return it == state.held.end() ? Held{} : it->second;
    };
    const int64_t waited = held(op.channels[0]).waited, reserved = held(op.channels[1]).reserved;
    within(op.tiles[0], std::max<int64_t>(0, waited - tiles + 1), op.channels[0], "block waited for");
    // Tiles of the reserved block; or parts of one row-major block.
    const int64_t places = tilizes                    ? std::max<int64_t>(0, reserved - tiles + 1)
                           : reserved >= to.row_tiles ? to.row_tiles / tiles
                                                      : 0;
    within(op.tiles[1], places, op.channels[1], "reserved block");
    if (state.setup.src_a != format(op.channels[0]))
        error("TT5143", call + " reads `" + from.name + "` while SrcA is set to another format",
              {{"format", format(op.channels[0]), state.setup.src_a.value_or("unknown")}});
    // The addition that moves a tile to 32-bit DST takes 8-bit integers from both sources.
    if (from.format == tensix::DataFormat::UInt8 && state.setup.src_b != format(op.channels[0]))
        error("TT5143", call + " reads `" + from.name + "` while SrcB is set to another format",
              {{"format", format(op.channels[0]), state.setup.src_b.value_or("unknown")}});
    const std::string packed(tensix::name(to.format));
    if (state.setup.pack != packed)
        error("TT5145", call + " to `" + to.name + "` while the packer is set to another format",
              {{"format", packed, state.setup.pack.value_or("unknown")}});
    if (state.setup.fpu != init_key(row, op.channels, op.params)) error("TT5144", call + " without its init");
    if (state.accumulate != false) error("TT5148", call + " adds to what the pages of `" + to.name + "` held before");
}

}  // namespace tilelang_tt::verifying
