// Rectified linear units. Parameters are the bits of an fp32.
#pragma once

#include "tt_emulator/compute_common.h"

namespace ckernel {

ALWI void relu_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
ALWI void relu_tile(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_RELU, idst, static_cast<uint32_t>(VectorMode::RC), 0, 0, 0, at);
}
ALWI void relu_tile_int32(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_INT_RELU, idst, static_cast<uint32_t>(VectorMode::RC), 0, 0, 0, at);
}
ALWI void relu_max_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
ALWI void relu_max_tile(uint32_t idst, uint32_t param0, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_RELU_MAX, idst, static_cast<uint32_t>(VectorMode::RC), param0, 0, 0, at);
}
ALWI void relu_min_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
ALWI void relu_min_tile(uint32_t idst, uint32_t param0, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_RELU_MIN, idst, static_cast<uint32_t>(VectorMode::RC), param0, 0, 0, at);
}
ALWI void relu_max_tile_int32(uint32_t idst, uint32_t param0, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_INT_CLAMP, idst, static_cast<uint32_t>(VectorMode::RC), 0, param0, 0, at);
}
ALWI void relu_min_tile_int32(uint32_t idst, uint32_t param0, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_INT_MAX_SCALAR, idst, static_cast<uint32_t>(VectorMode::RC), param0,
                  static_cast<uint32_t>(DataFormat::Int32), 0, at);
}
ALWI void leaky_relu_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
ALWI void leaky_relu_tile(uint32_t idst, uint32_t slope = 0, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_LEAKY_RELU, idst, static_cast<uint32_t>(VectorMode::RC), slope, 0, 0, at);
}

// Issued by the packer's processor, between tile_regs_wait and tile_regs_release.
ALWI void relu_max_tile_init_pack(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
ALWI void relu_max_tile_pack(uint32_t idst, uint32_t param0, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_RELU_MAX, idst, static_cast<uint32_t>(VectorMode::RC) | kTtPackThread, param0, 0, 0, at);
}

}  // namespace ckernel
