// out[t] = OP(a[t], b[t], c[t]) on the SFPU: the operands are copied to DST 0, 1 (and 2), OP_CALL leaves the result
// in DST 0. Compile-time arguments "tiles", "operands". Define OP_HEADER, OP_INIT, OP_CALL (statements).
#include <cstdint>
#include "api/compute/common.h"
#include "api/compute/compute_kernel_hw_startup.h"
#include "api/compute/pack.h"
#include "api/compute/reconfig_data_format.h"
#include "api/compute/tile_move_copy.h"
#include "api/dataflow/circular_buffer.h"
#include OP_HEADER

void kernel_main() {
    constexpr uint32_t tiles = get_named_compile_time_arg_val("tiles"),
                       operands = get_named_compile_time_arg_val("operands");
    CircularBuffer out(16);
    compute_kernel_hw_startup(0, 16);
    for (uint32_t i = 0; i < operands; ++i) CircularBuffer(i).wait_front(tiles);
    out.reserve_back(tiles);
    for (uint32_t t = 0; t < tiles; ++t) {
        tile_regs_acquire();
        for (uint32_t i = 0; i < operands; ++i) {
            copy_init(i);
            copy_tile(i, t, i);
        }
        OP_INIT;
        OP_CALL;
        tile_regs_commit();
        tile_regs_wait();
        pack_tile(0, 16);
        tile_regs_release();
    }
    out.push_back(tiles);
    for (uint32_t i = 0; i < operands; ++i) CircularBuffer(i).pop_front(tiles);
}
