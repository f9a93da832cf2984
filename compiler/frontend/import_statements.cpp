// Statements: launches, loops, branches and blocks down to operators and T.Parallel.
#include "compiler/frontend/importer.h"

#include <tvm/tirx/op.h>
#include <tvm/tirx/stmt_functor.h>

#include <algorithm>

#include "op/builtin.h"

namespace tilelang_tt::frontend::importing {

void Importer::host(const Stmt& stmt) {
    At at(*this, stmt->span);
    if (const auto* seq = stmt.as<SeqStmtNode>()) {
        for (const Stmt& inner : seq->seq) attempt([&] { host(inner); });
    } else if (const auto* realize = stmt.as<SBlockRealizeNode>()) {
        if (realize->block->annotations.count(tvm::tl::attr::kLaunchThreads)) return launch(stmt);  // T.Kernel() alone
        for (const Buffer& buffer : realize->block->alloc_buffers) {
            if (buffer.scope() != "global")
                refuse(kKernel, "buffer " + std::string(buffer->name) + " is allocated outside T.Kernel",
                       "move the allocation inside `with T.Kernel(...)`");
            declare_tensor(buffer, -1);
        }
        host(realize->block->body);
    } else if (const auto* loop = stmt.as<ForNode>(); loop && loop->kind == ForKind::kThreadBinding) {
        launch(stmt);
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

// The loops of a grid around the body of a T.Kernel, or that body.
void Importer::launch(const Stmt& kernel) {
    At at(*this, kernel->span);
    program_.launches.emplace_back();
    launch_ = &program_.launches.back();
    launch_->loc = loc_;
    buffers_.clear(), locals_.clear(), assigned_.clear();
    std::erase_if(data_, [](const auto& entry) { return !entry.second.is_tensor(); });
    constexpr std::string_view kAxes[] = {"blockIdx.x", "blockIdx.y", "blockIdx.z"};
    std::optional<std::pair<VarId, IndexId>> axes[3];
    Stmt body = kernel;
    for (const ForNode* loop = body.as<ForNode>(); loop && loop->kind == ForKind::kThreadBinding;
         loop = body.as<ForNode>()) {
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
    if (!axes[0] && !axes[1] && !axes[2])
        axes[0] = {arena().new_var({.name = unique_name("block"), .kind = VarKind::Grid, .lo = 0, .hi = 0}),
                   arena().constant(1)};
    for (const auto& axis : axes)
        if (axis) launch_->grid.push_back(axis->first), launch_->grid_extents.push_back(axis->second);
    statement(body, launch_->body);
    drop_unread_locals();
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
        const Locals before = locals_;
        attempt([&] { statement(node->then_case, branch.then); });
        const Locals then = std::exchange(locals_, before);
        if (node->else_case) attempt([&] { statement(node->else_case.value(), branch.otherwise); });
        join_locals(branch.cond, then);
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
    } else if (const auto* store = stmt.as<BufferStoreNode>()) {
        assign(store, out);
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
        while_loop(stmt.as<WhileNode>(), out);
    } else {
        refuse(kStatement, "a statement of kind " + std::string(stmt->GetTypeKey()) + " is not supported",
               "use loops, `if`, T.Parallel and tile operators");
    }
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
    const auto outer = safe_values_;
    if (const auto values = block->annotations.Get(tvm::tl::attr::kSafeValueMap))
        for (const auto& [data, value] : values.value().cast<ffi::Map<tvm::tirx::Var, PrimExpr>>()) {
            const auto number = fold(lane(value));
            if (!number)
                refuse(kPadding, "T.annotate_safe_value of " + text(data) + " is not a constant: " + text(value),
                       "choose the value with T.if_then_else after the copy");
            safe_values_[data.get()] = *number;
        }
    if (!block->match_buffers.empty())
        refuse(kBuffer, "match_buffer inside a kernel is not supported", "index the tensor itself");
    for (const Buffer& buffer : block->alloc_buffers) attempt([&] { declare_buffer(buffer); });
    attempt([&] { statement(block->body, out); });
    safe_values_ = outer;
}

tile::For Importer::loop_header(const ForNode* node) {
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
            refuse(kStatement, "loop " + user + " is of a kind that has no meaning here", "use T.serial or T.Parallel");
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
    loop.var = arena().new_var({.name = unique_name(user), .kind = VarKind::Loop, .lo = {}, .hi = {}});
    bound(loop);
    index_vars_[node->loop_var.get()] = arena().of(loop.var);
    return loop;
}

void Importer::loop(const ForNode* node, tile::Region& out) {
    if (is_lanes(node)) return parallel(node, out);
    tile::For loop = loop_header(node);
    loop_body(node->body, loop, out);
    emit(out, std::move(loop));
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

}  // namespace tilelang_tt::frontend::importing
