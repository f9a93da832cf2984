#include <algorithm>

#include "compiler/tensorize/rewrite.h"
#include "compiler/tensorize/simplify.h"

namespace tilelang_tt {
namespace {

bool has_effect(const graph::Region& region) {
    for (const graph::Op& op : region.ops) {
        if (std::holds_alternative<graph::Store>(op.v)) return true;
        bool inner = false;
        for_each_region(op, [&](const graph::Region& r) { inner = inner || has_effect(r); });
        if (inner) return true;
    }
    return false;
}

// Live values by a backward walk that follows a carried value into a loop only once something wants it.
class Liveness {
  public:
    explicit Liveness(const graph::Launch& launch) : live_(launch.values.size()) {
        while (changed_) {
            changed_ = false;
            mark(launch.body);
        }
    }
    bool operator()(ValueId id) const { return live_[id.v]; }

    // Something of the op is wanted: an effect, or a result.
    bool wanted(const graph::Op& op) const {
        if (std::holds_alternative<graph::Store>(op.v) || std::holds_alternative<graph::Yield>(op.v)) return true;
        bool any = false;
        for_each_def(op, [&](ValueId id) { any = any || live_[id.v]; });
        for_each_region(op, [&](const graph::Region& r) { any = any || has_effect(r); });
        return any;
    }

  private:
    void use(ValueId id) {
        if (!live_[id.v]) changed_ = true;
        live_[id.v] = true;
    }
    void mark(const graph::Region& region) {
        for (auto it = region.ops.rbegin(); it != region.ops.rend(); ++it) {
            if (std::holds_alternative<graph::Yield>(it->v) || !wanted(*it)) continue;  // yields: by the op around
            if (auto* loop = std::get_if<graph::For>(&it->v)) {
                const auto& last = std::get<graph::Yield>(loop->body.ops.back().v).values;
                for (size_t i = 0; i < loop->results.size(); ++i)
                    if (live_[loop->results[i].id.v] || live_[loop->body.args[i].v]) use(last[i]), use(loop->inits[i]);
                mark(loop->body);
            } else if (auto* branch = std::get_if<graph::If>(&it->v)) {
                for (const graph::Region* side : {&branch->then, &branch->otherwise}) {
                    const auto& last = std::get<graph::Yield>(side->ops.back().v).values;
                    for (size_t i = 0; i < branch->results.size(); ++i)
                        if (live_[branch->results[i].id.v]) use(last[i]);
                    mark(*side);
                }
            } else {
                for_each_use(*it, [&](ValueId id) { use(id); });
            }
        }
    }

    std::vector<bool> live_;
    bool changed_ = true;
};

template <class T>
void keep(std::vector<T>& list, const std::vector<bool>& kept) {
    size_t out = 0;
    for (size_t i = 0; i < list.size(); ++i)
        if (kept[i]) list[out++] = std::move(list[i]);
    list.resize(out);
}

bool sweep(graph::Region& region, const Liveness& live) {
    size_t removed = std::erase_if(region.ops, [&](const graph::Op& op) { return !live.wanted(op); });
    bool changed = removed > 0;
    for (graph::Op& op : region.ops) {
        if (auto* loop = std::get_if<graph::For>(&op.v)) {
            std::vector<bool> kept;
            for (size_t i = 0; i < loop->results.size(); ++i)
                kept.push_back(live(loop->results[i].id) || live(loop->body.args[i]));
            changed = changed || std::find(kept.begin(), kept.end(), false) != kept.end();
            keep(loop->results, kept);
            keep(loop->inits, kept);
            keep(loop->body.args, kept);
            keep(yields(loop->body), kept);
        } else if (auto* branch = std::get_if<graph::If>(&op.v)) {
            std::vector<bool> kept;
            for (const graph::Def& result : branch->results) kept.push_back(live(result.id));
            changed = changed || std::find(kept.begin(), kept.end(), false) != kept.end();
            keep(branch->results, kept);
            keep(yields(branch->then), kept);
            keep(yields(branch->otherwise), kept);
        }
        for_each_region(op, [&](graph::Region& inner) { changed = sweep(inner, live) || changed; });
    }
    return changed;
}

}  // namespace

bool remove_dead_values(graph::Launch& launch) { return sweep(launch.body, Liveness(launch)); }

}  // namespace tilelang_tt
