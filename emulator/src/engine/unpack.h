// The unpacker: from a page of L1 to source registers or to DST.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/fpu.h"
#include "tensix/formats.h"

namespace tt_emulator {

using tensix::DataFormat;

// What an operand looks like in SrcA or SrcB. fp32 in L1 becomes TF32 (10 mantissa bits, truncated) with 32-bit DST and
// bf16 (7 bits, truncated) with 16-bit DST; the other formats keep what they have.
struct SourceLayout {
    DataFormat l1 = DataFormat::Invalid;
    bool tf32 = false;            // fp32 in L1, 10 mantissa bits kept
    bool small_exponent = false;  // fp16 and 8-bit floats
};
SourceLayout source_layout(DataFormat l1, bool fp32_dst);
// False for formats that cannot go through the source registers (32-bit integers).
bool fits_source_register(DataFormat l1);

// A whole 32x32 tile, face order.
void unpack_exact(const SourceLayout& layout, const std::byte* page, fpu::SrcTile& out);
// The same as numbers, with mantissa bits below `mantissa_bits` cut and denormals as zero.
void unpack_fast(const SourceLayout& layout, const std::byte* page, uint32_t mantissa_bits, fpu::FloatTile& out);
// 16-bit and 8-bit integers as 32-bit ones.
void unpack_integers(DataFormat l1, const std::byte* page, uint32_t* out);

}  // namespace tt_emulator
