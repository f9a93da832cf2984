"""Runs a Program through ttnn.generic_op: a card, or the simulator that TT_METAL_SIMULATOR names."""

from __future__ import annotations

import numpy as np
import ttnn
from program import FORMATS, KERNELS, Program

_DTYPES = {
    "Float16_b": ttnn.bfloat16,
    "Float32": ttnn.float32,
    "Bfp8_b": ttnn.bfloat8_b,
    "Bfp4_b": ttnn.bfloat4_b,
    "UInt32": ttnn.uint32,
    "Int32": ttnn.int32,
    "UInt16": ttnn.uint16,
    "UInt8": ttnn.uint8,
}


class Machine:
    def __init__(self) -> None:
        self.device = ttnn.open_device(device_id=0)
        self.arch = {"WORMHOLE_B0": "wormhole_b0", "BLACKHOLE": "blackhole"}[str(self.device.arch()).split(".")[-1]]

    def close(self) -> None:
        ttnn.close_device(self.device)

    def run(self, p: Program, data: list[np.ndarray]) -> np.ndarray:
        """Raw pages in, raw pages out: tensors are row-major uint32, one row a page, so no value is converted."""
        core = ttnn.CoreRangeSet([ttnn.CoreRange(ttnn.CoreCoord(0, 0), ttnn.CoreCoord(0, 0))])

        def tensor(pages: np.ndarray) -> ttnn.Tensor:
            words = np.ascontiguousarray(pages).view(np.uint32)
            return ttnn.Tensor(words, ttnn.uint32).to(self.device, ttnn.DRAM_MEMORY_CONFIG)

        ins = [tensor(d.view(np.uint8).reshape(-1, p.in_page(i))) for i, d in enumerate(data)]
        out_page = p.out_page or FORMATS[p.out_format][0]
        out_pages = p.out_tiles * FORMATS[p.out_format][0] // out_page
        out = tensor(np.full((out_pages, out_page), 0xA5, np.uint8))

        def cb(index: int, fmt: str, tiles: int, page: int) -> ttnn.CBDescriptor:
            return ttnn.CBDescriptor(
                total_size=tiles * FORMATS[fmt][0],
                core_ranges=core,
                format_descriptors=[ttnn.CBFormatDescriptor(index, _DTYPES[fmt], page)],
            )

        cbs = [
            cb(i, p.inputs[i].format, d.nbytes // FORMATS[p.inputs[i].format][0], p.in_page(i))
            for i, d in enumerate(data)
        ]
        cbs.append(cb(16, p.out_format, p.out_tiles, out_page))
        accessors: list[int] = []
        common: list[int] = []
        for i in range(3):
            t = ins[min(i, len(ins) - 1)]
            accessors += list(ttnn.TensorAccessorArgs(t).get_compile_time_args())
            pages = ins[i].shape[0] if i < len(ins) else 0
            common += [t.buffer_address(), int(pages)]

        def kernel(
            name: str, config: object, ct: list[int], common: list[int], **more: object
        ) -> ttnn.KernelDescriptor:
            return ttnn.KernelDescriptor(
                kernel_source=(KERNELS / name).read_text(),
                source_type=ttnn.KernelDescriptor.SourceType.SOURCE_CODE,
                core_ranges=core,
                compile_time_args=ct,
                common_runtime_args=common,
                runtime_args=ttnn.RuntimeArgs(),
                config=config,
                **more,
            )

        compute = ttnn.ComputeConfigDescriptor(
            math_fidelity=ttnn.MathFidelity.__members__[p.fidelity],
            fp32_dest_acc_en=p.dst32,
            dst_full_sync_en=p.full_sync,
            math_approx_mode=p.approx,
            bfp8_pack_precise=p.bfp_precise,
        )
        if p.unpack_to_dest:
            pd = ttnn._ttnn.program_descriptor
            modes = [pd.UnpackToDestMode.Default] * 64
            for i in p.unpack_to_dest:
                modes[i] = pd.UnpackToDestMode.UnpackToDestFp32
            compute.unpack_to_dest_mode = pd.VectorUnpackToDestMode(modes)
        out_args = list(ttnn.TensorAccessorArgs(out).get_compile_time_args())
        kernels = [
            kernel("reader.cpp", ttnn.ReaderConfigDescriptor(), accessors, common),
            kernel("writer.cpp", ttnn.WriterConfigDescriptor(), out_args, [out.buffer_address(), out_pages]),
            kernel(
                p.compute,
                compute,
                [],
                [],
                named_compile_time_args=list(p.named.items()),
                defines=list(p.defines.items()),
            ),
        ]
        ttnn.generic_op([*ins, out], ttnn.ProgramDescriptor(kernels=kernels, semaphores=[], cbs=cbs))
        raw = np.ascontiguousarray(out.cpu().to_numpy()).view(np.uint8)
        return raw.reshape(-1).view(FORMATS[p.out_format][1]).reshape(p.out_tiles, -1)
