// Syntax tree to plated factor graph.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ast.hpp"
#include "base/source.hpp"
#include "diagnostics/diagnostic.hpp"
#include "model/graph.hpp"

namespace jensen::model {

enum class Method { automatic, em, vb };

struct BuildOptions {
  std::string name;               // of the model, for reports
  std::vector<std::string> sets;  // "K=3": overrides a const, or gives an extent
  Method method = Method::automatic;
  // The text of a file that `use "..."` names, or nullopt; the library itself opens no files.
  std::function<std::optional<std::string>(const std::string& path)> read_file = {};
};

// Resolves names, plates, types and extents. Adds the stdlib's modules and used files to `sources`.
// Reports every statement's first mistake, up to 20 in all.
Result<ModelGraph> build_graph(const grammar::Program& program, Sources& sources, const BuildOptions& options);

// A stdlib module as text, and the definitions of one distribution (all its overloads) in it, for `jensen stdlib`.
struct StdlibEntry {
  std::string module;
  std::string name;
  std::string text;  // the definition as written, with the comment above it
};
std::vector<StdlibEntry> stdlib_entries();

}  // namespace jensen::model
