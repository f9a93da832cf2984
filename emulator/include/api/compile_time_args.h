// Compile-time arguments of a kernel.
#pragma once

#include "tt_emulator/kernel_prelude.h"

namespace tt_emu {

template <size_t N>
struct array_of_args {
    uint32_t values[N ? N : 1];
    static constexpr size_t size() { return N; }
    constexpr uint32_t operator[](size_t i) const { return values[i]; }
    constexpr const uint32_t* begin() const { return values; }
    constexpr const uint32_t* end() const { return values + N; }
};
template <typename... T>
constexpr array_of_args<sizeof...(T)> make_args(T... values) {
    return {{values...}};
}
struct named_arg {
    const char* name;
    uint32_t value;
};
constexpr bool same_text(const char* a, const char* b) {
    while (*a && *a == *b) {
        ++a;
        ++b;
    }
    return *a == *b;
}
// Not constexpr: reaching it makes the compiler say which call has no such argument.
uint32_t no_compile_time_argument_has_this_name(const char* name);

}  // namespace tt_emu

#ifndef KERNEL_COMPILE_TIME_ARGS
#define KERNEL_COMPILE_TIME_ARGS
#endif

constexpr auto kernel_compile_time_args = tt_emu::make_args(KERNEL_COMPILE_TIME_ARGS);

template <uint32_t Idx>
constexpr uint32_t get_ct_arg() {
    static_assert(Idx < kernel_compile_time_args.size(), "Index out of range");
    return kernel_compile_time_args[Idx];
}

#define get_compile_time_arg_val(arg_idx) get_ct_arg<arg_idx>()

#ifdef KERNEL_COMPILE_TIME_ARG_MAP
namespace tt_emu {
inline constexpr named_arg named_args[] = {KERNEL_COMPILE_TIME_ARG_MAP};
}
consteval uint32_t get_named_ct_arg(const char* name) {
    for (const auto& arg : tt_emu::named_args)
        if (tt_emu::same_text(name, arg.name)) return arg.value;
    return tt_emu::no_compile_time_argument_has_this_name(name);
}
consteval uint32_t get_named_compile_time_arg_val(const char* name) { return get_named_ct_arg(name); }
#endif
