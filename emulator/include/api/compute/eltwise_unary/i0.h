// Modified Bessel function of order 0.
#pragma once

#include "tt_emulator/compute_common.h"

namespace ckernel {

ALWI void i0_tile(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_I0, idst, static_cast<uint32_t>(VectorMode::RC), 0, 0, 0, at);
}
ALWI void i0_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }

}  // namespace ckernel
