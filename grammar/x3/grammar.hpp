// The grammar without its templates: from a text to a parse tree. Mistakes go to `state.diagnostics`.
#pragma once

#include "x3/state.hpp"

namespace jensen::grammar {

// Statements with a mistake in them are there with an unset place.
tree::Block parse_statements(ParseState& state);

// False: mistakes were found.
bool parse_one_expression(ParseState& state, tree::Expression& expression);

}  // namespace jensen::grammar
