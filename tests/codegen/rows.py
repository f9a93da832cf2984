"""A hand-written Tensix program that copies a window of one row-major tensor into another, through tiles."""

from __future__ import annotations

from dataclasses import dataclass

# dtype of the form -> (format, bytes of an element)
FORMATS = {
    "bf16": ("Float16_b", 2),
    "f16": ("Float16", 2),
    "f32": ("Float32", 4),
    "i32": ("Int32", 4),
    "u32": ("UInt32", 4),
    "u16": ("UInt16", 2),
    "u8": ("UInt8", 1),
}


@dataclass(frozen=True)
class Window:
    """B[m, to + c] = A[m, start + c] for c < width and every row m; block_tiles: of one pack_untilize_block."""

    dtype: str
    rows: int
    width: int
    start: int = 0
    to: int = 0
    a_cols: int = 0  # 0: as many as it takes
    b_cols: int = 0
    cores: int = 1
    block_tiles: int = 0  # 0: all that DST holds
    scratch_rows: int = 8  # 0: both windows are aligned, rows go straight
    beyond: int = 0  # blocks of 32 rows that lie past the tensor's last row
    keep_fp32: bool = True  # 32-bit formats go to DST unrounded

    def shapes(self) -> tuple[tuple[int, int], tuple[int, int]]:
        return (self.rows, self.a_cols or self.start + self.width), (self.rows, self.b_cols or self.to + self.width)

    def text(self) -> str:
        fmt, element = FORMATS[self.dtype]
        a, b = self.shapes()
        tiles = -(-self.width // 32)
        wide = element == 4 or fmt == "UInt8"  # the packer takes UInt16 from a 16-bit DST only
        capacity = 4 if wide else 8
        part = self.block_tiles or max(n for n in range(1, capacity + 1) if tiles % n == 0)
        tile_bytes = 1024 * element
        to_dest = " unpack=to_dest" if fmt == "Float32" and self.keep_fp32 else ""
        scratch = -(-self.scratch_rows * (tiles * 32 * element + 128) // tile_bytes)
        blocks = -(-self.rows // 32) + self.beyond
        per_core = -(-blocks // self.cores)
        channels, at = [], 0
        for name, pages, more in (
            ("A_rows", 2 * tiles, f"block_pages={tiles} row_tiles={tiles}{to_dest}"),
            ("tiles", tiles, f"block_pages={part}{to_dest}"),
            ("B_rows", 2 * tiles, f"block_pages={tiles} row_tiles={tiles}"),
            *([("A_scratch", scratch, ""), ("B_scratch", scratch, "")] if scratch else ()),
        ):
            channels.append(f"  channel {name} format={fmt} pages={pages} {more} l1_offset={at}")
            at += pages * tile_bytes
        rows = f"page_step=1 rows={self.rows} - r * 32"
        through_a, through_b = (" scratch=A_scratch", " scratch=B_scratch") if scratch else ("", "")
        untilize = f"op=pack_untilize_block channels=(tiles, B_rows) params=({part}, {tiles})"
        return f"""tensix_program rows
var core kind=core_arg lo=0 hi={self.cores - 1}
var first kind=core_arg lo=0 hi={(self.cores - 1) * per_core}
var count kind=core_arg lo=0 hi={per_core}
var r lo=0 hi={blocks - 1}
var part lo=0 hi={tiles // part - 1}
tensor @A dtype={self.dtype} shape=({a[0]}, {a[1]}) param=0 read
tensor @B dtype={self.dtype} shape=({b[0]}, {b[1]}) param=1 read written
layout @A row_dim=0 col_dim=1 format={fmt} row_major
layout @B row_dim=0 col_dim=1 format={fmt} row_major
split grid_x={self.cores} cores={self.cores}
launch core=core {{
  compute{" fp32_dest_acc_en" if wide else ""}
{chr(10).join(channels)}
  core_arg var=first value=core * {per_core} engines=reader+writer
  core_arg var=count value=min({per_core}, {blocks} - core * {per_core}) engines=reader+compute+writer
  compute: startup a=A_rows b=A_rows out=tiles
  reader+compute+writer: for var=r begin=first extent=count {{
    reader: channel call=reserve_back channel=A_rows pages={tiles}
    reader: read_rows tensor=@A page=r * 32 {rows} col={self.start} cols={self.width} channel=A_rows slot=0{through_a}
    reader: noc call=read_barrier
    reader: channel call=push_back channel=A_rows pages={tiles}
    compute: channel call=wait_front channel=A_rows pages={tiles}
    compute: channel call=reserve_back channel=tiles pages={tiles}
    compute: init op=tilize_block channels=(A_rows, tiles) params=({tiles})
    compute: call op=tilize_block channels=(A_rows, tiles) tiles=(0, 0) params=({tiles})
    compute: init op=tilize_block uninit channels=(A_rows, tiles) params=({tiles})
    compute: channel call=push_back channel=tiles pages={tiles}
    compute: channel call=pop_front channel=A_rows pages={tiles}
    compute: channel call=reserve_back channel=B_rows pages={tiles}
    compute: init {untilize}
    compute: for var=part begin=0 extent={tiles // part} {{
      compute: channel call=wait_front channel=tiles pages={part}
      compute: call {untilize} tiles=(0, part)
      compute: channel call=pop_front channel=tiles pages={part}
    }}
    compute: init {untilize.replace("block channels", "block uninit channels")}
    compute: channel call=push_back channel=B_rows pages={tiles}
    writer: channel call=wait_front channel=B_rows pages={tiles}
    writer: write_rows channel=B_rows slot=0 tensor=@B page=r * 32 {rows} col={self.to} cols={self.width}{through_b}
    writer: noc call=writes_flushed
    writer: channel call=pop_front channel=B_rows pages={tiles}
  }}
  writer: noc call=write_barrier
}}
"""
