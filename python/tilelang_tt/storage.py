"""How a kernel's tensors are kept in the device's memory, said by the user inside the kernel."""

from __future__ import annotations

from collections.abc import Mapping

from tvm.tirx import Buffer
from tvm.tirx.script.builder.ir import sblock_attr

STORAGE = "tilelang_tt.storage"


def annotate_storage(formats: Mapping[Buffer, str]) -> None:
    """Inside `with T.Kernel(...)`: keep a tensor in device memory in another format or layout than usual.

    "bfp8_b", "bfp4_b": a float tensor in blocks of 16 elements that share an exponent (8 and 4 bits an element).
    "int4", "uint4", "int2", "uint2": an int8 or uint8 tensor whose bytes hold several numbers along the last dimension,
    the lowest bits first. The host unpacks them, one number an element, and the kernel's shifts and masks fall away.
    "row_major": the elements of a row of the last dimension one after the other, not tiles. Tensors whose blocks begin or
    end inside tiles lie so anyway; others cost a conversion of each block, and the host none.

    The program's dtypes and values stay what they are up to the format's rounding; other targets ignore the annotation.
    Called once a kernel, with all its tensors.
    """
    sblock_attr({STORAGE: {buffer.data: format for buffer, format in formats.items()}})
