#include "emulator/src/fiber.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <new>

#if defined(__SANITIZE_ADDRESS__)
#define TT_EMULATOR_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TT_EMULATOR_ASAN 1
#endif
#endif
#ifdef TT_EMULATOR_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

extern "C" void tt_emulator_switch(void** save, void* to);

namespace tt_emulator {
namespace {
constexpr size_t kStackBytes = 512 * 1024;

size_t page_bytes() { return static_cast<size_t>(sysconf(_SC_PAGESIZE)); }
}  // namespace

Stack::Stack() : size(kStackBytes + page_bytes()) {
    void* p = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED) throw std::bad_alloc();
    memory = static_cast<std::byte*>(p);
    mprotect(memory, page_bytes(), PROT_NONE);
}

Stack::~Stack() { munmap(memory, size); }

bool Stack::guards(const void* address) const { return address >= memory && address < memory + page_bytes(); }

void* Stack::prepare(void (*entry)()) {
    std::byte* top = memory + size;
#ifdef TT_EMULATOR_ASAN
    // A fiber that was left for good has poisoned its frames.
    __asan_unpoison_memory_region(memory + page_bytes(), size - page_bytes());
#endif
#if defined(__x86_64__)
    // As tt_emulator_switch leaves it: control words, six registers, return address; the entry must see rsp % 16 == 8.
    auto* frame = reinterpret_cast<uint64_t*>(top) - 11;
    std::memset(frame, 0, 11 * sizeof(uint64_t));
    uint32_t mxcsr;
    uint16_t fpu;
    asm volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(mxcsr), "=m"(fpu));
    frame[0] = mxcsr | static_cast<uint64_t>(fpu) << 32;
    frame[7] = reinterpret_cast<uint64_t>(entry);
    return frame;
#else
    auto* frame = reinterpret_cast<uint64_t*>(top - 176);
    std::memset(frame, 0, 176);
    frame[11] = reinterpret_cast<uint64_t>(entry);  // x30
    return frame;
#endif
}

void switch_to(Context& from, Context& to, [[maybe_unused]] bool dying) {
#ifdef TT_EMULATOR_ASAN
    __sanitizer_start_switch_fiber(dying ? nullptr : &from.fake_stack, to.stack_bottom, to.stack_size);
#endif
    tt_emulator_switch(&from.sp, to.sp);
#ifdef TT_EMULATOR_ASAN
    __sanitizer_finish_switch_fiber(from.fake_stack, nullptr, nullptr);
#endif
}

void entered([[maybe_unused]] Context& self, [[maybe_unused]] Context& from) {
#ifdef TT_EMULATOR_ASAN
    __sanitizer_finish_switch_fiber(nullptr, &from.stack_bottom, &from.stack_size);
#endif
}

}  // namespace tt_emulator
