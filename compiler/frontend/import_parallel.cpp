// T.Parallel: stores of one lane, under conditions, with lets.
#include "compiler/frontend/importer.h"

#include "compiler/frontend/functions.h"

namespace tilelang_tt::frontend::importing {

// The T.Parallel over the elements of a block, without stores: a lane for each dimension of extent other than 1, in
// order.
tile::Map Importer::elements(const Access& block, const std::string& what) {
    tile::Map map;
    const auto lane = [&](const char* name, int64_t size) {
        map.vars.push_back(
            arena().new_var({.name = unique_name(name), .kind = VarKind::Lane, .lo = 0, .hi = size - 1}));
        map.extents.push_back(arena().constant(size));
    };
    for (const IndexId extent : block.extent) {
        const auto size = arena().as_const(extent);
        if (!size || *size <= 0)
            refuse(kTileOp, what + " touches a block of " + ref_name(block.ref) + " whose size is not constant",
                   "use a constant block size");
        if (*size != 1) lane("e", *size);
    }
    if (map.vars.empty()) lane("one", 1);
    return map;
}

// Where the lanes of such a T.Parallel touch a block of the same extents.
std::vector<IndexId> Importer::element(const Access& block, const tile::Map& map, const std::string& what) {
    std::vector<IndexId> out = block.offset;
    size_t next = 0;
    for (size_t d = 0; d < out.size(); ++d) {
        if (arena().as_const(block.extent[d]) == 1) continue;
        if (next == map.vars.size() || block.extent[d] != map.extents[next])
            refuse(kTileOp, "the blocks of " + what + " on " + ref_name(block.ref) + " differ in size",
                   "give both sides the same extents");
        out[d] = arena().add(out[d], arena().of(map.vars[next++]));
    }
    return out;
}

// One element: a T.Parallel of a single lane, as TileLang's own passes have it.
void Importer::single_lane(const Stmt& stmt, tile::Region& out) {
    tile::Map map;
    map.vars.push_back(arena().new_var({.name = unique_name("one"), .kind = VarKind::Lane, .lo = 0, .hi = 0}));
    map.extents.push_back(arena().constant(1));
    lanes_do(stmt, std::move(map), out);
}

bool Importer::is_lanes(const ForNode* loop) {
    return loop && (loop->kind == ForKind::kParallel || loop->kind == ForKind::kVectorized);
}

// Adds the lanes of nested loops to the map; the body of the innermost.
Stmt Importer::add_lanes(const ForNode* node, tile::Map& map) {
    Stmt body;
    for (const ForNode* loop = node; is_lanes(loop); loop = body.as<ForNode>()) {
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
    return body;
}

void Importer::parallel(const ForNode* node, tile::Region& out) {
    for (const BufferId local : stored_locals(ffi::GetRef<Stmt>(node))) locals_.erase(local);
    tile::Map map;
    const Stmt body = add_lanes(node, map);
    lanes_do(body, std::move(map), out);
}

// What all lanes do: one parallel op, or several where loops stand between the stores.
void Importer::lanes_do(const Stmt& body, tile::Map map, tile::Region& out) {
    const auto outer_lets = lane_lets_;
    map_ = &map;
    lanes_out_ = &out;
    attempt([&] { parallel_body(body, {}, {}, map); });
    finish(map);
    map_ = nullptr;
    lanes_out_ = nullptr;
    lane_lets_ = outer_lets;
}

// Emits the stores up to here.
void Importer::finish(tile::Map& map) {
    if (map.stores.empty()) return;
    emit(*lanes_out_, map);
    map.stores.clear();
}

// Loops inside T.Parallel. Lanes are independent of each other, so that all of them may do one statement after the
// other, and one iteration after the other.
void Importer::loop_of_lanes(const ForNode* node, IndexId cond, const Conditions& when, tile::Map& map) {
    // What was read before the loop is read there, once.
    std::vector<const ffi::Object*> lets;
    for (const auto& [key, let] : lane_lets_)
        if (!let.kept && reads_anything(let.value, lanes())) lets.push_back(key);
    for (const ffi::Object* key : lets) keep(key, "value");
    finish(map);
    if (is_lanes(node)) {
        tile::Map inner = map;
        const Stmt body = add_lanes(node, inner);
        map_ = &inner;
        attempt([&] { parallel_body(body, cond, when, inner); });
        finish(inner);
        map_ = &map;
        return;
    }
    tile::For loop = loop_header(node);
    for (const VarId lane : map.vars)
        if (arena().uses(loop.begin, lane) || arena().uses(loop.extent, lane))
            refuse(kStatement,
                   "the loop over " + std::string(node->loop_var->name_hint) +
                       " inside T.Parallel has bounds that differ between its elements",
                   "run it over the largest range, with `if` around its body");
    tile::Region* const out = std::exchange(lanes_out_, &loop.body);
    attempt([&] { parallel_body(node->body, cond, when, map); });
    finish(map);
    lanes_out_ = out;
    emit(*out, std::move(loop));
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
    } else if (const auto* loop = stmt.as<ForNode>()) {
        loop_of_lanes(loop, cond, when, map);
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
    let.kept = true;
}

}  // namespace tilelang_tt::frontend::importing
