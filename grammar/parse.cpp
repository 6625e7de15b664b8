#include "parse.hpp"

#include <algorithm>

#include "x3/fold_messages.hpp"
#include "x3/grammar.hpp"
#include "x3/to_ast.hpp"

namespace jensen::grammar {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

ParseState make_state(const Source& source, SourceId id, const ParseLimits& limits) {
  const std::string_view text = source.text();
  ParseState state;
  state.first = text.data();
  state.body = text.data() + (text.starts_with(byte_order_mark) ? byte_order_mark.size() : 0);
  state.last = text.data() + text.size();
  state.source = id;
  state.limits = limits;
  state.comments = find_comments(state.first, state.last);
  return state;
}

Diagnostics in_text_order(Diagnostics diagnostics) {
  std::stable_sort(diagnostics.begin(), diagnostics.end(), [](const Diagnostic& a, const Diagnostic& b) { return a.span.begin < b.span.begin; });
  return diagnostics;
}

}  // namespace

Result<Program> parse(const Source& source, SourceId id, const ParseLimits& limits) {
  if (source.text().size() > limits.bytes) return file_too_large(source.text().size(), limits.bytes);
  ParseState state = make_state(source, id, limits);
  Program program;
  try {
    const tree::Block block = parse_statements(state);
    program.statements = to_statements(state, block);
  } catch (const TooManyErrors&) {
  }
  if (!state.diagnostics.empty()) return in_text_order(std::move(state.diagnostics));
  return program;
}

Result<Expr> parse_expression(const Source& source, SourceId id, const ParseLimits& limits) {
  if (source.text().size() > limits.bytes) return file_too_large(source.text().size(), limits.bytes);
  ParseState state = make_state(source, id, limits);
  try {
    tree::Expression expression;
    if (parse_one_expression(state, expression)) return to_expr(state, expression);
  } catch (NoTree& failure) {
    state.diagnostics.push_back(std::move(failure.diagnostic));
  } catch (const TooManyErrors&) {
  }
  return in_text_order(std::move(state.diagnostics));
}

}  // namespace jensen::grammar
