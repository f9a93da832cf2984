// A complete TT-Metalium program: C = A * B on a grid of cores, checked against a float product. It uses public names
// only, so it also builds against an installed tt-metal. argv[1]: folder of the gemm_block kernels.
#include <cmath>
#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include <tt-metalium/bfloat16.hpp>
#include <tt-metalium/constants.hpp>
#include <tt-metalium/distributed.hpp>
#include <tt-metalium/host_api.hpp>
#include <tt-metalium/tensor_accessor_args.hpp>
#include <tt-metalium/tilize_utils.hpp>

using namespace tt;
using namespace tt::tt_metal;

namespace {

constexpr uint32_t kTile = constants::TILE_HW * sizeof(bfloat16);
constexpr uint32_t M = 256, K = 128, N = 192;
constexpr uint32_t Mt = M / 32, Kt = K / 32, Nt = N / 32;
constexpr uint32_t bM = 2, bK = 2, bN = 2;

std::shared_ptr<distributed::MeshBuffer> make_buffer(uint32_t tiles, distributed::MeshDevice* device) {
    distributed::DeviceLocalBufferConfig local{.page_size = kTile, .buffer_type = BufferType::DRAM};
    distributed::ReplicatedBufferConfig config{.size = uint64_t{tiles} * kTile};
    return distributed::MeshBuffer::create(config, local, device);
}

void make_cb(Program& program, const CoreRange& cores, uint32_t id, uint32_t tiles) {
    CreateCircularBuffer(program, cores,
                         CircularBufferConfig(tiles * kTile, {{static_cast<uint8_t>(id), tt::DataFormat::Float16_b}})
                             .set_page_size(id, kTile));
}

}  // namespace

int main(int, char** argv) {
    const std::string folder = argv[1];
    auto device = distributed::MeshDevice::create_unit_mesh(0);
    distributed::MeshCommandQueue& queue = device->mesh_command_queue();
    Program program = CreateProgram();
    const CoreRange cores({0, 0}, {2, 1});

    std::mt19937 generator(1);
    std::normal_distribution<float> normal;
    std::vector<bfloat16> a(M * K), b(K * N), c;
    for (auto& v : a) v = bfloat16(normal(generator));
    for (auto& v : b) v = bfloat16(normal(generator));

    auto A = make_buffer(Mt * Kt, device.get()), B = make_buffer(Kt * Nt, device.get()),
         C = make_buffer(Mt * Nt, device.get());
    make_cb(program, cores, CBIndex::c_0, 2 * bM * bK);
    make_cb(program, cores, CBIndex::c_1, 2 * bK * bN);
    make_cb(program, cores, CBIndex::c_16, bM * bN);

    const std::unordered_map<std::string, uint32_t> named{{"bM", bM}, {"bN", bN}, {"bK", bK},      {"sM", 2}, {"sN", 2},
                                                          {"Nt", Nt}, {"Kt", Kt}, {"nK", Kt / bK}, {"tb", 0}};
    std::vector<uint32_t> reader_args, writer_args;
    TensorAccessorArgs(*A).append_to(reader_args);
    TensorAccessorArgs(*B).append_to(reader_args);
    TensorAccessorArgs(*C).append_to(writer_args);
    const KernelHandle reader = CreateKernel(program, folder + "/reader.cpp", cores,
                                             DataMovementConfig{.processor = DataMovementProcessor::RISCV_1,
                                                                .noc = NOC::RISCV_1_default,
                                                                .compile_args = reader_args,
                                                                .named_compile_args = named});
    const KernelHandle writer = CreateKernel(program, folder + "/writer.cpp", cores,
                                             DataMovementConfig{.processor = DataMovementProcessor::RISCV_0,
                                                                .noc = NOC::RISCV_0_default,
                                                                .compile_args = writer_args,
                                                                .named_compile_args = named});
    const KernelHandle compute = CreateKernel(
        program, folder + "/compute_dst.cpp", cores,
        ComputeConfig{.math_fidelity = MathFidelity::HiFi4, .fp32_dest_acc_en = true, .named_compile_args = named});
    SetCommonRuntimeArgs(program, reader, {static_cast<uint32_t>(A->address()), static_cast<uint32_t>(B->address())});
    SetCommonRuntimeArgs(program, writer, {static_cast<uint32_t>(C->address())});
    const uint32_t blocks = Mt / bM * (Nt / bN), n = 6;
    uint32_t first = 0, index = 0;
    for (const CoreCoord& core : cores) {
        const uint32_t count = blocks / n + (index++ < blocks % n);
        SetRuntimeArgs(program, reader, core, {first, count});
        SetRuntimeArgs(program, writer, core, {first, count});
        SetRuntimeArgs(program, compute, core, {count});
        first += count;
    }

    distributed::EnqueueWriteMeshBuffer(queue, A, tilize_nfaces(a, M, K), false);
    distributed::EnqueueWriteMeshBuffer(queue, B, tilize_nfaces(b, K, N), false);
    distributed::MeshWorkload workload;
    workload.add_program(distributed::MeshCoordinateRange(device->shape()), std::move(program));
    distributed::EnqueueMeshWorkload(queue, workload, false);
    distributed::Finish(queue);
    distributed::EnqueueReadMeshBuffer(queue, c, C, true);
    c = untilize_nfaces(c, M, N);

    double difference = 0, size = 0;
    for (uint32_t i = 0; i < M; ++i)
        for (uint32_t j = 0; j < N; ++j) {
            double sum = 0;
            for (uint32_t k = 0; k < K; ++k) sum += double(float(a[i * K + k])) * double(float(b[k * N + j]));
            difference += (float(c[i * N + j]) - sum) * (float(c[i * N + j]) - sum);
            size += sum * sum;
        }
    const double error = std::sqrt(difference / size);
    std::printf("relative error %.3g\n", error);
    device->close();
    return error < 2e-3 ? 0 : 1;
}
