// base ^ x.
#pragma once

#include "tt_emulator/compute_common.h"

namespace ckernel {

ALWI void rpow_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_EXP, 0, at); }

template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void rpow_tile(uint32_t idst, uint32_t base_val, VectorMode vector_mode = VectorMode::RC,
                    TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_RPOW, idst, static_cast<uint32_t>(vector_mode), base_val, 0, 0, at);
}

}  // namespace ckernel
