#include "family/bartlett.hpp"

#include <fmt/format.h>

#include <cmath>

#include "family/common.hpp"
#include "family/matrix.hpp"

namespace jensen::family {

Eigen::MatrixXd bartlett_triangle(double df, std::size_t side, Stream& stream) {
  const auto n = static_cast<Eigen::Index>(side);
  Eigen::MatrixXd triangle = Eigen::MatrixXd::Zero(n, n);
  for (Eigen::Index i = 0; i < n; ++i) {
    for (Eigen::Index j = 0; j < i; ++j) triangle(i, j) = stream.normal();
    triangle(i, i) = std::sqrt(2 * stream.gamma(0.5 * (df - static_cast<double>(i))));
  }
  return triangle;
}

std::optional<Improper> factor_symmetric(std::span<const double> natural, std::size_t side, std::string_view what, Eigen::Ref<Eigen::MatrixXd> out) {
  if (auto reason = not_finite(natural)) return reason;
  minus_twice_symmetric(square(natural.subspan(1), side), out);
  return cholesky(out, what);
}

std::optional<Improper> too_few(double df, std::size_t side) {
  if (!(df <= static_cast<double>(side) - 1)) return std::nullopt;  // NaN is reported as such
  return Improper{fmt::format("the df {:.6g} is not above {}", df, side - 1)};
}

}  // namespace jensen::family
