// Property tests of compiler/ir, driven by tests/ir: each subcommand prints what it did and exits 1 at the first
// failure.
//
//   ir-test index SEED COUNT        random index expressions: simplification keeps values, bounds and divisibility hold
//   ir-test roundtrip SEED COUNT    random forms: parse(print(f)) is f, print(parse(text)) is text
//   ir-test fuzz SEED MS FILE...    mutated texts: a form or a diagnostic with line and column, never a crash;
//                                   what verifies is also interpreted, for a second at most
//   ir-test programs SEED 1         interpreted programs against plain loops, and what must be refused
//   ir-test rounding SEED COUNT     round_to against the conversions of tensix/formats.h and an exact neighbour test
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iostream>
#include <random>
#include <sstream>

#include "compiler/ir/interpret.h"
#include "compiler/ir/names.h"
#include "compiler/ir/text.h"
#include "compiler/ir/verify.h"
#include "compiler/ir/walk.h"
#include "tensix/formats.h"

namespace tilelang_tt {
namespace {

struct TestFailure {
    std::string what;
};
void check(bool ok, const std::string& what) {
    if (!ok) throw TestFailure{what};
}

class Random {
  public:
    explicit Random(uint64_t seed) : engine_(seed) {}
    uint64_t bits() { return engine_(); }
    int64_t below(int64_t n) { return static_cast<int64_t>(engine_() % static_cast<uint64_t>(n)); }
    int64_t between(int64_t lo, int64_t hi) { return lo + below(hi - lo + 1); }
    bool one_in(int64_t n) { return below(n) == 0; }
    template <class T>
    const T& of(const std::vector<T>& v) {
        return v[static_cast<size_t>(below(static_cast<int64_t>(v.size())))];
    }

  private:
    std::mt19937_64 engine_;
};

// ---- index ----

IndexOp random_op(Random& random) { return static_cast<IndexOp>(random.between(2, static_cast<int>(IndexOp::Select))); }
IndexId random_node(Random& random, IndexArena& arena, const std::vector<IndexId>& pool, bool simplified) {
    const IndexOp op = random_op(random);
    const IndexId a = random.of(pool), b = op == IndexOp::Not ? IndexId{} : random.of(pool),
                  c = op == IndexOp::Select ? random.of(pool) : IndexId{};
    return simplified ? arena.make(op, a, b, c) : arena.exactly(op, a, b, c);
}

void test_index(Random& random, int64_t count) {
    int64_t expressions = 0;
    for (int64_t i = 0; i < count; ++i) {
        IndexArena arena;
        IndexEnv env;
        std::vector<IndexId> pool, raw;
        for (int k = 0; k < 3; ++k) {
            const int64_t lo = random.between(-4, 8), hi = lo + random.below(40);
            Var v{"v" + std::to_string(k), VarKind::Loop, {}, {}};
            if (!random.one_in(4)) v.lo = lo;
            if (!random.one_in(4)) v.hi = hi;
            const VarId id = arena.new_var(v);
            env[id] = random.between(lo, hi);
            pool.push_back(arena.of(id));
        }
        for (const int64_t k : {-4, -1, 0, 1, 2, 3, 4, 8, 32}) pool.push_back(arena.constant(k));
        if (random.one_in(8))
            for (const int64_t k : {std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()})
                pool.push_back(arena.constant(k));
        for (int step = 0; step < 14; ++step) {
            const IndexOp op = random_op(random);
            const IndexId a = random.of(pool), b = op == IndexOp::Not ? IndexId{} : random.of(pool),
                          c = op == IndexOp::Select ? random.of(pool) : IndexId{};
            const auto wanted = arena.eval(arena.exactly(op, a, b, c), env);
            const IndexId id = arena.make(op, a, b, c);
            if (!wanted) continue;  // undefined: division by zero, overflow
            ++expressions;
            const std::string text = print(arena, id);
            const auto got = arena.eval(id, env);
            // A simplified sum may overflow half-way where the original did not; otherwise the values agree.
            if (std::abs(static_cast<double>(*wanted)) < 1e15)
                check(!got || got == wanted,
                      text + " is " + std::to_string(got.value_or(0)) + ", not " + std::to_string(*wanted));
            const Interval bounds = arena.bounds(id);
            check((!bounds.lo || *bounds.lo <= *wanted) && (!bounds.hi || *bounds.hi >= *wanted), "bounds of " + text);
            for (const int64_t d : {2, 3, 4, 32})
                check(!arena.divisible_by(id, d) || *wanted % d == 0, text + " divisible by " + std::to_string(d));
            check(!arena.always_true(id) || *wanted != 0, text + " always true");
            check(!arena.always_false(id) || *wanted == 0, text + " always false");
            const IndexNode n = arena.node(id);
            if (n.op != IndexOp::Const && n.op != IndexOp::Var && got)
                check(arena.make(n.op, n.a, n.b, n.c) == id, "simplifying twice differs: " + text);
            // Replacing a variable by its value is evaluation.
            if (got) {
                IndexSubst subst;
                for (const auto& [var, value] : env) subst[var] = arena.constant(value);
                const IndexId constant = arena.substitute(id, subst);
                check(arena.as_const(constant).value_or(*got) == *got, "substitution in " + text);
            }
            pool.push_back(id);
        }
    }
    std::cout << expressions << " expressions\n";
}

// ---- random forms, field by field ----

template <class T>
inline constexpr bool kIsRegion = requires(T& t) { t.ops; };

class Generator {
  public:
    Generator(Random& random, Context& ctx) : random_(random), ctx_(ctx) {
        ctx.name = name();
        for (int64_t n = random.between(1, 6); n > 0; --n) {
            Var v;
            fill_fields(v);
            v.name = name();
            ctx.index.new_var(v);
        }
        for (int64_t i = 0; i < random.between(1, 40); ++i) grow();
        for (int64_t n = random.between(1, 4); n > 0; --n) {
            Tensor t;
            fill_fields(t);
            t.name = unique(ctx.tensors);
            fill(t.loc);
            ctx.tensors.push_back(t);
        }
        if (random.one_in(3)) {
            ScalarParam s;
            s.name = name();
            fill_fields(s);
            ctx.scalars.push_back(s);
        }
    }

    template <class Form>
    void form(Form& f) {
        if constexpr (requires { f.mapping; }) {
            f.mapping.layouts.resize(ctx_.tensors.size());
            for (TensorLayout& l : f.mapping.layouts) fill_fields(l);
            f.mapping.launches.resize(static_cast<size_t>(random_.between(0, 2)));
            for (WorkSplit& s : f.mapping.launches) fill_fields(s);
        }
        f.launches.resize(static_cast<size_t>(random_.between(0, 2)));
        for (auto& l : f.launches) {
            buffers_ = nullptr, values_ = nullptr, channels_ = nullptr;
            if constexpr (requires { l.buffers; }) {
                buffers_ = &l.buffers;
                for (int64_t n = random_.between(1, 3); n > 0; --n) {
                    tile::Buffer b;
                    fill_fields(b);
                    b.name = unique(l.buffers);
                    fill(b.loc);
                    l.buffers.push_back(b);
                }
                for (int64_t n = random_.between(1, 30); n > 0; --n) grow_lanes();
            }
            if constexpr (requires { l.channels; }) {
                for (int64_t n = random_.between(1, 3); n > 0; --n) {
                    prog::Channel c;
                    fill_fields(c);
                    c.name = unique(l.channels);
                    l.channels.push_back(c);
                }
                channels_ = &l.channels;
            }
            if constexpr (requires { l.values; }) values_ = &l.values;
            defined_.clear();
            fill_fields(l);
            fill(l.loc);
            lanes_.clear();
        }
    }

  private:
    std::string name() {
        static const std::vector<std::string> kOdd = {"",      "a b",  "let",        "loc", "compute", "min",
                                                      "7",     "é",    "\"\\\n\x01", "#",   "f32",     "exp",
                                                      "index", "args", "none",       "a.b", "//"};
        if (random_.one_in(4)) return random_.of(kOdd) + (random_.one_in(2) ? "" : std::to_string(random_.below(9)));
        return std::string(1, static_cast<char>('A' + random_.below(26))) + "_" + std::to_string(random_.below(1000));
    }
    template <class Row>
    std::string unique(const std::vector<Row>& rows) {
        for (;;) {
            std::string n = name();
            if (std::none_of(rows.begin(), rows.end(), [&](const Row& r) { return r.name == n; })) return n;
        }
    }
    void grow() {
        const int64_t kind = random_.below(4);
        IndexId id;
        if (kind == 0 || indices_.empty())
            id = ctx_.index.of(VarId(static_cast<size_t>(random_.below(static_cast<int64_t>(ctx_.index.num_vars())))));
        else if (kind == 1)
            id = ctx_.index.constant(number());
        else
            id = random_node(random_, ctx_.index, indices_, random_.one_in(2));
        // Text is a tree: keep what is shared from growing without end.
        if (print(ctx_.index, id).size() < 200) indices_.push_back(id);
    }
    void grow_lanes() {
        LaneArena& lanes = ctx_.lanes;
        DType dtype = DType::F32;
        fill(dtype);
        LaneId id;
        if (const int64_t kind = random_.below(6); kind == 0 || lanes_.empty()) {
            double value = 0;
            fill(value);
            id = lanes.constant(dtype, value);
        } else if (kind == 1) {
            id = random_.one_in(3) ? lanes.bits(dtype, random_.of(indices_)) : lanes.index(dtype, random_.of(indices_));
        } else if (kind == 2) {
            Ref ref;
            fill(ref);
            std::vector<IndexId> at;
            fill(at);
            if (random_.one_in(2) && ref.buffer.valid()) dtype = (*buffers_)[ref.buffer.v].dtype;
            id = lanes.read(dtype, ref, at);
        } else {
            auto fn = static_cast<tensix::TileFn>(random_.between(0, static_cast<int>(tensix::TileFn::Select)));
            const LaneId a = random_.of(lanes_);
            if (random_.one_in(2)) dtype = lanes.node(a).dtype;
            const int arity = tensix::arity(fn);
            id = lanes.apply(fn, dtype, a, arity > 1 ? random_.of(lanes_) : LaneId{},
                             arity > 2 ? random_.of(lanes_) : LaneId{});
        }
        if (print(ctx_, id).size() < 400) lanes_.push_back(id);
    }
    int64_t number() {
        static const std::vector<int64_t> kOdd = {
            0, 1, -1, 32, std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()};
        return random_.one_in(3) ? random_.of(kOdd) : random_.between(-100, 100);
    }

    // ---- a random value of each field type ----
    void fill(int64_t& v) { v = number(); }
    void fill(int& v) { v = static_cast<int>(random_.between(-5, 100)); }
    void fill(bool& v) { v = random_.one_in(2); }
    void fill(Bytes& v) { v.v = number(); }
    void fill(std::string& v) { v = name(); }
    void fill(std::optional<int64_t>& v) {
        v.reset();
        if (random_.one_in(2)) v = number();
    }
    void fill(double& v) {
        static const std::vector<double> kOdd = {0.0,
                                                 -0.0,
                                                 HUGE_VAL,
                                                 -HUGE_VAL,
                                                 std::numeric_limits<double>::quiet_NaN(),
                                                 -std::numeric_limits<double>::quiet_NaN(),
                                                 5e-324,
                                                 1.7976931348623157e308};
        v = random_.one_in(2) ? random_.of(kOdd) : std::bit_cast<double>(random_.bits());
    }
    template <NamedEnum E>
    void fill(E& v) {
        v = static_cast<E>(random_.below(static_cast<int64_t>(kEnumNames<E>.size())));
    }
    void fill(tensix::TileFn& v) {
        v = static_cast<tensix::TileFn>(random_.between(0, static_cast<int>(tensix::TileFn::Select)));
    }
    void fill(tensix::ReduceFn& v) {
        v = static_cast<tensix::ReduceFn>(random_.between(0, static_cast<int>(tensix::ReduceFn::All)));
    }
    void fill(tensix::OpCode& v) {
        v = static_cast<tensix::OpCode>(random_.below(static_cast<int>(tensix::OpCode::kCount)));
    }
    void fill(tensix::MathFidelity& v) { v = static_cast<tensix::MathFidelity>(random_.below(4)); }
    void fill(tensix::DataFormat& v) {
        do v = static_cast<tensix::DataFormat>(random_.below(256));
        while (tensix::element_bits(v) == 0);
    }
    void fill(prog::Engines& v) { v.bits = static_cast<uint8_t>(random_.below(8)); }
    template <class Tag>
    Id<Tag> pick(size_t n) {
        return n ? Id<Tag>(static_cast<size_t>(random_.below(static_cast<int64_t>(n)))) : Id<Tag>();
    }
    void fill(VarId& v) { v = pick<VarTag>(ctx_.index.num_vars()); }
    void fill(IndexId& v) {
        if (indices_.empty()) grow();
        v = random_.of(indices_);
    }
    void fill(TensorId& v) { v = pick<TensorTag>(ctx_.tensors.size()); }
    void fill(BufferId& v) { v = pick<BufferTag>(buffers_ && random_.one_in(2) ? buffers_->size() : 0); }
    void fill(ChannelId& v) { v = pick<ChannelTag>(channels_ ? channels_->size() : 0); }
    void fill(ValueId& v) { v = defined_.empty() ? ValueId() : random_.of(defined_); }
    void fill(LaneId& v) { v = random_.of(lanes_); }
    void fill(LocId& v) {
        v = {};
        if (random_.one_in(3)) return;
        v = ctx_.add_loc(
            {random_.one_in(3) ? name() : "gemm.py", static_cast<int>(random_.below(20)), random_.one_in(2) ? 0 : 7});
    }
    void fill(Ref& v) {
        v = {};
        if (random_.one_in(2))
            fill(v.tensor);
        else
            v.buffer = pick<BufferTag>(buffers_->size());
    }
    void fill(Access& v) {
        fill(v.ref), fill(v.offset);
        for (size_t i = 0; i < v.offset.size(); ++i) v.extent.push_back(random_.of(indices_));
    }
    void fill(graph::Window& v) {
        fill(v.tensor), fill(v.offset);
        v.row_dim = random_.between(-1, 3), v.col_dim = random_.between(-1, 3);
    }
    void fill(graph::Operand& v) {
        if (random_.one_in(2)) fill(v.value);
        if (!v.value.valid()) fill(v.constant);
    }
    void fill(tile::Store& v) {
        fill(v.ref), fill(v.indices), fill(v.value), fill(v.loc);
        v.combine = static_cast<tile::Combine>(random_.between(0, 3));
        if (random_.one_in(2)) fill(v.cond);
    }
    ValueId define() {
        graph::Value v;
        fill(v.type.dtype), fill(v.type.orientation);
        const auto o = v.type.orientation;
        if (o == graph::Orientation::Full || o == graph::Orientation::Col) v.type.rows = random_.between(1, 200);
        if (o == graph::Orientation::Full || o == graph::Orientation::Row) v.type.cols = random_.between(1, 200);
        v.type.in_rows = random_.one_in(8);
        v.name = unique(*values_);
        v.loc = loc_;
        if (random_.one_in(4)) fill(v.loc);
        values_->push_back(v);
        defined_.push_back(ValueId(values_->size() - 1));
        return defined_.back();
    }
    void fill(graph::Def& v) { v.id = define(); }
    void fill(prog::ComputeConfig& v) { fill_fields(v); }
    void fill(prog::CoreArg& v) { fill_fields(v); }
    void fill(std::vector<tile::Buffer>&) {}
    void fill(std::vector<prog::Channel>&) {}
    template <class T>
    void fill(std::vector<T>& v) {
        v.resize(static_cast<size_t>(random_.between(0, 3)));
        for (T& x : v) fill(x);
        if constexpr (std::is_same_v<T, ValueId> || std::is_same_v<T, ChannelId>)
            std::erase_if(v, [](T id) { return !id.valid(); });
    }
    template <class Region>
        requires kIsRegion<Region>
    void fill(Region& r) {
        const LocId outer = loc_;
        if constexpr (requires { r.args; })
            for (int64_t n = random_.below(3); n > 0; --n) r.args.push_back(define());
        if (++depth_ < 5)
            for (int64_t n = random_.below(5); n > 0; --n) {
                auto& op = r.ops.emplace_back();
                emplace(op.v, static_cast<size_t>(random_.below(std::variant_size_v<decltype(op.v)>)));
                fill(op.loc);
                loc_ = op.loc;
                if constexpr (requires { op.engines; }) fill(op.engines);
                std::visit([&](auto& o) { fill_fields(o); }, op.v);
                loc_ = outer;
            }
        --depth_;
    }
    template <size_t I = 0, class Variant>
    static void emplace(Variant& v, size_t which) {
        if constexpr (I < std::variant_size_v<Variant>) {
            if (I == which)
                v.template emplace<I>();
            else
                emplace<I + 1>(v, which);
        }
    }
    template <class X>
    void fill_fields(X& x) {
        fields_of(x, [&](std::string_view, auto& field) {
            using T = std::remove_cvref_t<decltype(field)>;
            constexpr bool needed = std::is_same_v<T, graph::Def> || std::is_same_v<T, std::vector<graph::Def>> ||
                                    std::is_same_v<T, Access> || std::is_same_v<T, graph::Window>;
            if (needed || !random_.one_in(4)) fill(field);
        });
    }

    Random& random_;
    Context& ctx_;
    std::vector<IndexId> indices_;
    std::vector<LaneId> lanes_;
    const std::vector<tile::Buffer>* buffers_ = nullptr;
    std::vector<graph::Value>* values_ = nullptr;
    const std::vector<prog::Channel>* channels_ = nullptr;
    std::vector<ValueId> defined_;
    LocId loc_;
    int depth_ = 0;
};

Result<TileProgram> parse_as(const TileProgram&, std::string_view text) { return parse_tile_program(text); }
Result<TileGraph> parse_as(const TileGraph&, std::string_view text) { return parse_tile_graph(text); }
Result<TensixProgram> parse_as(const TensixProgram&, std::string_view text) { return parse_tensix_program(text); }

template <class Form>
void round_trip(const Form& form) {
    const std::string text = print(form);
    Result<Form> parsed = parse_as(form, text);
    check(parsed.ok(), "printed text does not parse:\n" + to_string(parsed.diagnostics()) + "\n" + text);
    const std::string again = print(parsed.value());
    check(again == text, "printing what was parsed differs:\n" + text + "\n----\n" + again);
    check(compact(parsed.value()) == compact(form), "what was parsed differs:\n" + text);
}

template <class Form>
void round_trip_random(Random& random) {
    Form form;
    Generator generator(random, form.ctx);
    generator.form(form);
    round_trip(form);
    verify(form);  // says something or nothing, but returns
}

void test_roundtrip(Random& random, int64_t count) {
    for (int64_t i = 0; i < count; ++i) {
        round_trip_random<TileProgram>(random);
        round_trip_random<TileGraph>(random);
        round_trip_random<TensixProgram>(random);
    }
    std::cout << 3 * count << " forms\n";
}

// ---- fuzzing of texts ----

std::string mutated(Random& random, std::string text, const std::vector<std::string>& corpus) {
    static const std::vector<std::string> kTokens = {"(",
                                                     ")",
                                                     "{",
                                                     "}",
                                                     "[",
                                                     "]",
                                                     ",",
                                                     "=",
                                                     "%",
                                                     "@",
                                                     "$0",
                                                     "loc(",
                                                     "-",
                                                     "//",
                                                     "!",
                                                     "\"",
                                                     "\n",
                                                     "#",
                                                     "9223372036854775808",
                                                     "1e999",
                                                     "nan(0x1)",
                                                     "inf",
                                                     "select(",
                                                     "min(",
                                                     "args",
                                                     "otherwise",
                                                     ":",
                                                     ";",
                                                     "rows 9",
                                                     "tile<",
                                                     "f32(",
                                                     "\\",
                                                     std::string(1, '\0'),
                                                     "\xff",
                                                     "for",
                                                     "launch",
                                                     "var x"};
    for (int64_t n = random.between(1, 4); n > 0; --n) {
        const auto at = static_cast<size_t>(random.below(static_cast<int64_t>(text.size()) + 1));
        const auto length =
            std::min<size_t>(text.size() - at, static_cast<size_t>(random.between(1, random.one_in(3) ? 200 : 4)));
        switch (random.below(6)) {
            case 0:
                text.erase(at, length);
                break;
            case 1:
                text.insert(at, random.of(kTokens));
                break;
            case 2:
                text.insert(at, text.substr(at, length));
                break;
            case 3:
                if (at < text.size()) text[at] = static_cast<char>(random.below(256));
                break;
            case 4: {
                const std::string& other = random.of(corpus);
                const auto from = static_cast<size_t>(random.below(static_cast<int64_t>(other.size()) + 1));
                text.insert(at, other.substr(from, length));
                break;
            }
            default:
                for (int64_t k = random.between(1, 2000); random.one_in(20) && k > 0; --k) text.insert(at, "(");
                break;
        }
    }
    return text;
}

// Whatever verifies can be interpreted: to a result or to errors. In a process of its own, since it may take long.
template <class Form>
void survive(const Form& form) {
    std::cout.flush();
    const pid_t child = fork();
    check(child >= 0, "cannot fork");
    if (child == 0) {
        const rlimit seconds{1, 1}, bytes{rlim_t(1) << 30, rlim_t(1) << 30};
        setrlimit(RLIMIT_CPU, &seconds);
#ifndef __SANITIZE_ADDRESS__  // which reserves terabytes
        setrlimit(RLIMIT_AS, &bytes);
#endif
        std::vector<HostArray> arrays;
        for (const Tensor& t : form.ctx.tensors) {
            HostArray a{t.dtype, {}, {}};
            size_t elements = 1;
            for (const IndexId id : t.shape) {
                a.shape.push_back(std::clamp<int64_t>(form.ctx.index.as_const(id).value_or(7), 0, 1 << 12));
                elements *= static_cast<size_t>(a.shape.back());
            }
            if (elements > (size_t(1) << 24)) _exit(0);
            a.data.assign(elements, 1.0);
            arrays.push_back(std::move(a));
        }
        interpret(form, arrays);
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    const bool out_of_time = WIFSIGNALED(status) && (WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL);
    check(out_of_time || (WIFEXITED(status) && WEXITSTATUS(status) == 0), "the interpreter crashed:\n" + print(form));
}

enum Outcome { kRefused, kParsed, kInterpreted, kOutcomes };
template <class Form>
int parse_once(const std::string& text) {
    Result<Form> parsed = parse_as(Form{}, text);
    if (!parsed.ok()) {
        check(parsed.diagnostics().size() == 1, "not one diagnostic");
        const Diagnostic& d = parsed.diagnostics().front();
        check(d.code.starts_with("TT90") && !d.message.empty(), "a diagnostic without code or message");
        check(d.where.size() == 1 && d.where[0].line > 0 && d.where[0].column > 0,
              "a diagnostic without line and column: " + to_string(d));
        return kRefused;
    }
    round_trip(parsed.value());
    if (!verify(parsed.value()).empty()) return kParsed;
    survive(parsed.value());
    return kInterpreted;
}

void test_fuzz(Random& random, int64_t milliseconds, const std::vector<std::string>& files) {
    std::vector<std::string> corpus;
    for (const std::string& file : files) {
        std::ifstream in(file, std::ios::binary);
        check(in.good(), "cannot read " + file);
        // Of a test case (tests/textcases.py), its sections that are forms.
        std::string section;
        for (std::string line; std::getline(in, line) || !section.empty();) {
            if (!in || line.starts_with("--- ")) {
                if (section.starts_with("tile_") || section.starts_with("tensix_")) corpus.push_back(section);
                section.clear();
            } else {
                section += line + "\n";
            }
        }
    }
    for (int i = 0; i < 20; ++i) {
        TileProgram program;
        Generator(random, program.ctx).form(program);
        corpus.push_back(print(program));
        TileGraph graph;
        Generator(random, graph.ctx).form(graph);
        corpus.push_back(print(graph));
        TensixProgram tensix;
        Generator(random, tensix.ctx).form(tensix);
        corpus.push_back(print(tensix));
    }
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(milliseconds);
    int64_t outcomes[kOutcomes] = {};
    while (std::chrono::steady_clock::now() < end) {
        const std::string text = mutated(random, random.of(corpus), corpus);
        try {
            ++outcomes[std::max(
                {parse_once<TileProgram>(text), parse_once<TileGraph>(text), parse_once<TensixProgram>(text)})];
        } catch (const TestFailure& failure) {
            throw TestFailure{failure.what + "\nin the text:\n" + text};
        }
    }
    std::cout << outcomes[kRefused] << " texts refused, " << outcomes[kParsed] << " malformed, "
              << outcomes[kInterpreted] << " interpreted\n";
}

// ---- rounding ----

void test_rounding(Random& random, int64_t count) {
    const auto same = [](double a, double b) { return same_bits(a, b) || (std::isnan(a) && std::isnan(b)); };
    for (int64_t i = 0; i < count; ++i) {
        const float f = std::bit_cast<float>(static_cast<uint32_t>(random.bits()));
        const std::string shown = "of " + std::to_string(f);
        check(same(round_to(DType::BF16, f), tensix::from_bf16(tensix::to_bf16(f))), "bf16 " + shown);
        const auto h =
            static_cast<float>(random.between(-70000, 70000)) * std::ldexp(1.0f, -static_cast<int>(random.below(40)));
        check(same(round_to(DType::F16, h), tensix::from_fp16(tensix::to_fp16(h))), "f16 of " + std::to_string(h));
        for (const DType dtype : {DType::BF16, DType::F16, DType::F32, DType::FP8E4M3, DType::FP8E5M2, DType::I8,
                                  DType::U16, DType::I32, DType::Bool}) {
            const double once = round_to(dtype, h);
            check(same(round_to(dtype, once), once), "rounding twice to " + std::string(to_string(dtype)));
        }
        const double r = round_to(DType::FP8E4M3, h);
        if (std::isfinite(r) && std::abs(h) >= 0.015625)
            check(std::abs(r - h) <= std::abs(h) / 16, "f8e4m3 of " + std::to_string(h));
    }
    check(round_to(DType::I8, 300) == 127 && round_to(DType::I8, -300) == -128 && round_to(DType::U8, -1) == 0,
          "saturation");
    check(round_to(DType::I32, -2.9) == -2, "truncation");
    check(round_to(DType::F16, 65520) == HUGE_VAL && round_to(DType::F16, 65519) == 65504, "f16 overflow");
    std::cout << count << " values\n";
}

// ---- programs ----

template <class Form>
std::vector<Diagnostic> execute(const std::string& text, std::vector<HostArray>& arrays) {
    Result<Form> parsed = parse_as(Form{}, text);
    check(parsed.ok(), to_string(parsed.diagnostics()));
    return interpret(parsed.value(), arrays).errors;
}
HostArray array(Random& random, DType dtype, std::vector<int64_t> shape) {
    HostArray a{dtype, std::move(shape), {}};
    int64_t n = 1;
    for (const int64_t d : a.shape) n *= d;
    for (int64_t i = 0; i < n; ++i) a.data.push_back(round_to(dtype, static_cast<double>(random.between(-64, 64)) / 8));
    return a;
}
// want(i, j) for each element of a matrix
template <class Want>
void compare(const std::string& what, const HostArray& a, const Want& want) {
    for (int64_t i = 0; i < a.shape[0]; ++i)
        for (int64_t j = 0; j < a.shape[1]; ++j) {
            const double got = a.data[static_cast<size_t>(i * a.shape[1] + j)], wanted = want(i, j);
            check(got == wanted, what + " at " + std::to_string(i) + ", " + std::to_string(j) + ": " +
                                     std::to_string(got) + ", not " + std::to_string(wanted));
        }
}
template <class Form>
void accept(const std::string& what, const std::string& text, std::vector<HostArray>& arrays) {
    const auto errors = execute<Form>(text, arrays);
    check(errors.empty(), what + ": " + to_string(errors));
}
// The program with `from` replaced by `to` ends with the code, not with a result.
template <class Form>
void refuse(std::string text, std::vector<HostArray> arrays, const std::string& from, const std::string& to,
            const std::string& code) {
    const size_t at = text.find(from);
    check(at != std::string::npos, "no '" + from + "' in the program");
    text.replace(at, from.size(), to);
    const auto errors = execute<Form>(text, arrays);
    check(!errors.empty(), "accepted with '" + to + "' instead of '" + from + "'");
    check(errors[0].code == code, "with '" + to + "' expected " + code + ", got " + to_string(errors));
}

void test_programs(Random& random) {
    const auto at = [](const HostArray& a, int64_t i, int64_t j) {
        const bool inside = i >= 0 && i < a.shape[0] && j >= 0 && j < a.shape[1];
        return inside ? a.data[static_cast<size_t>(i * a.shape[1] + j)] : 0.0;
    };
    {  // loads outside a tensor give 0, stores outside are dropped; a dimension of extent 1 on one side only; a cast
        const std::string text = R"(tile_program edges
var b kind=grid lo=0 hi=1
tensor @A dtype=f32 shape=(5, 3) param=0 read
tensor @C dtype=bf16 shape=(1, 6, 5) param=1 written
launch grid=(b) grid_extents=(2) {
  buffer s dtype=f32 shape=(4, 4) scope=shared
  copy src=@A[b * 4 - 1 : 4, 1 : 4] dst=s[0 : 4, 0 : 4]
  copy src=s[0 : 4, 0 : 4] dst=@C[0 : 1, b * 4 : 4, 2 : 4]
})";
        std::vector<HostArray> x{array(random, DType::F32, {5, 3}), array(random, DType::BF16, {1, 6, 5})};
        for (double& v : x[0].data) v += 1.0 / 1024;  // not a bf16
        const HostArray before = x[1];
        accept<TileProgram>("edges", text, x);
        HostArray flat{DType::BF16, {6, 5}, x[1].data}, old{DType::BF16, {6, 5}, before.data};
        compare("edges", flat, [&](int64_t i, int64_t j) {
            return j < 2 ? at(old, i, j) : round_to(DType::BF16, at(x[0], i - 1, j - 1));
        });
        refuse<TileProgram>(text, x, "dst=s[0 : 4", "dst=s[1 : 4", "TT9203");
        refuse<TileProgram>(text, x, "dst=s[0 : 4, 0 : 4", "dst=s[0 : 4, 0 : 3", "TT9103");
    }
    {  // products, reductions that keep what is there, loops, conditions, lanes
        const std::string text = R"(tile_program mixed
var k kind=loop
var i kind=lane lo=0 hi=7
var j kind=lane lo=0 hi=7
var n kind=symbol lo=1
tensor @A dtype=f32 shape=(n, 8) param=0 read
tensor @B dtype=f32 shape=(8, 8) param=1 read
tensor @C dtype=f32 shape=(8, 8) param=2 written
launch {
  buffer acc dtype=f32 shape=(8, 8) scope=fragment
  buffer top dtype=f32 shape=(8) scope=fragment
  fill dst=acc[0 : 8, 0 : 8] value=1
  fill dst=top[0 : 8] value=2
  for var=k begin=0 extent=n // 4 kind=pipelined num_stages=2 {
    gemm a=@A[k * 4 : 4, 0 : 8] b=@B[k * 4 : 4, 0 : 8] c=acc[0 : 8, 0 : 8] trans_a
  }
  reduce fn=max src=acc[0 : 8, 0 : 8] dst=top[0 : 8] dim=1 clear=false
  parallel vars=(i, j) extents=(8, 8) {
    let $0 = top[i] * f32(2)
    acc[i, j] = $0 + select(index(i) < index(j), acc[i, j], $0) if i + j < 12
  }
  if cond=n == 8 {
    copy src=acc[0 : 8, 0 : 8] dst=@C[0 : 8, 0 : 8]
  } otherwise {
    fill dst=@C[0 : 8, 0 : 8] value=inf
  }
})";
        std::vector<HostArray> x{array(random, DType::F32, {8, 8}), array(random, DType::F32, {8, 8}),
                                 array(random, DType::F32, {8, 8})};
        accept<TileProgram>("mixed", text, x);
        const auto product = [&](int64_t i, int64_t j) {
            double sum = 1;
            for (int64_t k = 0; k < 8; ++k) sum += at(x[0], k, i) * at(x[1], k, j);
            return sum;
        };
        compare("mixed", x[2], [&](int64_t i, int64_t j) {
            double top = 2;
            for (int64_t k = 0; k < 8; ++k) top = std::max(top, product(i, k));
            if (i + j >= 12) return product(i, j);
            return static_cast<double>(static_cast<float>(2 * top + (i < j ? product(i, j) : 2 * top)));
        });
        refuse<TileProgram>(text, x, "top[i] *", "top[i, j] *", "TT9103");
        refuse<TileProgram>(text, x, "extent=n // 4", "extent=n // (n - 8)", "TT9202");
        refuse<TileProgram>(text, x, "n // 4 kind", "i kind", "TT9105");
        x[1].shape = {4, 16};
        refuse<TileProgram>(text, x, "fn=max", "fn=min", "TT9201");
    }
    {  // values that change places, broadcasts, windows over the edge, vectors
        const std::string text = R"(tile_graph values
var k kind=loop
tensor @A dtype=f32 shape=(6, 5) param=0 read
tensor @C dtype=f32 shape=(6, 5) param=1 written
launch {
  %x: tile<8x8,f32> = load from=@A[0, 0; rows 0, cols 1]
  %y: tile<8x8,f32> = transpose value=%x
  %p: tile<8x8,f32>, %q: tile<8x8,f32> = for var=k begin=0 extent=3 inits=(%x, %y) {
    args %u: tile<8x8,f32>, %v: tile<8x8,f32>
    yield values=(%v, %u)
  }
  %r: row<8,f32> = reduce fn=sum value=%p dim=0
  %c: col<8,f32> = reduce fn=max value=%q dim=1
  %s: scalar<f32> = reduce fn=min value=%x dim=-1
  %m: tile<8x8,f32> = eltwise fn=mul operands=(%r, %c)
  %t: tile<8x8,f32> = eltwise fn=add operands=(%m, %s)
  %z: tile<8x8,f32> = if cond=1 < 0 {
    yield values=(%x)
  } otherwise {
    %w: tile<8x8,f32> = eltwise fn=select operands=(%x, %t, 0.5)
    yield values=(%w)
  }
  store value=%z to=@C[0, 0; rows 0, cols 1]
})";
        std::vector<HostArray> x{array(random, DType::F32, {6, 5}), array(random, DType::F32, {6, 5})};
        accept<TileGraph>("values", text, x);
        compare("values", x[1], [&](int64_t i, int64_t j) {
            if (at(x[0], i, j) == 0) return 0.5;
            double row = 0, col = -HUGE_VAL, least = 0;  // what lies outside the tensor is 0
            for (int64_t k = 0; k < 8; ++k) row += at(x[0], j, k), col = std::max(col, at(x[0], i, k));
            for (const double v : x[0].data) least = std::min(least, v);
            return row * col + least;
        });
        refuse<TileGraph>(text, x, "yield values=(%v, %u)", "yield values=(%v)", "TT9108");
        refuse<TileGraph>(text, x, "value=%z", "value=%w", "TT9106");
        refuse<TileGraph>(text, x, "%r: row", "%r: col", "TT9107");
    }
    {  // the chip's own rules
        const std::string text = R"(tensix_program twice
var core kind=core_arg lo=0 hi=1
var first kind=core_arg
var t kind=loop
tensor @A dtype=bf16 shape=(64, 40) param=0 read
tensor @C dtype=bf16 shape=(64, 40) param=1 written
layout @A row_dim=0 col_dim=1 format=Float16_b
layout @C row_dim=0 col_dim=1 format=Float16_b
split grid_x=2 cores=2
launch core=core {
  channel a format=Float16_b pages=2
  channel c format=Float16_b pages=2
  core_arg var=first value=core * 2 engines=reader+writer
  reader+compute+writer: for var=t begin=0 extent=2 {
    reader: channel call=reserve_back channel=a
    reader: read_tile tensor=@A page=first + t channel=a slot=0
    reader: noc call=read_barrier
    reader: channel call=push_back channel=a
    compute: channel call=wait_front channel=a
    compute: dst call=acquire
    compute: call op=copy_tile channels=(a) tiles=(0) dst=(3)
    compute: call op=square_tile dst=(3)
    compute: dst call=commit
    compute: channel call=pop_front channel=a
    compute: channel call=reserve_back channel=c
    compute: dst call=wait
    compute: pack dst=3 channel=c
    compute: dst call=release
    compute: channel call=push_back channel=c
    writer: channel call=wait_front channel=c
    writer: write_tile channel=c slot=0 tensor=@C page=first + t
    writer: channel call=pop_front channel=c
  }
})";
        std::vector<HostArray> x{array(random, DType::BF16, {64, 40}), array(random, DType::BF16, {64, 40})};
        accept<TensixProgram>("twice", text, x);
        compare("twice", x[1], [&](int64_t i, int64_t j) {
            return static_cast<double>(tensix::from_bf16(
                tensix::to_bf16(static_cast<float>(at(x[0], i, j) * at(x[0], i, j)), tensix::Rounding::HalfAway)));
        });
        const std::vector<std::array<std::string, 3>> wrong = {
            {"    reader: channel call=push_back channel=a\n", "", "TT9204"},     // waits for ever
            {"    compute: channel call=pop_front channel=a\n", "", "TT9204"},    // the third block finds no room
            {"    reader: channel call=reserve_back channel=a\n", "", "TT9204"},  // written without room
            {"tiles=(0)", "tiles=(1)", "TT9204"},                                 // read past what was waited for
            {"channel=a slot=0", "channel=a slot=1", "TT9204"},
            {"dst=(3)", "dst=(8)", "TT9205"},  // past the capacity
            {"    compute: dst call=commit\n", "", "TT9205"},
            {"    compute: dst call=release\n", "", "TT9205"},
            {"page=first + t channel", "page=first + t + 1 channel", "TT9206"},    // past the tensor
            {"channel c format=Float16_b", "channel c format=Float32", "TT9206"},  // bytes of another format
            {"compute: call op=square_tile dst=(3)", "reader: call op=square_tile dst=(3)", "TT9110"},
            {"op=square_tile dst=(3)", "op=square_tile dst=(3, 3)", "TT9111"},
            {"pages=2", "pages=3 block_pages=2", "TT9109"},
        };
        for (const auto& [from, to, code] : wrong) {
            // Two iterations fill two pages: a third shows what is never popped.
            std::string longer = text;
            if (from.find("pop_front") != std::string::npos) longer.replace(longer.find("pages=2"), 7, "pages=1");
            refuse<TensixProgram>(longer, x, from, to, code);
        }
    }
    std::cout << "4 programs\n";
}

int run(const std::vector<std::string>& args) {
    if (args.size() < 3)
        throw TestFailure{"usage: ir-test index|roundtrip|fuzz|programs|rounding SEED COUNT [FILE...]"};
    Random random(std::stoull(args[1]));
    const int64_t count = std::stoll(args[2]);
    if (args[0] == "index")
        test_index(random, count);
    else if (args[0] == "roundtrip")
        test_roundtrip(random, count);
    else if (args[0] == "fuzz")
        test_fuzz(random, count, {args.begin() + 3, args.end()});
    else if (args[0] == "programs")
        test_programs(random);
    else if (args[0] == "rounding")
        test_rounding(random, count);
    else
        throw TestFailure{"no test is called " + args[0]};
    return 0;
}

}  // namespace
}  // namespace tilelang_tt

int main(int argc, char** argv) {
    try {
        return tilelang_tt::run({argv + 1, argv + argc});
    } catch (const tilelang_tt::TestFailure& failure) {
        std::cerr << failure.what << "\n";
        return 1;
    }
}
