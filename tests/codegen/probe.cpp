// What tests/codegen/test_probe.py needs from inside the compiler, on the command line:
//   probe evaluate      lines "<expression> | name=value …" on stdin, expressions as (op a b), (var x) or numbers;
//   prints
//                       the value of the simplified and of the literal expression
//   probe kernel SEED   a C++ program that holds random index expressions as codegen writes them, and their values
//   probe layout SEED   moves random strided arrays to the device layout and back; exit 1 where something differs
#include <cstdio>
#include <cstring>
#include <iostream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "compiler/codegen/cpp_index.h"
#include "compiler/ir/index.h"
#include "compiler/runtime/host_layout.h"
#include "tensix/tile.h"

namespace tilelang_tt {
namespace {

constexpr std::string_view kOps[] = {"const", "var", "add", "mul", "floordiv", "floormod", "min", "max",
                                     "lt",    "le",  "eq",  "ne",  "and",      "or",       "not", "select"};

struct Reader {
    std::istream& in;
    IndexArena& index;
    bool simplify;

    IndexId read() {
        char c = 0;
        in >> c;
        if (c != '(') {
            in.unget();
            int64_t value = 0;
            in >> value;
            return index.constant(value);
        }
        std::string op;
        in >> op;
        if (op == "var") {
            std::string name;
            std::getline(in, name, ')');
            name = name.substr(1);
            const auto var = index.find_var(name);
            return index.of(var ? *var : index.new_var({name, VarKind::Symbol, {}, {}}));
        }
        std::vector<IndexId> args;
        while (in >> std::ws && in.peek() != ')') args.push_back(read());
        in.get();
        args.resize(3);
        size_t code = 0;
        while (kOps[code] != op) ++code;
        const auto which = static_cast<IndexOp>(code);
        return simplify ? index.make(which, args[0], args[1], args[2])
                        : index.exactly(which, args[0], args[1], args[2]);
    }
};

int evaluate() {
    for (std::string line; std::getline(std::cin, line);) {
        const size_t bar = line.find('|');
        for (bool simplify : {true, false}) {
            IndexArena index;
            std::istringstream expression(line.substr(0, bar)), values(line.substr(bar + 1));
            const IndexId id = Reader{expression, index, simplify}.read();
            IndexEnv env;
            for (std::string pair; values >> pair;) {
                const size_t equals = pair.find('=');
                if (const auto var = index.find_var(pair.substr(0, equals)))
                    env[*var] = std::stoll(pair.substr(equals + 1));
            }
            const auto value = index.eval(id, env);
            std::printf("%s%c", value ? std::to_string(*value).c_str() : "unknown", simplify ? ' ' : '\n');
        }
    }
    return 0;
}

// Random expressions over a, b in [0, 40], c in [1, 9] and s in [-20, 20].
struct Random {
    IndexArena& index;
    std::vector<VarId> vars;
    std::mt19937& rng;

    int pick(int n) { return static_cast<int>(rng() % static_cast<unsigned>(n)); }
    IndexId condition(int depth) {
        switch (pick(depth > 0 ? 6 : 4)) {
            case 0:
                return index.lt(value(depth - 1), value(depth - 1));
            case 1:
                return index.le(value(depth - 1), value(depth - 1));
            case 2:
                return index.eq(value(depth - 1), value(depth - 1));
            case 3:
                return index.ne(value(depth - 1), value(depth - 1));
            case 4:
                return index.logical_and(condition(depth - 1), condition(depth - 1));
            default:
                return index.logical_or(condition(depth - 1), index.logical_not(condition(depth - 1)));
        }
    }
    IndexId value(int depth) {
        if (depth <= 0) return pick(4) ? index.of(vars[static_cast<size_t>(pick(4))]) : index.constant(pick(12));
        const IndexId a = value(depth - 1), b = value(depth - 1);
        switch (pick(9)) {
            case 0:
            case 1:
                return index.add(a, b);
            case 2:
                return index.sub(a, b);
            case 3:
                return index.mul(a, index.constant(pick(7)));
            case 4:
                return index.floordiv(a, pick(2) ? index.of(vars[2]) : index.constant(1 + pick(9)));
            case 5:
                return index.floormod(a, pick(2) ? index.of(vars[2]) : index.constant(1 + pick(9)));
            case 6:
                return index.min(a, b);
            case 7:
                return index.max(a, b);
            default:
                return index.select(condition(depth - 1), a, b);
        }
    }
};

int kernel(uint32_t seed) {
    std::mt19937 rng(seed);
    IndexArena index;
    const std::vector<VarId> vars = {
        index.new_var({"a", VarKind::Loop, 0, 40}), index.new_var({"b", VarKind::Loop, 0, {}}),
        index.new_var({"c", VarKind::Symbol, 1, {}}), index.new_var({"s", VarKind::Symbol, -20, 20})};
    Random random{index, vars, rng};
    std::string functions, calls;
    for (int i = 0; i < 300; ++i) {
        const IndexId id = i % 4 ? random.value(1 + i % 4) : random.condition(2);
        codegen::CppIndex cpp(index, [&](VarId var) { return index.var(var).name; });
        cpp.declare_signed(vars[3]);
        const std::string name = "f" + std::to_string(i);
        functions += "uint32_t " + name + "([[maybe_unused]] uint32_t a, [[maybe_unused]] uint32_t b, " +
                     "[[maybe_unused]] uint32_t c, [[maybe_unused]] int32_t s) { return " + cpp.text(id) + "; }\n";
        for (int point = 0; point < 12; ++point) {
            const int64_t at[] = {random.pick(41), random.pick(41), 1 + random.pick(9), random.pick(41) - 20};
            IndexEnv env;
            for (size_t v = 0; v < 4; ++v) env[vars[v]] = at[v];
            const auto value = index.eval(id, env);
            if (!value) continue;
            std::ostringstream call;
            call << "    if (" << name << "(" << at[0] << ", " << at[1] << ", " << at[2] << ", " << at[3]
                 << ") != static_cast<uint32_t>(" << *value << ")) return wrong(\"" << name << "\");\n";
            calls += call.str();
        }
    }
    std::printf(
        "#include <algorithm>\n#include <cstdint>\n#include <cstdio>\n%s%s"
        "int wrong(const char* name) { std::puts(name); return 1; }\nint main() {\n%s    return 0;\n}\n",
        codegen::kFloorDivSource.data(), functions.c_str(), calls.c_str());
    return 0;
}

int layout(uint32_t seed) {
    std::mt19937 rng(seed);
    const auto pick = [&](int64_t n) { return static_cast<int64_t>(rng() % static_cast<uint64_t>(n)); };
    constexpr std::pair<DType, tensix::DataFormat> kKinds[] = {
        {DType::BF16, tensix::DataFormat::Float16_b}, {DType::F32, tensix::DataFormat::Float32},
        {DType::I32, tensix::DataFormat::Int32},      {DType::Bool, tensix::DataFormat::Int32},
        {DType::I64, tensix::DataFormat::Int32},      {DType::F64, tensix::DataFormat::Float32}};
    for (int round = 0; round < 60; ++round) {
        const auto [dtype, format] = kKinds[pick(std::size(kKinds))];
        Plan plan;
        PlanTensor tensor;
        tensor.dtype = dtype;
        tensor.layout.format = format;
        tensor.pad_value = 1;
        const int64_t rank = pick(4) + 1;
        HostTensor host;
        host.dtype = dtype;
        TensorExtents extents;
        for (int64_t d = 0; d < rank; ++d) extents.shape.push_back(1 + pick(rank > 2 ? 5 : 70));
        host.shape = extents.shape;
        // Row and column dimensions anywhere; a vector is a row or a column.
        tensor.layout.row_dim = pick(rank);
        tensor.layout.col_dim = rank > 1 ? (tensor.layout.row_dim + 1 + pick(rank - 1)) % rank : -1;
        if (rank == 1 && pick(2)) std::swap(tensor.layout.row_dim, tensor.layout.col_dim);
        const bool rows = tensor.layout.row_major = pick(4) == 0;
        if (rows) tensor.layout.row_dim = -1, tensor.layout.col_dim = rank - 1;
        const auto extent = [&](int64_t d) { return d < 0 ? 1 : extents.shape[static_cast<size_t>(d)]; };
        for (int64_t d = 0; d < rank; ++d)
            if (d != tensor.layout.row_dim && d != tensor.layout.col_dim) {
                tensor.permutation.push_back(d);
                extents.outer *= extent(d);
            }
        for (int64_t d : {tensor.layout.row_dim, tensor.layout.col_dim})
            if (d >= 0) tensor.permutation.push_back(d);
        extents.rows = extent(tensor.layout.row_dim);
        extents.cols = extent(tensor.layout.col_dim);
        extents.pages = extents.outer * ceil_div(extents.rows, kTileDim) * ceil_div(extents.cols, kTileDim);
        const int64_t element_bytes = tensix::element_bytes(format);
        extents.page_bytes = tensix::tile_bytes(format);
        if (rows) extents.pages = extents.outer, extents.page_bytes = ceil_div(extents.cols * element_bytes, 4) * 4;
        // Strides of a random order of dimensions, with gaps.
        std::vector<int64_t> order(static_cast<size_t>(rank));
        for (int64_t d = 0; d < rank; ++d) order[static_cast<size_t>(d)] = d;
        std::shuffle(order.begin(), order.end(), rng);
        host.strides.resize(static_cast<size_t>(rank));
        int64_t stride = 1 + pick(2);
        for (int64_t d : order) {
            host.strides[static_cast<size_t>(d)] = stride;
            stride = stride * extent(d) + pick(3);
        }
        const auto bytes = static_cast<size_t>(size_bytes(dtype));
        std::vector<std::byte> memory(static_cast<size_t>(stride) * bytes, std::byte{0x5a}), back;
        host.data = memory.data();
        // Small numbers that every dtype holds, by position in memory.
        for (int64_t at = 0; at < stride; ++at) {
            std::byte* to = &memory[static_cast<size_t>(at) * bytes];
            const int value = dtype == DType::Bool ? at % 2 : at % 100;
            if (dtype == DType::BF16) {
                const uint16_t bits = tensix::to_bf16(static_cast<float>(value));
                std::memcpy(to, &bits, 2);
            } else if (dtype == DType::F32) {
                const auto f = static_cast<float>(value);
                std::memcpy(to, &f, 4);
            } else if (dtype == DType::F64) {
                const double f = value;
                std::memcpy(to, &f, 8);
            } else {
                const int64_t i = value;  // little-endian
                std::memcpy(to, &i, bytes);
            }
        }
        back = memory;
        const std::vector<std::byte> pages = to_device_layout(tensor, extents, host);
        // Every element where the layout says it is.
        const auto page_elements = static_cast<size_t>(extents.page_bytes / element_bytes);
        std::vector<float> numbers(pages.size() / static_cast<size_t>(element_bytes));
        std::vector<std::byte> whole = pages;  // what is decoded at once
        whole.resize(ceil_div(static_cast<int64_t>(pages.size()), 64) * 64);
        std::vector<float> decoded(whole.size() / static_cast<size_t>(element_bytes));
        tensix::decode(format, whole.data(), decoded.data(), decoded.size());
        std::copy_n(decoded.begin(), numbers.size(), numbers.begin());
        std::vector<int64_t> index(static_cast<size_t>(rank), 0);
        int64_t padding = static_cast<int64_t>(numbers.size());
        for (int64_t i = 0; i < extents.outer * extents.rows * extents.cols; ++i) {
            int64_t rest = i, at = 0;
            for (size_t p = tensor.permutation.size(); p-- > 0;) {
                const auto d = static_cast<size_t>(tensor.permutation[p]);
                at += rest % extents.shape[d] * host.strides[d];
                rest /= extents.shape[d];
            }
            const int64_t c = i % extents.cols, r = i / extents.cols % extents.rows,
                          o = i / extents.cols / extents.rows;
            const int64_t page =
                rows ? o : (o * ceil_div(extents.rows, 32) + r / 32) * ceil_div(extents.cols, 32) + c / 32;
            const auto in_page =
                rows ? static_cast<size_t>(c)
                     : tensix::tile_offset(static_cast<uint32_t>(r % 32), static_cast<uint32_t>(c % 32));
            const float got = numbers[static_cast<size_t>(page) * page_elements + in_page];
            const auto want = static_cast<float>(dtype == DType::Bool ? at % 2 : at % 100);
            if (got != want) {
                std::printf("round %d: element %ld is %g, not %g\n", round, static_cast<long>(i), got, want);
                return 1;
            }
            numbers[static_cast<size_t>(page) * page_elements + in_page] = rows ? 0 : 1;
            --padding;
        }
        for (float number : numbers)
            if (number != (rows ? 0 : 1)) {
                std::printf("round %d: padding is %g\n", round, number);
                return 1;
            }
        // Back into memory that differs only at the elements.
        HostTensor target = host;
        std::vector<std::byte> fresh(memory.size(), std::byte{0x77});
        target.data = fresh.data();
        from_device_layout(tensor, extents, pages, target);
        std::vector<bool> element(static_cast<size_t>(stride), false);
        for (int64_t i = 0; i < extents.outer * extents.rows * extents.cols; ++i) {
            int64_t rest = i, at = 0;
            for (size_t d = static_cast<size_t>(rank); d-- > 0;) {
                at += rest % extents.shape[d] * host.strides[d];
                rest /= extents.shape[d];
            }
            element[static_cast<size_t>(at)] = true;
        }
        for (size_t at = 0; at < element.size(); ++at)
            for (size_t b = 0; b < bytes; ++b)
                if (fresh[at * bytes + b] != (element[at] ? back[at * bytes + b] : std::byte{0x77})) {
                    std::printf("round %d: byte %zu of position %zu differs after the way back\n", round, b, at);
                    return 1;
                }
        if (padding < 0) return 1;
    }
    return 0;
}

}  // namespace
}  // namespace tilelang_tt

int main(int argc, char** argv) {
    const std::string mode = argc > 1 ? argv[1] : "";
    const auto seed = static_cast<uint32_t>(argc > 2 ? std::stoul(argv[2]) : 0);
    if (mode == "evaluate") return tilelang_tt::evaluate();
    if (mode == "kernel") return tilelang_tt::kernel(seed);
    if (mode == "layout") return tilelang_tt::layout(seed);
    std::fputs("usage: probe evaluate | kernel SEED | layout SEED\n", stderr);
    return 2;
}
