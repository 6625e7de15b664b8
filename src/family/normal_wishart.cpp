// A precision matrix P and a vector x of D real numbers whose precision is a multiple of it: t = (log|P|, P, P x, xᵀP x). With κ = −2c and m = h/κ,
// the kernel a log|P| + Σ_ij B_ij P_ij + h·P x + c xᵀP x has x | P ~ N(m, (κ P)⁻¹); integrating x leaves the Wishart with a' = a − ½ and
// B' = B + ½ κ m mᵀ, and A(η) = A_wishart(a', B') + D/2 log(2π/κ) (Bishop 2006, section 2.3.6). E[P x] = E[P] m, E[xᵀP x] = D/κ + m·E[P] m.
// With `inverse` the same of a covariance S = P⁻¹: t begins with (log|S|, S⁻¹), a' = a + ½, and the inverse Wishart takes the Wishart's place.
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <numbers>

#include "family/common.hpp"
#include "family/families.hpp"
#include "family/matrix.hpp"

namespace jensen::family {
namespace {

const Statistic log_det_statistic{StatisticKind::log_det, 1}, linear_statistic{StatisticKind::power, 1}, inverse_statistic{StatisticKind::inverse, 1},
    scaled_statistic{StatisticKind::scaled, 1}, norm_statistic{StatisticKind::scaled_pair, 1};

// η of the matrix alone: on the stack up to 64 rows.
class MatrixNatural {
 public:
  explicit MatrixNatural(std::size_t size) : heap_(size > stack_.size() ? size : 0), flat_(heap_.empty() ? stack_.data() : heap_.data(), size) {}
  MatrixNatural(const MatrixNatural&) = delete;
  MatrixNatural& operator=(const MatrixNatural&) = delete;
  std::span<double> flat() { return flat_; }

 private:
  std::array<double, 1 + 64 * 64> stack_;
  std::vector<double> heap_;
  std::span<double> flat_;
};

class NormalWishart final : public Family {
 public:
  NormalWishart(std::size_t side, bool inverse)
      : side_(side),
        inverse_(inverse),
        matrix_(inverse ? make_inverse_wishart(side) : make_wishart(side)),
        layout_(make_layout(
            {{log_det_statistic, 1}, {inverse ? inverse_statistic : linear_statistic, side * side}, {scaled_statistic, side}, {norm_statistic, 1}})) {
  }

  std::string name() const override {
    return FamilyKind{inverse_ ? FamilyKind::Kind::normal_inverse_wishart : FamilyKind::Kind::normal_wishart}.name();
  }
  const Layout& layout() const override { return layout_; }
  std::size_t size() const override { return matrix_->size() + side_ + 1; }
  std::size_t value_size() const override { return side_ * side_ + side_; }

  std::optional<Improper> update(std::span<const double> natural, std::span<double> mean, double& log_partition) const override {
    MatrixNatural alone(matrix_->size());
    if (auto reason = marginal(natural, alone.flat())) return reason;
    if (auto reason = matrix_->update(alone.flat(), mean.first(matrix_->size()), log_partition)) return reason;
    const double d = static_cast<double>(side_), kappa = factor(natural);
    log_partition += 0.5 * d * std::log(2 * std::numbers::pi / kappa);
    const ConstVectorMap h = vector(natural.subspan(matrix_->size(), side_));
    VectorMap scaled = vector(mean.subspan(matrix_->size(), side_));
    scaled.setZero();
    for (Eigen::Index j = 0; j < h.size(); ++j) scaled += (h(j) / kappa) * square(mean.subspan(1, side_ * side_), side_).col(j);
    mean.back() = (d + h.dot(scaled)) / kappa;
    return std::nullopt;
  }

  void statistics_of(std::span<const double> value, std::span<double> mean) const override {
    const ConstVectorMap x = vector(value.last(side_));
    matrix_->statistics_of(value.first(side_ * side_), mean.first(matrix_->size()));
    VectorMap scaled = vector(mean.subspan(matrix_->size(), side_));
    scaled.noalias() = square(mean.subspan(1, side_ * side_), side_) * x;
    mean.back() = x.dot(scaled);
  }

  // x = m is best for every P; then a log|P| + Σ_ij B'_ij P_ij is the kernel of a Wishart.
  std::optional<Improper> mode(std::span<const double> natural, std::span<double> value) const override {
    MatrixNatural alone(matrix_->size());
    if (auto reason = marginal(natural, alone.flat())) return reason;
    alone.flat()[0] = natural[0];
    center(natural, value.last(side_));
    return matrix_->mode(alone.flat(), value.first(side_ * side_));
  }

  // x is a t with df − D + 1 degrees of freedom and covariance E[P⁻¹]/κ.
  void moments(std::span<const double> natural, std::span<double> mean, std::span<double> sd) const override {
    MatrixNatural alone(matrix_->size());
    if (marginal(natural, alone.flat())) {
      vector(mean).setConstant(not_available);
      vector(sd).setConstant(not_available);
      return;
    }
    matrix_->moments(alone.flat(), mean.first(side_ * side_), sd.first(side_ * side_));
    center(natural, mean.last(side_));
    if (!(df(alone.flat()) > static_cast<double>(side_))) vector(mean.last(side_)).setConstant(not_available);
    for (std::size_t i = 0; i < side_; ++i) sd[side_ * side_ + i] = std::sqrt(inverse_mean(alone.flat(), i) / factor(natural));
  }

  // With P = L Lᵀ, m + L⁻ᵀ e / √κ has covariance (κ P)⁻¹; with S = L Lᵀ, m + L e / √κ.
  void draw(std::span<const double> natural, Stream& stream, std::span<double> value) const override {
    MatrixNatural alone(matrix_->size());
    const bool proper = !marginal(natural, alone.flat());
    if (proper) matrix_->draw(alone.flat(), stream, value.first(side_ * side_));
    Eigen::MatrixXd lower = square(value.first(side_ * side_), side_);
    if (!proper || cholesky(lower, "draw")) {
      vector(value).setConstant(not_available);
      return;
    }
    Eigen::VectorXd noise(lower.rows());
    for (double& entry : noise) entry = stream.normal() / std::sqrt(factor(natural));
    if (inverse_) {
      noise = (lower.triangularView<Eigen::Lower>() * noise).eval();
    } else {
      lower.triangularView<Eigen::Lower>().transpose().solveInPlace(noise);
    }
    center(natural, value.last(side_));
    vector(value.last(side_)) += noise;
  }

  // Without a spread: κ = 1; with one, the κ that matches the summed relative precisions of x.
  bool natural_from_moments(std::span<const double> mean, std::span<const double> sd, std::span<double> natural) const override {
    const std::span<double> alone = natural.first(matrix_->size());
    const std::size_t entries = side_ * side_;
    if (!matrix_->natural_from_moments(mean.first(entries), sd.empty() ? sd : sd.first(entries), alone)) return false;
    double kappa = 1;
    if (!sd.empty()) {
      kappa = 0;
      for (std::size_t i = 0; i < side_; ++i) {
        kappa += inverse_mean(alone, i) / (sd[entries + i] * sd[entries + i]) / static_cast<double>(side_);
      }
    }
    return join(mean.last(side_), kappa, natural);
  }

  std::vector<UsualParameter> usual_parameters() const override {
    return {{"df", {}}, {"scale", {side_, side_}}, {"mean", {side_}}, {"precision_factor", {}}};
  }

  void to_usual(std::span<const double> natural, std::span<double> usual) const override {
    MatrixNatural alone(matrix_->size());
    if (marginal(natural, alone.flat())) {
      vector(usual).setConstant(not_available);
      return;
    }
    matrix_->to_usual(alone.flat(), usual.first(matrix_->size()));
    center(natural, usual.subspan(matrix_->size(), side_));
    usual.back() = factor(natural);
  }

  bool from_usual(std::span<const double> usual, std::span<double> natural) const override {
    if (!matrix_->from_usual(usual.first(matrix_->size()), natural.first(matrix_->size()))) return false;
    return join(usual.subspan(matrix_->size(), side_), usual.back(), natural);
  }

  std::vector<Formula> formulas() const override {
    const Statistic& of_matrix = inverse_ ? inverse_statistic : linear_statistic;
    const std::string log_det = eta(log_det_statistic), log_det_latex = eta_latex(log_det_statistic);
    const std::string shifted = fmt::format("{0} + {0}^T + precision_factor mean mean^T", eta(of_matrix)),
                      shifted_latex =
                          fmt::format("{0} + {0}^\\top + \\text{{precision\\_factor}} \\text{{mean}} \\text{{mean}}^\\top", eta_latex(of_matrix));
    const Formula df = inverse_ ? Formula{"df", fmt::format("-2 {} - D - 2", log_det), fmt::format("-2 {} - D - 2", log_det_latex)}
                                : Formula{"df", fmt::format("2 {} + D", log_det), fmt::format("2 {} + D", log_det_latex)};
    const Formula scale = inverse_ ? Formula{"scale", "-(" + shifted + ")", "-\\left(" + shifted_latex + "\\right)"}
                                   : Formula{"scale", "(-(" + shifted + "))^-1", "\\left(-\\left(" + shifted_latex + "\\right)\\right)^{-1}"};
    return {df,
            scale,
            {"mean", fmt::format("{} / precision_factor", eta(scaled_statistic)),
             fmt::format("{} / \\text{{precision\\_factor}}", eta_latex(scaled_statistic))},
            {"precision_factor", fmt::format("-2 {}", eta(norm_statistic)), fmt::format("-2 {}", eta_latex(norm_statistic))}};
  }

  std::string log_partition_text() const override { return matrix_->log_partition_text() + " + D/2 log(2 pi / precision_factor)"; }

 private:
  double factor(std::span<const double> natural) const { return -2 * natural.back(); }

  void center(std::span<const double> natural, std::span<double> out) const {
    vector(out) = vector(natural.subspan(matrix_->size(), side_)) / factor(natural);
  }

  // (a', B') of the matrix alone.
  std::optional<Improper> marginal(std::span<const double> natural, std::span<double> alone) const {
    if (auto reason = not_finite(natural)) return reason;
    const double kappa = factor(natural);
    if (!(kappa > 0)) return Improper{fmt::format("the precision factor is not positive ({:.3g})", kappa)};
    const ConstVectorMap h = vector(natural.subspan(matrix_->size(), side_));
    alone[0] = natural[0] + (inverse_ ? 0.5 : -0.5);
    MatrixMap out = square(alone.subspan(1), side_);
    out = square(natural.subspan(1, side_ * side_), side_);
    for (Eigen::Index j = 0; j < h.size(); ++j) out.col(j) += (0.5 * h(j) / kappa) * h;
    return std::nullopt;
  }

  // From (a', B') in the first entries of η, in place; true where the result is proper.
  bool join(std::span<const double> mean, double kappa, std::span<double> natural) const {
    if (!(kappa > 0) || !std::isfinite(kappa) || not_finite(mean)) return false;
    natural[0] -= inverse_ ? 0.5 : -0.5;
    square(natural.subspan(1, side_ * side_), side_) -= 0.5 * kappa * vector(mean) * vector(mean).transpose();
    vector(natural.subspan(matrix_->size(), side_)) = kappa * vector(mean);
    natural.back() = -0.5 * kappa;
    return true;
  }

  double df(std::span<const double> alone) const { return (inverse_ ? -2 : 2) * alone[0] + (inverse_ ? -1 : 1) * static_cast<double>(side_ + 1); }

  // E[P⁻¹]_ii = W⁻¹_ii / (df − D − 1) with W⁻¹ = −(B' + B'ᵀ).
  double inverse_mean(std::span<const double> alone, std::size_t i) const {
    const double excess = df(alone) - static_cast<double>(side_) - 1;
    return excess > 0 ? -2 * alone[1 + i * side_ + i] / excess : not_available;
  }

  std::size_t side_;
  bool inverse_;
  std::unique_ptr<const Family> matrix_;
  Layout layout_;
};

}  // namespace

std::unique_ptr<const Family> make_normal_wishart(std::size_t side, bool inverse) { return std::make_unique<NormalWishart>(side, inverse); }

}  // namespace jensen::family
