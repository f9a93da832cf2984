// The importer's own header: what its files (import*.cpp) share. An Importer reads one function; each file has one part
// of what it reads.
#pragma once

#include <tvm/tirx/expr.h>
#include <tvm/tirx/function.h>
#include <tvm/tirx/stmt.h>

#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "compiler/ir/tile_program.h"
#include "op/atomic_add.h"

namespace tilelang_tt::frontend::importing {

using tensix::TileFn;
using namespace tvm::tirx;
using tvm::PrimExpr;
using tvm::Range;
namespace ffi = tvm::ffi;

// Codes of this room. The number is stable; the text belongs to where it is reported.
constexpr const char* kStatement = "TT1001";   // a statement with no meaning here
constexpr const char* kTileOp = "TT1002";      // a tile operator, or an argument of one
constexpr const char* kExpression = "TT1003";  // an expression
constexpr const char* kDType = "TT1004";
constexpr const char* kBuffer = "TT1005";   // scope, shape or aliasing of a buffer
constexpr const char* kThread = "TT1006";   // threadIdx
constexpr const char* kKernel = "TT1007";   // no or misplaced T.Kernel
constexpr const char* kPadding = "TT1008";  // annotate_safe_value
constexpr const char* kScalar = "TT1009";   // scalar argument
constexpr const char* kStorage = "TT1010";  // tilelang_tt.annotate_storage
constexpr const char* kIgnored = "TT1090";  // notes

// As TVM prints it.
std::string text(const ffi::ObjectRef& ref);
inline const tvm::OpNode* called_op(const CallNode* call) { return call->op.as<tvm::OpNode>(); }
// Does the value read the tensor or buffer?
bool reads(LaneId id, Ref wanted, const LaneArena& lanes);
bool reads_anything(LaneId id, const LaneArena& lanes);

// The atomics on one element, T.atomic_add(A[i], x) and the like; nothing for other operators.
std::optional<tile::Combine> element_atomic(const std::string& op);
bool returns_old_value(const std::string& op);

class Importer {
  public:
    Result<TileProgram> run(const PrimFunc& function, const std::string& name);

  private:
    // Thrown where a statement cannot be imported; caught at the nearest enclosing statement list, so that the
    // statements after it are still examined. Without a code where the reason has been reported.
    struct Refused {
        Diagnostic diagnostic;
    };

    // --- locations and reports
    LocId locate(const tvm::Span& span);
    struct At {  // the location of everything inside a scope
        At(Importer& importer, const tvm::Span& span) : importer(importer), outer(importer.loc_) {
            importer.loc_ = importer.locate(span);
        }
        ~At() { importer.loc_ = outer; }
        Importer& importer;
        LocId outer;
    };
    [[noreturn]] void refuse(const char* code, std::string message, std::string fix = "", std::vector<Fact> facts = {});
    void note_ignored(const std::string& what, const std::string& why);
    template <class F>
    void attempt(F&& f) {
        try {
            f();
        } catch (Refused& refused) {
            if (!refused.diagnostic.code.empty()) errors_.push_back(std::move(refused.diagnostic));
        }
    }

    // --- declarations
    std::string unique_name(const std::string& wanted);
    DType dtype(tvm::DataType type, const std::string& of);
    void declare_param(const PrimFunc& function, size_t position);
    void declare_tensor(const Buffer& buffer, int param);
    void declare_buffer(const Buffer& buffer);
    Ref ref(const Buffer& buffer);
    Ref view(const Buffer& buffer, Ref owner);
    std::string ref_name(Ref ref) const {
        return ref.is_tensor() ? program_.ctx.tensor(ref.tensor).name : launch_->buffers[ref.buffer.v].name;
    }
    void mark(Ref ref, bool read, bool written) {
        if (written && ref.buffer.valid()) locals_.erase(ref.buffer);
        if (!ref.is_tensor()) return;
        const TensorId owner = program_.ctx.tensor(ref.tensor).view_of;
        Tensor& tensor = program_.ctx.tensors[owner ? owner.v : ref.tensor.v];
        tensor.read |= read;
        tensor.written |= written;
    }

    // --- statements
    void host(const Stmt& stmt);
    void launch(const Stmt& kernel);
    void statement(const Stmt& stmt, tile::Region& out);
    void block(const SBlockNode* block, tile::Region& out);
    void storage(const ffi::Map<tvm::tirx::Var, ffi::String>& wanted);
    void loop(const ForNode* loop, tile::Region& out);
    tile::For loop_header(const ForNode* loop);
    void parallel(const ForNode* loop, tile::Region& out);
    static bool is_lanes(const ForNode* loop);
    Stmt add_lanes(const ForNode* loop, tile::Map& map);
    void lanes_do(const Stmt& body, tile::Map map, tile::Region& out);
    void finish(tile::Map& map);
    // What must hold for a statement of a T.Parallel: conditions on data, each perhaps negated.
    struct Condition {
        const ffi::Object* expr;  // key of lane_lets_
        bool holds;
    };
    using Conditions = std::vector<Condition>;
    void parallel_body(const Stmt& stmt, IndexId cond, const Conditions& when, tile::Map& map);
    void loop_of_lanes(const ForNode* loop, IndexId cond, const Conditions& when, tile::Map& map);
    LaneId under(const Conditions& when, LaneId value, const tile::Store& store);
    void call(const CallNode* call, tile::Region& out);
    void element_atomic_store(const CallNode* call, tile::Combine combine, IndexId cond, tile::Map& map);
    void declare_reducers(const ffi::Any& annotation);
    const tile::Combine* reducer(const Buffer& buffer) const;
    std::optional<PrimExpr> contribution(const BufferStoreNode* store, tile::Combine combine) const;
    void reducer_update(const CallNode* call, IndexId cond, tile::Map& map);
    void contribute(const Buffer& buffer, const ffi::Array<PrimExpr>& indices, const PrimExpr& value,
                    tile::Combine combine, IndexId cond, tile::Map& map);
    bool reducer_call(const CallNode* node, const std::string& name, tile::Region& out);
    template <class Node>
    void scan(tensix::ReduceFn fn, const Node& node, tile::Region& out);
    void block_atomic(const tvm::tl::AtomicOpBaseNode* atomic, tile::Combine combine, tile::Region& out);
    tile::Map elements(const Access& block, const std::string& what);
    std::vector<IndexId> element(const Access& block, const tile::Map& map, const std::string& what);
    template <class Value>
    void by_element(const Access& dst, tile::Region& out, const std::string& what, Value&& value);
    void fill_with(const PrimExpr& value, const Access& dst, const std::string& what, tile::Region& out);
    void same_extents(const Access& src, const Access& dst, const std::string& what, int64_t without = -1);
    void single_lane(const Stmt& stmt, tile::Region& out);
    [[noreturn]] void refuse_returned(const std::string& op);
    void bind(const BindNode* bind);
    void emit(tile::Region& out, decltype(tile::Op::v) v) { out.ops.push_back({std::move(v), loc_}); }
    Access access(const Buffer& buffer, const ffi::Array<Range>& ranges);
    Access access(const BufferRegion& region) { return access(region->buffer, region->region); }
    bool hoisted_clear(const PrimExpr& clear, const Access& c, tile::Region& out);

    // --- integers of a block
    using Locals = std::unordered_map<BufferId, IndexId>;
    // A local that the body of a loop stores to: its value before the loop, and the variable that stands for it at the
    // begin of an iteration; both invalid where its value is not known.
    struct Stepped {
        BufferId local;
        IndexId first;
        VarId now;
    };
    std::optional<BufferId> integer_local(const Buffer& buffer) const;
    std::optional<IndexId> local_value(const Buffer& buffer) const;
    void assign(const BufferStoreNode* store, tile::Region& out);
    void join_locals(IndexId cond, const Locals& then);
    std::vector<BufferId> stored_locals(const Stmt& stmt) const;
    std::vector<Stepped> begin_steps(const Stmt& body);
    bool end_steps(const std::vector<Stepped>& steps, tile::For& loop, std::vector<BufferId>& unknown);
    void bound(const tile::For& loop);
    void bound_loops(tile::Region& region);
    void loop_body(const Stmt& body, tile::For& loop, tile::Region& out);
    void while_loop(const WhileNode* node, tile::Region& out);
    void drop_unread_locals();

    // --- expressions
    std::optional<IndexId> try_index(const PrimExpr& expr);
    IndexId index(const PrimExpr& expr, const std::string& what);
    LaneId lane(const PrimExpr& expr);
    std::optional<double> safe_value(const Buffer& buffer) const;
    bool inside(const Access& block);
    LaneId read(const Buffer& buffer, DType type, std::vector<IndexId> indices);
    LaneId let_value(const ffi::Object* key, const std::string& user);
    void keep(const ffi::Object* key, const std::string& user);
    std::optional<double> fold(LaneId id);
    LaneId lane_call(const CallNode* call, DType type);
    LaneId lane_unary(TileFn fn, DType type, const PrimExpr& a) { return lanes().apply(fn, type, lane(a)); }
    LaneId lane_binary(TileFn fn, DType type, const PrimExpr& a, const PrimExpr& b) {
        const LaneId left = lane(a);
        return lanes().apply(fn, type, left, lane(b));
    }
    IndexArena& arena() { return program_.ctx.index; }
    LaneArena& lanes() { return program_.ctx.lanes; }

    TileProgram program_;
    tile::Launch* launch_ = nullptr;
    LocId loc_;
    LocId recent_;                                           // of the user's own statement met last
    std::unordered_map<std::string, bool> inside_tilelang_;  // by file
    std::vector<Diagnostic> errors_;
    std::set<std::string> ignored_, names_;

    std::unordered_map<const ffi::Object*, TensorId> tensors_;        // by Buffer
    std::unordered_map<const ffi::Object*, BufferId> buffers_;        // by Buffer, of the current launch
    Locals locals_;                                                   // values of integer locals, where known
    std::set<BufferId> assigned_;                                     // integer locals of the current launch with any
    std::unordered_map<const ffi::Object*, tile::Combine> reducers_;  // by the data Var of the buffer
    std::unordered_map<const ffi::Object*, double> safe_values_;      // by the data Var: what is read outside a tensor
    std::set<const ffi::Object*> refused_buffers_;                    // by Buffer
    std::unordered_map<const ffi::Object*, Ref> data_;                // by data pointer: what was declared with it
    std::unordered_map<const ffi::Object*, IndexId> index_vars_;      // by Var: loops, grid axes, symbols, integer lets
    struct Let {
        LaneId value;
        size_t stores = 0;  // of the T.Parallel, before the let
        IndexId cond;       // under which it is computed
        LocId loc;
        bool kept = false;  // in a fragment of its own
    };
    std::unordered_map<const ffi::Object*, Let> lane_lets_;           // by Var: lets of T.Parallel
    tile::Map* map_ = nullptr;                                        // the T.Parallel being imported
    tile::Region* lanes_out_ = nullptr;                               // and where it goes
    std::unordered_map<const ffi::Object*, IndexId> float_scalars_;   // by Var: its bits
    std::unordered_map<const ffi::Object*, std::string> other_vars_;  // by Var: why it cannot be used
    std::unordered_map<const ffi::Object*, PrimExpr> deferred_;       // by Var: lets that print before a loop they use

    // The loop whose body is being imported, and where its ops go: for clear_accum=(ko == 0).
    struct LoopFrame {
        VarId var;
        IndexId begin, extent;
        tile::Region* outer;
        const tile::Region* body;
    };
    std::optional<LoopFrame> frame_;
};

}  // namespace tilelang_tt::frontend::importing
