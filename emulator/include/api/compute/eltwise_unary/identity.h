// x.
#pragma once

#include "tt_emulator/compute_common.h"

namespace ckernel {

ALWI void identity_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
ALWI void identity_tile(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_IDENTITY, idst, static_cast<uint32_t>(VectorMode::RC), 0, 0, 0, at);
}
ALWI void identity_tile_uint32(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_INT_IDENTITY, idst, static_cast<uint32_t>(VectorMode::RC), 0, 0, 0, at);
}

}  // namespace ckernel
