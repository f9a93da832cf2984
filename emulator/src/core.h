// The parts of an emulated Tensix core that the runtime and the compute engine share: circular buffers, the RISC-V
// processors with their clocks, and the report that ends a run. Units: bytes, pages, core clock cycles.
//
// One host thread runs all processors as fibers (scheduler.h), so nothing here needs a lock. A compute kernel is ONE
// fiber with three clocks (docs/decisions/compute-as-one-fiber.md): unpack, math and pack advance apart, and what would
// race on the chip is found by checks instead (waited, reserved, initialised).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tensix/formats.h"

namespace tt_emulator {

using tensix::DataFormat;
using Cycles = uint64_t;

inline constexpr uint32_t kMaxCircularBuffers = 64;

// NoC or logical coordinates of a core; which of the two is said where one is declared.
struct CoreCoord {
    uint32_t x = 0, y = 0;
    bool operator==(const CoreCoord&) const = default;
};

struct Risc;
struct Core;
class ComputeEngine;  // engine/engine.h

// A ring of pages in L1. Positions count pages since the launch and never wrap; the ring slot is position % num_pages.
// popped <= popped + waited <= pushed <= pushed + reserved <= popped + num_pages.
struct CircularBuffer {
    uint32_t id = 0;
    uint32_t base = 0;       // host-usable L1 address of slot 0 (below 4 GB); 0: not configured on this core
    uint32_t page_size = 0;  // bytes
    uint32_t num_pages = 0;
    DataFormat format = DataFormat::Invalid;
    uint32_t tile_rows = 32, tile_cols = 32;  // shape of the tile a page holds
    std::string name;                         // the user's buffer name, may be empty

    uint64_t pushed = 0, popped = 0;   // pages since the launch
    uint32_t reserved = 0;             // pages beyond `pushed` granted to the producer by reserve_back
    uint32_t waited = 0;               // pages beyond `popped` granted to the consumer by wait_front
    uint32_t packed = 0;               // pages packed in sequence since the last push_back; the engine counts them
    std::vector<Cycles> pushed_at;     // per slot: when its page became readable
    std::vector<Cycles> popped_at;     // per slot: when it became writable again
    const Risc* producer = nullptr;    // who reserved first: a second one would race on the chip
    const Risc* consumer = nullptr;    // who waited first
    Risc* waiting_consumer = nullptr;  // blocked in wait_front, woken by push_back
    Risc* waiting_producer = nullptr;  // blocked in reserve_back, woken by pop_front

    bool configured() const { return base != 0; }
    uint32_t available() const { return static_cast<uint32_t>(pushed - popped); }  // pages a consumer may wait for
    uint32_t free() const { return num_pages - available(); }                      // pages a producer may reserve
    uint32_t write_slot() const { return static_cast<uint32_t>(pushed % num_pages); }
    uint32_t read_slot() const { return static_cast<uint32_t>(popped % num_pages); }
    uint32_t write_ptr() const { return base + write_slot() * page_size; }
    uint32_t read_ptr() const { return base + read_slot() * page_size; }
};

enum class RiscKind : uint8_t { Brisc, Ncrisc, Compute };
// Clocks of a Risc: a data-movement RISC uses the first only.
enum Engine : uint32_t { kUnpack = 0, kMath = 1, kPack = 2, kRiscClock = 0 };

struct Fiber;     // scheduler.h
struct NocQueue;  // noc.h

// One processor with the kernel that it runs in the present launch. BRISC and NCRISC move data; Compute stands for the
// three TRISCs.
struct Risc {
    RiscKind kind = RiscKind::Brisc;
    Core* core = nullptr;
    std::array<Cycles, 3> clock{};  // see Engine
    std::string kernel;             // kernel file or the name given for source text
    uint8_t noc = 0;                // the NoC that a data-movement kernel uses by default

    // Where the running call stands in the kernel's source; API entry points set it before they do anything else.
    const char* file = "";
    uint32_t line = 0;

    std::vector<uint32_t> args;                          // get_arg_val
    const std::vector<uint32_t>* common_args = nullptr;  // get_common_arg_val
    Fiber* fiber = nullptr;
    std::unique_ptr<NocQueue[]> queues;  // by NoC; null for compute

    Risc();
    ~Risc();
    void at(const char* source_file, uint32_t source_line) {
        file = source_file;
        line = source_line;
    }
    Cycles now() const { return clock[kRiscClock]; }
};

enum class MathFidelity : uint8_t { LoFi = 0, HiFi2 = 2, HiFi3 = 3, HiFi4 = 4 };
enum class Numerics : uint8_t {
    Exact,  // fidelity phases, accumulation order and truncation as on the chip
    Fast,   // SIMD; bounded against Exact in the tests
};

// What tt-metal's ComputeConfig says, per compute kernel, and how the emulator is to calculate.
struct ComputeConfig {
    MathFidelity math_fidelity = MathFidelity::HiFi4;
    bool fp32_dest_acc_en = false;  // DST holds 32-bit elements, half as many tiles
    bool dst_full_sync_en = false;  // the whole DST between acquire and release
    bool math_approx_mode = false;
    bool bfp8_pack_precise = false;
    std::array<bool, kMaxCircularBuffers> unpack_to_dest_fp32{};  // per CB: UnpackToDestMode::UnpackToDestFp32
    bool blackhole = false;                                       // architecture, where the two differ
    Numerics numerics = Numerics::Exact;
};

// One Tensix core. L1 addresses are host addresses: offset 0 of its L1 lies at l1, which is 2 MB-aligned below 4 GB.
struct Core {
    CoreCoord logical, noc;
    std::byte* l1 = nullptr;
    uint32_t l1_size = 0;  // bytes
    std::array<CircularBuffer, kMaxCircularBuffers> cbs;
    std::array<std::unique_ptr<Risc>, 3> riscs;  // by RiscKind; null where no kernel runs
    std::unique_ptr<ComputeEngine> engine;       // null where no compute kernel runs

    Core();
    ~Core();
};

// The processor whose fiber is running. Only valid inside kernel calls.
Risc& current_risc();
// True while a kernel is running, i.e. current_risc() may be called.
bool in_kernel();

enum class FaultKind {
    Deadlock,
    OutOfBounds,  // an address or page outside its buffer, L1 or DRAM
    Alignment,
    Race,            // missing barrier or flush, two writers, two producers
    CircularBuffer,  // overflow, missing wait or reserve, page index beyond the ring
    State,           // missing or wrong init, format, DST use
    Unsupported,
    Kernel,    // ASSERT, signal, endless loop
    Resource,  // L1, CB, semaphore or argument limits
    Compile,
    Usage,  // wrong call from the host
};

// Ends the run with one report: "<kind>: <message>" followed by core, processor, kernel and source line where they are
// known. Inside a kernel it leaves the fiber for good (no destructor runs); outside it throws RunError.
[[noreturn]] void fault(FaultKind kind, const char* format, ...) __attribute__((format(printf, 2, 3)));

// "CB 3 (A_shared)" or "CB 3", for messages.
std::string describe(const CircularBuffer& cb);

// Address of page `index` from the read pointer. Faults unless the page was waited for and lies before the ring's end
// (an index does not wrap on the chip). `what` names the calling operation, e.g. "copy_tile".
const std::byte* front_page(Core& core, uint32_t cb, uint32_t index, const char* what);
// Address of page `index` from the write pointer. Faults unless it was reserved and lies before the ring's end.
std::byte* back_page(Core& core, uint32_t cb, uint32_t index, const char* what);

// Makes the engine (engine/engine.cpp).
std::unique_ptr<ComputeEngine> make_compute_engine(Core& core, const ComputeConfig& config);

}  // namespace tt_emulator
