"""Kernels called in this process go to ttnn when asked to; `ttnn` is a stand-in whose every program copies A to C."""

import ctypes
import sys
import types
from typing import Any

import pytest

tilelang = pytest.importorskip("tilelang")
import tilelang.language as T
import torch

tilelang_tt = pytest.importorskip("tilelang_tt", reason="the compiler is not built")
from tilelang_tt import launch, ttnn_device


@T.prim_func
def copy(A: T.Tensor((40, 70), "bfloat16"), C: T.Tensor((40, 70), "bfloat16")):
    with T.Kernel(T.ceildiv(70, 64), T.ceildiv(40, 32), threads=128) as (bx, by):
        tile = T.alloc_shared((32, 64), "bfloat16")
        T.copy(A[by * 32, bx * 64], tile)
        T.copy(tile, C[by * 32, bx * 64])


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Files of the programs that were launched."""
    seen: list[str] = []

    def run(self: launch.Program, device: Any, arrays: list[Any], scalars: Any = None, before: Any = None) -> list[Any]:
        self.bind(arrays, scalars)
        seen.append(self.plan["name"])
        return [arrays[0].astype("float32")]

    monkeypatch.setattr(launch.Program, "run", run)
    fake = types.SimpleNamespace(arch=lambda: "Arch.WORMHOLE_B0")
    monkeypatch.setattr(launch, "open_device", lambda number: fake)
    monkeypatch.setattr(ttnn_device, "_device", fake)
    monkeypatch.setenv("TILELANG_TT_DEVICE", "emulator")  # restored afterwards, whatever device() sets
    return seen


def test_a_kernel_runs_on_ttnn_when_asked(runs):
    kernel = tilelang.compile(copy, target="tenstorrent", out_idx=[1])
    a = torch.randn(40, 70).bfloat16()
    assert torch.equal(kernel(a), a) and runs == []  # on the emulator
    tilelang_tt.device("ttnn")
    assert torch.equal(kernel(a), a) and runs == ["copy"]
    assert tilelang_tt.last_run().device == "ttnn wormhole_b0"
    tilelang_tt.device("emulator")
    assert torch.equal(kernel(a), a) and runs == ["copy"]


def test_strided_arrays_are_read_where_they_lie(runs):
    tilelang_tt.device("ttnn")
    kernel = tilelang.compile(copy, target="tenstorrent")
    a, c = torch.randn(70, 40).bfloat16().T, torch.zeros(40, 140).bfloat16()[:, ::2]
    kernel(a, c)
    assert torch.equal(a, c)


def test_an_unknown_device_is_refused():
    with pytest.raises(ValueError, match="no device 'card': there are emulator, ttnn"):
        tilelang_tt.device("card")


def test_without_ttnn_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setattr(ttnn_device, "_device", None)
    monkeypatch.setitem(sys.modules, "ttnn", None)
    monkeypatch.setenv("TILELANG_TT_DEVICE", "ttnn")
    kernel = tilelang.compile(copy, target="tenstorrent", out_idx=[1])
    with pytest.raises(tilelang_tt.RunError, match="pip install ttnn"):
        kernel(torch.zeros(40, 70).bfloat16())


def test_the_emulator_keeps_its_host_api_to_itself():
    """ttnn in the same process defines functions of the same names: the first in the global scope would be called."""
    a = torch.randn(40, 70).bfloat16()
    assert torch.equal(tilelang.compile(copy, target="tenstorrent", out_idx=[1])(a), a)  # has loaded kernels
    with pytest.raises(AttributeError):
        ctypes.CDLL(None)["_ZN2tt8tt_metal11distributed10MeshDevice5closeEv"]


def test_programs_are_told_what_outputs_hold(runs, monkeypatch):
    """What a kernel does not write of an output stays the caller's."""

    def run(self: launch.Program, device: Any, arrays: list[Any], scalars: Any, before: dict[int, Any]) -> list[Any]:
        return [before[self.outputs[0].index] + 1]

    monkeypatch.setattr(launch.Program, "run", run)
    tilelang_tt.device("ttnn")
    a, c = torch.randn(40, 70).bfloat16(), torch.full((40, 70), 5.0).bfloat16()
    tilelang.compile(copy, target="tenstorrent")(a, c)
    assert (c == 6).all()
