// Exact sums over the states of linked rows: forward-backward on a chain, belief propagation on a tree (Rabiner 1989, III.A; Pearl 1988).
//
// With own parameters η[p, k] of the row at position p and parameters θ[l, j, k] of link l, where j is the state of the row it hangs on,
//     log p = Σ_p η[p, z_p] + Σ_{p linked} θ[link p, z_previous, z_p] − A.
// Upwards, from the last position to the first:  β_p(k) = exp η[p, k] · Π_children m_c(k),  m_p(j) = Σ_k exp θ[link p, j, k] β_p(k),
// and downwards  q(z_p = k | z_previous = j) = exp θ[link p, j, k] β_p(k) / m_p(j).  Scaled row by row, so nothing under- or overflows.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "run/kernels/forest.hpp"

namespace jensen::run {

class DiscreteChain {
 public:
  // `links`: kinds × levels × levels, row-major (kind, state of the row it hangs on, own state). Values of -1e200 and below are log 0.
  DiscreteChain(std::int64_t levels, const Forest& forest, const double* links, std::int64_t kinds);

  // Tiles of at most tile_rows positions, from the last to the first. natural[k * tile_rows + i] is η of position first + i.
  void upward(std::int64_t first, std::int64_t rows, const double* natural);
  // A, after all tiles; and the first position at which no state is possible.
  [[nodiscard]] double log_partition() const;
  [[nodiscard]] std::optional<std::int64_t> impossible() const;
  // Tiles from the first to the last: mean[k * tile_rows + i] = q(z = k), zero after the last row.
  void downward(std::int64_t first, std::int64_t rows, double* mean);
  // After that: Σ over the rows with link l of q(z_previous = j, z = k), laid out as `links`.
  [[nodiscard]] const std::vector<double>& link_sums() const;

 private:
};

// The most probable states, by the same elimination with maxima in place of sums (Viterbi 1967).
class MostProbablePath {
 public:
  MostProbablePath(std::int64_t levels, const Forest& forest, const double* links, std::int64_t kinds);
  void upward(std::int64_t first, std::int64_t rows, const double* natural);
  [[nodiscard]] double log_density() const;  // of the best states, not normalised
  // Tiles from the first to the last: states[i] of position first + i. Ties go to the lower state.
  void downward(std::int64_t first, std::int64_t rows, std::int32_t* states);

 private:
};

}  // namespace jensen::run
