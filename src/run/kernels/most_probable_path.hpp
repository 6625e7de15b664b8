// The most probable states of linked rows, by the elimination of discrete_chain.hpp with maxima in place of sums (Viterbi 1967).
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "run/kernels/forest.hpp"
#include "run/kernels/mixing.hpp"

namespace jensen::run {

class MostProbablePath {
 public:
  // As those of DiscreteChain.
  MostProbablePath(std::int64_t levels, const Forest& forest, const double* links, std::int64_t kinds);
  void upward(std::int64_t first, std::int64_t rows, const double* natural);
  // Of the best states, not normalised; −∞ where no states are possible at all.
  [[nodiscard]] double log_density() const { return static_cast<double>(log_density_); }
  // Tiles from the first to the last: states[i] of position first + i, from 0. Ties go to the lower state.
  void downward(std::int64_t first, std::int64_t rows, std::int32_t* states);

 private:
  // Best state of each row by the state of the row it hangs on, rows × levels, in the smallest integers that hold a state.
  using Pointers = std::variant<std::vector<std::uint8_t>, std::vector<std::uint16_t>, std::vector<std::int32_t>>;
  [[nodiscard]] bool linked(std::int64_t position) const { return forest_.previous[position] >= 0; }
  double* scores(std::int64_t position) { return scores_.data() + (chain_ ? position % 2 : position) * padded_; }
  void add_own(const double* natural, double* score);
  void close_root(const double* score);
  void best_by_state(const double* score, const double* back);

  std::int64_t levels_, padded_;
  Forest forest_;
  bool chain_;            // then no more than two rows of scores are alive at a time
  AlignedVector back_;    // θ by kind as (own state, state of the row it hangs on)
  AlignedVector scores_;  // of the rows above those that are done
  AlignedVector best_, which_;
  Pointers pointers_;
  std::vector<std::int32_t> states_;
  long double log_density_ = 0;
};

}  // namespace jensen::run
