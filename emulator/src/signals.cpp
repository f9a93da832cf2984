#include "emulator/src/signals.h"

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <thread>

#include "emulator/src/machine.h"

namespace tt_emulator {
namespace {

constexpr int kSignals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};
// Sent by the watchdog to the emulating thread; the default action of an unexpected one is to be ignored.
constexpr int kWatchdogSignal = SIGURG;
constexpr size_t kStackBytes = 64 * 1024;

// What the handler found; the fault is raised outside of it, on the emergency stack.
int g_signal;
const void* g_address;
bool g_endless;
std::byte* g_emergency_stack;
std::atomic<bool> g_stop_requested;
double g_timeout;

struct OldActions {
    struct sigaction action[4], watchdog;
} g_old;

const char* signal_text(int signal) {
    return signal == SIGFPE   ? "integer division by zero"
           : signal == SIGILL ? "illegal instruction"
                              : "bad memory access";
}

[[noreturn]] void raise_fault() {
    if (g_endless)
        fault(FaultKind::Kernel,
              "no progress for %g seconds: an endless loop? (the line is that of the last call; "
              "TILELANG_TT_EMULATOR_TIMEOUT changes the limit)",
              g_timeout);
    const auto address = static_cast<unsigned long long>(reinterpret_cast<uintptr_t>(g_address));
    if (g_signal == SIGSEGV || g_signal == SIGBUS) {
        const auto* p = static_cast<const std::byte*>(g_address);
        const auto slot = static_cast<unsigned long long>(reinterpret_cast<uintptr_t>(current_risc().core->l1));
        if (p >= current_risc().core->l1 && address - slot < kL1SlotBytes)
            fault(FaultKind::OutOfBounds, "the kernel accesses L1 offset 0x%llx, beyond the end of L1 (0x%x)",
                  address - slot, current_risc().core->l1_size);
        if (address < kL1SlotBytes)
            fault(FaultKind::OutOfBounds,
                  "the kernel dereferences address 0x%llx; pointers to L1 come from get_write_ptr, get_read_ptr or "
                  "get_semaphore (on the emulator a number from the host is not one)",
                  address);
        fault(FaultKind::OutOfBounds, "the kernel accesses address 0x%llx, which is not in its L1", address);
    }
    fault(FaultKind::Kernel, "%s in the kernel", signal_text(g_signal));
}

// Makes the interrupted kernel continue in raise_fault() on a stack of its own.
void divert(void* context) {
    auto* uc = static_cast<ucontext_t*>(context);
    std::byte* top = g_emergency_stack + kStackBytes;
#if defined(__x86_64__)
    uc->uc_mcontext.gregs[REG_RSP] = static_cast<greg_t>(reinterpret_cast<uintptr_t>(top - 8));
    uc->uc_mcontext.gregs[REG_RIP] = static_cast<greg_t>(reinterpret_cast<uintptr_t>(&raise_fault));
#else
    uc->uc_mcontext.sp = reinterpret_cast<uintptr_t>(top);
    uc->uc_mcontext.pc = reinterpret_cast<uintptr_t>(&raise_fault);
#endif
}

void on_signal(int signal, siginfo_t* info, void* context) {
    if (!Machine::current) {  // not ours: as if we had never been here
        for (int i = 0; i < 4; ++i)
            if (kSignals[i] == signal) sigaction(signal, &g_old.action[i], nullptr);
        return;
    }
    g_signal = signal;
    g_address = info->si_addr;
    g_endless = false;
    divert(context);
}

void on_watchdog(int, siginfo_t*, void* context) {
    if (!g_stop_requested.exchange(false)) return;
    if (!Machine::current) return;
    g_endless = true;
    divert(context);
}

}  // namespace

struct SignalScope::State {
    stack_t old_stack{};
    std::byte* handler_stack = nullptr;
    std::mutex mutex;
    std::condition_variable condition;
    bool done = false;
    pthread_t emulating;
    std::thread watchdog;

    void watch() {
        std::unique_lock lock(mutex);
        Machine& machine = *Machine::running;
        uint64_t last = ~uint64_t{0};
        while (!condition.wait_for(lock, std::chrono::duration<double>(g_timeout), [&] { return done; })) {
            const uint64_t now = *const_cast<const volatile uint64_t*>(&machine.progress);
            if (now == last) {
                g_stop_requested = true;
                pthread_kill(emulating, kWatchdogSignal);
            }
            last = now;
        }
    }
};

SignalScope::SignalScope() : state_(new State) {
    const char* text = std::getenv("TILELANG_TT_EMULATOR_TIMEOUT");
    g_timeout = text ? std::atof(text) : 60;
    if (!(g_timeout > 0)) g_timeout = 60;
    state_->handler_stack = static_cast<std::byte*>(
        mmap(nullptr, 2 * kStackBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    g_emergency_stack = state_->handler_stack + kStackBytes;
    stack_t stack{};
    stack.ss_sp = state_->handler_stack;
    stack.ss_size = kStackBytes;
    sigaltstack(&stack, &state_->old_stack);
    struct sigaction action {};
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    action.sa_sigaction = on_signal;
    for (int i = 0; i < 4; ++i) sigaction(kSignals[i], &action, &g_old.action[i]);
    action.sa_sigaction = on_watchdog;
    action.sa_flags |= SA_RESTART;
    sigaction(kWatchdogSignal, &action, &g_old.watchdog);
    g_stop_requested = false;
    state_->emulating = pthread_self();
    state_->watchdog = std::thread([this] { state_->watch(); });
}

SignalScope::~SignalScope() {
    {
        std::lock_guard lock(state_->mutex);
        state_->done = true;
    }
    state_->condition.notify_all();
    state_->watchdog.join();
    for (int i = 0; i < 4; ++i) sigaction(kSignals[i], &g_old.action[i], nullptr);
    sigaction(kWatchdogSignal, &g_old.watchdog, nullptr);
    sigaltstack(&state_->old_stack, nullptr);
    munmap(state_->handler_stack, 2 * kStackBytes);
    delete state_;
}

}  // namespace tt_emulator
