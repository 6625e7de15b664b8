// Dense symmetric matrices of the families: Cholesky with a reason when it fails, and the inverse from it. Flat row-major and column-major
// storage are the same for a symmetric matrix; a Cholesky factor is the lower triangle of a column-major one.
#pragma once

#include <Eigen/Core>
#include <optional>
#include <span>
#include <string_view>

#include "family/family.hpp"

namespace jensen::family {

using MatrixMap = Eigen::Map<Eigen::MatrixXd>;
using ConstMatrixMap = Eigen::Map<const Eigen::MatrixXd>;
using VectorMap = Eigen::Map<Eigen::VectorXd>;
using ConstVectorMap = Eigen::Map<const Eigen::VectorXd>;

inline MatrixMap square(std::span<double> flat, std::size_t side) {
  return {flat.data(), static_cast<Eigen::Index>(side), static_cast<Eigen::Index>(side)};
}
inline ConstMatrixMap square(std::span<const double> flat, std::size_t side) {
  return {flat.data(), static_cast<Eigen::Index>(side), static_cast<Eigen::Index>(side)};
}
inline VectorMap vector(std::span<double> flat) { return {flat.data(), static_cast<Eigen::Index>(flat.size())}; }
inline ConstVectorMap vector(std::span<const double> flat) { return {flat.data(), static_cast<Eigen::Index>(flat.size())}; }

// −(B + Bᵀ): exp(Σ_ij B_ij M_ij) = exp(−½ tr(−(B + Bᵀ) M)) for symmetric M, and the same of xᵀ B x.
void minus_twice_symmetric(const ConstMatrixMap& b, Eigen::Ref<Eigen::MatrixXd> out);

// Overwrites the lower triangle of a symmetric matrix by its Cholesky factor L. The reason names the matrix (`what`) and the pivot that is not
// positive beyond rounding: a pivot that has lost all digits of its diagonal entry counts as zero.
std::optional<Improper> cholesky(Eigen::Ref<Eigen::MatrixXd> matrix, std::string_view what);

// log|M| from the factor of M.
double log_determinant(const Eigen::Ref<const Eigen::MatrixXd>& factor);

// Overwrites the factor of M by M⁻¹, both triangles.
void invert(Eigen::Ref<Eigen::MatrixXd> factor);

// Writes the lower triangle into the upper one.
void mirror(Eigen::Ref<Eigen::MatrixXd> matrix);

}  // namespace jensen::family
