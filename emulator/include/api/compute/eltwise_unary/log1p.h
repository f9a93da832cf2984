// log(1 + x).
#pragma once

#include "tt_emulator/compute_common.h"

namespace ckernel {

template <bool fast_and_approx = false, bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void log1p_tile_init(TtSite at = TtSite::here()) {
    tt_sfpu_init(TT_SFPU_LOG1P, 0, at);
}
template <bool fast_and_approx = false, bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void log1p_tile(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_LOG1P, idst, static_cast<uint32_t>(VectorMode::RC), 0, 0, 0, at);
}

}  // namespace ckernel
