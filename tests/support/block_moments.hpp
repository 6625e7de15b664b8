// What one q of a block contributes: its mean parameters and its entropy, from its natural parameters alone. Gaussian vectors are computed here,
// densely; other families by their own update().
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "plan/plan.hpp"

namespace jensen::tests {

class BlockMoments {
 public:
  explicit BlockMoments(const plan::PlannedBlock& block);

  // Numbers that describe one element: a point's value; natural parameters, in a block with params among its numbers followed by the whole value.
  [[nodiscard]] std::size_t given() const;
  [[nodiscard]] bool mixed() const { return mixed_; }

  struct Element {
    std::vector<double> mean;
    double entropy = 0;
    bool proper = true;
  };
  [[nodiscard]] Element element(std::int64_t element, std::span<const double> factors) const;

  // Of a Gaussian vector: where x_i x_j lies in the mean parameters, and the other way round.
  struct Pair {
    std::size_t first = 0, second = 0;
  };
  [[nodiscard]] std::size_t pair(std::size_t i, std::size_t j) const { return pair_at_.at({std::min(i, j), std::max(i, j)}); }
  [[nodiscard]] bool gaussian() const { return gaussian_; }
  [[nodiscard]] const std::vector<Pair>& pairs() const { return pairs_; }  // statistic dimension + p is that of pairs()[p]
  [[nodiscard]] bool is_point(std::size_t i) const { return mixed_ && point_[i] != 0; }
  [[nodiscard]] bool is_present(std::int64_t element, std::size_t i) const;

  // Of a network: where the joint indicator of some variables lies, by position and level.
  [[nodiscard]] std::size_t joint_indicator(std::map<std::size_t, std::size_t> levels) const;
  [[nodiscard]] const std::vector<std::size_t>& levels() const { return levels_; }
  [[nodiscard]] const std::vector<std::vector<std::size_t>>& scopes() const { return scopes_; }

 private:
  void find_pairs();
  void find_scopes();
  [[nodiscard]] Element gaussian_element(std::int64_t element, std::span<const double> factors) const;

  const plan::PlannedBlock& block_;
  bool gaussian_ = false, mixed_ = false;
  std::vector<char> point_;
  std::vector<Pair> pairs_;
  std::map<std::pair<std::size_t, std::size_t>, std::size_t> pair_at_;
  std::vector<std::size_t> levels_;
  std::vector<std::vector<std::size_t>> scopes_;
};

}  // namespace jensen::tests
