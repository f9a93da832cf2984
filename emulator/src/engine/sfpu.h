// Arithmetic of the vector unit (SFPU) on tiles of DST.
//
// Functions are computed with the host's single-precision mathematics, inputs and results with denormals as zero, and
// rounded to the DST width: nearest even into a 16-bit DST. The chip evaluates polynomials instead, so results agree
// within the bounds that tests/engine states per operation; moves, comparisons, min, max, additions, multiplications
// and integers are exact.
#pragma once

#include <cstdint>

#include "engine/fpu.h"
#include "tensix/formats.h"
#include "tt_emulator/compute_abi.h"

namespace tt_emulator::sfpu {

using tensix::DataFormat;

// What a slot of DST holds.
// Low16: what typecast_tile to UInt16 leaves in a 32-bit DST, where the packer finds it.
enum class Content : uint8_t { Empty, Float, Int32, UInt32, UInt16, Low16, Bits };
inline bool is_integer(Content content) {
    return content == Content::Int32 || content == Content::UInt32 || content == Content::UInt16 ||
           content == Content::Low16;
}

const char* name(uint32_t op);
// Operations that read constants which only their own init loads; another operation's init overwrites them.
bool has_constants(uint32_t op);
// Inits that load the same constants: the operation whose init counts for `op`.
uint32_t init_of(uint32_t op);
// Whether operands must be floats (true) or integers.
bool on_floats(uint32_t op);
// What the result is, given the parameters of the call.
Content result_of(uint32_t op, uint32_t p0, uint32_t p1, Content input);

// n words in place.
void unary(uint32_t op, uint32_t* data, uint32_t n, uint32_t p0, uint32_t p1, uint32_t p2, fpu::DstWidth width,
           bool blackhole);
void binary(uint32_t op, const uint32_t* a, const uint32_t* b, uint32_t* out, uint32_t n, uint32_t p0,
            fpu::DstWidth width, bool blackhole);
void ternary(uint32_t op, const uint32_t* a, const uint32_t* b, const uint32_t* c, uint32_t* out, uint32_t n,
             uint32_t p0, fpu::DstWidth width);

// A result as DST keeps it: denormals as zero; 16-bit DST rounds to nearest even.
uint32_t store(float value, fpu::DstWidth width);

}  // namespace tt_emulator::sfpu
