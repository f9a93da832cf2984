// Recording and replaying of Tensix instructions, as far as ttnn's kernel headers name it; for where SFPI's own lltt.h
// is not there.
#pragma once
#include <cstdint>

#include "tensix_builtins.h"

extern volatile uint32_t __instrn_buffer[];

namespace lltt {

enum ExecBool : bool { NoExec, Exec };

template <ExecBool execute = NoExec>
[[gnu::always_inline]] inline void record(unsigned start, unsigned length) {
    __builtin_rvtt_ttreplay(__instrn_buffer, length, 0, 0, start, execute, true);
}
[[gnu::always_inline]] inline void replay(unsigned start, unsigned length) {
    __builtin_rvtt_ttreplay(__instrn_buffer, length, 0, 0, start, false, false);
}
[[gnu::always_inline]] constexpr std::uint32_t replay_insn(unsigned start, unsigned length) {
    return 4u << 24 | start << 14 | length << 4;
}

}  // namespace lltt
