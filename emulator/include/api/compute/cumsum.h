// Cumulative sums down the rows of a tile, carried from tile to tile unless `first`.
#pragma once

#include "tt_emulator/compute_common.h"

namespace ckernel {

ALWI void cumsum_tile(uint32_t idst, bool first = true, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_CUMSUM, idst, static_cast<uint32_t>(VectorMode::RC_custom), first, 0, 0, at);
}
ALWI void cumsum_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_CUMSUM, 0, at); }

}  // namespace ckernel
