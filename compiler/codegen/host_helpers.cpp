#include "compiler/codegen/host_helpers.h"

namespace tilelang_tt::codegen {
namespace {

constexpr Edit kBlockEdits[] = {
    {"    std::shared_ptr<distributed::MeshBuffer> buffer;\n",
     "    std::shared_ptr<distributed::MeshBuffer> buffer;\n"
     "    int block_bits = 0;  // of an element, where 16 share an exponent\n"},
    {"return uint32_t(1024 * device.bytes);",
     "return uint32_t(block_bits ? 64 + 128 * block_bits : 1024 * device.bytes);"},
    {"std::vector<std::byte> tiled(size_t(tiles()) * page_bytes());\n        for",
     "std::vector<std::byte> tiled(size_t(tiles()) * (block_bits ? 4096 : page_bytes()));\n        for"},
    {"        return tiled;\n", "        return block_bits ? pack_blocks(tiled, block_bits) : tiled;\n"},
    {"    void from_tiles(const std::vector<std::byte>& tiled) {\n",
     "    void from_tiles(const std::vector<std::byte>& pages) {\n"
     "        const std::vector<std::byte> tiled = block_bits ? unpack_blocks(pages, block_bits) : pages;\n"},
};
constexpr Edit kPackedEdits[] = {
    {"    std::shared_ptr<distributed::MeshBuffer> buffer;\n",
     "    std::shared_ptr<distributed::MeshBuffer> buffer;\n"
     "    int packed_bits = 8;     // of a number, where the caller's bytes hold several, the lowest bits first\n"
     "    bool is_signed = false;  // they are in two's complement\n"},
    {"size_t(tensor.elements()) * tensor.host.bytes;",
     "size_t(tensor.elements()) * tensor.host.bytes * size_t(tensor.packed_bits) / 8;"},
    {"    for (size_t i = 0; i < values.size(); ++i) values[i] = tensor.host.load(&bytes[i * tensor.host.bytes]);\n",
     "    for (size_t i = 0; i < values.size(); ++i) {\n"
     "        if (tensor.packed_bits == 8) {\n"
     "            values[i] = tensor.host.load(&bytes[i * tensor.host.bytes]);\n"
     "            continue;\n"
     "        }\n"
     "        const size_t bits = size_t(tensor.packed_bits), bit = i * bits;\n"
     "        const int code = uint8_t(bytes[bit / 8]) >> (bit % 8) & ((1 << bits) - 1);\n"
     "        values[i] = code - (tensor.is_signed && code >> (bits - 1) ? 1 << bits : 0);\n"
     "    }\n"},
};
constexpr Edit kViewEdits[] = {
    {"    std::shared_ptr<distributed::MeshBuffer> buffer;\n",
     "    std::shared_ptr<distributed::MeshBuffer> buffer;\n"
     "    int64_t given;  // elements of the array; what is behind them in `shape` is pad\n"},
    {"int64_t elements() const { return outer * rows * cols; }", "int64_t elements() const { return given; }"},
    {"i < elements(); ++i) {", "i < outer * rows * cols; ++i) {"},
    {"                at += rest % shape[permute[p]] * strides[permute[p]];\n",
     "                at += rest % shape[permute[p]] * strides[permute[p]];\n"
     "            if (at >= given) continue;\n"},
};

// After the others: a tensor's members stand in the order in which HostWriter::storage() names them.
constexpr Edit kRowEdits[] = {
    {"    std::shared_ptr<distributed::MeshBuffer> buffer;\n",
     "    std::shared_ptr<distributed::MeshBuffer> buffer;\n"
     "    bool row_major = false;  // no tiles: a page is a row of `cols` elements, made up to whole words\n"},
    {"return outer * tile_rows()", "return row_major ? outer : outer * tile_rows()"},
    {"    uint32_t page_bytes() const { return ",
     "    uint32_t row_bytes() const { return uint32_t((size_t(cols) * device.bytes + 3) / 4 * 4); }\n"
     "    uint32_t page_bytes() const { return row_major ? row_bytes() : "},
    {"            const int64_t page = (o * tile_rows()",
     "            if (row_major) {\n"
     "                visit(at, o * int64_t(row_bytes() / device.bytes) + c);\n"
     "                continue;\n"
     "            }\n"
     "            const int64_t page = (o * tile_rows()"},
};

}  // namespace

const std::span<const Edit> kWithBlocks = kBlockEdits, kWithPacked = kPackedEdits, kWithRows = kRowEdits,
                            kWithViews = kViewEdits;

const std::string_view kIncludes = R"(#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <tt-metalium/distributed.hpp>
#include <tt-metalium/host_api.hpp>
#include <tt-metalium/tensor_accessor_args.hpp>

using namespace tt;
using namespace tt::tt_metal;

namespace {

// ---- command line ----

struct Options {
    std::filesystem::path folder;  // of inputs and expected results; empty: none
    double tolerance = kTolerance;
    std::map<std::string, std::string> symbols;
};

Options parse(int argc, char** argv) {
    Options options;
    for (int i = 1; i < argc; ++i) {
        const std::string arg = argv[i];
        const size_t equals = arg.find('=');
        if (arg == "--tolerance" && i + 1 < argc) {
            options.tolerance = std::stod(argv[++i]);
        } else if (arg[0] != '-' && equals != std::string::npos) {
            options.symbols[arg.substr(0, equals)] = arg.substr(equals + 1);
        } else if (arg[0] != '-' && options.folder.empty()) {
            options.folder = arg;
        } else {
            throw std::invalid_argument("usage: [FOLDER] [--tolerance X] [NAME=VALUE ...], not " + arg);
        }
    }
    return options;
}
)";

const std::string_view kSymbol = R"(
// A dimension or scalar that is known only when the program runs.
std::string given(const Options& options, const std::string& name) {
    const auto found = options.symbols.find(name);
    if (found == options.symbols.end()) throw std::invalid_argument("give a value: " + name + "=...");
    return found->second;
}
int64_t symbol(const Options& options, const std::string& name) { return std::stoll(given(options, name)); }
)";

const std::string_view kFloatSymbol = R"(
// The bits of a float scalar, as kernels take it.
int64_t float_symbol(const Options& options, const std::string& name) {
    return std::bit_cast<uint32_t>(std::stof(given(options, name)));
}
)";

const std::string_view kFloorDiv = R"(
int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }
int64_t floor_mod(int64_t a, int64_t b) { return a - floor_div(a, b) * b; }
)";

const std::string_view kElementStruct = R"(
// ---- numbers in host memory ----

struct Element {
    size_t bytes;
    double (*load)(const void*);
    void (*store)(void*, double);
};
)";

const std::string_view kTensor = R"(
// ---- tensors ----

// An array of the caller's, and how it lies on the device: dimensions in the order `permute` make [outer, rows, cols];
// rows and columns are cut into 32x32 tiles, each of four 16x16 faces, and what is missing at the edges is `pad`.
struct KernelTensor {
    std::string name;
    Element host;    // of the array
    Element device;  // of the tiles
    std::vector<int64_t> shape;
    std::vector<size_t> permute;
    int64_t outer, rows, cols;
    double pad;
    std::vector<double> values;  // row-major
    std::shared_ptr<distributed::MeshBuffer> buffer;

    int64_t tile_rows() const { return (rows + 31) / 32; }
    int64_t tile_cols() const { return (cols + 31) / 32; }
    int64_t tiles() const { return outer * tile_rows() * tile_cols(); }
    int64_t elements() const { return outer * rows * cols; }
    uint32_t page_bytes() const { return uint32_t(1024 * device.bytes); }
    uint32_t address() const { return uint32_t(buffer->address()); }

    // Calls visit(position in values, position in the tiles) for every element.
    template <class Visit>
    void each_element(Visit visit) const {
        std::vector<int64_t> strides(shape.size(), 1);
        for (size_t d = shape.size(); d-- > 1;) strides[d - 1] = strides[d] * shape[d];
        for (int64_t i = 0; i < elements(); ++i) {
            const int64_t c = i % cols, r = i / cols % rows, o = i / cols / rows;
            int64_t at = 0, rest = i;
            for (size_t p = permute.size(); p-- > 0; rest /= shape[permute[p]])
                at += rest % shape[permute[p]] * strides[permute[p]];
            const int64_t page = (o * tile_rows() + r / 32) * tile_cols() + c / 32;
            const int64_t face = r % 32 / 16 * 2 + c % 32 / 16;
            visit(at, page * 1024 + face * 256 + r % 16 * 16 + c % 16);
        }
    }

    std::vector<std::byte> to_tiles() const {
        std::vector<std::byte> tiled(size_t(tiles()) * page_bytes());
        for (size_t at = 0; at < tiled.size(); at += device.bytes) device.store(&tiled[at], pad);
        each_element([&](int64_t at, int64_t tile) { device.store(&tiled[size_t(tile) * device.bytes], values[at]); });
        return tiled;
    }
    void from_tiles(const std::vector<std::byte>& tiled) {
        each_element([&](int64_t at, int64_t tile) { values[at] = device.load(&tiled[size_t(tile) * device.bytes]); });
    }
};

// A raw row-major array of the tensor's own dtype.
std::vector<double> read_file(const KernelTensor& tensor, const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::vector<char> bytes{std::istreambuf_iterator<char>(in), {}};
    const size_t expected = size_t(tensor.elements()) * tensor.host.bytes;
    if (!in || bytes.size() != expected)
        throw std::runtime_error(path.string() + ": " + std::to_string(expected) + " bytes wanted, " +
                                 std::to_string(bytes.size()) + " found");
    std::vector<double> values(size_t(tensor.elements()));
    for (size_t i = 0; i < values.size(); ++i) values[i] = tensor.host.load(&bytes[i * tensor.host.bytes]);
    return values;
}

// From the folder, or the same pseudo-random numbers in every run.
void fill(KernelTensor& tensor, const Options& options, uint32_t seed) {
    if (!options.folder.empty()) {
        tensor.values = read_file(tensor, options.folder / (tensor.name + ".in.bin"));
        return;
    }
    std::mt19937 random(seed);
    tensor.values.resize(size_t(tensor.elements()));
    std::vector<std::byte> rounded(8);
    for (double& value : tensor.values) {
        tensor.host.store(rounded.data(), double(random()) / 2147483648.0 - 1.0);
        value = tensor.host.load(rounded.data());
    }
}

void upload(KernelTensor& tensor, distributed::MeshDevice& device) {
    const distributed::DeviceLocalBufferConfig local{.page_size = tensor.page_bytes(),
                                                     .buffer_type = BufferType::DRAM};
    const distributed::ReplicatedBufferConfig replicated{.size = uint64_t(tensor.tiles()) * tensor.page_bytes()};
    tensor.buffer = distributed::MeshBuffer::create(replicated, local, &device);
    std::vector<std::byte> tiles = tensor.to_tiles();
    distributed::EnqueueWriteMeshBuffer(device.mesh_command_queue(), tensor.buffer, tiles, true);
}

void download(KernelTensor& tensor, distributed::MeshDevice& device) {
    std::vector<std::byte> tiles(size_t(tensor.tiles()) * tensor.page_bytes());
    distributed::EnqueueReadMeshBuffer(device.mesh_command_queue(), tiles, tensor.buffer, true);
    tensor.from_tiles(tiles);
}

// Prints one line; false if the result differs from what is expected by more than the tolerance.
bool check(const KernelTensor& tensor, const Options& options) {
    if (options.folder.empty()) {
        double sum = 0, magnitude = 0;
        for (double value : tensor.values) sum += value, magnitude += std::abs(value);
        std::printf("%s: sum %.9g, sum of magnitudes %.9g, unchecked\n", tensor.name.c_str(), sum, magnitude);
        return true;
    }
    const std::vector<double> expected = read_file(tensor, options.folder / (tensor.name + ".ref.bin"));
    double error = 0, norm = 0, largest = 0;
    for (size_t i = 0; i < expected.size(); ++i) {
        const double difference = tensor.values[i] == expected[i] ? 0 : tensor.values[i] - expected[i];
        error += difference * difference;
        norm += expected[i] * expected[i];
        largest = std::max(largest, std::abs(difference));
    }
    const double relative = error == 0 ? 0 : std::sqrt(error / norm);
    const bool ok = relative <= options.tolerance;  // false for NaN
    std::printf("%s: relative error %.3g, largest %.3g, tolerance %.3g: %s\n", tensor.name.c_str(), relative, largest,
                options.tolerance, ok ? "ok" : "DIFFERS");
    return ok;
}

// ---- program ----

void circular_buffer(Program& program, const CoreRangeSet& cores, uint8_t id, tt::DataFormat format, uint32_t pages,
                     uint32_t page_bytes) {
    CreateCircularBuffer(program, cores,
                         CircularBufferConfig(pages * page_bytes, {{id, format}}).set_page_size(id, page_bytes));
}

// Where tensors lie, for TensorAccessorArgs in the kernels.
std::vector<uint32_t> accessors(const std::vector<const KernelTensor*>& tensors) {
    std::vector<uint32_t> args;
    for (const KernelTensor* tensor : tensors) TensorAccessorArgs(*tensor->buffer).append_to(args);
    return args;
}

std::string kernel(const char* file) { return (std::filesystem::path(__FILE__).parent_path() / file).string(); }

}  // namespace
)";

// {bytes} sign, exponent, mantissa: 1, 4, 3 without infinities or 1, 5, 2.
const std::string_view kFloat8 = R"(
// 8-bit floats: numbers beyond the largest become NaN where there are no infinities.
template <int kExponentBits, int kMantissaBits, bool kInfinities>
Element float8() {
    constexpr int kBias = (1 << (kExponentBits - 1)) - 1, kOne = 1 << kMantissaBits;
    constexpr int kTop = (1 << kExponentBits) - 1;
    return {1,
            [](const void* at) {
                const uint8_t bits = *static_cast<const uint8_t*>(at);
                const int exponent = bits >> kMantissaBits & kTop, mantissa = bits & (kOne - 1);
                double value = exponent ? std::ldexp(kOne + mantissa, exponent - kBias - kMantissaBits)
                                        : std::ldexp(mantissa, 1 - kBias - kMantissaBits);
                if (kInfinities && exponent == kTop) value = mantissa ? NAN : INFINITY;
                if (!kInfinities && (bits & 127) == 127) value = NAN;
                return bits & 128 ? -value : value;
            },
            [](void* at, double value) {
                const double magnitude = std::abs(value);
                const int largest = kInfinities ? kTop << kMantissaBits : 127;
                int bits = largest + (kInfinities && std::isnan(value));
                if (magnitude == 0) {
                    bits = 0;
                } else if (std::isfinite(value)) {
                    const int exponent = std::max(std::ilogb(magnitude), 1 - kBias);
                    const double rounded = std::nearbyint(std::ldexp(magnitude, kMantissaBits - exponent));
                    // The carry of a mantissa that rounds up to 2 goes into the exponent by itself.
                    bits = int(std::min<double>(rounded + (exponent + kBias - 1) * kOne, largest));
                }
                *static_cast<uint8_t*>(at) = uint8_t(bits | (std::signbit(value) ? 128 : 0));
            }};
}
)";

// Only where a tensor has such tiles.
const std::string_view kBlocks = R"(
// ---- block formats: 16 elements of a face row share an exponent, all exponents of a tile first ----

// Tiles of floats to tiles of `bits` an element: sign and magnitude, rounded to nearest even.
std::vector<std::byte> pack_blocks(const std::vector<std::byte>& floats, int bits) {
    std::vector<std::byte> out;
    for (size_t tile = 0; tile < floats.size(); tile += 4096) {
        std::vector<uint8_t> page(size_t(64 + 128 * bits));
        for (size_t row = 0; row < 64; ++row) {
            uint32_t words[16], shared = 0;
            std::memcpy(words, &floats[tile + row * 64], 64);
            for (uint32_t word : words) shared = std::max(shared, word >> 23 & 255);
            page[row] = uint8_t(shared);
            for (size_t i = 0; i < 16; ++i) {
                const uint32_t exponent = words[i] >> 23 & 255;
                const int shift = 25 - bits;
                const uint32_t mantissa = exponent ? (words[i] & 0x7fffff) | 0x800000 : 0;
                const uint32_t aligned = mantissa >> std::min(shared - exponent, 31u);
                const uint32_t rounded = (aligned + (1u << (shift - 1)) - 1 + (aligned >> shift & 1)) >> shift;
                const uint32_t magnitude = std::min(rounded, (1u << (bits - 1)) - 1);
                const uint32_t code = magnitude ? magnitude | (words[i] >> 31) << (bits - 1) : 0;
                const size_t bit = (row * 16 + i) * size_t(bits);
                page[64 + bit / 8] |= uint8_t(code << (bit % 8));
            }
        }
        for (uint8_t byte : page) out.push_back(std::byte(byte));
    }
    return out;
}

std::vector<std::byte> unpack_blocks(const std::vector<std::byte>& tiles, int bits) {
    const size_t page = size_t(64 + 128 * bits);
    std::vector<std::byte> out(tiles.size() / page * 4096);
    for (size_t i = 0; i < out.size() / 4; ++i) {
        const size_t tile = i / 1024 * page, bit = i % 1024 * size_t(bits);
        const int exponent = std::to_integer<int>(tiles[tile + i % 1024 / 16]);
        const int code = std::to_integer<int>(tiles[tile + 64 + bit / 8]) >> (bit % 8) & ((1 << bits) - 1);
        const int magnitude = code & ((1 << (bits - 1)) - 1);
        const float value = std::ldexp(float(magnitude), exponent - 127 - bits + 2);
        const float with_sign = code >> (bits - 1) ? -value : value;
        std::memcpy(&out[i * 4], &with_sign, 4);
    }
    return out;
}
)";

}  // namespace tilelang_tt::codegen
