// The power law on (low, high), 0 <= low < high <= ∞: t(v) = log v, density ∝ v^η. With s = η + 1 and w = log(high/low),
// A(η) = log ∫ e^(s x) dx over log low < x < log high = s log high + log((1 − e^−sw)/s), E[log v] = log high − 1/s + w/(e^sw − 1); low = 0 needs
// s > 0, high = ∞ needs s < 0 (then Pareto's distribution of shape −s).
#include <fmt/format.h>

#include <array>
#include <boost/math/quadrature/gauss.hpp>
#include <cmath>
#include <limits>

#include "family/common.hpp"
#include "family/families.hpp"

namespace jensen::family {
namespace {

const Statistic log_statistic{StatisticKind::log, 1};

// B_2k/(2k)!, k = 1, 2, ...: 1/x − 1/(e^x − 1) = ½ − Σ B_2k/(2k)! x^(2k − 1) (Abramowitz and Stegun 23.1.1).
constexpr std::array<double, 10> bernoulli = {1.0 / 12,
                                              -1.0 / 720,
                                              1.0 / 30240,
                                              -1.0 / 1209600,
                                              1.0 / 47900160,
                                              -691.0 / 1307674368000.0,
                                              1.0 / 74724249600.0,
                                              -3617.0 / 10670622842880000.0,
                                              43867.0 / 5109094217170944000.0,
                                              -174611.0 / 802857662698291200000.0};

// 1/x − 1/(e^x − 1): how far the mean of the density ∝ e^(x y) on (0, 1) lies below 1.
double below_one(double x) {
  if (std::abs(x) > 1) return 1 / x - 1 / std::expm1(x);
  double sum = 0;
  for (std::size_t k = bernoulli.size(); k-- > 0;) sum = sum * x * x + bernoulli[k];
  return 0.5 - x * sum;
}

// Its variance, 1/x² − 1/(4 sinh²(x/2)).
double unit_variance(double x) {
  if (std::abs(x) > 1) return 1 / (x * x) - std::pow(2 * std::sinh(0.5 * x), -2);
  double sum = 0;
  for (std::size_t k = bernoulli.size(); k-- > 0;) sum = sum * x * x + bernoulli[k] * (2 * static_cast<double>(k) + 1);
  return sum;
}

// log ∫ e^(x (y − 1)) dy over (0, 1) for x >= 0: log((1 − e^−x)/x).
double log_unit_integral(double x) { return x == 0 ? 0 : std::log(-std::expm1(-x) / x); }

class PowerLaw final : public Family {
 public:
  PowerLaw(double low, double high)
      : low_(low),
        high_(high),
        log_low_(std::log(low)),
        log_high_(std::log(high)),
        width_(high < 2 * low ? std::log1p((high - low) / low) : log_high_ - log_low_) {}

  std::string name() const override { return "power_law"; }
  const Layout& layout() const override { return layout_; }
  std::size_t size() const override { return 1; }
  std::size_t value_size() const override { return 1; }

  std::optional<Improper> update(std::span<const double> natural, std::span<double> mean, double& log_partition) const override {
    if (auto reason = improper(natural)) return reason;
    const double s = natural[0] + 1;
    log_partition = log_integral(s);
    if (std::isfinite(width_)) {
      mean[0] = s > 0 ? log_high_ - width_ * below_one(s * width_) : log_low_ + width_ * below_one(-s * width_);
    } else {
      mean[0] = (s > 0 ? log_high_ : log_low_) - 1 / s;
    }
    return std::nullopt;
  }

  void statistics_of(std::span<const double> value, std::span<double> mean) const override { mean[0] = std::log(value[0]); }

  // The ends belong to the support.
  std::optional<Improper> mode(std::span<const double> natural, std::span<double> value) const override {
    if (auto reason = not_finite(natural)) return reason;
    if (natural[0] == 0) return Improper{"the maximum is not unique (the density is flat)"};
    value[0] = natural[0] > 0 ? high_ : low_;
    if (value[0] > 0 && std::isfinite(value[0])) return std::nullopt;
    return Improper{fmt::format("there is no maximum: the density grows towards {} ({} = {:.3g})", natural[0] > 0 ? "infinity" : "0",
                                eta(log_statistic), natural[0])};
  }

  void moments(std::span<const double> natural, std::span<double> mean, std::span<double> sd) const override {
    const double s = natural[0] + 1;
    mean[0] = mean_at(s);
    sd[0] = high_ == infinity && s + 2 >= 0 ? not_available : mean[0] * std::sqrt(std::expm1(second_difference(s)));
  }

  void draw(std::span<const double> natural, Stream& stream, std::span<double> value) const override {
    const double s = natural[0] + 1, u = stream.uniform();
    const double x = s > 0   ? log_high_ + std::log1p(u * std::expm1(-s * width_)) / s
                     : s < 0 ? log_low_ + std::log1p(u * std::expm1(s * width_)) / s
                             : log_low_ + u * width_;
    value[0] = std::exp(x);
  }

  // One number determines the member: the spread is not used.
  bool natural_from_moments(std::span<const double> mean, std::span<const double> /*sd*/, std::span<double> natural) const override {
    if (!(mean[0] > low_ && mean[0] < high_)) return false;
    natural[0] = exponent_with_mean(mean[0]) - 1;
    return !improper(natural);
  }

  std::vector<UsualParameter> usual_parameters() const override { return {{"shape", {}}}; }

  // Of the tail, as Pareto's; on a finite interval the exponent of the distribution function, positive where the density grows.
  void to_usual(std::span<const double> natural, std::span<double> usual) const override { usual[0] = orientation() * (natural[0] + 1); }

  bool from_usual(std::span<const double> usual, std::span<double> natural) const override {
    natural[0] = orientation() * usual[0] - 1;
    return !improper(natural);
  }

  std::vector<Formula> formulas() const override {
    const std::string text = eta(log_statistic), latex = eta_latex(log_statistic);
    if (orientation() < 0) return {{"shape", fmt::format("-1 - {}", text), fmt::format("-1 - {}", latex)}};
    return {{"shape", fmt::format("1 + {}", text), fmt::format("1 + {}", latex)}};
  }

  std::string log_partition_text() const override {
    if (high_ == infinity) return fmt::format("-shape log {} - log shape", low_);
    if (low_ == 0) return fmt::format("shape log {} - log shape", high_);
    return fmt::format("log(({}^shape - {}^shape) / shape)", high_, low_);
  }

 private:
  static constexpr double infinity = std::numeric_limits<double>::infinity();

  double orientation() const { return high_ == infinity ? -1 : 1; }

  // From the end at which the density e^(s x) of x = log v is largest.
  double log_integral(double s) const {
    const double edge = s > 0 ? s * log_high_ : s < 0 ? s * log_low_ : 0;
    return edge + (std::isfinite(width_) ? std::log(width_) + log_unit_integral(std::abs(s) * width_) : -std::log(std::abs(s)));
  }

  double mean_at(double s) const {
    if (low_ == 0) return high_ * s / (s + 1);
    if (high_ == infinity) return s + 1 < 0 ? low_ * s / (s + 1) : not_available;
    if (s > 0) return high_ * (s / std::expm1(-s * width_)) * (std::expm1(-(s + 1) * width_) / (s + 1));
    if (s + 1 < 0) return low_ * (s / std::expm1(s * width_)) * (std::expm1((s + 1) * width_) / (s + 1));
    return std::exp(log_integral(s + 1) - log_integral(s));
  }

  // A(s + 2) − 2 A(s + 1) + A(s) = log E[v²] − 2 log E[v]. On one side of 0 the powers cancel in closed form; on a narrow interval, where all but the
  // last digits would cancel, it is ∫ (1 − |t − 1|) A''(s + t) dt over 0 < t < 2.
  double second_difference(double s) const {
    if (width_ < 1) {
      const auto curvature = [&](double t) { return (1 - std::abs(t - 1)) * unit_variance((s + t) * width_); };
      using Rule = boost::math::quadrature::gauss<double, 20>;
      return width_ * width_ * (Rule::integrate(curvature, 0.0, 1.0) + Rule::integrate(curvature, 1.0, 2.0));
    }
    if (s <= 0 && s + 2 >= 0) return log_integral(s + 2) - 2 * log_integral(s + 1) + log_integral(s);
    const auto log_filled = [&](double at) { return std::log1p(-std::exp(-std::abs(at) * width_)); };
    return std::log1p(1 / (s * (s + 2))) + log_filled(s + 2) - 2 * log_filled(s + 1) + log_filled(s);
  }

  double exponent_with_mean(double mean) const {
    if (low_ == 0) return mean / (high_ - mean);
    if (high_ == infinity) return -mean / (mean - low_);
    double lower = -40, upper = 40;
    for (int step = 0; step < 100; ++step) {
      const double middle = 0.5 * (lower + upper);
      (mean_at(std::sinh(middle) / width_) < mean ? lower : upper) = middle;
    }
    return std::sinh(0.5 * (lower + upper)) / width_;
  }

  std::optional<Improper> improper(std::span<const double> natural) const {
    if (auto reason = not_finite(natural)) return reason;
    const double s = natural[0] + 1;
    if (low_ == 0 && !(s > 0)) return Improper{fmt::format("the shape is not positive ({:.3g}): the density is not integrable at 0", s)};
    if (high_ == infinity && !(s < 0))
      return Improper{fmt::format("the shape is not positive ({:.3g}): the density is not integrable at infinity", -s)};
    return std::nullopt;
  }

  double low_, high_, log_low_, log_high_, width_;
  Layout layout_ = make_layout({{log_statistic, 1}});
};

}  // namespace

std::unique_ptr<const Family> make_power_law(double low, double high) { return std::make_unique<PowerLaw>(low, high); }

}  // namespace jensen::family
