#include "diagnostics/suggest.hpp"

#include <algorithm>
#include <cstdlib>

namespace jensen {
namespace {

constexpr std::size_t most_suggestions = 3;

std::string lower_case(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

struct Near {
  int distance;
  const std::string* name;
};

}  // namespace

// Three rows of the dynamic programme: the row before the last serves transpositions (Wagner and Fischer 1974; Lowrance and Wagner 1975,
// restricted to one edit per substring).
int edit_distance(std::string_view a, std::string_view b) {
  const std::size_t n = b.size();
  std::vector<int> two_above(n + 1);
  std::vector<int> above(n + 1);
  std::vector<int> row(n + 1);
  for (std::size_t j = 0; j <= n; ++j) above[j] = static_cast<int>(j);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = static_cast<int>(i);
    for (std::size_t j = 1; j <= n; ++j) {
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      const bool transposed = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (transposed) row[j] = std::min(row[j], two_above[j - 2] + 1);
    }
    std::swap(two_above, above);
    std::swap(above, row);
  }
  return above[n];
}

std::vector<std::string> suggest(std::string_view name, std::span<const std::string> candidates) {
  const int cap = std::min(static_cast<int>(name.size()) / 2, 3);
  const std::string wanted = lower_case(name);
  std::vector<Near> near;
  for (const std::string& candidate : candidates) {
    const auto difference = static_cast<std::ptrdiff_t>(candidate.size()) - static_cast<std::ptrdiff_t>(name.size());
    if (candidate == name || std::abs(difference) > cap) continue;
    const int distance = edit_distance(wanted, lower_case(candidate));
    if (distance <= cap) near.push_back({distance, &candidate});
  }
  std::stable_sort(near.begin(), near.end(), [](const Near& a, const Near& b) { return a.distance < b.distance; });
  std::vector<std::string> names;
  for (const Near& n : near) {
    if (names.size() == most_suggestions) break;
    if (std::find(names.begin(), names.end(), *n.name) == names.end()) names.push_back(*n.name);
  }
  return names;
}

std::string did_you_mean(std::string_view name, std::span<const std::string> candidates) {
  const std::vector<std::string> names = suggest(name, candidates);
  if (names.empty()) return {};
  std::string text = "; did you mean ";
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += i + 1 == names.size() ? " or " : ", ";
    text += "`" + names[i] + "`";
  }
  return text + "?";
}

}  // namespace jensen
