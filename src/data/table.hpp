// Tables: named columns of equal length, each of numbers or of text, as read from a CSV or `.npy` file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "diagnostics/diagnostic.hpp"

namespace jensen::data {

// Distinct texts in the order of their first appearance, and one code per row.
struct StringColumn {
  static constexpr std::uint32_t no_level = std::numeric_limits<std::uint32_t>::max();  // of a missing cell

  std::vector<std::string> levels;
  std::vector<std::uint32_t> codes;
};

// A column is numeric when every cell is a number or missing. `NaN` and `inf` written in a file are numbers that are not finite, not missing
// cells. A missing numeric cell holds a quiet NaN.
struct Column {
  std::string name;
  std::variant<std::vector<double>, StringColumn> cells;
  std::vector<bool> missing;  // empty: no cell is missing

  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] bool numeric() const { return std::holds_alternative<std::vector<double>>(cells); }
  [[nodiscard]] const std::vector<double>& numbers() const { return std::get<std::vector<double>>(cells); }
  [[nodiscard]] const StringColumn& strings() const { return std::get<StringColumn>(cells); }
  [[nodiscard]] bool is_missing(std::size_t row) const { return !missing.empty() && missing[row]; }
  [[nodiscard]] std::size_t missing_count() const;
  [[nodiscard]] std::string text(std::size_t row) const;  // for messages; of a number the shortest text that reads back to it
};

// From `row` (0-based) on, rows stand on consecutive lines beginning at `line` (1-based).
struct LineRun {
  std::size_t row = 0;
  std::size_t line = 0;
};

struct Table {
  std::string source;  // the file's name, for messages
  std::vector<Column> columns;
  std::size_t rows = 0;
  std::vector<LineRun> lines;  // by row; empty for tables that are not text

  [[nodiscard]] const Column* find(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> names() const;
  [[nodiscard]] std::size_t line_of(std::size_t row) const;  // 0 where there is no text
  // "`faithful.csv`, row 3 (line 4), column `waiting`" for messages.
  [[nodiscard]] std::string place(const Column& column, std::size_t row) const;
};

struct CsvOptions {
  char delimiter = ',';
  std::vector<std::string> missing = {"NA"};         // an empty cell is always missing
  std::size_t record_bytes = std::size_t{64} << 20;  // longest row
  // A gzip file that expands beyond both is refused.
  std::uint64_t expanded_bytes = std::uint64_t{1} << 30;
  double expansion = 1000;
};

// Reads CSV (RFC 4180 with a header; gzip by its magic bytes) or `.npy` (by its magic bytes). `-` is the standard input.
// A file with a header and no rows is a table of no rows.
Result<Table> read_table(const std::string& path, const CsvOptions& options = {});

// The same for a CSV text in memory; `name` stands in messages.
Result<Table> read_csv_text(std::string_view text, const std::string& name, const CsvOptions& options = {});

}  // namespace jensen::data
