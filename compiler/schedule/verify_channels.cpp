// The protocol of channels, and of reads and writes over the NoC.
#include "compiler/schedule/engine_verifier.h"

#include <algorithm>

namespace tilelang_tt::verifying {

// The index is below `limit` pages, as far as is known.
void EngineVerifier::within(IndexId index, int64_t limit, ChannelId channel, const char* what) {
    if (limit == 0) return error("TT5116", "`" + name(channel) + "` is used without a " + what);
    auto hi = index_.bounds(index).hi;
    if (hi && *hi >= limit)
        error("TT5117", "a tile of `" + name(channel) + "` is past the end of its " + what,
              {{"tile", "below " + std::to_string(limit), std::to_string(*hi)}});
}

// Data movement copies bytes: a channel holds them in the tensor's format.
void EngineVerifier::same_format(ChannelId channel, TensorId tensor) {
    const tensix::DataFormat stored = layouts_[tensor.v].format, held = launch_.channel(channel).format;
    if (stored != held)
        error("TT5119", "`" + name(channel) + "` has another format than tensor `" + ctx_.tensor(tensor).name + "`",
              {{"format", std::string(tensix::name(stored)), std::string(tensix::name(held))}});
}

void EngineVerifier::step(const ChannelOp& op, State& state) {
    const Channel& c = launch_.channel(op.channel);
    Held& held = state.held[op.channel.v];
    if (c.pages % op.pages != 0)
        error("TT5101", "channel `" + c.name + "` is no whole number of what is moved at once",
              {{"pages", "multiples of " + std::to_string(op.pages), std::to_string(c.pages)}});
    switch (op.call) {
        case ChannelCall::ReserveBack:
            held.reserved = std::max(held.reserved, op.pages);
            held.loops_at_reserve = loops_.size();
            held.packed.clear();
            break;
        case ChannelCall::PushBack:
            if (held.reserved < op.pages) error("TT5114", "`" + c.name + "` is pushed without having been reserved");
            if (held.read_pending)
                error("TT5120", "`" + c.name + "` is pushed while reads into it are in flight: no read barrier");
            held.reserved = std::max<int64_t>(0, held.reserved - op.pages);
            break;
        case ChannelCall::WaitFront:
            held.waited = std::max(held.waited, op.pages);
            break;
        case ChannelCall::PopFront:
            if (held.waited < op.pages) error("TT5115", "`" + c.name + "` is popped without having been waited for");
            if (held.write_pending)
                error("TT5121", "`" + c.name + "` is popped while writes from it have not left L1: no flush");
            held.waited = std::max<int64_t>(0, held.waited - op.pages);
            break;
    }
}

void EngineVerifier::step(const ReadTile& op, State& state) {
    same_format(op.channel, op.tensor);
    Held& held = state.held[op.channel.v];
    within(op.slot, held.reserved, op.channel, "reserved block");
    held.read_pending = true;
}

void EngineVerifier::step(const IndexTile& op, State& state) {
    within(index_.constant(0), state.held[op.channel.v].reserved, op.channel, "reserved block");
}

void EngineVerifier::step(const WriteTile& op, State& state) {
    same_format(op.channel, op.tensor);
    Held& held = state.held[op.channel.v];
    within(op.slot, held.waited, op.channel, "block waited for");
    held.write_pending = true;
    state.arrival_open = true;
}

void EngineVerifier::step(const NocSync& op, State& state) {
    for (auto& [id, held] : state.held) {
        if (op.call == NocCall::ReadBarrier) held.read_pending = false;
        if (op.call != NocCall::ReadBarrier) held.write_pending = false;
    }
    if (op.call == NocCall::WriteBarrier) state.arrival_open = false;
}

}  // namespace tilelang_tt::verifying
