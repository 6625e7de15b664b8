#include "data/messages.hpp"

#include <fmt/format.h>

#include <utility>

namespace jensen::data {
namespace {

Diagnostic data_error(std::string code, std::string message, std::string help = {}) {
  Diagnostic diagnostic{.code = std::move(code), .message = std::move(message)};
  if (!help.empty()) diagnostic.notes.push_back({Note::Kind::help, std::move(help)});
  return diagnostic;
}

Diagnostic with_status(Diagnostic diagnostic, ExitStatus status) {
  diagnostic.status = status;
  return diagnostic;
}

std::string cells(std::size_t count) { return count == 1 ? "1 cell" : fmt::format("{} cells", count); }

// What a file that is no text may be, by its first bytes.
std::string guess_format(std::string_view bytes) {
  if (bytes.starts_with("\xff\xfe") || bytes.starts_with("\xfe\xff")) return "it looks like UTF-16; save it as UTF-8";
  if (bytes.starts_with("PK\x03\x04")) return "it looks like a spreadsheet or a zip archive; export the table as CSV";
  if (bytes.starts_with("PAR1")) return "it looks like Parquet; convert it to CSV";
  if (bytes.starts_with("\x89HDF")) return "it looks like HDF5; convert it to CSV";
  return {};
}

}  // namespace

Diagnostic cannot_open(const std::string& source, const std::string& reason) {
  return with_status(data_error("data-not-found", fmt::format("cannot read `{}`: {}", source, reason)), ExitStatus::no_input);
}

Diagnostic read_failed(const std::string& source, const std::string& reason) {
  return with_status(data_error("data-read-failed", fmt::format("reading `{}` failed: {}", source, reason)), ExitStatus::no_input);
}

Diagnostic out_of_memory(const std::string& source) { return data_error("data-too-large", fmt::format("`{}` does not fit in memory", source)); }

Diagnostic gzip_truncated(const std::string& source) {
  return data_error("data-gzip", fmt::format("`{}` is a gzip file that ends too early", source), "copy or download it again");
}

Diagnostic gzip_corrupt(const std::string& source, const std::string& reason) {
  return data_error("data-gzip", fmt::format("`{}` is a damaged gzip file: {}", source, reason), "copy or download it again");
}

Diagnostic gzip_expands_too_far(const std::string& source, std::uint64_t expanded, std::uint64_t compressed) {
  return data_error("data-gzip-limit", fmt::format("`{}` expands to more than {} bytes from {} bytes: refused", source, expanded, compressed),
                    "decompress it by hand if it is really data");
}

Diagnostic empty_file(const std::string& source) {
  return data_error("data-empty", fmt::format("`{}` is empty: expected a first line with the names of the columns", source));
}

Diagnostic not_text(const std::string& source, std::string_view first_bytes) {
  return data_error("data-not-text", fmt::format("`{}` is not a text table: it holds zero bytes", source), guess_format(first_bytes));
}

Diagnostic duplicate_column(const std::string& source, const std::string& name, std::size_t first, std::size_t second) {
  return data_error("data-duplicate-column",
                    fmt::format("`{}` has two columns named `{}`: cells {} and {} of its header", source, name, first, second));
}

Diagnostic ragged_row(const std::string& source, std::size_t row, std::size_t line, std::size_t expected, std::size_t found) {
  return data_error(
      "data-ragged-row", fmt::format("`{}`, row {} (line {}) has {}, the header has {}", source, row, line, cells(found), expected),
      found > expected ? "a cell that holds the delimiter must stand in double quotes" : "write an empty cell or NA for a missing value");
}

Diagnostic unclosed_quote(const std::string& source, std::size_t line) {
  return data_error("data-quote", fmt::format("`{}`, line {}: a double quote is opened and never closed", source, line));
}

Diagnostic text_after_quote(const std::string& source, std::size_t line, std::size_t cell) {
  return data_error("data-quote", fmt::format("`{}`, line {}, cell {}: text after the closing double quote", source, line, cell),
                    "a double quote inside a quoted cell is written twice");
}

Diagnostic row_too_long(const std::string& source, std::size_t line, std::size_t limit) {
  return data_error("data-row-too-long", fmt::format("`{}`, line {}: the row is longer than {} bytes", source, line, limit),
                    "is a double quote left open?");
}

Diagnostic npy_header(const std::string& source, const std::string& reason) {
  return data_error("data-npy", fmt::format("`{}` has a damaged .npy header: {}", source, reason));
}

Diagnostic npy_type(const std::string& source, const std::string& type) {
  return data_error("data-npy", fmt::format("`{}` holds elements of type `{}`: expected floats, integers or bools", source, type),
                    "save it with .astype(float)");
}

Diagnostic npy_rank(const std::string& source, std::size_t rank) {
  return data_error("data-npy", fmt::format("`{}` has {} dimensions: a table has one or two", source, rank));
}

Diagnostic npy_size(const std::string& source, std::uint64_t expected, std::uint64_t found) {
  return data_error("data-npy", fmt::format("`{}` should hold {} bytes of elements, found {}", source, expected, found));
}

}  // namespace jensen::data
