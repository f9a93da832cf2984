// join: two launches that do the same for neighbouring blocks become one.
//
// A kernel that computes some tiles in one way and the rest in another (stream-K's shared tiles and its whole ones) is
// two launches once each tile has one block. Where they differ in what they store at most, all cores share one launch.
#pragma once

#include "compiler/ir/tile_program.h"

namespace tilelang_tt {

// Pre: verified. Joins a launch to the one before it where both have one grid axis, of constant extent, and do the same
// up to the names of variables and buffers, and the options of loops, if the axis of one goes on where the other's
// ends; but for the last statement, a store to the same elements of one tensor, which nothing else of the two reads or
// writes. What the two store is chosen by the block; an atomic finds there what its block alone adds to (proven as in
// ownership.h). Noted in the program's remarks (TT2095).
TileProgram join_launches(const TileProgram& program);

}  // namespace tilelang_tt
