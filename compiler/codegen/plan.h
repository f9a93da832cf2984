// Plan: everything a launcher needs, beside the kernels' sources, to run a program. Written as tt.plan.json
// (docs/tt.plan.schema.json), and used as this struct by the in-process runtime. It alone suffices to launch.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "compiler/ir/context.h"
#include "compiler/ir/mapping_plan.h"
#include "compiler/ir/target.h"
#include "compiler/ir/tensix_program.h"

namespace tilelang_tt {

// A constant or an expression over shape symbols and, in per-core arguments, over the variable `core`.
// It refers to Plan::ctx.index.
using PlanExpr = IndexId;

struct PlanTensor {
    std::string name;
    DType dtype = DType::F32;  // logical, as the caller passes it
    int param = -1;            // argument position; -1: workspace
    bool read = false, written = false;
    std::vector<PlanExpr> shape;
    TensorLayout layout;
    // The shape in which kernels see it, if it is another than the caller's: the elements in row-major order, and zeros
    // behind them to fill it.
    std::vector<PlanExpr> view;
    // Host recipe, in order: bring into the shape `view`, permute to `permutation`, pad the last two dimensions to
    // tiles with pad_value, tilize, store as layout.format. rows/cols: 1 where the tensor has no such dimension.
    std::vector<int64_t> permutation;
    PlanExpr outer, rows, cols;  // elements after permuting
    PlanExpr pages;              // tiles in all
    // Of a page. Row-major tensors (layout.row_major) have no permutation, padding or tiles: outer pages of one row of
    // cols elements each, and up to 3 bytes more, as device memory is counted in words.
    PlanExpr page_bytes;
    double pad_value = 0;
    // Of a number where the caller's bytes hold several, the lowest bits first: the recipe unpacks them along the last
    // dimension first, one number an element; shape is the caller's, in bytes. 8: nothing to unpack.
    int packed_bits = 8;
    bool packed_signed = false;  // in two's complement
};

// One argument of a kernel.
struct PlanArg {
    enum class Kind : uint8_t { Value, Accessor, Address, NocX, NocY } kind = Kind::Value;
    std::string name;
    PlanExpr value;   // Value; NocX, NocY: a core's number, whose NoC coordinate is meant
    TensorId tensor;  // Accessor: TensorAccessorArgs of the tensor (compile time); Address: its buffer's address
};

struct PlanKernel {
    std::string file;  // key of Artifacts::files
    prog::Engine engine = prog::Engine::Reader;
    std::vector<PlanArg> compile_time;                    // positional
    std::vector<std::pair<std::string, PlanExpr>> named;  // named compile-time arguments
    std::vector<PlanArg> common_runtime;
    std::vector<PlanArg> runtime;  // per core: Value, NocX or NocY over `core`
    std::vector<std::pair<std::string, std::string>> defines;
};

struct PlanSemaphore {
    int id = 0;
    uint32_t initial = 0;
};

// Numbers of the semaphores of a multicast: how many peers have room for the block; that it has arrived.
inline int ready_semaphore(prog::Peers peers) { return peers == prog::Peers::Row ? 0 : 2; }
inline int valid_semaphore(prog::Peers peers) { return ready_semaphore(peers) + 1; }

struct PlanLaunch {
    int grid_x = 1, grid_y = 1;
    int64_t cores = 1;  // the first `cores` of the grid in row-major order take part
    VarId core;
    std::vector<PlanKernel> kernels;
    std::vector<prog::Channel> channels;  // CB id = position
    std::vector<PlanSemaphore> semaphores;
    prog::ComputeConfig compute;
    Bytes l1_used, l1_capacity;      // of a core, for circular buffers
    std::vector<std::string> notes;  // decisions worth telling: precision, formats
};

struct Plan {
    std::string arch, board;
    int grid_x = 1, grid_y = 1;  // cores that the program was compiled for
    Context ctx;
    std::vector<PlanTensor> tensors;  // one a tensor of ctx
    std::vector<PlanLaunch> launches;
};

// Logical cores, corners included.
struct CoreRange {
    CoreCoord start, end;
};
// The launch's cores as rectangles: full rows, then what is left of the last one.
std::vector<CoreRange> core_ranges(const PlanLaunch& launch);

// Everything but the kernels, which codegen adds.
Plan make_plan(const TensixProgram& program, const Target& target);

std::string to_json(const Plan& plan);

}  // namespace tilelang_tt
