// Angle of (x = second, y = first).
#pragma once

#include "tt_emulator/compute_common.h"

namespace ckernel {

template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void atan2_binary_tile(uint32_t idst0, uint32_t idst1, uint32_t odst, TtSite at = TtSite::here()) {
    tt_sfpu_binary(TT_SFPU_ATAN2, idst0, idst1, odst, static_cast<uint32_t>(VectorMode::RC), 0, at);
}
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void atan2_binary_tile_init(TtSite at = TtSite::here()) {
    tt_sfpu_init(TT_SFPU_ATAN2, 0, at);
}

}  // namespace ckernel
