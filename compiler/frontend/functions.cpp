#include "compiler/frontend/functions.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <utility>

#include "compiler/frontend/elementary.h"

namespace tilelang_tt::frontend {
namespace {

using tensix::TileFn;

struct Row {
    std::string_view op;  // behind "tirx." or "tir."
    TileFn fn;
};
constexpr std::array kRows = std::to_array<Row>({
    {"exp", TileFn::Exp},
    {"exp2", TileFn::Exp2},
    {"log", TileFn::Log},
    {"log2", TileFn::Log2},
    {"sqrt", TileFn::Sqrt},
    {"rsqrt", TileFn::Rsqrt},
    {"tanh", TileFn::Tanh},
    {"sigmoid", TileFn::Sigmoid},
    {"erf", TileFn::Erf},
    {"sin", TileFn::Sin},
    {"cos", TileFn::Cos},
    {"floor", TileFn::Floor},
    {"ceil", TileFn::Ceil},
    {"nearbyint", TileFn::Round},
    {"round", TileFn::Round},
    {"trunc", TileFn::Trunc},
    {"fabs", TileFn::Abs},
    {"isnan", TileFn::IsNan},
    {"pow", TileFn::Pow},
    {"bitwise_and", TileFn::BitAnd},
    {"bitwise_or", TileFn::BitOr},
    {"bitwise_xor", TileFn::BitXor},
    {"bitwise_not", TileFn::BitNot},
    {"shift_left", TileFn::ShiftLeft},
    {"shift_right", TileFn::ShiftRight},
    {"if_then_else", TileFn::Select},
});

struct Composed {
    std::string_view op;
    size_t arity;
};
constexpr std::array kComposed = std::to_array<Composed>({
    {"tirx.exp10", 1},    {"tl.__exp10", 1},     {"tirx.log10", 1},    {"tl.__log10", 1},    {"tl.__exp", 1},
    {"tl.__log", 1},      {"tl.__log2", 1},      {"tl.__sin", 1},      {"tl.__cos", 1},      {"tl.__tan", 1},
    {"tirx.tan", 1},      {"tirx.isinf", 1},     {"tirx.isfinite", 1}, {"tirx.copysign", 2}, {"tl.fast_rcp", 1},
    {"tl.ieee_add", 2},   {"tl.ieee_sub", 2},    {"tl.ieee_mul", 2},   {"tl.ieee_fdiv", 2},  {"tl.ieee_frcp", 1},
    {"tl.ieee_fsqrt", 1}, {"tl.ieee_frsqrt", 1}, {"tl.pow_of_int", 2},
});

struct Hint {
    std::string_view part;  // of the operator's name
    std::string_view fix;
};
// The first that fits counts.
constexpr std::array kHints = std::to_array<Hint>({
    {"nextafter", "round to the dtype that you need with T.cast"},
    {"round_ties_away", "use T.round, which takes ties to even"},
    {"ieee_fmaf", "write x * y + z, which rounds twice"},
    {"reinterpret", "convert with T.cast; the bits of another dtype can be taken on the host"},
    {"call_extern", "write the computation in TileLang: a kernel of this target cannot call CUDA or C functions"},
    {"call_pure_extern", "write the computation in TileLang: a kernel of this target cannot call CUDA or C functions"},
    {"atomic_addx", "use T.atomic_add, one element a lane"},
    {"atomic",
     "let one block own each part of the output: loop over what is summed inside the block, or write the parts to a "
     "tensor and add them in a second T.Kernel"},
    {"shfl", "there are no warps here; reduce a fragment with T.reduce_sum or T.reduce_max"},
    {"shuffle", "there are no warps here; reduce a fragment with T.reduce_sum or T.reduce_max"},
    {"warp_reduce", "there are no warps here; reduce a fragment with T.reduce_sum or T.reduce_max"},
    {"any_of",
     "take T.reduce_max of T.if_then_else(x != 0, 1, 0) and choose between values by it in T.Parallel: a branch cannot "
     "depend on data"},
    {"all_of",
     "take T.reduce_min of T.if_then_else(x != 0, 1, 0) and choose between values by it in T.Parallel: a branch cannot "
     "depend on data"},
    {"ballot", "there are no warps here; reduce a fragment with T.reduce_max over T.Parallel's conditions"},
    {"any_sync", "there are no warps here; reduce a fragment with T.reduce_max over T.Parallel's conditions"},
    {"all_sync", "there are no warps here; reduce a fragment with T.reduce_min over T.Parallel's conditions"},
    {"match_", "there are no warps here; compare with T.Parallel"},
    {"activemask", "there are no warps here; use T.Parallel"},
    {"_idx", "there are no threads in a block here; use T.Parallel"},
    {"sync_", "leave it out: data flow alone orders a kernel here"},
    {"syncthreads_", "there are no threads in a block here; reduce a fragment"},
    {"max_nreg", "leave it out: the roles of a core's processors are fixed here"},
    {"tma_", "use T.copy: the reader and writer of a core move data beside its compute"},
    {"cp_async", "use T.copy: the reader and writer of a core move data beside its compute"},
    {"wgmma", "use T.gemm"},
    {"tcgen05", "use T.gemm"},
    {"mma", "use T.gemm"},
    {"ldmatrix", "use T.copy"},
    {"stmatrix", "use T.copy"},
    {"gemm", "use T.gemm on dense operands"},
    {"im2col", "copy the window of each filter tap with T.copy, or unfold on the host"},
    {"call_packed", "kernels cannot call back into Python; do it before or after the kernel"},
    {"print", "leave it out; print the tensor after the kernel"},
    {"device_assert", "leave it out; check the values on the host"},
});

// Parts of names of operators that only order others.
constexpr std::array kOrders =
    std::to_array<std::string_view>({"barrier", "wait", "fence", "arrive", "commit", "expect_tx", "elect"});

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

constexpr double kLargestPower = 64;

// x to the power of a whole number, by squaring.
LaneId power(LaneArena& lanes, LaneId x, int exponent) {
    LaneId result;
    for (int n = std::abs(exponent); n > 0; n /= 2) {
        if (n % 2 == 1) result = result ? lanes.apply(TileFn::Mul, DType::F32, result, x) : x;
        x = lanes.apply(TileFn::Mul, DType::F32, x, x);
    }
    const LaneId one = lanes.constant(DType::F32, 1);
    if (exponent == 0) return one;
    return exponent < 0 ? lanes.apply(TileFn::Div, DType::F32, one, result) : result;
}

}  // namespace

std::string user_name(std::string_view op) {
    for (std::string_view prefix : {"tl.tileop.", "tirx.", "tir.", "tl."})
        if (op.starts_with(prefix)) return "T." + std::string(op.substr(prefix.size()));
    return std::string(op);
}

std::optional<TileFn> function_of(std::string_view op) {
    if (!op.starts_with("tirx.") && !op.starts_with("tir.")) return std::nullopt;
    const std::string_view base = op.substr(op.rfind('.') + 1);
    const auto found = std::find_if(kRows.begin(), kRows.end(), [&](const Row& row) { return row.op == base; });
    return found == kRows.end() ? std::nullopt : std::optional(found->fn);
}

std::optional<size_t> composed_arity(std::string_view op) {
    const std::string_view name = op.substr(op.find('.') + 1);
    if (counts_bits(name)) return 1;
    if (const auto arity = elementary_arity(name)) return arity;
    const auto found = std::find_if(kComposed.begin(), kComposed.end(), [&](const Composed& c) { return c.op == op; });
    return found == kComposed.end() ? std::nullopt : std::optional(found->arity);
}

LaneId compose(LaneArena& lanes, std::string_view op, DType type, std::span<const LaneId> args) {
    const std::string_view name = op.substr(op.find('.') + 1);
    const DType from = lanes.node(args[0]).dtype;
    if (counts_bits(name) && is_integer(from)) {
        const int missing = 32 - static_cast<int>(8 * size_bytes(from));
        LaneId word = from == DType::I32 ? args[0] : lanes.apply(TileFn::Cast, DType::I32, args[0]);
        if (missing > 0)
            word = lanes.apply(TileFn::BitAnd, DType::I32, word,
                               lanes.constant(DType::I32, static_cast<double>((int64_t{1} << (32 - missing)) - 1)));
        LaneId count = count_bits(lanes, name, word);
        if (missing > 0 && name == "clz")
            count = lanes.apply(TileFn::Sub, DType::I32, count, lanes.constant(DType::I32, missing));
        return type == DType::I32 ? count : lanes.apply(TileFn::Cast, type, count);
    }
    const auto wide = [&](LaneId id) {
        return lanes.node(id).dtype == DType::F32 ? id : lanes.apply(TileFn::Cast, DType::F32, id);
    };
    const LaneId x = wide(args[0]), y = args.size() > 1 ? wide(args[1]) : LaneId{};
    const auto number = [&](double value) { return lanes.constant(DType::F32, value); };
    const auto f32 = [&](TileFn fn, LaneId a, LaneId b = {}) { return lanes.apply(fn, DType::F32, a, b); };
    LaneId result;
    if (elementary_arity(name))
        result = elementary(lanes, name, std::array{x, y});
    else if (name == "exp10" || name == "__exp10")
        result = f32(TileFn::Exp2, f32(TileFn::Mul, x, number(std::numbers::ln10 / std::numbers::ln2)));
    else if (name == "log10" || name == "__log10")
        result = f32(TileFn::Mul, f32(TileFn::Log, x), number(1 / std::numbers::ln10));
    else if (name == "__exp")
        result = f32(TileFn::Exp, x);
    else if (name == "__log")
        result = f32(TileFn::Log, x);
    else if (name == "__log2")
        result = f32(TileFn::Log2, x);
    else if (name == "__sin")
        result = f32(TileFn::Sin, x);
    else if (name == "__cos")
        result = f32(TileFn::Cos, x);
    else if (name == "tan" || name == "__tan")
        result = f32(TileFn::Div, f32(TileFn::Sin, x), f32(TileFn::Cos, x));
    else if (name == "isinf")
        return lanes.apply(TileFn::Eq, DType::Bool, f32(TileFn::Abs, x), number(HUGE_VAL));
    else if (name == "isfinite")
        return lanes.apply(TileFn::Lt, DType::Bool, f32(TileFn::Abs, x), number(HUGE_VAL));
    else if (name == "copysign")
        result = lanes.apply(TileFn::Select, DType::F32, lanes.apply(TileFn::Lt, DType::Bool, y, number(0)),
                             f32(TileFn::Neg, f32(TileFn::Abs, x)), f32(TileFn::Abs, x));
    else if (name == "fast_rcp" || name == "ieee_frcp")
        result = f32(TileFn::Div, number(1), x);
    else if (name == "ieee_add")
        result = f32(TileFn::Add, x, y);
    else if (name == "ieee_sub")
        result = f32(TileFn::Sub, x, y);
    else if (name == "ieee_mul")
        result = f32(TileFn::Mul, x, y);
    else if (name == "ieee_fdiv")
        result = f32(TileFn::Div, x, y);
    else if (name == "pow_of_int") {
        const LaneNode exponent = lanes.node(args[1]);
        const bool small = exponent.op == LaneOp::Const && std::abs(exponent.value) <= kLargestPower;
        result = small ? power(lanes, x, static_cast<int>(exponent.value)) : f32(TileFn::Pow, x, y);
    } else if (name == "ieee_fsqrt")
        result = f32(TileFn::Sqrt, x);
    else
        result = f32(TileFn::Rsqrt, x);
    return type == DType::F32 ? result : lanes.apply(TileFn::Cast, type, result);
}

bool particular_to_gpus(std::string_view op) {
    if (op.starts_with("tl.tileop.") || op.starts_with("tl.ieee_") || op.starts_with("tl.round")) return false;
    return op.starts_with("tl.") || contains(op, "warp") || contains(op, "ptx") || contains(op, "mma");
}

std::string instead_of(std::string_view op) {
    if (particular_to_gpus(op) &&
        std::any_of(kOrders.begin(), kOrders.end(), [&](std::string_view word) { return contains(op, word); }))
        return "leave it out: data flow alone orders a kernel here";
    for (const Hint& hint : kHints)
        if (contains(op, hint.part)) return std::string(hint.fix);
    return particular_to_gpus(op) ? "use T.copy, T.gemm and T.Parallel" : "";
}

}  // namespace tilelang_tt::frontend
