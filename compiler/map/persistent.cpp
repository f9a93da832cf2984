#include "compiler/map/persistent.h"

#include <algorithm>
#include <optional>

#include "compiler/ir/text.h"
#include "compiler/ir/walk.h"
#include "compiler/map/independence.h"

namespace tilelang_tt {
namespace {

class Rewrite {
  public:
    Rewrite(Context& ctx, tile::Launch& launch) : ctx_(ctx), index_(ctx.index), launch_(launch) {}

    // The number of tiles, invalid where the launch stays as it is.
    IndexId run() {
        if (launch_.grid.size() != 1 || launch_.body.ops.size() != 1) return {};
        const auto blocks = index_.as_const(launch_.grid_extents[0]);
        if (!blocks || *blocks < 2) return {};
        block_ = launch_.grid[0], blocks_ = *blocks;
        VarId tile = block_;
        IndexId tiles = index_.constant(blocks_);
        tile::Region body = launch_.body;
        if (auto* loop = std::get_if<tile::For>(&launch_.body.ops[0].v)) {
            if (index_.as_const(loop->begin) != 0) return {};
            tiles = all_tiles(*loop);
            if (!tiles || !independent(ctx_, launch_, loop->body)) return {};
            tile = index_.new_var({index_.var(block_).name + "_tile", VarKind::Grid, 0, {}});
            const IndexId t = index_.of(tile), w = index_.of(loop->var), n = index_.constant(blocks_);
            body = loop->body;
            substitute(ctx_, body, {{block_, index_.sub(t, index_.mul(w, n))}});
            if (uses(ctx_, body, loop->var)) {
                // What b + n·w was simplified to depends on the two apart; T.Persistent says that it is such a loop.
                if (loop->kind != tile::LoopKind::Persistent) return {};
                body = loop->body;
                substitute(ctx_, body, {{block_, index_.floormod(t, n)}, {loop->var, index_.floordiv(t, n)}});
            }
        }
        // A guard around everything.
        while (body.ops.size() == 1) {
            auto* branch = std::get_if<tile::If>(&body.ops[0].v);
            if (!branch || !branch->otherwise.ops.empty() || !bound(branch->cond, tile, tiles)) break;
            tile::Region inner = std::move(branch->then);
            body = std::move(inner);
        }
        if (const auto count = index_.as_const(tiles)) {
            if (*count < 1 || (tile == block_ && *count == blocks_)) return {};
            index_.var(tile).hi = *count - 1;
        }
        launch_.grid = {tile};
        launch_.grid_extents = {tiles};
        launch_.body = std::move(body);
        return tiles;
    }

  private:
    IndexId all_tiles(const tile::For& loop) {
        if (const auto rounds = index_.as_const(loop.extent)) return index_.constant(*rounds * blocks_);
        // w < ⌊(c − b) / n⌋ exactly if b + n·w < c − n + 1
        const IndexNode node = index_.node(loop.extent);
        if (node.op != IndexOp::FloorDiv || index_.as_const(node.b) != blocks_) return {};
        if (index_.linear_coefficient(node.a, block_) != -1) return {};
        const IndexId c = index_.substitute(node.a, {{block_, index_.constant(0)}});
        for (const VarId var : index_.vars_of(c))
            if (index_.var(var).kind != VarKind::Symbol) return {};
        return index_.add(c, index_.constant(1 - blocks_));
    }

    // True if the condition is `tile < constant`, which then bounds tiles, or holds anyway.
    bool bound(IndexId cond, VarId tile, IndexId& tiles) {
        if (index_.always_true(cond)) return true;
        const IndexNode node = index_.node(cond);
        if (node.op != IndexOp::Lt && node.op != IndexOp::Le) return false;
        const auto limit = index_.as_const(node.b);
        if (!limit || node.a != index_.of(tile)) return false;
        tiles = index_.min(tiles, index_.constant(*limit + (node.op == IndexOp::Le)));
        return true;
    }

    Context& ctx_;
    IndexArena& index_;
    tile::Launch& launch_;
    VarId block_;
    int64_t blocks_ = 0;
};

}  // namespace

TileProgram undo_persistence(const TileProgram& program) {
    TileProgram out = program;
    for (size_t i = 0; i < out.launches.size(); ++i) {
        if (out.launches[i].grid.empty()) continue;
        const std::string axis = out.ctx.index.var(out.launches[i].grid[0]).name;
        const IndexId blocks = out.launches[i].grid_extents[0];
        TileProgram trial = out;  // with the variables of an attempt
        const IndexId tiles = Rewrite(trial.ctx, trial.launches[i]).run();
        if (!tiles) continue;
        out = std::move(trial);
        out.remarks.push_back({Severity::Note,
                               "TT2092",
                               "each of the " + print(out.ctx.index, blocks) + " blocks of `" + axis +
                                   "` walks over some of " + print(out.ctx.index, tiles) +
                                   " tiles; each tile is a block here, and all cores share them",
                               {out.ctx.loc(out.launches[i].loc)},
                               {},
                               {},
                               {}});
    }
    return out;
}

}  // namespace tilelang_tt
