#include "compiler/place/placer.h"

#include <algorithm>
#include <utility>

namespace tilelang_tt::placed {

// Room for a value of the type that one iteration or branch leaves to what follows. A carried value needs room for
// its successor beside it: tile indices count from the read pointer without wrapping, so both are whole blocks of a
// ring. In each order in which one of the values that stand for it is read: `by` those.
std::vector<Tiles> Placer::hand_over(ValueId value, std::initializer_list<ValueId> by, int64_t blocks,
                                     const std::string& why, LocId loc) {
    const graph::TileType& t = type(value);
    auto wanted = [&](bool by_columns) {
        return std::any_of(by.begin(), by.end(), [&](ValueId id) { return wanted_in(id, by_columns); });
    };
    std::vector<Tiles> out;
    for (bool by_columns : {false, true}) {
        if (by_columns ? !wanted(true) : !wanted(false) && wanted(true)) continue;
        const ChannelId id =
            add_channel(label(value), Role::Interim, format_of(t.dtype), blocks * t.tiles(), t.tiles(), loc);
        channels_[id].channel.why = why;
        out.push_back(tiles_of(id, t, by_columns));
    }
    return out;
}

// The value's tiles by columns too, where a matmul wants them and they lie by rows only.
void Placer::also_by_columns(ValueId value, LocId loc, std::vector<Step>& steps) {
    value = analysis_.resolve(value);
    const auto from = find(value, false);
    if (!from || find(value, true) || !wanted_in(value, true)) return;
    const ChannelId channel = add_channel(label(value), Role::Interim, channels_[from->channel].channel.format,
                                          from->rows * from->cols, from->rows * from->cols, loc);
    const Tiles to{channel, from->rows, from->cols, true};
    tiles_[{value, true}] = to;
    steps.push_back(copied(from, nullptr, type(value).dtype, to, PackMode::Block, loc));
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
        for (const Tiles& tiles : hand_over(loop.results[i].id, {loop.results[i].id, loop.body.args[i]}, 2,
                                            "2 blocks deep: the old and the new value of an iteration", op.loc)) {
            carried.push_back({i, tiles});
            out.carried.push_back(tiles);
            handed_on_[analysis_.resolve(loop.inits[i])].push_back(tiles);
        }
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
        tiles_[{loop.body.args[i], tiles.by_columns}] = tiles;
        handed_on_[analysis_.resolve(yield->values[i])].push_back(tiles);
    }
    region(loop.body, out.body, true, loop.num_stages);
    for (const auto& [i, tiles] : carried) tiles_[{loop.results[i].id, tiles.by_columns}] = tiles;
    steps.push_back({std::move(out), op.loc});
}

void Placer::branch(const graph::Op& op, std::vector<Step>& steps, bool in_loop) {
    const auto& branch = std::get<graph::If>(op.v);
    flush(steps);
    Branch out{branch.cond, {}, {}, {}};
    std::vector<size_t> live;
    for (size_t i = 0; i < branch.results.size(); ++i) {
        if (!analysis_.live(branch.results[i].id)) continue;
        for (const Tiles& tiles :
             hand_over(branch.results[i].id, {branch.results[i].id}, 1, "of either branch", op.loc)) {
            live.push_back(i);
            out.results.push_back(tiles);
        }
    }
    for (auto [from, to] : {std::pair{&branch.then, &out.then}, std::pair{&branch.otherwise, &out.otherwise}}) {
        for (size_t n = 0; n < live.size(); ++n)
            handed_on_[analysis_.resolve(yield_of(*from)->values[live[n]])].push_back(out.results[n]);
        region(*from, *to, in_loop);
    }
    for (size_t n = 0; n < live.size(); ++n)
        tiles_[{branch.results[live[n]].id, out.results[n].by_columns}] = out.results[n];
    if (!out.then.empty() || !out.otherwise.empty()) steps.push_back({std::move(out), op.loc});
}

}  // namespace tilelang_tt::placed
