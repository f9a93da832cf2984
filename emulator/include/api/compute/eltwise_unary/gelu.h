// Gaussian error linear unit.
#pragma once

#include "tt_emulator/compute_common.h"

namespace ckernel {

template <bool fast_and_approx = true, bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void gelu_tile_init(TtSite at = TtSite::here()) {
    tt_sfpu_init(TT_SFPU_GELU, 0, at);
}
template <bool fast_and_approx = true, bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void gelu_tile(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_GELU, idst, static_cast<uint32_t>(VectorMode::RC), fast_and_approx, 0, 0, at);
}
template <bool fast = false>
ALWI void gelu_tanh_tile_init(TtSite at = TtSite::here()) {
    tt_sfpu_init(TT_SFPU_GELU_TANH, 0, at);
}
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE, bool fast = false>
ALWI void gelu_tanh_tile(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_GELU_TANH, idst, static_cast<uint32_t>(VectorMode::RC), 0, 0, 0, at);
}
template <bool fast_and_approx = false>
ALWI void gelu_derivative_tile_init(TtSite at = TtSite::here()) {
    tt_sfpu_init(TT_SFPU_GELU_DERIVATIVE, 0, at);
}
template <bool fast_and_approx = false, bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void gelu_derivative_tile(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_GELU_DERIVATIVE, idst, static_cast<uint32_t>(VectorMode::RC), 0, 0, 0, at);
}

// Issued by the packer's processor, between tile_regs_wait and tile_regs_release.
template <bool fast_and_approx = true, bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void gelu_tile_init_pack(TtSite at = TtSite::here()) {
    tt_sfpu_init(TT_SFPU_GELU, 0, at);
}
template <bool fast_and_approx = true, bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void gelu_tile_pack(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_GELU, idst, static_cast<uint32_t>(VectorMode::RC) | kTtPackThread, fast_and_approx, 0, 0, at);
}
template <bool fast = false>
ALWI void gelu_tanh_tile_init_pack(TtSite at = TtSite::here()) {
    tt_sfpu_init(TT_SFPU_GELU_TANH, 0, at);
}
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE, bool fast = false>
ALWI void gelu_tanh_tile_pack(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_GELU_TANH, idst, static_cast<uint32_t>(VectorMode::RC) | kTtPackThread, 0, 0, 0, at);
}

}  // namespace ckernel
