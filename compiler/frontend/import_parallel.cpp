// T.Parallel: stores of one lane, under conditions, with lets.
#include "compiler/frontend/importer.h"

#include "compiler/frontend/functions.h"

namespace tilelang_tt::frontend::importing {

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

}  // namespace tilelang_tt::frontend::importing
