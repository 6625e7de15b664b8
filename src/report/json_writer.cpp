#include "report/json_writer.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <utility>

namespace jensen::report {

namespace {

std::size_t product(std::span<const std::size_t> shape) {
  std::size_t n = 1;
  for (const std::size_t extent : shape) n *= extent;
  return n;
}

// Length of the well-formed UTF-8 sequence at the start of `text`, 0 where there is none. JSON text must be UTF-8; names and levels may be any bytes.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t lead = byte(0);
  const std::size_t length = lead < 0x80 ? 1 : lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
  if (length == 0 || length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  const bool overlong = (lead == 0xE0 && byte(1) < 0xA0) || (lead == 0xF0 && byte(1) < 0x90);
  const bool outside = (lead == 0xED && byte(1) > 0x9F) || (lead == 0xF4 && byte(1) > 0x8F);
  return overlong || outside ? 0 : length;
}

void append_escaped_byte(std::string& out, std::uint8_t byte) {
  constexpr std::string_view digits = "0123456789abcdef";
  switch (byte) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  if (byte < 0x20 || byte == 0x7F) {
    out += "\\u00";
    out += digits[byte >> 4];
    out += digits[byte & 15];
  } else {
    out += static_cast<char>(byte);
  }
}

}  // namespace

bool all_nan(std::span<const double> numbers) {
  return !numbers.empty() && std::all_of(numbers.begin(), numbers.end(), [](double v) { return std::isnan(v); });
}

void JsonWriter::key(std::string_view name) {
  separate();
  string(name);
  text_ += ": ";
  after_key_ = true;
}

void JsonWriter::value(double number) {
  if (!std::isfinite(number)) {
    value(std::isnan(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity");
    return;
  }
  std::array<char, 32> buffer{};
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number);
  raw({buffer.data(), end});
}

void JsonWriter::value(std::string_view text) {
  separate();
  string(text);
}

void JsonWriter::value(bool flag) { raw(flag ? "true" : "false"); }

void JsonWriter::list(std::span<const double> numbers) {
  begin_array();
  for (const double number : numbers) value(number);
  end_array();
}

void JsonWriter::list(std::span<const std::string> texts) {
  begin_array();
  for (const std::string& text : texts) value(std::string_view(text));
  end_array();
}

void JsonWriter::nested(std::span<const double> numbers, std::span<const std::size_t> shape) {
  if (shape.empty()) {
    value(numbers.front());
    return;
  }
  const auto inner = shape.subspan(1);
  const std::size_t stride = product(inner);
  begin_array();
  for (std::size_t i = 0; i < shape.front(); ++i) nested(numbers.subspan(i * stride, stride), inner);
  end_array();
}

std::string JsonWriter::take() {
  text_ += '\n';
  return std::exchange(text_, {});
}

void JsonWriter::open(char bracket, bool one_line) {
  separate();
  text_ += bracket;
  levels_.push_back({.one_line = one_line || (!levels_.empty() && levels_.back().one_line)});
}

void JsonWriter::close(char bracket) {
  const Level level = levels_.back();
  levels_.pop_back();
  if (!level.empty && !level.one_line) break_line();
  text_ += bracket;
}

// Comma and line break that stand before the next item.
void JsonWriter::separate() {
  if (std::exchange(after_key_, false) || levels_.empty()) return;
  Level& level = levels_.back();
  if (!level.empty) text_ += level.one_line ? ", " : ",";
  if (!level.one_line) break_line();
  level.empty = false;
}

void JsonWriter::break_line() {
  text_ += '\n';
  text_.append(2 * levels_.size(), ' ');
}

void JsonWriter::raw(std::string_view text) {
  separate();
  text_ += text;
}

void JsonWriter::string(std::string_view text) {
  text_ += '"';
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) {
      text_ += "\\ufffd";
    } else if (length == 1) {
      append_escaped_byte(text_, static_cast<std::uint8_t>(text.front()));
    } else {
      text_ += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  text_ += '"';
}

}  // namespace jensen::report
