// The emulator in C, for Python's ctypes and other languages. A program is described by calls on a handle and run on a
// device; results are read from the result handle. Functions that can fail return 0 or null, and tt_emu_error() then
// says why (valid until the thread's next call). Strings are UTF-8.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tt_emu_device tt_emu_device;
typedef struct tt_emu_program tt_emu_program;
typedef struct tt_emu_result tt_emu_result;

#define TT_EMU_C_API __attribute__((visibility("default")))

TT_EMU_C_API const char* tt_emu_error(void);

// arch, board: may be null or empty. grid_x, grid_y: 0 for the board's.
TT_EMU_C_API tt_emu_device* tt_emu_open(const char* arch, const char* board, uint32_t grid_x, uint32_t grid_y,
                                        bool exact);
TT_EMU_C_API void tt_emu_close(tt_emu_device* device);
TT_EMU_C_API bool tt_emu_grid(tt_emu_device* device, uint32_t* x, uint32_t* y);
TT_EMU_C_API bool tt_emu_noc_coordinates(tt_emu_device* device, uint32_t x, uint32_t y, uint32_t* noc_x,
                                         uint32_t* noc_y);
// Bytes of one element page in a bank and the address, which is the same in every bank.
TT_EMU_C_API bool tt_emu_allocate(tt_emu_device* device, uint64_t size, uint32_t page_size, bool dram, const char* name,
                                  uint64_t* address, uint32_t* aligned_page_size);
TT_EMU_C_API bool tt_emu_release(tt_emu_device* device, uint64_t address, bool dram);
TT_EMU_C_API bool tt_emu_write(tt_emu_device* device, uint64_t address, const void* data, uint64_t size, bool dram);
TT_EMU_C_API bool tt_emu_read(tt_emu_device* device, uint64_t address, void* data, uint64_t size, bool dram);

TT_EMU_C_API tt_emu_program* tt_emu_program_new(void);
TT_EMU_C_API void tt_emu_program_free(tt_emu_program* program);
// processor: 0 BRISC, 1 NCRISC, 2 compute. Returns the kernel's index.
TT_EMU_C_API uint32_t tt_emu_add_kernel(tt_emu_program* program, const char* source, bool is_path, const char* name,
                                        uint32_t processor, uint32_t noc);
// Cores (x0, y0)-(x1, y1) inclusive; may be called several times.
TT_EMU_C_API void tt_emu_kernel_cores(tt_emu_program* program, uint32_t kernel, uint32_t x0, uint32_t y0, uint32_t x1,
                                      uint32_t y1);
TT_EMU_C_API void tt_emu_kernel_compile_args(tt_emu_program* program, uint32_t kernel, const uint32_t* args, size_t n);
TT_EMU_C_API void tt_emu_kernel_named_arg(tt_emu_program* program, uint32_t kernel, const char* name, uint32_t value);
TT_EMU_C_API void tt_emu_kernel_define(tt_emu_program* program, uint32_t kernel, const char* name, const char* value);
TT_EMU_C_API void tt_emu_kernel_args(tt_emu_program* program, uint32_t kernel, uint32_t x, uint32_t y,
                                     const uint32_t* args, size_t n);
TT_EMU_C_API void tt_emu_kernel_common_args(tt_emu_program* program, uint32_t kernel, const uint32_t* args, size_t n);
// math_fidelity: 0 LoFi, 2, 3, 4. unpack_to_dest_fp32: CB ids.
TT_EMU_C_API void tt_emu_kernel_compute(tt_emu_program* program, uint32_t kernel, uint32_t math_fidelity,
                                        bool fp32_dest, bool full_sync, bool approximate,
                                        const uint32_t* unpack_to_dest_fp32, size_t n);
// Returns the circular buffer's index in the program; indices (formats) are added to it. address 0: allocate.
TT_EMU_C_API uint32_t tt_emu_add_cb(tt_emu_program* program, uint32_t total_size, uint32_t address);
TT_EMU_C_API void tt_emu_cb_cores(tt_emu_program* program, uint32_t cb, uint32_t x0, uint32_t y0, uint32_t x1,
                                  uint32_t y1);
// format: tt-metal's DataFormat number.
TT_EMU_C_API void tt_emu_cb_index(tt_emu_program* program, uint32_t cb, uint32_t id, uint32_t format,
                                  uint32_t page_size, const char* name);
TT_EMU_C_API void tt_emu_add_semaphore(tt_emu_program* program, uint32_t id, uint32_t x0, uint32_t y0, uint32_t x1,
                                       uint32_t y1, uint32_t initial);

// Never null; free with tt_emu_result_free.
TT_EMU_C_API tt_emu_result* tt_emu_run(tt_emu_device* device, tt_emu_program* program);
TT_EMU_C_API void tt_emu_result_free(tt_emu_result* result);
TT_EMU_C_API bool tt_emu_result_ok(tt_emu_result* result);
TT_EMU_C_API const char* tt_emu_result_kind(tt_emu_result* result);
TT_EMU_C_API const char* tt_emu_result_error(tt_emu_result* result);
TT_EMU_C_API const char* tt_emu_result_output(tt_emu_result* result);
// what: "cycles", "microseconds", "host_seconds", "compile_seconds", "dram_read_bytes", "dram_write_bytes",
// "noc_bytes".
TT_EMU_C_API double tt_emu_result_number(tt_emu_result* result, const char* what);
// Clocks of processor i: unpack, math, pack for compute, else the first. False beyond the last.
TT_EMU_C_API bool tt_emu_result_risc(tt_emu_result* result, size_t i, uint32_t* x, uint32_t* y, uint32_t* processor,
                                     uint64_t clock[3]);

#ifdef __cplusplus
}
#endif
