// Row-major data of a circular buffer to tiles; acquires, packs and releases DST itself.
#pragma once

#include "api/compute/common.h"

namespace ckernel {

template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void tilize_init(uint32_t icb, uint32_t block, uint32_t ocb, TtSite at = TtSite::here()) {
    tt_tilize_init(icb, block, ocb, at);
}
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void tilize_init_short_with_dt(uint32_t old_icb, uint32_t new_icb, uint32_t block, uint32_t ocb,
                                    TtSite at = TtSite::here()) {
    tt_reconfig_format(old_icb, new_icb, kTtNone, kTtNone, at);
    tt_tilize_init(new_icb, block, ocb, at);
}
// `block` tiles of one tile row: 32 rows of block * 32 elements.
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void tilize_block(uint32_t icb, uint32_t block, uint32_t ocb, uint32_t input_tile_index = 0,
                       uint32_t output_tile_index = 0, TtSite at = TtSite::here()) {
    tt_tilize_block(icb, block, ocb, input_tile_index, output_tile_index, at);
}
ALWI void tilize_uninit(uint32_t icb, uint32_t ocb, TtSite at = TtSite::here()) { tt_tilize_uninit(icb, ocb, at); }

template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void fast_tilize_init(uint32_t icb, uint32_t full_dim, uint32_t ocb, TtSite at = TtSite::here()) {
    tt_tilize_init(icb, full_dim, ocb, at);
}
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void fast_tilize_block(uint32_t icb, uint32_t block, uint32_t ocb, uint32_t input_tile_index = 0,
                            uint32_t output_tile_index = 0, TtSite at = TtSite::here()) {
    tt_tilize_block(icb, block, ocb, input_tile_index, output_tile_index, at);
}
ALWI void fast_tilize_uninit(uint32_t icb, uint32_t ocb, [[maybe_unused]] uint32_t full_dim,
                             TtSite at = TtSite::here()) {
    tt_tilize_uninit(icb, ocb, at);
}

}  // namespace ckernel
