// The normal distribution of a vector of D real numbers: t(v) = (v, v vᵀ), q ∝ exp(η₁ · v + Σ_ij η₂_ij v_i v_j). With
// P = −(η₂ + η₂ᵀ) and m = P⁻¹ η₁: A(η) = D/2 log 2π − ½ log|P| + ½ η₁ · m, E[v] = m, E[v vᵀ] = P⁻¹ + m mᵀ (Bishop 2006, section 2.3.1).
// η₂ need not be symmetric: only its symmetric part matters.
#include <fmt/format.h>

#include <cmath>
#include <numbers>

#include "family/common.hpp"
#include "family/families.hpp"
#include "family/matrix.hpp"

namespace jensen::family {
namespace {

const Statistic value_statistic{StatisticKind::power, 1}, pair_statistic = Statistic::pair();

class Gaussian final : public Family {
 public:
  explicit Gaussian(std::size_t dimension)
      : dimension_(dimension), layout_(make_layout({{value_statistic, dimension}, {pair_statistic, dimension * dimension}})) {}

  std::string name() const override { return "mvnormal"; }
  const Layout& layout() const override { return layout_; }
  std::size_t size() const override { return dimension_ + dimension_ * dimension_; }
  std::size_t value_size() const override { return dimension_; }

  std::optional<Improper> update(std::span<const double> natural, std::span<double> mean, double& log_partition) const override {
    MatrixMap second = square(mean.subspan(dimension_), dimension_);
    if (auto reason = factor(natural, second)) return reason;
    const double log_det = log_determinant(second);
    VectorMap center = vector(mean.first(dimension_));
    center = linear(natural);
    solve(second, center);
    invert(second);
    for (Eigen::Index j = 0; j < center.size(); ++j) second.col(j) += center(j) * center;
    const double d = static_cast<double>(dimension_);
    log_partition = 0.5 * (d * std::log(2 * std::numbers::pi) - log_det + linear(natural).dot(center));
    return std::nullopt;
  }

  void statistics_of(std::span<const double> value, std::span<double> mean) const override {
    vector(mean.first(dimension_)) = vector(value);
    square(mean.subspan(dimension_), dimension_).noalias() = vector(value) * vector(value).transpose();
  }

  std::optional<Improper> mode(std::span<const double> natural, std::span<double> value) const override {
    Eigen::MatrixXd precision = matrix();
    if (auto reason = factor(natural, precision)) return reason;
    VectorMap center = vector(value);
    center = linear(natural);
    solve(precision, center);
    return std::nullopt;
  }

  void moments(std::span<const double> natural, std::span<double> mean, std::span<double> sd) const override {
    Eigen::MatrixXd covariance = matrix();
    if (factor(natural, covariance)) return fill_not_available(mean, sd);
    VectorMap center = vector(mean);
    center = linear(natural);
    solve(covariance, center);
    invert(covariance);
    vector(sd) = covariance.diagonal().cwiseSqrt();
  }

  // m + L⁻ᵀ e has covariance (L Lᵀ)⁻¹.
  void draw(std::span<const double> natural, Stream& stream, std::span<double> value) const override {
    Eigen::MatrixXd lower = matrix();
    VectorMap out = vector(value);
    if (factor(natural, lower)) {
      out.setConstant(not_available);
      return;
    }
    Eigen::VectorXd center = linear(natural);
    lower.triangularView<Eigen::Lower>().solveInPlace(center);
    for (std::size_t i = 0; i < dimension_; ++i) value[i] = stream.normal();
    out += center;
    lower.triangularView<Eigen::Lower>().transpose().solveInPlace(out);
  }

  bool natural_from_moments(std::span<const double> mean, std::span<const double> sd, std::span<double> natural) const override {
    MatrixMap quadratic = square(natural.subspan(dimension_), dimension_);
    quadratic.setZero();
    for (std::size_t i = 0; i < dimension_; ++i) {
      const double precision = sd.empty() ? 1 : 1 / (sd[i] * sd[i]);
      if (!(precision > 0) || !std::isfinite(precision) || !std::isfinite(mean[i])) return false;
      natural[i] = precision * mean[i];
      natural[dimension_ + i * dimension_ + i] = -0.5 * precision;
    }
    return true;
  }

  std::vector<UsualParameter> usual_parameters() const override { return {{"mean", {dimension_}}, {"precision", {dimension_, dimension_}}}; }

  void to_usual(std::span<const double> natural, std::span<double> usual) const override {
    minus_twice_symmetric(quadratic(natural), square(usual.subspan(dimension_), dimension_));
    if (mode(natural, usual.first(dimension_))) vector(usual.first(dimension_)).setConstant(not_available);
  }

  bool from_usual(std::span<const double> usual, std::span<double> natural) const override {
    const ConstMatrixMap precision = square(usual.subspan(dimension_), dimension_);
    vector(natural.first(dimension_)).noalias() = 0.5 * (precision + precision.transpose()) * vector(usual.first(dimension_));
    square(natural.subspan(dimension_), dimension_) = -0.25 * (precision + precision.transpose());
    Eigen::MatrixXd scratch = matrix();
    return !factor(natural, scratch);
  }

  std::vector<Formula> formulas() const override {
    const std::string pair = eta(pair_statistic), pair_latex = eta_latex(pair_statistic);
    return {{"mean", fmt::format("precision^-1 {}", eta(value_statistic)), fmt::format("\\text{{precision}}^{{-1}} {}", eta_latex(value_statistic))},
            {"precision", fmt::format("-({0} + {0}^T)", pair), fmt::format("-\\left({0} + {0}^\\top\\right)", pair_latex)}};
  }

  std::string log_partition_text() const override { return "D/2 log(2 pi) - 1/2 log|precision| + 1/2 mean^T precision mean"; }

 private:
  Eigen::MatrixXd matrix() const { return {static_cast<Eigen::Index>(dimension_), static_cast<Eigen::Index>(dimension_)}; }
  ConstVectorMap linear(std::span<const double> natural) const { return vector(natural.first(dimension_)); }
  ConstMatrixMap quadratic(std::span<const double> natural) const { return square(natural.subspan(dimension_), dimension_); }

  std::optional<Improper> factor(std::span<const double> natural, Eigen::Ref<Eigen::MatrixXd> precision) const {
    if (auto reason = not_finite(natural)) return reason;
    minus_twice_symmetric(quadratic(natural), precision);
    return cholesky(precision, "precision");
  }

  static void solve(const Eigen::Ref<const Eigen::MatrixXd>& factor, VectorMap& x) {
    factor.triangularView<Eigen::Lower>().solveInPlace(x);
    factor.triangularView<Eigen::Lower>().transpose().solveInPlace(x);
  }

  static void fill_not_available(std::span<double> mean, std::span<double> sd) {
    vector(mean).setConstant(not_available);
    vector(sd).setConstant(not_available);
  }

  std::size_t dimension_;
  Layout layout_;
};

}  // namespace

std::unique_ptr<const Family> make_gaussian(std::size_t dimension) { return std::make_unique<Gaussian>(dimension); }

}  // namespace jensen::family
