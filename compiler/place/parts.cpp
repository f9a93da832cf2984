// Parts of values and values made of parts. A part of what lies in a channel is a view of it: tile numbers with an
// offset, nothing moves. A value with a part replaced is a new block, packed from the old one and the part.
#include <algorithm>
#include <bit>
#include <set>

#include "compiler/place/placer.h"
#include "tensix/op_table.h"

namespace tilelang_tt::placed {

namespace {

// The number of a tile, where it is constant.
std::optional<int64_t> fixed_tile(const IndexArena& index, IndexId element) {
    const Interval at = index.bounds(element);
    return at.lo && at.hi && *at.lo == *at.hi ? std::optional(*at.lo / kTileDim) : std::nullopt;
}

}  // namespace

// What the group computes must be in a channel before a part of it can be read.
void Placer::slice(const graph::Op& op, std::vector<Step>& steps) {
    const auto& slice = std::get<graph::Slice>(op.v);
    if (group_.open && group_.values.contains(analysis_.resolve(slice.value))) flush(steps);
    if (!find(slice.value, false) && !find(slice.value, true) && errors_.empty())
        return refuse(op.loc, "TT4090", "`" + name(slice.value) + "`, a part of which is read, has no place",
                      "report this as a defect");
    view(slice);
}

void Placer::view(const graph::Slice& slice) {
    const graph::TileType& part = type(slice.result.id);
    for (bool by_columns : {false, true}) {
        auto tiles = find(slice.value, by_columns);
        if (!tiles) continue;
        if (!tiles->is_part()) tiles->block_rows = tiles->rows, tiles->block_cols = tiles->cols;
        tiles->rows = part.tile_rows(), tiles->cols = part.tile_cols();
        tiles->row0.push_back(slice.row), tiles->col0.push_back(slice.col);
        tiles_[{slice.result.id, by_columns}] = *tiles;
    }
}

// The insert that goes on with this one's result, which nothing else needs: both are done at once.
const graph::Op* Placer::continued_by(const graph::Op& op) const {
    const ValueId result = std::get<graph::Insert>(op.v).result.id;
    const auto& uses = analysis_.uses(result);
    if (uses.size() != 1 || uses[0].region != region_) return nullptr;
    const auto* next = std::get_if<graph::Insert>(&uses[0].op->v);
    return next && analysis_.resolve(next->into) == result && analysis_.resolve(next->part) != result ? uses[0].op
                                                                                                      : nullptr;
}

void Placer::insert(const graph::Op& op, std::vector<Step>& steps) {
    if (continued_by(op)) return;
    flush(steps);
    if (!errors_.empty()) return;
    // From the last to the first; a tile that a later part covers need not be packed before.
    std::vector<const graph::Insert*> chain{&std::get<graph::Insert>(op.v)};
    for (;;) {
        const Definition& def = analysis_.definition(analysis_.resolve(chain.back()->into));
        if (!def.op || !std::get_if<graph::Insert>(&def.op->v) || def.region != region_ || !continued_by(*def.op))
            break;
        chain.push_back(&std::get<graph::Insert>(def.op->v));
    }
    std::reverse(chain.begin(), chain.end());
    const ValueId result = std::get<graph::Insert>(op.v).result.id, base = chain.front()->into;
    const graph::TileType& whole = type(result);
    // Whether the parts cover the value, each tile once: nothing of the old one is needed then.
    std::set<std::pair<int64_t, int64_t>> covered;
    bool once = true;
    for (const graph::Insert* insert : chain) {
        const auto row = fixed_tile(ctx_.index, insert->row), col = fixed_tile(ctx_.index, insert->col);
        once = once && row && col;
        for (int64_t r = 0; once && r < type(insert->part).tile_rows(); ++r)
            for (int64_t c = 0; c < type(insert->part).tile_cols(); ++c)
                once = once && covered.insert({*row + r, *col + c}).second;
    }
    once = once && static_cast<int64_t>(covered.size()) == whole.tiles();
    for (bool by_columns : {false, true}) {
        if (!wanted_in(result, by_columns)) continue;
        const ChannelId channel =
            add_channel(label(result), Role::Interim, format_of(whole.dtype), whole.tiles(), whole.tiles(), op.loc);
        Assembly out{tiles_of(channel, whole, by_columns), {}, {}};
        if (!once)
            out.parts.push_back(
                copied(find(base, false), analysis_.constant(base), whole.dtype, out.to, PackMode::Assemble, op.loc));
        for (const graph::Insert* insert : chain) {
            Tiles to = out.to;
            to.block_rows = to.rows, to.block_cols = to.cols;
            to.rows = type(insert->part).tile_rows(), to.cols = type(insert->part).tile_cols();
            to.row0 = {insert->row}, to.col0 = {insert->col};
            out.parts.push_back(copied(find(insert->part, false), analysis_.constant(insert->part), whole.dtype, to,
                                       once ? PackMode::Assemble : PackMode::Replace, op.loc));
        }
        out.why = label(result) + " is put together from parts";
        tiles_[{result, by_columns}] = out.to;
        steps.push_back({std::move(out), op.loc});
    }
}

// The tiles of a constant (transposed: of its transpose), for what cannot take it as a number: matmuls and reductions.
// nullopt where the value is none.
std::optional<Tiles> Placer::constant_tiles(ValueId id, bool transposed, bool by_columns, LocId loc,
                                            std::vector<Step>& steps) {
    const double* constant = analysis_.constant(id);
    if (!constant) return std::nullopt;
    graph::TileType t = type(id);
    if (transposed) std::swap(t.rows, t.cols);
    const ChannelId channel = add_channel(label(id), Role::Interim, format_of(t.dtype), t.tiles(), t.tiles(), loc);
    const Tiles to = tiles_of(channel, t, by_columns);
    steps.push_back(copied({}, constant, t.dtype, to, PackMode::Block, loc));
    return to;
}

// A section that packs tiles of a channel, or a constant.
Step Placer::copied(const std::optional<Tiles>& from, const double* constant, DType dtype, const Tiles& to,
                    PackMode mode, LocId loc) {
    Section section;
    section.rows = to.rows, section.cols = to.cols;
    const Shape sub = best_subblock(to.rows, to.cols, out_.dst_capacity);
    section.sub_rows = sub.rows, section.sub_cols = sub.cols;
    Instr instr;
    instr.registers = {{0, true}};
    instr.loc = loc;
    if (from) {
        instr.op = tensix::OpCode::copy_tile;
        instr.tiles = {{*from, Access::Full}};
    } else if (constant) {
        const bool integer = is_integer(dtype);
        instr.op = integer ? tensix::OpCode::fill_tile_int : tensix::OpCode::fill_tile;
        instr.params = {integer ? static_cast<int64_t>(static_cast<uint32_t>(static_cast<int64_t>(*constant)))
                                : static_cast<int64_t>(std::bit_cast<uint32_t>(static_cast<float>(*constant)))};
    } else {
        refuse(loc, "TT4090", "a part of a value has no place", "report this as a defect");
    }
    section.steps.push_back({std::move(instr), loc});
    section.outputs.push_back({{}, {0, true}, to, mode, false});
    return {std::move(section), loc};
}

}  // namespace tilelang_tt::placed
