// What the Wishart families of a matrix and of its inverse share: natural parameters (a, B) with −(B + Bᵀ) the inverse scale or the scale, and draws.
#pragma once

#include <Eigen/Core>
#include <optional>
#include <span>
#include <string_view>

#include "family/family.hpp"

namespace jensen::family {

// T, lower triangular with T_ii² ~ χ²(df − i) and standard normals below: T Tᵀ is Wishart(df, I) (Bartlett 1933).
Eigen::MatrixXd bartlett_triangle(double df, std::size_t side, Stream& stream);

// The Cholesky factor of −(B + Bᵀ), or why there is none; `what` names the matrix.
std::optional<Improper> factor_symmetric(std::span<const double> natural, std::size_t side, std::string_view what, Eigen::Ref<Eigen::MatrixXd> out);

// Why the df are too few for a proper distribution.
std::optional<Improper> too_few(double df, std::size_t side);

}  // namespace jensen::family
