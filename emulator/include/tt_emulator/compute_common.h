// The vocabulary of compute kernels: enumerations with TT-Metalium's names and values, and the words that every header
// under api/compute/ uses. Compute kernels are compiled once and run in one fiber, so UNPACK, MATH and PACK all
// execute.
#pragma once

#include "tt_emulator/compute_abi.h"
#include "tt_emulator/kernel_common.h"

#define ALWI inline __attribute__((always_inline))
#define UNPACK(...) __VA_ARGS__
#define MATH(...) __VA_ARGS__
#define PACK(...) __VA_ARGS__

#ifndef TT_DST_ACCUM_MODE
#define TT_DST_ACCUM_MODE 0
#endif
#ifndef TT_DST_FULL_SYNC
#define TT_DST_FULL_SYNC 0
#endif
#ifndef TT_MATH_FIDELITY
#define TT_MATH_FIDELITY 4
#endif
#ifndef TT_MATH_APPROX
#define TT_MATH_APPROX 0
#endif

namespace ckernel {

enum class VectorMode : uint8_t { None = 0, R = 1, C = 2, RC = 4, RC_custom = 6, Invalid = 0xff };
enum class ReduceDim : uint8_t { REDUCE_ROW, REDUCE_COL, REDUCE_SCALAR };
enum class PoolType : uint8_t { SUM, AVG, MAX, MIN };
enum class DataCopyType : uint8_t { A2D, B2D };
enum class EltwiseBinaryType : uint8_t { ELWMUL, ELWDIV, ELWADD, ELWSUB, ELWLESS };
enum class EltwiseBinaryReuseDestType { NONE = 0, DEST_TO_SRCA = 1, DEST_TO_SRCB = 2 };
enum class DstSync { SyncHalf = 0, SyncFull = 1 };
enum class BroadcastType : uint8_t { NONE = 0, COL = 1, ROW = 2, SCALAR = 3 };
enum class MathFidelity : uint8_t { LoFi = 0, HiFi2 = 2, HiFi3 = 3, HiFi4 = 4 };
enum class RoundingMode : uint8_t { None = 0, Trunc = 1, Floor = 2 };
enum class ReluType : uint8_t { NO_RELU = 0, ZERO_RELU, MIN_THRESHOLD_RELU, MAX_THRESHOLD_RELU };

// The packer's relu: a mode and a threshold in 16 bits of the packed format.
struct ReluConfig {
    static constexpr ReluConfig none() { return {ReluType::NO_RELU}; }
    static constexpr ReluConfig zero() { return {ReluType::ZERO_RELU}; }
    static constexpr ReluConfig min_threshold(uint32_t t) { return {ReluType::MIN_THRESHOLD_RELU, t}; }
    static constexpr ReluConfig max_threshold(uint32_t t) { return {ReluType::MAX_THRESHOLD_RELU, t}; }
    static constexpr ReluConfig from_packed(uint32_t packed) {
        return {static_cast<ReluType>(packed & 3), packed >> 16 & 0xffff};
    }
    constexpr ReluType get_mode() const { return mode; }
    constexpr uint32_t get_threshold() const { return threshold; }

  private:
    constexpr ReluConfig(ReluType m, uint32_t t = 0) : mode(m), threshold(t) {}
    ReluType mode;
    uint32_t threshold;
};

struct p_sfpu {
    static constexpr uint32_t kCONST_1_FP16B = 0x3f80;
};

inline constexpr bool DST_ACCUM_MODE = TT_DST_ACCUM_MODE != 0;
inline constexpr DstSync DST_SYNC_MODE = TT_DST_FULL_SYNC != 0 ? DstSync::SyncFull : DstSync::SyncHalf;
inline constexpr MathFidelity MATH_FIDELITY = static_cast<MathFidelity>(TT_MATH_FIDELITY);
inline constexpr bool APPROX = TT_MATH_APPROX != 0;
inline constexpr uint32_t TILE_R_DIM = 32, TILE_C_DIM = 32, FACE_R_DIM = 16, FACE_C_DIM = 16;

// Widens a bf16 parameter to the bits of an fp32.
constexpr uint32_t fp32_bits_of_bf16(uint32_t bits) { return bits << 16; }

}  // namespace ckernel

using namespace ckernel;
