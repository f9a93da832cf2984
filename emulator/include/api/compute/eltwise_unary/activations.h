// Activations that are piecewise linear or rational.
#pragma once

#include "tt_emulator/compute_common.h"

namespace ckernel {

ALWI void hardsigmoid_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_HARDSIGMOID, 0, at); }
ALWI void hardsigmoid_tile(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_HARDSIGMOID, idst, static_cast<uint32_t>(VectorMode::RC), 0, 0, 0, at);
}
ALWI void softsign_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_SOFTSIGN, 0, at); }
ALWI void softsign_tile(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_SOFTSIGN, idst, static_cast<uint32_t>(VectorMode::RC), 0, 0, 0, at);
}
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void celu_tile(uint32_t idst, uint32_t alpha, uint32_t alpha_recip, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_CELU, idst, static_cast<uint32_t>(VectorMode::RC), alpha, alpha_recip, 0, at);
}
ALWI void celu_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
ALWI void softshrink_tile(uint32_t idst, uint32_t param0, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_SOFTSHRINK, idst, static_cast<uint32_t>(VectorMode::RC), param0, 0, 0, at);
}
ALWI void softshrink_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
ALWI void hardshrink_tile(uint32_t idst, uint32_t param0, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_HARDSHRINK, idst, static_cast<uint32_t>(VectorMode::RC), param0, 0, 0, at);
}
ALWI void hardshrink_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }

// Issued by the packer's processor, between tile_regs_wait and tile_regs_release.
ALWI void hardsigmoid_tile_init_pack(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_HARDSIGMOID, 0, at); }
ALWI void hardsigmoid_tile_pack(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_HARDSIGMOID, idst, static_cast<uint32_t>(VectorMode::RC) | kTtPackThread, 0, 0, 0, at);
}

}  // namespace ckernel
