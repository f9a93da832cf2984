"""The ttnn launcher without ttnn: the plan's recipes, its expressions, what it tells ttnn, and its refusals.

What it does on a simulator is in docs/fidelity.md; here `ttnn` is a stand-in that keeps what it is told.
"""

import importlib.util
import json
import pathlib
import sys
import types
from typing import Any

import numpy as np
import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
# as on a machine without TileLang: the module alone, not the package around it
_SPEC = importlib.util.spec_from_file_location("launch", ROOT / "python" / "tilelang_tt" / "launch.py")
launch = importlib.util.module_from_spec(_SPEC)
sys.modules["launch"] = launch
_SPEC.loader.exec_module(launch)

FORMATS = {"bfloat16": ("Float16_b", 2048), "float32": ("Float32", 4096), "int32": ("Int32", 4096)}


def var(name: str) -> dict[str, Any]:
    return {"var": name}


def op(name: str, *args: Any) -> dict[str, Any]:
    return {"op": name, "args": list(args)}


def tensor(name: str, param: int, role: str, shape: list[Any], dtype: str = "bfloat16", **host: Any) -> dict[str, Any]:
    fmt, page = FORMATS[dtype]
    recipe = {"permute": [0, 1], "outer": 1, "rows": shape[0], "cols": shape[1], "pad_to": [32, 32], "pad_value": 0}
    recipe |= {"tilize": True, "store_as": fmt, "ttnn_dtype": dtype, **host}
    layout = {"memory": "dram_interleaved", "page": "tile", "format": fmt, "page_size": page}
    return {
        "name": name,
        "dtype": dtype,
        "param": param,
        "role": role,
        "shape": shape,
        "layout": layout,
        "host": recipe,
    }


def example(**changes: Any) -> dict[str, str]:
    """Artifacts of C[M, 48] = A[M, 48] on three cores of a 2 x 2 grid, core i working from tile 10 i."""
    kernel = {
        "file": "reader.cpp",
        "engine": "reader",
        "compile_time_args": [{"name": "A", "accessor": 0}],
        "named_compile_time_args": {"row_tiles": op("floordiv", op("add", var("M"), 31), 32)},
        "common_runtime_args": [{"name": "A", "address": 0}, {"name": "C", "address": 1}],
        "runtime_args": [{"name": "first", "value": op("mul", var("core"), 10)}],
        "defines": {"MODE": "1"},
    }
    plan = {
        "version": 1,
        "name": "copy",
        "target": {"arch": "wormhole_b0", "board": "n150", "grid": [8, 8]},
        "symbols": ["M"],
        "scalars": [],
        "tensors": [tensor("A", 0, "input", [var("M"), 48]), tensor("C", 1, "output", [var("M"), 48])],
        "launches": [
            {
                "grid": [2, 2],
                "cores": {"count": 3, "ranges": [[0, 0, 1, 0], [0, 1, 0, 1]], "order": "row_major", "variable": "core"},
                "kernels": [kernel],
                "circular_buffers": [
                    {
                        "id": 3,
                        "format": "Float16_b",
                        "ttnn_dtype": "bfloat16",
                        "page_size": 2048,
                        "pages": 4,
                        "unpack_mode": "default",
                    }
                ],
                "semaphores": [{"id": 2, "initial": 7}],
                "l1": {"used": 8192, "capacity": 1393312},
                "compute": {},
            }
        ],
    }
    plan |= changes
    return {"tt.plan.json": json.dumps(plan), "reader.cpp": "void kernel_main() {}"}


# ---- expressions and layouts ----


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        (7, 7),
        (var("n"), 5),
        (op("add", var("n"), -8), -3),
        (op("floordiv", -7, 2), -4),
        (op("floormod", -7, 2), 1),
        (op("min", 3, var("n")), 3),
        (op("select", op("lt", var("n"), 5), 1, op("max", 2, 9)), 9),
        (op("and", op("le", 5, var("n")), op("not", op("eq", var("n"), 6))), 1),
    ],
)
def test_expressions(expression, value):
    assert launch.evaluate(expression, {"n": 5}) == value


def test_an_unknown_symbol_is_named():
    with pytest.raises(launch.LaunchError, match="'m'.*known are \\['n'\\]"):
        launch.evaluate(var("m"), {"n": 1})


def reference_tiles(matrix: np.ndarray) -> np.ndarray:
    """Element by element: tiles row by row, faces (0,0) (0,1) (1,0) (1,1), rows of 16."""
    rows, cols = matrix.shape
    out = []
    for tr in range(0, rows, 32):
        for tc in range(0, cols, 32):
            out.append(
                [
                    matrix[tr + fr + r, tc + fc + c]
                    for fr in (0, 16)
                    for fc in (0, 16)
                    for r in range(16)
                    for c in range(16)
                ]
            )
    return np.array(out, matrix.dtype)


def test_tiles_are_faces_of_a_padded_matrix():
    a = np.arange(40 * 48, dtype=np.float32).reshape(40, 48)
    t = launch.Tensor(tensor("A", 0, "input", [40, 48], "float32"), 0)
    padded = np.pad(a, ((0, 24), (0, 16)))
    np.testing.assert_array_equal(t.to_pages(a, {}).view(np.float32), reference_tiles(padded))
    assert t.pages({}) == 4


@pytest.mark.parametrize("dtype", ["float32", "int32", "bfloat16"])
@pytest.mark.parametrize("permute", [[0, 1, 2], [1, 0, 2], [2, 0, 1], [0, 2, 1]])
def test_arrays_come_back(dtype, permute):
    shape = [3, 37, 50]
    x = np.random.default_rng(0).integers(-120, 120, size=shape).astype(launch._numpy_dtype(dtype))
    outer, rows, cols = (shape[d] for d in permute)
    plan = tensor("A", 0, "input", shape, dtype, permute=permute, outer=outer, rows=rows, cols=cols)
    t = launch.Tensor(plan, 0)
    back = t.from_pages(t.to_pages(x, {}), {})
    assert back.dtype == x.dtype
    np.testing.assert_array_equal(back, x)


@pytest.mark.parametrize("n", [1, 32, 1000])
def test_a_vector_in_rows(n):
    """Zeros fill the last row; they do not come back."""
    recipe = {"rows": op("floordiv", op("add", var("n"), 31), 32), "cols": 32}
    plan = tensor("A", 0, "input", [var("n"), 1], "int32", **recipe) | {"shape": [var("n")]}
    plan["host"]["view"] = [recipe["rows"], 32]
    t, x, env = launch.Tensor(plan, 0), np.arange(1, n + 1, dtype=np.int32), {"n": n}
    rows = np.pad(x, (0, -n % 1024)).reshape(-1, 32)
    np.testing.assert_array_equal(t.to_pages(x, env).view(np.int32), reference_tiles(rows))
    np.testing.assert_array_equal(t.from_pages(t.to_pages(x, env), env), x)


def test_the_pad_value_fills_the_tile():
    t = launch.Tensor(tensor("A", 0, "input", [1, 1], "float32", pad_value="-inf"), 0)
    page = t.to_pages(np.ones((1, 1), np.float32), {}).view(np.float32)[0]
    assert page[0] == 1 and np.all(np.isneginf(page[1:]))


def test_bfloat16_rounds_to_nearest_even():
    x = np.array([1.0, 1 + 2**-8, 1 + 3 * 2**-8, -1 - 2**-8 - 2**-20, np.inf, -0.0, np.nan, 3.4e38], np.float32)
    bits = launch._bf16_encode(x)
    want = [0x3F80, 0x3F80, 0x3F82, 0xBF81, 0x7F80, 0x8000, None, 0x7F80]
    assert [b for b, w in zip(bits, want, strict=True) if w is not None] == [w for w in want if w is not None]
    assert bits[6] & 0x7FFF > 0x7F80  # still a NaN


@pytest.mark.parametrize(("name", "bits"), [("bfloat8_b", 8), ("bfloat4_b", 4)])
def test_block_formats_keep_what_they_can_hold(name, bits):
    fmt = launch.FORMATS[name]
    x = np.random.default_rng(1).standard_normal((2, 1024)).astype(np.float32)
    page = fmt.encode(x)
    assert page.shape == (2, fmt.page)
    once = fmt.decode(page)
    step = np.repeat(2.0 ** np.floor(np.log2(np.abs(x).reshape(2, 64, 16).max(axis=2))), 16, axis=1) * 2.0 ** (2 - bits)
    assert np.all(np.abs(once - x) <= step)  # half a step, a whole one where the largest is cut
    np.testing.assert_array_equal(fmt.encode(once), page)


# ---- what ttnn is told ----


class Told:
    """Any of ttnn's descriptors: keeps its arguments."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.args = args
        self.__dict__.update(kwargs)


class DeviceTensor:
    def __init__(self, words: np.ndarray, address: int) -> None:
        self.words, self.address = words, address
        self.dtype, self.layout, self.shape = "uint32", "row major", words.shape

    def to(self, device: Any, memory: Any) -> "DeviceTensor":
        return self

    def cpu(self) -> "DeviceTensor":
        return self

    def to_numpy(self) -> np.ndarray:
        return self.words

    def buffer_address(self) -> int:
        return self.address


class PerCore(dict):
    def __missing__(self, x: int) -> dict[int, list[int]]:
        self[x] = {}
        return self[x]


@pytest.fixture
def ttnn(monkeypatch: pytest.MonkeyPatch) -> types.SimpleNamespace:
    made: list[DeviceTensor] = []

    def make(words: np.ndarray, dtype: str = "uint32") -> DeviceTensor:
        made.append(DeviceTensor(np.asarray(words), 0x1000 * (len(made) + 1)))
        return made[-1]

    fake = types.ModuleType("ttnn")
    for name in ("CoreCoord", "CoreRange", "CoreRangeSet", "KernelDescriptor", "CBDescriptor", "CBFormatDescriptor",
                 "SemaphoreDescriptor", "ProgramDescriptor", "ReaderConfigDescriptor"):  # fmt: skip
        setattr(fake, name, type(name, (Told,), {}))
    fake.KernelDescriptor.SourceType = types.SimpleNamespace(SOURCE_CODE="source code")
    fake.RuntimeArgs = PerCore
    fake.Tensor = type("Tensor", (), {"__new__": lambda cls, words, dtype: make(words)})
    fake.Shape = list
    fake.allocate_tensor_on_device = lambda shape, *more: make(np.zeros(shape, np.uint32))
    fake.TensorAccessorArgs = lambda t: types.SimpleNamespace(get_compile_time_args=lambda: [2, t.shape[1] * 4])
    fake.uint32, fake.bfloat16, fake.ROW_MAJOR_LAYOUT, fake.DRAM_MEMORY_CONFIG = "uint32", "bf16", "row major", "dram"
    fake.runs = []

    def generic_op(tensors: list[DeviceTensor], program: Told) -> None:
        fake.runs.append((tensors, program))
        tensors[-1].words[:] = tensors[0].words

    fake.generic_op = generic_op
    monkeypatch.setitem(sys.modules, "ttnn", fake)
    return fake


def device(x: int = 8, y: int = 8, arch: str = "WORMHOLE_B0") -> types.SimpleNamespace:
    grid = types.SimpleNamespace(x=x, y=y)
    return types.SimpleNamespace(compute_with_storage_grid_size=lambda: grid, arch=lambda: f"Arch.{arch}")


def test_ttnn_is_told_the_plan_and_nothing_else(ttnn):
    a = np.random.default_rng(0).standard_normal((40, 48)).astype(np.float32)
    (c,) = launch.Program(example()).run(device(), [a])
    np.testing.assert_array_equal(c, launch._bf16_encode(a).astype(np.uint32).__lshift__(16).view(np.float32))
    ((tensors, program),) = ttnn.runs
    assert [t.address for t in tensors] == [0x1000, 0x2000]
    (kernel,) = program.kernels
    assert kernel.compile_time_args == [2, 2048]
    assert kernel.named_compile_time_args == [("row_tiles", 2)]
    assert kernel.common_runtime_args == [0x1000, 0x2000]
    assert kernel.runtime_args == {0: {0: [0], 1: [20]}, 1: {0: [10]}}  # row-major: core 2 begins the second row
    assert kernel.defines == [("MODE", "1")]
    (cb,) = program.cbs
    assert cb.total_size == 4 * 2048 and cb.format_descriptors[0].args == (3, "bf16", 2048)
    (semaphore,) = program.semaphores
    assert (semaphore.id, semaphore.initial_value) == (2, 7)


def test_cores_are_told_by_their_place_on_the_noc(ttnn):
    plan = json.loads(example()["tt.plan.json"])
    (first,) = plan["launches"]
    first["kernels"][0]["common_runtime_args"] = [{"name": "x", "noc_x": 2}, {"name": "y", "noc_y": 2}]
    opened = device()
    opened.worker_core_from_logical_core = lambda core: types.SimpleNamespace(x=core.args[0] + 18, y=core.args[1] + 20)
    launch.Program(example(launches=[first])).run(opened, [np.zeros((40, 48), np.float32)])
    ((_, program),) = ttnn.runs
    assert program.kernels[0].common_runtime_args == [18, 21]  # the grid has two columns: core 2 is (0, 1)


def test_launches_run_in_order_on_one_workspace(ttnn):
    plan = json.loads(example()["tt.plan.json"])
    first = plan["launches"][0]
    second = json.loads(json.dumps(first))
    second["kernels"][0]["file"] = "launch1_reader.cpp"
    second["kernels"][0]["common_runtime_args"] = [{"name": "W", "address": 2}, {"name": "C", "address": 1}]
    changes = {
        "tensors": [*plan["tensors"], tensor("W", -1, "workspace", [var("M"), 48], "float32")],
        "launches": [first, second],
    }
    files = example(**changes) | {"launch1_reader.cpp": "void kernel_main() { /* second */ }"}
    a = np.ones((40, 48), np.float32)
    outputs = launch.Program(files).run(device(), [a])
    assert [o.shape for o in outputs] == [(40, 48)], "a workspace is no result"
    (on_device, one), (again, two) = ttnn.runs
    assert on_device == again and len(on_device) == 3, "both launches work on the same tensors"
    assert on_device[-1].address == 0x2000, "ttnn takes the last tensor for the output"
    assert [t.shape for t in on_device] == [(4, 512), (4, 1024), (4, 512)]
    assert "second" in two.kernels[0].kernel_source and "second" not in one.kernels[0].kernel_source
    assert two.kernels[0].common_runtime_args == [0x3000, 0x2000]


def test_a_grid_that_the_device_lacks_is_refused(ttnn):
    with pytest.raises(launch.LaunchError, match=r"cores \(0, 0\) to \(1, 0\).*1 columns.*-grid=1x8"):
        launch.Program(example()).run(device(x=1), [np.zeros((32, 48), np.float32)])


def test_artifacts_for_another_chip_are_refused(ttnn):
    with pytest.raises(launch.LaunchError, match="for wormhole_b0 and the device is a blackhole"):
        launch.Program(example()).run(device(arch="BLACKHOLE"), [np.zeros((32, 48), np.float32)])


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ([], "0 inputs given for 1: A"),
        ([np.zeros((32, 48), np.float32)] * 2, "2 inputs given for 1"),
        ([np.zeros(48, np.float32)], "'A' has 2 dimensions; the array given has 1"),
        ([np.zeros((32, 40), np.float32)], r"'A' has shape \(32, 48\) in the plan; the array given has \(32, 40\)"),
        ([np.zeros((32, 48), np.int32)], "'A' is bfloat16; the array given is int32"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(ttnn, arrays, message):
    with pytest.raises(launch.LaunchError, match=message):
        launch.Program(example()).run(device(), arrays)


def test_a_plan_of_another_version_is_refused():
    with pytest.raises(launch.LaunchError, match="version 99; this launcher reads 1"):
        launch.Program(example(version=99))


def test_the_command_says_what_is_missing(tmp_path, capsys):
    assert launch.main([str(tmp_path)]) == 1
    assert "no tt.plan.json" in capsys.readouterr().err
