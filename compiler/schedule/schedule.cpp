#include "compiler/schedule/schedule.h"

#include <algorithm>
#include <bit>
#include <map>
#include <optional>
#include <sstream>

#include "compiler/map/multicast_cost.h"
#include "compiler/schedule/inits.h"
#include "compiler/schedule/verify_program.h"
#include "tensix/op_table.h"

namespace tilelang_tt {
namespace scheduling {
namespace {

using placed::Access;
using placed::Instr;
using placed::PackMode;
using placed::Section;
using placed::Step;
using placed::Tiles;
using prog::ChannelCall;
using prog::DstCall;
using prog::Engine;
using prog::Engines;
using prog::NocCall;

// A page of a tensor, and when it is inside; valid is invalid where it always is.
struct Page {
    IndexId number, valid;
};

// What a step list does with a channel.
struct Span {
    size_t first = 0, last = 0;
    bool used = false;
};

class LaunchScheduler {
  public:
    LaunchScheduler(Context& ctx, const graph::Launch& launch, const LaunchResources& resources, const WorkSplit& split,
                    const std::vector<TensorLayout>& layouts, const Target& target)
        : ctx_(ctx),
          index_(ctx.index),
          launch_(launch),
          resources_(resources),
          split_(split),
          layouts_(layouts),
          device_(*target.device) {}

    Result<prog::Launch> run() {
        prog::Launch out;
        out.channels = resources_.channels;
        out.compute = resources_.compute;
        out.loc = launch_.loc;
        out.core = index_.new_var({"core", VarKind::CoreArg, 0, split_.cores - 1});

        prog::For blocks = split_.rectangle() ? rectangle(out) : share(out);
        prog::Region body;
        ops_ = &body.ops;
        std::vector<prog::Op> lets = grid_lets(blocks.var);
        steps(resources_.steps, nullptr);
        if (!errors_.empty()) return errors_;
        for (prog::Op& let : lets) {
            let.engines = engines_using(body, std::get<prog::Let>(let.v).var);
            if (let.engines.bits) blocks.body.ops.push_back(std::move(let));
        }
        for (prog::Op& op : body.ops) blocks.body.ops.push_back(std::move(op));
        ops_ = &out.body.ops;
        loc_ = launch_.loc;
        for (const placed::ConstantTile& constant : resources_.constants)
            constant.indices() ? index_tile(constant) : this->constant(constant);
        residents();
        add_region(std::move(blocks), launch_.loc);
        if (writes_) add(prog::NocSync{NocCall::WriteBarrier}, Engine::Writer);
        if (multicasts_) add(prog::NocSync{NocCall::WriteBarrier}, Engine::Reader);
        const Engines used = union_of(out.body);
        for (prog::CoreArg& arg : out.core_args) arg.engines = used;
        derive_inits(out, index_);
        return out;
    }

  private:
    // ---- which blocks a core computes: the loop over them, with its arguments added to the launch ----
    prog::For share(prog::Launch& out) {
        IndexId total = index_.constant(1);
        for (IndexId extent : launch_.grid_extents) total = index_.mul(total, extent);
        const IndexId cores = index_.constant(split_.cores), core = index_.of(out.core);
        const IndexId share = index_.floordiv(total, cores), rest = index_.floormod(total, cores);
        const IndexId first = index_.add(index_.mul(core, share), index_.min(core, rest));
        const IndexId count = index_.add(share, index_.lt(core, rest));
        const VarId first_block = index_.new_var({"first_block", VarKind::CoreArg, 0, {}});
        const VarId num_blocks = index_.new_var({"num_blocks", VarKind::CoreArg, 0, {}});
        const VarId block = index_.new_var({"block", VarKind::Loop, 0, {}});
        if (auto n = index_.as_const(total)) index_.var(block).hi = *n - 1;
        out.core_args = {{first_block, first, {}}, {num_blocks, count, {}}};
        return {block, index_.of(first_block), index_.of(num_blocks), 1, {}};
    }

    // The same number of blocks for every core, numbered from 0 within its own part of the two axes.
    prog::For rectangle(prog::Launch& out) {
        const IndexId columns = index_.constant(split_.grid_x), core = index_.of(out.core);
        int64_t blocks = 1;
        for (size_t axis = 0; axis < launch_.grid.size(); ++axis) blocks *= part(axis);
        for (auto [var, at] : {std::pair{split_.across, index_.floormod(core, columns)},
                               std::pair{split_.down, index_.floordiv(core, columns)}}) {
            const auto axis = axis_of(var);
            const int64_t last = *index_.as_const(launch_.grid_extents[axis]) - part(axis);
            const VarId first = index_.new_var({"first_" + index_.var(var).name, VarKind::CoreArg, 0, last});
            out.core_args.push_back({first, index_.mul(at, index_.constant(part(axis))), {}});
            first_[var] = index_.of(first);
        }
        const VarId block = index_.new_var({"block", VarKind::Loop, 0, blocks - 1});
        return {block, index_.constant(0), index_.constant(blocks), 1, {}};
    }
    size_t axis_of(VarId var) const {
        return static_cast<size_t>(std::find(launch_.grid.begin(), launch_.grid.end(), var) - launch_.grid.begin());
    }
    // Values of a grid axis that one core of a rectangle goes through.
    int64_t part(size_t axis) const {
        const int64_t extent = *index_.as_const(launch_.grid_extents[axis]);
        return launch_.grid[axis] == split_.across ? extent / split_.grid_x
               : launch_.grid[axis] == split_.down ? extent / split_.grid_y
                                                   : extent;
    }

    // ---- building ----
    template <class Op>
    void add(Op op, Engines engines) {
        ops_->push_back({std::move(op), engines, loc_});
    }
    static Engines union_of(const prog::Region& region) {
        Engines engines;
        for (const prog::Op& op : region.ops) engines = engines | op.engines;
        return engines;
    }
    void add_region(prog::For loop, LocId loc) {
        const Engines engines = union_of(loop.body);
        if (!loop.body.ops.empty()) ops_->push_back({std::move(loop), engines, loc});
    }

    // for var in [0, extent) in steps: body(value of var). A loop that runs once is its body.
    template <class Body>
    void loop(std::string_view name, int64_t extent, int64_t step, Body body) {
        if (extent <= step) return body(index_.constant(0));
        auto [it, fresh] = vars_.try_emplace({std::string(name), extent, step});
        if (fresh) it->second = index_.new_var({std::string(name), VarKind::Loop, 0, (extent - 1) / step * step});
        const VarId var = it->second;
        prog::For out{var, index_.constant(0), index_.constant(extent), step, {}};
        auto* outer = std::exchange(ops_, &out.body.ops);
        body(index_.of(var));
        ops_ = outer;
        add_region(std::move(out), loc_);
    }

    // for var in [1, end): body(var).
    template <class Body>
    void loop_from_1(std::string_view name, int64_t end, Body body) {
        if (end <= 1) return;
        auto [it, fresh] = vars_.try_emplace({std::string(name) + " from 1", end, 1});
        if (fresh) it->second = index_.new_var({std::string(name), VarKind::Loop, 1, end - 1});
        prog::For out{it->second, index_.constant(1), index_.constant(end - 1), 1, {}};
        auto* outer = std::exchange(ops_, &out.body.ops);
        body(index_.of(it->second));
        ops_ = outer;
        add_region(std::move(out), loc_);
    }

    void channel(ChannelCall call, ChannelId id, int64_t pages, Engine engine) {
        add(prog::ChannelOp{call, id, pages}, engine);
    }

    std::vector<prog::Op> grid_lets(VarId block) {
        std::vector<prog::Op> out;
        IndexId faster = index_.constant(1);
        for (size_t n = split_.order.size(); n-- > 0;) {
            const VarId var = split_.order[n];
            const size_t axis = axis_of(var);
            const IndexId whole = launch_.grid_extents[axis];
            const IndexId extent = split_.rectangle() ? index_.constant(part(axis)) : whole;
            if (!index_.var(var).lo) index_.var(var).lo = 0;
            if (auto e = index_.as_const(whole); e && !index_.var(var).hi) index_.var(var).hi = *e - 1;
            // A core with one block needs no count.
            IndexId value = index_.var(block).hi == 0 ? index_.constant(0) : index_.floordiv(index_.of(block), faster);
            if (n > 0) value = index_.floormod(value, extent);
            if (auto first = first_.find(var); first != first_.end()) value = index_.add(first->second, value);
            out.insert(out.begin(), {prog::Let{var, value}, {}, launch_.loc});
            faster = index_.mul(faster, extent);
        }
        return out;
    }

    Engines engines_using(const prog::Region& region, VarId var) const {
        Engines engines;
        auto check = [&](IndexId id, Engines by) {
            if (id && index_.uses(id, var)) engines = engines | by;
        };
        for (const prog::Op& op : region.ops) {
            if (auto* let = std::get_if<prog::Let>(&op.v)) check(let->value, op.engines);
            if (auto* loop = std::get_if<prog::For>(&op.v)) {
                check(loop->begin, op.engines), check(loop->extent, op.engines);
                engines = engines | engines_using(loop->body, var);
            } else if (auto* branch = std::get_if<prog::If>(&op.v)) {
                check(branch->cond, op.engines);
                engines = engines | engines_using(branch->then, var) | engines_using(branch->otherwise, var);
            } else if (auto* multicast = std::get_if<prog::Multicast>(&op.v)) {
                engines = engines | engines_using(multicast->body, var);
            } else if (auto* read = std::get_if<prog::ReadTile>(&op.v)) {
                check(read->page, op.engines), check(read->slot, op.engines), check(read->valid, op.engines);
            } else if (auto* write = std::get_if<prog::WriteTile>(&op.v)) {
                check(write->page, op.engines), check(write->slot, op.engines), check(write->valid, op.engines);
            } else if (auto* call = std::get_if<prog::Call>(&op.v)) {
                for (IndexId id : call->tiles) check(id, op.engines);
                for (IndexId id : call->dst) check(id, op.engines);
                for (IndexId id : call->args) check(id, op.engines);
            } else if (auto* pack = std::get_if<prog::Pack>(&op.v)) {
                check(pack->dst, op.engines), check(pack->slot, op.engines);
            }
        }
        return engines;
    }

    // ---- memory ----
    void refuse(std::string code, std::string message, std::string fix) {
        errors_.push_back(
            {Severity::Error, std::move(code), std::move(message), {ctx_.loc(loc_)}, {}, {}, std::move(fix)});
    }

    // The page of tile (row, col) of a window.
    Page page_of(const graph::Window& window, IndexId row, IndexId col) {
        const Tensor& tensor = ctx_.tensor(window.tensor);
        const TensorLayout& layout = layouts_[window.tensor.v];
        Page page;
        auto inside = [&](IndexId at, IndexId extent) {
            const IndexId cond = index_.lt(at, extent);
            if (index_.always_true(cond)) return;
            page.valid = page.valid ? index_.logical_and(page.valid, cond) : cond;
        };
        IndexId outer = index_.constant(0);
        for (size_t d = 0; d < tensor.shape.size(); ++d) {
            const auto dim = static_cast<int64_t>(d);
            if (dim == layout.row_dim || dim == layout.col_dim) continue;
            outer = index_.add(index_.mul(outer, tensor.shape[d]), window.offset[d]);
            inside(window.offset[d], tensor.shape[d]);
        }
        auto tile = [&](int64_t layout_dim, int64_t window_dim, IndexId step, IndexId& tiles) {
            if (layout_dim < 0) {
                tiles = index_.constant(1);
                if (window_dim >= 0) misfit(tensor);
                return index_.constant(0);
            }
            const auto d = static_cast<size_t>(layout_dim);
            tiles = index_.ceildiv(tensor.shape[d], kTileDim);
            if (window_dim >= 0 && window_dim != layout_dim) misfit(tensor);
            IndexId at = index_.floordiv(window.offset[d], index_.constant(kTileDim));
            if (!index_.divisible_by(window.offset[d], kTileDim))
                refuse("TT5002", "`" + tensor.name + "` is accessed from the middle of a 32x32 tile on",
                       "use offsets that are multiples of 32");
            if (window_dim >= 0) at = index_.add(at, step);
            inside(at, tiles);
            return at;
        };
        IndexId tile_rows, tile_cols;
        const IndexId r = tile(layout.row_dim, window.row_dim, row, tile_rows);
        const IndexId c = tile(layout.col_dim, window.col_dim, col, tile_cols);
        page.number = index_.add(index_.mul(index_.add(index_.mul(outer, tile_rows), r), tile_cols), c);
        return page;
    }
    void misfit(const Tensor& tensor) {
        refuse("TT5001", "a block of `" + tensor.name + "` does not lie as the tensor's tiles do",
               "access its dimensions in one order throughout the kernel");
    }

    // All reads of a region segment are in flight before its one barrier; blocks that peers share come one by one.
    // writer_free: the writer has nothing to write meanwhile, and may bring some of them.
    void loads(const std::vector<const Step*>& batch, bool writer_free) {
        const std::vector<std::optional<prog::Peers>> peers = sharing(batch, writer_free);
        auto each = [&](auto&& visit) {
            for (size_t i = 0; i < batch.size(); ++i) {
                loc_ = batch[i]->loc;
                visit(std::get<placed::Load>(batch[i]->v), peers[i]);
            }
        };
        auto any = [&](std::optional<prog::Peers> of) {
            return std::find(peers.begin(), peers.end(), of) != peers.end();
        };
        // Blocks along rows and along columns come at the same time, over a NoC each.
        const bool together = writer_free && any(prog::Peers::Row);
        auto engine = [&](std::optional<prog::Peers> of) {
            return together && of == prog::Peers::Column ? Engine::Writer : Engine::Reader;
        };
        each([&](const placed::Load& load, std::optional<prog::Peers> of) {
            channel(ChannelCall::ReserveBack, load.to.channel, load.to.rows * load.to.cols, engine(of));
        });
        each([&](const placed::Load& load, std::optional<prog::Peers> of) {
            if (!of) reads(load, Engine::Reader);
        });
        each([&](const placed::Load& load, std::optional<prog::Peers> of) {
            if (of) multicast(load, *of, engine(of));
        });
        if (!any(std::nullopt)) return;
        add(prog::NocSync{NocCall::ReadBarrier}, Engine::Reader);
        each([&](const placed::Load& load, std::optional<prog::Peers> of) {
            if (!of) channel(ChannelCall::PushBack, load.to.channel, load.to.rows * load.to.cols, Engine::Reader);
        });
    }

    void reads(const placed::Load& load, Engine engine) {
        const Tiles& to = load.to;
        auto read = [&](IndexId r, IndexId c, IndexId slot) {
            const Page page = page_of(load.window, r, c);
            add(prog::ReadTile{load.window.tensor, page.number, to.channel, slot, page.valid}, engine);
        };
        if (to.by_columns)
            loop("col", to.cols, 1,
                 [&](IndexId c) { loop("row", to.rows, 1, [&](IndexId r) { read(r, c, tile_of(to, r, c)); }); });
        else
            loop("row", to.rows, 1,
                 [&](IndexId r) { loop("col", to.cols, 1, [&](IndexId c) { read(r, c, tile_of(to, r, c)); }); });
    }

    void multicast(const placed::Load& load, prog::Peers peers, Engine engine) {
        const int64_t pages = load.to.rows * load.to.cols;
        prog::Multicast out{load.to.channel, pages, peers, {}};
        auto* outer = std::exchange(ops_, &out.body.ops);
        reads(load, engine);
        add(prog::NocSync{NocCall::ReadBarrier}, engine);
        ops_ = outer;
        add(std::move(out), engine);
        channel(ChannelCall::PushBack, load.to.channel, pages, engine);
        if (engine == Engine::Reader) multicasts_ = true;
    }

    // Whether the writer has something to write in the steps.
    static bool writes(const std::vector<Step>& list) {
        return std::any_of(list.begin(), list.end(), [](const Step& step) {
            if (auto* section = std::get_if<Section>(&step.v)) return !section->stores.empty();
            if (auto* loop = std::get_if<placed::Loop>(&step.v)) return writes(loop->body);
            if (auto* branch = std::get_if<placed::Branch>(&step.v))
                return writes(branch->then) || writes(branch->otherwise);
            return std::holds_alternative<placed::Store>(step.v);
        });
    }

    // For each load the cores that need the same block at the same time, if sending costs less than everyone's reads.
    std::vector<std::optional<prog::Peers>> sharing(const std::vector<const Step*>& batch, bool writer_free) const {
        std::vector<std::optional<prog::Peers>> out;
        double bytes[2] = {};  // by Peers
        for (const Step* step : batch) {
            const auto& load = std::get<placed::Load>(step->v);
            out.push_back(peers(load));
            if (out.back())
                bytes[static_cast<size_t>(*out.back())] +=
                    static_cast<double>(load.to.rows * load.to.cols) *
                    tensix::tile_bytes(resources_.channels[load.to.channel.v].format);
        }
        if (!multicast_pays(device_, split_.cores, bytes[0], bytes[1], writer_free))
            std::fill(out.begin(), out.end(), std::nullopt);
        return out;
    }
    // A row (column) shares a block if neither the block nor what decides about it depends on the axis along it.
    std::optional<prog::Peers> peers(const placed::Load& load) const {
        if (!split_.rectangle()) return std::nullopt;
        auto depends = [&](VarId axis) {
            auto on = [&](IndexId id) { return index_.uses(id, axis); };
            return std::any_of(load.window.offset.begin(), load.window.offset.end(), on) ||
                   std::any_of(control_.begin(), control_.end(), on);
        };
        const bool row = !depends(split_.across) && split_.grid_x > 1;
        const bool column = !depends(split_.down) && split_.grid_y > 1;
        if (!row && !column) return std::nullopt;
        return row && (!column || split_.grid_x >= split_.grid_y) ? prog::Peers::Row : prog::Peers::Column;
    }

    // Loaded and waited for once, then there for the whole kernel.
    void residents() {
        std::vector<const Step*> batch;
        for (const Step& step : resources_.residents) batch.push_back(&step);
        if (batch.empty()) return;
        loads(batch, false);
        for (const Step* step : batch) {
            const Tiles& tiles = std::get<placed::Load>(step->v).to;
            loc_ = step->loc;
            channel(ChannelCall::WaitFront, tiles.channel, tiles.rows * tiles.cols, Engine::Compute);
        }
    }

    // rows × cols tiles from the front of the channel to tiles (row0, col0) … of the window.
    void write(const placed::Store& store, IndexId row0, IndexId col0, int64_t rows, int64_t cols) {
        writes_ = true;
        channel(ChannelCall::WaitFront, store.from.channel, rows * cols, Engine::Writer);
        loop("row", rows, 1, [&](IndexId r) {
            loop("col", cols, 1, [&](IndexId c) {
                const Page page = page_of(store.window, index_.add(row0, r), index_.add(col0, c));
                const IndexId slot = index_.add(index_.mul(r, index_.constant(cols)), c);
                add(prog::WriteTile{store.from.channel, slot, store.window.tensor, page.number, page.valid},
                    Engine::Writer);
            });
        });
        add(prog::NocSync{NocCall::WritesFlushed}, Engine::Writer);
        channel(ChannelCall::PopFront, store.from.channel, rows * cols, Engine::Writer);
    }

    IndexId tile_of(const Tiles& tiles, IndexId row, IndexId col) {
        for (IndexId at : tiles.row0) row = index_.add(row, index_.floordiv(at, index_.constant(kTileDim)));
        for (IndexId at : tiles.col0) col = index_.add(col, index_.floordiv(at, index_.constant(kTileDim)));
        if (tiles.by_columns) return index_.add(index_.mul(col, index_.constant(tiles.col_stride())), row);
        return index_.add(index_.mul(row, index_.constant(tiles.row_stride())), col);
    }

    // ---- steps ----
    static bool uses(const Step& step, ChannelId channel) {
        auto any = [&](const std::vector<Step>& list) {
            return std::any_of(list.begin(), list.end(), [&](const Step& s) { return uses(s, channel); });
        };
        if (auto* instr = std::get_if<Instr>(&step.v)) {
            bool found = false;
            instr->each_operand([&](const placed::TileOperand& t, bool) { found |= t.tiles.channel == channel; });
            return found;
        }
        if (auto* section = std::get_if<Section>(&step.v)) return any(section->steps);
        if (auto* loop = std::get_if<placed::Loop>(&step.v)) return any(loop->start) || any(loop->body);
        if (auto* assembly = std::get_if<placed::Assembly>(&step.v)) return any(assembly->parts);
        if (auto* branch = std::get_if<placed::Branch>(&step.v)) return any(branch->then) || any(branch->otherwise);
        return false;
    }

    static bool is_load(const Step& step) { return std::holds_alternative<placed::Load>(step.v); }
    // Whether the reader has something to do in the step beside a load.
    static bool reads(const Step& step) {
        auto any = [](const std::vector<Step>& list) {
            return std::any_of(list.begin(), list.end(), [](const Step& s) { return is_load(s) || reads(s); });
        };
        if (auto* section = std::get_if<Section>(&step.v)) return any(section->steps);
        if (auto* loop = std::get_if<placed::Loop>(&step.v)) return any(loop->start) || any(loop->body);
        if (auto* assembly = std::get_if<placed::Assembly>(&step.v)) return any(assembly->parts);
        if (auto* branch = std::get_if<placed::Branch>(&step.v)) return any(branch->then) || any(branch->otherwise);
        return false;
    }

    // section: the one that the list is inside of, if any. carried: channels that are full when the list begins.
    void steps(const std::vector<Step>& list, const Section* section, const std::vector<Tiles>* carried = nullptr) {
        // Channels that are filled in this list, and which of the steps after that compute with them.
        std::map<ChannelId, std::pair<Span, int64_t>> spans;
        auto fill = [&](const Tiles& tiles, size_t from, bool always) {
            auto [it, fresh] = spans.try_emplace(tiles.channel, Span{}, tiles.rows * tiles.cols);
            if (!fresh) return;
            Span& span = it->second.first;
            for (size_t i = from; i < list.size(); ++i) {
                if (!uses(list[i], tiles.channel)) continue;
                if (!span.used) span.first = i;
                span.last = i;
                span.used = true;
            }
            // Nobody reads it, but it must go: at the first step that is compute's.
            if (always && !span.used) {
                size_t at = std::min(from, list.size());
                while (at < list.size() && is_load(list[at])) ++at;
                span = {at, at, true};
            }
        };
        if (carried)
            for (const Tiles& tiles : *carried) fill(tiles, 0, true);
        for (size_t i = 0; i < list.size(); ++i) {
            if (auto* load = std::get_if<placed::Load>(&list[i].v)) fill(load->to, i + 1, false);
            if (auto* loop = std::get_if<placed::Loop>(&list[i].v)) {
                for (const Tiles& tiles : loop->accumulators) fill(tiles, i + 1, false);
                for (const Tiles& tiles : loop->carried) fill(tiles, i + 1, true);
            }
            if (auto* assembly = std::get_if<placed::Assembly>(&list[i].v)) fill(assembly->to, i + 1, false);
            if (auto* branch = std::get_if<placed::Branch>(&list[i].v))
                for (const Tiles& tiles : branch->results) fill(tiles, i + 1, true);
            if (auto* inner = std::get_if<Section>(&list[i].v))
                for (const placed::Output& output : inner->outputs)
                    if (output.mode == PackMode::Block && !output.handed_on) fill(output.to, i + 1, false);
        }

        size_t loaded = 0;  // loads before this one are out
        for (size_t i = 0; i < list.size(); ++i) {
            if (is_load(list[i])) {
                if (i < loaded) continue;
                std::vector<const Step*> batch;
                size_t end = i;
                for (; end < list.size() && !reads(list[end]); ++end)
                    if (is_load(list[end])) batch.push_back(&list[end]);
                loaded = end;
                loads(batch, !writes(list));
                continue;
            }
            // A run of instructions is one unit.
            size_t last = i;
            while (std::holds_alternative<Instr>(list[i].v) && last + 1 < list.size() &&
                   std::holds_alternative<Instr>(list[last + 1].v))
                ++last;
            loc_ = list[i].loc;
            for (const auto& [id, span] : spans)
                if (span.first.used && span.first.first >= i && span.first.first <= last)
                    channel(ChannelCall::WaitFront, id, span.second, Engine::Compute);
            if (std::holds_alternative<Instr>(list[i].v))
                instrs(list, i, last, *section);
            else
                this->step(list[i]);
            for (const auto& [id, span] : spans)
                if (span.first.used && span.first.last >= i && span.first.last <= last)
                    channel(ChannelCall::PopFront, id, span.second, Engine::Compute);
            i = last;
        }
        for (const auto& [id, span] : spans) {
            if (!span.first.used || span.first.first < list.size()) continue;
            channel(ChannelCall::WaitFront, id, span.second, Engine::Compute);
            channel(ChannelCall::PopFront, id, span.second, Engine::Compute);
        }
    }

    void step(const Step& step) {
        loc_ = step.loc;
        if (auto* store = std::get_if<placed::Store>(&step.v)) {
            const IndexId zero = index_.constant(0);
            write(*store, zero, zero, store->from.rows, store->from.cols);
        } else if (auto* section = std::get_if<Section>(&step.v)) {
            this->section(*section);
        } else if (auto* loop = std::get_if<placed::Loop>(&step.v)) {
            this->loop_step(*loop);
        } else if (auto* assembly = std::get_if<placed::Assembly>(&step.v)) {
            const int64_t pages = assembly->to.rows * assembly->to.cols;
            comment(assembly->why);
            channel(ChannelCall::ReserveBack, assembly->to.channel, pages, Engine::Compute);
            steps(assembly->parts, nullptr);
            loc_ = step.loc;
            channel(ChannelCall::PushBack, assembly->to.channel, pages, Engine::Compute);
        } else if (auto* branch = std::get_if<placed::Branch>(&step.v)) {
            prog::If out{branch->cond, {}, {}};
            control_.push_back(branch->cond);
            auto* outer = std::exchange(ops_, &out.then.ops);
            steps(branch->then, section_);
            ops_ = &out.otherwise.ops;
            steps(branch->otherwise, section_);
            ops_ = outer;
            control_.pop_back();
            const Engines engines = union_of(out.then) | union_of(out.otherwise);
            if (engines.bits) ops_->push_back({std::move(out), engines, step.loc});
        }
    }

    void comment(const std::string& text) {
        if (!text.empty()) add(prog::Comment{text}, Engine::Compute);
    }

    // Whether sections of the body pack anything but sums: then the packer's mode has to change within an iteration.
    static bool packs_others(const std::vector<Step>& list) {
        return std::any_of(list.begin(), list.end(), [](const Step& step) {
            if (auto* section = std::get_if<Section>(&step.v)) {
                return packs_others(section->steps) ||
                       std::any_of(section->outputs.begin(), section->outputs.end(),
                                   [](const placed::Output& o) { return o.mode != PackMode::Accumulate; });
            }
            if (std::holds_alternative<placed::Assembly>(step.v)) return true;
            if (auto* loop = std::get_if<placed::Loop>(&step.v)) return packs_others(loop->body);
            if (auto* branch = std::get_if<placed::Branch>(&step.v))
                return packs_others(branch->then) || packs_others(branch->otherwise);
            return false;
        });
    }

    void l1_accumulate(bool on) { add(prog::PackerConfig{prog::PackerMode::L1Accumulate, on}, Engine::Compute); }

    // then { … } where the loop's variable is (not) at its first value.
    template <class Then>
    void when_first(const placed::Loop& loop, bool first, Then then) {
        const IndexId var = index_.of(loop.var);
        prog::If out{first ? index_.eq(var, loop.begin) : index_.lt(loop.begin, var), {}, {}};
        auto* outer = std::exchange(ops_, &out.then.ops);
        then();
        ops_ = outer;
        ops_->push_back({std::move(out), Engine::Compute, loc_});
    }

    void loop_step(const placed::Loop& loop) {
        const LocId loc = loc_;
        set_bounds(loop);
        comment(loop.why);
        for (const Tiles& acc : loop.accumulators)
            channel(ChannelCall::ReserveBack, acc.channel, acc.rows * acc.cols, Engine::Compute);
        steps(loop.start, nullptr);
        const bool sums = !loop.accumulators.empty();
        const bool mixed = sums && packs_others(loop.body);
        const bool once = index_.as_const(loop.extent) == 1;
        if (sums && !mixed && loop.accumulator_has_start) l1_accumulate(true);
        prog::For out{loop.var, loop.begin, loop.extent, 1, {}};
        auto* outer = std::exchange(ops_, &out.body.ops);
        const placed::Loop* enclosing = summing_;
        if (sums) summing_ = mixed ? &loop : nullptr;
        control_.insert(control_.end(), {loop.begin, loop.extent});
        steps(loop.body, section_, &loop.carried);
        control_.resize(control_.size() - 2);
        summing_ = enclosing;
        if (sums && !mixed && !loop.accumulator_has_start && !once)
            when_first(loop, true, [&] {
                comment("the first iteration has overwritten what the pages held before");
                l1_accumulate(true);
            });
        ops_ = outer;
        add_region(std::move(out), loc);
        loc_ = loc;
        if (sums && !mixed && (loop.accumulator_has_start || !once)) l1_accumulate(false);
        for (const Tiles& acc : loop.accumulators)
            channel(ChannelCall::PushBack, acc.channel, acc.rows * acc.cols, Engine::Compute);
    }

    void set_bounds(const placed::Loop& loop) {
        Var& var = index_.var(loop.var);
        const Interval begin = index_.bounds(loop.begin), extent = index_.bounds(loop.extent);
        if (begin.lo) var.lo = var.lo ? std::max(*var.lo, *begin.lo) : begin.lo;
        if (begin.hi && extent.hi) {
            const int64_t last = *begin.hi + std::max<int64_t>(1, *extent.hi) - 1;
            var.hi = var.hi ? std::min(*var.hi, last) : last;
        }
    }

    // A tile of one value, there for the whole kernel.
    void constant(const placed::ConstantTile& constant) {
        comment("a tile of " + number(constant.value) + ", made once and never popped");
        add(prog::DstSync{DstCall::Acquire}, Engine::Compute);
        prog::Call fill;
        fill.op = tensix::OpCode::fill_tile;
        fill.dst = {index_.constant(0)};
        fill.params = {static_cast<int64_t>(std::bit_cast<uint32_t>(static_cast<float>(constant.value)))};
        add(std::move(fill), Engine::Compute);
        add(prog::DstSync{DstCall::Commit}, Engine::Compute);
        channel(ChannelCall::ReserveBack, constant.channel, 1, Engine::Compute);
        add(prog::DstSync{DstCall::Wait}, Engine::Compute);
        add(prog::Pack{index_.constant(0), constant.channel, {}, false}, Engine::Compute);
        add(prog::DstSync{DstCall::Release}, Engine::Compute);
        channel(ChannelCall::PushBack, constant.channel, 1, Engine::Compute);
        channel(ChannelCall::WaitFront, constant.channel, 1, Engine::Compute);
    }
    // A tile of positions, there for the whole kernel.
    void index_tile(const placed::ConstantTile& tile) {
        channel(ChannelCall::ReserveBack, tile.channel, 1, Engine::Reader);
        add(prog::IndexTile{tile.channel, tile.row_step, tile.col_step}, Engine::Reader);
        channel(ChannelCall::PushBack, tile.channel, 1, Engine::Reader);
        channel(ChannelCall::WaitFront, tile.channel, 1, Engine::Compute);
    }
    static std::string number(double value) {
        std::ostringstream out;
        out << value;
        return out.str();
    }

    // ---- sections ----
    void section(const Section& section) {
        const LocId loc = loc_;
        const Section* outer = std::exchange(section_, &section);
        const int64_t whole = section.rows * section.cols, part = section.sub_rows * section.sub_cols;
        comment(section.why);
        for (const placed::Output& output : section.outputs)
            if (output.mode == PackMode::Block)
                channel(ChannelCall::ReserveBack, output.to.channel, whole, Engine::Compute);
        const bool adds = std::any_of(section.outputs.begin(), section.outputs.end(),
                                      [](const placed::Output& o) { return o.mode == PackMode::Accumulate; });
        const placed::Loop* summing = adds ? summing_ : nullptr;
        if (summing) {
            if (summing->accumulator_has_start)
                l1_accumulate(true);
            else
                when_first(*summing, false, [&] { l1_accumulate(true); });
        }
        subblocks(section, [&](IndexId i, IndexId j) {
            row_ = i, col_ = j;
            add(prog::DstSync{DstCall::Acquire}, Engine::Compute);
            steps(section.steps, &section);
            loc_ = loc;
            add(prog::DstSync{DstCall::Commit}, Engine::Compute);
            for (const placed::Output& output : section.outputs)
                if (output.mode == PackMode::Stream)
                    channel(ChannelCall::ReserveBack, output.to.channel, part, Engine::Compute);
            add(prog::DstSync{DstCall::Wait}, Engine::Compute);
            for (const placed::Output& output : section.outputs) pack(section, output, i, j);
            add(prog::DstSync{DstCall::Release}, Engine::Compute);
            for (const placed::Output& output : section.outputs)
                if (output.mode == PackMode::Stream)
                    channel(ChannelCall::PushBack, output.to.channel, part, Engine::Compute);
            for (const placed::Store& store : section.stores) write(store, i, j, section.sub_rows, section.sub_cols);
        });
        if (summing) l1_accumulate(false);
        for (const placed::Output& output : section.outputs)
            if (output.mode == PackMode::Block)
                channel(ChannelCall::PushBack, output.to.channel, whole, Engine::Compute);
        section_ = outer;
    }

    // body(first row and column) of each subblock: row after row, or down each column for a running sum.
    template <class Body>
    void subblocks(const Section& section, Body body) {
        if (!section.scan)
            return loop("i", section.rows, section.sub_rows,
                        [&](IndexId i) { loop("j", section.cols, section.sub_cols, [&](IndexId j) { body(i, j); }); });
        loop("j", section.cols, 1, [&](IndexId j) {
            body(index_.constant(0), j);
            scan_goes_on_ = true;
            loop_from_1("i", section.rows, [&](IndexId i) { body(i, j); });
            scan_goes_on_ = false;
        });
    }

    // The tiles of a subblock: body(number in the subblock, row and column in the section's grid). `flat`: the body
    // only needs the number and the sum row * cols + column.
    template <class Body>
    void tiles(const Section& section, IndexId i, IndexId j, bool flat, Body body) {
        const int64_t h = section.sub_rows, w = section.sub_cols;
        if (h == 1) return loop("t", w, 1, [&](IndexId t) { body(t, i, index_.add(j, t)); });
        if (w == 1) return loop("t", h, 1, [&](IndexId t) { body(t, index_.add(i, t), j); });
        if (flat && w == section.cols) return loop("t", h * w, 1, [&](IndexId t) { body(t, i, index_.add(j, t)); });
        loop("r", h, 1, [&](IndexId r) {
            loop("c", w, 1, [&](IndexId c) {
                body(index_.add(index_.mul(r, index_.constant(w)), c), index_.add(i, r), index_.add(j, c));
            });
        });
    }

    void pack(const Section& section, const placed::Output& output, IndexId i, IndexId j) {
        const int64_t part = section.sub_rows * section.sub_cols;
        auto slot = [&](IndexId t) { return index_.add(index_.constant(output.from.slot), t); };
        if (output.mode == PackMode::Stream ||
            (output.mode == PackMode::Block && !output.to.by_columns &&
             (section.sub_cols == section.cols || part == section.cols * section.rows)))
            return loop("t", part, 1,
                        [&](IndexId t) { add(prog::Pack{slot(t), output.to.channel, {}, false}, Engine::Compute); });
        tiles(section, i, j, !output.to.by_columns && !output.to.is_part(), [&](IndexId t, IndexId r, IndexId c) {
            add(prog::Pack{slot(t), output.to.channel, tile_of(output.to, r, c), output.mode == PackMode::Replace},
                Engine::Compute);
        });
    }

    IndexId value_of(const placed::TileIndex& index, IndexId row, IndexId col) {
        IndexId out = index_.constant(index.constant);
        auto plus = [&](IndexId id, int64_t factor) {
            if (factor) out = index_.add(out, index_.mul(id, index_.constant(factor)));
        };
        for (const auto& [id, factor] : index.terms) plus(id, factor);
        plus(row, index.row_step), plus(col, index.col_step);
        const Interval range = index_.bounds(out);
        if (!index.limit || index.bits) return out;
        if (!range.hi || *range.hi > index.limit) out = index_.min(out, index_.constant(index.limit));
        if (!range.lo || *range.lo < -index.limit) out = index_.max(out, index_.constant(-index.limit));
        return out;
    }

    // The calls for one tile; those that are only for some tiles under their condition.
    void calls(const std::vector<const Instr*>& list, IndexId t, IndexId row, IndexId col) {
        for (size_t n = 0, end; n < list.size(); n = end) {
            const auto& when = list[n]->when_negative;
            for (end = n + 1; end < list.size() && list[end]->when_negative == when;) ++end;
            IndexId cond;
            for (const placed::TileIndex& index : when) {
                const IndexId negative = index_.lt(value_of(index, row, col), index_.constant(0));
                cond = cond ? index_.logical_or(cond, negative) : negative;
            }
            if (cond && index_.always_false(cond)) continue;
            const bool always = !cond || index_.always_true(cond);
            prog::If out{cond, {}, {}};
            auto* outer = always ? ops_ : std::exchange(ops_, &out.then.ops);
            for (size_t k = n; k < end; ++k) call(*list[k], t, row, col, list[k]->loc);
            ops_ = outer;
            if (!always) ops_->push_back({std::move(out), Engine::Compute, list[n]->loc});
        }
    }
    static std::vector<const Instr*> pointers(const std::vector<Step>& list, size_t first, size_t last) {
        std::vector<const Instr*> out;
        for (size_t n = first; n <= last; ++n) out.push_back(&std::get<Instr>(list[n].v));
        return out;
    }

    void instrs(const std::vector<Step>& list, size_t first, size_t last, const Section& section) {
        if (section.tile_by_tile && !std::get<Instr>(list[first].v).k_tiles) {
            tiles(section, row_, col_, false,
                  [&](IndexId t, IndexId r, IndexId c) { calls(pointers(list, first, last), t, r, c); });
            return;
        }
        for (size_t n = first; n <= last; ++n) {
            const Instr& instr = std::get<Instr>(list[n].v);
            loc_ = list[n].loc;
            if (!instr.when_negative.empty()) {
                size_t end = n;
                while (end < last && std::get<Instr>(list[end + 1].v).when_negative == instr.when_negative) ++end;
                tiles(section, row_, col_, false,
                      [&](IndexId t, IndexId r, IndexId c) { calls(pointers(list, n, end), t, r, c); });
                n = end;
                continue;
            }
            if (!instr.each.empty()) {
                tiles(section, row_, col_, false,
                      [&](IndexId t, IndexId r, IndexId c) { fold(instr, t, r, c, list[n].loc); });
                continue;
            }
            if (tensix::op_row(instr.op).kind == tensix::OpKind::Reduce && instr.k_tiles) {
                tiles(section, row_, col_, false,
                      [&](IndexId t, IndexId r, IndexId c) { reduce(instr, t, r, c, list[n].loc); });
                continue;
            }
            if (instr.k_tiles) {
                loop("k", instr.k_tiles, 1, [&](IndexId k) { matmul(instr, k); });
                continue;
            }
            auto moves = [](const placed::TileIndex& index) { return index.row_step || index.col_step; };
            const bool flat =
                std::all_of(instr.tiles.begin(), instr.tiles.end(),
                            [](const placed::TileOperand& t) {
                                return t.access == Access::Full && !t.tiles.by_columns && !t.tiles.is_part();
                            }) &&
                std::none_of(instr.args.begin(), instr.args.end(), moves);
            tiles(section, row_, col_, flat,
                  [&](IndexId t, IndexId r, IndexId c) { call(instr, t, r, c, list[n].loc); });
        }
    }

    // All tiles of a row (column) of the operand into one tile of the result.
    void reduce(const Instr& instr, IndexId t, IndexId row, IndexId col, LocId loc) {
        const bool to_col = tensix::op_row(instr.op).reduce_shape == tensix::ReduceShape::Col;
        loop("k", instr.k_tiles, 1, [&](IndexId k) {
            const Tiles& data = instr.tiles[0].tiles;
            prog::Call out;
            out.op = instr.op;
            out.channels = {data.channel, instr.tiles[1].tiles.channel};
            out.tiles = {to_col ? tile_of(data, row, k) : tile_of(data, k, col), index_.constant(0)};
            out.dst = {index_.add(index_.constant(instr.registers[0].slot), t)};
            loc_ = loc;
            add(std::move(out), Engine::Compute);
        });
    }

    // The first tile of the operand is made where the result is to be, the others beside it.
    void fold(const Instr& instr, IndexId t, IndexId row, IndexId col, LocId loc) {
        auto make = [&](IndexId k, const placed::Register* in_place) {
            IndexId r = row, c = col;
            if (instr.shape == tensix::ReduceShape::Col) c = k;
            if (instr.shape == tensix::ReduceShape::Row) r = k;
            if (instr.shape == tensix::ReduceShape::Scalar) {
                r = index_.floordiv(k, index_.constant(instr.k_cols));
                c = index_.floormod(k, index_.constant(instr.k_cols));
            }
            std::vector<Instr> each = instr.each;
            std::vector<const Instr*> list;
            for (Instr& one : each) {
                if (in_place)
                    for (placed::Register& reg : one.registers)
                        if (reg.slot == instr.registers[1].slot) reg = *in_place;
                list.push_back(&one);
            }
            loc_ = loc;
            calls(list, t, r, c);
        };
        make(index_.constant(0), &instr.registers[0]);
        loop_from_1("k", instr.k_tiles, [&](IndexId k) {
            make(k, nullptr);
            call(instr, t, row, col, loc);
        });
    }

    void call(const Instr& instr, IndexId t, IndexId row, IndexId col, LocId loc) {
        prog::Call out;
        out.op = instr.op;
        out.params = instr.params;
        if (instr.op == tensix::OpCode::cumsum_tile) out.params = {!scan_goes_on_};
        for (const placed::TileIndex& arg : instr.args)
            out.args.push_back(value_of(arg, row, col)), out.bits = arg.bits;
        for (const placed::TileOperand& operand : instr.tiles) {
            out.channels.push_back(operand.tiles.channel);
            switch (operand.access) {
                case Access::Full:
                    out.tiles.push_back(tile_of(operand.tiles, row, col));
                    break;
                case Access::Row:
                    out.tiles.push_back(tile_of(operand.tiles, index_.constant(0), col));
                    break;
                case Access::Col:
                    out.tiles.push_back(tile_of(operand.tiles, row, index_.constant(0)));
                    break;
                case Access::Scalar:
                    out.tiles.push_back(tile_of(operand.tiles, index_.constant(0), index_.constant(0)));
                    break;
            }
        }
        for (const placed::Register& reg : instr.registers) {
            const IndexId slot = index_.constant(reg.slot);
            out.dst.push_back(reg.per_tile ? index_.add(slot, t) : slot);
        }
        loc_ = loc;
        add(std::move(out), Engine::Compute);
    }

    // One step of an outer product: a column of in0's tiles times a row of in1's.
    void matmul(const Instr& instr, IndexId k) {
        const Tiles &a = instr.tiles[0].tiles, &b = instr.tiles[1].tiles;
        prog::Call out;
        out.op = instr.op;
        out.params = instr.params;
        out.channels = {a.channel, b.channel};
        out.tiles = {tile_of(a, row_, k), b.by_columns ? tile_of(b, col_, k) : tile_of(b, k, col_)};
        out.dst = {index_.constant(instr.registers[0].slot)};
        add(std::move(out), Engine::Compute);
    }

    Context& ctx_;
    IndexArena& index_;
    const graph::Launch& launch_;
    const LaunchResources& resources_;
    const WorkSplit& split_;
    const std::vector<TensorLayout>& layouts_;
    const tensix::DeviceSpec& device_;
    std::map<VarId, IndexId> first_;  // of a rectangle's two axes: where a core's part begins
    std::vector<IndexId> control_;    // what decides whether and how often the current step runs, within a block
    std::vector<prog::Op>* ops_ = nullptr;
    std::map<std::tuple<std::string, int64_t, int64_t>, VarId> vars_;
    const Section* section_ = nullptr;       // being written
    const placed::Loop* summing_ = nullptr;  // loop whose sections switch the packer's mode themselves
    IndexId row_, col_;                      // of the current subblock
    bool scan_goes_on_ = false;              // from the tile above
    bool writes_ = false, multicasts_ = false;
    LocId loc_;
    std::vector<Diagnostic> errors_;
};

}  // namespace
}  // namespace scheduling

Result<TensixProgram> schedule(const TileGraph& graph, const ResourcePlan& resources, const MappingPlan& mapping,
                               const Target& target) {
    TensixProgram program;
    program.ctx = graph.ctx;
    program.mapping = mapping;
    std::vector<Diagnostic> errors;
    for (size_t i = 0; i < graph.launches.size(); ++i) {
        auto launch = scheduling::LaunchScheduler(program.ctx, graph.launches[i], resources.launches[i],
                                                  mapping.launches[i], mapping.layouts, target)
                          .run();
        if (launch)
            program.launches.push_back(launch.take());
        else
            errors.insert(errors.end(), launch.diagnostics().begin(), launch.diagnostics().end());
    }
    if (errors.empty()) errors = verify_schedule(program, target);
    if (!errors.empty()) return errors;
    return program;
}

}  // namespace tilelang_tt
