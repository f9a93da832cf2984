// Streams up to three inputs, page by page, into circular buffers 0, 1 and 2, each input whole.
// Common run-time arguments: address and number of pages of each input; 0 pages for an input that is not there.
#include <cstdint>
#include "api/dataflow/circular_buffer.h"
#include "api/dataflow/dataflow_api.h"
#include "api/dataflow/noc.h"
#include "api/tensor/noc_traits.h"
#include "api/tensor/tensor_accessor.h"

template <typename Args>
void read_all(const Noc& noc, const Args& args, uint32_t argument, uint32_t cb) {
    const uint32_t address = get_common_arg_val<uint32_t>(argument), pages = get_common_arg_val<uint32_t>(argument + 1);
    if (pages == 0) return;
    const TensorAccessor tensor(args, address);
    CircularBuffer buffer(cb);
    const uint32_t bytes = buffer.get_tile_size();
    buffer.reserve_back(pages);
    for (uint32_t page = 0; page < pages; ++page)
        noc.async_read(tensor, buffer, bytes, {.page_id = page}, {.offset_bytes = page * bytes});
    noc.async_read_barrier();
    buffer.push_back(pages);
}

void kernel_main() {
    constexpr auto a = TensorAccessorArgs<0>();
    constexpr auto b = TensorAccessorArgs<a.next_compile_time_args_offset()>();
    constexpr auto c = TensorAccessorArgs<b.next_compile_time_args_offset()>();
    Noc noc;
    read_all(noc, a, 0, 0);
    read_all(noc, b, 2, 1);
    read_all(noc, c, 4, 2);
}
