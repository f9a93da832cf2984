// Complement.
#pragma once

#include "tt_emulator/compute_common.h"

namespace ckernel {

ALWI void bitwise_not_tile(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_INT_NOT, idst, static_cast<uint32_t>(VectorMode::RC), 0, 0, 0, at);
}
ALWI void bitwise_not_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }

}  // namespace ckernel
