// x - tanh(x).
#pragma once

#include "tt_emulator/compute_common.h"

namespace ckernel {

template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void tanhshrink_tile(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_TANHSHRINK, idst, static_cast<uint32_t>(VectorMode::RC), 0, 0, 0, at);
}
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void tanhshrink_tile_init(TtSite at = TtSite::here()) {
    tt_sfpu_init(TT_SFPU_TANHSHRINK, 0, at);
}

}  // namespace ckernel
