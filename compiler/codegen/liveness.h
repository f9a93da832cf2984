// A region without what has no effect: definitions that nobody uses, loops and branches that do nothing. Loops that
// only count begin at 0.
#pragma once

#include <unordered_set>

#include "compiler/ir/context.h"
#include "compiler/ir/tensix_program.h"

namespace tilelang_tt::codegen {

struct Live {
    prog::Region region;
    std::unordered_set<VarId> vars;  // that the region reads
};
Live without_dead_code(Context& ctx, prog::Region region);

}  // namespace tilelang_tt::codegen
