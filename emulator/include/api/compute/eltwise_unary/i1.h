// Modified Bessel function of order 1.
#pragma once

#include "tt_emulator/compute_common.h"

namespace ckernel {

ALWI void i1_tile(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_I1, idst, static_cast<uint32_t>(VectorMode::RC), 0, 0, 0, at);
}
ALWI void i1_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_I1, 0, at); }

}  // namespace ckernel
