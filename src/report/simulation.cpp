#include "report/simulation.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "report/json_writer.hpp"
#include "simulate/simulate.hpp"

namespace jensen::report {

namespace {

using model::BoundArray;
using model::BoundData;
using model::ModelGraph;
using model::Role;
using model::Variable;

// One variable's place in a table: its columns follow each other in its array, each of `rows` numbers.
struct Columns {
  VariableId id;
  std::vector<std::string> names;
};

bool drawn(const Variable& variable) { return !variable.factors.empty(); }

// Columns beyond the first two dimensions are named by all indices after the first: x_2_3.
std::vector<std::string> column_names(const Variable& variable, const BoundArray& array) {
  std::size_t count = 1;
  for (std::size_t d = 1; d < array.dims.size(); ++d) count *= array.dims[d];
  const bool columns = variable.binding && variable.binding->kind != model::Binding::Kind::literal;
  if (columns && variable.binding->columns.size() == count) return variable.binding->columns;
  if (array.dims.size() < 2) return {variable.name};
  std::vector<std::string> names;
  for (std::size_t c = 0; c < count; ++c) {
    std::string name = variable.name;
    std::size_t rest = c;
    for (std::size_t d = 1; d < array.dims.size(); rest /= array.dims[d++]) name += fmt::format("_{}", rest % array.dims[d] + 1);
    names.push_back(std::move(name));
  }
  return names;
}

std::string quoted(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

std::string cell(const BoundArray& array, std::size_t at) {
  const double value = array.values[at];
  if (std::isnan(value)) return "NA";
  const auto level = static_cast<std::size_t>(value);
  if (!array.levels.empty() && level >= 1 && level <= array.levels.size()) return quoted(array.levels[level - 1]);
  return fmt::format("{}", value);
}

std::string csv_of(const std::vector<Columns>& columns, const std::vector<BoundData>& draws, std::size_t rows) {
  const bool numbered = draws.size() > 1;
  std::vector<std::string> header;
  if (numbered) header.emplace_back("draw");
  for (const Columns& c : columns) {
    for (const std::string& name : c.names) header.push_back(quoted(name));
  }
  std::string text = fmt::format("{}\n", fmt::join(header, ","));
  for (std::size_t d = 0; d < draws.size(); ++d) {
    for (std::size_t row = 0; row < rows; ++row) {
      std::string line = numbered ? fmt::format("{},", d + 1) : std::string();
      for (const Columns& c : columns) {
        const BoundArray& array = draws[d].arrays.at(c.id);
        for (std::size_t k = 0; k < c.names.size(); ++k) line += cell(array, k * rows + row) + ',';
      }
      line.back() = '\n';
      text += line;
    }
  }
  return text;
}

}  // namespace

std::vector<SimulatedTable> simulated_tables(const ModelGraph& graph, const std::vector<BoundData>& draws) {
  std::vector<SimulatedTable> tables;
  std::vector<std::vector<Columns>> columns;
  for (std::size_t i = 0; i < graph.variables.size() && !draws.empty(); ++i) {
    const Variable& variable = graph.variables[VariableId(i)];
    const auto array = draws[0].arrays.find(VariableId(i));
    const bool data = variable.role == Role::data || (variable.role == Role::derived && drawn(variable));
    const bool literal = variable.binding && variable.binding->kind == model::Binding::Kind::literal;
    if (!data || array == draws[0].arrays.end() || (literal && !drawn(variable))) continue;
    const bool scalar = array->second.dims.empty();
    const std::size_t rows = scalar ? 1 : array->second.dims[0];
    auto table = std::find_if(tables.begin(), tables.end(), [&](const auto& t) { return t.rows == rows && (t.extent == "scalars") == scalar; });
    if (table == tables.end()) {
      tables.push_back({scalar ? "scalars" : variable.dims[0].text(), rows, false, {}});
      columns.emplace_back();
      table = std::prev(tables.end());
    }
    table->drawn = table->drawn || drawn(variable);
    columns[static_cast<std::size_t>(table - tables.begin())].push_back({VariableId(i), column_names(variable, array->second)});
  }
  for (std::size_t t = 0; t < tables.size(); ++t) tables[t].csv = csv_of(columns[t], draws, tables[t].rows);
  return tables;
}

std::string simulated_values(const ModelGraph& graph, const std::vector<BoundData>& draws) {
  JsonWriter json;
  json.begin_object();
  for (std::size_t i = 0; i < graph.variables.size() && !draws.empty(); ++i) {
    const Variable& variable = graph.variables[VariableId(i)];
    const auto first = draws[0].arrays.find(VariableId(i));
    if (variable.role == Role::data || (variable.role == Role::derived && drawn(variable))) continue;
    if (first == draws[0].arrays.end()) continue;
    std::vector<std::size_t> shape = first->second.dims;
    std::vector<double> numbers;
    for (const BoundData& draw : draws) {
      const std::vector<double> mine = simulate::row_major(draw.arrays.at(VariableId(i)));
      numbers.insert(numbers.end(), mine.begin(), mine.end());
    }
    if (draws.size() > 1) shape.insert(shape.begin(), draws.size());
    if (numbers.empty()) continue;
    json.key(variable.name);
    json.nested(numbers, shape);
  }
  json.end_object();
  return json.take();
}

}  // namespace jensen::report
