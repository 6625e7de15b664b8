// Gaussian vectors of linked rows: the Kalman smoother as elimination of a block tridiagonal precision (Rue & Held 2005, 2.4), and likewise on trees.
//
// With own parameters (h_p, J_p) of the row at position p and C_l of link l (d × d, coefficients of x_previous,i x_j),
//     log p = Σ_p h_p · x_p + x_p' J_p x_p + Σ_{p linked} x_previous' C_{link p} x_p − A,
// so that the precision of a row alone is −(J + J') and its coupling with the row it hangs on −C'.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "run/kernels/forest.hpp"

namespace jensen::run {

class GaussianChain {
 public:
  // `links`: kinds × d × d, row-major (kind, coordinate of the row it hangs on, own coordinate).
  GaussianChain(std::int64_t dimension, const Forest& forest, const double* links, std::int64_t kinds);
  ~GaussianChain();
  GaussianChain(GaussianChain&&) noexcept;
  GaussianChain& operator=(GaussianChain&&) noexcept;

  // Back to the beginning with other links of the same kinds, in the memory taken before.
  void restart(const double* links);

  // Tiles of at most tile_rows positions, from the last to the first. natural[s * tile_rows + i], s = 0..d-1 for h, then d + d·a + b for J_ab.
  void upward(std::int64_t first, std::int64_t rows, const double* natural);
  // A, after all tiles; and the first position met whose precision is not positive definite, with the reason: a pivot that has lost all digits of
  // its diagonal entry counts as zero. Natural parameters that are not finite, and means that overflow, are failures too. After one nothing more is
  // computed: A and the means are not a number.
  [[nodiscard]] double log_partition() const;
  struct Failure {
    std::int64_t position = 0;
    std::string reason;
  };
  [[nodiscard]] const std::optional<Failure>& failure() const;
  // Tiles from the first to the last: mean[s * tile_rows + i] = E x (d), then E x_a x_b (d²); zero after the last row.
  void downward(std::int64_t first, std::int64_t rows, double* mean);
  // After that: Σ over the rows with link l of E[x_previous,i x_j], laid out as `links`.
  [[nodiscard]] const std::vector<double>& link_sums() const;

  // How many rows' d × d matrices were worked out; all others share those of a row that is alike.
  struct Work {
    std::int64_t eliminated = 0;  // precisions factored, upwards
    std::int64_t marginals = 0;   // covariances multiplied, downwards
  };
  [[nodiscard]] Work work() const;

 private:
  struct Engine;
  std::unique_ptr<Engine> engine_;
};

}  // namespace jensen::run
