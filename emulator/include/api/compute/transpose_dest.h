// Transposes a tile inside DST.
#pragma once

#include "api/compute/common.h"

namespace ckernel {

template <bool is_32bit = false, bool transpose_of_faces = true>
ALWI void transpose_dest_init([[maybe_unused]] uint32_t operand = 0, TtSite at = TtSite::here()) {
    tt_transpose_dest_init(is_32bit, transpose_of_faces, at);
}
template <bool is_32bit = false, bool transpose_of_faces = true>
ALWI void transpose_dest(uint32_t idst, TtSite at = TtSite::here()) {
    tt_transpose_dest(idst, is_32bit, transpose_of_faces, at);
}

}  // namespace ckernel
