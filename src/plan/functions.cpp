#include "plan/functions.hpp"

#include <cmath>

#include "family/special.hpp"

namespace jensen::plan {

using derive::DataOp;

namespace {

double log_sigmoid_complement(double x) { return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); }

}  // namespace

Function function_of(DataOp op) {
  switch (op) {
    case DataOp::add:
      return [](const double* v) { return v[0] + v[1]; };
    case DataOp::subtract:
      return [](const double* v) { return v[0] - v[1]; };
    case DataOp::multiply:  // 0 · log 0 = 0
      return [](const double* v) { return v[0] == 0 || v[1] == 0 ? 0.0 : v[0] * v[1]; };
    case DataOp::divide:
      return [](const double* v) { return v[0] / v[1]; };
    case DataOp::power:
      return [](const double* v) { return std::pow(v[0], v[1]); };
    case DataOp::negate:
      return [](const double* v) { return -v[0]; };
    case DataOp::exp:
      return [](const double* v) { return std::exp(v[0]); };
    case DataOp::log:
      return [](const double* v) { return std::log(v[0]); };
    case DataOp::sqrt:
      return [](const double* v) { return std::sqrt(v[0]); };
    case DataOp::abs:
      return [](const double* v) { return std::abs(v[0]); };
    case DataOp::lgamma:
      return [](const double* v) { return family::lgamma(v[0]); };
    case DataOp::digamma:
      return [](const double* v) { return family::digamma(v[0]); };
    case DataOp::log_multivariate_gamma:
      return [](const double* v) { return family::log_multivariate_gamma(static_cast<std::size_t>(std::llround(v[1])), v[0]); };
    case DataOp::logit:
      return [](const double* v) { return std::log(v[0]) - std::log1p(-v[0]); };
    case DataOp::expit:
      return [](const double* v) { return 1 / (1 + std::exp(-v[0])); };
    case DataOp::softplus:
      return [](const double* v) { return log_sigmoid_complement(v[0]); };
    case DataOp::cos:
      return [](const double* v) { return std::cos(v[0]); };
    case DataOp::sin:
      return [](const double* v) { return std::sin(v[0]); };
    case DataOp::log_bessel_i0:
      return [](const double* v) { return family::log_bessel_i0(v[0]); };
    case DataOp::log_normal_cdf:
      return [](const double* v) { return family::log_normal_cdf(v[0]); };
    case DataOp::log1m:
      return [](const double* v) { return std::log1p(-v[0]); };
    case DataOp::equal:
      return [](const double* v) { return v[0] == v[1] ? 1.0 : 0.0; };
    case DataOp::not_equal:
      return [](const double* v) { return v[0] != v[1] ? 1.0 : 0.0; };
    case DataOp::less:
      return [](const double* v) { return v[0] < v[1] ? 1.0 : 0.0; };
    case DataOp::less_equal:
      return [](const double* v) { return v[0] <= v[1] ? 1.0 : 0.0; };
    case DataOp::logical_and:
      return [](const double* v) { return v[0] != 0 && v[1] != 0 ? 1.0 : 0.0; };
    case DataOp::logical_or:
      return [](const double* v) { return v[0] != 0 || v[1] != 0 ? 1.0 : 0.0; };
    case DataOp::logical_not:
      return [](const double* v) { return v[0] != 0 ? 0.0 : 1.0; };
    case DataOp::conditional:
      return [](const double* v) { return v[0] != 0 ? v[1] : v[2]; };
    case DataOp::one_hot:
    case DataOp::delta:
      return [](const double* v) { return std::round(v[0]) == std::round(v[1]) ? 1.0 : 0.0; };
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
