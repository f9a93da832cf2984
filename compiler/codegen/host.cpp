// host.cpp: what a person would write around the kernels with TT-Metalium's C++ API. Fixed helpers, then a main() that
// reads like the plan: tensors, one section a launch, results.
#include "compiler/codegen/host.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdio>
#include <map>
#include <set>
#include <span>
#include <vector>

#include "compiler/codegen/cpp_index.h"
#include "compiler/codegen/json.h"

namespace tilelang_tt::codegen {

namespace {

// Loads and stores of the dtypes whose C++ type does it all.
std::string plain(std::string_view type) {
    return "[](const void* at) { return double(*static_cast<const " + std::string(type) + "*>(at)); }";
}

struct ElementRow {
    DType dtype;
    tensix::DataFormat format;  // Invalid: no tile has it
    std::string_view type;      // C++; empty: needs code
};
constexpr ElementRow kElements[] = {
    {DType::F32, tensix::DataFormat::Float32, "float"},    {DType::BF16, tensix::DataFormat::Float16_b, ""},
    {DType::F16, tensix::DataFormat::Float16, ""},         {DType::I32, tensix::DataFormat::Int32, "int32_t"},
    {DType::U32, tensix::DataFormat::UInt32, "uint32_t"},  {DType::U16, tensix::DataFormat::UInt16, "uint16_t"},
    {DType::U8, tensix::DataFormat::UInt8, "uint8_t"},     {DType::I8, tensix::DataFormat::Int8, "int8_t"},
    {DType::Bool, tensix::DataFormat::Invalid, "uint8_t"}, {DType::I16, tensix::DataFormat::Invalid, "int16_t"},
    {DType::I64, tensix::DataFormat::Invalid, "int64_t"},  {DType::F64, tensix::DataFormat::Invalid, "double"},
    {DType::FP8E4M3, tensix::DataFormat::Invalid, ""},     {DType::FP8E5M2, tensix::DataFormat::Invalid, ""},
};

const ElementRow* element(DType dtype) {
    for (const ElementRow& row : kElements)
        if (row.dtype == dtype) return &row;
    return nullptr;
}
// Block formats are made of floats, tile by tile.
const ElementRow* element(tensix::DataFormat format) {
    if (tensix::is_block_format(format)) format = tensix::DataFormat::Float32;
    for (const ElementRow& row : kElements)
        if (row.format == format) return &row;
    return nullptr;
}

constexpr std::string_view kBfloat16 = R"(
const Element kBfloat16{
    2,
    [](const void* at) {
        return double(std::bit_cast<float>(uint32_t(*static_cast<const uint16_t*>(at)) << 16));
    },
    [](void* at, double value) {
        const uint32_t bits = std::bit_cast<uint32_t>(float(value));
        const uint32_t rounded = std::isnan(value) ? bits | 0x400000 : bits + 0x7fff + (bits >> 16 & 1);
        *static_cast<uint16_t*>(at) = uint16_t(rounded >> 16);
    }};
)";

constexpr std::string_view kFloat16 = R"(
const Element kFloat16{
    2,
    [](const void* at) {
        const uint16_t bits = *static_cast<const uint16_t*>(at);
        const int exponent = bits >> 10 & 31, mantissa = bits & 1023;
        const double magnitude = exponent == 31 ? (mantissa ? NAN : INFINITY)
                                 : exponent     ? std::ldexp(1024 + mantissa, exponent - 25)
                                                : std::ldexp(mantissa, -24);
        return bits & 0x8000 ? -magnitude : magnitude;
    },
    [](void* at, double value) {
        const uint16_t sign = std::signbit(value) ? 0x8000 : 0;
        const double magnitude = std::abs(value);
        uint16_t bits = 0;
        if (std::isnan(value)) {
            bits = 0x7e00;
        } else if (magnitude >= 65520) {
            bits = 0x7c00;
        } else if (magnitude > 0) {
            const int exponent = std::max(std::ilogb(magnitude), -14);
            // The carry of a mantissa that rounds up to 2 goes into the exponent by itself.
            bits = uint16_t(std::nearbyint(std::ldexp(magnitude, 10 - exponent)) + (exponent + 14) * 1024);
        }
        *static_cast<uint16_t*>(at) = sign | bits;
    }};
)";

// {bytes} sign, exponent, mantissa: 1, 4, 3 without infinities or 1, 5, 2.
constexpr std::string_view kFloat8 = R"(
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

// Tiles whose elements share exponents, and bytes that hold several numbers: only where a tensor has them.
constexpr std::string_view kBlocks = R"(
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

// What tensors of block formats or packed numbers add to KernelTensor: text and what it becomes.
constexpr std::pair<std::string_view, std::string_view> kWithBlocks[] = {
    {"    std::shared_ptr<distributed::MeshBuffer> buffer;\n",
     "    std::shared_ptr<distributed::MeshBuffer> buffer;\n"
     "    int block_bits = 0;  // of an element, where 16 share an exponent\n"},
    {"return uint32_t(1024 * device.bytes);",
     "return uint32_t(block_bits ? 64 + 128 * block_bits : 1024 * device.bytes);"},
    {"std::vector<std::byte> tiled(size_t(tiles()) * page_bytes());\n        for",
     "std::vector<std::byte> tiled(size_t(tiles()) * 1024 * device.bytes);\n        for"},
    {"        return tiled;\n", "        return block_bits ? pack_blocks(tiled, block_bits) : tiled;\n"},
    {"    void from_tiles(const std::vector<std::byte>& tiled) {\n",
     "    void from_tiles(const std::vector<std::byte>& pages) {\n"
     "        const std::vector<std::byte> tiled = block_bits ? unpack_blocks(pages, block_bits) : pages;\n"},
};
constexpr std::pair<std::string_view, std::string_view> kWithPacked[] = {
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

std::string element_name(const ElementRow& row) {
    std::string name(to_string(row.dtype));
    name[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(name[0])));
    return "k" + name;
}

std::string element_code(const ElementRow& row) {
    if (row.dtype == DType::BF16) return std::string(kBfloat16.substr(1));
    if (row.dtype == DType::F16) return std::string(kFloat16.substr(1));
    if (row.dtype == DType::FP8E4M3) return "const Element " + element_name(row) + " = float8<4, 3, false>();\n";
    if (row.dtype == DType::FP8E5M2) return "const Element " + element_name(row) + " = float8<5, 2, true>();\n";
    const std::string type(row.type);
    return "const Element " + element_name(row) + "{" + std::to_string(size_bytes(row.dtype)) + ", " + plain(row.type) +
           ",\n    [](void* at, double value) { *static_cast<" + type + "*>(at) = " + type + "(value); }};\n";
}

constexpr std::string_view kIncludes = R"(#include <algorithm>
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

constexpr std::string_view kSymbol = R"(
// A dimension or scalar that is known only when the program runs.
std::string given(const Options& options, const std::string& name) {
    const auto found = options.symbols.find(name);
    if (found == options.symbols.end()) throw std::invalid_argument("give a value: " + name + "=...");
    return found->second;
}
int64_t symbol(const Options& options, const std::string& name) { return std::stoll(given(options, name)); }
)";

constexpr std::string_view kFloatSymbol = R"(
// The bits of a float scalar, as kernels take it.
int64_t float_symbol(const Options& options, const std::string& name) {
    return std::bit_cast<uint32_t>(std::stof(given(options, name)));
}
)";

constexpr std::string_view kFloorDiv = R"(
int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }
int64_t floor_mod(int64_t a, int64_t b) { return a - floor_div(a, b) * b; }
)";

constexpr std::string_view kElementStruct = R"(
// ---- numbers in host memory ----

struct Element {
    size_t bytes;
    double (*load)(const void*);
    void (*store)(void*, double);
};
)";

constexpr std::string_view kTensor = R"(
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

constexpr size_t kColumns = 120;

class HostWriter {
  public:
    explicit HostWriter(const Plan& plan) : plan_(plan), index_(plan.ctx.index) {}
    Result<std::string> write();

  private:
    void line(const std::string& text) {
        const std::string pad(static_cast<size_t>(4 * depth_), ' ');
        std::string rest = text.empty() ? "" : pad + text;
        while (rest.size() > kColumns) {
            size_t cut = std::max(rest.rfind(", ", kColumns - 1) + 1, rest.rfind(" + ", kColumns - 2) + 2);
            if (cut <= pad.size() + 8 || cut >= rest.size()) break;
            out_ += rest.substr(0, cut) + "\n";
            rest = pad + "    " + rest.substr(cut + 1);
        }
        out_ += rest + "\n";
    }
    // Expressions in int64_t.
    std::string text(IndexId id, int precedence = CppIndex::kSelect);
    std::string joined(const std::vector<IndexId>& ids);
    std::string argument(const PlanArg& arg);
    std::string name(TensorId tensor) const { return names_.at(tensor.v); }
    static bool is_blocks(const PlanTensor& tensor) { return tensix::is_block_format(tensor.layout.format); }
    static bool is_packed(const PlanTensor& tensor) { return tensor.packed_bits != 8; }
    std::string storage(const PlanTensor& tensor) const;
    void tensors();
    void launch(const PlanLaunch& launch);
    void kernel(const PlanLaunch& launch, const PlanKernel& kernel);
    void core_arguments(const PlanLaunch& launch);

    const Plan& plan_;
    const IndexArena& index_;
    std::string out_;
    int depth_ = 1;
    bool uses_floor_div_ = false;
    std::vector<std::string> names_;
};

std::string HostWriter::text(IndexId id, int precedence) {
    const IndexNode& node = index_.node(id);
    const auto wrapped = [&](std::string inner, int own) { return own < precedence ? "(" + inner + ")" : inner; };
    const auto infix = [&](const char* sign, int own) {
        return wrapped(text(node.a, own) + sign + text(node.b, own + 1), own);
    };
    const auto call = [&](const char* function) {
        return std::string(function) + "(" + text(node.a) + ", " + text(node.b) + ")";
    };
    switch (node.op) {
        case IndexOp::Const:
            return std::to_string(node.value);
        case IndexOp::Var:
            return index_.var(node.var).name;
        case IndexOp::Add:
            return infix(" + ", CppIndex::kSum);
        case IndexOp::Mul:
            return infix(" * ", CppIndex::kProduct);
        case IndexOp::FloorDiv:
        case IndexOp::FloorMod: {
            const bool div = node.op == IndexOp::FloorDiv;
            const Interval a = index_.bounds(node.a), b = index_.bounds(node.b);
            if (a.lo && *a.lo >= 0 && b.lo && *b.lo > 0) return infix(div ? " / " : " % ", CppIndex::kProduct);
            uses_floor_div_ = true;
            return call(div ? "floor_div" : "floor_mod");
        }
        case IndexOp::Min:
            return call("std::min<int64_t>");
        case IndexOp::Max:
            return call("std::max<int64_t>");
        case IndexOp::Lt:
            return infix(" < ", CppIndex::kLess);
        case IndexOp::Le:
            return infix(" <= ", CppIndex::kLess);
        case IndexOp::Eq:
            return infix(" == ", CppIndex::kEqual);
        case IndexOp::Ne:
            return infix(" != ", CppIndex::kEqual);
        case IndexOp::And:
            return wrapped(text(node.a, CppIndex::kEqual) + " && " + text(node.b, CppIndex::kEqual), CppIndex::kAnd);
        case IndexOp::Or:
            return wrapped(text(node.a, CppIndex::kEqual) + " || " + text(node.b, CppIndex::kEqual), CppIndex::kOr);
        case IndexOp::Not:
            return "!" + text(node.a, CppIndex::kUnary);
        case IndexOp::Select:
            return wrapped(
                text(node.a, CppIndex::kOr) + " ? " + text(node.b, CppIndex::kOr) + " : " + text(node.c, CppIndex::kOr),
                CppIndex::kSelect);
    }
    return {};
}

std::string HostWriter::joined(const std::vector<IndexId>& ids) {
    std::string out;
    for (IndexId id : ids) out += (out.empty() ? "" : ", ") + text(id);
    return out;
}

// As a C++ literal.
std::string pad_text(double value) {
    if (std::isnan(value)) return "NAN";
    if (std::isinf(value)) return value > 0 ? "INFINITY" : "-INFINITY";
    char text[32];
    std::snprintf(text, sizeof text, "%.17g", value);
    return text;
}

// The members that only some programs' KernelTensor has.
std::string HostWriter::storage(const PlanTensor& tensor) const {
    const auto uses = [&](auto has) { return std::any_of(plan_.tensors.begin(), plan_.tensors.end(), has); };
    const auto format = tensor.layout.format;
    const int64_t bits = tensix::is_block_format(format) ? tensix::element_bits(format) : 0;
    std::string out;
    if (uses(is_packed))
        out += ", " + std::to_string(tensor.packed_bits) + (tensor.packed_signed ? ", true" : ", false");
    if (uses(is_blocks)) out += ", " + std::to_string(bits);
    return out;
}

void HostWriter::tensors() {
    for (size_t t = 0; t < plan_.tensors.size(); ++t) {
        const PlanTensor& tensor = plan_.tensors[t];
        std::string permute;
        for (int64_t dim : tensor.permutation) permute += (permute.empty() ? "" : ", ") + std::to_string(dim);
        const ElementRow* device = element(tensor.layout.format);
        const ElementRow* host = element(tensor.dtype);
        line("KernelTensor " + names_[t] + "{" + json_string(tensor.name) + ", " + element_name(*host) + ", " +
             element_name(*device) + ", {" + joined(tensor.shape) + "}, {" + permute + "}, " + text(tensor.outer) +
             ", " + text(tensor.rows) + ", " + text(tensor.cols) + ", " + pad_text(tensor.pad_value) + ", {}, {}" +
             storage(tensor) + "};");
    }
}

std::string HostWriter::argument(const PlanArg& arg) {
    if (arg.kind == PlanArg::Kind::Address) return name(arg.tensor) + ".address()";
    if (arg.kind == PlanArg::Kind::NocX) return "uint32_t(noc(" + text(arg.value) + ").x)";
    if (arg.kind == PlanArg::Kind::NocY) return "uint32_t(noc(" + text(arg.value) + ").y)";
    return "uint32_t(" + text(arg.value) + ")";
}

void HostWriter::kernel(const PlanLaunch& launch, const PlanKernel& kernel) {
    std::string accessors, named;
    for (const PlanArg& arg : kernel.compile_time)
        accessors += (accessors.empty() ? "" : ", ") + ("&" + name(arg.tensor));
    for (auto& [key, value] : kernel.named)
        named += (named.empty() ? "{" : ", {") + json_string(key) + ", " + text(value) + "}";
    std::string engine = kernel.engine == prog::Engine::Reader    ? "reader"
                         : kernel.engine == prog::Engine::Compute ? "compute"
                                                                  : "writer";
    const bool has_arguments = !kernel.common_runtime.empty() || !kernel.runtime.empty();
    const std::string head = (has_arguments ? "const KernelHandle " + engine + " = " : "") + "CreateKernel(";
    const std::string pad(head.size(), ' ');
    const std::string file = "program, kernel(" + json_string(kernel.file) + "), cores,";
    const std::string compile_args = accessors.empty() ? "{}" : "accessors({" + accessors + "})";
    if (kernel.engine != prog::Engine::Compute) {
        line(head);
        line("    " + file);
        line(std::string("    ") +
             (kernel.engine == prog::Engine::Reader ? "ReaderDataMovementConfig(" : "WriterDataMovementConfig(") +
             compile_args + ", {}, {" + named + "}));");
    } else {
        std::vector<size_t> to_dest;
        for (size_t c = 0; c < launch.channels.size(); ++c)
            if (launch.channels[c].unpack == prog::UnpackMode::ToDest) to_dest.push_back(c);
        if (!to_dest.empty()) {
            line("// These reach DST in full fp32, past the 10 mantissa bits of SrcA.");
            line("std::vector<UnpackToDestMode> unpack_to_dest(64, UnpackToDestMode::Default);");
            for (size_t c : to_dest)
                line("unpack_to_dest[" + std::to_string(c) + "] = UnpackToDestMode::UnpackToDestFp32;  // " +
                     launch.channels[c].name);
        }
        const auto flag = [](bool on) { return std::string(on ? "true" : "false"); };
        line(head);
        line("    " + file);
        line("    ComputeConfig{.math_fidelity = MathFidelity::" +
             std::string(tensix::to_string(launch.compute.fidelity)) + ",");
        line("                  .fp32_dest_acc_en = " + flag(launch.compute.fp32_dest_acc_en) + ",");
        line("                  .dst_full_sync_en = " + flag(launch.compute.dst_full_sync_en) + ",");
        if (!to_dest.empty()) line("                  .unpack_to_dest_mode = unpack_to_dest,");
        line("                  .named_compile_args = {" + named + "}});");
    }
    if (kernel.common_runtime.empty()) return;
    std::string common;
    for (const PlanArg& arg : kernel.common_runtime) common += (common.empty() ? "" : ", ") + argument(arg);
    line("SetCommonRuntimeArgs(program, " + engine + ", {" + common + "});");
}

void HostWriter::core_arguments(const PlanLaunch& launch) {
    std::map<std::string, const PlanArg*> values;  // the same for all kernels that take them
    bool noc = false;
    for (const PlanKernel& kernel : launch.kernels)
        for (const PlanArg& arg : kernel.runtime) {
            values.emplace(arg.name, &arg);
            noc = noc || arg.kind == PlanArg::Kind::NocX || arg.kind == PlanArg::Kind::NocY;
        }
    if (values.empty()) return;
    const std::string core = index_.var(launch.core).name;
    if (noc) {
        const std::string columns = std::to_string(launch.grid_x);
        line("const auto noc = [&](int64_t number) {  // coordinates of a core there");
        line("    return device->worker_core_from_logical_core(CoreCoord(number % " + columns + ", number / " +
             columns + "));");
        line("};");
    }
    line("for (uint32_t " + core + " = 0; " + core + " < " + std::to_string(launch.cores) + "; ++" + core + ") {");
    ++depth_;
    line("const CoreCoord at{" + core + " % " + std::to_string(launch.grid_x) + ", " + core + " / " +
         std::to_string(launch.grid_x) + "};");
    for (auto& [arg, value] : values) line("const uint32_t " + arg + " = " + argument(*value) + ";");
    for (const PlanKernel& kernel : launch.kernels) {
        if (kernel.runtime.empty()) continue;
        const char* engine = kernel.engine == prog::Engine::Reader    ? "reader"
                             : kernel.engine == prog::Engine::Compute ? "compute"
                                                                      : "writer";
        std::string args;
        for (const PlanArg& arg : kernel.runtime) args += (args.empty() ? "" : ", ") + arg.name;
        line("SetRuntimeArgs(program, " + std::string(engine) + ", at, {" + args + "});");
    }
    --depth_;
    line("}");
}

void HostWriter::launch(const PlanLaunch& launch) {
    line("{");
    ++depth_;
    line("Program program = CreateProgram();");
    std::string ranges;
    for (const CoreRange& range : core_ranges(launch)) {
        const auto corner = [](CoreCoord c) { return "{" + std::to_string(c.x) + ", " + std::to_string(c.y) + "}"; };
        ranges += (ranges.empty() ? "" : ", ") + ("CoreRange(" + corner(range.start) + ", " + corner(range.end) + ")");
    }
    line("const CoreRangeSet cores(std::vector<CoreRange>{" + ranges + "});  // " + std::to_string(launch.cores) +
         " of " + std::to_string(launch.grid_x) + "x" + std::to_string(launch.grid_y));
    line("");
    for (size_t c = 0; c < launch.channels.size(); ++c) {
        const prog::Channel& channel = launch.channels[c];
        line("circular_buffer(program, cores, " + std::to_string(c) +
             ", tt::DataFormat::" + std::string(tensix::name(channel.format)) + ", " + std::to_string(channel.pages) +
             ", " + std::to_string(tensix::tile_bytes(channel.format)) + ");  // " + channel.name);
    }
    for (const PlanSemaphore& semaphore : launch.semaphores)
        line("CreateSemaphore(program, cores, " + std::to_string(semaphore.initial) + ");  // number " +
             std::to_string(semaphore.id));
    line("");
    for (const PlanKernel& k : launch.kernels) kernel(launch, k);
    core_arguments(launch);
    line("");
    line("distributed::MeshWorkload workload;");
    line("workload.add_program(distributed::MeshCoordinateRange(device->shape()), std::move(program));");
    line("distributed::EnqueueMeshWorkload(device->mesh_command_queue(), workload, true);");
    --depth_;
    line("}");
}

Result<std::string> HostWriter::write() {
    std::set<const ElementRow*> elements;
    const std::set<std::string> reserved = {"device", "options",  "ok",       "program", "cores", "reader", "compute",
                                            "writer", "workload", "at",       "kernel",  "argc",  "argv",   "fill",
                                            "check",  "upload",   "download", "parse",   "main",  "tensor"};
    std::set<std::string> taken = reserved;
    for (const PlanTensor& tensor : plan_.tensors) {
        const ElementRow *host = element(tensor.dtype), *device = element(tensor.layout.format);
        if (!host || !device) {
            Diagnostic error;
            error.code = "TT6002";
            error.message = "host.cpp cannot convert " + tensor.name + " between " +
                            std::string(to_string(tensor.dtype)) + " and " +
                            std::string(tensix::name(tensor.layout.format));
            return error;
        }
        elements.insert(host);
        elements.insert(device);
        std::string name = tensor.name;
        while (!taken.insert(name).second) name += "_tensor";
        names_.push_back(name);
    }

    std::set<VarId> symbols;
    const auto need = [&](IndexId id) {
        if (!id.valid()) return;
        for (VarId var : index_.vars_of(id))
            if (index_.var(var).kind == VarKind::Symbol) symbols.insert(var);
    };
    for (const PlanTensor& tensor : plan_.tensors)
        for (IndexId id : tensor.shape) need(id);
    for (const PlanLaunch& l : plan_.launches)
        for (const PlanKernel& k : l.kernels)
            for (const auto* args : {&k.common_runtime, &k.runtime})
                for (const PlanArg& arg : *args) need(arg.value);

    // main() first: it tells which helpers are needed.
    line("const Options options = parse(argc, argv);");
    bool floats = false;
    for (VarId var : symbols) {
        const bool is_number = std::any_of(plan_.ctx.scalars.begin(), plan_.ctx.scalars.end(),
                                           [&](const ScalarParam& s) { return s.var == var && is_float(s.dtype); });
        floats |= is_number;
        line("const int64_t " + index_.var(var).name + (is_number ? " = float_symbol" : " = symbol") + "(options, " +
             json_string(index_.var(var).name) + ");");
    }
    tensors();
    std::string all, written;
    int seed = 0;
    for (size_t t = 0; t < names_.size(); ++t) {
        all += (all.empty() ? "&" : ", &") + names_[t];
        if (plan_.tensors[t].param < 0) {
            line(names_[t] + ".values.resize(size_t(" + names_[t] + ".elements()));  // a workspace");
        } else {
            line("fill(" + names_[t] + ", options, " + std::to_string(++seed) + ");");
            if (plan_.tensors[t].written) written += (written.empty() ? "&" : ", &") + names_[t];
        }
    }
    line("");
    line("const std::shared_ptr<distributed::MeshDevice> device = distributed::MeshDevice::create_unit_mesh(0);");
    line("for (KernelTensor* tensor : {" + all + "}) upload(*tensor, *device);");
    line("");
    for (size_t l = 0; l < plan_.launches.size(); ++l) {
        if (plan_.launches.size() > 1) line("// launch " + std::to_string(l));
        launch(plan_.launches[l]);
    }
    line("");
    line("bool ok = true;");
    line("for (KernelTensor* tensor : {" + written + "}) {");
    line("    download(*tensor, *device);");
    line("    ok = check(*tensor, options) && ok;");
    line("}");
    line("device->close();");
    line("return ok ? 0 : 1;");
    const std::string main = std::move(out_);

    // Rounding of what is stored decides what can be expected of a correct kernel.
    const bool narrow = std::any_of(plan_.tensors.begin(), plan_.tensors.end(),
                                    [](const PlanTensor& t) { return t.written && size_bytes(t.dtype) == 2; });
    std::string text =
        "// Host program of " + plan_.ctx.name + ": runs the kernels beside it on the first device.\n//\n";
    text += "//     " + program_name(plan_) + " [FOLDER] [--tolerance X]" + (symbols.empty() ? "" : " NAME=VALUE ...") +
            "\n";
    text +=
        "//\n"
        "// FOLDER holds <tensor>.in.bin for every tensor and <tensor>.ref.bin for every one that is written: raw "
        "row-major\n"
        "// arrays in the tensor's dtype. Without it inputs are pseudo-random, and the results are summed up, "
        "unchecked.\n"
        "//\n"
        "// Generated by tilelang-tt; builds against an installed TT-Metalium or the emulator (CMakeLists.txt).\n";
    text += kIncludes;
    const std::string constant =
        std::string("// Relative Frobenius error that passes, unless --tolerance says otherwise.\n") +
        "constexpr double kTolerance = " + (narrow ? "4e-3" : "2e-3") + ";\n\n";
    text.insert(text.find("// ---- command line"), constant);
    if (!symbols.empty()) text += kSymbol;
    if (floats) text += kFloatSymbol;
    if (uses_floor_div_) text += kFloorDiv;
    text += kElementStruct;
    const bool float8 = std::any_of(elements.begin(), elements.end(), [](const ElementRow* row) {
        return is_float(row->dtype) && size_bytes(row->dtype) == 1;
    });
    if (float8) text += kFloat8;
    for (const ElementRow& row : kElements)
        if (elements.contains(&row)) text += "\n" + element_code(row);
    std::string tensor(kTensor);
    const auto extend = [&](std::span<const std::pair<std::string_view, std::string_view>> edits) {
        for (auto& [from, to] : edits) tensor.replace(tensor.find(from), from.size(), to);
    };
    if (std::any_of(plan_.tensors.begin(), plan_.tensors.end(), is_blocks)) {
        text.insert(text.find("#include <exception>"), "#include <cstring>\n");
        text += kBlocks;
        extend(kWithBlocks);
    }
    if (std::any_of(plan_.tensors.begin(), plan_.tensors.end(), is_packed)) extend(kWithPacked);
    text += tensor;
    text += "\nint main(int argc, char** argv) try {\n" + main +
            "} catch (const std::exception& error) {\n"
            "    std::fprintf(stderr, \"%s\\n\", error.what());\n"
            "    return 2;\n"
            "}\n";
    return text;
}

}  // namespace

std::string program_name(const Plan& plan) {
    std::string name = plan.ctx.name;
    for (char& c : name)
        if (!std::isalnum(static_cast<unsigned char>(c)) && c != '_') c = '_';
    return name + "_host";
}

Result<std::string> host_source(const Plan& plan) { return HostWriter(plan).write(); }

}  // namespace tilelang_tt::codegen
