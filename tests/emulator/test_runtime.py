"""Data-movement kernels on the emulator: what runs, and what is reported where the chip would be silent or hang."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import emu
import numpy as np
import pytest
from emu import CB, Device, EmulatorError, Kernel, Semaphore, rect

INCLUDES = """#include "api/dataflow/dataflow_api.h"
#include "api/dataflow/noc.h"
#include "api/dataflow/circular_buffer.h"
#include "api/dataflow/endpoints.h"
#include "api/dataflow/noc_semaphore.h"
#include "api/core_local_mem.h"
#include "api/tensor/tensor_accessor.h"
#include "api/tensor/noc_traits.h"
#include "api/debug/device_print.h"
"""
READER = """
void kernel_main() {
    const TensorAccessor a(TensorAccessorArgs<0>(), get_common_arg_val<uint32_t>(0));
    const uint32_t first = get_arg_val<uint32_t>(0), count = get_arg_val<uint32_t>(1);
    Noc noc;
    CircularBuffer cb(0);
    for (uint32_t t = first; t < first + count; ++t) {
        cb.reserve_back(1);
        noc.async_read(a, cb, cb.get_tile_size(), {.page_id = t}, {.offset_bytes = 0});
        noc.async_read_barrier();  // barrier
        cb.push_back(1);
    }
}
"""
WRITER = """
void kernel_main() {
    const TensorAccessor a(TensorAccessorArgs<0>(), get_common_arg_val<uint32_t>(0));
    const uint32_t first = get_arg_val<uint32_t>(0), count = get_arg_val<uint32_t>(1);
    for (uint32_t t = first; t < first + count; ++t) {
        cb_wait_front(0, 1);
        noc_async_write_page(t, a, get_read_ptr(0));
        noc_async_writes_flushed();  // flush
        cb_pop_front(0, 1);
    }
    noc_async_write_barrier();  // last
}
"""


def line_of(source: str, text: str) -> int:
    """Line of `text` in a kernel of these tests."""
    return (INCLUDES + source).split("\n").index(next(s for s in (INCLUDES + source).split("\n") if text in s)) + 1


def copy(
    device: Device,
    reader: str = READER,
    writer: str = WRITER,
    pages: int = 2,
    first: int = 0,
    writer_first: int | None = None,
    cores: int = 1,
    count: int = 4,
    check: bool = True,
) -> tuple:
    """Copies `count` tiles a core from one tensor to another through CB 0."""
    x = emu.random(32 * cores, 32 * count, seed=3)
    a, b = device.tensor(x, name="A"), device.empty(x.shape, name="B")
    args = {(i, 0): (first + i * count, count) for i in range(cores)}
    out = {(i, 0): ((i * count if writer_first is None else writer_first), count) for i in range(cores)}
    result = device.run(
        [
            Kernel(INCLUDES + reader, "reader", rect(cores, 1), args, [a.address], a.accessor),
            Kernel(INCLUDES + writer, "writer", rect(cores, 1), out, [b.address], b.accessor),
        ],
        [CB(rect(cores, 1), pages, [(0, "bf16")], names=["pages"])],
        check=check,
    )
    return x, b, result


def failure(kind: str, call, *args: object, **kwargs: object) -> str:
    with pytest.raises(EmulatorError) as caught:
        call(*args, **kwargs)
    assert caught.value.kind == kind, str(caught.value)
    return str(caught.value)


def run_one(
    device: Device,
    body: str,
    kind: str = "reader",
    cores: int = 1,
    cbs: list[CB] | None = None,
    semaphores: list[Semaphore] | None = None,
    common: list[int] | None = None,
    compile_args: list[int] | None = None,
    **kwargs: object,
) -> emu.Result:
    source = INCLUDES + "void kernel_main() {\n" + body + "\n}\n"
    kernel = Kernel(source, kind, rect(cores, 1), common=common or [], compile_args=compile_args or [], **kwargs)
    return device.run([kernel], cbs if cbs is not None else [CB(rect(cores, 1), 2, [(0, "bf16")])], semaphores or [])


# --- What runs ----------------------------------------------------------------------------------------------------------


def test_copy_through_a_circular_buffer(each_device: Device) -> None:
    x, b, result = copy(each_device, cores=7, count=5)
    np.testing.assert_array_equal(b.read(), x)
    assert result.cycles > 1000
    assert result.dram_read_bytes == result.dram_write_bytes == 7 * 5 * 2048


def test_runs_are_deterministic(device: Device) -> None:
    assert copy(device, cores=8)[2].clocks == copy(device, cores=8)[2].clocks


def test_more_depth_is_faster(device: Device) -> None:
    assert copy(device, pages=4, count=16)[2].cycles < copy(device, pages=1, count=16)[2].cycles


def test_whole_grid_of_each_board() -> None:
    for board, grid in {"n150": (8, 8), "n300": (8, 8), "p150": (13, 10), "p100": (11, 10)}.items():
        with Device(board=board) as device:
            assert device.grid == grid
            run_one(device, "", cores=grid[0])


def test_sticks_of_odd_width(each_device: Device) -> None:
    x = np.arange(5 * 24, dtype=np.float32).reshape(5, 24)
    a = each_device.tensor(x, "fp32", tiled=False, name="rows")
    b = each_device.empty((5, 24), "fp32", tiled=False)
    run_one(
        each_device,
        """
        const TensorAccessor a(TensorAccessorArgs<0>(), get_common_arg_val<uint32_t>(0));
        const TensorAccessor b(TensorAccessorArgs<2>(), get_common_arg_val<uint32_t>(1));
        for (uint32_t row = 0; row < 5; ++row) {
            noc_async_read(a.get_noc_addr(row), get_write_ptr(0), 96);
            noc_async_read_barrier();
            noc_async_write(get_write_ptr(0), b.get_noc_addr(row), 96);
            noc_async_write_barrier();
        }""",
        common=[a.address, b.address],
        compile_args=a.accessor + b.accessor,
    )
    np.testing.assert_array_equal(b.read(), x)


def test_arguments_reach_the_kernel(device: Device) -> None:
    result = run_one(
        device,
        """
        constexpr uint32_t named = get_named_compile_time_arg_val("depth");
        DEVICE_PRINT("{} {} {} {} {:.2f}", get_compile_time_arg_val(1), named, get_arg_val<int32_t>(0),
                     get_common_arg_val<uint32_t>(0), get_arg_val<float>(1));
        DEVICE_PRINT("core {},{} define {}", my_x[noc_index], my_y[0], FLAVOUR);""",
        compile_args=[5, 6],
        common=[8],
        named={"depth": 7},
        defines={"FLAVOUR": '"sweet"'},
        args={(0, 0): [-3, np.float32(1.5).view(np.uint32)]},
    )
    assert result.output == "(0,0) NCRISC: 6 7 -3 8 1.50\n(0,0) NCRISC: core 18,18 define sweet\n"


def test_named_arguments_are_constants_of_type_and_array_size(device: Device) -> None:
    run_one(
        device,
        """
        constexpr uint32_t n = get_named_compile_time_arg_val("n");
        static_assert(n == 3);
        uint32_t array[n] = {1, 2, 3};
        ASSERT(array[n - 1] == 3);""",
        named={"n": 3},
    )


def test_static_variables_belong_to_each_processor(device: Device) -> None:
    source = (
        INCLUDES
        + """
        static uint32_t calls = 100;
        uint32_t zeroed;
        void kernel_main() {
            Semaphore<> turn(0);
            for (uint32_t i = 0; i < 3; ++i) {
                calls += get_arg_val<uint32_t>(0);
                ++zeroed;
                turn.up(1);
                turn.wait_min(i + 1);
            }
            DEVICE_PRINT("{} {}", calls, zeroed);
        }"""
    )
    program = [Kernel(source, "reader", rect(2, 1), {(0, 0): [1], (1, 0): [10]})]
    for _ in range(2):  # and begin anew in each launch
        result = device.run(program, [], [Semaphore(0, (0, 0, 1, 0))])
        assert sorted(result.output.split("\n")[:2]) == ["(0,0) NCRISC: 103 3", "(1,0) NCRISC: 130 3"]


def test_memory_that_nobody_wrote_reads_as_nan(device: Device) -> None:
    assert np.isnan(device.empty((32, 32), "bf16").read()).all()
    result = run_one(device, 'DEVICE_PRINT("{:x}", *CoreLocalMem<uint32_t>(get_write_ptr(0)));')
    assert "ffffffff" in result.output


def test_l1_interleaved_tensor(device: Device) -> None:
    x = emu.random(32, 32 * 70)  # more pages than cores
    a = device.tensor(x, name="a")
    b = device.empty(x.shape, name="b", dram=False)
    run_one(
        device,
        """
        const TensorAccessor a(TensorAccessorArgs<0>(), get_common_arg_val<uint32_t>(0));
        const TensorAccessor b(TensorAccessorArgs<2>(), get_common_arg_val<uint32_t>(1));
        Noc noc;
        const CoreLocalMem<uint32_t> l1(get_write_ptr(0));
        for (uint32_t t = 0; t < 70; ++t) {
            noc.async_read(a, l1, 2048, {.page_id = t}, {});
            noc.async_read_barrier();
            noc.async_write(l1, b, 2048, {}, {.page_id = t});
            noc.async_write_barrier();
        }""",
        common=[a.address, b.address],
        compile_args=a.accessor + b.accessor,
    )
    np.testing.assert_array_equal(b.read(), x)


MULTICAST = """
void kernel_main() {
    constexpr uint32_t peers = get_named_compile_time_arg_val("peers");
    Semaphore<> ready(0), valid(1);
    CircularBuffer cb(0);
    Noc noc;
#if SENDER
    const TensorAccessor a(TensorAccessorArgs<0>(), get_common_arg_val<uint32_t>(0));
    uint32_t x0 = get_arg_val<uint32_t>(0), y0 = get_arg_val<uint32_t>(1), x1 = get_arg_val<uint32_t>(2),
             y1 = get_arg_val<uint32_t>(3);
    if (noc.get_noc_id() == 1) { uint32_t t = x0; x0 = x1; x1 = t; t = y0; y0 = y1; y1 = t; }
    valid.set(1);
    for (uint32_t t = 0; t < 3; ++t) {
        cb.reserve_back(1);
        noc.async_read(a, cb, 2048, {.page_id = t}, {});
        noc.async_read_barrier();
        ready.wait(peers); ready.set(0);
        noc.async_write_multicast(CoreLocalMem<uint32_t>(cb.get_write_ptr()), MulticastEndpoint{}, 2048, DESTS, {},
            {.noc_x_start = x0, .noc_y_start = y0, .noc_x_end = x1, .noc_y_end = y1, .addr = cb.get_write_ptr()}, true);
#ifdef ARCH_BLACKHOLE
        noc.async_writes_flushed();
#endif
        valid.set_multicast(noc, x0, y0, x1, y1, peers);
        cb.push_back(1);
    }
    noc.async_write_barrier();
#else
    for (uint32_t t = 0; t < 3; ++t) {
        cb.reserve_back(1);
        valid.set(0);
        ready.up(noc, get_arg_val<uint32_t>(0), get_arg_val<uint32_t>(1), 1);
        valid.wait(1);
        cb.push_back(1);
    }
    noc.async_atomic_barrier();
#endif
}
"""


def multicast(device: Device, nx: int, noc: int, dests: str = "peers") -> tuple:
    """Core (0,0) sends three tiles to the others of its row; every core writes them out."""
    x = emu.random(32, 96, seed=5)
    a, b = device.tensor(x, name="a"), device.empty((32 * nx, 96), name="b")
    row = [(0, 0, nx - 1, 0)]
    named = {"peers": nx - 1}
    kernels = [
        Kernel(
            INCLUDES + MULTICAST,
            "reader",
            [(0, 0, 0, 0)],
            {(0, 0): device.noc(1, 0) + device.noc(nx - 1, 0)},
            [a.address],
            a.accessor,
            named,
            {"SENDER": 1, "DESTS": dests},
            noc=noc,
            name="sender.cpp",
        ),
        Kernel(
            INCLUDES + MULTICAST,
            "reader",
            [(1, 0, nx - 1, 0)],
            {(i, 0): device.noc(0, 0) for i in range(1, nx)},
            [],
            [],
            named,
            {"SENDER": 0},
            noc=noc,
            name="receiver.cpp",
        ),
        Kernel(
            INCLUDES + WRITER,
            "writer",
            row,
            {(i, 0): (3 * i, 3) for i in range(nx)},
            [b.address],
            b.accessor,
            noc=1 - noc,
        ),
    ]
    result = device.run(kernels, [CB(row, 2, [(0, "bf16")])], [Semaphore(i, row[0]) for i in (0, 1)])
    return x, b.read(), result


@pytest.mark.parametrize("noc", [0, 1])
def test_multicast(each_device: Device, noc: int) -> None:
    x, got, _ = multicast(each_device, each_device.grid[0], noc)
    np.testing.assert_array_equal(got, np.tile(x, (each_device.grid[0], 1)))


def test_multicast_with_a_wrong_number_of_destinations(device: Device) -> None:
    message = failure("usage", multicast, device, 5, 0, "peers + 1")
    assert "num_dests is 5" in message and "has 4 worker cores without the sender" in message
    assert "core (0,0)" in message and "sender.cpp" in message


def test_semaphores_order_two_cores_in_time(device: Device) -> None:
    source = (
        INCLUDES
        + """void kernel_main() {
        Semaphore<> s(0);
        Noc noc;
        if (get_arg_val<uint32_t>(0)) {
            for (uint32_t i = 0; i < 20; ++i) {
                noc_async_read(get_noc_addr(my_x[0], my_y[0], get_read_ptr(0)), get_write_ptr(0) + 2048, 2048);
                noc.async_read_barrier();
            }
            s.up(noc, get_arg_val<uint32_t>(1), get_arg_val<uint32_t>(2), 1);
            noc.async_atomic_barrier();
        } else s.wait(1);
    }"""
    )
    result = device.run(
        [Kernel(source, "reader", rect(2, 1), {(0, 0): [0], (1, 0): [1, *device.noc(0, 0)]})],
        [CB(rect(2, 1), 2, [(0, "bf16")])],
        [Semaphore(0, (0, 0, 1, 0))],
    )
    waiter, busy = result.clocks[(0, 0, "reader")][0], result.clocks[(1, 0, "reader")][0]
    assert waiter > 20 * 150 and busy > 20 * 150


def test_trace_of_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TILELANG_TT_EMULATOR_TRACE", str(tmp_path / "trace.json"))
    with Device("wormhole_b0") as device:
        result = copy(device, cores=2)[2]
    events = json.loads((tmp_path / "trace.json").read_text())
    whole = [e for e in events if e["name"] == "writer.cpp" and e["pid"] == 1]
    assert [e["dur"] for e in whole] == [result.clocks[1, 0, "writer"][0]]
    waits = [e for e in events if e["name"] == "wait CB 0 (pages)" and e["pid"] == 1]
    assert waits and all(0 <= e["ts"] and e["ts"] + e["dur"] <= whole[0]["dur"] for e in waits)
    assert any(e["name"] == "read barrier" for e in events)


# --- What is reported ---------------------------------------------------------------------------------------------------


def test_deadlock_names_all_blocked_processors(device: Device) -> None:
    writer = WRITER.replace("cb_wait_front(0, 1)", "cb_wait_front(0, 2)")
    message = failure("deadlock", copy, device, writer=writer, count=3)
    assert "1 of 2 kernels can never go on" in message
    line = line_of(writer, "cb_wait_front(0, 2)")
    assert (
        f"core (0,0) BRISC, kernel writer.cpp, line {line}: waits for 2 pages of CB 0 (pages), 1 available" in message
    )


def test_deadlock_on_a_full_buffer_and_a_semaphore(device: Device) -> None:
    message = failure("deadlock", run_one, device, "cb_reserve_back(0, 2); cb_push_back(0, 2); cb_reserve_back(0, 1);")
    assert "waits for room for 1 page in CB 0, 0 of 2 free" in message
    message = failure(
        "deadlock",
        run_one,
        device,
        "Semaphore<> s(2); s.set(1);\n s.wait_min(4);",
        semaphores=[Semaphore(2, (0, 0, 0, 0))],
    )
    assert "waits for semaphore 2 to be at least 4, it is 1" in message
    assert f"line {len(INCLUDES.splitlines()) + 3}" in message


def test_page_beyond_a_tensor(device: Device) -> None:
    message = failure("out of bounds", copy, device, first=1)
    assert "page 4 of buffer A: it has pages 0..3" in message
    assert f"core (0,0) NCRISC, kernel reader.cpp, line {line_of(READER, 'noc.async_read(')}" in message


def test_address_beyond_a_tensor_and_beyond_l1(device: Device) -> None:
    a = device.tensor(emu.random(32, 32), name="small")
    body = "noc_async_read(get_noc_addr_from_bank_id<true>({bank}, get_common_arg_val<uint32_t>(0)), {to}, {size});"
    message = failure(
        "out of bounds", run_one, device, body.format(bank=1, to="get_write_ptr(0)", size=2048), common=[a.address]
    )
    assert "DRAM bank 1 passes the end of buffer small, which has 1 pages" in message
    message = failure(
        "out of bounds",
        run_one,
        device,
        body.format(bank=0, to="get_write_ptr(0)", size=2048),
        common=[a.address + 4096],
    )
    assert "no buffer is there; the nearest buffer below is small" in message
    message = failure(
        "out of bounds",
        run_one,
        device,
        body.format(bank=0, to="get_write_ptr(0) + 0x160000", size=2048),
        common=[a.address],
    )
    assert "passes the end of L1" in message
    message = failure("out of bounds", run_one, device, "noc_async_read(get_noc_addr(3, 60, 0), get_write_ptr(0), 32);")
    assert "NoC coordinates (3,60) are neither a worker core of the grid nor a DRAM bank" in message


def test_wild_pointers_do_not_kill_the_process(device: Device) -> None:
    message = failure("out of bounds", run_one, device, "*reinterpret_cast<volatile uint32_t*>(uintptr_t(0x1234)) = 1;")
    assert "dereferences address 0x1234" in message and "kernel reader.cpp" in message
    message = failure(
        "out of bounds",
        run_one,
        device,
        "volatile uint8_t* p = (uint8_t*)(uintptr_t)get_write_ptr(0);\n"
        "for (uint32_t i = 0; i < 0x170000; ++i) p[i] = 0;",
    )
    assert "beyond the end of L1" in message
    assert "division by zero" in failure(
        "kernel", run_one, device, "volatile uint32_t zero = 0; volatile uint32_t x = get_write_ptr(0) / zero;"
    )
    copy(device)  # and the device still works


def test_endless_loop(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TILELANG_TT_EMULATOR_TIMEOUT", "0.3")
    message = failure("kernel", run_one, device, "cb_reserve_back(0, 1);\nfor (volatile uint32_t i = 0;; i = i + 1) {}")
    assert "no progress for 0.3 seconds" in message and f"line {len(INCLUDES.splitlines()) + 2}" in message
    copy(device)


def test_assert(device: Device) -> None:
    message = failure("kernel", run_one, device, "uint32_t n = 3;\nASSERT(n < 2);")
    assert "ASSERT(n < 2) failed" in message and f"line {len(INCLUDES.splitlines()) + 3}" in message


def test_two_writers_of_a_page(device: Device) -> None:
    message = failure("race", copy, device, cores=2, writer_first=0)
    assert re.search(r"two writers: page \d of buffer B .* already written in this launch by core \(\d,0\)", message)


def test_two_cores_may_share_a_page_but_not_a_byte(device: Device) -> None:
    b = device.empty((1, 64), "fp32", tiled=False, name="row")
    source = (
        INCLUDES
        + """void kernel_main() {
            const TensorAccessor b(TensorAccessorArgs<0>(), get_common_arg_val<uint32_t>(0));
            const uint32_t at = get_arg_val<uint32_t>(0);
            CoreLocalMem<volatile uint32_t> l1(get_write_ptr(0));
            for (uint32_t i = 0; i < 64; ++i) l1[i] = at + i;
            noc_async_write(get_write_ptr(0) + at % 16, b.get_noc_addr(0, at), 24);
            noc_async_write_barrier();
        }"""
    )

    def run(second: int) -> None:
        kernel = Kernel(source, "writer", rect(2, 1), {(0, 0): [0], (1, 0): [second]}, [b.address], b.accessor)
        device.run([kernel], [CB(rect(2, 1), 2, [(0, "bf16")])])

    run(24)
    message = failure("race", run, 20)
    assert "page 0 of buffer row (byte 20 of it)" in message


def test_one_page_may_be_written_in_two_launches(device: Device) -> None:
    copy(device)
    copy(device)


def test_missing_read_barrier(device: Device) -> None:
    reader = READER.replace("noc.async_read_barrier();  // barrier", "")
    message = failure("race", copy, device, reader)
    assert "push_back of 1 pages of CB 0 (pages) while the read at reader.cpp line" in message
    assert "noc_async_read_barrier() is missing" in message
    assert f"kernel reader.cpp, line {line_of(reader, 'cb.push_back(1)')}" in message


def test_missing_write_flush(device: Device) -> None:
    writer = WRITER.replace("noc_async_writes_flushed();  // flush", "")
    message = failure("race", copy, device, writer=writer)
    assert "pop_front of 1 pages of CB 0 (pages) while the write at writer.cpp line" in message
    assert "noc_async_writes_flushed() or noc_async_write_barrier() is missing" in message


def test_missing_final_barriers(device: Device) -> None:
    message = failure("race", copy, device, writer=WRITER.replace("noc_async_write_barrier();  // last", ""))
    assert "the kernel ends with a write in flight on NoC 1" in message
    message = failure(
        "race",
        run_one,
        device,
        "Semaphore<> s(0); s.up(Noc(), my_x[0], my_y[0], 1);",
        semaphores=[Semaphore(0, (0, 0, 0, 0))],
    )
    assert "atomic increments in flight" in message and "noc_async_atomic_barrier() is missing" in message


def test_sending_what_has_not_arrived(device: Device) -> None:
    body = """const uint64_t self = get_noc_addr(get_write_ptr(0));
        noc_async_read(self + 2048, get_write_ptr(0), 2048);
        noc_async_write(get_write_ptr(0), self + 2048, 2048);"""
    assert "NoC write sends" in failure("race", run_one, device, body)


def test_missing_reserve_and_wait(device: Device) -> None:
    message = failure("circular buffer", copy, device, READER.replace("cb.reserve_back(1);", ""))
    assert "push_back of 1 pages of CB 0 (pages), but reserve_back granted 0: reserve_back is missing" in message
    message = failure("circular buffer", copy, device, writer=WRITER.replace("cb_wait_front(0, 1);", ""))
    assert "wait_front" in message and "CB 0 (pages)" in message
    early = READER.replace("cb.reserve_back(1);", "").replace("cb.push_back(1)", "cb.reserve_back(1); cb.push_back(1)")
    message = failure("circular buffer", copy, device, early)
    assert "NoC read writes 2048 bytes to page slot" in message and "reserve the pages first" in message


def test_buffer_limits(device: Device) -> None:
    message = failure("circular buffer", run_one, device, "cb_reserve_back(0, 3);")
    assert "reserve_back of 3 pages of CB 0, which has 2: it could never be granted" in message
    message = failure("circular buffer", run_one, device, "cb_push_back(5, 1);")
    assert "CB 5 is not configured on this core" in message
    body = (
        "cb_reserve_back(0, 2); cb_push_back(0, 2); cb_wait_front(0, 2); cb_pop_front(0, 2);\n"
        "cb_reserve_back(0, 2); cb_push_back(0, 1); cb_reserve_back(0, 2); cb_push_back(0, 2);"
    )
    message = failure("deadlock", run_one, device, body)
    straddle = (
        "for (uint32_t i = 0; i < 2; ++i) { cb_reserve_back(0, 2); cb_push_back(0, 2);"
        " cb_wait_front(0, 2); cb_pop_front(0, 2); }"
    )
    message = failure("circular buffer", run_one, device, straddle, cbs=[CB(rect(1, 1), 3, [(0, "bf16")])])
    assert "passes the end of its 3 pages; make its capacity a multiple of what is pushed" in message


def test_two_producers(device: Device) -> None:
    body = "void kernel_main() { cb_reserve_back(0, 1); cb_push_back(0, 1); }"
    kernels = [Kernel(INCLUDES + body, kind, rect(1, 1)) for kind in ("reader", "writer")]
    message = failure("race", device.run, kernels, [CB(rect(1, 1), 2, [(0, "bf16")])])
    assert "CB 0 already has a producer" in message


def test_alignment(device: Device) -> None:
    a = device.tensor(emu.random(32, 32), name="a")
    body = "noc_async_read(get_noc_addr_from_bank_id<true>(0, get_common_arg_val<uint32_t>(0)) + 16, get_write_ptr(0), 32);"
    message = failure("alignment", run_one, device, body, common=[a.address])
    assert "differ modulo 32" in message and "DRAM bank 0" in message


def test_l1_overflow_lists_the_buffers(device: Device) -> None:
    cbs = [
        CB(rect(1, 1), 400, [(0, "bf16")], names=["A_shared"]),
        CB(rect(1, 1), 300, [(1, "bf16")], names=["B_shared"]),
    ]
    message = failure("resource", run_one, device, "", cbs=cbs)
    assert "1393312 bytes usable" in message
    assert "CB 0 A_shared: 819200 bytes" in message and "CB 1 B_shared: 614400 bytes" in message


def test_limits_of_programs(device: Device) -> None:
    assert "0..31" in failure("resource", run_one, device, "", cbs=[CB(rect(1, 1), 1, [(32, "bf16")])])
    assert "0..15" in failure("resource", run_one, device, "", semaphores=[Semaphore(16, (0, 0, 0, 0))])
    assert "not in the 8x8 grid" in failure("usage", run_one, device, "", cores=9, cbs=[])
    assert "runtime arguments" in failure("resource", run_one, device, "", args={(0, 0): [0] * 400})
    message = failure("out of bounds", run_one, device, "get_arg_val<uint32_t>(2);", args={(0, 0): [0]})
    assert "get_arg_val(2): the host set 1 arguments" in message
    kernels = [Kernel(INCLUDES + "void kernel_main() {}", "reader", rect(1, 1), name=n) for n in ("a.cpp", "b.cpp")]
    assert "a.cpp and b.cpp both run on NCRISC" in failure("usage", device.run, kernels)
    with pytest.raises(EmulatorError, match="known are wormhole_b0/n150"):
        Device("grayskull")


def test_compile_error_has_the_kernels_own_line(device: Device) -> None:
    message = failure("compile", run_one, device, "uint32_t x = 1;\nnot_a_function(x);")
    assert f"reader.cpp:{len(INCLUDES.splitlines()) + 3}:" in message and "not_a_function" in message


@pytest.mark.parametrize(
    "text",
    [
        "noc_async_read_tile(0, 0, 0);",
        "InterleavedAddrGenFast<true> a;",
        "ALWI int f;",
        'DPRINT << "x";',
        'get_named_compile_time_arg_val("absent");',
        "get_compile_time_arg_val(3);",
        "tile_regs_acquire();",
    ],
)
def test_names_that_are_gone_or_missing_do_not_compile(device: Device, text: str) -> None:
    failure("compile", run_one, device, text, named={"present": 1}, compile_args=[1, 2])


def test_kernel_files_and_their_includes(device: Device, tmp_path: Path) -> None:
    (tmp_path / "value.h").write_text("#define VALUE 1\n")
    (tmp_path / "kernel.cpp").write_text(
        INCLUDES + '#include "value.h"\nvoid kernel_main() { DEVICE_PRINT("{}", VALUE); }'
    )
    kernel = Kernel(tmp_path / "kernel.cpp", "reader", rect(1, 1))
    assert "NCRISC: 1" in device.run([kernel]).output
    (tmp_path / "value.h").write_text("#define VALUE 2\n")
    assert "NCRISC: 2" in device.run([kernel]).output
    message = failure("compile", device.run, [Kernel(tmp_path / "absent.cpp", "reader", rect(1, 1))])
    assert "absent.cpp does not exist" in message


def test_corrupt_cache_entries_are_rebuilt(tmp_path: Path) -> None:
    program = (
        "import sys; sys.path.insert(0, {here!r}); import emu\n"
        "with emu.Device('wormhole_b0') as d:\n"
        '    source = \'#include "api/debug/device_print.h"\\nvoid kernel_main() {{ DEVICE_PRINT("hello"); }}\'\n'
        "    print(d.run([emu.Kernel(source, 'reader', [(0, 0, 0, 0)])]).output)\n"
    )
    program = program.format(here=str(Path(__file__).parent))
    env = {
        **__import__("os").environ,
        "TILELANG_TT_CACHE": str(tmp_path),
        "TILELANG_TT_EMULATOR_LIBRARY": str(emu.library_path()),
    }

    def run() -> str:
        return subprocess.run(
            [__import__("sys").executable, "-c", program],
            env=env,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout

    assert "hello" in run()
    (entry,) = tmp_path.glob("kernels/*.so")
    good = entry.read_bytes()
    for bad in (good[: len(good) // 2], b"", good[:200] + b"x" + good[201:], b"not an object" * 100):
        entry.write_bytes(bad)
        assert "hello" in run()
        assert entry.read_bytes() != bad and entry.read_bytes()[:4] == b"\x7fELF"
    assert not [p for p in tmp_path.glob("kernels/*") if "tmp" in p.name]


def test_a_compiler_that_is_not_there(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "/nowhere/c++")
    message = failure("compile", run_one, device, "// another compiler")
    assert '$CXX is "/nowhere/c++"' in message
