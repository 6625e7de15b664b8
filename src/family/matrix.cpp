#include "family/matrix.hpp"

#include <fmt/format.h>

#include <Eigen/Cholesky>
#include <cmath>
#include <limits>

namespace jensen::family {
namespace {

// Up to this side the in-place column algorithms are faster than Eigen's blocked ones, and allocate nothing.
constexpr Eigen::Index unblocked_side = 64;

// The rounding error of a pivot is of the order of side · ε · M_jj (Higham 2002, theorem 10.3), times what ill-conditioned columns before it add.
double zero_pivot(Eigen::Index side, double diagonal) { return 64 * static_cast<double>(side) * std::numeric_limits<double>::epsilon() * diagonal; }

Improper bad_pivot(std::string_view what, Eigen::Index column, Eigen::Index side, double pivot, double diagonal) {
  const bool lost = std::abs(pivot) <= zero_pivot(side, std::abs(diagonal));
  const std::string place = side == 1 ? "" : fmt::format("pivot {} of {} is ", column + 1, side);
  const std::string size =
      lost && diagonal != 0 && side > 1 ? fmt::format("zero to rounding beside its diagonal entry {:.3g}", diagonal) : fmt::format("{:.3g}", pivot);
  return {fmt::format("the {} is not positive definite ({}{})", what, place, size)};
}

// Left-looking, by columns (Golub and Van Loan 2013, algorithm 4.2.1).
std::optional<Improper> cholesky_by_columns(Eigen::Ref<Eigen::MatrixXd> m, std::string_view what) {
  const Eigen::Index side = m.rows();
  for (Eigen::Index j = 0; j < side; ++j) {
    const Eigen::Index rest = side - j;
    const double diagonal = m(j, j);
    for (Eigen::Index k = 0; k < j; ++k) m.col(j).tail(rest) -= m(j, k) * m.col(k).tail(rest);
    const double pivot = m(j, j);
    if (!(pivot > zero_pivot(side, diagonal)) || std::isinf(pivot)) return bad_pivot(what, j, side, pivot, diagonal);
    m.col(j).tail(rest) /= std::sqrt(pivot);
  }
  return std::nullopt;
}

std::optional<Improper> cholesky_blocked(Eigen::Ref<Eigen::MatrixXd> m, std::string_view what) {
  const Eigen::MatrixXd original = m;
  const Eigen::LLT<Eigen::Ref<Eigen::MatrixXd>> llt(m);
  bool proper = llt.info() == Eigen::Success;
  for (Eigen::Index j = 0; proper && j < m.rows(); ++j) proper = m(j, j) * m(j, j) > zero_pivot(m.rows(), original(j, j));
  if (proper) return std::nullopt;
  m = original;
  return cholesky_by_columns(m, what);
}

// L⁻¹ in place, last column first (LAPACK's dtrti2): column j below the diagonal becomes −L⁻¹_rest · L_rest,j / L_jj.
void invert_triangle(Eigen::Ref<Eigen::MatrixXd> l) {
  for (Eigen::Index j = l.rows(); j-- > 0;) {
    l(j, j) = 1 / l(j, j);
    for (Eigen::Index i = l.rows(); i-- > j + 1;) {
      const double x = l(i, j);
      l.col(j).tail(l.rows() - i - 1) += x * l.col(i).tail(l.rows() - i - 1);
      l(i, j) = x * l(i, i);
    }
    l.col(j).tail(l.rows() - j - 1) *= -l(j, j);
  }
}

// The lower triangle of LᵀL in place (LAPACK's dlauu2): entry (i, j) needs only rows from i on of columns i and j.
void square_triangle(Eigen::Ref<Eigen::MatrixXd> l) {
  for (Eigen::Index j = 0; j < l.rows(); ++j) {
    for (Eigen::Index i = j; i < l.rows(); ++i) l(i, j) = l.col(i).tail(l.rows() - i).dot(l.col(j).tail(l.rows() - i));
  }
}

void invert_blocked(Eigen::Ref<Eigen::MatrixXd> factor) {
  Eigen::MatrixXd inverse = Eigen::MatrixXd::Identity(factor.rows(), factor.cols());
  factor.triangularView<Eigen::Lower>().solveInPlace(inverse);
  factor.setZero();
  factor.selfadjointView<Eigen::Lower>().rankUpdate(inverse.transpose());
}

}  // namespace

void minus_twice_symmetric(const ConstMatrixMap& b, Eigen::Ref<Eigen::MatrixXd> out) { out = -(b + b.transpose()); }

std::optional<Improper> cholesky(Eigen::Ref<Eigen::MatrixXd> matrix, std::string_view what) {
  return matrix.rows() <= unblocked_side ? cholesky_by_columns(matrix, what) : cholesky_blocked(matrix, what);
}

double log_determinant(const Eigen::Ref<const Eigen::MatrixXd>& factor) {
  double sum = 0;
  for (Eigen::Index j = 0; j < factor.rows(); ++j) sum += std::log(factor(j, j));
  return 2 * sum;
}

void invert(Eigen::Ref<Eigen::MatrixXd> factor) {
  if (factor.rows() <= unblocked_side) {
    invert_triangle(factor);
    square_triangle(factor);
  } else {
    invert_blocked(factor);
  }
  mirror(factor);
}

void mirror(Eigen::Ref<Eigen::MatrixXd> matrix) {
  for (Eigen::Index j = 0; j < matrix.cols(); ++j) {
    for (Eigen::Index i = j + 1; i < matrix.rows(); ++i) matrix(j, i) = matrix(i, j);
  }
}

}  // namespace jensen::family
