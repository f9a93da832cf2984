// The packer: from DST to a page of L1, with rounding, relu, masking and accumulation.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/fpu.h"
#include "tensix/formats.h"

namespace tt_emulator {

using tensix::DataFormat;

enum class PackMask : uint8_t { None, RowReduce, ColumnReduce, ScalarReduce };
enum class Relu : uint8_t { Off = 0, Zero = 1, MinThreshold = 2, MaxThreshold = 3 };

struct PackSettings {
    fpu::DstWidth width = fpu::DstWidth::Fp32;
    DataFormat format = DataFormat::Invalid;  // of the page
    bool bfp8_precise = false;
    bool l1_accumulate = false;
    PackMask mask = PackMask::None;  // what a reduce leaves: column 0, row 0 or element 0; the rest is packed as zero
    Relu relu = Relu::Off;
    float relu_threshold = 0.0f;
};

// Whether the packer converts from DST of this width to the format.
bool packs(fpu::DstWidth width, DataFormat format);
// Whether it can add to a page of this format.
bool accumulates(DataFormat format);

// dst: 1024 words in face order (fp32 words, or integers for integer formats). Writes a whole tile.
// Rounding: fp32 to bf16 half away from zero; fp32 to fp16 truncates and saturates; NaN becomes infinity in bf16;
// denormals become zero; block formats round to 7 (precise: truncate to 8) significant bits first.
void pack_tile(const PackSettings& settings, const uint32_t* dst, std::byte* page);

// The bf16 half of an element, as the packer converts it (also used by untilizing packs).
void pack_elements(const PackSettings& settings, const uint32_t* dst, std::byte* target, uint32_t n);

}  // namespace tt_emulator
