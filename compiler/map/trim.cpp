#include "compiler/map/trim.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "compiler/ir/walk.h"

namespace tilelang_tt {
namespace {

constexpr int64_t kEnumerated = 1 << 16;

// One dimension of what a statement stores: the least index that a block stores, and the tensor's extent.
struct Edge {
    IndexId least, extent;
};

class Trim {
  public:
    Trim(Context& ctx, const tile::Launch& launch) : index_(ctx.index), ctx_(ctx), launch_(launch) {}

    // The blocks that are left; nullopt where that is not known.
    std::optional<int64_t> blocks() {
        if (launch_.grid.size() != 1) return std::nullopt;
        const auto extent = index_.as_const(launch_.grid_extents[0]);
        if (!extent || *extent > kEnumerated) return std::nullopt;
        each_op(launch_.body, [&](const tile::Op& op) { collect(op); });
        if (stores_.empty()) return std::nullopt;
        int64_t left = *extent;
        while (left > 0 && outside(left - 1)) --left;
        return left;
    }

  private:
    void collect(const tile::Op& op) {
        const auto store = [&](Ref ref, const std::vector<IndexId>& indices, const std::vector<VarId>& lanes) {
            if (!ref.is_tensor()) return;
            std::vector<Edge> edges;
            for (size_t d = 0; d < indices.size(); ++d)
                if (const auto least = lowest(indices[d], lanes))
                    edges.push_back({*least, ctx_.tensor(ref.tensor).shape[d]});
            stores_.push_back(std::move(edges));
        };
        const auto access = [&](const Access& to) { store(to.ref, to.offset, {}); };
        if (auto* copy = std::get_if<tile::Copy>(&op.v)) access(copy->dst);
        if (auto* fill = std::get_if<tile::Fill>(&op.v)) access(fill->dst);
        if (auto* gemm = std::get_if<tile::Gemm>(&op.v)) access(gemm->c);
        if (auto* reduce = std::get_if<tile::Reduce>(&op.v)) access(reduce->dst);
        if (auto* scan = std::get_if<tile::Scan>(&op.v)) access(scan->dst);
        if (auto* map = std::get_if<tile::Map>(&op.v))
            for (const tile::Store& s : map->stores) store(s.ref, s.indices, map->vars);
    }
    // The index with every lane at 0, where it grows with each and depends on nothing else than the block.
    std::optional<IndexId> lowest(IndexId id, const std::vector<VarId>& lanes) {
        IndexSubst at_zero;
        for (const VarId lane : lanes) {
            if (!index_.uses(id, lane)) continue;
            const auto step = index_.linear_coefficient(id, lane);
            if (!step || *step < 0) return std::nullopt;
            at_zero[lane] = index_.constant(0);
        }
        return index_.substitute(id, at_zero);
    }
    bool outside(int64_t block) const {
        const IndexEnv env{{launch_.grid[0], block}};
        return std::all_of(stores_.begin(), stores_.end(), [&](const std::vector<Edge>& edges) {
            return std::any_of(edges.begin(), edges.end(), [&](const Edge& edge) {
                const auto least = index_.eval(edge.least, env), extent = index_.eval(edge.extent, env);
                return least && extent && *least >= *extent;
            });
        });
    }

    IndexArena& index_;
    const Context& ctx_;
    const tile::Launch& launch_;
    std::vector<std::vector<Edge>> stores_;
};

}  // namespace

TileProgram trim_grids(const TileProgram& program) {
    TileProgram out = program;
    std::erase_if(out.launches, [&](tile::Launch& launch) {
        const auto blocks = Trim(out.ctx, launch).blocks();
        if (!blocks) return false;
        if (*blocks == 0) return program.launches.size() > 1;
        launch.grid_extents[0] = out.ctx.index.constant(*blocks);
        out.ctx.index.var(launch.grid[0]).hi = *blocks - 1;
        return false;
    });
    if (out.launches.empty()) return program;
    return out;
}

}  // namespace tilelang_tt
