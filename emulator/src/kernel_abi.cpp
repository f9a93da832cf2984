#include "emulator/include/tt_emulator/kernel_abi.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "emulator/src/machine.h"

namespace tt_emulator {

// cb.cpp
CircularBuffer& circular_buffer(uint32_t id, const char* what);
void cb_reserve_back(uint32_t id, int32_t count);
void cb_push_back(uint32_t id, int32_t count);
void cb_wait_front(uint32_t id, int32_t count);
void cb_pop_front(uint32_t id, int32_t count);

namespace {

Machine& machine() { return *Machine::running; }

Risc& at(const char* file, uint32_t line) {
    Risc& risc = current_risc();
    if (file) risc.at(file, line);
    return risc;
}

uint32_t argument(const std::vector<uint32_t>& args, uint32_t index, const char* what) {
    if (index >= args.size())
        fault(FaultKind::OutOfBounds, "%s(%u): the host set %zu arguments for this kernel on this core", what, index,
              args.size());
    return args[index];
}

// {} or {:spec} with what printf knows of it: width, precision, x, X, o, e, f, g, d, u, b as a number.
void append_value(std::string& out, const tt_emu_value& v, std::string spec) {
    char buffer[160];
    char type = 0;
    if (!spec.empty() && std::isalpha(static_cast<unsigned char>(spec.back()))) {
        type = spec.back();
        spec.pop_back();
    }
    spec.erase(std::remove_if(spec.begin(), spec.end(), [](char c) { return !std::strchr("0123456789.+-#", c); }),
               spec.end());
    switch (v.kind) {
        case 's':
            std::snprintf(buffer, sizeof buffer, ("%" + spec + "s").c_str(), v.s);
            break;
        case 'c':
            std::snprintf(buffer, sizeof buffer, "%c", static_cast<char>(v.u));
            break;
        case 'b':
            std::snprintf(buffer, sizeof buffer, "%s", v.u ? "true" : "false");
            break;
        case 'p':
            std::snprintf(buffer, sizeof buffer, "0x%llx", static_cast<unsigned long long>(v.u));
            break;
        case 'f':
            if (!std::strchr("eEfFgGaA", type) || !type) type = spec.empty() ? 'g' : 'f';
            std::snprintf(buffer, sizeof buffer, ("%" + spec + type).c_str(), v.f);
            break;
        default:
            if (type != 'x' && type != 'X' && type != 'o') type = v.kind == 'i' ? 'd' : 'u';
            std::snprintf(buffer, sizeof buffer, ("%" + spec + "ll" + type).c_str(), v.u);
    }
    out += buffer;
}

}  // namespace
}  // namespace tt_emulator

using namespace tt_emulator;

void tt_emu_at(const char* file, uint32_t line) { at(file, line); }

uint32_t tt_emu_arg(const char* file, uint32_t line, uint32_t index) {
    return argument(at(file, line).args, index, "get_arg_val");
}

uint32_t tt_emu_common_arg(const char* file, uint32_t line, uint32_t index) {
    return argument(*at(file, line).common_args, index, "get_common_arg_val");
}

const uint32_t* tt_emu_arg_address(const char* file, uint32_t line, uint32_t index, bool common) {
    Risc& risc = at(file, line);
    const std::vector<uint32_t>& args = common ? *risc.common_args : risc.args;
    argument(args, index, common ? "get_common_arg_addr" : "get_arg_addr");
    return args.data() + index;
}

uint32_t tt_emu_core_info(uint32_t what) {
    const tensix::DeviceSpec& spec = machine().spec();
    const Core& core = *current_risc().core;
    switch (what) {
        case TT_EMU_LOGICAL_X:
            return core.logical.x;
        case TT_EMU_LOGICAL_Y:
            return core.logical.y;
        case TT_EMU_NOC_X:
            return core.noc.x;
        case TT_EMU_NOC_Y:
            return core.noc.y;
        case TT_EMU_NUM_DRAM_BANKS:
            return spec.dram_banks;
        case TT_EMU_NUM_L1_BANKS:
            return spec.cores();
        case TT_EMU_ZEROS_BASE:
            return static_cast<uint32_t>(reinterpret_cast<uintptr_t>(core.l1)) + machine().zeros_offset();
        case TT_EMU_NOC_COUNT_X:
            return spec.noc_grid.x;
        default:
            return spec.noc_grid.y;
    }
}

void tt_emu_cb_reserve_back(const char* file, uint32_t line, uint32_t cb, int32_t pages) {
    at(file, line);
    cb_reserve_back(cb, pages);
}
void tt_emu_cb_push_back(const char* file, uint32_t line, uint32_t cb, int32_t pages) {
    at(file, line);
    cb_push_back(cb, pages);
}
void tt_emu_cb_wait_front(const char* file, uint32_t line, uint32_t cb, int32_t pages) {
    at(file, line);
    cb_wait_front(cb, pages);
}
void tt_emu_cb_pop_front(const char* file, uint32_t line, uint32_t cb, int32_t pages) {
    at(file, line);
    cb_pop_front(cb, pages);
}

bool tt_emu_cb_can_reserve(const char* file, uint32_t line, uint32_t cb, int32_t pages) {
    at(file, line);
    if (circular_buffer(cb, "pages_reservable_at_back").free() >= static_cast<uint32_t>(pages)) return true;
    tt_emu_poll(file, line);
    return false;
}

bool tt_emu_cb_can_wait(const char* file, uint32_t line, uint32_t cb, int32_t pages) {
    at(file, line);
    if (circular_buffer(cb, "pages_available_at_front").available() >= static_cast<uint32_t>(pages)) return true;
    tt_emu_poll(file, line);
    return false;
}

uint32_t tt_emu_cb_info(const char* file, uint32_t line, uint32_t id, uint32_t what) {
    at(file, line);
    const CircularBuffer& cb = circular_buffer(id, "circular buffer");
    switch (what) {
        case TT_EMU_CB_PAGE_SIZE:
            return cb.page_size;
        case TT_EMU_CB_NUM_PAGES:
            return cb.num_pages;
        case TT_EMU_CB_FORMAT:
            return static_cast<uint32_t>(cb.format);
        case TT_EMU_CB_TILE_ROWS:
            return cb.tile_rows;
        case TT_EMU_CB_TILE_COLS:
            return cb.tile_cols;
        case TT_EMU_CB_WRITE_PTR:
            return cb.write_ptr();
        default:
            return cb.read_ptr();
    }
}

uint32_t tt_emu_cb_front_page(const char* file, uint32_t line, uint32_t cb, uint32_t index) {
    Risc& risc = at(file, line);
    return static_cast<uint32_t>(reinterpret_cast<uintptr_t>(front_page(*risc.core, cb, index, "get_tile_address")));
}

uint64_t tt_emu_noc_bank_address(const char* file, uint32_t line, uint32_t noc, bool dram, uint32_t bank,
                                 uint64_t local) {
    at(file, line);
    return noc_bank_address(noc, dram, bank, local);
}

uint64_t tt_emu_noc_page_address(const char* file, uint32_t line, uint32_t noc, bool dram, uint64_t base,
                                 uint32_t page_size, uint32_t page, uint32_t offset) {
    at(file, line);
    return noc_page_address(noc, dram, base, page_size, page, offset);
}

void tt_emu_noc_read(const char* file, uint32_t line, uint32_t noc, uint64_t from, uint32_t to, uint32_t size,
                     uint32_t trid) {
    at(file, line);
    noc_read(noc, from, to, size, trid);
}

void tt_emu_noc_write(const char* file, uint32_t line, uint32_t noc, uint32_t from, uint64_t to, uint32_t size,
                      uint32_t trid, bool posted) {
    at(file, line);
    noc_write(noc, from, to, size, trid, posted);
}

void tt_emu_noc_multicast(const char* file, uint32_t line, uint32_t noc, uint32_t from, uint64_t to, uint32_t size,
                          uint32_t destinations, uint32_t flags) {
    at(file, line);
    noc_multicast(noc, from, to, size, destinations, flags & TT_EMU_MCAST_LINKED, flags & TT_EMU_MCAST_INCLUDE_SOURCE);
}

void tt_emu_noc_inline_write(const char* file, uint32_t line, uint32_t noc, uint64_t to, uint32_t value,
                             uint32_t byte_enable, bool posted) {
    at(file, line);
    noc_inline_write(noc, to, value, byte_enable, posted);
}

void tt_emu_noc_increment(const char* file, uint32_t line, uint32_t noc, uint64_t to, uint32_t value, bool posted) {
    at(file, line);
    noc_increment(noc, to, value, posted);
}

void tt_emu_noc_increment_multicast(const char* file, uint32_t line, uint32_t noc, uint64_t to, uint32_t value,
                                    uint32_t destinations) {
    at(file, line);
    noc_increment_multicast(noc, to, value, destinations);
}

void tt_emu_noc_barrier(const char* file, uint32_t line, uint32_t noc, uint32_t kind, uint32_t trid) {
    at(file, line);
    noc_barrier(noc, static_cast<BarrierKind>(kind), trid);
}

void tt_emu_zero_l1(const char* file, uint32_t line, uint32_t address, uint32_t size) {
    at(file, line);
    noc_zero_l1(address, size);
}

bool tt_emu_noc_reads_done(const char* file, uint32_t line, uint32_t noc, uint32_t trid) {
    at(file, line);
    return noc_reads_done(noc, trid);
}

void tt_emu_noc_set_state(uint32_t noc, bool write, uint64_t address, uint32_t size) {
    NocQueue& q = current_risc().queues[noc & 1];
    (write ? q.write_state : q.read_state) = address;
    (write ? q.write_state_size : q.read_state_size) = size;
}

uint64_t tt_emu_noc_state(uint32_t noc, bool write, uint32_t* size) {
    NocQueue& q = current_risc().queues[noc & 1];
    *size = write ? q.write_state_size : q.read_state_size;
    return write ? q.write_state : q.read_state;
}

void tt_emu_noc_set_trid(uint32_t noc, bool write, uint32_t trid) {
    NocQueue& q = current_risc().queues[noc & 1];
    (write ? q.write_trid : q.read_trid) = trid;
}

uint32_t tt_emu_noc_trid(uint32_t noc, bool write) {
    const NocQueue& q = current_risc().queues[noc & 1];
    return write ? q.write_trid : q.read_trid;
}

uint32_t tt_emu_semaphore_address(const char* file, uint32_t line, uint32_t id) {
    Risc& risc = at(file, line);
    const uint32_t count = machine().spec().semaphores;
    if (id >= count) fault(FaultKind::OutOfBounds, "semaphore %u: a core has semaphores 0..%u", id, count - 1);
    return static_cast<uint32_t>(reinterpret_cast<uintptr_t>(risc.core->l1)) + machine().semaphore_offset(id);
}

void tt_emu_semaphore_wait(const char* file, uint32_t line, uint32_t address, uint32_t value, bool at_least) {
    at(file, line);
    semaphore_wait(address, value, at_least);
}

void tt_emu_semaphore_set(const char* file, uint32_t line, uint32_t address, uint32_t value) {
    at(file, line);
    semaphore_set(address, value);
}

void tt_emu_semaphore_add(const char* file, uint32_t line, uint32_t address, uint32_t value) {
    at(file, line);
    semaphore_add(address, value);
}

void tt_emu_poll(const char* file, uint32_t line) {
    Risc& risc = at(file, line);
    for (Cycles& clock : risc.clock) clock += 20;
    machine().let_earlier_run();
}

void tt_emu_spend(uint32_t cycles) { current_risc().clock[kRiscClock] += cycles; }

void tt_emu_print(const char* file, uint32_t line, const char* text, const tt_emu_value* values, uint32_t count) {
    Risc& risc = at(file, line);
    std::string out = format("(%u,%u) %s: ", risc.core->logical.x, risc.core->logical.y, name(risc.kind));
    uint32_t next = 0;
    for (const char* p = text; *p; ++p) {
        if ((p[0] == '{' && p[1] == '{') || (p[0] == '}' && p[1] == '}')) {
            out += *p++;
        } else if (*p == '{') {
            const char* close = std::strchr(p, '}');
            if (!close) break;
            const char* colon = static_cast<const char*>(std::memchr(p, ':', static_cast<size_t>(close - p)));
            const char* number_end = colon ? colon : close;
            uint32_t index = next;
            if (number_end > p + 1)
                index = static_cast<uint32_t>(std::strtoul(p + 1, nullptr, 10));
            else
                ++next;
            if (index >= count) {
                fault(FaultKind::Usage, "DEVICE_PRINT \"%s\" has %u arguments, too few", text, count);
            }
            append_value(out, values[index], colon ? std::string(colon + 1, close) : std::string());
            p = close;
        } else {
            out += *p;
        }
    }
    if (out.empty() || out.back() != '\n') out += '\n';
    machine().output += out;
}

void tt_emu_assert_failed(const char* file, uint32_t line, const char* condition) {
    at(file, line);
    fault(FaultKind::Kernel, "ASSERT(%s) failed", condition);
}
