// Operations of the vector unit on a tile of DST that have no header of their own.
#pragma once

#include "api/compute/common.h"

namespace ckernel {

template <bool fast_and_approx = false>
ALWI void sigmoid_tile_init(TtSite at = TtSite::here()) {
    tt_sfpu_init(TT_SFPU_SIGMOID, 0, at);
}
template <VectorMode vec_mode = VectorMode::RC, bool fast_and_approx = false, bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void sigmoid_tile(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_SIGMOID, idst, static_cast<uint32_t>(vec_mode), fast_and_approx, 0, 0, at);
}
ALWI void silu_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_SILU, 0, at); }
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void silu_tile(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_SILU, idst, static_cast<uint32_t>(VectorMode::RC), 0, 0, 0, at);
}
template <bool fast_and_approx = false, bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void tanh_tile_init(TtSite at = TtSite::here()) {
    tt_sfpu_init(TT_SFPU_TANH, 0, at);
}
template <bool fast_and_approx = false, bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void tanh_tile(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_TANH, idst, static_cast<uint32_t>(VectorMode::RC), fast_and_approx, 0, 0, at);
}
ALWI void square_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_SQUARE, 0, at); }
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void square_tile(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_SQUARE, idst, static_cast<uint32_t>(VectorMode::RC), 0, 0, 0, at);
}
template <bool fast_and_approx = false, bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void log_tile_init(TtSite at = TtSite::here()) {
    tt_sfpu_init(TT_SFPU_LOG, 0, at);
}
template <bool fast_and_approx = false, bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void log_tile(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_LOG, idst, static_cast<uint32_t>(VectorMode::RC), 0x3f800000u, 0, 0, at);
}
template <bool fast_and_approx = false, bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void log_with_base_tile_init(TtSite at = TtSite::here()) {
    tt_sfpu_init(TT_SFPU_LOG, 0, at);
}
template <bool fast_and_approx = false, bool base_is_two = false, bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void log_with_base_tile(uint32_t idst, uint32_t base_scale, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_LOG, idst, static_cast<uint32_t>(VectorMode::RC), base_scale, 0, 0, at);
}
ALWI void signbit_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
ALWI void signbit_tile(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_SIGNBIT, idst, static_cast<uint32_t>(VectorMode::RC), 0, 0, 0, at);
}
ALWI void signbit_tile_int32_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
ALWI void signbit_tile_int32(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_INT_SIGNBIT, idst, static_cast<uint32_t>(VectorMode::RC), 0, 0, 0, at);
}
ALWI void abs_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
ALWI void abs_tile(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_ABS, idst, static_cast<uint32_t>(VectorMode::RC), 0, 0, 0, at);
}
ALWI void abs_tile_int32(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_INT_ABS, idst, static_cast<uint32_t>(VectorMode::RC), 0, 0, 0, at);
}
ALWI void sign_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
ALWI void sign_tile(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_SIGN, idst, static_cast<uint32_t>(VectorMode::RC), 0, 0, 0, at);
}
ALWI void power_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_POWER, 0, at); }
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void power_tile(uint32_t idst, uint32_t param0, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_POWER, idst, static_cast<uint32_t>(VectorMode::RC), param0, 0, 0, at);
}
// param0 is an integer exponent.
ALWI void power_iterative_tile(uint32_t idst, uint32_t param0, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_POWER, idst, static_cast<uint32_t>(VectorMode::RC),
                  __builtin_bit_cast(uint32_t, static_cast<float>(param0)), 0, 0, at);
}
ALWI void power_iterative_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_POWER, 0, at); }
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void exp2_tile_init(TtSite at = TtSite::here()) {
    tt_sfpu_init(TT_SFPU_EXP2, 0, at);
}
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void exp2_tile(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_EXP2, idst, static_cast<uint32_t>(VectorMode::RC), 0, 0, 0, at);
}
ALWI void heaviside_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
ALWI void heaviside_tile(uint32_t idst, uint32_t param0, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_HEAVISIDE, idst, static_cast<uint32_t>(VectorMode::RC), param0, 0, 0, at);
}
template <bool approx = false, bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void expm1_tile_init(TtSite at = TtSite::here()) {
    tt_sfpu_init(TT_SFPU_EXPM1, 0, at);
}
template <bool approx = false, bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void expm1_tile(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_EXPM1, idst, static_cast<uint32_t>(VectorMode::RC), 0, 0, 0, at);
}
ALWI void unary_max_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
ALWI void unary_max_tile(uint32_t idst, uint32_t param0, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_MAX_SCALAR, idst, static_cast<uint32_t>(VectorMode::RC), param0, 0, 0, at);
}
ALWI void unary_max_int32_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
ALWI void unary_max_int32_tile(uint32_t idst, uint32_t param0, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_INT_MAX_SCALAR, idst, static_cast<uint32_t>(VectorMode::RC), param0,
                  static_cast<uint32_t>(DataFormat::Int32), 0, at);
}
ALWI void unary_max_uint32_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
ALWI void unary_max_uint32_tile(uint32_t idst, uint32_t param0, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_INT_MAX_SCALAR, idst, static_cast<uint32_t>(VectorMode::RC), param0,
                  static_cast<uint32_t>(DataFormat::UInt32), 0, at);
}
ALWI void unary_min_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
ALWI void unary_min_tile(uint32_t idst, uint32_t param0, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_MIN_SCALAR, idst, static_cast<uint32_t>(VectorMode::RC), param0, 0, 0, at);
}
ALWI void unary_min_int32_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
ALWI void unary_min_int32_tile(uint32_t idst, uint32_t param0, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_INT_MIN_SCALAR, idst, static_cast<uint32_t>(VectorMode::RC), param0,
                  static_cast<uint32_t>(DataFormat::Int32), 0, at);
}
ALWI void unary_min_uint32_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
ALWI void unary_min_uint32_tile(uint32_t idst, uint32_t param0, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_INT_MIN_SCALAR, idst, static_cast<uint32_t>(VectorMode::RC), param0,
                  static_cast<uint32_t>(DataFormat::UInt32), 0, at);
}

// Reduces a tile of DST along its rows or columns; the result is column 0 or row 0.
template <PoolType pool_type, DataFormat format, ReduceDim reduce_dim = ReduceDim::REDUCE_COL,
          bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void sfpu_reduce(uint32_t idst, uint32_t ct_dim = 1, uint32_t rt_dim = 1, TtSite at = TtSite::here()) {
    static_assert(
        reduce_dim == ReduceDim::REDUCE_COL || (reduce_dim == ReduceDim::REDUCE_ROW && pool_type != PoolType::AVG),
        "columns reduce with every pool type, rows with SUM, MAX and MIN");
    static_assert(format == DataFormat::Float32 || format == DataFormat::Int32 || format == DataFormat::UInt32 ||
                      format == DataFormat::UInt16 || format == DataFormat::Float16_b,
                  "Unsupported data format. Supported formats: Float32, Int32, UInt32, UInt16, Float16_b");
    tt_sfpu_reduce(static_cast<uint32_t>(pool_type), static_cast<uint32_t>(reduce_dim), static_cast<uint32_t>(format),
                   idst, ct_dim, rt_dim, at);
}
template <PoolType pool_type, DataFormat format, bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void sfpu_reduce_init(TtSite at = TtSite::here()) {
    tt_sfpu_init(TT_SFPU_REDUCE, static_cast<uint32_t>(pool_type) << 16 | static_cast<uint32_t>(format), at);
}

// Issued by the packer's processor, between tile_regs_wait and tile_regs_release.
template <bool fast_and_approx = false>
ALWI void sigmoid_tile_init_pack(TtSite at = TtSite::here()) {
    tt_sfpu_init(TT_SFPU_SIGMOID, 0, at);
}
template <VectorMode vec_mode = VectorMode::RC, bool fast_and_approx = false, bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void sigmoid_tile_pack(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_SIGMOID, idst, static_cast<uint32_t>(vec_mode) | kTtPackThread, fast_and_approx, 0, 0, at);
}
template <bool fast_and_approx = false, bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void tanh_tile_init_pack(TtSite at = TtSite::here()) {
    tt_sfpu_init(TT_SFPU_TANH, 0, at);
}
template <bool fast_and_approx = false, bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void tanh_tile_pack(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_TANH, idst, static_cast<uint32_t>(VectorMode::RC) | kTtPackThread, fast_and_approx, 0, 0, at);
}
ALWI void silu_tile_init_pack(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_SILU, 0, at); }
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void silu_tile_pack(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_SILU, idst, static_cast<uint32_t>(VectorMode::RC) | kTtPackThread, 0, 0, 0, at);
}

}  // namespace ckernel
