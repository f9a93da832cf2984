// 1.0 where the value is of a kind, 0.0 elsewhere.
#pragma once

#include "tt_emulator/compute_common.h"

namespace ckernel {

ALWI void isinf_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
ALWI void isinf_tile(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_ISINF, idst, static_cast<uint32_t>(VectorMode::RC), 0, 0, 0, at);
}
ALWI void isposinf_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
ALWI void isposinf_tile(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_ISPOSINF, idst, static_cast<uint32_t>(VectorMode::RC), 0, 0, 0, at);
}
ALWI void isneginf_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
ALWI void isneginf_tile(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_ISNEGINF, idst, static_cast<uint32_t>(VectorMode::RC), 0, 0, 0, at);
}
ALWI void isnan_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
ALWI void isnan_tile(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_ISNAN, idst, static_cast<uint32_t>(VectorMode::RC), 0, 0, 0, at);
}
ALWI void isfinite_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
ALWI void isfinite_tile(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_ISFINITE, idst, static_cast<uint32_t>(VectorMode::RC), 0, 0, 0, at);
}

}  // namespace ckernel
