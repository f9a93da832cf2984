// Scaled exponential linear unit.
#pragma once

#include "tt_emulator/compute_common.h"

namespace ckernel {

template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void selu_tile(uint32_t idst, uint32_t scale, uint32_t alpha, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_SELU, idst, static_cast<uint32_t>(VectorMode::RC), scale, alpha, 0, at);
}
ALWI void selu_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }

// Issued by the packer's processor, between tile_regs_wait and tile_regs_release.
ALWI void selu_tile_init_pack(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void selu_tile_pack(uint32_t idst, uint32_t scale, uint32_t alpha, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_SELU, idst, static_cast<uint32_t>(VectorMode::RC) | kTtPackThread, scale, alpha, 0, at);
}

}  // namespace ckernel
