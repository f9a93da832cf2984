#include "compiler/map/segments.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "compiler/ir/text.h"
#include "compiler/ir/walk.h"
#include "compiler/map/access.h"
#include "compiler/map/fit.h"
#include "compiler/map/independence.h"
#include "compiler/map/ownership.h"
#include "compiler/map/stores.h"

namespace tilelang_tt {
namespace {

constexpr int64_t kEnumerated = 1 << 16;  // pairs of blocks and segments
constexpr int64_t kBlocksTried = 16;      // that a condition on a segment asks one by one

class Segments {
  public:
    Segments(Context& ctx, const tile::Launch& launch, const tile::For& loop)
        : ctx_(ctx), index_(ctx.index), launch_(launch), loop_(loop), block_(launch.grid[0]), old_(loop.var) {}

    // The launch over segments; nullopt where the rewrite does not apply.
    std::optional<tile::Launch> run() {
        const auto blocks = index_.as_const(launch_.grid_extents[0]);
        if (!blocks || !index_.uses(loop_.begin, block_) || !parts() || !sums() ||
            !independent(ctx_, launch_, loop_.body))
            return std::nullopt;
        blocks_ = *blocks;
        find_shift();
        if (!enumerate() || runs_.empty() || !ranges()) return std::nullopt;
        tile::Launch out;
        out.loc = launch_.loc;
        out.buffers = launch_.buffers;
        segment_ = index_.new_var({index_.var(old_).name, VarKind::Grid, 0, count() - 1});
        out.grid = {segment_};
        out.grid_extents = {index_.constant(count())};
        const IndexId segment = index_.add(index_.of(segment_), index_.constant(first_));
        const auto begin = fit(index_, begins_, segment_), extent = fit(index_, extents_, segment_);
        if (!begin || !extent) return std::nullopt;

        tile::Region body;
        body.ops.assign(loop_.body.ops.begin(), loop_.body.ops.begin() + inner_);
        tile::Op iterations = loop_.body.ops[static_cast<size_t>(inner_)];
        auto& inner = std::get<tile::For>(iterations.v);
        const VarId k = index_.new_var({index_.var(inner.var).name, VarKind::Loop, 0, {}});
        const Interval most = index_.bounds(*extent);
        if (most.hi) index_.var(k).hi = std::max<int64_t>(*most.hi, 1) - 1;
        // k + shift runs from `begin` on.
        substitute(ctx_, inner.body, {{inner.var, index_.sub(index_.add(index_.of(k), *begin), shift_)}});
        inner.var = k, inner.begin = index_.constant(0), inner.extent = *extent;
        body.ops.push_back(std::move(iterations));
        auto last = stored();
        if (!last) return std::nullopt;
        body.ops.push_back(std::move(*last));
        substitute(ctx_, body, {{old_, segment}});
        if (uses(ctx_, body, block_) || uses(ctx_, body, old_)) return std::nullopt;
        out.body = std::move(body);
        std::vector<Diagnostic> shared;
        check_ownership(ctx_, out, shared);
        return shared.empty() ? std::optional(std::move(out)) : std::nullopt;
    }

    int64_t count() const { return static_cast<int64_t>(runs_.size()); }

  private:
    // A store of the sum, and when.
    struct Leaf {
        tile::Map map;
        std::vector<IndexId> conds;
        bool adds = false;
    };
    // What a block does for a segment: iterations [begin, end) of k + shift; the leaves that it reaches, by bit.
    struct Run {
        int64_t block, begin, end;
        uint64_t leaves;
    };

    // ---- the loop's parts: statements, the loop of the sum, stores ----
    bool parts() {
        const auto& ops = loop_.body.ops;
        const auto is_loop = [](const tile::Op& op) { return std::holds_alternative<tile::For>(op.v); };
        const auto at = std::find_if(ops.begin(), ops.end(), is_loop);
        if (at == ops.end()) return false;
        inner_ = at - ops.begin();
        for (auto op = ops.begin(); op != at; ++op)
            if (std::holds_alternative<tile::If>(op->v)) return false;
        std::vector<IndexId> conds;
        for (auto op = at + 1; op != ops.end(); ++op)
            if (!leaf(*op, conds)) return false;
        return !leaves_.empty() && leaves_.size() <= 64;
    }
    bool leaf(const tile::Op& op, std::vector<IndexId>& conds) {
        if (auto* branch = std::get_if<tile::If>(&op.v)) {
            const auto side = [&](const tile::Region& region, IndexId cond) {
                conds.push_back(cond);
                const bool fits = std::all_of(region.ops.begin(), region.ops.end(),
                                              [&](const tile::Op& inner) { return leaf(inner, conds); });
                conds.pop_back();
                return fits;
            };
            return side(branch->then, branch->cond) && side(branch->otherwise, index_.logical_not(branch->cond));
        }
        const auto map = store_to_tensor(ctx_, launch_, op);
        if (!map) return false;
        const tile::Store& store = map->stores[0];
        if (store.combine != tile::Combine::None && store.combine != tile::Combine::Add) return false;
        leaves_.push_back({*map, conds, store.combine == tile::Combine::Add});
        loc_ = op.loc;
        return true;
    }
    const tile::For& inner() const { return std::get<tile::For>(loop_.body.ops[static_cast<size_t>(inner_)].v); }

    // ---- the sum: a buffer that starts at 0, that the inner loop only adds to, and that the stores store ----
    bool sums() {
        for (const Leaf& leaf : leaves_) {
            const tile::Store& store = leaf.map.stores[0];
            LaneNode value = ctx_.lanes.node(store.value);
            while (value.op == LaneOp::Apply && value.fn == tensix::TileFn::Cast) value = ctx_.lanes.node(value.a);
            if (store.cond || value.op != LaneOp::Read || value.ref.is_tensor()) return false;
            if (sum_ && *sum_ != value.ref.buffer) return false;
            sum_ = value.ref.buffer;
        }
        bool cleared = false, fits = true;
        for (std::ptrdiff_t i = 0; i < inner_; ++i) {
            const tile::Op& op = loop_.body.ops[static_cast<size_t>(i)];
            if (!touches(op, *sum_)) continue;
            auto* fill = std::get_if<tile::Fill>(&op.v);
            fits = fits && fill && fill->value == 0 && whole(fill->dst);
            cleared = true;
        }
        std::set<BufferId> written;
        each_op(inner().body, [&](const tile::Op& op) {
            if (std::holds_alternative<tile::For>(op.v) || std::holds_alternative<tile::If>(op.v)) return;
            note_written(op, written, fits);
            if (!touches(op, *sum_)) return;
            auto* gemm = std::get_if<tile::Gemm>(&op.v);
            fits = fits && ((gemm && !gemm->clear && gemm->a.ref.buffer != *sum_ && gemm->b.ref.buffer != *sum_) ||
                            adds_to_sum(op));
        });
        // Nothing else goes from one iteration to the next.
        std::set<BufferId> given{*sum_};
        for (size_t b = 0; b < launch_.buffers.size(); ++b)
            if (!written.count(BufferId(b))) given.insert(BufferId(b));
        return cleared && fits && independent(ctx_, launch_, inner().body, given);
    }
    bool whole(const Access& access) const {
        const auto& shape = launch_.buffers[access.ref.buffer.v].shape;
        for (size_t d = 0; d < shape.size(); ++d)
            if (fixed_value(index_, access.offset[d]) != 0 || index_.as_const(access.extent[d]) != shape[d])
                return false;
        return true;
    }
    // sum[i] = sum[i] + value, where the value does not read the sum.
    bool adds_to_sum(const tile::Op& op) {
        auto* map = std::get_if<tile::Map>(&op.v);
        if (!map || map->stores.size() != 1) return false;
        const tile::Store& store = map->stores[0];
        const LaneNode value = ctx_.lanes.node(store.value);
        if (store.ref.buffer != *sum_ || store.cond || value.op != LaneOp::Apply || value.fn != tensix::TileFn::Add)
            return false;
        const auto is_old = [&](LaneId id) {
            const LaneNode& node = ctx_.lanes.node(id);
            return node.op == LaneOp::Read && node.ref == store.ref && node.indices == store.indices;
        };
        const LaneId other = is_old(value.a) ? value.b : value.a;
        bool reads = false;
        for_each_read(ctx_.lanes, other, [&](const LaneNode& read) { reads = reads || read.ref == store.ref; });
        return (is_old(value.a) || is_old(value.b)) && !reads;
    }
    void note_written(const tile::Op& op, std::set<BufferId>& written, bool& fits) const {
        const auto note = [&](Ref ref) {
            fits = fits && !ref.is_tensor();
            written.insert(ref.buffer);
        };
        if (auto* copy = std::get_if<tile::Copy>(&op.v))
            note(copy->dst.ref);
        else if (auto* fill = std::get_if<tile::Fill>(&op.v))
            note(fill->dst.ref);
        else if (auto* gemm = std::get_if<tile::Gemm>(&op.v))
            note(gemm->c.ref);
        else if (auto* reduce = std::get_if<tile::Reduce>(&op.v))
            note(reduce->dst.ref);
        else if (auto* map = std::get_if<tile::Map>(&op.v))
            for (const tile::Store& store : map->stores) note(store.ref);
        else
            fits = false;
    }
    bool touches(const tile::Op& op, BufferId buffer) const {
        bool found = false;
        each<BufferId>(op, [&](BufferId id) { found = found || id == buffer; });
        each<LaneId>(op, [&](LaneId id) {
            for_each_read(ctx_.lanes, id, [&](const LaneNode& read) { found = found || read.ref.buffer == buffer; });
        });
        return found;
    }

    // ---- h: the inner loop's expressions use the block only as k + h ----
    void find_shift() {
        const VarId k = inner().var;
        shift_ = index_.constant(0);
        bool found = false;
        const auto look = [&](IndexId id) {
            if (found || !id || !index_.uses(id, block_)) return;
            const auto step = index_.linear_coefficient(id, k);
            if (!step || *step == 0) return;
            // The terms of the sum that use the block.
            IndexId of_block = index_.constant(0);
            const auto terms = [&](auto&& self, IndexId term) -> void {
                const IndexNode node = index_.node(term);
                if (node.op == IndexOp::Add) return self(self, node.a), self(self, node.b);
                if (index_.uses(term, block_)) of_block = index_.add(of_block, term);
            };
            terms(terms, index_.add(id, index_.constant(0)));  // as a sum of products
            const auto divided = divide(of_block, *step);
            if (!divided) return;
            shift_ = *divided;
            found = true;
        };
        const tile::Region body = inner().body;  // expressions are added while looking
        each<IndexId>(body, look);
        each<LaneId>(body, [&](LaneId id) {
            each_lane_node(ctx_.lanes, id, [&](const LaneNode& node) {
                for (const IndexId i : node.indices) look(i);
            });
        });
    }
    // A sum of multiples of c, divided by it.
    std::optional<IndexId> divide(IndexId sum, int64_t c) {
        const IndexNode node = index_.node(sum);
        if (c == 1) return sum;
        if (node.op == IndexOp::Add) {
            const auto a = divide(node.a, c), b = divide(node.b, c);
            return a && b ? std::optional(index_.add(*a, *b)) : std::nullopt;
        }
        if (const auto value = index_.as_const(sum); value && *value % c == 0) return index_.constant(*value / c);
        const auto factor = node.op == IndexOp::Mul ? index_.as_const(node.b) : std::nullopt;
        if (factor && *factor % c == 0) return index_.mul(node.a, index_.constant(*factor / c));
        return std::nullopt;
    }

    // ---- which block does what for each segment ----
    bool enumerate() {
        std::map<int64_t, std::vector<Run>> runs;
        int64_t points = 0;
        for (int64_t block = 0; block < blocks_; ++block) {
            IndexEnv env{{block_, block}};
            const auto begin = index_.eval(loop_.begin, env), extent = index_.eval(loop_.extent, env);
            if (!begin || !extent) return false;
            for (int64_t segment = *begin; segment < *begin + *extent; ++segment) {
                if (++points > kEnumerated) return false;
                env[old_] = segment;
                const auto from = index_.eval(inner().begin, env), n = index_.eval(inner().extent, env),
                           shift = index_.eval(shift_, env);
                if (!from || !n || !shift) return false;
                Run run{block, *from + *shift, *from + *shift + std::max<int64_t>(*n, 0), 0};
                for (size_t i = 0; i < leaves_.size(); ++i) {
                    bool reached = true;
                    for (const IndexId cond : leaves_[i].conds) {
                        const auto value = index_.eval(cond, env);
                        if (!value) return false;
                        reached = reached && *value;
                    }
                    run.leaves |= uint64_t(reached) << i;
                }
                runs[segment].push_back(run);
            }
        }
        if (points == 0) return false;
        first_ = runs.begin()->first;
        for (const auto& [segment, of_segment] : runs) {
            if (segment != first_ + static_cast<int64_t>(runs_.size())) return false;  // one that nobody computes
            runs_.push_back(of_segment);
        }
        return true;
    }
    // The iterations of each segment, one after the other without gap or overlap.
    bool ranges() {
        for (const std::vector<Run>& runs : runs_) {
            for (size_t i = 0; i < leaves_.size(); ++i) {
                const auto reaches = [&](const Run& run) { return run.leaves >> i & 1; };
                const bool any = std::any_of(runs.begin(), runs.end(), reaches);
                // All add, or one stores.
                if (any && (leaves_[i].adds ? !std::all_of(runs.begin(), runs.end(), reaches) : runs.size() != 1))
                    return false;
            }
            std::vector<std::pair<int64_t, int64_t>> parts;
            for (const Run& run : runs)
                if (run.begin < run.end) parts.emplace_back(run.begin, run.end);
            if (parts.empty()) parts.emplace_back(runs[0].begin, runs[0].begin);
            std::sort(parts.begin(), parts.end());
            for (size_t i = 1; i < parts.size(); ++i)
                if (parts[i].first != parts[i - 1].second) return false;
            begins_.push_back(parts.front().first);
            extents_.push_back(parts.back().second - parts.front().first);
        }
        return true;
    }

    // ---- the stores, as one ----
    std::optional<tile::Op> stored() {
        std::optional<tile::Map> out;
        std::vector<bool> covered(runs_.size());
        for (size_t i = 0; i < leaves_.size(); ++i) {
            std::vector<bool> reached;
            for (size_t s = 0; s < runs_.size(); ++s) {
                reached.push_back(runs_[s][0].leaves >> i & 1);
                if (reached[s] && covered[s]) return std::nullopt;  // two stores of one segment
                covered[s] = covered[s] || reached[s];
            }
            if (std::none_of(reached.begin(), reached.end(), [](bool b) { return b; })) continue;
            if (!out) {
                out = leaves_[i].map;
                continue;
            }
            const auto cond = condition(i, reached);
            if (!cond) return std::nullopt;
            out = choose_store(ctx_, *cond, leaves_[i].map, *out);
            if (!out) return std::nullopt;
        }
        if (!out || !std::all_of(covered.begin(), covered.end(), [](bool b) { return b; })) return std::nullopt;
        return tile::Op{std::move(*out), loc_};
    }
    // True for the segments where the leaf is reached.
    std::optional<IndexId> condition(size_t leaf, const std::vector<bool>& reached) {
        if (const auto short_one = fit_condition(index_, reached, segment_)) return short_one;
        // One of the blocks near the segment has it in its range and reaches the leaf.
        std::vector<int64_t> least, most;
        for (const std::vector<Run>& runs : runs_) {
            least.push_back(runs.front().block);
            most.push_back(runs.back().block);
        }
        const IndexId near = fit_below(index_, least, segment_);
        int64_t tried = 0;
        for (size_t s = 0; s < most.size(); ++s)
            tried = std::max(tried, most[s] - index_.eval(near, {{segment_, static_cast<int64_t>(s)}}).value_or(0) + 1);
        if (tried > kBlocksTried) return std::nullopt;
        const IndexId segment = index_.add(index_.of(segment_), index_.constant(first_));
        IndexId any = index_.constant(0);
        for (int64_t i = 0; i < tried; ++i) {
            const IndexId block = index_.add(near, index_.constant(i));
            IndexId all =
                index_.logical_and(index_.le(index_.constant(0), block), index_.lt(block, index_.constant(blocks_)));
            const IndexSubst here{{block_, block}, {old_, segment}};
            const IndexId begin = index_.substitute(loop_.begin, here);
            all = index_.logical_and(all, index_.le(begin, segment));
            all = index_.logical_and(all, index_.lt(segment, index_.add(begin, index_.substitute(loop_.extent, here))));
            for (const IndexId cond : leaves_[leaf].conds) all = index_.logical_and(all, index_.substitute(cond, here));
            any = index_.logical_or(any, all);
        }
        for (size_t s = 0; s < reached.size(); ++s)
            if (index_.eval(any, {{segment_, static_cast<int64_t>(s)}}) != reached[s]) return std::nullopt;
        return any;
    }

    Context& ctx_;
    IndexArena& index_;
    const tile::Launch& launch_;
    const tile::For& loop_;
    VarId block_, old_, segment_;
    int64_t blocks_ = 0, first_ = 0;
    std::ptrdiff_t inner_ = 0;  // position of the inner loop
    std::vector<Leaf> leaves_;
    std::optional<BufferId> sum_;
    LocId loc_;
    IndexId shift_;
    std::vector<std::vector<Run>> runs_;  // of each segment from first_ on, by block
    std::vector<int64_t> begins_, extents_;
};

// Statements [begin, end) of the launch, as a launch; its axis has a name of its own.
tile::Launch part_of(Context& ctx, const tile::Launch& launch, size_t begin, size_t end) {
    tile::Launch out = launch;
    out.body.ops.assign(launch.body.ops.begin() + static_cast<std::ptrdiff_t>(begin),
                        launch.body.ops.begin() + static_cast<std::ptrdiff_t>(end));
    Var axis = ctx.index.var(launch.grid[0]);
    out.grid[0] = ctx.index.new_var(axis);
    substitute(ctx, out.body, {{launch.grid[0], ctx.index.of(out.grid[0])}});
    return out;
}

// The launches that the launch becomes; none where it stays as it is.
std::vector<tile::Launch> split(Context& ctx, const tile::Launch& launch, std::vector<Diagnostic>& remarks) {
    if (launch.grid.size() != 1) return {};
    for (size_t i = 0; i < launch.body.ops.size(); ++i) {
        const tile::Op& op = launch.body.ops[i];
        auto* loop = std::get_if<tile::For>(&op.v);
        if (!loop) continue;
        Context trial = ctx;
        Segments segments(trial, launch, *loop);
        auto over = segments.run();
        if (!over) continue;
        std::vector<tile::Launch> out;
        if (i > 0) out.push_back(part_of(trial, launch, 0, i));
        out.push_back(std::move(*over));
        if (i + 1 < launch.body.ops.size()) out.push_back(part_of(trial, launch, i + 1, launch.body.ops.size()));
        const bool apart = std::all_of(out.begin(), out.end(),
                                       [&](const tile::Launch& part) { return independent(trial, part, part.body); });
        if (!apart) continue;
        const std::string axis = ctx.index.var(launch.grid[0]).name;
        remarks.push_back({Severity::Note,
                           "TT2094",
                           "the " + print(ctx.index, launch.grid_extents[0]) + " blocks of `" + axis +
                               "` share out the work of " + std::to_string(segments.count()) + " values of `" +
                               ctx.index.var(loop->var).name +
                               "`; each of those is a block here, and all cores share them",
                           {ctx.loc(op.loc ? op.loc : launch.loc)},
                           {},
                           {},
                           {}});
        ctx = std::move(trial);
        return out;
    }
    return {};
}

}  // namespace

TileProgram merge_segments(const TileProgram& program) {
    TileProgram out = program;
    std::vector<tile::Launch> launches;
    for (const tile::Launch& launch : program.launches) {
        std::vector<tile::Launch> parts = split(out.ctx, launch, out.remarks);
        if (parts.empty()) parts.push_back(launch);
        std::move(parts.begin(), parts.end(), std::back_inserter(launches));
    }
    out.launches = std::move(launches);
    return out;
}

}  // namespace tilelang_tt
