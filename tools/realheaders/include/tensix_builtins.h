// The vector builtins of the SFPI compiler that kernel headers name directly, declared so that a stock GCC can check
// the code around them. Nothing here computes: the tool compiles with -fsyntax-only.
#pragma once
#include <cstdint>

struct __xtt_vector {};

template <typename... Args>
__xtt_vector __builtin_rvtt_sfpmad(Args...);
template <typename... Args>
__xtt_vector __builtin_rvtt_sfpgt(Args...);
template <typename... Args>
constexpr void __builtin_rvtt_ttincrwc(Args...) {}
template <typename... Args>
void __builtin_rvtt_ttreplay(Args...);
