"""Host programs of tensors that kernels see in another shape than the caller."""

import artifacts
import ml_dtypes
import numpy as np
import pytest

# Both in one: a vector in rows, whose last row is not full, and four dimensions as two.
PROGRAM = """tile_program views
var N kind=symbol lo=1
var bx kind=grid lo=0
var by kind=grid lo=0 hi=2
var i kind=lane lo=0 hi=255
tensor @A dtype=bf16 shape=(N) param=0 read
tensor @C dtype=bf16 shape=(N) param=1 written
tensor @X dtype=f32 shape=(2, 48, 4, 16) param=2 read
tensor @X2 dtype=f32 shape=(96, 64) view_of=@X
tensor @Y dtype=f32 shape=(96, 64) param=3 written
launch grid=(bx) grid_extents=((N + 255) // 256) {
  parallel vars=(i) extents=(256) {
    @C[bx * 256 + i] = @A[bx * 256 + i] + @A[bx * 256 + i]
  }
}
launch grid=(by) grid_extents=(3) {
  buffer x dtype=f32 shape=(32, 64)
  copy src=@X2[by * 32 : 32, 0 : 64] dst=x[0 : 32, 0 : 64]
  copy src=x[0 : 32, 0 : 64] dst=@Y[by * 32 : 32, 0 : 64]
}
"""


@pytest.mark.parametrize("n", [1, 1000, 4096])
def test_host(tmp_path, n):
    done = artifacts.compile_text(PROGRAM, tmp_path)
    assert done.returncode == 0, done.stderr
    random = np.random.default_rng(0)
    a = random.integers(-99, 99, n).astype(ml_dtypes.bfloat16)
    x = random.standard_normal((2, 48, 4, 16)).astype(np.float32)
    before = {"C": np.zeros_like(a), "Y": np.zeros((96, 64), np.float32)}
    artifacts.write_reference(tmp_path / "data", {"A": a, "X": x} | before, {"C": a + a, "Y": x.reshape(96, 64)})
    run = artifacts.run_host(artifacts.build_host(tmp_path), str(tmp_path / "data"), "--tolerance", "0", f"N={n}")
    assert run.returncode == 0, run.stdout + run.stderr
