// out[m, n] = sum over k of a[m, k] * b[k, n] (b[k, n] transposed inside each tile with "transpose"); the whole block
// stays in DST. Compile-time arguments "rt", "ct", "kt", "transpose", "block" (1: matmul_block, 0: matmul_tiles).
#include "api/compute/matmul.h"
#include <cstdint>
#include "api/compute/common.h"
#include "api/compute/compute_kernel_hw_startup.h"
#include "api/compute/pack.h"
#include "api/dataflow/circular_buffer.h"

void kernel_main() {
    constexpr uint32_t rt = get_named_compile_time_arg_val("rt"), ct = get_named_compile_time_arg_val("ct"),
                       kt = get_named_compile_time_arg_val("kt"),
                       transpose = get_named_compile_time_arg_val("transpose"),
                       block = get_named_compile_time_arg_val("block");
    CircularBuffer a(0), b(1), out(16);
    compute_kernel_hw_startup<SrcOrder::Reverse>(0, 1, 16);
    if constexpr (block)
        matmul_block_init(0, 1, transpose, ct, rt, kt);
    else
        matmul_init(0, 1, transpose);
    a.wait_front(rt * kt);
    b.wait_front(kt * ct);
    out.reserve_back(rt * ct);
    tile_regs_acquire();
    for (uint32_t k = 0; k < kt; ++k) {
        if constexpr (block) {
            matmul_block(0, 1, k, k * ct, 0, transpose, ct, rt, kt);
        } else {
            for (uint32_t m = 0; m < rt; ++m)
                for (uint32_t n = 0; n < ct; ++n) matmul_tiles(0, 1, m * kt + k, k * ct + n, m * ct + n);
        }
    }
    tile_regs_commit();
    tile_regs_wait();
    for (uint32_t t = 0; t < rt * ct; ++t) pack_tile(t, 16);
    tile_regs_release();
    out.push_back(rt * ct);
    a.pop_front(rt * kt);
    b.pop_front(kt * ct);
}
