// Text to syntax tree: the only header of the grammar that other stages include (with ast.hpp and print.hpp). Boost.Spirit stays behind it.
#pragma once

#include <cstddef>

#include "ast.hpp"
#include "base/source.hpp"
#include "diagnostics/diagnostic.hpp"

namespace jensen::grammar {

struct ParseLimits {
  std::size_t bytes = 16u << 20;  // refused beyond, code "file-too-large"
  int nesting = 128;              // parentheses, brackets, signs, right-associative chains; a block counts 4. Safe on a stack of 512 KiB
  int errors = 20;                // reported in one run
};

// Parses a whole model text. On failure: up to `limits.errors` diagnostics in text order, one per mistake.
Result<Program> parse(const Source& source, SourceId id, const ParseLimits& limits = {});

// Parses one expression (REPL, --set values, tests).
Result<Expr> parse_expression(const Source& source, SourceId id, const ParseLimits& limits = {});

}  // namespace jensen::grammar
