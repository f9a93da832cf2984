// What compute kernels call in libtt_emulator.so. The headers under api/compute/ translate TT-Metalium's names to these
// functions, one call each, so that a kernel compiles fast; nothing else should use them.
//
// All indices are tiles; `cb` is a circular buffer's id. Misuse (missing init, wrong format, page not waited for, DST
// slot out of range, ...) ends the run with a report and does not return.
//
// The compiler of kernels defines: TT_DST_ACCUM_MODE (0 or 1: fp32_dest_acc_en), TT_DST_FULL_SYNC (0 or 1),
// TT_MATH_FIDELITY (0, 2, 3, 4), TT_MATH_APPROX (0 or 1). Absent ones count as 0, 0, 4, 0.
#pragma once

#include <stdint.h>

// Where in the kernel's source a call stands.
struct TtSite {
    const char* file;
    uint32_t line;
    static constexpr TtSite here(const char* file = __builtin_FILE(), uint32_t line = __builtin_LINE()) {
        return {file, line};
    }
};

// Elementwise operations of the matrix unit; the values are those of EltwiseBinaryType.
enum TtFpuOp : uint32_t { TT_FPU_MUL = 0, TT_FPU_ADD = 2, TT_FPU_SUB = 3 };

// Operations of the vector unit (SFPU). p0, p1, p2 below are the parameters of the tt_sfpu_* functions; floats travel
// as their bits.
enum TtSfpuOp : uint32_t {
    TT_SFPU_GENERAL = 0,  // init only: an operation without constants of its own
    // Unary on floats.
    TT_SFPU_EXP,  // p0: approximate, p1: scale (fp32 bits)
    TT_SFPU_EXP2,
    TT_SFPU_EXPM1,
    TT_SFPU_LOG,  // p0: factor on the result (fp32 bits), 1.0 for the natural logarithm
    TT_SFPU_LOG1P,
    TT_SFPU_RECIP,
    TT_SFPU_SQRT,
    TT_SFPU_RSQRT,
    TT_SFPU_CBRT,
    TT_SFPU_TANH,
    TT_SFPU_TANH_DERIVATIVE,
    TT_SFPU_SIGMOID,
    TT_SFPU_SILU,
    TT_SFPU_GELU,  // p0: fast approximation
    TT_SFPU_GELU_TANH,
    TT_SFPU_GELU_DERIVATIVE,
    TT_SFPU_ERF,
    TT_SFPU_ERFC,
    TT_SFPU_ERFINV,
    TT_SFPU_SIN,
    TT_SFPU_COS,
    TT_SFPU_TAN,
    TT_SFPU_ASIN,
    TT_SFPU_ACOS,
    TT_SFPU_ATAN,
    TT_SFPU_SINH,
    TT_SFPU_COSH,
    TT_SFPU_ASINH,
    TT_SFPU_ACOSH,
    TT_SFPU_ATANH,
    TT_SFPU_POWER,  // p0: exponent (fp32 bits)
    TT_SFPU_RPOW,   // p0 ^ x
    TT_SFPU_ABS,
    TT_SFPU_NEGATIVE,
    TT_SFPU_SIGN,
    TT_SFPU_SIGNBIT,
    TT_SFPU_SQUARE,
    TT_SFPU_IDENTITY,
    TT_SFPU_RELU,
    TT_SFPU_RELU_MAX,    // p0: upper limit
    TT_SFPU_RELU_MIN,    // p0: lower limit
    TT_SFPU_LEAKY_RELU,  // p0: slope; prelu as well
    TT_SFPU_ELU,         // p0: alpha
    TT_SFPU_CELU,        // p0: alpha, p1: 1 / alpha
    TT_SFPU_SELU,        // p0: scale, p1: alpha
    TT_SFPU_HARDSIGMOID,
    TT_SFPU_HARDTANH,    // p0, p1: limits
    TT_SFPU_HARDSHRINK,  // p0: lambda
    TT_SFPU_SOFTSHRINK,  // p0: lambda
    TT_SFPU_SOFTSIGN,
    TT_SFPU_SOFTCAP,  // p0: beta, p1: 1 / beta
    TT_SFPU_TANHSHRINK,
    TT_SFPU_I0,
    TT_SFPU_I1,
    TT_SFPU_SOFTPLUS,  // p0: beta, p1: 1 / beta, p2: threshold
    TT_SFPU_MISH,
    TT_SFPU_HARDMISH,
    TT_SFPU_THRESHOLD,  // p0: threshold, p1: value below
    TT_SFPU_CLAMP,      // p0: low, p1: high
    TT_SFPU_FLOOR,
    TT_SFPU_CEIL,
    TT_SFPU_TRUNC,
    TT_SFPU_ROUND,  // p0: decimals (int32)
    TT_SFPU_FRAC,
    TT_SFPU_ISINF,
    TT_SFPU_ISPOSINF,
    TT_SFPU_ISNEGINF,
    TT_SFPU_ISNAN,
    TT_SFPU_ISFINITE,
    TT_SFPU_LOGICAL_NOT,
    TT_SFPU_HEAVISIDE,   // p0: value at 0
    TT_SFPU_FILL,        // p0: value (fp32 bits)
    TT_SFPU_ADD_SCALAR,  // p0: the scalar (fp32 bits), also in the four below
    TT_SFPU_SUB_SCALAR,
    TT_SFPU_RSUB_SCALAR,
    TT_SFPU_MUL_SCALAR,   // also div_unary_tile, whose parameter is the reciprocal
    TT_SFPU_RDIV_SCALAR,  // p0 / x
    TT_SFPU_MAX_SCALAR,
    TT_SFPU_MIN_SCALAR,
    TT_SFPU_EQ_SCALAR,  // comparisons give 1.0 or 0.0
    TT_SFPU_NE_SCALAR,
    TT_SFPU_LT_SCALAR,
    TT_SFPU_LE_SCALAR,
    TT_SFPU_GT_SCALAR,
    TT_SFPU_GE_SCALAR,
    TT_SFPU_FMOD_SCALAR,       // p0: divisor
    TT_SFPU_REMAINDER_SCALAR,  // p0: divisor; the result has its sign
    TT_SFPU_CUMSUM,            // p0: first tile
    TT_SFPU_REDUCE,            // init only, p0: pool << 16 | format; tt_sfpu_reduce
    TT_SFPU_RAND,              // p0: from, p1: scale
    // Unary on integers; p1 is the DataFormat (Int32, UInt32, UInt16) where it matters.
    TT_SFPU_INT_ABS,
    TT_SFPU_INT_NEGATIVE,
    TT_SFPU_INT_SIGNBIT,
    TT_SFPU_INT_IDENTITY,
    TT_SFPU_INT_RELU,
    TT_SFPU_INT_FILL,   // p0: value, p1: format
    TT_SFPU_BITS_FILL,  // p0: raw bits
    TT_SFPU_INT_ADD_SCALAR,
    TT_SFPU_INT_SUB_SCALAR,
    TT_SFPU_INT_RSUB_SCALAR,
    TT_SFPU_INT_CLAMP,  // p0: low, p1: high
    TT_SFPU_INT_MAX_SCALAR,
    TT_SFPU_INT_MIN_SCALAR,
    TT_SFPU_INT_EQ_SCALAR,  // comparisons give 1 or 0
    TT_SFPU_INT_NE_SCALAR,
    TT_SFPU_INT_LT_SCALAR,
    TT_SFPU_INT_LE_SCALAR,
    TT_SFPU_INT_GT_SCALAR,
    TT_SFPU_INT_GE_SCALAR,
    TT_SFPU_INT_AND_SCALAR,
    TT_SFPU_INT_OR_SCALAR,
    TT_SFPU_INT_XOR_SCALAR,
    TT_SFPU_INT_NOT,
    TT_SFPU_INT_LOGICAL_NOT,
    TT_SFPU_INT_SHIFT_LEFT,   // p0: distance
    TT_SFPU_INT_SHIFT_RIGHT,  // p0: distance; arithmetic
    TT_SFPU_TYPECAST,         // p0: from, p1: to (DataFormat)
    // Binary on floats.
    TT_SFPU_ADD,
    TT_SFPU_SUB,
    TT_SFPU_RSUB,
    TT_SFPU_MUL,
    TT_SFPU_DIV,
    TT_SFPU_POW,
    TT_SFPU_MAX,
    TT_SFPU_MIN,
    TT_SFPU_EQ,
    TT_SFPU_NE,
    TT_SFPU_LT,
    TT_SFPU_LE,
    TT_SFPU_GT,
    TT_SFPU_GE,
    TT_SFPU_FMOD,
    TT_SFPU_REMAINDER,
    TT_SFPU_ATAN2,
    TT_SFPU_XLOGY,
    TT_SFPU_LOGADDEXP,
    TT_SFPU_LOGADDEXP2,
    TT_SFPU_LOGSIGMOID,   // first: x, second: exp(-x)
    TT_SFPU_COPY,         // second operand is the output of copy_dest_values
    TT_SFPU_MASK,         // first where second != 0, else 0
    TT_SFPU_MASK_POSINF,  // first where second != 0, else +inf
    // Binary on integers; p0 is the DataFormat.
    TT_SFPU_INT_ADD,
    TT_SFPU_INT_SUB,
    TT_SFPU_INT_RSUB,
    TT_SFPU_INT_MUL,
    TT_SFPU_INT_DIV,  // gives a float
    TT_SFPU_INT_DIV_FLOOR,
    TT_SFPU_INT_DIV_TRUNC,
    TT_SFPU_INT_REMAINDER,
    TT_SFPU_INT_FMOD,
    TT_SFPU_INT_MAX,
    TT_SFPU_INT_MIN,
    TT_SFPU_INT_EQ,
    TT_SFPU_INT_NE,
    TT_SFPU_INT_LT,
    TT_SFPU_INT_LE,
    TT_SFPU_INT_GT,
    TT_SFPU_INT_GE,
    TT_SFPU_INT_AND,
    TT_SFPU_INT_OR,
    TT_SFPU_INT_XOR,
    TT_SFPU_INT_LEFT_SHIFT,
    TT_SFPU_INT_RIGHT_SHIFT,
    TT_SFPU_INT_LOGICAL_RIGHT_SHIFT,
    TT_SFPU_INT_GCD,
    TT_SFPU_INT_LCM,
    // Ternary.
    TT_SFPU_WHERE,    // first != 0 ? second : third
    TT_SFPU_LERP,     // first + third * (second - first)
    TT_SFPU_ADDCMUL,  // first + p0 * second * third
    TT_SFPU_MAC,      // first * second + third
    TT_SFPU_ADDCDIV,  // first + p0 * second / third
    TT_SFPU_OP_COUNT,
};

extern "C" {

// --- Set-up, formats. `srca`, `srcb` are already in hardware order. kTtNone leaves a side alone. ---------------------
enum : uint32_t { kTtNone = 0xffffffffu };
void tt_compute_startup(uint32_t srca, uint32_t srcb, uint32_t out, TtSite at);
// `old` operands are the caller's claim about the present state; kTtNone: no claim, reconfigure always.
void tt_reconfig_format(uint32_t old_a, uint32_t new_a, uint32_t old_b, uint32_t new_b, TtSite at);
void tt_pack_reconfig_format(uint32_t old_cb, uint32_t new_cb, TtSite at);
void tt_pack_init(uint32_t cb, TtSite at);
void tt_pack_l1_acc(uint32_t enable, TtSite at);
void tt_pack_relu(uint32_t mode, uint32_t threshold, TtSite at);

// --- DST hand-over between math and pack. ----------------------------------------------------------------------------
void tt_tile_regs_acquire(TtSite at);
void tt_tile_regs_commit(TtSite at);
void tt_tile_regs_wait(TtSite at);
void tt_tile_regs_release(TtSite at);

// --- Moves. ----------------------------------------------------------------------------------------------------------
void tt_copy_init(uint32_t cb, uint32_t transpose_faces, uint32_t transpose_within_face, TtSite at);
void tt_copy(uint32_t cb, uint32_t first, uint32_t dst, uint32_t count, TtSite at);
void tt_transpose_init(uint32_t cb, TtSite at);
void tt_transpose(uint32_t cb, uint32_t first, uint32_t dst, uint32_t count, TtSite at);
void tt_transpose_dest_init(uint32_t is_32bit, uint32_t transpose_faces, TtSite at);
void tt_transpose_dest(uint32_t dst, uint32_t is_32bit, uint32_t transpose_faces, TtSite at);
// index: page from the write pointer if out_of_order, otherwise ignored.
void tt_pack(uint32_t dst, uint32_t cb, uint32_t count, uint32_t out_of_order, uint32_t index, TtSite at);

// --- Matrix unit. ----------------------------------------------------------------------------------------------------
void tt_matmul_init(uint32_t in0, uint32_t in1, uint32_t transpose, uint32_t ct, uint32_t rt, uint32_t kt, TtSite at);
void tt_matmul(uint32_t in0, uint32_t in1, uint32_t in0_tile, uint32_t in1_tile, uint32_t dst, uint32_t ct, uint32_t rt,
               uint32_t kt, uint32_t block, TtSite at);
// bcast: BroadcastType. accumulate: add the result to DST (multiplication always does).
void tt_binary_init(uint32_t op, uint32_t bcast, uint32_t a, uint32_t b, uint32_t accumulate, TtSite at);
void tt_binary(uint32_t op, uint32_t bcast, uint32_t a, uint32_t b, uint32_t a_tile, uint32_t b_tile, uint32_t dst,
               uint32_t count, uint32_t bcast_row, TtSite at);
// reuse: 1 DST becomes SrcA, 2 DST becomes SrcB.
void tt_binary_reuse_init(uint32_t op, uint32_t reuse, uint32_t cb, TtSite at);
void tt_binary_reuse(uint32_t op, uint32_t reuse, uint32_t cb, uint32_t tile, uint32_t dst, TtSite at);
void tt_unary_bcast_init(uint32_t bcast, uint32_t cb, TtSite at);
void tt_unary_bcast(uint32_t bcast, uint32_t cb, uint32_t tile, uint32_t dst, TtSite at);
// pool: PoolType, dim: ReduceDim.
void tt_reduce_init(uint32_t pool, uint32_t dim, uint32_t in, uint32_t scaler, uint32_t out, TtSite at);
void tt_reduce(uint32_t pool, uint32_t dim, uint32_t in, uint32_t scaler, uint32_t tile, uint32_t scaler_tile,
               uint32_t dst, uint32_t count, TtSite at);
void tt_reduce_uninit(TtSite at);

// --- Layout. ---------------------------------------------------------------------------------------------------------
void tt_tilize_init(uint32_t in, uint32_t block, uint32_t out, TtSite at);
void tt_tilize_block(uint32_t in, uint32_t block, uint32_t out, uint32_t in_tile, uint32_t out_tile, TtSite at);
void tt_tilize_uninit(uint32_t in, uint32_t out, TtSite at);
void tt_pack_untilize_init(uint32_t in, uint32_t out, uint32_t block_ct, uint32_t full_ct, TtSite at);
void tt_pack_untilize_block(uint32_t in, uint32_t rows, uint32_t out, uint32_t block_ct, uint32_t full_ct,
                            uint32_t block_column, TtSite at);
void tt_pack_untilize_uninit(uint32_t out, TtSite at);
void tt_pack_untilize_dest_init(uint32_t out, uint32_t block_ct, uint32_t full_ct, TtSite at);
void tt_pack_untilize_dest(uint32_t out, uint32_t rows, uint32_t block_ct, uint32_t full_ct, uint32_t block_column,
                           uint32_t dst, TtSite at);

// --- Vector unit. vector_mode: VectorMode, plus kTtPackThread where the packer's processor issues the call. ---
enum : uint32_t { kTtPackThread = 0x100 };
// `op` names whose constants the init loads; TT_SFPU_GENERAL for operations that have none. p0 as in the operation.
void tt_sfpu_init(uint32_t op, uint32_t p0, TtSite at);
void tt_sfpu_unary(uint32_t op, uint32_t dst, uint32_t vector_mode, uint32_t p0, uint32_t p1, uint32_t p2, TtSite at);
void tt_sfpu_binary(uint32_t op, uint32_t a, uint32_t b, uint32_t out, uint32_t vector_mode, uint32_t p0, TtSite at);
void tt_sfpu_ternary(uint32_t op, uint32_t a, uint32_t b, uint32_t c, uint32_t out, uint32_t p0, TtSite at);
// data = data op broadcast(vector), bcast: 1 column 0 of the vector tile, 2 row 0, 3 element 0. op: TtFpuOp.
void tt_sfpu_bcast(uint32_t op, uint32_t bcast, uint32_t data, uint32_t vector, TtSite at);
// pool: PoolType, dim: ReduceDim (row or column), format: DataFormat, over ct x rt tiles from dst.
void tt_sfpu_reduce(uint32_t pool, uint32_t dim, uint32_t format, uint32_t dst, uint32_t ct, uint32_t rt, TtSite at);

// --- Scalars. --------------------------------------------------------------------------------------------------------
uint32_t tt_read_tile_value(uint32_t cb, uint32_t tile, uint32_t element, TtSite at);
uint32_t tt_get_tile_address(uint32_t cb, uint32_t tile, TtSite at);

}  // extern "C"
