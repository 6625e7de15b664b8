// A power of a gamma variable on the positives: t(v) = (log v, v^p), p ≠ 0. With η = (a, b), u = v^p is Gamma(shape s = (a + 1)/p, rate −b), since
// dv = |p|⁻¹ u^(1/p − 1) du; hence A(η) = log Γ(s) − s log(−b) − log|p|, E[log v] = (ψ(s) − log(−b))/p, E[v^p] = s/(−b),
// E[v^r] = Γ(s + r/p)/Γ(s) (−b)^(−r/p). p = 1 is the gamma, p = −1 the inverse gamma; p = −2 is what a standard deviation has.
#include <fmt/format.h>

#include <boost/math/special_functions/gamma.hpp>
#include <cmath>

#include "family/common.hpp"
#include "family/families.hpp"
#include "family/policy.hpp"
#include "family/special.hpp"

namespace jensen::family {
namespace {

// log Γ(s + 2h) − 2 log Γ(s + h) + log Γ(s). For large s the three terms cancel; then Taylor's series about s + h,
// h² ψ'(s + h) + h⁴/12 ψ'''(s + h) with ψ'''(x) ≈ 2/x³.
double second_difference(double s, double h) {
  const double x = s + h;
  if (x < 1e4 * std::max(1.0, std::abs(h))) return lgamma(s + 2 * h) - 2 * lgamma(x) + lgamma(s);
  return h * h * trigamma(x) + h * h * h * h / (6 * x * x * x);
}

// sd/mean of v^(1/h)-th power, i.e. of u^h with u ~ Gamma(s, 1); NaN where the second moment is infinite.
double variation(double s, double h) { return s + 2 * h > 0 ? std::sqrt(std::expm1(second_difference(s, h))) : not_available; }

// The shape at which u^h has the given sd/mean, by bisection on a logarithmic scale above the smallest shape with a finite variance.
double shape_with_variation(double target, double h) {
  const double least = std::max(0.0, -2 * h);
  double low = std::log(1e-12), high = std::log(1e15);
  for (int step = 0; step < 100; ++step) {
    const double middle = 0.5 * (low + high);
    (variation(least + std::exp(middle), h) > target ? low : high) = middle;
  }
  return least + std::exp(0.5 * (low + high));
}

class GammaPower final : public Family {
 public:
  explicit GammaPower(double power) : power_(power), layout_(make_layout({{log_statistic(), 1}, {power_statistic(), 1}})) {}

  std::string name() const override { return FamilyKind{FamilyKind::Kind::gamma_power, power_}.name(); }
  const Layout& layout() const override { return layout_; }
  std::size_t size() const override { return 2; }
  std::size_t value_size() const override { return 1; }

  std::optional<Improper> update(std::span<const double> natural, std::span<double> mean, double& log_partition) const override {
    if (auto reason = improper(natural)) return reason;
    const double s = shape(natural), rate = -natural[1], log_rate = std::log(rate);
    mean[0] = (digamma(s) - log_rate) / power_;
    mean[1] = s / rate;
    log_partition = lgamma(s) - s * log_rate - std::log(std::abs(power_));
    return std::nullopt;
  }

  void statistics_of(std::span<const double> value, std::span<double> mean) const override {
    mean[0] = std::log(value[0]);
    mean[1] = std::pow(value[0], power_);
  }

  // a log v + b v^p = (a/p) log u + b u is concave in log u; its maximum is at u = −a/(b p).
  std::optional<Improper> mode(std::span<const double> natural, std::span<double> value) const override {
    if (auto reason = not_finite(natural)) return reason;
    const double exponent = natural[0] / power_;
    if (exponent > 0 && natural[1] < 0) {
      value[0] = std::pow(-exponent / natural[1], 1 / power_);
      if (value[0] > 0 && std::isfinite(value[0])) return std::nullopt;
      return Improper{fmt::format("the maximum is out of range ({:.3g})", value[0])};
    }
    if (natural[0] == 0 && natural[1] == 0) return Improper{"the maximum is not unique (the density is flat)"};
    const bool small_power = exponent < 0 || (exponent == 0 && natural[1] < 0);
    return Improper{fmt::format("there is no maximum: the density grows towards {} ({} = {:.3g}, {} = {:.3g})",
                                small_power == (power_ > 0) ? "0" : "infinity", eta(log_statistic()), natural[0], eta(power_statistic()),
                                natural[1])};
  }

  void moments(std::span<const double> natural, std::span<double> mean, std::span<double> sd) const override {
    const double s = shape(natural), h = 1 / power_;
    mean[0] = s + h > 0 ? std::pow(-natural[1], -h) / boost::math::tgamma_delta_ratio(s, h, MathPolicy()) : not_available;
    sd[0] = mean[0] * variation(s, h);
  }

  void draw(std::span<const double> natural, Stream& stream, std::span<double> value) const override {
    value[0] = std::exp((stream.log_gamma_draw(shape(natural)) - std::log(-natural[1])) / power_);
  }

  // Without a spread: sd equal to the mean.
  bool natural_from_moments(std::span<const double> mean, std::span<const double> sd, std::span<double> natural) const override {
    const double target = sd.empty() ? 1 : sd[0] / mean[0];
    if (!(mean[0] > 0) || !(target > 0) || !std::isfinite(mean[0]) || !std::isfinite(target)) return false;
    const double s = shape_with_variation(target, 1 / power_);
    natural[0] = power_ * s - 1;
    natural[1] = -std::pow(mean[0] * boost::math::tgamma_delta_ratio(s, 1 / power_, MathPolicy()), -power_);
    return !improper(natural);
  }

  std::vector<UsualParameter> usual_parameters() const override {
    if (power_ == 1) return {{"shape", {}}, {"rate", {}}};
    if (power_ == -1) return {{"shape", {}}, {"scale", {}}};
    return {{"shape", {}}, {"rate", {}}, {"power", {}}};
  }

  void to_usual(std::span<const double> natural, std::span<double> usual) const override {
    usual[0] = shape(natural);
    usual[1] = -natural[1];
    if (has_power_parameter()) usual[2] = power_;
  }

  bool from_usual(std::span<const double> usual, std::span<double> natural) const override {
    natural[0] = power_ * usual[0] - 1;
    natural[1] = -usual[1];
    return !improper(natural) && (!has_power_parameter() || usual[2] == power_);
  }

  std::vector<Formula> formulas() const override {
    const std::string log_eta = eta(log_statistic()), log_latex = eta_latex(log_statistic());
    std::vector<Formula> result{
        {"shape", fmt::format("(1 + {}) / {}", log_eta, power_), fmt::format("\\left(1 + {}\\right) / {}", log_latex, power_)},
        {power_ == -1 ? "scale" : "rate", fmt::format("-{}", eta(power_statistic())), fmt::format("-{}", eta_latex(power_statistic()))}};
    if (power_ == 1) result[0] = {"shape", fmt::format("1 + {}", log_eta), fmt::format("1 + {}", log_latex)};
    if (power_ == -1) result[0] = {"shape", fmt::format("-1 - {}", log_eta), fmt::format("-1 - {}", log_latex)};
    if (has_power_parameter()) result.push_back({"power", fmt::format("{}", power_), fmt::format("{}", power_)});
    return result;
  }

  std::string log_partition_text() const override {
    if (power_ == 1) return "lgamma(shape) - shape log rate";
    if (power_ == -1) return "lgamma(shape) - shape log scale";
    return "lgamma(shape) - shape log rate - log|power|";
  }

 private:
  static Statistic log_statistic() { return {StatisticKind::log, 1}; }
  Statistic power_statistic() const { return {StatisticKind::power, power_}; }
  bool has_power_parameter() const { return power_ != 1 && power_ != -1; }
  double shape(std::span<const double> natural) const { return (natural[0] + 1) / power_; }

  std::optional<Improper> improper(std::span<const double> natural) const {
    if (auto reason = not_finite(natural)) return reason;
    if (!(shape(natural) > 0)) return Improper{fmt::format("the shape is not positive ({:.3g})", shape(natural))};
    if (!(natural[1] < 0)) return Improper{fmt::format("the {} is not positive ({:.3g})", power_ == -1 ? "scale" : "rate", -natural[1])};
    return std::nullopt;
  }

  double power_;
  Layout layout_;
};

}  // namespace

std::unique_ptr<const Family> make_gamma_power(double power) { return std::make_unique<GammaPower>(power); }

}  // namespace jensen::family
