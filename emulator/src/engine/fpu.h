// Arithmetic of the matrix unit (FPU), bit for bit, and its fast counterpart.
//
// A source tile holds 32-bit words of an fp32 layout: sign, 8 exponent bits and the 10 mantissa bits that SrcA and SrcB
// keep. `small_exponent` marks data of fp16 origin, whose exponent field holds the raw 5-bit exponent (bias 15; there
// are no infinities, exponent 31 is an ordinary one). DST elements are always true fp32 words: with 16-bit DST the
// values are those of bf16 or fp16.
//
// Exact functions follow the chip's order: products are cut to 5 by 7 mantissa bits per fidelity phase, aligned and
// summed in groups of eight, then added to DST. Behaviour was learned from the public simulator ttsim and the Tensix
// ISA documentation; tests/engine compares bits.
#pragma once

#include <cstdint>

namespace tt_emulator::fpu {

// DST as the FPU writes it.
enum class DstWidth : uint8_t { Fp32, Bf16, Fp16 };

struct alignas(64) SrcTile {
    uint32_t words[1024];  // face order
    bool small_exponent;
};
struct alignas(64) FloatTile {
    float values[1024];  // face order; mantissas already cut as the fidelity asks
};

enum class Elementwise : uint8_t { Add, Sub, Mul };

// dst[16] += row[16] x matrix[16 x 16], one fidelity phase (0..3): what one row of an MVMUL does. `row` is a row of
// SrcB, `matrix` a face of SrcA with its elements of one k in a row.
void multiply_row_exact(const uint32_t* row, const uint32_t* matrix, uint32_t* dst, uint32_t phase, DstWidth width,
                        bool small_exponent, bool wormhole);

// The same for 16 rows of SrcB and one column of SrcA: dst[r] += rows[., r] x column, where `column` is of SrcA and
// `rows` holds the face of SrcB transposed.
void multiply_column_exact(const uint32_t* column, const uint32_t* rows, uint32_t* dst, uint32_t phase, DstWidth width,
                           bool small_exponent, bool wormhole);

// dst (a whole tile, face order) += b x a, `phases` fidelity phases. b is SrcB (matmul's in0), a is SrcA (in1);
// with `transpose` a is read transposed.
void matmul_exact(const SrcTile& b, const SrcTile& a, uint32_t* dst, uint32_t phases, DstWidth width, bool transpose,
                  bool wormhole);

// n elements (a multiple of 16) of dst = a op b, or dst += a op b when `accumulate` (Mul always accumulates).
void elementwise_exact(Elementwise op, const uint32_t* a, const uint32_t* b, uint32_t* dst, uint32_t n, uint32_t phases,
                       DstWidth width, bool small_exponent, bool accumulate, bool wormhole);

// --- Fast: fp32 arithmetic, vectorised. Operands were cut by cut_for_fidelity. --------------------------------------

// Number of phases of a fidelity: 1, 2, 3 or 4.
// Keeps of SrcA 5 of its 11 significant bits in one phase, all of them otherwise; of SrcB 7 of 11 in up to two phases.
void cut_for_fidelity(FloatTile& tile, bool src_a, uint32_t phases);
// In 16-bit DST each 16-deep partial sum is rounded as the chip rounds (half away from zero).
void matmul_fast(const FloatTile& b, const FloatTile& a, uint32_t* dst, DstWidth width);
void elementwise_fast(Elementwise op, const float* a, const float* b, uint32_t* dst, uint32_t n, DstWidth width,
                      bool accumulate);
// a transposed as a 32x32 matrix, both in face order.
void transpose_tile(const uint32_t* a, uint32_t* out);
// Exact floats of a source tile's words; fp16 exponents are rebiased.
void to_floats(const SrcTile& tile, FloatTile& out);

// Rounds a float to the values of a DST width (half away from zero); flushes denormals.
uint32_t round_to_dst(float value, DstWidth width);

}  // namespace tt_emulator::fpu
