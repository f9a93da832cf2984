// idst0 * idst1 + idst2.
#pragma once

#include "tt_emulator/compute_common.h"

namespace ckernel {

template <DataFormat data_format>
ALWI void mac_tile(uint32_t idst0, uint32_t idst1, uint32_t idst2, uint32_t odst, TtSite at = TtSite::here()) {
    tt_sfpu_ternary(TT_SFPU_MAC, idst0, idst1, idst2, odst, 0, at);
}
template <DataFormat data_format>
ALWI void mac_tile_init(TtSite at = TtSite::here()) {
    tt_sfpu_init(TT_SFPU_GENERAL, 0, at);
}

}  // namespace ckernel
