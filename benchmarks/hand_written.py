"""Modelled time of generated kernels beside hand-written TT-Metalium kernels of the same shapes, in one run.

Both run on the emulator, on as many cores, and are checked against float64; the hand-written ones are those of
tests/emulator/kernels, with the host programs of tests/emulator/test_kernels.py. A ratio below 1 means that the
generated kernel is the faster one.

python benchmarks/hand_written.py [--arch wormhole_b0] [--precision default] [CASE ...]
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests" / "emulator")]

import emu
import numpy as np
import test_kernels as by_hand
import tilelang
import tilelang.language as T
import tilelang_tt
import torch

BF16, F32 = "bfloat16", "float32"


class Counted(emu.Device):
    """A device that adds up the cycles of its programs."""

    cycles = 0

    def run(self, *args: object, **kwargs: object) -> emu.Result:
        result = super().run(*args, **kwargs)
        self.cycles += result.cycles
        return result


def matmul(M: int, N: int, K: int, bM: int, bN: int, bK: int):
    @T.prim_func
    def main(A: T.Tensor((M, K), BF16), B: T.Tensor((K, N), BF16), C: T.Tensor((M, N), BF16)):
        with T.Kernel(N // bN, M // bM) as (bx, by):
            a = T.alloc_shared((bM, bK), BF16)
            b = T.alloc_shared((bK, bN), BF16)
            c = T.alloc_fragment((bM, bN), F32)
            T.clear(c)
            for k in T.Pipelined(K // bK, num_stages=2):
                T.copy(A[by * bM, k * bK], a)
                T.copy(B[k * bK, bx * bN], b)
                T.gemm(a, b, c)
            T.copy(c, C[by * bM, bx * bN])

    return main


def map_chain(M: int, N: int):
    @T.prim_func
    def main(
        A: T.Tensor((M, N), BF16),
        B: T.Tensor((M, N), BF16),
        R: T.Tensor((N,), BF16),
        C: T.Tensor((M,), BF16),
        Y: T.Tensor((M, N), BF16),
    ):
        with T.Kernel(N // 32, M // 32) as (bx, by):
            for i, j in T.Parallel(32, 32):
                a = T.cast(A[by * 32 + i, bx * 32 + j], F32)
                b = T.cast(B[by * 32 + i, bx * 32 + j], F32)
                Y[by * 32 + i, bx * 32 + j] = (2 * a - b) / (1 + T.exp(-a)) * R[bx * 32 + j] + C[by * 32 + i]

    return main


def softmax(M: int, N: int):
    @T.prim_func
    def main(X: T.Tensor((M, N), BF16), Y: T.Tensor((M, N), BF16)):
        with T.Kernel(M // 32) as bx:
            x = T.alloc_shared((32, N), BF16)
            e = T.alloc_fragment((32, N), F32)
            top = T.alloc_fragment((32,), F32)
            total = T.alloc_fragment((32,), F32)
            T.copy(X[bx * 32, 0], x)
            T.reduce_max(x, top, dim=1)
            for i, j in T.Parallel(32, N):
                e[i, j] = T.exp(x[i, j] - top[i])
            T.reduce_sum(e, total, dim=1)
            for i, j in T.Parallel(32, N):
                Y[bx * 32 + i, j] = e[i, j] / total[i]

    return main


def rms_norm(M: int, N: int):
    @T.prim_func
    def main(X: T.Tensor((M, N), BF16), G: T.Tensor((N,), BF16), Y: T.Tensor((M, N), BF16)):
        with T.Kernel(M // 32) as bx:
            x = T.alloc_shared((32, N), BF16)
            square = T.alloc_fragment((32, N), F32)
            scale = T.alloc_fragment((32,), F32)
            T.copy(X[bx * 32, 0], x)
            for i, j in T.Parallel(32, N):
                square[i, j] = T.cast(x[i, j], F32) * T.cast(x[i, j], F32)
            T.reduce_sum(square, scale, dim=1)
            for i in T.Parallel(32):
                scale[i] = T.rsqrt(scale[i] / N + 1e-5)
            for i, j in T.Parallel(32, N):
                Y[bx * 32 + i, j] = x[i, j] * scale[i] * G[j]

    return main


def attention(heads: int, S: int, D: int, causal: bool):
    """As tests/numerics/guard_kernels.py has it, for several heads."""
    scale = D**-0.5 * 1.44269504  # of exp2

    @T.prim_func
    def main(
        Q: T.Tensor((heads * S, D), BF16),
        K: T.Tensor((heads * S, D), BF16),
        V: T.Tensor((heads * S, D), BF16),
        O: T.Tensor((heads * S, D), BF16),
    ):
        with T.Kernel(S // 64, heads) as (bx, h):
            q = T.alloc_shared((64, D), BF16)
            k = T.alloc_shared((64, D), BF16)
            v = T.alloc_shared((64, D), BF16)
            s = T.alloc_fragment((64, 64), F32)
            p = T.alloc_fragment((64, 64), BF16)
            o = T.alloc_fragment((64, D), F32)
            m = T.alloc_fragment((64,), F32)
            m_prev = T.alloc_fragment((64,), F32)
            alpha = T.alloc_fragment((64,), F32)
            row_sum = T.alloc_fragment((64,), F32)
            total = T.alloc_fragment((64,), F32)
            T.copy(Q[h * S + bx * 64, 0], q)
            T.fill(o, 0)
            T.fill(total, 0)
            T.fill(m, -T.infinity(F32))
            for ko in T.Pipelined(bx + 1 if causal else S // 64, num_stages=1):
                T.copy(K[h * S + ko * 64, 0], k)
                if causal:
                    for i, j in T.Parallel(64, 64):
                        s[i, j] = T.if_then_else(bx * 64 + i >= ko * 64 + j, 0, -T.infinity(F32))
                else:
                    T.clear(s)
                T.gemm(q, k, s, transpose_B=True)
                T.copy(V[h * S + ko * 64, 0], v)
                T.copy(m, m_prev)
                T.reduce_max(s, m, dim=1, clear=False)
                for i in T.Parallel(64):
                    alpha[i] = T.exp2(m_prev[i] * scale - m[i] * scale)
                for i, j in T.Parallel(64, 64):
                    s[i, j] = T.exp2(s[i, j] * scale - m[i] * scale)
                for i, j in T.Parallel(64, D):
                    o[i, j] *= alpha[i]
                T.copy(s, p)
                T.gemm(p, v, o)
                T.reduce_sum(s, row_sum, dim=1)
                for i in T.Parallel(64):
                    total[i] = total[i] * alpha[i] + row_sum[i]
            for i, j in T.Parallel(64, D):
                o[i, j] /= total[i]
            T.copy(o, O[h * S + bx * 64, 0])

    return main


def heads_reference(heads: int, S: int, causal: bool) -> Callable[..., np.ndarray]:
    def reference(q: np.ndarray, k: np.ndarray, v: np.ndarray) -> np.ndarray:
        q, k, v = (t.reshape(heads, S, -1) for t in (q, k, v))
        scores = q @ k.transpose(0, 2, 1) / np.sqrt(q.shape[-1])
        if causal:
            scores = np.where(np.tril(np.ones((S, S), bool)), scores, -np.inf)
        p = np.exp(scores - scores.max(2, keepdims=True))
        return ((p / p.sum(2, keepdims=True)) @ v).reshape(heads * S, -1)

    return reference


def softmax_reference(x: np.ndarray) -> np.ndarray:
    e = np.exp(x - x.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


# name: (the hand-written program, given a device; ours; its grid; shapes of its inputs; the reference)
CASES: dict[str, tuple] = {
    "gemm 256x256x192, 4 cores": (
        lambda dev: by_hand.gemm_block(
            dev, emu.random(256, 256, seed=1), emu.random(256, 192, seed=2), how="dst", bm=2, bk=2, bn=2, sm=2, sn=2
        ),
        lambda: matmul(256, 192, 256, 64, 64, 64),
        (2, 2),
        [(256, 256), (256, 192)],
        lambda a, b: a @ b,
    ),
    "gemm 384x512x384, multicast, 9 cores": (
        lambda dev: by_hand.test_gemm_mcast2d(dev, "big_blocks"),
        lambda: matmul(384, 384, 512, 128, 128, 256),
        (3, 3),
        [(384, 512), (512, 384)],
        lambda a, b: a @ b,
    ),
    "map chain 64x96, 2 cores": (
        lambda dev: by_hand.test_map_chain(dev, "", True),
        lambda: map_chain(64, 96),
        (2, 1),
        [(64, 96), (64, 96), (96,), (64,)],
        lambda a, b, r, c: (2 * a - b) / (1 + np.exp(-a)) * r + c[:, None],
    ),
    "softmax 128x128, 2 cores": (
        lambda dev: by_hand.test_softmax(dev, False, "bf16", True, 3),
        lambda: softmax(128, 128),
        (2, 1),
        [(128, 128)],
        softmax_reference,
    ),
    "softmax 128x128, fp32 between, 2 cores": (
        lambda dev: by_hand.test_softmax(dev, False, "fp32", True, 3),
        lambda: softmax(128, 128),
        (2, 1),
        [(128, 128)],
        softmax_reference,
    ),
    "rms norm 128x192, 2 cores": (
        lambda dev: by_hand.test_rms_norm(dev, "fp32"),
        lambda: rms_norm(128, 192),
        (2, 1),
        [(128, 192), (192,)],
        lambda x, g: x / np.sqrt((x * x).mean(1, keepdims=True) + 1e-5) * g,
    ),
    "attention 2x192x64, 2 cores": (
        lambda dev: by_hand.test_flash_attention(dev, False, "flash_attention"),
        lambda: attention(2, 192, 64, False),
        (2, 1),
        [(384, 64)] * 3,
        heads_reference(2, 192, False),
    ),
    "causal attention 2x192x64, 2 cores": (
        lambda dev: by_hand.test_flash_attention(dev, True, "flash_attention"),
        lambda: attention(2, 192, 64, True),
        (2, 1),
        [(384, 64)] * 3,
        heads_reference(2, 192, True),
    ),
}


def generated(
    kernel: object, options: str, grid: tuple[int, int], shapes: list, reference: Callable
) -> tuple[int, float]:
    """Cycles and relative error."""
    target = f"tenstorrent {options} -grid={grid[0]}x{grid[1]}"
    inputs = [torch.from_numpy(np.ascontiguousarray(emu.random(*s, seed=i))).bfloat16() for i, s in enumerate(shapes)]
    got = tilelang.compile(kernel, target=target, out_idx=[-1])(*inputs)
    wanted = reference(*[t.double().numpy() for t in inputs])
    return tilelang_tt.last_run().cycles, by_hand.error(got.double().numpy(), wanted)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--arch", default="wormhole_b0", choices=["wormhole_b0", "blackhole"])
    parser.add_argument("--precision", default="default", choices=["exact", "default", "fast"], help="of the generated")
    parser.add_argument("cases", nargs="*", help="parts of names; default: all")
    args = parser.parse_args()
    logging.disable(logging.WARNING)
    options = f"-arch={args.arch} -precision={args.precision}"
    print(f"{'modelled cycles on ' + args.arch:42}{'by hand':>10}{'generated':>11}{'ratio':>7}{'error':>10}")
    for name, (hand, kernel, grid, shapes, reference) in CASES.items():
        if args.cases and not any(part in name for part in args.cases):
            continue
        with Counted(args.arch) as device:
            hand(device)
            cycles = device.cycles
        ours, error = generated(kernel(), options, grid, shapes, reference)
        print(f"{name:42}{cycles:10}{ours:11}{ours / cycles:7.2f}{error:10.1e}", flush=True)


if __name__ == "__main__":
    main()
