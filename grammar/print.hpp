// The syntax tree as model text (re-parses to the same tree) and as an indented outline for golden files.
#pragma once

#include <string>

#include "ast.hpp"

namespace jensen::grammar {

std::string to_text(const Program& program);
std::string to_text(const Expr& expr);  // with the fewest parentheses that keep the tree
std::string to_text(const TypeExpr& type);
std::string to_outline(const Program& program);

}  // namespace jensen::grammar
