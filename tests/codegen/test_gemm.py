"""The acceptance case: kernels, plan and host program of a 256x256x256 bf16 GEMM, compared with reviewed files and run."""

import os
import re
import subprocess
from pathlib import Path

import artifacts
import ml_dtypes
import numpy as np
import pytest

HERE = Path(__file__).parent
PROGRAM = (HERE / "gemm_256.tt").read_text()
GOLDEN = HERE / "golden" / "gemm_256"
FILES = ["CMakeLists.txt", "compute.cpp", "host.cpp", "reader.cpp", "tt.plan.json", "writer.cpp"]


def gemm(m: int, n: int, k: int, block: tuple[int, int, int], dtype: str = "bf16", out: str = "bf16") -> str:
    """C[m, n] = A[m, k] * B[k, n] with fp32 sums, as TileLang's examples write it."""
    bm, bn, bk = block
    gx, gy, ko = -(-n // bn), -(-m // bm), -(-k // bk)
    return f"""tile_program matmul
var bx kind=grid lo=0 hi={gx - 1}
var by kind=grid lo=0 hi={gy - 1}
var ko lo=0 hi={ko - 1}
tensor @A dtype={dtype} shape=({m}, {k}) param=0 read
tensor @B dtype={dtype} shape=({k}, {n}) param=1 read
tensor @C dtype={out} shape=({m}, {n}) param=2 written
launch grid=(bx, by) grid_extents=({gx}, {gy}) {{
  buffer A_shared dtype={dtype} shape=({bm}, {bk})
  buffer B_shared dtype={dtype} shape=({bk}, {bn})
  buffer C_local dtype=f32 shape=({bm}, {bn}) scope=fragment
  fill dst=C_local[0 : {bm}, 0 : {bn}]
  for var=ko begin=0 extent={ko} kind=pipelined num_stages=2 {{
    copy src=@A[by * {bm} : {bm}, ko * {bk} : {bk}] dst=A_shared[0 : {bm}, 0 : {bk}]
    copy src=@B[ko * {bk} : {bk}, bx * {bn} : {bn}] dst=B_shared[0 : {bk}, 0 : {bn}]
    gemm a=A_shared[0 : {bm}, 0 : {bk}] b=B_shared[0 : {bk}, 0 : {bn}] c=C_local[0 : {bm}, 0 : {bn}]
  }}
  copy src=C_local[0 : {bm}, 0 : {bn}] dst=@C[by * {bm} : {bm}, bx * {bn} : {bn}]
}}
"""


def reference(folder: Path, m: int, n: int, k: int, dtype: str) -> None:
    rng = np.random.default_rng(3)
    a, b = (rng.standard_normal(shape).astype(artifacts.DTYPES[dtype]) for shape in ((m, k), (k, n)))
    c = (a.astype(np.float64) @ b.astype(np.float64)).astype(artifacts.DTYPES[dtype])
    artifacts.write_reference(folder, {"A": a, "B": b, "C": np.zeros_like(c)}, {"C": c})


def test_golden(tmp_path):
    """TILELANG_TT_UPDATE_GOLDEN=1 rewrites them; review the difference."""
    assert artifacts.compile_text(PROGRAM, tmp_path).returncode == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == FILES
    for name in FILES:
        text = (tmp_path / name).read_text()
        if os.environ.get("TILELANG_TT_UPDATE_GOLDEN"):
            (GOLDEN / name).write_text(text)
        assert text == (GOLDEN / name).read_text(), name


def test_text_of_gemm_is_the_acceptance_case(tmp_path):
    """So that what the other tests vary is what the golden files show."""
    artifacts.compile_text(gemm(256, 256, 256, (64, 64, 32)), tmp_path)
    assert (tmp_path / "reader.cpp").read_text() == (GOLDEN / "reader.cpp").read_text()


@pytest.mark.parametrize("grid", ["1x1", "8x8", "3x2"])
def test_runs_and_agrees(tmp_path, grid):
    assert artifacts.compile_text(PROGRAM, tmp_path, f"grid={grid}").returncode == 0
    reference(tmp_path / "data", 256, 256, 256, "bfloat16")
    done = artifacts.run_host(artifacts.build_host(tmp_path), str(tmp_path / "data"))
    assert done.returncode == 0, done.stdout + done.stderr
    error = float(re.search(r"relative error ([\d.e+-]+)", done.stdout)[1])
    assert 0 < error <= 4e-3


@pytest.mark.parametrize(
    ("m", "n", "k", "block"),
    [
        (33, 65, 97, (32, 64, 32)),
        (1, 1, 1, (32, 32, 32)),
        (100, 40, 200, (64, 32, 64)),
        (256, 256, 128, (128, 128, 64)),
    ],
)
@pytest.mark.parametrize("arch", ["wormhole_b0", "blackhole"])
def test_shapes(tmp_path, m, n, k, block, arch):
    assert artifacts.compile_text(gemm(m, n, k, block), tmp_path, f"arch={arch}").returncode == 0
    reference(tmp_path / "data", m, n, k, "bfloat16")
    done = artifacts.run_host(artifacts.build_host(tmp_path), str(tmp_path / "data"))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("short", "dtype"), [("f16", "float16"), ("f32", "float32")])
def test_dtypes(tmp_path, short, dtype):
    assert artifacts.compile_text(gemm(64, 96, 128, (32, 32, 32), short, short), tmp_path).returncode == 0
    reference(tmp_path / "data", 64, 96, 128, dtype)
    done = artifacts.run_host(artifacts.build_host(tmp_path), str(tmp_path / "data"), "--tolerance", "2e-3")
    assert done.returncode == 0, done.stdout + done.stderr


SPLIT_K = """tile_program matmul
var bx kind=grid lo=0 hi=1
var bz kind=grid lo=0 hi=31
var ko lo=0 hi=1
var i kind=lane lo=0 hi=31
var j kind=lane lo=0 hi=63
tensor @A dtype=bf16 shape=(20, 2048) param=0 read
tensor @B dtype=bf16 shape=(2048, 100) param=1 read
tensor @C dtype=f32 shape=(20, 100) param=2 read written
launch grid=(bx, bz) grid_extents=(2, 32) {
  buffer A_shared dtype=bf16 shape=(32, 32)
  buffer B_shared dtype=bf16 shape=(32, 64)
  buffer C_local dtype=f32 shape=(32, 64) scope=fragment
  fill dst=C_local[0 : 32, 0 : 64]
  for var=ko begin=0 extent=2 kind=pipelined num_stages=2 {
    copy src=@A[0 : 32, bz * 64 + ko * 32 : 32] dst=A_shared[0 : 32, 0 : 32]
    copy src=@B[bz * 64 + ko * 32 : 32, bx * 64 : 64] dst=B_shared[0 : 32, 0 : 64]
    gemm a=A_shared[0 : 32, 0 : 32] b=B_shared[0 : 32, 0 : 64] c=C_local[0 : 32, 0 : 64]
  }
  parallel vars=(i, j) extents=(32, 64) {
    @C[i, bx * 64 + j] += C_local[i, j]
  }
}
"""


@pytest.mark.parametrize("arch", ["wormhole_b0", "blackhole"])
def test_two_launches_and_a_workspace(tmp_path, arch):
    """Split-K: the second launch adds what the first one's blocks stored apart to what C held."""
    assert artifacts.compile_text(SPLIT_K, tmp_path, f"arch={arch} grid=8x8").returncode == 0
    kernels = sorted(p.name for p in tmp_path.glob("*er.cpp"))
    assert kernels == ["launch0_reader.cpp", "launch0_writer.cpp", "launch1_reader.cpp", "launch1_writer.cpp"]
    rng = np.random.default_rng(3)
    a, b = (rng.standard_normal(shape).astype(ml_dtypes.bfloat16) for shape in ((20, 2048), (2048, 100)))
    c = rng.standard_normal((20, 100)).astype(np.float32)
    expected = (c + a.astype(np.float64) @ b.astype(np.float64)).astype(np.float32)
    artifacts.write_reference(tmp_path / "data", {"A": a, "B": b, "C": c}, {"C": expected})
    done = artifacts.run_host(artifacts.build_host(tmp_path), str(tmp_path / "data"), "--tolerance", "1e-3")
    assert done.returncode == 0, done.stdout + done.stderr


def test_code_does_not_grow_with_the_problem(tmp_path):
    sizes = []
    for m, k in ((1024, 256), (4096, 8192)):  # several blocks a core
        folder = tmp_path / str(m)
        assert artifacts.compile_text(gemm(m, 256, k, (64, 64, 32)), folder).returncode == 0
        sizes.append([len((folder / name).read_text().splitlines()) for name in FILES if name.endswith(".cpp")])
    assert sizes[0] == sizes[1]


def test_builds_by_its_cmake_lists(tmp_path):
    """As a user would, in the folder that `tilelang-tt compile` wrote."""
    assert artifacts.compile_text(gemm(64, 64, 64, (32, 32, 32)), tmp_path, "grid=2x2").returncode == 0
    emulator = artifacts.emulator_library().parent.parent
    build = tmp_path / "build"
    for command in (
        ["cmake", "-S", str(tmp_path), "-B", str(build), f"-DTT_EMULATOR_DIR={emulator}"],
        ["cmake", "--build", str(build)],
    ):
        done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    reference(tmp_path / "data", 64, 64, 64, "bfloat16")
    assert artifacts.run_host(build / "matmul_host", str(tmp_path / "data")).returncode == 0


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    folder = tmp_path_factory.mktemp("host")
    assert artifacts.compile_text(gemm(64, 64, 64, (32, 32, 32)), folder, "grid=2x2").returncode == 0
    return artifacts.build_host(folder)


def test_without_reference(host):
    done = artifacts.run_host(host)
    assert done.returncode == 0
    assert "unchecked" in done.stdout
    assert artifacts.run_host(host).stdout == done.stdout


def test_wrong_result_fails(host, tmp_path):
    reference(tmp_path, 64, 64, 64, "bfloat16")
    wrong = np.ones((64, 64), ml_dtypes.bfloat16)
    (tmp_path / "C.ref.bin").write_bytes(wrong.tobytes())
    done = artifacts.run_host(host, str(tmp_path))
    assert done.returncode == 1
    assert "DIFFERS" in done.stdout


def test_file_of_wrong_size(host, tmp_path):
    reference(tmp_path, 64, 64, 64, "bfloat16")
    (tmp_path / "A.in.bin").write_bytes(b"12")
    done = artifacts.run_host(host, str(tmp_path))
    assert done.returncode == 2
    assert "8192 bytes wanted, 2 found" in done.stderr


def test_unknown_option(host):
    done = artifacts.run_host(host, "--fast")
    assert done.returncode == 2
    assert "--fast" in done.stderr


def test_symbols_come_from_the_command_line(tmp_path):
    program = (HERE.parent / "map" / "symbolic_grid.case").read_text().split("--- input\n")[1].split("\n--- ")[0]
    assert artifacts.compile_text(program, tmp_path, "grid=3x1").returncode == 0
    host = artifacts.build_host(tmp_path)
    assert "give a value: M=..." in artifacts.run_host(host, "N=40").stderr
    a = np.random.default_rng(0).standard_normal((70, 40)).astype(np.float32)
    artifacts.write_reference(tmp_path / "data", {"A": a, "C": 0 * a}, {"C": 2 * a})
    done = artifacts.run_host(host, str(tmp_path / "data"), "M=70", "N=40", "--tolerance", "0")
    assert done.returncode == 0, done.stdout + done.stderr
