"""The target kind, its options, and what importing tilelang_tt does to TileLang."""

import shutil

import pytest
import tilelang
import tilelang_tt
from tilelang.backend.target import determine_target
from tilelang_tt import target
from tvm.target import Target


def options(spelling):
    made = target.make(spelling)
    return {
        key: made.attrs[key] for key in ("arch", "board", "precision", "fidelity", "multicast", "numerics", "device")
    } | {"grid": [int(n) for n in made.attrs["grid"]]}


def test_defaults():
    assert options("tenstorrent") == {
        "arch": "wormhole_b0",
        "board": "n150",
        "grid": [8, 8],
        "precision": "default",
        "fidelity": "auto",
        "multicast": "auto",
        "numerics": "fast",
        "device": "emulator",
    }


@pytest.mark.parametrize(
    "spelling",
    [
        "tenstorrent -arch=blackhole -grid=2x3",
        "tenstorrent -arch=blackhole -grid=2,3",
        {"kind": "tenstorrent", "arch": "blackhole", "grid": [2, 3]},
    ],
)
def test_spellings(spelling):
    made = options(spelling)
    assert (made["arch"], made["board"], made["grid"]) == ("blackhole", "p150", [2, 3])


@pytest.mark.parametrize("board, arch", [("n150", "wormhole_b0"), ("n300", "wormhole_b0"), ("p100", "blackhole")])
def test_board_decides_the_architecture(board, arch):
    made = options(f"tenstorrent -board={board}")
    listed = next(d for d in tilelang_tt.devices() if d["board"] == board)
    assert (made["arch"], made["grid"]) == (arch, listed["grid"])


@pytest.mark.parametrize(
    "spelling, message",
    [
        ("tenstorrent -arch=grayskull", "wormhole_b0/n150"),
        ("tenstorrent -arch=blackhole -board=n150", "n150"),
        ("tenstorrent -grid=99x1", "grid 99x1 does not fit board n150, which has 8x8"),
        ("tenstorrent -grid=0x1", "grid 0x1 does not fit"),
        ("tenstorrent -grid=8", "grid needs two numbers"),
        ("tenstorrent -grid=8xa", "not two numbers"),
        ("tenstorrent -precision=high", "precision=high is not one of default, exact, fast"),
        ("tenstorrent -multicast=on", "multicast=on is not one of auto, off"),
        ("tenstorrent -fidelity=HiFi5", "fidelity=HiFi5 is not one of auto, LoFi, HiFi2, HiFi3, HiFi4"),
        ("tenstorrent -speed=high", "unknown option 'speed'"),
        ("tenstorrent -arch", "not of the form -option=value"),
        ("tenstorrent -arch=blackhole -arch=blackhole", "given twice"),
        ({"kind": "tenstorrent", "numerics": "x"}, "numerics=x is not one of fast, exact"),
    ],
)
def test_bad_options(spelling, message):
    with pytest.raises(ValueError, match="tenstorrent") as error:
        determine_target(spelling)
    assert message in str(error.value)
    assert "config dict" not in str(error.value)


def test_target_names_the_build():
    made = target.make("tenstorrent")
    assert len(tilelang_tt.build_id()) == 40
    assert tilelang_tt.build_id() in str(made)
    assert str(Target(made.export() if hasattr(made, "export") else str(made))) == str(made)


def test_detection(tmp_path, monkeypatch):
    monkeypatch.setattr(target, "_DEVICES", tmp_path / "dev")
    monkeypatch.setattr(target, "_SYSFS", tmp_path / "sys")
    assert target.detect() is None
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / "0").touch()
    device = tmp_path / "sys" / "tenstorrent!0" / "device"
    device.mkdir(parents=True)
    (device / "device").write_text("0xb140\n")
    (device.parent / "tt_card_type").write_text("p150a\n")
    assert target.detect() == {"kind": "tenstorrent", "arch": "blackhole", "board": "p150"}


TARGETS = """
import tilelang
from tilelang.backend.module import list_backends
from tilelang.backend.target import determine_target
from tvm.target import Target
def state():
    kinds = {n: str(b.target_kinds) + str(sorted(b.pipelines)) for n, b in list_backends().items() if n != "tenstorrent"}
    return kinds, str(Target("cuda")), str(Target("llvm")), str(Target("c")), str(determine_target({"kind": "cuda", "arch": "sm_90"}))
"""


def test_other_targets_stay_as_they_are(python):
    result = python(TARGETS + "before = state()\nimport tilelang_tt\nassert state() == before\nprint(before[1])")
    assert result.returncode == 0, result.stderr
    assert "cuda" in result.stdout


def test_auto_without_a_card_is_as_before(python):
    code = "import tilelang_tt\nfrom tilelang.backend.target import determine_target\nprint(determine_target('auto'))"
    result = python(code)
    if result.returncode == 0:  # a GPU is in this machine
        assert "tenstorrent" not in result.stdout
    else:
        assert "No registered target detector" in result.stderr
    assert "tenstorrent" in python(code, TILELANG_TT_AUTO="emulator").stdout or result.returncode == 0


def test_wrong_tilelang_is_one_clear_error(python):
    code = (
        "import importlib.metadata as m\nold = m.version\n"
        "m.version = lambda name: '0.1.99' if name == 'tilelang' else old(name)\nimport tilelang_tt"
    )
    result = python(code)
    assert result.returncode == 1
    assert "LoadError: tilelang_tt was built for tilelang 0.1.15, found 0.1.99: pip install" in result.stderr


def test_missing_library_says_where_it_looked(python, tmp_path):
    missing = str(tmp_path / "nowhere.so")
    result = python("import tilelang_tt", TILELANG_TT_LIBRARY=missing)
    assert result.returncode == 1
    assert "LoadError" in result.stderr and missing in result.stderr


def test_second_copy_is_refused_not_fatal(python, tmp_path):
    other = tmp_path / "second_libtilelang_tt.so"
    shutil.copy(tilelang_tt.LIBRARY_PATH, other)
    code = (
        "import os, sys, tilelang_tt\n"
        "for name in [n for n in sys.modules if n.startswith('tilelang_tt')]: del sys.modules[name]\n"
        "os.environ['TILELANG_TT_LIBRARY'] = sys.argv[1]\nimport tilelang_tt"
    )
    result = python(code, str(other))
    assert result.returncode == 1
    assert "LoadError: another copy of tilelang_tt is already loaded in this process" in result.stderr


def test_import_again_is_harmless(python):
    code = (
        "import sys, tilelang_tt\n"
        "for name in [n for n in sys.modules if n.startswith('tilelang_tt')]: del sys.modules[name]\n"
        "import importlib, tilelang_tt\nimportlib.reload(tilelang_tt)\nprint(tilelang_tt.__version__)"
    )
    result = python(code)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == tilelang_tt.__version__


def test_backend_is_listed():
    assert tilelang.backend.module.list_backends()["tenstorrent"] is tilelang_tt.BACKEND
