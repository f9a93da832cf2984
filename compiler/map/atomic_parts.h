// How many cores share the contributions to the same elements.
#pragma once

#include <vector>

#include "compiler/ir/target.h"
#include "compiler/ir/tile_program.h"

namespace tilelang_tt {

struct Parts {
    size_t axis = 0;    // of the launch's grid
    int64_t count = 1;  // divides its extent
};

// axes: those of the launch's grid that no target of an atomic depends on; at least one. One part: one core computes
// all contributions to its elements one after the other. More: as many cores compute a share each and store it apart,
// and a second launch combines the shares. The choice is the one of least time in a model of compute, NoC and DRAM; one
// part where the grid or a block's work is not known now.
Parts choose_parts(const Context& ctx, const tile::Launch& launch, const std::vector<size_t>& axes,
                   const Target& target);

}  // namespace tilelang_tt
