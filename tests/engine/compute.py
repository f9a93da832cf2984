"""Small compute kernels on one emulated core: whole tensors in and out of circular buffers, in tile order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from emu import CB, Device, Kernel, Result, rect

READER = """
#include "api/dataflow/dataflow_api.h"
#include "api/dataflow/circular_buffer.h"
#include "api/tensor/tensor_accessor.h"
#include "api/dataflow/noc.h"
template <uint32_t Offset>
void load(uint32_t cb, uint32_t address, uint32_t pages) {
    constexpr auto args = TensorAccessorArgs<Offset>();
    const uint32_t bytes = get_tile_size(cb);
    TensorAccessor tensor(args, address);
    cb_reserve_back(cb, pages);
    uint32_t to = get_write_ptr(cb);
    for (uint32_t p = 0; p < pages; ++p, to += bytes) noc_async_read_page(p, tensor, to);
    noc_async_read_barrier();
    cb_push_back(cb, pages);
}
void kernel_main() {
    LOADS
}
"""
WRITER = """
#include "api/dataflow/dataflow_api.h"
#include "api/tensor/tensor_accessor.h"
void kernel_main() {
    constexpr auto args = TensorAccessorArgs<0>();
    TensorAccessor tensor(args, get_arg_val<uint32_t>(0));
    const uint32_t pages = get_arg_val<uint32_t>(1), bytes = get_tile_size(16);
    for (uint32_t p = 0; p < pages; ++p) {
        cb_wait_front(16, 1);
        noc_async_write_page(p, tensor, get_read_ptr(16));
        noc_async_writes_flushed();
        cb_pop_front(16, 1);
    }
    noc_async_write_barrier();
}
"""
INCLUDES = "".join(
    f'#include "api/compute/{h}.h"\n'
    for h in (
        "common",
        "compute_kernel_api",
        "bcast",
        "eltwise_binary",
        "eltwise_binary_sfpu",
        "matmul",
        "pack_untilize",
        "reduce",
        "reduce_custom",
        "sfpu_binary_bcast",
        "tile_move_copy",
        "tilize",
        "transpose",
        "eltwise_unary/exp",
        "eltwise_unary/fill",
        "eltwise_unary/rand",
        "eltwise_unary/recip",
        "eltwise_unary/rsqrt",
        "eltwise_unary/sqrt",
        "eltwise_unary/gelu",
        "eltwise_unary/typecast",
    )
)


@dataclass
class Operand:
    """A matrix that the reader pushes whole into a circular buffer before the compute kernel starts."""

    values: np.ndarray
    dtype: str = "bf16"


def run(
    body: str,
    inputs: Sequence[Operand],
    out_shape: tuple[int, int],
    out_dtype: str = "bf16",
    *,
    arch: str = "wormhole_b0",
    exact: bool = True,
    fp32: bool = True,
    full_sync: bool = False,
    fidelity: str = "HiFi4",
    unpack_fp32: Sequence[int] = (),
    more: Mapping[int, str] | None = None,
    prologue: str = "",
) -> tuple[np.ndarray, Result]:
    """Runs `body` as kernel_main of a compute kernel with inputs in CB 0, 1, ... and the output in CB 16.

    `more` adds circular buffers of 8 pages. Raises EmulatorError with the emulator's report.
    """
    with Device(arch, exact=exact) as device:
        tensors = [device.tensor(i.values, i.dtype) for i in inputs]
        out = device.empty(out_shape, out_dtype)
        one, loads, words, args = rect(1, 1), "", [], []
        cbs = []
        for n, (operand, tensor) in enumerate(zip(inputs, tensors, strict=True)):
            pages = tensor.size // tensor.page_size
            loads += f"load<{len(words)}>({n}, get_arg_val<uint32_t>({n}), {pages});\n"
            words += tensor.accessor
            args.append(tensor.address)
            cbs.append(CB(one, pages, [(n, operand.dtype)]))
        pages = out.size // out.page_size
        cbs.append(CB(one, pages, [(16, out_dtype)]))
        cbs += [CB(one, 8, [(n, fmt)]) for n, fmt in (more or {}).items()]
        source = f"{INCLUDES}{prologue}\nvoid kernel_main() {{\n{body}\n}}\n"
        result = device.run(
            [
                Kernel(READER.replace("LOADS", loads), "reader", one, {(0, 0): args}, compile_args=words),
                Kernel(WRITER, "writer", one, {(0, 0): [out.address, pages]}, compile_args=out.accessor),
                Kernel(
                    source,
                    "compute",
                    one,
                    fp32=fp32,
                    full_sync=full_sync,
                    fidelity=fidelity,
                    unpack_fp32=list(unpack_fp32),
                ),
            ],
            cbs,
        )
        return out.read(), result
