#include "plan/pattern.hpp"

#include <algorithm>
#include <limits>

#include "plan/messages.hpp"

namespace jensen::plan {
namespace {

std::int32_t checked(std::int64_t size) {
  if (size > std::numeric_limits<std::int32_t>::max()) throw Failure(too_large());
  return static_cast<std::int32_t>(size);
}

}  // namespace

// Every number has its square: a variance is always wanted.
Pattern Pattern::gaussian(std::size_t dimension, std::vector<bool> point) {
  Pattern out;
  out.gaussian_ = {dimension, {}, std::move(point)};
  const std::int32_t n = checked(static_cast<std::int64_t>(dimension));
  for (std::int32_t i = 0; i < n; ++i) out.gaussian_.pairs.emplace_back(i, i);
  return out;
}

// Every variable has its own probabilities.
Pattern Pattern::network(std::vector<std::int32_t> levels) {
  Pattern out;
  out.levels_ = std::move(levels);
  for (std::size_t v = 0; v < out.levels_.size(); ++v) out.scope(std::vector{Element{static_cast<std::int32_t>(v), 0}});
  return out;
}

std::int32_t Pattern::pair(std::int32_t a, std::int32_t b) {
  const auto dimension = static_cast<std::int64_t>(gaussian_.dimension);
  if (a == b) return checked(dimension + a);
  const auto [low, high] = std::minmax(a, b);
  const auto [found, is_new] = pairs_.emplace(static_cast<std::uint64_t>(low) << 32 | static_cast<std::uint64_t>(high), 0);
  if (is_new) {
    found->second = checked(dimension + static_cast<std::int64_t>(gaussian_.pairs.size()));
    gaussian_.pairs.emplace_back(low, high);
  }
  return found->second;
}

std::int32_t Pattern::scope(std::span<const Element> sorted) {
  std::vector<std::int32_t> variables;
  for (const Element& e : sorted) variables.push_back(e.position);
  const auto [found, is_new] = offsets_.emplace(variables, size_);
  if (is_new) {
    std::int64_t cells = 1;
    for (const std::int32_t v : variables) cells *= levels_.at(static_cast<std::size_t>(v));
    size_ = checked(size_ + cells);
    scopes_.push_back(variables);
  }
  std::int32_t at = 0;
  for (const Element& e : sorted) at = at * levels_.at(static_cast<std::size_t>(e.position)) + e.level;
  return found->second + at;
}

std::int32_t Pattern::address(std::span<const Element> elements) {
  if (!is_network()) return elements.size() == 1 ? elements[0].position : pair(elements[0].position, elements[1].position);
  std::vector<Element> sorted(elements.begin(), elements.end());
  std::sort(sorted.begin(), sorted.end());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());  // [v = k]² = [v = k], and [v = k][v = l] = 0
  const auto apart = std::adjacent_find(sorted.begin(), sorted.end(), [](const Element& a, const Element& b) { return a.position == b.position; });
  return apart != sorted.end() ? -1 : scope(sorted);
}

std::vector<std::vector<std::int32_t>> Pattern::statistics() const {
  if (is_network()) return scopes_;
  std::vector<std::vector<std::int32_t>> out;
  for (const auto& [a, b] : gaussian_.pairs) out.push_back({a, b});
  return out;
}

void Pattern::set_statistics(const std::vector<std::vector<std::int32_t>>& statistics) {
  for (const std::vector<std::int32_t>& variables : statistics) {
    std::vector<Element> elements;
    for (const std::int32_t v : variables) elements.push_back({v, 0});
    if (is_network()) {
      scope(elements);
    } else if (variables.size() == 2) {
      pair(variables[0], variables[1]);
    }
  }
}

std::shared_ptr<const family::Family> Pattern::make() const {
  if (is_network()) return family::make_discrete_network({levels_, scopes_});
  return family::make_gaussian_pattern(gaussian_);
}

}  // namespace jensen::plan
