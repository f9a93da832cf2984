"""Stream-K: blocks share out one line of iterations over all output tiles, against float64.

Tiles that one block computes whole are stored, the others are added to what C holds: both are tested by what C held.
"""

import itertools

import pytest
import tilelang
from bounds import randn, relative
from stream_k_kernels import by_loops, by_while

TARGETS = ["tenstorrent", "tenstorrent -arch=blackhole"]
BOUND = {"bfloat16": 6e-3, "float16": 2e-3, "float32": 2e-3}


def shares(programs, tiles, iterations):
    """First iteration of each program's share, and the end of the last."""
    full, part = divmod(tiles * iterations, programs)
    return [p * full + min(p, part) for p in range(programs + 1)]


def expected(a, b, c, programs, tiles, bM, bN, bK):
    """The first `tiles` tiles in stream-K, as the kernels below have it; the others stay as they are."""
    M, N, K = a.shape[0], b.shape[1], a.shape[1]
    iterations, columns = -(-K // bK), -(-N // bN)
    ends = shares(programs, tiles, iterations)
    out = c.double().clone()
    product = a.double() @ b.double()
    for tile in range(tiles):
        first, last = tile * iterations, (tile + 1) * iterations
        whole = any(s <= first and last <= e for s, e in itertools.pairwise(ends))
        rows = slice(tile // columns * bM, min(M, tile // columns * bM + bM))
        cols = slice(tile % columns * bN, min(N, tile % columns * bN + bN))
        out[rows, cols] = product[rows, cols] + (0 if whole else out[rows, cols])
    return out


def check(kernel, M, N, K, programs, tiles, bM, bN, bK, dtype="bfloat16", target=TARGETS[0], **options):
    a, b = randn(M, K, dtype=dtype), randn(K, N, dtype=dtype, seed=1)
    c = randn(M, N, dtype="float32", seed=2) * 4
    wanted = expected(a, b, c, programs, tiles, bM, bN, bK)
    if options.get("full_tiles"):
        columns = -(-N // bN)
        for tile in range(tiles, tiles + options["full_tiles"] * programs):
            at = (
                slice(tile // columns * bM, tile // columns * bM + bM),
                slice(tile % columns * bN, tile % columns * bN + bN),
            )
            wanted[at] = (a.double() @ b.double())[at]
    tilelang.compile(kernel(M, N, K, programs, tiles, bM, bN, bK, dtype, **options), target=target)(a, b, c)
    assert relative(c, wanted) < BOUND[dtype]


SHAPES = [
    # M, N, K, programs, tiles, block
    (128, 128, 256, 3, 4, 64, 64, 32),  # shares of 11, 11 and 10 iterations of 8 a tile
    (256, 256, 256, 5, 16, 64, 64, 32),  # 26, 26, 26, 25, 25: some tiles whole, some shared
    (256, 128, 128, 8, 8, 64, 64, 32),  # every program has a tile of its own
    (128, 64, 512, 24, 4, 32, 64, 32),  # 6 programs a tile
    (64, 64, 160, 9, 1, 64, 64, 32),  # more programs than iterations: some have nothing to do
    (160, 224, 100, 4, 12, 64, 64, 32),  # ragged everywhere
    (64, 96, 96, 2, 1, 64, 96, 96),  # a tile of one iteration
    (32, 32, 32, 1, 1, 32, 32, 32),
    (320, 320, 96, 7, 25, 64, 64, 32),  # tiles that are stored alternate with others
]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("kernel", [by_while, by_loops])
@pytest.mark.parametrize("shape", SHAPES, ids=lambda s: "x".join(map(str, s)))
def test_shapes(shape, kernel, target):
    check(kernel, *shape, target=target)


@pytest.mark.parametrize("kernel", [by_while, by_loops])
@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_dtypes(dtype, kernel):
    check(kernel, *SHAPES[1], dtype=dtype)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(
    "shape, full_tiles",
    [
        ((256, 256, 128, 6, 4, 64, 64, 32), 2),  # 4 tiles shared by 6 programs, 12 whole ones
        ((256, 256, 128, 5, 6, 64, 64, 32), 2),
        ((256, 256, 128, 5, 11, 64, 64, 32), 1),  # shared tiles that one program computes whole among them
        ((96, 128, 64, 6, 6, 16, 64, 32), 1),  # blocks of half a tile: merged, some shared, some whole
        ((64, 64, 128, 3, 4, 32, 32, 32), 1),  # the whole tiles lie outside of C
    ],
)
def test_shared_and_whole_tiles(shape, full_tiles, target):
    check(by_while, *shape, target=target, full_tiles=full_tiles)
