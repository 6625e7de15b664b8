#include "data/csv.hpp"

#include <algorithm>
#include <span>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "data/column_builder.hpp"
#include "data/csv_lexer.hpp"
#include "data/messages.hpp"
#include "data/number.hpp"

namespace jensen::data {
namespace {

using Cells = std::span<const std::string_view>;  // of one row; empty for a blank line

// The header's cells; one without a name (the row labels that R and pandas write) is not read.
struct Header {
  std::vector<std::string> names;
  [[nodiscard]] std::size_t width() const { return names.size(); }
};

Header read_header(CsvLexer& lexer, const std::string& source) {
  do {
    if (!lexer.next()) throw Failure(empty_file(source));
  } while (lexer.blank());
  Header header;
  std::unordered_map<std::string_view, std::size_t> seen;
  for (const std::string_view cell : lexer.cells()) header.names.emplace_back(trimmed(cell));
  for (std::size_t i = 0; i < header.width(); ++i) {
    if (header.names[i].empty()) continue;
    const auto [first, fresh] = seen.emplace(header.names[i], i);
    if (!fresh) throw Failure(duplicate_column(source, header.names[i], first->second + 1, i + 1));
  }
  return header;
}

// Which lines the rows stand on, as runs of consecutive lines.
class LineRuns {
 public:
  void add(std::size_t row, std::size_t line) {
    if (runs_.empty() || runs_.back().line + (row - runs_.back().row) != line) runs_.push_back({row, line});
  }
  std::vector<LineRun> take() { return std::move(runs_); }

 private:
  std::vector<LineRun> runs_;
};

// Calls `each_row(cells, row, line)` and returns the number of rows. Blank lines are skipped, except between the rows of a table of one column, where
// one is a missing cell.
template <class EachRow>
std::size_t for_each_row(CsvLexer& lexer, const Header& header, const std::string& source, const EachRow& each_row) {
  std::size_t row = 0;
  std::vector<std::size_t> blank_lines;
  while (lexer.next()) {
    if (lexer.blank()) {
      if (header.width() == 1) blank_lines.push_back(lexer.line());
      continue;
    }
    for (const std::size_t line : blank_lines) each_row(Cells(), row++, line);
    blank_lines.clear();
    if (lexer.cells().size() != header.width()) throw Failure(ragged_row(source, row + 1, lexer.line(), header.width(), lexer.cells().size()));
    each_row(Cells(lexer.cells()), row++, lexer.line());
  }
  return row;
}

std::vector<ColumnBuilder> builders_of(const Header& header, const CsvOptions& options) {
  std::vector<ColumnBuilder> builders;
  builders.reserve(header.width());
  for (const std::string& name : header.names) builders.emplace_back(name, options.missing);
  return builders;
}

// Room for the whole file, judged by its first rows, so that no column is copied while it grows.
void reserve_rows(std::vector<ColumnBuilder>& builders, const CsvLexer& lexer, std::size_t rows, std::uint64_t file_bytes) {
  const double estimate = 1.02 * static_cast<double>(file_bytes) * static_cast<double>(rows) / static_cast<double>(lexer.bytes());
  for (ColumnBuilder& builder : builders) builder.reserve(static_cast<std::size_t>(estimate) + 16);
}

void add_cell(ColumnBuilder& builder, Cells cells, std::size_t column) {
  if (cells.empty())
    builder.add_missing();
  else
    builder.add(cells[column]);
}

constexpr std::size_t rows_to_judge = 1000;

// Reads the columns that turned out to be text after their first rows once more.
void reread_texts(ByteSource& source, const CsvOptions& options, const Header& header, std::size_t rows, std::vector<ColumnBuilder>& builders) {
  std::vector<std::size_t> texts;
  for (std::size_t i = 0; i < builders.size(); ++i)
    if (builders[i].needs_reread()) texts.push_back(i);
  if (texts.empty()) return;
  for (const std::size_t i : texts) builders[i].restart_as_text(rows);
  source.rewind();
  CsvLexer lexer(source, options.delimiter, options.record_bytes);
  read_header(lexer, source.name());
  const std::size_t rows_again = for_each_row(lexer, header, source.name(), [&](Cells cells, std::size_t, std::size_t) {
    for (const std::size_t i : texts) add_cell(builders[i], cells, i);
  });
  if (rows_again != rows) throw Failure(read_failed(source.name(), "it changed meanwhile"));
}

}  // namespace

Table read_csv(ByteSource& source, const CsvOptions& options) {
  CsvLexer lexer(source, options.delimiter, options.record_bytes);
  const Header header = read_header(lexer, source.name());
  std::vector<ColumnBuilder> builders = builders_of(header, options);
  LineRuns lines;
  const std::size_t rows = for_each_row(lexer, header, source.name(), [&](Cells cells, std::size_t row, std::size_t line) {
    if (row == rows_to_judge && source.size()) reserve_rows(builders, lexer, row, *source.size());
    lines.add(row, line);
    for (std::size_t i = 0; i < builders.size(); ++i)
      if (!header.names[i].empty()) add_cell(builders[i], cells, i);
  });
  reread_texts(source, options, header, rows, builders);
  Table table{source.name(), {}, rows, lines.take()};
  for (std::size_t i = 0; i < builders.size(); ++i)
    if (!header.names[i].empty()) table.columns.push_back(std::move(builders[i]).finish());
  return table;
}

}  // namespace jensen::data
