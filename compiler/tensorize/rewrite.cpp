#include "compiler/tensorize/rewrite.h"

#include "compiler/ir/walk.h"

namespace tilelang_tt {

std::vector<int> count_uses(const graph::Launch& launch) {
    std::vector<int> uses(launch.values.size());
    each<ValueId>(launch.body, [&](ValueId id) {
        if (id) ++uses[id.v];
    });
    return uses;
}

ValueId Replacements::operator()(ValueId id) const {
    for (auto it = map_.find(id); it != map_.end(); it = map_.find(id)) id = it->second;
    return id;
}

void Replacements::apply(graph::Region& region) const {
    if (map_.empty()) return;
    each<ValueId>(region, [&](ValueId& id) { id = (*this)(id); });
}

}  // namespace tilelang_tt
