// The selector's own header: what the files of instruction selection (select*.cpp) share. A Selector turns one group of
// operations into calls on registers; the parts of that are grouped below by the file that has them.
#pragma once

#include <bit>
#include <limits>
#include <map>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "compiler/place/integers.h"
#include "compiler/place/select.h"
#include "tensix/op_table.h"

namespace tilelang_tt::placed {

using graph::Orientation;
using tensix::Broadcast;
using tensix::OpCode;
using tensix::OpKind;
using tensix::TileFn;
using tensix::Unit;

inline int64_t int32_bits(int64_t value) { return static_cast<uint32_t>(value); }
inline int64_t fp32_bits(double value) { return std::bit_cast<uint32_t>(static_cast<float>(value)); }

inline bool is_int(DType dtype) { return is_integer(dtype); }
// Whether values reach past those of a 32-bit integer with a sign.
inline bool without_sign(DType dtype) { return dtype == DType::U32; }

// A register that an instruction reads; owned: nothing else needs what it holds.
struct Source {
    int unit = -1;
    bool owned = false;
};

class Selector {
  public:
    Selector(const Context& ctx, const graph::Launch& launch, const Analysis& analysis, const FindTiles& tiles,
             const FindReduced& reduced, const FindFormat& format, const FindIndices& indices,
             const SelectOptions& options)
        : ctx_(ctx),
          launch_(launch),
          analysis_(analysis),
          tiles_(tiles),
          reduced_(reduced),
          format_(format),
          indices_(indices),
          options_(options) {}

    Result<Selected> run(const std::vector<const graph::Op*>& ops, const std::vector<ValueId>& preset,
                         const std::vector<ValueId>& wanted);

  private:
    // No register.
    static constexpr int kNone = std::numeric_limits<int>::min();

    const graph::TileType& type(ValueId id) const { return launch_.value(id).type; }

    // ---- select.cpp: the group, calls, and operations of one call ----
    void count(const std::vector<const graph::Op*>& ops, const std::vector<ValueId>& wanted);
    int fresh() { return out_.units++; }
    int alloc();
    void release(Source source);
    int alloc_shared();
    // A temporary: shared where what is emitted goes tile by tile.
    int alloc_shared_or_unit() { return when_.empty() ? alloc() : alloc_shared(); }
    void give_back(int unit) { (unit < 0 ? free_shared_ : free_).push_back(unit); }
    void emit(OpCode op, std::vector<int> units, std::vector<int64_t> params = {}, std::vector<TileOperand> tiles = {});
    void emit(OpCode op, std::vector<int> units, const TileIndex& arg);
    void apply(const std::vector<IntegerCall>& calls, int unit);
    void refuse(std::string code, std::string message, std::string fix);
    void lower(const graph::Load&) {}
    void lower(const graph::Slice&) {}
    void lower(const graph::Tilize&) {}
    void lower(const graph::Untilize&) {}
    void lower(const graph::Insert&) {}
    void lower(const graph::Scan&) {}  // a section of its own
    void lower(const graph::Fill& op);
    void lower(const graph::Matmul& op);
    void lower(const graph::Transpose& op);

    // ---- select_operands.cpp: operands in registers ----
    int constant(double value, bool integer);
    const double* constant_of(const graph::Operand& operand) const;
    std::optional<Tiles> in_channel(const graph::Operand& operand) const;
    int load(const graph::Operand& operand, const graph::TileType& result, bool raw = false);
    Source read(const graph::Operand& operand, const graph::TileType& result, bool overwrite, bool spread_it = true);
    int spread(int vector, Access access);
    bool broadcast_later(ValueId value) const;
    bool spread_later(ValueId value) const;
    bool infinite_beside(ValueId value, const std::vector<const graph::Op*>& ops) const;
    void clear_beside(int unit);
    int spread_integer(int vector, Access access, DType dtype);
    void define(ValueId value, int unit);
    bool holds_value(int unit) const;
    void forget(const graph::Operand& operand);

    // ---- select_positions.cpp: values that follow from the position ----
    static TileIndex base_of(const Affine& value);
    static TileIndex negated(TileIndex x);
    int64_t pattern(int unit, int64_t row, int64_t col);
    void scale(int unit, int64_t factor);
    int made(const Affine& value, const graph::TileType& type);
    void hold(const std::vector<Test>& tests, int unit);
    static std::optional<TileIndex> some(const Test& test, bool fails);
    void mask(const std::vector<Test>& tests, int unit, bool keeps, const Source& other, double constant,
              const graph::TileType& type);
    int64_t where_format(bool integer) const;
    bool define_affine(ValueId id, const std::vector<graph::Operand>& operands);
    void lower(const graph::Iota& op) { define_affine(op.result.id, {}); }
    void lower(const graph::FromBits& op) { define_affine(op.result.id, {}); }
    void lower(const graph::Pad& op);

    // ---- select_reductions.cpp: reductions ----
    void lower(const graph::Reduce& op);
    void join(const graph::Reduce& op, int unit, bool sum, bool minimum);
    static OpCode combination(DType dtype, bool sum, bool minimum);
    void fold(const graph::Reduce& op, const Reduction& how);

    // ---- select_elementwise.cpp: operations element by element ----
    void lower(const graph::Eltwise& op);
    void in_place(const graph::Eltwise& op, const std::vector<IntegerCall>& calls);
    void unary(const graph::Eltwise& op, const graph::TileType& result);
    void cast(const graph::Eltwise& op, DType from, const graph::TileType& result);
    bool same_exponents(const Tiles& a, const Tiles& b) const;
    bool on_fpu(const graph::Eltwise& op, const graph::TileType& result);
    void binary(const graph::Eltwise& op, const graph::TileType& result);
    void with_constant(const graph::Eltwise& op, OpCode code, const graph::Operand& x, const graph::Operand& c,
                       const graph::TileType& result);
    void with_scalar(const graph::Eltwise& op, OpCode code, const graph::Operand& x, const graph::Operand& scalar,
                     const TileIndex& value, const graph::TileType& result);
    void select(const graph::Eltwise& op, const graph::TileType& result);

    const Context& ctx_;
    const graph::Launch& launch_;
    const Analysis& analysis_;
    const FindTiles& tiles_;
    const FindReduced& reduced_;
    const FindFormat& format_;
    const FindIndices& indices_;
    SelectOptions options_;
    Selected out_;
    std::unordered_map<ValueId, int> units_;
    std::unordered_map<ValueId, int> reads_;
    std::map<std::tuple<ValueId, Access, bool>, int> held_;  // loaded operands that are read again; spread or not
    std::vector<int> free_;
    std::vector<TileIndex> when_;   // of what is emitted now
    std::vector<int> free_shared_;  // registers that tiles use in turn
    std::vector<Diagnostic> errors_;
    bool spreads_ = false;    // a column that the group packs is spread later
    bool unbounded_ = false;  // an operation of the group can make something infinite of a finite operand
    bool divides_ = false;    // an operation of the group is infinite at 0
    LocId loc_;
};

}  // namespace tilelang_tt::placed
