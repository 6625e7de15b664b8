#include "family/circle_integral.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "family/quantile.hpp"

namespace jensen::family {
namespace {

constexpr double pi = std::numbers::pi, infinity = std::numeric_limits<double>::infinity();
constexpr int coarse = 48, most_nodes = 1 << 17;

double wrapped(double v) {
  const double w = std::remainder(v, 2 * pi);
  return w <= -pi ? pi : w;
}

double finite_or_none(double value) { return std::isnan(value) ? -infinity : value; }

struct Coarse {
  int best = 0;
  std::vector<double> f;
};

double node(int k, int count) { return -pi + 2 * pi * (k + 1) / count; }

Coarse scan(const LineFunction& f) {
  Coarse result;
  for (int k = 0; k < coarse; ++k) result.f.push_back(finite_or_none(f(node(k, coarse))));
  result.best = static_cast<int>(std::max_element(result.f.begin(), result.f.end()) - result.f.begin());
  return result;
}

// Whether all that matters is within a quarter of the circle to either side of the best node.
bool on_an_arc(const Coarse& c) {
  const double best = c.f[static_cast<std::size_t>(c.best)];
  for (int k = 0; k < coarse; ++k) {
    const double distance = std::abs(wrapped(node(k, coarse) - node(c.best, coarse)));
    if (distance > pi / 2 - 0.1 && c.f[static_cast<std::size_t>(k)] > best - 60) return false;
  }
  return true;
}

std::vector<double> arc_scan(double best) {
  std::vector<double> all;
  for (const double x : {-12, -6, -3, -1, 0, 1, 3, 6, 12}) all.push_back(best + x * 2 * pi / coarse);
  return all;
}

bool integrate_arc(const CircleProblem& problem, double best, int extra_halvings, CircleResult& out) {
  LineProblem line;
  line.size = problem.size + 2;  // and the sine and cosine of the mean direction
  line.scan = arc_scan(best);
  line.low = best - pi;
  line.high = best + pi;
  line.extra_halvings = extra_halvings;
  line.density = [&](double w, double* t) {
    t[problem.size] = std::sin(w - best);
    t[problem.size + 1] = std::cos(w - best);
    return problem.density(wrapped(w), t);
  };
  LineResult result = integrate(line);
  if (result.empty || result.diverges != LineResult::End::neither) return false;
  out.peak = wrapped(result.peak);
  out.direction = wrapped(best + std::atan2(result.mean[problem.size], result.mean[problem.size + 1]));
  out.log_integral = result.log_integral;
  out.mean.assign(result.mean.begin(), result.mean.end() - 2);
  out.infinite.assign(result.infinite.begin(), result.infinite.end() - 2);
  out.arc = true;
  out.center = result.center;
  out.scale = result.scale;
  out.first = result.nodes.front().u;
  out.step = result.step;
  for (const LineNode& n : result.nodes) out.log_density.push_back(n.log_density);
  return true;
}

// The rule with `count` nodes, a multiple of what the nodes so far are; twice as many where they are to be halved.
class Ring {
 public:
  Ring(const CircleProblem& problem, double reference)
      : problem_(problem), reference_(reference), scratch_(problem.size), sum_(problem.size + 2), size_of_sum_(problem.size) {}

  void add(double v) {
    const LogDensity at = problem_.density(v, scratch_.data());
    magnitude_ = std::max(magnitude_, at.magnitude);
    const double weight = std::exp(finite_or_none(at.value) - reference_);
    if (weight == 0) return;
    mass_ += weight;
    for (std::size_t i = 0; i < scratch_.size(); ++i) {
      if (!std::isfinite(scratch_[i])) continue;
      sum_[i] += weight * scratch_[i];
      size_of_sum_[i] += weight * std::abs(scratch_[i]);
    }
    sum_[problem_.size] += weight * std::sin(v);
    sum_[problem_.size + 1] += weight * std::cos(v);
  }

  void store(int count, CircleResult& out) const {
    out.log_integral = reference_ + std::log(mass_ * 2 * pi / count);
    out.mean.clear();
    for (std::size_t i = 0; i < scratch_.size(); ++i) out.mean.push_back(sum_[i] / mass_);
    out.direction = std::atan2(sum_[problem_.size], sum_[problem_.size + 1]);
  }

  bool agree(const CircleResult& a, const CircleResult& b) const {
    const double tolerance = std::max(1e-12, 8 * std::numeric_limits<double>::epsilon() * magnitude_);
    if (!(std::abs(a.log_integral - b.log_integral) <= tolerance)) return false;
    for (std::size_t i = 0; i < a.mean.size(); ++i)
      if (std::abs(a.mean[i] - b.mean[i]) > tolerance * size_of_sum_[i] / mass_) return false;
    return true;
  }

 private:
  const CircleProblem& problem_;
  double reference_, mass_ = 0, magnitude_ = 0;
  std::vector<double> scratch_, sum_, size_of_sum_;
};

void integrate_ring(const CircleProblem& problem, double reference, int extra_halvings, CircleResult& out) {
  Ring ring(problem, reference);
  int count = 32;
  for (int k = 0; k < count; ++k) ring.add(node(k, count));
  ring.store(count, out);
  for (int extra = 0; count < most_nodes && extra <= extra_halvings;) {
    const CircleResult before = out;
    count *= 2;
    for (int k = 0; k < count; k += 2) ring.add(node(k, count));
    ring.store(count, out);
    if (extra > 0 || ring.agree(before, out)) ++extra;
  }
  out.infinite.assign(problem.size, false);
  out.first = -pi;
  out.step = 2 * pi / count;
  if (extra_halvings == 0) return;
  std::vector<double> scratch(problem.size);
  for (int k = -1; k < count; ++k) out.log_density.push_back(finite_or_none(problem.density(wrapped(node(k, count)), scratch.data()).value));
}

}  // namespace

double CircleResult::quantile(double target) const {
  const double u = first + step * quantile_in_steps(log_density, target);
  return wrapped(arc ? center + scale * std::sinh(u) : u);
}

CircleResult integrate_circle(const CircleProblem& problem, int extra_halvings) {
  std::vector<double> scratch(problem.size);
  const LineFunction f = [&](double v) { return problem.density(wrapped(v), scratch.data()).value; };
  const Coarse c = scan(f);
  const double best = c.f[static_cast<std::size_t>(c.best)];
  CircleResult result;
  result.empty = !(best > -infinity);
  if (result.empty) return result;
  if (on_an_arc(c) && integrate_arc(problem, node(c.best, coarse), extra_halvings, result)) return result;
  result.peak = node(c.best, coarse);
  integrate_ring(problem, best, extra_halvings, result);
  return result;
}

double circle_peak(const LineFunction& f) {
  const Coarse c = scan([&](double v) { return f(wrapped(v)); });
  const double best = node(c.best, coarse), step = 2 * pi / coarse;
  const LineFunction g = [&](double v) { return finite_or_none(f(wrapped(v))); };
  std::vector<Peak> peaks = find_peaks(g, {best - step, best, best + step});
  return wrapped(peaks.empty() ? best : polish_peak(g, peaks.front()));
}

}  // namespace jensen::family
