"""Row-major tensors: a window of one is copied into another, through tiles, to the bit."""

import json
import sys

import artifacts
import jsonschema
import ml_dtypes
import numpy as np
import pytest
from rows import Window

sys.path.append(str(artifacts.ROOT / "tools" / "realheaders"))

from plans import launch

SCHEMA = json.loads((artifacts.ROOT / "docs" / "tt.plan.schema.json").read_text())
NUMPY = {
    "bf16": ml_dtypes.bfloat16,
    "f16": np.float16,
    "f32": np.float32,
    "i32": np.int32,
    "u32": np.uint32,
    "u16": np.uint16,
    "u8": np.uint8,
}


def numbers(dtype: str, shape: tuple[int, int], seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    kind = np.dtype(NUMPY[dtype])
    if dtype.startswith(("i", "u")):
        info = np.iinfo(kind)
        return rng.integers(info.min, info.max, shape, endpoint=True, dtype=kind)
    return rng.standard_normal(shape).astype(kind)


def run(window: Window, folder, target: str) -> None:
    done = artifacts.compile_text(window.text(), folder, target)
    assert done.returncode == 0, done.stderr
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads((folder / "tt.plan.json").read_text()))
    a_shape, b_shape = window.shapes()
    a, b = numbers(window.dtype, a_shape, 1), numbers(window.dtype, b_shape, 2)
    expected = b.copy()
    expected[:, window.to : window.to + window.width] = a[:, window.start : window.start + window.width]
    artifacts.write_reference(folder / "data", {"A": a, "B": b}, {"B": expected})
    ran = artifacts.run_host(artifacts.build_host(folder), str(folder / "data"), "--tolerance", "0")
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("arch", ["wormhole_b0", "blackhole"])
@pytest.mark.parametrize("dtype", ["bf16", "f16", "f32", "i32", "u32", "u16", "u8"])
def test_dtypes(tmp_path, arch, dtype):
    run(Window(dtype, rows=70, width=37, start=3, to=5, a_cols=101, b_cols=43), tmp_path, f"arch={arch}")


@pytest.mark.parametrize(
    "window",
    [
        Window("bf16", rows=32, width=32),
        Window("bf16", rows=1, width=1),
        Window("bf16", rows=1, width=1, start=1, to=2, b_cols=3),
        Window("bf16", rows=33, width=64, start=32, to=64),
        Window("bf16", rows=200, width=96, start=17, to=1, cores=3),
        Window("bf16", rows=64, width=256, start=1),
        Window("bf16", rows=64, width=288, start=15, to=31, block_tiles=3),
        Window("f32", rows=64, width=288, start=15, to=31),
        Window("f32", rows=40, width=320, start=8, block_tiles=2),
        Window("u8", rows=64, width=32, start=1, to=7, scratch_rows=32),
        Window("bf16", rows=33, width=50, start=9, to=11, scratch_rows=1),
        Window("bf16", rows=33, width=40, start=9, to=11, beyond=2, cores=2),
        Window("bf16", rows=33, width=40, beyond=2, scratch_rows=0),
        Window("bf16", rows=70, width=64, start=64, to=32, scratch_rows=0),
        Window("f32", rows=70, width=33, start=16, to=4, a_cols=50, b_cols=64, scratch_rows=0),
    ],
    ids=str,
)
def test_windows(tmp_path, window):
    """On the chip that asks for more alignment."""
    run(window, tmp_path, "arch=blackhole")


def tensors(window: Window, folder) -> list:
    assert artifacts.compile_text(window.text(), folder).returncode == 0
    plan = json.loads((folder / "tt.plan.json").read_text())
    return [launch.Tensor(t, i) for i, t in enumerate(plan["tensors"])]


def test_launcher_keeps_rows(tmp_path):
    """Pages are rows, in whole words, and come back as they were."""
    a, _ = tensors(Window("bf16", rows=3, width=5, a_cols=7), tmp_path)
    array = np.arange(21, dtype=np.float32).reshape(3, 7)
    pages = a.to_pages(array, {})
    assert pages.shape == (3, 16) == (a.pages({}), a.page_bytes({}))
    assert (pages[:, :14].copy().view(np.uint16) == (array.view(np.uint32) >> 16)).all()
    assert not pages[:, 14:].any()
    np.testing.assert_array_equal(a.from_pages(pages, {}), array)


def test_launcher_refuses_rows_of_float16(tmp_path):
    with pytest.raises(launch.LaunchError, match="'A': ttnn has no tensors of float16, .*: use bfloat16"):
        tensors(Window("f16", rows=3, width=5), tmp_path)
