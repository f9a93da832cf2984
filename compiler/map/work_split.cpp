#include "compiler/map/work_split.h"

#include <algorithm>

namespace tilelang_tt {

WorkSplit split_work(const Context& ctx, const tile::Launch& launch, const Target& target) {
    WorkSplit split;
    split.order.assign(launch.grid.rbegin(), launch.grid.rend());
    split.grid_x = target.grid_x;
    split.grid_y = target.grid_y;
    split.cores = int64_t{target.grid_x} * target.grid_y;
    int64_t blocks = 1;
    for (IndexId extent : launch.grid_extents) {
        auto count = ctx.index.as_const(extent);
        if (!count) return split;  // known when the kernel is called
        blocks *= *count;
    }
    split.cores = std::clamp<int64_t>(blocks, 1, split.cores);
    return split;
}

}  // namespace tilelang_tt
