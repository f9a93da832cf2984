#include "engine/costs.h"

#include "tensix/device.h"

namespace tt_emulator {
namespace {

Costs load(const char* arch) {
    const tensix::DeviceSpec& device = tensix::find_device(arch);
    Costs costs;
    costs.matmul_phase = device.figure("matmul_cycles_lofi");
    costs.matmul_call = device.figure("matmul_call");
    costs.matmul_issue_factor = device.figure("matmul_issue_factor");
    costs.add = device.figure("eltwise_add_cycles");
    costs.mul_phase = device.figure("eltwise_mul_phase_cycles");
    costs.copy = device.figure("copy_cycles");
    costs.broadcast = device.figure("broadcast_cycles");
    costs.transpose = device.figure("transpose_cycles");
    costs.reduce = device.figure("reduce_cycles");
    costs.unpack_bytes = device.figure("unpack_bytes_per_cycle");
    costs.unpack_joint_bytes = device.figure("unpack_joint_bytes_per_cycle");
    costs.pack_bytes = device.figure("pack_bytes_per_cycle");
    costs.pack_call = device.figure("pack_call");
    costs.pack_l1_acc_factor = device.figure("pack_l1_acc_factor");
    costs.op_init = device.figure("op_init_cycles");
    costs.reduce_init = device.figure("reduce_init_cycles");
    costs.reconfig = device.figure("reconfig_cycles");
    costs.tile_regs_call = device.figure("tile_regs_call");
    return costs;
}

// Cycles per 32x32 tile. Sources: tt-metal pull requests 48925, 54938, 43973, 33563 (Wormhole), 49926, 49820, 45660,
// 54317, 57292 (Blackhole), cycle remarks in the SFPU kernels of ttnn 0.81.1. Where one architecture was not measured
// it takes the other's figure; operations without any measurement take that of the nearest one (marked ~).
struct SfpuCost {
    TtSfpuOp op;
    uint16_t wormhole, blackhole;      // accurate, 16-bit DST
    uint16_t wormhole32, blackhole32;  // accurate, 32-bit DST
    uint16_t approximate;              // 0: there is no approximate variant
};
constexpr SfpuCost kSfpuCosts[] = {
    {TT_SFPU_EXP, 731, 620, 2533, 2548, 94},
    {TT_SFPU_EXP2, 860, 860, 896, 896, 0},
    {TT_SFPU_EXPM1, 1200, 1200, 2600, 2600, 0},  // ~ exp
    {TT_SFPU_LOG, 900, 900, 1600, 1600, 0},      // ~
    {TT_SFPU_LOG1P, 1000, 1000, 1800, 1800, 0},  // ~
    {TT_SFPU_RECIP, 1059, 288, 1059, 638, 0},
    {TT_SFPU_SQRT, 896, 896, 896, 896, 576},
    {TT_SFPU_RSQRT, 1024, 1024, 1024, 1024, 704},
    {TT_SFPU_TANH, 767, 764, 1601, 1601, 126},
    {TT_SFPU_TANH_DERIVATIVE, 2402, 2402, 2402, 2402, 0},
    {TT_SFPU_SIGMOID, 1247, 1247, 1247, 1247, 221},
    {TT_SFPU_SILU, 1387, 1387, 1600, 1600, 0},
    {TT_SFPU_GELU, 2847, 2847, 2847, 2847, 221},
    {TT_SFPU_GELU_TANH, 2012, 2012, 2012, 2012, 0},
    {TT_SFPU_GELU_DERIVATIVE, 3425, 3425, 3425, 3425, 0},
    {TT_SFPU_ERF, 1400, 1400, 1400, 1400, 0},   // ~
    {TT_SFPU_ERFC, 1400, 1400, 1400, 1400, 0},  // ~
    {TT_SFPU_ERFINV, 3164, 3164, 3164, 3164, 0},
    {TT_SFPU_SIN, 838, 838, 838, 838, 0},
    {TT_SFPU_COS, 966, 966, 966, 966, 0},
    {TT_SFPU_TAN, 1400, 1400, 1400, 1400, 0},  // ~
    {TT_SFPU_ATAN, 1672, 1672, 1672, 1672, 0},
    {TT_SFPU_ASIN, 1672, 1672, 1672, 1672, 0},   // ~ atan
    {TT_SFPU_ACOS, 1672, 1672, 1672, 1672, 0},   // ~ atan
    {TT_SFPU_POWER, 2600, 2600, 3600, 3600, 0},  // ~ log + exp
    {TT_SFPU_POW, 2600, 2600, 3600, 3600, 0},    // ~ log + exp
    {TT_SFPU_ABS, 146, 47, 146, 47, 0},
    {TT_SFPU_SIGNBIT, 180, 180, 180, 180, 0},
    {TT_SFPU_FILL, 118, 118, 118, 118, 0},
    {TT_SFPU_FLOOR, 520, 476, 520, 476, 0},
    {TT_SFPU_CEIL, 520, 476, 520, 476, 0},
    {TT_SFPU_TRUNC, 408, 408, 408, 408, 0},
    {TT_SFPU_FRAC, 460, 460, 460, 460, 0},
    {TT_SFPU_RELU_MAX, 298, 298, 298, 298, 0},
    {TT_SFPU_HARDSIGMOID, 289, 289, 289, 289, 0},
    {TT_SFPU_SOFTPLUS, 1450, 1450, 1450, 1450, 0},
    {TT_SFPU_DIV, 1475, 1475, 1475, 1475, 0},
    {TT_SFPU_RDIV_SCALAR, 1100, 638, 1100, 638, 0},  // ~ recip
    {TT_SFPU_MAX, 96, 96, 96, 96, 0},
    {TT_SFPU_MIN, 96, 96, 96, 96, 0},
    {TT_SFPU_INT_MAX, 160, 160, 160, 160, 0},
    {TT_SFPU_INT_MIN, 160, 160, 160, 160, 0},
    {TT_SFPU_MAX_SCALAR, 64, 64, 64, 64, 0},
    {TT_SFPU_MIN_SCALAR, 64, 64, 64, 64, 0},
    {TT_SFPU_TYPECAST, 96, 96, 96, 96, 0},
    {TT_SFPU_WHERE, 128, 96, 128, 96, 0},
    {TT_SFPU_ADDCMUL, 277, 277, 277, 277, 0},
    {TT_SFPU_INT_MUL, 384, 256, 384, 256, 0},
    {TT_SFPU_INT_ADD, 178, 178, 178, 178, 0},
    {TT_SFPU_INT_SUB, 178, 178, 178, 178, 0},
};

}  // namespace

const Costs& costs_of(bool blackhole) {
    static const Costs wormhole = load("wormhole_b0");
    static const Costs black = load("blackhole");
    return blackhole ? black : wormhole;
}

uint32_t sfpu_cycles(TtSfpuOp op, bool approximate, bool fp32_dst, bool blackhole) {
    for (const SfpuCost& cost : kSfpuCosts) {
        if (cost.op != op) continue;
        if (approximate && cost.approximate != 0) return cost.approximate;
        if (fp32_dst) return blackhole ? cost.blackhole32 : cost.wormhole32;
        return blackhole ? cost.blackhole : cost.wormhole;
    }
    // Load, one or two instructions, store: 124 cycles for the identity (tt-metal 54317), 178 for two operands (49820).
    return op >= TT_SFPU_ADD ? 178 : 135;
}

// Counted in ckernel_sfpu_reduce.h of ttnn 0.81.1, one cycle an instruction and two for a shuffle: four groups of 8
// rows, each of loads, a tree of additions or swaps, the butterfly over 8 columns and stores; a signed swap is 5
// instructions.
uint32_t sfpu_reduce_cycles(bool columns, bool integer_extreme) {
    if (columns) return integer_extreme ? 240 : 100;
    return integer_extreme ? 370 : 240;
}

}  // namespace tt_emulator
