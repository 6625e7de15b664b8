#include "family/shared_gaussian.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "family/matrix.hpp"

namespace jensen::family {
namespace {

bool all_finite(std::span<const double> values) {
  double sum = 0;  // 0 · x is 0 for a finite x and NaN otherwise
  for (const double v : values) sum += 0 * v;
  return sum == 0;
}

// X Lᵀ = X, then X L = X: a column holds one coordinate of all elements, so that every step is a sum of long columns.
void solve_rows(const MatrixMap& l, MatrixMap& x) {
  const Eigen::Index side = l.rows();
  for (Eigen::Index j = 0; j < side; ++j) {
    for (Eigen::Index i = 0; i < j; ++i) x.col(j) -= l(j, i) * x.col(i);
    x.col(j) /= l(j, j);
  }
  for (Eigen::Index j = side; j-- > 0;) {
    for (Eigen::Index i = j + 1; i < side; ++i) x.col(j) -= l(i, j) * x.col(i);
    x.col(j) /= l(j, j);
  }
}

void set_products(std::span<const double> center, std::span<double> second) {
  const std::size_t d = center.size();
  for (std::size_t i = 0; i < d; ++i) {
    for (std::size_t j = 0; j < d; ++j) second[i * d + j] = center[i] * center[j];
  }
}

}  // namespace

bool update_shared(const SharedGaussians& batch, SharedGaussianScratch& scratch) {
  const std::size_t d = batch.dimension, size = d + d * d, count = batch.scale.size();
  const bool point = !batch.value.empty();
  if (!all_finite(batch.common) || !std::all_of(batch.scale.begin(), batch.scale.end(), [](double s) { return s > 0 && std::isfinite(s); }))
    return false;
  scratch.factor.resize(d * d);
  scratch.solution.resize(count * d);
  MatrixMap factor = square(std::span<double>(scratch.factor), d);
  minus_twice_symmetric(square(batch.common, d), factor);
  if (cholesky(factor, "precision")) return false;

  const auto n = static_cast<Eigen::Index>(count);
  MatrixMap x(scratch.solution.data(), n, static_cast<Eigen::Index>(d));
  for (std::size_t e = 0; e < count; ++e) {
    for (std::size_t i = 0; i < d; ++i) scratch.solution[i * count + e] = batch.natural[e * size + i] / batch.scale[e];
  }
  solve_rows(factor, x);
  if (!all_finite(scratch.solution)) return false;

  const double log_det = point ? 0 : log_determinant(factor);
  if (!point) invert(factor);
  for (std::size_t e = 0; e < count; ++e) {
    const std::span<double> center = batch.mean.subspan(e * size, d), second = batch.mean.subspan(e * size + d, d * d);
    for (std::size_t i = 0; i < d; ++i) center[i] = scratch.solution[i * count + e];
    if (point) {
      std::copy(center.begin(), center.end(), batch.value.begin() + static_cast<std::ptrdiff_t>(e * d));
      set_products(center, second);
    } else {
      set_products(center, second);
      for (std::size_t i = 0; i < d * d; ++i) second[i] += scratch.factor[i] / batch.scale[e];
      const double linear = vector(batch.natural.subspan(e * size, d)).dot(vector(center)), dimension = static_cast<double>(d);
      batch.log_partition[e] = 0.5 * (dimension * std::log(2 * std::numbers::pi) - log_det - dimension * std::log(batch.scale[e]) + linear);
    }
  }
  return true;
}

}  // namespace jensen::family
