// The order in which a region's operations are placed: those that one other operation alone needs go next to it, where
// that spares a pack and an unpack.
#include <algorithm>

#include "compiler/place/placer.h"

namespace tilelang_tt::placed {

// The operation that alone reads the value; null if there are others, or none, or it stands elsewhere.
const graph::Op* Placer::only_reader(ValueId id, const graph::Region& region) const {
    const graph::Op* reader = nullptr;
    for (const Use& use : analysis_.uses(id)) {
        if (use.region != &region || (reader && use.op != reader)) return nullptr;
        reader = use.op;
    }
    return reader;
}

// Whether the operation could take a map of its operand into its own group.
bool Placer::takes_maps_of(const graph::Op& reader, const graph::TileType& of) const {
    if (auto* reduce = std::get_if<graph::Reduce>(&reader.v))
        return same_grid(type(reduce->value), of) && reduced_in_dst(*reduce);
    return is_elementwise(reader) && !analysis_.made_where_used(reader) && same_grid(type(results_of(reader)[0]), of);
}

// Whether the value lies in a channel when an operation far from where it is made reads it, without that being the
// reason: it is loaded, or handed over, or something else needs it there; or it moves along with its reader.
bool Placer::at_hand(ValueId id, const graph::Op& reader, const graph::Region& region) const {
    id = analysis_.resolve(id);
    const Definition& def = analysis_.definition(id);
    if (!def.op || def.region != &region || analysis_.constant(id) || made_where_used(id)) return true;
    if (std::get_if<graph::Load>(&def.op->v) || std::get_if<graph::Tilize>(&def.op->v) ||
        std::get_if<graph::Slice>(&def.op->v) || std::get_if<graph::For>(&def.op->v) ||
        std::get_if<graph::If>(&def.op->v))
        return true;
    // Of several readers, those in one group with it need no channel; a reduction or a product does.
    const graph::TileType& t = type(id);
    if (only_reader(id, region) != &reader)
        return std::any_of(analysis_.uses(id).begin(), analysis_.uses(id).end(), [&](const Use& use) {
            return use.region != &region || !is_elementwise(*use.op) || !same_grid(type(results_of(*use.op)[0]), t);
        });
    if (!is_elementwise(*def.op) || !takes_maps_of(reader, t)) return false;
    const std::vector<ValueId> operands = operands_of(*def.op);
    return std::all_of(operands.begin(), operands.end(),
                       [&](ValueId operand) { return at_hand(operand, *def.op, region); });
}

std::vector<const graph::Op*> Placer::order(const graph::Region& region) const {
    std::vector<const graph::Op*> out;
    for (const graph::Op& op : region.ops) out.push_back(&op);
    for (size_t n = out.size(); n-- > 0;) {
        const graph::Op* op = out[n];
        if (!is_elementwise(*op) || !analysis_.has_live_result(*op) || analysis_.made_where_used(*op)) continue;
        const ValueId id = analysis_.resolve(results_of(*op)[0]);
        const graph::Op* reader = only_reader(id, region);
        if (!reader || !takes_maps_of(*reader, type(id))) continue;
        const auto from = out.begin() + static_cast<std::ptrdiff_t>(n);
        const auto to = std::find(from, out.end(), reader);
        // What stands between would write the group out.
        const bool parted = std::any_of(from + 1, to, [&](const graph::Op* between) {
            if (std::get_if<graph::Load>(&between->v) || std::get_if<graph::Tilize>(&between->v) ||
                !analysis_.has_live_result(*between))
                return false;
            return !is_elementwise(*between) ||
                   (!analysis_.made_where_used(*between) && !same_grid(type(results_of(*between)[0]), type(id)));
        });
        const std::vector<ValueId> operands = operands_of(*op);
        if (parted && std::all_of(operands.begin(), operands.end(),
                                  [&](ValueId operand) { return at_hand(operand, *op, region); }))
            std::rotate(from, from + 1, to);
    }
    return out;
}

}  // namespace tilelang_tt::placed
