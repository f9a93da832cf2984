// The printer: one visitor for every field type of every form. docs/ir.md has the grammar.
#include <charconv>
#include <cmath>
#include <map>

#include "compiler/ir/fields.h"
#include "compiler/ir/names.h"
#include "compiler/ir/text.h"

namespace tilelang_tt {
namespace {

bool is_identifier(std::string_view s) {
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
    if (s.empty() || !letter(s.front())) return false;
    for (const char c : s)
        if (!letter(c) && !(c >= '0' && c <= '9')) return false;
    return true;
}

std::string quoted(std::string_view s) {
    std::string out = "\"";
    for (const char c : s) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\', out += c;
        } else if (c == '\n') {
            out += "\\n";
        } else if (byte < 0x20 || byte == 0x7f) {
            constexpr char kHex[] = "0123456789abcdef";
            out += "\\x", out += kHex[byte >> 4], out += kHex[byte & 15];
        } else {
            out += c;
        }
    }
    return out + '"';
}

std::string name(std::string_view s) { return is_identifier(s) ? std::string(s) : quoted(s); }

std::string number(double v) {
    if (std::isnan(v)) {
        const auto bits = std::bit_cast<uint64_t>(v);
        if (bits == std::bit_cast<uint64_t>(std::numeric_limits<double>::quiet_NaN())) return "nan";
        char hex[32];
        const auto end = std::to_chars(hex, hex + sizeof hex, bits, 16).ptr;
        return "nan(0x" + std::string(hex, end) + ")";
    }
    if (std::isinf(v)) return v > 0 ? "inf" : "-inf";
    char text[64];
    return {text, std::to_chars(text, text + sizeof text, v).ptr};
}

// How tightly operators bind, in indices and lanes alike.
enum Precedence { kOr, kAnd, kCompare, kSum, kProduct, kPrimary };
struct Infix {
    std::string_view sign;
    Precedence level;
};

std::optional<Infix> infix(IndexOp op) {
    switch (op) {
        case IndexOp::Mul:
            return Infix{"*", kProduct};
        case IndexOp::FloorDiv:
            return Infix{"//", kProduct};
        case IndexOp::FloorMod:
            return Infix{"%", kProduct};
        case IndexOp::Add:
            return Infix{"+", kSum};
        case IndexOp::Lt:
            return Infix{"<", kCompare};
        case IndexOp::Le:
            return Infix{"<=", kCompare};
        case IndexOp::Eq:
            return Infix{"==", kCompare};
        case IndexOp::Ne:
            return Infix{"!=", kCompare};
        case IndexOp::And:
            return Infix{"&&", kAnd};
        case IndexOp::Or:
            return Infix{"||", kOr};
        default:
            return std::nullopt;
    }
}

std::optional<Infix> infix(tensix::TileFn fn) {
    using tensix::TileFn;
    switch (fn) {
        case TileFn::Mul:
            return Infix{"*", kProduct};
        case TileFn::Div:
            return Infix{"/", kProduct};
        case TileFn::Add:
            return Infix{"+", kSum};
        case TileFn::Sub:
            return Infix{"-", kSum};
        case TileFn::Lt:
            return Infix{"<", kCompare};
        case TileFn::Le:
            return Infix{"<=", kCompare};
        case TileFn::Gt:
            return Infix{">", kCompare};
        case TileFn::Ge:
            return Infix{">=", kCompare};
        case TileFn::Eq:
            return Infix{"==", kCompare};
        case TileFn::Ne:
            return Infix{"!=", kCompare};
        case TileFn::LogicalAnd:
            return Infix{"&&", kAnd};
        case TileFn::LogicalOr:
            return Infix{"||", kOr};
        default:
            return std::nullopt;
    }
}

class IndexPrinter {
  public:
    explicit IndexPrinter(const IndexArena& arena) : arena_(arena) {}

    std::string text(IndexId id, Precedence outer = kOr) const {
        if (!id.valid() || id.v >= arena_.num_nodes()) return "?";
        const IndexNode& n = arena_.node(id);
        const auto call = [&](std::string_view fn) {
            std::string out = std::string(fn) + "(" + text(n.a) + ", " + text(n.b);
            return out + (n.c.valid() ? ", " + text(n.c) : "") + ")";
        };
        switch (n.op) {
            case IndexOp::Const:
                return std::to_string(n.value);
            case IndexOp::Var:
                return n.var.valid() && n.var.v < arena_.num_vars() ? name(arena_.var(n.var).name) : "?";
            case IndexOp::Min:
                return call("min");
            case IndexOp::Max:
                return call("max");
            case IndexOp::Select:
                return call("select");
            case IndexOp::Not:
                return "!" + text(n.a, kPrimary);
            default:
                break;
        }
        const Infix op = *infix(n.op);
        std::string out = n.op == IndexOp::Add ? sum(n) : "";
        if (out.empty()) {
            // Comparisons do not associate; everything else does to the left.
            const auto left = op.level == kCompare ? kSum : op.level;
            out = text(n.a, left) + " " + std::string(op.sign) + " " + text(n.b, Precedence(op.level + 1));
        }
        return op.level < outer ? "(" + out + ")" : out;
    }

  private:
    // a - b, where reading it gives the same nodes again; else empty
    std::string sum(const IndexNode& n) const {
        if (!n.a.valid() || !n.b.valid()) return "";
        const IndexNode& b = arena_.node(n.b);
        constexpr int64_t lowest = std::numeric_limits<int64_t>::min();
        const auto constant = [&](IndexId id) { return id.valid() ? arena_.as_const(id) : std::nullopt; };
        if (b.op == IndexOp::Const && b.value < 0 && b.value != lowest)
            return text(n.a, kSum) + " - " + std::to_string(-b.value);
        const auto factor = b.op == IndexOp::Mul ? constant(b.b) : std::nullopt;
        if (!factor || *factor >= 0 || *factor == lowest || !b.a.valid()) return "";
        if (*factor < -1) return text(n.a, kSum) + " - " + text(b.a, kProduct) + " * " + std::to_string(-*factor);
        const IndexNode& x = arena_.node(b.a);
        const auto inner = x.op == IndexOp::Mul ? constant(x.b) : std::nullopt;
        if (x.op == IndexOp::Const || (inner && *inner > 1)) return "";
        return text(n.a, kSum) + " - " + text(b.a, kProduct);
    }

    const IndexArena& arena_;
};

class Printer {
  public:
    explicit Printer(const Context& ctx) : ctx_(ctx), index_(ctx.index) {}

    template <class Form>
    std::string form(std::string_view keyword, const Form& f) {
        line(std::string(keyword) + " " + name(ctx_.name));
        for (size_t i = 0; i < ctx_.index.num_vars(); ++i) row("var", ctx_.index.var(VarId(i)));
        for (const Tensor& t : ctx_.tensors) row("tensor", t);
        for (const ScalarParam& s : ctx_.scalars) row("scalar", s);
        if constexpr (requires { f.mapping; }) {
            for (size_t i = 0; i < f.mapping.layouts.size(); ++i) {
                const TensorLayout& layout = f.mapping.layouts[i];
                line("layout " + text(TensorId(i)) + inline_fields(layout, TensorLayout{}));
            }
            for (const WorkSplit& split : f.mapping.launches) line("split" + inline_fields(split, WorkSplit{}));
        }
        for (const auto& launch : f.launches) {
            enter(launch);
            inherited_ = launch.loc;
            statement("launch", launch);
        }
        return std::move(out_);
    }

    void enter(const tile::Launch& l) { buffers_ = &l.buffers; }
    void enter(const graph::Launch& l) { values_ = &l.values; }
    void enter(const prog::Launch& l) { channels_ = &l.channels; }

    std::string lane(LaneId id, Precedence outer = kOr) {
        if (!id.valid() || id.v >= ctx_.lanes.size()) return "?";
        if (const auto let = lets_.find(id); let != lets_.end()) return "$" + std::to_string(let->second);
        return lane_body(id, outer);
    }

  private:
    void line(const std::string& s) { out_ += std::string(2 * depth_, ' ') + s + "\n"; }

    // ---- leaves ----
    template <class Table>
    static std::string name_in(const Table* table, size_t i) {
        return table && i < table->size() ? name((*table)[i].name) : "?";
    }
    std::string text(IndexId id) const { return index_.text(id); }
    std::string text(VarId id) const {
        return id.valid() && id.v < ctx_.index.num_vars() ? name(ctx_.index.var(id).name) : "?";
    }
    std::string text(TensorId id) const { return "@" + name_in(&ctx_.tensors, id.v); }
    std::string text(BufferId id) const { return name_in(buffers_, id.v); }
    std::string text(ValueId id) const { return "%" + name_in(values_, id.v); }
    std::string text(ChannelId id) const { return name_in(channels_, id.v); }
    std::string text(bool v) const { return v ? "true" : "false"; }
    std::string text(int v) const { return std::to_string(v); }
    std::string text(int64_t v) const { return std::to_string(v); }
    std::string text(Bytes v) const { return std::to_string(v.v); }
    std::string text(double v) const { return number(v); }
    std::string text(const std::string& v) const { return quoted(v); }
    std::string text(const std::optional<int64_t>& v) const { return v ? std::to_string(*v) : "none"; }
    template <class E>
        requires std::is_enum_v<E>
    std::string text(E v) const {
        return std::string(enum_name(v));
    }
    std::string text(prog::Engines e) const {
        std::string out;
        for (const auto& [engine, label] :
             {std::pair(prog::Engine::Reader, "reader"), std::pair(prog::Engine::Compute, "compute"),
              std::pair(prog::Engine::Writer, "writer")})
            if (e.has(engine)) out += (out.empty() ? "" : "+") + std::string(label);
        return out.empty() ? "none" : out;
    }
    std::string text(const Ref& r) const { return r.is_tensor() ? text(r.tensor) : text(r.buffer); }
    std::string text(const Access& a) const {
        std::string out = text(a.ref) + "[";
        for (size_t i = 0; i < a.offset.size() && i < a.extent.size(); ++i)
            out += (i ? ", " : "") + text(a.offset[i]) + " : " + text(a.extent[i]);
        return out + "]";
    }
    std::string text(const graph::Window& w) const {
        std::string out = text(w.tensor) + "[" + list(w.offset) + ";";
        if (w.row_dim != -1) out += " rows " + std::to_string(w.row_dim);
        if (w.col_dim != -1) out += std::string(w.row_dim != -1 ? "," : "") + " cols " + std::to_string(w.col_dim);
        return out + "]";
    }
    std::string text(const graph::Operand& o) const { return o.value.valid() ? text(o.value) : number(o.constant); }
    std::string text(const graph::TileType& t) const {
        std::string out = std::string(enum_name(t.orientation)) + "<";
        const auto extent = [](int64_t n) { return std::to_string(n); };
        switch (t.orientation) {
            case graph::Orientation::Full:
                out += extent(t.rows) + "x" + extent(t.cols) + ",";
                break;
            case graph::Orientation::Row:
                out += extent(t.cols) + ",";
                break;
            case graph::Orientation::Col:
                out += extent(t.rows) + ",";
                break;
            case graph::Orientation::Scalar:
                break;
        }
        return out + text(t.dtype) + (t.in_rows ? ",rows>" : ">");
    }
    template <class T>
    std::string list(const std::vector<T>& v) const {
        std::string out;
        for (size_t i = 0; i < v.size(); ++i) out += (i ? ", " : "") + text(v[i]);
        return out;
    }
    template <class T>
    std::string text(const std::vector<T>& v) const {
        return "(" + list(v) + ")";
    }

    std::string location(LocId id) const {
        if (!id.valid() || id.v >= ctx_.locs.size()) return "";
        const SourceLoc& loc = ctx_.locs[id.v];
        std::string out = " loc(" + quoted(loc.file) + ":" + std::to_string(loc.line);
        return out + (loc.column ? ":" + std::to_string(loc.column) : "") + ")";
    }
    // The op's results and a region's arguments carry the op's location unless they say another.
    std::string definition(ValueId id) const {
        if (!values_ || id.v >= values_->size()) return "%?";
        const graph::Value& v = (*values_)[id.v];
        std::string out = text(id) + ": " + text(v.type);
        if (v.loc == inherited_) return out;
        return out + (v.loc.valid() ? location(v.loc) : " loc(none)");
    }

    // ---- fields ----
    // What an op does is said even where it is the default.
    template <class T>
    static constexpr bool always_printed =
        std::is_same_v<T, double> || (std::is_enum_v<T> && !std::is_same_v<T, tile::LoopKind> &&
                                      !std::is_same_v<T, prog::UnpackMode> && !std::is_same_v<T, Storage>);

    template <class X>
    std::string inline_fields(const X& x, const X& defaults) const {
        std::vector<const void*> usual;
        fields_of(defaults, [&](std::string_view, const auto& field) { usual.push_back(&field); });
        std::string out;
        size_t i = 0;
        fields_of(x, [&](std::string_view key, const auto& field) {
            using T = std::remove_cvref_t<decltype(field)>;
            const void* other = usual[i++];
            if constexpr (!is_region<T> && !is_rows<T> && !is_def<T>) {
                if constexpr (!always_printed<T>)
                    if (field == *static_cast<const T*>(other)) return;
                if constexpr (std::is_same_v<T, bool>)
                    out += " " + std::string(key) + (field ? "" : "=false");
                else
                    out += " " + std::string(key) + "=" + text(field);
            }
        });
        return out;
    }

    template <class X>
    std::string results(const X& x) const {
        std::string out;
        fields_of(x, [&](std::string_view, const auto& field) {
            using T = std::remove_cvref_t<decltype(field)>;
            if constexpr (std::is_same_v<T, graph::Def>) {
                out += definition(field.id);
            } else if constexpr (std::is_same_v<T, std::vector<graph::Def>>) {
                for (size_t i = 0; i < field.size(); ++i) out += (i ? ", " : "") + definition(field[i].id);
            }
        });
        return out.empty() ? "" : out + " = ";
    }

    template <class X>
    void statement(std::string_view keyword, const X& x, const std::string& prefix = "") {
        std::string head = prefix + results(x) + std::string(keyword) + inline_fields(x, X{}) + location(inherited_);
        bool open = false, region_seen = false;
        const auto open_block = [&] {
            if (open) return;
            line(head + " {");
            ++depth_, open = true;
        };
        fields_of(x, [&](std::string_view key, const auto& field) {
            using T = std::remove_cvref_t<decltype(field)>;
            if constexpr (is_rows<T>) {
                open_block();
                rows(key, field);
            } else if constexpr (is_region<T>) {
                open_block();
                if (region_seen) {
                    if (field == T{}) return;
                    --depth_;
                    line("} " + std::string(key) + " {");
                    ++depth_;
                }
                region_seen = true;
                region(field);
            }
        });
        if (!open) return line(head);
        --depth_;
        line("}");
    }

    template <class Region>
    void region(const Region& r) {
        const LocId outer = inherited_;
        if constexpr (requires { r.args; }) {
            if (!r.args.empty()) {
                std::string args = "args ";
                for (size_t i = 0; i < r.args.size(); ++i) args += (i ? ", " : "") + definition(r.args[i]);
                line(args);
            }
        }
        for (const auto& op : r.ops) {
            inherited_ = op.loc;
            std::string prefix;
            if constexpr (requires { op.engines; })
                if (op.engines.bits) prefix = text(op.engines) + ": ";
            std::visit([&](const auto& o) { statement(std::remove_cvref_t<decltype(o)>::kName, o, prefix); }, op.v);
        }
        inherited_ = outer;
    }

    template <class X>
    void row(std::string_view keyword, const X& x) {
        std::string out(keyword);
        if constexpr (requires { x.name; })
            out += " " + (std::is_same_v<X, Tensor> ? "@" + name(x.name) : name(x.name));
        out += inline_fields(x, X{});
        if constexpr (requires { x.loc; }) out += location(x.loc);
        line(out);
    }
    template <class X>
    void rows(std::string_view keyword, const std::vector<X>& xs) {
        for (const X& x : xs) row(keyword, x);
    }
    void rows(std::string_view keyword, const prog::ComputeConfig& config) {
        if (config != prog::ComputeConfig{}) row(keyword, config);
    }

    // ---- lanes ----
    void rows(std::string_view, const std::vector<tile::Store>& stores) {
        std::map<LaneId, int> uses;
        std::vector<LaneId> order;  // operands first
        for (const tile::Store& s : stores) count(s.value, uses, order);
        lets_.clear();
        for (const LaneId id : order) {
            if (uses[id] < 2) continue;
            const std::string body = lane_body(id, kOr);
            const size_t number = lets_.size();
            lets_[id] = number;
            line("let $" + std::to_string(number) + " = " + body);
        }
        for (const tile::Store& s : stores) {
            std::string out =
                text(s.ref) + "[" + list(s.indices) + "] " + std::string(enum_name(s.combine)) + "= " + lane(s.value);
            if (s.cond.valid()) out += " if " + text(s.cond);
            line(out + location(s.loc));
        }
        lets_.clear();
    }
    void count(LaneId id, std::map<LaneId, int>& uses, std::vector<LaneId>& order) const {
        if (!id.valid() || id.v >= ctx_.lanes.size()) return;
        const LaneNode& n = ctx_.lanes.node(id);
        if (n.op != LaneOp::Apply || uses[id]++) return;
        count(n.a, uses, order), count(n.b, uses, order), count(n.c, uses, order);
        order.push_back(id);
    }

    std::string lane_body(LaneId id, Precedence outer) {
        const LaneNode& n = ctx_.lanes.node(id);
        const auto annotated = [&](std::string_view what, bool usual) {
            return std::string(what) + (usual ? "" : "<" + text(n.dtype) + ">");
        };
        switch (n.op) {
            case LaneOp::Const:
                return text(n.dtype) + "(" + number(n.value) + ")";
            case LaneOp::Index:
                return annotated("index", n.dtype == DType::I32) + "(" + text(n.index) + ")";
            case LaneOp::Bits:
                return annotated("from_bits", n.dtype == DType::F32) + "(" + text(n.index) + ")";
            case LaneOp::Read:
                return annotated(text(n.ref), n.dtype == dtype_of(n.ref)) + "[" + list(n.indices) + "]";
            case LaneOp::Apply:
                break;
        }
        const bool usual = n.fn != tensix::TileFn::Cast && n.dtype == usual_dtype(n);
        if (const auto op = infix(n.fn); op && usual) {
            const auto left = op->level == kCompare ? kSum : op->level;
            const std::string out =
                lane(n.a, left) + " " + std::string(op->sign) + " " + lane(n.b, Precedence(op->level + 1));
            return op->level < outer ? "(" + out + ")" : out;
        }
        std::string out = annotated(enum_name(n.fn), usual) + "(" + lane(n.a);
        if (n.b.valid()) out += ", " + lane(n.b);
        if (n.c.valid()) out += ", " + lane(n.c);
        return out + ")";
    }
    std::optional<DType> dtype_of(const Ref& r) const {
        if (r.is_tensor())
            return r.tensor.v < ctx_.tensors.size() ? std::optional(ctx_.tensor(r.tensor).dtype) : std::nullopt;
        return buffers_ && r.buffer.v < buffers_->size() ? std::optional((*buffers_)[r.buffer.v].dtype) : std::nullopt;
    }
    std::optional<DType> usual_dtype(const LaneNode& n) const {
        const LaneId from = n.fn == tensix::TileFn::Select ? n.b : n.a;
        if (!from.valid() || from.v >= ctx_.lanes.size()) return std::nullopt;
        return tensix::is_predicate(n.fn) ? DType::Bool : ctx_.lanes.node(from).dtype;
    }

    const Context& ctx_;
    IndexPrinter index_;
    const std::vector<tile::Buffer>* buffers_ = nullptr;
    const std::vector<graph::Value>* values_ = nullptr;
    const std::vector<prog::Channel>* channels_ = nullptr;
    LocId inherited_;
    std::map<LaneId, size_t> lets_;
    std::string out_;
    size_t depth_ = 0;
};

}  // namespace

std::string print(const TileProgram& program) { return Printer(program.ctx).form("tile_program", program); }
std::string print(const TileGraph& graph) { return Printer(graph.ctx).form("tile_graph", graph); }
std::string print(const TensixProgram& program) { return Printer(program.ctx).form("tensix_program", program); }

std::string print(const IndexArena& index, IndexId id) { return IndexPrinter(index).text(id); }
std::string print(const Context& ctx, const tile::Launch& launch, LaneId id) {
    Printer printer(ctx);
    printer.enter(launch);
    return printer.lane(id);
}
std::string print(const Context& ctx, LaneId id) { return Printer(ctx).lane(id); }

}  // namespace tilelang_tt
