#include "compiler/map/integer_gemm.h"

#include <string>
#include <vector>

#include "compiler/ir/walk.h"

namespace tilelang_tt {
namespace {

using tensix::TileFn;

// The largest |ah·bl + al·bh| of one element of K is 2 · 15 · 15.
constexpr int64_t kMaxK = (int64_t(1) << 24) / 450;

class Splitter {
  public:
    Splitter(TileProgram& program, tile::Launch& launch)
        : program_(program), ctx_(program.ctx), index_(program.ctx.index), launch_(launch) {}

    void run(tile::Region& region) {
        std::vector<tile::Op> out;
        for (tile::Op& op : region.ops) {
            if (auto* loop = std::get_if<tile::For>(&op.v)) run(loop->body);
            if (auto* branch = std::get_if<tile::If>(&op.v)) run(branch->then), run(branch->otherwise);
            const auto* gemm = std::get_if<tile::Gemm>(&op.v);
            if (gemm && applies(*gemm))
                split(*gemm, op.loc, out);
            else
                out.push_back(std::move(op));
        }
        region.ops = std::move(out);
    }

  private:
    DType dtype(Ref ref) const {
        return ref.is_tensor() ? ctx_.tensor(ref.tensor).dtype : launch_.buffers[ref.buffer.v].dtype;
    }
    const std::string& name(Ref ref) const {
        return ref.is_tensor() ? ctx_.tensor(ref.tensor).name : launch_.buffers[ref.buffer.v].name;
    }
    // Of the last two dimensions.
    int64_t rows(const Access& access) const {
        return index_.as_const(access.extent[access.extent.size() - 2]).value_or(0);
    }
    int64_t cols(const Access& access) const { return index_.as_const(access.extent.back()).value_or(0); }

    bool applies(const tile::Gemm& gemm) const {
        for (const Access* operand : {&gemm.a, &gemm.b})
            if (const DType type = dtype(operand->ref); type != DType::I8 && type != DType::U8) return false;
        const int64_t k = gemm.trans_a ? rows(gemm.a) : cols(gemm.a);
        if (dtype(gemm.c.ref) != DType::I32 || k < 1 || k >= kMaxK) return false;
        for (const Access* operand : {&gemm.a, &gemm.b, &gemm.c})
            if (rows(*operand) < 1 || cols(*operand) < 1) return false;
        return true;
    }

    struct Lanes {
        tile::Map map;
        IndexId row, col;
        std::vector<IndexId> own() const { return {row, col}; }
    };
    Lanes lanes_over(int64_t rows, int64_t cols) {
        Lanes out;
        for (const auto& [name, extent] : {std::pair("r", rows), std::pair("c", cols)}) {
            out.map.vars.push_back(index_.new_var({.name = name, .kind = VarKind::Lane, .lo = 0, .hi = extent - 1}));
            out.map.extents.push_back(index_.constant(extent));
        }
        out.row = index_.of(out.map.vars[0]);
        out.col = index_.of(out.map.vars[1]);
        return out;
    }
    // The element of a block that the lanes stand for.
    std::vector<IndexId> element(const Access& block, const Lanes& lanes) {
        std::vector<IndexId> out = block.offset;
        out[out.size() - 2] = index_.add(out[out.size() - 2], lanes.row);
        out.back() = index_.add(out.back(), lanes.col);
        return out;
    }

    Access buffer(const std::string& name, DType type, int64_t rows, int64_t cols, LocId loc) {
        std::string unique = name;
        for (int n = 1; taken(unique); ++n) unique = name + "_" + std::to_string(n);
        launch_.buffers.push_back({unique, type, {rows, cols}, tile::Scope::Fragment, loc});
        const IndexId zero = index_.constant(0);
        return {
            {{}, BufferId(launch_.buffers.size() - 1)}, {zero, zero}, {index_.constant(rows), index_.constant(cols)}};
    }
    bool taken(const std::string& name) const {
        for (const tile::Buffer& buffer : launch_.buffers)
            if (buffer.name == name) return true;
        return false;
    }

    struct Halves {
        Access high, low;
    };
    Halves halves(const Access& operand, LocId loc, std::vector<tile::Op>& out) {
        const DType type = dtype(operand.ref);
        Lanes lanes = lanes_over(rows(operand), cols(operand));
        const LaneId x = ctx_.lanes.read(type, operand.ref, element(operand, lanes));
        const auto half = [&](const char* suffix, TileFn fn, double by) {
            const Access made = buffer(name(operand.ref) + suffix, DType::BF16, rows(operand), cols(operand), loc);
            tile::Store store;
            store.ref = made.ref;
            store.indices = lanes.own();
            store.value = ctx_.lanes.apply(TileFn::Cast, DType::BF16,
                                           ctx_.lanes.apply(fn, type, x, ctx_.lanes.constant(type, by)));
            store.loc = loc;
            lanes.map.stores.push_back(std::move(store));
            return made;
        };
        Halves both{half("_high", TileFn::ShiftRight, 4), half("_low", TileFn::BitAnd, 15)};
        out.push_back({std::move(lanes.map), loc});
        return both;
    }

    void split(const tile::Gemm& gemm, LocId loc, std::vector<tile::Op>& out) {
        const Halves a = halves(gemm.a, loc, out), b = halves(gemm.b, loc, out);
        const int64_t m = rows(gemm.c), n = cols(gemm.c);
        const auto sum = [&](const char* suffix) { return buffer(name(gemm.c.ref) + suffix, DType::F32, m, n, loc); };
        const Access high = sum("_high"), middle = sum("_middle"), low = sum("_low");
        const auto product = [&](const Access& x, const Access& y, const Access& c, bool clear) {
            out.push_back({tile::Gemm{x, y, c, gemm.trans_a, gemm.trans_b, clear}, loc});
        };
        product(a.high, b.high, high, true);
        product(a.high, b.low, middle, true);
        product(a.low, b.high, middle, false);
        product(a.low, b.low, low, true);

        Lanes lanes = lanes_over(m, n);
        LaneArena& arena = ctx_.lanes;
        const auto part = [&](const Access& sum, int shift) {
            const LaneId value = arena.apply(TileFn::Cast, DType::I32, arena.read(DType::F32, sum.ref, lanes.own()));
            return shift == 0 ? value
                              : arena.apply(TileFn::ShiftLeft, DType::I32, value, arena.constant(DType::I32, shift));
        };
        LaneId value = arena.apply(TileFn::Add, DType::I32, part(high, 8), part(middle, 4));
        value = arena.apply(TileFn::Add, DType::I32, value, part(low, 0));
        tile::Store store;
        store.ref = gemm.c.ref;
        store.indices = element(gemm.c, lanes);
        if (!gemm.clear)
            value = arena.apply(TileFn::Add, DType::I32, arena.read(DType::I32, store.ref, store.indices), value);
        store.value = value;
        store.loc = loc;
        lanes.map.stores.push_back(std::move(store));
        out.push_back({std::move(lanes.map), loc});
        remark(gemm, loc);
    }

    void remark(const tile::Gemm& gemm, LocId loc) {
        Diagnostic note{
            Severity::Note,
            "TT2097",
            "T.gemm of " + std::string(to_string(dtype(gemm.a.ref))) +
                " is done as four products of 4-bit halves, which are exact; -fidelity=LoFi suffices for them",
            {ctx_.loc(loc)},
            {},
            {},
            {}};
        for (const Diagnostic& known : program_.remarks)
            if (known == note) return;
        program_.remarks.push_back(std::move(note));
    }

    TileProgram& program_;
    Context& ctx_;
    IndexArena& index_;
    tile::Launch& launch_;
};

}  // namespace

TileProgram split_integer_gemms(const TileProgram& program) {
    TileProgram out = program;
    for (tile::Launch& launch : out.launches) Splitter(out, launch).run(launch.body);
    return out;
}

}  // namespace tilelang_tt
