// Text as a terminal can show it: what is not printable UTF-8 becomes `\xNN`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace jensen {

// One source character and its printed form. A tab stays a tab.
struct Glyph {
  std::size_t offset = 0;  // of its first byte
  std::string text;
  int cells = 1;
};

std::vector<Glyph> glyphs(std::string_view text);
std::string printable(std::string_view text);

}  // namespace jensen
