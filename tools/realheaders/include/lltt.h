// Recording and replaying of Tensix instructions, as far as kernel headers name it (see tensix_builtins.h).
#pragma once
#include <cstdint>

#include "tensix_builtins.h"

namespace lltt {

enum ExecBool : bool { NoExec, Exec };

template <ExecBool = NoExec>
inline void record(unsigned, unsigned) {}
inline void replay(unsigned, unsigned) {}
constexpr std::uint32_t replay_insn(unsigned start, unsigned length) { return 4u << 24 | start << 14 | length << 4; }

}  // namespace lltt
