// Kernels that access memory they must not, divide by zero or never come back end with a report, not with the process.
#pragma once

namespace tt_emulator {

// While one exists, SIGSEGV, SIGBUS, SIGFPE and SIGILL inside a kernel become faults, and a kernel that makes no
// progress for TILELANG_TT_EMULATOR_TIMEOUT seconds (default 60) is stopped. Signals outside kernels are left alone.
struct SignalScope {
    SignalScope();
    ~SignalScope();
    SignalScope(const SignalScope&) = delete;
    SignalScope& operator=(const SignalScope&) = delete;

  private:
    struct State;
    State* state_;
};

}  // namespace tt_emulator
