// Tiles to row-major data, reordered by the packer.
#pragma once

#include "api/compute/common.h"

namespace ckernel {

template <uint32_t block_ct_dim = 8, uint32_t full_ct_dim = block_ct_dim, bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void pack_untilize_init(uint32_t icb, uint32_t ocb, TtSite at = TtSite::here()) {
    tt_pack_untilize_init(icb, ocb, block_ct_dim, full_ct_dim, at);
}
template <uint32_t block_ct_dim = 8, uint32_t full_ct_dim = block_ct_dim, bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void pack_untilize_init_skip_remap(uint32_t icb, uint32_t ocb, TtSite at = TtSite::here()) {
    tt_pack_untilize_init(icb, ocb, block_ct_dim, full_ct_dim, at);
}
// Acquires, packs and releases DST itself, one tile row of block_ct_dim tiles at a time.
template <uint32_t block_ct_dim = 8, uint32_t full_ct_dim = block_ct_dim, bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void pack_untilize_block(uint32_t icb, uint32_t block_rt_dim, uint32_t ocb, uint32_t block_c_index = 0,
                              TtSite at = TtSite::here()) {
    tt_pack_untilize_block(icb, block_rt_dim, ocb, block_ct_dim, full_ct_dim, block_c_index, at);
}
template <uint32_t block_ct_dim = 8, uint32_t full_ct_dim = block_ct_dim, bool narrow_row = false,
          uint32_t row_num_datums = TILE_C_DIM, bool dense = false, bool configure_remap = true,
          bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void pack_untilize_dest_init(uint32_t ocb, TtSite at = TtSite::here()) {
    static_assert(!narrow_row && row_num_datums == TILE_C_DIM && !dense, "the emulator untilizes whole 32 x 32 tiles");
    tt_pack_untilize_dest_init(ocb, block_ct_dim, full_ct_dim, at);
}
template <uint32_t block_ct_dim = 8, uint32_t full_ct_dim = block_ct_dim, bool diagonal = false,
          bool narrow_row = false, uint32_t row_num_datums = TILE_C_DIM, uint32_t tile_dst_ct_offset = 0,
          bool dense = false>
ALWI void pack_untilize_dest(uint32_t ocb, uint32_t block_rt_dim = 1, uint32_t block_c_index = 0,
                             uint32_t tile_dst_rt_offset = 0, TtSite at = TtSite::here()) {
    static_assert(!diagonal && !narrow_row && row_num_datums == TILE_C_DIM && !dense,
                  "the emulator untilizes whole 32 x 32 tiles");
    tt_pack_untilize_dest(ocb, block_rt_dim, block_ct_dim, full_ct_dim, block_c_index,
                          tile_dst_rt_offset * block_ct_dim + tile_dst_ct_offset, at);
}
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void pack_untilize_uninit(uint32_t ocb, TtSite at = TtSite::here()) {
    tt_pack_untilize_uninit(ocb, at);
}

}  // namespace ckernel
