#include "compiler/place/placer.h"

#include <algorithm>
#include <bit>
#include <unordered_set>

#include "tensix/op_table.h"

namespace tilelang_tt::placed {

using graph::Orientation;
using tensix::DataFormat;

void Placer::reduce(const graph::Op& op, std::vector<Step>& steps) {
    const auto& reduce = std::get<graph::Reduce>(op.v);
    if (reduced_in_dst(reduce))
        fold(op, steps);
    else
        reduce_tiles(op, steps);
}

// The FPU reduces bf16 as well as its format goes. Of fp32 it sees 10 mantissa bits, of fp16 the multiplier's phases
// leave some out, and maxima along rows keep 7. In DST every bit counts, at some six times the cost a tile; what needs
// a map before the FPU could take it is mapped there as well.
bool Placer::reduced_in_dst(const graph::Reduce& reduce) const {
    using tensix::ReduceFn;
    const graph::TileType& from = type(reduce.value);
    if (!is_float(from.dtype) || from.orientation != Orientation::Full) return true;
    if (reduce.fn != ReduceFn::Sum && reduce.fn != ReduceFn::Max) return true;
    if (target_.precision == Precision::Fast) return false;
    const auto tiles = find(reduce.value, false);
    const DataFormat format = tiles ? channels_[tiles->channel].channel.format : format_of(from.dtype);
    return tensix::element_bits(format) == 32 || format == DataFormat::Float16;
}

void Placer::remark(std::string text) {
    if (std::find(out_.remarks.begin(), out_.remarks.end(), text) == out_.remarks.end())
        out_.remarks.push_back(std::move(text));
}

// In DST: tiles of the operand are made one by one and combined, and the last one is reduced in itself.
void Placer::fold(const graph::Op& op, std::vector<Step>& steps) {
    const auto& reduce = std::get<graph::Reduce>(op.v);
    const graph::TileType& from = type(reduce.value);
    Reduction how;
    how.in_dst = true;
    how.maps = maps_of(analysis_.resolve(reduce.value), op);
    const graph::TileType& to = type(reduce.result.id);
    const bool shares = group_.open && !group_.loop && !group_.reduces && same_grid(group_.type, to) &&
                        how.maps.empty() && !group_.values.contains(analysis_.resolve(reduce.value));
    if (!shares) {
        for (const graph::Op* map : how.maps) {
            std::erase(group_.ops, map);
            for (ValueId id : results_of(*map)) group_.values.erase(analysis_.resolve(id));
        }
        start(steps, to, op.loc);
    }
    if (how.maps.empty() && !find(reduce.value, false) && !analysis_.constant(reduce.value))
        return refuse(op.loc, "TT4090", "the operand of a reduction has no place", "report this as a defect");
    if (is_float(from.dtype) && size_bytes(from.dtype) == 4 && from.orientation == Orientation::Full)
        remark(label(reduce.value) + " is reduced in DST, with all bits of its float32 values");
    reductions_[reduce.result.id] = std::move(how);
    append(op);
}

// The maps of the open group that nothing but this reduction needs: they are done tile by tile as it goes, and their
// results never leave DST. In the order of the group.
std::vector<const graph::Op*> Placer::maps_of(ValueId value, const graph::Op& reduce) const {
    if (!group_.open || group_.loop || !group_.values.contains(value)) return {};
    std::unordered_set<const graph::Op*> taken;
    for (size_t n = group_.ops.size(); n-- > 0;) {
        const graph::Op* op = group_.ops[n];
        if (!is_elementwise(*op)) continue;
        const ValueId id = analysis_.resolve(results_of(*op)[0]);
        if (handed_on_.contains(id)) continue;
        const auto& uses = analysis_.uses(id);
        const bool only_here = std::all_of(uses.begin(), uses.end(), [&](const Use& use) {
            return (use.op == &reduce && id == value) || taken.contains(use.op);
        });
        if (only_here && !uses.empty()) taken.insert(op);
    }
    std::vector<const graph::Op*> maps;
    for (const graph::Op* op : group_.ops)
        if (taken.contains(op)) maps.push_back(op);
    if (maps.empty()) return {};
    // They need room beside the result. Operands that are in no channel yet will be, by then.
    auto selected = select(
        ctx_, launch_, analysis_, maps, {}, {value},
        [this](ValueId id, bool by_columns) {
            auto tiles = find_operand(id, by_columns);
            return tiles ? tiles : tiles_of({}, type(id), by_columns);
        },
        [this](ValueId id) -> const Reduction& { return reductions_.at(id); },
        [this](ChannelId id) { return id ? channels_[id].channel.format : DataFormat::Float32; },
        [](int64_t, int64_t) { return Tiles{}; }, options(true));
    const bool fits = selected && selected.value().units + selected.value().shared + 2 <= out_.dst_capacity;
    return fits ? maps : std::vector<const graph::Op*>{};
}

// By the FPU: reduce_tile sums and takes maxima, of tiles in a channel.
void Placer::reduce_tiles(const graph::Op& op, std::vector<Step>& steps) {
    graph::Op copy = op;
    auto& reduce = std::get<graph::Reduce>(copy.v);
    flush(steps);
    auto tiles = constant_tiles(reduce.value, false, false, op.loc, steps);
    if (!tiles) tiles = find(reduce.value, false);
    if (!tiles) return refuse(op.loc, "TT4090", "the operand of a reduction has no place", "report this as a defect");
    const DataFormat format = channels_[tiles->channel].channel.format;
    // Maxima along rows pass through bf16, other operands through SrcA (docs/semantics.md, section 4).
    const int64_t kept = reduce.dim != 0 && reduce.fn == tensix::ReduceFn::Max ? 7 : 10;
    if (tensix::element_bits(format) == 32 || (format == DataFormat::Float16 && kept < 10))
        remark(name(reduce.value) + " is reduced by the FPU, which keeps " + std::to_string(kept) +
               " of its mantissa bits");
    if (reduce.dim == -1) tiles = rows_first(reduce, *tiles, op.loc, steps);
    reductions_[reduce.result.id] = {false, *tiles, ones(format), {}};
    start(steps, type(reduce.result.id), op.loc);
    group_.reduces = true;
    owned_.push_back(std::move(copy));
    append(owned_.back());
}

// Running sums down the rows: cumsum_tile goes on from the tile above it.
void Placer::scan(const graph::Op& op, std::vector<Step>& steps) {
    const auto& scan = std::get<graph::Scan>(op.v);
    flush(steps);
    const graph::TileType& t = type(scan.result.id);
    if (scan.fn != tensix::ReduceFn::Sum || scan.reverse || t.dtype != DType::F32)
        return refuse(op.loc, "TT4090", "a running sum of `" + name(scan.value) + "` is not one of the chip",
                      "report this as a defect");
    const auto tiles = find(scan.value, false);
    const double* constant = analysis_.constant(scan.value);
    if (!tiles && !constant)
        return refuse(op.loc, "TT4090", "the operand of a running sum has no place", "report this as a defect");
    Section section;
    section.scan = true;
    section.rows = t.tile_rows(), section.cols = t.tile_cols();
    Instr make, sum;
    make.op = tiles ? tensix::OpCode::copy_tile : tensix::OpCode::fill_tile;
    if (tiles)
        make.tiles = {{*tiles, Access::Full}};
    else
        make.params = {static_cast<int64_t>(std::bit_cast<uint32_t>(static_cast<float>(*constant)))};
    sum.op = tensix::OpCode::cumsum_tile;
    sum.params = {1};
    for (Instr* instr : {&make, &sum}) {
        instr->registers = {{0, true}};
        instr->loc = op.loc;
        section.steps.push_back({*instr, op.loc});
    }
    const ValueId result = analysis_.resolve(scan.result.id);
    const ChannelId channel =
        add_channel(label(result), Role::Interim, format_of(t.dtype), t.tiles(), t.tiles(), op.loc);
    const Tiles to = tiles_of(channel, t, false);
    section.outputs.push_back({result, {0, true}, to, PackMode::Block, false});
    tiles_[{result, false}] = to;
    steps.push_back({std::move(section), op.loc});
    also_by_columns(result, op.loc, steps);
}

// Calls of one operand on all tiles of a channel, into another.
Tiles Placer::mapped(const Tiles& from, const std::vector<tensix::OpCode>& calls, const graph::TileType& type,
                     const std::string& name, LocId loc, std::vector<Step>& steps) {
    Section section;
    section.rows = from.rows, section.cols = from.cols;
    const Shape sub = best_subblock(from.rows, from.cols, out_.dst_capacity);
    section.sub_rows = sub.rows, section.sub_cols = sub.cols;
    auto add = [&](tensix::OpCode op, std::vector<TileOperand> tiles) {
        Instr instr;
        instr.op = op;
        instr.tiles = std::move(tiles);
        instr.registers = {{0, true}};
        instr.params.assign(static_cast<size_t>(tensix::op_row(op).num_params), 0);
        instr.loc = loc;
        section.steps.push_back({std::move(instr), loc});
    };
    add(tensix::OpCode::copy_tile, {{from, Access::Full}});
    for (tensix::OpCode op : calls) add(op, {});
    const ChannelId channel = add_channel(name + "_map", Role::Interim, format_of(type.dtype), from.rows * from.cols,
                                          from.rows * from.cols, loc);
    const Tiles to{channel, from.rows, from.cols, from.by_columns};
    section.outputs.push_back({{}, {0, true}, to, PackMode::Block, false});
    steps.push_back({std::move(section), loc});
    return to;
}

// Both dimensions: a column first, whose only column is then reduced over its rows.
Tiles Placer::rows_first(graph::Reduce& reduce, const Tiles& from, LocId loc, std::vector<Step>& steps) {
    const bool sum = reduce.fn == tensix::ReduceFn::Sum || reduce.fn == tensix::ReduceFn::AbsSum;
    Section section;
    section.rows = from.rows, section.cols = 1;
    const Shape sub = best_subblock(from.rows, 1, out_.dst_capacity);
    section.sub_rows = sub.rows, section.sub_cols = sub.cols;
    Instr instr;
    instr.op = *tensix::find_reduce(sum ? tensix::ReduceFn::Sum : tensix::ReduceFn::Max, tensix::ReduceShape::Col);
    instr.tiles = {{from, Access::Full}, {ones(channels_[from.channel].channel.format), Access::Scalar}};
    instr.registers = {{0, true}};
    instr.k_tiles = from.cols;
    instr.loc = loc;
    section.steps.push_back({std::move(instr), loc});
    const ChannelId channel =
        add_channel(name(reduce.value) + "_rows", Role::Interim, DataFormat::Float32, from.rows, from.rows, loc);
    const Tiles to{channel, from.rows, 1, false};
    section.outputs.push_back({{}, {0, true}, to, PackMode::Block, false});
    steps.push_back({std::move(section), loc});
    return to;
}

// The weights of a reduction: a tile of ones. fp16 operands want them in fp16, whose exponents are shorter.
Tiles Placer::ones(DataFormat of) {
    const DataFormat format = of == DataFormat::Float16 ? DataFormat::Float16 : DataFormat::Float16_b;
    auto [it, fresh] = ones_.try_emplace(format);
    if (fresh) {
        it->second = {add_channel("ones", Role::Interim, format, 1, 1, {}), 1, 1, false};
        channels_[it->second.channel].channel.why = "weights of reductions, made once";
        out_.constants.push_back({it->second.channel, 1});
    }
    return it->second;
}

}  // namespace tilelang_tt::placed
