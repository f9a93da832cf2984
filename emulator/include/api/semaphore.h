// A semaphore: one word of L1, the same offset on every core.
#pragma once

#include "api/dataflow/noc.h"

template <ProgrammableCoreType core_type = ProgrammableCoreType::TENSIX>
class Semaphore {
    template <ProgrammableCoreType>
    friend class Semaphore;

  public:
    explicit Semaphore(uint32_t semaphore_id, TT_EMU_HERE)
        : address_(static_cast<uint32_t>(get_semaphore<core_type>(semaphore_id, file, line))) {}

    void up(uint32_t value, TT_EMU_HERE) { tt_emu_semaphore_add(file, line, address_, value); }
    void down(uint32_t value, TT_EMU_HERE) {
        tt_emu_semaphore_wait(file, line, address_, value, true);
        tt_emu_semaphore_add(file, line, address_, 0u - value);
    }
    void wait(uint32_t value, TT_EMU_HERE) const { tt_emu_semaphore_wait(file, line, address_, value, false); }
    void wait_min(uint32_t value, TT_EMU_HERE) const { tt_emu_semaphore_wait(file, line, address_, value, true); }
    void set(uint32_t value, TT_EMU_HERE) { tt_emu_semaphore_set(file, line, address_, value); }
    uint32_t value(TT_EMU_HERE) const {
        tt_emu_poll(file, line);
        return *reinterpret_cast<const volatile uint32_t*>(uintptr_t{address_});
    }

    void up(const Noc& noc, uint32_t noc_x, uint32_t noc_y, uint32_t value, uint8_t = NOC_UNICAST_WRITE_VC,
            TT_EMU_HERE) {
        tt_emu_noc_increment(file, line, noc.get_noc_id(), ::get_noc_addr(noc_x, noc_y, address_), value, false);
    }
    template <ProgrammableCoreType dst_core_type = core_type>
    void relay_unicast(const Noc& noc, const Semaphore<dst_core_type>& dst_sem, uint32_t noc_x, uint32_t noc_y,
                       TT_EMU_HERE) {
        tt_emu_noc_write(file, line, noc.get_noc_id(), address_, ::get_noc_addr(noc_x, noc_y, dst_sem.address_), 4,
                         TT_EMU_ANY_TRID, false);
    }
    template <NocOptions opts = NocOptions::DEFAULT>
    void set_multicast(const Noc& noc, uint32_t noc_x_start, uint32_t noc_y_start, uint32_t noc_x_end,
                       uint32_t noc_y_end, uint32_t num_dests, bool linked = false, TT_EMU_HERE) {
        relay_multicast<opts>(noc, *this, noc_x_start, noc_y_start, noc_x_end, noc_y_end, num_dests, linked, file,
                              line);
    }
    template <NocOptions opts = NocOptions::DEFAULT, ProgrammableCoreType dst_core_type = core_type>
    void relay_multicast(const Noc& noc, const Semaphore<dst_core_type>& dst_sem, uint32_t noc_x_start,
                         uint32_t noc_y_start, uint32_t noc_x_end, uint32_t noc_y_end, uint32_t num_dests,
                         bool linked = false, TT_EMU_HERE) {
        tt_emu_noc_multicast(file, line, noc.get_noc_id(), address_,
                             ::get_noc_multicast_addr(noc_x_start, noc_y_start, noc_x_end, noc_y_end, dst_sem.address_),
                             4, num_dests,
                             (linked ? TT_EMU_MCAST_LINKED : 0u) |
                                 (has_flag(opts, NocOptions::MCAST_INCL_SRC) ? TT_EMU_MCAST_INCLUDE_SOURCE : 0u));
    }
    void inc_multicast(const Noc& noc, uint32_t noc_x_start, uint32_t noc_y_start, uint32_t noc_x_end,
                       uint32_t noc_y_end, uint32_t value, uint32_t num_dests, TT_EMU_HERE) {
        tt_emu_noc_increment_multicast(
            file, line, noc.get_noc_id(),
            ::get_noc_multicast_addr(noc_x_start, noc_y_start, noc_x_end, noc_y_end, address_), value, num_dests);
    }

  private:
    uint32_t address_;
};
