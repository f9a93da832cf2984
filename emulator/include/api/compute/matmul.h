// Matrix products of tiles: in0 goes to SrcB, in1 to SrcA, results accumulate in DST.
#pragma once

#include "api/compute/common.h"

namespace ckernel {

ALWI void matmul_init(uint32_t in0_cb_id, uint32_t in1_cb_id, const uint32_t transpose = 0,
                      TtSite at = TtSite::here()) {
    tt_matmul_init(in0_cb_id, in1_cb_id, transpose, 1, 1, 1, at);
}
ALWI void mm_uninit(uint32_t, uint32_t) {}
ALWI void matmul_tiles(uint32_t in0_cb_id, uint32_t in1_cb_id, uint32_t in0_tile_index, uint32_t in1_tile_index,
                       uint32_t idst, TtSite at = TtSite::here()) {
    tt_matmul(in0_cb_id, in1_cb_id, in0_tile_index, in1_tile_index, idst, 1, 1, 1, 0, at);
}
ALWI void matmul_block_init(uint32_t in0_cb_id, uint32_t in1_cb_id, const uint32_t transpose = 0, uint32_t ct_dim = 1,
                            uint32_t rt_dim = 1, uint32_t kt_dim = 1, TtSite at = TtSite::here()) {
    tt_matmul_init(in0_cb_id, in1_cb_id, transpose, ct_dim, rt_dim, kt_dim, at);
}
// The transpose flag that counts is the init's.
ALWI void matmul_block(uint32_t in0_cb_id, uint32_t in1_cb_id, uint32_t in0_tile_index, uint32_t in1_tile_index,
                       uint32_t idst, [[maybe_unused]] const uint32_t transpose, uint32_t ct_dim, uint32_t rt_dim,
                       uint32_t kt_dim, TtSite at = TtSite::here()) {
    tt_matmul(in0_cb_id, in1_cb_id, in0_tile_index, in1_tile_index, idst, ct_dim, rt_dim, kt_dim, 1, at);
}

}  // namespace ckernel
