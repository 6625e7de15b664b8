// Many normal distributions whose precisions are multiples of one matrix: one Cholesky factor serves all of them, and the solves run over the
// elements.
//
// With η₂[e] = s_e B and P = −(B + Bᵀ): m_e = P⁻¹ η₁[e] / s_e, the covariance is P⁻¹ / s_e and
// A(η[e]) = D/2 log 2π − ½ (log|P| + D log s_e) + ½ η₁[e] · m_e.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace jensen::family {

struct SharedGaussians {
  std::size_t dimension = 0;
  std::span<const double> common;   // B, dimension²
  std::span<const double> scale;    // s, an element each
  std::span<const double> natural;  // η of every element in the layout of the family: v (dimension), v vᵀ (dimension²)
  std::span<double> mean;           // E[t], in the same layout; of points t(value)
  std::span<double> value;          // of points: their best values; else empty
  std::span<double> log_partition;  // of a q: A(η) by element; else empty
};

// Buffers that repeated calls keep.
struct SharedGaussianScratch {
  std::vector<double> factor, solution;
};

// What the family's `mode` and `statistics_of`, or its `update`, give for each element. False, with nothing decided, where a multiple is not positive
// or a number not finite or B gives no precision: the elements then speak for themselves.
bool update_shared(const SharedGaussians& batch, SharedGaussianScratch& scratch);

}  // namespace jensen::family
