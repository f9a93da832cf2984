// Blocks of tensors that lie in rows. What is loaded so is tilized at once, what is stored so is packed to a channel of
// its own and untilized from there.
#include "compiler/ir/rows.h"
#include "compiler/place/placer.h"

namespace tilelang_tt::placed {

using tensix::DataFormat;

// A channel for blocks of the type in rows; it is filled and drained a row of tiles at a time.
ChannelId Placer::add_rows(const std::string& name, Role role, const graph::TileType& type, DataFormat format,
                           LocId loc) {
    const ChannelId id = add_channel(name, role, format, type.tiles(), type.tile_cols(), loc);
    channels_[id].channel.row_tiles = type.tile_cols();
    return id;
}

void Placer::load_rows(const graph::Op& op, const graph::Load& load, std::vector<Step>& steps) {
    const ValueId id = load.result.id;
    const graph::TileType& t = type(id);
    const ChannelId channel = add_rows(name(id), Role::Rows, t, mapping_.layouts[load.from.tensor.v].format, op.loc);
    tiles_[{id, false}] = tiles_of(channel, t, false);
    scratch(load.from, channel, t, false);
    steps.push_back({Load{id, tiles_of(channel, t, false), load.from}, op.loc});
}

// Whether tiles stand in one line, so that their order by rows is that by columns.
static bool one_line(const graph::TileType& type) { return type.tile_rows() == 1 || type.tile_cols() == 1; }

// Whether a block that is the same for all blocks of the grid can be tilized once and for all: no other order of its
// tiles has to be made of it.
bool Placer::tilized_once(const graph::Load& load) const {
    for (const Use& use : analysis_.uses(load.result.id)) {
        const ValueId tiles = results_of(*use.op)[0];
        if (use.region != &launch_.body || (wanted_in(tiles, true) && !one_line(type(tiles)))) return false;
    }
    return true;
}

// The load, if it has waited so far, and its conversion.
void Placer::place_tilized(const graph::Op& op, std::vector<Step>& steps) {
    const ValueId rows = analysis_.resolve(operands_of(op)[0]);
    if (!find(rows, false)) {
        const graph::Op* load = analysis_.definition(rows).op;
        if (!load || !std::get_if<graph::Load>(&load->v) || analysis_.definition(rows).region != region_)
            return refuse(op.loc, "TT4090", "`" + name(rows) + "` is tilized in another place than it is loaded in",
                          "report this as a defect");
        load_rows(*load, std::get<graph::Load>(load->v), steps);
    }
    const bool once =
        !out_.residents.empty() && std::any_of(out_.residents.begin(), out_.residents.end(), [&](const Step& step) {
            auto* load = std::get_if<Load>(&step.v);
            return load && load->value == rows;
        });
    tilize(op, once ? out_.residents : steps);
}

void Placer::tilize(const graph::Op& op, std::vector<Step>& steps) {
    const ValueId id = results_of(op)[0];
    const graph::TileType& t = type(id);
    const bool once = &steps == &out_.residents;
    const Tiles from = *find(operands_of(op)[0], false);
    const ChannelId channel = add_channel(name(id), once ? Role::Resident : Role::Interim,
                                          channels_[from.channel].channel.format, t.tiles(), t.tiles(), op.loc);
    channels_[channel].channel.why = "tilized";
    const Tiles to = tiles_of(channel, t, false);
    steps.push_back({Convert{from, to, true}, op.loc});
    tiles_[{id, false}] = to;
    if (!wanted_in(id, true)) return;
    Tiles columns = tiles_of(channel, t, true);
    if (!one_line(t)) {
        columns.channel =
            add_channel(name(id), Role::Interim, channels_[channel].channel.format, t.tiles(), t.tiles(), op.loc);
        steps.push_back(copied(to, nullptr, t.dtype, columns, PackMode::Block, op.loc));
    }
    tiles_[{id, true}] = columns;
}

// What has just been loaded or tilized and is needed for nothing else is untilized from where it is.
bool Placer::untilize_in_place(const graph::Op& op, std::vector<Step>& steps) {
    if (stored_.contains(&op)) return true;
    const ValueId value = analysis_.resolve(operands_of(op)[0]);
    const Definition& def = analysis_.definition(value);
    const auto from = find(value, false);
    if (!from || from->is_part() || analysis_.uses(value).size() != 1 || def.region != region_ || !def.op) return false;
    if (!std::get_if<graph::Load>(&def.op->v) && !std::get_if<graph::Tilize>(&def.op->v)) return false;
    if (channels_[from->channel].role == Role::Resident) return false;
    flush(steps);
    stored_.insert(&op);
    untilize(op, *from, steps);
    return true;
}

// The conversion, and the stores of its result.
void Placer::untilize(const graph::Op& op, const Tiles& from, std::vector<Step>& steps) {
    const ValueId id = results_of(op)[0];
    const graph::TileType& t = type(id);
    for (const Use& use : analysis_.uses(id)) {
        const auto* store = std::get_if<graph::Store>(&use.op->v);
        if (!store || use.region != analysis_.definition(id).region || analysis_.uses(id).size() != 1)
            return refuse(op.loc, "TT4090", "`" + name(id) + "` is not stored where it is untilized",
                          "report this as a defect");
        const ChannelId channel =
            add_rows(name(id), Role::Result, t, mapping_.layouts[store->to.tensor.v].format, op.loc);
        const Tiles to = tiles_of(channel, t, false);
        scratch(store->to, channel, t, true);
        steps.push_back({Convert{from, to, false}, op.loc});
        steps.push_back({Store{to, store->to, id}, use.op->loc});
        stored_.insert(use.op);
    }
}

// Room for rows that cannot go straight between L1 and the tensor; one for each format and direction.
void Placer::scratch(const graph::Window& window, ChannelId channel, const graph::TileType& type, bool write) {
    const prog::Channel rows = channels_[channel].channel;
    if (rows_aligned(ctx_.index, rows, window.offset.back(), *target_.device, write)) return;
    auto& of = write ? out_.write_scratch : out_.read_scratch;
    auto it = of.find(rows.format);
    if (it == of.end())
        it = of.emplace(rows.format,
                        add_channel(write ? "write_scratch" : "read_scratch", Role::Scratch, rows.format, 1, 1, {}))
                 .first;
    ChannelPlan& plan = channels_[it->second];
    plan.whole =
        std::max(plan.whole, row_scratch_pages(rows, std::min<int64_t>(type.rows, kTileDim), *target_.device, write));
    plan.least = std::max(plan.least, row_scratch_pages(rows, 1, *target_.device, write));
}

}  // namespace tilelang_tt::placed
