// Rows of row-major tensors on their way through a NoC: which transfers need scratch space, and how much.
#pragma once

#include "compiler/ir/context.h"
#include "compiler/ir/tensix_program.h"
#include "tensix/device.h"

namespace tilelang_tt {

// Bytes in which the addresses of both ends must agree; pages of tensors and blocks of channels begin at multiples of
// it.
int64_t row_alignment(const tensix::DeviceSpec& device, bool write);

// Whether every row of a block of the channel may move straight between L1 and the tensor's elements from `col` on
// (invalid: from the first on). Where not, ReadRows and WriteRows want scratch space.
bool rows_aligned(const IndexArena& index, const prog::Channel& channel, IndexId col, const tensix::DeviceSpec& device,
                  bool write);

// Pages of a scratch channel of the same format in which `rows` rows of the channel, 1 to 32, are on their way at a
// time: a transfer's latency is paid once for so many.
int64_t row_scratch_pages(const prog::Channel& channel, int64_t rows, const tensix::DeviceSpec& device, bool write);

}  // namespace tilelang_tt
