// The network on chip: what is in flight from one processor, and the ports and banks that transfers queue for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "emulator/src/core.h"

namespace tt_emulator {

struct SourceLine {
    const char* file = "";
    uint32_t line = 0;
};

// A read whose data lands in L1 only at the barrier that waits for it: before, the chip's page may hold anything.
struct PendingRead {
    std::byte* to;
    const std::byte* from;
    uint32_t size, trid;
    Cycles done;
    SourceLine where;
};

// A write takes effect at once, in order; until `flushed` is awaited its source must stay, until `done` its kernel.
struct PendingWrite {
    const std::byte* from;  // null for inline values
    uint32_t size, trid;
    bool posted, flush_awaited;
    Cycles flushed, done;
    SourceLine where;
};

// What one processor has in flight on one NoC, and the state of the *_set_state calls.
struct NocQueue {
    std::vector<PendingRead> reads;
    std::vector<PendingWrite> writes;
    uint32_t atomics = 0;
    Cycles atomics_done = 0;
    SourceLine atomic_line;
    uint64_t read_state = 0, write_state = 0;  // NoC addresses
    uint32_t read_state_size = 0, write_state_size = 0;
    uint32_t read_trid = 0, write_trid = 0;
};

// NoC addresses: a local address in the low 36 bits, coordinates above (unicast: x, y; multicast: the rectangle).
inline constexpr uint32_t kNocLocalBits = 36;
inline constexpr uint64_t kNocLocalMask = (uint64_t{1} << kNocLocalBits) - 1;
inline uint64_t noc_address(uint32_t x, uint32_t y, uint64_t local) {
    return uint64_t{y & 63} << (kNocLocalBits + 6) | uint64_t{x & 63} << kNocLocalBits | (local & kNocLocalMask);
}

enum class BarrierKind : uint32_t { Read, Write, WriteFlush, PostedFlush, Atomic, Full };

void noc_read(uint32_t noc, uint64_t from, uint32_t to, uint32_t size, uint32_t trid);
void noc_write(uint32_t noc, uint32_t from, uint64_t to, uint32_t size, uint32_t trid, bool posted);
void noc_multicast(uint32_t noc, uint32_t from, uint64_t to, uint32_t size, uint32_t destinations, bool linked,
                   bool include_source);
void noc_inline_write(uint32_t noc, uint64_t to, uint32_t value, uint32_t byte_enable, bool posted);
void noc_increment(uint32_t noc, uint64_t to, uint32_t value, bool posted);
void noc_increment_multicast(uint32_t noc, uint64_t to, uint32_t value, uint32_t destinations);
// trid ~0u: all.
void noc_barrier(uint32_t noc, BarrierKind kind, uint32_t trid);
// Zeroes own L1, at once: what is read from it before the barrier is not told apart.
void noc_zero_l1(uint32_t address, uint32_t size);
bool noc_reads_done(uint32_t noc, uint32_t trid);
uint64_t noc_bank_address(uint32_t noc, bool dram, uint32_t bank, uint64_t local);
// Address of byte `offset` of page `page` of the interleaved buffer at `base`; faults beyond its last page.
uint64_t noc_page_address(uint32_t noc, bool dram, uint64_t base, uint32_t page_size, uint32_t page, uint32_t offset);

void semaphore_wait(uint32_t address, uint32_t value, bool at_least);
void semaphore_set(uint32_t address, uint32_t value);
void semaphore_add(uint32_t address, uint32_t value);

// Faults if a kernel ends, or `pages` pages of a CB change hands, with transfers in flight that still need them.
void check_quiet_at_end(Risc& risc);
void check_reads_landed(Risc& risc, const CircularBuffer& cb, uint32_t pages);
void check_writes_left(Risc& risc, const CircularBuffer& cb, uint32_t pages);

}  // namespace tt_emulator
