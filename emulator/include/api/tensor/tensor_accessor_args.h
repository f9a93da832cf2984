// Where a tensor accessor's description lies among the compile-time (and common runtime) arguments. The layout is
// TT-Metalium's, so what the host's TensorAccessorArgs writes is read here:
//   config word, aligned page size, and for sharded tensors rank, banks, tensor shape, shard shape, bank coordinates.
#pragma once

#include "tt_emulator/kernel_common.h"

namespace tensor_accessor {

enum class ArgConfig : uint8_t {
    None = 0,
    Sharded = 1 << 0,
    IsDram = 1 << 1,
    RuntimeRank = 1 << 2,
    RuntimeNumBanks = 1 << 3,
    RuntimeTensorShape = 1 << 4,
    RuntimeShardShape = 1 << 5,
    RuntimeBankCoords = 1 << 6,
    RuntimePageSize = 1 << 7,
};
inline constexpr uint32_t UNKNOWN = 0xffffffff;
inline constexpr uint32_t MAX_RANK = 8;
inline constexpr uint32_t ShardContiguousBit = 1u << 31;

}  // namespace tensor_accessor

template <size_t CTA_OFFSET, size_t CRTA_OFFSET = tensor_accessor::UNKNOWN>
struct TensorAccessorArgs {
    static constexpr uint32_t config = get_compile_time_arg_val(CTA_OFFSET);
    static constexpr bool has(tensor_accessor::ArgConfig bit) { return (config & static_cast<uint32_t>(bit)) != 0; }
    static constexpr bool is_sharded = has(tensor_accessor::ArgConfig::Sharded);
    static constexpr bool is_dram = has(tensor_accessor::ArgConfig::IsDram);
    static constexpr bool rank_is_crta = has(tensor_accessor::ArgConfig::RuntimeRank);
    static constexpr bool num_banks_is_crta = has(tensor_accessor::ArgConfig::RuntimeNumBanks);
    static constexpr bool tensor_shape_is_crta = has(tensor_accessor::ArgConfig::RuntimeTensorShape);
    static constexpr bool shard_shape_is_crta = has(tensor_accessor::ArgConfig::RuntimeShardShape);
    static constexpr bool bank_coords_is_crta = has(tensor_accessor::ArgConfig::RuntimeBankCoords);
    static constexpr bool page_size_is_crta = has(tensor_accessor::ArgConfig::RuntimePageSize);

    static_assert(!is_sharded || !rank_is_crta || (tensor_shape_is_crta && shard_shape_is_crta),
                  "If rank is runtime, tensor_shape and shard_shape must also be runtime");
    static_assert(!is_sharded || !num_banks_is_crta || bank_coords_is_crta,
                  "If num_banks is runtime, bank_coords must also be runtime");
    static_assert(!is_sharded || !page_size_is_crta, "RuntimePageSize is not supported on sharded tensors");

    static constexpr uint32_t AlignedPageSize = [] {
        if constexpr (page_size_is_crta)
            return 0u;
        else
            return get_compile_time_arg_val(CTA_OFFSET + 1);
    }();
    static constexpr uint32_t RankCTAOffset = CTA_OFFSET + 2 - (page_size_is_crta ? 1 : 0);
    static constexpr uint32_t NumBanksCTAOffset = RankCTAOffset + (rank_is_crta ? 0 : 1);
    static constexpr uint32_t RankCT = [] {
        if constexpr (!is_sharded || rank_is_crta)
            return 0u;
        else
            return get_compile_time_arg_val(RankCTAOffset);
    }();
    static constexpr uint32_t NumBanksRawCT = [] {
        if constexpr (!is_sharded || num_banks_is_crta)
            return 0u;
        else
            return get_compile_time_arg_val(NumBanksCTAOffset);
    }();
    static constexpr uint32_t NumBanksCT = NumBanksRawCT & ~tensor_accessor::ShardContiguousBit;
    static constexpr uint32_t TensorShapeCTAOffset = NumBanksCTAOffset + (num_banks_is_crta ? 0 : 1);
    static constexpr uint32_t ShardShapeCTAOffset = TensorShapeCTAOffset + (tensor_shape_is_crta ? 0 : RankCT);
    static constexpr uint32_t BankCoordsCTAOffset = ShardShapeCTAOffset + (shard_shape_is_crta ? 0 : RankCT);
    static constexpr uint32_t NumArgsCT =
        is_sharded ? BankCoordsCTAOffset + (bank_coords_is_crta ? 0 : (NumBanksCT + 1) / 2) - CTA_OFFSET
                   : (page_size_is_crta ? 1u : 2u);

    constexpr TensorAccessorArgs() : crta_offset_rt_(0) {}
    constexpr explicit TensorAccessorArgs(uint32_t crta_offset) : crta_offset_rt_(crta_offset) {
        static_assert(CRTA_OFFSET == tensor_accessor::UNKNOWN, "Do not pass crta_offset when CRTA_OFFSET is known");
    }
    constexpr uint32_t crta_offset() const {
        return CRTA_OFFSET != tensor_accessor::UNKNOWN ? static_cast<uint32_t>(CRTA_OFFSET) : crta_offset_rt_;
    }
    constexpr uint32_t get_aligned_page_size() const {
        if constexpr (!page_size_is_crta)
            return AlignedPageSize;
        else
            return get_common_arg_val<uint32_t>(static_cast<int>(crta_offset()));
    }
    constexpr uint32_t num_banks_crta_offset() const { return crta_offset() + rank_is_crta; }
    constexpr uint32_t get_rank() const {
        if constexpr (!rank_is_crta)
            return RankCT;
        else
            return get_common_arg_val<uint32_t>(static_cast<int>(crta_offset()));
    }
    constexpr uint32_t num_banks_word() const {
        if constexpr (!num_banks_is_crta)
            return NumBanksRawCT;
        else
            return get_common_arg_val<uint32_t>(static_cast<int>(num_banks_crta_offset()));
    }
    constexpr uint32_t get_num_banks() const { return num_banks_word() & ~tensor_accessor::ShardContiguousBit; }
    constexpr bool resolve_shard_contiguous() const {
        return (num_banks_word() & tensor_accessor::ShardContiguousBit) != 0;
    }
    constexpr uint32_t get_physical_num_banks() const { return (get_num_banks() + 1) / 2; }
    constexpr uint32_t tensor_shape_crta_offset() const { return num_banks_crta_offset() + num_banks_is_crta; }
    constexpr uint32_t shard_shape_crta_offset() const {
        return tensor_shape_crta_offset() + (tensor_shape_is_crta ? get_rank() : 0);
    }
    constexpr uint32_t bank_coords_crta_offset() const {
        return shard_shape_crta_offset() + (shard_shape_is_crta ? get_rank() : 0);
    }

    static constexpr uint32_t num_compile_time_args() { return NumArgsCT; }
    static constexpr uint32_t next_compile_time_args_offset() { return CTA_OFFSET + NumArgsCT; }
    constexpr uint32_t num_common_runtime_args() const {
        if constexpr (!is_sharded)
            return page_size_is_crta ? 1 : 0;
        else
            return bank_coords_crta_offset() + (bank_coords_is_crta ? get_physical_num_banks() : 0) - crta_offset();
    }
    constexpr uint32_t next_common_runtime_args_offset() const { return crta_offset() + num_common_runtime_args(); }

  private:
    uint32_t crta_offset_rt_;
};
