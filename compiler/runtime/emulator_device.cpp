// Runs a plan on the emulated chip, in this process.
#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>
#include <utility>

#include "compiler/runtime/device.h"
#include "compiler/runtime/host_layout.h"
#include "tensix/tile.h"
#include "tt_emulator/emulator.h"

namespace tilelang_tt {

namespace {

// First word of TensorAccessorArgs of an interleaved DRAM tensor (hostdevcommon/tensor_accessor/arg_config.hpp:
// IsDram); its second is the distance of two pages in a bank.
constexpr uint32_t kAccessorInDram = 2;

Diagnostic device_error(const char* code, std::string message) {
    Diagnostic error;
    error.code = code;
    error.message = std::move(message);
    return error;
}

// Frees the run's buffers however it ends.
class Buffers {
  public:
    explicit Buffers(tt_emulator::Device& device) : device_(device) {}
    ~Buffers() {
        for (const tt_emulator::BufferInfo& buffer : all_) device_.release(buffer.address);
    }
    Buffers(const Buffers&) = delete;
    Buffers& operator=(const Buffers&) = delete;

    void add(const PlanTensor& tensor, const TensorExtents& extents) {
        // A tensor without elements still has an address.
        const auto page = static_cast<uint32_t>(std::max<int64_t>(extents.page_bytes, 4));
        const auto pages = static_cast<uint64_t>(std::max<int64_t>(extents.pages, 1));
        all_.push_back(device_.allocate(pages * page, page, true, tensor.name));
    }
    const tt_emulator::BufferInfo& of(TensorId tensor) const { return all_[tensor.v]; }

  private:
    tt_emulator::Device& device_;
    std::vector<tt_emulator::BufferInfo> all_;
};

class EmulatorDevice final : public Device {
  public:
    EmulatorDevice(std::string arch, std::string board, Numerics numerics)
        : arch_(std::move(arch)), board_(std::move(board)), numerics_(numerics) {}

    Result<RunStats> run(const Artifacts& artifacts, const std::vector<HostTensor>& tensors,
                         const IndexEnv& symbols) override {
        const auto start = std::chrono::steady_clock::now();
        try {
            Result<RunStats> result = run_checked(artifacts, tensors, symbols);
            if (result.ok())
                result.value().wall_seconds =
                    std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
            return result;
        } catch (const tt_emulator::RunError& error) {
            return device_error("TT8002", error.what());
        }
    }

    // Opens the chip once for each size of grid.
    tt_emulator::Device& device(int grid_x, int grid_y) {
        std::unique_ptr<tt_emulator::Device>& device = devices_[{grid_x, grid_y}];
        if (!device) {
            tt_emulator::DeviceOptions options;
            options.arch = arch_;
            options.board = board_;
            options.grid_x = static_cast<uint32_t>(grid_x);
            options.grid_y = static_cast<uint32_t>(grid_y);
            options.exact = numerics_ == Numerics::Exact;
            device = std::make_unique<tt_emulator::Device>(options);
        }
        return *device;
    }

  private:
    Result<RunStats> run_checked(const Artifacts& artifacts, const std::vector<HostTensor>& tensors,
                                 const IndexEnv& symbols);

    std::string arch_, board_;
    Numerics numerics_;
    std::map<std::pair<int, int>, std::unique_ptr<tt_emulator::Device>> devices_;
};

std::vector<tt_emulator::Cores> cores_of(const PlanLaunch& launch) {
    std::vector<tt_emulator::Cores> cores;
    for (const CoreRange& range : core_ranges(launch))
        cores.push_back({static_cast<uint32_t>(range.start.x), static_cast<uint32_t>(range.start.y),
                         static_cast<uint32_t>(range.end.x), static_cast<uint32_t>(range.end.y)});
    return cores;
}

uint8_t fidelity_phases(tensix::MathFidelity fidelity) {
    constexpr uint8_t kPhases[] = {0, 2, 3, 4};
    return kPhases[static_cast<size_t>(fidelity)];
}

// Evaluates the plan's expressions for one launch and one set of symbols.
class ProgramBuilder {
  public:
    ProgramBuilder(const Artifacts& artifacts, const PlanLaunch& launch, const Buffers& buffers,
                   const IndexEnv& symbols)
        : artifacts_(artifacts), launch_(launch), buffers_(buffers), symbols_(symbols) {}

    tt_emulator::Program build() {
        tt_emulator::Program program;
        for (const PlanKernel& kernel : launch_.kernels) program.kernels.push_back(kernel_spec(kernel));
        for (size_t c = 0; c < launch_.channels.size(); ++c) {
            const prog::Channel& channel = launch_.channels[c];
            const uint32_t page = tensix::tile_bytes(channel.format);
            tt_emulator::CircularBufferSpec cb;
            cb.cores = cores_of(launch_);
            cb.total_size = page * static_cast<uint32_t>(channel.pages);
            cb.indices.push_back(
                {static_cast<uint32_t>(c), static_cast<uint8_t>(channel.format), page, 32, 32, channel.name});
            program.circular_buffers.push_back(std::move(cb));
        }
        for (const PlanSemaphore& semaphore : launch_.semaphores)
            program.semaphores.push_back({static_cast<uint32_t>(semaphore.id), cores_of(launch_), semaphore.initial});
        return program;
    }
    const std::string& missing() const { return missing_; }

  private:
    uint32_t evaluate(PlanExpr expr, const IndexEnv& env) {
        const auto value = artifacts_.plan.ctx.index.eval(expr, env);
        if (!value) missing_ = "an argument of the plan cannot be calculated: a symbol has no value";
        return static_cast<uint32_t>(value.value_or(0));
    }

    void append(std::vector<uint32_t>& out, const PlanArg& arg, const IndexEnv& env) {
        switch (arg.kind) {
            case PlanArg::Kind::Value:
                out.push_back(evaluate(arg.value, env));
                break;
            case PlanArg::Kind::NocX:
                out.push_back(noc_coord(evaluate(arg.value, env)).x);
                break;
            case PlanArg::Kind::NocY:
                out.push_back(noc_coord(evaluate(arg.value, env)).y);
                break;
            case PlanArg::Kind::Accessor:
                out.insert(out.end(), {kAccessorInDram, buffers_.of(arg.tensor).aligned_page_size});
                break;
            case PlanArg::Kind::Address:
                out.push_back(static_cast<uint32_t>(buffers_.of(arg.tensor).address));
                break;
        }
    }

    tensix::Coord noc_coord(uint32_t core) const {
        const auto columns = static_cast<uint32_t>(launch_.grid_x);
        return tensix::find_device(artifacts_.plan.arch, artifacts_.plan.board)
            .noc_coord({core % columns, core / columns});
    }

    tt_emulator::KernelSpec kernel_spec(const PlanKernel& kernel) {
        tt_emulator::KernelSpec spec;
        spec.source = artifacts_.files.at(kernel.file);
        spec.name = kernel.file;
        spec.cores = cores_of(launch_);
        // As tt-metal's ReaderDataMovementConfig and WriterDataMovementConfig.
        switch (kernel.engine) {
            case prog::Engine::Reader:
                spec.processor = tt_emulator::Processor::Ncrisc;
                spec.noc = 0;
                break;
            case prog::Engine::Writer:
                spec.processor = tt_emulator::Processor::Brisc;
                spec.noc = 1;
                break;
            case prog::Engine::Compute:
                spec.processor = tt_emulator::Processor::Compute;
                spec.math_fidelity = fidelity_phases(launch_.compute.fidelity);
                spec.fp32_dest_acc_en = launch_.compute.fp32_dest_acc_en;
                spec.dst_full_sync_en = launch_.compute.dst_full_sync_en;
                for (size_t c = 0; c < launch_.channels.size(); ++c)
                    if (launch_.channels[c].unpack == prog::UnpackMode::ToDest)
                        spec.unpack_to_dest_fp32.push_back(static_cast<uint32_t>(c));
                break;
        }
        for (const PlanArg& arg : kernel.compile_time) append(spec.compile_time_args, arg, symbols_);
        for (auto& [name, value] : kernel.named)
            spec.named_compile_time_args.emplace_back(name, evaluate(value, symbols_));
        for (const PlanArg& arg : kernel.common_runtime) append(spec.common_args, arg, symbols_);
        for (auto& [name, value] : kernel.defines) spec.defines[name] = value;
        if (!kernel.runtime.empty()) {
            IndexEnv env = symbols_;
            for (int64_t core = 0; core < launch_.cores; ++core) {
                env[launch_.core] = core;
                std::vector<uint32_t>& args = spec.args[{static_cast<uint32_t>(core % launch_.grid_x),
                                                         static_cast<uint32_t>(core / launch_.grid_x)}];
                for (const PlanArg& arg : kernel.runtime) append(args, arg, env);
            }
        }
        return spec;
    }

    const Artifacts& artifacts_;
    const PlanLaunch& launch_;
    const Buffers& buffers_;
    const IndexEnv& symbols_;
    std::string missing_;
};

Result<RunStats> EmulatorDevice::run_checked(const Artifacts& artifacts, const std::vector<HostTensor>& tensors,
                                             const IndexEnv& symbols) {
    const Plan& plan = artifacts.plan;
    tt_emulator::Device& chip = device(plan.grid_x, plan.grid_y);
    Buffers buffers(chip);
    std::vector<TensorExtents> extents;
    // Parameters come in parameter order; workspaces have none.
    std::vector<size_t> order;
    for (size_t t = 0; t < plan.tensors.size(); ++t)
        if (plan.tensors[t].param >= 0) order.push_back(t);
    std::sort(order.begin(), order.end(),
              [&](size_t a, size_t b) { return plan.tensors[a].param < plan.tensors[b].param; });
    if (order.size() != tensors.size())
        return device_error("TT7001", "kernel " + plan.ctx.name + " takes " + std::to_string(order.size()) +
                                          " tensors, " + std::to_string(tensors.size()) + " were given");
    for (const PlanTensor& tensor : plan.tensors) {
        auto shape = evaluate_extents(plan, tensor, symbols);
        if (!shape) return device_error("TT7008", "the shape of " + tensor.name + " has a symbol without a value");
        extents.push_back(std::move(*shape));
        buffers.add(tensor, extents.back());
    }
    for (size_t p = 0; p < order.size(); ++p) {
        const size_t t = order[p];
        if (tensors[p].shape != extents[t].shape)
            return device_error("TT7007", "the shape of " + plan.tensors[t].name + " is not what its symbols say");
        // What a kernel writes only in part keeps the caller's values elsewhere.
        const std::vector<std::byte> pages = to_device_layout(plan.tensors[t], extents[t], tensors[p]);
        if (!pages.empty()) chip.write(buffers.of(TensorId(t)).address, pages.data(), pages.size());
    }

    RunStats stats;
    for (const PlanLaunch& launch : plan.launches) {
        ProgramBuilder builder(artifacts, launch, buffers, symbols);
        const tt_emulator::Program program = builder.build();
        if (!builder.missing().empty()) return device_error("TT7008", builder.missing());
        const tt_emulator::RunResult result = chip.run(program);
        if (!result.ok) {
            Diagnostic error =
                device_error("TT8003", "kernel " + plan.ctx.name + " failed on the emulator: " + result.kind);
            error.notes.push_back(result.error);
            return error;
        }
        stats.cycles += result.cycles;
        stats.seconds += result.microseconds * 1e-6;
    }
    for (size_t p = 0; p < order.size(); ++p) {
        const size_t t = order[p];
        if (!plan.tensors[t].written || extents[t].pages == 0) continue;
        std::vector<std::byte> pages(static_cast<size_t>(extents[t].pages * extents[t].page_bytes));
        chip.read(buffers.of(TensorId(t)).address, pages.data(), pages.size());
        from_device_layout(plan.tensors[t], extents[t], std::move(pages), tensors[p]);
    }
    stats.device = "emulator " + plan.arch + " " + plan.board + " " + std::to_string(plan.grid_x) + "x" +
                   std::to_string(plan.grid_y);
    stats.numerics = numerics_ == Numerics::Exact ? "exact" : "fast";
    return stats;
}

}  // namespace

Result<std::unique_ptr<Device>> emulator_device(const std::string& arch, const std::string& board, Numerics numerics) {
    try {
        tt_emulator::host_compiler();
    } catch (const tt_emulator::RunError& error) {
        return device_error("TT8001", error.what());
    }
    return std::unique_ptr<Device>(std::make_unique<EmulatorDevice>(arch, board, numerics));
}

}  // namespace tilelang_tt
