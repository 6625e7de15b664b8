// The functions of the language: how many arguments they take and what shape they give. What they mean is in derive/ (as statistics) and plan/ (as
// numbers).
#pragma once

#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "model/types.hpp"

namespace jensen::model {

struct BuiltinCall {
  const grammar::CallExpr& call;
  SourceSpan span;
  const std::vector<ExprType>& types;
  std::vector<std::optional<Size>> sizes;  // the arguments as extents, for zeros(K)
  std::function<void(const Size&, const Size&)> require_equal = {};
};

struct Builtin {
  std::string name;
  std::size_t least;
  std::size_t most;
  std::string takes;         // "one vector"
  bool wants_sizes = false;  // the arguments are extents
  std::function<std::vector<Size>(const BuiltinCall&)> shape;
};

const Builtin* find_builtin(const std::string& name);
std::vector<std::string> builtin_names();

}  // namespace jensen::model
