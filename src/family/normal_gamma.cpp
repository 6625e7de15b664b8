// A scale v on the positives and a vector x of D real numbers whose precision is a multiple of r = v^p: t = (log v, r, r x, r x xᵀ). With
// Λ = −(B + Bᵀ) and m = Λ⁻¹ h, the kernel a log v + r (b + h·x + xᵀB x) has x | v ~ N(m, (r Λ)⁻¹); integrating x leaves the gamma power with
// a' = a − p D/2 and b' = b + ½ h·m, and A(η) = A_gamma(a', b') + D/2 log 2π − ½ log|Λ| (Bishop 2006, section 2.3.6).
// E[r x] = E[r] m, E[r x xᵀ] = Λ⁻¹ + E[r] m mᵀ. Marginally x is a t with 2 × shape degrees of freedom.
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <numbers>

#include "family/common.hpp"
#include "family/families.hpp"
#include "family/matrix.hpp"

namespace jensen::family {
namespace {

const Statistic log_statistic{StatisticKind::log, 1}, scaled_statistic{StatisticKind::scaled, 1}, pair_statistic{StatisticKind::scaled_pair, 1};

class NormalGamma final : public Family {
 public:
  NormalGamma(std::size_t dimension, double power)
      : dimension_(dimension),
        power_(power),
        scale_(make_gamma_power(power)),
        layout_(make_layout({{log_statistic, 1},
                             {Statistic{StatisticKind::power, power}, 1},
                             {scaled_statistic, dimension},
                             {pair_statistic, dimension * dimension}})) {}

  std::string name() const override { return FamilyKind{FamilyKind::Kind::normal_gamma, power_}.name(); }
  const Layout& layout() const override { return layout_; }
  std::size_t size() const override { return 2 + dimension_ + dimension_ * dimension_; }
  std::size_t value_size() const override { return 1 + dimension_; }

  std::optional<Improper> update(std::span<const double> natural, std::span<double> mean, double& log_partition) const override {
    VectorMap center = linear(mean);
    MatrixMap second = quadratic(mean);
    if (auto reason = solve(natural, second, center)) return reason;
    const double d = static_cast<double>(dimension_), log_det = log_determinant(second);
    if (auto reason = scale_->update(marginal(natural, center), mean.first(2), log_partition)) return reason;
    log_partition += 0.5 * (d * std::log(2 * std::numbers::pi) - log_det);
    invert(second);
    for (Eigen::Index j = 0; j < center.size(); ++j) second.col(j) += mean[1] * center(j) * center;
    center *= mean[1];
    return std::nullopt;
  }

  void statistics_of(std::span<const double> value, std::span<double> mean) const override {
    scale_->statistics_of(value.first(1), mean.first(2));
    linear(mean) = mean[1] * vector(value.subspan(1));
    quadratic(mean).noalias() = mean[1] * vector(value.subspan(1)) * vector(value.subspan(1)).transpose();
  }

  // x = m is best at every v; then a log v + b' v^p is the kernel of a gamma power.
  std::optional<Improper> mode(std::span<const double> natural, std::span<double> value) const override {
    Eigen::MatrixXd factor = matrix();
    VectorMap center = vector(value.subspan(1));
    if (auto reason = solve(natural, factor, center)) return reason;
    return scale_->mode(std::array{natural[0], marginal(natural, center)[1]}, value.first(1));
  }

  void moments(std::span<const double> natural, std::span<double> mean, std::span<double> sd) const override {
    Eigen::MatrixXd covariance = matrix();
    VectorMap center = vector(mean.subspan(1)), spread = vector(sd.subspan(1));
    const bool proper = !solve(natural, covariance, center);
    const std::array<double, 2> gamma = proper ? marginal(natural, center) : std::array{not_available, not_available};
    scale_->moments(gamma, mean.first(1), sd.first(1));
    if (proper) invert(covariance);
    if (!(shape(gamma) > 0.5)) center.setConstant(not_available);
    spread = (inverse_mean(gamma) * covariance.diagonal()).cwiseSqrt();
  }

  // m + L⁻ᵀ e / √r has covariance (r L Lᵀ)⁻¹.
  void draw(std::span<const double> natural, Stream& stream, std::span<double> value) const override {
    Eigen::MatrixXd lower = matrix();
    VectorMap out = vector(value.subspan(1));
    if (solve(natural, lower, out)) {
      vector(value).setConstant(not_available);
      return;
    }
    scale_->draw(marginal(natural, out), stream, value.first(1));
    Eigen::VectorXd noise(out.size());
    for (double& entry : noise) entry = stream.normal();
    lower.triangularView<Eigen::Lower>().transpose().solveInPlace(noise);
    out += std::pow(value[0], -0.5 * power_) * noise;
  }

  // Without a spread: the least concentrated of a few scales that leave x a variance, and Λ = 1. A spread of x that the scale makes infinite is taken
  // as that of x at the mean of r.
  bool natural_from_moments(std::span<const double> mean, std::span<const double> sd, std::span<double> natural) const override {
    if (!gamma_from_moments(mean[0], sd, natural.first(2))) return false;
    const std::array<double, 2> gamma{natural[0], natural[1]};
    const double inverse = shape(gamma) > 1 ? inverse_mean(gamma) : -gamma[1] / shape(gamma);
    MatrixMap out = quadratic(natural);
    out.setZero();
    for (std::size_t i = 0; i < dimension_; ++i) {
      const double lambda = sd.empty() ? 1 : inverse / (sd[i + 1] * sd[i + 1]);
      if (!(lambda > 0) || !std::isfinite(lambda) || !std::isfinite(mean[i + 1])) return false;
      const auto k = static_cast<Eigen::Index>(i);
      out(k, k) = -0.5 * lambda;
      natural[2 + i] = lambda * mean[i + 1];
    }
    return join(gamma, linear(natural).dot(vector(mean.subspan(1))), natural);
  }

  std::vector<UsualParameter> usual_parameters() const override {
    std::vector<UsualParameter> result{{"shape", {}}, {"rate", {}}, {"mean", {dimension_}}, {"precision_factor", {dimension_, dimension_}}};
    if (has_power_parameter()) result.push_back({"power", {}});
    return result;
  }

  void to_usual(std::span<const double> natural, std::span<double> usual) const override {
    Eigen::MatrixXd factor = matrix();
    VectorMap center = vector(usual.subspan(2, dimension_));
    if (solve(natural, factor, center)) center.setConstant(not_available);
    const std::array<double, 2> gamma = marginal(natural, center);
    usual[0] = shape(gamma);
    usual[1] = -gamma[1];
    minus_twice_symmetric(quadratic(natural), square(usual.subspan(2 + dimension_, dimension_ * dimension_), dimension_));
    if (has_power_parameter()) usual.back() = power_;
  }

  bool from_usual(std::span<const double> usual, std::span<double> natural) const override {
    const ConstVectorMap center = vector(usual.subspan(2, dimension_));
    const ConstMatrixMap factor = square(usual.subspan(2 + dimension_, dimension_ * dimension_), dimension_);
    quadratic(natural) = -0.25 * (factor + factor.transpose());
    linear(natural).noalias() = 0.5 * (factor + factor.transpose()) * center;
    const bool same_power = !has_power_parameter() || usual.back() == power_;
    return join({power_ * usual[0] - 1, -usual[1]}, linear(natural).dot(center), natural) && same_power;
  }

  std::vector<Formula> formulas() const override {
    const Statistic r{StatisticKind::power, power_};
    const std::string h = eta(scaled_statistic), h_latex = eta_latex(scaled_statistic), pair = eta(pair_statistic),
                      pair_latex = eta_latex(pair_statistic), factor_latex = "\\text{precision\\_factor}";
    std::vector<Formula> result{
        {"shape", fmt::format("(1 + {}) / {} - D/2", eta(log_statistic), power_),
         fmt::format("\\left(1 + {}\\right) / {} - D/2", eta_latex(log_statistic), power_)},
        {"rate", fmt::format("-{} - 1/2 {}^T mean", eta(r), h), fmt::format("-{} - \\tfrac12 {}^\\top \\text{{mean}}", eta_latex(r), h_latex)},
        {"mean", fmt::format("precision_factor^-1 {}", h), fmt::format("{}^{{-1}} {}", factor_latex, h_latex)},
        {"precision_factor", fmt::format("-({0} + {0}^T)", pair), fmt::format("-\\left({0} + {0}^\\top\\right)", pair_latex)}};
    if (has_power_parameter()) result.push_back({"power", fmt::format("{}", power_), fmt::format("{}", power_)});
    return result;
  }

  std::string log_partition_text() const override {
    const std::string jacobian = has_power_parameter() ? " - log|power|" : "";
    return "lgamma(shape) - shape log rate" + jacobian + " + D/2 log(2 pi) - 1/2 log|precision_factor|";
  }

 private:
  Eigen::MatrixXd matrix() const { return {static_cast<Eigen::Index>(dimension_), static_cast<Eigen::Index>(dimension_)}; }
  VectorMap linear(std::span<double> flat) const { return vector(flat.subspan(2, dimension_)); }
  ConstVectorMap linear(std::span<const double> flat) const { return vector(flat.subspan(2, dimension_)); }
  MatrixMap quadratic(std::span<double> flat) const { return square(flat.subspan(2 + dimension_), dimension_); }
  ConstMatrixMap quadratic(std::span<const double> flat) const { return square(flat.subspan(2 + dimension_), dimension_); }
  bool has_power_parameter() const { return power_ != 1 && power_ != -1; }

  // Of a gamma power (a', b'): its shape, and E[1/r].
  double shape(const std::array<double, 2>& gamma) const { return (gamma[0] + 1) / power_; }
  double inverse_mean(const std::array<double, 2>& gamma) const { return shape(gamma) > 1 ? -gamma[1] / (shape(gamma) - 1) : not_available; }

  // The Cholesky factor of Λ, and m.
  std::optional<Improper> solve(std::span<const double> natural, Eigen::Ref<Eigen::MatrixXd> factor, VectorMap& center) const {
    if (auto reason = not_finite(natural)) return reason;
    minus_twice_symmetric(quadratic(natural), factor);
    if (auto reason = cholesky(factor, "precision factor")) return reason;
    center = linear(natural);
    factor.triangularView<Eigen::Lower>().solveInPlace(center);
    factor.triangularView<Eigen::Lower>().transpose().solveInPlace(center);
    return std::nullopt;
  }

  // (a', b') of the scale alone.
  template <class Center>
  std::array<double, 2> marginal(std::span<const double> natural, const Center& center) const {
    return {natural[0] - 0.5 * power_ * static_cast<double>(dimension_), natural[1] + 0.5 * linear(natural).dot(center)};
  }

  // The inverse of `marginal`, given h·m; true where the result is proper.
  bool join(const std::array<double, 2>& gamma, double fit, std::span<double> natural) const {
    natural[0] = gamma[0] + 0.5 * power_ * static_cast<double>(dimension_);
    natural[1] = gamma[1] - 0.5 * fit;
    Eigen::MatrixXd factor = matrix();
    Eigen::VectorXd center(factor.rows());
    VectorMap view(center.data(), center.size());
    return shape(gamma) > 0 && gamma[1] < 0 && !solve(natural, factor, view);
  }

  bool gamma_from_moments(double mean, std::span<const double> sd, std::span<double> gamma) const {
    if (!sd.empty()) return scale_->natural_from_moments({&mean, 1}, sd.first(1), gamma);
    for (double spread = mean; spread > 1e-3 * mean; spread /= 2) {
      if (!scale_->natural_from_moments({&mean, 1}, {&spread, 1}, gamma)) return false;
      if (shape({gamma[0], gamma[1]}) > 1.5) return true;
    }
    return false;
  }

  std::size_t dimension_;
  double power_;
  std::unique_ptr<const Family> scale_;
  Layout layout_;
};

}  // namespace

std::unique_ptr<const Family> make_normal_gamma(std::size_t dimension, double power) { return std::make_unique<NormalGamma>(dimension, power); }

}  // namespace jensen::family
