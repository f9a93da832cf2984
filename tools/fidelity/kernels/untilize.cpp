// `ct` tiles of one tile row -> 32 rows, row-major. Compile-time arguments "ct", "from_dst" (1: pack_untilize_dest).
// BLOCK: tiles at a time, where they are not all.
#include <cstdint>
#include "api/compute/common.h"
#include "api/compute/compute_kernel_hw_startup.h"
#include "api/compute/pack_untilize.h"
#include "api/compute/tile_move_copy.h"
#include "api/dataflow/circular_buffer.h"

void kernel_main() {
    constexpr uint32_t ct = get_named_compile_time_arg_val("ct"), from_dst = get_named_compile_time_arg_val("from_dst");
#ifdef BLOCK
    constexpr uint32_t block = BLOCK;
#else
    constexpr uint32_t block = ct;
#endif
    CircularBuffer in(0), out(16);
    compute_kernel_hw_startup(0, 16);
    out.reserve_back(ct);
    if constexpr (from_dst) {
        copy_init(0);
        pack_untilize_dest_init<block, ct>(16);
    } else {
        pack_untilize_init<block, ct>(0, 16);
    }
    for (uint32_t b = 0; b < ct / block; ++b) {
        in.wait_front(block);
        if constexpr (from_dst) {
            tile_regs_acquire();
            for (uint32_t t = 0; t < block; ++t) copy_tile(0, t, t);
            tile_regs_commit();
            tile_regs_wait();
            pack_untilize_dest<block, ct>(16, 1, b);
            tile_regs_release();
        } else {
            pack_untilize_block<block, ct>(0, 1, 16, b);
        }
        in.pop_front(block);
    }
    pack_untilize_uninit(16);
    out.push_back(ct);
}
