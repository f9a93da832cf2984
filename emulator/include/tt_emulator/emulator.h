// The emulator's own host interface: open a chip, allocate buffers, describe a program, run it, read what came out.
// TT-Metalium's host API (tt-metalium/) and the C interface (c_api.h) are thin layers over it.
//
// Errors: every function throws RunError with one message that says what, where, limit and value. run() does not throw
// for what happens inside kernels or in building the program: it returns the report in RunResult.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#define TT_EMULATOR_EXPORT __attribute__((visibility("default")))

namespace tt_emulator {

class TT_EMULATOR_EXPORT RunError : public std::runtime_error {
  public:
    RunError(std::string error_kind, const std::string& message)
        : std::runtime_error(message), kind(std::move(error_kind)) {}
    std::string kind;  // as in RunResult::kind
};

struct DeviceOptions {
    std::string arch;                 // "wormhole_b0", "blackhole"; empty: the board's
    std::string board;                // "n150", "n300", "p100", "p150"; empty: the architecture's default
    uint32_t grid_x = 0, grid_y = 0;  // worker cores; 0: the board's grid. Never larger than the chip's.
    bool exact = true;                // numerics: as the chip, or fast (SIMD, bounded against exact)
    // A file that each run overwrites with what every processor waited for, when and how long, in Chrome's trace format
    // (chrome://tracing, Perfetto; 1 us there is one cycle). Empty: $TILELANG_TT_EMULATOR_TRACE, if set.
    std::string trace;
};

// Worker cores by logical coordinates, corners included.
struct Cores {
    uint32_t x0 = 0, y0 = 0, x1 = 0, y1 = 0;
};

enum class Processor : uint8_t { Brisc = 0, Ncrisc = 1, Compute = 2 };

struct KernelSpec {
    std::string source;  // C++ text, or the path of a file if is_path
    bool is_path = false;
    std::string name;  // for messages; empty: the path
    Processor processor = Processor::Brisc;
    uint8_t noc = 0;  // default NoC of a data-movement kernel
    std::vector<Cores> cores;
    std::vector<uint32_t> compile_time_args;
    std::vector<std::pair<std::string, uint32_t>> named_compile_time_args;
    std::map<std::string, std::string> defines;
    std::vector<uint32_t> common_args;
    std::map<std::pair<uint32_t, uint32_t>, std::vector<uint32_t>> args;  // by logical (x, y); absent: none

    // Compute kernels.
    uint8_t math_fidelity = 4;  // 0 LoFi, 2 HiFi2, 3 HiFi3, 4 HiFi4
    bool fp32_dest_acc_en = false;
    bool dst_full_sync_en = false;
    bool math_approx_mode = false;
    bool bfp8_pack_precise = false;
    std::vector<uint32_t> unpack_to_dest_fp32;  // CB ids in mode UnpackToDestFp32
};

struct CircularBufferSpec {
    struct Index {
        uint32_t id = 0;
        uint8_t format = 0;      // tensix::DataFormat
        uint32_t page_size = 0;  // bytes
        uint32_t tile_rows = 32, tile_cols = 32;
        std::string name;  // the user's, for messages
    };
    std::vector<Cores> cores;
    uint32_t total_size = 0;     // bytes
    std::vector<Index> indices;  // several share the bytes
    uint32_t address = 0;        // L1 offset on every core, e.g. of an L1 buffer; 0: the program allocates
};

struct SemaphoreSpec {
    uint32_t id = 0;
    std::vector<Cores> cores;
    uint32_t initial_value = 0;
};

struct Program {
    std::vector<KernelSpec> kernels;
    std::vector<CircularBufferSpec> circular_buffers;
    std::vector<SemaphoreSpec> semaphores;
};

struct RunResult {
    bool ok = false;
    std::string kind;            // e.g. "deadlock"; empty if ok
    std::string error;           // one report; empty if ok
    std::string output;          // what DEVICE_PRINT printed
    uint64_t cycles = 0;         // modelled, launch included: max over the cores
    double microseconds = 0;     // the same at the chip's clock
    double host_seconds = 0;     // emulating
    double compile_seconds = 0;  // compiling and loading kernels
    struct RiscTime {
        uint32_t x, y;  // logical core
        Processor processor;
        std::array<uint64_t, 3> clock;  // compute: unpack, math, pack; else the first
    };
    std::vector<RiscTime> riscs;
    uint64_t dram_read_bytes = 0, dram_write_bytes = 0, noc_bytes = 0;
};

// An interleaved buffer: page p lies in bank p % banks.
struct BufferInfo {
    uint64_t address = 0;            // the same in every bank
    uint64_t size = 0;               // bytes, pages without their padding
    uint32_t page_size = 0;          // bytes
    uint32_t aligned_page_size = 0;  // distance of two pages in a bank
    uint64_t pages = 0;
    bool dram = true;
    std::string name;
};

// Path of the C++ compiler that kernels are built with: $CXX, else c++, g++ or clang++. Throws RunError if there is
// none.
TT_EMULATOR_EXPORT std::string host_compiler();

class Machine;

class TT_EMULATOR_EXPORT Device {
  public:
    explicit Device(const DeviceOptions& options = {});
    ~Device();
    Device(const Device&) = delete;
    Device& operator=(const Device&) = delete;

    const DeviceOptions& options() const;
    std::pair<uint32_t, uint32_t> grid() const;
    // NoC coordinates of a logical worker core, as kernels take them.
    std::pair<uint32_t, uint32_t> noc_coordinates(uint32_t x, uint32_t y) const;

    // Allocates and fills with a pattern that reads as NaN. size is a multiple of page_size.
    BufferInfo allocate(uint64_t size, uint32_t page_size, bool dram = true, const std::string& name = {});
    void release(uint64_t address, bool dram = true);
    // offset and size in bytes of the buffer's pages one after the other.
    void write(uint64_t address, const void* data, uint64_t size, uint64_t offset = 0, bool dram = true);
    void read(uint64_t address, void* data, uint64_t size, uint64_t offset = 0, bool dram = true) const;
    BufferInfo buffer(uint64_t address, bool dram = true) const;

    RunResult run(const Program& program);

    Machine& machine() { return *machine_; }

  private:
    std::unique_ptr<Machine> machine_;
};

}  // namespace tt_emulator
