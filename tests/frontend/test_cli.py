"""The command line: what it writes, prints and returns, and what it leaves behind when it fails."""

import json
import os
import stat
from pathlib import Path

import pytest
import tilelang_tt
import torch

KERNELS = Path(__file__).parent / "door_kernels.py"
GEMM = ("--kernel", "gemm", "-D", "M=64", "-D", "N=64", "-D", "K=64", "-D", "bM=32", "-D", "bN=32")
FILES = {"reader.cpp", "compute.cpp", "writer.cpp", "host.cpp", "tt.plan.json", "CMakeLists.txt"}


def usage_error(result, *parts):
    assert result.returncode == 2, result.stderr
    assert "Traceback" not in result.stderr
    for part in parts:
        assert part in result.stderr


def test_compile_writes_all_files(cli, tmp_path):
    result = cli("compile", KERNELS, *GEMM, "--output", tmp_path / "out")
    assert result.returncode == 0, result.stderr
    assert {path.name for path in (tmp_path / "out").iterdir()} == FILES
    plan = json.loads((tmp_path / "out" / "tt.plan.json").read_text())
    assert plan["target"]["arch"] == "wormhole_b0"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_compile_replaces_an_earlier_result_but_nothing_else(cli, tmp_path):
    out = tmp_path / "out"
    assert cli("compile", KERNELS, *GEMM, "-o", out, "--dump-ir").returncode == 0
    assert (out / "ir").is_dir()
    assert cli("compile", KERNELS, *GEMM, "-o", out).returncode == 0
    assert {path.name for path in out.iterdir()} == FILES
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("important")
    result = cli("compile", KERNELS, *GEMM, "-o", mine)
    assert result.returncode == 1 and "not empty" in result.stderr
    assert (mine / "thesis.txt").read_text() == "important"


def test_same_as_python(cli, tmp_path):
    import door_kernels

    assert cli("compile", KERNELS, *GEMM, "-o", tmp_path / "out").returncode == 0
    artifacts = tilelang_tt.compile_artifacts(door_kernels.gemm(64, 64, 64, 32, 32))
    assert {path.name: path.read_text() for path in (tmp_path / "out").iterdir()} == artifacts.files
    saved = artifacts.save(tmp_path / "saved")
    assert {path.name: path.read_text() for path in saved.iterdir()} == artifacts.files
    assert artifacts.plan["target"]["board"] == "n150"


def test_with_reference_writes_inputs_and_expected_outputs(cli, tmp_path):
    out = tmp_path / "out"
    result = cli("compile", KERNELS, *GEMM, "-o", out, "--with-reference", "--seed", 3)
    assert result.returncode == 0, result.stderr

    def read(name):
        return torch.frombuffer(bytearray((out / name).read_bytes()), dtype=torch.bfloat16).view(64, 64).double()

    assert {path.name for path in out.iterdir()} - FILES == {"A.in.bin", "B.in.bin", "C.in.bin", "C.ref.bin"}
    expected = read("A.in.bin") @ read("B.in.bin")
    assert (read("C.ref.bin") - expected).norm() <= 4e-3 * expected.norm()
    assert not read("C.in.bin").any()


def test_symbolic_dimensions_get_their_values(cli):
    symbolic = ("run", KERNELS, "--kernel", "symbolic", "--target", "tenstorrent -device=reference")
    usage_error(cli(*symbolic, "-D", "M=40", "-D", "K=70"), "depends on N: give -D N=VALUE")
    usage_error(cli(*symbolic, "-D", "M=40", "-D", "K=70", "-D", "N=50", "-D", "Q=1"), "-D Q: the kernel has no such")
    usage_error(cli(*symbolic, "-D", "M=40", "-D", "K=70", "-D", "N=fifty"), "-D N=fifty: not an integer")
    result = cli(*symbolic, "-D", "M=40", "-D", "K=70", "-D", "N=50")
    assert result.returncode == 0, result.stderr
    assert "C 40x50" in result.stdout


def test_a_file_that_leaves_the_target_open(cli, tmp_path, monkeypatch):
    monkeypatch.delenv("TILELANG_DEFAULT_TARGET", raising=False)
    monkeypatch.delenv("TILELANG_TT_AUTO", raising=False)
    program = tmp_path / "open.py"
    program.write_text(
        f"import sys\nsys.path.insert(0, {str(KERNELS.parent)!r})\nimport door_kernels, tilelang\n"
        "@tilelang.jit\ndef matmul(M=64):\n    return door_kernels.gemm(M, 64, 64, 32, 32)\n"
        "kernel = matmul()\n"
    )
    result = cli("compile", program, "--kernel", "matmul", "-o", tmp_path / "out")
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("kernel", ["lazy", "eager"])
def test_jit_functions(cli, tmp_path, kernel):
    defines = ("-D", "M=64", "-D", "N=64", "-D", "K=64")
    result = cli("compile", KERNELS, "--kernel", kernel, *defines, "-o", tmp_path / "out")
    assert result.returncode == 0, result.stderr


def test_until_and_dump(cli):
    result = cli("compile", KERNELS, *GEMM, "--until", "map")
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip()
    result = cli("compile", KERNELS, *GEMM, "--dump-ir")
    assert result.returncode == 0, result.stderr
    assert "tile_program matmul" in result.stdout


def test_run_reports_error_and_time(cli):
    result = cli("run", KERNELS, *GEMM, "--target", "tenstorrent -grid=2x2")
    assert result.returncode == 0, result.stderr
    assert "C 64x64 torch.bfloat16: relative error" in result.stdout and ": ok" in result.stdout
    assert "modelled time:" in result.stdout


def test_run_uses_ref_program_and_fails_on_wrong_numbers(cli, tmp_path):
    program = tmp_path / "wrong.py"
    program.write_text(
        f"import sys\nsys.path.insert(0, {str(KERNELS.parent)!r})\n"
        "import door_kernels\n"
        "matmul = door_kernels.gemm(64, 64, 64, 32, 32)\n"
        "def ref_program(A, B):\n    return A @ B * 2\n"
    )
    result = cli("run", program)
    assert result.returncode == 1
    assert "against ref_program" in result.stdout and "WRONG" in result.stdout


def test_command_line_errors(cli, tmp_path):
    out = ("-o", tmp_path / "out")
    usage_error(cli("compile", KERNELS, *GEMM), "--output DIR")
    usage_error(cli("compile", tmp_path / "none.py", *out), "no such file")
    usage_error(cli("compile", KERNELS, *out), "several kernels", "--kernel NAME", "gemm")
    usage_error(cli("compile", KERNELS, "--kernel", "conv", *out), "no kernel 'conv'", "gemm")
    usage_error(cli("compile", KERNELS, "--kernel", "lazy", *out), "lazy needs M, N, K", "-D M=VALUE")
    usage_error(cli("compile", KERNELS, "--kernel", "gemm", "-D", "Q=1", *out), "no parameter Q")
    usage_error(cli("compile", KERNELS, "--kernel", "gemm", "-D", "M", *out), "-D M: expected NAME=VALUE")
    usage_error(cli("compile", KERNELS, *GEMM, "-D", "M=1", *out), "-D M is given twice")
    usage_error(cli("compile", KERNELS, *GEMM, "--target", "cuda", *out), "cuda")
    usage_error(cli("compile", KERNELS, *GEMM, "--target", "tenstorrent -grid=9x9", *out), "does not fit")
    usage_error(cli("compile", KERNELS, *GEMM, "--until", "polish"), "no such stage")
    usage_error(cli("frobnicate"), "frobnicate")
    assert list(tmp_path.iterdir()) == []


def test_failed_compile_leaves_nothing(cli, tmp_path):
    program = tmp_path / "bad.py"
    program.write_text(
        "import tilelang.language as T\n\n@T.prim_func\n"
        'def bad(A: T.Tensor((64, 64), "float32"), B: T.Tensor((64, 64), "float32")):\n'
        "    with T.Kernel(1):\n"
        '        a = T.alloc_shared((64, 64), "float32")\n'
        "        T.copy(A, a)\n"
        "        for i, j in T.Parallel(64, 64):\n            a[i, j] = A[i * i, j]\n"
        "        T.copy(a, B)\n"
    )
    result = cli("compile", program, "-o", tmp_path / "out")
    assert result.returncode == 1
    assert "bad.py:9: error[TT2005]: T.Parallel does not touch `A`" in result.stderr
    assert "Traceback" not in result.stderr
    assert [path.name for path in tmp_path.iterdir() if path.name != "__pycache__"] == ["bad.py"]


def test_python_error_in_the_file(cli, tmp_path):
    program = tmp_path / "broken.py"
    program.write_text("x = 1\ny = x / 0\n")
    result = cli("compile", program, "-o", tmp_path / "out")
    assert result.returncode == 1
    assert "broken.py cannot be imported: line 2: ZeroDivisionError" in result.stderr


def test_unwritable_output(cli, tmp_path):
    blocker = tmp_path / "file"
    blocker.write_text("")
    result = cli("compile", KERNELS, *GEMM, "-o", blocker)
    assert result.returncode == 1 and "not a folder" in result.stderr and blocker.read_text() == ""
    result = cli("compile", KERNELS, *GEMM, "-o", blocker / "out")
    assert result.returncode == 1 and "cannot write" in result.stderr
    if os.geteuid() != 0:
        locked = tmp_path / "locked"
        locked.mkdir()
        locked.chmod(stat.S_IRUSR | stat.S_IXUSR)
        result = cli("compile", KERNELS, *GEMM, "-o", locked / "out")
        assert result.returncode == 1 and "Permission denied" in result.stderr


def test_devices(cli):
    result = cli("devices")
    assert result.returncode == 0
    for name in ("n150", "n300", "p100", "p150"):
        assert name in result.stdout
    listed = json.loads(cli("devices", "--json").stdout)
    assert {d["arch"] for d in listed} == {"wormhole_b0", "blackhole"}


def test_help_and_version_are_quick(python):
    code = (
        "import sys, tilelang_tt_cli\ntry: tilelang_tt_cli.main([sys.argv[1]])\nfinally: print('torch' in sys.modules)"
    )
    result = python(code, "--help")
    assert "examples:" in result.stdout and "exit status" in result.stdout and result.stdout.rstrip().endswith("False")
    assert python(code, "--version").stdout.startswith("tilelang-tt ")


def test_missing_library_is_one_line(cli):
    result = cli("devices", TILELANG_TT_LIBRARY="/nowhere.so")
    assert result.returncode == 1 and "Traceback" not in result.stderr and "/nowhere.so" in result.stderr


def test_check_says_what_stands_in_the_way_and_writes_nothing(cli, tmp_path):
    good = cli("check", KERNELS, *GEMM)
    assert good.returncode == 0 and "gemm compiles for wormhole_b0 n150" in good.stdout
    huge = ("--kernel", "gemm", *(x for n in ("M", "N", "K", "bM", "bN") for x in ("-D", f"{n}=2048")))
    bad = cli("check", KERNELS, *huge)
    assert bad.returncode == 1 and "Traceback" not in bad.stderr
    # the limit, the value, the table of what takes the space with the user's names, the line
    for part in ("TT4001", "1393312", "A_shared", "C_local", "door_kernels.py:"):
        assert part in bad.stderr
    assert not list(tmp_path.iterdir())


def test_doctor_names_what_is_ready(cli):
    result = cli("doctor")
    assert result.returncode == 0
    assert "compiling: ready" in result.stdout and "emulator: ready" in result.stdout


def test_without_a_host_compiler_the_interpreter_runs_the_kernel_and_says_so(cli, tmp_path):
    result = cli("run", KERNELS, *GEMM, PATH=str(tmp_path), CXX="", TILELANG_TT_CACHE=str(tmp_path / "cache"))
    assert result.returncode == 0, result.stderr
    assert "no C++ compiler" in result.stderr and "$CXX" in result.stderr
    assert "on reference interpreter" in result.stdout and "modelled time" not in result.stdout
