// DataflowBuffer: on Wormhole and Blackhole a circular buffer under its newer name.
#pragma once

#include "api/dataflow/circular_buffer.h"
#if !defined(COMPILE_FOR_TRISC)
#include "api/core_local_mem.h"
#endif

class DataflowBuffer {
  public:
    DataflowBuffer(uint16_t logical_dfb_id) : id_(logical_dfb_id) {}

    uint16_t get_id() const { return id_; }

    uint32_t get_entry_size(TT_EMU_HERE) const { return tt_emu_cb_info(file, line, id_, TT_EMU_CB_PAGE_SIZE); }
    uint32_t get_stride_size(TT_EMU_HERE) const { return get_entry_size(file, line); }
    uint32_t get_total_num_entries(TT_EMU_HERE) const { return tt_emu_cb_info(file, line, id_, TT_EMU_CB_NUM_PAGES); }
    uint32_t get_total_size_bytes(TT_EMU_HERE) const {
        return get_entry_size(file, line) * get_total_num_entries(file, line);
    }
    uint32_t get_local_num_entries(TT_EMU_HERE) const { return get_total_num_entries(file, line); }
    uint32_t get_local_size_bytes(TT_EMU_HERE) const { return get_total_size_bytes(file, line); }
    uint32_t get_ring_span_bytes(TT_EMU_HERE) const { return get_total_size_bytes(file, line); }
    uint32_t get_ring_span_num_entries(TT_EMU_HERE) const { return get_total_num_entries(file, line); }
    uint16_t get_producer_share() const { return 1; }
    uint16_t get_consumer_share() const { return 1; }
    uint16_t get_producer_stride_tiles() const { return 1; }
    uint16_t get_consumer_stride_tiles() const { return 1; }

    void reserve_back(uint16_t num_entries, TT_EMU_HERE) { tt_emu_cb_reserve_back(file, line, id_, num_entries); }
    void push_back(uint16_t num_entries, TT_EMU_HERE) { tt_emu_cb_push_back(file, line, id_, num_entries); }
    void wait_front(uint16_t num_entries, TT_EMU_HERE) { tt_emu_cb_wait_front(file, line, id_, num_entries); }
    void pop_front(uint16_t num_entries, TT_EMU_HERE) { tt_emu_cb_pop_front(file, line, id_, num_entries); }

    constexpr uint32_t get_tile_size() const { return static_cast<uint32_t>(::get_tile_size(id_)); }
    constexpr uint32_t get_tile_r_dim() const { return tt_emu::cb_tile_rows[id_]; }
    constexpr uint32_t get_tile_c_dim() const { return tt_emu::cb_tile_cols[id_]; }
    constexpr uint32_t get_tile_hw() const { return ::get_tile_hw(id_); }
    constexpr uint32_t get_tile_num_faces() const { return ::get_tile_num_faces(id_); }
    constexpr DataFormat get_dataformat() const { return ::get_dataformat(id_); }

    uint32_t get_write_ptr(TT_EMU_HERE) const { return tt_emu_cb_info(file, line, id_, TT_EMU_CB_WRITE_PTR); }
    uint32_t get_read_ptr(TT_EMU_HERE) const { return tt_emu_cb_info(file, line, id_, TT_EMU_CB_READ_PTR); }

#if defined(COMPILE_FOR_TRISC)
    uint32_t get_tile_address(uint32_t tile_index, TT_EMU_HERE) {
        return tt_emu_cb_front_page(file, line, id_, tile_index);
    }
    uint32_t read_tile_value(uint32_t tile_index, uint32_t element_offset, TT_EMU_HERE) {
        const uintptr_t page = tt_emu_cb_front_page(file, line, id_, tile_index);
        return reinterpret_cast<const volatile uint32_t*>(page)[element_offset];
    }
#else
    bool pages_reservable_at_back(int32_t num_pages, TT_EMU_HERE) const {
        return tt_emu_cb_can_reserve(file, line, id_, num_pages);
    }
    bool pages_available_at_front(int32_t num_pages, TT_EMU_HERE) const {
        return tt_emu_cb_can_wait(file, line, id_, num_pages);
    }
#endif

  private:
    uint16_t id_;
};

#if !defined(COMPILE_FOR_TRISC)
template <>
struct noc_traits_t<DataflowBuffer> {
    using src_args_type = DataflowBufferArgs;
    using dst_args_type = DataflowBufferArgs;
    using dst_args_mcast_type = tt_emu::mcast_offset_args;
    template <Noc::AddressType address_type>
    static uint32_t src_addr(const DataflowBuffer& src, const Noc&, const src_args_type& args) {
        static_assert(address_type == Noc::AddressType::LOCAL_L1, "DataflowBuffer can only be used as local L1");
        return src.get_read_ptr(nullptr, 0) + args.offset_bytes;
    }
    template <Noc::AddressType address_type>
    static uint32_t dst_addr(const DataflowBuffer& dst, const Noc&, const dst_args_type& args) {
        static_assert(address_type == Noc::AddressType::LOCAL_L1, "DataflowBuffer can only be used as local L1");
        return dst.get_write_ptr(nullptr, 0) + args.offset_bytes;
    }
    template <Noc::AddressType address_type>
    static uint64_t dst_addr_mcast(const DataflowBuffer& dst, const Noc& noc, const dst_args_mcast_type& args) {
        return tt_emu::mcast_address(noc, args, dst.get_write_ptr(nullptr, 0));
    }
};

template <>
inline constexpr bool noc_zero_l1_endpoint_v<DataflowBuffer> = true;
#endif
