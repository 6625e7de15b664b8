#include "x3/state.hpp"

#include <algorithm>

namespace jensen::grammar {

void add_diagnostic(ParseState& state, Diagnostic diagnostic) {
  const auto same_place = [&](const Diagnostic& other) { return other.span.begin == diagnostic.span.begin; };
  if (std::any_of(state.diagnostics.begin(), state.diagnostics.end(), same_place)) return;
  state.diagnostics.push_back(std::move(diagnostic));
  if (state.diagnostics.size() >= static_cast<std::size_t>(std::max(state.limits.errors, 1))) throw TooManyErrors{};
}

}  // namespace jensen::grammar
