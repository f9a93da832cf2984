// Rows of `ct` tiles' width, row-major in CB 0 -> tiles in CB 16. Compile-time argument "ct".
#include "api/compute/tilize.h"
#include <cstdint>
#include "api/compute/common.h"
#include "api/compute/compute_kernel_hw_startup.h"
#include "api/dataflow/circular_buffer.h"

void kernel_main() {
    constexpr uint32_t ct = get_named_compile_time_arg_val("ct");
    CircularBuffer in(0), out(16);
    compute_kernel_hw_startup(0, 16);
    tilize_init(0, ct, 16);
    in.wait_front(ct);
    out.reserve_back(ct);
    tilize_block(0, ct, 16);
    out.push_back(ct);
    in.pop_front(ct);
    tilize_uninit(0, 16);
}
