#include "compiler/frontend/reference.h"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "compiler/ir/interpret.h"
#include "tensix/formats.h"

namespace tilelang_tt::frontend {
namespace {

template <class T>
T load(const void* at) {
    T value;
    std::memcpy(&value, at, sizeof value);
    return value;
}

double read_element(DType dtype, const void* at) {
    switch (dtype) {
        case DType::Bool:
        case DType::U8:
            return load<uint8_t>(at);
        case DType::I8:
            return load<int8_t>(at);
        case DType::I16:
            return load<int16_t>(at);
        case DType::U16:
            return load<uint16_t>(at);
        case DType::I32:
            return load<int32_t>(at);
        case DType::U32:
            return load<uint32_t>(at);
        case DType::I64:
            return static_cast<double>(load<int64_t>(at));
        case DType::BF16:
            return tensix::from_bf16(load<uint16_t>(at));
        case DType::F16:
            return tensix::from_fp16(load<uint16_t>(at));
        case DType::F32:
            return load<float>(at);
        case DType::F64:
            return load<double>(at);
        case DType::FP8E4M3:
        case DType::FP8E5M2:
            break;
    }
    return 0;
}

template <class T>
void store(void* at, T value) {
    std::memcpy(at, &value, sizeof value);
}

// The interpreter has already rounded value to dtype.
void write_element(DType dtype, void* at, double value) {
    switch (dtype) {
        case DType::Bool:
            return store<uint8_t>(at, value != 0);
        case DType::U8:
            return store<uint8_t>(at, static_cast<uint8_t>(value));
        case DType::I8:
            return store<int8_t>(at, static_cast<int8_t>(value));
        case DType::I16:
            return store<int16_t>(at, static_cast<int16_t>(value));
        case DType::U16:
            return store<uint16_t>(at, static_cast<uint16_t>(value));
        case DType::I32:
            return store<int32_t>(at, static_cast<int32_t>(value));
        case DType::U32:
            return store<uint32_t>(at, static_cast<uint32_t>(value));
        case DType::I64:
            return store<int64_t>(at, static_cast<int64_t>(value));
        case DType::BF16:
            return store(at, tensix::to_bf16(static_cast<float>(value)));
        case DType::F16:
            return store(at, tensix::to_fp16(static_cast<float>(value)));
        case DType::F32:
            return store(at, static_cast<float>(value));
        case DType::F64:
            return store(at, value);
        case DType::FP8E4M3:
        case DType::FP8E5M2:
            return;
    }
}

// visit(byte offset of the element) for all elements in row-major order
template <class F>
void for_each_element(const HostTensor& tensor, F&& visit) {
    const size_t rank = tensor.shape.size();
    const int64_t size = size_bytes(tensor.dtype);
    std::vector<int64_t> index(rank, 0);
    int64_t count = 1, offset = 0;
    for (int64_t dim : tensor.shape) count *= dim;
    for (int64_t n = 0; n < count; ++n) {
        visit(offset * size);
        for (size_t d = rank; d-- > 0;) {
            offset += tensor.strides[d];
            if (++index[d] < tensor.shape[d]) break;
            offset -= tensor.strides[d] * tensor.shape[d];
            index[d] = 0;
        }
    }
}

}  // namespace

Result<RunStats> run_reference(const TileProgram& program, const std::vector<HostTensor>& tensors,
                               const IndexEnv& symbols) {
    const auto start = std::chrono::steady_clock::now();
    const Context& ctx = program.ctx;
    std::vector<HostArray> arrays(ctx.tensors.size());
    std::vector<const HostTensor*> host(ctx.tensors.size(), nullptr);
    // HostTensors are in parameter order; the Context's tensors need not be.
    std::vector<size_t> order;
    for (size_t i = 0; i < ctx.tensors.size(); ++i)
        if (ctx.tensors[i].param >= 0) order.push_back(i);
    std::sort(order.begin(), order.end(),
              [&](size_t a, size_t b) { return ctx.tensors[a].param < ctx.tensors[b].param; });
    for (size_t k = 0; k < order.size(); ++k) host[order[k]] = &tensors[k];

    for (size_t i = 0; i < arrays.size(); ++i) {
        HostArray& array = arrays[i];
        array.dtype = ctx.tensors[i].dtype;
        int64_t count = 1;
        for (IndexId dim : ctx.tensors[i].shape) {
            array.shape.push_back(ctx.index.eval(dim, symbols).value_or(0));
            count *= array.shape.back();
        }
        array.data.resize(count);
        if (!host[i]) continue;
        size_t n = 0;
        const char* base = static_cast<const char*>(host[i]->data);
        for_each_element(*host[i], [&](int64_t at) { array.data[n++] = read_element(array.dtype, base + at); });
    }
    const InterpretResult result = interpret(program, arrays, symbols);
    if (!result.ok()) return result.errors;
    for (size_t i = 0; i < arrays.size(); ++i) {
        if (!host[i] || !ctx.tensors[i].written) continue;
        size_t n = 0;
        char* base = static_cast<char*>(host[i]->data);
        for_each_element(*host[i], [&](int64_t at) { write_element(arrays[i].dtype, base + at, arrays[i].data[n++]); });
    }
    RunStats stats;
    stats.device = "reference interpreter";
    stats.numerics = "reference";
    stats.wall_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return stats;
}

}  // namespace tilelang_tt::frontend
