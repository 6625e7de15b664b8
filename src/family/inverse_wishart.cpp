// The inverse Wishart distribution on positive definite D × D matrices: t(S) = (log|S|, S⁻¹), q ∝ |S|^a exp(Σ_ij B_ij (S⁻¹)_ij), with
// df ν = −2a − D − 1 and scale Ψ = −(B + Bᵀ). S⁻¹ is Wishart(ν, Ψ⁻¹), so A(η) = −ν/2 log|Ψ| + ν D/2 log 2 + log Γ_D(ν/2),
// E[log|S|] = log|Ψ| − ψ_D(ν/2) − D log 2, E[S⁻¹] = ν Ψ⁻¹ (Gelman et al. 2013, appendix A; Bishop 2006, B.78 to B.82).
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

const Statistic log_det_statistic{StatisticKind::log_det, 1}, inverse_statistic{StatisticKind::inverse, 1};

class InverseWishart final : public Family {
 public:
  explicit InverseWishart(std::size_t side) : side_(side), layout_(make_layout({{log_det_statistic, 1}, {inverse_statistic, side * side}})) {}

  std::string name() const override { return "inverse_wishart"; }
  const Layout& layout() const override { return layout_; }
  std::size_t size() const override { return 1 + side_ * side_; }
  std::size_t value_size() const override { return side_ * side_; }

  std::optional<Improper> update(std::span<const double> natural, std::span<double> mean, double& log_partition) const override {
    MatrixMap second = square(mean.subspan(1), side_);
    if (auto reason = factor(natural, second)) return reason;
    const double nu = df(natural), d = static_cast<double>(side_), log_det = log_determinant(second);
    mean[0] = log_det - multivariate_digamma(side_, nu / 2) - d * std::numbers::ln2;
    log_partition = nu / 2 * (d * std::numbers::ln2 - log_det) + log_multivariate_gamma(side_, nu / 2);
    invert(second);
    second *= nu;
    return std::nullopt;
  }

  void statistics_of(std::span<const double> value, std::span<double> mean) const override {
    MatrixMap inverse = square(mean.subspan(1), side_);
    inverse = square(value, side_);
    if (cholesky(inverse, "value")) {
      mean[0] = not_available;
      inverse.setConstant(not_available);
      return;
    }
    mean[0] = log_determinant(inverse);
    invert(inverse);
  }

  // a S⁻¹ − S⁻¹ (B + Bᵀ)/2 S⁻¹ = 0 at S = (B + Bᵀ)/(2a) = Ψ/(ν + D + 1): for a sum of squares over N rows, the scatter matrix over N.
  std::optional<Improper> mode(std::span<const double> natural, std::span<double> value) const override {
    Eigen::MatrixXd scratch = matrix();
    if (auto reason = factor_scale(natural, scratch)) return reason;
    if (!(natural[0] < 0)) {
      return Improper{
          fmt::format("there is no maximum: the density grows with the matrix ({} = {:.3g} is not negative)", eta(log_det_statistic), natural[0])};
    }
    MatrixMap out = square(value, side_);
    minus_twice_symmetric(square(natural.subspan(1), side_), out);
    out /= -2 * natural[0];
    return std::nullopt;
  }

  void moments(std::span<const double> natural, std::span<double> mean, std::span<double> sd) const override {
    const double excess = df(natural) - static_cast<double>(side_);  // ν − D
    MatrixMap center = square(mean, side_), spread = square(sd, side_);
    minus_twice_symmetric(square(natural.subspan(1), side_), center);
    const Eigen::VectorXd diagonal = center.diagonal();
    const double denominator = excess > 3 ? excess * (excess - 1) * (excess - 1) * (excess - 3) : not_available;
    spread = (((excess + 1) * center.cwiseAbs2() + (excess - 1) * diagonal * diagonal.transpose()) / denominator).cwiseSqrt();
    center /= excess > 1 ? excess - 1 : not_available;
  }

  // The inverse of a Wishart(ν, Ψ⁻¹) draw (Bartlett 1933): with Ψ = L Lᵀ, S⁻¹ = L⁻ᵀ T Tᵀ L⁻¹, so S = C Cᵀ for C = L T⁻ᵀ.
  void draw(std::span<const double> natural, Stream& stream, std::span<double> value) const override {
    MatrixMap out = square(value, side_);
    Eigen::MatrixXd lower = matrix();
    if (factor(natural, lower)) {
      out.setConstant(not_available);
      return;
    }
    Eigen::MatrixXd triangle = bartlett_triangle(df(natural), side_, stream);
    Eigen::MatrixXd root = lower.triangularView<Eigen::Lower>();  // Cᵀ = T⁻¹ Lᵀ
    root.transposeInPlace();
    triangle.triangularView<Eigen::Lower>().solveInPlace(root);
    out.noalias() = root.transpose() * root;
  }

  // Without a spread: df = D + 4, the least integer with a finite variance; with one: the df that matches the summed variances
  // 2 M_ii²/(ν − D − 3) of the diagonal.
  bool natural_from_moments(std::span<const double> mean, std::span<const double> sd, std::span<double> natural) const override {
    const double d = static_cast<double>(side_);
    double nu = d + 4;
    if (!sd.empty()) nu = d + 3 + 2 * square(mean, side_).diagonal().squaredNorm() / square(sd, side_).diagonal().squaredNorm();
    natural[0] = -0.5 * (nu + d + 1);
    return set_scale((nu - d - 1) * square(mean, side_), natural);
  }

  std::vector<UsualParameter> usual_parameters() const override { return {{"df", {}}, {"scale", {side_, side_}}}; }

  void to_usual(std::span<const double> natural, std::span<double> usual) const override {
    usual[0] = df(natural);
    minus_twice_symmetric(square(natural.subspan(1), side_), square(usual.subspan(1), side_));
  }

  bool from_usual(std::span<const double> usual, std::span<double> natural) const override {
    natural[0] = -0.5 * (usual[0] + static_cast<double>(side_) + 1);
    return set_scale(square(usual.subspan(1), side_), natural);
  }

  std::vector<Formula> formulas() const override {
    const std::string value = eta(inverse_statistic), value_latex = eta_latex(inverse_statistic);
    return {{"df", fmt::format("-2 {} - D - 1", eta(log_det_statistic)), fmt::format("-2 {} - D - 1", eta_latex(log_det_statistic))},
            {"scale", fmt::format("-({0} + {0}^T)", value), fmt::format("-\\left({0} + {0}^\\top\\right)", value_latex)}};
  }

  std::string log_partition_text() const override { return "-df/2 log|scale| + df D/2 log 2 + log_multivariate_gamma(D, df/2)"; }

 private:
  Eigen::MatrixXd matrix() const { return {static_cast<Eigen::Index>(side_), static_cast<Eigen::Index>(side_)}; }
  double df(std::span<const double> natural) const { return -2 * natural[0] - static_cast<double>(side_) - 1; }

  std::optional<Improper> factor_scale(std::span<const double> natural, Eigen::Ref<Eigen::MatrixXd> scale) const {
    return factor_symmetric(natural, side_, "scale", scale);
  }

  std::optional<Improper> factor(std::span<const double> natural, Eigen::Ref<Eigen::MatrixXd> scale) const {
    if (auto reason = too_few(df(natural), side_)) return reason;
    return factor_scale(natural, scale);
  }

  // B = −Ψ/2; true where the result is proper.
  bool set_scale(const Eigen::MatrixXd& scale, std::span<double> natural) const {
    square(natural.subspan(1), side_) = -0.25 * (scale + scale.transpose());
    Eigen::MatrixXd scratch = matrix();
    return !factor(natural, scratch);
  }

  std::size_t side_;
  Layout layout_;
};

}  // namespace

std::unique_ptr<const Family> make_inverse_wishart(std::size_t side) { return std::make_unique<InverseWishart>(side); }

}  // namespace jensen::family
