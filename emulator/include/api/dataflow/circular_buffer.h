// A circular buffer as an object, in data-movement and compute kernels.
#pragma once

#include "api/lock.h"
#if defined(COMPILE_FOR_TRISC)
#include "tt_emulator/kernel_common.h"
#else
#include "api/dataflow/noc.h"
#endif

class CircularBuffer {
  public:
    enum class AddrSelector { WRITE_PTR, READ_PTR };

    explicit CircularBuffer(uint32_t cb_id) : cb_id_(cb_id) {}

    uint32_t get_cb_id() const { return cb_id_; }

    void reserve_back(int32_t num_pages, TT_EMU_HERE) { tt_emu_cb_reserve_back(file, line, cb_id_, num_pages); }
    void push_back(int32_t num_pages, TT_EMU_HERE) { tt_emu_cb_push_back(file, line, cb_id_, num_pages); }
    void wait_front(int32_t num_pages, TT_EMU_HERE) { tt_emu_cb_wait_front(file, line, cb_id_, num_pages); }
    void pop_front(int32_t num_pages, TT_EMU_HERE) { tt_emu_cb_pop_front(file, line, cb_id_, num_pages); }

#if defined(COMPILE_FOR_TRISC)
    uint32_t get_tile_address(uint32_t tile_index, TT_EMU_HERE) {
        return tt_emu_cb_front_page(file, line, cb_id_, tile_index);
    }
    uint32_t read_tile_value(uint32_t tile_index, uint32_t element_offset, TT_EMU_HERE) {
        const uintptr_t page = tt_emu_cb_front_page(file, line, cb_id_, tile_index);
        return reinterpret_cast<const volatile uint32_t*>(page)[element_offset];
    }
#else
    constexpr uint32_t get_tile_size() const { return static_cast<uint32_t>(::get_tile_size(int32_t(cb_id_))); }
    constexpr uint32_t get_tile_hw() const { return ::get_tile_hw(int32_t(cb_id_)); }
    constexpr DataFormat get_dataformat() const { return ::get_dataformat(int32_t(cb_id_)); }

    bool pages_reservable_at_back(int32_t num_pages, TT_EMU_HERE) const {
        return tt_emu_cb_can_reserve(file, line, cb_id_, num_pages);
    }
    bool pages_available_at_front(int32_t num_pages, TT_EMU_HERE) const {
        return tt_emu_cb_can_wait(file, line, cb_id_, num_pages);
    }
#endif

    uint32_t get_write_ptr(TT_EMU_HERE) const { return tt_emu_cb_info(file, line, cb_id_, TT_EMU_CB_WRITE_PTR); }
    uint32_t get_read_ptr(TT_EMU_HERE) const { return tt_emu_cb_info(file, line, cb_id_, TT_EMU_CB_READ_PTR); }

    [[nodiscard]] auto scoped_lock() {
        return Lock([]() {});
    }

  private:
    uint32_t cb_id_;
};

#if !defined(COMPILE_FOR_TRISC)

template <CircularBuffer::AddrSelector AddrSel>
struct CircularBufferView {
    const CircularBuffer& cb;
    explicit constexpr CircularBufferView(const CircularBuffer& c) : cb(c) {}
};

template <CircularBuffer::AddrSelector AddrSel>
constexpr auto use(const CircularBuffer& cb) {
    return CircularBufferView<AddrSel>(cb);
}

namespace tt_emu {
struct offset_args {
    uint32_t offset_bytes{};
};
struct mcast_offset_args {
    uint32_t noc_x_start{};
    uint32_t noc_y_start{};
    uint32_t noc_x_end{};
    uint32_t noc_y_end{};
    uint32_t offset_bytes{};
};
FORCE_INLINE uint64_t mcast_address(const Noc& noc, const mcast_offset_args& a, uint32_t local) {
    return ::get_noc_multicast_addr(a.noc_x_start, a.noc_y_start, a.noc_x_end, a.noc_y_end, local + a.offset_bytes,
                                    noc.get_noc_id());
}
// A null file leaves the source position that the Noc call has set.
FORCE_INLINE uint32_t cb_pointer(const CircularBuffer& cb, bool write) {
    return write ? cb.get_write_ptr(nullptr, 0) : cb.get_read_ptr(nullptr, 0);
}
}  // namespace tt_emu

template <>
struct noc_traits_t<CircularBuffer> {
    using src_args_type = tt_emu::offset_args;
    using dst_args_type = tt_emu::offset_args;
    using dst_args_mcast_type = tt_emu::mcast_offset_args;
    template <Noc::AddressType address_type>
    static uint32_t src_addr(const CircularBuffer& src, const Noc&, const src_args_type& args) {
        static_assert(address_type == Noc::AddressType::LOCAL_L1, "CircularBuffer can only be used as local L1");
        return tt_emu::cb_pointer(src, false) + args.offset_bytes;
    }
    template <Noc::AddressType address_type>
    static uint32_t dst_addr(const CircularBuffer& dst, const Noc&, const dst_args_type& args) {
        static_assert(address_type == Noc::AddressType::LOCAL_L1, "CircularBuffer can only be used as local L1");
        return tt_emu::cb_pointer(dst, true) + args.offset_bytes;
    }
    template <Noc::AddressType address_type>
    static uint64_t dst_addr_mcast(const CircularBuffer& dst, const Noc& noc, const dst_args_mcast_type& args) {
        return tt_emu::mcast_address(noc, args, tt_emu::cb_pointer(dst, true));
    }
};

template <CircularBuffer::AddrSelector AddrSel>
struct noc_traits_t<CircularBufferView<AddrSel>> {
    using src_args_type = tt_emu::offset_args;
    using dst_args_type = tt_emu::offset_args;
    using dst_args_mcast_type = tt_emu::mcast_offset_args;
    static constexpr bool write = AddrSel == CircularBuffer::AddrSelector::WRITE_PTR;
    template <Noc::AddressType address_type>
    static uint32_t src_addr(const CircularBufferView<AddrSel>& view, const Noc&, const src_args_type& args) {
        static_assert(address_type == Noc::AddressType::LOCAL_L1, "CircularBuffer can only be used as local L1");
        return tt_emu::cb_pointer(view.cb, write) + args.offset_bytes;
    }
    template <Noc::AddressType address_type>
    static uint32_t dst_addr(const CircularBufferView<AddrSel>& view, const Noc&, const dst_args_type& args) {
        static_assert(address_type == Noc::AddressType::LOCAL_L1, "CircularBuffer can only be used as local L1");
        return tt_emu::cb_pointer(view.cb, write) + args.offset_bytes;
    }
    template <Noc::AddressType address_type>
    static uint64_t dst_addr_mcast(const CircularBufferView<AddrSel>& view, const Noc& noc,
                                   const dst_args_mcast_type& args) {
        return tt_emu::mcast_address(noc, args, tt_emu::cb_pointer(view.cb, write));
    }
};

template <>
inline constexpr bool noc_zero_l1_endpoint_v<CircularBuffer> = true;

#endif  // !COMPILE_FOR_TRISC
