#include "base/source.hpp"

#include <algorithm>
#include <utility>

namespace jensen {
namespace {

constexpr int tab_width = 8;

bool is_continuation_byte(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

std::vector<std::uint32_t> find_line_starts(std::string_view text) {
  std::vector<std::uint32_t> starts = {0};
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool lone_return = text[i] == '\r' && (i + 1 == text.size() || text[i + 1] != '\n');
    if (text[i] == '\n' || lone_return) starts.push_back(static_cast<std::uint32_t>(i + 1));
  }
  return starts;
}

}  // namespace

Source::Source(std::string name, std::string text) : name_(std::move(name)), text_(std::move(text)), line_starts_(find_line_starts(text_)) {}

LineColumn Source::position(std::uint32_t offset) const {
  const auto limited = std::min(offset, static_cast<std::uint32_t>(text_.size()));
  const auto after = std::upper_bound(line_starts_.begin(), line_starts_.end(), limited);
  LineColumn result{static_cast<int>(after - line_starts_.begin()), 1};
  for (std::uint32_t i = *std::prev(after); i < limited; ++i) {
    if (text_[i] == '\t') {
      result.column += tab_width - (result.column - 1) % tab_width;
    } else if (!is_continuation_byte(text_[i])) {
      ++result.column;
    }
  }
  return result;
}

std::string_view Source::line(int number) const {
  const auto lines = static_cast<int>(line_starts_.size());
  if (number < 1 || number > lines) return {};
  const std::size_t begin = line_starts_[static_cast<std::size_t>(number - 1)];
  const std::size_t end = number == lines ? text_.size() : line_starts_[static_cast<std::size_t>(number)];
  std::string_view result = std::string_view(text_).substr(begin, end - begin);
  while (!result.empty() && (result.back() == '\n' || result.back() == '\r')) result.remove_suffix(1);
  return result;
}

}  // namespace jensen
