// 1 - tanh(x)^2.
#pragma once

#include "tt_emulator/compute_common.h"

namespace ckernel {

template <bool fast_and_approx = false>
ALWI void tanh_derivative_tile_init(TtSite at = TtSite::here()) {
    tt_sfpu_init(TT_SFPU_TANH_DERIVATIVE, 0, at);
}
template <bool fast_and_approx = false, bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void tanh_derivative_tile(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_TANH_DERIVATIVE, idst, static_cast<uint32_t>(VectorMode::RC), 0, 0, 0, at);
}

}  // namespace ckernel
