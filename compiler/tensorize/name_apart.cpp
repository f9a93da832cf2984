#include <unordered_set>

#include "compiler/ir/walk.h"
#include "compiler/tensorize/simplify.h"

namespace tilelang_tt {

void name_apart(graph::Launch& launch) {
    std::unordered_set<std::string> taken;
    each_def(launch.body, [&](ValueId id) {
        std::string& name = launch.values[id.v].name;
        const std::string base = name;
        for (int i = 1; !taken.insert(name).second; ++i) name = base + "_" + std::to_string(i);
    });
}

}  // namespace tilelang_tt
