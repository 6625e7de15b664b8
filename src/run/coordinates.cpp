#include "run/coordinates.hpp"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>

namespace jensen::run {
namespace {

bool is_matrix(SupportKind kind) { return kind == SupportKind::covariance || kind == SupportKind::precision || kind == SupportKind::correlation; }

Eigen::Index side_of(std::size_t size) { return static_cast<Eigen::Index>(std::llround(std::sqrt(static_cast<double>(size)))); }

bool factor_to_coordinates(std::span<const double> value, std::span<double> out) {
  const Eigen::Index side = side_of(value.size());
  const Eigen::Map<const Eigen::MatrixXd> matrix(value.data(), side, side);
  const Eigen::LLT<Eigen::MatrixXd> llt(matrix);
  if (llt.info() != Eigen::Success) return false;
  const Eigen::MatrixXd lower = llt.matrixL();
  std::size_t at = 0;
  for (Eigen::Index i = 0; i < side; ++i) {
    for (Eigen::Index j = 0; j <= i; ++j) out[at++] = i == j ? std::log(lower(i, i)) : lower(i, j);
  }
  return true;
}

void factor_from_coordinates(std::span<const double> x, bool correlation, std::span<double> value) {
  const Eigen::Index side = side_of(value.size());
  Eigen::MatrixXd lower = Eigen::MatrixXd::Zero(side, side);
  std::size_t at = 0;
  for (Eigen::Index i = 0; i < side; ++i) {
    for (Eigen::Index j = 0; j <= i; ++j, ++at) lower(i, j) = i == j ? std::exp(x[at]) : x[at];
    if (correlation) lower.row(i) /= lower.row(i).norm();
  }
  Eigen::Map<Eigen::MatrixXd> matrix(value.data(), side, side);
  matrix = lower * lower.transpose();
  if (correlation) matrix.diagonal().setOnes();
}

void shares_from_logs(std::span<const double> x, std::span<double> value) {
  const double most = *std::max_element(x.begin(), x.end());
  double total = 0;
  for (std::size_t k = 0; k < x.size(); ++k) total += value[k] = std::exp(x[k] - most);
  for (double& v : value) v /= total;
}

}  // namespace

std::size_t coordinate_count(const Support& support, std::size_t size) {
  const auto side = static_cast<std::size_t>(side_of(size));
  return is_matrix(support.kind) ? side * (side + 1) / 2 : size;
}

bool to_coordinates(const Support& support, std::span<const double> value, std::span<double> out) {
  const double low = support.kind == SupportKind::unit ? 0 : support.low, high = support.kind == SupportKind::unit ? 1 : support.high;
  switch (support.kind) {
    case SupportKind::real:
    case SupportKind::angle:
    case SupportKind::lower_triangular:
      std::copy(value.begin(), value.end(), out.begin());
      return true;
    case SupportKind::positive:
    case SupportKind::simplex:
      std::transform(value.begin(), value.end(), out.begin(), [](double v) { return std::log(v); });
      return true;
    case SupportKind::unit:
    case SupportKind::interval:
      if (!std::isfinite(high - low)) return false;
      std::transform(value.begin(), value.end(), out.begin(), [=](double v) { return std::log(v - low) - std::log(high - v); });
      return true;
    case SupportKind::ordered:
      for (std::size_t i = 0; i < value.size(); ++i) out[i] = i == 0 ? value[0] : std::log(value[i] - value[i - 1]);
      return true;
    case SupportKind::covariance:
    case SupportKind::precision:
    case SupportKind::correlation:
      return factor_to_coordinates(value, out);
    case SupportKind::boolean:
    case SupportKind::count:
    case SupportKind::bounded_count:
    case SupportKind::integer:
    case SupportKind::category:
      return false;
  }
  return false;
}

bool from_coordinates(const Support& support, std::span<const double> coordinates, std::span<double> value) {
  const double low = support.kind == SupportKind::unit ? 0 : support.low, high = support.kind == SupportKind::unit ? 1 : support.high;
  switch (support.kind) {
    case SupportKind::real:
    case SupportKind::angle:
    case SupportKind::lower_triangular:
      std::copy(coordinates.begin(), coordinates.end(), value.begin());
      break;
    case SupportKind::positive:
      std::transform(coordinates.begin(), coordinates.end(), value.begin(), [](double x) { return std::exp(x); });
      break;
    case SupportKind::simplex:
      shares_from_logs(coordinates, value);
      break;
    case SupportKind::unit:
    case SupportKind::interval:
      std::transform(coordinates.begin(), coordinates.end(), value.begin(), [=](double x) { return low + (high - low) / (1 + std::exp(-x)); });
      break;
    case SupportKind::ordered:
      for (std::size_t i = 0; i < value.size(); ++i) value[i] = i == 0 ? coordinates[0] : value[i - 1] + std::exp(coordinates[i]);
      break;
    case SupportKind::covariance:
    case SupportKind::precision:
    case SupportKind::correlation:
      factor_from_coordinates(coordinates, support.kind == SupportKind::correlation, value);
      break;
    case SupportKind::boolean:
    case SupportKind::count:
    case SupportKind::bounded_count:
    case SupportKind::integer:
    case SupportKind::category:
      return false;
  }
  return std::all_of(value.begin(), value.end(), [](double v) { return std::isfinite(v); });
}

}  // namespace jensen::run
