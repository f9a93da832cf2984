// Running sums and maxima that no call of the chip makes: as operations that it has.
#pragma once

#include <string>

#include "compiler/tensorize/builder.h"

namespace tilelang_tt {

// Running sums down the rows of integers of so many bits, modulo 2^32; the result is i32. The chip's running sums are
// of fp32: the bits of a number are cut into pieces whose sums over all rows stay below 2^24 and are exact there.
ValueId running_sum_of_integers(GraphBuilder& builder, ValueId value, int bits, const std::string& name, LocId loc);

// Running maxima down the rows, from the last row up if reverse; exact. The maximum of the rows up to the r-th is a
// reduction with the others masked, for one r after the other: some 32 reductions of a tile. Rows above the tile join
// in as one row.
ValueId running_maximum(Context& ctx, GraphBuilder& builder, ValueId value, bool reverse, const std::string& name,
                        LocId loc);

}  // namespace tilelang_tt
