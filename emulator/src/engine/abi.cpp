// The functions of compute_abi.h: set the call's place, then act on the running core's engine.
#include "tt_emulator/compute_abi.h"

#include "core.h"
#include "engine/engine.h"

using namespace tt_emulator;

#define TT_ABI extern "C" __attribute__((visibility("default")))

namespace {

ComputeEngine& engine(TtSite at) {
    Risc& risc = current_risc();
    risc.at(at.file, at.line);
    if (risc.core->engine == nullptr)
        fault(FaultKind::Usage, "a compute call in a kernel that does not run on the compute processors");
    return *risc.core->engine;
}

}  // namespace

TT_ABI void tt_compute_startup(uint32_t srca, uint32_t srcb, uint32_t out, TtSite at) {
    engine(at).startup(srca, srcb, out);
}
TT_ABI void tt_reconfig_format(uint32_t old_a, uint32_t new_a, uint32_t old_b, uint32_t new_b, TtSite at) {
    engine(at).reconfigure(old_a, new_a, old_b, new_b);
}
TT_ABI void tt_pack_reconfig_format(uint32_t old_cb, uint32_t new_cb, TtSite at) {
    engine(at).reconfigure_pack(old_cb, new_cb);
}
// Restores the packer's addressing for whole tiles; formats stay.
TT_ABI void tt_pack_init(uint32_t cb, TtSite at) { engine(at).pack_untilize_uninit(cb); }
TT_ABI void tt_pack_l1_acc(uint32_t enable, TtSite at) { engine(at).set_l1_accumulate(enable != 0); }
TT_ABI void tt_pack_relu(uint32_t mode, uint32_t threshold, TtSite at) { engine(at).set_relu(mode, threshold); }

TT_ABI void tt_tile_regs_acquire(TtSite at) { engine(at).acquire(); }
TT_ABI void tt_tile_regs_commit(TtSite at) { engine(at).commit(); }
TT_ABI void tt_tile_regs_wait(TtSite at) { engine(at).wait(); }
TT_ABI void tt_tile_regs_release(TtSite at) { engine(at).release(); }

TT_ABI void tt_copy_init(uint32_t cb, uint32_t faces, uint32_t within_face, TtSite at) {
    engine(at).copy_init(cb, faces != 0, within_face != 0);
}
TT_ABI void tt_copy(uint32_t cb, uint32_t first, uint32_t dst, uint32_t count, TtSite at) {
    engine(at).copy(cb, first, dst, count);
}
TT_ABI void tt_transpose_init(uint32_t cb, TtSite at) { engine(at).transpose_init(cb); }
TT_ABI void tt_transpose(uint32_t cb, uint32_t first, uint32_t dst, uint32_t count, TtSite at) {
    engine(at).transpose(cb, first, dst, count);
}
TT_ABI void tt_transpose_dest_init(uint32_t is_32bit, uint32_t faces, TtSite at) {
    engine(at).transpose_dest_init(is_32bit != 0, faces != 0);
}
TT_ABI void tt_transpose_dest(uint32_t dst, uint32_t is_32bit, uint32_t faces, TtSite at) {
    engine(at).transpose_dest(dst, is_32bit != 0, faces != 0);
}
TT_ABI void tt_pack(uint32_t dst, uint32_t cb, uint32_t count, uint32_t out_of_order, uint32_t index, TtSite at) {
    engine(at).pack(dst, cb, count, out_of_order != 0, index);
}

TT_ABI void tt_matmul_init(uint32_t in0, uint32_t in1, uint32_t transpose, uint32_t ct, uint32_t rt, uint32_t kt,
                           TtSite at) {
    engine(at).matmul_init(in0, in1, transpose != 0, ct, rt, kt);
}
TT_ABI void tt_matmul(uint32_t in0, uint32_t in1, uint32_t in0_tile, uint32_t in1_tile, uint32_t dst, uint32_t ct,
                      uint32_t rt, uint32_t kt, uint32_t block, TtSite at) {
    engine(at).matmul(in0, in1, in0_tile, in1_tile, dst, ct, rt, kt, block != 0);
}
TT_ABI void tt_binary_init(uint32_t op, uint32_t bcast, uint32_t a, uint32_t b, uint32_t accumulate, TtSite at) {
    engine(at).binary_init(op, static_cast<Broadcast>(bcast), a, b, accumulate != 0);
}
TT_ABI void tt_binary(uint32_t op, uint32_t bcast, uint32_t a, uint32_t b, uint32_t a_tile, uint32_t b_tile,
                      uint32_t dst, uint32_t count, uint32_t bcast_row, TtSite at) {
    engine(at).binary(op, static_cast<Broadcast>(bcast), a, b, a_tile, b_tile, dst, count, bcast_row);
}
TT_ABI void tt_binary_reuse_init(uint32_t op, uint32_t reuse, uint32_t cb, TtSite at) {
    engine(at).binary_reuse_init(op, reuse, cb);
}
TT_ABI void tt_binary_reuse(uint32_t op, uint32_t reuse, uint32_t cb, uint32_t tile, uint32_t dst, TtSite at) {
    engine(at).binary_reuse(op, reuse, cb, tile, dst);
}
TT_ABI void tt_unary_bcast_init(uint32_t bcast, uint32_t cb, TtSite at) {
    engine(at).unary_bcast_init(static_cast<Broadcast>(bcast), cb);
}
TT_ABI void tt_unary_bcast(uint32_t bcast, uint32_t cb, uint32_t tile, uint32_t dst, TtSite at) {
    engine(at).unary_bcast(static_cast<Broadcast>(bcast), cb, tile, dst);
}
TT_ABI void tt_reduce_init(uint32_t pool, uint32_t dim, uint32_t in, uint32_t scaler, uint32_t out, TtSite at) {
    engine(at).reduce_init(static_cast<Pool>(pool), static_cast<ReduceDim>(dim), in, scaler, out);
}
TT_ABI void tt_reduce(uint32_t pool, uint32_t dim, uint32_t in, uint32_t scaler, uint32_t tile, uint32_t scaler_tile,
                      uint32_t dst, uint32_t count, TtSite at) {
    engine(at).reduce(static_cast<Pool>(pool), static_cast<ReduceDim>(dim), in, scaler, tile, scaler_tile, dst, count);
}
TT_ABI void tt_reduce_uninit(TtSite at) { engine(at).reduce_uninit(); }

TT_ABI void tt_tilize_init(uint32_t in, uint32_t block, uint32_t out, TtSite at) {
    engine(at).tilize_init(in, block, out);
}
TT_ABI void tt_tilize_block(uint32_t in, uint32_t block, uint32_t out, uint32_t in_tile, uint32_t out_tile, TtSite at) {
    engine(at).tilize_block(in, block, out, in_tile, out_tile);
}
TT_ABI void tt_tilize_uninit(uint32_t in, uint32_t out, TtSite at) { engine(at).tilize_uninit(in, out); }
TT_ABI void tt_pack_untilize_init(uint32_t in, uint32_t out, uint32_t block_ct, uint32_t full_ct, TtSite at) {
    engine(at).pack_untilize_init(in, out, block_ct, full_ct);
}
TT_ABI void tt_pack_untilize_block(uint32_t in, uint32_t rows, uint32_t out, uint32_t block_ct, uint32_t full_ct,
                                   uint32_t block_column, TtSite at) {
    engine(at).pack_untilize_block(in, rows, out, block_ct, full_ct, block_column);
}
TT_ABI void tt_pack_untilize_uninit(uint32_t out, TtSite at) { engine(at).pack_untilize_uninit(out); }
TT_ABI void tt_pack_untilize_dest_init(uint32_t out, uint32_t block_ct, uint32_t full_ct, TtSite at) {
    engine(at).pack_untilize_dest_init(out, block_ct, full_ct);
}
TT_ABI void tt_pack_untilize_dest(uint32_t out, uint32_t rows, uint32_t block_ct, uint32_t full_ct,
                                  uint32_t block_column, uint32_t dst, TtSite at) {
    engine(at).pack_untilize_dest(out, rows, block_ct, full_ct, block_column, dst);
}

TT_ABI void tt_sfpu_init(uint32_t op, uint32_t p0, TtSite at) { engine(at).sfpu_init(op, p0); }
TT_ABI void tt_sfpu_unary(uint32_t op, uint32_t dst, uint32_t vector_mode, uint32_t p0, uint32_t p1, uint32_t p2,
                          TtSite at) {
    engine(at).sfpu_unary(op, dst, vector_mode, p0, p1, p2);
}
TT_ABI void tt_sfpu_binary(uint32_t op, uint32_t a, uint32_t b, uint32_t out, uint32_t vector_mode, uint32_t p0,
                           TtSite at) {
    engine(at).sfpu_binary(op, a, b, out, vector_mode, p0);
}
TT_ABI void tt_sfpu_ternary(uint32_t op, uint32_t a, uint32_t b, uint32_t c, uint32_t out, uint32_t p0, TtSite at) {
    engine(at).sfpu_ternary(op, a, b, c, out, p0);
}
TT_ABI void tt_sfpu_bcast(uint32_t op, uint32_t bcast, uint32_t data, uint32_t vector, TtSite at) {
    engine(at).sfpu_bcast(op, static_cast<Broadcast>(bcast), data, vector);
}
TT_ABI void tt_sfpu_reduce(uint32_t pool, uint32_t dim, uint32_t format, uint32_t dst, uint32_t ct, uint32_t rt,
                           TtSite at) {
    engine(at).sfpu_reduce(static_cast<Pool>(pool), static_cast<ReduceDim>(dim), format, dst, ct, rt);
}

TT_ABI uint32_t tt_read_tile_value(uint32_t cb, uint32_t tile, uint32_t element, TtSite at) {
    Risc& risc = current_risc();
    risc.at(at.file, at.line);
    const std::byte* page = front_page(*risc.core, cb, tile, "read_tile_value");
    const uint32_t page_size = risc.core->cbs[cb].page_size;
    if (uint64_t(element) * 4 + 4 > page_size)
        fault(FaultKind::OutOfBounds, "read_tile_value: word %u lies outside the page of %s (%u bytes)", element,
              describe(risc.core->cbs[cb]).c_str(), page_size);
    return reinterpret_cast<const volatile uint32_t*>(page)[element];
}
TT_ABI uint32_t tt_get_tile_address(uint32_t cb, uint32_t tile, TtSite at) {
    Risc& risc = current_risc();
    risc.at(at.file, at.line);
    return static_cast<uint32_t>(reinterpret_cast<uintptr_t>(front_page(*risc.core, cb, tile, "get_tile_address")));
}
