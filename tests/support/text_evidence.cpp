#include "support/text_evidence.hpp"

#include <algorithm>
#include <boost/math/quadrature/trapezoidal.hpp>
#include <boost/math/tools/minima.hpp>
#include <cmath>
#include <functional>
#include <limits>
#include <stdexcept>

namespace jensen::tests {

namespace {

using On = TextDensity::On;
using LogFunction = std::function<double(double)>;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double negligible = 36;  // nats below the top: 2e-16

// What a coordinate on the whole line stands for, and the log of its derivative.
struct Coordinate {
  double value;
  double log_derivative;
};
Coordinate coordinate(const TextDensity::Latent& latent, double t) {
  if (latent.on == On::positive) return {std::exp(t), t};
  if (latent.on != On::interval) return {t, 0};
  const double width = latent.high - latent.low;
  return {latent.low + width / (1 + std::exp(-t)), std::log(width) - std::abs(t) - 2 * std::log1p(std::exp(-std::abs(t)))};
}

struct Integral {
  double log;
  double error;  // relative
};

struct Range {
  double low, high, top;
};

// Follows the function from a place where it counts until it does not, at first in steps far below any width.
double edge(const LogFunction& f, double from, double step, double least) {
  for (; f(from) > least; step *= 2) from += step;
  return from;
}

// Where the function is not negligible: around its top, and around all other places of a scan that count beside it. The scan goes on where the
// function still rises at its end.
Range range_of(const LogFunction& f) {
  constexpr double reach = 10, step = 1;
  std::vector<std::pair<double, double>> seen;
  for (double t = -reach; t <= reach; t += step) seen.emplace_back(t, f(t));
  const auto less = [](const auto& a, const auto& b) { return a.second < b.second; };
  auto best = *std::max_element(seen.begin(), seen.end(), less);
  double around = step;
  for (double side = best.first < 0 ? -1 : 1; std::abs(best.first) >= reach && around < 1e6; around *= 2) {
    const std::pair<double, double> next{best.first + side * around, f(best.first + side * around)};
    if (!(next.second > best.second)) break;
    best = next;
  }
  if (!(best.second > -infinity)) return {0, 0, -infinity};
  const auto [at, negative] =
      boost::math::tools::brent_find_minima([&](double t) { return std::max(-f(t), -1e300); }, best.first - around, best.first + around, 40);
  if (-negative > best.second) best = {at, -negative};
  const double least = best.second - negligible;
  double low = best.first, high = best.first, step_down = -1e-12 * (1 + std::abs(low)), step_up = -step_down;
  for (const auto& [t, value] : seen) {
    if (value < least) continue;
    if (t < low) low = t, step_down = -step / 2;
    if (t > high) high = t, step_up = step / 2;
  }
  return {edge(f, low, step_down, least), edge(f, high, step_up, least), best.second};
}

// The trapezoidal rule converges faster than any power for a smooth function that vanishes at both ends, or is periodic.
// With a top below `least` the top stands for the integral: it counts for nothing.
Integral log_integral(const TextDensity::Latent& latent, const LogFunction& log_f, double tolerance, double least) {
  const LogFunction f = [&](double t) {
    const Coordinate c = coordinate(latent, t);
    const double log_density = log_f(c.value) + c.log_derivative;
    return std::isnan(log_density) ? -infinity : log_density;
  };
  const Range range = latent.on == On::circle ? Range{latent.low, latent.high, f(0)} : range_of(f);
  if (range.top == -infinity || range.top < least) return {range.top, 0};
  double error = 0, size = 0;
  const double integral = boost::math::quadrature::trapezoidal([&](double t) { return std::exp(f(t) - range.top); }, range.low, range.high, tolerance,
                                                               std::size_t{11}, &error, &size);
  return {range.top + std::log(integral), error / size};
}

class Evidence {
 public:
  explicit Evidence(const TextDensity& density) : density_(density), values_(density.latents.size()) {
    for (std::size_t i = 0; i < density.latents.size(); ++i) (density.latents[i].on == On::levels ? discrete_ : continuous_).push_back(i);
    // The scale of a location is the outer one: given it the location's density is smooth.
    std::stable_partition(continuous_.begin(), continuous_.end(), [&](std::size_t i) { return density.latents[i].on != On::real; });
    if (continuous_.size() > 2) throw std::runtime_error("more than two continuous latents");
  }

  TextEvidence run() {
    if (continuous_.empty()) return {enumerate(0), 0};
    const bool two = continuous_.size() == 2;
    const Integral outer = log_integral(
        latent(0),
        [&](double v) {
          values_[continuous_[0]] = v;
          return two ? inner() : enumerate(0);
        },
        1e-9, -infinity);
    double error = outer.error;
    for (const Integral& inner : inner_) error = std::max(error, inner.error * std::exp(std::min(0.0, inner.log - best_)));
    return {outer.log, error};
  }

 private:
  [[nodiscard]] const TextDensity::Latent& latent(std::size_t i) const { return density_.latents[continuous_[i]]; }

  double inner() {
    const LogFunction given = [&](double v) {
      values_[continuous_[1]] = v;
      return enumerate(0);
    };
    const Integral integral = log_integral(latent(1), given, 1e-10, best_ - 3 * negligible);
    best_ = std::max(best_, integral.log);
    inner_.push_back(integral);
    return integral.log;
  }

  // log Σ over the levels of the discrete latents from the i-th on.
  double enumerate(std::size_t i) {
    if (i == discrete_.size()) return density_(values_.data());
    const TextDensity::Latent& own = density_.latents[discrete_[i]];
    double sum = -infinity;
    for (double level = own.low; level <= own.high; ++level) {
      values_[discrete_[i]] = level;
      const double part = enumerate(i + 1), top = std::max(sum, part);
      if (top > -infinity) sum = top + std::log(std::exp(sum - top) + std::exp(part - top));
    }
    return sum;
  }

  const TextDensity& density_;
  std::vector<double> values_;
  std::vector<std::size_t> continuous_, discrete_;
  std::vector<Integral> inner_;  // of every outer value
  double best_ = -infinity;
};

}  // namespace

TextEvidence text_evidence(const TextDensity& density) { return Evidence(density).run(); }

}  // namespace jensen::tests
