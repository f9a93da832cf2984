// x limited to [param0, param1].
#pragma once

#include "tt_emulator/compute_common.h"

namespace ckernel {

ALWI void clamp_tile(uint32_t idst, uint32_t param0, uint32_t param1, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_CLAMP, idst, static_cast<uint32_t>(VectorMode::RC), param0, param1, 0, at);
}
ALWI void clamp_tile_int32(uint32_t idst, uint32_t param0, uint32_t param1, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_INT_CLAMP, idst, static_cast<uint32_t>(VectorMode::RC), param0, param1, 0, at);
}
ALWI void clamp_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }

}  // namespace ckernel
