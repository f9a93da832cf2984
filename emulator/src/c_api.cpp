#include "emulator/include/tt_emulator/c_api.h"

#include <cstring>
#include <string>
#include <tuple>

#include "emulator/include/tt_emulator/emulator.h"

using namespace tt_emulator;

struct tt_emu_device {
    explicit tt_emu_device(const DeviceOptions& options) : device(options) {}
    Device device;
};
struct tt_emu_program {
    Program program;
};
struct tt_emu_result {
    RunResult result;
};

namespace {

thread_local std::string last_error;

// Runs f; an error becomes the return value T{} and tt_emu_error().
template <typename F>
auto guarded(F f) -> decltype(f()) {
    try {
        return f();
    } catch (const std::exception& error) {
        last_error = error.what();
        return {};
    }
}

std::string text(const char* s) { return s ? s : ""; }

}  // namespace

const char* tt_emu_error(void) { return last_error.c_str(); }

tt_emu_device* tt_emu_open(const char* arch, const char* board, uint32_t grid_x, uint32_t grid_y, bool exact) {
    return guarded([&] {
        DeviceOptions options;
        options.arch = text(arch);
        options.board = text(board);
        options.grid_x = grid_x;
        options.grid_y = grid_y;
        options.exact = exact;
        return new tt_emu_device(options);
    });
}
void tt_emu_close(tt_emu_device* device) { delete device; }

bool tt_emu_grid(tt_emu_device* device, uint32_t* x, uint32_t* y) {
    std::tie(*x, *y) = device->device.grid();
    return true;
}
bool tt_emu_noc_coordinates(tt_emu_device* device, uint32_t x, uint32_t y, uint32_t* noc_x, uint32_t* noc_y) {
    return guarded([&] {
        std::tie(*noc_x, *noc_y) = device->device.noc_coordinates(x, y);
        return true;
    });
}
bool tt_emu_allocate(tt_emu_device* device, uint64_t size, uint32_t page_size, bool dram, const char* name,
                     uint64_t* address, uint32_t* aligned_page_size) {
    return guarded([&] {
        const BufferInfo info = device->device.allocate(size, page_size, dram, text(name));
        *address = info.address;
        *aligned_page_size = info.aligned_page_size;
        return true;
    });
}
bool tt_emu_release(tt_emu_device* device, uint64_t address, bool dram) {
    return guarded([&] {
        device->device.release(address, dram);
        return true;
    });
}
bool tt_emu_write(tt_emu_device* device, uint64_t address, const void* data, uint64_t size, bool dram) {
    return guarded([&] {
        device->device.write(address, data, size, 0, dram);
        return true;
    });
}
bool tt_emu_read(tt_emu_device* device, uint64_t address, void* data, uint64_t size, bool dram) {
    return guarded([&] {
        device->device.read(address, data, size, 0, dram);
        return true;
    });
}

tt_emu_program* tt_emu_program_new(void) { return new tt_emu_program; }
void tt_emu_program_free(tt_emu_program* program) { delete program; }

uint32_t tt_emu_add_kernel(tt_emu_program* program, const char* source, bool is_path, const char* name,
                           uint32_t processor, uint32_t noc) {
    KernelSpec kernel;
    kernel.source = text(source);
    kernel.is_path = is_path;
    kernel.name = text(name);
    kernel.processor = static_cast<Processor>(processor);
    kernel.noc = static_cast<uint8_t>(noc);
    program->program.kernels.push_back(std::move(kernel));
    return static_cast<uint32_t>(program->program.kernels.size() - 1);
}
void tt_emu_kernel_cores(tt_emu_program* program, uint32_t kernel, uint32_t x0, uint32_t y0, uint32_t x1, uint32_t y1) {
    program->program.kernels[kernel].cores.push_back({x0, y0, x1, y1});
}
void tt_emu_kernel_compile_args(tt_emu_program* program, uint32_t kernel, const uint32_t* args, size_t n) {
    program->program.kernels[kernel].compile_time_args.assign(args, args + n);
}
void tt_emu_kernel_named_arg(tt_emu_program* program, uint32_t kernel, const char* name, uint32_t value) {
    program->program.kernels[kernel].named_compile_time_args.emplace_back(name, value);
}
void tt_emu_kernel_define(tt_emu_program* program, uint32_t kernel, const char* name, const char* value) {
    program->program.kernels[kernel].defines[name] = text(value);
}
void tt_emu_kernel_args(tt_emu_program* program, uint32_t kernel, uint32_t x, uint32_t y, const uint32_t* args,
                        size_t n) {
    program->program.kernels[kernel].args[{x, y}].assign(args, args + n);
}
void tt_emu_kernel_common_args(tt_emu_program* program, uint32_t kernel, const uint32_t* args, size_t n) {
    program->program.kernels[kernel].common_args.assign(args, args + n);
}
void tt_emu_kernel_compute(tt_emu_program* program, uint32_t kernel, uint32_t math_fidelity, bool fp32_dest,
                           bool full_sync, bool approximate, const uint32_t* unpack_to_dest_fp32, size_t n) {
    KernelSpec& spec = program->program.kernels[kernel];
    spec.math_fidelity = static_cast<uint8_t>(math_fidelity);
    spec.fp32_dest_acc_en = fp32_dest;
    spec.dst_full_sync_en = full_sync;
    spec.math_approx_mode = approximate;
    spec.unpack_to_dest_fp32.assign(unpack_to_dest_fp32, unpack_to_dest_fp32 + n);
}
uint32_t tt_emu_add_cb(tt_emu_program* program, uint32_t total_size, uint32_t address) {
    CircularBufferSpec cb;
    cb.total_size = total_size;
    cb.address = address;
    program->program.circular_buffers.push_back(std::move(cb));
    return static_cast<uint32_t>(program->program.circular_buffers.size() - 1);
}
void tt_emu_cb_cores(tt_emu_program* program, uint32_t cb, uint32_t x0, uint32_t y0, uint32_t x1, uint32_t y1) {
    program->program.circular_buffers[cb].cores.push_back({x0, y0, x1, y1});
}
void tt_emu_cb_index(tt_emu_program* program, uint32_t cb, uint32_t id, uint32_t format, uint32_t page_size,
                     const char* name) {
    program->program.circular_buffers[cb].indices.push_back(
        {id, static_cast<uint8_t>(format), page_size, 32, 32, text(name)});
}
void tt_emu_add_semaphore(tt_emu_program* program, uint32_t id, uint32_t x0, uint32_t y0, uint32_t x1, uint32_t y1,
                          uint32_t initial) {
    program->program.semaphores.push_back({id, {{x0, y0, x1, y1}}, initial});
}

tt_emu_result* tt_emu_run(tt_emu_device* device, tt_emu_program* program) {
    auto* out = new tt_emu_result;
    try {
        out->result = device->device.run(program->program);
    } catch (const std::exception& error) {
        out->result.kind = "error";
        out->result.error = error.what();
    }
    return out;
}
void tt_emu_result_free(tt_emu_result* result) { delete result; }
bool tt_emu_result_ok(tt_emu_result* result) { return result->result.ok; }
const char* tt_emu_result_kind(tt_emu_result* result) { return result->result.kind.c_str(); }
const char* tt_emu_result_error(tt_emu_result* result) { return result->result.error.c_str(); }
const char* tt_emu_result_output(tt_emu_result* result) { return result->result.output.c_str(); }

double tt_emu_result_number(tt_emu_result* result, const char* what) {
    const RunResult& r = result->result;
    const std::string key = text(what);
    if (key == "cycles") return static_cast<double>(r.cycles);
    if (key == "microseconds") return r.microseconds;
    if (key == "host_seconds") return r.host_seconds;
    if (key == "compile_seconds") return r.compile_seconds;
    if (key == "dram_read_bytes") return static_cast<double>(r.dram_read_bytes);
    if (key == "dram_write_bytes") return static_cast<double>(r.dram_write_bytes);
    if (key == "noc_bytes") return static_cast<double>(r.noc_bytes);
    return -1;
}

bool tt_emu_result_risc(tt_emu_result* result, size_t i, uint32_t* x, uint32_t* y, uint32_t* processor,
                        uint64_t clock[3]) {
    if (i >= result->result.riscs.size()) return false;
    const RunResult::RiscTime& time = result->result.riscs[i];
    *x = time.x;
    *y = time.y;
    *processor = static_cast<uint32_t>(time.processor);
    std::memcpy(clock, time.clock.data(), sizeof time.clock);
    return true;
}
