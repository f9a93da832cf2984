#include "compiler/place/streaming.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "compiler/place/walk_steps.h"
#include "tensix/op_table.h"

namespace tilelang_tt::placed {
namespace {

// A load in its list, and the section that reads it.
struct Candidate {
    std::vector<Step>* loads;
    size_t load;
    std::vector<Step>* list;  // of the section
    size_t section;
    int64_t tiles;
};

int64_t places_of(std::vector<Step>& list, ChannelId channel) {
    int64_t count = 0;
    each_tiles(list, [&](const Tiles& tiles) { count += tiles.channel == channel; });
    return count;
}

// Whether the section reads the load's tiles one by one, in their order, and in no other way.
bool reads_in_order(Section& section, const Load& load) {
    const Tiles& to = load.to;
    if (section.tile_by_tile || section.scan || to.is_part() || to.by_columns) return false;
    if (to.rows != section.rows || to.cols != section.cols) return false;
    if (section.sub_rows != 1 && section.sub_cols != section.cols) return false;
    for (Step& step : section.steps) {
        auto* instr = std::get_if<Instr>(&step.v);
        if (!instr) return false;
        for (const TileOperand& operand : instr->tiles) {
            if (operand.tiles.channel != to.channel) continue;
            const tensix::OpRow& row = tensix::op_row(instr->op);
            const bool one_by_one = operand.access == Access::Full || (operand.access == Access::Row && to.rows == 1);
            if (!one_by_one || instr->k_tiles || operand.tiles != to ||
                (row.kind != tensix::OpKind::Binary && instr->op != tensix::OpCode::copy_tile))
                return false;
        }
        for (Instr& each : instr->each)
            for (const TileOperand& operand : each.tiles)
                if (operand.tiles.channel == to.channel) return false;
    }
    return std::none_of(section.stores.begin(), section.stores.end(),
                        [&](const Store& store) { return store.window.tensor == load.window.tensor; });
}

bool stores_to(const std::vector<Step>& list, size_t from, size_t to, TensorId tensor) {
    return std::any_of(list.begin() + static_cast<std::ptrdiff_t>(from), list.begin() + static_cast<std::ptrdiff_t>(to),
                       [&](const Step& step) {
                           if (auto* store = std::get_if<Store>(&step.v)) return store->window.tensor == tensor;
                           auto* section = std::get_if<Section>(&step.v);
                           // What other steps store is not looked for.
                           if (!section) return !std::holds_alternative<Load>(step.v);
                           return std::any_of(section->stores.begin(), section->stores.end(),
                                              [&](const Store& store) { return store.window.tensor == tensor; });
                       });
}

void find(std::vector<Step>& list, LaunchResources& plan, std::vector<Candidate>& out) {
    for (size_t s = 0; s < list.size(); ++s) {
        if (auto* section = std::get_if<Section>(&list[s].v)) {
            auto consider = [&](std::vector<Step>& loads, size_t n) {
                const auto* load = std::get_if<Load>(&loads[n].v);
                if (!load || !reads_in_order(*section, *load)) return;
                const int64_t inside = places_of(section->steps, load->to.channel);
                const int64_t all = places_of(plan.steps, load->to.channel) + (&loads == &plan.residents ? 1 : 0);
                if (inside > 0 && all == inside + 1)
                    out.push_back({&loads, n, &list, s, load->to.rows * load->to.cols});
            };
            for (size_t n = 0; n < plan.residents.size(); ++n) consider(plan.residents, n);
            for (size_t n = 0; n < s; ++n)
                if (auto* load = std::get_if<Load>(&list[n].v); load && !stores_to(list, n, s, load->window.tensor))
                    consider(list, n);
        }
        each_list(list[s], [&](std::vector<Step>& inner) { find(inner, plan, out); });
    }
}

}  // namespace

void stream_operands(ChannelTable& channels, LaunchResources& plan, const Target& target) {
    while (!channels.fits(target, ChannelTable::Depth::Least)) {
        std::vector<Candidate> found;
        find(plan.steps, plan, found);
        const auto largest = std::max_element(found.begin(), found.end(),
                                              [](const auto& a, const auto& b) { return a.tiles < b.tiles; });
        if (largest == found.end()) return;
        Load load = std::get<Load>((*largest->loads)[largest->load].v);
        auto& section = std::get<Section>((*largest->list)[largest->section].v);
        ChannelPlan& channel = channels[load.to.channel];
        channel.role = Role::Part;
        channel.whole = channel.channel.block_pages = section.sub_rows * section.sub_cols;
        section.streams.push_back(std::move(load));
        largest->loads->erase(largest->loads->begin() + static_cast<std::ptrdiff_t>(largest->load));
    }
}

}  // namespace tilelang_tt::placed
