#include "compiler/codegen/kernel_writer.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <limits>

#include "compiler/codegen/liveness.h"
#include "compiler/schedule/schedule.h"

namespace tilelang_tt::codegen {

namespace {

// Names that a kernel cannot give to its own things: C++ keywords and the names of the kernel API in use.
constexpr std::string_view kReserved[] = {"alignas",
                                          "alignof",
                                          "and",
                                          "asm",
                                          "auto",
                                          "bool",
                                          "break",
                                          "case",
                                          "catch",
                                          "char",
                                          "class",
                                          "const",
                                          "constexpr",
                                          "continue",
                                          "default",
                                          "delete",
                                          "do",
                                          "double",
                                          "else",
                                          "enum",
                                          "explicit",
                                          "export",
                                          "extern",
                                          "false",
                                          "float",
                                          "for",
                                          "friend",
                                          "goto",
                                          "if",
                                          "inline",
                                          "int",
                                          "long",
                                          "mutable",
                                          "namespace",
                                          "new",
                                          "not",
                                          "operator",
                                          "or",
                                          "private",
                                          "protected",
                                          "public",
                                          "register",
                                          "return",
                                          "short",
                                          "signed",
                                          "sizeof",
                                          "static",
                                          "struct",
                                          "switch",
                                          "template",
                                          "this",
                                          "throw",
                                          "true",
                                          "try",
                                          "typedef",
                                          "typename",
                                          "union",
                                          "unsigned",
                                          "using",
                                          "virtual",
                                          "void",
                                          "volatile",
                                          "while",
                                          "xor",
                                          "std",
                                          "noc",
                                          "Noc",
                                          "CircularBuffer",
                                          "TensorAccessor",
                                          "TensorAccessorArgs",
                                          "kernel_main",
                                          "zero_tile",
                                          "zero_bytes",
                                          "zero_rest",
                                          "move_elements",
                                          "read_rows",
                                          "read_rows_unaligned",
                                          "write_rows",
                                          "write_rows_unaligned",
                                          "send",
                                          "receive",
                                          "row_ready",
                                          "row_valid",
                                          "sends_row",
                                          "row_y",
                                          "row_first_x",
                                          "row_sender_x",
                                          "row_last_x",
                                          "column_ready",
                                          "column_valid",
                                          "sends_column",
                                          "column_x",
                                          "column_first_y",
                                          "column_sender_y",
                                          "column_last_y",
                                          "index_tile",
                                          "float_bits",
                                          "floor_div",
                                          "floor_mod",
                                          "uint32_t",
                                          "int32_t",
                                          "mask",
                                          "exp",
                                          "log",
                                          "sin",
                                          "cos"};

constexpr size_t kColumns = 120;

std::string identifier(std::string text) {
    for (char& c : text)
        if (!std::isalnum(static_cast<unsigned char>(c)) && c != '_') c = '_';
    if (text.empty() || std::isdigit(static_cast<unsigned char>(text[0]))) text = "v" + text;
    return text;
}

std::string file_name(const std::string& path) { return path.substr(path.find_last_of("/\\") + 1); }

// Shape symbols and scalars that the kernel reads, in the program's order.
std::vector<VarId> live_symbols(const Context& ctx, const std::unordered_set<VarId>& used) {
    std::vector<VarId> symbols;
    for (size_t v = 0; v < ctx.index.num_vars(); ++v)
        if (used.contains(VarId(v)) && ctx.index.var(VarId(v)).kind == VarKind::Symbol) symbols.emplace_back(v);
    return symbols;
}

}  // namespace

KernelWriter::KernelWriter(TensixProgram& program, size_t launch, prog::Engine engine)
    : program_(program),
      launch_(program.launches[launch]),
      ctx_(program.ctx),
      engine_(engine),
      region_(without_dead_code(program.ctx, project(program.launches[launch], engine)).region),
      cpp_(program.ctx.index, [this](VarId var) { return name(var); }) {
    for (std::string_view word : kReserved) taken_.emplace(word);
    // The API's functions: a constant of the same name would hide them.
    for (const tensix::OpRow& row : tensix::op_table())
        for (std::string_view call : {row.call, row.init, row.uninit})
            taken_.emplace(call.substr(0, call.find_first_of("(<")));
}

std::string KernelWriter::declare(VarId var) {
    // A form's variables are unique in the whole program (i, i_1, …); in a kernel, scopes keep them apart.
    std::string wanted = identifier(ctx_.index.var(var).name);
    const size_t end = wanted.find_last_not_of("0123456789");
    if (end != std::string::npos && end > 0 && end + 1 < wanted.size() && wanted[end] == '_') wanted.resize(end);
    std::string name = wanted;
    const auto visible = [&] { return std::find(scope_.begin(), scope_.end(), name) != scope_.end(); };
    for (int i = 1; taken_.contains(name) || visible(); ++i) name = wanted + "_" + std::to_string(i);
    scope_.push_back(name);
    return var_names_[var] = name;
}

void KernelWriter::line(const std::string& text) {
    std::string rest = (text.empty() ? "" : std::string(static_cast<size_t>(4 * depth_), ' ')) + text;
    // A call that is too long goes on below its first argument, or further left where an argument needs the room.
    size_t column = rest.find('(') + 1;
    while (rest.size() > kColumns && column > 0 && text.substr(0, 2) != "//") {
        size_t cut = rest.rfind(", {.", kColumns - 1);
        if (cut == std::string::npos || cut <= column) cut = rest.rfind(", ", kColumns - 1);
        if (cut == std::string::npos || cut <= column) break;
        text_ += rest.substr(0, cut + 1) + "\n";
        const size_t next = rest.find(", ", cut + 2), end = next == std::string::npos ? rest.size() : next + 1;
        if (column + end - (cut + 2) > kColumns) column = static_cast<size_t>(4 * depth_ + 8);
        rest = std::string(column, ' ') + rest.substr(cut + 2);
    }
    text_ += rest + "\n";
}

void KernelWriter::open(const std::string& head) {
    line(head + " {");
    ++depth_;
}

void KernelWriter::close() {
    --depth_;
    line("}");
}

void KernelWriter::close_else() {
    --depth_;
    open("} else");
}

std::string KernelWriter::id(ChannelId channel) {
    ids_.insert(channel);
    return "cb_" + channel_names_.at(channel);
}

std::string KernelWriter::object(ChannelId channel) {
    objects_.insert(channel);
    return channel_names_.at(channel);
}

std::string KernelWriter::tile_bytes(ChannelId channel) {
    object(channel);
    tile_bytes_.insert(channel);
    return channel_names_.at(channel) + "_tile_bytes";
}

std::string KernelWriter::accessor(TensorId tensor) {
    tensors_.insert(tensor);
    return tensor_names_.at(tensor);
}

std::string KernelWriter::constant(const std::string& name, int64_t value, const std::string& why) {
    if (constants_.emplace(name, std::pair(value, why)).second) constant_order_.push_back(name);
    return name;
}

void KernelWriter::check_range(IndexId id) {
    if (!id.valid()) return;
    const Interval bounds = ctx_.index.bounds(id);
    constexpr int64_t kLimit = std::numeric_limits<uint32_t>::max();
    if (!bounds.hi || *bounds.hi <= kLimit) return;
    Diagnostic error;
    error.code = "TT6001";
    error.message = "an index of kernel '" + ctx_.name + "' does not fit the 32 bits that kernels calculate in";
    if (const SourceLoc loc = ctx_.loc(launch_.loc); loc.known()) error.where = {loc};
    error.facts = {{"largest value", std::to_string(kLimit), std::to_string(*bounds.hi)}};
    error.fix = "split the tensor";
    errors_.push_back(error);
}

KernelWriter::TileDims KernelWriter::tile_dims(TensorId tensor) const {
    const TensorLayout& layout = program_.mapping.layouts[tensor.v];
    const auto tiles = [&](int64_t dim) -> int64_t {
        if (dim < 0) return 1;
        const auto extent = ctx_.index.as_const(ctx_.tensor(tensor).shape[static_cast<size_t>(dim)]);
        return extent ? ceil_div(*extent, kTileDim) : 0;
    };
    return {tiles(layout.row_dim), tiles(layout.col_dim)};
}

std::string KernelWriter::page(TensorId tensor, IndexId page) {
    check_range(page);
    if (program_.mapping.layouts[tensor.v].row_major) return cpp_.text(page);
    const TileDims dims = tile_dims(tensor);
    if (dims.cols == 0 || dims.rows == 0) return cpp_.text(page);
    const LinearForm form = linear_form(ctx_.index, page);
    // page = (outer · tile_rows + tile row) · tile_cols + tile column
    bool uses_cols = false, uses_rows = false;
    const std::string row_name = tensor_names_.at(tensor) + "_tile_rows",
                      col_name = tensor_names_.at(tensor) + "_tile_cols";
    const auto by_rows = [&](const LinearForm& multiple) {
        return cpp_.grouped(multiple, dims.rows, row_name, uses_rows);
    };
    const std::string text =
        dims.cols > 1 ? cpp_.grouped(form, dims.cols, col_name, uses_cols, CppIndex::kSelect, by_rows) : by_rows(form);
    if (uses_rows) constant(row_name, dims.rows, "rows of tiles");
    if (uses_cols) constant(col_name, dims.cols, "tiles in a row");
    return text;
}

std::string KernelWriter::page_exists(TensorId tensor, IndexId page, IndexId condition) {
    const IndexNode& node = ctx_.index.node(condition);
    if (node.op == IndexOp::And) return page_exists(tensor, page, node.a) + " && " + page_exists(tensor, page, node.b);
    const TileDims dims = tile_dims(tensor);
    if (node.op == IndexOp::Lt && dims.rows > 0 && dims.cols > 0) {
        // tile row < tile_rows, tile column < tile_cols: seen by their terms in the page number
        const auto [outer_and_row, column] = split(linear_form(ctx_.index, page), dims.cols);
        const auto [outer, row] = split(outer_and_row, dims.rows);
        const LinearForm index = linear_form(ctx_.index, node.a);
        const auto limit = ctx_.index.as_const(node.b);
        const auto named = [&](const char* suffix, int64_t value, const char* why) {
            return cpp_.text(node.a, CppIndex::kSum) + " < " + constant(tensor_names_.at(tensor) + suffix, value, why);
        };
        if (limit == dims.cols && dims.cols > 1 && same(index, column))
            return named("_tile_cols", dims.cols, "tiles in a row");
        if (limit == dims.rows && dims.rows > 1 && same(index, dims.cols > 1 ? row : split(column, dims.rows).rest))
            return named("_tile_rows", dims.rows, "rows of tiles");
        if (limit == dims.rows && dims.rows > 1 && same(index, outer_and_row))
            return named("_tile_rows", dims.rows, "rows of tiles");
    }
    return cpp_.condition(condition, CppIndex::kAnd);
}

std::string KernelWriter::pages(const prog::ChannelOp& call) {
    const prog::Channel& channel = launch_.channel(call.channel);
    if (call.pages == channel.block_pages && call.pages > 1)
        return constant(channel_names_.at(call.channel) + "_tiles", call.pages, "of one push");
    return std::to_string(call.pages);
}

void KernelWriter::control(const prog::Let& let) {
    check_range(let.value);
    const bool is_signed = !cpp_.never_negative(let.value);
    if (is_signed) cpp_.declare_signed(let.var);
    const std::string value = cpp_.text(let.value);
    line(std::string("const ") + (is_signed ? "int32_t " : "uint32_t ") + declare(let.var) + " = " + value + ";");
}

void KernelWriter::control(const prog::For& loop) {
    const bool is_signed = !cpp_.never_negative(loop.begin);
    if (is_signed) cpp_.declare_signed(loop.var);
    const std::string begin = cpp_.text(loop.begin);
    // var < begin + extent, by the same rules as every comparison
    LinearForm end = linear_form(ctx_.index, loop.begin);
    const LinearForm extent = linear_form(ctx_.index, loop.extent);
    end.constant += extent.constant;
    for (const auto& term : extent.terms) {
        auto same = std::find_if(end.terms.begin(), end.terms.end(), [&](auto& t) { return t.atom == term.atom; });
        if (same == end.terms.end()) {
            end.terms.push_back(term);
        } else {
            same->coefficient += term.coefficient;
        }
    }
    std::erase_if(end.terms, [](auto& t) { return t.coefficient == 0; });
    const std::string bound = cpp_.sum(end, CppIndex::kSum);
    const size_t outside = scope_.size();
    const std::string var = declare(loop.var);
    const bool plain = !is_signed && end.constant >= 0 && std::all_of(end.terms.begin(), end.terms.end(), [&](auto& t) {
        return t.coefficient > 0 && cpp_.never_negative(t.atom);
    });
    const std::string condition =
        plain ? var + " < " + bound
              : (is_signed ? var : "static_cast<int32_t>(" + var + ")") + " < static_cast<int32_t>(" + bound + ")";
    const std::string step = loop.step == 1 ? "++" + var : var + " += " + std::to_string(loop.step);
    open(std::string("for (") + (is_signed ? "int32_t " : "uint32_t ") + var + " = " + begin + "; " + condition + "; " +
         step + ")");
    body(loop.body);
    close();
    scope_.resize(outside);
}

void KernelWriter::control(const prog::If& branch) {
    if (branch.then.ops.empty()) {
        open("if (!" + cpp_.condition(branch.cond, CppIndex::kUnary) + ")");
        body(branch.otherwise);
        close();
        return;
    }
    open("if (" + cpp_.condition(branch.cond) + ")");
    body(branch.then);
    if (!branch.otherwise.ops.empty()) {
        close_else();
        body(branch.otherwise);
    }
    close();
}

void KernelWriter::control(const prog::Comment& comment) {
    const size_t width = kColumns - static_cast<size_t>(4 * depth_) - 3;
    std::string rest = comment.text;
    while (rest.size() > width) {
        const size_t cut = rest.rfind(' ', width);
        if (cut == std::string::npos || cut == 0) break;
        line("// " + rest.substr(0, cut));
        rest.erase(0, cut + 1);
    }
    line("// " + rest);
}

void KernelWriter::control(const prog::ChannelOp& call) {
    constexpr std::string_view kCalls[] = {"reserve_back", "push_back", "wait_front", "pop_front"};
    line(object(call.channel) + "." + std::string(kCalls[static_cast<size_t>(call.call)]) + "(" + pages(call) + ");");
}

void KernelWriter::body(const prog::Region& region) {
    const size_t outside = scope_.size();
    for (const prog::Op& o : region.ops)
        std::visit(
            [&](const auto& inner) {
                if constexpr (requires { this->control(inner); }) {
                    control(inner);
                } else {
                    op(inner);
                }
            },
            o.v);
    scope_.resize(outside);
}

std::string KernelWriter::names_of(const std::set<TensorId>& tensors) const {
    std::string names;
    for (auto tensor = tensors.begin(); tensor != tensors.end(); ++tensor) {
        if (tensor != tensors.begin()) names += std::next(tensor) == tensors.end() ? " and " : ", ";
        names += ctx_.tensor(*tensor).name;
    }
    return names;
}

Result<KernelSource> KernelWriter::write() {
    for (size_t c = 0; c < launch_.channels.size(); ++c) {
        // The object, the constant, and what is derived from them are named after the user's buffer.
        std::string name = identifier(launch_.channels[c].name);
        const auto derived = [&] {
            return std::array{name,           "cb_" + name, name + "_tiles", name + "_tile_bytes", name + "_row_bytes",
                              name + "_bytes"};
        };
        const auto used = [&](const std::string& n) { return taken_.contains(n); };
        while (std::ranges::any_of(derived(), used)) name += "_cb";
        for (const std::string& n : derived()) taken_.insert(n);
        channel_names_[ChannelId(c)] = name;
    }
    for (size_t t = 0; t < ctx_.tensors.size(); ++t) {
        std::string name = identifier(ctx_.tensors[t].name);
        while (taken_.contains(name)) name += "_tensor";
        taken_.insert({name, name + "_args", name + "_tile_rows", name + "_tile_cols"});
        tensor_names_[TensorId(t)] = name;
    }
    const std::unordered_set<VarId> live = without_dead_code(program_.ctx, region_).vars;
    const std::vector<VarId> symbols = live_symbols(ctx_, live);
    std::vector<prog::CoreArg> core_args;
    for (const prog::CoreArg& arg : launch_.core_args)
        if (live.contains(arg.var)) core_args.push_back(arg);
    for (VarId symbol : symbols)
        if (const auto lo = ctx_.index.var(symbol).lo; !lo || *lo < 0) cpp_.declare_signed(symbol);
    for (VarId symbol : symbols) {
        const std::string name = declare(symbol) + "_tiles";
        if (taken_.insert(name).second)
            cpp_.give_name(program_.ctx.index.ceildiv(program_.ctx.index.of(symbol), kTileDim), name);
    }
    for (const prog::CoreArg& arg : core_args) declare(arg.var);

    body(region_);
    const std::string main = std::move(text_);
    if (!errors_.empty()) return errors_;

    KernelSource source;
    PlanKernel& plan = source.plan;
    plan.engine = engine_;
    text_.clear();
    std::string offset = "0";
    uint32_t common = 0, per_core = 0;
    for (TensorId tensor : tensors_) {
        const std::string& name = tensor_names_.at(tensor);
        line("constexpr auto " + name + "_args = TensorAccessorArgs<" + offset + ">();");
        offset = name + "_args.next_compile_time_args_offset()";
        plan.compile_time.push_back({PlanArg::Kind::Accessor, ctx_.tensor(tensor).name, {}, tensor});
    }
    for (TensorId tensor : tensors_) {
        const std::string& name = tensor_names_.at(tensor);
        line("const TensorAccessor " + name + "(" + name + "_args, get_common_arg_val<uint32_t>(" +
             std::to_string(common++) + "));");
        plan.common_runtime.push_back({PlanArg::Kind::Address, ctx_.tensor(tensor).name, {}, tensor});
    }
    for (VarId symbol : symbols) {
        const auto lo = ctx_.index.var(symbol).lo;
        const std::string type = lo && *lo >= 0 ? "uint32_t" : "int32_t";
        line("const " + type + " " + name(symbol) + " = get_common_arg_val<" + type + ">(" + std::to_string(common++) +
             ");");
        plan.common_runtime.push_back(
            {PlanArg::Kind::Value, ctx_.index.var(symbol).name, program_.ctx.index.of(symbol), {}});
    }
    for (auto& [id, name] : cpp_.used_names()) line("const uint32_t " + name + " = " + cpp_.definition(id) + ";");
    for (const prog::CoreArg& arg : core_args) {
        line("const uint32_t " + name(arg.var) + " = get_arg_val<uint32_t>(" + std::to_string(per_core++) + ");");
        plan.runtime.push_back({PlanArg::Kind::Value, ctx_.index.var(arg.var).name, arg.value, {}});
    }
    for (PlanArg& arg : core_arguments()) {
        line("const uint32_t " + arg.name + " = get_arg_val<uint32_t>(" + std::to_string(per_core++) + ");");
        plan.runtime.push_back(std::move(arg));
    }
    prologue();
    if (!objects_.empty()) {
        std::string objects;
        for (ChannelId channel : objects_)
            objects += (objects.empty() ? "" : ", ") + channel_names_.at(channel) + "(" + id(channel) + ")";
        line("CircularBuffer " + objects + ";");
    }
    for (ChannelId channel : tile_bytes_)
        line("const uint32_t " + tile_bytes(channel) + " = " + object(channel) + ".get_tile_size();");
    if (!text_.empty()) line("");
    const std::string head = std::move(text_);

    std::string text = "// " + title() + "\n";
    text += "// Generated by tilelang-tt from " + ctx_.name;
    if (const SourceLoc loc = ctx_.loc(launch_.loc); loc.known())
        text += " (" + file_name(loc.file) + ":" + std::to_string(loc.line) + ")";
    text += ".\n#include <cstdint>\n";
    if (cpp_.uses_min_max()) text += "#include <algorithm>\n";
    text += "\n";
    for (const std::string& macro : macros()) text += "#define " + macro + "\n";
    for (const std::string& include : includes()) text += "#include \"" + include + "\"\n";
    if (!ids_.empty() || !constant_order_.empty()) text += "\n";
    for (ChannelId channel : ids_) {
        const std::string name = id(channel);
        text += "constexpr uint32_t " + name + " = get_named_compile_time_arg_val(\"" + name + "\");\n";
        plan.named.emplace_back(name, program_.ctx.index.constant(static_cast<int64_t>(channel.v)));
    }
    const auto declaration = [&](const std::string& name) {
        return "constexpr uint32_t " + name + " = " + std::to_string(constants_.at(name).first) + ";";
    };
    size_t width = 0;
    for (const std::string& name : constant_order_) width = std::max(width, declaration(name).size());
    for (const std::string& name : constant_order_) {
        std::string text_line = declaration(name);
        text_line.resize(width + 2, ' ');
        text += text_line + "// " + constants_.at(name).second + "\n";
    }
    if (cpp_.uses_floor_div()) text += "\n" + std::string(kFloorDivSource);
    text += helpers();
    text += "\nvoid kernel_main() {\n" + head + main + "}\n";
    source.text = std::move(text);
    return source;
}

}  // namespace tilelang_tt::codegen
