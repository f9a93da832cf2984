"""Whole hand-written programs on the emulator, against float64: GEMMs, an epilogue, multicast, softmax, norm, attention."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import emu
import numpy as np
import pytest
from emu import CB, Device, Kernel, Semaphore, Tensor, rect

KERNELS = Path(__file__).parent / "kernels"
Core = tuple[int, int]


def cores_of(nx: int, ny: int) -> list[Core]:
    return [(i, j) for j in range(ny) for i in range(nx)]


def shares(items: int, cores: Sequence[Core]) -> dict[Core, tuple[int, int]]:
    """Contiguous (first, count) a core, the first ones larger by one."""
    out, start = {}, 0
    for n, core in enumerate(cores):
        count = items // len(cores) + (n < items % len(cores))
        out[core] = (start, count)
        start += count
    return out


def accessors(*tensors: Tensor) -> list[int]:
    return [word for t in tensors for word in t.accessor]


def addresses(*tensors: Tensor) -> list[int]:
    return [t.address for t in tensors]


def error(got: np.ndarray, ref: np.ndarray) -> float:
    """Relative Frobenius error; not a number if anything is."""
    return float(np.linalg.norm(got.astype(np.float64) - ref) / np.linalg.norm(ref))


# --- Blocked GEMM -----------------------------------------------------------------------------------------------------


def gemm_block(
    dev: Device,
    x: np.ndarray,
    y: np.ndarray,
    bm: int,
    bk: int,
    bn: int,
    sm: int,
    sn: int,
    how: str,
    tb: bool = False,
    nx: int = 2,
    ny: int = 2,
    part: str = "fp32",
    alias: bool = False,
    fidelity: str = "HiFi4",
    fp32: bool = True,
    full_sync: bool = False,
    unpack_fp32: bool = False,
    out: str = "bf16",
    where: str = "gemm_block",
) -> np.ndarray:
    (m, k), n = x.shape, (y.shape[0] if tb else y.shape[1])
    mt, kt, nt = -(-m // 32), -(-k // 32), -(-n // 32)
    a, b, c = dev.tensor(x, name="A"), dev.tensor(y, name="B"), dev.empty((m, n), out, name="C")
    g, cores = rect(nx, ny), cores_of(nx, ny)
    blocks = -(-mt // bm) * -(-nt // bn)
    rt = shares(blocks, cores)
    named = {
        "bM": bm,
        "bN": bn,
        "bK": bk,
        "sM": sm,
        "sN": sn,
        "Mt": mt,
        "Nt": nt,
        "Kt": kt,
        "nK": -(-kt // bk),
        "tb": int(tb),
    }
    cbs = [CB(g, 2 * bm * bk, [(0, "bf16")]), CB(g, 2 * bk * bn, [(1, "bf16")])]
    sums = how in ("spill", "l1acc_reload") or where == "ragged"
    if sums and alias:
        pages = bm * bn * max(emu.TILE_BYTES[out], emu.TILE_BYTES[part]) // emu.TILE_BYTES[part]
        cbs.append(CB(g, pages, [(16, out), (24, part)]))
    else:
        cbs.append(CB(g, bm * bn, [(16, out)]))
        if sums:
            cbs.append(CB(g, bm * bn, [(24, part)]))
    folder = KERNELS / where
    compute = folder / (f"compute_{how}.cpp" if where == "gemm_block" else "compute.cpp")
    dev.run(
        [
            Kernel(folder / "reader.cpp", "reader", g, rt, addresses(a, b), accessors(a, b), named),
            Kernel(folder / "writer.cpp", "writer", g, rt, addresses(c), accessors(c), named),
            Kernel(
                compute,
                "compute",
                g,
                {core: (count,) for core, (_, count) in rt.items()},
                named=named,
                fidelity=fidelity,
                fp32=fp32,
                full_sync=full_sync,
                unpack_fp32=(24,) if unpack_fp32 else (),
            ),
        ],
        cbs,
    )
    result = c.read()
    for t in (a, b, c):
        t.release()
    return result


# name: (M, K, N, bound on the relative error, arguments). The bounds are a little above what the bit-exact simulator
# gives for the same accumulation (its figures are in the comments); 16-bit DST costs precision by nature.
GEMMS: dict[str, tuple[int, int, int, float, Mapping[str, object]]] = {
    "dst": (256, 256, 192, 2e-3, {"how": "dst", "bm": 2, "bk": 2, "bn": 2, "sm": 2, "sn": 2}),
    "dst16": (256, 256, 256, 2e-2, {"how": "dst", "bm": 2, "bk": 2, "bn": 4, "sm": 2, "sn": 4, "fp32": False}),
    "dst16_fullsync": (
        256,
        256,
        256,
        2e-2,
        {"how": "dst", "bm": 4, "bk": 2, "bn": 4, "sm": 4, "sn": 4, "fp32": False, "full_sync": True},
    ),
    "spill": (256, 256, 192, 4e-3, {"how": "spill", "nx": 3, "ny": 1, "bm": 4, "bk": 2, "bn": 3, "sm": 1, "sn": 3}),
    "spill_alias": (
        256,
        256,
        192,
        5e-3,
        {"how": "spill", "bm": 4, "bk": 2, "bn": 3, "sm": 1, "sn": 3, "part": "bf16", "alias": True},
    ),
    "l1acc": (256, 256, 192, 6e-3, {"how": "l1acc", "nx": 3, "ny": 1, "bm": 4, "bk": 2, "bn": 3, "sm": 4, "sn": 1}),
    "l1acc_fp32out": (
        256,
        256,
        192,
        1e-3,
        {"how": "l1acc", "nx": 3, "ny": 1, "bm": 4, "bk": 2, "bn": 3, "sm": 4, "sn": 1, "out": "fp32"},
    ),
    "l1acc_reload": (
        256,
        256,
        192,
        2e-3,
        {"how": "l1acc_reload", "nx": 3, "ny": 1, "bm": 4, "bk": 2, "bn": 3, "sm": 4, "sn": 1},
    ),
    "one_k_block": (
        128,
        64,
        96,
        2e-3,
        {"how": "l1acc_reload", "nx": 1, "ny": 1, "bm": 2, "bk": 2, "bn": 3, "sm": 1, "sn": 3},
    ),
    "transpose_b": (256, 256, 192, 2e-3, {"how": "dst", "bm": 2, "bk": 2, "bn": 2, "sm": 2, "sn": 2, "tb": True}),
    "transpose_b_spill": (
        256,
        256,
        192,
        4e-3,
        {"how": "spill", "nx": 3, "ny": 1, "bm": 4, "bk": 2, "bn": 3, "sm": 2, "sn": 1, "tb": True},
    ),
    "lofi": (256, 256, 192, 3e-2, {"how": "dst", "bm": 2, "bk": 2, "bn": 2, "sm": 2, "sn": 2, "fidelity": "LoFi"}),
    "hifi2": (256, 256, 192, 6e-3, {"how": "dst", "bm": 2, "bk": 2, "bn": 2, "sm": 2, "sn": 2, "fidelity": "HiFi2"}),
}


@pytest.mark.parametrize("case", GEMMS)
@pytest.mark.parametrize("exact", [True, False], ids=["exact", "fast"])
def test_gemm_block(case: str, exact: bool) -> None:
    m, k, n, bound, arguments = GEMMS[case]
    x = emu.random(m, k, seed=1)
    y = emu.random(*((n, k) if arguments.get("tb") else (k, n)), seed=2)
    reference = x.astype(np.float64) @ (y.T if arguments.get("tb") else y)
    with Device("wormhole_b0", exact=exact) as dev:
        assert error(gemm_block(dev, x, y, **arguments), reference) < bound


def test_gemm_on_blackhole_with_fp32_reload() -> None:
    x, y = emu.random(256, 256, seed=1), emu.random(256, 192, seed=2)
    with Device("blackhole") as dev:
        got = gemm_block(dev, x, y, 4, 2, 3, 1, 3, "spill", nx=3, ny=1, unpack_fp32=True)
    assert error(got, x.astype(np.float64) @ y) < 2e-3


@pytest.mark.parametrize("fill_a, fill_b", [(0, 0), (7, 0), (0, 7)])
def test_ragged_gemm(each_device: Device, fill_a: float, fill_b: float) -> None:
    """Neither M, N, K nor their tiles divide; zeros in the K padding of one operand suffice."""
    x, y = emu.random(147, 141, seed=1), emu.random(141, 109, seed=2)

    def padded(v: np.ndarray, fill: float) -> np.ndarray:
        out = np.full(tuple(-(-s // 32) * 32 for s in v.shape), fill, np.float32)
        out[: v.shape[0], : v.shape[1]] = v
        return out

    got = gemm_block(each_device, padded(x, fill_a), padded(y, fill_b), 2, 2, 3, 2, 1, "", where="ragged", fp32=True)[
        :147, :109
    ]
    assert error(got, x.astype(np.float64) @ y) < 2e-3


# --- Multicast GEMM -----------------------------------------------------------------------------------------------------

MCAST = {
    "3x3": (192, 256, 288, {"nx": 3, "ny": 3, "bk": 2, "sm": 2, "sn": 1}),
    "4x3_linked": (192, 256, 256, {"nx": 4, "ny": 3, "bk": 2, "sm": 1, "sn": 2, "linked": True}),
    "8x4": (256, 128, 512, {"nx": 8, "ny": 4, "bk": 1, "sm": 2, "sn": 2}),
    "big_blocks": (384, 512, 384, {"nx": 3, "ny": 3, "bk": 8, "sm": 2, "sn": 2}),
    "1x3": (192, 128, 64, {"nx": 1, "ny": 3, "bk": 2, "sm": 2, "sn": 1}),
    "3x1": (64, 128, 192, {"nx": 3, "ny": 1, "bk": 2, "sm": 2, "sn": 1}),
}


def gemm_mcast(
    dev: Device, x: np.ndarray, y: np.ndarray, nx: int, ny: int, bk: int, sm: int, sn: int, linked: bool = False
) -> np.ndarray:
    """Core (x, y) computes block (y, x) of C; blocks of A go along core rows, of B down core columns."""
    (m, k), n = x.shape, y.shape[1]
    kt, nt = k // 32, n // 32
    bm, bn, nk = m // 32 // ny, nt // nx, kt // bk
    a, b, c = dev.tensor(x, name="A"), dev.tensor(y, name="B"), dev.empty((m, n), name="C")
    named = {"bM": bm, "bN": bn, "bK": bk, "sM": sm, "sN": sn, "Nt": nt, "nK": nk, "tb": 0}
    na, nb = dict(named, ready=0, valid=1, peers=nx - 1), dict(named, ready=2, valid=3, peers=ny - 1)
    folder, g = KERNELS / "gemm_mcast2d", rect(nx, ny)
    lx, ly, sx, sy = nx - 1, ny - 1, min(1, nx - 1), min(1, ny - 1)

    def defines(sender: int) -> dict[str, object]:
        return {"SENDER": sender, "LINKED": "true" if linked else "false"}

    kernels = [
        Kernel(
            folder / "reader.cpp",
            "reader",
            [(0, 0, 0, ly)],
            {(0, j): [j * bm, *dev.noc(sx, j), *dev.noc(lx, j)] for j in range(ny)},
            addresses(a),
            accessors(a),
            na,
            defines(1),
        ),
        Kernel(
            folder / "writer.cpp",
            "writer",
            [(0, 0, lx, 0)],
            {(i, 0): [0, i * bn, *dev.noc(i, sy), *dev.noc(i, ly)] for i in range(nx)},
            addresses(b, c),
            accessors(b, c),
            nb,
            defines(1),
        ),
        Kernel(folder / "compute.cpp", "compute", g, {core: (1,) for core in cores_of(nx, ny)}, named=named, fp32=True),
    ]
    if nx > 1:
        kernels.append(
            Kernel(
                folder / "reader.cpp",
                "reader",
                [(1, 0, lx, ly)],
                {(i, j): dev.noc(0, j) for i in range(1, nx) for j in range(ny)},
                addresses(a),
                [],
                na,
                defines(0),
            )
        )
    if ny > 1:
        kernels.append(
            Kernel(
                folder / "writer.cpp",
                "writer",
                [(0, 1, lx, ly)],
                {(i, j): [j * bm, i * bn, *dev.noc(i, 0)] for i in range(nx) for j in range(1, ny)},
                addresses(b, c),
                accessors(b, c),
                nb,
                defines(0),
            )
        )
    cbs = [
        CB(g, 2 * bm * bk, [(0, "bf16")]),
        CB(g, 2 * bk * bn, [(1, "bf16")]),
        CB(g, bm * bn, [(16, "bf16")]),
        CB(g, bm * bn, [(24, "fp32")]),
    ]
    dev.run(kernels, cbs, [Semaphore(i, g[0]) for i in range(4)])
    return c.read()


@pytest.mark.parametrize("case", MCAST)
def test_gemm_mcast2d(each_device: Device, case: str) -> None:
    m, k, n, arguments = MCAST[case]
    x, y = emu.random(m, k, seed=1), emu.random(k, n, seed=2)
    assert error(gemm_mcast(each_device, x, y, **arguments), x.astype(np.float64) @ y) < 2e-3


# --- Epilogue -----------------------------------------------------------------------------------------------------------

EPILOGUES = {
    "ones": {"how": "ones", "sm": 2, "bk": 2, "sn": 2},
    "ones_tall_sfpurelu": {"how": "ones", "sm": 3, "bk": 2, "sn": 1, "sfpu_relu": 1},
    "ones_wide_dst16": {"how": "ones", "sm": 2, "bk": 2, "sn": 4, "fp32": False},
    "ones_fp32bias": {"how": "ones", "sm": 2, "bk": 2, "sn": 2, "bias": "fp32"},
    "zeroadd": {"how": "zeroadd", "sm": 2, "bk": 2, "sn": 2},
    "zeroadd_dst16": {"how": "zeroadd", "sm": 3, "bk": 2, "sn": 2, "fp32": False},
    "roundtrip": {"how": "roundtrip", "sm": 2, "bk": 2, "sn": 2},
    "roundtrip_bf16": {"how": "roundtrip", "sm": 2, "bk": 2, "sn": 2, "part": "bf16"},
}


def epilogue(
    dev: Device,
    x: np.ndarray,
    y: np.ndarray,
    v: np.ndarray,
    sm: int,
    bk: int,
    sn: int,
    how: str,
    sfpu_relu: int = 0,
    fp32: bool = True,
    bias: str = "bf16",
    part: str = "fp32",
) -> np.ndarray:
    (m, k), n = x.shape, y.shape[1]
    mt, kt, nt = m // 32, k // 32, n // 32
    row = np.full((32, n), 777, np.float32)  # only row 0 of a row vector's tiles may be read
    row[0] = v
    a, b, w, c = dev.tensor(x), dev.tensor(y), dev.tensor(row, bias), dev.empty((m, n))
    g, cores = rect(2, 1), cores_of(2, 1)
    rt = shares((mt // sm) * (nt // sn), cores)
    named = {"bM": sm, "bN": sn, "bK": bk, "sM": sm, "sN": sn, "Nt": nt, "Kt": kt, "nK": kt // bk, "tb": 0}
    cbs = [
        CB(g, 2 * sm * bk, [(0, "bf16")]),
        CB(g, 2 * bk * sn, [(1, "bf16")]),
        CB(g, 2 * sn, [(2, bias)]),
        CB(g, 1, [(3, "bf16")]),
        CB(g, 2 * sm * sn, [(16, "bf16")]),
    ]
    if how == "roundtrip":
        cbs.append(CB(g, sm * sn, [(24, part)]))
    folder = KERNELS / "gemm_epilogue"
    dev.run(
        [
            Kernel(
                folder / "reader.cpp",
                "reader",
                g,
                rt,
                addresses(a, b, w),
                accessors(a, b, w),
                named,
                {"ONES": int(how == "ones")},
            ),
            Kernel(folder / "writer.cpp", "writer", g, rt, addresses(c), accessors(c), named),
            Kernel(
                folder / f"compute_{how}.cpp",
                "compute",
                g,
                {core: (q,) for core, (_, q) in rt.items()},
                named=named,
                defines={"SFPU_RELU": sfpu_relu},
                fp32=fp32,
            ),
        ],
        cbs,
    )
    return c.read()


@pytest.mark.parametrize("case", EPILOGUES)
def test_gemm_epilogue(device: Device, case: str) -> None:
    arguments = EPILOGUES[case]
    x, y, v = emu.random(192, 128, seed=1), emu.random(128, 256, seed=2), 8 * emu.random(256, seed=3)
    reference = np.maximum(x.astype(np.float64) @ y + v, 0)
    bound = 2e-3 if arguments.get("fp32", True) and arguments.get("part") != "bf16" else 2e-2
    assert error(epilogue(device, x, y, v, **arguments), reference) < bound


# --- Rows and chains of elementwise operations --------------------------------------------------------------------------


def three(
    dev: Device,
    folder: Path,
    inputs: Iterable[Tensor],
    out: Tensor,
    cores: Sequence[Core],
    cbs: Mapping[int, tuple[int, str]],
    reader: tuple,
    compute: tuple,
    writer: tuple,
    fp32: bool = True,
    unpack_fp32: Sequence[int] = (),
    defines: Mapping[str, object] | None = None,
) -> np.ndarray:
    """Reader, compute and writer of a folder on some cores; each given as (compile-time args, {core: runtime args})."""
    where = [(x, y, x, y) for x, y in cores]
    dev.run(
        [
            Kernel(folder / "reader.cpp", "reader", where, reader[1], compile_args=reader[0]),
            Kernel(
                folder / "compute.cpp",
                "compute",
                where,
                compute[1],
                compile_args=compute[0],
                fp32=fp32,
                unpack_fp32=unpack_fp32,
                defines=defines or {},
            ),
            Kernel(folder / "writer.cpp", "writer", where, writer[1], compile_args=writer[0]),
        ],
        [CB(where, n, [(i, f)]) for i, (n, f) in cbs.items()],
    )
    return out.read()


def bits(x: float) -> int:
    return int(np.float32(x).view(np.uint32))


@pytest.mark.parametrize("variant", ["", "fpu", "zero_tile"])
@pytest.mark.parametrize("fp32", [True, False], ids=["dst32", "dst16"])
def test_map_chain(each_device: Device, variant: str, fp32: bool) -> None:
    """y = (2a - b) / (1 + exp(-a)) * row[j] + col[i]."""
    dev, (m, n) = each_device, (64, 96)
    a, b, row, col = (emu.random(*s, seed=i) for i, s in enumerate([(m, n), (m, n), (1, n), (m, 1)]))
    a64, b64, r64, c64 = (v.astype(np.float64) for v in (a, b, row, col))
    reference = (2 * a64 - b64) / (1 + np.exp(-a64)) * r64 + c64
    ts, out = [dev.tensor(v) for v in (a, b, row, col)], dev.empty((m, n))
    cores = [(0, 0), (1, 0)]
    count = m * n // 1024 // len(cores)
    span = {c: (i * count, count) for i, c in enumerate(cores)}
    mid = "fp32" if fp32 else "bf16"
    cbs = {
        0: (2, "bf16"),
        1: (2, "bf16"),
        2: (2, "bf16"),
        3: (2, "bf16"),
        4: (1, "bf16"),
        16: (2, "bf16"),
        24: (2, mid),
        25: (2, mid),
    }
    got = three(
        dev,
        KERNELS / "map_chain" / variant,
        ts,
        out,
        cores,
        cbs,
        ([n // 32, *accessors(*ts)], {c: (*span[c], *addresses(*ts)) for c in cores}),
        ([], {c: (count,) for c in cores}),
        ([16, *accessors(out)], {c: (*span[c], out.address) for c in cores}),
        fp32,
    )
    assert error(got, reference) < (5e-3 if fp32 else 2e-2)


@pytest.mark.parametrize("ragged", [False, True])
@pytest.mark.parametrize(
    "mid, fp32, scale", [("fp32", True, 3), ("bf16", True, 3), ("fp32", False, 3), ("fp32", True, 30)]
)
def test_softmax(each_device: Device, ragged: bool, mid: str, fp32: bool, scale: float) -> None:
    dev, w, m = each_device, 4, 128
    n = w * 32 - (13 if ragged else 0)
    x = emu.random(m, n, scale=scale)
    e = np.exp(x.astype(np.float64) - x.max(1, keepdims=True))
    t, out = dev.tensor(x, fill=1000.0 if ragged else 0.0), dev.empty((m, w * 32))  # a kernel that reads padding shows
    cores = [(0, 0), (1, 0)]
    rows = m // 32 // len(cores)
    cbs = {
        0: (2 * w, "bf16"),
        1: (1, "bf16"),
        2: (1, "bf16"),
        3: (1, "bf16"),
        4: (1, mid),
        5: (w, mid),
        6: (1, mid),
        16: (2, "bf16"),
    }
    ct = [w, n - (w - 1) * 32]
    got = three(
        dev,
        KERNELS / "softmax",
        [t],
        out,
        cores,
        cbs,
        (ct + accessors(t), {c: (i * rows, rows, t.address) for i, c in enumerate(cores)}),
        (ct, {c: (rows,) for c in cores}),
        ([16, *accessors(out)], {c: (i * rows * w, rows * w, out.address) for i, c in enumerate(cores)}),
        fp32,
    )
    assert error(got[:, :n], e / e.sum(1, keepdims=True)) < (2.5e-3 if mid == "fp32" and fp32 else 2e-2)


@pytest.mark.parametrize("mid", ["fp32", "bf16"])
def test_rms_norm(each_device: Device, mid: str) -> None:
    dev, w, m, eps = each_device, 6, 128, 1e-5
    n = w * 32
    x, gamma = emu.random(m, n, scale=2), emu.random(1, n, seed=1)
    x64 = x.astype(np.float64)
    reference = x64 / np.sqrt((x64 * x64).mean(1, keepdims=True) + eps) * gamma.astype(np.float64)
    tx, tg, out = dev.tensor(x), dev.tensor(gamma), dev.empty((m, n))
    cores = [(0, 0), (1, 0)]
    rows = m // 32 // len(cores)
    cbs = {
        0: (2 * w, "bf16"),
        1: (1, "bf16"),
        2: (w, "bf16"),
        3: (1, "bf16"),
        4: (1, mid),
        5: (1, mid),
        16: (2, "bf16"),
    }
    got = three(
        dev,
        KERNELS / "rms_norm",
        [tx, tg],
        out,
        cores,
        cbs,
        ([w, *accessors(tx, tg)], {c: (i * rows, rows, *addresses(tx, tg)) for i, c in enumerate(cores)}),
        ([w, bits(1 / n), bits(eps)], {c: (rows,) for c in cores}),
        ([16, *accessors(out)], {c: (i * rows * w, rows * w, out.address) for i, c in enumerate(cores)}),
    )
    assert error(got, reference) < (2.5e-3 if mid == "fp32" else 6e-3)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("folder", ["flash_attention", "flash_attention/fp32_state"])
def test_flash_attention(each_device: Device, causal: bool, folder: str) -> None:
    """One head a core, online softmax over blocks of 64 keys."""
    dev, heads, d, blocks = each_device, 2, 64, 3
    s = blocks * 64
    q, k, v = (emu.random(heads * s, d, seed=i) for i in range(3))
    q64, k64, v64 = (t.astype(np.float64).reshape(heads, s, d) for t in (q, k, v))
    scores = q64 @ k64.transpose(0, 2, 1) / np.sqrt(d)
    if causal:
        scores = np.where(np.tril(np.ones((s, s), bool)), scores, -np.inf)
    p = np.exp(scores - scores.max(2, keepdims=True))
    reference = ((p / p.sum(2, keepdims=True)) @ v64).reshape(heads * s, d)
    ts, out = [dev.tensor(t) for t in (q, k, v)], dev.empty((heads * s, d))
    cores = [(h, 0) for h in range(heads)]
    f = "fp32"
    cbs = {
        0: (8, "bf16"),
        1: (8, "bf16"),
        2: (8, "bf16"),
        3: (1, "bf16"),
        4: (2, "bf16"),
        5: (4, f),
        6: (4, "bf16"),
        7: (2, f),
        8: (2, f),
        9: (2, f),
        10: (4, f),
        11: (2, f),
        12: (2, f),
        16: (4, "bf16"),
    }
    got = three(
        dev,
        KERNELS / folder,
        ts,
        out,
        cores,
        cbs,
        ([blocks, int(causal), *accessors(*ts)], {c: (h, *addresses(*ts)) for h, c in enumerate(cores)}),
        ([blocks, int(causal), bits(1 / np.sqrt(d))], {c: () for c in cores}),
        ([16, *accessors(out)], {c: (h * blocks * 4, blocks * 4, out.address) for h, c in enumerate(cores)}),
    )
    assert error(got, reference) < 5e-3
