// The parser: one visitor for every field type of every form, the mirror of print.cpp. docs/ir.md has the grammar.
// Expressions are read as they stand, without simplification, so that text gives back the very form it was printed
// from.
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <map>
#include <set>

#include "compiler/ir/fields.h"
#include "compiler/ir/names.h"
#include "compiler/ir/text.h"

namespace tilelang_tt {
namespace {

struct Failure {
    Diagnostic diagnostic;
};

struct Token {
    enum Kind { End, Name, Number, String, Punct } kind = End;
    std::string_view text;  // of a string: with its quotes
    int line = 1, column = 1;
    bool first = false;  // on its line
};

[[noreturn]] void fail(std::string code, const Token& at, std::string message, std::string fix = "") {
    Diagnostic d;
    d.code = std::move(code);
    d.message = std::move(message);
    d.where = {{"<text>", at.line, at.column}};
    d.fix = std::move(fix);
    throw Failure{std::move(d)};
}

constexpr auto kSyntax = "TT9010", kUnknownName = "TT9011", kDuplicate = "TT9012", kBadNumber = "TT9013";

std::string shown(const Token& t) {
    if (t.kind == Token::End) return "the end of the text";
    return "'" + std::string(t.text.substr(0, 40)) + "'";
}

class Lexer {
  public:
    explicit Lexer(std::string_view text) : text_(text) {}

    Token next() {
        bool first = at_ == 0;
        for (;; step()) {
            if (at_ == text_.size()) break;
            const char c = text_[at_];
            if (c == '\n') {
                first = true;
            } else if (c == '#' || (first && text_.substr(at_, 2) == "//")) {
                while (at_ < text_.size() && text_[at_] != '\n') step();
                if (at_ == text_.size()) break;
                first = true;
            } else if (c != ' ' && c != '\t' && c != '\r') {
                break;
            }
        }
        Token t{Token::End, {}, line_, column_, first};
        if (at_ == text_.size()) return t;
        const size_t begin = at_;
        const char c = text_[at_];
        if (letter(c)) {
            while (at_ < text_.size() && (letter(text_[at_]) || digit(text_[at_]))) step();
            t.kind = Token::Name;
        } else if (digit(c)) {
            // 1, 0x7f, 1.5, 2e-3: whether it is one is decided by who reads it
            while (at_ < text_.size() &&
                   (letter(text_[at_]) || digit(text_[at_]) || text_[at_] == '.' ||
                    ((text_[at_] == '-' || text_[at_] == '+') && text_[at_ - 1] == 'e' && text_[begin + 1] != 'x')))
                step();
            t.kind = Token::Number;
        } else if (c == '"') {
            step();
            while (at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\n') {
                if (text_[at_] == '\\' && at_ + 1 < text_.size()) step();
                step();
            }
            if (at_ == text_.size() || text_[at_] != '"') fail(kSyntax, t, "a string is not closed on its line");
            step();
            t.kind = Token::String;
        } else {
            static constexpr std::string_view kPairs[] = {"//", "<=", ">=", "==", "!=", "&&", "||"};
            step();
            for (const std::string_view pair : kPairs)
                if (text_.substr(begin, 2) == pair) {
                    step();
                    break;
                }
            t.kind = Token::Punct;
        }
        t.text = text_.substr(begin, at_ - begin);
        return t;
    }

  private:
    static bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
    static bool digit(char c) { return c >= '0' && c <= '9'; }
    void step() {
        if (text_[at_] == '\n')
            ++line_, column_ = 1;
        else
            ++column_;
        ++at_;
    }

    std::string_view text_;
    size_t at_ = 0;
    int line_ = 1, column_ = 1;
};

enum Precedence { kOr, kAnd, kCompare, kSum, kProduct, kPrimary };

std::optional<Precedence> level(std::string_view sign) {
    if (sign == "||") return kOr;
    if (sign == "&&") return kAnd;
    for (const std::string_view s : {"<", "<=", ">", ">=", "==", "!="})
        if (sign == s) return kCompare;
    if (sign == "+" || sign == "-") return kSum;
    for (const std::string_view s : {"*", "/", "//", "%"})
        if (sign == s) return kProduct;
    return std::nullopt;
}

class Parser {
  public:
    explicit Parser(std::string_view text) : lexer_(text) { advance(); }

    template <class Form>
    Form form(std::string_view keyword) {
        Form f;
        ctx_ = &f.ctx;
        if (!word(keyword))
            fail(kSyntax, token_, "expected " + std::string(keyword) + ", found " + shown(token_),
                 "the first line is: " + std::string(keyword) + " NAME");
        f.ctx.name = read_name("the program's name");
        end_of_statement();
        while (token_.kind != Token::End) {
            const Token start = token_;
            if (word("var")) {
                Var v;
                v.name = read_name("a variable's name");
                inline_fields(v);
                if (f.ctx.index.find_var(v.name))
                    fail(kDuplicate, start, "variable '" + v.name + "' is declared twice");
                f.ctx.index.new_var(std::move(v));
            } else if (word("tensor")) {
                expect("@");
                Tensor t;
                declare(t, tensors_, f.ctx.tensors.size(), "tensor");
                inline_fields(t);
                t.loc = location();
                f.ctx.tensors.push_back(std::move(t));
            } else if (word("scalar")) {
                ScalarParam s;
                s.name = read_name("a scalar's name");
                inline_fields(s);
                f.ctx.scalars.push_back(std::move(s));
            } else if (word("launch")) {
                f.launches.emplace_back();
                launch(f.launches.back());
            } else if (!mapping(f)) {
                fail(kSyntax, start, "expected var, tensor, scalar or launch, found " + shown(start));
            }
            end_of_statement();
        }
        return f;
    }

  private:
    // ---- tokens ----
    Token advance() {
        Token last = token_;
        token_ = lexer_.next();
        return last;
    }
    bool is(std::string_view punct) const { return token_.kind == Token::Punct && token_.text == punct; }
    bool is_word(std::string_view w) const { return token_.kind == Token::Name && token_.text == w; }
    bool accept(std::string_view punct) {
        if (!is(punct)) return false;
        advance();
        return true;
    }
    bool word(std::string_view w) {
        if (!is_word(w)) return false;
        advance();
        return true;
    }
    void expect(std::string_view punct) {
        if (!accept(punct)) fail(kSyntax, token_, "expected '" + std::string(punct) + "', found " + shown(token_));
    }
    // A statement goes on to the end of its line.
    bool goes_on() const { return token_.kind != Token::End && !token_.first && !is("}") && !is("{"); }
    void end_of_statement() {
        if (goes_on() || is("{")) fail(kSyntax, token_, "expected the end of the line, found " + shown(token_));
    }
    std::string_view identifier(const std::string& what) {
        if (token_.kind != Token::Name) fail(kSyntax, token_, "expected " + what + ", found " + shown(token_));
        return advance().text;
    }
    std::string read_name(const std::string& what) {
        if (token_.kind == Token::String) return read_string();
        return std::string(identifier(what));
    }
    std::string read_string() {
        if (token_.kind != Token::String) fail(kSyntax, token_, "expected a string, found " + shown(token_));
        const Token t = advance();
        const std::string_view s = t.text.substr(1, t.text.size() - 2);
        std::string out;
        for (size_t i = 0; i < s.size(); ++i) {
            if (s[i] != '\\') {
                out += s[i];
                continue;
            }
            const char c = ++i < s.size() ? s[i] : 0;
            int value = 0;
            if (c == 'n')
                out += '\n';
            else if (c == '"' || c == '\\')
                out += c;
            else if (c == 'x' && i + 2 < s.size() &&
                     std::from_chars(s.data() + i + 1, s.data() + i + 3, value, 16).ptr == s.data() + i + 3)
                out += static_cast<char>(value), i += 2;
            else
                fail(kSyntax, t, "unknown escape in a string", "known: \\\" \\\\ \\n \\xHH");
        }
        return out;
    }

    struct Depth {
        explicit Depth(Parser& p) : parser(p) {
            if (++parser.depth_ > kMax) fail(kSyntax, parser.token_, "nested deeper than " + std::to_string(kMax));
        }
        ~Depth() { --parser.depth_; }
        static constexpr int kMax = 200;
        Parser& parser;
    };

    // ---- names ----
    using Names = std::map<std::string, size_t, std::less<>>;
    template <class Row>
    void declare(Row& row, Names& names, size_t id, const std::string& what) {
        const Token at = token_;
        row.name = read_name("a name of a " + what);
        if (!names.emplace(row.name, id).second) fail(kDuplicate, at, what + " '" + row.name + "' is declared twice");
    }
    size_t lookup(const Names& names, const std::string& what) {
        const Token at = token_;
        const std::string n = read_name("a " + what);
        const auto found = names.find(n);
        if (found == names.end()) fail(kUnknownName, at, "there is no " + what + " '" + n + "' here");
        return found->second;
    }

    // ---- leaves ----
    void read(IndexId& v) { v = index(); }
    void read(VarId& v) {
        const Token at = token_;
        const std::string n = read_name("a variable");
        const auto found = ctx_->index.find_var(n);
        if (!found) fail(kUnknownName, at, "there is no variable '" + n + "'", "declare it: var " + n);
        v = *found;
    }
    void read(TensorId& v) {
        expect("@");
        v = TensorId(lookup(tensors_, "tensor"));
    }
    void read(ValueId& v) {
        expect("%");
        v = ValueId(lookup(values_by_name_, "value"));
    }
    void read(ChannelId& v) { v = ChannelId(lookup(channels_, "channel")); }
    void read(bool& v) {
        if (word("true"))
            v = true;
        else if (word("false"))
            v = false;
        else
            fail(kSyntax, token_, "expected true or false, found " + shown(token_));
    }
    int64_t integer() {
        const Token at = token_;
        const bool negative = accept("-");
        if (token_.kind != Token::Number) fail(kSyntax, token_, "expected an integer, found " + shown(token_));
        return integer(advance(), negative, at);
    }
    int64_t integer(const Token& digits, bool negative, const Token& at) {
        const std::string s = (negative ? "-" : "") + std::string(digits.text);
        int64_t v = 0;
        const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), v);
        if (error != std::errc() || end != s.data() + s.size())
            fail(kBadNumber, at, "'" + s + "' is not an integer of 64 bits");
        return v;
    }
    void read(int64_t& v) { v = integer(); }
    void read(int& v) {
        const Token at = token_;
        const int64_t wide = integer();
        if (wide != static_cast<int>(wide)) fail(kBadNumber, at, std::to_string(wide) + " does not fit 32 bits");
        v = static_cast<int>(wide);
    }
    void read(Bytes& v) { v.v = integer(); }
    void read(double& v) {
        const Token at = token_;
        const bool negative = accept("-");
        if (word("inf")) {
            v = std::numeric_limits<double>::infinity();
        } else if (word("nan")) {
            v = std::numeric_limits<double>::quiet_NaN();
            if (accept("(")) {
                uint64_t bits = 0;
                const std::string_view s = token_.text;
                if (token_.kind != Token::Number || s.size() < 3 || s.substr(0, 2) != "0x" ||
                    std::from_chars(s.data() + 2, s.data() + s.size(), bits, 16).ptr != s.data() + s.size() ||
                    !std::isnan(std::bit_cast<double>(bits)))
                    fail(kBadNumber, token_, shown(token_) + " is not the bit pattern of a NaN");
                v = std::bit_cast<double>(bits);
                advance();
                expect(")");
            }
        } else {
            if (token_.kind != Token::Number) fail(kSyntax, token_, "expected a number, found " + shown(token_));
            const std::string_view s = advance().text;
            const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), v);
            if (error != std::errc() || end != s.data() + s.size())
                fail(kBadNumber, at, "'" + std::string(s) + "' is not a number of 64 bits");
        }
        if (negative) v = -v;
    }
    void read(std::string& v) { v = read_string(); }
    void read(std::optional<int64_t>& v) {
        if (word("none"))
            v.reset();
        else
            v = integer();
    }
    template <class E, class Parse>
    void read_enum(E& v, const Parse& parse, const std::string& what) {
        const Token at = token_;
        const std::string_view s = identifier(what);
        const auto parsed = parse(s);
        if (!parsed) fail(kUnknownName, at, "'" + std::string(s) + "' is not " + what);
        v = *parsed;
    }
    template <NamedEnum E>
    void read(E& v) {
        std::string all;
        for (const std::string_view n : kEnumNames<E>) all += (all.empty() ? "one of " : ", ") + std::string(n);
        read_enum(v, parse_enum<E>, all);
    }
    void read(tensix::TileFn& v) { read_enum(v, tensix::parse_tile_fn, "a tile function"); }
    void read(tensix::ReduceFn& v) { read_enum(v, tensix::parse_reduce_fn, "a reduction"); }
    void read(tensix::OpCode& v) { read_enum(v, tensix::parse_op_code, "a row of the op table"); }
    void read(tensix::MathFidelity& v) { read_enum(v, tensix::parse_math_fidelity, "a math fidelity"); }
    void read(tensix::DataFormat& v) { read_enum(v, tensix::parse_format, "a data format"); }
    static std::optional<prog::Engines> parse_engine(std::string_view s) {
        if (s == "reader") return prog::Engine::Reader;
        if (s == "compute") return prog::Engine::Compute;
        if (s == "writer") return prog::Engine::Writer;
        return std::nullopt;
    }
    void read(prog::Engines& v) {
        v = {};
        if (word("none")) return;
        do {
            prog::Engines one;
            read_enum(one, parse_engine, "reader, compute or writer");
            v = v | one;
        } while (accept("+"));
    }
    void read(Ref& v) {
        v = {};
        if (is("@"))
            read(v.tensor);
        else
            v.buffer = BufferId(lookup(buffers_, "buffer"));
    }
    void read(Access& v) {
        read(v.ref);
        expect("[");
        items("]", [&] {
            v.offset.push_back(index());
            expect(":");
            v.extent.push_back(index());
        });
    }
    void read(graph::Window& v) {
        read(v.tensor);
        expect("[");
        items(";", [&] { v.offset.push_back(index()); });
        items("]", [&] {
            if (word("rows"))
                v.row_dim = integer();
            else if (word("cols"))
                v.col_dim = integer();
            else
                fail(kSyntax, token_, "expected rows or cols, found " + shown(token_));
        });
    }
    void read(graph::Operand& v) {
        if (is("%"))
            read(v.value);
        else
            read(v.constant);
    }
    template <class T>
    void read(std::vector<T>& v) {
        expect("(");
        items(")", [&] { read(v.emplace_back()); });
    }
    template <class Item>
    void items(std::string_view close, const Item& item) {
        if (accept(close)) return;
        do item();
        while (accept(","));
        expect(close);
    }

    LocId location() {
        if (!goes_on() || !is_word("loc")) return {};
        advance();
        expect("(");
        if (word("none")) {
            expect(")");
            return {};
        }
        SourceLoc loc;
        loc.file = read_string();
        expect(":");
        read(loc.line);
        if (accept(":")) read(loc.column);
        expect(")");
        const auto [found, is_new] = locs_.try_emplace({loc.file, loc.line, loc.column}, ctx_->locs.size());
        if (is_new) ctx_->locs.push_back(std::move(loc));
        return LocId(found->second);
    }

    // ---- index expressions ----
    // An operator does not begin a line: there, % begins a value.
    std::optional<Precedence> operator_level() const {
        return token_.kind == Token::Punct && !token_.first ? level(token_.text) : std::nullopt;
    }
    IndexId index(Precedence outer = kOr) {
        const Depth guard(*this);
        IndexArena& arena = ctx_->index;
        IndexId left = index_primary();
        for (;;) {
            const auto at = operator_level();
            if (!at || *at < outer) return left;
            const Token sign = advance();
            const std::string_view s = sign.text;
            const IndexId right = index(Precedence(*at + 1));
            if (s == "+")
                left = arena.exactly(IndexOp::Add, left, right);
            else if (s == "-")
                left = arena.exactly(IndexOp::Add, left, negated(right, sign));
            else if (s == "*")
                left = arena.exactly(IndexOp::Mul, left, right);
            else if (s == "//")
                left = arena.exactly(IndexOp::FloorDiv, left, right);
            else if (s == "%")
                left = arena.exactly(IndexOp::FloorMod, left, right);
            else if (s == "<")
                left = arena.exactly(IndexOp::Lt, left, right);
            else if (s == "<=")
                left = arena.exactly(IndexOp::Le, left, right);
            else if (s == ">")
                left = arena.exactly(IndexOp::Lt, right, left);
            else if (s == ">=")
                left = arena.exactly(IndexOp::Le, right, left);
            else if (s == "==")
                left = arena.exactly(IndexOp::Eq, left, right);
            else if (s == "!=")
                left = arena.exactly(IndexOp::Ne, left, right);
            else if (s == "&&")
                left = arena.exactly(IndexOp::And, left, right);
            else if (s == "||")
                left = arena.exactly(IndexOp::Or, left, right);
            else
                fail(kSyntax, sign, "an index has no '" + std::string(s) + "'", "division of indices is //");
            if (*at == kCompare && operator_level() == kCompare)
                fail(kSyntax, token_, "comparisons do not chain", "put one in parentheses, or join two with &&");
        }
    }
    IndexId negated(IndexId id, const Token& at) {
        IndexArena& arena = ctx_->index;
        const IndexNode n = arena.node(id);
        if (n.op == IndexOp::Const) {
            if (n.value == std::numeric_limits<int64_t>::min()) fail(kBadNumber, at, "the negated number is too large");
            return arena.constant(-n.value);
        }
        const auto factor = n.op == IndexOp::Mul ? arena.as_const(n.b) : std::nullopt;
        if (factor && *factor > 1) return arena.exactly(IndexOp::Mul, n.a, arena.constant(-*factor));
        return arena.exactly(IndexOp::Mul, id, arena.constant(-1));
    }
    IndexId index_primary() {
        const Depth guard(*this);
        IndexArena& arena = ctx_->index;
        const Token at = token_;
        if (accept("(")) {
            const IndexId inner = index();
            expect(")");
            return inner;
        }
        if (accept("!")) return arena.exactly(IndexOp::Not, index_primary());
        if (accept("-")) {
            if (token_.kind == Token::Number) return arena.constant(integer(advance(), true, at));
            return negated(index_primary(), at);
        }
        if (token_.kind == Token::Number) return arena.constant(integer(advance(), false, at));
        if (token_.kind != Token::Name && token_.kind != Token::String)
            fail(kSyntax, at, "expected an index expression, found " + shown(at));
        const std::string n = read_name("a variable");
        if (at.kind == Token::Name && accept("(")) {
            std::vector<IndexId> args;
            items(")", [&] { args.push_back(index()); });
            const IndexOp op = n == "min"      ? IndexOp::Min
                               : n == "max"    ? IndexOp::Max
                               : n == "select" ? IndexOp::Select
                                               : fail_op(at, n);
            if (args.size() != (op == IndexOp::Select ? 3u : 2u))
                fail(kSyntax, at, n + " does not take " + std::to_string(args.size()) + " operands");
            return arena.exactly(op, args[0], args[1], op == IndexOp::Select ? args[2] : IndexId{});
        }
        const auto found = arena.find_var(n);
        if (!found) fail(kUnknownName, at, "there is no variable '" + n + "'", "declare it: var " + n);
        return arena.of(*found);
    }
    [[noreturn]] static IndexOp fail_op(const Token& at, const std::string& n) {
        fail(kUnknownName, at, "an index has no function '" + n + "'", "known: min, max, select");
    }

    // ---- lanes ----
    LaneId lane(Precedence outer = kOr) {
        const Depth guard(*this);
        LaneId left = lane_primary();
        for (;;) {
            const auto at = operator_level();
            if (!at || *at < outer) return left;
            const Token sign = advance();
            const LaneId right = lane(Precedence(*at + 1));
            left = apply(lane_op(sign), {left, right}, std::nullopt, sign);
            if (*at == kCompare && operator_level() == kCompare)
                fail(kSyntax, token_, "comparisons do not chain", "put one in parentheses, or join two with &&");
        }
    }
    static tensix::TileFn lane_op(const Token& sign) {
        using tensix::TileFn;
        static constexpr std::pair<std::string_view, TileFn> kOps[] = {
            {"+", TileFn::Add}, {"-", TileFn::Sub}, {"*", TileFn::Mul},         {"/", TileFn::Div},
            {"<", TileFn::Lt},  {"<=", TileFn::Le}, {">", TileFn::Gt},          {">=", TileFn::Ge},
            {"==", TileFn::Eq}, {"!=", TileFn::Ne}, {"&&", TileFn::LogicalAnd}, {"||", TileFn::LogicalOr}};
        for (const auto& [text, fn] : kOps)
            if (sign.text == text) return fn;
        fail(kSyntax, sign, "a lane has no '" + std::string(sign.text) + "'", "use floordiv(a, b) or floormod(a, b)");
    }
    LaneId apply(tensix::TileFn fn, const std::vector<LaneId>& args, std::optional<DType> dtype, const Token& at) {
        const std::string n(tensix::to_string(fn));
        if (args.size() != static_cast<size_t>(tensix::arity(fn)))
            fail(kSyntax, at,
                 n + " takes " + std::to_string(tensix::arity(fn)) + " operands, not " + std::to_string(args.size()));
        if (!dtype && fn == tensix::TileFn::Cast) fail(kSyntax, at, "cast wants its type", "cast<bf16>(x)");
        if (!dtype && tensix::is_predicate(fn)) dtype = DType::Bool;
        if (!dtype) dtype = ctx_->lanes.node(args[fn == tensix::TileFn::Select ? 1 : 0]).dtype;
        return ctx_->lanes.apply(fn, *dtype, args[0], args.size() > 1 ? args[1] : LaneId{},
                                 args.size() > 2 ? args[2] : LaneId{});
    }
    std::optional<DType> annotation() {
        if (!accept("<")) return std::nullopt;
        DType dtype = DType::F32;
        read(dtype);
        expect(">");
        return dtype;
    }
    LaneId lane_primary() {
        const Depth guard(*this);
        const Token at = token_;
        if (accept("(")) {
            const LaneId inner = lane();
            expect(")");
            return inner;
        }
        if (accept("$")) {
            const Token number = advance();
            const auto found = lets_.find(number.text);
            if (found == lets_.end()) fail(kUnknownName, number, "there is no let $" + std::string(number.text));
            return found->second;
        }
        if (is("@")) return lane_read();
        if (token_.kind == Token::String) return lane_read();
        if (token_.kind != Token::Name) fail(kSyntax, at, "expected a lane expression, found " + shown(at));
        // f32(1.5), exp(x), exp<f32>(x), index(i), C[i, j], C<f32>[i, j]
        if (buffers_.contains(token_.text)) {
            // A buffer may bear the name of a function: NAME[ or NAME<type>[ is a read.
            Lexer ahead = lexer_;
            Token following = ahead.next();
            if (following.text == "<") ahead.next(), ahead.next(), following = ahead.next();
            if (following.text != "(") return lane_read();
        }
        const std::string n(advance().text);
        const std::optional<DType> dtype = annotation();
        if (is("[")) fail(kUnknownName, at, "there is no buffer '" + n + "' here");
        expect("(");
        if (const auto type = parse_enum<DType>(n); type && !dtype) {
            double value = 0;
            read(value);
            expect(")");
            return ctx_->lanes.constant(*type, value);
        }
        if (n == "index" || n == "from_bits") {
            const IndexId id = index();
            expect(")");
            return n == "index" ? ctx_->lanes.index(dtype.value_or(DType::I32), id)
                                : ctx_->lanes.bits(dtype.value_or(DType::F32), id);
        }
        const auto fn = tensix::parse_tile_fn(n);
        if (!fn) fail(kUnknownName, at, "there is no function '" + n + "'");
        std::vector<LaneId> args;
        items(")", [&] { args.push_back(lane()); });
        return apply(*fn, args, dtype, at);
    }
    LaneId lane_read() {
        Ref ref;
        read(ref);
        const DType stored = ref.is_tensor() ? ctx_->tensor(ref.tensor).dtype : buffer_dtypes_[ref.buffer.v];
        const std::optional<DType> dtype = annotation();
        expect("[");
        std::vector<IndexId> indices;
        items("]", [&] { indices.push_back(index()); });
        return ctx_->lanes.read(dtype.value_or(stored), ref, std::move(indices));
    }

    // ---- fields ----
    template <class X>
    void inline_fields(X& x) {
        std::set<std::string_view> seen;
        while (goes_on() && !is_word("loc")) {
            const Token key = token_;
            identifier("a field");
            if (!seen.insert(key.text).second)
                fail(kDuplicate, key, "field '" + std::string(key.text) + "' is given twice");
            bool found = false;
            std::string known;
            fields_of(x, [&](std::string_view field_name, auto& field) {
                using T = std::remove_cvref_t<decltype(field)>;
                if constexpr (!is_region<T> && !is_rows<T> && !is_def<T>) {
                    known += (known.empty() ? "" : ", ") + std::string(field_name);
                    if (found || field_name != key.text) return;
                    found = true;
                    if constexpr (std::is_same_v<T, bool>) {
                        if (!is("=")) {
                            field = true;
                            return;
                        }
                    }
                    expect("=");
                    read(field);
                }
            });
            if (!found)
                fail(kUnknownName, key, "there is no field '" + std::string(key.text) + "' here",
                     known.empty() ? "" : "known: " + known);
        }
    }

    // After the inline fields and the location: { rows, region } name { region } …
    template <class X>
    void blocks(X& x) {
        if (!is("{")) return;
        const Token open = advance();
        bool any = false, region_seen = false, closed = false;
        fields_of(x, [&](std::string_view key, auto& field) {
            using T = std::remove_cvref_t<decltype(field)>;
            if constexpr (is_rows<T>) {
                any = true;
                rows(key, field);
            } else if constexpr (is_region<T>) {
                any = true;
                if (region_seen) {
                    if (closed || !is("}")) return;
                    advance();
                    closed = true;
                    if (token_.first || !word(key)) return;
                    expect("{");
                    closed = false;
                }
                region_seen = true;
                region(field);
            }
        });
        if (!any) fail(kSyntax, open, "this statement has no block");
        if (!closed) expect("}");
    }

    void results(std::vector<graph::Def>& defs) {
        if (!is("%")) return;
        do defs.push_back({definition()});
        while (accept(","));
        expect("=");
    }
    ValueId definition() {
        expect("%");
        graph::Value v;
        declare(v, values_by_name_, values_->size(), "value");
        expect(":");
        read(v.type.orientation);
        expect("<");
        using graph::Orientation;
        if (v.type.orientation == Orientation::Full) {
            // 128x32 is one token that begins with a digit
            const Token at = token_;
            const size_t x = at.text.find('x');
            if (at.kind != Token::Number || x == std::string_view::npos)
                fail(kSyntax, at, "expected ROWSxCOLS, found " + shown(at));
            advance();
            Token part = at;
            part.text = at.text.substr(0, x);
            v.type.rows = integer(part, false, at);
            part.text = at.text.substr(x + 1);
            v.type.cols = integer(part, false, at);
        } else if (v.type.orientation == Orientation::Row) {
            v.type.cols = integer();
        } else if (v.type.orientation == Orientation::Col) {
            v.type.rows = integer();
        }
        if (v.type.orientation != Orientation::Scalar) expect(",");
        read(v.type.dtype);
        expect(">");
        const bool inherits = !is_word("loc");
        v.loc = location();
        values_->push_back(std::move(v));
        if (inherits) inheriting_.push_back(ValueId(values_->size() - 1));
        return ValueId(values_->size() - 1);
    }

    template <class Op, class Results>
    static void take_results(Op& o, Results& defs, const Token& at) {
        bool takes_any = false;
        fields_of(o, [&](std::string_view, auto& field) {
            using T = std::remove_cvref_t<decltype(field)>;
            if constexpr (std::is_same_v<T, graph::Def>) {
                if (defs.size() != 1) fail(kSyntax, at, std::string(Op::kName) + " has one result");
                field = defs.front();
                takes_any = true;
            } else if constexpr (std::is_same_v<T, std::vector<graph::Def>>) {
                field = std::move(defs);
                takes_any = true;
            }
        });
        if (!takes_any && !defs.empty()) fail(kSyntax, at, std::string(Op::kName) + " has no result");
    }

    // The op of the variant whose name is the token's.
    template <size_t I = 0, class Op>
    void statement(Op& op, std::vector<graph::Def>& defs) {
        using Variant = decltype(op.v);
        if constexpr (I == std::variant_size_v<Variant>) {
            fail(kUnknownName, token_, "there is no operation " + shown(token_) + " in this form");
        } else {
            using X = std::variant_alternative_t<I, Variant>;
            if (!is_word(X::kName)) return statement<I + 1>(op, defs);
            const Token at = advance();
            X x;
            take_results(x, defs, at);
            inline_fields(x);
            op.loc = location();
            for (const ValueId id : inheriting_) (*values_)[id.v].loc = op.loc;
            inheriting_.clear();
            const LocId outer = loc_;
            loc_ = op.loc;
            blocks(x);
            loc_ = outer;
            op.v = std::move(x);
            end_of_statement();
        }
    }

    template <class Region>
    void region(Region& r) {
        const Depth guard(*this);
        if constexpr (requires { r.args; }) {
            if (word("args")) {
                do r.args.push_back(definition());
                while (accept(","));
                for (const ValueId id : inheriting_) (*values_)[id.v].loc = loc_;
                inheriting_.clear();
            }
        }
        while (token_.kind != Token::End && !is("}")) {
            auto& op = r.ops.emplace_back();
            if constexpr (requires { op.engines; }) {
                if (token_.kind == Token::Name && parse_engine(token_.text)) {
                    read(op.engines);
                    expect(":");
                }
            }
            std::vector<graph::Def> defs;
            if (values_) results(defs);
            statement(op, defs);
        }
    }

    // ---- tables ----
    template <class X>
    void rows(std::string_view key, std::vector<X>& xs) {
        while (is_word(key)) {
            const Lexer ahead = lexer_;
            const Token start = advance();
            if constexpr (requires(X x) { x.name; }) {
                // KEY NAME ... is a row, KEY FIELD=... an op of the same name
                Lexer further = lexer_;
                if (further.next().text == "=") {
                    lexer_ = ahead;
                    token_ = start;
                    return;
                }
            }
            X& x = xs.emplace_back();
            if constexpr (std::is_same_v<X, tile::Buffer>) declare(x, buffers_, xs.size() - 1, "buffer");
            if constexpr (std::is_same_v<X, prog::Channel>) declare(x, channels_, xs.size() - 1, "channel");
            inline_fields(x);
            if constexpr (requires { x.loc; }) x.loc = location();
            if constexpr (std::is_same_v<X, tile::Buffer>) buffer_dtypes_.push_back(x.dtype);
            end_of_statement();
        }
    }
    void rows(std::string_view key, prog::ComputeConfig& config) {
        // also an engine, as in "compute: pack"
        const Lexer ahead = lexer_;
        if (!is_word(key)) return;
        const Token start = token_;
        advance();
        if (is(":") || is("+")) {
            lexer_ = ahead;
            token_ = start;
            return;
        }
        inline_fields(config);
        end_of_statement();
    }
    void rows(std::string_view, std::vector<tile::Store>& stores) {
        lets_.clear();
        while (token_.kind != Token::End && !is("}")) {
            if (Lexer ahead = lexer_; is_word("let") && ahead.next().text == "$") {
                advance();
                expect("$");
                const Token number = advance();
                if (lets_.contains(number.text)) fail(kDuplicate, number, "this let is made twice");
                expect("=");
                const LaneId value = lane();
                lets_.emplace(number.text, value);
                end_of_statement();
                continue;
            }
            tile::Store s;
            read(s.ref);
            expect("[");
            items("]", [&] { s.indices.push_back(index()); });
            if (!is("="))
                if (const auto combine = parse_enum<tile::Combine>(token_.text)) s.combine = *combine, advance();
            expect("=");
            s.value = lane();
            if (goes_on() && word("if")) s.cond = index();
            s.loc = location();
            stores.push_back(std::move(s));
            end_of_statement();
        }
        lets_.clear();
    }

    template <class Form>
    bool mapping(Form& f) {
        if constexpr (requires { f.mapping; }) {
            const Token at = token_;
            if (word("layout")) {
                TensorId tensor;
                read(tensor);
                if (tensor.v != f.mapping.layouts.size())
                    fail(kSyntax, at, "layouts stand in the order of the tensors, one each");
                inline_fields(f.mapping.layouts.emplace_back());
                return true;
            }
            if (word("split")) {
                inline_fields(f.mapping.launches.emplace_back());
                return true;
            }
        }
        return false;
    }

    template <class Launch>
    void launch(Launch& l) {
        buffers_.clear(), channels_.clear(), values_by_name_.clear(), buffer_dtypes_.clear();
        values_ = nullptr;
        if constexpr (requires { l.values; }) values_ = &l.values;
        inline_fields(l);
        l.loc = loc_ = location();
        blocks(l);
    }

    Lexer lexer_;
    Token token_;
    Context* ctx_ = nullptr;
    Names tensors_, buffers_, channels_, values_by_name_;
    std::vector<DType> buffer_dtypes_;
    std::vector<graph::Value>* values_ = nullptr;
    std::vector<ValueId> inheriting_;  // take the location of the op that they belong to
    LocId loc_;                        // of the op around
    std::map<std::string, LaneId, std::less<>> lets_;
    std::map<std::tuple<std::string, int, int>, size_t> locs_;
    int depth_ = 0;
};

template <class Form>
Result<Form> parse(std::string_view text, std::string_view keyword) {
    try {
        return Parser(text).form<Form>(keyword);
    } catch (const Failure& failure) {
        return failure.diagnostic;
    }
}

}  // namespace

Result<TileProgram> parse_tile_program(std::string_view text) { return parse<TileProgram>(text, "tile_program"); }
Result<TileGraph> parse_tile_graph(std::string_view text) { return parse<TileGraph>(text, "tile_graph"); }
Result<TensixProgram> parse_tensix_program(std::string_view text) {
    return parse<TensixProgram>(text, "tensix_program");
}

}  // namespace tilelang_tt
