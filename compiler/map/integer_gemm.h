// integer_gemm: T.gemm of 8-bit integers as products of 4-bit halves.
//
// The matrix engine multiplies floats. It drops bits of products of 8-bit mantissas, but none of 5-bit ones (seen on
// the bit-exact simulator), and its sums in fp32 are exact below 2^24. So with a = 16 ah + al, b = 16 bh + bl:
//   a · b = 256 ah·bh + 16 (ah·bl + al·bh) + al·bl
// is exact, each product in bf16 with a sum in fp32 for one T.gemm, added up in int32.
#pragma once

#include "compiler/ir/tile_program.h"

namespace tilelang_tt {

// Pre: verified. Post: no T.gemm of int8 or uint8 operands into int32; others stay as they are. Noted in the program's
// remarks (TT2097). Nothing is done where K is 2^24 / 450 or more, which no L1 holds.
TileProgram split_integer_gemms(const TileProgram& program);

}  // namespace tilelang_tt
