// Folds the parse tree into the public tree: precedence, numbers, string escapes, and the few rules that the grammar leaves open
// (comparisons do not chain, a `logpdf` stands in a `distribution`, ...). Mistakes go to `state.diagnostics`.
#pragma once

#include "ast.hpp"
#include "x3/state.hpp"

namespace jensen::grammar {

// Levels of one expression's tree, so of a chain of operators too: a + b + c has three. Later stages recurse over trees.
inline constexpr int deepest_expression = 512;

// Thrown for a mistake after which an expression has no tree; its statement is dropped.
struct NoTree {
  Diagnostic diagnostic;
};

Expr to_expr(const ParseState& state, const tree::Expression& expression);
Expr to_expr(const ParseState& state, const tree::RangeItem& item);
std::vector<Expr> to_exprs(const ParseState& state, const tree::Expressions& expressions);
std::vector<Expr> to_exprs(const ParseState& state, const tree::RangeItems& items);
std::vector<Argument> to_arguments(const ParseState& state, const tree::Arguments& arguments);
StringExpr to_string_expr(const tree::String& string);

// Statements whose place is unset had a syntax error, which is reported already: they are left out.
Statements to_statements(ParseState& state, const tree::Block& block);

}  // namespace jensen::grammar
