// What stands between a value's extent and the edge of its last tile (docs/semantics.md, section 1), where that is
// known.
#pragma once

#include <optional>
#include <vector>

#include "compiler/ir/context.h"
#include "compiler/ir/tile_graph.h"

namespace tilelang_tt {

// One number along an edge; nullopt: anything. An edge that is a tile's edge has nothing beyond it.
struct Rest {
    std::optional<double> rows, cols;  // below the last row, right of the last column
};

class Padding {
  public:
    // pad_is_zero: of each tensor, as the mapping has it.
    Padding(const Context& ctx, const graph::Launch& launch, std::vector<bool> pad_is_zero);

    const Rest& of(ValueId id) const { return rest_[id.v]; }
    // Notes a value that has been added to the launch.
    void note(const graph::Op& op);

  private:
    void region(const graph::Region& region);
    Rest load(const graph::Load& load);
    Rest eltwise(const graph::Eltwise& op) const;

    const Context& ctx_;
    IndexArena index_;  // to which ends of blocks are added
    const graph::Launch& launch_;
    std::vector<bool> pad_is_zero_;
    std::vector<Rest> rest_;
};

// The dimensions of a consumer's operand whose rest takes part, and what it must be not to count.
struct PadNeed {
    ValueId value;
    bool rows = false, cols = false;
    double fill = 0;
};
// Of a reduction or a matmul: the operands that end inside a tile along what is summed up. Empty for other ops.
std::vector<PadNeed> pad_needs(const graph::Launch& launch, const graph::Op& op);
// Whether the rest is as it has to be.
bool satisfied(const Rest& rest, const PadNeed& need);

}  // namespace tilelang_tt
