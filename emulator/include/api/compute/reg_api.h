// DST: math acquires and commits, pack waits and releases.
#pragma once

#include "tt_emulator/compute_common.h"

namespace ckernel {

ALWI void tile_regs_acquire(TtSite at = TtSite::here()) { tt_tile_regs_acquire(at); }
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void tile_regs_commit(TtSite at = TtSite::here()) {
    tt_tile_regs_commit(at);
}
ALWI void tile_regs_wait(TtSite at = TtSite::here()) { tt_tile_regs_wait(at); }
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void tile_regs_release(TtSite at = TtSite::here()) {
    tt_tile_regs_release(at);
}

}  // namespace ckernel
