// Definitions, uses and liveness of a launch's values, as place needs them.
#pragma once

#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "compiler/ir/context.h"
#include "compiler/ir/tile_graph.h"
#include "compiler/place/affine.h"

namespace tilelang_tt::placed {

struct Definition {
    const graph::Op* op = nullptr;       // null: a loop's carried argument
    const graph::Op* loop_of = nullptr;  // of a carried argument: its loop
    size_t position = 0;                 // among the results or arguments
    const graph::Region* region = nullptr;
};

struct Use {
    const graph::Op* op = nullptr;  // For and If: as an init; Yield: of the region's parent
    const graph::Region* region = nullptr;
};

class Analysis {
  public:
    Analysis(const Context& ctx, const graph::Launch& launch);

    const Definition& definition(ValueId id) const { return definitions_[id.v]; }
    const std::vector<Use>& uses(ValueId id) const { return uses_[id.v]; }  // by live ops only
    bool live(ValueId id) const { return live_[id.v]; }
    // The value that stands for all loads of one window in one region, and for renames.
    ValueId resolve(ValueId id) const;
    // The constant of a Fill.
    const double* constant(ValueId id) const;
    // What the value follows from, if its position in the block is all.
    const Affine* affine(ValueId id) const;
    // Tests of positions all of which must hold where the value is true; null: it is not made so.
    const std::vector<Test>* mask(ValueId id) const;
    // Whether the operation's result is made where it is used, and the operation itself needs no place.
    bool made_where_used(const graph::Op& op) const;
    bool has_live_result(const graph::Op& op) const;

  private:
    void note_affine(const graph::Op& op);
    bool renames(const graph::Eltwise& op) const;
    void define(const graph::Region& region, const graph::Op* parent);
    void mark(ValueId id);
    void collect(const graph::Region& region);

    const graph::Launch& launch_;
    std::vector<Definition> definitions_;
    std::vector<std::vector<Use>> uses_;
    std::vector<bool> live_;
    std::vector<ValueId> alias_;
    const Context& ctx_;
    std::vector<std::optional<Affine>> affine_;
    std::vector<std::vector<Test>> masks_;
};

const graph::Yield* yield_of(const graph::Region& region);
std::vector<ValueId> operands_of(const graph::Op& op);  // values that the op itself reads; none of nested regions
std::vector<ValueId> results_of(const graph::Op& op);
// Each element of the result follows from its position and the elements there.
bool is_elementwise(const graph::Op& op);

}  // namespace tilelang_tt::placed
