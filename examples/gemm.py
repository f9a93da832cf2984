"""C = A · B in bf16 with fp32 accumulation, as in TileLang's own examples.

python examples/gemm.py            # 256 × 256 × 256 on the emulator, compared with PyTorch
tilelang-tt run examples/gemm.py -D M=1000 -D N=512 -D K=1024
"""

import argparse

import tilelang
import tilelang.language as T
import tilelang_tt
import torch


def matmul(M=256, N=256, K=256, block_M=128, block_N=128, block_K=32, dtype="bfloat16", accum_dtype="float32"):
    @T.prim_func
    def main(
        A: T.Tensor((M, K), dtype),
        B: T.Tensor((K, N), dtype),
        C: T.Tensor((M, N), dtype),
    ):
        with T.Kernel(T.ceildiv(N, block_N), T.ceildiv(M, block_M), threads=128) as (bx, by):
            A_shared = T.alloc_shared((block_M, block_K), dtype)
            B_shared = T.alloc_shared((block_K, block_N), dtype)
            C_local = T.alloc_fragment((block_M, block_N), accum_dtype)
            T.clear(C_local)
            for ko in T.Pipelined(T.ceildiv(K, block_K), num_stages=2):
                T.copy(A[by * block_M, ko * block_K], A_shared)
                T.copy(B[ko * block_K, bx * block_N], B_shared)
                T.gemm(A_shared, B_shared, C_local)
            T.copy(C_local, C[by * block_M, bx * block_N])

    return main


def ref_program(A, B):
    return A.float() @ B.float()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("M", "N", "K"):
        parser.add_argument(f"--{name}", type=int, default=256)
    parser.add_argument("--target", default="tenstorrent")
    args = parser.parse_args()

    kernel = tilelang.compile(matmul(args.M, args.N, args.K), target=args.target, out_idx=[-1])
    torch.manual_seed(0)
    A = torch.randn(args.M, args.K, dtype=torch.bfloat16)
    B = torch.randn(args.K, args.N, dtype=torch.bfloat16)
    C = kernel(A, B)

    ref = A.double() @ B.double()
    error = ((C.double() - ref).norm() / ref.norm()).item()
    run = tilelang_tt.last_run()
    print(f"relative error against PyTorch (float64): {error:.2e}")
    if run.cycles:  # the interpreter, where no C++ compiler is found, models no time
        print(
            f"modelled time on {run.device}: {run.seconds * 1e6:.1f} µs ({run.cycles} cycles, {run.numerics} numerics)"
        )
