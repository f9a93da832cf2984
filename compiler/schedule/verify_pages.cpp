// Which pages of a block are made between its reserve and its push: all of them, once, or added up by the packer.
#include "compiler/schedule/engine_verifier.h"

#include <algorithm>
#include <type_traits>

namespace tilelang_tt::verifying {

// Ops of kind Op on the channel that one run of `op` makes; nullopt where that is not constant.
template <class Made>
std::optional<int64_t> EngineVerifier::count(const Op& op, ChannelId channel) const {
    if (auto* made = std::get_if<Made>(&op.v)) {
        if constexpr (std::is_same_v<Made, Pack>)
            if (made->replaces) return 0;
        return made->channel == channel ? 1 : 0;
    }
    if (auto* made = std::get_if<ReadRows>(&op.v); made && std::is_same_v<Made, ReadTile>)
        return made->channel == channel ? launch_.channel(channel).row_tiles : 0;
    if (auto* made = std::get_if<WriteRows>(&op.v); made && std::is_same_v<Made, WriteTile>)
        return made->channel == channel ? launch_.channel(channel).row_tiles : 0;
    if (auto* made = std::get_if<Call>(&op.v); made && std::is_same_v<Made, Pack>)
        return changes_layout(tensix::op_row(made->op)) && made->channels[1] == channel ? made->params.front() : 0;
    if (auto* made = std::get_if<IndexTile>(&op.v); made && std::is_same_v<Made, ReadTile>)
        return made->channel == channel ? 1 : 0;
    if (auto* loop = std::get_if<For>(&op.v)) {
        int64_t each = 0;
        for (const Op& inner : loop->body.ops) {
            auto n = count<Made>(inner, channel);
            if (!n) return std::nullopt;
            each += *n;
        }
        // Pages that the same pack fills again in later iterations count once.
        if constexpr (std::is_same_v<Made, Pack>)
            if (each && refills(loop->body, channel, loop->var)) return each;
        auto extent = index_.as_const(loop->extent);
        if (each && !extent) return std::nullopt;
        return each ? each * ceil_div(*extent, loop->step) : 0;
    }
    if (auto* multicast = std::get_if<Multicast>(&op.v)) {
        int64_t all = 0;
        for (const Op& inner : multicast->body.ops) {
            auto n = count<Made>(inner, channel);
            if (!n) return std::nullopt;
            all += *n;
        }
        return all;
    }
    if (auto* branch = std::get_if<If>(&op.v)) {
        for (const Region* side : {&branch->then, &branch->otherwise})
            for (const Op& inner : side->ops) {
                auto n = count<Made>(inner, channel);
                if (!n || *n) return std::nullopt;
            }
    }
    return 0;
}

// Whether the packs to the channel in the region name their page without the variable.
bool EngineVerifier::refills(const Region& region, ChannelId channel, VarId var) const {
    return std::any_of(region.ops.begin(), region.ops.end(), [&](const Op& op) {
        if (auto* loop = std::get_if<For>(&op.v)) return refills(loop->body, channel, var);
        auto* pack = std::get_if<Pack>(&op.v);
        return pack && pack->channel == channel && !pack->replaces && pack->slot && !index_.uses(pack->slot, var);
    });
}

// Between a reserve and its push in one list as many pages are made as are pushed; likewise for writes and pops.
void EngineVerifier::counted(const Region& region) {
    auto check = [&]<class Made>(ChannelCall open, ChannelCall close, const char* what) {
        for (size_t i = 0; i < region.ops.size(); ++i) {
            auto* first = std::get_if<ChannelOp>(&region.ops[i].v);
            if (!first || first->call != open) continue;
            int64_t made = 0;
            bool known = true;
            for (size_t j = i + 1; j < region.ops.size(); ++j) {
                auto* last = std::get_if<ChannelOp>(&region.ops[j].v);
                if (last && last->channel == first->channel && last->call == close) {
                    loc_ = region.ops[j].loc;
                    // Start values and sums fill a block more than once.
                    if (known && (made < last->pages || (made > last->pages && made % last->pages)))
                        error("TT5113",
                              std::string(what) + " `" + name(first->channel) + "` are not those of the block",
                              {{"tiles", std::to_string(last->pages), std::to_string(made)}});
                    break;
                }
                auto n = count<Made>(region.ops[j], first->channel);
                known = known && n.has_value();
                made += n.value_or(0);
            }
        }
    };
    if (engine_ != Engine::Compute)
        check.template operator()<ReadTile>(ChannelCall::ReserveBack, ChannelCall::PushBack, "the tiles read into");
    if (engine_ == Engine::Compute)
        check.template operator()<Pack>(ChannelCall::ReserveBack, ChannelCall::PushBack, "the tiles packed to");
    if (engine_ == Engine::Writer)
        check.template operator()<WriteTile>(ChannelCall::WaitFront, ChannelCall::PopFront, "the tiles written from");
}

// The pages that a pack fills while the loops opened since `first` run; nullopt: not known.
std::optional<std::set<int64_t>> EngineVerifier::pages_of(const Pack& op, size_t first) const {
    constexpr int64_t kMost = 4096;
    std::vector<IndexEnv> points{{}};
    for (size_t i = first; i < loops_.size(); ++i) {
        const For& loop = *loops_[i].loop;
        if (!index_.uses(op.slot, loop.var)) continue;
        const auto begin = index_.as_const(loop.begin), extent = index_.as_const(loop.extent);
        if (!begin || !extent || *extent / loop.step * static_cast<int64_t>(points.size()) > kMost) return std::nullopt;
        std::vector<IndexEnv> more;
        for (const IndexEnv& env : points)
            for (int64_t at = 0; at < *extent; at += loop.step) {
                more.push_back(env);
                more.back()[loop.var] = *begin + at;
            }
        points = std::move(more);
    }
    std::set<int64_t> pages;
    for (const IndexEnv& env : points) {
        const auto page = index_.eval(op.slot, env);
        if (!page) return std::nullopt;
        pages.insert(*page);
    }
    return pages;
}

// A page of the reserved block is packed to once, or the packer adds from the second time on.
void EngineVerifier::packs_once(const Pack& op, State& state) {
    Held& held = state.held[op.channel.v];
    bool again = false;
    if (op.slot) {
        for (size_t i = held.loops_at_reserve; i < loops_.size(); ++i)
            again |= loops_[i].again && !index_.uses(op.slot, loops_[i].var);
        if (op.replaces) {
            if (state.accumulate != false)
                error("TT5148", "pack_tile adds to what the pages of `" + name(op.channel) + "` held before");
            return;
        }
        const auto pages = pages_of(op, held.loops_at_reserve);
        for (const auto& [other, theirs] : held.packed)
            again |= other != &op && (!pages || !theirs || std::any_of(pages->begin(), pages->end(), [&](int64_t page) {
                         return theirs->contains(page);
                     }));
        held.packed[&op] = pages;
    }
    if (again && state.accumulate != true)
        error("TT5147", "pack_tile overwrites a sum in `" + name(op.channel) + "`: the packer does not accumulate");
    if (!again && state.accumulate != false)
        error("TT5148", "pack_tile adds to what the pages of `" + name(op.channel) + "` held before");
}

}  // namespace tilelang_tt::verifying
