// The d × d steps of GaussianChain, with d known to the compiler where it is small.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <numbers>
#include <vector>

namespace jensen::run {

template <int D>
using SideMatrix = Eigen::Matrix<double, D, D>;
template <int D>
using SideVector = Eigen::Matrix<double, D, 1>;
template <int D>
using SideMap = Eigen::Map<SideMatrix<D>>;
template <int D>
using ConstSideMap = Eigen::Map<const SideMatrix<D>>;

// Small products are written out, large ones left to Eigen's blocked product.
template <class A, class B>
auto times(const A& a, const B& b) {
  if constexpr (A::RowsAtCompileTime == Eigen::Dynamic) {
    return a * b;
  } else {
    return a.lazyProduct(b);
  }
}

// y += A' x. Written out for small sides: sums of few terms across a machine vector cost more than they save.
template <int D>
void add_transposed(const ConstSideMap<D>& a, const SideVector<D>& x, SideVector<D>& y) {
  if constexpr (D == Eigen::Dynamic) {
    y.noalias() += a.transpose() * x;
  } else {
    for (Eigen::Index i = 0; i < D; ++i) {
      for (Eigen::Index j = 0; j < D; ++j) y(j) += a(i, j) * x(i);
    }
  }
}

template <class A, class B>
double inner_product(const A& a, const B& b) {
  double sum = 0;
  for (Eigen::Index i = 0; i < a.size(); ++i) sum += a(i) * b(i);
  return sum;
}

// Arrays of the same size that stay where they are, handed out one after the other.
class ArrayPool {
 public:
  explicit ArrayPool(std::int64_t size) : size_(size), per_chunk_(std::max<std::int64_t>(1, 32768 / size)) {}
  double* take() {
    const auto chunk = static_cast<std::size_t>(taken_ / per_chunk_);
    if (chunk == chunks_.size()) chunks_.push_back(std::make_unique_for_overwrite<double[]>(static_cast<std::size_t>(size_ * per_chunk_)));
    return chunks_[chunk].get() + taken_++ % per_chunk_ * size_;
  }
  void clear() { taken_ = 0; }

 private:
  std::int64_t size_, per_chunk_, taken_ = 0;
  std::vector<std::unique_ptr<double[]>> chunks_;
};

struct LostColumn {
  Eigen::Index column = -1;  // none
  double pivot = 0;
};

// Overwrites the lower triangle of a symmetric matrix by its Cholesky factor L, with 1 / L_jj in `reciprocal` (Golub and Van Loan 2013, algorithm
// 4.2.1). A pivot no larger than zero[j] counts as lost.
template <int D>
LostColumn factor(SideMatrix<D>& m, const SideVector<D>& zero, SideVector<D>& reciprocal) {
  const Eigen::Index side = m.rows();
  for (Eigen::Index j = 0; j < side; ++j) {
    for (Eigen::Index k = 0; k < j; ++k) {
      for (Eigen::Index i = j; i < side; ++i) m(i, j) -= m(j, k) * m(i, k);
    }
    const double pivot = m(j, j);
    if (!(pivot > zero(j)) || std::isinf(pivot)) return {j, pivot};
    const double root = std::sqrt(pivot);
    reciprocal(j) = 1 / root;
    m(j, j) = root;
    for (Eigen::Index i = j + 1; i < side; ++i) m(i, j) *= reciprocal(j);
  }
  return {};
}

// ½ log|M| from the factor of M, with one logarithm.
template <int D>
double half_log_determinant(const SideMatrix<D>& lower) {
  double mantissa = 1;
  int exponent = 0;
  for (Eigen::Index j = 0; j < lower.rows(); ++j) {
    int more = 0;
    mantissa = std::frexp(mantissa * lower(j, j), &more);
    exponent += more;
  }
  return std::log(mantissa) + exponent * std::numbers::ln2;
}

// B := B L⁻ᵀ, column after column.
template <int D>
void divide(const SideMatrix<D>& lower, const SideVector<D>& reciprocal, SideMatrix<D>& b) {
  for (Eigen::Index j = 0; j < lower.rows(); ++j) {
    for (Eigen::Index k = 0; k < j; ++k) b.col(j) -= lower(j, k) * b.col(k);
    b.col(j) *= reciprocal(j);
  }
}

// The lower triangle into the upper one.
template <class Square>
void mirror_lower(Square& m) {
  for (Eigen::Index j = 0; j < m.cols(); ++j) {
    for (Eigen::Index i = j + 1; i < m.rows(); ++i) m(j, i) = m(i, j);
  }
}

// Do two symmetric matrices differ by rounding alone, beside the diagonal `scale`?
template <class A, class B, class S>
bool differ_by_rounding(const A& a, const B& b, const S& scale) {
  constexpr double few = 16 * std::numeric_limits<double>::epsilon();
  bool same = true;
  for (Eigen::Index j = 0; j < a.cols(); ++j) {
    for (Eigen::Index i = j; i < a.rows(); ++i) {
      const double change = a(i, j) - b(i, j);
      same &= change * change <= few * few * scale(i) * scale(j);
    }
  }
  return same;
}

// A recursion S' = f(S) with f unchanged converges geometrically. A change of δ leaves an error of δ ρ / (1 − ρ) behind, where the rate ρ is unknown;
// but it took `alike` steps of rate ρ until changes were lost in rounding, so that an eighth of as many more divide the error by 80 or more.
struct Settling {
  std::int32_t alike = 0;  // steps with f unchanged
  std::int32_t still = 0;  // the last of them, whose changes are rounding
  [[nodiscard]] Settling after(bool rounding) const { return {alike + 1, rounding ? still + 1 : 0}; }
  [[nodiscard]] bool settled() const { return still >= std::max(2, alike / 8); }
};

}  // namespace jensen::run
