// Integer subtraction of two tiles of DST.
#pragma once

#include "tt_emulator/compute_common.h"

namespace ckernel {

template <DataFormat data_format>
ALWI void sub_int_tile(uint32_t idst0, uint32_t idst1, uint32_t odst, TtSite at = TtSite::here()) {
    tt_sfpu_binary(TT_SFPU_INT_SUB, idst0, idst1, odst, static_cast<uint32_t>(VectorMode::RC),
                   static_cast<uint32_t>(data_format), at);
}
template <DataFormat data_format>
ALWI void rsub_int_tile(uint32_t idst0, uint32_t idst1, uint32_t odst, TtSite at = TtSite::here()) {
    tt_sfpu_binary(TT_SFPU_INT_RSUB, idst0, idst1, odst, static_cast<uint32_t>(VectorMode::RC),
                   static_cast<uint32_t>(data_format), at);
}
ALWI void sub_int_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
ALWI void rsub_int_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }

}  // namespace ckernel
