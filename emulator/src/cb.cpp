// Circular buffers: the four calls, their checks and their effect on the clocks.
#include <algorithm>

#include "emulator/src/machine.h"

namespace tt_emulator {

CircularBuffer& circular_buffer(uint32_t id, const char* what) {
    Risc& risc = current_risc();
    if (id >= Machine::running->spec().circular_buffers || !risc.core->cbs[id].configured())
        fault(FaultKind::CircularBuffer, "%s: CB %u is not configured on this core", what, id);
    return risc.core->cbs[id];
}

namespace {

uint32_t positive(const CircularBuffer& cb, int32_t pages, const char* what) {
    if (pages < 0 || static_cast<uint32_t>(pages) > cb.num_pages)
        fault(FaultKind::CircularBuffer, "%s of %d pages of %s, which has %u: it could never be granted", what, pages,
              describe(cb).c_str(), cb.num_pages);
    return static_cast<uint32_t>(pages);
}

const char* role(const Risc* risc) { return risc ? name(risc->kind) : "nobody"; }

// The clock that waits for and takes from a CB, and the one that reserves and gives: unpack and pack on a compute core.
Cycles& consumer_clock(Risc& risc) { return risc.clock[risc.kind == RiscKind::Compute ? kUnpack : kRiscClock]; }
Cycles& producer_clock(Risc& risc) { return risc.clock[risc.kind == RiscKind::Compute ? kPack : kRiscClock]; }

Cycles call_cost() { return static_cast<Cycles>(Machine::running->costs().cb_call); }

}  // namespace

void cb_reserve_back(uint32_t id, int32_t count) {
    CircularBuffer& cb = circular_buffer(id, "reserve_back");
    Risc& risc = current_risc();
    const uint32_t pages = positive(cb, count, "reserve_back");
    if (cb.producer && cb.producer != &risc)
        fault(FaultKind::Race,
              "%s already has a producer, the %s kernel %s: each processor has its own write pointer, "
              "a second producer would overwrite pages",
              describe(cb).c_str(), role(cb.producer), cb.producer->kernel.c_str());
    cb.producer = &risc;
    Machine& machine = *Machine::running;
    ++machine.progress;
    while (cb.free() < pages) {
        cb.waiting_producer = &risc;
        Wait wait;
        wait.kind = Wait::Back;
        wait.cb = id;
        wait.pages = pages;
        machine.block(wait);
    }
    cb.waiting_producer = nullptr;
    Cycles& clock = producer_clock(risc);
    const Cycles before = clock;
    for (uint32_t i = 0; i < pages; ++i) clock = std::max(clock, cb.popped_at[(cb.pushed + i) % cb.num_pages]);
    if (machine.tracing())
        machine.trace(risc.kind == RiscKind::Compute ? kPack : kRiscClock, before, "reserve " + describe(cb));
    clock += call_cost();
    cb.reserved = std::max(cb.reserved, pages);
}

void cb_push_back(uint32_t id, int32_t count) {
    CircularBuffer& cb = circular_buffer(id, "push_back");
    Risc& risc = current_risc();
    const uint32_t pages = positive(cb, count, "push_back");
    if (cb.reserved < pages)
        fault(FaultKind::CircularBuffer, "push_back of %u pages of %s, but reserve_back granted %u%s", pages,
              describe(cb).c_str(), cb.reserved, cb.reserved ? "" : ": reserve_back is missing");
    // A block that straddles the ring's end is written past it on the chip: capacity must be a multiple of the pushes.
    if (pages && cb.write_slot() + pages > cb.num_pages)
        fault(FaultKind::CircularBuffer,
              "push_back of %u pages of %s from slot %u passes the end of its %u pages; make "
              "its capacity a multiple of what is pushed",
              pages, describe(cb).c_str(), cb.write_slot(), cb.num_pages);
    check_reads_landed(risc, cb, pages);
    Cycles& clock = producer_clock(risc);
    clock += call_cost();
    for (uint32_t i = 0; i < pages; ++i) cb.pushed_at[(cb.pushed + i) % cb.num_pages] = clock;
    cb.pushed += pages;
    cb.reserved -= pages;
    cb.packed = 0;
    Machine& machine = *Machine::running;
    ++machine.progress;
    if (cb.waiting_consumer && cb.available() >= cb.waiting_consumer->fiber->wait.pages) {
        machine.wake(*cb.waiting_consumer);
        cb.waiting_consumer = nullptr;
    }
}

void cb_wait_front(uint32_t id, int32_t count) {
    CircularBuffer& cb = circular_buffer(id, "wait_front");
    Risc& risc = current_risc();
    const uint32_t pages = positive(cb, count, "wait_front");
    if (cb.consumer && cb.consumer != &risc)
        fault(FaultKind::Race, "%s already has a consumer, the %s kernel %s: each processor has its own read pointer",
              describe(cb).c_str(), role(cb.consumer), cb.consumer->kernel.c_str());
    cb.consumer = &risc;
    Machine& machine = *Machine::running;
    ++machine.progress;
    while (cb.available() < pages) {
        cb.waiting_consumer = &risc;
        Wait wait;
        wait.kind = Wait::Front;
        wait.cb = id;
        wait.pages = pages;
        machine.block(wait);
    }
    cb.waiting_consumer = nullptr;
    Cycles& clock = consumer_clock(risc);
    const Cycles before = clock;
    for (uint32_t i = 0; i < pages; ++i) clock = std::max(clock, cb.pushed_at[(cb.popped + i) % cb.num_pages]);
    if (machine.tracing())
        machine.trace(risc.kind == RiscKind::Compute ? kUnpack : kRiscClock, before, "wait " + describe(cb));
    clock += call_cost();
    cb.waited = std::max(cb.waited, pages);
}

void cb_pop_front(uint32_t id, int32_t count) {
    CircularBuffer& cb = circular_buffer(id, "pop_front");
    Risc& risc = current_risc();
    const uint32_t pages = positive(cb, count, "pop_front");
    if (cb.waited < pages)
        fault(FaultKind::CircularBuffer, "pop_front of %u pages of %s, but wait_front granted %u%s", pages,
              describe(cb).c_str(), cb.waited, cb.waited ? "" : ": wait_front is missing");
    check_writes_left(risc, cb, pages);
    Cycles& clock = consumer_clock(risc);
    clock += call_cost();
    for (uint32_t i = 0; i < pages; ++i) cb.popped_at[(cb.popped + i) % cb.num_pages] = clock;
    cb.popped += pages;
    cb.waited -= pages;
    Machine& machine = *Machine::running;
    ++machine.progress;
    if (cb.waiting_producer && cb.free() >= cb.waiting_producer->fiber->wait.pages) {
        machine.wake(*cb.waiting_producer);
        cb.waiting_producer = nullptr;
    }
}

const std::byte* front_page(Core& core, uint32_t id, uint32_t index, const char* what) {
    CircularBuffer& cb = circular_buffer(id, what);
    if (index >= cb.waited)
        fault(FaultKind::CircularBuffer, "%s reads page %u of %s, but wait_front granted %u pages%s", what, index,
              describe(cb).c_str(), cb.waited, cb.waited ? "" : ": wait_front is missing");
    if (cb.read_slot() + index >= cb.num_pages)
        fault(FaultKind::CircularBuffer,
              "%s reads page %u of %s from slot %u: an index does not wrap at the end of the "
              "ring of %u pages",
              what, index, describe(cb).c_str(), cb.read_slot(), cb.num_pages);
    return core.l1 +
           (cb.read_ptr() + index * cb.page_size - static_cast<uint32_t>(reinterpret_cast<uintptr_t>(core.l1)));
}

std::byte* back_page(Core& core, uint32_t id, uint32_t index, const char* what) {
    CircularBuffer& cb = circular_buffer(id, what);
    if (index >= cb.reserved)
        fault(FaultKind::CircularBuffer, "%s writes page %u of %s, but reserve_back granted %u pages%s", what, index,
              describe(cb).c_str(), cb.reserved, cb.reserved ? "" : ": reserve_back is missing");
    if (cb.write_slot() + index >= cb.num_pages)
        fault(FaultKind::CircularBuffer,
              "%s writes page %u of %s from slot %u: an index does not wrap at the end of "
              "the ring of %u pages",
              what, index, describe(cb).c_str(), cb.write_slot(), cb.num_pages);
    return core.l1 +
           (cb.write_ptr() + index * cb.page_size - static_cast<uint32_t>(reinterpret_cast<uintptr_t>(core.l1)));
}

}  // namespace tt_emulator
