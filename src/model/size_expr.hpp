// Integer expressions of the text as linear forms.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "ast.hpp"
#include "model/size.hpp"

namespace jensen::model {

using SizeLookup = std::function<std::optional<Size>(const std::string&)>;

// nullopt where the expression is not made of whole numbers, names that `lookup` knows, and + - * that stay linear.
std::optional<Size> size_expression(const grammar::Expr& expr, const SizeLookup& lookup);

}  // namespace jensen::model
