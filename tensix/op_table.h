// The op table: one row a call of the compute API, with all that codegen, init derivation, the verifier, the reference
// interpreter, the cost model and the documentation's support matrix need. A new operation is a row in op_table.inc, an
// emulator function and recorded golden bits. Names and signatures are those of ttnn 0.81.1
// (tt_metal/hw/inc/api/compute).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "tensix/formats.h"
#include "tensix/tile_fn.h"

namespace tensix {

// Named as the call itself, so that text forms read like kernels; calls that differ in template arguments only have a
// suffix (reduce_tile_sum_row).
enum class OpCode : uint16_t {
#define TENSIX_OP(code, ...) code,
#include "tensix/op_table.inc"
#undef TENSIX_OP
    kCount
};

enum class MathFidelity : uint8_t { LoFi, HiFi2, HiFi3, HiFi4 };

enum class Unit : uint8_t {
    Unpack,  // copy_tile: CB → DST, no arithmetic
    Fpu,     // operands in CBs, result in DST
    Sfpu,    // operands and result in DST
};
enum class OpKind : uint8_t {
    Copy,
    Matmul,
    Unary,        // dst = fn(dst)
    UnaryScalar,  // dst = fn(dst, constant); the constant is the last param, as an fp32 bit pattern or an integer
    Binary,
    Ternary,
    Reduce,  // (data, scaler) of one tile, or a tile in DST, to a row, a column or one element of a tile
    Scan,    // dst = running sums of its columns, from top to bottom
    Transpose,
    Fill,  // dst = constant (the last param)
    // From one channel to another, DST held by the call itself. The last param is the width of the rows in tiles.
    Tilize,    // a row-major block to tiles
    Untilize,  // tiles to a row-major block
};
enum class Broadcast : uint8_t { None, Rows, Cols, Scalar };  // of the second operand: Rows repeats row 0 in all rows
// Shape that a reduction leaves: Col has its values in column 0 (a sum over columns), Row in row 0, Scalar in element
// 0.
enum class ReduceShape : uint8_t { None, Row, Col, Scalar };

// What an init programs; an init is due when another init with the same bit came after it.
inline constexpr uint8_t kStateFpu = 1;     // unpacker and matrix engine
inline constexpr uint8_t kStateSfpu = 2;    // constants and address modes of the vector engine
inline constexpr uint8_t kStatePacker = 4;  // packer's mask (reduce), undone by the uninit

struct OpRow {
    OpCode code = OpCode::kCount;
    std::string_view name = {};    // spelling of the code
    std::string_view header = {};  // "api/compute/matmul.h"
    OpKind kind = OpKind::Unary;
    Unit unit = Unit::Sfpu;
    TileFn fn = TileFn::Identity;  // what is computed, where it is elementwise
    ReduceFn reduce = ReduceFn::Sum;
    ReduceShape reduce_shape = ReduceShape::None;
    Broadcast broadcast = Broadcast::None;
    bool integer = false;         // operands are 32-bit integers in DST; else floats
    bool without_sign = false;    // integers that are compared as unsigned
    bool constant_first = false;  // UnaryScalar: fn(constant, dst) instead of fn(dst, constant)
    int num_channels = 0;         // CB operands of the call
    int num_dst = 1;              // DST slots named by the call; 1: in place, or the result of an op on CBs
    int result_dst = 0;           // which of them is written
    int num_params = 0;           // of the call
    int num_init_params = 0;      // the init repeats that many of them, from the first
    bool accumulates = false;     // adds to what the DST slot holds (matmul, FPU mul, reduce); else overwrites
    // Text of the calls. {c0} {c1}: channels; {c2}: init of reduce, the channel that is packed to; {t0} {t1}: tile
    // indices; {d0} {d1} …: DST slots; {p0}…: params, decimal; {x0}…: params as hex bit patterns; {f0}…: params as a
    // format's name, "DataFormat::Float32".
    std::string_view call = {};
    std::string_view init = {};        // empty: needs none
    std::string_view uninit = {};      // empty: needs none; due after the pack of the result
    uint8_t state = kStateSfpu;        // what the init programs
    bool src_reversed = false;         // (c0, c1) go to (SrcB, SrcA): matmul, row sum
    bool needs_fp32_dst = false;       // allowed in 32-bit DST only
    std::string_view fp32_macro = {};  // defined before the header, makes it calculate to the accuracy of 32-bit DST
    std::string_view cost = {};        // figure of the device (tensix/devices), cycles a tile
    std::string_view note = {};        // accuracy and behaviour at the edges, for the support matrix
};

std::span<const OpRow> op_table();
const OpRow& op_row(OpCode code);
std::string_view to_string(OpCode code);
std::optional<OpCode> parse_op_code(std::string_view text);
std::string_view to_string(MathFidelity fidelity);
std::optional<MathFidelity> parse_math_fidelity(std::string_view text);

// The row that computes an elementwise function; nullopt where there is none.
std::optional<OpCode> find_op(Unit unit, OpKind kind, TileFn fn, Broadcast broadcast = Broadcast::None,
                              bool integer = false, bool constant_first = false);
// unit Fpu: of tiles in channels; Sfpu: of a tile in DST.
std::optional<OpCode> find_reduce(ReduceFn fn, ReduceShape shape, Unit unit = Unit::Fpu, bool integer = false,
                                  bool without_sign = false);

}  // namespace tensix
