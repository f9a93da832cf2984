// How each tensor lies in device memory: in tiles over the dimensions that the program's blocks run over, or in rows of
// its last dimension.
#pragma once

#include <vector>

#include "compiler/ir/diagnostics.h"
#include "compiler/ir/mapping_plan.h"
#include "compiler/ir/tile_program.h"

namespace tilelang_tt {

// A tensor lies in tiles if all its blocks begin at tiles' edges and all stored ones end at tiles' edges or the
// tensor's; otherwise, and where annotated (Storage::RowMajor), in rows, where blocks may begin and end anywhere, but
// have to be converted: noted in remarks (TT2096).
//
// Appends to errors: TT2001 (dtype without a format), TT2004 (three or more blocked dimensions in one access), TT2005
// (indices that are no block), TT2009 (a block's size is not constant), TT2011 (cannot lie in rows, as annotated),
// TT2012 (a block in rows that begins before the tensor); and, of a tensor that can lie in tiles only, TT2002 (block
// not at a tile's edge) and TT2008 (a store of parts of tiles).
std::vector<TensorLayout> choose_layouts(Context& ctx, const std::vector<tile::Launch>& launches,
                                         std::vector<Diagnostic>& errors, std::vector<Diagnostic>& remarks);

}  // namespace tilelang_tt
