// The statistics of a block that has only those that occur: pairs of a large Gaussian vector, joint indicators of discrete variables. They are
// numbered as the terms are met; the family is made when all are known.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "family/families.hpp"

namespace jensen::plan {

// One atom of such a block in one cell of a term: a number of the vector, or a discrete variable and its 0-based level.
struct Element {
  std::int32_t position = 0;
  std::int32_t level = 0;
  auto operator<=>(const Element&) const = default;
};

class Pattern {
 public:
  static Pattern gaussian(std::size_t dimension, std::vector<bool> point);
  static Pattern network(std::vector<std::int32_t> levels);

  // Where the product of the elements' statistics lies in the mean parameters; registers it if it is new. Negative where the product is 0.
  std::int32_t address(std::span<const Element> elements);
  [[nodiscard]] bool is_network() const { return !levels_.empty(); }
  [[nodiscard]] const family::GaussianPattern& gaussian() const { return gaussian_; }
  [[nodiscard]] family::DiscreteNetwork discrete() const { return {levels_, scopes_}; }
  [[nodiscard]] std::shared_ptr<const family::Family> make() const;
  // The pairs or scopes, in order; and the pattern that has given ones.
  [[nodiscard]] std::vector<std::vector<std::int32_t>> statistics() const;
  void set_statistics(const std::vector<std::vector<std::int32_t>>& statistics);

 private:
  std::int32_t pair(std::int32_t a, std::int32_t b);
  std::int32_t scope(std::span<const Element> sorted);

  family::GaussianPattern gaussian_;
  std::unordered_map<std::uint64_t, std::int32_t> pairs_;  // of two numbers; the squares come first, in order
  std::vector<std::int32_t> levels_;
  std::vector<std::vector<std::int32_t>> scopes_;
  std::map<std::vector<std::int32_t>, std::int32_t> offsets_;  // of scopes
  std::int32_t size_ = 0;
};

}  // namespace jensen::plan
