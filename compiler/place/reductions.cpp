#include "compiler/place/placer.h"

#include "tensix/op_table.h"

namespace tilelang_tt::placed {

using graph::Orientation;
using tensix::DataFormat;

// reduce_tile sums and takes maxima, of tiles in a channel; the other kinds need a map before it, into a channel,
// and minima a change of sign after it.
void Placer::reduce(const graph::Op& op, std::vector<Step>& steps) {
    graph::Op copy = op;
    auto& reduce = std::get<graph::Reduce>(copy.v);
    flush(steps);
    const graph::TileType& from = type(reduce.value);
    const bool over_rows = reduce.dim != 1, over_cols = reduce.dim != 0;
    if ((over_rows && from.orientation != Orientation::Row && from.rows % kTileDim) ||
        (over_cols && from.orientation != Orientation::Col && from.cols % kTileDim))
        return refuse(op.loc, "TT4022", "the reduction of `" + name(reduce.value) + "` ends inside a 32x32 tile",
                      "reduce blocks whose size is a multiple of 32");
    if (!is_float(from.dtype))
        return refuse(op.loc, "TT4023", "the chip reduces no integers (`" + name(reduce.value) + "`)",
                      "cast to float32 first");
    using tensix::ReduceFn;
    std::vector<tensix::OpCode> map;
    if (reduce.fn == ReduceFn::AbsSum || reduce.fn == ReduceFn::AbsMax) map.push_back(tensix::OpCode::abs_tile);
    if (reduce.fn == ReduceFn::Any || reduce.fn == ReduceFn::All) map.push_back(tensix::OpCode::unary_ne_tile);
    if (reduce.fn == ReduceFn::Min || reduce.fn == ReduceFn::All) map.push_back(tensix::OpCode::negative_tile);
    auto tiles = find(reduce.value, false);
    if (!tiles) return refuse(op.loc, "TT4090", "the operand of a reduction has no place", "report this as a defect");
    if (!map.empty()) tiles = mapped(*tiles, map, from, name(reduce.value), op.loc, steps);
    const DataFormat format = channels_[tiles->channel].channel.format;
    // Maxima along rows pass through bf16, other operands through SrcA (docs/semantics.md, section 4).
    const bool sum = reduce.fn == ReduceFn::Sum || reduce.fn == ReduceFn::AbsSum;
    const int64_t kept = over_cols && !sum ? 7 : 10;
    if (tensix::element_bits(format) == 32 || (format == DataFormat::Float16 && kept < 10))
        out_.remarks.push_back(name(reduce.value) + " is reduced by the FPU, which keeps " + std::to_string(kept) +
                               " of its mantissa bits");
    if (reduce.dim == -1) tiles = rows_first(reduce, *tiles, op.loc, steps);
    reduce_operand_[reduce.result.id] = {*tiles, ones(format)};
    start(steps, type(reduce.result.id), op.loc);
    group_.reduces = true;
    owned_.push_back(std::move(copy));
    append(owned_.back());
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
