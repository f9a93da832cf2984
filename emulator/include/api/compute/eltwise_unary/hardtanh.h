// x limited to [param0, param1].
#pragma once

#include "tt_emulator/compute_common.h"

namespace ckernel {

ALWI void hardtanh_tile(uint32_t idst, uint32_t param0, uint32_t param1, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_HARDTANH, idst, static_cast<uint32_t>(VectorMode::RC), param0, param1, 0, at);
}
ALWI void hardtanh_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }

// Issued by the packer's processor, between tile_regs_wait and tile_regs_release.
ALWI void hardtanh_tile_init_pack(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
ALWI void hardtanh_tile_pack(uint32_t idst, uint32_t param0, uint32_t param1, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_HARDTANH, idst, static_cast<uint32_t>(VectorMode::RC) | kTtPackThread, param0, param1, 0, at);
}

}  // namespace ckernel
