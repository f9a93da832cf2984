#include "compiler/place/placer.h"

#include <algorithm>
#include <unordered_set>

#include "tensix/op_table.h"

namespace tilelang_tt::placed {

using tensix::DataFormat;

// The subblock with the most tiles, at most `limit`, that divides the grid; the widest of equals: matmul_block unpacks
// least then (rows * (1 + cols) tiles a step).
Shape best_subblock(int64_t rows, int64_t cols, int64_t limit) {
    Shape best;
    for (int64_t h = 1; h <= std::min(rows, limit); ++h) {
        if (rows % h) continue;
        for (int64_t w = 1; w <= std::min(cols, limit / h); ++w) {
            if (cols % w) continue;
            if (h * w > best.rows * best.cols || (h * w == best.rows * best.cols && w > best.cols)) best = {h, w};
        }
    }
    return best;
}

void Placer::start(std::vector<Step>& steps, const graph::TileType& type, LocId loc) {
    flush(steps);
    group_.open = true;
    group_.type = type;
    group_.region = region_;
    group_.loc = loc;
}

void Placer::append(const graph::Op& op) {
    group_.ops.push_back(&op);
    for (ValueId id : results_of(op)) group_.values.insert(analysis_.resolve(id));
}

bool Placer::same_grid(const graph::TileType& a, const graph::TileType& b) const {
    return a.orientation == b.orientation && a.tile_rows() == b.tile_rows() && a.tile_cols() == b.tile_cols();
}

// Of an operation that works element by element.
bool Placer::joins(const graph::Op& op) const {
    if (!group_.open || !same_grid(type(results_of(op)[0]), group_.type)) return false;
    const std::vector<ValueId> operands = operands_of(op);
    auto inside = [&](ValueId id) { return group_.values.contains(analysis_.resolve(id)); };
    // After a reduction the packer keeps one row or column: only what comes from its result may be packed with it.
    if (group_.reduces && std::none_of(operands.begin(), operands.end(), inside)) return false;
    return std::all_of(operands.begin(), operands.end(),
                       [&](ValueId id) { return !inside(id) || same_grid(type(id), group_.type); });
}

void Placer::store(const graph::Op& op, std::vector<Step>& steps) {
    if (stored_.contains(&op)) return;
    const ValueId value = analysis_.resolve(operands_of(op)[0]);
    if (!group_.open || !group_.values.contains(value)) {
        start(steps, type(value), op.loc);
        group_.values.insert(value);
    }
}

bool Placer::used_outside(ValueId id) const {
    for (const Use& use : analysis_.uses(id)) {
        if (use.region == group_.region) {
            if (std::get_if<graph::Store>(&use.op->v) || std::get_if<graph::Untilize>(&use.op->v)) continue;
            if (std::get_if<graph::Yield>(&use.op->v)) continue;  // handed on
            if (std::get_if<graph::For>(&use.op->v) && handed_on_.contains(id)) continue;
        }
        const bool inside = std::any_of(group_.ops.begin(), group_.ops.end(), [&](const graph::Op* op) {
            return op == use.op || (std::get_if<graph::Matmul>(&op->v) && std::get_if<graph::Matmul>(&use.op->v) &&
                                    results_of(*op) == results_of(*use.op));
        });
        if (!inside) return true;
    }
    return false;
}

std::vector<const graph::Op*> Placer::stores_of(ValueId id) const {
    std::vector<const graph::Op*> out;
    for (const Use& use : analysis_.uses(id))
        if ((std::get_if<graph::Store>(&use.op->v) || std::get_if<graph::Untilize>(&use.op->v)) &&
            use.region == group_.region && !stored_.contains(use.op))
            out.push_back(use.op);
    return out;
}

void Placer::flush(std::vector<Step>& steps) {
    if (!group_.open || !errors_.empty()) return;
    if (group_.loop && resident(steps, true)) {
        group_ = {};
        return;
    }
    if (group_.loop && errors_.empty() && !resident(steps, false)) accumulate_in_l1(steps);
    if (errors_.empty()) sections(steps);
    group_ = {};
}

// What must leave the group, in the order of its operations.
std::vector<Packed> Placer::leaving() const {
    std::vector<Packed> out;
    auto add = [&](ValueId id) {
        id = analysis_.resolve(id);
        for (const graph::Op* store : stores_of(id)) out.push_back({id, store, {}});
        if (auto it = handed_on_.find(id); it != handed_on_.end())
            for (const Tiles& to : it->second) out.push_back({id, nullptr, to});
        if (packer_adds_.contains(id))
            out.push_back({id, nullptr, {}});
        else if (used_outside(id) && !find(id, false) && !analysis_.constant(id) && !made_where_used(id))
            out.push_back({id, nullptr, {}});
    };
    std::unordered_set<ValueId> seen;
    for (const Accumulator& sum : group_.accumulators)
        if (seen.insert(analysis_.resolve(sum.result)).second) add(sum.result);
    for (const graph::Op* op : group_.ops)
        for (ValueId id : results_of(*op))
            if (seen.insert(analysis_.resolve(id)).second) add(id);
    for (ValueId id : group_.values)
        if (seen.insert(id).second) add(id);
    return out;
}

SelectOptions Placer::options(bool tile_by_tile) const {
    return {out_.compute.fp32_dest_acc_en, target_.precision, tile_by_tile};
}

Result<Selected> Placer::select_group(const std::vector<const graph::Op*>& ops, const std::vector<Packed>& packed,
                                      const std::vector<ValueId>& preset, bool tile_by_tile) {
    std::vector<ValueId> wanted;
    for (const Packed& p : packed) wanted.push_back(p.value);
    auto with = [&](bool hold_loads) {
        SelectOptions chosen = options(tile_by_tile);
        chosen.hold_loads = hold_loads;
        return select(
            ctx_, launch_, analysis_, ops, preset, wanted,
            [this](ValueId id, bool by_columns) { return find_operand(id, by_columns); },
            [this](ValueId id) -> const Reduction& { return reductions_.at(id); },
            [this](ChannelId id) { return channels_[id].channel.format; },
            [this](int64_t row_step, int64_t col_step) { return indices(row_step, col_step); }, chosen);
    };
    // An operand that is read twice is unpacked once, unless that takes a register more: fewer tiles would fit.
    auto plain = with(false);
    if (!plain) return plain;
    auto held = with(true);
    return held && held.value().units + held.value().shared <= plain.value().units + plain.value().shared
               ? std::move(held)
               : std::move(plain);
}

// A tile of indices, made once: what depends on the position in a block is computed from it.
Tiles Placer::indices(int64_t row_step, int64_t col_step) {
    auto [it, fresh] = indices_.try_emplace({row_step, col_step});
    if (fresh) {
        const std::string name = row_step == 0 ? "col_index" : col_step == 0 ? "row_index" : "row_minus_col";
        it->second = {add_channel(name, Role::Interim, DataFormat::Float16_b, 1, 1, {}), 1, 1, false};
        channels_[it->second.channel].channel.why = "positions in a tile, made once";
        out_.constants.push_back({it->second.channel, 0, row_step, col_step});
    }
    return it->second;
}

bool Placer::made_where_used(ValueId id) const {
    const Definition& def = analysis_.definition(id);
    return def.op && analysis_.made_where_used(*def.op);
}

// Sections over the subblocks of a group without a loop.
void Placer::sections(std::vector<Step>& steps) {
    const std::vector<Packed> packed = leaving();
    if (packed.empty()) return;
    auto selected = select_group(group_.ops, packed, {}, false);
    if (!selected) {
        errors_ = selected.diagnostics();
        return;
    }
    const int64_t units = std::max(1, selected.value().units), shared = selected.value().shared;
    if (units + shared > out_.dst_capacity) return split(units + shared, steps);
    Section section;
    section.rows = group_.type.tile_rows(), section.cols = group_.type.tile_cols();
    const Shape sub = best_subblock(section.rows, section.cols, (out_.dst_capacity - shared) / units);
    section.sub_rows = sub.rows, section.sub_cols = sub.cols;
    const int64_t tiles = sub.rows * sub.cols;
    finish(
        section, selected.take(), packed,
        [tiles, units](int64_t unit) {
            return unit < 0 ? Register{units * tiles - unit - 1, false} : Register{unit * tiles, true};
        },
        steps);
}

// Values that are live at once exceed DST: the group becomes two, and what the second needs of the first goes
// through channels.
void Placer::split(int64_t units, std::vector<Step>& steps) {
    Group all = std::move(group_);
    if (all.ops.size() < 2)
        return refuse(all.loc, "TT4003", "an operation needs more tiles at once than DST holds", "compute it in parts",
                      {{"tiles in DST", std::to_string(out_.dst_capacity), std::to_string(units)}});
    const auto middle = all.ops.begin() + static_cast<std::ptrdiff_t>(all.ops.size() / 2);
    Group first = all, second = all;
    first.ops.assign(all.ops.begin(), middle);
    second.ops.assign(middle, all.ops.end());
    first.values.clear();
    for (const graph::Op* op : first.ops)
        for (ValueId id : results_of(*op)) {
            first.values.insert(analysis_.resolve(id));
            second.values.erase(analysis_.resolve(id));
        }
    second.reduces = false;
    for (Group* part : {&first, &second}) {
        group_ = std::move(*part);
        if (errors_.empty()) sections(steps);
    }
}

namespace {
void give_slots(Instr& instr, const GiveSlot& reg) {
    for (Register& r : instr.registers) r = reg(r.slot);
    for (Instr& each : instr.each) give_slots(each, reg);
}
}  // namespace

void Placer::finish(Section& section, Selected selected, const std::vector<Packed>& packed, const GiveSlot& reg,
                    std::vector<Step>& steps) {
    for (Instr& instr : selected.instrs) {
        give_slots(instr, reg);
        if (instr.op == tensix::OpCode::matmul_block) {
            instr.params[1] = section.sub_cols;
            instr.params[2] = section.sub_rows;
        }
        section.steps.push_back({std::move(instr), group_.loc});
    }
    const int64_t whole = section.rows * section.cols, part = section.sub_rows * section.sub_cols;
    for (size_t i = 0; i < packed.size(); ++i) {
        const ValueId value = packed[i].value;
        Output output;
        output.value = value;
        output.from = reg(selected.wanted[i].unit);
        if (packed[i].store && std::get_if<graph::Untilize>(&packed[i].store->v)) {
            const ChannelId channel =
                add_channel(label(value), Role::Interim, format_of(type(value).dtype), whole, whole, group_.loc);
            output.to = {channel, section.rows, section.cols, false};
            output.mode = PackMode::Block;
            stored_.insert(packed[i].store);
            section.outputs.push_back(output);
        } else if (packed[i].store) {
            const auto& store = std::get<graph::Store>(packed[i].store->v);
            std::string label = this->label(value);
            if (channels_.has(label)) label += "_out";
            const ChannelId channel = add_channel(label, Role::Result, mapping_.layouts[store.to.tensor.v].format,
                                                  whole, part, packed[i].store->loc);
            output.to = {channel, section.rows, section.cols, false};
            output.mode = PackMode::Stream;
            section.stores.push_back({output.to, store.to});
            stored_.insert(packed[i].store);
            section.outputs.push_back(output);
        } else if (packed[i].handed_on.channel) {
            output.to = packed[i].handed_on;
            output.mode = PackMode::Block;
            output.handed_on = true;
            section.outputs.push_back(output);
        } else if (auto adds = packer_adds_.find(value); adds != packer_adds_.end()) {
            output.to = adds->second;
            output.mode = PackMode::Accumulate;
            section.outputs.push_back(output);
        } else {
            for (bool by_columns : {false, true}) {
                if (!wanted_in(value, by_columns)) continue;
                const ChannelId channel =
                    add_channel(label(value), Role::Interim, interim_format(value), whole, whole, group_.loc);
                output.to = {channel, section.rows, section.cols, by_columns};
                output.mode = PackMode::Block;
                tiles_[{value, by_columns}] = output.to;
                section.outputs.push_back(output);
            }
        }
    }
    for (const Packed& p : packed)
        if (p.handed_on.channel) handed_on_.erase(p.value);
    const std::vector<Output> outputs = section.outputs;
    steps.push_back({std::move(section), group_.loc});
    for (size_t i = 0; i < packed.size(); ++i)
        if (packed[i].store && std::get_if<graph::Untilize>(&packed[i].store->v))
            untilize(*packed[i].store, outputs[i].to, steps);
}

// Sums are kept in fp32 until they are rounded once.
DataFormat Placer::interim_format(ValueId value) const {
    const bool sum = std::any_of(group_.accumulators.begin(), group_.accumulators.end(),
                                 [&](const Accumulator& a) { return analysis_.resolve(a.result) == value; });
    return sum ? DataFormat::Float32 : format_of(type(value).dtype);
}

}  // namespace tilelang_tt::placed
