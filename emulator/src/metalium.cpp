// TT-Metalium's host API, over the emulator's own.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include "tt-metalium/distributed.hpp"
#include "tt-metalium/host_api.hpp"
#include "tt-metalium/tensor_accessor_args.hpp"
#include "tt-metalium/work_split.hpp"
#include "tt_emulator/emulator.h"

#include "emulator/src/machine.h"

namespace tt::tt_metal {

struct Program::Contents {
    tt_emulator::Program program;
};

Program::Program() : contents_(std::make_unique<Contents>()) {}
Program::~Program() = default;
Program::Program(Program&&) noexcept = default;
Program& Program::operator=(Program&&) noexcept = default;

namespace {

std::vector<CoreRange> ranges_of(const CoreSpec& spec) {
    if (const auto* core = std::get_if<CoreCoord>(&spec)) return {CoreRange(*core)};
    if (const auto* range = std::get_if<CoreRange>(&spec)) return {*range};
    return std::get<CoreRangeSet>(spec).ranges();
}

std::vector<tt_emulator::Cores> cores_of(const std::vector<CoreRange>& ranges) {
    std::vector<tt_emulator::Cores> out;
    for (const CoreRange& r : ranges)
        out.push_back({static_cast<uint32_t>(r.start_coord.x), static_cast<uint32_t>(r.start_coord.y),
                       static_cast<uint32_t>(r.end_coord.x), static_cast<uint32_t>(r.end_coord.y)});
    return out;
}

// Named arguments come unordered; sorted, the same kernel is compiled once.
std::vector<std::pair<std::string, uint32_t>> sorted(const std::unordered_map<std::string, uint32_t>& named) {
    std::vector<std::pair<std::string, uint32_t>> out(named.begin(), named.end());
    std::sort(out.begin(), out.end());
    return out;
}

KernelHandle add_kernel(Program& program, tt_emulator::KernelSpec spec, const CoreSpec& core_spec,
                        const std::variant<DataMovementConfig, ComputeConfig>& config) {
    spec.cores = cores_of(ranges_of(core_spec));
    if (const auto* movement = std::get_if<DataMovementConfig>(&config)) {
        spec.processor = movement->processor == DataMovementProcessor::RISCV_0 ? tt_emulator::Processor::Brisc
                                                                               : tt_emulator::Processor::Ncrisc;
        spec.noc = movement->noc;
        spec.compile_time_args = movement->compile_args;
        spec.named_compile_time_args = sorted(movement->named_compile_args);
        spec.defines = movement->defines;
    } else {
        const auto& compute = std::get<ComputeConfig>(config);
        spec.processor = tt_emulator::Processor::Compute;
        spec.compile_time_args = compute.compile_args;
        spec.named_compile_time_args = sorted(compute.named_compile_args);
        spec.defines = compute.defines;
        spec.math_fidelity = static_cast<uint8_t>(compute.math_fidelity);
        spec.fp32_dest_acc_en = compute.fp32_dest_acc_en;
        spec.dst_full_sync_en = compute.dst_full_sync_en;
        spec.math_approx_mode = compute.math_approx_mode;
        spec.bfp8_pack_precise = compute.bfp8_pack_precise;
        for (size_t i = 0; i < compute.unpack_to_dest_mode.size(); ++i)
            if (compute.unpack_to_dest_mode[i] == UnpackToDestMode::UnpackToDestFp32)
                spec.unpack_to_dest_fp32.push_back(static_cast<uint32_t>(i));
    }
    auto& kernels = program.contents().program.kernels;
    kernels.push_back(std::move(spec));
    return static_cast<KernelHandle>(kernels.size() - 1);
}

tt_emulator::KernelSpec& kernel_at(const Program& program, KernelHandle kernel) {
    auto& kernels = program.contents().program.kernels;
    if (kernel >= kernels.size())
        throw std::invalid_argument("no kernel " + std::to_string(kernel) + " in the program");
    return kernels[kernel];
}

}  // namespace

KernelHandle CreateKernel(Program& program, const std::string& file_name, const CoreSpec& core_spec,
                          const std::variant<DataMovementConfig, ComputeConfig>& config) {
    namespace fs = std::filesystem;
    tt_emulator::KernelSpec spec;
    spec.source = file_name;
    spec.is_path = true;
    spec.name = fs::path(file_name).filename().string();
    if (!fs::exists(file_name) && fs::path(file_name).is_relative())
        for (const char* variable : {"TT_METAL_KERNEL_PATH", "TT_METAL_HOME"})
            if (const char* base = std::getenv(variable); base && fs::exists(fs::path(base) / file_name)) {
                spec.source = (fs::path(base) / file_name).string();
                break;
            }
    return add_kernel(program, std::move(spec), core_spec, config);
}

KernelHandle CreateKernelFromString(Program& program, const std::string& kernel_src_code, const CoreSpec& core_spec,
                                    const std::variant<DataMovementConfig, ComputeConfig>& config) {
    tt_emulator::KernelSpec spec;
    spec.source = kernel_src_code;
    spec.name = "kernel " + std::to_string(program.contents().program.kernels.size());
    return add_kernel(program, std::move(spec), core_spec, config);
}

CBHandle CreateCircularBuffer(Program& program, const CoreSpec& core_spec, const CircularBufferConfig& config) {
    tt_emulator::CircularBufferSpec spec;
    spec.cores = cores_of(ranges_of(core_spec));
    spec.total_size = config.total_size();
    spec.address = config.globally_allocated_address().value_or(0);
    for (const auto& [id, format] : config.formats()) {
        tt_emulator::CircularBufferSpec::Index index;
        index.id = id;
        index.format = static_cast<uint8_t>(format);
        const auto page = config.page_sizes().find(id);
        if (page == config.page_sizes().end())
            throw std::invalid_argument("CreateCircularBuffer: CB " + std::to_string(id) + " has no page size");
        index.page_size = page->second;
        spec.indices.push_back(std::move(index));
    }
    auto& buffers = program.contents().program.circular_buffers;
    buffers.push_back(std::move(spec));
    return buffers.size() - 1;
}

uint32_t CreateSemaphore(Program& program, const std::variant<CoreRange, CoreRangeSet>& core_spec,
                         uint32_t initial_value) {
    const std::vector<CoreRange> ranges = std::holds_alternative<CoreRange>(core_spec)
                                              ? std::vector<CoreRange>{std::get<CoreRange>(core_spec)}
                                              : std::get<CoreRangeSet>(core_spec).ranges();
    auto& semaphores = program.contents().program.semaphores;
    // The lowest id that is free on all of these cores.
    const auto overlaps = [&](const tt_emulator::SemaphoreSpec& other) {
        for (const tt_emulator::Cores& a : other.cores)
            for (const tt_emulator::Cores& b : cores_of(ranges))
                if (a.x0 <= b.x1 && b.x0 <= a.x1 && a.y0 <= b.y1 && b.y0 <= a.y1) return true;
        return false;
    };
    uint32_t id = 0;
    while (std::any_of(semaphores.begin(), semaphores.end(),
                       [&](const auto& other) { return other.id == id && overlaps(other); }))
        ++id;
    semaphores.push_back({id, cores_of(ranges), initial_value});
    return id;
}

void SetRuntimeArgs(const Program& program, KernelHandle kernel, const CoreSpec& core_spec,
                    const std::vector<uint32_t>& runtime_args) {
    for (const CoreRange& range : ranges_of(core_spec))
        for (const CoreCoord& core : range)
            kernel_at(program, kernel).args[{static_cast<uint32_t>(core.x), static_cast<uint32_t>(core.y)}] =
                runtime_args;
}

void SetRuntimeArgs(const Program& program, KernelHandle kernel, const CoreSpec& core_spec,
                    std::initializer_list<uint32_t> runtime_args) {
    SetRuntimeArgs(program, kernel, core_spec, std::vector<uint32_t>(runtime_args));
}

void SetRuntimeArgs(const Program& program, KernelHandle kernel, const std::vector<CoreCoord>& core_spec,
                    const std::vector<std::vector<uint32_t>>& runtime_args) {
    if (core_spec.size() != runtime_args.size())
        throw std::invalid_argument("SetRuntimeArgs: " + std::to_string(core_spec.size()) + " cores but " +
                                    std::to_string(runtime_args.size()) + " lists of arguments");
    for (size_t i = 0; i < core_spec.size(); ++i)
        SetRuntimeArgs(program, kernel, CoreSpec(core_spec[i]), runtime_args[i]);
}

void SetCommonRuntimeArgs(const Program& program, KernelHandle kernel, const std::vector<uint32_t>& runtime_args) {
    kernel_at(program, kernel).common_args = runtime_args;
}

CoreRangeSet num_cores_to_corerangeset(uint32_t count, CoreCoord grid, bool row_wise) {
    if (count > grid.x * grid.y)
        throw std::invalid_argument(std::to_string(count) + " cores asked of a grid of " + grid.str());
    std::vector<CoreRange> out;
    const size_t along = row_wise ? grid.x : grid.y;
    const size_t full = count / along, rest = count % along;
    if (full)
        out.emplace_back(CoreCoord(0, 0), row_wise ? CoreCoord(along - 1, full - 1) : CoreCoord(full - 1, along - 1));
    if (rest)
        out.emplace_back(row_wise ? CoreCoord(0, full) : CoreCoord(full, 0),
                         row_wise ? CoreCoord(rest - 1, full) : CoreCoord(full, rest - 1));
    return CoreRangeSet(std::move(out));
}

std::tuple<uint32_t, CoreRangeSet, CoreRangeSet, CoreRangeSet, uint32_t, uint32_t> split_work_to_cores(CoreCoord grid,
                                                                                                       uint32_t units,
                                                                                                       bool row_wise) {
    const auto most = static_cast<uint32_t>(grid.x * grid.y);
    const uint32_t cores = std::min(units, most);
    const CoreRangeSet all = num_cores_to_corerangeset(cores, grid, row_wise);
    if (cores == 0) return {0, all, {}, {}, 0, 0};
    const uint32_t each = units / cores, longer = units % cores;
    if (longer == 0) return {cores, all, all, {}, each, 0};
    std::vector<CoreRange> first, second;
    uint32_t seen = 0;
    const size_t along = row_wise ? grid.x : grid.y;
    for (uint32_t i = 0; i < cores; ++i, ++seen) {
        const CoreCoord core = row_wise ? CoreCoord(i % along, i / along) : CoreCoord(i / along, i % along);
        (seen < longer ? first : second).emplace_back(core);
    }
    return {cores, all, CoreRangeSet(std::move(first)), CoreRangeSet(std::move(second)), each + 1, each};
}

namespace distributed {

namespace {

tt_emulator::DeviceOptions options_from_environment() {
    tt_emulator::DeviceOptions options;
    const auto get = [](const char* name) {
        const char* value = std::getenv(name);
        return std::string(value ? value : "");
    };
    options.board = get("TILELANG_TT_EMULATOR_BOARD");
    if (options.board.empty()) options.arch = get("ARCH_NAME");
    if (const std::string grid = get("TILELANG_TT_EMULATOR_GRID"); !grid.empty())
        if (std::sscanf(grid.c_str(), "%ux%u", &options.grid_x, &options.grid_y) != 2)
            throw std::invalid_argument("TILELANG_TT_EMULATOR_GRID is \"" + grid + "\"; expected e.g. 8x8");
    if (const std::string numerics = get("TILELANG_TT_EMULATOR_NUMERICS"); !numerics.empty()) {
        if (numerics != "exact" && numerics != "fast")
            throw std::invalid_argument("TILELANG_TT_EMULATOR_NUMERICS is \"" + numerics + "\"; exact or fast");
        options.exact = numerics == "exact";
    }
    return options;
}

}  // namespace

MeshDevice::MeshDevice()
    : device_(std::make_unique<tt_emulator::Device>(options_from_environment())),
      queue_(std::make_unique<MeshCommandQueue>(*this)) {}
MeshDevice::~MeshDevice() = default;

std::shared_ptr<MeshDevice> MeshDevice::create_unit_mesh(int device_id) {
    if (device_id != 0)
        throw std::invalid_argument("create_unit_mesh: there is no device " + std::to_string(device_id) +
                                    "; the emulator has device 0");
    return std::shared_ptr<MeshDevice>(new MeshDevice());
}

MeshCommandQueue& MeshDevice::mesh_command_queue(std::optional<uint8_t>) const { return *queue_; }
tt_emulator::Device& MeshDevice::emulated() const {
    if (!device_) throw std::logic_error("the device was closed");
    return *device_;
}
tt::ARCH MeshDevice::arch() const {
    return emulated().machine().spec().blackhole() ? tt::ARCH::BLACKHOLE : tt::ARCH::WORMHOLE_B0;
}
CoreCoord MeshDevice::compute_with_storage_grid_size() const {
    const auto [x, y] = emulated().grid();
    return {x, y};
}
CoreCoord MeshDevice::worker_core_from_logical_core(const CoreCoord& logical) const {
    const auto [x, y] = emulated().noc_coordinates(static_cast<uint32_t>(logical.x), static_cast<uint32_t>(logical.y));
    return {x, y};
}
std::vector<CoreCoord> MeshDevice::worker_cores_from_logical_cores(const std::vector<CoreCoord>& logical) const {
    std::vector<CoreCoord> out;
    for (const CoreCoord& core : logical) out.push_back(worker_core_from_logical_core(core));
    return out;
}
int MeshDevice::num_dram_channels() const { return static_cast<int>(emulated().machine().spec().dram_banks); }
uint32_t MeshDevice::l1_size_per_core() const { return emulated().machine().spec().l1_bytes; }
bool MeshDevice::close() {
    device_.reset();
    return true;
}

MeshBuffer::MeshBuffer(std::shared_ptr<MeshDevice> device, const Buffer& buffer)
    : device_(std::move(device)), buffer_(buffer) {}

MeshBuffer::~MeshBuffer() {
    try {
        device_->emulated().release(buffer_.address(), buffer_.is_dram());
    } catch (const std::exception&) {  // the device was closed first
    }
}

std::shared_ptr<MeshBuffer> MeshBuffer::create(const MeshBufferConfig& config, const DeviceLocalBufferConfig& local,
                                               MeshDevice* device, std::optional<DeviceAddr> address) {
    if (address) throw std::invalid_argument("MeshBuffer::create: buffers at a given address are not supported");
    if (local.buffer_type != BufferType::DRAM && local.buffer_type != BufferType::L1)
        throw std::invalid_argument("MeshBuffer::create: buffers are in DRAM or L1");
    const DeviceAddr size = std::get<ReplicatedBufferConfig>(config).size;
    const tt_emulator::BufferInfo info = device->emulated().allocate(size, static_cast<uint32_t>(local.page_size),
                                                                     local.buffer_type == BufferType::DRAM);
    return std::shared_ptr<MeshBuffer>(
        new MeshBuffer(device->shared_from_this(),
                       Buffer(info.address, info.size, info.page_size, info.aligned_page_size, local.buffer_type)));
}

void MeshCommandQueue::enqueue_write_mesh_buffer(const std::shared_ptr<MeshBuffer>& buffer, const void* host_data,
                                                 bool) {
    device_.emulated().write(buffer->address(), host_data, buffer->size(), 0,
                             buffer->get_reference_buffer()->is_dram());
}

void MeshCommandQueue::enqueue_read_mesh_buffer(void* host_data, const std::shared_ptr<MeshBuffer>& buffer, bool) {
    device_.emulated().read(buffer->address(), host_data, buffer->size(), 0, buffer->get_reference_buffer()->is_dram());
}

void MeshCommandQueue::enqueue_mesh_workload(MeshWorkload& workload, bool) {
    for (auto& [range, program] : workload.programs()) {
        const tt_emulator::RunResult result = device_.emulated().run(program.contents().program);
        std::fputs(result.output.c_str(), stdout);
        if (!result.ok) throw std::runtime_error(result.error);
        if (std::getenv("TILELANG_TT_EMULATOR_REPORT"))
            std::fprintf(stderr, "emulator: %llu cycles (%.1f us) modelled, %.3f s of host time\n",
                         static_cast<unsigned long long>(result.cycles), result.microseconds, result.host_seconds);
    }
}

}  // namespace distributed
}  // namespace tt::tt_metal
