// Types of expressions and the scopes that names are looked up in.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "ast.hpp"
#include "model/graph.hpp"

namespace jensen::model {

enum class Level { constant, data, latent };

struct ExprType {
  std::vector<Size> dims;
  Level level = Level::constant;
  bool integer = false;   // a value that may be an index: counts, levels, plate indices, integer constants
  bool category = false;  // a level of a category
  Size levels;            // of a category
  bool unknown = false;   // what a network gives: nothing is checked

  [[nodiscard]] bool scalar() const { return dims.empty(); }
};

// "a number", "a vector(2)", "a matrix(2, 2)"
std::string shape_text(const std::vector<Size>& dims);

// What a name means inside a plate, a sum, a function or a distribution.
struct Scope {
  const Scope* parent = nullptr;
  std::map<std::string, Range> indices;
  std::map<std::string, ExprType> values;  // parameters of a function or distribution
  std::map<std::string, Size> sizes;       // sizes bound by argument types
  bool closed = false;                     // a distribution's or function's body: the model's variables are not visible
};

}  // namespace jensen::model
