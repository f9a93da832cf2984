// Greatest common divisors of two int32 tiles of DST.
#pragma once

#include "tt_emulator/compute_common.h"

namespace ckernel {

ALWI void gcd_tile(uint32_t idst0, uint32_t idst1, uint32_t odst, TtSite at = TtSite::here()) {
    tt_sfpu_binary(TT_SFPU_INT_GCD, idst0, idst1, odst, static_cast<uint32_t>(VectorMode::RC), 0, at);
}
ALWI void gcd_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }

}  // namespace ckernel
