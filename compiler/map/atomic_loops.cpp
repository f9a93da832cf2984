#include "compiler/map/atomic_step.h"

#include <algorithm>
#include <optional>

#include "compiler/ir/walk.h"
#include "compiler/map/access.h"

namespace tilelang_tt::atomics {
namespace {

using tensix::TileFn;
using tile::Combine;

class LoopSums : Step {
  public:
    explicit LoopSums(const Step& launch) : Step(launch) {}

    void run() {
        uses_.assign(launch_.buffers.size(), 0);
        each_op(launch_.body, [&](const tile::Op& op) {
            for (size_t b = 0; b < uses_.size(); ++b) uses_[b] += touches(op, BufferId(b));
        });
        lift(launch_.body);
    }

  private:
    void lift(tile::Region& region) {
        std::vector<tile::Op> out;
        for (tile::Op& op : region.ops) {
            if (auto* branch = std::get_if<tile::If>(&op.v)) lift(branch->then), lift(branch->otherwise);
            auto* loop = std::get_if<tile::For>(&op.v);
            if (!loop) {
                out.push_back(std::move(op));
                continue;
            }
            lift(loop->body);
            std::vector<tile::Op> after;
            accumulate(loop->body, loop->var, out, after);
            out.push_back(std::move(op));
            std::move(after.begin(), after.end(), std::back_inserter(out));
        }
        region.ops = std::move(out);
    }

    // The buffer that `op`, an atomic sum in `body`, adds whole, if in each iteration the buffer starts at 0 and is
    // then only added to by T.gemm: the products of all iterations may be added up in it.
    std::optional<BufferId> own_sum(const tile::Region& body, const tile::Op& op, DType work) {
        const tile::Map& map = std::get<tile::Map>(op.v);
        const tile::Store& store = map.stores[0];
        LaneNode value = ctx_.lanes.node(store.value);
        while (value.op == LaneOp::Apply && value.fn == TileFn::Cast) value = ctx_.lanes.node(value.a);
        if (store.combine != Combine::Add || store.cond || value.op != LaneOp::Read || value.ref.is_tensor() ||
            dtype(value.ref) != work || work != DType::F32)
            return std::nullopt;
        const BufferId buffer = value.ref.buffer;
        if (buffer.v >= uses_.size()) return std::nullopt;  // a sum made here
        const auto& shape = launch_.buffers[buffer.v].shape;
        for (size_t d = 0; d < shape.size(); ++d) {
            const VarId lane =
                index_.node(value.indices[d]).op == IndexOp::Var ? index_.node(value.indices[d]).var : VarId();
            const bool all = lane ? lane_extent(index_, map, lane) == shape[d]
                                  : shape[d] == 1 && fixed_value(index_, value.indices[d]) == 0;
            if (!all) return std::nullopt;
        }
        int clears = 0;
        bool cleared_first = false, fits = true;
        size_t inside = 0;
        each_op(body, [&](const tile::Op& other) {
            if (!touches(other, buffer)) return;
            ++inside;
            if (&other == &op) return;
            const bool top = &other >= body.ops.data() && &other < body.ops.data() + body.ops.size();
            auto* fill = std::get_if<tile::Fill>(&other.v);
            auto* gemm = std::get_if<tile::Gemm>(&other.v);
            if (fill && top && fill->value == 0 && inside == 1 && &other < &op && fill->dst == whole(fill->dst.ref))
                ++clears, cleared_first = true;
            else
                fits = fits && gemm && !gemm->clear && cleared_first && gemm->a.ref.buffer != buffer &&
                       gemm->b.ref.buffer != buffer;
        });
        return fits && clears == 1 && inside == uses_[buffer.v] ? std::optional(buffer) : std::nullopt;
    }
    bool touches(const tile::Op& op, BufferId buffer) const {
        bool found = false;
        if (std::holds_alternative<tile::For>(op.v) || std::holds_alternative<tile::If>(op.v)) return found;
        each<BufferId>(op, [&](BufferId id) { found = found || id == buffer; });
        each<LaneId>(op, [&](LaneId id) {
            for_each_read(ctx_.lanes, id, [&](const LaneNode& read) { found = found || read.ref.buffer == buffer; });
        });
        return found;
    }

    // In the body of loop `var`, branches included but not the loops inside it.
    void accumulate(tile::Region& body, VarId var, std::vector<tile::Op>& before, std::vector<tile::Op>& after) {
        for (tile::Op& op : body.ops) {
            if (auto* branch = std::get_if<tile::If>(&op.v)) {
                accumulate(branch->then, var, before, after);
                accumulate(branch->otherwise, var, before, after);
            }
            const tile::Store* found = atomic_of(op);
            if (!found || uses(found->indices, var)) continue;
            tile::Map& map = std::get<tile::Map>(op.v);
            tile::Store& store = map.stores[0];
            const DType type = dtype(store.ref), work = work_dtype(type);
            const Lanes lanes = lanes_of(map);
            if (const auto accumulator = own_sum(body, op, work)) {
                // T.gemm's accumulator goes on through the loop.
                const auto clears = [&](const tile::Op& other) {
                    auto* fill = std::get_if<tile::Fill>(&other.v);
                    return fill && fill->dst.ref.buffer == *accumulator;
                };
                before.push_back({tile::Fill{whole({{}, *accumulator}), 0}, op.loc});
                after.push_back(std::move(op));
                body.ops.erase(body.ops.begin() + (&op - body.ops.data()));
                std::erase_if(body.ops, clears);
                return accumulate(body, var, before, after);
            }
            const Ref sum = new_buffer(name(store.ref) + "_sum", work, extents_of(map, lanes.used), op.loc);
            const std::vector<IndexId> at = as_indices(lanes.used);
            tile::Store joined = store;
            joined.cond = {};
            joined.value = cast(ctx_.lanes.read(work, sum, at), type);
            after.push_back({over(map, lanes.used, std::move(joined)), op.loc});
            before.push_back({tile::Fill{whole(sum), tile::identity_of(store.combine, work)}, op.loc});
            store.value = combined(store.combine, work, ctx_.lanes.read(work, sum, at), unrounded(store.value, work));
            store.ref = sum;
            store.indices = at;
            store.combine = Combine::None;
        }
    }

    std::vector<size_t> uses_;  // of each buffer: statements of the launch that touch it
};

}  // namespace

void sums_of_loops(const Step& launch) { LoopSums(launch).run(); }

}  // namespace tilelang_tt::atomics
