// The levels of a category: the distinct texts of its cells, in order.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "data/table.hpp"

namespace jensen::model {

// A text that is a number as a whole.
std::optional<double> parse_number(const std::string& text);

struct Levels {
  std::vector<std::string> names;
  std::map<std::string, double> position;  // 1-based
};

// As numbers if all are numbers, otherwise by bytes.
Levels sorted_levels(const std::set<std::string>& distinct);

// The text by which a cell that is not missing names its level.
std::string level_text(const data::Column& column, std::size_t row);

// Adds the texts of the cells that are not missing.
void add_levels(const data::Column& column, std::set<std::string>& distinct);

}  // namespace jensen::model
