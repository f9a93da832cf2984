// Keeps the elements whose mask is not zero.
#pragma once

#include "tt_emulator/compute_common.h"

namespace ckernel {

ALWI void mask_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }

ALWI void mask_tile(uint32_t idst_data, uint32_t idst2_mask,
                    [[maybe_unused]] DataFormat data_format = DataFormat::Float16_b, TtSite at = TtSite::here()) {
    tt_sfpu_binary(TT_SFPU_MASK, idst_data, idst2_mask, idst_data, static_cast<uint32_t>(VectorMode::RC), 0, at);
}
ALWI void mask_posinf_tile(uint32_t idst_data, uint32_t idst2_mask, TtSite at = TtSite::here()) {
    tt_sfpu_binary(TT_SFPU_MASK_POSINF, idst_data, idst2_mask, idst_data, static_cast<uint32_t>(VectorMode::RC), 0, at);
}

}  // namespace ckernel
