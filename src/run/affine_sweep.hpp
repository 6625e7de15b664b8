// A sweep of a Gaussian block whose rows share one precision and have means linear in the features of the row, done without touching a row.
//
// Where the products of a row's numbers meet no data, only the constant feature, the natural parameters of row n are η₁ = Gᵀ f_n and a common η₂.
// With V the common covariance and B = G V, the mean is m_n = Bᵀ f_n, so that every sum of the pass follows from M = Σ_n w_n f_n f_nᵀ:
//
//     Σ w f mᵀ = M B,     Σ w E[v vᵀ] = W V + Bᵀ M B,     Σ w A(η) = W A(0, η₂) + ½ tr(Gᵀ M B),     W = Σ w.
//
// M is computed once. This is the second-moment form of EM for factor analysis (Rubin and Thayer 1982, Psychometrika 47, equations 5 to 8).
#pragma once

#include <Eigen/Core>
#include <atomic>
#include <optional>
#include <vector>

#include "plan/plan.hpp"
#include "run/sweep.hpp"

namespace jensen::run {

class AffineSweep {
 public:
  // Nothing where the pass is not of this kind, or where going over its rows costs less.
  static std::optional<AffineSweep> of(const plan::Plan& plan, const plan::Pass& pass);

  // M; to be called once before the first sweep.
  void sum_data(const plan::Plan& plan, const plan::Pass& pass, int threads, const std::atomic<bool>* cancel);

  // What `run::sweep` gives for this G, up to rounding. Sums that no moment of the pass reads are left 0.
  [[nodiscard]] SweepResult sweep(const std::vector<double>& derivative) const;

 private:
  using Matrix = Eigen::MatrixXd;
  // Row-major as the sums of a pass are.
  using RowMatrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

  AffineSweep() = default;

  const family::Family* family_ = nullptr;
  Eigen::Index dimension_ = 0;  // of a row's vector
  Eigen::Index features_ = 0;
  Eigen::Index constant_ = 0;  // the feature 1
  std::int64_t sums_ = 0;      // length of the array of sums
  // Data far from 0 would cancel in M: the features are taken relative to their means, f = centre + f̃, and G and the sums follow by algebra.
  Eigen::VectorXd centre_;
  Matrix moment_;  // Σ w f̃ f̃ᵀ, where f̃ of the constant is 1
};

}  // namespace jensen::run
