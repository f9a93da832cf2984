"""Kernels compile against ttnn's own headers, and nothing we emit uses a name that ttnn removed or deprecated."""

import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / folder) for folder in ("tools/realheaders", "tools/fidelity", "tests/codegen", "tests")]

import artifacts as rows_artifacts
import check
import headers
import plans
import program_families
import rows

KERNELS = ROOT / "tools" / "fidelity" / "kernels"
BF16, FP32 = 5, 0


@pytest.fixture(scope="session")
def ttnn() -> pathlib.Path:
    if why := check.missing():
        pytest.skip(why)
    folder = headers.ttnn_headers()
    if folder is None:
        pytest.skip(f"the headers of ttnn {headers.TTNN_VERSION} cannot be downloaded")
    return folder


def all_threads(kernel: check.Kernel, ttnn: pathlib.Path, archs: tuple[str, ...] = check.ARCHS) -> list[str]:
    """Messages of all threads on all chips that do not compile the kernel."""
    results = [check.compile_kernel(kernel, a, t, ttnn) for a in archs for t in check.THREADS[kernel.role]]
    return [r for r in results if r]


def compute(name: str, named: dict[str, int], defines: dict[str, str] | None = None, **more: object) -> check.Kernel:
    return check.Kernel(
        KERNELS / name,
        "compute",
        named_args=tuple(named.items()),
        defines=tuple((defines or {}).items()),
        formats=((0, BF16), (1, BF16), (2, BF16), (16, BF16)),
        **more,
    )


def test_data_movement_compiles(ttnn):
    interleaved = (2, 2048)  # TensorAccessorArgs of an interleaved DRAM tensor of bf16 tiles
    reader = check.Kernel(KERNELS / "reader.cpp", "reader", interleaved * 3, formats=((0, BF16),))
    writer = check.Kernel(KERNELS / "writer.cpp", "writer", interleaved, formats=((16, BF16),))
    assert all_threads(reader, ttnn) + all_threads(writer, ttnn) == []


@pytest.mark.parametrize("fp32_dest", [False, True])
def test_matmul_compiles(ttnn, fp32_dest):
    args = {"rt": 1, "ct": 2, "kt": 2, "transpose": 1, "block": 1}
    assert all_threads(compute("matmul.cpp", args, fp32_dest=fp32_dest), ttnn) == []


def test_vector_engine_compiles(ttnn):
    chain = "exp_tile_init(); exp_tile(0); recip_tile_init(); recip_tile(0)"
    defines = {"OP_HEADER": '"api/compute/eltwise_unary/sfpu_split_includes.h"', "OP_CHAIN": chain}
    defines |= {"SFPU_OP_EXP_INCLUDE": "1", "SFPU_OP_RECIP_INCLUDE": "1"}  # what the split header is to include
    assert all_threads(compute("unary.cpp", {"tiles": 1}, defines), ttnn) == []


def broken(tmp_path: pathlib.Path, change: tuple[str, str], ttnn: pathlib.Path) -> str:
    text = (KERNELS / "matmul.cpp").read_text()
    assert change[0] in text
    source = tmp_path / "compute.cpp"
    source.write_text(text.replace(*change))
    kernel = check.Kernel(
        source,
        "compute",
        named_args=(("rt", 1), ("ct", 1), ("kt", 1), ("transpose", 0), ("block", 1)),
        formats=((0, BF16), (1, BF16), (16, BF16)),
    )
    messages = all_threads(kernel, ttnn, ("wormhole_b0",))
    assert messages, "a broken kernel compiled"
    line = next(n for n, s in enumerate(source.read_text().splitlines(), 1) if change[1] in s)
    assert f"compute.cpp:{line}" in messages[0]
    return messages[0]


def test_a_wrong_call_is_refused_with_its_line(ttnn, tmp_path):
    message = broken(tmp_path, ("pack_tile(t, 16)", "pack_tiles(t, 16)"), ttnn)
    assert "pack_tiles" in message


def test_a_missing_named_argument_is_refused(ttnn, tmp_path):
    broken(tmp_path, ('get_named_compile_time_arg_val("kt")', 'get_named_compile_time_arg_val("depth")'), ttnn)


def test_a_deprecated_call_is_refused(ttnn, tmp_path):
    message = broken(tmp_path, ("matmul_init(0, 1, transpose)", "mm_init(0, 1, 16, transpose)"), ttnn)
    assert "mm_init" in message


def test_gone_names_are_found_outside_comments():
    text = "// mm_init was here\nvoid f() {\n    mm_init(0, 1, 16);\n    noc_async_read_tile(0, a, b);\n}\n"
    assert check.gone_names(text) == [(3, "mm_init"), (4, "noc_async_read_tile")]
    assert check.gone_names("matmul_init(0, 1); transpose_tile(0, 0, 0); add_init(0, 1);") == []


@pytest.mark.parametrize("path", sorted(KERNELS.glob("*.cpp")), ids=lambda p: p.name)
def test_our_own_kernels_use_current_names(path):
    assert check.gone_names(path.read_text()) == []


# ---- what the compiler emits ----

PROGRAMS = {f.name: (f.make, f.options) for f in program_families.all_families()}
COMPILED = [
    "gemm_bf16",
    "gemm_bf16_block_128",
    "gemm_bf16_ragged",
    "gemm_bf16_trans_ab",
    "gemm_bf16_batched",
    "gemm_fp32",
    "gemm_fp16",
    "add_bf16",
    "mul_bf16",
    "add_bf16_ragged",
    "epilogue_all",
    "softmax_bf16_ragged",
    "layer_norm_fp32",
    "mlp_block",
    "attention",
]


def emitted(name: str, arch: str, folder: pathlib.Path) -> dict[str, str]:
    tilelang_tt = pytest.importorskip("tilelang_tt", reason="the compiler is not built")
    from tilelang_tt import target

    make, options = PROGRAMS[name]
    artifacts = tilelang_tt.compile_artifacts(make(), target.make(f"tenstorrent -arch={arch} {options}".strip()))
    artifacts.save(folder)
    return artifacts.files


@pytest.mark.parametrize("arch", check.ARCHS)
@pytest.mark.parametrize("name", COMPILED)
def test_emitted_kernels_compile(ttnn, name, arch, tmp_path):
    emitted(name, arch, tmp_path / "out")
    kernels = plans.kernels(tmp_path / "out")
    assert {k.role for k in kernels} == {"reader", "compute", "writer"}
    for kernel in kernels:
        for thread in check.THREADS[kernel.role]:
            message = check.compile_kernel(kernel, arch, thread, ttnn)
            assert message is None, f"{kernel.source.name}, {thread}:\n{message}"


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_emitted_files_use_current_names(name, tmp_path):
    for file, text in emitted(name, "wormhole_b0", tmp_path / "out").items():
        assert check.gone_names(text) == [], file


@pytest.mark.parametrize("arch", check.ARCHS)
@pytest.mark.parametrize("dtype", ["bf16", "f32", "u8"])
@pytest.mark.parametrize("aligned", [True, False])
def test_rows_compile(ttnn, dtype, arch, aligned, tmp_path):
    """Reads and writes of row-major tensors, straight and through scratch space; tilize and untilize."""
    window = rows.Window(dtype, 70, 128 if aligned else 37, start=0 if aligned else 3, scratch_rows=0 if aligned else 8)
    done = rows_artifacts.compile_text(window.text(), tmp_path, f"arch={arch}")
    assert done.returncode == 0, done.stderr
    for kernel in plans.kernels(tmp_path):
        for thread in check.THREADS[kernel.role]:
            message = check.compile_kernel(kernel, arch, thread, ttnn)
            assert message is None, f"{kernel.source.name}, {thread}:\n{message}"
