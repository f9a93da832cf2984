// x op a scalar, bit by bit.
#pragma once

#include "tt_emulator/compute_common.h"

namespace ckernel {

template <DataFormat data_format>
ALWI void bitwise_and_tile(uint32_t idst, uint32_t param0, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_INT_AND_SCALAR, idst, static_cast<uint32_t>(VectorMode::RC), param0,
                  static_cast<uint32_t>(data_format), 0, at);
}
ALWI void bitwise_and_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
template <DataFormat data_format>
ALWI void bitwise_or_tile(uint32_t idst, uint32_t param0, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_INT_OR_SCALAR, idst, static_cast<uint32_t>(VectorMode::RC), param0,
                  static_cast<uint32_t>(data_format), 0, at);
}
ALWI void bitwise_or_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
template <DataFormat data_format>
ALWI void bitwise_xor_tile(uint32_t idst, uint32_t param0, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_INT_XOR_SCALAR, idst, static_cast<uint32_t>(VectorMode::RC), param0,
                  static_cast<uint32_t>(data_format), 0, at);
}
ALWI void bitwise_xor_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }

}  // namespace ckernel
