// The op table: one row a call of the compute API, with all that codegen, init derivation, the verifier, the reference
// interpreter, the cost model and the documentation's support matrix need. A new operation is a row here, an emulator
// function and recorded golden bits.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "tensix/formats.h"
#include "tensix/tile_fn.h"

namespace tensix {

// Named as the call itself, so that text forms read like kernels.
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
enum class OpKind : uint8_t { Copy, Matmul, Binary, Unary, Reduce, Transpose, Fill };
enum class Broadcast : uint8_t { None, Rows, Cols, Scalar };  // of the second operand: Rows repeats row 0 in all rows

struct OpRow {
    OpCode code;
    std::string_view name;    // the call
    std::string_view header;  // "api/compute/matmul.h"
    OpKind kind;
    Unit unit;
    TileFn fn;                // what is computed, where it is elementwise
    Broadcast broadcast;
    int num_channels;         // CB operands of the call
    int num_dst;              // DST slots named by the call, the result last; 1: in place or result only
    bool accumulates;         // adds to what the DST slot holds (matmul, FPU mul, reduce); else overwrites
    // Text of the calls. {c0} {c1}: channels; {t0} {t1}: tile indices; {d0} {d1} {d2}: DST slots; {p0}…: params, decimal;
    // {x0}…: params as hex bit patterns; {b0}…: params as true/false.
    std::string_view call;
    std::string_view init;    // empty: needs none
    std::string_view uninit;  // empty: needs none
    // Two calls share an init when their init texts agree; `state` names the hardware state that the init programs, so that
    // an init is repeated exactly when another row with the same bit has intervened: 1 unpack+FPU, 2 SFPU.
    uint8_t state;
    bool src_reversed;        // (c0, c1) go to (SrcB, SrcA): matmul, row sum
    bool needs_fp32_dst;      // allowed in 32-bit DST only (sfpu_*_bcast_*)
    bool is_signature_params_in_call;  // the call repeats the init's params
    std::string_view cost;    // key into the device's cost table
};

std::span<const OpRow> op_table();
const OpRow& op_row(OpCode code);
std::string_view to_string(OpCode code);
std::optional<OpCode> parse_op_code(std::string_view text);
std::string_view to_string(MathFidelity fidelity);
std::optional<MathFidelity> parse_math_fidelity(std::string_view text);

}  // namespace tensix
