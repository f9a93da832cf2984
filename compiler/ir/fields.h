// Field lists of the forms' tables, in the manner of the ops' own fields(): with them, text, walking and comparison
// treat tables and ops alike. A row's name and location are not listed; every row that has them prints them the same
// way.
#pragma once

#include "compiler/ir/tensix_program.h"
#include "compiler/ir/tile_graph.h"
#include "compiler/ir/tile_program.h"

namespace tilelang_tt {

// Kinds of fields that the text forms place by themselves: regions in braces, rows on lines of their own, results in
// front. All others are name=value.
template <class T>
constexpr bool is_region =
    std::is_same_v<T, tile::Region> || std::is_same_v<T, graph::Region> || std::is_same_v<T, prog::Region>;
template <class T>
constexpr bool is_rows = std::is_same_v<T, std::vector<tile::Store>> || std::is_same_v<T, std::vector<tile::Buffer>> ||
                         std::is_same_v<T, std::vector<prog::Channel>> ||
                         std::is_same_v<T, std::vector<prog::CoreArg>> || std::is_same_v<T, prog::ComputeConfig>;
template <class T>
constexpr bool is_def = std::is_same_v<T, graph::Def> || std::is_same_v<T, std::vector<graph::Def>>;

// fields_of(object, visitor) calls visitor("name", field) for each field of a table row or an op.
template <class T>
concept HasFields = requires(T& t) { std::remove_cvref_t<T>::fields(t, [](std::string_view, auto&) {}); };

template <HasFields Self, class V>
void fields_of(Self& s, V&& v) {
    std::remove_cvref_t<Self>::fields(s, v);
}

// const or mutable T
template <class Self, class T>
concept Same = std::is_same_v<std::remove_const_t<Self>, T>;

template <Same<Var> Self, class V>
void fields_of(Self& s, V&& v) {
    v("kind", s.kind), v("lo", s.lo), v("hi", s.hi);
}
template <Same<Tensor> Self, class V>
void fields_of(Self& s, V&& v) {
    v("dtype", s.dtype), v("shape", s.shape), v("strides", s.strides), v("param", s.param), v("read", s.read);
    v("written", s.written), v("storage", s.storage), v("per_byte", s.per_byte);
    v("view_of", s.view_of), v("given", s.given);
}
template <Same<ScalarParam> Self, class V>
void fields_of(Self& s, V&& v) {
    v("dtype", s.dtype), v("var", s.var), v("param", s.param);
}
template <Same<tile::Buffer> Self, class V>
void fields_of(Self& s, V&& v) {
    v("dtype", s.dtype), v("shape", s.shape), v("scope", s.scope), v("view_of", s.view_of);
}
template <Same<tile::Launch> Self, class V>
void fields_of(Self& s, V&& v) {
    v("grid", s.grid), v("grid_extents", s.grid_extents), v("buffer", s.buffers), v("body", s.body);
}
template <Same<graph::Launch> Self, class V>
void fields_of(Self& s, V&& v) {
    v("grid", s.grid), v("grid_extents", s.grid_extents), v("body", s.body);
}
template <Same<TensorLayout> Self, class V>
void fields_of(Self& s, V&& v) {
    v("row_dim", s.row_dim), v("col_dim", s.col_dim), v("format", s.format), v("pad_is_zero", s.pad_is_zero);
    v("row_major", s.row_major);
}
template <Same<WorkSplit> Self, class V>
void fields_of(Self& s, V&& v) {
    v("order", s.order), v("grid_x", s.grid_x), v("grid_y", s.grid_y), v("cores", s.cores);
    v("across", s.across), v("down", s.down);
}
template <Same<prog::Channel> Self, class V>
void fields_of(Self& s, V&& v) {
    v("format", s.format), v("pages", s.pages), v("block_pages", s.block_pages), v("unpack", s.unpack);
    v("row_tiles", s.row_tiles), v("l1_offset", s.l1_offset), v("why", s.why);
}
template <Same<prog::CoreArg> Self, class V>
void fields_of(Self& s, V&& v) {
    v("var", s.var), v("value", s.value), v("engines", s.engines);
}
template <Same<prog::ComputeConfig> Self, class V>
void fields_of(Self& s, V&& v) {
    v("fidelity", s.fidelity), v("fp32_dest_acc_en", s.fp32_dest_acc_en), v("dst_full_sync_en", s.dst_full_sync_en);
}
template <Same<prog::Launch> Self, class V>
void fields_of(Self& s, V&& v) {
    v("core", s.core), v("compute", s.compute), v("channel", s.channels), v("core_arg", s.core_args), v("body", s.body);
}

}  // namespace tilelang_tt
