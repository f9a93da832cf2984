#include "compiler/place/sharing.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "compiler/place/walk_steps.h"

namespace tilelang_tt::placed {
namespace {

// A place in nested lists of steps, outermost first: which list, and which of its steps.
using Path = std::vector<std::pair<const std::vector<Step>*, size_t>>;

void find_places(std::vector<Step>& list, Path& path, std::map<uint32_t, std::vector<Path>>& places) {
    for (size_t i = 0; i < list.size(); ++i) {
        path.push_back({&list, i});
        each_own_tiles(list[i], [&](Tiles& tiles) { places[tiles.channel.v].push_back(path); });
        each_list(list[i], [&](std::vector<Step>& inner) { find_places(inner, path, places); });
        path.pop_back();
    }
}

// The innermost list with all places of a channel; in it, and in each list around it, the steps from first to last.
struct Life {
    struct Level {
        const std::vector<Step>* list;
        size_t first, last;
    };
    std::vector<Level> levels;
};

Life life_of(const std::vector<Path>& places) {
    Life out;
    for (size_t n = 0;; ++n) {
        for (const Path& path : places)
            if (n >= path.size() || path[n].first != places[0][n].first) return out;
        Life::Level level{places[0][n].first, places[0][n].second, places[0][n].second};
        for (const Path& path : places) {
            level.first = std::min(level.first, path[n].second);
            level.last = std::max(level.last, path[n].second);
        }
        out.levels.push_back(level);
        if (level.first != level.last) return out;
    }
}

// Whether one is done with before the other begins, in every iteration of the loops around both.
bool apart(const Life& a, const Life& b) {
    for (size_t n = 0; n < std::min(a.levels.size(), b.levels.size()); ++n) {
        const Life::Level &x = a.levels[n], &y = b.levels[n];
        if (x.list != y.list)  // of one step: sides of a condition, or a loop's start and body
            return std::holds_alternative<Branch>((*a.levels[n - 1].list)[a.levels[n - 1].first].v);
        if (x.last < y.first || y.last < x.first) return true;
    }
    return false;
}

}  // namespace

void share_channels(ChannelTable& channels, LaunchResources& plan) {
    Path path;
    std::map<uint32_t, std::vector<Path>> places;
    find_places(plan.steps, path, places);
    std::set<ChannelId> fixed;
    for (const ConstantTile& constant : plan.constants) fixed.insert(constant.channel);
    each_tiles(plan.residents, [&](const Tiles& tiles) { fixed.insert(tiles.channel); });

    struct Shared {
        ChannelId channel;
        std::vector<Life> lives;
    };
    std::vector<Shared> shared;
    std::map<ChannelId, ChannelId> becomes;
    for (const auto& [number, at] : places) {
        const ChannelId id(number);
        ChannelPlan& own = channels[id];
        if (own.role != Role::Interim || own.whole != own.channel.block_pages || fixed.contains(id)) continue;
        const Life life = life_of(at);
        auto takes = [&](const Shared& other) {
            const ChannelPlan& theirs = channels[other.channel];
            return theirs.whole == own.whole && theirs.channel.format == own.channel.format &&
                   theirs.channel.unpack == own.channel.unpack &&
                   std::all_of(other.lives.begin(), other.lives.end(), [&](const Life& l) { return apart(l, life); });
        };
        const auto found = std::find_if(shared.begin(), shared.end(), takes);
        if (found == shared.end()) {
            shared.push_back({id, {life}});
            continue;
        }
        found->lives.push_back(life);
        becomes[id] = found->channel;
        std::string& why = channels[found->channel].channel.why;
        why = (found->lives.size() == 2 ? "holds by turns " + channels[found->channel].channel.name : why) + ", " +
              own.channel.name;
    }
    if (becomes.empty()) return;
    const std::vector<ChannelId> numbers = channels.keep([&](ChannelId id) { return !becomes.contains(id); });
    auto renumber = [&](ChannelId& id) {
        if (!id) return;
        if (auto it = becomes.find(id); it != becomes.end()) id = it->second;
        id = numbers[id.v];
    };
    for (auto* list : {&plan.steps, &plan.residents}) each_tiles(*list, [&](Tiles& tiles) { renumber(tiles.channel); });
    for (ConstantTile& constant : plan.constants) renumber(constant.channel);
    for (auto* scratch : {&plan.read_scratch, &plan.write_scratch})
        for (auto& [format, channel] : *scratch) renumber(channel);
}

}  // namespace tilelang_tt::placed
