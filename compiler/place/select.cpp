#include "compiler/place/select.h"

#include <algorithm>

#include "compiler/place/selector.h"

namespace tilelang_tt::placed {

namespace {

bool unbounded_at_zero(TileFn fn) {
    switch (fn) {
        case TileFn::Recip:
        case TileFn::Rsqrt:
        case TileFn::Log:
        case TileFn::Log2:
        case TileFn::Div:
        case TileFn::Pow:
            return true;
        default:
            return false;
    }
}

// Finite for finite operands, far from the ends of the range.
bool bounded(TileFn fn) {
    switch (fn) {
        case TileFn::Identity:
        case TileFn::Cast:
        case TileFn::Neg:
        case TileFn::Abs:
        case TileFn::Sqrt:
        case TileFn::Tanh:
        case TileFn::Sigmoid:
        case TileFn::Erf:
        case TileFn::Add:
        case TileFn::Sub:
        case TileFn::Mul:
        case TileFn::Min:
        case TileFn::Max:
        case TileFn::Select:
            return true;
        default:
            return false;
    }
}

}  // namespace

Result<Selected> Selector::run(const std::vector<const graph::Op*>& ops, const std::vector<ValueId>& preset,
                               const std::vector<ValueId>& wanted) {
    count(ops, wanted);
    for (const graph::Op* op : ops)
        if (auto* eltwise = std::get_if<graph::Eltwise>(&op->v)) {
            divides_ |= unbounded_at_zero(eltwise->fn);
            unbounded_ |= !bounded(eltwise->fn);
        }
    for (ValueId value : wanted) spreads_ |= options_.to_pack && spread_later(value);
    for (ValueId value : preset) units_[analysis_.resolve(value)] = fresh();
    for (const graph::Op* op : ops) {
        loc_ = op->loc;
        std::visit(
            [&](const auto& o) {
                if constexpr (requires { o.result; }) lower(o);
            },
            op->v);
        if (!errors_.empty()) return errors_;
    }
    for (ValueId value : wanted) {
        const DType dtype = type(value).dtype;
        const auto calls = options_.to_pack ? before_pack(dtype, format_of(dtype)) : std::vector<IntegerCall>{};
        const bool clear = options_.to_pack && infinite_beside(value, ops);
        const int unit = read(graph::Operand{value, 0}, type(value), clear || !calls.empty()).unit;
        apply(calls, unit);
        if (clear) clear_beside(unit);
        out_.wanted.push_back({value, unit});
        if (!errors_.empty()) return errors_;
    }
    return std::move(out_);
}

// How often each value is still read inside the group.
void Selector::count(const std::vector<const graph::Op*>& ops, const std::vector<ValueId>& wanted) {
    for (const graph::Op* op : ops)
        for (ValueId id : operands_of(*op)) ++reads_[analysis_.resolve(id)];
    for (ValueId id : wanted) ++reads_[analysis_.resolve(id)];
}

int Selector::alloc() {
    if (free_.empty()) return fresh();
    auto lowest = std::min_element(free_.begin(), free_.end());
    const int unit = *lowest;
    free_.erase(lowest);
    return unit;
}

void Selector::release(Source source) {
    if (source.owned) free_.push_back(source.unit);
}

int Selector::alloc_shared() {
    if (free_shared_.empty()) return -++out_.shared;
    const int unit = free_shared_.back();
    free_shared_.pop_back();
    return unit;
}

void Selector::emit(OpCode op, std::vector<int> units, std::vector<int64_t> params, std::vector<TileOperand> tiles) {
    Instr instr;
    instr.op = op;
    instr.tiles = std::move(tiles);
    for (int unit : units) instr.registers.push_back({unit, true});
    instr.params = std::move(params);
    instr.when_negative = when_;
    instr.loc = loc_;
    out_.instrs.push_back(std::move(instr));
}

// The same with a scalar that is known at run time only.
void Selector::emit(OpCode op, std::vector<int> units, const TileIndex& arg) {
    if (arg.terms.empty() && !arg.row_step && !arg.col_step)
        return emit(
            op, std::move(units),
            {tensix::op_row(op).integer ? int32_bits(arg.constant) : fp32_bits(static_cast<double>(arg.constant))});
    emit(op, std::move(units));
    out_.instrs.back().args = {arg};
}

void Selector::apply(const std::vector<IntegerCall>& calls, int unit) {
    for (const IntegerCall& call : calls) emit(call.op, {unit}, call.params);
}

void Selector::refuse(std::string code, std::string message, std::string fix) {
    errors_.push_back({Severity::Error, std::move(code), std::move(message), {ctx_.loc(loc_)}, {}, {}, std::move(fix)});
}

void Selector::lower(const graph::Fill& op) {
    if (reads_[analysis_.resolve(op.result.id)] > 0)
        units_[op.result.id] = constant(op.value, is_int(type(op.result.id).dtype));
}

void Selector::lower(const graph::Matmul& op) {
    auto a = tiles_(op.a, false), b = tiles_(op.b, op.trans_b);
    if (!a || !b) return refuse("TT4090", "an operand of a matmul has no place", "report this as a defect");
    const double* start = op.acc ? analysis_.constant(op.acc) : nullptr;
    int unit;
    if (!op.acc || (start && *start == 0)) {
        if (start) --reads_[analysis_.resolve(op.acc)];
        unit = fresh();
    } else {
        unit = read({op.acc, 0}, type(op.result.id), true).unit;
    }
    emit(OpCode::matmul_block, {unit}, {op.trans_b, 1, 1, a->row_stride()}, {{*a, Access::Full}, {*b, Access::Full}});
    out_.instrs.back().k_tiles = a->cols;
    define(op.result.id, unit);
}

void Selector::lower(const graph::Transpose& op) {
    auto tiles = tiles_(op.value, false);
    if (!tiles) return refuse("TT4090", "the operand of a transpose has no place", "report this as a defect");
    // Tile (i, j) of the result is tile (j, i) of the operand.
    const int unit = alloc();
    emit(OpCode::transpose_tile, {unit}, {}, {{tiles->transposed(), Access::Full}});
    define(op.result.id, unit);
}

Access access_of(const graph::TileType& operand, const graph::TileType& result) {
    if (operand.orientation == result.orientation) return Access::Full;
    switch (operand.orientation) {
        case Orientation::Row:
            return Access::Row;
        case Orientation::Col:
            return Access::Col;
        case Orientation::Scalar:
            return Access::Scalar;
        case Orientation::Full:
            return Access::Full;
    }
    return Access::Full;
}

tensix::DataFormat format_of(DType dtype) {
    using tensix::DataFormat;
    switch (dtype) {
        case DType::F16:
            return DataFormat::Float16;
        case DType::F32:
        case DType::F64:
            return DataFormat::Float32;
        case DType::I32:
        case DType::I64:
            return DataFormat::Int32;
        case DType::U32:
            return DataFormat::UInt32;
        case DType::U16:
        case DType::I16:
            return DataFormat::UInt16;
        case DType::U8:
        case DType::I8:  // bytes as they are; calls around copies and packs see to the sign
            return DataFormat::UInt8;
        default:
            return DataFormat::Float16_b;
    }
}

Result<Selected> select(const Context& ctx, const graph::Launch& launch, const Analysis& analysis,
                        const std::vector<const graph::Op*>& ops, const std::vector<ValueId>& preset,
                        const std::vector<ValueId>& wanted, const FindTiles& tiles, const FindReduced& reduced,
                        const FindFormat& format, const FindIndices& indices, const SelectOptions& options) {
    return Selector(ctx, launch, analysis, tiles, reduced, format, indices, options).run(ops, preset, wanted);
}

}  // namespace tilelang_tt::placed
