#include "compiler/place/placer.h"

#include <utility>

namespace tilelang_tt::placed {

// Room for a value of the type that one iteration or branch leaves to what follows. A carried value needs room for
// its successor beside it: tile indices count from the read pointer without wrapping, so both are whole blocks of a
// ring.
Tiles Placer::hand_over(ValueId value, int64_t blocks, const std::string& why, LocId loc) {
    const graph::TileType& t = type(value);
    const ChannelId id =
        add_channel(label(value), Role::Interim, format_of(t.dtype), blocks * t.tiles(), t.tiles(), loc);
    channels_[id].channel.why = why;
    return tiles_of(id, t, false);
}

// Packs a value that is in a channel, or constant, to where it is handed on; what a group makes goes there at once.
void Placer::hand_on(ValueId value, LocId loc, std::vector<Step>& steps) {
    auto it = handed_on_.find(value);
    if (it == handed_on_.end() || it->second.empty()) return;
    if (group_.open && group_.values.contains(value)) return;  // packed when the group is written out
    start(steps, type(value), loc);
    if (handed_on_[value].empty()) {  // writing the open group out has done it
        group_ = {};
        return;
    }
    group_.values.insert(value);
}

void Placer::carrying_loop(const graph::Op& op, std::vector<Step>& steps) {
    const auto& loop = std::get<graph::For>(op.v);
    const graph::Yield* yield = yield_of(loop.body);
    Loop out;
    out.var = loop.var, out.begin = loop.begin, out.extent = loop.extent;
    std::vector<std::pair<size_t, Tiles>> carried;
    for (size_t i = 0; i < loop.results.size(); ++i) {
        if (!analysis_.live(loop.body.args[i]) && !analysis_.live(loop.results[i].id)) continue;
        const Tiles tiles =
            hand_over(loop.results[i].id, 2, "2 blocks deep: the old and the new value of an iteration", op.loc);
        carried.push_back({i, tiles});
        out.carried.push_back(tiles);
        handed_on_[analysis_.resolve(loop.inits[i])].push_back(tiles);
    }
    // What the open group computes is packed with it.
    flush(steps);
    for (const auto& [i, tiles] : carried) {
        const ValueId init = analysis_.resolve(loop.inits[i]);
        if (!handed_on_.contains(init)) continue;
        start(steps, type(init), op.loc);
        group_.values.insert(init);
        flush(steps);
    }
    for (const auto& [i, tiles] : carried) {
        tiles_[{loop.body.args[i], false}] = tiles;
        handed_on_[analysis_.resolve(yield->values[i])].push_back(tiles);
    }
    region(loop.body, out.body, true, loop.num_stages);
    for (const auto& [i, tiles] : carried) tiles_[{loop.results[i].id, false}] = tiles;
    steps.push_back({std::move(out), op.loc});
}

void Placer::branch(const graph::Op& op, std::vector<Step>& steps, bool in_loop) {
    const auto& branch = std::get<graph::If>(op.v);
    flush(steps);
    Branch out{branch.cond, {}, {}, {}};
    std::vector<size_t> live;
    for (size_t i = 0; i < branch.results.size(); ++i) {
        if (!analysis_.live(branch.results[i].id)) continue;
        live.push_back(i);
        out.results.push_back(hand_over(branch.results[i].id, 1, "of either branch", op.loc));
    }
    for (auto [from, to] : {std::pair{&branch.then, &out.then}, std::pair{&branch.otherwise, &out.otherwise}}) {
        for (size_t n = 0; n < live.size(); ++n)
            handed_on_[analysis_.resolve(yield_of(*from)->values[live[n]])].push_back(out.results[n]);
        region(*from, *to, in_loop);
    }
    for (size_t n = 0; n < live.size(); ++n) tiles_[{branch.results[live[n]].id, false}] = out.results[n];
    if (!out.then.empty() || !out.otherwise.empty()) steps.push_back({std::move(out), op.loc});
}

}  // namespace tilelang_tt::placed
