// Ops, regions, tables and whole forms, from the field lists of their structs.
#include <map>
#include <set>

#include "compiler/ir/parser.h"
#include "compiler/ir/text.h"

namespace tilelang_tt {
namespace parsing {

template <class X>
void Parser::inline_fields(X& x) {
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
void Parser::blocks(X& x) {
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

void Parser::results(std::vector<graph::Def>& defs) {
    if (!is("%")) return;
    do defs.push_back({definition()});
    while (accept(","));
    expect("=");
}

ValueId Parser::definition() {
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
    if (accept(",")) {
        if (!word("rows")) fail(kSyntax, token_, "expected rows, found " + shown(token_));
        v.type.in_rows = true;
    }
    expect(">");
    const bool inherits = !is_word("loc");
    v.loc = location();
    values_->push_back(std::move(v));
    if (inherits) inheriting_.push_back(ValueId(values_->size() - 1));
    return ValueId(values_->size() - 1);
}

template <class Op, class Results>
void Parser::take_results(Op& o, Results& defs, const Token& at) {
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
template <size_t I, class Op>
void Parser::statement(Op& op, std::vector<graph::Def>& defs) {
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
void Parser::region(Region& r) {
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

template <class X>
void Parser::rows(std::string_view key, std::vector<X>& xs) {
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

void Parser::rows(std::string_view key, prog::ComputeConfig& config) {
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

void Parser::rows(std::string_view, std::vector<tile::Store>& stores) {
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
bool Parser::mapping(Form& f) {
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
void Parser::launch(Launch& l) {
    buffers_.clear(), channels_.clear(), values_by_name_.clear(), buffer_dtypes_.clear();
    values_ = nullptr;
    if constexpr (requires { l.values; }) values_ = &l.values;
    inline_fields(l);
    l.loc = loc_ = location();
    blocks(l);
}

template <class Form>
Form Parser::form(std::string_view keyword) {
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
            if (f.ctx.index.find_var(v.name)) fail(kDuplicate, start, "variable '" + v.name + "' is declared twice");
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

namespace {

template <class Form>
Result<Form> parse(std::string_view text, std::string_view keyword) {
    try {
        return Parser(text).form<Form>(keyword);
    } catch (const Failure& failure) {
        return failure.diagnostic;
    }
}

}  // namespace
}  // namespace parsing

Result<TileProgram> parse_tile_program(std::string_view text) {
    return parsing::parse<TileProgram>(text, "tile_program");
}
Result<TileGraph> parse_tile_graph(std::string_view text) { return parsing::parse<TileGraph>(text, "tile_graph"); }
Result<TensixProgram> parse_tensix_program(std::string_view text) {
    return parsing::parse<TensixProgram>(text, "tensix_program");
}

}  // namespace tilelang_tt
