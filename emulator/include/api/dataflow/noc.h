// Data movement through a Noc object: endpoints are objects, their traits say how an argument becomes an address.
#pragma once

#include "api/dataflow/dataflow_api.h"

template <typename DSpecT>
struct TensorAccessor;
class CircularBuffer;
class DataflowBuffer;
struct UnicastEndpoint;
struct MulticastEndpoint;

struct DataflowBufferArgs {
    uint32_t offset_bytes{};
};

template <typename T>
struct noc_traits_t {
    static_assert(sizeof(T) == 0, "NoC transactions are not supported for this type");
};
template <>
struct noc_traits_t<UnicastEndpoint>;
template <>
struct noc_traits_t<MulticastEndpoint>;

// May T be a local-L1 endpoint of noc.async_write_zeros?
template <typename T>
inline constexpr bool noc_zero_l1_endpoint_v = false;

enum class NocOptions : uint32_t {
    DEFAULT = 0,
    TXN_ID = 1u << 0,
    POSTED = 1u << 1,
    CUSTOM_VC = 1u << 2,
    MCAST_INCL_SRC = 1u << 3,
    INLINE_L1 = 1u << 4,
    INLINE_REG = 1u << 5,
};
constexpr NocOptions operator|(NocOptions a, NocOptions b) noexcept {
    return static_cast<NocOptions>(static_cast<uint32_t>(a) | static_cast<uint32_t>(b));
}
constexpr bool has_flag(NocOptions opts, NocOptions flag) noexcept {
    return (static_cast<uint32_t>(opts) & static_cast<uint32_t>(flag)) != 0;
}

struct NocOptVals {
    uint32_t vc = NOC_UNICAST_WRITE_VC;
    uint32_t trid = 0;
};

class Noc {
  public:
    enum class AddressType { NOC, LOCAL_L1 };

    static constexpr uint32_t INVALID_TXN_ID = 0xFFFFFFFF;

  private:
    template <typename T>
    using src_args_t = typename noc_traits_t<T>::src_args_type;
    template <typename T>
    using dst_args_t = typename noc_traits_t<T>::dst_args_type;
    template <typename T>
    using dst_args_mcast_t = typename noc_traits_t<T>::dst_args_mcast_type;

    template <typename Src>
    uint32_t local_src(const Src& src, const src_args_t<Src>& args) const {
        return static_cast<uint32_t>(noc_traits_t<Src>::template src_addr<AddressType::LOCAL_L1>(src, *this, args));
    }
    template <typename Dst>
    uint32_t local_dst(const Dst& dst, const dst_args_t<Dst>& args) const {
        return static_cast<uint32_t>(noc_traits_t<Dst>::template dst_addr<AddressType::LOCAL_L1>(dst, *this, args));
    }
    template <typename Src>
    uint64_t remote_src(const Src& src, const src_args_t<Src>& args) const {
        return noc_traits_t<Src>::template src_addr<AddressType::NOC>(src, *this, args);
    }
    template <typename Dst>
    uint64_t remote_dst(const Dst& dst, const dst_args_t<Dst>& args) const {
        return noc_traits_t<Dst>::template dst_addr<AddressType::NOC>(dst, *this, args);
    }
    template <NocOptions opts>
    static constexpr uint32_t trid_of(const NocOptVals& v) {
        return has_flag(opts, NocOptions::TXN_ID) ? v.trid : 0;
    }

  public:
    Noc() : noc_id_(noc_index) {}
    explicit Noc(uint8_t noc_id) : noc_id_(noc_id) {}

    uint8_t get_noc_id() const { return noc_id_; }

    bool is_local_bank(uint32_t virtual_x, uint32_t virtual_y) const {
        return virtual_x == my_x[noc_id_] && virtual_y == my_y[noc_id_];
    }
    bool is_local_addr(const uint64_t noc_addr) const {
        return is_local_bank(noc_addr >> tt_emu::noc_local_bits & 63, noc_addr >> (tt_emu::noc_local_bits + 6) & 63);
    }

    template <NocOptions opts = NocOptions::DEFAULT, uint32_t max_page_size = NOC_MAX_BURST_SIZE + 1,
              bool enable_noc_tracing = true, typename Src, typename Dst>
    void async_read(const Src& src, const Dst& dst, uint32_t size_bytes, const src_args_t<Src>& src_args,
                    const dst_args_t<Dst>& dst_args, const NocOptVals& noc_opts = {}, TT_EMU_HERE) const {
        tt_emu_at(file, line);
        const uint32_t to = local_dst(dst, dst_args);
        tt_emu_noc_read(file, line, noc_id_, remote_src(src, src_args), to, size_bytes, trid_of<opts>(noc_opts));
    }

    template <NocOptions opts = NocOptions::DEFAULT, uint32_t max_page_size = NOC_MAX_BURST_SIZE + 1, typename Src>
    void set_async_read_state(const Src& src, uint32_t size_bytes, const src_args_t<Src>& src_args,
                              const NocOptVals& = {}, TT_EMU_HERE) const {
        tt_emu_at(file, line);
        tt_emu_noc_set_state(noc_id_, false, remote_src(src, src_args), size_bytes);
    }

    template <NocOptions opts = NocOptions::DEFAULT, uint32_t max_page_size = NOC_MAX_BURST_SIZE + 1, typename Src,
              typename Dst>
    void async_read_with_state(const Src& src, const Dst& dst, uint32_t size_bytes, const src_args_t<Src>& src_args,
                               const dst_args_t<Dst>& dst_args, const NocOptVals& noc_opts = {}, TT_EMU_HERE) const {
        tt_emu_at(file, line);
        uint32_t size;
        const uint64_t state = tt_emu_noc_state(noc_id_, false, &size);
        if (max_page_size > NOC_MAX_BURST_SIZE) size = size_bytes;
        const uint32_t to = local_dst(dst, dst_args);
        tt_emu_noc_read(file, line, noc_id_, tt_emu::with_local(state, remote_src(src, src_args)), to, size,
                        trid_of<opts>(noc_opts));
    }

    template <NocOptions opts = NocOptions::DEFAULT, uint32_t max_page_size = NOC_MAX_BURST_SIZE + 1,
              bool enable_noc_tracing = true, typename Src, typename Dst>
    void async_write(const Src& src, const Dst& dst, uint32_t size_bytes, const src_args_t<Src>& src_args,
                     const dst_args_t<Dst>& dst_args, const NocOptVals& noc_opts = {}, TT_EMU_HERE) const {
        tt_emu_at(file, line);
        const uint32_t from = local_src(src, src_args);
        tt_emu_noc_write(file, line, noc_id_, from, remote_dst(dst, dst_args), size_bytes, trid_of<opts>(noc_opts),
                         has_flag(opts, NocOptions::POSTED));
    }

    template <NocOptions opts = NocOptions::DEFAULT, uint32_t max_page_size = NOC_MAX_BURST_SIZE + 1,
              bool enable_noc_tracing = true, typename Src, typename Dst>
    void async_write_multicast(const Src& src, const Dst& dst, uint32_t size_bytes, uint32_t num_dsts,
                               const src_args_t<Src>& src_args, const dst_args_mcast_t<Dst>& dst_args,
                               bool linked = false, TT_EMU_HERE) const {
        static_assert(!has_flag(opts, NocOptions::TXN_ID), "Mcasts with transaction id are not supported yet");
        static_assert(!has_flag(opts, NocOptions::POSTED), "Mcasts with posted transactions are not supported");
        tt_emu_at(file, line);
        const uint32_t from = local_src(src, src_args);
        const uint64_t to = noc_traits_t<Dst>::template dst_addr_mcast<AddressType::NOC>(dst, *this, dst_args);
        tt_emu_noc_multicast(file, line, noc_id_, from, to, size_bytes, num_dsts,
                             (linked ? TT_EMU_MCAST_LINKED : 0u) |
                                 (has_flag(opts, NocOptions::MCAST_INCL_SRC) ? TT_EMU_MCAST_INCLUDE_SOURCE : 0u));
    }

    template <NocOptions opts = NocOptions::DEFAULT, uint32_t max_page_size = NOC_MAX_BURST_SIZE + 1, typename Dst>
    void set_async_write_state(const Dst& dst, uint32_t size_bytes, const dst_args_t<Dst>& dst_args,
                               const NocOptVals& = {}, TT_EMU_HERE) const {
        static_assert(!has_flag(opts, NocOptions::TXN_ID), "NocOptions::TXN_ID is not supported here");
        tt_emu_at(file, line);
        tt_emu_noc_set_state(noc_id_, true, remote_dst(dst, dst_args), size_bytes);
    }

    template <NocOptions opts = NocOptions::DEFAULT, uint32_t max_page_size = NOC_MAX_BURST_SIZE + 1, typename Src,
              typename Dst>
    void async_write_with_state(const Src& src, const Dst& dst, uint32_t size_bytes, const src_args_t<Src>& src_args,
                                const dst_args_t<Dst>& dst_args, const NocOptVals& = {}, TT_EMU_HERE) const {
        static_assert(!has_flag(opts, NocOptions::TXN_ID), "NocOptions::TXN_ID is not supported here");
        tt_emu_at(file, line);
        uint32_t size;
        const uint64_t state = tt_emu_noc_state(noc_id_, true, &size);
        if (max_page_size > NOC_MAX_BURST_SIZE) size = size_bytes;
        const uint32_t from = local_src(src, src_args);
        tt_emu_noc_write(file, line, noc_id_, from, tt_emu::with_local(state, remote_dst(dst, dst_args)), size, 0,
                         has_flag(opts, NocOptions::POSTED));
    }

    template <NocOptions opts = NocOptions::DEFAULT, typename Dst>
    void inline_dw_write(const Dst& dst, uint32_t val, const dst_args_t<Dst>& dst_args, uint8_t be = 0xF,
                         const NocOptVals& = {}, TT_EMU_HERE) const {
        static_assert(!has_flag(opts, NocOptions::TXN_ID), "TxnId is not supported for inline_dw_write");
        tt_emu_at(file, line);
        tt_emu_noc_inline_write(file, line, noc_id_, remote_dst(dst, dst_args), val, be,
                                has_flag(opts, NocOptions::POSTED));
    }

    bool is_read_trid_flushed(uint32_t trid, TT_EMU_HERE) const {
        return tt_emu_noc_reads_done(file, line, noc_id_, trid);
    }

    template <NocOptions opts = NocOptions::DEFAULT>
    void async_read_barrier(const NocOptVals& noc_opts = {}, TT_EMU_HERE) const {
        tt_emu_noc_barrier(file, line, noc_id_, TT_EMU_BARRIER_READ, barrier_trid<opts>(noc_opts));
    }
    template <NocOptions opts = NocOptions::DEFAULT>
    void async_write_barrier(const NocOptVals& noc_opts = {}, TT_EMU_HERE) const {
        tt_emu_noc_barrier(file, line, noc_id_, TT_EMU_BARRIER_WRITE, barrier_trid<opts>(noc_opts));
    }
    template <NocOptions opts = NocOptions::DEFAULT>
    void async_writes_flushed(const NocOptVals& noc_opts = {}, TT_EMU_HERE) const {
        tt_emu_noc_barrier(
            file, line, noc_id_,
            has_flag(opts, NocOptions::POSTED) ? TT_EMU_BARRIER_POSTED_FLUSH : TT_EMU_BARRIER_WRITE_FLUSH,
            barrier_trid<opts>(noc_opts));
    }
    void async_atomic_barrier(TT_EMU_HERE) const {
        tt_emu_noc_barrier(file, line, noc_id_, TT_EMU_BARRIER_ATOMIC, TT_EMU_ANY_TRID);
    }
    void async_full_barrier(TT_EMU_HERE) const {
        tt_emu_noc_barrier(file, line, noc_id_, TT_EMU_BARRIER_FULL, TT_EMU_ANY_TRID);
    }

    // Zeroes local L1; complete after write_zeros_l1_barrier().
    template <typename Dst>
    void async_write_zeros(const Dst& dst, uint32_t size_bytes, const dst_args_t<Dst>& args = {}, TT_EMU_HERE) const {
        static_assert(noc_zero_l1_endpoint_v<Dst>, "not a local L1 endpoint");
        tt_emu_at(file, line);
        tt_emu_zero_l1(file, line, local_dst(dst, args), size_bytes);
    }
    // Zeroes part of one page of a DRAM tensor from a scratch buffer that holds zeros.
    template <typename DSpecT, typename Scratch>
    void async_write_zeros(const ::TensorAccessor<DSpecT>& accessor, uint32_t size_bytes,
                           const dst_args_t<::TensorAccessor<DSpecT>>& args, const Scratch& scratch,
                           TT_EMU_HERE) const {
        async_write(scratch, accessor, size_bytes, {}, args, {}, file, line);
    }
    void write_zeros_l1_barrier(TT_EMU_HERE) const { tt_emu_noc_barrier(file, line, noc_id_, TT_EMU_BARRIER_READ, 0); }
    void write_zeros_dram_barrier(TT_EMU_HERE) const {
        tt_emu_noc_barrier(file, line, noc_id_, TT_EMU_BARRIER_WRITE, TT_EMU_ANY_TRID);
    }

  private:
    template <NocOptions opts>
    static constexpr uint32_t barrier_trid(const NocOptVals& v) {
        return has_flag(opts, NocOptions::TXN_ID) ? v.trid : TT_EMU_ANY_TRID;
    }

    uint8_t noc_id_;
};

#include "api/tensor/noc_traits.h"
