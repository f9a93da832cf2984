"""What blocks and kernels do together, against float64: atomics, persistent kernels, several kernels in one function,
groups of GEMMs and single rows of them."""

import pytest
import tilelang
import tilelang.language as T
import tilelang_tt
import torch
from bounds import randn, relative

TARGETS = ["tenstorrent", "tenstorrent -arch=blackhole"]
DTYPES = {"bfloat16": 6e-3, "float16": 2e-3, "float32": 2e-3}  # operands of the matrix engine have ≤ 10 mantissa bits


def run(func, *tensors, target=TARGETS[0]):
    tilelang.compile(func, target=target)(*tensors)
    return tilelang_tt.last_run()


def split_k(M, N, K, split, bM=64, bN=64, bK=32, dtype="bfloat16", out="float32", elements=False):
    part = -(-K // split)

    @T.prim_func
    def main(A: T.Tensor((M, K), dtype), B: T.Tensor((K, N), dtype), C: T.Tensor((M, N), out)):
        with T.Kernel(T.ceildiv(N, bN), T.ceildiv(M, bM), split, threads=128) as (bx, by, bz):
            A_shared = T.alloc_shared((bM, bK), dtype)
            B_shared = T.alloc_shared((bK, bN), dtype)
            C_local = T.alloc_fragment((bM, bN), "float32")
            T.clear(C_local)
            for ko in T.Pipelined(T.ceildiv(part, bK), num_stages=2):
                T.copy(A[by * bM, bz * part + ko * bK], A_shared)
                T.copy(B[bz * part + ko * bK, bx * bN], B_shared)
                T.gemm(A_shared, B_shared, C_local)
            if elements:
                for i, j in T.Parallel(bM, bN):
                    T.atomic_add(C[by * bM + i, bx * bN + j], C_local[i, j])
            else:
                T.atomic_add(C[by * bM, bx * bN], C_local)

    return main


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("elements", [True, False])
@pytest.mark.parametrize(
    "shape", [(256, 128, 512, 4), (200, 96, 256, 2), (32, 1000, 1024, 8), (1, 1, 64, 2), (70, 100, 4096, 32)]
)
def test_split_k(shape, elements, target):
    M, N, K, _ = shape
    a, b, c = randn(M, K), randn(K, N, seed=1), randn(M, N, dtype="float32", seed=2)
    expected = c.double() + a.double() @ b.double()
    run(split_k(*shape, elements=elements), a, b, c, target=target)
    assert relative(c, expected) < DTYPES["bfloat16"]


@pytest.mark.parametrize("grid", ["1,1", "8,8"])
@pytest.mark.parametrize("out", ["bfloat16", "float16", "float32"])
@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32"])
def test_split_k_dtypes(dtype, out, grid):
    """In series on one core, in parts on 64."""
    a, b = randn(96, 1024, dtype=dtype), randn(1024, 64, dtype=dtype, seed=1)
    c = randn(96, 64, dtype=out, seed=2)
    expected = c.double() + a.double() @ b.double()
    run(split_k(96, 64, 1024, 8, dtype=dtype, out=out), a, b, c, target=f"tenstorrent -grid={grid}")
    assert relative(c, expected) < max(DTYPES[dtype], DTYPES[out])


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("op", [T.atomic_add, T.atomic_max, T.atomic_min])
def test_atomics_over_a_loop_and_an_axis(op, dtype, target):
    """Contributions of blocks, of iterations and of lanes to a vector, joined with what it held."""
    blocks, steps = 3, 2

    @T.prim_func
    def main(A: T.Tensor((blocks, steps, 64, 96), dtype), S: T.Tensor((64,), dtype)):
        with T.Kernel(2, blocks, threads=128) as (bx, by):
            a = T.alloc_fragment((32, 96), dtype)
            for k in T.serial(steps):
                T.copy(A[by, k, bx * 32, 0], a)
                for i, j in T.Parallel(32, 96):
                    op(S[bx * 32 + i], a[i, j])

    a, s = randn(blocks, steps, 64, 96, dtype=dtype), randn(64, dtype=dtype, seed=1)
    parts = a.double().permute(2, 0, 1, 3).reshape(64, -1)
    if op is T.atomic_add:
        expected = s.double() + parts.sum(1)
    elif op is T.atomic_max:
        expected = torch.maximum(s.double(), parts.amax(1))
    else:
        expected = torch.minimum(s.double(), parts.amin(1))
    run(main, a, s, target=target)
    assert relative(s, expected) < 6e-3  # a maximum along rows keeps 7 bits


@pytest.mark.parametrize("op", [T.atomic_add, T.atomic_max, T.atomic_min])
def test_integer_atomics(op):
    @T.prim_func
    def main(A: T.Tensor((4, 32, 32), "int32"), S: T.Tensor((32, 32), "int32")):
        with T.Kernel(4, threads=128) as bx:
            for i, j in T.Parallel(32, 32):
                op(S[i, j], A[bx, i, j])

    generator = torch.Generator().manual_seed(0)
    a, s = (torch.randint(-9999, 9999, n, dtype=torch.int32, generator=generator) for n in ((4, 32, 32), (32, 32)))
    both = torch.cat([s[None], a])
    expected = {T.atomic_add: both.sum(0), T.atomic_max: both.amax(0), T.atomic_min: both.amin(0)}[op]
    run(main, a, s)
    assert torch.equal(s.long(), expected.long())


def test_maximum_stays_where_nothing_is_larger():
    @T.prim_func
    def main(A: T.Tensor((4, 32, 32), "float32"), M: T.Tensor((32, 32), "float32")):
        with T.Kernel(4, threads=128) as bx:
            for i, j in T.Parallel(32, 32):
                T.atomic_max(M[i, j], A[bx, i, j])

    a, m = randn(4, 32, 32, dtype="float32"), torch.full((32, 32), 0.25)
    expected = torch.maximum(m, a.amax(0))
    run(main, a, m)
    assert torch.equal(m, expected)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("rows", [64, 96])
def test_one_row_blocks_add_to_a_vector(rows, target):
    """Coarsened: 32 rows are lanes of one block, which reduces them."""

    @T.prim_func
    def main(A: T.Tensor((rows, 128), "float32"), S: T.Tensor((128,), "float32")):
        with T.Kernel(rows, threads=128) as bx:
            for j in T.Parallel(128):
                T.atomic_add(S[j], A[bx, j])

    a, s = randn(rows, 128, dtype="float32"), randn(128, dtype="float32", seed=1)
    expected = s.double() + a.double().sum(0)
    run(main, a, s, target=target)
    assert relative(s, expected) < 1e-3


@pytest.mark.parametrize("target", TARGETS)
def test_blocks_add_to_targets_in_a_loop(target):
    """As dQ and dK in attention's backward pass: one tensor is added to by all blocks, one is each block's own."""

    @T.prim_func
    def main(
        A: T.Tensor((96, 64), "bfloat16"),
        B: T.Tensor((160, 64), "bfloat16"),
        X: T.Tensor((96, 64), "float32"),
        Y: T.Tensor((160, 64), "float32"),
    ):
        with T.Kernel(T.ceildiv(160, 32), threads=128) as by:
            b = T.alloc_shared((32, 64), "bfloat16")
            a = T.alloc_shared((32, 64), "bfloat16")
            s = T.alloc_fragment((32, 32), "float32")
            p = T.alloc_shared((32, 32), "bfloat16")
            x = T.alloc_fragment((32, 64), "float32")
            y = T.alloc_fragment((32, 64), "float32")
            T.copy(B[by * 32, 0], b)
            T.clear(y)
            for i in T.Pipelined(3, num_stages=2):
                T.copy(A[i * 32, 0], a)
                T.gemm(a, b, s, transpose_B=True, clear_accum=True)
                T.copy(s, p)
                T.gemm(p, a, y, transpose_A=True)
                T.gemm(p, b, x, clear_accum=True)
                T.atomic_add(X[i * 32, 0], x)
            T.copy(y, Y[by * 32, 0])

    a, b, x, y = randn(96, 64), randn(160, 64, seed=1), randn(96, 64, dtype="float32", seed=2), torch.zeros(160, 64)
    s = (a.double() @ b.double().mT).bfloat16().double()
    expected_x, expected_y = x.double() + s @ b.double(), s.mT @ a.double()
    run(main, a, b, x, y, target=target)
    assert relative(x, expected_x) < 3e-3
    assert relative(y, expected_y) < 3e-3


@pytest.mark.parametrize("target", TARGETS)
def test_only_some_blocks_contribute(target):
    """To targets in a loop, so in parts: below the diagonal."""

    @T.prim_func
    def main(A: T.Tensor((128, 128), "float32"), C: T.Tensor((128, 32), "float32")):
        with T.Kernel(4, threads=128) as bx:
            for t in T.serial(4):
                if t <= bx:
                    for i, j in T.Parallel(32, 32):
                        T.atomic_add(C[t * 32 + i, j], A[bx * 32 + i, t * 32 + j])

    a, c = randn(128, 128, dtype="float32"), randn(128, 32, dtype="float32", seed=1)
    blocks = a.double().reshape(4, 32, 4, 32)
    expected = c.double() + torch.cat([blocks[t:, :, t].sum(0) for t in range(4)])
    run(main, a, c, target=target)
    assert relative(c, expected) < 1e-5


@pytest.mark.parametrize("target", TARGETS)
def test_heads_in_groups(target):
    """Every four heads add to the same elements, as to dK with grouped queries."""

    @T.prim_func
    def main(A: T.Tensor((8, 32, 64), "bfloat16"), C: T.Tensor((2, 32, 64), "float32")):
        with T.Kernel(8, threads=128) as h:
            for i, j in T.Parallel(32, 64):
                T.atomic_add(C[h // 4, i, j], A[h, i, j])

    a, c = randn(8, 32, 64), randn(2, 32, 64, dtype="float32", seed=1)
    expected = c.double() + a.double().reshape(2, 4, 32, 64).sum(1)
    run(main, a, c, target=target)
    assert relative(c, expected) < 1e-5


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("shape", [(128, 64), (70, 100), (1, 1)])
def test_kernels_in_sequence(shape, target):
    """Two kernels with a workspace between them, and a tensor that the first writes and the second reads."""
    M, N = shape

    @T.prim_func
    def main(A: T.Tensor((M, N), "bfloat16"), S: T.Tensor((N,), "float32"), C: T.Tensor((M, N), "bfloat16")):
        W = T.alloc_global((M, N), "float32")
        with T.Kernel(T.ceildiv(M, 32), T.ceildiv(N, 32), threads=128) as (bx, by):
            for i, j in T.Parallel(32, 32):
                W[bx * 32 + i, by * 32 + j] = A[bx * 32 + i, by * 32 + j] * 2.0
            if bx == 0:
                for j in T.Parallel(32):
                    S[by * 32 + j] = A[0, by * 32 + j] + 1.0
        with T.Kernel(T.ceildiv(N, 64), threads=128) as by:
            for k in T.serial(T.ceildiv(M, 32)):
                for i, j in T.Parallel(32, 64):
                    C[k * 32 + i, by * 64 + j] = W[k * 32 + i, by * 64 + j] * S[by * 64 + j]

    a, s, c = randn(M, N), torch.zeros(N), torch.zeros(M, N, dtype=torch.bfloat16)
    run(main, a, s, c, target=target)
    expected = a[0].double() + 1
    assert relative(s, expected) < 3e-3
    assert relative(c, 2 * a.double() * expected) < 6e-3


def test_sums_of_parts_in_a_second_kernel():
    """Split-K as one writes it without atomics."""
    M, N, K, split = 64, 96, 512, 4

    @T.prim_func
    def main(A: T.Tensor((M, K), "bfloat16"), B: T.Tensor((K, N), "bfloat16"), C: T.Tensor((M, N), "bfloat16")):
        parts = T.alloc_global((split, M, N), "float32")
        with T.Kernel(T.ceildiv(N, 32), T.ceildiv(M, 32), split, threads=128) as (bx, by, bz):
            A_shared = T.alloc_shared((32, 32), "bfloat16")
            B_shared = T.alloc_shared((32, 32), "bfloat16")
            C_local = T.alloc_fragment((32, 32), "float32")
            T.clear(C_local)
            for ko in T.Pipelined(K // split // 32, num_stages=2):
                T.copy(A[by * 32, bz * (K // split) + ko * 32], A_shared)
                T.copy(B[bz * (K // split) + ko * 32, bx * 32], B_shared)
                T.gemm(A_shared, B_shared, C_local)
            T.copy(C_local, parts[bz, by * 32, bx * 32])
        with T.Kernel(T.ceildiv(N, 32), T.ceildiv(M, 32), threads=128) as (bx, by):
            total = T.alloc_fragment((32, 32), "float32")
            T.clear(total)
            for k in T.serial(split):
                for i, j in T.Parallel(32, 32):
                    total[i, j] += parts[k, by * 32 + i, bx * 32 + j]
            T.copy(total, C[by * 32, bx * 32])

    a, b, c = randn(M, K), randn(K, N, seed=1), torch.zeros(M, N, dtype=torch.bfloat16)
    run(main, a, b, c)
    assert relative(c, a.double() @ b.double()) < DTYPES["bfloat16"]


def persistent(M, N, K, blocks, form, bM=32, bN=32, bK=32, dtype="bfloat16"):
    rows, cols = -(-M // bM), -(-N // bN)

    @T.prim_func
    def primitive(A: T.Tensor((M, K), dtype), B: T.Tensor((K, N), dtype), C: T.Tensor((M, N), dtype)):
        with T.Kernel(blocks, threads=128) as block:
            A_shared = T.alloc_shared((bM, bK), dtype)
            B_shared = T.alloc_shared((bK, bN), dtype)
            C_local = T.alloc_fragment((bM, bN), "float32")
            for bx, by in T.Persistent([rows, cols], blocks, block):
                T.clear(C_local)
                for k in T.Pipelined(T.ceildiv(K, bK), num_stages=2):
                    T.copy(A[bx * bM, k * bK], A_shared)
                    T.copy(B[k * bK, by * bN], B_shared)
                    T.gemm(A_shared, B_shared, C_local)
                T.copy(C_local, C[bx * bM, by * bN])

    @T.prim_func
    def stride(A: T.Tensor((M, K), dtype), B: T.Tensor((K, N), dtype), C: T.Tensor((M, N), dtype)):
        with T.Kernel(blocks, threads=128) as block:
            A_shared = T.alloc_shared((bM, bK), dtype)
            B_shared = T.alloc_shared((bK, bN), dtype)
            C_local = T.alloc_fragment((bM, bN), "float32")
            for i in T.serial(T.ceildiv(rows * cols - block, blocks)):
                tile = block + i * blocks
                T.clear(C_local)
                for k in T.Pipelined(T.ceildiv(K, bK), num_stages=2):
                    T.copy(A[tile // cols * bM, k * bK], A_shared)
                    T.copy(B[k * bK, tile % cols * bN], B_shared)
                    T.gemm(A_shared, B_shared, C_local)
                T.copy(C_local, C[tile // cols * bM, tile % cols * bN])

    @T.prim_func
    def guarded(A: T.Tensor((M, K), dtype), B: T.Tensor((K, N), dtype), C: T.Tensor((M, N), dtype)):
        with T.Kernel(blocks, threads=128) as block:
            A_shared = T.alloc_shared((bM, bK), dtype)
            B_shared = T.alloc_shared((bK, bN), dtype)
            C_local = T.alloc_fragment((bM, bN), "float32")
            for i in T.serial(T.ceildiv(rows * cols, blocks)):
                tile = block + i * blocks
                if tile < rows * cols:
                    T.clear(C_local)
                    for k in T.Pipelined(T.ceildiv(K, bK), num_stages=2):
                        T.copy(A[tile // cols * bM, k * bK], A_shared)
                        T.copy(B[k * bK, tile % cols * bN], B_shared)
                        T.gemm(A_shared, B_shared, C_local)
                    T.copy(C_local, C[tile // cols * bM, tile % cols * bN])

    return {"primitive": primitive, "stride": stride, "guarded": guarded}[form]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("blocks", [5, 64, 132])
@pytest.mark.parametrize("form", ["primitive", "stride", "guarded"])
def test_persistent(form, blocks, target):
    a, b, c = randn(200, 96), randn(96, 350, seed=1), torch.zeros(200, 350, dtype=torch.bfloat16)
    run(persistent(200, 350, 96, blocks, form), a, b, c, target=target)
    assert relative(c, a.double() @ b.double()) < DTYPES["bfloat16"]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("blocks", [(64, 64), (32, 128)])
def test_gemv_by_reduction(blocks, target):
    N, K = 200, 300
    bN, bK = blocks

    @T.prim_func
    def main(A: T.Tensor((K,), "bfloat16"), B: T.Tensor((N, K), "bfloat16"), C: T.Tensor((N,), "bfloat16")):
        with T.Kernel(T.ceildiv(N, bN), threads=128) as bn:
            products = T.alloc_fragment((bN, bK), "float32")
            total = T.alloc_fragment((bN,), "float32")
            T.clear(total)
            for k in T.serial(T.ceildiv(K, bK)):
                for i, j in T.Parallel(bN, bK):
                    products[i, j] = T.cast(A[k * bK + j], "float32") * T.cast(B[bn * bN + i, k * bK + j], "float32")
                T.reduce_sum(products, total, dim=1, clear=False)
            T.copy(total, C[bn * bN])

    a, b, c = randn(K), randn(N, K, seed=1), torch.zeros(N, dtype=torch.bfloat16)
    run(main, a, b, c, target=target)
    assert relative(c, b.double() @ a.double()) < DTYPES["bfloat16"]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("shape", [(1, 1, 64), (1, 16, 64), (5, 8, 40), (16, 16, 7)])
def test_gemm_of_few_rows(shape, target):
    """Blocks of fewer rows and columns than a tile has, one of them in the grid."""
    M, bM, bN = shape
    N, K = bN, 300

    @T.prim_func
    def main(A: T.Tensor((M, K), "bfloat16"), B: T.Tensor((K, N), "bfloat16"), C: T.Tensor((M, N), "bfloat16")):
        with T.Kernel(1, threads=128):
            A_shared = T.alloc_shared((bM, 64), "bfloat16")
            B_shared = T.alloc_shared((64, bN), "bfloat16")
            C_local = T.alloc_fragment((bM, bN), "float32")
            T.clear(C_local)
            for k in T.Pipelined(T.ceildiv(K, 64), num_stages=2):
                T.copy(A[0, k * 64], A_shared)
                T.copy(B[k * 64, 0], B_shared)
                T.gemm(A_shared, B_shared, C_local)
            for i, j in T.Parallel(bM, bN):
                C_local[i, j] = T.max(C_local[i, j], 0.0)
            T.copy(C_local, C[0, 0])

    a, b, c = randn(M, K), randn(K, N, seed=1), torch.zeros(M, N, dtype=torch.bfloat16)
    run(main, a, b, c, target=target)
    assert relative(c, (a.double() @ b.double()).relu()) < DTYPES["bfloat16"]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("sizes", [[64, 128, 32], [32], [32, 32, 32, 96, 64]])
def test_grouped_gemm_of_static_groups(sizes, target):
    """Each group of rows of A meets its own B; which, follows from the block by comparisons with constants."""
    M, N, K, bM = sum(sizes), 100, 96, 32
    firsts = [sum(sizes[:g]) // bM for g in range(1, len(sizes))]

    @T.prim_func
    def main(
        A: T.Tensor((M, K), "bfloat16"), B: T.Tensor((len(sizes), K, N), "bfloat16"), C: T.Tensor((M, N), "bfloat16")
    ):
        with T.Kernel(M // bM, T.ceildiv(N, 64), threads=128) as (bx, by):
            A_shared = T.alloc_shared((bM, 32), "bfloat16")
            B_shared = T.alloc_shared((32, 64), "bfloat16")
            C_local = T.alloc_fragment((bM, 64), "float32")
            group = sum(T.if_then_else(bx >= first, 1, 0) for first in firsts)
            T.clear(C_local)
            for k in T.Pipelined(K // 32, num_stages=2):
                T.copy(A[bx * bM, k * 32], A_shared)
                T.copy(B[group, k * 32, by * 64], B_shared)
                T.gemm(A_shared, B_shared, C_local)
            T.copy(C_local, C[bx * bM, by * 64])

    a, b, c = randn(M, K), randn(len(sizes), K, N, seed=1), torch.zeros(M, N, dtype=torch.bfloat16)
    expected = torch.cat([x.double() @ y.double() for x, y in zip(a.split(sizes), b, strict=True)])
    run(main, a, b, c, target=target)
    assert relative(c, expected) < DTYPES["bfloat16"]


@pytest.mark.parametrize("target", TARGETS)
def test_heads_between_the_rows(target):
    """Operands [batch, rows, heads, columns], as of attention: a window over the second and last dimension."""
    batch, S, H, D = 2, 70, 3, 64

    @T.prim_func
    def main(
        Q: T.Tensor((batch, S, H, D), "bfloat16"),
        K: T.Tensor((batch, S, H, D), "bfloat16"),
        O: T.Tensor((batch, H, S, S), "bfloat16"),
    ):
        with T.Kernel(T.ceildiv(S, 32), T.ceildiv(S, 32), batch * H, threads=128) as (bx, by, bz):
            q = T.alloc_shared((32, D), "bfloat16")
            k = T.alloc_shared((32, D), "bfloat16")
            o = T.alloc_fragment((32, 32), "float32")
            T.copy(Q[bz // H, by * 32 : by * 32 + 32, bz % H, :], q)
            T.copy(K[bz // H, bx * 32 : bx * 32 + 32, bz % H, :], k)
            T.gemm(q, k, o, transpose_B=True, clear_accum=True)
            T.copy(o, O[bz // H, bz % H, by * 32, bx * 32])

    q, k = randn(batch, S, H, D), randn(batch, S, H, D, seed=1)
    o = torch.zeros(batch, H, S, S, dtype=torch.bfloat16)
    run(main, q, k, o, target=target)
    assert relative(o, torch.einsum("bshd,bthd->bhst", q.double(), k.double())) < DTYPES["bfloat16"]


@pytest.mark.parametrize("target", TARGETS)
def test_shared_operands_without_multicast(target):
    """What is sent to the cores of a row and what each reads itself is the same."""
    results, sources = [], []
    for option in ("auto", "off"):
        a, b, c = randn(512, 256), randn(256, 512, seed=1), torch.zeros(512, 512)
        kernel = tilelang.compile(split_k(512, 512, 256, 1), target=f"{target} -multicast={option}")
        kernel(a, b, c)
        results.append(c)
        sources.append(kernel.get_kernel_source())
    assert "async_write_multicast" in sources[0] and "async_write_multicast" not in sources[1]
    assert torch.equal(*results)
    assert relative(results[0], a.double() @ b.double()) < DTYPES["bfloat16"]
