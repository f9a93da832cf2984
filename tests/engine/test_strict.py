"""What the chip passes over in silence is an error here, and the message says what is missing."""

from __future__ import annotations

import numpy as np
import pytest
from compute import Operand, run
from emu import EmulatorError

ONES = np.ones((32, 32), np.float32)
START = "compute_kernel_hw_startup(0, 1, 16); cb_wait_front(0, 1); cb_wait_front(1, 1); cb_reserve_back(16, 1);"
ADD = "tile_regs_acquire(); add_tiles(0, 1, 0, 0, 0);"
FINISH = "tile_regs_commit(); tile_regs_wait(); pack_tile(0, 16); tile_regs_release(); cb_push_back(16, 1);"


def report(body: str, a: str = "bf16", b: str = "bf16", out: str = "bf16", **options: object) -> EmulatorError:
    with pytest.raises(EmulatorError) as caught:
        run(body, [Operand(ONES, a), Operand(ONES, b)], (32, 32), out, **options)  # type: ignore[arg-type]
    return caught.value


def test_the_well_formed_twin_passes() -> None:
    got, _ = run(
        f"{START} add_init(0, 1); tile_regs_acquire(); add_tiles(0, 1, 0, 0, 0); {FINISH}",
        [Operand(ONES), Operand(ONES)],
        (32, 32),
    )
    assert (got == 2).all()


@pytest.mark.parametrize(
    ("body", "kind", "parts"),
    [
        ("copy_init(0); tile_regs_acquire();", "state", ["copy_init before compute_kernel_hw_startup"]),
        (
            f"{START} tile_regs_acquire(); add_tiles(0, 1, 0, 0, 0); {FINISH}",
            "state",
            ["add_tiles: unpacker and math are set up by nothing", "call add_init first"],
        ),
        (
            f"{START} add_init(0, 1); tile_regs_acquire(); sub_tiles(0, 1, 0, 0, 0); {FINISH}",
            "state",
            ["sub_tiles", "set up by add_init", "call sub_init first"],
        ),
        (
            f"{START} add_init(0, 1); tile_regs_acquire(); add_tiles_bcast_rows(0, 1, 0, 0, 0); {FINISH}",
            "state",
            ["add_tiles_bcast_rows", "call add_bcast_rows_init first"],
        ),
        (
            f"{START} add_init(0, 1); tile_regs_acquire(); copy_tile(0, 0, 0); {FINISH}",
            "state",
            ["copy_tile", "set up by add_init", "call copy_init first"],
        ),
        (
            f"{START} copy_init(0); copy_tile(0, 0, 0); {FINISH}",
            "state",
            ["copy_tile writes DST without tile_regs_acquire"],
        ),
        (
            f"{START} tilize_init(0, 1, 16); tilize_block(0, 1, 16); add_init(0, 1); {ADD}",
            "state",
            ["add_tiles", "call tilize_uninit first"],
        ),
        (
            f"{START} pack_untilize_init<1>(0, 16); pack_untilize_block<1>(0, 2, 16);",
            "state",
            ["pack_untilize_block of 2 tile rows", "one at a time"],
        ),
        (
            f"{START} copy_init(0); tile_regs_acquire(); tile_regs_acquire();",
            "state",
            ["tile_regs_acquire twice without tile_regs_commit"],
        ),
        (
            f"{START} copy_init(0); for (int i = 0; i < 3; ++i) {{ tile_regs_acquire(); tile_regs_commit(); }}",
            "deadlock",
            ["all 2 sections of DST are committed", "the chip would hang"],
        ),
        (f"{START} tile_regs_wait();", "deadlock", ["tile_regs_wait waits for a tile_regs_commit"]),
        (
            f"{START} tile_regs_acquire(); tile_regs_commit(); pack_tile(0, 16);",
            "state",
            ["pack_tile reads DST without tile_regs_wait"],
        ),
        (f"{START} tile_regs_release();", "state", ["tile_regs_release without tile_regs_wait"]),
        (f"{START} tile_regs_commit();", "state", ["tile_regs_commit without tile_regs_acquire"]),
        (
            f"{START} copy_init(0); tile_regs_acquire(); copy_tile(0, 0, 4);",
            "state",
            ["DST slot 4 is outside the 4 slots", "32-bit DST in half sync", "dst_full_sync_en"],
        ),
        (
            f"{START} copy_init(0); tile_regs_acquire(); copy_tile(0, 1, 0);",
            "circular",
            ["copy_tile"],
        ),
        (
            f"{START} copy_init(0); tile_regs_acquire(); copy_tile(0, 0, 0); exp_tile(0);",
            "state",
            ["exp_tile before any init of the vector unit"],
        ),
        (
            (
                f"{START} copy_init(0); exp_tile_init(); recip_tile_init(); tile_regs_acquire(); copy_tile(0, 0, 0);"
                "exp_tile(0);"
            ),
            "state",
            ["exp_tile: the vector unit's constants are those of recip_tile", "call exp_tile_init first"],
        ),
        (
            f"{START} matmul_block_init(0, 1, 0, 2, 2, 1); tile_regs_acquire(); matmul_block(0, 1, 0, 0, 0, 0, 1, 1, 1);",
            "state",
            ["matmul_block of 1 x 1 tiles", "ct = 2, rt = 2"],
        ),
        (
            (
                f"{START} reduce_init<PoolType::MAX, ReduceDim::REDUCE_ROW>(0, 1, 16); copy_init(0); tile_regs_acquire();"
                f"copy_tile(0, 0, 0); {FINISH}"
            ),
            "state",
            ["packer still masks for a reduce", "call reduce_uninit first"],
        ),
        (
            (
                f"{START} reduce_init<PoolType::MAX, ReduceDim::REDUCE_ROW>(0, 1, 16); tile_regs_acquire();"
                "reduce_tile<PoolType::SUM, ReduceDim::REDUCE_ROW>(0, 1, 0, 0, 0);"
            ),
            "state",
            ["set up by reduce_init<MAX, REDUCE_ROW>", "call reduce_init<SUM, REDUCE_ROW> first"],
        ),
        (
            f"{START} reduce_init<PoolType::MIN, ReduceDim::REDUCE_ROW>(0, 1, 16);",
            "unsupported",
            ["no minimum", "sfpu_reduce"],
        ),
        (
            (
                f"{START} sfpu_reduce_init<PoolType::SUM, DataFormat::Float32>(); tile_regs_acquire();"
                "sfpu_reduce<PoolType::MAX, DataFormat::Float32, ReduceDim::REDUCE_ROW>(0);"
            ),
            "state",
            ["sfpu_reduce: the vector unit is not set up", "call sfpu_reduce_init"],
        ),
        (
            (
                f"{START} sfpu_reduce_init<PoolType::MAX, DataFormat::Float32>(); tile_regs_acquire();"
                "sfpu_reduce<PoolType::MAX, DataFormat::Float32, ReduceDim::REDUCE_ROW>(0);"
                "sfpu_reduce<PoolType::MAX, DataFormat::Float32, ReduceDim::REDUCE_COL>(0);"
            ),
            "state",
            ["along the other dimension", "call sfpu_reduce_init between them"],
        ),
        (
            (
                f"{START} unary_bcast_init<BroadcastType::ROW>(0); tile_regs_acquire();"
                "unary_bcast<BroadcastType::ROW>(0, 0, 0);"
            ),
            "state",
            ["unary_bcast<ROW>", "32-bit DST", "sfpu_add_bcast_row"],
        ),
        (
            (
                f"{START} copy_init(0); fill_tile_init(); tile_regs_acquire(); fill_tile(0, 1e38f); "
                "fill_tile_bitcast(1, 0x7f800000); sfpu_bcast_col_init(); sfpu_add_bcast_col(0, 1);"
            ),
            "state",
            ["sfpu_*_bcast_col", "infinite"],
        ),
    ],
)
def test_misuse_is_reported(body: str, kind: str, parts: list[str]) -> None:
    error = report(body)
    assert kind in error.kind, error
    for part in parts:
        assert part in str(error)
    assert "compute.cpp" in str(error)


@pytest.mark.parametrize(
    ("a", "b", "out", "body", "part"),
    [
        (
            "fp32",
            "bf16",
            "bf16",
            "copy_init(1); tile_regs_acquire(); copy_tile(1, 0, 0);",
            "SrcA is set up for Float32 (CB 0), but CB 1 holds Float16_b; call reconfig_data_format_srca(1) first",
        ),
        (
            "bf16",
            "fp32",
            "bf16",
            "matmul_init(0, 1); tile_regs_acquire(); matmul_tiles(0, 1, 0, 0, 0);",
            "SrcA is set up for Float16_b (CB 0), but CB 1 holds Float32",
        ),
        (
            "bf16",
            "bf16",
            "bf16",
            (
                "copy_init(0); tile_regs_acquire(); copy_tile(0, 0, 0); tile_regs_commit(); tile_regs_wait(); "
                "cb_reserve_back(24, 1); pack_tile(0, 24);"
            ),
            (
                "the packer is set up for Float16_b (CB 16), but CB 24 holds Float32; "
                "call pack_reconfig_data_format(24) first"
            ),
        ),
        (
            "fp32",
            "bf16",
            "bf16",
            "reconfig_data_format_srca(1, 0);",
            "the call claims that SrcA is set up for Float16_b (CB 1), but it is set up for Float32",
        ),
        (
            "int32",
            "bf16",
            "bf16",
            f"copy_init(0); tile_regs_acquire(); copy_tile(0, 0, 0); {FINISH}",
            "DST slot 0 holds Int32, CB 16 holds Float16_b: call typecast_tile first",
        ),
        (
            "int32",
            "bf16",
            "bf16",
            "copy_init(0); exp_tile_init(); tile_regs_acquire(); copy_tile(0, 0, 0); exp_tile(0);",
            "exp_tile works on floats, but DST slot 0 holds Int32: call typecast_tile first",
        ),
        (
            "fp16",
            "bf16",
            "bf16",
            "add_init(0, 1); tile_regs_acquire(); add_tiles(0, 1, 0, 0, 0);",
            "SrcA and SrcB need the same exponent width",
        ),
    ],
)
def test_formats_are_checked(a: str, b: str, out: str, body: str, part: str) -> None:
    assert part in str(report(f"{START} {body}", a, b, out, more={24: "fp32"}))


def test_integers_need_a_wide_dst() -> None:
    error = report(f"{START} copy_init(0); tile_regs_acquire(); copy_tile(0, 0, 0);", "int32", fp32=False)
    assert "needs a 32-bit DST (fp32_dest_acc_en)" in str(error)


def test_unpacked_to_dst_means_copy_only() -> None:
    body = f"{START} add_init(0, 1); tile_regs_acquire(); add_tiles(0, 1, 0, 0, 0);"
    error = report(body, "fp32", "fp32", unpack_fp32=[0])
    assert "must be read by copy_tile only" in str(error)


@pytest.mark.parametrize(
    ("fp32", "full_sync", "slots"), [(True, False, 4), (True, True, 8), (False, False, 8), (False, True, 16)]
)
def test_capacity_of_dst(fp32: bool, full_sync: bool, slots: int) -> None:
    body = f"{START} copy_init(0); tile_regs_acquire(); copy_tile(0, 0, {slots - 1}); copy_tile(0, 0, {slots});"
    error = report(body, fp32=fp32, full_sync=full_sync)
    assert f"DST slot {slots} is outside the {slots} slots" in str(error)


@pytest.mark.parametrize(
    "call",
    [
        "mm_init(0, 1, 16)",
        "acquire_dst()",
        "add_tiles_init(0, 1)",
        "copy_tile_init(0)",
        "binary_op_init_common(0, 1, 16)",
        "transpose_wh_tile(0, 0, 0)",
        "reduce_revert_delta()",
        "pack_tile(0, 16, 0, 7)",
    ],
)
def test_names_and_arguments_that_are_gone_do_not_compile(call: str) -> None:
    assert report(f"{START} {call};").kind == "compile"
