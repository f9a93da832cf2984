#include "compiler/tensorize/lanes.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "compiler/ir/interpreter.h"
#include "compiler/ir/text.h"
#include "compiler/ir/walk.h"
#include "compiler/map/access.h"
#include "compiler/map/unpack.h"
#include "compiler/tensorize/index_values.h"

namespace tilelang_tt {
namespace {

// Of a buffer that one T.Parallel touches one by one.
constexpr int64_t kMaxParts = 32;

using graph::Operand;
using graph::TileType;
using tensix::TileFn;

class MapLowering {
  public:
    MapLowering(Context& ctx, const tile::Map& map, Memory& memory, GraphBuilder& builder, LocId loc)
        : ctx_(ctx), map_(map), memory_(memory), builder_(builder), loc_(loc), positions_(ctx, builder, frame_) {}

    void run() {
        for (size_t i = 0; i < map_.vars.size(); ++i) {
            if (ctx_.index.as_const(map_.extents[i])) continue;
            memory_.refuse(
                "TT3020", loc_,
                "the extent of lane `" + ctx_.index.var(map_.vars[i]).name + "` of T.Parallel is not constant",
                "use a constant extent and let blocks run over the tensor's edge");
            return;
        }
        choose_frame();
        if (unrolls()) return lower_unrolled();
        lower_outer(0);
    }

  private:
    int64_t extent(VarId lane) const { return *lane_extent(ctx_.index, map_, lane); }

    std::optional<LaneAccess> access(const std::vector<IndexId>& indices) {
        std::string problem;
        return lane_access(ctx_.index, map_, indices, problem);
    }

    // The first access with two lanes says which is which; a single lane follows the vector that it runs over.
    void choose_frame() {
        std::vector<VarId> lanes;
        for (VarId lane : map_.vars)
            if (extent(lane) != 1) lanes.push_back(lane);
        if (stacks(lanes)) {
            stacked_ = true;
            frame_.row = lanes[lanes.size() - 2], frame_.col = lanes.back();
            for (VarId lane : lanes) (lane == frame_.col ? frame_.cols : frame_.rows) *= extent(lane);
            return;
        }
        std::vector<std::pair<Ref, LaneAccess>> accesses;
        auto note = [&](Ref ref, const std::vector<IndexId>& indices) {
            if (auto a = access(indices)) accesses.push_back({ref, std::move(*a)});
        };
        for (const tile::Store& store : map_.stores) note(store.ref, store.indices);
        for (const tile::Store& store : map_.stores)
            for_each_read(ctx_.lanes, store.value, [&](const LaneNode& read) { note(read.ref, read.indices); });
        auto lane_of = [](const LaneAccess& a, int64_t dim) { return dim >= 0 ? a.lane[dim] : VarId(); };
        for (auto& [ref, a] : accesses) {
            Dims dims = memory_.dims(ref);
            VarId row = lane_of(a, dims.row), col = lane_of(a, dims.col);
            if (!row || !col || frame_.row || frame_.col) continue;
            frame_.row = row, frame_.col = col;
        }
        for (auto& [ref, a] : accesses) {
            Dims dims = memory_.dims(ref);
            VarId row = lane_of(a, dims.row), col = lane_of(a, dims.col);
            if (row && !frame_.row && frame_.col != row) frame_.row = row;
            if (col && !frame_.col && frame_.row != col) frame_.col = col;
        }
        for (VarId lane : lanes) {
            if (lane == frame_.row || lane == frame_.col) continue;
            if (!frame_.col && lanes.size() == 1)
                frame_.col = lane;
            else
                outer_.push_back(lane);
        }
        if (frame_.row) frame_.rows = extent(frame_.row);
        if (frame_.col) frame_.cols = extent(frame_.col);
    }

    // ---- buffers of more than two dimensions ----
    // Calls visit(ref, access) for each store and what it reads, as far as they are blocks.
    template <class Visit>
    void for_each_access(Visit visit) {
        auto one = [&](Ref ref, const std::vector<IndexId>& indices) {
            if (auto a = access(indices)) visit(ref, *a);
        };
        for (const tile::Store& store : map_.stores) {
            one(store.ref, store.indices);
            for_each_read(ctx_.lanes, store.value, [&](const LaneNode& read) { one(read.ref, read.indices); });
        }
    }

    // Whether all lanes run over all of each buffer, in one order: a stack of matrices is then one tall matrix.
    bool stacks(const std::vector<VarId>& lanes) {
        bool all = lanes.size() > 2;
        for_each_access([&](Ref ref, const LaneAccess& a) {
            std::vector<VarId> own;
            for (size_t d = 0; d < a.lane.size(); ++d) {
                if (a.lane[d]) own.push_back(a.lane[d]);
                all = all && !ref.is_tensor() && fixed_value(ctx_.index, a.base[d]) == 0 &&
                      (a.lane[d] ? extent(a.lane[d]) : 1) == memory_.buffer(ref.buffer).shape[d];
            }
            all = all && own == lanes;
        });
        for (const tile::Store& store : map_.stores) {
            all = all && !store.cond;
            each_lane_node(ctx_.lanes, store.value,
                           [&](const LaneNode& node) { all = all && node.op != LaneOp::Index; });
        }
        return all;
    }

    // Whether a lane beyond two indexes a buffer: then each of its values is a part of its own.
    bool unrolls() {
        bool any = false;
        for_each_access([&](Ref ref, const LaneAccess& a) {
            for (VarId lane : a.lane)
                any =
                    any || (!ref.is_tensor() && lane && std::find(outer_.begin(), outer_.end(), lane) != outer_.end());
        });
        return any;
    }

    // All values of the outer lanes, store after store; what a store reads is what was there before it.
    void lower_unrolled() {
        int64_t parts = 1;
        for (VarId lane : outer_) parts *= extent(lane);
        if (parts > kMaxParts) {
            memory_.refuse("TT3004", loc_, "T.Parallel runs over more parts of a buffer than the compiler unrolls",
                           "use a loop over the first dimensions, or smaller buffers",
                           {{"parts", std::to_string(kMaxParts), std::to_string(parts)}});
            return;
        }
        for (const tile::Store& store : map_.stores) {
            before_ = memory_.snapshot();
            for (int64_t part = 0; part < parts; ++part) {
                int64_t rest = part;
                for (size_t i = outer_.size(); i-- > 0; rest /= extent(outer_[i]))
                    outer_values_[outer_[i]] = ctx_.index.constant(rest % extent(outer_[i]));
                lower(unguarded(store));
            }
        }
    }

    // Lanes beyond two become loops.
    void lower_outer(size_t i) {
        if (i == outer_.size()) {
            for (size_t n = 0; n < map_.stores.size(); ++n) {
                tile::Store store = unguarded(map_.stores[n]);
                // What later statements store to the same elements is one store.
                while (n + 1 < map_.stores.size() && overwrites(store, map_.stores[n + 1])) {
                    const LaneId before = store.value;
                    store = unguarded(map_.stores[++n]);
                    store.value = put_in(store.value, store, before);
                }
                if (store.ref.is_tensor())
                    for_each_read(ctx_.lanes, store.value, [&](const LaneNode& read) {
                        if (read.ref == store.ref) ctx_.tensors[store.ref.tensor.v].read = true;
                    });
                lower(store);
            }
            return;
        }
        Var var = ctx_.index.var(outer_[i]);
        graph::For loop;
        loop.var = ctx_.index.new_var({var.name, VarKind::Loop, 0, extent(outer_[i]) - 1});
        loop.begin = ctx_.index.constant(0);
        loop.extent = ctx_.index.constant(extent(outer_[i]));
        outer_values_[outer_[i]] = ctx_.index.of(loop.var);
        graph::Region* parent = builder_.enter(&loop.body);
        lower_outer(i + 1);
        builder_.add(graph::Yield{}, loc_);
        builder_.enter(parent);
        builder_.add(std::move(loop), loc_);
    }

    IndexId outside(IndexId id) { return outer_values_.empty() ? id : ctx_.index.substitute(id, outer_values_); }

    std::string text(LaneId id) const { return print(ctx_, id); }

    // ---- stores ----
    bool varies(IndexId cond) const {
        return std::any_of(map_.vars.begin(), map_.vars.end(),
                           [&](VarId lane) { return ctx_.index.uses(cond, lane) && extent(lane) != 1; });
    }

    // A guard that differs between the elements of a block chooses between the new value and what is there.
    tile::Store unguarded(tile::Store store) {
        if (!store.cond || store.combine != tile::Combine::None) return store;
        if (droppable(store)) {
            store.cond = {};
        } else if (varies(store.cond)) {
            const DType dtype = ctx_.lanes.node(store.value).dtype;
            const LaneId old = ctx_.lanes.read(dtype, store.ref, store.indices);
            store.value =
                choose(dtype, ctx_.lanes.index(DType::Bool, std::exchange(store.cond, IndexId())), store.value, old);
        }
        return store;
    }

    // The next statement stores to the same elements of a tensor, whatever its guard is: read again, the tensor would
    // have to be written first.
    bool overwrites(const tile::Store& store, const tile::Store& next) {
        return store.ref.is_tensor() && !store.cond && store.combine == tile::Combine::None && next.ref == store.ref &&
               next.indices == store.indices && next.combine == tile::Combine::None &&
               (!next.cond || varies(next.cond));
    }

    // cond ? a : b, where b may choose by the opposite condition.
    LaneId choose(DType dtype, LaneId cond, LaneId a, LaneId b) {
        const LaneNode other = ctx_.lanes.node(b);
        if (other.op == LaneOp::Apply && other.fn == TileFn::Select && opposite(cond, other.a)) b = other.b;
        return ctx_.lanes.apply(TileFn::Select, dtype, cond, a, b);
    }
    bool opposite(LaneId x, LaneId y) {
        const LaneNode a = ctx_.lanes.node(x), b = ctx_.lanes.node(y);
        if (a.op == LaneOp::Index && b.op == LaneOp::Index) return ctx_.index.logical_not(a.index) == b.index;
        auto negates = [](const LaneNode& n, LaneId id) {
            return n.op == LaneOp::Apply && n.fn == TileFn::LogicalNot && n.a == id;
        };
        return negates(a, y) || negates(b, x);
    }

    // The value with `stored` in place of reads of the elements that the store is to.
    LaneId put_in(LaneId id, const tile::Store& to, LaneId stored) {
        if (!id) return id;
        const LaneNode node = ctx_.lanes.node(id);
        if (node.op == LaneOp::Read && node.ref == to.ref && node.indices == to.indices) return stored;
        if (node.op != LaneOp::Apply) return id;
        const LaneId a = put_in(node.a, to, stored), b = put_in(node.b, to, stored), c = put_in(node.c, to, stored);
        if (node.fn == TileFn::Select) return choose(node.dtype, a, b, c);
        return ctx_.lanes.apply(node.fn, node.dtype, a, b, c);
    }

    void lower(const tile::Store& store) {
        LocId loc = store.loc ? store.loc : loc_;
        at_ = loc;
        memo_.clear();
        IndexId guard;
        if (store.cond && !droppable(store)) {
            guard = outside(store.cond);
            if (varies(guard)) {
                memory_.refuse("TT3021", loc,
                               "what T.Parallel adds to `" + memory_.name(store.ref) + "` is added where `" +
                                   print(ctx_.index, store.cond) + "`, which differs between the elements of a tile",
                               "add T.if_then_else(condition, value, 0)");
                return;
            }
        }
        std::string problem;
        auto to = lane_access(ctx_.index, map_, store.indices, problem);
        if (!to) {
            memory_.refuse("TT3022", loc,
                           "T.Parallel does not store `" + memory_.name(store.ref) + "` in blocks: " + problem,
                           "index each dimension by one lane plus an offset");
            return;
        }
        if (!guard) {
            store_block(store, *to, loc);
            return;
        }
        graph::If branch;
        branch.cond = guard;
        auto before = memory_.snapshot();
        ValueId old;
        if (!store.ref.is_tensor()) {
            old = memory_.current(store.ref.buffer, loc);
            before = memory_.snapshot();
        }
        graph::Region* parent = builder_.enter(&branch.then);
        store_block(store, *to, loc);
        graph::Yield then, otherwise;
        if (old) {
            then.values.push_back(memory_.current(store.ref.buffer, loc));
            otherwise.values.push_back(old);
        }
        builder_.add(std::move(then), loc);
        builder_.enter(&branch.otherwise);
        builder_.add(std::move(otherwise), loc);
        builder_.enter(parent);
        memory_.restore(std::move(before));
        if (old) {
            ValueId result = builder_.value(builder_.type(old), memory_.name(store.ref), loc);
            branch.results.push_back({result});
            memory_.set(store.ref.buffer, result);
        }
        builder_.add(std::move(branch), loc);
    }

    // A guard that only keeps stores from having no effect: outside the tensor, or to a buffer that holds nothing yet.
    bool droppable(const tile::Store& store) {
        if (store.ref.is_tensor())
            return implied_in_bounds(ctx_.index, store.cond, ctx_.tensor(store.ref.tensor), store.indices);
        return ctx_.index.always_true(store.cond) || memory_.unspecified(store.ref.buffer);
    }

    void store_block(const tile::Store& store, const LaneAccess& to, LocId loc) {
        Dims dims = memory_.dims(store.ref);
        VarId row = lane_at(to, dims.row), col = lane_at(to, dims.col);
        const std::string name = memory_.name(store.ref);
        bool swapped = (row && row == frame_.col) || (col && col == frame_.row);
        VarId frame_row = swapped ? col : row, frame_col = swapped ? row : col;
        if (!covers(store.ref, to, "store")) return;
        std::optional<PartOfBuffer> part;
        if (!store.ref.is_tensor() && !stacked_) {
            part = memory_.locate("T.Parallel", store.ref.buffer, offsets(to), extents(to), loc);
            if (!part) {
                memory_.current(store.ref.buffer, loc);
                return;
            }
        }
        auto operand = lower(store.value);
        if (!operand) {
            if (!store.ref.is_tensor()) memory_.current(store.ref.buffer, loc);
            return;
        }
        DType dtype = memory_.dtype(store.ref);
        TileType type = tile_type(dtype, frame_row ? frame_.rows : 1, frame_col ? frame_.cols : 1);
        ValueId value = operand->value;
        if (!value) {
            if (swapped) type = tile_type(dtype, type.cols, type.rows);
            value = builder_.fill(type, round_to(dtype, operand->constant), name, loc);
        } else {
            TileType from = builder_.type(value);
            if ((from.rows > 1 && !frame_row) || (from.cols > 1 && !frame_col)) {
                memory_.refuse("TT3023", loc, "lanes store different values to the same element of `" + name + "`",
                               "reduce over the lane with T.reduce_sum, T.reduce_max …");
                return;
            }
            value = builder_.cast(value, dtype, loc);
            value = builder_.broadcast(value, type, loc);
            if (swapped) value = builder_.transpose(value, loc);
        }
        if (store.ref.is_tensor()) {
            memory_.store(store.ref.tensor, offsets(to), value, loc);
        } else {
            if (!held_.count(value)) builder_.rename(value, name);
            if (part)
                memory_.write(store.ref.buffer, *part, value, loc);
            else
                memory_.set(store.ref.buffer, value);
        }
    }

    VarId lane_at(const LaneAccess& a, int64_t dim) const { return dim >= 0 ? a.lane[dim] : VarId(); }

    // Where the access starts, the outer lanes at the values that they have.
    std::vector<IndexId> offsets(const LaneAccess& a) {
        std::vector<IndexId> out;
        for (size_t d = 0; d < a.base.size(); ++d) {
            out.push_back(outside(a.base[d]));
            if (auto it = outer_values_.find(a.lane[d]); a.lane[d] && it != outer_values_.end())
                out[d] = ctx_.index.add(out[d], it->second);
        }
        return out;
    }
    std::vector<int64_t> extents(const LaneAccess& a) const {
        std::vector<int64_t> out;
        for (VarId lane : a.lane) out.push_back(lane && !outer_values_.count(lane) ? extent(lane) : 1);
        return out;
    }

    // Refuses lanes outside a tensor's tiled dimensions.
    bool covers(Ref ref, const LaneAccess& a, const std::string& verb) {
        if (!ref.is_tensor()) return true;
        Dims dims = memory_.dims(ref);
        for (size_t d = 0; d < a.base.size(); ++d) {
            int64_t dim = static_cast<int64_t>(d);
            bool outer = a.lane[d] && outer_values_.count(a.lane[d]);
            if (!a.lane[d] || outer || dim == dims.row || dim == dims.col) continue;
            memory_.refuse("TT3024", at_,
                           "T.Parallel cannot " + verb + " `" + memory_.name(ref) + "`: dimension " +
                               std::to_string(d) + " is not tiled",
                           "let the last two lanes run over the same two dimensions in every access of the tensor");
            return false;
        }
        return true;
    }

    // ---- values ----
    // nullopt: refused.
    std::optional<Operand> lower(LaneId id) {
        if (auto it = memo_.find(id); it != memo_.end()) return it->second;
        auto result = lower_node(id);
        memo_[id] = result;
        return result;
    }

    std::optional<Operand> lower_node(LaneId id) {
        const LaneNode node = ctx_.lanes.node(id);
        switch (node.op) {
            case LaneOp::Const:
                return Operand{{}, round_to(node.dtype, node.value)};
            case LaneOp::Index:
                return position(outside(node.index), node.dtype);
            case LaneOp::Bits: {
                const ValueId value = builder_.value(tile_type(DType::F32, 1, 1), "scalar", at_);
                builder_.add(graph::FromBits{{value}, outside(node.index)}, at_);
                return Operand{builder_.cast(value, node.dtype, at_)};
            }
            case LaneOp::Read:
                return lower_read(node);
            case LaneOp::Apply:
                return lower_apply(node);
        }
        return std::nullopt;
    }

    // What follows from the lanes alone. Rows that several lanes make up have no one position.
    std::optional<Operand> position(IndexId id, DType dtype) {
        for (VarId lane : map_.vars)
            if (extent(lane) != 1 && ctx_.index.uses(id, lane) && lane != frame_.row && lane != frame_.col) {
                memory_.refuse("TT3025", at_,
                               "`" + print(ctx_.index, id) +
                                   "` is used as a value where T.Parallel runs over more than "
                                   "two lanes at once",
                               "put a loop around a T.Parallel of two lanes");
                return std::nullopt;
            }
        return positions_.value(id, dtype, at_);
    }

    std::optional<Operand> lower_read(const LaneNode& node) {
        std::string problem;
        auto from = lane_access(ctx_.index, map_, node.indices, problem);
        if (!from) {
            const std::string packed = packed_fix(ctx_, memory_.dtype(node.ref), memory_.name(node.ref), node.indices);
            memory_.refuse("TT3022", at_,
                           "T.Parallel does not read `" + memory_.name(node.ref) + "` in blocks: " + problem,
                           packed.empty() ? "index each dimension by one lane plus an offset" : packed);
            return std::nullopt;
        }
        Dims dims = memory_.dims(node.ref);
        VarId row = lane_at(*from, dims.row), col = lane_at(*from, dims.col);
        if (outer_values_.count(row)) row = {};
        if (outer_values_.count(col)) col = {};
        const int64_t rows = row ? extent(row) : 1, cols = col ? extent(col) : 1;
        if (!covers(node.ref, *from, "read")) return std::nullopt;
        ValueId value;
        if (node.ref.is_tensor()) {
            value = memory_.load(node.ref.tensor, offsets(*from), rows, cols, at_);
        } else {
            std::vector<ValueId> now = memory_.snapshot();
            if (!before_.empty()) memory_.restore(before_);
            auto read = read_buffer(node.ref.buffer, *from, rows, cols);
            if (!before_.empty()) memory_.restore(std::move(now));
            if (!read) return std::nullopt;
            value = *read;
        }
        if ((row && row == frame_.col) || (col && col == frame_.row)) value = builder_.transpose(value, at_);
        if (node.dtype != builder_.type(value).dtype) value = builder_.cast(value, node.dtype, at_);
        return Operand{value};
    }

    std::optional<ValueId> read_buffer(BufferId buffer, const LaneAccess& a, int64_t rows, int64_t cols) {
        std::optional<PartOfBuffer> part;
        if (!stacked_) {
            if (auto loaded = memory_.part(buffer, offsets(a), rows, cols, at_)) return loaded;
            part = memory_.locate("T.Parallel", buffer, offsets(a), extents(a), at_);
            if (!part) return std::nullopt;
            if (!part->whole) return memory_.read(buffer, *part, at_);
        }
        held_.insert(memory_.current(buffer, at_));
        return memory_.current(buffer, at_);
    }

    std::optional<Operand> lower_apply(const LaneNode& node) {
        if (node.fn == TileFn::Select)
            if (auto cond = index_condition(node.a))
                if (auto decided = lower_select(node, outside(*cond))) return *decided;
        std::vector<Operand> operands;
        int64_t rows = 1, cols = 1;
        bool refused = false, constant = true;
        for (LaneId id : {node.a, node.b, node.c}) {
            if (!id) break;
            // A condition on indices alone is computed as one, whatever the steps in which it is written.
            auto cond = ctx_.lanes.node(id).dtype == DType::Bool ? index_condition(id) : std::nullopt;
            auto operand = cond ? position(outside(*cond), DType::Bool) : lower(id);
            if (!operand) {
                refused = true;
                continue;
            }
            if (operand->value) {
                constant = false;
                const TileType& type = builder_.type(operand->value);
                rows = std::max(rows, type.rows);
                cols = std::max(cols, type.cols);
            }
            operands.push_back(*operand);
        }
        if (refused) return std::nullopt;
        if (node.fn == TileFn::Identity) return operands[0];
        if (node.fn == TileFn::Cast && is_float(node.dtype) && ctx_.lanes.node(node.a).op == LaneOp::Index)
            return position(outside(ctx_.lanes.node(node.a).index), node.dtype);
        if (node.fn == TileFn::Cast) {
            if (constant) return Operand{{}, round_to(node.dtype, operands[0].constant)};
            if (builder_.type(operands[0].value).dtype == node.dtype) return operands[0];
        }
        if (constant) {
            double x[3] = {};
            for (size_t i = 0; i < operands.size(); ++i) x[i] = operands[i].constant;
            return Operand{{},
                           interpreter::apply(node.fn, node.dtype, ctx_.lanes.node(node.a).dtype, x[0], x[1], x[2])};
        }
        ValueId result = builder_.eltwise(node.fn, tile_type(node.dtype, rows, cols), std::move(operands),
                                          std::string(to_string(node.fn)), at_);
        return Operand{result};
    }

    // A condition on indices alone, as one.
    std::optional<IndexId> index_condition(LaneId id) {
        const LaneNode node = ctx_.lanes.node(id);
        if (node.op == LaneOp::Index) return node.index;
        if (node.op == LaneOp::Const && node.value == static_cast<double>(static_cast<int64_t>(node.value)))
            return ctx_.index.constant(static_cast<int64_t>(node.value));
        if (node.op != LaneOp::Apply) return std::nullopt;
        if (node.fn == TileFn::Cast) return is_float(node.dtype) ? std::nullopt : index_condition(node.a);
        auto a = index_condition(node.a);
        auto b = node.b ? index_condition(node.b) : std::nullopt;
        if (a && node.fn == TileFn::LogicalNot) return ctx_.index.logical_not(*a);
        if (!a || !b) return std::nullopt;
        IndexArena& index = ctx_.index;
        switch (node.fn) {
            case TileFn::Lt:
                return index.lt(*a, *b);
            case TileFn::Le:
                return index.le(*a, *b);
            case TileFn::Gt:
                return index.lt(*b, *a);
            case TileFn::Ge:
                return index.le(*b, *a);
            case TileFn::Eq:
                return index.eq(*a, *b);
            case TileFn::Ne:
                return index.ne(*a, *b);
            case TileFn::LogicalAnd:
                return index.logical_and(*a, *b);
            case TileFn::LogicalOr:
                return index.logical_or(*a, *b);
            default:
                return std::nullopt;
        }
    }

    // cond ? a : b where cond is on indices, without a mask: decided, or a guard of a read that is 0 outside its tensor
    // anyway. nullopt: it takes a mask.
    std::optional<std::optional<Operand>> lower_select(const LaneNode& node, IndexId cond) {
        if (ctx_.index.always_true(cond)) return lower(node.b);
        if (ctx_.index.always_false(cond)) return lower(node.c);
        LaneNode read = ctx_.lanes.node(node.b);
        while (read.op == LaneOp::Apply && read.fn == TileFn::Cast) read = ctx_.lanes.node(read.a);
        const LaneNode& otherwise = ctx_.lanes.node(node.c);
        if (otherwise.op == LaneOp::Const && otherwise.value == 0 && read.op == LaneOp::Read && read.ref.is_tensor() &&
            implied_in_bounds(ctx_.index, cond, ctx_.tensor(read.ref.tensor), read.indices))
            return lower(node.b);
        return std::nullopt;
    }

    Context& ctx_;
    const tile::Map& map_;
    Memory& memory_;
    GraphBuilder& builder_;
    LocId loc_, at_;
    Frame frame_;
    bool stacked_ = false;  // rows run over all lanes but the last
    IndexValues positions_;
    std::vector<VarId> outer_;
    IndexSubst outer_values_;
    std::vector<ValueId> before_;  // unrolled outer lanes: the buffers' values that a store's operands are read from
    std::unordered_map<LaneId, std::optional<Operand>> memo_;
    std::unordered_set<ValueId> held_;  // by buffers: they keep their names
};

}  // namespace

void lower_map(Context& ctx, const tile::Map& map, Memory& memory, GraphBuilder& builder, LocId loc) {
    MapLowering(ctx, map, memory, builder, loc).run();
}

}  // namespace tilelang_tt
