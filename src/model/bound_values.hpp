// The values of data: literals of the text, and what a value must be.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/bound_data.hpp"
#include "model/graph.hpp"

namespace jensen::model {

// A literal's numbers row by row, and the text of each as a category reads it.
struct Literal {
  std::vector<std::size_t> dims;
  std::vector<double> values;
  std::vector<std::string> texts;
};
// Throws a Failure where the binding is no array of numbers and texts.
Literal read_literal(const ModelGraph& graph, const Variable& variable);

// Values that were written row by row in the order of a BoundArray.
std::vector<double> column_by_column(const BoundArray& array);

// What the value is not, of what the variable's type and its distributions allow: "positive"; nullopt where it is all of that.
std::optional<std::string> value_outside(const ModelGraph& graph, const Variable& variable, double value, const Sizes& sizes);

}  // namespace jensen::model
