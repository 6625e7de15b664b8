#include "data/csv_lexer.hpp"

#include <algorithm>
#include <cstring>

#include "data/messages.hpp"

namespace jensen::data {
namespace {

constexpr std::size_t chunk_bytes = std::size_t{1} << 20;

}  // namespace

CsvLexer::CsvLexer(ByteSource& source, char delimiter, std::size_t record_bytes)
    : source_(source), delimiter_(delimiter), record_bytes_(record_bytes), buffer_(std::min(chunk_bytes, record_bytes), '\0') {}

bool CsvLexer::next() {
  line_ = next_line_;
  if (!started_) refill();
  while (true) {
    if (begin_ == end_ && ended_) return false;
    if (scan_record() == Scan::complete) break;
    refill();
  }
  remove_doubled_quotes();
  return true;
}

void CsvLexer::refill() {
  std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  if (end_ == buffer_.size()) {
    if (buffer_.size() >= record_bytes_) throw Failure(row_too_long(source_.name(), line_, record_bytes_));
    buffer_.resize(std::min(2 * buffer_.size(), record_bytes_));
  }
  char* fresh = buffer_.data() + end_;
  const std::size_t room = buffer_.size() - end_;
  const std::size_t count = source_.read({fresh, room});
  ended_ = count < room;
  end_ += count;
  if (std::memchr(fresh, '\0', count) != nullptr) throw Failure(not_text(source_.name(), source_.head()));
  if (!started_ && std::string_view(fresh, count).starts_with("\xef\xbb\xbf")) begin_ = 3;
  started_ = true;
}

// A record that the chunk's end cuts is scanned again from its start once more bytes are there.
CsvLexer::Scan CsvLexer::scan_record() {
  cells_.clear();
  doubled_.clear();
  inner_lines_ = 0;
  quoted_ = false;
  const char* at = buffer_.data() + begin_;
  while (true) {
    const char* first = std::find_if_not(at, limit(), [this](char c) { return blank_inside(c); });
    const bool quoted = first != limit() && *first == '"';
    if (quoted) at = first;
    if ((quoted ? scan_quoted(at) : scan_plain(at)) == Scan::needs_more) return Scan::needs_more;
    if (at == limit() || *at != delimiter_) break;
    ++at;
  }
  return finish_line(at);
}

CsvLexer::Scan CsvLexer::scan_plain(const char*& at) {
  const char* begin = at;
  while (at != limit() && !ends_cell(*at)) ++at;
  if (at == limit() && !ended_) return Scan::needs_more;
  cells_.emplace_back(begin, static_cast<std::size_t>(at - begin));
  return Scan::complete;
}

CsvLexer::Scan CsvLexer::scan_quoted(const char*& at) {
  const std::size_t opening_line = line_ + inner_lines_;
  quoted_ = true;
  const char* begin = ++at;
  bool doubled = false;
  for (;; ++at) {
    if (at == limit() && !ended_) return Scan::needs_more;
    if (at == limit()) throw Failure(unclosed_quote(source_.name(), opening_line));
    if (*at == '\n') ++inner_lines_;
    if (*at != '"') continue;
    if (at + 1 == limit() && !ended_) return Scan::needs_more;
    if (at + 1 == limit() || at[1] != '"') break;
    doubled = true;
    ++at;
  }
  if (doubled) doubled_.push_back(cells_.size());
  cells_.emplace_back(begin, static_cast<std::size_t>(at - begin));
  at = std::find_if_not(at + 1, limit(), [this](char c) { return blank_inside(c); });
  if (at == limit() && !ended_) return Scan::needs_more;
  if (at != limit() && !ends_cell(*at)) throw Failure(text_after_quote(source_.name(), line_ + inner_lines_, cells_.size()));
  return Scan::complete;
}

CsvLexer::Scan CsvLexer::finish_line(const char* at) {
  if (at != limit() && *at == '\r') {
    ++at;
    if (at == limit() && !ended_) return Scan::needs_more;
    if (at != limit() && *at == '\n') ++at;
  } else if (at != limit()) {
    ++at;
  }
  const std::size_t end = static_cast<std::size_t>(at - buffer_.data());
  consumed_ += end - begin_;
  begin_ = end;
  next_line_ = line_ + inner_lines_ + 1;
  return Scan::complete;
}

// In place: what follows is no longer needed once the record is complete.
void CsvLexer::remove_doubled_quotes() {
  for (const std::size_t cell : doubled_) {
    char* begin = buffer_.data() + (cells_[cell].data() - buffer_.data());
    char* to = begin;
    for (std::size_t i = 0; i < cells_[cell].size(); ++i) {
      *to++ = begin[i];
      if (begin[i] == '"') ++i;
    }
    cells_[cell] = {begin, static_cast<std::size_t>(to - begin)};
  }
}

}  // namespace jensen::data
