#include "compiler/map/ownership.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "compiler/ir/text.h"
#include "compiler/map/access.h"

namespace tilelang_tt {
namespace {

// Blocks × loop iterations × parts of all stores of a tensor that are enumerated where no closed form decides.
constexpr int64_t kEnumerated = 1 << 16;

struct Range {
    VarId var;
    IndexId begin, extent;
};

// A block of a tensor that a statement stores, and when.
struct Stored {
    TensorId tensor;
    std::vector<IndexId> offset;
    std::vector<int64_t> extent;
    std::vector<Range> scope;  // the grid's axes, then the loops around
    std::vector<IndexId> conds;
    LocId loc;
};

class OwnershipChecker {
  public:
    OwnershipChecker(Context& ctx, const tile::Launch& launch, std::vector<Diagnostic>& errors)
        : ctx_(ctx), launch_(launch), errors_(errors) {}

    void run() {
        for (size_t i = 0; i < launch_.grid.size(); ++i)
            scope_.push_back({launch_.grid[i], ctx_.index.constant(0), launch_.grid_extents[i]});
        collect(launch_.body);
        std::map<TensorId, std::vector<const Stored*>> by_tensor;
        for (const Stored& store : stores_) by_tensor[store.tensor].push_back(&store);
        for (auto& [tensor, stores] : by_tensor) check(stores);
    }

  private:
    // ---- what is stored ----
    void collect(const tile::Region& region) {
        for (const tile::Op& op : region.ops) {
            if (auto* loop = std::get_if<tile::For>(&op.v)) {
                scope_.push_back({loop->var, loop->begin, loop->extent});
                collect(loop->body);
                scope_.pop_back();
            } else if (auto* branch = std::get_if<tile::If>(&op.v)) {
                conds_.push_back(branch->cond);
                collect(branch->then);
                conds_.back() = ctx_.index.logical_not(branch->cond);
                collect(branch->otherwise);
                conds_.pop_back();
            } else if (auto* copy = std::get_if<tile::Copy>(&op.v)) {
                collect(copy->dst, op.loc);
            } else if (auto* fill = std::get_if<tile::Fill>(&op.v)) {
                collect(fill->dst, op.loc);
            } else if (auto* gemm = std::get_if<tile::Gemm>(&op.v)) {
                collect(gemm->c, op.loc);
            } else if (auto* scan = std::get_if<tile::Scan>(&op.v)) {
                collect(scan->dst, op.loc);
            } else if (auto* reduce = std::get_if<tile::Reduce>(&op.v)) {
                collect(reduce->dst, op.loc);
            } else if (auto* map = std::get_if<tile::Map>(&op.v)) {
                for (const tile::Store& store : map->stores) collect(*map, store, store.loc ? store.loc : op.loc);
            }
        }
    }

    void collect(const Access& access, LocId loc) {
        if (!access.ref.is_tensor()) return;
        std::vector<int64_t> extent;
        for (IndexId id : access.extent) extent.push_back(ctx_.index.as_const(id).value_or(1));
        stores_.push_back({access.ref.tensor, access.offset, extent, scope_, conds_, loc});
    }

    void collect(const tile::Map& map, const tile::Store& store, LocId loc) {
        if (!store.ref.is_tensor()) return;
        std::string problem;
        auto access = lane_access(ctx_.index, map, store.indices, problem);
        if (!access) return;  // refused by the layout
        std::vector<int64_t> extent;
        for (VarId lane : access->lane) extent.push_back(lane ? lane_extent(ctx_.index, map, lane).value_or(1) : 1);
        bool guarded = store.cond && std::none_of(map.vars.begin(), map.vars.end(),
                                                  [&](VarId lane) { return ctx_.index.uses(store.cond, lane); });
        stores_.push_back({store.ref.tensor, access->base, extent, scope_, conds_, loc});
        if (guarded) stores_.back().conds.push_back(store.cond);
    }

    // ---- whose it is ----
    // All stores of one tensor: each by itself and every two of them, in closed form, else all together by enumeration.
    void check(const std::vector<const Stored*>& stores) {
        std::vector<std::pair<const Stored*, const Stored*>> open;
        for (size_t i = 0; i < stores.size(); ++i) {
            if (!shared_axes(*stores[i]).empty()) open.emplace_back(stores[i], stores[i]);
            for (size_t j = 0; j < i; ++j)
                if (!shared_axes(*stores[j], *stores[i]).empty()) open.emplace_back(stores[j], stores[i]);
        }
        for (auto& [first, second] : open) {
            const bool two = first != second;
            if (disjoint_by_enumeration(two ? std::vector{first, second} : std::vector{first})) continue;
            const std::vector<VarId> shared = two ? shared_axes(*first, *second) : shared_axes(*first);
            const std::string axis = ctx_.index.var(shared.front()).name;
            Diagnostic d{Severity::Error,
                         "TT2006",
                         "blocks that differ in `" + axis + "` write the same elements of `" +
                             ctx_.tensor(first->tensor).name + "`" + (two ? " in two statements" : "") +
                             ", or cannot be proven not to",
                         {ctx_.loc(second->loc)},
                         {},
                         {},
                         "let every block store its own part, or guard the store, e.g. `if " + axis + " == 0`"};
            if (two) d.where.push_back(ctx_.loc(first->loc));
            errors_.push_back(std::move(d));
            return;
        }
    }

    std::vector<VarId> shared_axes() {
        std::vector<VarId> shared;
        for (size_t i = 0; i < launch_.grid.size(); ++i)
            if (ctx_.index.as_const(launch_.grid_extents[i]) != 1) shared.push_back(launch_.grid[i]);
        return shared;
    }
    // The axes whose blocks no dimension is known to keep apart.
    std::vector<VarId> shared_axes(const Stored& store) {
        std::vector<VarId> shared = shared_axes();
        for (size_t d = 0; d < store.offset.size(); ++d)
            for (VarId var : separated(store, d)) std::erase(shared, var);
        return shared;
    }
    // The same for blocks of two statements: both step by the same along the axis, over everything that either reaches.
    std::vector<VarId> shared_axes(const Stored& a, const Stored& b) {
        IndexArena& index = ctx_.index;
        for (size_t d = 0; d < a.offset.size(); ++d) {  // parts of the tensor that do not meet at all
            const Interval x = index.bounds(a.offset[d]), y = index.bounds(b.offset[d]);
            if (x.hi && y.lo && *x.hi + a.extent[d] <= *y.lo) return {};
            if (y.hi && x.lo && *y.hi + b.extent[d] <= *x.lo) return {};
        }
        std::vector<VarId> shared = shared_axes();
        std::erase_if(shared, [&](VarId axis) {
            for (size_t d = 0; d < a.offset.size(); ++d) {
                const auto step = index.linear_coefficient(a.offset[d], axis);
                if (!step || *step == 0 || index.linear_coefficient(b.offset[d], axis) != step) continue;
                const IndexSubst at_zero{{axis, index.constant(0)}};
                const Interval x = index.bounds(index.substitute(a.offset[d], at_zero));
                const Interval y = index.bounds(index.substitute(b.offset[d], at_zero));
                if (!x.lo || !x.hi || !y.lo || !y.hi) continue;
                const int64_t end = std::max(*x.hi + a.extent[d], *y.hi + b.extent[d]);
                if (end - std::min(*x.lo, *y.lo) <= std::abs(*step)) return true;
            }
            return false;
        });
        return shared;
    }
    // The grid axes whose blocks are kept apart by this dimension: offset is a mixed-radix number of grid axes and
    // loops, each of which steps over everything that the smaller ones reach.
    std::vector<VarId> separated(const Stored& store, size_t d) {
        struct Digit {
            int64_t step;
            std::optional<int64_t> count;
            VarId var;
            bool grid;
        };
        const IndexId offset = store.offset[d];
        std::vector<Digit> digits;
        for (VarId var : ctx_.index.vars_of(offset)) {
            auto range =
                std::find_if(store.scope.begin(), store.scope.end(), [&](const Range& r) { return r.var == var; });
            if (range == store.scope.end()) continue;  // a symbol: the same for every block
            auto step = ctx_.index.linear_coefficient(offset, var);
            if (!step) return {};
            // A loop whose bounds depend on the block is no digit.
            if (ctx_.index.as_const(range->begin) == std::nullopt) return {};
            digits.push_back({std::abs(*step), ctx_.index.as_const(range->extent), var,
                              range - store.scope.begin() < static_cast<ptrdiff_t>(launch_.grid.size())});
        }
        std::sort(digits.begin(), digits.end(), [](const Digit& a, const Digit& b) { return a.step < b.step; });
        std::vector<VarId> grid;
        std::optional<int64_t> reach = store.extent[d];
        for (const Digit& digit : digits) {
            if (!reach || digit.step < *reach) return {};
            if (digit.grid) grid.push_back(digit.var);
            reach = digit.count ? std::optional(*reach + digit.step * (std::max<int64_t>(*digit.count, 1) - 1))
                                : std::nullopt;
        }
        return grid;
    }

    // One store of one block.
    struct Event {
        int64_t block;
        std::vector<int64_t> origin;
        const Stored* store;
    };

    bool disjoint_by_enumeration(const std::vector<const Stored*>& stores) {
        std::vector<Event> events;
        for (const Stored* store : stores) {
            IndexEnv env;
            int64_t points = 0;
            if (!enumerate(*store, 0, 0, env, points, events)) return false;
        }
        // All in parts of one size that divides every extent and origin.
        std::vector<int64_t> part = stores[0]->extent;
        for (const Stored* store : stores)
            for (size_t d = 0; d < part.size(); ++d) part[d] = std::gcd(part[d], store->extent[d]);
        for (const Event& event : events)
            for (size_t d = 0; d < part.size(); ++d) part[d] = std::gcd(part[d], event.origin[d]);
        std::map<std::vector<int64_t>, int64_t> owner;
        int64_t count = 0;
        for (const Event& event : events) {
            std::vector<int64_t> at = event.origin;
            for (;;) {
                if (++count > kEnumerated) return false;
                auto [it, fresh] = owner.emplace(at, event.block);
                if (!fresh && it->second != event.block) return false;
                size_t d = 0;
                for (; d < at.size(); ++d) {
                    if ((at[d] += part[d]) < event.origin[d] + event.store->extent[d]) break;
                    at[d] = event.origin[d];
                }
                if (d == at.size()) break;
            }
        }
        return true;
    }

    // Appends what every block and iteration stores; false where something is not known now or it is too much.
    bool enumerate(const Stored& store, size_t level, int64_t block, IndexEnv& env, int64_t& points,
                   std::vector<Event>& events) {
        if (level < store.scope.size()) {
            const Range& range = store.scope[level];
            const auto begin = ctx_.index.eval(range.begin, env), extent = ctx_.index.eval(range.extent, env);
            if (!begin || !extent) return false;
            // One iteration stands for all of a loop that changes neither place nor condition.
            const bool matters = level < launch_.grid.size() || uses(store, level, range.var);
            for (int64_t i = 0; i < (matters ? *extent : std::min<int64_t>(*extent, 1)); ++i) {
                env[range.var] = *begin + i;
                const int64_t inner = level < launch_.grid.size() ? block * *extent + i : block;
                if (!enumerate(store, level + 1, inner, env, points, events)) return false;
            }
            return true;
        }
        if (++points > kEnumerated) return false;
        for (IndexId cond : store.conds) {
            auto value = ctx_.index.eval(cond, env);
            if (!value) return false;
            if (*value == 0) return true;
        }
        Event event{block, {}, &store};
        for (IndexId offset : store.offset) {
            auto at = ctx_.index.eval(offset, env);
            if (!at) return false;
            event.origin.push_back(*at);
        }
        events.push_back(std::move(event));
        return true;
    }

    bool uses(const Stored& store, size_t level, VarId var) {
        const auto used = [&](IndexId id) { return ctx_.index.uses(id, var); };
        return std::any_of(store.offset.begin(), store.offset.end(), used) ||
               std::any_of(store.conds.begin(), store.conds.end(), used) ||
               std::any_of(store.scope.begin() + static_cast<ptrdiff_t>(level), store.scope.end(),
                           [&](const Range& r) { return used(r.begin) || used(r.extent); });
    }

    Context& ctx_;
    const tile::Launch& launch_;
    std::vector<Diagnostic>& errors_;
    std::vector<Range> scope_;
    std::vector<IndexId> conds_;
    std::vector<Stored> stores_;
};

}  // namespace

void check_ownership(Context& ctx, const tile::Launch& launch, std::vector<Diagnostic>& errors) {
    OwnershipChecker(ctx, launch, errors).run();
}

}  // namespace tilelang_tt
