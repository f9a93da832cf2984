// What data-movement kernels and the common parts of compute kernels call in the emulator. Kernels are separate shared
// objects: only plain C functions cross, and each takes the kernel's source position first, for reports.
// Addresses of L1 are 32-bit host addresses; NoC addresses carry coordinates above bit 36 and are opaque to kernels.
#pragma once

#include <stdint.h>

#define TT_EMU_CALL extern "C" __attribute__((visibility("default")))

// Source position of the caller of an API function, as its last (defaulted) parameters.
#define TT_EMU_HERE const char *file = __builtin_FILE(), uint32_t line = __builtin_LINE()

enum : uint32_t {
    TT_EMU_BARRIER_READ,
    TT_EMU_BARRIER_WRITE,
    TT_EMU_BARRIER_WRITE_FLUSH,
    TT_EMU_BARRIER_POSTED_FLUSH,
    TT_EMU_BARRIER_ATOMIC,
    TT_EMU_BARRIER_FULL,
};
enum : uint32_t { TT_EMU_ANY_TRID = ~0u };
enum : uint32_t {
    TT_EMU_CB_PAGE_SIZE,
    TT_EMU_CB_NUM_PAGES,
    TT_EMU_CB_FORMAT,
    TT_EMU_CB_TILE_ROWS,
    TT_EMU_CB_TILE_COLS,
    TT_EMU_CB_WRITE_PTR,
    TT_EMU_CB_READ_PTR,
};
enum : uint32_t { TT_EMU_ZEROS_SIZE = 512 };
enum : uint32_t { TT_EMU_MCAST_LINKED = 1, TT_EMU_MCAST_INCLUDE_SOURCE = 2 };
enum : uint32_t {
    TT_EMU_LOGICAL_X,
    TT_EMU_LOGICAL_Y,
    TT_EMU_NOC_X,
    TT_EMU_NOC_Y,
    TT_EMU_NUM_DRAM_BANKS,
    TT_EMU_NUM_L1_BANKS,
    TT_EMU_NOC_COUNT_X,
    TT_EMU_NOC_COUNT_Y,
    TT_EMU_ZEROS_BASE,  // L1 address of TT_EMU_ZEROS_SIZE bytes that stay zero
};

// A value for DEVICE_PRINT: kind 'i', 'u', 'f', 'c', 's', 'p', 'b'.
struct tt_emu_value {
    char kind;
    union {
        int64_t i;
        uint64_t u;
        double f;
        const char* s;
    };
};

TT_EMU_CALL uint32_t tt_emu_arg(const char* file, uint32_t line, uint32_t index);
TT_EMU_CALL uint32_t tt_emu_common_arg(const char* file, uint32_t line, uint32_t index);
TT_EMU_CALL const uint32_t* tt_emu_arg_address(const char* file, uint32_t line, uint32_t index, bool common);
TT_EMU_CALL uint32_t tt_emu_core_info(uint32_t what);

TT_EMU_CALL void tt_emu_cb_reserve_back(const char* file, uint32_t line, uint32_t cb, int32_t pages);
TT_EMU_CALL void tt_emu_cb_push_back(const char* file, uint32_t line, uint32_t cb, int32_t pages);
TT_EMU_CALL void tt_emu_cb_wait_front(const char* file, uint32_t line, uint32_t cb, int32_t pages);
TT_EMU_CALL void tt_emu_cb_pop_front(const char* file, uint32_t line, uint32_t cb, int32_t pages);
TT_EMU_CALL bool tt_emu_cb_can_reserve(const char* file, uint32_t line, uint32_t cb, int32_t pages);
TT_EMU_CALL bool tt_emu_cb_can_wait(const char* file, uint32_t line, uint32_t cb, int32_t pages);
TT_EMU_CALL uint32_t tt_emu_cb_info(const char* file, uint32_t line, uint32_t cb, uint32_t what);
// Address of page `index` from the read pointer, which must have been waited for.
TT_EMU_CALL uint32_t tt_emu_cb_front_page(const char* file, uint32_t line, uint32_t cb, uint32_t index);

TT_EMU_CALL uint64_t tt_emu_noc_bank_address(const char* file, uint32_t line, uint32_t noc, bool dram, uint32_t bank,
                                             uint64_t local);
TT_EMU_CALL uint64_t tt_emu_noc_page_address(const char* file, uint32_t line, uint32_t noc, bool dram, uint64_t base,
                                             uint32_t page_size, uint32_t page, uint32_t offset);
TT_EMU_CALL void tt_emu_noc_read(const char* file, uint32_t line, uint32_t noc, uint64_t from, uint32_t to,
                                 uint32_t size, uint32_t trid);
TT_EMU_CALL void tt_emu_noc_write(const char* file, uint32_t line, uint32_t noc, uint32_t from, uint64_t to,
                                  uint32_t size, uint32_t trid, bool posted);
TT_EMU_CALL void tt_emu_noc_multicast(const char* file, uint32_t line, uint32_t noc, uint32_t from, uint64_t to,
                                      uint32_t size, uint32_t destinations, uint32_t flags);
TT_EMU_CALL void tt_emu_noc_inline_write(const char* file, uint32_t line, uint32_t noc, uint64_t to, uint32_t value,
                                         uint32_t byte_enable, bool posted);
TT_EMU_CALL void tt_emu_noc_increment(const char* file, uint32_t line, uint32_t noc, uint64_t to, uint32_t value,
                                      bool posted);
TT_EMU_CALL void tt_emu_noc_increment_multicast(const char* file, uint32_t line, uint32_t noc, uint64_t to,
                                                uint32_t value, uint32_t destinations);
TT_EMU_CALL void tt_emu_noc_barrier(const char* file, uint32_t line, uint32_t noc, uint32_t kind, uint32_t trid);
TT_EMU_CALL void tt_emu_zero_l1(const char* file, uint32_t line, uint32_t address, uint32_t size);
TT_EMU_CALL bool tt_emu_noc_reads_done(const char* file, uint32_t line, uint32_t noc, uint32_t trid);
// The state that *_set_state leaves for *_with_state.
TT_EMU_CALL void tt_emu_noc_set_state(uint32_t noc, bool write, uint64_t address, uint32_t size);
TT_EMU_CALL uint64_t tt_emu_noc_state(uint32_t noc, bool write, uint32_t* size);
TT_EMU_CALL void tt_emu_noc_set_trid(uint32_t noc, bool write, uint32_t trid);
TT_EMU_CALL uint32_t tt_emu_noc_trid(uint32_t noc, bool write);

TT_EMU_CALL uint32_t tt_emu_semaphore_address(const char* file, uint32_t line, uint32_t id);
TT_EMU_CALL void tt_emu_semaphore_wait(const char* file, uint32_t line, uint32_t address, uint32_t value,
                                       bool at_least);
TT_EMU_CALL void tt_emu_semaphore_set(const char* file, uint32_t line, uint32_t address, uint32_t value);
TT_EMU_CALL void tt_emu_semaphore_add(const char* file, uint32_t line, uint32_t address, uint32_t value);
// Called where a kernel polls memory in a loop: others get their turn.
TT_EMU_CALL void tt_emu_poll(const char* file, uint32_t line);
TT_EMU_CALL void tt_emu_spend(uint32_t cycles);

TT_EMU_CALL void tt_emu_print(const char* file, uint32_t line, const char* text, const tt_emu_value* values,
                              uint32_t count);
TT_EMU_CALL void tt_emu_assert_failed(const char* file, uint32_t line, const char* condition);
// Sets the source position for what follows; elsewhere a null file keeps the one that is set.
TT_EMU_CALL void tt_emu_at(const char* file, uint32_t line);
