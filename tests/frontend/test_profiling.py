"""TileLang's profiler and autotuner see the modelled time, not the emulator's."""

import pytest
import tilelang
import tilelang.language as T
import tilelang_tt
import torch
from tilelang.profiler import do_bench


def product(block, n=64):
    @T.prim_func
    def main(A: T.Tensor((n, n), "bfloat16"), B: T.Tensor((n, n), "bfloat16"), C: T.Tensor((n, n), "float32")):
        with T.Kernel(n // block, n // block) as (bx, by):
            a, b = T.alloc_shared((block, n), "bfloat16"), T.alloc_shared((n, block), "bfloat16")
            c = T.alloc_fragment((block, block), "float32")
            T.copy(A[by * block, 0], a)
            T.copy(B[0, bx * block], b)
            T.clear(c)
            T.gemm(a, b, c)
            T.copy(c, C[by * block, bx * block])

    return main


def test_profiler_gives_modelled_milliseconds():
    kernel = tilelang.compile(product(32), target="tenstorrent", out_idx=[2])
    milliseconds = kernel.get_profiler().do_bench()
    assert milliseconds == pytest.approx(tilelang_tt.last_run().seconds * 1e3)
    assert 0 < milliseconds < tilelang_tt.last_run().wall_seconds * 1e3
    assert kernel.get_profiler().do_bench(quantiles=[0.2, 0.8]) == [milliseconds] * 2


def test_several_kernels_of_a_function_add_up():
    small, large = (tilelang.compile(product(block), target="tenstorrent", out_idx=[2]) for block in (32, 64))
    a, b = torch.ones(64, 64).bfloat16(), torch.ones(64, 64).bfloat16()
    one, other = do_bench(lambda: small(a, b)), do_bench(lambda: large(a, b))
    assert one != other
    assert do_bench(lambda: (small(a, b), large(a, b))) == pytest.approx(one + other)


def test_other_functions_go_to_tilelang():
    milliseconds = do_bench(lambda: torch.ones(8, 8) @ torch.ones(8, 8), warmup=1, rep=2)
    assert milliseconds > 0


def test_reference_interpreter_is_refused():
    kernel = tilelang.compile(product(32), target="tenstorrent -device=reference", out_idx=[2])
    with pytest.raises(tilelang_tt.RunError, match="nothing models the time"):
        kernel.get_profiler().do_bench()


def test_autotune_chooses_by_modelled_time():
    configs = [{"block": 32}, {"block": 64}]

    @tilelang.autotune(configs=configs)
    @tilelang.jit(out_idx=[2], target="tenstorrent")
    def tuned(block=32):
        return product(block)

    times = {}
    for config in configs:
        kernel = tilelang.compile(product(**config), target="tenstorrent", out_idx=[2])
        times[config["block"]] = kernel.get_profiler().do_bench()
    best = tuned()
    assert best.config == {"block": min(times, key=times.get)}
    assert best.latency == pytest.approx(min(times.values()))
