// exp(x).
#pragma once

#include "tt_emulator/compute_common.h"

namespace ckernel {

enum class InputClamping : uint8_t { ClampToNegative = 1, None = 0 };

template <bool approx = false, uint32_t scale = 0x3F800000,
          InputClamping input_clamping = InputClamping::ClampToNegative, bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void exp_tile_init(TtSite at = TtSite::here()) {
    tt_sfpu_init(TT_SFPU_EXP, scale, at);
}
// exp(x), or exp(scale * x) with scale_en, where scale is a bf16.
template <bool approx = false, bool scale_en = false, InputClamping input_clamping = InputClamping::ClampToNegative,
          int iterations = 8, bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void exp_tile(uint32_t idst, VectorMode vector_mode = VectorMode::RC, uint16_t scale = p_sfpu::kCONST_1_FP16B,
                   TtSite at = TtSite::here()) {
    static_assert(iterations == 8, "the emulator runs whole faces");
    tt_sfpu_unary(TT_SFPU_EXP, idst, static_cast<uint32_t>(vector_mode), approx,
                  scale_en ? fp32_bits_of_bf16(scale) : 0, 0, at);
}
template <bool approx = false, uint32_t scale = 0x3F800000,
          InputClamping input_clamping = InputClamping::ClampToNegative, bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void exp_packthread_tile_init(TtSite at = TtSite::here()) {
    tt_sfpu_init(TT_SFPU_EXP, scale, at);
}
template <bool approx = false, bool scale_en = false, InputClamping input_clamping = InputClamping::ClampToNegative,
          int iterations = 8, bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void exp_packthread_tile(uint32_t idst, VectorMode vector_mode = VectorMode::RC,
                              uint16_t scale = p_sfpu::kCONST_1_FP16B, TtSite at = TtSite::here()) {
    static_assert(iterations == 8, "the emulator runs whole faces");
    tt_sfpu_unary(TT_SFPU_EXP, idst, static_cast<uint32_t>(vector_mode) | kTtPackThread, approx,
                  scale_en ? fp32_bits_of_bf16(scale) : 0, 0, at);
}

}  // namespace ckernel
