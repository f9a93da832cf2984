// One emulated chip and the run of a program on it.
#pragma once

#include <algorithm>
#include <cstdarg>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "emulator/include/tt_emulator/emulator.h"
#include "emulator/include/tt_emulator/kernel_abi.h"
#include "emulator/src/core.h"
#include "emulator/src/fiber.h"
#include "emulator/src/jit.h"
#include "emulator/src/memory.h"
#include "emulator/src/noc.h"
#include "tensix/device.h"

namespace tt_emulator {

// Costs in cycles, from the device file.
struct NocCosts {
    explicit NocCosts(const tensix::DeviceSpec& spec);
    double link_contended_bandwidth;
    double hop, read_fixed, write_fixed, read_bandwidth, write_bandwidth, dram_core_bandwidth, dram_bank_bandwidth;
    double dram_read_latency, dram_write_latency, dram_request_interval;
    double read_issue, write_issue, read_issue_accessor, write_issue_accessor;
    double multicast_issue, multicast_issue_linked, multicast_bandwidth, multicast_bandwidth_linked, atomic;
    double cb_call, semaphore_poll;
    Cycles launch;
};

// What a blocked processor waits for, for waking it and for the report of a deadlock.
struct Wait {
    enum Kind { None, Front, Back, Word } kind = None;
    uint32_t cb = 0, pages = 0;
    uint32_t address = 0, value = 0;
    bool at_least = false;
};

struct Fiber {
    Context context;
    Stack* stack = nullptr;
    Risc* risc = nullptr;
    LoadedKernel* kernel = nullptr;
    std::vector<std::byte> statics;  // the kernel's writable data while another processor runs it
    Wait wait;
    bool finished = false;
};

// A resource that serves one request at a time. Requests come roughly, not exactly, in the order of their times: one
// that was held up elsewhere arrives late and must not keep those away that are served in the meantime, so up to kSlack
// cycles before it stay open to them.
struct Server {
    static constexpr double kSlack = 1000;
    double free_at = 0;
    // Serves for `busy` cycles from `from` on or when free; returns the start.
    double serve(double from, double busy) {
        const double start = std::max(from, free_at);
        free_at = std::max(free_at, from - kSlack) + busy;
        return start;
    }
};

struct Ports {
    Server in[2], out[2];  // of a core, by NoC
};

class Machine {
  public:
    explicit Machine(const DeviceOptions& options);
    ~Machine();

    RunResult run(const Program& program);

    const tensix::DeviceSpec& spec() const { return spec_; }
    const NocCosts& costs() const { return costs_; }
    Memory& memory() { return memory_; }
    Core& core(uint32_t index) { return *cores_[index]; }
    uint32_t index_of(const Core& core) const { return core.logical.y * spec_.grid.x + core.logical.x; }
    Core& core_at(uint32_t x, uint32_t y) { return *cores_[y * spec_.grid.x + x]; }
    // The worker at NoC coordinates, or null.
    Core* worker(uint32_t noc_x, uint32_t noc_y);
    // The DRAM bank at NoC coordinates, or -1.
    int dram_bank(uint32_t noc_x, uint32_t noc_y) const;
    tensix::Coord physical(const Core& core) const;

    // --- Scheduling; to be called by the running fiber. ---
    // Gives the processors that are behind in time their turn.
    void let_earlier_run();
    // Blocks until woken. The caller tests its condition again.
    void block(const Wait& wait);
    void wake(Risc& risc);
    // A word of L1 was written: whoever waits for it may go on from `at`.
    void word_written(uint32_t address, uint32_t size, Cycles at);
    // When the word came to satisfy a wait that holds now: `value`, or at least that.
    Cycles word_time(uint32_t address, uint32_t value, bool at_least) const;

    // --- Trace ---
    // Notes that the running processor spent [from, its clock now) on `what`; nothing if it took no time.
    bool tracing() const { return !options_.trace.empty(); }
    void trace(Engine engine, Cycles from, std::string what);

    // --- Faults ---
    [[noreturn]] void fail(FaultKind kind, const std::string& message);

    uint32_t semaphore_offset(uint32_t id) const { return semaphore_base_ + id * 16; }
    // Of the bytes below the semaphores that are zero at the start of every launch (MEM_ZEROS_BASE).
    uint32_t zeros_offset() const { return (semaphore_base_ - TT_EMU_ZEROS_SIZE) / 64 * 64; }
    std::string word_name(uint32_t address) const;

    std::vector<Ports> ports;  // by core
    std::vector<Server> banks;
    std::vector<Server> links[2];  // by NoC: out of each router (y * columns + x) along x, then along y
    uint64_t epoch = 0;            // launches so far
    uint64_t dram_read_bytes = 0, dram_write_bytes = 0, noc_bytes = 0;
    std::string output;
    uint64_t progress = 0;  // calls that moved something; the watchdog looks at it

    static Machine* running;  // during run()
    static Risc* current;     // while a fiber runs

  private:
    friend struct SignalScope;
    struct Ready {
        Cycles at;
        uint64_t order;
        Fiber* fiber;
        bool operator>(const Ready& other) const { return at != other.at ? at > other.at : order > other.order; }
    };

    void build(const Program& program, RunResult& result);
    void place_circular_buffers(const Program& program);
    void add_kernel(const KernelSpec& spec, LoadedKernel* kernel);
    void schedule(RunResult& result);
    void make_ready(Fiber& fiber);
    void resume(Fiber& fiber);
    void leave(Fiber& fiber, bool dying);
    bool wake_changed_words();
    std::string deadlock_report() const;
    void clear();
    void write_trace() const;
    static void fiber_main();

    tensix::DeviceSpec spec_;
    DeviceOptions options_;
    NocCosts costs_;
    Memory memory_;
    std::vector<std::unique_ptr<Core>> cores_;
    std::unordered_map<uint32_t, uint32_t> worker_by_noc_, bank_by_noc_;
    uint32_t semaphore_base_ = 0;
    uint32_t semaphore_count_ = 0;

    std::vector<std::unique_ptr<Stack>> stacks_;
    std::vector<std::unique_ptr<Fiber>> fibers_;
    std::vector<std::vector<uint32_t>> common_args_;
    std::vector<Ready> ready_;  // a heap
    uint64_t order_ = 0;
    Fiber* active_ = nullptr;
    Context main_;
    bool failed_ = false;
    std::string kind_, error_;
    // By address: values of a word since it last fell, with their times.
    std::unordered_map<uint32_t, std::deque<std::pair<uint32_t, Cycles>>> word_times_;
    struct Span {
        uint32_t core;
        RiscKind kind;
        Engine engine;
        Cycles from, to;
        std::string what;
    };
    std::vector<Span> spans_;
};

std::string format(const char* text, ...) __attribute__((format(printf, 1, 2)));
const char* name(FaultKind kind);
const char* name(RiscKind kind);
// "core (1,2) NCRISC, kernel reader.cpp, line 12"
std::string describe(const Risc& risc);

}  // namespace tt_emulator
