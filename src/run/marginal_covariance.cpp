#include "run/marginal_covariance.hpp"

#include <Eigen/SparseCholesky>
#include <algorithm>
#include <cmath>
#include <limits>

namespace jensen::run {
namespace {

// Where the points lie in a value of the block.
std::vector<std::size_t> points_of(const plan::PlannedBlock& block) {
  std::vector<std::size_t> out;
  if (block.point || block.swept) return out;
  for (const plan::PlannedComponent& c : block.components) {
    for (std::int64_t i = 0; c.point && i < plan::variables_of(c); ++i) out.push_back(c.offset + static_cast<std::size_t>(i));
  }
  return out;
}

using Sparse = Eigen::SparseMatrix<double>;

// −∂²/∂v∂v' of η · t(v): of all pairs, or of those of the pattern.
Sparse precision_of(const plan::PlannedBlock& block, std::span<const double> natural) {
  const auto d = static_cast<Eigen::Index>(block.family->value_size());
  std::vector<Eigen::Triplet<double>> entries;
  const auto add = [&](Eigen::Index i, Eigen::Index j, double eta) {
    entries.emplace_back(i, j, -eta);
    entries.emplace_back(j, i, -eta);
  };
  const auto first = static_cast<std::size_t>(d);
  if (block.pattern.empty()) {
    for (Eigen::Index i = 0; i < d; ++i) {
      for (Eigen::Index j = 0; j < d; ++j) add(i, j, natural[first + static_cast<std::size_t>(i * d + j)]);
    }
  }
  for (std::size_t p = 0; p < block.pattern.size(); ++p) {
    const std::vector<std::int32_t>& pair = block.pattern[p];
    add(pair.front(), pair.back(), natural[first + p]);
  }
  Sparse out(d, d);
  out.setFromTriplets(entries.begin(), entries.end());
  return out;
}

// (Q⁻¹)_bb, NaN where Q is not positive definite.
std::vector<double> variances(const plan::PlannedBlock& block, std::span<const double> natural, const std::vector<std::size_t>& points) {
  const Sparse precision = precision_of(block, natural);
  const Eigen::SimplicialLDLT<Sparse> factor(precision);
  std::vector<double> out;
  for (const std::size_t i : points) {
    const auto at = static_cast<Eigen::Index>(i);
    const bool known = factor.info() == Eigen::Success;
    out.push_back(known ? factor.solve(Eigen::VectorXd(Eigen::VectorXd::Unit(precision.rows(), at)))(at) : std::numeric_limits<double>::quiet_NaN());
  }
  return out;
}

}  // namespace

std::vector<double> inner_points(const Engine& engine) {
  std::vector<double> out;
  for (const int b : engine.stored()) {
    const plan::PlannedBlock& block = engine.plan().blocks[static_cast<std::size_t>(b)];
    const std::vector<double>& mean = engine.state().blocks[static_cast<std::size_t>(b)].mean;
    const std::vector<std::size_t> points = points_of(block);
    for (std::size_t e = 0; e < static_cast<std::size_t>(block.count); ++e) {
      for (const std::size_t i : points) out.push_back(mean[e * block.family->size() + i]);
    }
  }
  return out;
}

void add_inner_points(const Engine& engine, const Eigen::MatrixXd& jacobian, const Eigen::MatrixXd& covariance,
                      std::map<int, std::vector<double>>& out) {
  Eigen::Index row = 0;
  for (const int b : engine.stored()) {
    const plan::PlannedBlock& block = engine.plan().blocks[static_cast<std::size_t>(b)];
    const std::vector<std::size_t> points = points_of(block);
    if (points.empty()) continue;
    const std::size_t n = block.family->size(), d = block.family->value_size();
    std::vector<double>& se = out[b];
    se.assign(static_cast<std::size_t>(block.count) * d, std::numeric_limits<double>::quiet_NaN());
    for (std::size_t e = 0; e < static_cast<std::size_t>(block.count); ++e) {
      const std::vector<double>& natural = engine.state().blocks[static_cast<std::size_t>(b)].natural;
      const auto own = block.families.empty() ? variances(block, {natural.data() + e * n, n}, points) : std::vector<double>();
      for (std::size_t i = 0; i < points.size(); ++i, ++row) {
        if (!block.families.empty()) continue;  // elements with statistics of their own have no common pattern
        const double through = jacobian.cols() > 0 ? jacobian.row(row).dot(covariance * jacobian.row(row).transpose()) : 0.0;
        se[e * d + points[i]] = std::sqrt(own[i] + through);
      }
    }
  }
}

}  // namespace jensen::run
