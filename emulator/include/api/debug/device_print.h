// DEVICE_PRINT("format {}", values...): prints with the core and processor before the text.
#pragma once

#include "tt_emulator/kernel_prelude.h"

namespace tt_emu {

template <typename T>
FORCE_INLINE tt_emu_value print_value(const T& value) {
    tt_emu_value out;
    if constexpr (__is_enum(T)) {
        out.kind = 'i';
        out.i = static_cast<int64_t>(value);
    } else if constexpr (__is_same(T, bool)) {
        out.kind = 'b';
        out.u = value;
    } else if constexpr (__is_same(T, char)) {
        out.kind = 'c';
        out.u = static_cast<unsigned char>(value);
    } else if constexpr (__is_same(T, float) || __is_same(T, double)) {
        out.kind = 'f';
        out.f = value;
    } else {
        out.kind = T(-1) < T(0) ? 'i' : 'u';
        if (out.kind == 'i')
            out.i = static_cast<int64_t>(value);
        else
            out.u = static_cast<uint64_t>(value);
    }
    return out;
}
FORCE_INLINE tt_emu_value print_value(const char* text) {
    tt_emu_value out;
    out.kind = 's';
    out.s = text;
    return out;
}
template <size_t N>
FORCE_INLINE tt_emu_value print_value(const char (&text)[N]) {
    return print_value(static_cast<const char*>(text));
}
template <typename T>
FORCE_INLINE tt_emu_value print_value(T* const& pointer) {
    tt_emu_value out;
    out.kind = 'p';
    out.u = reinterpret_cast<uintptr_t>(pointer);
    return out;
}
template <typename... T>
FORCE_INLINE void print(const char* file, uint32_t line, const char* text, const T&... values) {
    const tt_emu_value list[] = {print_value(values)..., tt_emu_value{}};
    tt_emu_print(file, line, text, list, sizeof...(T));
}

}  // namespace tt_emu

#define DEVICE_PRINT(format, ...) tt_emu::print(__FILE__, __LINE__, format, ##__VA_ARGS__)
#if defined(COMPILE_FOR_TRISC)
// One fiber stands for the three compute processors, so each of these prints once.
#define DEVICE_PRINT_UNPACK(format, ...) DEVICE_PRINT(format, ##__VA_ARGS__)
#define DEVICE_PRINT_MATH(format, ...) DEVICE_PRINT(format, ##__VA_ARGS__)
#define DEVICE_PRINT_PACK(format, ...) DEVICE_PRINT(format, ##__VA_ARGS__)
#define DEVICE_PRINT_DATA0(format, ...)
#define DEVICE_PRINT_DATA1(format, ...)
#else
#define DEVICE_PRINT_UNPACK(format, ...)
#define DEVICE_PRINT_MATH(format, ...)
#define DEVICE_PRINT_PACK(format, ...)
#define DEVICE_PRINT_DATA0(format, ...) \
    if (noc_index == 0) DEVICE_PRINT(format, ##__VA_ARGS__)
#define DEVICE_PRINT_DATA1(format, ...) \
    if (noc_index == 1) DEVICE_PRINT(format, ##__VA_ARGS__)
#endif
