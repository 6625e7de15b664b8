#include "plan/derivatives.hpp"

#include <algorithm>
#include <cmath>

#include "family/special.hpp"

namespace jensen::plan {

using derive::DataOp;

namespace {

constexpr double half_log_two_pi = 0.91893853320467274178;

double sigmoid(double x) { return x > 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x)); }

// I1(x) / I0(x) by its continued fraction (Amos 1974, Math. Comp. 28, 239): backwards from an order beyond which the ratio is small.
double bessel_ratio(double x) {
  const double y = std::abs(x);
  if (y == 0) return 0;
  if (y > 1e6) return std::copysign(1 - 0.5 / y - 0.125 / (y * y), x);
  double ratio = 0;
  for (int order = 20 + static_cast<int>(2 * std::sqrt(40 * y)); order >= 1; --order) ratio = 1 / (2 * order / y + ratio);
  return std::copysign(ratio, x);
}

Partial binary_partial(DataOp op, bool first) {
  if (op == DataOp::add || (op == DataOp::subtract && first)) return [](const double*, double) { return 1.0; };
  if (op == DataOp::subtract) return [](const double*, double) { return -1.0; };
  if (op == DataOp::multiply && first) return [](const double* v, double) { return v[1]; };
  if (op == DataOp::multiply) return [](const double* v, double) { return v[0]; };
  if (op == DataOp::divide && first) return [](const double* v, double) { return 1 / v[1]; };
  if (op == DataOp::divide) return [](const double* v, double f) { return -f / v[1]; };
  if (op == DataOp::power && first) return [](const double* v, double) { return v[1] == 0 ? 0.0 : v[1] * std::pow(v[0], v[1] - 1); };
  if (op == DataOp::power) return [](const double* v, double f) { return f == 0 ? 0.0 : f * std::log(v[0]); };
  if (!first) return nullptr;  // the dimension of log_multivariate_gamma
  return [](const double* v, double) { return family::multivariate_digamma(static_cast<std::size_t>(std::llround(v[1])), v[0]); };
}

}  // namespace

Partial partial_of(DataOp op, std::size_t argument) {
  switch (op) {
    case DataOp::negate:
      return [](const double*, double) { return -1.0; };
    case DataOp::exp:
      return [](const double*, double f) { return f; };
    case DataOp::log:
      return [](const double* v, double) { return 1 / v[0]; };
    case DataOp::sqrt:
      return [](const double*, double f) { return 0.5 / f; };
    case DataOp::abs:
      return [](const double* v, double) { return v[0] < 0 ? -1.0 : 1.0; };
    case DataOp::lgamma:
      return [](const double* v, double) { return family::digamma(v[0]); };
    case DataOp::digamma:
      return [](const double* v, double) { return family::trigamma(v[0]); };
    case DataOp::logit:
      return [](const double* v, double) { return 1 / (v[0] * (1 - v[0])); };
    case DataOp::expit:
      return [](const double*, double f) { return f * (1 - f); };
    case DataOp::softplus:
      return [](const double* v, double) { return sigmoid(v[0]); };
    case DataOp::cos:
      return [](const double* v, double) { return -std::sin(v[0]); };
    case DataOp::sin:
      return [](const double* v, double) { return std::cos(v[0]); };
    case DataOp::log_bessel_i0:
      return [](const double* v, double) { return bessel_ratio(v[0]); };
    case DataOp::log_normal_cdf:
      return [](const double* v, double f) { return std::exp(-0.5 * v[0] * v[0] - half_log_two_pi - f); };
    case DataOp::log1m:
      return [](const double* v, double) { return -1 / (1 - v[0]); };
    case DataOp::conditional:
      if (argument == 1) return [](const double* v, double) { return v[0] != 0 ? 1.0 : 0.0; };
      if (argument == 2) return [](const double* v, double) { return v[0] != 0 ? 0.0 : 1.0; };
      return nullptr;
    case DataOp::add:
    case DataOp::subtract:
    case DataOp::multiply:
    case DataOp::divide:
    case DataOp::power:
    case DataOp::log_multivariate_gamma:
      return binary_partial(op, argument == 0);
    case DataOp::equal:
    case DataOp::not_equal:
    case DataOp::less:
    case DataOp::less_equal:
    case DataOp::logical_and:
    case DataOp::logical_or:
    case DataOp::logical_not:
    case DataOp::one_hot:
    case DataOp::delta:
    case DataOp::number:
    case DataOp::size:
    case DataOp::index_value:
    case DataOp::element:
    case DataOp::array:
    case DataOp::sum:
    case DataOp::log_sum_exp:
    case DataOp::inverse:
    case DataOp::log_det:
    case DataOp::variate:
      return nullptr;
  }
  return nullptr;
}

}  // namespace jensen::plan
