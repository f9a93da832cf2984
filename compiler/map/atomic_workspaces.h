// Workspaces of atomics: blocks store their contributions apart, and a launch after theirs combines them.
#pragma once

#include <optional>
#include <vector>

#include "compiler/map/atomic_step.h"

namespace tilelang_tt::atomics {

class Workspaces : Step {
  public:
    explicit Workspaces(const Step& launch) : Step(launch) {}

    // A part that only some blocks or iterations contribute starts as what changes nothing: `nest` stores that, and
    // belongs before the statement `at`.
    struct Start {
        const tile::Op* at;
        tile::Op nest;
    };
    // The atomic store of `map`, in `op`, becomes one to a workspace of the tensor's shape for each of the blocks that
    // differ in the axes `apart`. around: the loops and branches around `op`, outermost first.
    std::optional<Start> put(tile::Map& map, const std::vector<size_t>& apart, const std::vector<tile::Op*>& around,
                             const tile::Op& op);

    // The launches that combine the parts and join them to the tensors.
    std::vector<tile::Launch> take_sums() { return std::move(sums_); }

  private:
    std::optional<Start> start(const tile::Map& map, tile::Combine combine, const std::vector<tile::Op*>& around,
                               const tile::Op& op);
    void add_sum(const tile::Map& map, const std::vector<size_t>& apart, const std::vector<tile::Op*>& around,
                 Ref workspace, const std::vector<IndexId>& part, LocId loc);
    int64_t cores() const { return int64_t{target_.grid_x} * target_.grid_y; }

    std::vector<tile::Launch> sums_;
};

}  // namespace tilelang_tt::atomics
