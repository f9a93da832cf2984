#include "compiler/place/placer.h"

#include "tensix/op_table.h"

namespace tilelang_tt::placed {

using tensix::DataFormat;

void Placer::matmul(const graph::Op& op, std::vector<Step>& steps) {
    graph::Op copy = op;
    auto& matmul = std::get<graph::Matmul>(copy.v);
    flush(steps);
    const auto a = constant_tiles(matmul.a, matmul.trans_a, false, op.loc, steps);
    const auto b = constant_tiles(matmul.b, false, matmul.trans_b, op.loc, steps);
    if (a) matmul.a = stand_in(*a), matmul.trans_a = false;
    if (b) matmul.b = stand_in(*b);
    if (matmul.trans_a && !transposed_operand(matmul, op.loc, steps)) return;
    one_exponent_width(matmul, op, steps);
    auto adds = packer_adds_.find(analysis_.resolve(matmul.result.id));
    if (adds != packer_adds_.end()) matmul.acc = {};
    start(steps, type(matmul.result.id), op.loc);
    owned_.push_back(std::move(copy));
    append(owned_.back());
}

// Only in1 can be transposed by the matmul itself, so in0 goes through transpose_tile into a channel of its own.
bool Placer::transposed_operand(graph::Matmul& matmul, LocId loc, std::vector<Step>& steps) {
    const ValueId a = analysis_.resolve(matmul.a);
    auto from = find(a, false);
    if (!from) {
        refuse(loc, "TT4090", "operand `" + name(a) + "` of a matmul has no place", "report this as a defect");
        return false;
    }
    const int64_t rows = from->cols, cols = from->rows;
    const DataFormat format = channels_[from->channel].channel.format;
    const ChannelId channel = add_channel(name(a) + "_T", Role::Interim, format, rows * cols, rows * cols, loc);
    Section section;
    section.rows = rows, section.cols = cols;
    const Shape sub = best_subblock(rows, cols, out_.dst_capacity);
    section.sub_rows = sub.rows, section.sub_cols = sub.cols;
    section.why = "matmul transposes its second operand only: " + name(a) + " is turned tile by tile first";
    Instr instr;
    instr.op = tensix::OpCode::transpose_tile;
    instr.tiles = {{from->transposed(), Access::Full}};
    instr.registers = {{0, true}};
    instr.loc = loc;
    section.steps.push_back({instr, loc});
    const Tiles to{channel, rows, cols, false};
    section.outputs.push_back({a, {0, true}, to, PackMode::Block, false});
    steps.push_back({std::move(section), loc});
    matmul.trans_a = false;
    matmul.a = stand_in(to);
    return true;
}

// SrcA and SrcB hold either 5 or 8 bits of exponent. Where one operand is fp16 and the other a sum of fp16 that has
// been kept in fp32, the sum is rounded to its dtype first.
void Placer::one_exponent_width(graph::Matmul& matmul, const graph::Op& op, std::vector<Step>& steps) {
    const auto& original = std::get<graph::Matmul>(op.v);
    auto is_fp16 = [&](const Tiles& tiles) { return channels_[tiles.channel].channel.format == DataFormat::Float16; };
    const auto a = find_operand(matmul.a, false), b = find_operand(matmul.b, matmul.trans_b);
    if (!a || !b || is_fp16(*a) == is_fp16(*b)) return;
    const bool first = !is_fp16(*a);
    const ValueId wide = first ? original.a : original.b;
    if (format_of(type(wide).dtype) != DataFormat::Float16)
        return refuse(op.loc, "TT4024",
                      "the matrix engine multiplies float16 with float16 only; `" + name(wide) + "` is " +
                          std::string(to_string(type(wide).dtype)),
                      "copy one operand to the dtype of the other first");
    const Tiles rounded = mapped(first ? *a : *b, {}, type(wide), name(wide), op.loc, steps);
    (first ? matmul.a : matmul.b) = stand_in(rounded);
}

// A value of its own for an operand that has been prepared for one matmul.
ValueId Placer::stand_in(const Tiles& tiles) {
    const ValueId id(launch_.values.size() + stand_ins_.size());
    stand_ins_[id] = tiles;
    return id;
}

// Whether the matrix engine can take both operands as they lie, or will lie once loaded.
bool Placer::takes_operands(const graph::Matmul& matmul) const {
    auto is_fp16 = [&](ValueId id, bool by_columns) {
        const auto tiles = find(id, by_columns);
        return (tiles ? channels_[tiles->channel].channel.format : format_of(type(id).dtype)) == DataFormat::Float16;
    };
    return is_fp16(matmul.a, false) == is_fp16(matmul.b, matmul.trans_b);
}

}  // namespace tilelang_tt::placed
