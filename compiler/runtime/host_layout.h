// The host recipe of a plan's tensor: from a caller's strided array to the tiles in device memory, and back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "compiler/codegen/plan.h"
#include "compiler/runtime/device.h"

namespace tilelang_tt {

// A tensor's extents with every symbol known.
struct TensorExtents {
    std::vector<int64_t> shape;
    std::vector<int64_t> view;              // in which kernels see it; empty: the same
    int64_t outer = 1, rows = 1, cols = 1;  // elements
    int64_t pages = 0;                      // tiles, or rows
    int64_t page_bytes = 0;
};
// Nullopt where a symbol has no value.
std::optional<TensorExtents> evaluate_extents(const Plan& plan, const PlanTensor& tensor, const IndexEnv& symbols);

// Brings into the view's shape, permutes, pads with tensor.pad_value, tilizes and converts `host`; extents.pages tiles
// of tensor.layout.format. Of a row-major tensor, its rows as they are, converted. host.shape is extents.shape.
std::vector<std::byte> to_device_layout(const PlanTensor& tensor, const TensorExtents& extents, const HostTensor& host);
// The inverse; leaves what lies between the array's elements alone.
void from_device_layout(const PlanTensor& tensor, const TensorExtents& extents, std::vector<std::byte> pages,
                        const HostTensor& host);

// The format of a dtype's elements in host memory; nullopt: converted element by element.
std::optional<tensix::DataFormat> host_format(DType dtype);

}  // namespace tilelang_tt
