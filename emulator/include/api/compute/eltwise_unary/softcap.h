// beta * tanh(x / beta).
#pragma once

#include "tt_emulator/compute_common.h"

namespace ckernel {

ALWI void softcap_tile(uint32_t idst, uint32_t beta, uint32_t beta_recip, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_SOFTCAP, idst, static_cast<uint32_t>(VectorMode::RC), beta, beta_recip, 0, at);
}
ALWI void softcap_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_SOFTCAP, 0, at); }

}  // namespace ckernel
