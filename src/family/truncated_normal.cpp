// The truncated normal distribution: t(v) = (v, v²) on (low, high), either of which may be infinite. η = (μ/σ², −1/(2σ²)) where it is a normal
// distribution cut off; on a finite interval η2 may also be 0 (a truncated exponential; with η1 = 0 the uniform distribution) or positive.
// A(η) = log ∫ exp(η1 v + η2 v²) dv and the moments are integrated numerically to 1e-15 (see exp_quadratic.hpp): differences of Φ, their closed form
// (Johnson, Kotz and Balakrishnan 1994, section 13.10.1), lose all digits in the tails and on narrow intervals.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "family/common.hpp"
#include "family/exp_quadratic.hpp"
#include "family/families.hpp"

namespace jensen::family {
namespace {

const Statistic value_statistic{StatisticKind::power, 1}, square_statistic{StatisticKind::power, 2};

struct Interval {
  double low, high;
};

// θ of the density ∝ exp(θ1 z + θ2 z²) on the interval with mean 0 and variance 1: the minimum of the convex A(θ) − θ2 by Newton's method with
// halved steps. nullopt where there is none, such as a spread wider than the interval allows.
std::optional<std::array<double, 2>> standardised(const Interval& z) {
  const bool bounded = std::isfinite(z.low) && std::isfinite(z.high);
  const auto proper = [&](double linear, double quadratic) {
    return bounded || quadratic < 0 || (quadratic == 0 && ((linear < 0 && std::isfinite(z.low)) || (linear > 0 && std::isfinite(z.high))));
  };
  std::array<double, 2> theta{0, -0.5};
  for (int iteration = 0; iteration < 500; ++iteration) {
    const ExpQuadratic at(theta[0], theta[1], z.low, z.high);
    const auto [m1, m2, m3, m4] = at.raw_moments();
    const double g1 = m1, g2 = m2 - 1, h11 = m2 - m1 * m1, h12 = m3 - m1 * m2, h22 = m4 - m2 * m2, det = h11 * h22 - h12 * h12;
    if (std::abs(g1) < 1e-13 && std::abs(g2) < 1e-13) return theta;
    const double step1 = -(h22 * g1 - h12 * g2) / det, step2 = -(h11 * g2 - h12 * g1) / det, slope = g1 * step1 + g2 * step2;
    if (!(slope < 0)) break;
    const double objective = at.log_integral() - theta[1];
    double length = 1;
    for (; length > 1e-12; length /= 2) {
      const double t1 = theta[0] + length * step1, t2 = theta[1] + length * step2;
      if (!proper(t1, t2)) continue;
      const double next = ExpQuadratic(t1, t2, z.low, z.high).log_integral() - t2;
      if (next <= objective + 0.1 * length * slope + 1e-15 * (1 + std::abs(objective))) break;
    }
    if (length <= 1e-12) break;
    theta = {theta[0] + length * step1, theta[1] + length * step2};
  }
  const auto [m1, m2, m3, m4] = ExpQuadratic(theta[0], theta[1], z.low, z.high).raw_moments();
  if (std::abs(m1) < 1e-10 && std::abs(m2 - 1) < 1e-10) return theta;
  return std::nullopt;
}

class TruncatedNormal final : public Family {
 public:
  TruncatedNormal(double low, double high) : low_(low), high_(high) {}

  std::string name() const override { return "truncated_normal"; }
  const Layout& layout() const override { return layout_; }
  std::size_t size() const override { return 2; }
  std::size_t value_size() const override { return 1; }

  std::optional<Improper> update(std::span<const double> natural, std::span<double> mean, double& log_partition) const override {
    if (auto reason = improper(natural)) return reason;
    const ExpQuadratic law = of(natural);
    mean[0] = law.mean();
    mean[1] = law.mean() * law.mean() + law.variance();
    log_partition = law.log_integral();
    if (std::isfinite(mean[1]) && std::isfinite(log_partition)) return std::nullopt;
    return Improper{fmt::format("the moments are out of range (mean {:.3g}, variance {:.3g})", law.mean(), law.variance())};
  }

  void statistics_of(std::span<const double> value, std::span<double> mean) const override {
    mean[0] = value[0];
    mean[1] = value[0] * value[0];
  }

  // The ends belong to the support: the best value may be one of them.
  std::optional<Improper> mode(std::span<const double> natural, std::span<double> value) const override {
    if (auto reason = not_finite(natural)) return reason;
    const double a = natural[0], b = natural[1];
    if (b < 0) {
      value[0] = std::clamp(-0.5 * a / b, low_, high_);
      return std::nullopt;
    }
    if (a == 0 && b == 0) return Improper{"the maximum is not unique (the density is flat)"};
    const bool bounded = std::isfinite(low_) && std::isfinite(high_);
    if (bounded && a + b * (low_ + high_) == 0) return Improper{fmt::format("the maximum is not unique (both {} and {})", low_, high_)};
    const bool upper = bounded ? a + b * (low_ + high_) > 0 : b > 0 ? !std::isfinite(high_) : a > 0;
    value[0] = upper ? high_ : low_;
    if (std::isfinite(value[0])) return std::nullopt;
    return Improper{fmt::format("there is no maximum: the density grows towards {} ({} = {:.3g}, {} = {:.3g})", value[0], eta(value_statistic), a,
                                eta(square_statistic), b)};
  }

  void moments(std::span<const double> natural, std::span<double> mean, std::span<double> sd) const override {
    const ExpQuadratic law = of(natural);
    mean[0] = law.mean();
    sd[0] = std::sqrt(law.variance());
  }

  void draw(std::span<const double> natural, Stream& stream, std::span<double> value) const override { value[0] = of(natural).draw(stream); }

  // Without a spread: that of a uniform distribution about the mean up to the nearer end, so that the middle of an interval gives the uniform on it.
  bool natural_from_moments(std::span<const double> mean, std::span<const double> sd, std::span<double> natural) const override {
    const double center = mean[0], nearest = std::min(center - low_, high_ - center);
    if (!(nearest > 0) || !std::isfinite(center)) return false;
    const double spread = !sd.empty() ? sd[0] : std::isfinite(nearest) ? nearest / std::sqrt(3.0) : 1;
    if (!(spread > 0) || !std::isfinite(spread)) return false;
    const auto theta = standardised({(low_ - center) / spread, (high_ - center) / spread});
    if (!theta) return false;
    natural[1] = (*theta)[1] / (spread * spread);
    natural[0] = (*theta)[0] / spread - 2 * center * natural[1];
    return !improper(natural);
  }

  // Of the normal distribution that is cut off; not available where η2 >= 0.
  std::vector<UsualParameter> usual_parameters() const override { return {{"location", {}}, {"scale", {}}}; }

  void to_usual(std::span<const double> natural, std::span<double> usual) const override {
    usual[0] = natural[1] < 0 ? -0.5 * natural[0] / natural[1] : not_available;
    usual[1] = natural[1] < 0 ? 1 / std::sqrt(-2 * natural[1]) : not_available;
  }

  bool from_usual(std::span<const double> usual, std::span<double> natural) const override {
    if (!(usual[1] > 0)) return false;
    natural[0] = usual[0] / (usual[1] * usual[1]);
    natural[1] = -0.5 / (usual[1] * usual[1]);
    return !improper(natural);
  }

  std::vector<Formula> formulas() const override {
    const std::string linear = eta(value_statistic), quadratic = eta(square_statistic);
    const std::string linear_latex = eta_latex(value_statistic), quadratic_latex = eta_latex(square_statistic);
    return {{"location", fmt::format("-{} / (2 {})", linear, quadratic), fmt::format("-{} / (2 {})", linear_latex, quadratic_latex)},
            {"scale", fmt::format("1 / sqrt(-2 {})", quadratic), fmt::format("1 / \\sqrt{{-2 {}}}", quadratic_latex)}};
  }

  std::string log_partition_text() const override {
    return fmt::format("1/2 log(2 pi) + log scale + 1/2 location^2 / scale^2 + log(Phi(({} - location) / scale) - Phi(({} - location) / scale))",
                       high_, low_);
  }

 private:
  ExpQuadratic of(std::span<const double> natural) const { return {natural[0], natural[1], low_, high_}; }

  std::optional<Improper> improper(std::span<const double> natural) const {
    if (auto reason = not_finite(natural)) return reason;
    const bool down = std::isfinite(low_), up = std::isfinite(high_);
    if (natural[1] < 0 || (down && up)) return std::nullopt;
    if (natural[1] == 0 && ((down && natural[0] < 0) || (up && natural[0] > 0))) return std::nullopt;
    return Improper{fmt::format("the density does not fall towards {} ({} = {:.3g}, {} = {:.3g})", up ? "-infinity" : "infinity",
                                eta(value_statistic), natural[0], eta(square_statistic), natural[1])};
  }

  double low_, high_;
  Layout layout_ = make_layout({{value_statistic, 1}, {square_statistic, 1}});
};

}  // namespace

std::unique_ptr<const Family> make_truncated_normal(double low, double high) { return std::make_unique<TruncatedNormal>(low, high); }

}  // namespace jensen::family
