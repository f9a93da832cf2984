// Stackful coroutines on one host thread.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tt_emulator {

// A stack with a guard page below it. Reused by the scheduler from run to run.
struct Stack {
    std::byte* memory = nullptr;  // lowest address, the guard page
    size_t size = 0;              // bytes with the guard page

    Stack();  // throws std::bad_alloc
    ~Stack();
    Stack(const Stack&) = delete;
    Stack& operator=(const Stack&) = delete;
    // Stack pointer from which switch_to() enters `entry`, which must never return.
    void* prepare(void (*entry)());
    bool guards(const void* address) const;
};

struct Context {
    void* sp = nullptr;
    const void* stack_bottom = nullptr;  // for the sanitizers
    size_t stack_size = 0;
    void* fake_stack = nullptr;
};

// Leaves `from` (saving where it stands) and continues `to`. `dying`: `from` is never resumed.
void switch_to(Context& from, Context& to, bool dying = false);
// To be called first in a new fiber, with the context that it was entered from.
void entered(Context& self, Context& from);

}  // namespace tt_emulator
