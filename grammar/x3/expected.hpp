// The mistakes inside one token, by the words under which the token parsers report them.
#pragma once

namespace jensen::grammar::expected {

inline constexpr const char* digits_after_point = "digits after the point";
inline constexpr const char* exponent_digits = "digits of the exponent";
inline constexpr const char* number_boundary = "the end of the number";
inline constexpr const char* closing_quote = "a closing quote";
inline constexpr const char* string_escape = "an escape";
inline constexpr const char* short_name = "a shorter name";

}  // namespace jensen::grammar::expected
