// From a page of a tensor to its NoC address: interleaved over DRAM or L1 banks, or sharded.
#pragma once

#include "api/dataflow/dataflow_api.h"
#include "api/tensor/tensor_accessor_args.h"

namespace tensor_accessor {

// What an accessor of some arguments is specialised for.
template <bool IsSharded, bool IsDram>
struct DistributionSpec {
    static constexpr bool is_sharded = IsSharded;
    static constexpr bool is_dram = IsDram;
};

}  // namespace tensor_accessor

template <typename DSpecT>
struct TensorAccessor;

// Interleaved: page p lies in bank p % banks.
template <bool IsDram>
struct TensorAccessor<tensor_accessor::DistributionSpec<false, IsDram>> {
    using DSpec = tensor_accessor::DistributionSpec<false, IsDram>;
    static constexpr bool is_dram = IsDram;

    template <size_t CTA_OFFSET, size_t CRTA_OFFSET>
    TensorAccessor(const TensorAccessorArgs<CTA_OFFSET, CRTA_OFFSET>& args, const uint32_t bank_base_address_in,
                   const uint32_t page_size_in = 0)
        : bank_base_address(bank_base_address_in),
          aligned_page_size(page_size_in ? page_size_in : args.get_aligned_page_size()) {}

    uint32_t get_aligned_page_size() const { return aligned_page_size; }
    uint32_t get_bank_base_address() const { return bank_base_address; }
    uint64_t get_noc_addr(const uint32_t page_id, const uint32_t offset = 0, uint8_t noc = noc_index) const {
        return tt_emu_noc_page_address(nullptr, 0, noc, IsDram, bank_base_address, aligned_page_size, page_id, offset);
    }

    const uint32_t bank_base_address;
    const uint32_t aligned_page_size;
};

// Sharded: the tensor's pages form an N-dimensional grid cut into shards, which are dealt out to banks.
template <bool IsDram>
struct TensorAccessor<tensor_accessor::DistributionSpec<true, IsDram>> {
    using DSpec = tensor_accessor::DistributionSpec<true, IsDram>;
    static constexpr bool is_dram = IsDram;

    template <size_t CTA_OFFSET, size_t CRTA_OFFSET>
    TensorAccessor(const TensorAccessorArgs<CTA_OFFSET, CRTA_OFFSET>& args, const size_t bank_base_address_in,
                   const uint32_t page_size_in = 0)
        : bank_base_address(static_cast<uint32_t>(bank_base_address_in)),
          aligned_page_size(page_size_in ? page_size_in : args.get_aligned_page_size()),
          rank_(args.get_rank()),
          num_banks_(args.get_num_banks()),
          contiguous_(args.resolve_shard_contiguous()) {
        using Args = TensorAccessorArgs<CTA_OFFSET, CRTA_OFFSET>;
        ASSERT(rank_ <= tensor_accessor::MAX_RANK);
        for (uint32_t i = 0; i < rank_; ++i) {
            tensor_shape_[i] = Args::tensor_shape_is_crta ? common(args.tensor_shape_crta_offset() + i)
                                                          : word(Args::TensorShapeCTAOffset + i);
            shard_shape_[i] = Args::shard_shape_is_crta ? common(args.shard_shape_crta_offset() + i)
                                                        : word(Args::ShardShapeCTAOffset + i);
        }
        num_shards_ = 1;
        for (uint32_t i = 0; i < rank_; ++i) {
            shard_grid_[i] = (tensor_shape_[i] + shard_shape_[i] - 1) / shard_shape_[i];
            num_shards_ *= shard_grid_[i];
            shard_volume_ *= shard_shape_[i];
        }
        for (uint32_t i = 0; i < num_banks_; ++i) {
            const uint32_t pair = Args::bank_coords_is_crta ? common(args.bank_coords_crta_offset() + i / 2)
                                                            : word(Args::BankCoordsCTAOffset + i / 2);
            bank_xy_[i] = static_cast<uint16_t>(pair >> (16 * (i & 1)));
        }
    }

    struct PageMapping {
        size_t bank_id;
        size_t bank_page_offset;
    };

    uint32_t get_aligned_page_size() const { return aligned_page_size; }
    uint32_t get_bank_base_address() const { return bank_base_address; }

    PageMapping get_bank_and_offset(uint32_t page_id) const {
        uint32_t shard = 0, inner = 0, grid_stride = 1, shard_stride = 1;
        uint32_t rest = page_id;
        for (int i = static_cast<int>(rank_) - 1; i >= 0; --i) {
            const uint32_t at = rest % tensor_shape_[i];
            rest /= tensor_shape_[i];
            shard += at / shard_shape_[i] * grid_stride;
            inner += at % shard_shape_[i] * shard_stride;
            grid_stride *= shard_grid_[i];
            shard_stride *= shard_shape_[i];
        }
        ASSERT(rest == 0);
        return in_bank(shard, inner);
    }
    uint64_t get_noc_addr(const uint32_t page_id, const uint32_t offset = 0, uint8_t noc = noc_index) const {
        return address(get_bank_and_offset(page_id), offset, noc);
    }
    uint64_t get_shard_noc_addr(const uint32_t shard_id, const uint32_t offset = 0, uint8_t noc = noc_index) const {
        return address(in_bank(shard_id, 0), offset, noc);
    }
    bool is_local_page(const uint32_t page_id, uint8_t noc = noc_index) const {
        return local(get_bank_and_offset(page_id).bank_id, noc);
    }
    bool is_local_shard(const uint32_t shard_id, uint8_t noc = noc_index) const {
        return local(in_bank(shard_id, 0).bank_id, noc);
    }

    const uint32_t bank_base_address;
    const uint32_t aligned_page_size;

  private:
    static uint32_t common(uint32_t index) { return get_common_arg_val<uint32_t>(static_cast<int>(index)); }
    static uint32_t word(uint32_t index) { return kernel_compile_time_args[index]; }
    PageMapping in_bank(uint32_t shard, uint32_t inner) const {
        const uint32_t per_bank = num_shards_ / num_banks_;
        const uint32_t bank = contiguous_ ? shard / per_bank : shard % num_banks_;
        const uint32_t nth = contiguous_ ? shard % per_bank : shard / num_banks_;
        return {bank, size_t{nth} * shard_volume_ + inner};
    }
    bool local(size_t bank, uint8_t noc) const {
        return (bank_xy_[bank] >> 8) == my_x[noc] && (bank_xy_[bank] & 0xff) == my_y[noc];
    }
    uint64_t address(PageMapping at, uint32_t offset, uint8_t noc) const {
        const uint64_t local = bank_base_address + at.bank_page_offset * aligned_page_size + offset;
        const uint32_t x = bank_xy_[at.bank_id] >> 8, y = bank_xy_[at.bank_id] & 0xff;
        // A DRAM bank is named by its number in the place of x.
        if constexpr (IsDram)
            return tt_emu_noc_bank_address(nullptr, 0, noc, true, x, local);
        else
            return ::get_noc_addr(x, y, local, noc);
    }

    uint32_t rank_, num_banks_, num_shards_ = 1, shard_volume_ = 1;
    bool contiguous_;
    uint32_t tensor_shape_[tensor_accessor::MAX_RANK]{}, shard_shape_[tensor_accessor::MAX_RANK]{},
        shard_grid_[tensor_accessor::MAX_RANK]{};
    uint16_t bank_xy_[256]{};
};

template <size_t CTA_OFFSET, size_t CRTA_OFFSET, typename... Rest>
TensorAccessor(const TensorAccessorArgs<CTA_OFFSET, CRTA_OFFSET>& args, Rest...)
    -> TensorAccessor<tensor_accessor::DistributionSpec<TensorAccessorArgs<CTA_OFFSET, CRTA_OFFSET>::is_sharded,
                                                        TensorAccessorArgs<CTA_OFFSET, CRTA_OFFSET>::is_dram>>;
