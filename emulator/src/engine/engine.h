// The compute engine of one Tensix core: unpacker, matrix unit, vector unit, DST and packer, with the state that
// compute kernels set up and the checks that the chip lacks.
//
// Checked at every call, reported through fault(): formats of SrcA, SrcB and the packer against the circular buffer's;
// the operation that the last init set up; pages waited for and reserved; DST slots and the acquire, commit, wait,
// release sequence; constants of the vector unit; what a DST slot holds. Time: three clocks of the Risc; the matrix
// unit waits for operands (the unpacker runs at most two operand sets ahead), the packer for commits, acquire for
// releases.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "core.h"
#include "engine/costs.h"
#include "engine/fpu.h"
#include "engine/pack.h"
#include "engine/sfpu.h"
#include "engine/unpack.h"

namespace tt_emulator {

enum class Pool : uint8_t { Sum = 0, Avg = 1, Max = 2, Min = 3 };
enum class ReduceDim : uint8_t { Row = 0, Column = 1, Scalar = 2 };
enum class Broadcast : uint8_t { None = 0, Column = 1, Row = 2, Scalar = 3 };

// What unpacker and matrix unit are set up for.
struct Setup {
    enum class Kind : uint8_t {
        None,
        Copy,
        Binary,
        BinaryReuse,
        Matmul,
        Reduce,
        UnaryBroadcast,
        Transpose,
        TransposeDest,
        Tilize,
        PackUntilize,
    } kind = Kind::None;
    uint32_t op = 0;       // TtFpuOp
    uint32_t variant = 0;  // Broadcast, reuse side or Pool
    uint32_t dim = 0;      // ReduceDim
    bool accumulate = false;
    bool transpose = false;  // copy: faces; matmul: in1
    bool within_face = false;
    uint32_t ct = 1, rt = 1, kt = 1;
    uint32_t cb = 0;  // for messages
};

class ComputeEngine {
  public:
    ComputeEngine(Core& core, const ComputeConfig& config);

    void startup(uint32_t srca, uint32_t srcb, uint32_t out);
    void reconfigure(uint32_t old_a, uint32_t new_a, uint32_t old_b, uint32_t new_b);
    void reconfigure_pack(uint32_t old_cb, uint32_t new_cb);
    void set_l1_accumulate(bool enable);
    void set_relu(uint32_t mode, uint32_t threshold);

    void acquire();
    void commit();
    void wait();
    void release();

    void copy_init(uint32_t cb, bool transpose_faces, bool transpose_within_face);
    void copy(uint32_t cb, uint32_t first, uint32_t dst, uint32_t count);
    void transpose_init(uint32_t cb);
    void transpose(uint32_t cb, uint32_t first, uint32_t dst, uint32_t count);
    void transpose_dest_init(bool is_32bit, bool transpose_faces);
    void transpose_dest(uint32_t dst, bool is_32bit, bool transpose_faces);
    void pack(uint32_t dst, uint32_t cb, uint32_t count, bool out_of_order, uint32_t index);

    void matmul_init(uint32_t in0, uint32_t in1, bool transpose, uint32_t ct, uint32_t rt, uint32_t kt);
    void matmul(uint32_t in0, uint32_t in1, uint32_t in0_tile, uint32_t in1_tile, uint32_t dst, uint32_t ct,
                uint32_t rt, uint32_t kt, bool block);
    void binary_init(uint32_t op, Broadcast broadcast, uint32_t a, uint32_t b, bool accumulate);
    void binary(uint32_t op, Broadcast broadcast, uint32_t a, uint32_t b, uint32_t a_tile, uint32_t b_tile,
                uint32_t dst, uint32_t count, uint32_t bcast_row);
    void binary_reuse_init(uint32_t op, uint32_t reuse, uint32_t cb);
    void binary_reuse(uint32_t op, uint32_t reuse, uint32_t cb, uint32_t tile, uint32_t dst);
    void unary_bcast_init(Broadcast broadcast, uint32_t cb);
    void unary_bcast(Broadcast broadcast, uint32_t cb, uint32_t tile, uint32_t dst);
    void reduce_init(Pool pool, ReduceDim dim, uint32_t in, uint32_t scaler, uint32_t out);
    void reduce(Pool pool, ReduceDim dim, uint32_t in, uint32_t scaler, uint32_t tile, uint32_t scaler_tile,
                uint32_t dst, uint32_t count);
    void reduce_uninit();

    void tilize_init(uint32_t in, uint32_t block, uint32_t out);
    void tilize_block(uint32_t in, uint32_t block, uint32_t out, uint32_t in_tile, uint32_t out_tile);
    void tilize_uninit(uint32_t in, uint32_t out);
    void pack_untilize_init(uint32_t in, uint32_t out, uint32_t block_ct, uint32_t full_ct);
    void pack_untilize_block(uint32_t in, uint32_t rows, uint32_t out, uint32_t block_ct, uint32_t full_ct,
                             uint32_t block_column);
    void pack_untilize_uninit(uint32_t out);
    void pack_untilize_dest_init(uint32_t out, uint32_t block_ct, uint32_t full_ct);
    void pack_untilize_dest(uint32_t out, uint32_t rows, uint32_t block_ct, uint32_t full_ct, uint32_t block_column,
                            uint32_t dst);

    void sfpu_init(uint32_t op, uint32_t p0);
    void sfpu_unary(uint32_t op, uint32_t dst, uint32_t vector_mode, uint32_t p0, uint32_t p1, uint32_t p2);
    void sfpu_binary(uint32_t op, uint32_t a, uint32_t b, uint32_t out, uint32_t vector_mode, uint32_t p0);
    void sfpu_ternary(uint32_t op, uint32_t a, uint32_t b, uint32_t c, uint32_t out, uint32_t p0);
    void sfpu_bcast(uint32_t op, Broadcast broadcast, uint32_t data, uint32_t vector);
    void sfpu_reduce(Pool pool, ReduceDim dim, uint32_t format, uint32_t dst, uint32_t ct, uint32_t rt);

  private:
    struct alignas(64) Slot {
        uint32_t words[tensix::kTileElements] = {};
        uint64_t written = 0;  // rows of 16 elements written since acquire; the others read as zero
        sfpu::Content content = sfpu::Content::Empty;
        PackMask reduced = PackMask::None;  // what a reduce left here: only that part is meaningful
        fpu::DstWidth width = fpu::DstWidth::Fp32;
    };
    // Half of DST (all of it with full sync), handed from math to pack.
    struct Section {
        std::vector<Slot> slots;
        Cycles free_at = 0, ready_at = 0;
    };

    // --- checks ---
    CircularBuffer& buffer(uint32_t cb, const char* what);
    void require_started(const char* what) const;
    void require_source(uint32_t cb, bool srca, const char* what);
    void require_pack(uint32_t cb, const char* what);
    void require_setup(const Setup& wanted, const char* what, const char* fix) const;
    void require_same_exponents(uint32_t a, uint32_t b, const char* what);
    void require_floats(uint32_t cb, const char* what);
    Slot& sfpu_slot(uint32_t op, uint32_t dst, bool pack_thread = false);
    void require_sfpu(uint32_t op) const;
    Slot& math_slot(uint32_t dst, const char* what);
    Slot& pack_slot(uint32_t dst, const char* what);
    uint32_t capacity() const { return static_cast<uint32_t>(sections_[0].slots.size()); }

    // --- data ---
    fpu::DstWidth width_for(const SourceLayout& layout) const;
    fpu::DstWidth sfpu_width() const;
    static void fill_unwritten(Slot& slot);
    // Marks a whole slot as written by an operation with this kind of result.
    static void mark(Slot& slot, sfpu::Content content, fpu::DstWidth width);
    SourceLayout layout_of(const CircularBuffer& cb) const {
        return source_layout(cb.format, config_.fp32_dest_acc_en);
    }
    bool to_dest(const CircularBuffer& cb) const;
    uint32_t phases() const;
    void unpack_tile(uint32_t cb, uint32_t tile, const char* what, fpu::SrcTile& out);
    void elementwise(uint32_t op, const fpu::SrcTile& a, const fpu::SrcTile& b, Slot& slot, bool accumulate);
    void copy_tile_to(Slot& slot, const CircularBuffer& cb, const std::byte* page, bool faces, bool within_face);
    void reduce_tile(Pool pool, ReduceDim dim, const fpu::SrcTile& data, const fpu::SrcTile& scaler, Slot& slot);
    PackSettings pack_settings(const CircularBuffer& cb, const Slot& slot) const;
    void check_packable(const Slot& slot, uint32_t index, const CircularBuffer& cb, const char* what) const;
    void untilize_tiles(const CircularBuffer& out, std::byte* rows, uint32_t first_slot, uint32_t block_ct,
                        uint32_t full_ct, uint32_t block_column);

    // --- time ---
    void spend(Engine engine, double cycles);
    // An operation that unpacks (cycles) and then computes (cycles).
    void run(double unpack_cycles, double math_cycles);
    double unpack_cost(const CircularBuffer& a) const;
    double unpack_cost(const CircularBuffer& a, const CircularBuffer& b) const;
    double pack_cost(const CircularBuffer& cb) const;
    void sfpu_run(uint32_t op, bool approximate, uint32_t faces, bool pack_thread = false);

    Core& core_;
    ComputeConfig config_;
    const Costs& costs_;

    bool started_ = false;
    uint32_t srca_cb_ = 0, srcb_cb_ = 0, pack_cb_ = 0;  // whose formats are configured
    DataFormat srca_ = DataFormat::Invalid, srcb_ = DataFormat::Invalid, pack_ = DataFormat::Invalid;
    Setup setup_;
    PackMask pack_mask_ = PackMask::None;
    bool l1_accumulate_ = false;
    Relu relu_ = Relu::Off;
    float relu_threshold_ = 0.0f;
    bool tilizing_ = false;         // from tilize_init to tilize_uninit, whatever else is initialised between them
    bool pack_untilizing_ = false;  // likewise
    uint32_t untilize_block_ct_ = 0, untilize_full_ct_ = 0;

    bool sfpu_ready_ = false;
    uint32_t sfpu_constants_ = TT_SFPU_GENERAL;
    uint32_t sfpu_parameter_ = 0;
    uint32_t reduced_dim_ = kTtNone;  // of the sfpu_reduce calls since the last init

    std::vector<Section> sections_;
    uint32_t math_section_ = 0, pack_section_ = 0;
    uint32_t committed_ = 0;  // sections committed and not yet released, the waited one included
    bool acquired_ = false, waited_ = false;

    std::array<Cycles, 2> source_free_at_{};  // per bank of SrcA/SrcB
    uint32_t source_bank_ = 0;

    std::array<float, 32> cumsum_carry_{};
    uint32_t random_ = 1;

    std::vector<fpu::FloatTile> in0_, in1_;      // operands of a matmul block, fast
    std::vector<fpu::SrcTile> exact0_, exact1_;  // exact
};

}  // namespace tt_emulator
