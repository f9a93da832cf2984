// tilelang-tt-opt: reads a form as text, runs the pipeline on it up to a stage, prints the result. For the tests of
// passes and for looking at a program between two stages.
#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <random>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "compiler/ir/interpret.h"
#include "compiler/ir/text.h"
#include "compiler/ir/verify.h"
#include "compiler/map/map.h"
#include "compiler/runtime/pipeline.h"

namespace tilelang_tt {
namespace {

constexpr const char* kUsage = R"(usage: tilelang-tt-opt [options] FILE|-

Reads a tile program, tile graph or Tensix program as text, runs the pipeline on it and prints what comes out.

  --until STAGE       stop after unpack, lanes, segments, integer_gemm, persistent, trim, join, axes, coarsen, atomics, map,
                      tensorize, place, schedule or codegen (default: parse, print)
  --target TEXT       "arch=wormhole_b0 board=n150 grid=8x8 precision=default"; what is left out has this default;
                      fidelity=LoFi|HiFi2|HiFi3|HiFi4: by precision; multicast=auto|off
  --file NAME         after codegen: print only this file (reader.cpp, tt.plan.json, ...)
  --output DIR        after codegen: write all files to this folder instead of printing
  --interpret SEED    run the input and the last runnable form on the same random data; exit 1 if they differ too much
  --tolerance X       relative Frobenius error allowed by --interpret (default 1e-3, after schedule 1e-2)
  --digest            with --interpret: print a number for each tensor that the input wrote, equal for equal bits
  --symbol NAME=N     value of a symbolic dimension or scalar for --interpret (default: random)
  --list              print the pass table, as Markdown
)";

struct UsageError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct Options {
    std::string file, until, target, output, only_file;
    std::optional<uint64_t> interpret;
    bool digest = false;
    std::optional<double> tolerance;
    std::vector<std::pair<std::string, int64_t>> symbols;
    bool list = false;
};

int64_t to_int(const std::string& text, const std::string& what) {
    int64_t value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size())
        throw UsageError(what + " wants an integer, not '" + text + "'");
    return value;
}

Options parse_options(const std::vector<std::string>& args) {
    Options options;
    for (size_t i = 0; i < args.size(); ++i) {
        const std::string& arg = args[i];
        const auto next = [&] {
            if (i + 1 == args.size()) throw UsageError(arg + " wants a value");
            return args[++i];
        };
        if (arg == "--until") {
            options.until = next();
        } else if (arg == "--target") {
            options.target = next();
        } else if (arg == "--output") {
            options.output = next();
        } else if (arg == "--file") {
            options.only_file = next();
        } else if (arg == "--interpret") {
            options.interpret = static_cast<uint64_t>(to_int(next(), arg));
        } else if (arg == "--tolerance") {
            const std::string text = next();
            char* end = nullptr;
            options.tolerance = std::strtod(text.c_str(), &end);
            if (text.empty() || *end) throw UsageError("--tolerance wants a number, not '" + text + "'");
        } else if (arg == "--digest") {
            options.digest = true;
        } else if (arg == "--symbol") {
            const std::string text = next();
            const size_t equals = text.find('=');
            if (equals == std::string::npos) throw UsageError("--symbol wants NAME=N, not '" + text + "'");
            options.symbols.emplace_back(text.substr(0, equals), to_int(text.substr(equals + 1), arg));
        } else if (arg == "--list") {
            options.list = true;
        } else if (arg == "--help" || arg == "-h") {
            std::fputs(kUsage, stdout);
            std::exit(0);
        } else if (arg.size() > 1 && arg[0] == '-') {
            throw UsageError("unknown option " + arg);
        } else if (!options.file.empty()) {
            throw UsageError("one file at a time, not " + options.file + " and " + arg);
        } else {
            options.file = arg;
        }
    }
    if (options.file.empty() && !options.list) throw UsageError("no file given");
    return options;
}

Target parse_target(const std::string& text) {
    std::string arch, board;
    std::optional<std::pair<int, int>> grid;
    Target target;
    std::istringstream words(text);
    for (std::string word; words >> word;) {
        const size_t equals = word.find('=');
        const std::string key = word.substr(0, equals);
        const std::string value = equals == std::string::npos ? "" : word.substr(equals + 1);
        if (key == "arch") {
            arch = value;
        } else if (key == "board") {
            board = value;
        } else if (key == "grid") {
            const size_t x = value.find('x');
            if (x == std::string::npos) throw UsageError("grid wants XxY, not '" + value + "'");
            grid = {static_cast<int>(to_int(value.substr(0, x), "grid")),
                    static_cast<int>(to_int(value.substr(x + 1), "grid"))};
        } else if (key == "precision") {
            constexpr std::pair<std::string_view, Precision> kPrecisions[] = {
                {"exact", Precision::Exact}, {"default", Precision::Default}, {"fast", Precision::Fast}};
            const auto* found =
                std::find_if(std::begin(kPrecisions), std::end(kPrecisions), [&](auto& p) { return p.first == value; });
            if (found == std::end(kPrecisions)) throw UsageError("precision is exact, default or fast, not " + value);
            target.precision = found->second;
        } else if (key == "fidelity") {
            target.fidelity = tensix::parse_math_fidelity(value);
            if (!target.fidelity) throw UsageError("fidelity is LoFi, HiFi2, HiFi3 or HiFi4, not " + value);
        } else if (key == "multicast") {
            if (value != "auto" && value != "off") throw UsageError("multicast is auto or off, not " + value);
            target.multicast = value == "auto";
        } else {
            throw UsageError("unknown target option '" + word + "'");
        }
    }
    if (arch.empty() && board.empty()) arch = "wormhole_b0";
    try {
        target.device = &tensix::find_device(arch, board);
    } catch (const std::invalid_argument& error) {
        throw UsageError(error.what());
    }
    const tensix::Coord all = target.device->grid;
    target.grid_x = grid ? grid->first : static_cast<int>(all.x);
    target.grid_y = grid ? grid->second : static_cast<int>(all.y);
    if (target.grid_x < 1 || target.grid_y < 1 || target.grid_x > static_cast<int>(all.x) ||
        target.grid_y > static_cast<int>(all.y))
        throw UsageError("grid is from 1x1 to " + std::to_string(all.x) + "x" + std::to_string(all.y) + " on " +
                         target.device->board);
    return target;
}

using Form = std::variant<TileProgram, TileGraph, TensixProgram>;

// The first word of the text that is not in a comment says which form it is.
Result<Form> parse_form(const std::string& text) {
    std::istringstream lines(text);
    std::string word;
    for (std::string line; std::getline(lines, line) && word.empty();) {
        std::istringstream words(line.substr(0, line.find("//")));
        words >> word;
    }
    const auto as_form = [](auto parsed) -> Result<Form> {
        if (!parsed.ok()) return parsed.diagnostics();
        return Form(parsed.take());
    };
    if (word == "tile_graph") return as_form(parse_tile_graph(text));
    if (word == "tensix_program") return as_form(parse_tensix_program(text));
    return as_form(parse_tile_program(text));
}

// A graph says nothing of its mapping. That of a program with the same accesses to tensors stands in for it.
struct AccessCollector {
    tile::Launch& launch;
    IndexArena& index;

    void transfer(const graph::Window& window, const graph::TileType& type, bool store) {
        Access tensor{{window.tensor, {}}, window.offset, {}};
        for (size_t d = 0; d < window.offset.size(); ++d) {
            const auto dim = static_cast<int64_t>(d);
            tensor.extent.push_back(index.constant(dim == window.row_dim   ? type.rows
                                                   : dim == window.col_dim ? type.cols
                                                                           : 1));
        }
        Access buffer{{{}, BufferId(launch.buffers.size())}, {}, {}};
        launch.buffers.push_back({"block" + std::to_string(launch.buffers.size()), type.dtype, {}, {}, {}});
        for (size_t d = 0; d < window.offset.size(); ++d) {
            const auto dim = static_cast<int64_t>(d);
            if (dim != window.row_dim && dim != window.col_dim) continue;
            const int64_t extent = dim == window.row_dim ? type.rows : type.cols;
            launch.buffers.back().shape.push_back(extent);
            buffer.offset.push_back(index.constant(0));
            buffer.extent.push_back(index.constant(extent));
        }
        launch.body.ops.push_back({store ? tile::Copy{buffer, tensor} : tile::Copy{tensor, buffer}, {}});
    }
    void collect(const graph::Region& region, const graph::Launch& from) {
        for (const graph::Op& op : region.ops) {
            if (const auto* load = std::get_if<graph::Load>(&op.v))
                transfer(load->from, from.value(load->result.id).type, false);
            if (const auto* store = std::get_if<graph::Store>(&op.v))
                transfer(store->to, from.value(store->value).type, true);
            if (const auto* loop = std::get_if<graph::For>(&op.v)) collect(loop->body, from);
            if (const auto* branch = std::get_if<graph::If>(&op.v)) {
                collect(branch->then, from);
                collect(branch->otherwise, from);
            }
        }
    }
};

Result<MappingPlan> mapping_of(const TileGraph& graph, const Target& target) {
    TileProgram program{graph.ctx, {}, {}};
    for (const graph::Launch& from : graph.launches) {
        tile::Launch launch{from.grid, from.grid_extents, {}, {}, from.loc};
        AccessCollector{launch, program.ctx.index}.collect(from.body, from);
        program.launches.push_back(std::move(launch));
    }
    return map_program(program, target);
}

Result<Compiled> run_pipeline(const Form& form, const Target& target, const CompileOptions& options) {
    if (const auto* program = std::get_if<TileProgram>(&form)) return compile_program(*program, target, options);
    if (const auto* graph = std::get_if<TileGraph>(&form)) {
        Result<MappingPlan> mapping = mapping_of(*graph, target);
        if (!mapping.ok()) return mapping.diagnostics();
        return compile_graph(*graph, mapping.value(), target, options);
    }
    return compile_tensix(std::get<TensixProgram>(form), target, options);
}

const Context& context(const Form& form) {
    return std::visit([](auto& f) -> const Context& { return f.ctx; }, form);
}

// Values of every symbol: as given, else random within its bounds.
IndexEnv symbol_values(const Context& ctx, const Options& options, std::mt19937_64& random) {
    IndexEnv env;
    for (size_t v = 0; v < ctx.index.num_vars(); ++v) {
        const Var& var = ctx.index.var(VarId(v));
        if (var.kind != VarKind::Symbol) continue;
        const int64_t lo = std::max<int64_t>(1, var.lo.value_or(1));
        const int64_t hi = std::max(lo, std::min<int64_t>(lo + 150, var.hi.value_or(lo + 150)));
        env[VarId(v)] = std::uniform_int_distribution<int64_t>(lo, hi)(random);
    }
    for (const ScalarParam& scalar : ctx.scalars)
        if (is_float(scalar.dtype) && scalar.var)
            env[scalar.var] = std::bit_cast<uint32_t>(static_cast<float>(std::normal_distribution<>()(random)));
    for (auto& [name, value] : options.symbols) {
        const std::optional<VarId> var = ctx.index.find_var(name);
        if (!var || ctx.index.var(*var).kind != VarKind::Symbol) throw UsageError("no symbol is called " + name);
        env[*var] = value;
    }
    return env;
}

std::vector<HostArray> random_arrays(const Context& ctx, const IndexEnv& symbols, std::mt19937_64& random) {
    std::normal_distribution<double> normal;
    std::uniform_int_distribution<int> small(-8, 8);
    std::vector<HostArray> arrays;
    for (const Tensor& tensor : ctx.tensors) {
        HostArray array{tensor.dtype, {}, {}};
        size_t count = 1;
        for (IndexId extent : tensor.shape) {
            array.shape.push_back(ctx.index.eval(extent, symbols).value_or(0));
            count *= static_cast<size_t>(array.shape.back());
        }
        for (size_t i = 0; i < count; ++i) {
            double value = normal(random);
            if (tensor.dtype == DType::Bool) value = value > 0;
            if (is_integer(tensor.dtype)) value = small(random) & (tensor.dtype == DType::U8 ? 15 : -1);
            if (packed_bits(tensor.storage))
                value = static_cast<double>(random() % 256) - (tensor.dtype == DType::I8 ? 128 : 0);
            array.data.push_back(round_to(tensor.dtype, value));
        }
        arrays.push_back(std::move(array));
    }
    return arrays;
}

// The numbers that the array's bytes hold, as `tensor` has them.
HostArray unpacked(const HostArray& bytes, const Tensor& tensor) {
    const int bits = packed_bits(tensor.storage);
    HostArray numbers{tensor.dtype, bytes.shape, {}};
    numbers.shape.back() *= tensor.per_byte;
    for (double value : bytes.data)
        for (int i = 0; i < tensor.per_byte; ++i) {
            const int code = (static_cast<int>(value) & 255) >> (i * bits) & ((1 << bits) - 1);
            numbers.data.push_back(packed_signed(tensor.storage) && code >> (bits - 1) ? code - (1 << bits) : code);
        }
    return numbers;
}

// The array's elements in the shape in which `tensor` is handled, zeros behind them.
HostArray viewed(HostArray array, const Tensor& tensor, const Context& ctx, const IndexEnv& symbols) {
    array.shape.clear();
    size_t count = 1;
    for (IndexId dim : tensor.shape) {
        array.shape.push_back(ctx.index.eval(dim, symbols).value_or(0));
        count *= static_cast<size_t>(array.shape.back());
    }
    array.data.resize(count);
    return array;
}

// The number in `after` of each tensor of `before`; past the end where there is none.
std::vector<size_t> places(const Context& before, const Context& after) {
    std::vector<size_t> out;
    for (const Tensor& tensor : before.tensors)
        out.push_back(static_cast<size_t>(std::find_if(after.tensors.begin(), after.tensors.end(),
                                                       [&](const Tensor& other) { return other.name == tensor.name; }) -
                                          after.tensors.begin()));
    return out;
}

InterpretResult interpret_form(const Form& form, std::span<HostArray> arrays, const IndexEnv& symbols) {
    return std::visit([&](auto& f) { return interpret(f, arrays, symbols); }, form);
}

size_t digest(const HostArray& array) {
    size_t hash = 0;
    for (double value : array.data)
        hash = hash * 0x9e3779b97f4a7c15u + std::hash<uint64_t>()(std::bit_cast<uint64_t>(value)) + 1;
    return hash;
}

// Prints one line a written parameter; true if every one is within the tolerance.
bool compare_forms(const Form& before, const Form& after, const Options& options) {
    std::mt19937_64 random(*options.interpret);
    const Context& ctx = context(before);
    const IndexEnv symbols = symbol_values(ctx, options, random);
    std::vector<HostArray> expected = random_arrays(ctx, symbols, random);
    std::vector<HostArray> got = expected;
    IndexEnv symbols_after;
    for (auto& [var, value] : symbols)
        if (auto same = context(after).index.find_var(ctx.index.var(var).name)) symbols_after[*same] = value;
    // Views are gone after the pass that resolves them.
    const std::vector<size_t> place = places(ctx, context(after));
    for (size_t t = 0; t < got.size(); ++t)
        if (place[t] < context(after).tensors.size()) {
            const Tensor& tensor = context(after).tensors[place[t]];
            if (tensor.per_byte != ctx.tensors[t].per_byte) got[t] = unpacked(got[t], tensor);
            if (tensor.given.size() != ctx.tensors[t].given.size() || tensor.param < 0)
                got[t] = viewed(got[t], tensor, context(after), symbols_after);
        }
    if (auto result = interpret_form(before, expected, symbols); !result.ok()) {
        std::cerr << "input: " << to_string(result.errors);
        return false;
    }
    for (size_t t = 0; options.digest && t < ctx.tensors.size(); ++t)
        if (ctx.tensors[t].written)
            std::fprintf(stderr, "%s: digest %016zx\n", ctx.tensors[t].name.c_str(), digest(expected[t]));
    // A pass may add workspaces behind the tensors.
    std::vector<HostArray> all = random_arrays(context(after), symbols_after, random);
    for (size_t t = 0; t < got.size(); ++t)
        if (place[t] < all.size()) all[place[t]] = std::move(got[t]);
    if (auto result = interpret_form(after, all, symbols_after); !result.ok()) {
        std::cerr << "output: " << to_string(result.errors);
        return false;
    }
    const double bound = options.tolerance.value_or(std::holds_alternative<TensixProgram>(after) ? 1e-2 : 1e-3);
    bool ok = true;
    for (size_t t = 0; t < ctx.tensors.size(); ++t) {
        if (!ctx.tensors[t].written || ctx.tensors[t].param < 0) continue;
        double error = 0, norm = 0, largest = 0;
        for (size_t i = 0; i < expected[t].data.size(); ++i) {
            const double want = expected[t].data[i], have = all[place[t]].data[i];
            if (want == have || (std::isnan(want) && std::isnan(have))) {
                norm += std::isfinite(want) ? want * want : 0;
                continue;
            }
            const double difference = std::abs(want - have);
            error += difference * difference;
            norm += want * want;
            largest = std::isfinite(difference) ? std::max(largest, difference) : INFINITY;
        }
        const double relative = error == 0 ? 0 : norm > 0 ? std::sqrt(error / norm) : INFINITY;
        const bool within = relative <= bound;  // false for NaN
        ok = ok && within;
        std::fprintf(stderr, "%s: max abs %.3g, relative %.3g, bound %.3g: %s\n", ctx.tensors[t].name.c_str(), largest,
                     relative, bound, within ? "ok" : "DIFFERS");
    }
    return ok;
}

std::string printed(const Form& form) {
    return std::visit([](auto& f) { return print(f); }, form);
}

void write_files(const Artifacts& artifacts, const std::string& folder) {
    for (auto& [name, text] : artifacts.files) {
        std::ofstream out(folder + "/" + name, std::ios::binary);
        out << text;
        if (!out.flush()) throw std::runtime_error("cannot write " + folder + "/" + name);
    }
}

int run(const std::vector<std::string>& args) {
    const Options options = parse_options(args);
    if (options.list) {
        std::cout << "| pass | from | to | what it does |\n|---|---|---|---|\n";
        for (const PassInfo& pass : pass_table())
            std::cout << "| " << pass.name << " | " << pass.in << " | " << pass.out << " | " << pass.why << " |\n";
        return 0;
    }
    const Target target = parse_target(options.target);
    std::stringstream text;
    if (options.file == "-") {
        text << std::cin.rdbuf();
    } else {
        std::ifstream in(options.file, std::ios::binary);
        if (!in) throw std::runtime_error("cannot read " + options.file);
        text << in.rdbuf();
    }

    Result<Form> parsed = parse_form(text.str());
    const auto report = [](const std::vector<Diagnostic>& diagnostics) {
        for (const Diagnostic& diagnostic : diagnostics) std::cerr << to_string(diagnostic) << "\n";
    };
    if (!parsed.ok()) {
        report(parsed.diagnostics());
        return 1;
    }
    const Form form = parsed.take();
    const auto malformed = std::visit([](auto& f) { return verify(f); }, form);
    if (!malformed.empty()) {
        report(malformed);
        return 1;
    }
    if (options.until.empty()) {
        std::cout << printed(form);
        return options.interpret && !compare_forms(form, form, options);
    }

    Result<Compiled> result = run_pipeline(form, target, {options.until, true});
    report(result.diagnostics());
    if (!result.ok()) return 1;
    const Compiled& compiled = result.value();
    report(compiled.remarks);
    const auto& files = compiled.artifacts.files;
    if (!options.output.empty()) {
        write_files(compiled.artifacts, options.output);
    } else if (!options.only_file.empty()) {
        auto file = files.find(options.only_file);
        if (file == files.end()) throw UsageError("no artifact is called " + options.only_file);
        std::cout << file->second;
    } else {
        std::cout << compiled.dumps.back().text;
    }
    if (!options.interpret) return 0;
    const Form after = compiled.program ? Form(*compiled.program)
                       : compiled.graph ? Form(*compiled.graph)
                       : compiled.tile  ? Form(*compiled.tile)
                                        : form;
    return !compare_forms(form, after, options);
}

}  // namespace
}  // namespace tilelang_tt

int main(int argc, char** argv) {
    try {
        return tilelang_tt::run({argv + 1, argv + argc});
    } catch (const tilelang_tt::UsageError& error) {
        std::cerr << "tilelang-tt-opt: " << error.what() << "\n" << tilelang_tt::kUsage;
        return 2;
    } catch (const std::exception& error) {
        std::cerr << "tilelang-tt-opt: " << error.what() << "\n";
        return 1;
    }
}
