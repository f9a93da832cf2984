// Bitwise operations on two tiles of DST.
#pragma once

#include "tt_emulator/compute_common.h"

namespace ckernel {

template <DataFormat data_format>
ALWI void bitwise_and_binary_tile(uint32_t idst0, uint32_t idst1, uint32_t odst, TtSite at = TtSite::here()) {
    tt_sfpu_binary(TT_SFPU_INT_AND, idst0, idst1, odst, static_cast<uint32_t>(VectorMode::RC),
                   static_cast<uint32_t>(data_format), at);
}
template <DataFormat data_format>
ALWI void bitwise_or_binary_tile(uint32_t idst0, uint32_t idst1, uint32_t odst, TtSite at = TtSite::here()) {
    tt_sfpu_binary(TT_SFPU_INT_OR, idst0, idst1, odst, static_cast<uint32_t>(VectorMode::RC),
                   static_cast<uint32_t>(data_format), at);
}
template <DataFormat data_format>
ALWI void bitwise_xor_binary_tile(uint32_t idst0, uint32_t idst1, uint32_t odst, TtSite at = TtSite::here()) {
    tt_sfpu_binary(TT_SFPU_INT_XOR, idst0, idst1, odst, static_cast<uint32_t>(VectorMode::RC),
                   static_cast<uint32_t>(data_format), at);
}
ALWI void binary_bitwise_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }

}  // namespace ckernel
