#include "compiler/map/unpack.h"

#include <map>
#include <optional>
#include <set>

#include "compiler/ir/interpret.h"
#include "compiler/ir/interpreter.h"
#include "compiler/ir/names.h"
#include "compiler/ir/text.h"
#include "compiler/ir/walk.h"

namespace tilelang_tt {
namespace {

using tensix::TileFn;

// What bytes of a tensor or buffer hold.
struct Packing {
    Storage storage = Storage::Own;
    std::string tensor;  // that the bytes come from
    int bits() const { return packed_bits(storage); }
    int64_t per_byte() const { return 8 / bits(); }
    DType dtype() const { return packed_signed(storage) ? DType::I8 : DType::U8; }
    double number(int code) const {
        return packed_signed(storage) && code >> (bits() - 1) ? code - (1 << bits()) : code;
    }
};

// The lane that a byte's index runs over in steps of 1 / per_byte: index = base + lane // per_byte.
struct Position {
    IndexId base;
    VarId lane;
    VarId byte;  // lane // per_byte, a lane of its own
};

class Unpacker {
  public:
    explicit Unpacker(const TileProgram& program) : program_(program), ctx_(program_.ctx), index_(ctx_.index) {}

    Result<TileProgram> run() {
        for (size_t t = 0; t < ctx_.tensors.size(); ++t) tensor(TensorId(t));
        if (tensors_.empty()) return std::move(program_);
        for (tile::Launch& launch : program_.launches) {
            launch_ = &launch;
            buffers_.clear();
            while (spread(launch.body)) {
            }
            region(launch.body);
            for (auto& [id, packing] : buffers_) {
                tile::Buffer& buffer = launch.buffers[id];
                buffer.shape.back() *= packing.per_byte();
                buffer.dtype = packing.dtype();
            }
        }
        for (auto& [id, packing] : tensors_) {
            Tensor& tensor = ctx_.tensors[id];
            tensor.per_byte = packing.per_byte();
            tensor.dtype = packing.dtype();
            tensor.shape.back() = index_.mul(tensor.shape.back(), index_.constant(packing.per_byte()));
        }
        if (!errors_.empty()) return errors_;
        return std::move(program_);
    }

  private:
    void refuse(std::string code, LocId loc, std::string message, std::string fix) {
        Diagnostic d{Severity::Error, std::move(code), std::move(message), {ctx_.loc(loc)}, {}, {}, std::move(fix)};
        for (const Diagnostic& known : errors_)
            if (known == d) return;
        errors_.push_back(std::move(d));
    }

    void tensor(TensorId id) {
        const Tensor& tensor = ctx_.tensor(id);
        if (packed_bits(tensor.storage) == 0 || tensor.per_byte > 1) return;
        tensors_[id.v] = {tensor.storage, tensor.name};
        for (const Tensor& view : ctx_.tensors)
            if (view.view_of == id)
                refuse("TT2070", view.loc,
                       "`" + tensor.name + "`, whose bytes hold several numbers, is viewed in another shape",
                       "index the tensor itself");
        if (tensor.written)
            refuse("TT2070", tensor.loc, "`" + tensor.name + "`, whose bytes hold several numbers, is written",
                   "store to a tensor without packed numbers, and pack on the host");
    }

    const Packing* packing(Ref ref) const {
        const auto& table = ref.is_tensor() ? tensors_ : buffers_;
        auto it = table.find(ref.is_tensor() ? ref.tensor.v : ref.buffer.v);
        return it == table.end() ? nullptr : &it->second;
    }
    std::string name(Ref ref) const {
        return ref.is_tensor() ? ctx_.tensor(ref.tensor).name : launch_->buffers[ref.buffer.v].name;
    }

    // Buffers that packed bytes are copied to hold packed bytes; true if there was one more.
    bool spread(const tile::Region& region) {
        bool more = false;
        for (const tile::Op& op : region.ops) {
            if (auto* loop = std::get_if<tile::For>(&op.v)) more |= spread(loop->body);
            if (auto* branch = std::get_if<tile::If>(&op.v)) more |= spread(branch->then) | spread(branch->otherwise);
            const auto* copy = std::get_if<tile::Copy>(&op.v);
            if (!copy || copy->dst.ref.is_tensor() || packing(copy->dst.ref)) continue;
            const Packing* from = packing(copy->src.ref);
            const DType dtype = launch_->buffers[copy->dst.ref.buffer.v].dtype;
            if (!from || (dtype != DType::I8 && dtype != DType::U8)) continue;
            buffers_[copy->dst.ref.buffer.v] = *from;
            more = true;
        }
        return more;
    }

    static constexpr std::string_view kFix =
        "copy the bytes to buffers of the same dtype, and take the numbers out in one T.Parallel";

    void region(tile::Region& region) {
        for (tile::Op& op : region.ops) {
            auto none = [&](const char* what, const Access& access) {
                if (const Packing* p = packing(access.ref))
                    refuse("TT2070", op.loc,
                           std::string(what) + " uses `" + name(access.ref) +
                               "`, whose bytes hold several numbers of `" + p->tensor + "`",
                           std::string(kFix));
            };
            if (auto* loop = std::get_if<tile::For>(&op.v)) {
                this->region(loop->body);
            } else if (auto* branch = std::get_if<tile::If>(&op.v)) {
                this->region(branch->then);
                this->region(branch->otherwise);
            } else if (auto* copy = std::get_if<tile::Copy>(&op.v)) {
                const Packing *from = packing(copy->src.ref), *to = packing(copy->dst.ref);
                if (from && to && from->storage == to->storage) {
                    for (Access* access : {&copy->src, &copy->dst})
                        for (auto* at : {&access->offset, &access->extent})
                            at->back() = index_.mul(at->back(), index_.constant(from->per_byte()));
                } else {
                    none("T.copy", copy->src);
                    none("T.copy", copy->dst);
                }
            } else if (auto* fill = std::get_if<tile::Fill>(&op.v)) {
                none("T.fill", fill->dst);
            } else if (auto* gemm = std::get_if<tile::Gemm>(&op.v)) {
                none("T.gemm", gemm->a), none("T.gemm", gemm->b), none("T.gemm", gemm->c);
            } else if (auto* reduce = std::get_if<tile::Reduce>(&op.v)) {
                none("T.reduce", reduce->src), none("T.reduce", reduce->dst);
            } else if (auto* map = std::get_if<tile::Map>(&op.v)) {
                parallel(*map, op.loc);
            }
        }
    }

    void parallel(tile::Map& map, LocId at) {
        for (tile::Store& store : map.stores) {
            const LocId loc = store.loc ? store.loc : at;
            if (const Packing* p = packing(store.ref)) {
                refuse("TT2070", loc,
                       "T.Parallel stores `" + name(store.ref) + "`, whose bytes hold several numbers of `" +
                           p->tensor + "`",
                       std::string(kFix));
                continue;
            }
            if (auto value = resolve(map, store.value)) {
                store.value = *value;
                continue;
            }
            each_lane_node(ctx_.lanes, store.value, [&](const LaneNode& node) {
                if (node.op != LaneOp::Read) return;
                const Packing* p = packing(node.ref);
                if (!p) return;
                const std::string n = std::to_string(p->per_byte());
                refuse("TT2071", loc,
                       "T.Parallel does not take single numbers out of the bytes of `" + name(node.ref) +
                           "`, which hold " + n + " of `" + p->tensor + "` each: its index is `" +
                           print(index_, node.indices.back()) + "`",
                       "read the byte at `j // " + n + "` and take number `j % " + n +
                           "` of it, the lowest bits first, as in `(" + name(node.ref) + "[i, j // " + n +
                           "] >> (j % " + n + " * " + std::to_string(p->bits()) + ")) & " +
                           std::to_string((1 << p->bits()) - 1) + "`");
            });
        }
    }

    // ---- values ----
    bool reads_packed(LaneId id) const {
        bool any = false;
        each_lane_node(ctx_.lanes, id, [&](const LaneNode& n) { any |= n.op == LaneOp::Read && packing(n.ref); });
        return any;
    }
    // The one read under the node, if it is of packed bytes and there is no other.
    std::optional<LaneNode> only_read(LaneId id) const {
        std::optional<LaneNode> read;
        bool others = false;
        each_lane_node(ctx_.lanes, id, [&](const LaneNode& n) {
            if (n.op != LaneOp::Read) return;
            others |= (read && !(*read == n)) || !packing(n.ref);
            read = n;
        });
        return others ? std::nullopt : read;
    }

    // The value without packed bytes; nullopt where it needs more of a byte than one number.
    std::optional<LaneId> resolve(const tile::Map& map, LaneId id) {
        if (!reads_packed(id)) return id;
        const LaneNode node = ctx_.lanes.node(id);
        std::optional<Taken> taken;
        if (const auto read = only_read(id)) taken = take(map, id, *read);
        if (taken && taken->is_number) return number(node.dtype, *taken);
        if (node.op == LaneOp::Apply) {
            LaneId operands[3];
            const LaneId old[] = {node.a, node.b, node.c};
            bool all = true;
            for (size_t i = 0; i < 3; ++i) {
                if (!old[i]) continue;
                auto value = resolve(map, old[i]);
                all = all && value;
                if (value) operands[i] = *value;
            }
            if (all) return ctx_.lanes.apply(node.fn, node.dtype, operands[0], operands[1], operands[2]);
        }
        if (taken) return at_first(id, *taken);
        return std::nullopt;
    }

    struct Taken {
        const Packing* packing;
        LaneNode read;
        Position position;
        bool is_number = false;  // the value is the number itself
    };

    // index.back() == base + lane // per_byte for one of the lanes.
    std::optional<Position> position(const tile::Map& map, IndexId at, int64_t per_byte) {
        for (size_t i = 0; i < map.vars.size(); ++i) {
            const VarId lane = map.vars[i];
            const auto extent = index_.as_const(map.extents[i]);
            if (!extent || !index_.uses(at, lane)) continue;
            Position found;
            found.lane = lane;
            VarId& byte = bytes_[lane];
            if (!byte) {
                const int64_t last = (*extent + per_byte - 1) / per_byte - 1;
                byte = index_.new_var({index_.var(lane).name + "_byte", VarKind::Lane, 0, last});
            }
            found.byte = byte;
            found.base = index_.substitute(at, {{lane, index_.constant(0)}});
            bool fits = true;
            for (int64_t p = 0; p < per_byte; ++p) {
                const IndexId there = index_.substitute(at, {{lane, lane_at(found, per_byte, p)}});
                fits = fits && index_.as_const(index_.sub(there, index_.add(found.base, index_.of(found.byte)))) == 0;
            }
            if (fits) return found;
        }
        return std::nullopt;
    }
    IndexId lane_at(const Position& position, int64_t per_byte, int64_t p) {
        return index_.add(index_.mul(index_.of(position.byte), index_.constant(per_byte)), index_.constant(p));
    }

    // Tries the value on every byte at every position.
    std::optional<Taken> take(const tile::Map& map, LaneId id, const LaneNode& read) {
        const Packing* p = packing(read.ref);
        const auto where = position(map, read.indices.back(), p->per_byte());
        if (!where) return std::nullopt;
        const int mask = (1 << p->bits()) - 1;
        Taken taken{p, read, *where, true};
        for (int64_t n = 0; n < p->per_byte(); ++n) {
            const IndexSubst at{{where->lane, lane_at(*where, p->per_byte(), n)}};
            for (int byte = 0; byte < 256; ++byte) {
                const int code = byte >> (n * p->bits()) & mask;
                const auto value = evaluate(id, at, byte);
                const auto first = evaluate(id, {{where->lane, lane_at(*where, p->per_byte(), 0)}}, code);
                if (!value || !first || !(*value == *first || (*value != *value && *first != *first)))
                    return std::nullopt;
                taken.is_number = taken.is_number && *value == p->number(code);
            }
        }
        return taken;
    }

    // The value where every byte that is read is `byte`; nullopt where it depends on more than that and the position.
    std::optional<double> evaluate(LaneId id, const IndexSubst& at, int byte) {
        const LaneNode& node = ctx_.lanes.node(id);
        switch (node.op) {
            case LaneOp::Const:
                return node.value;
            case LaneOp::Index: {
                const auto value = index_.as_const(index_.substitute(node.index, at));
                return value ? std::optional(round_to(node.dtype, static_cast<double>(*value))) : std::nullopt;
            }
            case LaneOp::Bits:
                return std::nullopt;
            case LaneOp::Read:
                return round_to(node.dtype, dtype(node.ref) == DType::I8 ? static_cast<int8_t>(byte) : byte);
            case LaneOp::Apply:
                break;
        }
        double args[3] = {};
        const LaneId operands[] = {node.a, node.b, node.c};
        for (size_t i = 0; i < 3; ++i) {
            if (!operands[i]) continue;
            const auto value = evaluate(operands[i], at, byte);
            if (!value) return std::nullopt;
            args[i] = *value;
        }
        const LaneNode& apply = ctx_.lanes.node(id);  // substituting may have moved the arena of indices, not this one
        return interpreter::apply(apply.fn, apply.dtype, ctx_.lanes.node(apply.a).dtype, args[0], args[1], args[2]);
    }
    DType dtype(Ref ref) const {
        return ref.is_tensor() ? ctx_.tensor(ref.tensor).dtype : launch_->buffers[ref.buffer.v].dtype;
    }

    LaneId read_number(const Taken& taken) {
        std::vector<IndexId> indices = taken.read.indices;
        indices.back() = index_.add(index_.mul(taken.position.base, index_.constant(taken.packing->per_byte())),
                                    index_.of(taken.position.lane));
        return ctx_.lanes.read(taken.packing->dtype(), taken.read.ref, std::move(indices));
    }
    LaneId number(DType dtype, const Taken& taken) {
        const LaneId read = read_number(taken);
        return dtype == taken.packing->dtype() ? read : ctx_.lanes.apply(TileFn::Cast, dtype, read);
    }

    // The value at position 0 of a byte that holds the number alone.
    LaneId at_first(LaneId id, const Taken& taken) {
        const LaneNode node = ctx_.lanes.node(id);
        switch (node.op) {
            case LaneOp::Const:
            case LaneOp::Bits:
                return id;
            case LaneOp::Index: {
                const IndexId first = lane_at(taken.position, taken.packing->per_byte(), 0);
                return ctx_.lanes.constant(node.dtype, *evaluate(id, {{taken.position.lane, first}}, 0));
            }
            case LaneOp::Read: {
                LaneId code = number(node.dtype, taken);
                if (!packed_signed(taken.packing->storage)) return code;
                const LaneId mask = ctx_.lanes.constant(node.dtype, (1 << taken.packing->bits()) - 1);
                return ctx_.lanes.apply(TileFn::BitAnd, node.dtype, code, mask);
            }
            case LaneOp::Apply:
                break;
        }
        const LaneId a = at_first(node.a, taken);
        const LaneId b = node.b ? at_first(node.b, taken) : LaneId{}, c = node.c ? at_first(node.c, taken) : LaneId{};
        return ctx_.lanes.apply(node.fn, node.dtype, a, b, c);
    }

    TileProgram program_;
    Context& ctx_;
    IndexArena& index_;
    tile::Launch* launch_ = nullptr;
    std::map<uint32_t, Packing> tensors_, buffers_;  // by id
    std::map<VarId, VarId> bytes_;                   // lane // per_byte of a lane
    std::vector<Diagnostic> errors_;
};

// A floordiv by 2 or 4 in the expression.
std::optional<int64_t> divisor_in(const IndexArena& index, IndexId id) {
    if (!id) return std::nullopt;
    const IndexNode& node = index.node(id);
    if (node.op == IndexOp::FloorDiv)
        if (auto by = index.as_const(node.b); by == 2 || by == 4) return by;
    for (IndexId operand : {node.a, node.b, node.c})
        if (auto by = divisor_in(index, operand)) return by;
    return std::nullopt;
}

}  // namespace

Result<TileProgram> unpack(const TileProgram& program) { return Unpacker(program).run(); }

std::string packed_fix(const Context& ctx, DType dtype, const std::string& tensor,
                       const std::vector<IndexId>& indices) {
    if ((dtype != DType::I8 && dtype != DType::U8) || indices.empty()) return "";
    const auto by = divisor_in(ctx.index, indices.back());
    if (!by) return "";
    return "if the bytes of `" + tensor + "` hold " + std::to_string(*by) +
           " numbers each, let the host unpack them: " + "tilelang_tt.annotate_storage({tensor: \"uint" +
           std::to_string(8 / *by) + "\"}), or \"int" + std::to_string(8 / *by) +
           "\", for the tensor that they come from";
}

}  // namespace tilelang_tt
