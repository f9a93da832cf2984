// Index expressions and lanes, by precedence.
#include "compiler/ir/parser.h"

namespace tilelang_tt::parsing {

namespace {

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

}  // namespace

// An operator does not begin a line: there, % begins a value.
std::optional<Precedence> Parser::operator_level() const {
    return token_.kind == Token::Punct && !token_.first ? level(token_.text) : std::nullopt;
}

IndexId Parser::index(Precedence outer) {
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

IndexId Parser::negated(IndexId id, const Token& at) {
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

IndexId Parser::index_primary() {
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

IndexOp Parser::fail_op(const Token& at, const std::string& n) {
    fail(kUnknownName, at, "an index has no function '" + n + "'", "known: min, max, select");
}

LaneId Parser::lane(Precedence outer) {
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

tensix::TileFn Parser::lane_op(const Token& sign) {
    using tensix::TileFn;
    static constexpr std::pair<std::string_view, TileFn> kOps[] = {
        {"+", TileFn::Add}, {"-", TileFn::Sub}, {"*", TileFn::Mul},         {"/", TileFn::Div},
        {"<", TileFn::Lt},  {"<=", TileFn::Le}, {">", TileFn::Gt},          {">=", TileFn::Ge},
        {"==", TileFn::Eq}, {"!=", TileFn::Ne}, {"&&", TileFn::LogicalAnd}, {"||", TileFn::LogicalOr}};
    for (const auto& [text, fn] : kOps)
        if (sign.text == text) return fn;
    fail(kSyntax, sign, "a lane has no '" + std::string(sign.text) + "'", "use floordiv(a, b) or floormod(a, b)");
}

LaneId Parser::apply(tensix::TileFn fn, const std::vector<LaneId>& args, std::optional<DType> dtype, const Token& at) {
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

std::optional<DType> Parser::annotation() {
    if (!accept("<")) return std::nullopt;
    DType dtype = DType::F32;
    read(dtype);
    expect(">");
    return dtype;
}

LaneId Parser::lane_primary() {
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

LaneId Parser::lane_read() {
    Ref ref;
    read(ref);
    const DType stored = ref.is_tensor() ? ctx_->tensor(ref.tensor).dtype : buffer_dtypes_[ref.buffer.v];
    const std::optional<DType> dtype = annotation();
    expect("[");
    std::vector<IndexId> indices;
    items("]", [&] { indices.push_back(index()); });
    return ctx_->lanes.read(dtype.value_or(stored), ref, std::move(indices));
}

}  // namespace tilelang_tt::parsing
