// Exact sums over the states of linked rows: forward-backward on a chain, belief propagation on a tree (Rabiner 1989, III.A; Pearl 1988).
//
// With own parameters η[p, k] of the row at position p and parameters θ[l, j, k] of link l, where j is the state of the row it hangs on,
//     log p = Σ_p η[p, z_p] + Σ_{p linked} θ[link p, z_previous, z_p] − A.
// Upwards, from the last position to the first:  β_p(k) = exp η[p, k] · Π_children m_c(k),  m_p(j) = Σ_k exp θ[link p, j, k] β_p(k),
// and downwards  q(z_p = k | z_previous = j) = exp θ[link p, j, k] β_p(k) / m_p(j).  Scaled row by row, so nothing under- or overflows.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <optional>
#include <vector>

#include "run/kernels/forest.hpp"
#include "run/kernels/mixing.hpp"

namespace jensen::run {

class DiscreteChain {
 public:
  // `links`: kinds × levels × levels, row-major (kind, state of the row it hangs on, own state). Values of -1e200 and below are log 0.
  DiscreteChain(std::int64_t levels, const Forest& forest, const double* links, std::int64_t kinds);
  // Other links for the passes to come: what was allocated stays.
  void set_links(const double* links);

  // Tiles of at most tile_rows positions, from the last to the first. natural[k * tile_rows + i] is η of position first + i, of levels × tile_rows
  // places in all.
  void upward(std::int64_t first, std::int64_t rows, const double* natural);
  // A, after all tiles; and the first position at which no state is possible.
  [[nodiscard]] double log_partition() const;
  [[nodiscard]] std::optional<std::int64_t> impossible() const { return impossible_; }
  // Tiles from the first to the last, once after each pass upward: mean[k * tile_rows + i] = q(z = k), zero after the last row.
  void downward(std::int64_t first, std::int64_t rows, double* mean);
  // After that: Σ over the rows with link l of q(z_previous = j, z = k), laid out as `links`.
  [[nodiscard]] const std::vector<double>& link_sums() const { return sums_; }

 private:
  struct Scratch;
  template <class Size>
  void chain_up(Size size, std::int64_t first, std::int64_t rows, const double* natural);
  template <class Size>
  void tree_up(Size size, std::int64_t first, std::int64_t rows, const double* natural);
  template <class Size>
  void chain_down(Size size, std::int64_t first, std::int64_t rows, double* mean);
  template <class Size>
  void tree_down(Size size, std::int64_t first, std::int64_t rows, double* mean);
  template <class Size>
  void settle(Size size, std::int64_t position);
  template <class Size>
  void walk(Size size, std::int64_t first, std::int64_t count, const Scratch& scratch);
  template <class Size>
  void walk_tree(Size size, std::int64_t position, double* ratio);
  template <class Size>
  void invert_messages(Size size, std::int64_t first, std::int64_t count, double* inverse) const;
  template <class Size>
  void add_links(Size size, std::int64_t first, std::int64_t count, const double* ratio);
  void begin_upward();
  void begin_downward();
  void finish_sums();
  [[nodiscard]] bool linked(std::int64_t position) const { return forest_.previous[position] >= 0; }
  [[nodiscard]] std::int64_t matrix(std::int64_t position) const { return forest_.link[position] * padded_ * padded_; }
  [[nodiscard]] double* row(std::int64_t position) { return kept_.data() + position * padded_; }
  [[nodiscard]] const double* row(std::int64_t position) const { return kept_.data() + position * padded_; }

  std::int64_t levels_, padded_ = 0, kinds_;
  Forest forest_;
  bool chain_ = true;              // every linked row hangs on the one before
  Eigen::ArrayXd kept_;            // β, row after row; in a tree the product of messages before that, and q after it
  AlignedVector across_, back_;    // exp(θ − its largest) by kind: (j, k), and (k, j)
  AlignedVector outer_;            // Σ q(z_previous = j) / m(j) · β(k) by kind
  AlignedVector scratch_, carry_;  // `carry_`: q of the last row of the tile before
  std::vector<double> link_peak_, sums_;
  long double offset_ = 0;     // of log β from its true value,
  std::int64_t exponent_ = 0;  // and powers of 2 besides: they keep every sum to the bit
  std::optional<std::int64_t> impossible_;
};

}  // namespace jensen::run
