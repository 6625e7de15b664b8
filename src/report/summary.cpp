// The table of a fit. Arrays are shown by rows: the last dimension in brackets, the leading ones in the name, long ones cut.
#include <algorithm>
#include <cmath>
#include <iterator>
#include <span>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "report/report.hpp"

namespace jensen::report {

namespace {

constexpr std::size_t most_inline = 6;  // numbers of one row
constexpr std::size_t most_rows = 10;   // rows of one variable
constexpr int value_digits = 6;
constexpr int sd_digits = 5;

using Numbers = std::span<const double>;
using Cells = std::vector<std::string>;

struct Table {
  Cells header;
  std::vector<Cells> rows;
};

// Width in display cells of UTF-8 text: continuation bytes take none.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string pad_right(std::string text, std::size_t width) {
  const std::size_t have = width_of(text);
  if (have < width) text.append(width - have, ' ');
  return text;
}

void append_row(std::string& out, const Cells& cells, const std::vector<std::size_t>& widths) {
  std::string line;
  for (std::size_t c = 0; c < cells.size(); ++c) line += pad_right(cells[c], widths[c]) + "  ";
  line.erase(line.find_last_not_of(' ') + 1);
  out += line + '\n';
}

std::string to_text(const Table& table) {
  std::vector<std::size_t> widths(table.header.size(), 0);
  const auto widen = [&](const Cells& row) {
    for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], width_of(row[c]));
  };
  widen(table.header);
  for (const Cells& row : table.rows) widen(row);
  std::string out;
  append_row(out, table.header, widths);
  for (const Cells& row : table.rows) append_row(out, row, widths);
  return out;
}

std::string number(double value, int digits) { return std::isnan(value) ? "-" : fmt::format("{:.{}g}", value == 0 ? 0.0 : value, digits); }

// How a variable's numbers are split into printed rows.
struct RowLayout {
  std::size_t rows = 1;
  std::size_t row_size = 1;
  std::vector<std::size_t> leading;  // extents that are written in the name
  bool bracketed = false;            // a row is [a, b, ...] rather than one number
};

bool is_map(const run::FittedVariable& variable) { return variable.role == "map"; }

bool is_discrete(const run::FittedVariable& variable) {
  return variable.role != "param" && !is_map(variable) && variable.sd.empty() && !variable.shape.empty();
}

RowLayout layout_of(const run::FittedVariable& variable) {
  RowLayout layout;
  const auto& shape = variable.shape;
  const bool inlined = !variable.cells && shape.size() == 1 && (shape[0] <= most_inline || is_discrete(variable) || is_map(variable));
  layout.bracketed = shape.size() > 1 || inlined;
  layout.leading.assign(shape.begin(), layout.bracketed ? std::prev(shape.end()) : shape.end());
  if (layout.bracketed) layout.row_size = shape.back();
  for (const std::size_t extent : layout.leading) layout.rows *= extent;
  return layout;
}

// mu[2], P[1, 2]; an index set with level names shows those: b[Anoka]; a missing cell its place in the data: ozone[5].
std::string row_name(const run::FittedVariable& variable, const RowLayout& layout, std::size_t row) {
  if (variable.cells && variable.cells->at(row).empty()) return variable.name;
  if (variable.cells) return fmt::format("{}[{}]", variable.name, fmt::join(variable.cells->at(row), ", "));
  if (layout.leading.empty()) return variable.name;
  std::vector<std::string> indices(layout.leading.size());
  for (std::size_t d = layout.leading.size(); d-- > 0; row /= layout.leading[d]) {
    const std::size_t position = row % layout.leading[d];
    const bool named = d == 0 && !is_discrete(variable) && !is_map(variable) && variable.levels.size() == layout.leading[0];
    indices[d] = named ? variable.levels[position] : std::to_string(position + 1);
  }
  return fmt::format("{}[{}]", variable.name, fmt::join(indices, ", "));
}

// Numbers that stand below each other get one width.
template <class Shown>
std::vector<std::size_t> widths_by_position(Numbers numbers, const RowLayout& layout, std::size_t shown_rows, Shown&& shown) {
  std::vector<std::size_t> widths(std::min(layout.row_size, most_inline), 0);
  for (std::size_t row = 0; row < shown_rows; ++row) {
    for (std::size_t i = 0; i < widths.size(); ++i) widths[i] = std::max(widths[i], width_of(shown(numbers[row * layout.row_size + i])));
  }
  return widths;
}

struct RowPrinter {
  Numbers numbers;
  const RowLayout& layout;
  std::vector<std::size_t> widths;
  int digits;
  std::span<const std::string> labels;  // of the last dimension; empty: none
  std::span<const std::string> levels;  // that the numbers stand for, from 1; empty: none

  [[nodiscard]] std::string shown(double value) const {
    const bool named = value >= 1 && value <= static_cast<double>(levels.size());
    return named ? levels[static_cast<std::size_t>(value) - 1] : number(value, digits);
  }

  [[nodiscard]] std::string operator()(std::size_t row) const {
    if (numbers.empty()) return {};
    const Numbers items = numbers.subspan(row * layout.row_size, layout.row_size);
    if (!layout.bracketed) return fmt::format("{:>{}}", shown(items[0]), widths[0]);
    std::string text = "[";
    for (std::size_t i = 0; i < widths.size(); ++i) {
      text += i == 0 ? "" : ", ";
      if (i < labels.size()) text += labels[i] + ' ';
      text += fmt::format("{:>{}}", shown(items[i]), widths[i]);
    }
    if (items.size() > widths.size()) text += fmt::format(", ... ({} more)", items.size() - widths.size());
    return text + "]";
  }
};

RowPrinter printer(const run::FittedVariable& variable, const std::vector<double>& numbers, const RowLayout& layout, std::size_t shown, int digits) {
  const bool labelled = is_discrete(variable) && variable.levels.size() == layout.row_size;
  const bool complete = numbers.size() >= layout.rows * layout.row_size && layout.row_size > 0;
  const Numbers used = complete ? Numbers(numbers) : Numbers();
  RowPrinter out{used, layout, {}, digits, {}, {}};
  if (labelled) out.labels = variable.levels;
  if (is_map(variable)) out.levels = variable.levels;
  if (complete) out.widths = widths_by_position(used, layout, shown, [&](double value) { return out.shown(value); });
  return out;
}

std::string shape_text(const run::FittedVariable& variable) {
  if (variable.cells) return fmt::format("{} {}", variable.cells->size(), variable.cells->size() == 1 ? "cell" : "cells");
  return variable.shape.empty() ? "scalar" : fmt::format("{}", fmt::join(variable.shape, " x "));
}

// What follows from the fitted variables by Monte Carlo.
bool is_quantity(const run::FittedVariable& variable) { return variable.role == "derived" || variable.role == "predict"; }

void add_variable(Table& table, const run::FittedVariable& variable) {
  const bool is_param = variable.role == "param" || is_map(variable);
  const RowLayout layout = layout_of(variable);
  const std::size_t shown = layout.rows > most_rows + 1 ? most_rows : layout.rows;
  const RowPrinter value = printer(variable, is_param ? variable.value : variable.mean, layout, shown, value_digits);
  const RowPrinter sd = printer(variable, variable.sd, layout, shown, sd_digits);
  const RowPrinter se = printer(variable, variable.se, layout, shown, sd_digits);
  for (std::size_t row = 0; row < shown; ++row) {
    Cells cells{row_name(variable, layout, row), row == 0 ? shape_text(variable) : "",
                row == 0 ? (is_quantity(variable) ? variable.role : variable.family) : "", value(row)};
    if (is_map(variable)) cells.erase(cells.begin() + 2);
    if (!is_param || !variable.se.empty()) cells.push_back(is_param ? se(row) : sd(row));
    if (is_quantity(variable)) {
      cells.push_back(printer(variable, variable.q5, layout, shown, sd_digits)(row));
      cells.push_back(printer(variable, variable.q95, layout, shown, sd_digits)(row));
    }
    table.rows.push_back(std::move(cells));
  }
  if (shown < layout.rows) table.rows.push_back({fmt::format("... ({} more)", layout.rows - shown)});
}

std::string variables_text(const std::vector<run::FittedVariable>& variables) {
  const bool errors = std::any_of(variables.begin(), variables.end(), [](const run::FittedVariable& v) { return !v.se.empty(); });
  Table params{errors ? Cells{"param", "shape", "family", "value", "se"} : Cells{"param", "shape", "family", "value"}, {}};
  Table others{{"variable", "shape", "family", "mean", "sd"}, {}};
  Table best{{"most probable", "shape", "value"}, {}};
  Table quantities{{"quantity", "shape", "role", "mean", "sd", "5 %", "95 %"}, {}};
  for (const run::FittedVariable& variable : variables) {
    add_variable(is_quantity(variable) ? quantities : is_map(variable) ? best : variable.role == "param" ? params : others, variable);
  }
  std::string out;
  for (const Table* table : {&others, &best, &params, &quantities}) {
    if (!table->rows.empty()) out += to_text(*table) + '\n';
  }
  return out;
}

std::string duration(double seconds) {
  if (seconds < 1e-3) return fmt::format("{:.3g} us", seconds * 1e6);
  if (seconds < 1) return fmt::format("{:.3g} ms", seconds * 1e3);
  return fmt::format("{:.3f} s", seconds);
}

std::string line(std::string_view name, std::string_view text) { return fmt::format("{:<15} {}\n", name, text); }

bool has_params(const run::Fit& fit) {
  const auto is_param = [](const run::FittedVariable& variable) { return variable.role == "param"; };
  return std::any_of(fit.variables.begin(), fit.variables.end(), is_param);
}

// log p(x; θ) where q is the exact posterior given the params; without params that is the log evidence.
std::string bound_text(const run::Fit& fit) {
  const std::string elbo = fmt::format("{:.12g}", fit.elbo);
  if (!fit.exact) return line("ELBO", elbo);
  if (!has_params(fit)) return line("ELBO", elbo + "  (the log evidence: q is exact)");
  std::string out = line("log likelihood", fmt::format("{:.12g}", fit.log_likelihood.value_or(fit.elbo)));
  if (fit.log_prior.value_or(0) != 0) out += line("log prior", fmt::format("{:.12g}", *fit.log_prior)) + line("ELBO", elbo);
  return out;
}

std::string ending_text(const run::Fit& fit) {
  const std::string how = fit.converged ? "converged" : "not converged";
  const bool known = std::isfinite(fit.rise_to_come);
  return known ? fmt::format("{}, {}; rise to come {:.2g} nats", fit.iterations, how, std::max(0.0, fit.rise_to_come))
               : fmt::format("{}, {}", fit.iterations, how);
}

}  // namespace

std::string summary(const run::Fit& fit) {
  std::string out = variables_text(fit.variables) + bound_text(fit) + line("iterations", ending_text(fit));
  if (fit.discarded_restarts > 0) out += line("restarts", fmt::format("{} discarded because they collapsed", fit.discarded_restarts));
  if (!fit.no_standard_errors.empty()) out += line("standard errors", "none: " + fit.no_standard_errors);
  return out + line("time", duration(fit.seconds));
}

std::string summary(const Prediction& prediction) {
  return variables_text(prediction.variables) + line("draws", fmt::format("{} of the posterior, seed {}", prediction.draws, prediction.seed));
}

std::string timings_text(const run::Fit& fit) {
  const run::Timings& t = fit.timings;
  std::string out = line("read", duration(t.read)) + line("derive", duration(t.derive)) + line("plan", duration(t.plan));
  out += line("first pass", duration(t.first_pass));
  const std::string per_iteration = fit.iterations > 0 ? fmt::format("  ({} per iteration)", duration(t.iterations / fit.iterations)) : "";
  return out + line("iterations", duration(t.iterations) + per_iteration);
}

}  // namespace jensen::report
