// atomics: what T.atomic_add, T.atomic_max and T.atomic_min join in becomes stores that one block makes.
//
// The chip's NoC has no atomics on floats, and every tile has one writing core (docs/semantics.md). So the blocks that
// contribute to the same elements become iterations of a loop in one block ("in series"), whose contributions are
// combined in a buffer and joined to the tensor's old contents at the end; or each stores its part apart in a
// workspace, and a second launch combines the parts.
#pragma once

#include "compiler/ir/diagnostics.h"
#include "compiler/ir/target.h"
#include "compiler/ir/tile_program.h"

namespace tilelang_tt {

// Pre: verified. Post: no store combines. Workspaces are tensors behind those of the program, their launches follow the
// one that fills them; each axis in series or in parts is noted in the program's remarks (TT2091). Refused (TT2020): an
// atomic whose tensor the kernel also reads or stores, a loop that comes back to elements after it has turned to
// others, and targets that blocks share in another way than along an axis of the grid, or along `axis // g`.
Result<TileProgram> lower_atomics(const TileProgram& program, const Target& target);

}  // namespace tilelang_tt
