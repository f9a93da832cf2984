#include "compiler/frontend/import.h"

#include <dlfcn.h>

#include <filesystem>
#include <sstream>

#include "compiler/frontend/importer.h"
#include "op/operator.h"

namespace tilelang_tt::frontend {
namespace importing {
namespace {

// Is the file part of the tilelang package itself, as the bodies of its macros are? The package is the folder above the
// one that TileLang's library was loaded from.
bool inside_tilelang(const std::string& file) {
    static const std::string package = [] {
        tvm::tl::TileOperator (*const parse)(const Call&, const tvm::tl::BlockAnnotations&) = &tvm::tl::ParseOperator;
        Dl_info info{};
        std::error_code error;
        if (!dladdr(reinterpret_cast<const void*>(parse), &info) || !info.dli_fname) return std::string();
        const auto library = std::filesystem::weakly_canonical(info.dli_fname, error);
        const auto folder = library.parent_path().parent_path();
        return error || folder.filename() != "tilelang" ? std::string() : folder.string() + "/";
    }();
    if (package.empty()) return false;
    std::error_code error;
    const auto path = std::filesystem::weakly_canonical(file, error);
    return !error && path.string().starts_with(package);
}

}  // namespace

std::string text(const ffi::ObjectRef& ref) {
    std::ostringstream out;
    out << ref;
    return out.str();
}

LocId Importer::locate(const tvm::Span& span) {
    if (!span.defined() || !span->source_name.defined()) return loc_;
    const std::string file = span->source_name->name;
    const auto [known, first] = inside_tilelang_.try_emplace(file, false);
    if (first) known->second = inside_tilelang(file);
    // What a macro of TileLang expands to has lines of TileLang only; the call is next to the statement before it.
    if (known->second) return recent_ ? recent_ : loc_;
    return recent_ = program_.ctx.add_loc({file, span->line, 0});
}

void Importer::refuse(const char* code, std::string message, std::string fix, std::vector<Fact> facts) {
    Diagnostic diagnostic;
    diagnostic.code = code;
    diagnostic.message = std::move(message);
    diagnostic.facts = std::move(facts);
    diagnostic.fix = std::move(fix);
    if (loc_) diagnostic.where.push_back(program_.ctx.loc(loc_));
    throw Refused{std::move(diagnostic)};
}

void Importer::note_ignored(const std::string& what, const std::string& why) {
    if (!ignored_.insert(what).second) return;
    Diagnostic diagnostic;
    diagnostic.severity = Severity::Note;
    diagnostic.code = kIgnored;
    diagnostic.message = what + " is ignored: " + why;
    if (loc_) diagnostic.where.push_back(program_.ctx.loc(loc_));
    program_.remarks.push_back(std::move(diagnostic));
}

Result<TileProgram> Importer::run(const PrimFunc& function, const std::string& name) {
    program_.ctx.name = name;
    At at(*this, function->span);
    // Tensors first: their shapes define the symbols that scalar arguments may name too.
    for (const bool scalars : {false, true})
        for (size_t i = 0; i < function->params.size(); ++i)
            if (function->buffer_map.count(function->params[i]) != static_cast<size_t>(scalars))
                attempt([&] { declare_param(function, i); });
    attempt([&] { host(function->body); });
    if (program_.launches.empty() && errors_.empty())
        attempt([&] {
            refuse(kKernel, "the function " + name + " has no T.Kernel", "write `with T.Kernel(...) as (bx, by):`");
        });
    if (!errors_.empty()) return std::move(errors_);
    return std::move(program_);
}

}  // namespace importing

Result<TileProgram> import_function(const tvm::tirx::PrimFunc& function, const std::string& name) {
    return importing::Importer().run(function, name);
}

}  // namespace tilelang_tt::frontend
