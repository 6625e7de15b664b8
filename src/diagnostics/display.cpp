#include "diagnostics/display.hpp"

#include <fmt/format.h>

namespace jensen {
namespace {

bool is_continuation(unsigned char c) { return (c & 0xC0) == 0x80; }

std::size_t expected_length(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  if (lead >= 0xF0 && lead <= 0xF4) return 4;
  return 0;
}

// RFC 3629: the second byte's range excludes overlong forms, surrogates and what lies beyond U+10FFFF.
bool second_byte_fits(unsigned char lead, unsigned char second) {
  if (lead == 0xE0) return second >= 0xA0;
  if (lead == 0xED) return second <= 0x9F;
  if (lead == 0xF0) return second >= 0x90;
  if (lead == 0xF4) return second <= 0x8F;
  return true;
}

// The length of the well-formed UTF-8 sequence at the start of `text`, or 0.
std::size_t sequence_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const std::size_t length = expected_length(byte(0));
  if (length == 0 || length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (!is_continuation(byte(i))) return 0;
  }
  return length == 1 || second_byte_fits(byte(0), byte(1)) ? length : 0;
}

bool is_control(std::string_view sequence) {
  const auto first = static_cast<unsigned char>(sequence[0]);
  if (sequence.size() == 1) return first < 0x20 || first == 0x7F;
  return first == 0xC2 && static_cast<unsigned char>(sequence[1]) < 0xA0;
}

// Characters that change the direction of the text around them could make an excerpt read differently from the file.
bool is_direction_mark(std::string_view s) {
  return s == "\u200E" || s == "\u200F" || (s >= "\u202A" && s <= "\u202E") || (s >= "\u2066" && s <= "\u2069");
}

std::string escaped(std::string_view bytes) {
  std::string text;
  for (char c : bytes) text += fmt::format("\\x{:02X}", static_cast<unsigned char>(c));
  return text;
}

}  // namespace

std::vector<Glyph> glyphs(std::string_view text) {
  std::vector<Glyph> result;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = sequence_length(text.substr(i));
    const std::string_view bytes = text.substr(i, length == 0 ? 1 : length);
    const bool as_it_is = length > 0 && (bytes == "\t" || !(is_control(bytes) || is_direction_mark(bytes)));
    std::string shown = as_it_is ? std::string(bytes) : escaped(bytes);
    const int cells = as_it_is ? 1 : static_cast<int>(shown.size());
    result.push_back({i, std::move(shown), cells});
    i += bytes.size();
  }
  return result;
}

std::string printable(std::string_view text) {
  std::string result;
  for (const Glyph& glyph : glyphs(text)) result += glyph.text;
  return result;
}

}  // namespace jensen
