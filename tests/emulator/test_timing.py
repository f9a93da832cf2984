"""Modelled time of data movement against published measurements.

Cycles, from tt-metal's tt_metal/impl/experimental/noc_estimator/latencies/noc_latencies.yaml: one transfer with its
barrier, and 64 reads of every core from DRAM before one barrier.
"""

from __future__ import annotations

import emu
import pytest
from emu import CB, Device, Kernel, rect
from test_runtime import INCLUDES

ACCESSOR = "const TensorAccessor a(TensorAccessorArgs<0>(), get_common_arg_val<uint32_t>(0));\n"


def cycles(device: Device, body: str, tensor: emu.Tensor | None = None, whole_grid: bool = False, noc: int = 0) -> int:
    nx, ny = device.grid if whole_grid else (1, 1)
    source = INCLUDES + "void kernel_main() {\n" + body + "\n}\n"
    kernel = Kernel(
        source,
        "reader",
        rect(nx, ny),
        {(x, y): [64 * (y * nx + x)] for x in range(nx) for y in range(ny)},
        [tensor.address] if tensor else [],
        tensor.accessor if tensor else [],
        noc=noc,
    )
    result = device.run([kernel], [CB(rect(nx, ny), 32, [(0, "bf16")])])
    return max(clock[0] for clock in result.clocks.values())


SINGLE = {
    ("wormhole_b0", "read", "same axis"): 205,
    ("wormhole_b0", "read", "other axis"): 293,
    ("wormhole_b0", "write", "same axis"): 210,
    ("wormhole_b0", "write", "other axis"): 293,
    ("wormhole_b0", "read", "dram"): 389,
    ("wormhole_b0", "write", "dram"): 404,
    ("blackhole", "read", "same axis"): 226,
    ("blackhole", "read", "other axis"): 373,
    ("blackhole", "write", "same axis"): 208,
    ("blackhole", "write", "other axis"): 358,
    ("blackhole", "read", "dram"): 480,
    ("blackhole", "write", "dram"): 379,
}


@pytest.mark.parametrize("arch, kind, where", SINGLE)
def test_one_transfer_of_64_bytes(arch: str, kind: str, where: str) -> None:
    with Device(arch) as device:
        tensor = device.empty((32, 32))
        x, y = device.noc(0 if where == "same axis" else 1, 1)
        remote = "a.get_noc_addr(0)" if where == "dram" else f"get_noc_addr({x}, {y}, get_write_ptr(0))"
        ends = f"{remote}, get_write_ptr(0)" if kind == "read" else f"get_write_ptr(0), {remote}"
        got = cycles(device, f"{ACCESSOR}noc_async_{kind}({ends}, 64);\nnoc_async_{kind}_barrier();", tensor)
    assert got == pytest.approx(SINGLE[arch, kind, where], rel=0.07)


ALL_CORES = {
    ("wormhole_b0", 0, 512): 10505,
    ("wormhole_b0", 1, 512): 28592,
    ("wormhole_b0", 0, 2048): 45543,
    ("wormhole_b0", 1, 2048): 115192,
    ("blackhole", 0, 512): 16886,
    ("blackhole", 1, 512): 21639,
    ("blackhole", 0, 2048): 48319,
    ("blackhole", 1, 2048): 78064,
}


@pytest.mark.parametrize("arch, noc, size", ALL_CORES)
def test_all_cores_read_dram(arch: str, noc: int, size: int) -> None:
    """The two NoCs differ by more than two: data comes out of a DRAM column along rows on one, along the column on the
    other. The model gets that from the links that the payloads cross."""
    with Device(arch) as device:
        pages = 64 * device.grid[0] * device.grid[1]
        tensor = device.empty((pages, size // 4), "fp32", tiled=False)
        got = cycles(
            device,
            f"""{ACCESSOR}const uint32_t first = get_arg_val<uint32_t>(0);
            for (uint32_t p = 0; p < 64; ++p) noc_async_read(a.get_noc_addr(first + p), get_write_ptr(0), {size});
            noc_async_read_barrier();""",
            tensor,
            whole_grid=True,
            noc=noc,
        )
    assert got == pytest.approx(ALL_CORES[arch, noc, size], rel=0.15)


def test_one_core_reads_dram_at_the_published_rate() -> None:
    for arch, rate in (("wormhole_b0", 22), ("blackhole", 33)):
        with Device(arch) as device:
            tensor = device.empty((32, 32 * 256))
            got = cycles(
                device,
                f"""{ACCESSOR}for (uint32_t p = 0; p < 256; ++p)
                    noc_async_read(a.get_noc_addr(p), get_write_ptr(0) + p % 16 * 2048, 2048);
                noc_async_read_barrier();""",
                tensor,
            )
        assert 256 * 2048 / got == pytest.approx(rate, rel=0.1)


def test_waiting_for_the_first_of_many_increments_takes_the_first_ones_time() -> None:
    source = (
        INCLUDES
        + """void kernel_main() {
            Semaphore<> s(0);
            Noc noc;
            if (get_arg_val<uint32_t>(0) == 0) { s.wait_min(WANTED); return; }
            for (uint32_t i = 0; i < 10; ++i) {
                noc_async_read(get_noc_addr(my_x[0], my_y[0], get_read_ptr(0)), get_write_ptr(0) + 2048, 2048);
                noc.async_read_barrier();
                s.up(noc, get_arg_val<uint32_t>(1), get_arg_val<uint32_t>(2), 1);
            }
            noc.async_atomic_barrier();
        }"""
    )
    times = []
    with Device("wormhole_b0") as device:
        for wanted in (1, 5, 10):
            args = {(1, 0): [0], (0, 0): [1, *device.noc(1, 0)]}
            kernel = Kernel(source, "reader", rect(2, 1), args, defines={"WANTED": wanted})
            result = device.run([kernel], [CB(rect(2, 1), 2, [(0, "bf16")])], [emu.Semaphore(0, (0, 0, 1, 0))])
            times.append(result.clocks[1, 0, "reader"][0])
    assert times[1] - times[0] == pytest.approx(4 * (times[2] - times[1]) / 5, rel=0.05)
    assert times[0] < times[2] / 3
