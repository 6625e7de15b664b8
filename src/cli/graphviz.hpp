// Drawing a graph with Graphviz, where it is installed.
#pragma once

#include <string>

#include "diagnostics/diagnostic.hpp"

namespace jensen::cli {

// Runs `dot -Tsvg` (found on PATH, without a shell). Code `no-graphviz`, status 69, where it is not there or fails.
Result<std::string> svg_of(const std::string& dot);

}  // namespace jensen::cli
