// Error function and its complement.
#pragma once

#include "tt_emulator/compute_common.h"

namespace ckernel {

template <bool fast_and_approx = true>
ALWI void erf_tile_init(TtSite at = TtSite::here()) {
    tt_sfpu_init(TT_SFPU_ERF, 0, at);
}
template <bool fast_and_approx = true>
ALWI void erf_tile(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_ERF, idst, static_cast<uint32_t>(VectorMode::RC), 0, 0, 0, at);
}
ALWI void erfc_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_ERFC, 0, at); }
ALWI void erfc_tile(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_ERFC, idst, static_cast<uint32_t>(VectorMode::RC), 0, 0, 0, at);
}

}  // namespace ckernel
