// What a function declares: parameters, tensors, buffers of a block, formats of storage.
#include "compiler/frontend/importer.h"

#include <algorithm>
#include <limits>

#include "compiler/ir/names.h"
#include "compiler/ir/text.h"

namespace tilelang_tt::frontend::importing {

std::string Importer::unique_name(const std::string& wanted) {
    std::string name = wanted.empty() ? "v" : wanted;
    for (int suffix = 1; !names_.insert(name).second; ++suffix) name = wanted + "_" + std::to_string(suffix);
    return name;
}

DType Importer::dtype(tvm::DataType type, const std::string& of) {
    if (type.is_bool()) return DType::Bool;
    const std::string name = ffi::DLDataTypeToString(type);
    const auto found = parse_dtype(name);
    if (!found || type.lanes() != 1)
        refuse(kDType, of + " has dtype " + name + ", which Tensix kernels cannot hold",
               "use bfloat16, float16, float32 or an integer type of 8 to 32 bits");
    return *found;
}

void Importer::declare_tensor(const Buffer& buffer, int param) {
    At at(*this, buffer->span);
    Tensor tensor;
    const std::string user = buffer->name;
    tensor.name = unique_name(user);
    tensor.dtype = dtype(buffer->dtype, "tensor " + user);
    tensor.param = param;
    tensor.loc = loc_;
    for (const PrimExpr& dim : buffer->shape) {
        // A dimension that is a bare variable defines a shape symbol.
        if (const auto* var = dim.as<VarNode>(); var && !index_vars_.contains(var)) {
            Var symbol{.name = unique_name(var->name_hint), .kind = VarKind::Symbol, .lo = 1, .hi = {}};
            index_vars_[var] = arena().of(arena().new_var(symbol));
        }
        tensor.shape.push_back(index(dim, "the shape of tensor " + user));
    }
    for (const PrimExpr& stride : buffer->strides)
        if (const auto* var = stride.as<VarNode>(); var && !index_vars_.contains(var))
            other_vars_[var] = "a stride of tensor " + user + " (kernels see tensors by their logical indices)";
    tensors_[buffer.get()] = TensorId(program_.ctx.tensors.size());
    data_[buffer->data.get()] = {tensors_[buffer.get()], {}};
    program_.ctx.tensors.push_back(std::move(tensor));
}

void Importer::declare_param(const PrimFunc& function, size_t position) {
    const tvm::tirx::Var var = function->params[position];
    if (auto buffer = function->buffer_map.Get(var)) return declare_tensor(buffer.value(), static_cast<int>(position));
    const std::string user = var->name_hint;
    if (var->dtype.is_handle())
        refuse(kScalar, "argument " + user + " is a raw pointer", "declare it as T.Tensor(shape, dtype)");
    ScalarParam scalar;
    scalar.name = unique_name(user);
    scalar.dtype = dtype(var->dtype, "argument " + user);
    scalar.param = static_cast<int>(position);
    if (is_integer(scalar.dtype) || scalar.dtype == DType::Bool) {
        // The variable may already be a shape symbol of a tensor declared before it.
        if (const auto known = index_vars_.find(var.get()); known != index_vars_.end()) {
            scalar.var = arena().node(known->second).var;
        } else {
            scalar.var = arena().new_var({.name = scalar.name, .kind = VarKind::Symbol, .lo = {}, .hi = {}});
            index_vars_[var.get()] = arena().of(scalar.var);
        }
    } else {
        // It arrives as the bits of an fp32 number.
        scalar.var = arena().new_var(
            {.name = scalar.name, .kind = VarKind::Symbol, .lo = 0, .hi = std::numeric_limits<uint32_t>::max()});
        float_scalars_[var.get()] = arena().of(scalar.var);
        other_vars_[var.get()] = "the scalar argument " + user + " of type " + std::string(to_string(scalar.dtype));
    }
    program_.ctx.scalars.push_back(std::move(scalar));
}

void Importer::declare_buffer(const Buffer& buffer) {
    At at(*this, buffer->span);
    const std::string scope = buffer.scope(), user = buffer->name;
    if (scope == "global") return declare_tensor(buffer, -1);
    refused_buffers_.insert(buffer.get());  // until it is clear that it is not
    tile::Buffer out;
    if (scope == "shared" || scope == "shared.dyn")
        out.scope = tile::Scope::Shared;
    else if (scope == "local.fragment" || scope == "local.reducer")
        out.scope = tile::Scope::Fragment;
    else if (scope == "local" || scope == "local.var")
        out.scope = tile::Scope::Local;
    else
        refuse(kBuffer, "buffer " + user + " has scope " + scope + ", which is particular to GPUs",
               "use T.alloc_shared or T.alloc_fragment");
    out.dtype = dtype(buffer->dtype, "buffer " + user);
    for (const PrimExpr& dim : buffer->shape) {
        const auto size = arena().as_const(index(dim, "the shape of buffer " + user));
        if (!size || *size <= 0)
            refuse(kBuffer, "the shape of buffer " + user + " is not a positive constant",
                   "make block sizes constants");
        out.shape.push_back(*size);
    }
    out.name = unique_name(user);
    out.loc = loc_;
    refused_buffers_.erase(buffer.get());
    buffers_[buffer.get()] = BufferId(launch_->buffers.size());
    data_[buffer->data.get()] = {{}, buffers_[buffer.get()]};
    launch_->buffers.push_back(std::move(out));
}

Ref Importer::ref(const Buffer& buffer) {
    if (const auto found = tensors_.find(buffer.get()); found != tensors_.end()) return {found->second, {}};
    if (const auto found = buffers_.find(buffer.get()); found != buffers_.end()) return {{}, found->second};
    if (refused_buffers_.contains(buffer.get())) throw Refused{};
    const std::string user = buffer->name;
    if (const auto owner = data_.find(buffer->data.get()); owner != data_.end()) return view(buffer, owner->second);
    refuse(kBuffer, "buffer " + user + " is not allocated in this kernel", "allocate it inside `with T.Kernel(...)`");
}

// T.reshape, T.view: another shape of the owner's elements, in row-major order.
Ref Importer::view(const Buffer& buffer, Ref owner) {
    At at(*this, buffer->span);
    const std::string user = buffer->name, of = ref_name(owner);
    const DType type = dtype(buffer->dtype, "the view " + user), own = owner.is_tensor()
                                                                           ? program_.ctx.tensor(owner.tensor).dtype
                                                                           : launch_->buffers[owner.buffer.v].dtype;
    if (type != own)
        refuse(kBuffer,
               "buffer " + user + " is a view of " + of + " (" + std::string(to_string(own)) + ") as " +
                   std::string(to_string(type)) + ": bits of one dtype cannot be read as another",
               "view it in its own dtype and convert the values with T.cast");
    std::vector<IndexId> shape;
    IndexId elements = arena().constant(1), whole = arena().constant(1);
    for (const PrimExpr& dim : buffer->shape) {
        shape.push_back(index(dim, "the shape of the view " + user));
        elements = arena().mul(elements, shape.back());
    }
    bool compact = is_zero(buffer->elem_offset);
    IndexId step = arena().constant(1);
    for (size_t d = shape.size(); compact && !buffer->strides.empty() && d-- > 0; step = arena().mul(step, shape[d])) {
        const auto stride = try_index(buffer->strides[d]);
        compact = stride && arena().as_const(arena().sub(*stride, step)) == 0;
    }
    if (!compact)
        refuse(kBuffer, "buffer " + user + " is a view of a part of " + of + ", or has strides of its own",
               "view all of " + of + " with T.reshape, and index the view");
    if (owner.is_tensor()) {
        for (const IndexId dim : program_.ctx.tensor(owner.tensor).shape) whole = arena().mul(whole, dim);
    } else {
        for (const int64_t dim : launch_->buffers[owner.buffer.v].shape)
            whole = arena().mul(whole, arena().constant(dim));
    }
    if (arena().as_const(arena().sub(elements, whole)) != 0)
        refuse(kBuffer, "the view " + user + " does not have as many elements as " + of, "give it a shape of as many",
               {{"elements", print(arena(), whole), print(arena(), elements)}});
    if (owner.is_tensor()) {
        Tensor tensor;
        tensor.name = unique_name(user);
        tensor.dtype = type;
        tensor.shape = std::move(shape);
        tensor.view_of = owner.tensor;
        tensor.loc = loc_;
        const TensorId id(program_.ctx.tensors.size());
        tensors_[buffer.get()] = id;
        program_.ctx.tensors.push_back(std::move(tensor));
        return {id, {}};
    }
    tile::Buffer out;
    out.name = unique_name(user);
    out.dtype = type;
    for (const IndexId dim : shape) {
        const auto size = arena().as_const(dim);
        if (!size)
            refuse(kBuffer, "the shape of the view " + user + " of buffer " + of + " is not constant",
                   "make block sizes constants");
        out.shape.push_back(*size);
    }
    out.scope = launch_->buffers[owner.buffer.v].scope;
    out.view_of = owner.buffer;
    out.loc = loc_;
    const BufferId id(launch_->buffers.size());
    buffers_[buffer.get()] = id;
    launch_->buffers.push_back(std::move(out));
    return {{}, id};
}

// tilelang_tt.annotate_storage({tensor: format}), as data pointers of buffers.
void Importer::storage(const ffi::Map<tvm::tirx::Var, ffi::String>& wanted) {
    for (const auto& [data, format] : wanted) {
        const std::string text = format;
        const auto found = std::find_if(tensors_.begin(), tensors_.end(), [&, key = data.get()](const auto& entry) {
            return static_cast<const tvm::tirx::BufferNode*>(entry.first)->data.get() == key &&
                   !program_.ctx.tensor(entry.second).view_of;
        });
        if (found == tensors_.end())
            refuse(kStorage, "annotate_storage names `" + std::string(data->name_hint) + "`, which is no tensor",
                   "annotate tensors in global memory; buffers of a block are placed by the compiler");
        Tensor& tensor = program_.ctx.tensors[found->second.v];
        const auto storage = parse_enum<Storage>(text);
        if (!storage || *storage == Storage::Own)
            refuse(kStorage, "annotate_storage gives `" + tensor.name + "` the unknown format \"" + text + "\"",
                   "use \"bfp8_b\", \"bfp4_b\", \"row_major\", or \"int4\", \"uint4\", \"int2\", \"uint2\" for numbers "
                   "packed "
                   "in bytes");
        const bool packed = packed_bits(*storage) != 0;
        const bool bytes = tensor.dtype == DType::I8 || tensor.dtype == DType::U8;
        if (packed ? !bytes : *storage != Storage::RowMajor && !is_float(tensor.dtype))
            refuse(kStorage,
                   "annotate_storage stores `" + tensor.name + "`, which is " + std::string(to_string(tensor.dtype)) +
                       ", as " + text,
                   packed ? "packed numbers are tensors of int8 or uint8" : "block formats hold floats");
        if (tensor.storage != Storage::Own && tensor.storage != *storage)
            refuse(kStorage, "annotate_storage gives `" + tensor.name + "` two formats", "annotate it once");
        tensor.storage = *storage;
    }
}

}  // namespace tilelang_tt::frontend::importing
