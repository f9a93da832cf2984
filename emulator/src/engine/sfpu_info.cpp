// What the engine must know of an operation besides its arithmetic.
#include "engine/sfpu.h"

namespace tt_emulator::sfpu {
namespace {

constexpr const char* kNames[] = {
    "sfpu init",
    "exp_tile",
    "exp2_tile",
    "expm1_tile",
    "log_tile",
    "log1p_tile",
    "recip_tile",
    "sqrt_tile",
    "rsqrt_tile",
    "cbrt_tile",
    "tanh_tile",
    "tanh_derivative_tile",
    "sigmoid_tile",
    "silu_tile",
    "gelu_tile",
    "gelu_tanh_tile",
    "gelu_derivative_tile",
    "erf_tile",
    "erfc_tile",
    "erfinv_tile",
    "sin_tile",
    "cos_tile",
    "tan_tile",
    "asin_tile",
    "acos_tile",
    "atan_tile",
    "sinh_tile",
    "cosh_tile",
    "asinh_tile",
    "acosh_tile",
    "atanh_tile",
    "power_tile",
    "rpow_tile",
    "abs_tile",
    "negative_tile",
    "sign_tile",
    "signbit_tile",
    "square_tile",
    "identity_tile",
    "relu_tile",
    "relu_max_tile",
    "relu_min_tile",
    "leaky_relu_tile",
    "elu_tile",
    "celu_tile",
    "selu_tile",
    "hardsigmoid_tile",
    "hardtanh_tile",
    "hardshrink_tile",
    "softshrink_tile",
    "softsign_tile",
    "softcap_tile",
    "tanhshrink_tile",
    "i0_tile",
    "i1_tile",
    "softplus_tile",
    "mish_tile",
    "hardmish_tile",
    "threshold_tile",
    "clamp_tile",
    "floor_tile",
    "ceil_tile",
    "trunc_tile",
    "round_tile",
    "frac_tile",
    "isinf_tile",
    "isposinf_tile",
    "isneginf_tile",
    "isnan_tile",
    "isfinite_tile",
    "logical_not_tile",
    "heaviside_tile",
    "fill_tile",
    "add_unary_tile",
    "sub_unary_tile",
    "rsub_unary_tile",
    "mul_unary_tile",
    "rdiv_tile",
    "unary_max_tile",
    "unary_min_tile",
    "unary_eq_tile",
    "unary_ne_tile",
    "unary_lt_tile",
    "unary_le_tile",
    "unary_gt_tile",
    "unary_ge_tile",
    "fmod_tile",
    "remainder_tile",
    "cumsum_tile",
    "sfpu_reduce",
    "rand_tile",
    "abs_tile_int32",
    "negative_tile_int32",
    "signbit_tile_int32",
    "identity_tile_uint32",
    "relu_tile_int32",
    "fill_tile_int",
    "fill_tile_bitcast",
    "add_unary_tile_int32",
    "sub_unary_tile_int32",
    "rsub_unary_int_tile",
    "clamp_tile_int32",
    "unary_max_int32_tile",
    "unary_min_int32_tile",
    "unary_eq_tile_int32",
    "unary_ne_tile_int32",
    "unary_lt_tile_int32",
    "unary_le_tile_int32",
    "unary_gt_tile_int32",
    "unary_ge_tile_int32",
    "bitwise_and_tile",
    "bitwise_or_tile",
    "bitwise_xor_tile",
    "bitwise_not_tile",
    "logical_not_unary_tile_int32",
    "left_shift_tile",
    "right_shift_tile",
    "typecast_tile",
    "add_binary_tile",
    "sub_binary_tile",
    "rsub_binary_tile",
    "mul_binary_tile",
    "div_binary_tile",
    "power_binary_tile",
    "binary_max_tile",
    "binary_min_tile",
    "eq_binary_tile",
    "ne_binary_tile",
    "lt_binary_tile",
    "le_binary_tile",
    "gt_binary_tile",
    "ge_binary_tile",
    "fmod_binary_tile",
    "remainder_binary_tile",
    "atan2_binary_tile",
    "xlogy_binary_tile",
    "logaddexp_binary_tile",
    "logaddexp2_binary_tile",
    "logsigmoid_tile",
    "copy_dest_values",
    "mask_tile",
    "mask_posinf_tile",
    "add_int_tile",
    "sub_int_tile",
    "rsub_int_tile",
    "mul_int_tile",
    "div_int32_tile",
    "div_int32_floor_tile",
    "div_int32_trunc_tile",
    "remainder_int32_tile",
    "fmod_int32_tile",
    "binary_max_int32_tile",
    "binary_min_int32_tile",
    "eq_int_tile",
    "ne_int_tile",
    "lt_int_tile",
    "le_int_tile",
    "gt_int_tile",
    "ge_int_tile",
    "bitwise_and_binary_tile",
    "bitwise_or_binary_tile",
    "bitwise_xor_binary_tile",
    "binary_left_shift_tile",
    "binary_right_shift_tile",
    "binary_logical_right_shift_tile",
    "gcd_tile",
    "lcm_tile",
    "where_tile",
    "lerp_tile",
    "addcmul_tile",
    "mac_tile",
    "addcdiv_tile",
};
static_assert(sizeof kNames / sizeof kNames[0] == TT_SFPU_OP_COUNT);

Content content_of(uint32_t format) {
    switch (static_cast<DataFormat>(format)) {
        case DataFormat::Int32:
            return Content::Int32;
        case DataFormat::UInt32:
            return Content::UInt32;
        case DataFormat::UInt16:
        case DataFormat::UInt8:
        case DataFormat::Int8:
            return Content::UInt16;
        default:
            return Content::Float;
    }
}

}  // namespace

const char* name(uint32_t op) { return op < TT_SFPU_OP_COUNT ? kNames[op] : "sfpu operation"; }

bool has_constants(uint32_t op) {
    switch (op) {
        case TT_SFPU_EXP:
        case TT_SFPU_EXP2:
        case TT_SFPU_EXPM1:
        case TT_SFPU_LOG:
        case TT_SFPU_LOG1P:
        case TT_SFPU_RECIP:
        case TT_SFPU_SQRT:
        case TT_SFPU_RSQRT:
        case TT_SFPU_CBRT:
        case TT_SFPU_TANH:
        case TT_SFPU_TANH_DERIVATIVE:
        case TT_SFPU_SIGMOID:
        case TT_SFPU_SILU:
        case TT_SFPU_GELU:
        case TT_SFPU_GELU_TANH:
        case TT_SFPU_GELU_DERIVATIVE:
        case TT_SFPU_ERF:
        case TT_SFPU_ERFC:
        case TT_SFPU_ERFINV:
        case TT_SFPU_POWER:
        case TT_SFPU_POW:
        case TT_SFPU_DIV:
        case TT_SFPU_RDIV_SCALAR:
        case TT_SFPU_HARDSIGMOID:
        case TT_SFPU_SOFTSIGN:
        case TT_SFPU_SQUARE:
        case TT_SFPU_SOFTCAP:
        case TT_SFPU_TANHSHRINK:
        case TT_SFPU_I1:
        case TT_SFPU_XLOGY:
        case TT_SFPU_ATAN2:
        case TT_SFPU_INT_DIV:
        case TT_SFPU_INT_DIV_FLOOR:
        case TT_SFPU_INT_DIV_TRUNC:
        case TT_SFPU_INT_REMAINDER:
        case TT_SFPU_INT_FMOD:
        case TT_SFPU_FMOD:
        case TT_SFPU_REMAINDER:
        case TT_SFPU_CUMSUM:
        case TT_SFPU_REDUCE:
            return true;
        default:
            return false;
    }
}

uint32_t init_of(uint32_t op) { return has_constants(op) ? op : uint32_t(TT_SFPU_GENERAL); }

bool on_floats(uint32_t op) {
    return !((op >= TT_SFPU_INT_ABS && op <= TT_SFPU_TYPECAST) || (op >= TT_SFPU_INT_ADD && op <= TT_SFPU_INT_LCM) ||
             op == TT_SFPU_COPY || op == TT_SFPU_WHERE);
}

Content result_of(uint32_t op, uint32_t p0, uint32_t p1, Content input) {
    switch (op) {
        case TT_SFPU_TYPECAST:
            return content_of(p1);
        case TT_SFPU_INT_FILL:
            return content_of(p1);
        case TT_SFPU_BITS_FILL:
            return Content::Bits;
        case TT_SFPU_INT_DIV:
            return Content::Float;
        case TT_SFPU_COPY:
        case TT_SFPU_WHERE:
            return input;
        default:
            break;
    }
    if (on_floats(op)) return Content::Float;
    if (op >= TT_SFPU_INT_ADD && op <= TT_SFPU_INT_LCM) {
        const Content of_format = content_of(p0);
        return of_format == Content::Float ? input : of_format;
    }
    return input;
}

}  // namespace tt_emulator::sfpu
