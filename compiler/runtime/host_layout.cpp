#include "compiler/runtime/host_layout.h"

#include <cstring>
#include <functional>
#include <utility>

#include "tensix/tile.h"

namespace tilelang_tt {

namespace {

// The outer, row and column dimensions' strides in elements; 0 for a dimension that the tensor does not have.
struct Strides {
    std::vector<int64_t> outer_shape, outer;
    int64_t row = 0, col = 0;
};

Strides strides_of(const PlanTensor& tensor, const HostTensor& host) {
    Strides strides;
    for (int64_t dim : tensor.permutation) {
        const int64_t stride = host.strides[static_cast<size_t>(dim)];
        if (dim == tensor.layout.row_dim && !tensor.layout.row_major) {
            strides.row = stride;
        } else if (dim == tensor.layout.col_dim) {
            strides.col = stride;
        } else {
            strides.outer_shape.push_back(host.shape[static_cast<size_t>(dim)]);
            strides.outer.push_back(stride);
        }
    }
    return strides;
}

// Calls visit(first element's offset) for every index of the outer dimensions, the last fastest.
void each_outer(const Strides& strides, const std::function<void(int64_t)>& visit) {
    std::vector<int64_t> index(strides.outer.size(), 0);
    for (int64_t extent : strides.outer_shape)
        if (extent == 0) return;
    int64_t offset = 0;
    for (;;) {
        visit(offset);
        size_t d = index.size();
        for (; d-- > 0;) {
            offset += strides.outer[d];
            if (++index[d] < strides.outer_shape[d]) break;
            offset -= index[d] * strides.outer[d];
            index[d] = 0;
        }
        if (d == static_cast<size_t>(-1)) return;
    }
}

// Dtypes that tiles do not have travel through one that they do. Bytes of int8 lie in memory as they are, as UInt8.
tensix::DataFormat staging_format(DType dtype, tensix::DataFormat stored) {
    if (dtype == DType::I8 && stored == tensix::DataFormat::UInt8) return stored;
    if (const auto format = host_format(dtype)) return *format;
    return dtype == DType::F64 ? tensix::DataFormat::Float32 : tensix::DataFormat::Int32;
}

template <class From, class To>
void convert_strided(const void* from, int64_t from_offset, void* to, int64_t to_offset) {
    static_cast<To*>(to)[to_offset] = static_cast<To>(static_cast<const From*>(from)[from_offset]);
}

// The chip's fp16 has no infinities: exponent 31 goes on to 131008. That number stands for them on the chip, and what
// is past fp16 there is infinite for the host. NaN comes back infinite.
constexpr uint16_t kFp16Exponent = 0x7c00, kFp16Mantissa = 0x03ff;

void each_past_fp16(std::vector<std::byte>& pages, uint16_t set, uint16_t clear) {
    for (size_t at = 0; at + 1 < pages.size(); at += 2) {
        uint16_t word;
        std::memcpy(&word, &pages[at], 2);
        if ((word & kFp16Exponent) != kFp16Exponent) continue;
        word = static_cast<uint16_t>((word | set) & ~clear);
        std::memcpy(&pages[at], &word, 2);
    }
}

// One element between the caller's array and the staging matrix.
void move_element(DType dtype, size_t bytes, const void* from, int64_t from_offset, void* to, int64_t to_offset,
                  bool to_host) {
    switch (dtype) {
        case DType::F64:
            return to_host ? convert_strided<float, double>(from, from_offset, to, to_offset)
                           : convert_strided<double, float>(from, from_offset, to, to_offset);
        case DType::I64:
            return to_host ? convert_strided<int32_t, int64_t>(from, from_offset, to, to_offset)
                           : convert_strided<int64_t, int32_t>(from, from_offset, to, to_offset);
        case DType::I16:
            return to_host ? convert_strided<int32_t, int16_t>(from, from_offset, to, to_offset)
                           : convert_strided<int16_t, int32_t>(from, from_offset, to, to_offset);
        default:
            std::memcpy(static_cast<std::byte*>(to) + to_offset * static_cast<int64_t>(bytes),
                        static_cast<const std::byte*>(from) + from_offset * static_cast<int64_t>(bytes), bytes);
    }
}

}  // namespace

std::optional<tensix::DataFormat> host_format(DType dtype) {
    using enum tensix::DataFormat;
    switch (dtype) {
        case DType::F32:
            return Float32;
        case DType::BF16:
            return Float16_b;
        case DType::F16:
            return Float16;
        case DType::I32:
            return Int32;
        case DType::U32:
            return UInt32;
        case DType::U16:
            return UInt16;
        case DType::I8:
            return Int8;
        case DType::U8:
        case DType::Bool:
            return UInt8;
        case DType::FP8E4M3:
            return Fp8_e4m3;
        case DType::FP8E5M2:
            return Lf8;
        case DType::F64:
        case DType::I64:
        case DType::I16:
            return std::nullopt;
    }
    return std::nullopt;
}

std::optional<TensorExtents> evaluate_extents(const Plan& plan, const PlanTensor& tensor, const IndexEnv& symbols) {
    TensorExtents extents;
    for (PlanExpr dim : tensor.shape) {
        const auto value = plan.ctx.index.eval(dim, symbols);
        if (!value) return std::nullopt;
        extents.shape.push_back(*value);
    }
    for (PlanExpr dim : tensor.view) {
        const auto value = plan.ctx.index.eval(dim, symbols);
        if (!value) return std::nullopt;
        extents.view.push_back(*value);
    }
    const auto outer = plan.ctx.index.eval(tensor.outer, symbols), rows = plan.ctx.index.eval(tensor.rows, symbols),
               cols = plan.ctx.index.eval(tensor.cols, symbols), pages = plan.ctx.index.eval(tensor.pages, symbols),
               page_bytes = plan.ctx.index.eval(tensor.page_bytes, symbols);
    if (!outer || !rows || !cols || !pages || !page_bytes) return std::nullopt;
    extents.outer = *outer;
    extents.rows = *rows;
    extents.cols = *cols;
    extents.pages = *pages;
    extents.page_bytes = *page_bytes;
    return extents;
}

namespace {

// The array's elements, one after the other, in the shape in which kernels see them, with room to fill it.
struct Viewed {
    std::vector<std::byte> elements;  // zeros where the array has none
    HostTensor host;                  // refers to them
    TensorExtents extents;
    Strides all;  // every dimension of the caller's array, in its order

    Viewed(const TensorExtents& from, const HostTensor& array) : host(array), extents(from) {
        host.shape = std::exchange(extents.view, {});
        host.strides.assign(host.shape.size(), 1);
        int64_t count = 1;
        for (size_t d = host.shape.size(); d-- > 0; count *= host.shape[d]) host.strides[d] = count;
        elements.resize(static_cast<size_t>(count * size_bytes(array.dtype)));
        host.data = elements.data();
        all.outer_shape.assign(array.shape.begin(), array.shape.end());
        all.outer.assign(array.strides.begin(), array.strides.end());
    }
    // Calls visit(the element here, the element there) for each of the caller's.
    template <class Visit>
    void each_element(const HostTensor& array, Visit visit) {
        const int64_t bytes = size_bytes(array.dtype);
        std::byte* here = elements.data();
        each_outer(all, [&](int64_t offset) {
            visit(here, static_cast<std::byte*>(array.data) + offset * bytes);
            here += bytes;
        });
    }
};

// The numbers that the caller's bytes hold, as bytes in the layout of their own.
std::vector<std::byte> unpacked(const PlanTensor& tensor, const TensorExtents& extents, const HostTensor& host) {
    const int bits = tensor.packed_bits, per_byte = 8 / bits;
    std::vector<std::byte> out;
    out.reserve(static_cast<size_t>(extents.outer * extents.rows * extents.cols));
    Strides all;  // every dimension, in the caller's order
    all.outer_shape.assign(host.shape.begin(), host.shape.end());
    all.outer.assign(host.strides.begin(), host.strides.end());
    each_outer(all, [&](int64_t offset) {
        const int byte = std::to_integer<int>(static_cast<const std::byte*>(host.data)[offset]);
        for (int i = 0; i < per_byte; ++i) {
            const int code = byte >> (i * bits) & ((1 << bits) - 1);
            out.push_back(
                static_cast<std::byte>(tensor.packed_signed && code >> (bits - 1) ? code - (1 << bits) : code));
        }
    });
    return out;
}

}  // namespace

std::vector<std::byte> to_device_layout(const PlanTensor& tensor, const TensorExtents& extents,
                                        const HostTensor& host) {
    const tensix::DataFormat format = tensor.layout.format, from = staging_format(host.dtype, format);
    const auto slice = static_cast<size_t>(extents.outer == 0 ? 0 : extents.pages / extents.outer * extents.page_bytes);
    const size_t bytes = static_cast<size_t>(size_bytes(host.dtype));
    std::vector<std::byte> pages(static_cast<size_t>(extents.pages * extents.page_bytes));
    if (pages.empty()) return pages;
    if (!extents.view.empty()) {
        Viewed viewed(extents, host);
        viewed.each_element(host, [&](std::byte* here, const std::byte* there) { std::memcpy(here, there, bytes); });
        return to_device_layout(tensor, viewed.extents, viewed.host);
    }
    if (tensor.packed_bits != 8) {
        const std::vector<std::byte> numbers = unpacked(tensor, extents, host);
        HostTensor plain = host;
        plain.data = const_cast<std::byte*>(numbers.data());  // read only
        plain.dtype = tensor.packed_signed ? DType::I8 : DType::U8;
        plain.shape.back() *= 8 / tensor.packed_bits;
        int64_t stride = 1;
        for (size_t d = plain.shape.size(); d-- > 0; stride *= plain.shape[d]) plain.strides[d] = stride;
        PlanTensor recipe = tensor;
        recipe.packed_bits = 8;
        return to_device_layout(recipe, extents, plain);
    }
    const Strides strides = strides_of(tensor, host);
    // Rows of adjacent elements are read in place, anything else is gathered first.
    const bool in_place = host_format(host.dtype) && (strides.col == 1 || extents.cols == 1) &&
                          (extents.rows == 1 || strides.row >= extents.cols);
    std::vector<std::byte> gathered(in_place ? 0 : static_cast<size_t>(extents.rows * extents.cols) * 4);
    std::byte* target = pages.data();
    each_outer(strides, [&](int64_t offset) {
        const void* source = static_cast<const std::byte*>(host.data) + offset * static_cast<int64_t>(bytes);
        if (tensor.layout.row_major) {
            const auto columns = static_cast<size_t>(extents.cols);
            if (!in_place)
                for (int64_t c = 0; c < extents.cols; ++c)
                    move_element(host.dtype, bytes, source, c * strides.col, gathered.data(), c, false);
            tensix::convert(in_place ? source : gathered.data(), from, target, format, columns);
        } else if (in_place) {
            const auto row_stride = static_cast<size_t>(extents.rows == 1 ? extents.cols : strides.row);
            tensix::tilize(source, from, static_cast<size_t>(extents.rows), static_cast<size_t>(extents.cols),
                           row_stride, target, format, static_cast<float>(tensor.pad_value));
        } else {
            for (int64_t r = 0; r < extents.rows; ++r)
                for (int64_t c = 0; c < extents.cols; ++c)
                    move_element(host.dtype, bytes, source, r * strides.row + c * strides.col, gathered.data(),
                                 r * extents.cols + c, false);
            tensix::tilize(gathered.data(), from, static_cast<size_t>(extents.rows), static_cast<size_t>(extents.cols),
                           static_cast<size_t>(extents.cols), target, format, static_cast<float>(tensor.pad_value));
        }
        target += slice;
    });
    if (format == tensix::DataFormat::Float16) each_past_fp16(pages, kFp16Mantissa, 0);
    return pages;
}

void from_device_layout(const PlanTensor& tensor, const TensorExtents& extents, std::vector<std::byte> pages,
                        const HostTensor& host) {
    if (pages.empty() || extents.rows == 0 || extents.cols == 0) return;
    if (!extents.view.empty()) {
        Viewed viewed(extents, host);
        from_device_layout(tensor, viewed.extents, pages, viewed.host);
        const auto size = static_cast<size_t>(size_bytes(host.dtype));
        viewed.each_element(host, [&](const std::byte* here, std::byte* there) { std::memcpy(there, here, size); });
        return;
    }
    if (tensor.layout.format == tensix::DataFormat::Float16) each_past_fp16(pages, 0, kFp16Mantissa);
    const tensix::DataFormat format = tensor.layout.format, to = staging_format(host.dtype, format);
    const auto slice = static_cast<size_t>(extents.pages / extents.outer * extents.page_bytes);
    const size_t bytes = static_cast<size_t>(size_bytes(host.dtype));
    const Strides strides = strides_of(tensor, host);
    const bool in_place = host_format(host.dtype) && (strides.col == 1 || extents.cols == 1) &&
                          (extents.rows == 1 || strides.row >= extents.cols);
    std::vector<std::byte> gathered(in_place ? 0 : static_cast<size_t>(extents.rows * extents.cols) * 4);
    const std::byte* source = pages.data();
    each_outer(strides, [&](int64_t offset) {
        void* target = static_cast<std::byte*>(host.data) + offset * static_cast<int64_t>(bytes);
        if (tensor.layout.row_major) {
            tensix::convert(source, format, in_place ? target : gathered.data(), to, static_cast<size_t>(extents.cols));
            for (int64_t c = 0; c < extents.cols && !in_place; ++c)
                move_element(host.dtype, bytes, gathered.data(), c, target, c * strides.col, true);
        } else if (in_place) {
            const auto row_stride = static_cast<size_t>(extents.rows == 1 ? extents.cols : strides.row);
            tensix::untilize(source, format, static_cast<size_t>(extents.rows), static_cast<size_t>(extents.cols),
                             target, to, row_stride);
        } else {
            tensix::untilize(source, format, static_cast<size_t>(extents.rows), static_cast<size_t>(extents.cols),
                             gathered.data(), to, static_cast<size_t>(extents.cols));
            for (int64_t r = 0; r < extents.rows; ++r)
                for (int64_t c = 0; c < extents.cols; ++c)
                    move_element(host.dtype, bytes, gathered.data(), r * extents.cols + c, target,
                                 r * strides.row + c * strides.col, true);
        }
        source += slice;
    });
}

}  // namespace tilelang_tt
