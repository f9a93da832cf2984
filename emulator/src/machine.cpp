#include "emulator/src/machine.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <mutex>

#include "emulator/src/engine/engine.h"
#include "emulator/src/signals.h"

namespace tt_emulator {
namespace {

tensix::DeviceSpec select(const DeviceOptions& options) {
    try {
        tensix::DeviceSpec spec = tensix::find_device(options.arch, options.board);
        const tensix::Coord most{static_cast<uint32_t>(spec.worker_x.size()),
                                 static_cast<uint32_t>(spec.worker_y.size())};
        if (options.grid_x) spec.grid.x = options.grid_x;
        if (options.grid_y) spec.grid.y = options.grid_y;
        if (spec.grid.x > most.x || spec.grid.y > most.y)
            throw RunError("usage", format("grid %ux%u is larger than the %ux%u workers of a %s chip", spec.grid.x,
                                           spec.grid.y, most.x, most.y, spec.arch.c_str()));
        return spec;
    } catch (const std::invalid_argument& error) {
        throw RunError("usage", error.what());
    }
}

std::mutex run_mutex;  // one program at a time in a process: kernels find their machine through a global

bool inside(const std::vector<Cores>& ranges, uint32_t x, uint32_t y) {
    return std::any_of(ranges.begin(), ranges.end(),
                       [&](const Cores& r) { return x >= r.x0 && x <= r.x1 && y >= r.y0 && y <= r.y1; });
}

}  // namespace

Machine* Machine::running = nullptr;
Risc* Machine::current = nullptr;

std::string format(const char* text, ...) {
    va_list list;
    va_start(list, text);
    char buffer[2048];
    std::vsnprintf(buffer, sizeof buffer, text, list);
    va_end(list);
    return buffer;
}

const char* name(FaultKind kind) {
    switch (kind) {
        case FaultKind::Deadlock:
            return "deadlock";
        case FaultKind::OutOfBounds:
            return "out of bounds";
        case FaultKind::Alignment:
            return "alignment";
        case FaultKind::Race:
            return "race";
        case FaultKind::CircularBuffer:
            return "circular buffer";
        case FaultKind::State:
            return "state";
        case FaultKind::Unsupported:
            return "unsupported";
        case FaultKind::Kernel:
            return "kernel";
        case FaultKind::Resource:
            return "resource";
        case FaultKind::Compile:
            return "compile";
        case FaultKind::Usage:
            return "usage";
    }
    return "error";
}

const char* name(RiscKind kind) {
    return kind == RiscKind::Brisc ? "BRISC" : kind == RiscKind::Ncrisc ? "NCRISC" : "compute";
}

std::string describe(const Risc& risc) {
    std::string out = format("core (%u,%u) %s, kernel %s", risc.core->logical.x, risc.core->logical.y, name(risc.kind),
                             risc.kernel.c_str());
    if (risc.line) {
        const char* slash = std::strrchr(risc.file, '/');
        const std::string file = slash ? slash + 1 : risc.file;
        const size_t at = risc.kernel.rfind('/');
        const bool same = file == (at == std::string::npos ? risc.kernel : risc.kernel.substr(at + 1));
        out += same ? format(", line %u", risc.line) : format(", %s line %u", file.c_str(), risc.line);
    }
    return out;
}

std::string describe(const CircularBuffer& cb) {
    return cb.name.empty() ? format("CB %u", cb.id) : format("CB %u (%s)", cb.id, cb.name.c_str());
}

Risc::Risc() = default;
Risc::~Risc() = default;
Core::Core() = default;
Core::~Core() = default;

Risc& current_risc() { return *Machine::current; }
bool in_kernel() { return Machine::current != nullptr; }

void fault(FaultKind kind, const char* text, ...) {
    va_list list;
    va_start(list, text);
    char buffer[4096];
    std::vsnprintf(buffer, sizeof buffer, text, list);
    va_end(list);
    if (!Machine::running || !Machine::current) throw RunError(name(kind), std::string(name(kind)) + ": " + buffer);
    Machine::running->fail(kind, buffer);
}

NocCosts::NocCosts(const tensix::DeviceSpec& s)
    : link_contended_bandwidth(s.figure("noc_link_contended_bytes_per_cycle")),
      hop(s.figure("noc_hop")),
      read_fixed(s.figure("noc_read_fixed")),
      write_fixed(s.figure("noc_write_fixed")),
      read_bandwidth(s.figure("noc_read_bytes_per_cycle")),
      write_bandwidth(s.figure("noc_write_bytes_per_cycle")),
      dram_core_bandwidth(s.figure("dram_core_bytes_per_cycle")),
      dram_bank_bandwidth(s.figure("dram_bank_bytes_per_cycle")),
      dram_read_latency(s.figure("dram_read_latency")),
      dram_write_latency(s.figure("dram_write_latency")),
      dram_request_interval(s.figure("dram_request_interval")),
      read_issue(s.figure("noc_read_issue")),
      write_issue(s.figure("noc_write_issue")),
      read_issue_accessor(s.figure("noc_read_issue_accessor")),
      write_issue_accessor(s.figure("noc_write_issue_accessor")),
      multicast_issue(s.figure("noc_multicast_issue")),
      multicast_issue_linked(s.figure("noc_multicast_issue_linked")),
      multicast_bandwidth(s.figure("noc_multicast_bytes_per_cycle")),
      multicast_bandwidth_linked(s.figure("noc_multicast_linked_bytes_per_cycle")),
      atomic(s.figure("noc_atomic")),
      cb_call(s.figure("cb_call")),
      semaphore_poll(s.figure("semaphore_poll")),
      launch(static_cast<Cycles>(s.figure("launch_us") * s.clock_mhz)) {}

Machine::Machine(const DeviceOptions& options)
    : spec_(select(options)), options_(options), costs_(spec_), memory_(spec_, spec_.cores()) {
    options_.arch = spec_.arch;
    options_.board = spec_.board;
    options_.grid_x = spec_.grid.x;
    options_.grid_y = spec_.grid.y;
    if (const char* file = std::getenv("TILELANG_TT_EMULATOR_TRACE"); options_.trace.empty() && file)
        options_.trace = file;
    semaphore_base_ = spec_.l1_base - spec_.semaphores * 16;
    for (uint32_t y = 0; y < spec_.grid.y; ++y)
        for (uint32_t x = 0; x < spec_.grid.x; ++x) {
            auto core = std::make_unique<Core>();
            core->logical = {x, y};
            const tensix::Coord at = spec_.noc_coord({x, y});
            core->noc = {at.x, at.y};
            core->l1 = memory_.l1(static_cast<uint32_t>(cores_.size()));
            core->l1_size = spec_.l1_bytes;
            worker_by_noc_[at.x << 8 | at.y] = static_cast<uint32_t>(cores_.size());
            cores_.push_back(std::move(core));
        }
    for (uint32_t bank = 0; bank < spec_.dram_banks; ++bank)
        for (const auto& by_noc : spec_.dram_noc) bank_by_noc_[by_noc[bank].x << 8 | by_noc[bank].y] = bank;
}

Machine::~Machine() = default;

Core* Machine::worker(uint32_t noc_x, uint32_t noc_y) {
    const auto it = worker_by_noc_.find(noc_x << 8 | noc_y);
    return it == worker_by_noc_.end() ? nullptr : cores_[it->second].get();
}

int Machine::dram_bank(uint32_t noc_x, uint32_t noc_y) const {
    const auto it = bank_by_noc_.find(noc_x << 8 | noc_y);
    return it == bank_by_noc_.end() ? -1 : static_cast<int>(it->second);
}

tensix::Coord Machine::physical(const Core& core) const {
    return {spec_.physical_x[core.logical.x], spec_.physical_y[core.logical.y]};
}

// --- Building -------------------------------------------------------------------------------------------------------

void Machine::clear() {
    fibers_.clear();
    ready_.clear();
    word_times_.clear();
    spans_.clear();
    common_args_.clear();
    for (auto& core : cores_) {
        core->engine.reset();
        for (auto& risc : core->riscs) risc.reset();
        for (CircularBuffer& cb : core->cbs)
            if (cb.configured()) cb = CircularBuffer();
    }
    failed_ = false;
    kind_.clear();
    error_.clear();
    output.clear();
    dram_read_bytes = dram_write_bytes = noc_bytes = 0;
    order_ = 0;
    semaphore_count_ = 0;
    ports.assign(cores_.size(), {});
    banks.assign(spec_.dram_banks, {});
    for (auto& by_noc : links) by_noc.assign(size_t{2} * spec_.noc_grid.x * spec_.noc_grid.y, {});
}

namespace {

void check_cores(const tensix::DeviceSpec& spec, const std::vector<Cores>& ranges, const std::string& what) {
    for (const Cores& r : ranges)
        if (r.x0 > r.x1 || r.y0 > r.y1 || r.x1 >= spec.grid.x || r.y1 >= spec.grid.y)
            throw RunError("usage", format("usage: %s: cores (%u,%u)-(%u,%u) are not in the %ux%u grid", what.c_str(),
                                           r.x0, r.y0, r.x1, r.y1, spec.grid.x, spec.grid.y));
}

}  // namespace

void Machine::place_circular_buffers(const Program& program) {
    const uint32_t alignment = spec_.dram_read_alignment;
    const uint32_t limit = memory_.l1_buffers_from();
    std::vector<uint32_t> end(cores_.size(), spec_.l1_base);
    for (const CircularBufferSpec& spec : program.circular_buffers) {
        std::string what = "circular buffer";
        for (const auto& index : spec.indices)
            what += format(" %u%s%s%s", index.id, index.name.empty() ? "" : " (", index.name.c_str(),
                           index.name.empty() ? "" : ")");
        check_cores(spec_, spec.cores, what);
        if (spec.indices.empty()) throw RunError("usage", "usage: a circular buffer without an index");
        for (const auto& index : spec.indices) {
            if (index.id >= spec_.circular_buffers)
                throw RunError("resource", format("resource: %s: %s has circular buffers 0..%u", what.c_str(),
                                                  spec_.arch.c_str(), spec_.circular_buffers - 1));
            if (index.page_size == 0 || spec.total_size % index.page_size != 0 || spec.total_size == 0)
                throw RunError("usage", format("usage: %s: total size %u is not a positive multiple of the page size "
                                               "%u",
                                               what.c_str(), spec.total_size, index.page_size));
            if (index.page_size % 16 != 0)
                throw RunError("alignment", format("alignment: %s: page size %u is not a multiple of 16", what.c_str(),
                                                   index.page_size));
        }
        uint32_t offset = spec.address;
        if (offset == 0) {  // the same address on all its cores, as tt-metal allocates
            for (size_t i = 0; i < cores_.size(); ++i)
                if (inside(spec.cores, cores_[i]->logical.x, cores_[i]->logical.y)) offset = std::max(offset, end[i]);
            offset = (offset + alignment - 1) / alignment * alignment;
        }
        for (size_t i = 0; i < cores_.size(); ++i) {
            Core& core = *cores_[i];
            if (!inside(spec.cores, core.logical.x, core.logical.y)) continue;
            const uint64_t top = uint64_t{offset} + spec.total_size;
            if (spec.address == 0) end[i] = static_cast<uint32_t>(top);
            if (top > (spec.address ? spec_.l1_bytes : limit)) {
                std::string table;
                for (const CircularBufferSpec& other : program.circular_buffers) {
                    if (!inside(other.cores, core.logical.x, core.logical.y)) continue;
                    table += "\n  CB";
                    for (const auto& index : other.indices) table += format(" %u %s", index.id, index.name.c_str());
                    table += format(": %u bytes", other.total_size);
                }
                throw RunError("resource",
                               format("resource: circular buffers of core (%u,%u) need L1 up to %llu, but %u..%u is "
                                      "what there is (%u bytes usable%s); make blocks or depths smaller:%s",
                                      core.logical.x, core.logical.y, static_cast<unsigned long long>(top),
                                      spec_.l1_base, limit, limit - spec_.l1_base,
                                      limit < spec_.l1_bytes ? ", L1 buffers lie above" : "", table.c_str()));
            }
            if (spec.address == 0) std::memset(core.l1 + offset, kPoison, spec.total_size);
            for (const auto& index : spec.indices) {
                CircularBuffer& cb = core.cbs[index.id];
                if (cb.configured())
                    throw RunError("usage", format("usage: CB %u is configured twice on core (%u,%u)", index.id,
                                                   core.logical.x, core.logical.y));
                cb.id = index.id;
                cb.base = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(core.l1)) + offset;
                cb.page_size = index.page_size;
                cb.num_pages = spec.total_size / index.page_size;
                cb.format = static_cast<DataFormat>(index.format);
                cb.tile_rows = index.tile_rows;
                cb.tile_cols = index.tile_cols;
                cb.name = index.name;
                cb.pushed_at.assign(cb.num_pages, 0);
                cb.popped_at.assign(cb.num_pages, 0);
            }
        }
    }
}

void Machine::add_kernel(const KernelSpec& spec, LoadedKernel* kernel) {
    common_args_.push_back(spec.common_args);
    // Kernels of several names may share one object.
    const std::string kernel_name = !spec.name.empty() ? spec.name : spec.is_path ? spec.source : "kernel";
    const auto slot = static_cast<size_t>(spec.processor);
    for (auto& owned : cores_) {
        Core& core = *owned;
        if (!inside(spec.cores, core.logical.x, core.logical.y)) continue;
        if (core.riscs[slot])
            throw RunError("usage",
                           format("usage: kernels %s and %s both run on %s of core (%u,%u)",
                                  core.riscs[slot]->kernel.c_str(), kernel_name.c_str(),
                                  name(static_cast<RiscKind>(spec.processor)), core.logical.x, core.logical.y));
        auto risc = std::make_unique<Risc>();
        risc->kind = static_cast<RiscKind>(spec.processor);
        risc->core = &core;
        risc->kernel = kernel_name;
        risc->noc = spec.noc;
        risc->file = risc->kernel.c_str();
        const auto args = spec.args.find({core.logical.x, core.logical.y});
        if (args != spec.args.end()) risc->args = args->second;
        if (risc->args.size() + spec.common_args.size() > spec_.runtime_args)
            throw RunError("resource", format("resource: kernel %s has %zu runtime arguments on core (%u,%u); %u is "
                                              "the limit, common ones included",
                                              kernel_name.c_str(), risc->args.size() + spec.common_args.size(),
                                              core.logical.x, core.logical.y, spec_.runtime_args));
        if (spec.processor == Processor::Compute) {
            ComputeConfig config;
            config.math_fidelity = static_cast<MathFidelity>(spec.math_fidelity);
            config.fp32_dest_acc_en = spec.fp32_dest_acc_en;
            config.dst_full_sync_en = spec.dst_full_sync_en;
            config.math_approx_mode = spec.math_approx_mode;
            config.bfp8_pack_precise = spec.bfp8_pack_precise;
            for (uint32_t cb : spec.unpack_to_dest_fp32)
                if (cb < kMaxCircularBuffers) config.unpack_to_dest_fp32[cb] = true;
            config.blackhole = spec_.blackhole();
            config.numerics = options_.exact ? Numerics::Exact : Numerics::Fast;
            core.engine = make_compute_engine(core, config);
        } else {
            risc->queues = std::make_unique<NocQueue[]>(2);
        }
        auto fiber = std::make_unique<Fiber>();
        if (fibers_.size() == stacks_.size()) stacks_.push_back(std::make_unique<Stack>());
        fiber->stack = stacks_[fibers_.size()].get();
        fiber->context.sp = fiber->stack->prepare(&Machine::fiber_main);
        fiber->context.stack_bottom = fiber->stack->memory;
        fiber->context.stack_size = fiber->stack->size;
        fiber->risc = risc.get();
        fiber->kernel = kernel;
        fiber->statics = kernel->initial;
        risc->fiber = fiber.get();
        core.riscs[slot] = std::move(risc);
        fibers_.push_back(std::move(fiber));
    }
}

void Machine::build(const Program& program, RunResult& result) {
    for (const KernelSpec& kernel : program.kernels)
        check_cores(spec_, kernel.cores, "kernel " + (kernel.name.empty() ? kernel.source : kernel.name));
    place_circular_buffers(program);
    for (auto& core : cores_)
        std::memset(core->l1 + zeros_offset(), 0, semaphore_base_ + spec_.semaphores * 16 - zeros_offset());
    for (const SemaphoreSpec& semaphore : program.semaphores) {
        check_cores(spec_, semaphore.cores, format("semaphore %u", semaphore.id));
        if (semaphore.id >= spec_.semaphores)
            throw RunError("resource", format("resource: semaphore %u: a core has semaphores 0..%u", semaphore.id,
                                              spec_.semaphores - 1));
        semaphore_count_ = std::max(semaphore_count_, semaphore.id + 1);
        for (auto& core : cores_)
            if (inside(semaphore.cores, core->logical.x, core->logical.y))
                std::memcpy(core->l1 + semaphore_offset(semaphore.id), &semaphore.initial_value, 4);
    }
    std::vector<const KernelSpec*> specs;
    for (const KernelSpec& kernel : program.kernels) specs.push_back(&kernel);
    const auto start = std::chrono::steady_clock::now();
    std::vector<KernelBuffers> buffers(specs.size());
    for (size_t i = 0; i < specs.size(); ++i)
        for (auto core = cores_.rbegin(); core != cores_.rend(); ++core)
            if (inside(specs[i]->cores, (*core)->logical.x, (*core)->logical.y))
                for (const CircularBuffer& cb : (*core)->cbs)
                    if (cb.configured())
                        buffers[i][cb.id] = {static_cast<uint8_t>(cb.format), cb.tile_rows, cb.tile_cols};
    const std::vector<LoadedKernel*> kernels = load_kernels(specs, spec_.arch, buffers);
    result.compile_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    common_args_.reserve(program.kernels.size());
    for (size_t i = 0; i < kernels.size(); ++i) add_kernel(program.kernels[i], kernels[i]);
    size_t kernel_index = 0;
    for (const KernelSpec& spec : program.kernels) {
        for (auto& core : cores_)
            if (inside(spec.cores, core->logical.x, core->logical.y))
                core->riscs[static_cast<size_t>(spec.processor)]->common_args = &common_args_[kernel_index];
        ++kernel_index;
    }
}

RunResult Machine::run(const Program& program) {
    std::lock_guard lock(run_mutex);
    RunResult result;
    clear();
    ++epoch;
    const auto start = std::chrono::steady_clock::now();
    try {
        build(program, result);
        running = this;
        schedule(result);
    } catch (const RunError& error) {
        failed_ = true;
        kind_ = error.kind;
        error_ = error.what();
    }
    running = nullptr;
    current = nullptr;
    if (tracing()) write_trace();
    result.host_seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() - result.compile_seconds;
    result.ok = !failed_;
    result.kind = kind_;
    result.error = error_;
    result.output = output;
    result.dram_read_bytes = dram_read_bytes;
    result.dram_write_bytes = dram_write_bytes;
    result.noc_bytes = noc_bytes;
    for (const auto& core : cores_)
        for (const auto& risc : core->riscs) {
            if (!risc) continue;
            result.riscs.push_back({core->logical.x, core->logical.y, static_cast<Processor>(risc->kind), risc->clock});
            for (Cycles clock : risc->clock) result.cycles = std::max<uint64_t>(result.cycles, clock);
        }
    result.cycles += costs_.launch;
    result.microseconds = static_cast<double>(result.cycles) / spec_.clock_mhz;
    return result;
}

// --- Scheduling -----------------------------------------------------------------------------------------------------

void Machine::make_ready(Fiber& fiber) {
    const Risc& risc = *fiber.risc;
    Cycles at = risc.clock[0];
    if (risc.kind == RiscKind::Compute) at = std::min({risc.clock[0], risc.clock[1], risc.clock[2]});
    ready_.push_back({at, order_++, &fiber});
    std::push_heap(ready_.begin(), ready_.end(), std::greater<>());
}

void Machine::schedule(RunResult&) {
    SignalScope signals;
    for (auto& fiber : fibers_) make_ready(*fiber);
    while (!failed_) {
        if (ready_.empty() && !wake_changed_words()) break;
        std::pop_heap(ready_.begin(), ready_.end(), std::greater<>());
        Fiber* fiber = ready_.back().fiber;
        ready_.pop_back();
        resume(*fiber);
    }
    if (failed_) return;
    if (std::any_of(fibers_.begin(), fibers_.end(), [](const auto& fiber) { return !fiber->finished; })) {
        failed_ = true;
        kind_ = name(FaultKind::Deadlock);
        error_ = deadlock_report();
    }
}

void Machine::resume(Fiber& fiber) {
    LoadedKernel& kernel = *fiber.kernel;
    if (kernel.data_size && kernel.owner != &fiber) {
        // The object's static variables belong to whoever runs: put this processor's in place.
        for (auto& other : fibers_)
            if (other.get() == kernel.owner) std::memcpy(other->statics.data(), kernel.data, kernel.data_size);
        std::memcpy(kernel.data, fiber.statics.data(), kernel.data_size);
        kernel.owner = &fiber;
    }
    active_ = &fiber;
    current = fiber.risc;
    switch_to(main_, fiber.context);
    current = nullptr;
    active_ = nullptr;
}

void Machine::leave(Fiber& fiber, bool dying) { switch_to(fiber.context, main_, dying); }

void Machine::fiber_main() {
    Machine& machine = *running;
    Fiber& fiber = *machine.active_;
    entered(fiber.context, machine.main_);
    std::string thrown;  // raised after the handler: a fiber must not be left inside one
    try {
        fiber.kernel->entry();
    } catch (const std::exception& error) {
        thrown = error.what();
    }
    if (!thrown.empty()) fault(FaultKind::Kernel, "the emulator failed in this kernel: %s", thrown.c_str());
    Risc& risc = *fiber.risc;
    risc.line = 0;
    if (risc.kind != RiscKind::Compute) check_quiet_at_end(risc);
    fiber.finished = true;
    machine.leave(fiber, true);
    __builtin_unreachable();
}

void Machine::let_earlier_run() {
    if (ready_.empty() || ready_.front().at >= current->now()) return;
    Fiber& fiber = *active_;
    make_ready(fiber);
    leave(fiber, false);
}

void Machine::block(const Wait& wait) {
    Fiber& fiber = *active_;
    fiber.wait = wait;
    leave(fiber, false);
    fiber.wait = {};
}

void Machine::wake(Risc& risc) { make_ready(*risc.fiber); }

namespace {
bool holds(const Wait& wait) {
    uint32_t word;
    std::memcpy(&word, reinterpret_cast<const void*>(static_cast<uintptr_t>(wait.address)), 4);
    return wait.at_least ? word >= wait.value : word == wait.value;
}
}  // namespace

void Machine::word_written(uint32_t address, uint32_t size, Cycles at) {
    if (size <= 16) {
        constexpr size_t kMost = 256;
        auto& history = word_times_[address];
        uint32_t value;
        std::memcpy(&value, reinterpret_cast<const void*>(static_cast<uintptr_t>(address)), 4);
        if (!history.empty() && value < history.back().first) history.clear();
        history.emplace_back(value, at);
        if (history.size() > kMost) history.pop_front();
    }
    const int core = memory_.core_of(reinterpret_cast<const void*>(static_cast<uintptr_t>(address)));
    if (core < 0) return;
    for (auto& risc : cores_[core]->riscs) {
        if (!risc) continue;
        Fiber& fiber = *risc->fiber;
        if (fiber.wait.kind != Wait::Word || fiber.wait.address < address || fiber.wait.address >= address + size)
            continue;
        if (!holds(fiber.wait)) continue;
        fiber.wait.kind = Wait::None;
        make_ready(fiber);
    }
}

Cycles Machine::word_time(uint32_t address, uint32_t value, bool at_least) const {
    const auto it = word_times_.find(address);
    if (it == word_times_.end()) return 0;
    // Writers run ahead of each other, so later entries may have earlier times; the count is reached when as many of
    // the increments have arrived, which the earliest sufficient entry approximates.
    for (const auto& [reached, at] : it->second)
        if (at_least ? reached >= value : reached == value) return at;
    return it->second.empty() ? 0 : it->second.back().second;
}

// A kernel may store to a word directly, which nobody sees: look before calling it a deadlock.
bool Machine::wake_changed_words() {
    for (auto& fiber : fibers_)
        if (fiber->wait.kind == Wait::Word && holds(fiber->wait)) {
            fiber->wait.kind = Wait::None;
            make_ready(*fiber);
        }
    return !ready_.empty();
}

std::string Machine::word_name(uint32_t address) const {
    const uint32_t offset = address % kL1SlotBytes;
    if (offset >= semaphore_base_ && offset < semaphore_base_ + spec_.semaphores * 16)
        return format("semaphore %u", (offset - semaphore_base_) / 16);
    return format("the L1 word at offset 0x%x", offset);
}

std::string Machine::deadlock_report() const {
    std::string out;
    uint32_t blocked = 0, listed = 0;
    for (const auto& fiber : fibers_) {
        if (fiber->finished) continue;
        ++blocked;
        if (listed >= 24) continue;
        ++listed;
        const Risc& risc = *fiber->risc;
        out += "\n  " + describe(risc) + ": ";
        const Wait& wait = fiber->wait;
        const CircularBuffer& cb = risc.core->cbs[wait.cb];
        switch (wait.kind) {
            case Wait::Front:
                out += format("waits for %u page%s of %s, %u available", wait.pages, wait.pages == 1 ? "" : "s",
                              describe(cb).c_str(), cb.available());
                break;
            case Wait::Back:
                out += format("waits for room for %u page%s in %s, %u of %u free", wait.pages,
                              wait.pages == 1 ? "" : "s", describe(cb).c_str(), cb.free(), cb.num_pages);
                break;
            case Wait::Word: {
                uint32_t value;
                std::memcpy(&value, reinterpret_cast<const void*>(static_cast<uintptr_t>(wait.address)), 4);
                out += format("waits for %s to be %s%u, it is %u", word_name(wait.address).c_str(),
                              wait.at_least ? "at least " : "", wait.value, value);
                break;
            }
            case Wait::None:
                out += "is not blocked";
                break;
        }
    }
    if (blocked > listed) out += format("\n  and %u more", blocked - listed);
    return format("deadlock: %u of %zu kernels can never go on:", blocked, fibers_.size()) + out;
}

void Machine::fail(FaultKind kind, const std::string& message) {
    Risc& risc = *current;
    failed_ = true;
    kind_ = name(kind);
    error_ = std::string(name(kind)) + ": " + message + "\n  at " + describe(risc);
    Fiber& fiber = *active_;
    fiber.finished = true;
    leave(fiber, true);
    __builtin_unreachable();
}

// --- Trace ----------------------------------------------------------------------------------------------------------

void Machine::trace(Engine engine, Cycles from, std::string what) {
    const Risc& risc = *current;
    if (risc.clock[engine] > from)
        spans_.push_back({index_of(*risc.core), risc.kind, engine, from, risc.clock[engine], std::move(what)});
}

void Machine::write_trace() const {
    std::ofstream out(options_.trace);
    out << "[\n";
    const char* separator = "";
    const auto entry = [&](const std::string& text) {
        out << separator << text;
        separator = ",\n";
    };
    // One process a core, one thread a processor or compute engine.
    const auto thread = [](RiscKind kind, Engine engine) {
        return kind == RiscKind::Compute ? 2 + static_cast<int>(engine) : static_cast<int>(kind);
    };
    static const char* const names[] = {"BRISC", "NCRISC", "unpack", "math", "pack"};
    const auto plain = [](std::string text) {  // names are the user's
        std::replace_if(text.begin(), text.end(), [](char c) { return c == '"' || c == '\\' || c < ' '; }, '_');
        return text;
    };
    for (const auto& core : cores_)
        for (const auto& risc : core->riscs) {
            if (!risc) continue;
            const uint32_t pid = index_of(*core);
            entry(format(R"j({"ph":"M","pid":%u,"name":"process_name","args":{"name":"core (%u,%u)"}})j", pid,
                         core->logical.x, core->logical.y));
            for (uint32_t engine = 0; engine < (risc->kind == RiscKind::Compute ? 3u : 1u); ++engine) {
                const int tid = thread(risc->kind, static_cast<Engine>(engine));
                entry(format(R"j({"ph":"M","pid":%u,"tid":%d,"name":"thread_name","args":{"name":"%s"}})j", pid, tid,
                             names[tid]));
                entry(format(R"j({"ph":"X","pid":%u,"tid":%d,"ts":0,"dur":%llu,"name":"%s"})j", pid, tid,
                             static_cast<unsigned long long>(risc->clock[engine]), plain(risc->kernel).c_str()));
            }
        }
    for (const Span& span : spans_)
        entry(format(R"j({"ph":"X","pid":%u,"tid":%d,"ts":%llu,"dur":%llu,"name":"%s"})j", span.core,
                     thread(span.kind, span.engine), static_cast<unsigned long long>(span.from),
                     static_cast<unsigned long long>(span.to - span.from), plain(span.what).c_str()));
    out << "\n]\n";
    if (!out.flush()) std::fprintf(stderr, "emulator: cannot write the trace %s\n", options_.trace.c_str());
}

// --- Device ---------------------------------------------------------------------------------------------------------

Device::Device(const DeviceOptions& options) : machine_(std::make_unique<Machine>(options)) {}
Device::~Device() = default;

RunResult Device::run(const Program& program) { return machine_->run(program); }

std::pair<uint32_t, uint32_t> Device::grid() const { return {machine_->spec().grid.x, machine_->spec().grid.y}; }

std::pair<uint32_t, uint32_t> Device::noc_coordinates(uint32_t x, uint32_t y) const {
    const tensix::Coord grid = machine_->spec().grid;
    if (x >= grid.x || y >= grid.y)
        throw RunError("usage", format("usage: core (%u,%u) is not in the %ux%u grid", x, y, grid.x, grid.y));
    const tensix::Coord at = machine_->spec().noc_coord({x, y});
    return {at.x, at.y};
}

BufferInfo Device::allocate(uint64_t size, uint32_t page_size, bool dram, const std::string& name) {
    return machine_->memory().allocate(size, page_size, dram, name);
}

void Device::release(uint64_t address, bool dram) { machine_->memory().release(address, dram); }

BufferInfo Device::buffer(uint64_t address, bool dram) const { return machine_->memory().at(address, dram); }

namespace {

template <typename Copy>
void transfer(Memory& memory, uint64_t address, uint64_t size, uint64_t offset, bool dram, Copy copy) {
    const Buffer& buffer = memory.at(address, dram);
    if (offset > buffer.size || size > buffer.size - offset)
        throw RunError("usage", format("usage: %llu bytes at %llu are beyond the %llu bytes of buffer %s",
                                       static_cast<unsigned long long>(size), static_cast<unsigned long long>(offset),
                                       static_cast<unsigned long long>(buffer.size), buffer.name.c_str()));
    for (uint64_t done = 0; done < size;) {
        const uint64_t at = offset + done, page = at / buffer.page_size, inner = at % buffer.page_size;
        const uint64_t bytes = std::min<uint64_t>(buffer.page_size - inner, size - done);
        copy(memory.page(buffer, page) + inner, done, bytes);
        done += bytes;
    }
}

}  // namespace

void Device::write(uint64_t address, const void* data, uint64_t size, uint64_t offset, bool dram) {
    transfer(machine_->memory(), address, size, offset, dram, [&](std::byte* at, uint64_t done, uint64_t bytes) {
        std::memcpy(at, static_cast<const std::byte*>(data) + done, bytes);
    });
}

void Device::read(uint64_t address, void* data, uint64_t size, uint64_t offset, bool dram) const {
    transfer(machine_->memory(), address, size, offset, dram, [&](const std::byte* at, uint64_t done, uint64_t bytes) {
        std::memcpy(static_cast<std::byte*>(data) + done, at, bytes);
    });
}

}  // namespace tt_emulator
