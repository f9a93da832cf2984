#include "compiler/map/coarsen.h"

#include <algorithm>
#include <set>

#include "compiler/ir/walk.h"
#include "compiler/map/access.h"
#include "compiler/map/block_dims.h"
#include "compiler/map/merge_blocks.h"

namespace tilelang_tt {
namespace {

// One grid axis of one launch.
class Coarsening {
  public:
    Coarsening(Context& ctx, tile::Launch& launch, size_t axis)
        : ctx_(ctx), index_(ctx.index), launch_(launch), axis_(axis), block_(launch.grid[axis]) {}

    // The dimension of a stored tensor that the axis indexes, nullopt where the rewrite does not apply.
    std::optional<size_t> stored_dim() {
        if (index_.as_const(launch_.grid_extents[axis_]) == 1) return std::nullopt;
        spread(launch_.body);
        if (!applies(launch_.body) || more_) return std::nullopt;
        for (size_t b = 0; b < launch_.buffers.size(); ++b)
            if (varies_.count(BufferId(b)) && blocked(launch_.buffers[b].shape) > 1) return std::nullopt;
        return stored_dim_;
    }

    const std::string& axis_name() const { return index_.var(block_).name; }

    void rewrite() {
        first_ = merge_axis(index_, launch_, axis_, kTileDim);
        for (size_t b = 0; b < launch_.buffers.size(); ++b) {
            auto& shape = launch_.buffers[b].shape;
            if (varies_.count(BufferId(b))) shape.insert(shape.begin(), kTileDim);
        }
        each_leaf(launch_.body, [&](tile::Op& op) { rewrite(op); });
    }

  private:
    static int blocked(const std::vector<int64_t>& shape) {
        return static_cast<int>(std::count_if(shape.begin(), shape.end(), [](int64_t n) { return n != 1; }));
    }
    bool varies(IndexId id) const { return id && index_.uses(id, block_); }
    bool varies(const std::vector<IndexId>& ids) const {
        return std::any_of(ids.begin(), ids.end(), [&](IndexId id) { return varies(id); });
    }
    bool varies(const Access& access) const {
        return access.ref.is_tensor() ? varies(access.offset) : varies_.count(access.ref.buffer) > 0;
    }
    bool varies(LaneId id) const {
        bool any = false;
        each_lane_node(ctx_.lanes, id, [&](const LaneNode& node) {
            any = any || varies(node.index) ||
                  (node.op == LaneOp::Read &&
                   (node.ref.is_tensor() ? varies(node.indices) : varies_.count(node.ref.buffer) > 0));
        });
        return any;
    }

    // ---- which buffers hold something of a block's own ----
    void spread(const tile::Region& region) {
        for (size_t before = varies_.size() + 1; before != varies_.size();) {
            before = varies_.size();
            each_op(region, [&](const tile::Op& op) {
                auto note = [&](Ref to, bool varying) {
                    if (varying && !to.is_tensor()) varies_.insert(to.buffer);
                };
                if (auto* copy = std::get_if<tile::Copy>(&op.v)) note(copy->dst.ref, varies(copy->src));
                if (auto* scan = std::get_if<tile::Scan>(&op.v)) {
                    note(scan->dst.ref, varies(scan->src));
                    note(scan->src.ref, varies(scan->dst));
                }
                if (auto* reduce = std::get_if<tile::Reduce>(&op.v)) {
                    note(reduce->dst.ref, varies(reduce->src));
                    note(reduce->src.ref, varies(reduce->dst));  // source and result are of the same blocks
                }
                if (auto* map = std::get_if<tile::Map>(&op.v))
                    for (const tile::Store& store : map->stores)
                        note(store.ref, varies(store.value) || varies(store.cond) || varies(store.indices));
            });
        }
    }

    // ---- where the rewrite applies ----
    // The axis indexes one dimension, directly; nothing else of the block is larger than a vector behind it.
    bool direct(const std::vector<IndexId>& offset, const std::vector<int64_t>& extent) {
        int uses = 0, others = 0;
        for (size_t d = 0; d < offset.size(); ++d) {
            if (varies(offset[d])) {
                if (extent[d] != 1 || others || index_.linear_coefficient(offset[d], block_) != 1) return false;
                IndexId at_zero = index_.substitute(offset[d], {{block_, index_.constant(0)}});
                if (fixed_value(index_, at_zero) != 0) return false;
                ++uses;
            } else {
                others += extent[d] != 1;
            }
        }
        return uses <= 1 && others <= 1;
    }
    bool direct(const Access& access) {
        if (!access.ref.is_tensor() || !varies(access)) return true;
        std::vector<int64_t> extent;
        for (IndexId id : access.extent) {
            auto n = index_.as_const(id);
            if (!n) return false;
            extent.push_back(*n);
        }
        return direct(access.offset, extent);
    }
    bool direct(const tile::Map& map, Ref ref, const std::vector<IndexId>& indices) {
        if (!ref.is_tensor() || !varies(indices)) return true;
        std::string problem;
        auto access = lane_access(index_, map, indices, problem);
        if (!access) return false;
        std::vector<int64_t> extent;
        for (VarId lane : access->lane) {
            auto n = lane ? lane_extent(index_, map, lane) : 1;
            if (!n) return false;
            extent.push_back(*n);
        }
        return direct(access->base, extent);
    }
    // A merged block must store nothing that no block stored.
    void note_store(Ref ref, const std::vector<IndexId>& offset) {
        if (!ref.is_tensor()) return;
        for (size_t d = 0; d < offset.size(); ++d) {
            if (!varies(offset[d])) continue;
            stored_dim_ = std::max(stored_dim_.value_or(0), d);
            more_ |= !covers_nothing_more(index_, launch_.grid_extents[axis_], 1, kTileDim, index_.constant(0),
                                          ctx_.tensor(ref.tensor).shape[d]);
        }
    }

    bool applies(const tile::Region& region) {
        return std::all_of(region.ops.begin(), region.ops.end(), [&](const tile::Op& op) {
            return std::visit([&](const auto& o) { return applies(o); }, op.v);
        });
    }
    bool applies(const tile::For& op) { return !varies(op.begin) && !varies(op.extent) && applies(op.body); }
    bool applies(const tile::If& op) { return !varies(op.cond) && applies(op.then) && applies(op.otherwise); }
    bool applies(const tile::Copy& op) {
        note_store(op.dst.ref, op.dst.offset);
        return direct(op.src) && direct(op.dst);
    }
    bool applies(const tile::Fill& op) {
        note_store(op.dst.ref, op.dst.offset);
        return direct(op.dst);
    }
    bool applies(const tile::Gemm&) { return false; }
    bool applies(const tile::Scan& op) {
        note_store(op.dst.ref, op.dst.offset);
        return varies(op.src) == varies(op.dst) && direct(op.src) && direct(op.dst);
    }
    bool applies(const tile::Reduce& op) {
        note_store(op.dst.ref, op.dst.offset);
        return varies(op.src) == varies(op.dst) && direct(op.src) && direct(op.dst);
    }
    bool applies(const tile::Map& op) {
        return std::all_of(op.stores.begin(), op.stores.end(), [&](const tile::Store& store) {
            note_store(store.ref, store.indices);
            bool ok = direct(op, store.ref, store.indices);
            // Rows past the last block would contribute too.
            if (store.combine != tile::Combine::None && !varies(store.indices))
                ok = ok && index_.divisible_by(launch_.grid_extents[axis_], kTileDim);
            for_each_read(ctx_.lanes, store.value,
                          [&](const LaneNode& read) { ok = ok && direct(op, read.ref, read.indices); });
            return ok;
        });
    }

    // ---- the rewrite ----
    void rewrite(tile::Op& op) {
        if (auto* copy = std::get_if<tile::Copy>(&op.v); copy && varies(copy->dst) && !varies(copy->src))
            op.v = spread_copy(*copy, op.loc);
        auto moved = [&](int64_t dim, const Access& access) {  // behind the new dimension
            return varies(access) && !access.ref.is_tensor() ? dim + 1 : dim;
        };
        if (auto* scan = std::get_if<tile::Scan>(&op.v)) scan->dim = moved(scan->dim, scan->src);
        if (auto* reduce = std::get_if<tile::Reduce>(&op.v)) reduce->dim = moved(reduce->dim, reduce->src);
        if (auto* map = std::get_if<tile::Map>(&op.v))
            rewrite(*map);
        else
            each<Access>(op, [&](Access& access) { rewrite(access); });
    }

    void rewrite(Access& access) {
        if (!varies(access)) return;
        const IndexId rows = index_.constant(kTileDim);
        if (!access.ref.is_tensor()) {
            access.offset.insert(access.offset.begin(), index_.constant(0));
            access.extent.insert(access.extent.begin(), rows);
            return;
        }
        for (size_t d = 0; d < access.offset.size(); ++d) {
            if (!varies(access.offset[d])) continue;
            access.offset[d] = index_.substitute(access.offset[d], {{block_, first_}});
            access.extent[d] = rows;
        }
    }

    // What is the same for all blocks, copied to what each has of its own.
    tile::Map spread_copy(const tile::Copy& copy, LocId loc) {
        tile::Map map;
        std::vector<IndexId> lanes;
        for (int64_t d : blocked_dims(index_, copy.src)) {
            const int64_t extent = *index_.as_const(copy.src.extent[d]);
            map.vars.push_back(index_.new_var({"e", VarKind::Lane, 0, extent - 1}));
            map.extents.push_back(copy.src.extent[d]);
            lanes.push_back(index_.of(map.vars.back()));
        }
        auto indices = [&](const Access& access) {
            std::vector<IndexId> out = access.offset;
            size_t next = 0;
            for (int64_t d : blocked_dims(index_, access)) out[d] = index_.add(out[d], lanes[next++]);
            return out;
        };
        const DType from = dtype(copy.src.ref), to = dtype(copy.dst.ref);
        LaneId value = ctx_.lanes.read(from, copy.src.ref, indices(copy.src));
        if (from != to) value = ctx_.lanes.apply(tensix::TileFn::Cast, to, value);
        map.stores.push_back({copy.dst.ref, indices(copy.dst), value, {}, loc});
        return map;
    }
    DType dtype(Ref ref) const {
        return ref.is_tensor() ? ctx_.tensor(ref.tensor).dtype : launch_.buffers[ref.buffer.v].dtype;
    }

    void rewrite(tile::Map& map) {
        const bool varying = std::any_of(map.stores.begin(), map.stores.end(), [&](const tile::Store& store) {
            return (store.ref.is_tensor() ? varies(store.indices) || store.combine != tile::Combine::None
                                          : varies_.count(store.ref.buffer) > 0) ||
                   varies(store.value) || varies(store.cond);
        });
        if (!varying) return;
        const VarId lane = index_.new_var({index_.var(block_).name + "_row", VarKind::Lane, 0, kTileDim - 1});
        const IndexId row = index_.of(lane);
        const IndexSubst subst{{block_, index_.add(first_, row)}};
        auto indices = [&](Ref ref, const std::vector<IndexId>& old) {
            std::vector<IndexId> out;
            if (!ref.is_tensor() && varies_.count(ref.buffer)) out.push_back(row);
            for (IndexId id : old) out.push_back(index_.substitute(id, subst));
            return out;
        };
        auto substituted = [&](IndexId id) { return index_.substitute(id, subst); };
        auto read = [&](const LaneNode& node) {
            return ctx_.lanes.read(node.dtype, node.ref, indices(node.ref, node.indices));
        };
        for (tile::Store& store : map.stores) {
            store.value = rebuild_lane_reads(ctx_.lanes, store.value, substituted, read);
            if (store.cond) store.cond = index_.substitute(store.cond, subst);
            store.indices = indices(store.ref, store.indices);
        }
        map.vars.insert(map.vars.begin(), lane);
        map.extents.insert(map.extents.begin(), index_.constant(kTileDim));
    }

    Context& ctx_;
    IndexArena& index_;
    tile::Launch& launch_;
    size_t axis_;
    VarId block_;
    IndexId first_;  // row of a merged block's first row
    std::set<BufferId> varies_;
    std::optional<size_t> stored_dim_;
    bool more_ = false;  // merged blocks would store what no block stores
};

}  // namespace

TileProgram coarsen(const TileProgram& program) {
    TileProgram out = program;
    Context scratch = program.ctx;
    const std::vector<Dims> tensors = infer_block_dims(scratch, program.launches).tensors;
    for (tile::Launch& launch : out.launches) {
        merge_blocks(out.ctx, launch, tensors, out.remarks);
        // One axis fills the tiles: the one that indexes the innermost dimension, next to what a block runs over
        // itself.
        std::optional<Coarsening> best;
        size_t best_dim = 0;
        for (size_t axis = 0; axis < launch.grid.size(); ++axis) {
            Coarsening candidate(out.ctx, launch, axis);
            auto dim = candidate.stored_dim();
            if (!dim || (best && *dim <= best_dim)) continue;
            best.emplace(std::move(candidate));
            best_dim = *dim;
        }
        if (!best) continue;
        out.remarks.push_back(
            {Severity::Note,
             "TT2090",
             "32 neighbouring blocks of `" + best->axis_name() + "` are computed as one, a row of a tile each",
             {out.ctx.loc(launch.loc)},
             {},
             {},
             {}});
        best->rewrite();
    }
    return out;
}

}  // namespace tilelang_tt
