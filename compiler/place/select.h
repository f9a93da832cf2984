// Instruction selection: a group of tile operations whose values stay in DST becomes calls of the op table on
// registers.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "compiler/ir/target.h"
#include "compiler/place/analysis.h"
#include "compiler/place/resource_plan.h"

namespace tilelang_tt::placed {

// A value of the group to pack, with its register filled in by selection.
struct Wanted {
    ValueId value;
    int unit = -1;
};

struct Selected {
    std::vector<Instr> instrs;  // registers: slot is the unit's number until slots are given out
    int units = 0;              // registers that are live at once, one DST slot a tile each
    int shared = 0;             // registers that the tiles use in turn: numbers -1, -2, …
    std::vector<Wanted> wanted;
};

struct SelectOptions {
    bool fp32_dest = true;
    Precision precision = Precision::Default;
    // Tiles share the temporaries one after the other: what accumulates needs a slot that nothing else has written.
    bool tile_by_tile = false;
    // Loaded operands keep their registers until they have been read for the last time.
    bool hold_loads = false;
    bool to_pack = true;  // wanted values are packed: they get the form that the packer takes
};

// The tiles of a value that lives in a channel; by_columns asks for that order.
using FindTiles = std::function<std::optional<Tiles>(ValueId, bool by_columns)>;
// The format of a channel, which may keep more than the dtype of the value in it.
using FindFormat = std::function<tensix::DataFormat(ChannelId)>;

// The tile of indices row_step * r + col_step * c.
using FindIndices = std::function<Tiles(int64_t row_step, int64_t col_step)>;

// How a reduction is done: by the FPU, of tiles and weights in channels; or in DST, of tiles that `maps` make one by
// one (none: the operand is in a channel).
struct Reduction {
    bool in_dst = false;
    Tiles data, weights;
    std::vector<const graph::Op*> maps;
};
// By the reduction's result.
using FindReduced = std::function<const Reduction&(ValueId)>;

// ops: the group's operations in order. preset: values of the group that are in units 0, 1, … already (accumulators).
Result<Selected> select(const Context& ctx, const graph::Launch& launch, const Analysis& analysis,
                        const std::vector<const graph::Op*>& ops, const std::vector<ValueId>& preset,
                        const std::vector<ValueId>& wanted, const FindTiles& tiles, const FindReduced& reduced,
                        const FindFormat& format, const FindIndices& indices, const SelectOptions& options);

// How an operand's tiles stand to a result of the group's type.
Access access_of(const graph::TileType& operand, const graph::TileType& result);
tensix::DataFormat format_of(DType dtype);

}  // namespace tilelang_tt::placed
