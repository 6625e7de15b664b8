#include "x3/fold_messages.hpp"

#include <fmt/format.h>

#include "x3/to_ast.hpp"

namespace jensen::grammar {

Diagnostic chained_comparison(const ParseState& state, const tree::Place& second_operator) {
  return {.code = "chained-comparison",
          .message = "a comparison is compared again",
          .span = state.span(second_operator),
          .label = "the second comparison",
          .notes = {{Note::Kind::help, "write `a < b and b < c`, or put one comparison in parentheses"}}};
}

Diagnostic expression_too_long(SourceSpan place) {
  return {.code = "expression-too-long",
          .message = fmt::format("this expression has more than {} operators in a chain or levels", deepest_expression),
          .span = place,
          .notes = {{Note::Kind::help, "put the numbers in a data column and write `sum(v)` or `sum(i in 1..N) v[i]`"}}};
}

Diagnostic not_indexable(const Expr& base, SourceSpan suffix) {
  const char* kind = std::holds_alternative<NumberExpr>(base.kind) ? "a number" : "a string";
  return {.code = "not-indexable", .message = fmt::format("{} has no elements or fields", kind), .span = suffix};
}

Diagnostic number_out_of_range(std::string_view text, SourceSpan place) {
  return {.code = "number-out-of-range",
          .message = fmt::format("`{}` is outside the range of a double", text),
          .span = place,
          .notes = {{Note::Kind::note, "magnitudes lie between 5e-324 and 1.797e308"}}};
}

Diagnostic log_density_outside_distribution(SourceSpan place) {
  return {.code = "misplaced-statement",
          .message = "`logpdf` stands outside a `distribution`",
          .span = place,
          .notes = {{Note::Kind::help, "write `distribution name(...) on support { logpdf(x) = ... }`"}}};
}

Diagnostic second_log_density(SourceSpan place, SourceSpan first) {
  return {.code = "duplicate-logpdf",
          .message = "a second `logpdf` in one `distribution`",
          .span = place,
          .notes = {{Note::Kind::note, "the first is here", first}}};
}

Diagnostic not_a_network_output(SourceSpan place) {
  return {.code = "misplaced-statement", .message = "the body of a `network` holds only `name = expression`", .span = place};
}

Diagnostic not_a_guide(SourceSpan place) {
  return {.code = "misplaced-statement",
          .message = "a `guide` takes `name ~ distribution`, `for`, `if`, `jointly (...)` or `independently (...)`",
          .span = place};
}

Diagnostic not_a_prediction(SourceSpan place) {
  return {.code = "misplaced-statement", .message = "`predict` takes `name ~ distribution`, `name = expression` or `for`", .span = place};
}

}  // namespace jensen::grammar
