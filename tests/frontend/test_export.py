"""Kernels outlive their process: export_library, TileLang's disk cache; and TileLang's other entry points."""

import door_kernels
import pytest
import tilelang
import tilelang_tt
import torch

TARGET = "tenstorrent -grid=2x2"


@pytest.fixture
def operands():
    return torch.randn(64, 64).bfloat16(), torch.randn(64, 64).bfloat16()


def close(c, a, b):
    reference = a.double() @ b.double()
    return (c.double() - reference).norm() <= 4e-3 * reference.norm()


def test_kernel_source():
    kernel = tilelang.compile(door_kernels.gemm(64, 64, 64, 32, 32, 32), target=TARGET)
    source = kernel.get_kernel_source()
    for name in ("reader.cpp", "compute.cpp", "writer.cpp"):
        assert name in source
    assert "matmul" in source and "A_shared" in source
    assert "int main(" in kernel.get_host_source()


def test_lazy_and_eager_jit(operands):
    a, b = operands
    assert close(door_kernels.lazy(64, 64, 64)(a, b), a, b)
    assert close(door_kernels.eager(a, b), a, b)


def test_lower():
    artifact = tilelang.lower(door_kernels.gemm(64, 64, 64, 32, 32, 32), target=TARGET)
    assert "compute.cpp" in artifact.kernel_source


def test_export_and_load_in_another_process(python, tmp_path, operands):
    a, b = operands
    kernel = tilelang.compile(door_kernels.gemm(64, 64, 64, 32, 32, 32), target=TARGET)
    library = tmp_path / "matmul.so"
    kernel.export_library(str(library))
    torch.save((a, b), tmp_path / "in.pt")
    load = "import sys, torch, tvm\nf = tvm.runtime.load_module(sys.argv[1])\n"
    call = "a, b = torch.load('in.pt')\nc = torch.zeros(64, 64).bfloat16()\nf['main'](a, b, c)\ntorch.save(c, 'out.pt')"
    result = python("import tilelang_tt\n" + load + call, str(library))
    assert result.returncode == 0, result.stderr
    assert close(torch.load(tmp_path / "out.pt"), a, b)
    # Without tilelang_tt the loader does not know the module; it must say so.
    result = python("import tilelang\n" + load, str(library))
    assert result.returncode != 0 and "tilelang_tt" in result.stderr


CACHED = """
import sys, torch, tilelang, tilelang_tt, door_kernels
from tilelang_tt import backend
built = []
old = backend._ffi.build
backend._ffi.build = lambda *a: (built.append(1), old(*a))[1]
kernel = tilelang.compile(door_kernels.gemm(64, 64, 64, 32, 32, 32), target=sys.argv[1])
a, b, c = torch.ones(64, 64).bfloat16(), torch.ones(64, 64).bfloat16(), torch.zeros(64, 64).bfloat16()
kernel(a, b, c)
assert (c == 64).all()
assert "compute.cpp" in kernel.get_kernel_source()
print(len(built))
"""


def test_disk_cache(python, tmp_path):
    def run(target=TARGET):
        result = python(CACHED, target, TILELANG_CACHE_DIR=str(tmp_path / "cache"), TILELANG_DISABLE_CACHE="0")
        assert result.returncode == 0, result.stderr
        return int(result.stdout.split()[-1])

    assert run() == 1
    assert run() == 0  # from disk
    assert run("tenstorrent -grid=1x2") == 1  # another grid is another kernel
    entries = [path for path in (tmp_path / "cache").rglob("executable.so")]
    assert len(entries) == 2
    for path in entries:  # a corrupt entry is compiled again
        path.write_bytes(path.read_bytes()[:100])
    assert run() == 1


def test_saved_text_that_is_not_a_kernel_is_refused():
    import tvm_ffi

    load = tvm_ffi.get_global_func("ffi.Module.load_from_bytes.tilelang_tt")
    for bad in (
        b"",
        b"nonsense",
        b"tilelang_tt.module 9\n",
        b"tilelang_tt.module 2\nwormhole_b0 n150 1 1 default auto exact emulator\nx",
    ):
        with pytest.raises(tilelang_tt.RunError):
            load(bad)
