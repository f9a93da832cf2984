// Square root.
#pragma once

#include "tt_emulator/compute_common.h"

namespace ckernel {

ALWI void sqrt_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_SQRT, 0, at); }
template <bool FAST_APPROX = false, bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void sqrt_tile(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_SQRT, idst, static_cast<uint32_t>(VectorMode::RC), FAST_APPROX, 0, 0, at);
}

}  // namespace ckernel
