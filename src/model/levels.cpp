#include "model/levels.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace jensen::model {

std::optional<double> parse_number(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Levels sorted_levels(const std::set<std::string>& distinct) {
  Levels levels;
  levels.names.assign(distinct.begin(), distinct.end());
  const bool numbers = std::ranges::all_of(levels.names, [](const std::string& name) { return parse_number(name).has_value(); });
  if (numbers) std::ranges::stable_sort(levels.names, {}, [](const std::string& name) { return *parse_number(name); });
  for (std::size_t i = 0; i < levels.names.size(); ++i) levels.position[levels.names[i]] = static_cast<double>(i + 1);
  return levels;
}

std::string level_text(const data::Column& column, std::size_t row) {
  return column.numeric() ? fmt::format("{}", column.numbers()[row]) : column.strings().levels[column.strings().codes[row]];
}

void add_levels(const data::Column& column, std::set<std::string>& distinct) {
  if (column.numeric()) {
    std::set<double> values;
    for (std::size_t r = 0; r < column.size(); ++r) {
      if (!column.is_missing(r)) values.insert(column.numbers()[r]);
    }
    for (const double value : values) distinct.insert(fmt::format("{}", value));
    return;
  }
  const data::StringColumn& strings = column.strings();
  std::vector<bool> seen(strings.levels.size(), false);
  for (std::size_t r = 0; r < column.size(); ++r) {
    if (!column.is_missing(r)) seen[strings.codes[r]] = true;
  }
  for (std::size_t l = 0; l < seen.size(); ++l) {
    if (seen[l]) distinct.insert(strings.levels[l]);
  }
}

}  // namespace jensen::model
