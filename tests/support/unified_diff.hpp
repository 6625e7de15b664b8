// What changed between two texts, line by line, as `diff -u` would print it.
#pragma once

#include <string>
#include <string_view>

namespace jensen::tests {

// Empty when the texts are equal.
std::string unified_diff(std::string_view expected, std::string_view actual, std::string_view expected_name, std::string_view actual_name);

}  // namespace jensen::tests
