// Formats of SrcA, SrcB and the packer.
#pragma once

#include "api/compute/src_order.h"
#include "tt_emulator/compute_common.h"

namespace ckernel {

// The (new) forms reconfigure always; the (old, new) forms only if the formats of the two buffers differ, and the
// emulator checks that `old` tells the truth.

template <SrcOrder src_order = SrcOrder::Regular>
ALWI void reconfig_data_format(const uint32_t icb0_new_operand, const uint32_t icb1_new_operand,
                               TtSite at = TtSite::here()) {
    constexpr bool reverse = src_order == SrcOrder::Reverse;
    tt_reconfig_format(kTtNone, reverse ? icb1_new_operand : icb0_new_operand, kTtNone,
                       reverse ? icb0_new_operand : icb1_new_operand, at);
}
template <SrcOrder src_order = SrcOrder::Regular>
ALWI void reconfig_data_format(const uint32_t icb0_old_operand, const uint32_t icb0_new_operand,
                               const uint32_t icb1_old_operand, const uint32_t icb1_new_operand,
                               TtSite at = TtSite::here()) {
    constexpr bool reverse = src_order == SrcOrder::Reverse;
    tt_reconfig_format(reverse ? icb1_old_operand : icb0_old_operand, reverse ? icb1_new_operand : icb0_new_operand,
                       reverse ? icb0_old_operand : icb1_old_operand, reverse ? icb0_new_operand : icb1_new_operand,
                       at);
}

ALWI void reconfig_data_format_srca(const uint32_t srca_new_operand, TtSite at = TtSite::here()) {
    tt_reconfig_format(kTtNone, srca_new_operand, kTtNone, kTtNone, at);
}
ALWI void reconfig_data_format_srca(const uint32_t srca_old_operand, const uint32_t srca_new_operand,
                                    TtSite at = TtSite::here()) {
    tt_reconfig_format(srca_old_operand, srca_new_operand, kTtNone, kTtNone, at);
}

ALWI void reconfig_data_format_srcb(const uint32_t srcb_new_operand, TtSite at = TtSite::here()) {
    tt_reconfig_format(kTtNone, kTtNone, kTtNone, srcb_new_operand, at);
}
ALWI void reconfig_data_format_srcb(const uint32_t srcb_old_operand, const uint32_t srcb_new_operand,
                                    TtSite at = TtSite::here()) {
    tt_reconfig_format(kTtNone, kTtNone, srcb_old_operand, srcb_new_operand, at);
}

// With the shape of tile and faces as well; the emulator's tiles are 32 x 32.

template <SrcOrder src_order = SrcOrder::Regular>
ALWI void reconfig_full_operand(const uint32_t icb0_new_operand, const uint32_t icb1_new_operand,
                                TtSite at = TtSite::here()) {
    constexpr bool reverse = src_order == SrcOrder::Reverse;
    tt_reconfig_format(kTtNone, reverse ? icb1_new_operand : icb0_new_operand, kTtNone,
                       reverse ? icb0_new_operand : icb1_new_operand, at);
}
template <SrcOrder src_order = SrcOrder::Regular>
ALWI void reconfig_full_operand(const uint32_t icb0_old_operand, const uint32_t icb0_new_operand,
                                const uint32_t icb1_old_operand, const uint32_t icb1_new_operand,
                                TtSite at = TtSite::here()) {
    constexpr bool reverse = src_order == SrcOrder::Reverse;
    tt_reconfig_format(reverse ? icb1_old_operand : icb0_old_operand, reverse ? icb1_new_operand : icb0_new_operand,
                       reverse ? icb0_old_operand : icb1_old_operand, reverse ? icb0_new_operand : icb1_new_operand,
                       at);
}

ALWI void reconfig_full_operand_srca(const uint32_t srca_new_operand, TtSite at = TtSite::here()) {
    tt_reconfig_format(kTtNone, srca_new_operand, kTtNone, kTtNone, at);
}
ALWI void reconfig_full_operand_srca(const uint32_t srca_old_operand, const uint32_t srca_new_operand,
                                     TtSite at = TtSite::here()) {
    tt_reconfig_format(srca_old_operand, srca_new_operand, kTtNone, kTtNone, at);
}

ALWI void reconfig_full_operand_srcb(const uint32_t srcb_new_operand, TtSite at = TtSite::here()) {
    tt_reconfig_format(kTtNone, kTtNone, kTtNone, srcb_new_operand, at);
}
ALWI void reconfig_full_operand_srcb(const uint32_t srcb_old_operand, const uint32_t srcb_new_operand,
                                     TtSite at = TtSite::here()) {
    tt_reconfig_format(kTtNone, kTtNone, srcb_old_operand, srcb_new_operand, at);
}

// Without deriving anew whether the operands are integers.

template <SrcOrder src_order = SrcOrder::Regular>
ALWI void reconfig_data_format_skip_int8(const uint32_t icb0_new_operand, const uint32_t icb1_new_operand,
                                         TtSite at = TtSite::here()) {
    constexpr bool reverse = src_order == SrcOrder::Reverse;
    tt_reconfig_format(kTtNone, reverse ? icb1_new_operand : icb0_new_operand, kTtNone,
                       reverse ? icb0_new_operand : icb1_new_operand, at);
}
template <SrcOrder src_order = SrcOrder::Regular>
ALWI void reconfig_data_format_skip_int8(const uint32_t icb0_old_operand, const uint32_t icb0_new_operand,
                                         const uint32_t icb1_old_operand, const uint32_t icb1_new_operand,
                                         TtSite at = TtSite::here()) {
    constexpr bool reverse = src_order == SrcOrder::Reverse;
    tt_reconfig_format(reverse ? icb1_old_operand : icb0_old_operand, reverse ? icb1_new_operand : icb0_new_operand,
                       reverse ? icb0_old_operand : icb1_old_operand, reverse ? icb0_new_operand : icb1_new_operand,
                       at);
}

ALWI void reconfig_data_format_srca_skip_int8(const uint32_t srca_new_operand, TtSite at = TtSite::here()) {
    tt_reconfig_format(kTtNone, srca_new_operand, kTtNone, kTtNone, at);
}
ALWI void reconfig_data_format_srca_skip_int8(const uint32_t srca_old_operand, const uint32_t srca_new_operand,
                                              TtSite at = TtSite::here()) {
    tt_reconfig_format(srca_old_operand, srca_new_operand, kTtNone, kTtNone, at);
}

ALWI void reconfig_data_format_srcb_skip_int8(const uint32_t srcb_new_operand, TtSite at = TtSite::here()) {
    tt_reconfig_format(kTtNone, kTtNone, kTtNone, srcb_new_operand, at);
}
ALWI void reconfig_data_format_srcb_skip_int8(const uint32_t srcb_old_operand, const uint32_t srcb_new_operand,
                                              TtSite at = TtSite::here()) {
    tt_reconfig_format(kTtNone, kTtNone, srcb_old_operand, srcb_new_operand, at);
}

template <bool is_tile_dim_reconfig_en = false>
ALWI void pack_reconfig_data_format(const uint32_t new_cb_id, TtSite at = TtSite::here()) {
    tt_pack_reconfig_format(kTtNone, new_cb_id, at);
}
template <bool is_tile_dim_reconfig_en = false>
ALWI void pack_reconfig_data_format(const uint32_t old_cb_id, const uint32_t new_cb_id, TtSite at = TtSite::here()) {
    tt_pack_reconfig_format(old_cb_id, new_cb_id, at);
}

}  // namespace ckernel
