#include "compiler/map/merge_blocks.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <unordered_map>

#include "compiler/ir/walk.h"
#include "compiler/map/access.h"
#include "compiler/map/block_dims.h"

namespace tilelang_tt {
namespace {

// One grid axis of one launch. Two refs that an operation makes agree along the rows of a block (a copy's source and
// destination, the rows of a GEMM's operand and result) vary with the axis together.
class BlockMerge {
  public:
    BlockMerge(Context& ctx, tile::Launch& launch, const std::vector<Dims>& tensors, size_t axis)
        : ctx_(ctx), index_(ctx.index), launch_(launch), tensors_(tensors), axis_(axis), block_(launch.grid[axis]) {}
    // The same decision, to be carried out in another context.
    BlockMerge(Context& ctx, const BlockMerge& decided)
        : BlockMerge(ctx, decided.launch_, decided.tensors_, decided.axis_) {
        rows_ = decided.rows_, merged_ = decided.merged_, row_dim_ = decided.row_dim_;
    }

    bool applies() {
        if (index_.as_const(launch_.grid_extents[axis_]) == 1) return false;
        each_op(launch_.body, [&](const tile::Op& op) { find_rows(op); });
        if (failed_ || rows_ < 2 || rows_ % kTileDim == 0) return false;
        merged_ = kTileDim / std::gcd(rows_, kTileDim);
        for (size_t before = row_dim_.size() + 1; before != row_dim_.size() && !failed_;) {
            before = row_dim_.size();
            each_op(launch_.body, [&](const tile::Op& op) { std::visit([&](const auto& o) { relate(o); }, op.v); });
        }
        if (!failed_)
            each_op(launch_.body, [&](const tile::Op& op) { std::visit([&](const auto& o) { check(o); }, op.v); });
        return !failed_;
    }

    int64_t rows() const { return rows_; }
    int64_t merged() const { return merged_; }
    const std::string& axis_name() const { return index_.var(block_).name; }

    void rewrite() {
        first_ = {{block_, merge_axis(index_, launch_, axis_, merged_)}};
        for (const auto& [buffer, dim] : row_dim_)
            launch_.buffers[buffer.v].shape[static_cast<size_t>(dim)] = rows_ * merged_;
        each_leaf(launch_.body, [&](tile::Op& op) {
            if (auto* map = std::get_if<tile::Map>(&op.v))
                rewrite(*map);
            else
                each<Access>(op, [&](Access& access) { rewrite(access); });
        });
    }

  private:
    void require(bool holds) { failed_ |= !holds; }
    bool varies(IndexId id) const { return id && index_.uses(id, block_); }

    // The dimension of a tensor's block, or of a buffer, that runs along the axis; nullopt where none does.
    std::optional<int64_t> row_dim(Ref ref, const std::vector<IndexId>& offset) const {
        if (!ref.is_tensor()) {
            auto it = row_dim_.find(ref.buffer);
            return it == row_dim_.end() ? std::nullopt : std::optional(it->second);
        }
        for (size_t d = 0; d < offset.size(); ++d)
            if (varies(offset[d])) return static_cast<int64_t>(d);
        return std::nullopt;
    }
    std::optional<int64_t> row_dim(const Access& access) const { return row_dim(access.ref, access.offset); }

    // ---- r, from the tensors' accesses ----
    void find_rows(Ref ref, const std::vector<IndexId>& offset, const std::vector<std::optional<int64_t>>& extent) {
        if (!ref.is_tensor()) return;
        int uses = 0;
        for (size_t d = 0; d < offset.size(); ++d) {
            if (!varies(offset[d])) continue;
            const auto step = index_.linear_coefficient(offset[d], block_);
            require(++uses == 1 && step && extent[d] == step && (!rows_ || rows_ == *step));
            if (step) rows_ = *step;
        }
    }
    void find_rows(const Access& access) {
        std::vector<std::optional<int64_t>> extent;
        for (IndexId id : access.extent) extent.push_back(index_.as_const(id));
        find_rows(access.ref, access.offset, extent);
    }
    void find_rows(const tile::Op& op) {
        each<Access>(op, [&](const Access& access) { find_rows(access); });
        const auto* map = std::get_if<tile::Map>(&op.v);
        if (!map) return;
        for_each_access(*map, [&](Ref ref, const std::vector<IndexId>& indices) {
            if (!ref.is_tensor() ||
                std::none_of(indices.begin(), indices.end(), [&](IndexId id) { return varies(id); }))
                return;
            std::string problem;
            auto access = lane_access(index_, *map, indices, problem);
            if (!access) return require(false);
            std::vector<std::optional<int64_t>> extent;
            for (VarId lane : access->lane) extent.push_back(lane ? lane_extent(index_, *map, lane) : 1);
            find_rows(ref, access->base, extent);
        });
    }
    template <class Visit>
    void for_each_access(const tile::Map& map, Visit visit) const {
        for (const tile::Store& store : map.stores) {
            visit(store.ref, store.indices);
            for_each_read(ctx_.lanes, store.value, [&](const LaneNode& read) { visit(read.ref, read.indices); });
        }
    }

    // ---- which buffers hold something of a block's own, and along which dimension ----
    void vary(Ref ref, int64_t dim) {
        if (ref.is_tensor() || failed_) return;
        auto [it, fresh] = row_dim_.try_emplace(ref.buffer, dim);
        require(it->second == dim && launch_.buffers[ref.buffer.v].shape[static_cast<size_t>(dim)] == rows_);
    }
    // dims_a[n] and dims_b[n] run together.
    void relate(const Access& a, const std::vector<int64_t>& dims_a, const Access& b,
                const std::vector<int64_t>& dims_b) {
        if (dims_a.size() != dims_b.size()) return;
        const auto row_a = row_dim(a), row_b = row_dim(b);
        for (size_t n = 0; n < dims_a.size(); ++n) {
            if (row_a == dims_a[n]) vary(b.ref, dims_b[n]);
            if (row_b == dims_b[n]) vary(a.ref, dims_a[n]);
        }
    }
    // Whether both vary, along dimensions that run together, or neither.
    bool agree(const Access& a, const std::vector<int64_t>& dims_a, const Access& b,
               const std::vector<int64_t>& dims_b) const {
        const auto row_a = row_dim(a), row_b = row_dim(b);
        if (!row_a && !row_b) return true;
        if (!row_a || !row_b || dims_a.size() != dims_b.size()) return false;
        return std::find(dims_a.begin(), dims_a.end(), *row_a) - dims_a.begin() ==
                   std::find(dims_b.begin(), dims_b.end(), *row_b) - dims_b.begin() &&
               std::find(dims_a.begin(), dims_a.end(), *row_a) != dims_a.end();
    }
    std::vector<int64_t> left_by(const tile::Reduce& op) const {
        auto dims = blocked_dims(index_, op.src);
        std::erase(dims, op.dim);
        return dims;
    }
    // The last two dimensions of a matrix, its rows first.
    static std::pair<int64_t, int64_t> matrix(const Access& access, bool transposed) {
        const auto rank = static_cast<int64_t>(access.extent.size());
        return transposed ? std::pair(rank - 1, rank - 2) : std::pair(rank - 2, rank - 1);
    }
    template <class Visit>
    static void for_each_pair(const tile::Gemm& op, Visit visit) {
        const auto a = matrix(op.a, op.trans_a), b = matrix(op.b, op.trans_b), c = matrix(op.c, false);
        visit(op.a, a.first, op.c, c.first);
        visit(op.b, b.second, op.c, c.second);
        visit(op.a, a.second, op.b, b.first);
    }

    void relate(const tile::For&) {}
    void relate(const tile::If&) {}
    void relate(const tile::Fill&) {}
    void relate(const tile::Copy& op) {
        relate(op.src, blocked_dims(index_, op.src), op.dst, blocked_dims(index_, op.dst));
    }
    void relate(const tile::Scan& op) {
        relate(op.src, blocked_dims(index_, op.src), op.dst, blocked_dims(index_, op.dst));
    }
    void relate(const tile::Reduce& op) { relate(op.src, left_by(op), op.dst, blocked_dims(index_, op.dst)); }
    void relate(const tile::Gemm& op) {
        for_each_pair(op, [&](const Access& x, int64_t dim_x, const Access& y, int64_t dim_y) {
            relate(x, {dim_x}, y, {dim_y});
        });
    }
    void relate(const tile::Map& op) {
        const VarId lane = row_lane(op);
        if (!lane) return;
        for_each_access(op, [&](Ref ref, const std::vector<IndexId>& indices) {
            for (size_t d = 0; d < indices.size(); ++d)
                if (indices[d] == index_.of(lane)) vary(ref, static_cast<int64_t>(d));
        });
    }
    // The lane that runs along the rows of what varies.
    VarId row_lane(const tile::Map& map) {
        VarId found;
        for_each_access(map, [&](Ref ref, const std::vector<IndexId>& indices) {
            const auto dim = row_dim(ref, indices);
            if (!dim) return;
            for (size_t i = 0; i < map.vars.size(); ++i)
                if (index_.uses(indices[static_cast<size_t>(*dim)], map.vars[i])) {
                    require(!found || found == map.vars[i]);
                    found = map.vars[i];
                }
        });
        return found;
    }

    // ---- where the rewrite applies ----
    // A tensor's block starts at a tile once merged; a store covers nothing that was not stored before.
    void check_offset(Ref ref, IndexId offset, int64_t dim, bool store) {
        const Dims tiled = tensors_[ref.tensor.v];
        require(dim == tiled.row || dim == tiled.col);
        const IndexId rest = index_.substitute(offset, {{block_, index_.constant(0)}});
        require(tile_aligned(index_, rest));
        if (store)
            require(covers_nothing_more(index_, launch_.grid_extents[axis_], rows_, merged_, rest,
                                        ctx_.tensor(ref.tensor).shape[static_cast<size_t>(dim)]));
    }
    void check(const Access& access, bool store) {
        const auto dim = row_dim(access);
        if (!dim) return;
        const auto d = static_cast<size_t>(*dim);
        require(index_.as_const(access.extent[d]) == rows_);
        if (access.ref.is_tensor())
            check_offset(access.ref, access.offset[d], *dim, store);
        else
            require(fixed_value(index_, access.offset[d]) == 0 &&
                    std::none_of(access.offset.begin(), access.offset.end(), [&](IndexId id) { return varies(id); }));
    }
    void check(const tile::For& op) { require(!varies(op.begin) && !varies(op.extent)); }
    void check(const tile::If& op) { require(!varies(op.cond)); }
    void check(const tile::Fill& op) { check(op.dst, true); }
    void check(const tile::Copy& op) {
        check(op.src, false), check(op.dst, true);
        require(agree(op.src, blocked_dims(index_, op.src), op.dst, blocked_dims(index_, op.dst)));
    }
    void check(const tile::Reduce& op) {
        check(op.src, false), check(op.dst, true);
        require(agree(op.src, left_by(op), op.dst, blocked_dims(index_, op.dst)));
    }
    void check(const tile::Scan& op) {
        check(op.src, false), check(op.dst, true);
        require(row_dim(op.src) != op.dim &&
                agree(op.src, blocked_dims(index_, op.src), op.dst, blocked_dims(index_, op.dst)));
    }
    void check(const tile::Gemm& op) {
        check(op.a, false), check(op.b, false), check(op.c, true);
        const auto a = matrix(op.a, op.trans_a), b = matrix(op.b, op.trans_b), c = matrix(op.c, false);
        // What is summed over does not vary, and the result varies as one operand does.
        require(row_dim(op.a) != a.second && row_dim(op.b) != b.first);
        require((row_dim(op.a) == a.first) == (row_dim(op.c) == c.first));
        require((row_dim(op.b) == b.second) == (row_dim(op.c) == c.second));
    }
    void check(const tile::Map& op) {
        const VarId lane = row_lane(op);
        // Written with the row's number in the tensor, an expression depends on the axis and the lane no more.
        IndexSubst absolute;
        if (lane) {
            require(lane_extent(index_, op, lane) == rows_);
            if (!row_) row_ = index_.new_var({"row", VarKind::Loop, std::nullopt, std::nullopt});
            absolute[lane] = index_.sub(index_.of(row_), index_.mul(index_.of(block_), index_.constant(rows_)));
        }
        auto uniform = [&](IndexId id) {
            if (!id || (!varies(id) && !(lane && index_.uses(id, lane)))) return true;
            return lane && !varies(index_.substitute(id, absolute));
        };
        auto check_access = [&](Ref ref, const std::vector<IndexId>& indices, bool store) {
            const auto dim = row_dim(ref, indices);
            for (size_t d = 0; d < indices.size(); ++d) {
                if (dim != static_cast<int64_t>(d)) {
                    require(uniform(indices[d]));
                } else if (!ref.is_tensor()) {
                    require(lane && indices[d] == index_.of(lane));
                } else {
                    require(lane && uniform(indices[d]));
                    if (failed_) return;
                    check_offset(ref, index_.substitute(indices[d], {{lane, index_.constant(0)}}), *dim, store);
                }
            }
        };
        for (const tile::Store& store : op.stores) {
            check_access(store.ref, store.indices, true);
            require(lane || uniform(store.cond));
            // Every block contributes, rows past the last one do not.
            if (store.combine != tile::Combine::None)
                require(lane && (row_dim(store.ref, store.indices) ||
                                 index_.divisible_by(launch_.grid_extents[axis_], merged_)));
            each_lane_node(ctx_.lanes, store.value, [&](const LaneNode& node) {
                if (node.op == LaneOp::Index) require(lane || uniform(node.index));
                if (node.op == LaneOp::Read) check_access(node.ref, node.indices, false);
            });
        }
    }

    // ---- the rewrite ----
    void rewrite(Access& access) {
        const auto dim = row_dim(access);
        if (!dim) return;
        const auto d = static_cast<size_t>(*dim);
        access.offset[d] = index_.substitute(access.offset[d], first_);
        access.extent[d] = index_.constant(rows_ * merged_);
    }
    void rewrite(tile::Map& map) {
        const VarId old = row_lane(map);
        if (!old) return;
        const VarId lane = index_.new_var({index_.var(old).name, VarKind::Lane, 0, rows_ * merged_ - 1});
        IndexSubst subst = first_;
        subst[old] = index_.of(lane);
        // As a value or condition: the block's number and the row inside it, of each row.
        const IndexId rows = index_.constant(rows_);
        const IndexSubst of_row{{block_, index_.add(first_.at(block_), index_.floordiv(index_.of(lane), rows))},
                                {old, index_.floormod(index_.of(lane), rows)}};
        for (size_t i = 0; i < map.vars.size(); ++i)
            if (map.vars[i] == old) map.vars[i] = lane, map.extents[i] = index_.constant(rows_ * merged_);
        for (tile::Store& store : map.stores) {
            for (IndexId& id : store.indices) id = index_.substitute(id, subst);
            if (store.cond) store.cond = index_.substitute(store.cond, of_row);
            store.value = rewrite(store.value, subst, of_row);
        }
    }
    LaneId rewrite(LaneId id, const IndexSubst& places, const IndexSubst& values) {
        if (!id) return id;
        const LaneNode n = ctx_.lanes.node(id);
        if (n.op == LaneOp::Index) return ctx_.lanes.index(n.dtype, index_.substitute(n.index, values));
        if (n.op == LaneOp::Apply) {
            const LaneId a = rewrite(n.a, places, values), b = rewrite(n.b, places, values);
            return ctx_.lanes.apply(n.fn, n.dtype, a, b, rewrite(n.c, places, values));
        }
        return substitute(ctx_, id, places);
    }

    Context& ctx_;
    IndexArena& index_;
    tile::Launch& launch_;
    const std::vector<Dims>& tensors_;
    size_t axis_;
    VarId block_;
    VarId row_;           // a row's number in the tensors, for the checks
    int64_t rows_ = 0;    // of a block
    int64_t merged_ = 1;  // blocks that become one
    bool failed_ = false;
    IndexSubst first_;  // the axis: the first of the merged blocks
    std::unordered_map<BufferId, int64_t> row_dim_;
};

}  // namespace

bool covers_nothing_more(IndexArena& index, IndexId blocks, int64_t rows, int64_t merged, IndexId offset,
                         IndexId extent) {
    if (index.divisible_by(blocks, merged)) return true;
    if (fixed_value(index, offset) == 0 && blocks == index.ceildiv(extent, rows)) return true;
    const IndexId end = index.add(offset, index.mul(blocks, index.constant(rows)));
    const auto left = index.bounds(index.sub(extent, end)).hi;
    return left && *left <= 0;
}

IndexId merge_axis(IndexArena& index, tile::Launch& launch, size_t axis, int64_t merged) {
    const Var old = index.var(launch.grid[axis]);
    Var tile{old.name + "_tile", VarKind::Grid, 0, std::nullopt};
    if (old.hi) tile.hi = *old.hi / merged;
    launch.grid[axis] = index.new_var(tile);
    launch.grid_extents[axis] = index.ceildiv(launch.grid_extents[axis], merged);
    return index.mul(index.of(launch.grid[axis]), index.constant(merged));
}

void merge_blocks(Context& ctx, tile::Launch& launch, const std::vector<Dims>& tensors,
                  std::vector<Diagnostic>& remarks) {
    for (size_t axis = 0; axis < launch.grid.size(); ++axis) {
        Context scratch = ctx;  // the checks build expressions and a variable of their own
        BlockMerge merge(scratch, launch, tensors, axis);
        if (!merge.applies()) continue;
        remarks.push_back({Severity::Note,
                           "TT2090",
                           std::to_string(merge.merged()) + " neighbouring blocks of `" + merge.axis_name() +
                               "` are computed as one, " + std::to_string(merge.rows()) + " rows or columns each",
                           {ctx.loc(launch.loc)},
                           {},
                           {},
                           {}});
        BlockMerge(ctx, merge).rewrite();
    }
}

}  // namespace tilelang_tt
