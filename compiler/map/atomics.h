// atomics: what T.atomic_add, T.atomic_max and T.atomic_min join in becomes stores that one block makes.
//
// The chip's NoC has no atomics on floats, and every tile has one writing core (docs/semantics.md). So the blocks that
// contribute to the same elements become iterations of a loop in one block ("in series"): their contributions are
// combined in a buffer, which joins the tensor's old contents once, at the end.
#pragma once

#include "compiler/ir/diagnostics.h"
#include "compiler/ir/target.h"
#include "compiler/ir/tile_program.h"

namespace tilelang_tt {

// Pre: verified. Post: no store combines. Each grid axis that became a loop is noted in the program's remarks (TT2091).
// Refused (TT2020): an atomic whose tensor the kernel also reads or stores, or of which several iterations of a loop or
// blocks of an axis reach the same elements in a way that no loop around the block makes one after the other.
Result<TileProgram> lower_atomics(const TileProgram& program, const Target& target);

}  // namespace tilelang_tt
