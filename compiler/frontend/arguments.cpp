#include "compiler/frontend/arguments.h"

#include <dlpack/dlpack.h>
#include <tvm/ffi/container/tensor.h>
#include <tvm/ffi/dtype.h>

#include <algorithm>
#include <bit>
#include <map>
#include <optional>

#include "compiler/ir/interpret.h"
#include "compiler/ir/text.h"

namespace tilelang_tt::frontend {
namespace {

namespace ffi = tvm::ffi;

class Checker {
  public:
    explicit Checker(const Context& ctx) : ctx_(ctx) {}

    Result<Arguments> run(const ffi::AnyView* values, int32_t count) {
        // By position: a tensor or a scalar.
        std::map<int, const Tensor*> tensors;
        std::map<int, const ScalarParam*> scalars;
        for (const Tensor& tensor : ctx_.tensors)
            if (tensor.param >= 0) tensors[tensor.param] = &tensor;
        for (const ScalarParam& scalar : ctx_.scalars) scalars[scalar.param] = &scalar;
        const size_t expected = tensors.size() + scalars.size();
        if (static_cast<size_t>(count) != expected) {
            std::string names;
            for (size_t i = 0; i < expected; ++i) {
                const auto tensor = tensors.find(static_cast<int>(i));
                names += (i ? ", " : "") +
                         (tensor != tensors.end() ? tensor->second->name : scalars.at(static_cast<int>(i))->name);
            }
            error("TT7001", "kernel " + ctx_.name + " takes " + std::to_string(expected) + " arguments (" + names +
                                "), " + std::to_string(count) + " were given");
            return std::move(errors_);
        }
        for (const auto& [position, scalar] : scalars) check_scalar(*scalar, values[position], position);
        for (const auto& [position, tensor] : tensors) check_tensor(*tensor, values[position], position);
        if (errors_.empty()) check_shapes(tensors);
        if (errors_.empty()) check_overlap(tensors);
        if (!errors_.empty()) return std::move(errors_);
        return std::move(arguments_);
    }

  private:
    void error(const char* code, std::string message, std::string fix = "") {
        Diagnostic diagnostic;
        diagnostic.code = code;
        diagnostic.message = std::move(message);
        diagnostic.fix = std::move(fix);
        errors_.push_back(std::move(diagnostic));
    }
    std::string who(const std::string& name, int position) const {
        return "argument " + std::to_string(position) + " (" + name + ") of kernel " + ctx_.name;
    }

    void check_scalar(const ScalarParam& scalar, const ffi::AnyView& value, int position) {
        if (is_float(scalar.dtype)) {
            const auto number = value.try_cast<double>();
            if (!number || value.type_index() >= ffi::TypeIndex::kTVMFFIStaticObjectBegin)
                return error("TT7002", who(scalar.name, position) + " must be a number (" +
                                           std::string(to_string(scalar.dtype)) + ")");
            const auto rounded = static_cast<float>(round_to(scalar.dtype, *number));
            arguments_.symbols[scalar.var] = std::bit_cast<uint32_t>(rounded);
            return;
        }
        const auto number = value.try_cast<int64_t>();
        if (!number || value.type_index() >= ffi::TypeIndex::kTVMFFIStaticObjectBegin)
            return error("TT7002", who(scalar.name, position) + " must be an integer (" +
                                       std::string(to_string(scalar.dtype)) + ")");
        int64_t lo = INT64_MIN, hi = INT64_MAX;
        if (const int bits = 8 * size_bytes(scalar.dtype); scalar.dtype == DType::Bool) {
            lo = 0, hi = 1;
        } else if (bits < 64) {
            const bool is_signed =
                scalar.dtype == DType::I8 || scalar.dtype == DType::I16 || scalar.dtype == DType::I32;
            lo = is_signed ? -(int64_t{1} << (bits - 1)) : 0;
            hi = (int64_t{1} << (is_signed ? bits - 1 : bits)) - 1;
        }
        if (*number < lo || *number > hi)
            return error("TT7002", who(scalar.name, position) + " is " + std::to_string(*number) +
                                       ", which does not fit " + std::string(to_string(scalar.dtype)));
        if (scalar.var)
            arguments_.symbols[scalar.var] = *number, symbol_source_[scalar.var] = "argument " + scalar.name;
    }

    void check_tensor(const Tensor& tensor, const ffi::AnyView& value, int position) {
        const auto found = value.try_cast<DLTensor*>();
        if (!found || *found == nullptr)
            return error("TT7003", who(tensor.name, position) + " must be a tensor, not " + value.GetTypeKey());
        const DLTensor& given = **found;
        if (given.device.device_type != kDLCPU)
            return error("TT7004",
                         who(tensor.name, position) + " is not in host memory (DLPack device type " +
                             std::to_string(given.device.device_type) + ")",
                         "pass a CPU tensor: tensor.cpu()");
        const std::string dtype(ffi::DLDataTypeToString(given.dtype));
        const std::string wanted(to_string(tensor.dtype));
        if (dtype != wanted)
            return error("TT7005",
                         who(tensor.name, position) + " has dtype " + dtype + ", the kernel was compiled for " + wanted,
                         "convert it: tensor.to(torch." + wanted + ")");
        if (static_cast<size_t>(given.ndim) != tensor.shape.size())
            return error("TT7006", who(tensor.name, position) + " has " + std::to_string(given.ndim) +
                                       " dimensions, the kernel needs " + std::to_string(tensor.shape.size()));
        HostTensor host;
        host.dtype = tensor.dtype;
        host.data = static_cast<char*>(given.data) + given.byte_offset;
        host.shape.assign(given.shape, given.shape + given.ndim);
        int64_t compact = 1;
        host.strides.resize(given.ndim);
        for (int d = given.ndim; d-- > 0;) {
            host.strides[d] = given.strides ? given.strides[d] : compact;
            // The stride of a dimension of one element is never used; frameworks leave anything there.
            if (host.shape[d] == 1) host.strides[d] = compact;
            compact *= host.shape[d];
        }
        arguments_.tensors.push_back(std::move(host));
    }

    static std::string describe(int64_t dim, const std::string& name) {
        return "dimension " + std::to_string(dim) + " of " + name;
    }

    void check_shapes(const std::map<int, const Tensor*>& tensors) {
        // Dimensions that are a symbol by themselves define it; all others are checked afterwards.
        for (const bool defining : {true, false}) {
            size_t k = 0;
            for (const auto& [position, tensor] : tensors) {
                const HostTensor& host = arguments_.tensors[k++];
                for (size_t d = 0; d < host.shape.size(); ++d) {
                    const IndexNode& node = ctx_.index.node(tensor->shape[d]);
                    const bool is_symbol = node.op == IndexOp::Var;
                    if (is_symbol != defining) continue;
                    const std::string here = describe(static_cast<int64_t>(d), tensor->name);
                    if (host.shape[d] < 1) {
                        error("TT7007", here + " of kernel " + ctx_.name + " is empty",
                              "do not call a kernel on empty tensors");
                        continue;
                    }
                    if (is_symbol && !arguments_.symbols.contains(node.var)) {
                        arguments_.symbols[node.var] = host.shape[d];
                        symbol_source_[node.var] = here;
                        continue;
                    }
                    const auto wanted = ctx_.index.eval(tensor->shape[d], arguments_.symbols);
                    if (wanted && *wanted == host.shape[d]) continue;
                    std::string message =
                        here + " is " + std::to_string(host.shape[d]) + ", kernel " + ctx_.name + " needs ";
                    if (!wanted)
                        message +=
                            print(ctx_.index, tensor->shape[d]) + ", which cannot be computed from the arguments";
                    else if (ctx_.index.as_const(tensor->shape[d]))
                        message += std::to_string(*wanted);
                    else if (is_symbol)
                        message += ctx_.index.var(node.var).name + " = " + std::to_string(*wanted) + " (from " +
                                   symbol_source_[node.var] + ")";
                    else
                        message += print(ctx_.index, tensor->shape[d]) + " = " + std::to_string(*wanted);
                    error("TT7008", std::move(message));
                }
            }
        }
    }

    // The bytes that the tensor's elements span.
    static std::pair<const char*, const char*> span(const HostTensor& host) {
        int64_t lo = 0, hi = 0;
        for (size_t d = 0; d < host.shape.size(); ++d)
            (host.strides[d] < 0 ? lo : hi) += host.strides[d] * (host.shape[d] - 1);
        const auto* base = static_cast<const char*>(host.data);
        return {base + lo * size_bytes(host.dtype), base + (hi + 1) * size_bytes(host.dtype)};
    }

    // Can two different indices address one element? Conservative: strides sorted must each step over the smaller ones.
    static bool self_overlap(const HostTensor& host) {
        std::vector<std::pair<int64_t, int64_t>> dims;  // |stride|, extent
        for (size_t d = 0; d < host.shape.size(); ++d)
            if (host.shape[d] > 1) dims.emplace_back(std::abs(host.strides[d]), host.shape[d]);
        std::sort(dims.begin(), dims.end());
        int64_t reach = 0;
        for (const auto& [stride, extent] : dims) {
            if (stride <= reach) return true;
            reach += stride * (extent - 1);
        }
        return false;
    }

    void check_overlap(const std::map<int, const Tensor*>& tensors) {
        std::vector<std::pair<const Tensor*, const HostTensor*>> outputs;
        size_t k = 0;
        for (const auto& [position, tensor] : tensors) {
            const HostTensor& host = arguments_.tensors[k++];
            if (!tensor->written) continue;
            if (self_overlap(host)) {
                error("TT7009", who(tensor->name, position) + " is written, but several of its elements share memory",
                      "pass tensor.contiguous()");
                continue;
            }
            for (const auto& [other, other_host] : outputs) {
                const auto a = span(host), b = span(*other_host);
                if (a.first < b.second && b.first < a.second)
                    error("TT7010", "arguments " + other->name + " and " + tensor->name + " of kernel " + ctx_.name +
                                        " are both written and share memory");
            }
            outputs.emplace_back(tensor, &host);
        }
    }

    const Context& ctx_;
    Arguments arguments_;
    std::map<VarId, std::string> symbol_source_;
    std::vector<Diagnostic> errors_;
};

}  // namespace

Result<Arguments> check_arguments(const Context& ctx, const ffi::AnyView* values, int32_t count) {
    return Checker(ctx).run(values, count);
}

}  // namespace tilelang_tt::frontend
