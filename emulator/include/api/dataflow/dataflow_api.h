// Data movement: the free functions. Same names and parameters as TT-Metalium's, with the caller's source position as
// trailing defaults.
#pragma once

#include "api/compile_time_args.h"
#include "api/debug/assert.h"
#include "api/debug/waypoint.h"
#include "tt_emulator/kernel_common.h"

#if defined(COMPILE_FOR_TRISC)
#error "api/dataflow/dataflow_api.h is for data-movement kernels"
#endif

// --- Constants ------------------------------------------------------------------------------------------------------

constexpr uint8_t noc_index = NOC_INDEX;
enum : uint8_t { DM_DEDICATED_NOC = 0, DM_DYNAMIC_NOC = 1 };
constexpr uint8_t noc_mode = DM_DEDICATED_NOC;
constexpr uint32_t NUM_NOCS = 2;
constexpr uint32_t NOC_UNICAST_WRITE_VC = 1;
constexpr uint32_t NOC_MULTICAST_WRITE_VC = 4;
constexpr uint32_t NOC_MAX_TRANSACTION_ID = 15;
constexpr uint32_t NOC_MAX_TRANSACTION_ID_COUNT = 255;
constexpr uint32_t NOC_CLEAR_OUTSTANDING_REQ_MASK = ~0u;
#if defined(ARCH_BLACKHOLE)
constexpr uint32_t NOC_MAX_BURST_SIZE = 16384;
constexpr uint32_t NOC_DRAM_READ_ALIGNMENT_BYTES = 64;
#else
constexpr uint32_t NOC_MAX_BURST_SIZE = 8192;
constexpr uint32_t NOC_DRAM_READ_ALIGNMENT_BYTES = 32;
#endif
constexpr uint32_t NOC_DRAM_WRITE_ALIGNMENT_BYTES = 16;
constexpr uint32_t NOC_L1_READ_ALIGNMENT_BYTES = 16;
constexpr uint32_t NOC_L1_WRITE_ALIGNMENT_BYTES = 16;
constexpr uint32_t L1_ALIGNMENT = 16;

enum class ProgrammableCoreType { TENSIX = 0, ACTIVE_ETH = 1, IDLE_ETH = 2, DRAM = 3, COUNT = 4 };
enum class InlineWriteDst { DEFAULT, L1, REG };

namespace tt_emu {
// my_x[noc], my_y[noc]: of the core that runs.
template <uint32_t What>
struct coordinate_by_noc {
    uint8_t operator[](uint32_t) const { return static_cast<uint8_t>(tt_emu_core_info(What)); }
};
// NoC addresses as noc.h of the emulator lays them out.
constexpr uint32_t noc_local_bits = 36;
constexpr uint64_t noc_xy(uint32_t x, uint32_t y) {
    return uint64_t{y & 63} << (noc_local_bits + 6) | uint64_t{x & 63} << noc_local_bits;
}
}  // namespace tt_emu
inline constexpr tt_emu::coordinate_by_noc<TT_EMU_NOC_X> my_x{};
inline constexpr tt_emu::coordinate_by_noc<TT_EMU_NOC_Y> my_y{};

// A piece of L1 that holds zeros, to copy from.
constexpr uint32_t MEM_ZEROS_SIZE = TT_EMU_ZEROS_SIZE;
#define MEM_ZEROS_BASE tt_emu_core_info(TT_EMU_ZEROS_BASE)

FORCE_INLINE void invalidate_l1_cache(TT_EMU_HERE) { tt_emu_poll(file, line); }

// --- Circular buffers -----------------------------------------------------------------------------------------------

FORCE_INLINE uint32_t get_write_ptr(uint32_t operand, TT_EMU_HERE) {
    return tt_emu_cb_info(file, line, operand, TT_EMU_CB_WRITE_PTR);
}
FORCE_INLINE uint32_t get_read_ptr(uint32_t operand, TT_EMU_HERE) {
    return tt_emu_cb_info(file, line, operand, TT_EMU_CB_READ_PTR);
}
FORCE_INLINE bool cb_pages_reservable_at_back(int32_t operand, int32_t num_pages, TT_EMU_HERE) {
    return tt_emu_cb_can_reserve(file, line, static_cast<uint32_t>(operand), num_pages);
}
FORCE_INLINE bool cb_pages_available_at_front(int32_t operand, int32_t num_pages, TT_EMU_HERE) {
    return tt_emu_cb_can_wait(file, line, static_cast<uint32_t>(operand), num_pages);
}

// --- NoC addresses --------------------------------------------------------------------------------------------------

FORCE_INLINE uint64_t get_noc_addr(uint32_t noc_x, uint32_t noc_y, uint64_t addr, uint8_t = noc_index) {
    return tt_emu::noc_xy(noc_x, noc_y) | addr;
}
FORCE_INLINE uint64_t get_noc_addr(uint32_t addr, uint8_t noc = noc_index) {
    return get_noc_addr(my_x[noc], my_y[noc], addr, noc);
}
FORCE_INLINE uint64_t get_noc_multicast_addr(uint32_t noc_x_start, uint32_t noc_y_start, uint32_t noc_x_end,
                                             uint32_t noc_y_end, uint64_t addr, uint8_t = noc_index) {
    return tt_emu::noc_xy(noc_x_end, noc_y_end) | tt_emu::noc_xy(noc_x_start, noc_y_start) << 12 | addr;
}
template <bool DRAM>
FORCE_INLINE uint64_t get_noc_addr_from_bank_id(uint32_t bank_id, uint32_t bank_address_offset, uint8_t noc = noc_index,
                                                TT_EMU_HERE) {
    return tt_emu_noc_bank_address(file, line, noc, DRAM, bank_id, bank_address_offset);
}
template <typename AddrGen>
    requires requires(const AddrGen& gen) { gen.get_noc_addr(0u); }
FORCE_INLINE uint64_t get_noc_addr(const uint32_t id, const AddrGen& addrgen, uint32_t offset = 0,
                                   uint8_t noc = noc_index, TT_EMU_HERE) {
    tt_emu_at(file, line);
    return addrgen.get_noc_addr(id, offset, noc);
}

// --- Reads ----------------------------------------------------------------------------------------------------------

template <uint32_t max_page_size = NOC_MAX_BURST_SIZE + 1, bool enable_noc_tracing = true>
inline void noc_async_read(uint64_t src_noc_addr, uint32_t dst_local_l1_addr, uint32_t size, uint8_t noc = noc_index,
                           uint32_t = NOC_UNICAST_WRITE_VC, TT_EMU_HERE) {
    tt_emu_noc_read(file, line, noc, src_noc_addr, dst_local_l1_addr, size, tt_emu_noc_trid(noc, false));
}
template <bool enable_noc_tracing = true>
FORCE_INLINE void noc_async_read_one_packet(uint64_t src_noc_addr, uint32_t dst_local_l1_addr, uint32_t size,
                                            uint8_t noc = noc_index, uint32_t = NOC_UNICAST_WRITE_VC, TT_EMU_HERE) {
    tt_emu_noc_read(file, line, noc, src_noc_addr, dst_local_l1_addr, size, tt_emu_noc_trid(noc, false));
}
template <bool use_vc = false>
FORCE_INLINE void noc_async_read_one_packet_set_state(uint64_t src_noc_addr, uint32_t size, const uint32_t = 0,
                                                      uint8_t noc = noc_index) {
    tt_emu_noc_set_state(noc, false, src_noc_addr, size);
}
namespace tt_emu {
// An address of the state's core or bank with another local part.
FORCE_INLINE uint64_t with_local(uint64_t state, uint64_t local) {
    constexpr uint64_t mask = (uint64_t{1} << noc_local_bits) - 1;
    return (state & ~mask) | (local & mask);
}
}  // namespace tt_emu
template <bool inc_num_issued = true, bool use_vc = false>
FORCE_INLINE void noc_async_read_one_packet_with_state(uint64_t src_local_l1_addr, uint32_t dst_local_l1_addr,
                                                       const uint32_t = 0, uint8_t noc = noc_index, TT_EMU_HERE) {
    uint32_t size;
    const uint64_t state = tt_emu_noc_state(noc, false, &size);
    tt_emu_noc_read(file, line, noc, tt_emu::with_local(state, src_local_l1_addr), dst_local_l1_addr, size,
                    tt_emu_noc_trid(noc, false));
}
FORCE_INLINE void noc_async_read_set_state(uint64_t src_noc_addr, uint8_t noc = noc_index) {
    tt_emu_noc_set_state(noc, false, src_noc_addr, 0);
}
template <bool inc_num_issued = true, bool skip_cmdbuf_chk = false>
FORCE_INLINE void noc_async_read_with_state(uint64_t src_local_l1_addr, uint32_t dst_local_l1_addr, uint32_t size,
                                            uint8_t noc = noc_index, TT_EMU_HERE) {
    uint32_t unused;
    const uint64_t state = tt_emu_noc_state(noc, false, &unused);
    tt_emu_noc_read(file, line, noc, tt_emu::with_local(state, src_local_l1_addr), dst_local_l1_addr, size,
                    tt_emu_noc_trid(noc, false));
}
template <typename AddrGen, bool enable_noc_tracing = true>
FORCE_INLINE void noc_async_read_page(const uint32_t id, const AddrGen& addrgen, uint32_t dst_local_l1_addr,
                                      uint32_t offset = 0, uint8_t noc = noc_index, TT_EMU_HERE) {
    tt_emu_at(file, line);
    tt_emu_noc_read(file, line, noc, addrgen.get_noc_addr(id, offset, noc), dst_local_l1_addr,
                    addrgen.get_aligned_page_size() - offset, tt_emu_noc_trid(noc, false));
}
FORCE_INLINE void noc_async_read_set_trid(uint32_t trid = 0, uint8_t noc = noc_index) {
    tt_emu_noc_set_trid(noc, false, trid);
}
template <bool skip_ptr_update = false, bool skip_cmdbuf_chk = false>
FORCE_INLINE void noc_async_read_one_packet_with_state_with_trid(uint32_t src_base_addr, uint32_t src_addr,
                                                                 uint32_t dest_addr, uint32_t trid = 0,
                                                                 uint8_t noc = noc_index, TT_EMU_HERE) {
    uint32_t size;
    const uint64_t state = tt_emu_noc_state(noc, false, &size);
    tt_emu_noc_read(file, line, noc, tt_emu::with_local(state, uint64_t{src_base_addr} + src_addr), dest_addr, size,
                    trid);
}

// --- Writes ---------------------------------------------------------------------------------------------------------

template <uint32_t max_page_size = NOC_MAX_BURST_SIZE + 1, bool enable_noc_tracing = true, bool posted = false>
inline void noc_async_write(uint32_t src_local_l1_addr, uint64_t dst_noc_addr, uint32_t size, uint8_t noc = noc_index,
                            uint32_t = NOC_UNICAST_WRITE_VC, TT_EMU_HERE) {
    tt_emu_noc_write(file, line, noc, src_local_l1_addr, dst_noc_addr, size, tt_emu_noc_trid(noc, true), posted);
}
template <bool enable_noc_tracing = true, bool posted = false>
FORCE_INLINE void noc_async_write_one_packet(uint32_t src_local_l1_addr, uint64_t dst_noc_addr, uint32_t size,
                                             uint8_t noc = noc_index, uint32_t = NOC_UNICAST_WRITE_VC, TT_EMU_HERE) {
    tt_emu_noc_write(file, line, noc, src_local_l1_addr, dst_noc_addr, size, tt_emu_noc_trid(noc, true), posted);
}
template <bool posted = false>
FORCE_INLINE void noc_async_write_one_packet_set_state(uint64_t dst_noc_addr, uint32_t size, uint8_t noc = noc_index,
                                                       uint8_t = NOC_UNICAST_WRITE_VC) {
    tt_emu_noc_set_state(noc, true, dst_noc_addr, size);
}
template <bool posted = false>
FORCE_INLINE void noc_async_write_one_packet_with_state(uint32_t src_local_l1_addr, uint64_t dst_local_l1_addr,
                                                        uint8_t noc = noc_index, TT_EMU_HERE) {
    uint32_t size;
    const uint64_t state = tt_emu_noc_state(noc, true, &size);
    tt_emu_noc_write(file, line, noc, src_local_l1_addr, tt_emu::with_local(state, dst_local_l1_addr), size,
                     tt_emu_noc_trid(noc, true), posted);
}
template <bool posted = false>
FORCE_INLINE void noc_async_write_set_state(uint64_t dst_noc_addr, uint8_t noc = noc_index,
                                            uint8_t = NOC_UNICAST_WRITE_VC) {
    tt_emu_noc_set_state(noc, true, dst_noc_addr, 0);
}
template <bool posted = false, bool update_counter = true, bool skip_cmdbuf_chk = false>
FORCE_INLINE void noc_async_write_with_state(uint32_t src_local_l1_addr, uint64_t dst_local_l1_addr, uint32_t size,
                                             uint8_t noc = noc_index, TT_EMU_HERE) {
    uint32_t unused;
    const uint64_t state = tt_emu_noc_state(noc, true, &unused);
    tt_emu_noc_write(file, line, noc, src_local_l1_addr, tt_emu::with_local(state, dst_local_l1_addr), size,
                     tt_emu_noc_trid(noc, true), posted);
}
template <typename AddrGen, bool enable_noc_tracing = true, bool posted = false>
FORCE_INLINE void noc_async_write_page(const uint32_t id, const AddrGen& addrgen, uint32_t src_local_l1_addr,
                                       uint32_t size = 0, uint32_t offset = 0, uint8_t noc = noc_index, TT_EMU_HERE) {
    tt_emu_at(file, line);
    tt_emu_noc_write(file, line, noc, src_local_l1_addr, addrgen.get_noc_addr(id, offset, noc),
                     size ? size : addrgen.get_aligned_page_size() - offset, tt_emu_noc_trid(noc, true), posted);
}
FORCE_INLINE void noc_async_write_set_trid(uint32_t trid = 0, uint8_t noc = noc_index) {
    tt_emu_noc_set_trid(noc, true, trid);
}
template <bool update_counter = true, bool posted = false>
FORCE_INLINE void noc_async_write_one_packet_with_trid(uint32_t src_local_l1_addr, uint64_t dst_noc_addr, uint32_t size,
                                                       uint32_t trid, uint8_t = 0, uint8_t noc = noc_index,
                                                       uint8_t = NOC_UNICAST_WRITE_VC, TT_EMU_HERE) {
    tt_emu_noc_write(file, line, noc, src_local_l1_addr, dst_noc_addr, size, trid, posted);
}

// --- Multicast ------------------------------------------------------------------------------------------------------

template <uint32_t max_page_size = NOC_MAX_BURST_SIZE + 1>
inline void noc_async_write_multicast(uint32_t src_local_l1_addr, uint64_t dst_noc_addr_multicast, uint32_t size,
                                      uint32_t num_dests, bool linked = false, uint8_t noc = noc_index,
                                      uint8_t = NOC_MULTICAST_WRITE_VC, TT_EMU_HERE) {
    tt_emu_noc_multicast(file, line, noc, src_local_l1_addr, dst_noc_addr_multicast, size, num_dests,
                         linked ? TT_EMU_MCAST_LINKED : 0);
}
template <bool enable_noc_tracing = true>
FORCE_INLINE void noc_async_write_multicast_one_packet(uint32_t src_local_l1_addr, uint64_t dst_noc_addr_multicast,
                                                       uint32_t size, uint32_t num_dests, bool linked = false,
                                                       uint8_t noc = noc_index, TT_EMU_HERE) {
    tt_emu_noc_multicast(file, line, noc, src_local_l1_addr, dst_noc_addr_multicast, size, num_dests,
                         linked ? TT_EMU_MCAST_LINKED : 0);
}
inline void noc_async_write_multicast_loopback_src(uint32_t src_local_l1_addr, uint64_t dst_noc_addr_multicast,
                                                   uint32_t size, uint32_t num_dests, bool linked = false,
                                                   uint8_t noc = noc_index, TT_EMU_HERE) {
    tt_emu_noc_multicast(file, line, noc, src_local_l1_addr, dst_noc_addr_multicast, size, num_dests,
                         TT_EMU_MCAST_INCLUDE_SOURCE | (linked ? TT_EMU_MCAST_LINKED : 0));
}

// --- Barriers -------------------------------------------------------------------------------------------------------

inline void noc_async_read_barrier(uint8_t noc = noc_index, TT_EMU_HERE) {
    tt_emu_noc_barrier(file, line, noc, TT_EMU_BARRIER_READ, TT_EMU_ANY_TRID);
}
FORCE_INLINE void noc_async_write_barrier(uint8_t noc = noc_index, TT_EMU_HERE) {
    tt_emu_noc_barrier(file, line, noc, TT_EMU_BARRIER_WRITE, TT_EMU_ANY_TRID);
}
FORCE_INLINE void noc_async_writes_flushed(uint8_t noc = noc_index, TT_EMU_HERE) {
    tt_emu_noc_barrier(file, line, noc, TT_EMU_BARRIER_WRITE_FLUSH, TT_EMU_ANY_TRID);
}
FORCE_INLINE void noc_async_posted_writes_flushed(uint8_t noc = noc_index, TT_EMU_HERE) {
    tt_emu_noc_barrier(file, line, noc, TT_EMU_BARRIER_POSTED_FLUSH, TT_EMU_ANY_TRID);
}
FORCE_INLINE void noc_async_atomic_barrier(uint8_t noc_idx = noc_index, TT_EMU_HERE) {
    tt_emu_noc_barrier(file, line, noc_idx, TT_EMU_BARRIER_ATOMIC, TT_EMU_ANY_TRID);
}
FORCE_INLINE void noc_async_full_barrier(uint8_t noc_idx = noc_index, TT_EMU_HERE) {
    tt_emu_noc_barrier(file, line, noc_idx, TT_EMU_BARRIER_FULL, TT_EMU_ANY_TRID);
}
FORCE_INLINE void noc_async_read_barrier_with_trid(uint32_t trid, uint8_t noc = noc_index, TT_EMU_HERE) {
    tt_emu_noc_barrier(file, line, noc, TT_EMU_BARRIER_READ, trid);
}
FORCE_INLINE void noc_async_write_barrier_with_trid(uint32_t trid, uint8_t noc = noc_index, TT_EMU_HERE) {
    tt_emu_noc_barrier(file, line, noc, TT_EMU_BARRIER_WRITE, trid);
}
FORCE_INLINE void noc_async_write_flushed_with_trid(uint32_t trid, uint8_t noc = noc_index, TT_EMU_HERE) {
    tt_emu_noc_barrier(file, line, noc, TT_EMU_BARRIER_WRITE_FLUSH, trid);
}
FORCE_INLINE bool ncrisc_noc_reads_flushed(uint32_t noc, TT_EMU_HERE) {
    return tt_emu_noc_reads_done(file, line, noc, TT_EMU_ANY_TRID);
}
FORCE_INLINE bool ncrisc_noc_read_with_transaction_id_flushed(uint32_t noc, uint32_t trid, TT_EMU_HERE) {
    return tt_emu_noc_reads_done(file, line, noc, trid);
}
FORCE_INLINE void reset_noc_trid_barrier_counter(uint32_t = NOC_CLEAR_OUTSTANDING_REQ_MASK, uint32_t = noc_index) {}

// --- Semaphores -----------------------------------------------------------------------------------------------------

template <ProgrammableCoreType type = ProgrammableCoreType::TENSIX>
FORCE_INLINE uintptr_t get_semaphore(uint32_t semaphore_id, TT_EMU_HERE) {
    static_assert(type == ProgrammableCoreType::TENSIX, "the emulator has Tensix cores only");
    return tt_emu_semaphore_address(file, line, semaphore_id);
}
namespace tt_emu {
FORCE_INLINE uint32_t address_of(const volatile void* p) {
    return static_cast<uint32_t>(reinterpret_cast<uintptr_t>(p));
}
}  // namespace tt_emu
FORCE_INLINE void noc_semaphore_wait(volatile tt_l1_ptr uint32_t* sem_addr, uint32_t val, TT_EMU_HERE) {
    tt_emu_semaphore_wait(file, line, tt_emu::address_of(sem_addr), val, false);
}
FORCE_INLINE void noc_semaphore_wait_min(volatile tt_l1_ptr uint32_t* sem_addr, uint32_t val, TT_EMU_HERE) {
    tt_emu_semaphore_wait(file, line, tt_emu::address_of(sem_addr), val, true);
}
FORCE_INLINE void noc_semaphore_set(volatile tt_l1_ptr uint32_t* sem_addr, uint32_t val, TT_EMU_HERE) {
    tt_emu_semaphore_set(file, line, tt_emu::address_of(sem_addr), val);
}
template <bool posted = false>
FORCE_INLINE void noc_semaphore_inc(uint64_t addr, uint32_t incr, uint8_t noc_id = noc_index,
                                    uint8_t = NOC_UNICAST_WRITE_VC, TT_EMU_HERE) {
    tt_emu_noc_increment(file, line, noc_id, addr, incr, posted);
}
template <bool posted = false>
FORCE_INLINE void noc_semaphore_inc_multicast(uint64_t addr, uint32_t incr, uint32_t num_dests,
                                              uint8_t noc_id = noc_index, uint8_t = NOC_MULTICAST_WRITE_VC,
                                              TT_EMU_HERE) {
    tt_emu_noc_increment_multicast(file, line, noc_id, addr, incr, num_dests);
}
inline void noc_semaphore_set_remote(uint32_t src_local_l1_addr, uint64_t dst_noc_addr, uint8_t noc = noc_index,
                                     TT_EMU_HERE) {
    tt_emu_noc_write(file, line, noc, src_local_l1_addr, dst_noc_addr, 4, TT_EMU_ANY_TRID, false);
}
inline void noc_semaphore_set_multicast(uint32_t src_local_l1_addr, uint64_t dst_noc_addr_multicast, uint32_t num_dests,
                                        bool linked = false, uint8_t noc = noc_index, uint8_t = NOC_MULTICAST_WRITE_VC,
                                        TT_EMU_HERE) {
    tt_emu_noc_multicast(file, line, noc, src_local_l1_addr, dst_noc_addr_multicast, 4, num_dests,
                         linked ? TT_EMU_MCAST_LINKED : 0);
}
inline void noc_semaphore_set_multicast_loopback_src(uint32_t src_local_l1_addr, uint64_t dst_noc_addr_multicast,
                                                     uint32_t num_dests, bool linked = false, uint8_t noc = noc_index,
                                                     TT_EMU_HERE) {
    tt_emu_noc_multicast(file, line, noc, src_local_l1_addr, dst_noc_addr_multicast, 4, num_dests,
                         TT_EMU_MCAST_INCLUDE_SOURCE | (linked ? TT_EMU_MCAST_LINKED : 0));
}
template <InlineWriteDst dst_type = InlineWriteDst::DEFAULT, bool posted = false, bool flush = true>
FORCE_INLINE void noc_inline_dw_write(uint64_t addr, uint32_t val, uint8_t be = 0xF, uint8_t noc = noc_index,
                                      uint8_t = NOC_UNICAST_WRITE_VC, uint32_t = 0, TT_EMU_HERE) {
    tt_emu_noc_inline_write(file, line, noc, addr, val, be, posted);
}

#include "api/tensor/tensor_accessor.h"
