// The parser's own header: what its files share. One visitor for every field type of every form, the mirror of
// print.cpp; docs/ir.md has the grammar. Expressions are read as they stand, without simplification, so that text gives
// back the very form it was printed from.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "compiler/ir/fields.h"
#include "compiler/ir/lexer.h"
#include "compiler/ir/names.h"

namespace tilelang_tt::parsing {

enum Precedence { kOr, kAnd, kCompare, kSum, kProduct, kPrimary };

class Parser {
  public:
    explicit Parser(std::string_view text) : lexer_(text) { advance(); }

    template <class Form>
    Form form(std::string_view keyword);

  private:
    struct Depth {
        explicit Depth(Parser& p) : parser(p) {
            if (++parser.depth_ > kMax) fail(kSyntax, parser.token_, "nested deeper than " + std::to_string(kMax));
        }
        ~Depth() { --parser.depth_; }
        static constexpr int kMax = 200;
        Parser& parser;
    };
    using Names = std::map<std::string, size_t, std::less<>>;

    Token advance() {
        Token last = token_;
        token_ = lexer_.next();
        return last;
    }

    // ---- parse_leaves.cpp: tokens, names, and fields of one value ----
    bool accept(std::string_view punct);
    bool word(std::string_view w);
    void expect(std::string_view punct);
    void end_of_statement();
    std::string_view identifier(const std::string& what);
    std::string read_name(const std::string& what);
    std::string read_string();
    size_t lookup(const Names& names, const std::string& what);
    int64_t integer();
    int64_t integer(const Token& digits, bool negative, const Token& at);
    void read(IndexId& v) { v = index(); }
    void read(VarId& v);
    void read(TensorId& v);
    void read(BufferId& v) { v = BufferId(lookup(buffers_, "buffer")); }
    void read(ValueId& v);
    void read(ChannelId& v) { v = ChannelId(lookup(channels_, "channel")); }
    void read(bool& v);
    void read(int64_t& v) { v = integer(); }
    void read(int& v);
    void read(Bytes& v) { v.v = integer(); }
    void read(double& v);
    void read(std::string& v) { v = read_string(); }
    void read(std::optional<int64_t>& v);
    void read(tensix::TileFn& v) { read_enum(v, tensix::parse_tile_fn, "a tile function"); }
    void read(tensix::ReduceFn& v) { read_enum(v, tensix::parse_reduce_fn, "a reduction"); }
    void read(tensix::OpCode& v) { read_enum(v, tensix::parse_op_code, "a row of the op table"); }
    void read(tensix::MathFidelity& v) { read_enum(v, tensix::parse_math_fidelity, "a math fidelity"); }
    void read(tensix::DataFormat& v) { read_enum(v, tensix::parse_format, "a data format"); }
    void read(prog::Engines& v);
    void read(Ref& v);
    void read(Access& v);
    void read(graph::Window& v);
    void read(graph::Operand& v);
    static std::optional<prog::Engines> parse_engine(std::string_view s);
    LocId location();
    bool is(std::string_view punct) const { return token_.kind == Token::Punct && token_.text == punct; }
    bool is_word(std::string_view w) const { return token_.kind == Token::Name && token_.text == w; }
    // A statement goes on to the end of its line.
    bool goes_on() const { return token_.kind != Token::End && !token_.first && !is("}") && !is("{"); }
    template <class Row>
    void declare(Row& row, Names& names, size_t id, const std::string& what) {
        const Token at = token_;
        row.name = read_name("a name of a " + what);
        if (!names.emplace(row.name, id).second) fail(kDuplicate, at, what + " '" + row.name + "' is declared twice");
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

    // ---- parse_expressions.cpp: index expressions and lanes ----
    std::optional<Precedence> operator_level() const;
    IndexId index(Precedence outer = kOr);
    IndexId negated(IndexId id, const Token& at);
    IndexId index_primary();
    [[noreturn]] static IndexOp fail_op(const Token& at, const std::string& n);
    LaneId lane(Precedence outer = kOr);
    static tensix::TileFn lane_op(const Token& sign);
    LaneId apply(tensix::TileFn fn, const std::vector<LaneId>& args, std::optional<DType> dtype, const Token& at);
    std::optional<DType> annotation();
    LaneId lane_primary();
    LaneId lane_read();

    // ---- parse.cpp: ops, regions, tables, forms ----
    void results(std::vector<graph::Def>& defs);
    ValueId definition();
    void rows(std::string_view key, prog::ComputeConfig& config);
    void rows(std::string_view, std::vector<tile::Store>& stores);
    template <class X>
    void inline_fields(X& x);
    template <class X>
    void blocks(X& x);
    template <class Op, class Results>
    static void take_results(Op& o, Results& defs, const Token& at);
    template <size_t I = 0, class Op>
    void statement(Op& op, std::vector<graph::Def>& defs);
    template <class Region>
    void region(Region& r);
    template <class X>
    void rows(std::string_view key, std::vector<X>& xs);
    template <class Form>
    bool mapping(Form& f);
    template <class Launch>
    void launch(Launch& l);

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

}  // namespace tilelang_tt::parsing
