#include "data/number.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <system_error>

namespace jensen::data {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t'; }

// Past the range of a double the sign of the exponent decides; without one, a leading zero means an underflow.
double out_of_range(std::string_view text) {
  const bool negative = text.front() == '-';
  const std::size_t exponent = text.find_first_of("eE");
  const bool tiny = exponent == std::string_view::npos ? text.substr(negative ? 1 : 0).find_first_not_of("0.") != 0 : text[exponent + 1] == '-';
  return std::copysign(tiny ? 0.0 : std::numeric_limits<double>::infinity(), negative ? -1.0 : 1.0);
}

}  // namespace

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

std::optional<double> parse_number(std::string_view text) {
  if (text.size() > 1 && text.front() == '+' && text[1] != '-') text.remove_prefix(1);
  if (text.empty() || text.back() == ')') return std::nullopt;  // from_chars reads nan(...)
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size() || error == std::errc::invalid_argument) return std::nullopt;
  return error == std::errc::result_out_of_range ? out_of_range(text) : value;
}

}  // namespace jensen::data
