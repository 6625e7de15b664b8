// Expressions with some of their parts replaced.
#pragma once

#include <functional>
#include <optional>

#include "ast.hpp"

namespace jensen::model {

// Called for every node, outermost first: a value replaces the node as it stands, nullopt goes on to its children.
using Replace = std::function<std::optional<grammar::Expr>(const grammar::Expr&)>;

grammar::Expr rewritten(const grammar::Expr& expr, const Replace& replace);

}  // namespace jensen::model
