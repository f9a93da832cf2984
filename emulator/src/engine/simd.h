// One source, several instruction sets: a kernel body is compiled for AVX-512, AVX2 and the baseline, and the widest
// that the machine has is chosen at the first call. Elsewhere than on x86-64 the baseline is what the compiler makes of
// it.
#pragma once

#include <cstdint>

#if defined(__x86_64__) && !defined(TT_EMULATOR_BASELINE_ONLY)
#define TT_SIMD_X86 1
#else
#define TT_SIMD_X86 0
#endif

#define TT_INLINE inline __attribute__((always_inline))

namespace tt_emulator::simd {

enum class Level : uint8_t { Baseline, Avx2, Avx512 };

inline Level level() {
#if TT_SIMD_X86
    static const Level found = [] {
        __builtin_cpu_init();
        if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
            __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
            __builtin_cpu_supports("avx512cd"))
            return Level::Avx512;
        if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return Level::Avx2;
        return Level::Baseline;
    }();
    return found;
#else
    return Level::Baseline;
#endif
}

}  // namespace tt_emulator::simd

// Defines `void name(parameters)` from an always-inline template `body<Level>(arguments)`.
#if TT_SIMD_X86
#define TT_SIMD_DISPATCH(name, body, parameters, arguments)                                                     \
    namespace {                                                                                                 \
    __attribute__((                                                                                             \
        target("avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx2,fma,bmi2"))) void name##_avx512 parameters {   \
        body<simd::Level::Avx512> arguments;                                                                    \
    }                                                                                                           \
    __attribute__((target("avx2,fma,bmi2"))) void name##_avx2 parameters { body<simd::Level::Avx2> arguments; } \
    }                                                                                                           \
    void name parameters {                                                                                      \
        switch (simd::level()) {                                                                                \
            case simd::Level::Avx512:                                                                           \
                return name##_avx512 arguments;                                                                 \
            case simd::Level::Avx2:                                                                             \
                return name##_avx2 arguments;                                                                   \
            case simd::Level::Baseline:                                                                         \
                return body<simd::Level::Baseline> arguments;                                                   \
        }                                                                                                       \
    }
#else
#define TT_SIMD_DISPATCH(name, body, parameters, arguments) \
    void name parameters { body<simd::Level::Baseline> arguments; }
#endif
