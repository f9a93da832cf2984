#include "compiler/frontend/import.h"

#include <dlfcn.h>
#include <tvm/ir/op.h>
#include <tvm/tirx/expr.h>
#include <tvm/tirx/op.h>
#include <tvm/tirx/stmt.h>

#include <cmath>
#include <filesystem>
#include <limits>
#include <optional>
#include <set>
#include <sstream>
#include <unordered_map>

#include "compiler/frontend/functions.h"
#include "compiler/ir/interpreter.h"
#include "compiler/ir/names.h"
#include "op/atomic_add.h"
#include "op/atomic_reduce.h"
#include "op/copy.h"
#include "op/fill.h"
#include "op/gemm.h"
#include "op/operator.h"
#include "op/reduce.h"
#include "op/scan.h"

namespace tilelang_tt::frontend {
namespace {

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

std::string text(const ffi::ObjectRef& ref) {
    std::ostringstream out;
    out << ref;
    return out.str();
}

const tvm::OpNode* called_op(const CallNode* call) { return call->op.as<tvm::OpNode>(); }

// The atomics on one element, T.atomic_add(A[i], x) and the like.
std::optional<tile::Combine> element_atomic(const std::string& op) {
    if (op == "tl.atomic_add_elem_op") return tile::Combine::Add;
    if (op == "tl.atomic_max_elem_op") return tile::Combine::Max;
    if (op == "tl.atomic_min_elem_op") return tile::Combine::Min;
    return std::nullopt;
}
bool returns_old_value(const std::string& op) {
    return op.starts_with("tl.atomic_") && op.find("_ret_") != std::string::npos;
}

const std::unordered_map<std::string_view, TileFn>& functions() {
    static const std::unordered_map<std::string_view, TileFn> table = {
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
    };
    return table;
}

// Does the value read the tensor or buffer?
bool reads(LaneId id, Ref wanted, const LaneArena& lanes) {
    if (!id) return false;
    const LaneNode& node = lanes.node(id);
    if (node.op == LaneOp::Read) return node.ref == wanted;
    return node.op == LaneOp::Apply &&
           (reads(node.a, wanted, lanes) || reads(node.b, wanted, lanes) || reads(node.c, wanted, lanes));
}

// Is the file part of the tilelang package itself, as the bodies of its macros are? The package is the folder above the
// one that TileLang's library was loaded from.
bool inside_tilelang(const std::string& file) {
    static const std::string package = [] {
        tvm::tl::TileOperator (*const parse)(const Call&, const tvm::tl::BlockAnnotations&) = &tvm::tl::ParseOperator;
        Dl_info info{};
        std::error_code error;
        if (!dladdr(reinterpret_cast<const void*>(parse), &info) || !info.dli_fname) return std::string();
        const auto library = std::filesystem::weakly_canonical(info.dli_fname, error);
        const auto folder = library.parent_path().parent_path();
        return error || folder.filename() != "tilelang" ? std::string() : folder.string() + "/";
    }();
    if (package.empty()) return false;
    std::error_code error;
    const auto path = std::filesystem::weakly_canonical(file, error);
    return !error && path.string().starts_with(package);
}

class Importer {
  public:
    Result<TileProgram> run(const PrimFunc& function, const std::string& name);

  private:
    // Thrown where a statement cannot be imported; caught at the nearest enclosing statement list, so that the
    // statements after it are still examined.
    struct Refused {
        Diagnostic diagnostic;
    };

    // --- locations and reports
    LocId locate(const tvm::Span& span) {
        if (!span.defined() || !span->source_name.defined()) return loc_;
        const std::string file = span->source_name->name;
        const auto [known, first] = inside_tilelang_.try_emplace(file, false);
        if (first) known->second = inside_tilelang(file);
        // What a macro of TileLang expands to has lines of TileLang only; the call is next to the statement before it.
        if (known->second) return recent_ ? recent_ : loc_;
        return recent_ = program_.ctx.add_loc({file, span->line, 0});
    }
    struct At {  // the location of everything inside a scope
        At(Importer& importer, const tvm::Span& span) : importer(importer), outer(importer.loc_) {
            importer.loc_ = importer.locate(span);
        }
        ~At() { importer.loc_ = outer; }
        Importer& importer;
        LocId outer;
    };
    [[noreturn]] void refuse(const char* code, std::string message, std::string fix = "",
                             std::vector<Fact> facts = {}) {
        Diagnostic diagnostic;
        diagnostic.code = code;
        diagnostic.message = std::move(message);
        diagnostic.facts = std::move(facts);
        diagnostic.fix = std::move(fix);
        if (loc_) diagnostic.where.push_back(program_.ctx.loc(loc_));
        throw Refused{std::move(diagnostic)};
    }
    void note_ignored(const std::string& what, const std::string& why) {
        if (!ignored_.insert(what).second) return;
        Diagnostic diagnostic;
        diagnostic.severity = Severity::Note;
        diagnostic.code = kIgnored;
        diagnostic.message = what + " is ignored: " + why;
        if (loc_) diagnostic.where.push_back(program_.ctx.loc(loc_));
        program_.remarks.push_back(std::move(diagnostic));
    }
    template <class F>
    void attempt(F&& f) {
        try {
            f();
        } catch (Refused& refused) {
            errors_.push_back(std::move(refused.diagnostic));
        }
    }

    // --- declarations
    std::string unique_name(const std::string& wanted);
    DType dtype(tvm::DataType type, const std::string& of);
    void declare_param(const PrimFunc& function, size_t position);
    void declare_tensor(const Buffer& buffer, int param);
    void declare_buffer(const Buffer& buffer);
    Ref ref(const Buffer& buffer);
    std::string ref_name(Ref ref) const {
        return ref.is_tensor() ? program_.ctx.tensor(ref.tensor).name : launch_->buffers[ref.buffer.v].name;
    }
    void mark(Ref ref, bool read, bool written) {
        if (!ref.is_tensor()) return;
        Tensor& tensor = program_.ctx.tensors[ref.tensor.v];
        tensor.read |= read;
        tensor.written |= written;
    }

    // --- statements
    void host(const Stmt& stmt);
    void launch(const ForNode* nest);
    void statement(const Stmt& stmt, tile::Region& out);
    void block(const SBlockNode* block, tile::Region& out);
    void storage(const ffi::Map<tvm::tirx::Var, ffi::String>& wanted);
    void loop(const ForNode* loop, tile::Region& out);
    void parallel(const ForNode* loop, tile::Region& out);
    // What must hold for a statement of a T.Parallel: conditions on data, each perhaps negated.
    struct Condition {
        const ffi::Object* expr;  // key of lane_lets_
        bool holds;
    };
    using Conditions = std::vector<Condition>;
    void parallel_body(const Stmt& stmt, IndexId cond, const Conditions& when, tile::Map& map);
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
    void scan(tensix::ReduceFn fn, const Node& node, tile::Region& out) {
        tile::Scan result{fn, access(node.srcRegion_), access(node.dstRegion_), node.dim, node.reverse};
        mark(result.src.ref, true, false);
        mark(result.dst.ref, false, true);
        emit(out, std::move(result));
    }
    void block_atomic(const tvm::tl::AtomicOpBaseNode* atomic, tile::Combine combine, tile::Region& out);
    void single_lane(const Stmt& stmt, tile::Region& out);
    [[noreturn]] void refuse_returned(const std::string& op) {
        refuse(kStatement,
               "T." + op.substr(3, op.find("_ret_") - 3) +
                   " whose returned value is used is not supported: it depends on the order in which blocks happen to "
                   "run",
               "leave out return_prev=True");
    }
    void bind(const BindNode* bind);
    void emit(tile::Region& out, decltype(tile::Op::v) v) { out.ops.push_back({std::move(v), loc_}); }
    Access access(const Buffer& buffer, const ffi::Array<Range>& ranges);
    Access access(const BufferRegion& region) { return access(region->buffer, region->region); }
    bool hoisted_clear(const PrimExpr& clear, const Access& c, tile::Region& out);

    // --- expressions
    std::optional<IndexId> try_index(const PrimExpr& expr);
    IndexId index(const PrimExpr& expr, const std::string& what);
    LaneId lane(const PrimExpr& expr);
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
    std::unordered_map<const ffi::Object*, tile::Combine> reducers_;  // by the data Var of the buffer
    std::unordered_map<const ffi::Object*, std::string> data_;        // name of the buffer that owns a data pointer
    std::unordered_map<const ffi::Object*, IndexId> index_vars_;      // by Var: loops, grid axes, symbols, integer lets
    struct Let {
        LaneId value;
        size_t stores = 0;  // of the T.Parallel, before the let
        IndexId cond;       // under which it is computed
        LocId loc;
    };
    std::unordered_map<const ffi::Object*, Let> lane_lets_;           // by Var: lets of T.Parallel
    tile::Map* map_ = nullptr;                                        // the T.Parallel being imported
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

std::string Importer::unique_name(const std::string& wanted) {
    std::string name = wanted.empty() ? "v" : wanted;
    for (int suffix = 1; !names_.insert(name).second; ++suffix) name = wanted + "_" + std::to_string(suffix);
    return name;
}

DType Importer::dtype(tvm::DataType type, const std::string& of) {
    if (type.is_bool()) return DType::Bool;
    const std::string name = ffi::DLDataTypeToString(type);
    const auto found = parse_dtype(name);
    if (!found || type.lanes() != 1)
        refuse(kDType, of + " has dtype " + name + ", which Tensix kernels cannot hold",
               "use bfloat16, float16, float32 or an integer type of 8 to 32 bits");
    return *found;
}

void Importer::declare_tensor(const Buffer& buffer, int param) {
    At at(*this, buffer->span);
    Tensor tensor;
    const std::string user = buffer->name;
    tensor.name = unique_name(user);
    tensor.dtype = dtype(buffer->dtype, "tensor " + user);
    tensor.param = param;
    tensor.loc = loc_;
    for (const PrimExpr& dim : buffer->shape) {
        // A dimension that is a bare variable defines a shape symbol.
        if (const auto* var = dim.as<VarNode>(); var && !index_vars_.contains(var)) {
            Var symbol{.name = unique_name(var->name_hint), .kind = VarKind::Symbol, .lo = 1, .hi = {}};
            index_vars_[var] = arena().of(arena().new_var(symbol));
        }
        tensor.shape.push_back(index(dim, "the shape of tensor " + user));
    }
    for (const PrimExpr& stride : buffer->strides)
        if (const auto* var = stride.as<VarNode>(); var && !index_vars_.contains(var))
            other_vars_[var] = "a stride of tensor " + user + " (kernels see tensors by their logical indices)";
    tensors_[buffer.get()] = TensorId(program_.ctx.tensors.size());
    data_.emplace(buffer->data.get(), user);
    program_.ctx.tensors.push_back(std::move(tensor));
}

void Importer::declare_param(const PrimFunc& function, size_t position) {
    const tvm::tirx::Var var = function->params[position];
    if (auto buffer = function->buffer_map.Get(var)) return declare_tensor(buffer.value(), static_cast<int>(position));
    const std::string user = var->name_hint;
    if (var->dtype.is_handle())
        refuse(kScalar, "argument " + user + " is a raw pointer", "declare it as T.Tensor(shape, dtype)");
    ScalarParam scalar;
    scalar.name = unique_name(user);
    scalar.dtype = dtype(var->dtype, "argument " + user);
    scalar.param = static_cast<int>(position);
    if (is_integer(scalar.dtype) || scalar.dtype == DType::Bool) {
        // The variable may already be a shape symbol of a tensor declared before it.
        if (const auto known = index_vars_.find(var.get()); known != index_vars_.end()) {
            scalar.var = arena().node(known->second).var;
        } else {
            scalar.var = arena().new_var({.name = scalar.name, .kind = VarKind::Symbol, .lo = {}, .hi = {}});
            index_vars_[var.get()] = arena().of(scalar.var);
        }
    } else {
        // It arrives as the bits of an fp32 number.
        scalar.var = arena().new_var(
            {.name = scalar.name, .kind = VarKind::Symbol, .lo = 0, .hi = std::numeric_limits<uint32_t>::max()});
        float_scalars_[var.get()] = arena().of(scalar.var);
        other_vars_[var.get()] = "the scalar argument " + user + " of type " + std::string(to_string(scalar.dtype));
    }
    program_.ctx.scalars.push_back(std::move(scalar));
}

void Importer::declare_buffer(const Buffer& buffer) {
    At at(*this, buffer->span);
    const std::string scope = buffer.scope(), user = buffer->name;
    if (scope == "global") return declare_tensor(buffer, -1);
    tile::Buffer out;
    if (scope == "shared" || scope == "shared.dyn")
        out.scope = tile::Scope::Shared;
    else if (scope == "local.fragment" || scope == "local.reducer")
        out.scope = tile::Scope::Fragment;
    else if (scope == "local" || scope == "local.var")
        out.scope = tile::Scope::Local;
    else
        refuse(kBuffer, "buffer " + user + " has scope " + scope + ", which is particular to GPUs",
               "use T.alloc_shared or T.alloc_fragment");
    out.dtype = dtype(buffer->dtype, "buffer " + user);
    for (const PrimExpr& dim : buffer->shape) {
        const auto size = arena().as_const(index(dim, "the shape of buffer " + user));
        if (!size || *size <= 0)
            refuse(kBuffer, "the shape of buffer " + user + " is not a positive constant",
                   "make block sizes constants");
        out.shape.push_back(*size);
    }
    out.name = unique_name(user);
    out.loc = loc_;
    buffers_[buffer.get()] = BufferId(launch_->buffers.size());
    data_.emplace(buffer->data.get(), user);
    launch_->buffers.push_back(std::move(out));
}

Ref Importer::ref(const Buffer& buffer) {
    if (const auto found = tensors_.find(buffer.get()); found != tensors_.end()) return {found->second, {}};
    if (const auto found = buffers_.find(buffer.get()); found != buffers_.end()) return {{}, found->second};
    const std::string user = buffer->name;
    if (const auto owner = data_.find(buffer->data.get()); owner != data_.end())
        refuse(kBuffer, "buffer " + user + " is a view of " + owner->second + ", and views are not supported yet",
               "index " + owner->second + " itself");
    refuse(kBuffer, "buffer " + user + " is not allocated in this kernel", "allocate it inside `with T.Kernel(...)`");
}

// ---------------------------------------------------------------------------------------------------- statements

void Importer::host(const Stmt& stmt) {
    At at(*this, stmt->span);
    if (const auto* seq = stmt.as<SeqStmtNode>()) {
        for (const Stmt& inner : seq->seq) attempt([&] { host(inner); });
    } else if (const auto* realize = stmt.as<SBlockRealizeNode>()) {
        for (const Buffer& buffer : realize->block->alloc_buffers) {
            if (buffer.scope() != "global")
                refuse(kKernel, "buffer " + std::string(buffer->name) + " is allocated outside T.Kernel",
                       "move the allocation inside `with T.Kernel(...)`");
            declare_tensor(buffer, -1);
        }
        host(realize->block->body);
    } else if (const auto* loop = stmt.as<ForNode>(); loop && loop->kind == ForKind::kThreadBinding) {
        launch(loop);
    } else if (const auto* let = stmt.as<BindNode>()) {
        bind(let);
    } else if (const auto* attr = stmt.as<AttrStmtNode>()) {
        host(attr->body);
    } else if (const auto* evaluate = stmt.as<EvaluateNode>(); evaluate && !evaluate->value.as<CallNode>()) {
        // a constant: nothing to do
    } else {
        refuse(kKernel, "a statement stands outside T.Kernel", "move it inside `with T.Kernel(...)`");
    }
}

void Importer::launch(const ForNode* nest) {
    At at(*this, nest->span);
    program_.launches.emplace_back();
    launch_ = &program_.launches.back();
    launch_->loc = loc_;
    buffers_.clear();
    constexpr std::string_view kAxes[] = {"blockIdx.x", "blockIdx.y", "blockIdx.z"};
    std::optional<std::pair<VarId, IndexId>> axes[3];
    Stmt body;
    for (const ForNode* loop = nest; loop && loop->kind == ForKind::kThreadBinding; loop = body.as<ForNode>()) {
        const std::string tag = loop->thread_binding.value()->thread_tag;
        const auto axis = std::find(std::begin(kAxes), std::end(kAxes), tag) - std::begin(kAxes);
        if (axis == 3 || axes[axis])
            refuse(kThread, "the kernel binds " + tag + ", which has no meaning here",
                   "leave it out: blocks have no threads here; use T.Parallel");
        const IndexId extent = index(loop->extent, "the extent of " + tag);
        const auto size = arena().as_const(extent);
        if (size && *size <= 0)
            refuse(kKernel, "the grid of T.Kernel is empty along " + tag, "give it at least one block",
                   {{tag, "at least 1", std::to_string(*size)}});
        tilelang_tt::Var var{.name = unique_name(loop->loop_var->name_hint), .kind = VarKind::Grid, .lo = 0, .hi = {}};
        if (size) var.hi = *size - 1;
        const VarId id = arena().new_var(var);
        index_vars_[loop->loop_var.get()] = arena().of(id);
        axes[axis] = {id, extent};
        body = loop->body;
    }
    for (const auto& axis : axes)
        if (axis) launch_->grid.push_back(axis->first), launch_->grid_extents.push_back(axis->second);
    statement(body, launch_->body);
    launch_ = nullptr;
}

void Importer::statement(const Stmt& stmt, tile::Region& out) {
    At at(*this, stmt->span);
    if (const auto* seq = stmt.as<SeqStmtNode>()) {
        for (const Stmt& inner : seq->seq) attempt([&] { statement(inner, out); });
    } else if (const auto* realize = stmt.as<SBlockRealizeNode>()) {
        if (!is_one(realize->predicate) || !realize->iter_values.empty())
            refuse(kStatement, "a TVM block with iteration variables or a predicate is not supported",
                   "write loops and `if` in their place");
        block(realize->block.get(), out);
    } else if (const auto* loop_node = stmt.as<ForNode>()) {
        loop(loop_node, out);
    } else if (const auto* node = stmt.as<IfThenElseNode>()) {
        tile::If branch;
        branch.cond = index(node->condition, "the condition of `if`");
        const auto frame = std::exchange(frame_, std::nullopt);
        attempt([&] { statement(node->then_case, branch.then); });
        if (node->else_case) attempt([&] { statement(node->else_case.value(), branch.otherwise); });
        frame_ = frame;
        emit(out, std::move(branch));
    } else if (const auto* evaluate = stmt.as<EvaluateNode>()) {
        const auto* node = evaluate->value.as<CallNode>();
        const auto* op = node ? called_op(node) : nullptr;
        if (op && (element_atomic(op->name) || op->name == "tl.reducer_update"))
            single_lane(stmt, out);
        else if (node)
            call(node, out);
    } else if (const auto* let = stmt.as<BindNode>()) {
        bind(let);
    } else if (stmt.as<BufferStoreNode>()) {
        single_lane(stmt, out);
    } else if (const auto* alloc = stmt.as<AllocBufferNode>()) {
        declare_buffer(alloc->buffer);
    } else if (const auto* decl = stmt.as<DeclBufferNode>()) {
        (void)ref(decl->buffer);
    } else if (const auto* attr = stmt.as<AttrStmtNode>()) {
        const std::string key = attr->attr_key;
        if (key == "threadblock_swizzle_pattern")
            note_ignored("T.use_swizzle", "it orders blocks for a GPU's cache; the mapping decides the order here");
        else
            refuse(kStatement, "attribute \"" + key + "\" is particular to GPUs",
                   key.find("warp") != std::string::npos || key.find("ws") != std::string::npos
                       ? "leave warp specialization out: reader, compute and writer of a core run side by side anyway"
                       : "leave it out");
        statement(attr->body, out);
    } else if (stmt.as<AssertStmtNode>()) {
        note_ignored("assert", "kernels cannot stop a program; check the values on the host");
    } else if (stmt.as<WhileNode>()) {
        refuse(kStatement, "`while` is not supported", "use T.serial or T.Pipelined with a bound");
    } else {
        refuse(kStatement, "a statement of kind " + std::string(stmt->GetTypeKey()) + " is not supported",
               "use loops, `if`, T.Parallel and tile operators");
    }
}

// One element: a T.Parallel of a single lane, as TileLang's own passes have it.
void Importer::single_lane(const Stmt& stmt, tile::Region& out) {
    tile::Map map;
    map.vars.push_back(arena().new_var({.name = unique_name("one"), .kind = VarKind::Lane, .lo = 0, .hi = 0}));
    map.extents.push_back(arena().constant(1));
    map_ = &map;
    attempt([&] { parallel_body(stmt, {}, {}, map); });
    map_ = nullptr;
    emit(out, std::move(map));
}

void Importer::block(const SBlockNode* block, tile::Region& out) {
    for (const auto& [key, value] : block->annotations) {
        const std::string name = key;
        if (name == tvm::tl::attr::kLaunchThreads)
            note_ignored("threads=", "a Tensix core has three compute threads and two data-movement cores, always");
        else if (name == "reducer_info" || name == "reducer_info_v2")
            declare_reducers(value);
        else if (name == "layout_map" || name == "tl.layout_map")
            note_ignored("T.annotate_layout", "tiles have one layout on chip");
        else if (name == "tilelang_tt.storage")
            attempt([&] { storage(value.cast<ffi::Map<tvm::tirx::Var, ffi::String>>()); });
        else if (name != tvm::tl::attr::kSafeValueMap && name != tvm::tl::attr::kLexicalAllocScope)
            note_ignored("annotation \"" + name + "\"", "it has no meaning on a Tensix core");
    }
    if (block->annotations.count(tvm::tl::attr::kSafeValueMap))
        refuse(kPadding, "T.annotate_safe_value is not supported yet: elements outside a tensor read as 0",
               "mask the values with T.if_then_else after the copy");
    if (!block->match_buffers.empty())
        refuse(kBuffer, "match_buffer inside a kernel is not supported", "index the tensor itself");
    for (const Buffer& buffer : block->alloc_buffers) attempt([&] { declare_buffer(buffer); });
    statement(block->body, out);
}

// T.alloc_reducer: what lanes add to an element is a contribution to it, not a value of its own.
void Importer::declare_reducers(const ffi::Any& annotation) {
    const auto infos = annotation.try_cast<ffi::Map<tvm::tirx::Var, ffi::Map<ffi::String, ffi::String>>>();
    if (!infos) return;
    for (const auto& [data, info] : infos.value()) {
        const std::string op = info.count("op") ? std::string(info.at("op")) : "sum";
        if (op == "sum")
            reducers_[data.get()] = tile::Combine::Add;
        else if (op == "max")
            reducers_[data.get()] = tile::Combine::Max;
        else if (op == "min")
            reducers_[data.get()] = tile::Combine::Min;
        else
            refuse(kTileOp, "T.alloc_reducer with op=\"" + op + "\" is not supported: the chip reduces no bits",
                   "reduce 0 and 1 with op=\"max\" or op=\"min\"");
    }
}

const tile::Combine* Importer::reducer(const Buffer& buffer) const {
    const auto found = reducers_.find(buffer->data.get());
    return found == reducers_.end() ? nullptr : &found->second;
}

// The contribution of `acc[i] += value` (max, min) to a reducer: its other operand.
std::optional<PrimExpr> Importer::contribution(const BufferStoreNode* store, tile::Combine combine) const {
    const auto is_target = [&](const PrimExpr& expr) {
        const auto* load = expr.as<BufferLoadNode>();
        return load && load->buffer.same_as(store->buffer) &&
               tvm::ffi::StructuralEqual()(load->indices, store->indices);
    };
    const auto other = [&](const auto* node) -> std::optional<PrimExpr> {
        if (!node) return std::nullopt;
        if (is_target(node->a)) return node->b;
        if (is_target(node->b)) return node->a;
        return std::nullopt;
    };
    switch (combine) {
        case tile::Combine::Add:
            return other(store->value.as<AddNode>());
        case tile::Combine::Max:
            return other(store->value.as<MaxNode>());
        case tile::Combine::Min:
            return other(store->value.as<MinNode>());
        case tile::Combine::None:
            break;
    }
    return std::nullopt;
}

// tl.reducer_update(acc[i], value)
void Importer::reducer_update(const CallNode* call, IndexId cond, tile::Map& map) {
    const auto* target = call->args.size() == 2 ? call->args[0].as<BufferLoadNode>() : nullptr;
    const tile::Combine* combine = target ? reducer(target->buffer) : nullptr;
    if (!combine)
        refuse(kTileOp, "T.reducer_update of " + text(call->args[0]) + ", which is no reducer",
               "allocate it with T.alloc_reducer");
    contribute(target->buffer, target->indices, call->args[1], *combine, cond, map);
}

void Importer::contribute(const Buffer& buffer, const ffi::Array<PrimExpr>& indices, const PrimExpr& value,
                          tile::Combine combine, IndexId cond, tile::Map& map) {
    tile::Store store;
    store.ref = ref(buffer);
    for (const PrimExpr& i : indices) store.indices.push_back(index(i, "an index of " + std::string(buffer->name)));
    const DType type = dtype(buffer->dtype, ref_name(store.ref));
    store.value = lane(value);
    if (lanes().node(store.value).dtype != type) store.value = lanes().apply(TileFn::Cast, type, store.value);
    store.cond = cond;
    store.loc = loc_;
    store.combine = combine;
    mark(store.ref, true, true);
    map.stores.push_back(std::move(store));
}

// T.reducer_init(acc, start), T.finalize_reducer(acc, dst): a reducer is a buffer, with no threads to agree on it.
bool Importer::reducer_call(const CallNode* node, const std::string& name, tile::Region& out) {
    const auto region = [&](size_t arg) -> Access {
        const auto* call = node->args[arg].as<CallNode>();
        const auto* load = call && !call->args.empty() ? call->args[0].as<BufferLoadNode>() : nullptr;
        if (!load)
            refuse(kTileOp, user_name(name) + " of " + text(node->args[arg]) + " is not supported", "name a buffer");
        Access access{ref(load->buffer), {}, {}};
        for (const PrimExpr& dim : load->buffer->shape) {
            access.offset.push_back(arena().constant(0));
            access.extent.push_back(index(dim, "the shape of " + std::string(load->buffer->name)));
        }
        return access;
    };
    if (name == "tl.tileop.finalize_reducer") {
        note_ignored("T.finalize_reducer", "contributions join the result at once");
    } else if (name == "tl.tileop.finalize_reducer_v2") {
        emit(out, tile::Copy{region(0), region(1)});
    } else if (name == "tl.tileop.reducer_init") {
        const Access dst = region(0);
        const auto* load = node->args[0].as<CallNode>()->args[0].as<BufferLoadNode>();
        const tile::Combine* combine = reducer(load->buffer);
        if (!combine)
            refuse(kTileOp, "T.reducer_init of a buffer that is no reducer", "allocate it with T.alloc_reducer");
        const DType type = dtype(load->buffer->dtype, ref_name(dst.ref));
        std::optional<double> start = tile::identity_of(*combine, type);
        if (node->args.size() > 1) start = fold(lane(node->args[1]));
        if (!start)
            refuse(kTileOp, "T.reducer_init of " + ref_name(dst.ref) + " starts from a value that is not a constant",
                   "add the value to the result after T.finalize_reducer");
        emit(out, tile::Fill{dst, *start});
    } else {
        return false;
    }
    return true;
}

// tilelang_tt.annotate_storage({tensor: format}), as data pointers of buffers.
void Importer::storage(const ffi::Map<tvm::tirx::Var, ffi::String>& wanted) {
    for (const auto& [data, format] : wanted) {
        const std::string text = format;
        const auto found = std::find_if(tensors_.begin(), tensors_.end(), [&, key = data.get()](const auto& entry) {
            return static_cast<const tvm::tirx::BufferNode*>(entry.first)->data.get() == key;
        });
        if (found == tensors_.end())
            refuse(kStorage, "annotate_storage names `" + std::string(data->name_hint) + "`, which is no tensor",
                   "annotate tensors in global memory; buffers of a block are placed by the compiler");
        Tensor& tensor = program_.ctx.tensors[found->second.v];
        const auto storage = parse_enum<Storage>(text);
        if (!storage || *storage == Storage::Own)
            refuse(
                kStorage, "annotate_storage gives `" + tensor.name + "` the unknown format \"" + text + "\"",
                "use \"bfp8_b\", \"bfp4_b\", or \"int4\", \"uint4\", \"int2\", \"uint2\" for numbers packed in bytes");
        const bool packed = packed_bits(*storage) != 0;
        const bool bytes = tensor.dtype == DType::I8 || tensor.dtype == DType::U8;
        if (packed ? !bytes : !is_float(tensor.dtype))
            refuse(kStorage,
                   "annotate_storage stores `" + tensor.name + "`, which is " + std::string(to_string(tensor.dtype)) +
                       ", as " + text,
                   packed ? "packed numbers are tensors of int8 or uint8" : "block formats hold floats");
        if (tensor.storage != Storage::Own && tensor.storage != *storage)
            refuse(kStorage, "annotate_storage gives `" + tensor.name + "` two formats", "annotate it once");
        tensor.storage = *storage;
    }
}

void Importer::loop(const ForNode* node, tile::Region& out) {
    if (node->kind == ForKind::kParallel) return parallel(node, out);
    const std::string user = node->loop_var->name_hint;
    tile::For loop;
    switch (node->kind) {
        case ForKind::kSerial:
            loop.kind = tile::LoopKind::Serial;
            break;
        case ForKind::kUnrolled:
            loop.kind = tile::LoopKind::Unrolled;
            break;
        case ForKind::kThreadBinding:
            refuse(kThread, "loop " + user + " is bound to " + std::string(node->thread_binding.value()->thread_tag),
                   "tile operators and T.Parallel need no threads");
        default:
            refuse(kStatement, "loop " + user + " is vectorized by hand", "use T.Parallel");
    }
    for (const auto& [var, value] : deferred_)
        tvm::tirx::PostOrderVisit(value, [&](const ffi::ObjectRef& inner) {
            if (inner.get() == node->loop_var.get()) loop.kind = tile::LoopKind::Persistent;
        });
    for (const auto& [key, value] : node->annotations) {
        const std::string name = key;
        if (name == "num_stages") {
            loop.kind = tile::LoopKind::Pipelined;
            if (const auto stages = value.try_cast<tvm::IntImm>())
                loop.num_stages = stages.value()->value;
            else if (const auto number = value.try_cast<int64_t>())
                loop.num_stages = *number;
        } else if (name.starts_with("tl_pipeline_") || name == "pragma_unroll_factor") {
            note_ignored("loop option " + name, "stages are overlapped by circular buffers here");
        } else {
            note_ignored("loop option " + name, "it has no meaning on a Tensix core");
        }
    }
    if (!node->HasTrivialStep())
        refuse(kStatement, "loop " + user + " has a step other than 1", "iterate over T.ceildiv(n, step) and multiply");
    loop.begin = index(node->min, "the begin of loop " + user);
    loop.extent = index(node->extent, "the extent of loop " + user);
    tilelang_tt::Var var{.name = unique_name(user), .kind = VarKind::Loop, .lo = {}, .hi = {}};
    const Interval begin = arena().bounds(loop.begin), extent = arena().bounds(loop.extent);
    var.lo = begin.lo;
    if (begin.hi && extent.hi) var.hi = *begin.hi + *extent.hi - 1;
    loop.var = arena().new_var(var);
    index_vars_[node->loop_var.get()] = arena().of(loop.var);
    const auto outer = std::exchange(frame_, LoopFrame{loop.var, loop.begin, loop.extent, &out, &loop.body});
    attempt([&] { statement(node->body, loop.body); });
    frame_ = outer;
    emit(out, std::move(loop));
}

void Importer::parallel(const ForNode* node, tile::Region& out) {
    tile::Map map;
    Stmt body;
    for (const ForNode* loop = node; loop && loop->kind == ForKind::kParallel; loop = body.as<ForNode>()) {
        const std::string user = loop->loop_var->name_hint;
        const IndexId begin = index(loop->min, "the begin of T.Parallel axis " + user);
        const IndexId extent = index(loop->extent, "the extent of T.Parallel axis " + user);
        const auto size = arena().as_const(extent);
        if (!size || *size <= 0)
            refuse(kExpression, "the extent of T.Parallel axis " + user + " is not a positive constant",
                   "run over the whole block and mask with `if`");
        const VarId var = arena().new_var({.name = unique_name(user), .kind = VarKind::Lane, .lo = 0, .hi = *size - 1});
        index_vars_[loop->loop_var.get()] = arena().add(begin, arena().of(var));
        map.vars.push_back(var);
        map.extents.push_back(extent);
        for (const auto& [key, value] : loop->annotations)
            note_ignored("T.Parallel option " + std::string(key), "it has no meaning on a Tensix core");
        body = loop->body;
    }
    map_ = &map;
    attempt([&] { parallel_body(body, {}, {}, map); });
    map_ = nullptr;
    emit(out, std::move(map));
}

void Importer::parallel_body(const Stmt& stmt, IndexId cond, const Conditions& when, tile::Map& map) {
    At at(*this, stmt->span);
    if (const auto* seq = stmt.as<SeqStmtNode>()) {
        for (const Stmt& inner : seq->seq) attempt([&] { parallel_body(inner, cond, when, map); });
    } else if (const auto* store = stmt.as<BufferStoreNode>()) {
        if (store->predicate) refuse(kStatement, "a predicated vector store is not supported", "store under an `if`");
        if (const tile::Combine* combine = reducer(store->buffer))
            if (const auto value = contribution(store, *combine))
                return contribute(store->buffer, store->indices, *value, *combine, cond, map);
        tile::Store result;
        result.ref = ref(store->buffer);
        for (const PrimExpr& i : store->indices)
            result.indices.push_back(index(i, "an index of " + std::string(store->buffer->name)));
        result.value = under(when, lane(store->value), result);
        result.cond = cond;
        result.loc = loc_;
        mark(result.ref, false, true);
        map.stores.push_back(std::move(result));
    } else if (const auto* branch = stmt.as<IfThenElseNode>()) {
        const auto test = try_index(branch->condition);
        if (test) {
            const auto both = [&](IndexId c) { return cond ? arena().logical_and(cond, c) : c; };
            parallel_body(branch->then_case, both(*test), when, map);
            if (branch->else_case)
                parallel_body(branch->else_case.value(), both(arena().logical_not(*test)), when, map);
            return;
        }
        // On data: what is stored is chosen lane by lane.
        lane_lets_[branch->condition.get()] = {lane(branch->condition), map.stores.size(), cond, loc_};
        for (const bool holds : {true, false}) {
            Conditions inner = when;
            inner.push_back({branch->condition.get(), holds});
            if (holds)
                parallel_body(branch->then_case, cond, inner, map);
            else if (branch->else_case)
                parallel_body(branch->else_case.value(), cond, inner, map);
        }
    } else if (const auto* let = stmt.as<BindNode>()) {
        if (let->value->dtype.is_int() || let->value->dtype.is_uint())
            if (const auto value = try_index(let->value)) index_vars_[let->var.get()] = *value;
        lane_lets_[let->var.get()] = {lane(let->value), map.stores.size(), cond, loc_};
    } else if (const auto* evaluate = stmt.as<EvaluateNode>()) {
        if (const auto* node = evaluate->value.as<CallNode>()) {
            const auto* op = called_op(node);
            if (const auto combine = op ? element_atomic(op->name) : std::nullopt) {
                if (!when.empty())
                    refuse(kStatement, "an atomic under a condition on data is not supported",
                           "add T.if_then_else(condition, value, 0) instead");
                return element_atomic_store(node, *combine, cond, map);
            }
            if (op && op->name == "tl.reducer_update") return reducer_update(node, cond, map);
            if (op && returns_old_value(op->name)) refuse_returned(op->name);
            refuse(
                kStatement,
                (op ? user_name(std::string(op->name)) : std::string("a call")) + " inside T.Parallel is not supported",
                op ? instead_of(std::string(op->name)) : "");
        }
    } else if (stmt.as<ForNode>()) {
        refuse(kStatement, "a loop inside T.Parallel is not supported",
               "make it another axis of T.Parallel, or put the T.Parallel inside the loop");
    } else {
        refuse(kStatement,
               "a statement of kind " + std::string(stmt->GetTypeKey()) + " inside T.Parallel is not supported",
               "a T.Parallel takes stores, `if` and lets");
    }
}

// The value where the conditions hold, else what is there.
LaneId Importer::under(const Conditions& when, LaneId value, const tile::Store& store) {
    LaneId all;
    for (const Condition& condition : when) {
        LaneId test = let_value(condition.expr, "condition");
        if (!condition.holds) test = lanes().apply(TileFn::LogicalNot, DType::Bool, test);
        all = all ? lanes().apply(TileFn::LogicalAnd, DType::Bool, all, test) : test;
    }
    if (!all) return value;
    mark(store.ref, true, false);
    const DType type = lanes().node(value).dtype;
    return lanes().apply(TileFn::Select, type, all, value, lanes().read(type, store.ref, store.indices));
}

// args: tl.access_ptr(element, extent, access), value, and the memory order, which orders nothing here.
void Importer::element_atomic_store(const CallNode* call, tile::Combine combine, IndexId cond, tile::Map& map) {
    const auto* pointer = call->args[0].as<CallNode>();
    const auto* target = pointer && !pointer->args.empty() ? pointer->args[0].as<BufferLoadNode>() : nullptr;
    if (!target || call->args.size() < 2)
        refuse(kTileOp,
               user_name(std::string(called_op(call)->name)) + " of " + text(call->args[0]) + " is not supported",
               "name the element: T.atomic_add(A[i, j], value)");
    contribute(target->buffer, target->indices, call->args[1], combine, cond, map);
}

// A block at a time: the T.Parallel over its elements.
void Importer::block_atomic(const tvm::tl::AtomicOpBaseNode* atomic, tile::Combine combine, tile::Region& out) {
    const Access dst = access(atomic->dst, atomic->dst_range);
    tile::Map map;
    std::vector<IndexId> lane_of;
    // The access's elements: lanes run over the dimensions of extent other than 1, in order.
    const auto indices = [&](const Access& access) {
        std::vector<IndexId> out = access.offset;
        size_t next = 0;
        for (size_t d = 0; d < out.size(); ++d) {
            if (arena().as_const(access.extent[d]) == 1) continue;
            if (next == lane_of.size() || access.extent[d] != map.extents[next])
                refuse(kTileOp, "the blocks of an atomic on " + ref_name(dst.ref) + " differ in size",
                       "give both sides the same extents");
            out[d] = arena().add(out[d], lane_of[next++]);
        }
        return out;
    };
    for (const IndexId extent : dst.extent) {
        const auto size = arena().as_const(extent);
        if (!size || *size <= 0)
            refuse(kTileOp, "an atomic touches a block of " + ref_name(dst.ref) + " whose size is not constant",
                   "use a constant block size");
        if (*size == 1) continue;
        const VarId var = arena().new_var({.name = unique_name("e"), .kind = VarKind::Lane, .lo = 0, .hi = *size - 1});
        map.vars.push_back(var);
        map.extents.push_back(extent);
        lane_of.push_back(arena().of(var));
    }
    if (map.vars.empty()) {
        map.vars.push_back(arena().new_var({.name = unique_name("one"), .kind = VarKind::Lane, .lo = 0, .hi = 0}));
        map.extents.push_back(arena().constant(1));
    }
    tile::Store store;
    store.ref = dst.ref;
    store.indices = indices(dst);
    const DType type = dtype(atomic->dst->dtype, ref_name(dst.ref));
    if (atomic->src.defined()) {
        const Access src = access(atomic->src, atomic->src_range);
        mark(src.ref, true, false);
        store.value = lanes().read(dtype(atomic->src->dtype, ref_name(src.ref)), src.ref, indices(src));
    } else {
        store.value = lane(atomic->src_value);
    }
    if (lanes().node(store.value).dtype != type) store.value = lanes().apply(TileFn::Cast, type, store.value);
    store.loc = loc_;
    store.combine = combine;
    mark(dst.ref, true, true);
    map.stores.push_back(std::move(store));
    emit(out, std::move(map));
}

void Importer::bind(const BindNode* let) {
    const auto* source = let->value.as<CallNode>();
    const auto* op = source ? called_op(source) : nullptr;
    if (op && op->name == "tl.launch_thread_idx") {
        other_vars_[let->var.get()] = "the thread index " + std::string(let->var->name_hint);
    } else if (const auto value = try_index(let->value)) {
        index_vars_[let->var.get()] = *value;
    } else {
        // A value without loads is the same wherever it is used; one with loads depends on when it is taken.
        // T.Persistent's coordinates print before the loop that they use.
        bool loads = false, ahead = false;
        tvm::tirx::PostOrderVisit(let->value, [&](const ffi::ObjectRef& node) {
            loads |= node.as<BufferLoadNode>() != nullptr;
            if (const auto* var = node.as<VarNode>())
                ahead |= !index_vars_.contains(var) && !lane_lets_.contains(var) && !other_vars_.contains(var);
        });
        if (ahead && !loads && let->value->dtype.is_int()) {
            deferred_.insert_or_assign(let->var.get(), let->value);
            return;
        }
        if (!loads) {
            lane_lets_[let->var.get()] = {lane(let->value), 0, {}, loc_};
            return;
        }
        other_vars_[let->var.get()] = "the value " + std::string(let->var->name_hint) + " = " + text(let->value);
    }
}

Access Importer::access(const Buffer& buffer, const ffi::Array<Range>& ranges) {
    Access out;
    out.ref = ref(buffer);
    const std::string what = "an index of " + std::string(buffer->name);
    for (const Range& range : ranges) {
        out.offset.push_back(index(range->min, what));
        out.extent.push_back(index(range->extent, what));
    }
    return out;
}

// Does op, or anything inside it, touch the buffer?
bool touches(const tile::Region& region, Ref wanted, const LaneArena& lanes);
bool touches(const tile::Op& op, Ref wanted, const LaneArena& lanes) {
    const auto is = [&](const Access& access) { return access.ref == wanted; };
    struct Visitor {
        const LaneArena& lanes;
        Ref wanted;
        decltype(is)& uses;
        bool operator()(const tile::For& op) const { return touches(op.body, wanted, lanes); }
        bool operator()(const tile::If& op) const {
            return touches(op.then, wanted, lanes) || touches(op.otherwise, wanted, lanes);
        }
        bool operator()(const tile::Copy& op) const { return uses(op.src) || uses(op.dst); }
        bool operator()(const tile::Fill& op) const { return uses(op.dst); }
        bool operator()(const tile::Gemm& op) const { return uses(op.a) || uses(op.b) || uses(op.c); }
        bool operator()(const tile::Reduce& op) const { return uses(op.src) || uses(op.dst); }
        bool operator()(const tile::Scan& op) const { return uses(op.src) || uses(op.dst); }
        bool operator()(const tile::Map& op) const {
            for (const tile::Store& store : op.stores)
                if (store.ref == wanted || reads(store.value, wanted, lanes)) return true;
            return false;
        }
    };
    return std::visit(Visitor{lanes, wanted, is}, op.v);
}
bool touches(const tile::Region& region, Ref wanted, const LaneArena& lanes) {
    for (const tile::Op& op : region.ops)
        if (touches(op, wanted, lanes)) return true;
    return false;
}

// clear_accum=(ko == begin) in the body of loop ko clears before the loop: the same where the loop runs at least once
// and nothing in its body touches the accumulator before the gemm.
bool Importer::hoisted_clear(const PrimExpr& clear, const Access& c, tile::Region& out) {
    if (!frame_ || frame_->body != &out || !c.ref.buffer.valid()) return false;
    const auto cond = try_index(clear);
    const auto extent = arena().bounds(frame_->extent);
    if (!cond || *cond != arena().eq(arena().of(frame_->var), frame_->begin)) return false;
    if (!extent.lo || *extent.lo < 1 || touches(out, c.ref, lanes())) return false;
    for (IndexId offset : c.offset)
        if (arena().uses(offset, frame_->var)) return false;
    emit(*frame_->outer, tile::Fill{c, 0});
    return true;
}

void Importer::call(const CallNode* node, tile::Region& out) {
    const auto* op = called_op(node);
    if (!op) refuse(kStatement, "a call of " + text(node->op) + " is not supported", "write it with tile operators");
    const std::string name = op->name;
    if (name == "tl.assume" || name == "tirx.assume") return;  // facts about shapes; the runtime checks shapes itself
    if (name == "tirx.tvm_storage_sync")
        return note_ignored("T.sync_threads", "statements of a block are ordered on a Tensix core");
    if (name == "tl.no_set_max_nreg")
        return note_ignored(user_name(name), "the processors of a Tensix core share no registers");
    if (returns_old_value(name)) refuse_returned(name);
    if (reducer_call(node, name, out)) return;
    if (particular_to_gpus(name)) refuse(kStatement, user_name(name) + " is particular to GPUs", instead_of(name));
    static const std::set<std::string> known = {"tl.tileop.copy",      "tl.tileop.fill",      "tl.tileop.gemm",
                                                "tl.tileop.reduce",    "tl.tileop.cumsum",    "tl.tileop.cummax",
                                                "tl.tileop.atomicadd", "tl.tileop.atomicmax", "tl.tileop.atomicmin"};
    if (!known.contains(name)) refuse(kTileOp, user_name(name) + " is not supported yet", instead_of(name));

    tvm::tl::TileOperator parsed;
    try {
        parsed = tvm::tl::ParseOperator(ffi::GetRef<tvm::tirx::Call>(node));
    } catch (const ffi::Error& error) {
        refuse(kTileOp, user_name(name) + " has arguments that TileLang itself rejects: " + error.message(),
               "correct them");
    }
    if (const auto* copy = parsed.as<tvm::tl::CopyNode>()) {
        if (copy->dst_block)
            refuse(kTileOp, "T.copy to another block of a cluster is not supported",
                   "write the part to a tensor and read it in a second T.Kernel");
        tile::Copy result{access(copy->src, copy->src_range), access(copy->dst, copy->dst_range)};
        mark(result.src.ref, true, false);
        mark(result.dst.ref, false, true);
        emit(out, std::move(result));
    } else if (const auto* fill = parsed.as<tvm::tl::FillNode>()) {
        tile::Fill result{access(fill->dst, fill->region), 0};
        const auto value = fold(lane(fill->value));
        if (!value)
            refuse(
                kTileOp,
                "T.fill of " + ref_name(result.dst.ref) + " with a value that is not a constant: " + text(fill->value),
                "write it with T.Parallel");
        result.value = *value;
        mark(result.dst.ref, false, true);
        emit(out, std::move(result));
    } else if (const auto* gemm = parsed.as<tvm::tl::GemmNode>()) {
        if (gemm->isWgmma_ || gemm->isTcgen05_ || gemm->mbar_.defined())
            refuse(kTileOp, "asynchronous GPU forms of T.gemm are not supported", "use T.gemm");
        tile::Gemm result;
        result.a = access(gemm->aRegion_);
        result.b = access(gemm->bRegion_);
        result.c = access(gemm->cRegion_);
        result.trans_a = gemm->transA_;
        result.trans_b = gemm->transB_;
        mark(result.a.ref, true, false);
        mark(result.b.ref, true, false);
        mark(result.c.ref, true, true);
        if (is_one(gemm->clearAccum_)) {
            result.clear = true;
        } else if (!is_zero(gemm->clearAccum_) && !hoisted_clear(gemm->clearAccum_, result.c, out)) {
            tile::If first;
            first.cond = index(gemm->clearAccum_, "clear_accum of T.gemm");
            first.then.ops.push_back({tile::Fill{result.c, 0}, loc_});
            emit(out, std::move(first));
        }
        emit(out, std::move(result));
    } else if (const auto* add = parsed.as<tvm::tl::AtomicAddNode>()) {
        block_atomic(add, tile::Combine::Add, out);
    } else if (const auto* max = parsed.as<tvm::tl::AtomicMaxNode>()) {
        block_atomic(max, tile::Combine::Max, out);
    } else if (const auto* min = parsed.as<tvm::tl::AtomicMinNode>()) {
        block_atomic(min, tile::Combine::Min, out);
    } else if (const auto* sums = parsed.as<tvm::tl::CumSumOpNode>()) {
        scan(tensix::ReduceFn::Sum, *sums, out);
    } else if (const auto* maxima = parsed.as<tvm::tl::CumMaxOpNode>()) {
        scan(tensix::ReduceFn::Max, *maxima, out);
    } else if (const auto* reduce = parsed.as<tvm::tl::ReduceOpNode>()) {
        tile::Reduce result;
        if (reduce->type->IsSum())
            result.fn = tensix::ReduceFn::Sum;
        else if (reduce->type->IsMax())
            result.fn = tensix::ReduceFn::Max;
        else if (reduce->type->IsMin())
            result.fn = tensix::ReduceFn::Min;
        else if (reduce->type->IsAbsSum())
            result.fn = tensix::ReduceFn::AbsSum;
        else if (reduce->type->IsAbsMax())
            result.fn = tensix::ReduceFn::AbsMax;
        else
            refuse(kTileOp, "bitwise reductions are not supported",
                   "reduce conditions with T.reduce_max or T.reduce_min");
        result.src = access(reduce->srcRegion_);
        result.dst = access(reduce->dstRegion_);
        result.dim = reduce->dim;
        result.clear = reduce->clear;
        mark(result.src.ref, true, false);
        mark(result.dst.ref, !result.clear, true);
        emit(out, std::move(result));
    }
}

// --------------------------------------------------------------------------------------------------- expressions

std::optional<IndexId> Importer::try_index(const PrimExpr& expr) {
    IndexArena& a = arena();
    if (const auto* node = expr.as<tvm::IntImmNode>()) return a.constant(node->value);
    if (const auto* node = expr.as<VarNode>()) {
        if (const auto found = index_vars_.find(node); found != index_vars_.end()) return found->second;
        const auto later = deferred_.find(node);
        return later == deferred_.end() ? std::nullopt : try_index(later->second);
    }
    if (!(expr->dtype.is_int() || expr->dtype.is_uint() || expr->dtype.is_bool()) || expr->dtype.lanes() != 1)
        return {};
    const auto binary = [&](const PrimExpr& x, const PrimExpr& y, auto build) -> std::optional<IndexId> {
        const auto left = try_index(x);
        if (!left) return {};
        const auto right = try_index(y);
        if (!right) return {};
        return build(*left, *right);
    };
    const auto nonnegative = [&](IndexId x) {
        const Interval i = a.bounds(x);
        return i.lo && *i.lo >= 0;
    };
    const auto positive = [&](IndexId x) {
        const Interval i = a.bounds(x);
        return i.lo && *i.lo > 0;
    };
#define TT_BINARY(Node, build)              \
    if (const auto* node = expr.as<Node>()) \
    return binary(node->a, node->b, [&](IndexId x, IndexId y) -> std::optional<IndexId> { return build; })
    TT_BINARY(AddNode, a.add(x, y));
    TT_BINARY(SubNode, a.sub(x, y));
    TT_BINARY(MulNode, a.mul(x, y));
    TT_BINARY(FloorDivNode, a.floordiv(x, y));
    TT_BINARY(FloorModNode, a.floormod(x, y));
    TT_BINARY(MinNode, a.min(x, y));
    TT_BINARY(MaxNode, a.max(x, y));
    TT_BINARY(LTNode, a.lt(x, y));
    TT_BINARY(LENode, a.le(x, y));
    TT_BINARY(GTNode, a.lt(y, x));
    TT_BINARY(GENode, a.le(y, x));
    TT_BINARY(EQNode, a.eq(x, y));
    TT_BINARY(NENode, a.ne(x, y));
    TT_BINARY(AndNode, a.logical_and(x, y));
    TT_BINARY(OrNode, a.logical_or(x, y));
    // Truncating division is the floored one where both operands are known not to be negative.
    TT_BINARY(DivNode, nonnegative(x) && positive(y) ? std::optional(a.floordiv(x, y)) : std::nullopt);
    TT_BINARY(ModNode, nonnegative(x) && positive(y) ? std::optional(a.floormod(x, y)) : std::nullopt);
#undef TT_BINARY
    if (const auto* node = expr.as<NotNode>()) {
        const auto value = try_index(node->a);
        return value ? std::optional(a.logical_not(*value)) : std::nullopt;
    }
    if (const auto* node = expr.as<CastNode>()) {
        if (!(node->value->dtype.is_int() || node->value->dtype.is_uint() || node->value->dtype.is_bool())) return {};
        if (node->dtype.bits() < node->value->dtype.bits() && node->dtype.bits() < 32) return {};  // may wrap
        return try_index(node->value);
    }
    const auto select = [&](const PrimExpr& c, const PrimExpr& t, const PrimExpr& f) -> std::optional<IndexId> {
        const auto cond = try_index(c), then = try_index(t), otherwise = try_index(f);
        return cond && then && otherwise ? std::optional(a.select(*cond, *then, *otherwise)) : std::nullopt;
    };
    if (const auto* node = expr.as<SelectNode>()) return select(node->condition, node->true_value, node->false_value);
    if (const auto* node = expr.as<CallNode>()) {
        const auto* op = called_op(node);
        if (!op) return {};
        const std::string name = op->name;
        if (name == "tirx.likely") return try_index(node->args[0]);
        if (name == "tirx.if_then_else") return select(node->args[0], node->args[1], node->args[2]);
        if (name == "tirx.shift_right" || name == "tirx.shift_left") {
            const auto* bits = node->args[1].as<tvm::IntImmNode>();
            const auto value = try_index(node->args[0]);
            if (!bits || bits->value < 0 || bits->value > 62 || !value) return {};
            const IndexId factor = a.constant(int64_t{1} << bits->value);
            return name == "tirx.shift_left" ? a.mul(*value, factor) : a.floordiv(*value, factor);
        }
        if (name == "tirx.bitwise_and") {  // x & (2^n - 1) is x mod 2^n, also for negative x
            const auto* mask = node->args[1].as<tvm::IntImmNode>();
            if (!mask || mask->value <= 0 || (mask->value & (mask->value + 1)) != 0) return {};
            const auto value = try_index(node->args[0]);
            return value ? std::optional(a.floormod(*value, a.constant(mask->value + 1))) : std::nullopt;
        }
    }
    return {};
}

IndexId Importer::index(const PrimExpr& expr, const std::string& what) {
    if (const auto value = try_index(expr)) return *value;
    std::string reason;
    tvm::tirx::PostOrderVisit(expr, [&](const ffi::ObjectRef& node) {
        if (!reason.empty()) return;
        if (const auto* load = node.as<BufferLoadNode>())
            reason = "it reads " + std::string(load->buffer->name) +
                     ", and values loaded on the device cannot steer addresses yet";
        else if (const auto* var = node.as<VarNode>())
            if (const auto found = other_vars_.find(var); found != other_vars_.end())
                reason = "it uses " + found->second;
    });
    const bool thread = reason.find("thread index") != std::string::npos;
    if (reason.empty()) reason = "it is not integer arithmetic over loops, blocks and shapes";
    refuse(thread ? kThread : kExpression, what + " is " + text(expr) + ": " + reason,
           thread ? "there are no threads in a block here; use T.Parallel"
                  : "compute it from loop variables, block indices, shapes and integer arguments");
}

LaneId Importer::lane_call(const CallNode* node, DType type) {
    const auto* op = called_op(node);
    if (!op)
        refuse(kExpression, "a call of " + text(node->op) + " is not supported",
               "write it with TileLang's own functions");
    const std::string name = op->name;
    if (name == "tl.infinity") return lanes().constant(type, HUGE_VAL);
    if (name == "tirx.likely") return lane(node->args[0]);
    if (returns_old_value(name)) refuse_returned(name);
    if (name == "tirx.reinterpret" && node->args.size() == 1) {
        const DType from = dtype(node->args[0]->dtype, "the value " + text(node->args[0]));
        if (is_integer(type) && is_integer(from) && size_bytes(type) == size_bytes(from))
            return lane_unary(TileFn::Cast, type, node->args[0]);
    }
    if (name == "tl.clamp" && node->args.size() == 3) {
        const LaneId value = lane(node->args[0]), low = lane(node->args[1]), high = lane(node->args[2]);
        return lanes().apply(TileFn::Min, type, lanes().apply(TileFn::Max, type, value, low), high);
    }
    if (name == "tl.__ldg" && node->args.size() == 1) return lane(node->args[0]);
    if (const auto count = composed_arity(name)) {
        LaneId args[2];
        for (size_t i = 0; i < *count; ++i) args[i] = lane(node->args[i]);
        if (node->args.size() > *count)
            if (const auto* mode = node->args[*count].as<StringImmNode>(); mode && mode->value != "rn")
                refuse(kExpression, user_name(name) + " with rounding mode \"" + std::string(mode->value) + "\"",
                       "leave the mode out: the chip rounds to nearest");
        return compose(lanes(), name, type, {args, *count});
    }
    const auto base = name.substr(name.rfind('.') + 1);
    const auto fn = name.starts_with("tirx.") || name.starts_with("tir.") ? functions().find(base) : functions().end();
    if (fn == functions().end())
        refuse(
            kExpression,
            user_name(name) + (particular_to_gpus(name) ? " is particular to GPUs" : " is not a function of the chip"),
            instead_of(name));
    if (static_cast<size_t>(tensix::arity(fn->second)) != node->args.size())
        refuse(kExpression,
               user_name(name) + " with " + std::to_string(node->args.size()) + " arguments is not supported",
               "give it " + std::to_string(tensix::arity(fn->second)));
    LaneId args[3];
    for (size_t i = 0; i < node->args.size(); ++i) args[i] = lane(node->args[i]);
    return lanes().apply(fn->second, type, args[0], args[1], args[2]);
}

// A let is a name for its expression in this form, as long as nothing that it reads has been stored to since.
LaneId Importer::let_value(const ffi::Object* key, const std::string& user) {
    const Let& let = lane_lets_.at(key);
    if (map_)
        for (size_t i = let.stores; i < map_->stores.size(); ++i)
            if (reads(let.value, map_->stores[i].ref, lanes())) {
                keep(key, user);
                break;
            }
    return lane_lets_.at(key).value;
}

// Stores the let's value in a fragment of its own, where the let stands, and makes the let a read of that fragment.
void Importer::keep(const ffi::Object* key, const std::string& user) {
    Let& let = lane_lets_.at(key);
    const bool condition = lanes().node(let.value).dtype == DType::Bool;
    // A condition is kept as 1 or 0.
    const DType type = condition ? DType::F32 : lanes().node(let.value).dtype;
    if (condition)
        let.value =
            lanes().apply(TileFn::Select, type, let.value, lanes().constant(type, 1), lanes().constant(type, 0));
    tile::Buffer buffer;
    buffer.name = unique_name(user);
    buffer.dtype = type;
    buffer.scope = tile::Scope::Fragment;
    buffer.loc = let.loc;
    tile::Store store;
    for (size_t i = 0; i < map_->vars.size(); ++i) {
        buffer.shape.push_back(*arena().as_const(map_->extents[i]));
        store.indices.push_back(arena().of(map_->vars[i]));
    }
    store.ref = {{}, BufferId(launch_->buffers.size())};
    store.value = let.value;
    store.cond = let.cond;
    store.loc = let.loc;
    launch_->buffers.push_back(std::move(buffer));
    const size_t position = let.stores;
    let.value = lanes().read(type, store.ref, store.indices);
    if (condition) let.value = lanes().apply(TileFn::Ne, DType::Bool, let.value, lanes().constant(type, 0));
    map_->stores.insert(map_->stores.begin() + static_cast<std::ptrdiff_t>(position), std::move(store));
    for (auto& [other, value] : lane_lets_)
        if (value.stores > position) ++value.stores;
    let.stores = position + 1;
}

// The number that the value is, if it is one.
std::optional<double> Importer::fold(LaneId id) {
    const LaneNode node = lanes().node(id);
    switch (node.op) {
        case LaneOp::Const:
            return node.value;
        case LaneOp::Index: {
            const auto value = arena().as_const(node.index);
            return value ? std::optional(static_cast<double>(*value)) : std::nullopt;
        }
        case LaneOp::Bits:
        case LaneOp::Read:
            return {};
        case LaneOp::Apply:
            break;
    }
    double args[3] = {};
    const LaneId operands[] = {node.a, node.b, node.c};
    for (size_t i = 0; i < 3; ++i)
        if (operands[i]) {
            const auto value = fold(operands[i]);
            if (!value) return {};
            args[i] = *value;
        }
    return interpreter::apply(node.fn, node.dtype, lanes().node(node.a).dtype, args[0], args[1], args[2]);
}

LaneId Importer::lane(const PrimExpr& expr) {
    if (const auto* node = expr.as<VarNode>())
        if (lane_lets_.contains(node)) return let_value(node, node->name_hint);
    const DType type = dtype(expr->dtype, "the value " + text(expr));
    if (const auto* node = expr.as<tvm::IntImmNode>()) return lanes().constant(type, static_cast<double>(node->value));
    if (const auto* node = expr.as<tvm::FloatImmNode>()) return lanes().constant(type, node->value);
    if (!is_float(type))
        if (const auto value = try_index(expr)) return lanes().index(type, *value);
    if (const auto* node = expr.as<VarNode>())
        if (const auto scalar = float_scalars_.find(node); scalar != float_scalars_.end())
            return lanes().bits(type, scalar->second);
    if (const auto* node = expr.as<VarNode>()) {
        const auto other = other_vars_.find(node);
        const std::string what =
            other == other_vars_.end() ? "the variable " + std::string(node->name_hint) : other->second;
        const bool thread = what.find("thread index") != std::string::npos;
        refuse(thread                                              ? kThread
               : what.find("scalar argument") != std::string::npos ? kScalar
                                                                   : kExpression,
               what + " cannot be used as a value here",
               thread ? "there are no threads in a block here; use T.Parallel"
               : what.starts_with("the value ")
                   ? "read it inside the T.Parallel that uses it, or keep it in a fragment of shape (1,)"
                   : "pass it as a tensor of shape (1,), or make it a constant of the kernel");
    }
    if (const auto* node = expr.as<BufferLoadNode>()) {
        const Ref source = ref(node->buffer);
        std::vector<IndexId> indices;
        for (const PrimExpr& i : node->indices)
            indices.push_back(index(i, "an index of " + std::string(node->buffer->name)));
        mark(source, true, false);
        return lanes().read(type, source, std::move(indices));
    }
    if (const auto* node = expr.as<CastNode>()) return lane_unary(TileFn::Cast, type, node->value);
    if (const auto* node = expr.as<NotNode>()) return lane_unary(TileFn::LogicalNot, type, node->a);
#define TT_BINARY(Node, fn) \
    if (const auto* node = expr.as<Node>()) return lane_binary(TileFn::fn, type, node->a, node->b)
    TT_BINARY(AddNode, Add);
    TT_BINARY(SubNode, Sub);
    TT_BINARY(MulNode, Mul);
    TT_BINARY(MinNode, Min);
    TT_BINARY(MaxNode, Max);
    TT_BINARY(FloorDivNode, FloorDiv);
    TT_BINARY(FloorModNode, FloorMod);
    TT_BINARY(LTNode, Lt);
    TT_BINARY(LENode, Le);
    TT_BINARY(GTNode, Gt);
    TT_BINARY(GENode, Ge);
    TT_BINARY(EQNode, Eq);
    TT_BINARY(NENode, Ne);
    TT_BINARY(AndNode, LogicalAnd);
    TT_BINARY(OrNode, LogicalOr);
#undef TT_BINARY
    if (const auto* node = expr.as<DivNode>(); node && is_float(type))
        return lane_binary(TileFn::Div, type, node->a, node->b);
    if (const auto* node = expr.as<SelectNode>()) {
        const LaneId cond = lane(node->condition), then = lane(node->true_value);
        return lanes().apply(TileFn::Select, type, cond, then, lane(node->false_value));
    }
    if (const auto* node = expr.as<CallNode>()) return lane_call(node, type);
    refuse(kExpression, "the expression " + text(expr) + " is not supported in T.Parallel",
           "write it with arithmetic, comparisons and TileLang's functions of one element");
}

Result<TileProgram> Importer::run(const PrimFunc& function, const std::string& name) {
    program_.ctx.name = name;
    At at(*this, function->span);
    // Tensors first: their shapes define the symbols that scalar arguments may name too.
    for (const bool scalars : {false, true})
        for (size_t i = 0; i < function->params.size(); ++i)
            if (function->buffer_map.count(function->params[i]) != static_cast<size_t>(scalars))
                attempt([&] { declare_param(function, i); });
    attempt([&] { host(function->body); });
    if (program_.launches.empty() && errors_.empty())
        attempt([&] {
            refuse(kKernel, "the function " + name + " has no T.Kernel", "write `with T.Kernel(...) as (bx, by):`");
        });
    if (!errors_.empty()) return std::move(errors_);
    return std::move(program_);
}

}  // namespace

Result<TileProgram> import_function(const PrimFunc& function, const std::string& name) {
    return Importer().run(function, name);
}

}  // namespace tilelang_tt::frontend
