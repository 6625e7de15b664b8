// The von Mises distribution of an angle on (−π, π]: t(v) = (cos v, sin v), η = κ (cos μ, sin μ), A(η) = log 2π + log I0(κ) with κ = |η|, and
// E[t] = R (cos μ, sin μ) with the mean resultant length R = I1(κ)/I0(κ) (Mardia and Jupp 2000, section 3.5.4).
#include <fmt/format.h>

#include <boost/math/special_functions/bessel.hpp>
#include <cmath>
#include <numbers>

#include "family/common.hpp"
#include "family/families.hpp"
#include "family/policy.hpp"
#include "family/special.hpp"

namespace jensen::family {
namespace {

using std::numbers::pi;

const Statistic cosine{StatisticKind::cosine, 1}, sine{StatisticKind::sine, 1};

// 1 − I1(κ)/I0(κ). For large κ from the series of both (Abramowitz and Stegun 9.7.1), subtracted term by term.
double shortfall(double kappa) {
  if (kappa < 100) {
    const double i0 = boost::math::cyl_bessel_i(0, kappa, MathPolicy()), i1 = boost::math::cyl_bessel_i(1, kappa, MathPolicy());
    return (i0 - i1) / i0;
  }
  double term0 = 1, term1 = 1, sum0 = 1, difference = 0;
  for (int k = 1; k <= 9; ++k) {
    const double odd = (2.0 * k - 1) * (2.0 * k - 1), scale = 8.0 * k * kappa;
    term0 *= odd / scale;
    term1 *= (odd - 4) / scale;
    sum0 += term0;
    difference += term0 - term1;
  }
  return difference / sum0;
}

// R; directly where it is the small one of the two.
double resultant(double kappa) {
  if (kappa >= 1) return 1 - shortfall(kappa);
  return boost::math::cyl_bessel_i(1, kappa, MathPolicy()) / boost::math::cyl_bessel_i(0, kappa, MathPolicy());
}

// √(−2 log R), the circular standard deviation (Mardia and Jupp 2000, equation 2.3.11).
double circular_sd(double kappa) { return std::sqrt(-2 * (kappa >= 1 ? std::log1p(-shortfall(kappa)) : std::log(resultant(kappa)))); }

double concentration_with_sd(double sd) {
  double low = std::log(1e-12), high = std::log(1e15);
  for (int step = 0; step < 100; ++step) {
    const double middle = 0.5 * (low + high);
    (circular_sd(std::exp(middle)) > sd ? low : high) = middle;
  }
  return std::exp(0.5 * (low + high));
}

// Best and Fisher (1979), Applied Statistics 28: rejection from a wrapped Cauchy with r = (1 + √(1 + 4κ²))/(2κ), written in 1 ± cos so that large κ
// cancels nothing.
double draw_deviation(double kappa, Stream& stream) {
  const double root = std::hypot(1, 2 * kappa), excess = (1 + 1 / (root + 2 * kappa)) / (2 * kappa), r = 1 + excess;  // excess = r − 1
  for (;;) {
    const double half = 0.5 * pi * stream.uniform(), accept = stream.uniform(), side = stream.uniform();
    const double one_plus = 2 * std::cos(half) * std::cos(half), one_minus = 2 * std::sin(half) * std::sin(half);
    const double denominator = excess + one_plus, c = kappa * excess * ((r + 1) / denominator);
    if (std::log(c / accept) + 1 - c < 0) continue;
    const double deviation = 2 * std::asin(std::sqrt(std::min(1.0, 0.5 * one_minus * (excess / denominator))));
    return side < 0.5 ? -deviation : deviation;
  }
}

double wrap(double angle) {
  const double wrapped = std::remainder(angle, 2 * pi);
  return wrapped <= -pi ? pi : wrapped;
}

class VonMises final : public Family {
 public:
  std::string name() const override { return "von_mises"; }
  const Layout& layout() const override { return layout_; }
  std::size_t size() const override { return 2; }
  std::size_t value_size() const override { return 1; }

  std::optional<Improper> update(std::span<const double> natural, std::span<double> mean, double& log_partition) const override {
    if (auto reason = not_finite(natural)) return reason;
    const double kappa = std::hypot(natural[0], natural[1]), length = resultant(kappa);
    mean[0] = kappa > 0 ? length * (natural[0] / kappa) : 0;
    mean[1] = kappa > 0 ? length * (natural[1] / kappa) : 0;
    log_partition = std::log(2 * pi) + log_bessel_i0(kappa);
    return std::nullopt;
  }

  void statistics_of(std::span<const double> value, std::span<double> mean) const override {
    mean[0] = std::cos(value[0]);
    mean[1] = std::sin(value[0]);
  }

  std::optional<Improper> mode(std::span<const double> natural, std::span<double> value) const override {
    if (auto reason = not_finite(natural)) return reason;
    if (natural[0] == 0 && natural[1] == 0) return Improper{"the maximum is not unique (the density is flat)"};
    value[0] = std::atan2(natural[1], natural[0]);
    return std::nullopt;
  }

  // The mean direction and the circular standard deviation; the uniform distribution has no direction.
  void moments(std::span<const double> natural, std::span<double> mean, std::span<double> sd) const override {
    const double kappa = std::hypot(natural[0], natural[1]);
    mean[0] = kappa > 0 ? std::atan2(natural[1], natural[0]) : not_available;
    sd[0] = kappa > 0 ? circular_sd(kappa) : not_available;
  }

  void draw(std::span<const double> natural, Stream& stream, std::span<double> value) const override {
    const double kappa = std::hypot(natural[0], natural[1]);
    const double deviation = kappa > 1e-300 ? draw_deviation(kappa, stream) : 2 * pi * (stream.uniform() - 0.5);
    value[0] = wrap(std::atan2(natural[1], natural[0]) + deviation);
  }

  bool natural_from_moments(std::span<const double> mean, std::span<const double> sd, std::span<double> natural) const override {
    const double spread = sd.empty() ? 1 : sd[0];
    if (!(spread > 0) || !std::isfinite(spread)) return false;
    const double usual[] = {mean[0], concentration_with_sd(spread)};
    return from_usual(usual, natural);
  }

  std::vector<UsualParameter> usual_parameters() const override { return {{"mean", {}}, {"concentration", {}}}; }

  void to_usual(std::span<const double> natural, std::span<double> usual) const override {
    usual[0] = std::atan2(natural[1], natural[0]);
    usual[1] = std::hypot(natural[0], natural[1]);
  }

  bool from_usual(std::span<const double> usual, std::span<double> natural) const override {
    natural[0] = usual[1] * std::cos(usual[0]);
    natural[1] = usual[1] * std::sin(usual[0]);
    return usual[1] >= 0 && !not_finite(natural);
  }

  std::vector<Formula> formulas() const override {
    const std::string c = eta(cosine), s = eta(sine), c_latex = eta_latex(cosine), s_latex = eta_latex(sine);
    return {{"mean", fmt::format("atan2({}, {})", s, c), fmt::format("\\operatorname{{atan2}}({}, {})", s_latex, c_latex)},
            {"concentration", fmt::format("sqrt({}^2 + {}^2)", c, s), fmt::format("\\sqrt{{{}^2 + {}^2}}", c_latex, s_latex)}};
  }

  std::string log_partition_text() const override { return "log(2 pi) + log_bessel_i0(concentration)"; }

 private:
  Layout layout_ = make_layout({{cosine, 1}, {sine, 1}});
};

}  // namespace

std::unique_ptr<const Family> make_von_mises() { return std::make_unique<VonMises>(); }

}  // namespace jensen::family
