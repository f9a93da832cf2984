#include "compiler/map/ownership.h"

#include <algorithm>
#include <map>

#include "compiler/ir/text.h"
#include "compiler/map/access.h"

namespace tilelang_tt {
namespace {

// Blocks × loop iterations of one store that are enumerated where no closed form decides.
constexpr int64_t kEnumerated = 1 << 16;

class OwnershipChecker {
  public:
    OwnershipChecker(Context& ctx, const tile::Launch& launch, std::vector<Diagnostic>& errors)
        : ctx_(ctx), launch_(launch), errors_(errors) {}

    void run() {
        for (size_t i = 0; i < launch_.grid.size(); ++i)
            scope_.push_back({launch_.grid[i], ctx_.index.constant(0), launch_.grid_extents[i]});
        check(launch_.body);
    }

  private:
    struct Range {
        VarId var;
        IndexId begin, extent;
    };

    void check(const tile::Region& region) {
        for (const tile::Op& op : region.ops) {
            if (auto* loop = std::get_if<tile::For>(&op.v)) {
                scope_.push_back({loop->var, loop->begin, loop->extent});
                check(loop->body);
                scope_.pop_back();
            } else if (auto* branch = std::get_if<tile::If>(&op.v)) {
                conds_.push_back(branch->cond);
                check(branch->then);
                conds_.back() = ctx_.index.logical_not(branch->cond);
                check(branch->otherwise);
                conds_.pop_back();
            } else if (auto* copy = std::get_if<tile::Copy>(&op.v)) {
                check(copy->dst, op.loc);
            } else if (auto* fill = std::get_if<tile::Fill>(&op.v)) {
                check(fill->dst, op.loc);
            } else if (auto* gemm = std::get_if<tile::Gemm>(&op.v)) {
                check(gemm->c, op.loc);
            } else if (auto* reduce = std::get_if<tile::Reduce>(&op.v)) {
                check(reduce->dst, op.loc);
            } else if (auto* map = std::get_if<tile::Map>(&op.v)) {
                for (const tile::Store& store : map->stores) check(*map, store, store.loc ? store.loc : op.loc);
            }
        }
    }

    void check(const Access& access, LocId loc) {
        if (!access.ref.is_tensor()) return;
        std::vector<int64_t> extent;
        for (IndexId id : access.extent) extent.push_back(ctx_.index.as_const(id).value_or(1));
        check(access.ref.tensor, access.offset, extent, loc);
    }

    void check(const tile::Map& map, const tile::Store& store, LocId loc) {
        if (!store.ref.is_tensor()) return;
        std::string problem;
        auto access = lane_access(ctx_.index, map, store.indices, problem);
        if (!access) return;  // refused by the layout
        std::vector<int64_t> extent;
        for (VarId lane : access->lane) extent.push_back(lane ? lane_extent(ctx_.index, map, lane).value_or(1) : 1);
        bool guarded = store.cond && std::none_of(map.vars.begin(), map.vars.end(),
                                                  [&](VarId lane) { return ctx_.index.uses(store.cond, lane); });
        if (guarded) conds_.push_back(store.cond);
        check(store.ref.tensor, access->base, extent, loc);
        if (guarded) conds_.pop_back();
    }

    void check(TensorId tensor, const std::vector<IndexId>& offset, const std::vector<int64_t>& extent, LocId loc) {
        std::vector<VarId> shared;
        for (size_t i = 0; i < launch_.grid.size(); ++i)
            if (ctx_.index.as_const(launch_.grid_extents[i]) != 1) shared.push_back(launch_.grid[i]);
        for (size_t d = 0; d < offset.size(); ++d)
            for (VarId var : separated(offset[d], extent[d])) std::erase(shared, var);
        if (shared.empty() || disjoint_by_enumeration(offset, extent)) return;
        const std::string axis = ctx_.index.var(shared.front()).name;
        errors_.push_back({Severity::Error,
                           "TT2006",
                           "blocks that differ in `" + axis + "` write the same elements of `" +
                               ctx_.tensor(tensor).name + "`, or cannot be proven not to",
                           {ctx_.loc(loc)},
                           {},
                           {},
                           "let every block store its own part, or guard the store, e.g. `if " + axis + " == 0`"});
    }

    // The grid axes whose blocks are kept apart by this dimension: offset is a mixed-radix number of grid axes and
    // loops, each of which steps over everything that the smaller ones reach.
    std::vector<VarId> separated(IndexId offset, int64_t extent) {
        struct Digit {
            int64_t step;
            std::optional<int64_t> count;
            VarId var;
            bool grid;
        };
        std::vector<Digit> digits;
        for (VarId var : ctx_.index.vars_of(offset)) {
            auto range = std::find_if(scope_.begin(), scope_.end(), [&](const Range& r) { return r.var == var; });
            if (range == scope_.end()) continue;  // a symbol: the same for every block
            auto step = ctx_.index.linear_coefficient(offset, var);
            if (!step) return {};
            // A loop whose bounds depend on the block is no digit.
            if (ctx_.index.as_const(range->begin) == std::nullopt) return {};
            digits.push_back({std::abs(*step), ctx_.index.as_const(range->extent), var,
                              range - scope_.begin() < static_cast<ptrdiff_t>(launch_.grid.size())});
        }
        std::sort(digits.begin(), digits.end(), [](const Digit& a, const Digit& b) { return a.step < b.step; });
        std::vector<VarId> grid;
        std::optional<int64_t> reach = extent;
        for (const Digit& digit : digits) {
            if (!reach || digit.step < *reach) return {};
            if (digit.grid) grid.push_back(digit.var);
            reach = digit.count ? std::optional(*reach + digit.step * (std::max<int64_t>(*digit.count, 1) - 1))
                                : std::nullopt;
        }
        return grid;
    }

    bool disjoint_by_enumeration(const std::vector<IndexId>& offset, const std::vector<int64_t>& extent) {
        int64_t points = 1;
        for (const Range& range : scope_) {
            auto count = ctx_.index.as_const(range.extent);
            if (!count || *count <= 0 || !ctx_.index.as_const(range.begin)) return false;
            points *= *count;
            if (points > kEnumerated) return false;
        }
        std::map<std::vector<int64_t>, int64_t> owner;  // of a block's origin in units of its size
        int64_t blocks = 1;
        for (size_t i = 0; i < launch_.grid.size(); ++i) blocks *= *ctx_.index.as_const(scope_[i].extent);
        for (int64_t p = 0; p < points; ++p) {
            IndexEnv env;
            int64_t rest = p;
            for (const Range& range : scope_) {  // grid axes first: p % blocks is the block
                int64_t count = *ctx_.index.as_const(range.extent);
                env[range.var] = *ctx_.index.as_const(range.begin) + rest % count;
                rest /= count;
            }
            bool runs = true;
            for (IndexId cond : conds_) {
                auto value = ctx_.index.eval(cond, env);
                if (!value) return false;
                runs = runs && *value != 0;
            }
            if (!runs) continue;
            std::vector<int64_t> origin;
            for (size_t d = 0; d < offset.size(); ++d) {
                auto at = ctx_.index.eval(offset[d], env);
                if (!at || *at % extent[d] != 0) return false;
                origin.push_back(*at);
            }
            auto [it, fresh] = owner.emplace(origin, p % blocks);
            if (!fresh && it->second != p % blocks) return false;
        }
        return true;
    }

    Context& ctx_;
    const tile::Launch& launch_;
    std::vector<Diagnostic>& errors_;
    std::vector<Range> scope_;  // the grid's axes, then the loops around
    std::vector<IndexId> conds_;
};

}  // namespace

void check_ownership(Context& ctx, const tile::Launch& launch, std::vector<Diagnostic>& errors) {
    OwnershipChecker(ctx, launch, errors).run();
}

}  // namespace tilelang_tt
