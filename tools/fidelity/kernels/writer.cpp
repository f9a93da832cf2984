// Writes circular buffer 16 to the output, whole. Common run-time arguments: address, number of pages.
#include <cstdint>
#include "api/dataflow/circular_buffer.h"
#include "api/dataflow/dataflow_api.h"
#include "api/dataflow/noc.h"
#include "api/tensor/noc_traits.h"
#include "api/tensor/tensor_accessor.h"

void kernel_main() {
    constexpr auto args = TensorAccessorArgs<0>();
    const TensorAccessor tensor(args, get_common_arg_val<uint32_t>(0));
    const uint32_t pages = get_common_arg_val<uint32_t>(1);
    Noc noc;
    CircularBuffer out(16);
    const uint32_t bytes = out.get_tile_size();
    out.wait_front(pages);
    for (uint32_t page = 0; page < pages; ++page)
        noc.async_write(out, tensor, bytes, {.offset_bytes = page * bytes}, {.page_id = page});
    noc.async_write_barrier();
    out.pop_front(pages);
}
