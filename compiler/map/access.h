// How the elements that a statement touches lie in a tensor or buffer: shared by map and tensorize.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "compiler/ir/context.h"
#include "compiler/ir/tile_program.h"

namespace tilelang_tt {

// One read or store of a T.Parallel body, dimension by dimension: base[d] plus, where lane[d] is valid, that lane.
struct LaneAccess {
    std::vector<IndexId> base;  // the index with every lane at 0
    std::vector<VarId> lane;    // that runs over the dimension with step 1; invalid: none does
};

// nullopt where the indices are not of that kind; problem then says why ("its index `i * 64 + j` runs over two lanes").
// A lane of extent 1 counts as 0.
std::optional<LaneAccess> lane_access(IndexArena& index, const tile::Map& map, const std::vector<IndexId>& indices,
                                      std::string& problem);

// The constant value of a lane's extent; nullopt if it is not constant.
std::optional<int64_t> lane_extent(const IndexArena& index, const tile::Map& map, VarId lane);

// True if the elements [offset, offset + n) start at a tile's edge wherever the expression's variables may be.
bool tile_aligned(const IndexArena& index, IndexId offset);

// The value of an expression whose bounds meet, e.g. bx * 48 on a grid axis of extent 1.
std::optional<int64_t> fixed_value(const IndexArena& index, IndexId id);

// True if `cond` holds for every element inside the tensor: a guard that only excludes stores (or reads) that have no
// effect anyway. indices: those of the access.
bool implied_in_bounds(IndexArena& index, IndexId cond, const Tensor& tensor, const std::vector<IndexId>& indices);

// What each op of the region, nested ones included, writes to, in order; a Map calls visit once a store.
void for_each_write(const tile::Region& region, const std::function<void(Ref)>& visit);

// Each Read under `root` once, operands before what uses them.
void for_each_read(const LaneArena& lanes, LaneId root, const std::function<void(const LaneNode&)>& visit);

}  // namespace tilelang_tt
