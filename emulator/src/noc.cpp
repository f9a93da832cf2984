#include "emulator/src/noc.h"

#include <algorithm>
#include <cstring>

#include "emulator/src/machine.h"

namespace tt_emulator {
namespace {

Machine& machine() { return *Machine::running; }

std::byte* host(uint32_t address) { return reinterpret_cast<std::byte*>(static_cast<uintptr_t>(address)); }

// Where one end of a transfer lies.
struct End {
    std::byte* at = nullptr;
    Core* core = nullptr;      // a worker's L1, or
    int bank = -1;             // a DRAM bank
    Buffer* buffer = nullptr;  // that covers it, in DRAM
    uint64_t local = 0;        // L1 offset or bank address
    tensix::Coord router;
};

std::string place(const End& end) {
    if (end.core)
        return format("L1 offset 0x%llx of core (%u,%u)", static_cast<unsigned long long>(end.local),
                      end.core->logical.x, end.core->logical.y);
    return format("address 0x%llx of DRAM bank %d", static_cast<unsigned long long>(end.local), end.bank);
}

std::string buffer_name(const Buffer& buffer) {
    return buffer.name.empty() ? format("the buffer at 0x%llx", static_cast<unsigned long long>(buffer.address))
                               : "buffer " + buffer.name;
}

void check_l1(const Core& core, uint64_t offset, uint64_t size, const char* what) {
    const tensix::DeviceSpec& spec = machine().spec();
    if (offset + size > spec.l1_bytes)
        fault(FaultKind::OutOfBounds,
              "%s of %llu bytes at L1 offset 0x%llx of core (%u,%u) passes the end of L1 (0x%x)", what,
              static_cast<unsigned long long>(size), static_cast<unsigned long long>(offset), core.logical.x,
              core.logical.y, spec.l1_bytes);
}

// The running core's own L1: `address` is a host address in its slot, or an offset into L1.
End local_end(uint32_t address, uint64_t size, const char* what) {
    Core& core = *current_risc().core;
    const auto slot = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(core.l1));
    End end;
    end.core = &core;
    end.local = address >= slot && address - slot < kL1SlotBytes ? address - slot : address;
    if (end.local >= kL1SlotBytes)
        fault(FaultKind::OutOfBounds, "%s: 0x%x is not an address in the L1 of this core", what, address);
    check_l1(core, end.local, size, what);
    end.at = core.l1 + end.local;
    end.router = machine().physical(core);
    return end;
}

End remote_end(uint32_t noc, uint64_t address, uint64_t size, const char* what) {
    const auto x = static_cast<uint32_t>(address >> kNocLocalBits & 63);
    const auto y = static_cast<uint32_t>(address >> (kNocLocalBits + 6) & 63);
    const uint64_t local = address & kNocLocalMask;
    End end;
    if (Core* core = machine().worker(x, y)) {
        end.core = core;
        end.local = local % kL1SlotBytes;  // a core's own host address means the same offset elsewhere
        check_l1(*core, end.local, size, what);
        end.at = core->l1 + end.local;
        end.router = machine().physical(*core);
        return end;
    }
    end.bank = machine().dram_bank(x, y);
    if (end.bank < 0)
        fault(FaultKind::OutOfBounds,
              "%s: NoC coordinates (%u,%u) are neither a worker core of the grid nor a DRAM bank", what, x, y);
    end.local = local;
    end.buffer = machine().memory().find(local, true);
    const auto bank = static_cast<uint32_t>(end.bank);
    if (!end.buffer)
        fault(FaultKind::OutOfBounds, "%s of %llu bytes at address 0x%llx of DRAM bank %u: no buffer is there; %s",
              what, static_cast<unsigned long long>(size), static_cast<unsigned long long>(local), bank,
              machine().memory().nearest(local, true).c_str());
    const uint64_t last = end.buffer->address + end.buffer->pages_in(bank) * end.buffer->aligned_page_size;
    if (local + size > last)
        fault(
            FaultKind::OutOfBounds,
            "%s of %llu bytes at address 0x%llx of DRAM bank %u passes the end of %s, which has %llu pages of %u bytes "
            "and ends at 0x%llx in this bank",
            what, static_cast<unsigned long long>(size), static_cast<unsigned long long>(local), bank,
            buffer_name(*end.buffer).c_str(), static_cast<unsigned long long>(end.buffer->pages), end.buffer->page_size,
            static_cast<unsigned long long>(last));
    end.at = machine().memory().dram(bank) + local;
    end.router = {machine().spec().dram_noc[noc][bank].x, machine().spec().dram_noc[noc][bank].y};
    return end;
}

void check_alignment(const End& a, const End& b, uint32_t alignment, const char* what) {
    if ((a.local ^ b.local) % alignment == 0) return;
    fault(FaultKind::Alignment,
          "%s: %s and %s differ modulo %u; both ends of a NoC transfer must lie alike relative to the alignment", what,
          place(a).c_str(), place(b).c_str(), alignment);
}

// Hops from a to b: NoC 0 goes up in x, then in y, round the torus; NoC 1 the other way.
uint32_t hops(uint32_t noc, tensix::Coord a, tensix::Coord b) {
    if (noc == 1) std::swap(a, b);
    const tensix::Coord ring = machine().spec().noc_grid;
    return (b.x + ring.x - a.x) % ring.x + (b.y + ring.y - a.y) % ring.y;
}

// Sends a payload from router a to router b, link by link: NoC 0 along x, then y; NoC 1 along y, then x, the other way
// round. Each link carries one flit a cycle at most, so payloads queue for it. Returns when the head arrives.
double route(uint32_t noc, tensix::Coord a, tensix::Coord b, double time, uint64_t bytes) {
    Machine& chip = machine();
    const tensix::Coord ring = chip.spec().noc_grid;
    const double hop = chip.costs().hop;
    const double alone = static_cast<double>(bytes) / chip.spec().noc_flit_bytes;
    const double contended = static_cast<double>(bytes) / chip.costs().link_contended_bandwidth;
    const auto cross = [&](uint32_t dimension) {
        Server& link = chip.links[noc][2 * (size_t{a.y} * ring.x + a.x) + dimension];
        time = link.serve(time, link.free_at > time ? contended : alone) + hop;
    };
    if (noc == 0) {
        for (; a.x != b.x; a.x = (a.x + 1) % ring.x) cross(0);
        for (; a.y != b.y; a.y = (a.y + 1) % ring.y) cross(1);
    } else {
        for (; a.y != b.y; a.y = (a.y + ring.y - 1) % ring.y) cross(1);
        for (; a.x != b.x; a.x = (a.x + ring.x - 1) % ring.x) cross(0);
    }
    return time;
}

SourceLine here() {
    const Risc& risc = current_risc();
    return {risc.file, risc.line};
}

std::string where(const SourceLine& line) {
    const char* slash = std::strrchr(line.file, '/');
    return format("%s line %u", slash ? slash + 1 : line.file, line.line);
}

NocQueue& queue(uint32_t noc) {
    Risc& risc = current_risc();
    if (!risc.queues) fault(FaultKind::Unsupported, "a compute kernel has no NoC");
    if (noc > 1) fault(FaultKind::Usage, "NoC %u: there are NoC 0 and 1", noc);
    return risc.queues[noc];
}

void advance(double cycles) { current_risc().clock[kRiscClock] += static_cast<Cycles>(cycles + 0.5); }

Ports& ports(const Core& core) { return machine().ports[machine().index_of(core)]; }

// --- Circular buffers as ends of transfers --------------------------------------------------------------------------

enum class Use { Read, Write };

// True if the `count` pages from position `first` of the ring hold all of [offset, offset + size) of its bytes.
bool covers(const CircularBuffer& cb, uint64_t first, uint32_t count, uint64_t offset, uint64_t size) {
    const uint64_t ring = uint64_t{cb.num_pages} * cb.page_size;
    const uint64_t start = first % cb.num_pages * cb.page_size;
    const uint64_t length = uint64_t{count} * cb.page_size;
    if (offset + size > ring) return false;
    const uint64_t from = (offset + ring - start) % ring;
    return from + size <= length;
}

// A transfer may write to pages that the producer reserved and read from pages that the consumer waited for, or from
// reserved ones, to send on what was just produced. A buffer that nobody has used as a queue is scratch memory.
void check_pages(const Core& core, const End& end, uint64_t size, Use use, const char* what) {
    const auto address = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(end.at));
    const CircularBuffer* wrong = nullptr;
    for (uint32_t id = 0; id < machine().spec().circular_buffers; ++id) {
        const CircularBuffer& cb = core.cbs[id];
        if (!cb.configured() || address < cb.base) continue;
        const uint64_t offset = address - cb.base;
        if (offset >= uint64_t{cb.num_pages} * cb.page_size) continue;
        if (!cb.producer && !cb.consumer) return;
        if (covers(cb, cb.pushed, cb.reserved, offset, size)) return;
        if (use == Use::Read && covers(cb, cb.popped, cb.waited, offset, size)) return;
        wrong = &cb;
    }
    if (!wrong) return;
    const uint32_t slot = (address - wrong->base) / wrong->page_size;
    if (use == Use::Write)
        fault(FaultKind::CircularBuffer,
              "%s writes %llu bytes to page slot %u of %s on core (%u,%u), beyond what reserve_back granted (%u pages "
              "from slot %u of %u): reserve the pages first",
              what, static_cast<unsigned long long>(size), slot, describe(*wrong).c_str(), core.logical.x,
              core.logical.y, wrong->reserved, wrong->write_slot(), wrong->num_pages);
    fault(FaultKind::CircularBuffer,
          "%s reads %llu bytes from page slot %u of %s, beyond what wait_front granted (%u pages from slot %u of %u): "
          "wait for the pages first",
          what, static_cast<unsigned long long>(size), slot, describe(*wrong).c_str(), wrong->waited,
          wrong->read_slot(), wrong->num_pages);
}

// --- Who writes DRAM ------------------------------------------------------------------------------------------------

[[noreturn]] void two_writers(const Buffer& buffer, uint32_t bank, uint64_t offset, uint16_t writer) {
    const Core& other = machine().core(writer - 1u);
    const uint64_t page = offset / buffer.aligned_page_size * buffer.banks + bank;
    fault(FaultKind::Race,
          "two writers: page %llu of %s (byte %llu of it) was already written in this launch by core (%u,%u); "
          "between cores only a new launch orders writes",
          static_cast<unsigned long long>(page), buffer_name(buffer).c_str(),
          static_cast<unsigned long long>(offset % buffer.aligned_page_size), other.logical.x, other.logical.y);
}

void note_writer(const End& end, uint64_t size) {
    Buffer& buffer = *end.buffer;
    const auto bank = static_cast<uint32_t>(end.bank);
    if (buffer.writers_epoch != machine().epoch) {
        buffer.writers_epoch = machine().epoch;
        buffer.writers.assign(buffer.banks, {});
        buffer.byte_writers.clear();
    }
    auto& writers = buffer.writers[bank];
    if (writers.empty()) writers.assign((buffer.bank_bytes() + 15) / 16, 0);
    const auto self = static_cast<uint16_t>(machine().index_of(*current_risc().core) + 1);
    const uint64_t from = end.local - buffer.address, to = from + size;
    for (uint64_t g = from / 16; g * 16 < to; ++g) {
        const uint64_t first = std::max(from, g * 16), last = std::min(to, g * 16 + 16);
        if (last - first == 16 && (writers[g] == 0 || writers[g] == self)) {
            writers[g] = self;
            continue;
        }
        // Part of 16 bytes, or somebody else was here: byte by byte.
        auto [it, fresh] = buffer.byte_writers.try_emplace({bank, g});
        if (fresh && writers[g] != 0) it->second.fill(writers[g]);
        for (uint64_t at = first; at < last; ++at) {
            uint16_t& writer = it->second[at % 16];
            if (writer != 0 && writer != self) two_writers(buffer, bank, at, writer);
            writer = self;
        }
        writers[g] = Buffer::kByByte;
    }
}

// The time a write of `size` bytes leaves `from` and arrives at `to`, and its acknowledgement.
struct Flight {
    Cycles left, arrived, acknowledged;
};

Flight fly(uint32_t noc, const End& from, const End& to, uint64_t size, double rate) {
    const NocCosts& c = machine().costs();
    Risc& risc = current_risc();
    const double busy = static_cast<double>(size) / rate;
    const double start = ports(*from.core).out[noc].serve(static_cast<double>(risc.now()), busy);
    const double left = start + busy;
    // The measured round trip includes issuing the call.
    const double fixed = std::max(0.0, c.write_fixed - c.write_issue) / 2;
    double arrived = route(noc, from.router, to.router, start + fixed, size) + busy;
    double served = arrived;
    if (to.bank >= 0) {
        const double work = std::max(static_cast<double>(size) / c.dram_bank_bandwidth, c.dram_request_interval);
        served =
            machine().banks[static_cast<size_t>(to.bank)].serve(arrived - busy, work) + work + c.dram_write_latency;
        served = std::max(served, arrived);
    }
    const double acknowledged = served + fixed + hops(noc, to.router, from.router) * c.hop;
    return {static_cast<Cycles>(left), static_cast<Cycles>(arrived), static_cast<Cycles>(acknowledged)};
}

void forget_done(NocQueue& q) {
    // Keeps the list short in kernels that only flush: what is flushed matters to the final barrier alone.
    if (q.writes.size() < 256) return;
    PendingWrite last{};
    for (const PendingWrite& w : q.writes)
        if (w.flush_awaited && !w.posted && w.done >= last.done) last = w;
    std::erase_if(q.writes, [](const PendingWrite& w) { return w.flush_awaited; });
    if (last.size) q.writes.push_back(last);
}

struct Rectangle {
    uint32_t x0, y0, x1, y1;
};

// The cores of a multicast rectangle. On NoC 1 it is given from the far corner, because that NoC runs the other way.
std::vector<Core*> destinations(uint32_t noc, uint64_t to, uint32_t count, bool include_source, const char* what) {
    const auto field = [&](uint32_t at) { return static_cast<uint32_t>(to >> (kNocLocalBits + at) & 63); };
    Rectangle r{field(12), field(18), field(0), field(6)};  // start, end
    if (noc == 1) {
        std::swap(r.x0, r.x1);
        std::swap(r.y0, r.y1);
    }
    if (r.x0 > r.x1 || r.y0 > r.y1)
        fault(
            FaultKind::OutOfBounds,
            "%s: rectangle (%u,%u)-(%u,%u) on NoC %u is empty; NoC 0 takes the smaller corner first, NoC 1 the larger",
            what, r.x0, r.y0, r.x1, r.y1, noc);
    std::vector<Core*> out;
    const Core* self = current_risc().core;
    for (uint32_t y = r.y0; y <= r.y1; ++y)
        for (uint32_t x = r.x0; x <= r.x1; ++x)
            if (Core* core = machine().worker(x, y))
                if (core != self || include_source) out.push_back(core);
    if (out.size() != count)
        fault(FaultKind::Usage,
              "%s: num_dests is %u, but the rectangle (%u,%u)-(%u,%u) has %zu worker cores%s; the chip would hang",
              what, count, r.x0, r.y0, r.x1, r.y1, out.size(), include_source ? "" : " without the sender");
    return out;
}

}  // namespace

void noc_read(uint32_t noc, uint64_t from, uint32_t to, uint32_t size, uint32_t trid) {
    NocQueue& q = queue(noc);
    Risc& risc = current_risc();
    const NocCosts& c = machine().costs();
    const char* what = "NoC read";
    End target = local_end(to, size, what);
    End source = remote_end(noc, from, size, what);
    check_alignment(source, target,
                    source.bank >= 0 ? machine().spec().dram_read_alignment : machine().spec().l1_alignment, what);
    check_pages(*risc.core, target, size, Use::Write, what);
    if (size == 0) return;
    ++machine().progress;
    machine().let_earlier_run();
    advance(source.bank >= 0 ? c.read_issue_accessor : c.read_issue);

    const auto now = static_cast<double>(risc.now());
    // The measured round trip includes issuing the call.
    const double fixed = std::max(0.0, c.read_fixed - c.read_issue) / 2;
    const double there = now + fixed + hops(noc, target.router, source.router) * c.hop;
    double sent, rate = c.read_bandwidth, source_busy;
    if (source.bank >= 0) {
        source_busy = std::max(size / c.dram_bank_bandwidth, c.dram_request_interval);
        sent = machine().banks[static_cast<size_t>(source.bank)].serve(there, source_busy) + c.dram_read_latency;
        rate = std::min(rate, c.dram_core_bandwidth);
        machine().dram_read_bytes += size;
    } else {
        source_busy = size / c.write_bandwidth;
        sent = ports(*source.core).out[noc].serve(there, source_busy);
    }
    const double arrived = route(noc, source.router, target.router, sent + fixed, size);
    const double busy = size / rate;
    const double start = ports(*risc.core).in[noc].serve(arrived, busy);
    const double done = std::max(start + busy, arrived + source_busy);
    machine().noc_bytes += size;
    q.reads.push_back({target.at, source.at, size, trid, static_cast<Cycles>(done), here()});
}

void noc_write(uint32_t noc, uint32_t from, uint64_t to, uint32_t size, uint32_t trid, bool posted) {
    NocQueue& q = queue(noc);
    Risc& risc = current_risc();
    const NocCosts& c = machine().costs();
    const char* what = "NoC write";
    End source = local_end(from, size, what);
    End target = remote_end(noc, to, size, what);
    check_alignment(source, target,
                    target.bank >= 0 ? machine().spec().dram_write_alignment : machine().spec().l1_alignment, what);
    check_pages(*risc.core, source, size, Use::Read, what);
    if (size == 0) return;
    for (const PendingRead& read : q.reads)
        if (read.to < source.at + size && source.at < read.to + read.size)
            fault(FaultKind::Race,
                  "NoC write sends %s while the read at %s into it is in flight: "
                  "noc_async_read_barrier() is missing",
                  place(source).c_str(), where(read.where).c_str());
    if (target.core) check_pages(*target.core, target, size, Use::Write, what);
    ++machine().progress;
    machine().let_earlier_run();
    advance(target.bank >= 0 ? c.write_issue_accessor : c.write_issue);
    const Flight flight = fly(noc, source, target, size, c.write_bandwidth);
    if (target.bank >= 0) {
        note_writer(target, size);
        machine().dram_write_bytes += size;
    }
    std::memmove(target.at, source.at, size);
    if (target.core)
        machine().word_written(static_cast<uint32_t>(reinterpret_cast<uintptr_t>(target.at)), size, flight.arrived);
    machine().noc_bytes += size;
    forget_done(q);
    q.writes.push_back({source.at, size, trid, posted, false, flight.left, flight.acknowledged, here()});
}

void noc_multicast(uint32_t noc, uint32_t from, uint64_t to, uint32_t size, uint32_t count, bool linked,
                   bool include_source) {
    NocQueue& q = queue(noc);
    Risc& risc = current_risc();
    const NocCosts& c = machine().costs();
    const char* what = "NoC multicast";
    End source = local_end(from, size, what);
    const std::vector<Core*> cores = destinations(noc, to, count, include_source, what);
    End target;
    target.local = (to & kNocLocalMask) % kL1SlotBytes;
    check_pages(*risc.core, source, size, Use::Read, what);
    for (const PendingRead& read : q.reads)
        if (read.to < source.at + size && source.at < read.to + read.size)
            fault(FaultKind::Race,
                  "NoC multicast sends %s while the read at %s into it is in flight: "
                  "noc_async_read_barrier() is missing",
                  place(source).c_str(), where(read.where).c_str());
    if (size == 0) return;
    ++machine().progress;
    machine().let_earlier_run();
    advance(c.multicast_issue_linked);

    const double packets = std::max(1.0, static_cast<double>(size) / machine().spec().noc_burst_bytes);
    double busy = size / (linked ? c.multicast_bandwidth_linked : c.multicast_bandwidth);
    if (!linked) busy = std::max(busy, c.multicast_issue * packets);  // the path is reserved anew for each packet
    const double start = ports(*risc.core).out[noc].serve(static_cast<double>(risc.now()), busy);
    double last = 0;
    for (Core* core : cores) {
        target.core = core;
        target.at = core->l1 + target.local;
        check_l1(*core, target.local, size, what);
        check_alignment(source, target, machine().spec().l1_alignment, what);
        // A word (a flag) may go anywhere; data that lands in a CB needs room there.
        if (size > 4) check_pages(*core, target, size, Use::Write, what);
        const double arrived =
            start + busy + c.write_fixed / 2 + hops(noc, source.router, machine().physical(*core)) * c.hop;
        ports(*core).in[noc].serve(arrived - busy, size / c.read_bandwidth);
        last = std::max(last, arrived);
        std::memmove(target.at, source.at, size);
        machine().word_written(static_cast<uint32_t>(reinterpret_cast<uintptr_t>(target.at)), size,
                               static_cast<Cycles>(arrived));
    }
    machine().noc_bytes += size;
    forget_done(q);
    const double back = c.write_fixed / 2 + (machine().spec().noc_grid.x + machine().spec().noc_grid.y) / 2.0 * c.hop;
    q.writes.push_back({source.at, size, ~0u, false, false, static_cast<Cycles>(start + busy),
                        static_cast<Cycles>(last + back), here()});
}

void noc_inline_write(uint32_t noc, uint64_t to, uint32_t value, uint32_t byte_enable, bool posted) {
    NocQueue& q = queue(noc);
    Risc& risc = current_risc();
    const char* what = "NoC inline write";
    End target = remote_end(noc, to, 4, what);
    if (target.bank >= 0) fault(FaultKind::Unsupported, "an inline write cannot go to DRAM");
    if (target.local % 4) fault(FaultKind::Alignment, "inline write to %s, not a multiple of 4", place(target).c_str());
    ++machine().progress;
    machine().let_earlier_run();
    advance(machine().costs().write_issue);
    End source;
    source.core = risc.core;
    source.router = machine().physical(*risc.core);
    const Flight flight = fly(noc, source, target, 4, machine().costs().write_bandwidth);
    for (uint32_t i = 0; i < 4; ++i)
        if (byte_enable >> i & 1) target.at[i] = static_cast<std::byte>(value >> (8 * i));
    machine().word_written(static_cast<uint32_t>(reinterpret_cast<uintptr_t>(target.at)), 4, flight.arrived);
    q.writes.push_back({nullptr, 4, ~0u, posted, false, flight.left, flight.acknowledged, here()});
}

namespace {

void increment(uint32_t noc, const End& target, uint32_t value, bool posted) {
    NocQueue& q = queue(noc);
    End source;
    source.core = current_risc().core;
    source.router = machine().physical(*source.core);
    const Flight flight = fly(noc, source, target, 4, machine().costs().write_bandwidth);
    uint32_t word;
    std::memcpy(&word, target.at, 4);
    word += value;
    std::memcpy(target.at, &word, 4);
    const auto address = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(target.at));
    machine().word_written(address, 4, flight.arrived + static_cast<Cycles>(machine().costs().atomic));
    if (posted) return;
    ++q.atomics;
    q.atomics_done = std::max(q.atomics_done, flight.acknowledged);
    q.atomic_line = here();
}

}  // namespace

void noc_increment(uint32_t noc, uint64_t to, uint32_t value, bool posted) {
    queue(noc);
    End target = remote_end(noc, to, 4, "NoC atomic increment");
    if (target.bank >= 0) fault(FaultKind::Unsupported, "an atomic increment cannot go to DRAM");
    if (target.local % 4)
        fault(FaultKind::Alignment, "atomic increment of %s, not a multiple of 4", place(target).c_str());
    ++machine().progress;
    machine().let_earlier_run();
    advance(machine().costs().write_issue);
    increment(noc, target, value, posted);
}

void noc_increment_multicast(uint32_t noc, uint64_t to, uint32_t value, uint32_t count) {
    queue(noc);
    const char* what = "NoC multicast increment";
    ++machine().progress;
    machine().let_earlier_run();
    advance(machine().costs().write_issue);
    for (Core* core : destinations(noc, to, count, false, what)) {
        End target;
        target.core = core;
        target.local = (to & kNocLocalMask) % kL1SlotBytes;
        check_l1(*core, target.local, 4, what);
        target.at = core->l1 + target.local;
        target.router = machine().physical(*core);
        increment(noc, target, value, false);
    }
}

void noc_barrier(uint32_t noc, BarrierKind kind, uint32_t trid) {
    NocQueue& q = queue(noc);
    Risc& risc = current_risc();
    Cycles until = risc.now();
    const bool all = trid == ~0u;
    const bool full = kind == BarrierKind::Full;
    if (kind == BarrierKind::Read || full) {
        for (const PendingRead& read : q.reads)
            if (all || read.trid == trid) {
                std::memcpy(read.to, read.from, read.size);
                until = std::max(until, read.done);
            }
        std::erase_if(q.reads, [&](const PendingRead& read) { return all || read.trid == trid; });
    }
    if (kind == BarrierKind::WriteFlush || kind == BarrierKind::PostedFlush)
        for (PendingWrite& write : q.writes)
            if ((all || write.trid == trid) && write.posted == (kind == BarrierKind::PostedFlush)) {
                write.flush_awaited = true;
                until = std::max(until, write.flushed);
            }
    if (kind == BarrierKind::Write || full) {
        const auto awaited = [&](const PendingWrite& w) { return (all || w.trid == trid) && (!w.posted || full); };
        for (const PendingWrite& write : q.writes)
            if (awaited(write)) until = std::max(until, write.posted ? write.flushed : write.done);
        std::erase_if(q.writes, awaited);
    } else {
        std::erase_if(q.writes, [](const PendingWrite& w) { return w.posted && w.flush_awaited; });
    }
    if (kind == BarrierKind::Atomic || full) {
        if (q.atomics) until = std::max(until, q.atomics_done);
        q.atomics = 0;
    }
    const Cycles before = risc.now();
    risc.clock[kRiscClock] = until;
    if (machine().tracing()) {
        static const char* const names[] = {"read barrier", "write barrier",  "write flush",
                                            "posted flush", "atomic barrier", "full barrier"};
        machine().trace(kRiscClock, before, names[static_cast<uint32_t>(kind)]);
    }
    machine().let_earlier_run();
}

void noc_zero_l1(uint32_t address, uint32_t size) {
    const char* what = "async_write_zeros";
    const End target = local_end(address, size, what);
    check_pages(*current_risc().core, target, size, Use::Write, what);
    ++machine().progress;
    advance(machine().costs().read_issue + size / machine().costs().read_bandwidth);
    std::memset(target.at, 0, size);
}

bool noc_reads_done(uint32_t noc, uint32_t trid) {
    NocQueue& q = queue(noc);
    Risc& risc = current_risc();
    advance(10);
    for (const PendingRead& read : q.reads)
        if ((trid == ~0u || read.trid == trid) && read.done > risc.now()) {
            machine().let_earlier_run();
            return false;
        }
    noc_barrier(noc, BarrierKind::Read, trid);
    return true;
}

uint64_t noc_bank_address(uint32_t noc, bool dram, uint32_t bank, uint64_t local) {
    const tensix::DeviceSpec& spec = machine().spec();
    if (dram) {
        if (bank >= spec.dram_banks) fault(FaultKind::OutOfBounds, "DRAM bank %u: there are %u", bank, spec.dram_banks);
        const tensix::Coord at = spec.dram_noc[noc & 1][bank];
        return noc_address(at.x, at.y, local);
    }
    if (bank >= machine().memory().cores())
        fault(FaultKind::OutOfBounds, "L1 bank %u: there are %u", bank, machine().memory().cores());
    const CoreCoord at = machine().core(bank).noc;
    return noc_address(at.x, at.y, local);
}

uint64_t noc_page_address(uint32_t noc, bool dram, uint64_t base, uint32_t page_size, uint32_t page, uint32_t offset) {
    Memory& memory = machine().memory();
    const uint32_t banks = dram ? machine().spec().dram_banks : memory.cores();
    if (page_size == 0)
        fault(FaultKind::Usage, "tensor accessor at 0x%llx has page size 0", static_cast<unsigned long long>(base));
    if (const Buffer* buffer = memory.find(base, dram)) {
        if (buffer->address == base && page_size != buffer->aligned_page_size)
            fault(FaultKind::Usage, "tensor accessor of %s has page size %u, but the buffer's is %u (aligned)",
                  buffer_name(*buffer).c_str(), page_size, buffer->aligned_page_size);
        if (buffer->address == base && offset >= buffer->aligned_page_size)
            fault(FaultKind::OutOfBounds, "byte %u of page %u of %s: a page has %u bytes", offset, page,
                  buffer_name(*buffer).c_str(), buffer->page_size);
        if (buffer->address == base && page >= buffer->pages)
            fault(FaultKind::OutOfBounds, "page %u of %s: it has pages 0..%llu", page, buffer_name(*buffer).c_str(),
                  static_cast<unsigned long long>(buffer->pages - 1));
    } else {
        fault(FaultKind::OutOfBounds, "tensor accessor: no %s buffer is at address 0x%llx; %s", dram ? "DRAM" : "L1",
              static_cast<unsigned long long>(base), memory.nearest(base, dram).c_str());
    }
    return noc_bank_address(noc, dram, page % banks, base + uint64_t{page / banks} * page_size + offset);
}

// --- Semaphores -----------------------------------------------------------------------------------------------------

namespace {

uint32_t* word_at(uint32_t address, const char* what) {
    const End end = local_end(address, 4, what);
    if (end.local % 4) fault(FaultKind::Alignment, "%s: %s is not a multiple of 4", what, place(end).c_str());
    return reinterpret_cast<uint32_t*>(end.at);
}

}  // namespace

void semaphore_wait(uint32_t address, uint32_t value, bool at_least) {
    const uint32_t* word = word_at(address, "semaphore wait");
    const auto key = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(word));
    Risc& risc = current_risc();
    ++machine().progress;
    machine().let_earlier_run();
    const auto satisfied = [&] {
        const uint32_t now = *const_cast<const volatile uint32_t*>(word);
        return at_least ? now >= value : now == value;
    };
    while (!satisfied()) {
        Wait wait;
        wait.kind = Wait::Word;
        wait.address = key;
        wait.value = value;
        wait.at_least = at_least;
        machine().block(wait);
    }
    const Cycles before = risc.now();
    risc.clock[kRiscClock] = std::max(before, machine().word_time(key, value, at_least));
    if (machine().tracing()) machine().trace(kRiscClock, before, "wait for " + machine().word_name(key));
    advance(machine().costs().semaphore_poll);
}

void semaphore_set(uint32_t address, uint32_t value) {
    uint32_t* word = word_at(address, "semaphore set");
    *word = value;
    ++machine().progress;
    advance(5);
    machine().word_written(static_cast<uint32_t>(reinterpret_cast<uintptr_t>(word)), 4, current_risc().now());
}

void semaphore_add(uint32_t address, uint32_t value) {
    uint32_t* word = word_at(address, "semaphore up");
    semaphore_set(address, *word + value);
}

// --- Checks ---------------------------------------------------------------------------------------------------------

void check_quiet_at_end(Risc& risc) {
    for (uint32_t noc = 0; noc < 2; ++noc) {
        const NocQueue& q = risc.queues[noc];
        if (!q.reads.empty())
            fault(FaultKind::Race,
                  "the kernel ends with %zu reads in flight on NoC %u, the first from %s: "
                  "noc_async_read_barrier() is missing",
                  q.reads.size(), noc, where(q.reads[0].where).c_str());
        for (const PendingWrite& write : q.writes)
            if (!write.posted || !write.flush_awaited)
                fault(FaultKind::Race,
                      write.posted ? "the kernel ends with a posted write in flight on NoC %u, from %s: "
                                     "noc_async_posted_writes_flushed() is missing"
                                   : "the kernel ends with a write in flight on NoC %u, from %s: "
                                     "noc_async_write_barrier() is missing",
                      noc, where(write.where).c_str());
        if (q.atomics)
            fault(FaultKind::Race,
                  "the kernel ends with %u atomic increments in flight on NoC %u, the last from %s: "
                  "noc_async_atomic_barrier() is missing",
                  q.atomics, noc, where(q.atomic_line).c_str());
    }
}

namespace {

// Calls found(page) for the first of `count` pages from position `first` that [from, from + size) touches.
bool touches(const CircularBuffer& cb, uint64_t first, uint32_t count, const std::byte* from, uint32_t size) {
    for (uint32_t i = 0; i < count; ++i) {
        const std::byte* page = host(cb.base + static_cast<uint32_t>((first + i) % cb.num_pages) * cb.page_size);
        if (from < page + cb.page_size && page < from + size) return true;
    }
    return false;
}

}  // namespace

void check_reads_landed(Risc& risc, const CircularBuffer& cb, uint32_t pages) {
    if (!risc.queues) return;
    for (uint32_t noc = 0; noc < 2; ++noc)
        for (const PendingRead& read : risc.queues[noc].reads)
            if (touches(cb, cb.pushed, pages, read.to, read.size))
                fault(FaultKind::Race,
                      "push_back of %u pages of %s while the read at %s into them is in flight: "
                      "noc_async_read_barrier() is missing",
                      pages, describe(cb).c_str(), where(read.where).c_str());
}

void check_writes_left(Risc& risc, const CircularBuffer& cb, uint32_t pages) {
    if (!risc.queues) return;
    for (uint32_t noc = 0; noc < 2; ++noc)
        for (const PendingWrite& write : risc.queues[noc].writes)
            if (!write.flush_awaited && write.from && touches(cb, cb.popped, pages, write.from, write.size))
                fault(FaultKind::Race,
                      "pop_front of %u pages of %s while the write at %s out of them may not have "
                      "left: noc_async_writes_flushed() or noc_async_write_barrier() is missing",
                      pages, describe(cb).c_str(), where(write.where).c_str());
}

}  // namespace tt_emulator
