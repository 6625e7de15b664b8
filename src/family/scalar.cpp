// One number with any statistics: q(v) ∝ exp(η·t(v)), normalised by quadrature on a line (line_integral.hpp), by the periodic trapezoidal rule on a
// circle, or by summation (lattice_sum.hpp). A(η) and E[t] come from the same nodes.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "family/circle_integral.hpp"
#include "family/common.hpp"
#include "family/families.hpp"
#include "family/lattice_sum.hpp"
#include "family/line_integral.hpp"
#include "family/quantile.hpp"
#include "family/scalar_axis.hpp"

namespace jensen::family {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
enum class Domain { line, circle, lattice };

Domain domain_of(SupportKind kind) {
  switch (kind) {
    case SupportKind::angle:
      return Domain::circle;
    case SupportKind::boolean:
    case SupportKind::count:
    case SupportKind::bounded_count:
    case SupportKind::integer:
    case SupportKind::category:
      return Domain::lattice;
    case SupportKind::real:
    case SupportKind::positive:
    case SupportKind::unit:
    case SupportKind::interval:
    case SupportKind::simplex:
    case SupportKind::ordered:
    case SupportKind::covariance:
    case SupportKind::precision:
    case SupportKind::correlation:
    case SupportKind::lower_triangular:
      return Domain::line;
  }
  return Domain::line;  // only for a value outside the enumeration
}

Support with_bounds(Support support) {
  if (support.kind == SupportKind::boolean) return {support.kind, 0, 1};
  if (support.kind == SupportKind::count || support.kind == SupportKind::bounded_count) support.low = std::max(support.low, 0.0);
  if (support.kind == SupportKind::category) support.low = std::max(support.low, 1.0);
  if (support.kind == SupportKind::positive) support.low = std::max(support.low, 0.0);
  if (support.kind == SupportKind::unit) return {support.kind, 0, 1};
  return support;
}

// η·t without the statistics that do not matter, and the size of its parts; not a number where parts beyond range cancel.
LogDensity sum_of_parts(std::span<const double> natural, const double* statistics) {
  LogDensity sum;
  for (std::size_t i = 0; i < natural.size(); ++i) {
    if (natural[i] == 0) continue;
    const double part = natural[i] * statistics[i];
    sum.value += part;
    sum.magnitude += std::abs(part);
  }
  return sum;
}

// The same, and −inf where it is not a number.
LogDensity product(std::span<const double> natural, const double* statistics) {
  const LogDensity sum = sum_of_parts(natural, statistics);
  return std::isnan(sum.value) ? LogDensity{-infinity, 0} : sum;
}

// What one q comes to, whatever its domain: normalised nodes, expectations, or the reason why there are none.
struct Quadrature {
  std::optional<Improper> improper;
  double log_partition = 0, peak = 0;
  std::vector<double> mean;
  std::vector<bool> infinite;
};

class Scalar final : public Family {
 public:
  Scalar(const Support& support, std::vector<ScalarStatistic> statistics)
      : support_(with_bounds(support)), domain_(domain_of(support.kind)), statistics_(std::move(statistics)), axis_(support_) {
    std::vector<std::pair<Statistic, std::size_t>> entries;
    for (const ScalarStatistic& statistic : statistics_) {
      entries.emplace_back(statistic.statistic, statistic.size);
      size_ += statistic.size;
    }
    layout_ = make_layout(entries);
  }

  std::string name() const override { return "scalar"; }
  const Layout& layout() const override { return layout_; }
  std::size_t size() const override { return size_; }
  std::size_t value_size() const override { return 1; }

  std::optional<Improper> update(std::span<const double> natural, std::span<double> mean, double& log_partition) const override {
    if (auto reason = not_finite(natural)) return reason;
    const Quadrature q = normalise(natural, nullptr);
    if (q.improper) return q.improper;
    for (std::size_t i = 0; i < size_; ++i) {
      if (q.infinite[i]) return Improper{fmt::format("the expectation of {} is infinite or beyond range", statistic_text(i))};
    }
    std::copy_n(q.mean.begin(), size_, mean.begin());
    log_partition = q.log_partition;
    return std::nullopt;
  }

  void statistics_of(std::span<const double> value, std::span<double> mean) const override { evaluate(value[0], mean.data()); }

  std::optional<Improper> mode(std::span<const double> natural, std::span<double> value) const override {
    if (auto reason = not_finite(natural)) return reason;
    if (std::all_of(natural.begin(), natural.end(), [](double eta) { return eta == 0; })) {
      return Improper{"the maximum is not unique (the density is flat)"};
    }
    switch (domain_) {
      case Domain::line:
        return line_mode(natural, value[0]);
      case Domain::circle:
        value[0] = circle_mode(natural);
        return std::nullopt;
      case Domain::lattice:
        return lattice_mode(natural, value[0]);
    }
    return std::nullopt;  // only for a value outside the enumeration
  }

  // E[v − c] and E[(v − c)²] about a value c near the bulk, as two further statistics. Of an angle: the mean direction, and the spread about it.
  void moments(std::span<const double> natural, std::span<double> mean, std::span<double> sd) const override {
    mean[0] = sd[0] = not_available;
    if (not_finite(natural)) return;
    Quadrature q = normalise(natural, nullptr);
    if (q.improper) return;
    double center = q.peak;
    if (domain_ == Domain::circle) center = mean_direction(natural);
    q = normalise(natural, &center);
    if (q.improper) return;
    const double shift = domain_ == Domain::circle ? 0 : q.mean[size_];
    mean[0] = q.infinite[size_] ? not_available : center + shift;
    sd[0] = q.infinite[size_ + 1] ? not_available : std::sqrt(std::max(0.0, q.mean[size_ + 1] - shift * shift));
  }

  void draw(std::span<const double> natural, Stream& stream, std::span<double> value) const override {
    value[0] = not_available;
    const double target = stream.uniform();
    if (not_finite(natural)) return;
    switch (domain_) {
      case Domain::line:
        value[0] = line_draw(natural, target);
        return;
      case Domain::circle:
        value[0] = integrate_circle(circle(natural, nullptr), 3).quantile(target);
        return;
      case Domain::lattice:
        value[0] = lattice_draw(natural, target);
        return;
    }
  }

  // A gamma with the given mean and spread on the positives, a normal on the reals; elsewhere, and without the statistics for these, none.
  bool natural_from_moments(std::span<const double> mean, std::span<const double> sd, std::span<double> natural) const override {
    const double m = mean[0], s = sd.empty() ? (support_.kind == SupportKind::positive ? m : 1) : sd[0];
    if (!std::isfinite(m) || !(s > 0) || !std::isfinite(s)) return false;
    const Statistic linear{StatisticKind::power, 1}, square{StatisticKind::power, 2}, log{StatisticKind::log, 1};
    if (support_.kind == SupportKind::real && std::isinf(support_.low) && std::isinf(support_.high)) {
      return set_pair(linear, m / (s * s), square, -0.5 / (s * s), natural);
    }
    if (support_.kind == SupportKind::positive && m > 0) {
      const double shape = m * m / (s * s);
      return set_pair(log, shape - 1, linear, -shape / m, natural);
    }
    return false;
  }

  std::vector<UsualParameter> usual_parameters() const override { return {}; }
  void to_usual(std::span<const double>, std::span<double>) const override {}
  bool from_usual(std::span<const double>, std::span<double>) const override { return false; }
  std::vector<Formula> formulas() const override { return {}; }
  std::string log_partition_text() const override { return domain_ == Domain::lattice ? "log sum exp(η · t(v)) over v" : "log ∫ exp(η · t(v)) dv"; }

 private:
  void evaluate(double v, double* out) const {
    for (const ScalarStatistic& statistic : statistics_) {
      statistic.value(v, out);
      out += statistic.size;
    }
  }

  std::string statistic_text(std::size_t i) const {
    const auto entry = std::find_if(layout_.begin(), layout_.end(), [i](const LayoutEntry& e) { return i < e.offset + e.size; });
    const std::string text = to_text(entry->statistic, "v");
    return entry->size == 1 ? text : fmt::format("entry {} of {}", i - entry->offset + 1, text);
  }

  bool set_pair(const Statistic& a, double eta_a, const Statistic& b, double eta_b, std::span<double> natural) const {
    std::fill(natural.begin(), natural.end(), 0);
    int found = 0;
    for (const LayoutEntry& entry : layout_) {
      if (entry.size != 1 || (entry.statistic != a && entry.statistic != b)) continue;
      natural[entry.offset] = entry.statistic == a ? eta_a : eta_b;
      ++found;
    }
    return found == 2;
  }

  // With `center`: two further statistics, v − c and its square.
  Quadrature normalise(std::span<const double> natural, const double* center) const {
    switch (domain_) {
      case Domain::line:
        return normalise_line(natural, center);
      case Domain::circle:
        return normalise_circle(natural, center);
      case Domain::lattice:
        return normalise_lattice(natural, center);
    }
    return {};  // only for a value outside the enumeration
  }

  // --- the line

  // `statistics` outlives the problem.
  LineProblem line(std::span<const double> natural, const double* center, AxisStatistics& statistics, bool with_jacobian) const {
    LineProblem problem;
    problem.size = size_ + (center ? 2 : 0);
    problem.scan = axis_.scan();
    problem.low = axis_.low();
    problem.high = axis_.high();
    problem.overflow = axis_.overflow();
    problem.density = [this, natural, center, &statistics, with_jacobian](double w, double* out) {
      statistics(w, out);
      LogDensity result = sum_of_parts(natural, out);
      if (with_jacobian) result.value += axis_.log_jacobian(w);
      if (center) {
        out[size_] = axis_.value(w) - *center;
        out[size_ + 1] = out[size_] * out[size_];
      }
      return result;
    };
    return problem;
  }

  std::optional<Improper> reason(const LineResult& result) const {
    if (result.empty) return Improper{"the density is 0 everywhere (or not a number)"};
    if (result.diverges == LineResult::End::neither) return std::nullopt;
    return Improper{fmt::format("the integral diverges: the density does not decay fast enough towards {}", end_text(result.diverges))};
  }

  std::string end_text(LineResult::End end) const {
    const double bound = end == LineResult::End::low ? support_.low : support_.high;
    if (std::isinf(bound)) return bound < 0 ? "-infinity" : "infinity";
    return fmt::format("{:.6g}", bound);
  }

  Quadrature normalise_line(std::span<const double> natural, const double* center) const {
    AxisStatistics statistics(axis_, statistics_, size_);
    LineResult result = integrate(line(natural, center, statistics, true));
    if (auto improper = reason(result)) return {improper, 0, 0, {}, {}};
    return {std::nullopt, result.log_integral, axis_.value(result.peak), std::move(result.mean), std::move(result.infinite)};
  }

  std::optional<Improper> line_mode(std::span<const double> natural, double& value) const {
    AxisStatistics statistics(axis_, statistics_, size_);
    const LineProblem problem = line(natural, nullptr, statistics, false);
    std::vector<double> scratch(size_);
    const LineFunction f = [&](double w) { return value_of(problem.density(w, scratch.data())); };
    const LineFunction sure = [&](double w) { return sure_value_of(problem.density(w, scratch.data())); };
    const std::vector<Peak> peaks = find_peaks(sure, problem.scan);
    if (peaks.empty()) return Improper{"the density is 0 everywhere (or not a number)"};
    const double best = peaks.front().value, slack = 1e-14 * std::max(1.0, std::abs(best));
    for (const LineResult::End end : {LineResult::End::low, LineResult::End::high}) {
      const double at_end = sure(end == LineResult::End::low ? problem.scan.front() : problem.scan.back());
      if (peaks.front().rising == end || at_end >= best - slack || rises_beyond_range(problem, end)) {
        return Improper{fmt::format("there is no maximum: the density grows towards {}", end_text(end))};
      }
    }
    value = axis_.value(polish_peak(f, peaks.front()));
    return std::nullopt;
  }

  double line_draw(std::span<const double> natural, double target) const {
    AxisStatistics statistics(axis_, statistics_, size_);
    LineProblem problem = line(natural, nullptr, statistics, true);
    problem.extra_halvings = 3;
    const LineResult result = integrate(problem);
    if (reason(result)) return not_available;
    std::vector<double> log_density;
    for (const LineNode& node : result.nodes) log_density.push_back(node.log_density);
    const double u = result.nodes.front().u + result.step * quantile_in_steps(log_density, target);
    return axis_.value(result.center + result.scale * std::sinh(u));
  }

  // --- the circle

  CircleProblem circle(std::span<const double> natural, const double* center) const {
    CircleProblem problem;
    problem.size = size_ + (center ? 2 : 0);
    problem.density = [this, natural, center](double v, double* out) {
      evaluate(v, out);
      if (center) {
        out[size_] = std::sin(v - *center);
        const double deviation = std::remainder(v - *center, 2 * std::numbers::pi);
        out[size_ + 1] = deviation * deviation;
      }
      return product(natural, out);
    };
    return problem;
  }

  Quadrature normalise_circle(std::span<const double> natural, const double* center) const {
    CircleResult result = integrate_circle(circle(natural, center), 0);
    if (result.empty) return {Improper{"the density is 0 everywhere (or not a number)"}, 0, 0, {}, {}};
    return {std::nullopt, result.log_integral, result.peak, std::move(result.mean), std::move(result.infinite)};
  }

  double circle_mode(std::span<const double> natural) const {
    const CircleProblem problem = circle(natural, nullptr);
    std::vector<double> scratch(size_);
    return circle_peak([&](double v) { return problem.density(v, scratch.data()).value; });
  }

  double mean_direction(std::span<const double> natural) const { return integrate_circle(circle(natural, nullptr), 0).direction; }

  // --- the integers

  LatticeProblem lattice(std::span<const double> natural, const double* center) const {
    LatticeProblem problem;
    problem.size = size_ + (center ? 2 : 0);
    problem.low = support_.low;
    problem.high = support_.high;
    problem.density = [this, natural, center](double n, double* out) {
      evaluate(n, out);
      if (center) {
        out[size_] = n - *center;
        out[size_ + 1] = out[size_] * out[size_];
      }
      return product(natural, out).value;
    };
    return problem;
  }

  static std::optional<Improper> reason(const LatticeResult& result) {
    switch (result.failure) {
      case LatticeResult::Failure::none:
        return std::nullopt;
      case LatticeResult::Failure::empty:
        return Improper{"the probability is 0 everywhere (or not a number)"};
      case LatticeResult::Failure::rises_low:
        return Improper{"the sum diverges: the terms grow towards -infinity"};
      case LatticeResult::Failure::rises_high:
        return Improper{"the sum diverges: the terms grow towards infinity"};
      case LatticeResult::Failure::too_slow:
        return Improper{"the sum diverges, or converges too slowly: the terms do not decay within four million"};
    }
    return std::nullopt;  // only for a value outside the enumeration
  }

  Quadrature normalise_lattice(std::span<const double> natural, const double* center) const {
    LatticeResult result = sum(lattice(natural, center));
    if (auto improper = reason(result)) return {improper, 0, 0, {}, {}};
    return {std::nullopt, result.log_sum, result.peak, std::move(result.mean), std::move(result.infinite)};
  }

  std::optional<Improper> lattice_mode(std::span<const double> natural, double& value) const {
    double best = 0;
    const LatticeResult result = find_best(lattice(natural, nullptr), best);
    if (result.failure == LatticeResult::Failure::rises_low) return Improper{"there is no maximum: the probability grows towards -infinity"};
    if (result.failure == LatticeResult::Failure::rises_high) return Improper{"there is no maximum: the probability grows towards infinity"};
    value = result.peak;
    return reason(result);
  }

  double lattice_draw(std::span<const double> natural, double target) const {
    LatticeProblem problem = lattice(natural, nullptr);
    problem.every_term = true;
    const LatticeResult result = sum(problem);
    if (reason(result)) return not_available;
    double below = 0;
    for (const LatticeTerm& term : result.terms) {
      below += std::exp(term.log_density - result.log_sum);
      if (target < below) return term.n;
    }
    return result.terms.back().n;
  }

  Support support_;
  Domain domain_;
  std::vector<ScalarStatistic> statistics_;
  ScalarAxis axis_;
  std::size_t size_ = 0;
  Layout layout_;
};

}  // namespace

std::unique_ptr<const Family> make_scalar(const Support& support, std::vector<ScalarStatistic> statistics) {
  return std::make_unique<Scalar>(support, std::move(statistics));
}

}  // namespace jensen::family
