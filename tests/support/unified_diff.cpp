#include "support/unified_diff.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <vector>

namespace jensen::tests {
namespace {

constexpr std::size_t context = 3;

struct Edit {
  char mark;  // ' ' in both, '-' expected only, '+' actual only
  std::string_view line;
};

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

// Shortest edit script by the table of longest common subsequences; golden files are short.
std::vector<Edit> edits_between(const std::vector<std::string_view>& a, const std::vector<std::string_view>& b) {
  std::vector<std::vector<std::size_t>> common(a.size() + 1, std::vector<std::size_t>(b.size() + 1, 0));
  for (std::size_t i = a.size(); i-- > 0;)
    for (std::size_t j = b.size(); j-- > 0;) common[i][j] = a[i] == b[j] ? common[i + 1][j + 1] + 1 : std::max(common[i + 1][j], common[i][j + 1]);
  std::vector<Edit> edits;
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < a.size() || j < b.size()) {
    if (i < a.size() && j < b.size() && a[i] == b[j]) {
      edits.push_back({' ', a[i]});
      ++i, ++j;
    } else if (i < a.size() && (j == b.size() || common[i + 1][j] >= common[i][j + 1])) {
      edits.push_back({'-', a[i++]});
    } else {
      edits.push_back({'+', b[j++]});
    }
  }
  return edits;
}

std::vector<bool> near_a_change(const std::vector<Edit>& edits) {
  std::vector<bool> near(edits.size(), false);
  for (std::size_t i = 0; i < edits.size(); ++i) {
    if (edits[i].mark == ' ') continue;
    const std::size_t end = std::min(edits.size(), i + context + 1);
    for (std::size_t k = i < context ? 0 : i - context; k < end; ++k) near[k] = true;
  }
  return near;
}

}  // namespace

std::string unified_diff(std::string_view expected, std::string_view actual, std::string_view expected_name, std::string_view actual_name) {
  if (expected == actual) return {};
  const std::vector<Edit> edits = edits_between(lines_of(expected), lines_of(actual));
  const std::vector<bool> shown = near_a_change(edits);
  std::string text = fmt::format("--- {}\n+++ {}\n", expected_name, actual_name);
  std::size_t expected_line = 1;
  std::size_t actual_line = 1;
  for (std::size_t i = 0; i < edits.size(); ++i) {
    if (shown[i] && (i == 0 || !shown[i - 1])) text += fmt::format("@@ -{} +{} @@\n", expected_line, actual_line);
    if (shown[i]) text += fmt::format("{}{}\n", edits[i].mark, edits[i].line);
    if (edits[i].mark != '+') ++expected_line;
    if (edits[i].mark != '-') ++actual_line;
  }
  if (!expected.empty() && !actual.empty() && (expected.back() == '\n') != (actual.back() == '\n')) text += "(the last end of line differs)\n";
  return text;
}

}  // namespace jensen::tests
