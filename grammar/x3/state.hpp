// What one parse carries along: the text, the limits, the depth reached, the mistakes found.
#pragma once

#include <string>
#include <vector>

#include "diagnostics/diagnostic.hpp"
#include "parse.hpp"
#include "x3/lexical.hpp"
#include "x3/parse_tree.hpp"

namespace jensen::grammar {

struct ParseState {
  const char* first = nullptr;
  const char* body = nullptr;  // first, or what follows a byte order mark
  const char* last = nullptr;
  SourceId source;
  ParseLimits limits;
  std::vector<Comment> comments;
  int depth = 0;
  Diagnostics diagnostics;

  [[nodiscard]] std::uint32_t offset(const char* p) const { return static_cast<std::uint32_t>(p - first); }
  [[nodiscard]] SourceSpan span(const char* begin, const char* end) const { return {source, offset(begin), offset(end)}; }
  [[nodiscard]] SourceSpan span(const tree::Place& place) const { return {source, place.begin, place.end}; }
};

// Ends a parse that has reached `limits.errors`.
struct TooManyErrors {};

// Keeps the first diagnostic of each place; throws TooManyErrors at the limit.
void add_diagnostic(ParseState& state, Diagnostic diagnostic);

}  // namespace jensen::grammar
