// What the steps of the atomics pass share: each step is a class of its own over one launch, in a file of its own.
// Internal to compiler/map; the pass and its rules: compiler/map/atomics.h.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "compiler/ir/diagnostics.h"
#include "compiler/ir/target.h"
#include "compiler/ir/tile_program.h"

namespace tilelang_tt::atomics {

bool any_atomic(const tile::Map& map);
// The one atomic store of a body on its own (after isolate_stores), nullptr where there is none.
tile::Store* atomic_of(tile::Op& op);
// "T.atomic_add" …
std::string_view user_name(tile::Combine combine);
// Contributions are combined in fp32 where the tensor is narrower, and rounded once.
DType work_dtype(DType dtype);
tensix::TileFn combine_fn(tile::Combine combine);
// The value before the rounding to a narrower tensor.
LaneId unrounded(Context& ctx, LaneId value, DType work);

class Step {
  public:
    Step(TileProgram& program, tile::Launch& launch, const Target& target, std::vector<Diagnostic>& errors)
        : program_(program),
          ctx_(program.ctx),
          index_(program.ctx.index),
          launch_(launch),
          target_(target),
          errors_(errors) {}

  protected:
    // TT2020, once.
    void refuse(LocId loc, std::string message, std::string fix);
    // Iterations of the loop contribute to the same elements of the store's tensor and turn to others between them.
    void refuse_loop(const tile::Store& store, const tile::For& loop, LocId loc);
    void remark(std::string message);  // TT2091, at the launch

    DType dtype(Ref ref) const;
    const std::string& name(Ref ref) const;
    bool uses(const std::vector<IndexId>& indices, VarId var) const;

    LaneId cast(LaneId value, DType to);
    LaneId combined(tile::Combine combine, DType type, LaneId a, LaneId b);
    LaneId unrounded(LaneId value, DType work);
    // The store replaces what is there by that combined with its value.
    void in_place(tile::Store& store);

    // A buffer with an element for each of the lanes.
    Ref new_buffer(const std::string& like, DType type, const std::vector<int64_t>& extents, LocId loc);
    Access whole(Ref buffer);
    void one_block(tile::Launch& launch);

    // The lanes that the indices use, in the order of the dimensions, and those that they do not.
    struct Lanes {
        std::vector<VarId> used, others;
    };
    Lanes lanes_of(const tile::Map& map);
    std::vector<IndexId> as_indices(const std::vector<VarId>& lanes);
    std::vector<int64_t> extents_of(const tile::Map& map, const std::vector<VarId>& lanes);
    // A body of that store over those lanes of `map`.
    tile::Map over(const tile::Map& map, const std::vector<VarId>& lanes, tile::Store store);

    TileProgram& program_;
    Context& ctx_;
    IndexArena& index_;
    tile::Launch& launch_;
    const Target& target_;
    std::vector<Diagnostic>& errors_;
};

// ---- the steps, in order; each is constructed from another Step ----

// Each atomic store alone in its T.Parallel, with every lane in its indices, and to a tensor.
void isolate_stores(const Step& launch);
// Blocks that contribute to the same elements become a loop around the block, or are left apart.
void blocks_in_series(const Step& launch);
// Contributions of a loop's iterations to the same elements are combined in a buffer and joined after the loop.
void sums_of_loops(const Step& launch);
// What is left is made by one block, for elements that it alone reaches, or stored apart. Returns the launches that add
// up what blocks have stored apart, to follow this one.
std::vector<tile::Launch> give_owners(const Step& launch);

}  // namespace tilelang_tt::atomics
