#include <iterator>

#include "compiler/tensorize/rewrite.h"
#include "compiler/tensorize/simplify.h"

namespace tilelang_tt {
namespace {

void fold(const Context& ctx, graph::Region& region, Replacements& replace, bool& changed) {
    std::vector<graph::Op> out;
    for (graph::Op& op : region.ops) {
        for_each_region(op, [&](graph::Region& inner) { fold(ctx, inner, replace, changed); });
        auto* branch = std::get_if<graph::If>(&op.v);
        bool yes = branch && ctx.index.always_true(branch->cond), no = branch && ctx.index.always_false(branch->cond);
        if (!yes && !no) {
            out.push_back(std::move(op));
            continue;
        }
        changed = true;
        graph::Region taken = std::move(yes ? branch->then : branch->otherwise);
        const std::vector<ValueId> values = yields(taken);
        for (size_t i = 0; i < values.size(); ++i) replace.add(branch->results[i].id, values[i]);
        taken.ops.pop_back();
        std::move(taken.ops.begin(), taken.ops.end(), std::back_inserter(out));
    }
    region.ops = std::move(out);
}

}  // namespace

bool fold_branches(const Context& ctx, graph::Launch& launch) {
    Replacements replace;
    bool changed = false;
    fold(ctx, launch.body, replace, changed);
    replace.apply(launch.body);
    return changed;
}

}  // namespace tilelang_tt
