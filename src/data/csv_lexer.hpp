// Splits a stream of bytes into CSV records (RFC 4180): quotes, doubled quotes, line ends of any kind inside and outside of quotes, a byte order
// mark. Holds one chunk of the stream, however long the file. Throws Failure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "data/byte_source.hpp"
#include "data/number.hpp"

namespace jensen::data {

class CsvLexer {
 public:
  CsvLexer(ByteSource& source, char delimiter, std::size_t record_bytes);

  // Reads the next record; false at the end of the stream. A blank line is a record of one cell.
  bool next();

  // Valid until `next`. Cells are without their quotes, but with their blanks.
  [[nodiscard]] const std::vector<std::string_view>& cells() const { return cells_; }
  [[nodiscard]] std::size_t line() const { return line_; }       // on which the record begins, from 1
  [[nodiscard]] std::size_t bytes() const { return consumed_; }  // of the stream up to the end of the record
  [[nodiscard]] bool blank() const { return cells_.size() == 1 && !quoted_ && trimmed(cells_[0]).empty(); }

 private:
  enum class Scan { complete, needs_more };

  void refill();
  Scan scan_record();
  Scan scan_plain(const char*& at);
  Scan scan_quoted(const char*& at);
  Scan finish_line(const char* at);
  void remove_doubled_quotes();
  [[nodiscard]] const char* limit() const { return buffer_.data() + end_; }
  [[nodiscard]] bool ends_cell(char c) const { return c == delimiter_ || c == '\n' || c == '\r'; }
  [[nodiscard]] bool blank_inside(char c) const { return (c == ' ' || c == '\t') && c != delimiter_; }

  ByteSource& source_;
  char delimiter_;
  std::size_t record_bytes_;
  std::string buffer_;
  std::size_t begin_ = 0;  // what is not consumed lies in [begin_, end_) of the buffer
  std::size_t end_ = 0;
  bool started_ = false;
  bool ended_ = false;
  std::size_t consumed_ = 0;
  std::size_t line_ = 1;         // of the record
  std::size_t next_line_ = 1;    // of the record after it
  std::size_t inner_lines_ = 0;  // line ends inside quotes of the record
  bool quoted_ = false;          // whether the record has a quoted cell
  std::vector<std::string_view> cells_;
  std::vector<std::size_t> doubled_;  // cells that hold doubled quotes
};

}  // namespace jensen::data
