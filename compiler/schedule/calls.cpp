// Calls on the tiles of a subblock: which tile of each channel, which slot of DST, under which condition.
#include "compiler/schedule/scheduler.h"

#include <algorithm>

namespace tilelang_tt::scheduling {

IndexId LaunchScheduler::value_of(const placed::TileIndex& index, IndexId row, IndexId col) {
    IndexId out = index_.constant(index.constant);
    auto plus = [&](IndexId id, int64_t factor) {
        if (factor) out = index_.add(out, index_.mul(id, index_.constant(factor)));
    };
    for (const auto& [id, factor] : index.terms) plus(id, factor);
    plus(row, index.row_step), plus(col, index.col_step);
    const Interval range = index_.bounds(out);
    if (!index.limit || index.bits) return out;
    if (!range.hi || *range.hi > index.limit) out = index_.min(out, index_.constant(index.limit));
    if (!range.lo || *range.lo < -index.limit) out = index_.max(out, index_.constant(-index.limit));
    return out;
}

// The calls for one tile; those that are only for some tiles under their condition.
void LaunchScheduler::calls(const std::vector<const Instr*>& list, IndexId t, IndexId row, IndexId col) {
    for (size_t n = 0, end; n < list.size(); n = end) {
        const auto& when = list[n]->when_negative;
        for (end = n + 1; end < list.size() && list[end]->when_negative == when;) ++end;
        IndexId cond;
        for (const placed::TileIndex& index : when) {
            const IndexId negative = index_.lt(value_of(index, row, col), index_.constant(0));
            cond = cond ? index_.logical_or(cond, negative) : negative;
        }
        if (cond && index_.always_false(cond)) continue;
        const bool always = !cond || index_.always_true(cond);
        prog::If out{cond, {}, {}};
        auto* outer = always ? ops_ : std::exchange(ops_, &out.then.ops);
        for (size_t k = n; k < end; ++k) call(*list[k], t, row, col, list[k]->loc);
        ops_ = outer;
        if (!always) ops_->push_back({std::move(out), Engine::Compute, list[n]->loc});
    }
}

std::vector<const Instr*> LaunchScheduler::pointers(const std::vector<Step>& list, size_t first, size_t last) {
    std::vector<const Instr*> out;
    for (size_t n = first; n <= last; ++n) out.push_back(&std::get<Instr>(list[n].v));
    return out;
}

void LaunchScheduler::instrs(const std::vector<Step>& list, size_t first, size_t last, const Section& section) {
    if (section.tile_by_tile && !std::get<Instr>(list[first].v).k_tiles) {
        tiles(section, row_, col_, false,
              [&](IndexId t, IndexId r, IndexId c) { calls(pointers(list, first, last), t, r, c); });
        return;
    }
    for (size_t n = first; n <= last; ++n) {
        const Instr& instr = std::get<Instr>(list[n].v);
        loc_ = list[n].loc;
        if (!instr.when_negative.empty()) {
            size_t end = n;
            while (end < last && std::get<Instr>(list[end + 1].v).when_negative == instr.when_negative) ++end;
            tiles(section, row_, col_, false,
                  [&](IndexId t, IndexId r, IndexId c) { calls(pointers(list, n, end), t, r, c); });
            n = end;
            continue;
        }
        if (!instr.each.empty()) {
            tiles(section, row_, col_, false,
                  [&](IndexId t, IndexId r, IndexId c) { fold(instr, t, r, c, list[n].loc); });
            continue;
        }
        if (tensix::op_row(instr.op).kind == tensix::OpKind::Reduce && instr.k_tiles) {
            tiles(section, row_, col_, false,
                  [&](IndexId t, IndexId r, IndexId c) { reduce(instr, t, r, c, list[n].loc); });
            continue;
        }
        if (instr.k_tiles) {
            loop("k", instr.k_tiles, 1, [&](IndexId k) { matmul(instr, k); });
            continue;
        }
        auto moves = [](const placed::TileIndex& index) { return index.row_step || index.col_step; };
        const bool flat = std::all_of(instr.tiles.begin(), instr.tiles.end(),
                                      [](const placed::TileOperand& t) {
                                          return t.access == Access::Full && !t.tiles.by_columns && !t.tiles.is_part();
                                      }) &&
                          std::none_of(instr.args.begin(), instr.args.end(), moves);
        tiles(section, row_, col_, flat, [&](IndexId t, IndexId r, IndexId c) { call(instr, t, r, c, list[n].loc); });
    }
}

// All tiles of a row (column) of the operand into one tile of the result.
void LaunchScheduler::reduce(const Instr& instr, IndexId t, IndexId row, IndexId col, LocId loc) {
    const bool to_col = tensix::op_row(instr.op).reduce_shape == tensix::ReduceShape::Col;
    loop("k", instr.k_tiles, 1, [&](IndexId k) {
        const Tiles& data = instr.tiles[0].tiles;
        prog::Call out;
        out.op = instr.op;
        out.channels = {data.channel, instr.tiles[1].tiles.channel};
        out.tiles = {to_col ? tile_of(data, row, k) : tile_of(data, k, col), index_.constant(0)};
        out.dst = {index_.add(index_.constant(instr.registers[0].slot), t)};
        loc_ = loc;
        add(std::move(out), Engine::Compute);
    });
}

// The first tile of the operand is made where the result is to be, the others beside it.
void LaunchScheduler::fold(const Instr& instr, IndexId t, IndexId row, IndexId col, LocId loc) {
    auto make = [&](IndexId k, const placed::Register* in_place) {
        IndexId r = row, c = col;
        if (instr.shape == tensix::ReduceShape::Col) c = k;
        if (instr.shape == tensix::ReduceShape::Row) r = k;
        if (instr.shape == tensix::ReduceShape::Scalar) {
            r = index_.floordiv(k, index_.constant(instr.k_cols));
            c = index_.floormod(k, index_.constant(instr.k_cols));
        }
        std::vector<Instr> each = instr.each;
        std::vector<const Instr*> list;
        for (Instr& one : each) {
            if (in_place)
                for (placed::Register& reg : one.registers)
                    if (reg.slot == instr.registers[1].slot) reg = *in_place;
            list.push_back(&one);
        }
        loc_ = loc;
        calls(list, t, r, c);
    };
    make(index_.constant(0), &instr.registers[0]);
    loop_from_1("k", instr.k_tiles, [&](IndexId k) {
        make(k, nullptr);
        call(instr, t, row, col, loc);
    });
}

// Of the section being written: then the subblock's tiles are all that is there.
bool LaunchScheduler::comes_in_parts(ChannelId channel) const {
    return section_ && std::any_of(section_->streams.begin(), section_->streams.end(),
                                   [&](const placed::Load& load) { return load.to.channel == channel; });
}

void LaunchScheduler::call(const Instr& instr, IndexId t, IndexId row, IndexId col, LocId loc) {
    prog::Call out;
    out.op = instr.op;
    out.params = instr.params;
    if (instr.op == tensix::OpCode::cumsum_tile) out.params = {!scan_goes_on_};
    for (const placed::TileIndex& arg : instr.args) out.args.push_back(value_of(arg, row, col)), out.bits = arg.bits;
    for (const placed::TileOperand& operand : instr.tiles) {
        out.channels.push_back(operand.tiles.channel);
        if (comes_in_parts(operand.tiles.channel)) {
            out.tiles.push_back(t);
            continue;
        }
        switch (operand.access) {
            case Access::Full:
                out.tiles.push_back(tile_of(operand.tiles, row, col));
                break;
            case Access::Row:
                out.tiles.push_back(tile_of(operand.tiles, index_.constant(0), col));
                break;
            case Access::Col:
                out.tiles.push_back(tile_of(operand.tiles, row, index_.constant(0)));
                break;
            case Access::Scalar:
                out.tiles.push_back(tile_of(operand.tiles, index_.constant(0), index_.constant(0)));
                break;
        }
    }
    for (const placed::Register& reg : instr.registers) {
        const IndexId slot = index_.constant(reg.slot);
        out.dst.push_back(reg.per_tile ? index_.add(slot, t) : slot);
    }
    loc_ = loc;
    add(std::move(out), Engine::Compute);
}

// One step of an outer product: a column of in0's tiles times a row of in1's.
void LaunchScheduler::matmul(const Instr& instr, IndexId k) {
    const Tiles &a = instr.tiles[0].tiles, &b = instr.tiles[1].tiles;
    prog::Call out;
    out.op = instr.op;
    out.params = instr.params;
    out.channels = {a.channel, b.channel};
    out.tiles = {tile_of(a, row_, k), b.by_columns ? tile_of(b, col_, k) : tile_of(b, k, col_)};
    out.dst = {index_.constant(instr.registers[0].slot)};
    add(std::move(out), Engine::Compute);
}

}  // namespace tilelang_tt::scheduling
