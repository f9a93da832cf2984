// Which parts of a block's work need nothing that its buffers held before.
#pragma once

#include <set>

#include "compiler/ir/tile_program.h"

namespace tilelang_tt {

// Does every buffer get a new value in each run of the region, before anything reads it? Those of `given` need none.
bool independent(Context& ctx, const tile::Launch& launch, const tile::Region& region,
                 const std::set<BufferId>& given = {});

}  // namespace tilelang_tt
