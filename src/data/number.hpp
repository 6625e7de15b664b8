// Numbers as people write them in tables.
#pragma once

#include <optional>
#include <string_view>

namespace jensen::data {

// Without blanks and tabs at both ends.
std::string_view trimmed(std::string_view text);

// The nearest double of a whole decimal text: digits with an optional sign, point and exponent; `nan`, `inf` and `infinity` in any case.
// Out of range gives an infinity or a zero. Independent of the locale.
std::optional<double> parse_number(std::string_view text);

}  // namespace jensen::data
