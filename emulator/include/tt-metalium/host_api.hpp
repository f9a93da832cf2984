// TT-Metalium's host API on the emulator: programs, kernels, circular buffers, semaphores, runtime arguments.
// The part that current programs use; removed names (CreateDevice, EnqueueProgram, EnqueueWriteBuffer) are absent.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <variant>
#include <vector>

#include <tt-metalium/buffer.hpp>
#include <tt-metalium/circular_buffer_config.hpp>
#include <tt-metalium/core_coord.hpp>
#include <tt-metalium/device.hpp>
#include <tt-metalium/kernel_types.hpp>
#include <tt-metalium/program.hpp>

namespace tt::tt_metal {

using CoreSpec = std::variant<CoreCoord, CoreRange, CoreRangeSet>;

inline Program CreateProgram() { return Program(); }

// A relative path is looked up from the working directory, then from $TT_METAL_KERNEL_PATH and $TT_METAL_HOME.
TT_EMULATOR_HOST KernelHandle CreateKernel(Program& program, const std::string& file_name, const CoreSpec& core_spec,
                                           const std::variant<DataMovementConfig, ComputeConfig>& config);
TT_EMULATOR_HOST KernelHandle CreateKernelFromString(Program& program, const std::string& kernel_src_code,
                                                     const CoreSpec& core_spec,
                                                     const std::variant<DataMovementConfig, ComputeConfig>& config);
TT_EMULATOR_HOST CBHandle CreateCircularBuffer(Program& program, const CoreSpec& core_spec,
                                               const CircularBufferConfig& config);
TT_EMULATOR_HOST uint32_t CreateSemaphore(Program& program, const std::variant<CoreRange, CoreRangeSet>& core_spec,
                                          uint32_t initial_value);
TT_EMULATOR_HOST void SetRuntimeArgs(const Program& program, KernelHandle kernel, const CoreSpec& core_spec,
                                     const std::vector<uint32_t>& runtime_args);
TT_EMULATOR_HOST void SetRuntimeArgs(const Program& program, KernelHandle kernel, const CoreSpec& core_spec,
                                     std::initializer_list<uint32_t> runtime_args);
TT_EMULATOR_HOST void SetRuntimeArgs(const Program& program, KernelHandle kernel,
                                     const std::vector<CoreCoord>& core_spec,
                                     const std::vector<std::vector<uint32_t>>& runtime_args);
TT_EMULATOR_HOST void SetCommonRuntimeArgs(const Program& program, KernelHandle kernel,
                                           const std::vector<uint32_t>& runtime_args);

}  // namespace tt::tt_metal
