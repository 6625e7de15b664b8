// The Wishart distribution on positive definite D × D matrices: t(Λ) = (log|Λ|, Λ), q ∝ |Λ|^a exp(Σ_ij B_ij Λ_ij), with
// df ν = 2a + D + 1 and scale W = (−(B + Bᵀ))⁻¹ (mean ν W): A(η) = ν/2 log|W| + ν D/2 log 2 + log Γ_D(ν/2),
// E[log|Λ|] = ψ_D(ν/2) + D log 2 + log|W|, E[Λ] = ν W (Bishop 2006, B.78 to B.82). B need not be symmetric.
#include <fmt/format.h>

#include <cmath>
#include <numbers>

#include "family/bartlett.hpp"
#include "family/common.hpp"
#include "family/families.hpp"
#include "family/matrix.hpp"
#include "family/special.hpp"

namespace jensen::family {
namespace {

const Statistic log_det_statistic{StatisticKind::log_det, 1}, value_statistic{StatisticKind::power, 1};

class Wishart final : public Family {
 public:
  explicit Wishart(std::size_t side) : side_(side), layout_(make_layout({{log_det_statistic, 1}, {value_statistic, side * side}})) {}

  std::string name() const override { return "wishart"; }
  const Layout& layout() const override { return layout_; }
  std::size_t size() const override { return 1 + side_ * side_; }
  std::size_t value_size() const override { return side_ * side_; }

  std::optional<Improper> update(std::span<const double> natural, std::span<double> mean, double& log_partition) const override {
    MatrixMap second = square(mean.subspan(1), side_);
    if (auto reason = factor(natural, second)) return reason;
    const double nu = df(natural), d = static_cast<double>(side_), log_det = -log_determinant(second);
    mean[0] = multivariate_digamma(side_, nu / 2) + d * std::numbers::ln2 + log_det;
    log_partition = nu / 2 * (log_det + d * std::numbers::ln2) + log_multivariate_gamma(side_, nu / 2);
    invert(second);
    second *= nu;
    return std::nullopt;
  }

  void statistics_of(std::span<const double> value, std::span<double> mean) const override {
    MatrixMap scratch = square(mean.subspan(1), side_);
    scratch = square(value, side_);
    mean[0] = cholesky(scratch, "value") ? not_available : log_determinant(scratch);
    scratch = square(value, side_);
  }

  // a Λ⁻¹ + (B + Bᵀ)/2 = 0 at Λ = 2a W = (ν − D − 1) W.
  std::optional<Improper> mode(std::span<const double> natural, std::span<double> value) const override {
    MatrixMap out = square(value, side_);
    if (auto reason = factor_scale(natural, out)) return reason;
    if (!(natural[0] > 0))
      return Improper{fmt::format("there is no maximum: the density grows towards singular matrices (df {:.6g} <= {})", df(natural), side_ + 1)};
    invert(out);
    out *= 2 * natural[0];
    return std::nullopt;
  }

  void moments(std::span<const double> natural, std::span<double> mean, std::span<double> sd) const override {
    const double nu = df(natural);
    MatrixMap scale = square(mean, side_), spread = square(sd, side_);
    if (factor(natural, scale)) {
      scale.setConstant(not_available);
      spread.setConstant(not_available);
      return;
    }
    invert(scale);
    const Eigen::VectorXd diagonal = scale.diagonal();
    spread = (nu * (scale.cwiseAbs2() + diagonal * diagonal.transpose())).cwiseSqrt();
    scale *= nu;
  }

  // Bartlett (1933): with W⁻¹ = L Lᵀ, Λ = C Cᵀ for C = L⁻ᵀ T, T lower triangular with T_ii² ~ χ²(ν − i) and standard normals below.
  void draw(std::span<const double> natural, Stream& stream, std::span<double> value) const override {
    MatrixMap out = square(value, side_);
    Eigen::MatrixXd lower = matrix();
    if (factor(natural, lower)) {
      out.setConstant(not_available);
      return;
    }
    Eigen::MatrixXd triangle = bartlett_triangle(df(natural), side_, stream);
    lower.triangularView<Eigen::Lower>().transpose().solveInPlace(triangle);
    out.noalias() = triangle * triangle.transpose();
  }

  // Without a spread: df = D + 2; with one: the df that matches the summed variances 2 M_ii²/ν of the diagonal.
  bool natural_from_moments(std::span<const double> mean, std::span<const double> sd, std::span<double> natural) const override {
    double nu = static_cast<double>(side_ + 2);
    if (!sd.empty()) nu = 2 * square(mean, side_).diagonal().squaredNorm() / square(sd, side_).diagonal().squaredNorm();
    Eigen::MatrixXd scale = square(mean, side_) / nu;
    natural[0] = 0.5 * (nu - static_cast<double>(side_) - 1);
    return set_scale(scale, natural);
  }

  std::vector<UsualParameter> usual_parameters() const override { return {{"df", {}}, {"scale", {side_, side_}}}; }

  void to_usual(std::span<const double> natural, std::span<double> usual) const override {
    usual[0] = df(natural);
    MatrixMap scale = square(usual.subspan(1), side_);
    if (factor_scale(natural, scale)) {
      scale.setConstant(not_available);
    } else {
      invert(scale);
    }
  }

  bool from_usual(std::span<const double> usual, std::span<double> natural) const override {
    natural[0] = 0.5 * (usual[0] - static_cast<double>(side_) - 1);
    Eigen::MatrixXd scale = square(usual.subspan(1), side_);
    return set_scale(scale, natural);
  }

  std::vector<Formula> formulas() const override {
    const std::string value = eta(value_statistic), value_latex = eta_latex(value_statistic);
    return {{"df", fmt::format("2 {} + D + 1", eta(log_det_statistic)), fmt::format("2 {} + D + 1", eta_latex(log_det_statistic))},
            {"scale", fmt::format("(-({0} + {0}^T))^-1", value), fmt::format("\\left(-{0} - {0}^\\top\\right)^{{-1}}", value_latex)}};
  }

  std::string log_partition_text() const override { return "df/2 log|scale| + df D/2 log 2 + log_multivariate_gamma(D, df/2)"; }

 private:
  Eigen::MatrixXd matrix() const { return {static_cast<Eigen::Index>(side_), static_cast<Eigen::Index>(side_)}; }
  double df(std::span<const double> natural) const { return 2 * natural[0] + static_cast<double>(side_) + 1; }

  std::optional<Improper> factor_scale(std::span<const double> natural, Eigen::Ref<Eigen::MatrixXd> inverse_scale) const {
    return factor_symmetric(natural, side_, "inverse scale", inverse_scale);
  }

  std::optional<Improper> factor(std::span<const double> natural, Eigen::Ref<Eigen::MatrixXd> inverse_scale) const {
    if (auto reason = too_few(df(natural), side_)) return reason;
    return factor_scale(natural, inverse_scale);
  }

  // B = −W⁻¹/2 from the lower triangle of W; true where the result is proper.
  bool set_scale(Eigen::MatrixXd& scale, std::span<double> natural) const {
    if (!scale.allFinite() || cholesky(scale, "scale")) return false;
    invert(scale);
    square(natural.subspan(1), side_) = -0.5 * scale;
    return !factor(natural, scale);
  }

  std::size_t side_;
  Layout layout_;
};

}  // namespace

std::unique_ptr<const Family> make_wishart(std::size_t side) { return std::make_unique<Wishart>(side); }

}  // namespace jensen::family
