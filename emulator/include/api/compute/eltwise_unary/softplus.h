// log(1 + exp(beta * x)) / beta.
#pragma once

#include "tt_emulator/compute_common.h"

namespace ckernel {

template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void softplus_tile(uint32_t idst, uint32_t beta, uint32_t beta_reciprocal, uint32_t threshold,
                        TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_SOFTPLUS, idst, static_cast<uint32_t>(VectorMode::RC), beta, beta_reciprocal, threshold, at);
}
ALWI void softplus_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }

// Issued by the packer's processor, between tile_regs_wait and tile_regs_release.
ALWI void softplus_tile_init_pack(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void softplus_tile_pack(uint32_t idst, uint32_t beta, uint32_t beta_reciprocal, uint32_t threshold,
                             TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_SOFTPLUS, idst, static_cast<uint32_t>(VectorMode::RC) | kTtPackThread, beta, beta_reciprocal,
                  threshold, at);
}

}  // namespace ckernel
