// The only place where the grammar's templates are instantiated.
#include "x3/grammar.hpp"

#include "x3/grammar_def.hpp"
#include "x3/syntax_messages.hpp"

namespace jensen::grammar {
namespace {

using Failure = x3::expectation_failure<Iterator>;

void parse_from(ParseState& state, Iterator& position, tree::Block& program) {
  x3::phrase_parse(position, state.last, x3::with<state_tag>(state)[rules::statements], BlankParser{}, program);
}

// `statements` ends before a `}` that closes nothing: say so and go on behind it.
void parse_all(ParseState& state, tree::Block& program) {
  Iterator position = state.body;
  for (;;) {
    tree::Block part;
    parse_from(state, position, part);
    for (tree::Statement& statement : part) program.push_back(std::move(statement));
    position = skip_blanks(position, state.last);
    if (position == state.last) return;
    add_diagnostic(state, unmatched_brace(state, position));
    ++position;
  }
}

}  // namespace

tree::Block parse_statements(ParseState& state) {
  tree::Block program;
  try {
    parse_all(state, program);
  } catch (const NestedTooDeep& failure) {
    add_diagnostic(state, nested_too_deep(state, failure.where));
  } catch (const Failure& failure) {
    add_diagnostic(state, syntax_error(state, state.body, failure.where(), failure.which()));
  }
  return program;
}

bool parse_one_expression(ParseState& state, tree::Expression& expression) {
  Iterator position = state.body;
  try {
    const bool matched = x3::phrase_parse(position, state.last, x3::with<state_tag>(state)[rules::expression], BlankParser{}, expression);
    if (matched && position == state.last) return true;
    add_diagnostic(state, syntax_error(state, state.body, position, matched ? "the end of the expression" : "an expression"));
  } catch (const NestedTooDeep& failure) {
    add_diagnostic(state, nested_too_deep(state, failure.where));
  } catch (const Failure& failure) {
    add_diagnostic(state, syntax_error(state, state.body, failure.where(), failure.which()));
  }
  return false;
}

}  // namespace jensen::grammar
