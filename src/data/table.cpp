#include "data/table.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/overload.hpp"

namespace jensen::data {

std::size_t Column::size() const {
  return std::visit(
      Overload{[](const std::vector<double>& numbers) { return numbers.size(); }, [](const StringColumn& strings) { return strings.codes.size(); }},
      cells);
}

std::size_t Column::missing_count() const { return static_cast<std::size_t>(std::count(missing.begin(), missing.end(), true)); }

std::string Column::text(std::size_t row) const {
  if (is_missing(row)) return "NA";
  return std::visit(Overload{[&](const std::vector<double>& numbers) { return fmt::format("{}", numbers[row]); },
                             [&](const StringColumn& strings) { return strings.levels[strings.codes[row]]; }},
                    cells);
}

const Column* Table::find(std::string_view name) const {
  const auto found = std::find_if(columns.begin(), columns.end(), [&](const Column& column) { return column.name == name; });
  return found == columns.end() ? nullptr : &*found;
}

std::vector<std::string> Table::names() const {
  std::vector<std::string> names;
  for (const Column& column : columns) names.push_back(column.name);
  return names;
}

std::size_t Table::line_of(std::size_t row) const {
  const auto after = std::upper_bound(lines.begin(), lines.end(), row, [](std::size_t r, const LineRun& run) { return r < run.row; });
  if (after == lines.begin()) return 0;
  const LineRun& run = *(after - 1);
  return run.line + (row - run.row);
}

std::string Table::place(const Column& column, std::size_t row) const {
  const std::size_t line = line_of(row);
  const std::string at_line = line == 0 ? std::string() : fmt::format(" (line {})", line);
  return fmt::format("`{}`, row {}{}, column `{}`", source, row + 1, at_line, column.name);
}

}  // namespace jensen::data
