// Which operand of a call goes to which source register.
#pragma once

#include "tt_emulator/compute_common.h"

namespace ckernel {

// Regular: the first operand to SrcA, the second to SrcB. Reverse: the other way round, as matmul wants it.
enum class SrcOrder : uint8_t { Regular = 0, Reverse = 1 };

}  // namespace ckernel
