#include "family/line_integral.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace jensen::family {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double first_step = 0.5, tolerance = 1e-12, significant = 1e-10;
constexpr std::size_t most_nodes = 1 << 15;

// Where w = center + scale sinh(u) is centred, and the part that has to be covered before a tail may end.
struct Window {
  double center = 0, scale = 1, first = 0, last = 0;
};

// How far the log density falls by `drop`, within a fifth, from a start that is too near.
double fall(const LineProblem& problem, const LineFunction& f, const Peak& peak, double side, double start, double drop) {
  const double room = side > 0 ? problem.high - peak.w : peak.w - problem.low;
  double inside = 0, outside = start;
  while (outside < room && peak.value - f(peak.w + side * outside) < drop) {
    inside = outside;
    outside *= 2;
  }
  outside = std::min(outside, room);
  for (int i = 0; i < 2; ++i) {
    const double middle = 0.5 * (inside + outside);
    (peak.value - f(peak.w + side * middle) < drop ? inside : outside) = middle;
  }
  return outside;
}

// Resolution goes to the sharper side: the scale is that of a normal density with such a side, and a side much sharper than the other has the centre.
Window choose_window(const LineProblem& problem, const LineFunction& f, const std::vector<Peak>& peaks) {
  const auto [first, last] = std::minmax_element(peaks.begin(), peaks.end(), [](const Peak& a, const Peak& b) { return a.w < b.w; });
  const double near_left = fall(problem, f, *first, -1, first->scale, 2), near_right = fall(problem, f, *last, 1, last->scale, 2);
  const double far_left = fall(problem, f, *first, -1, 2 * near_left, 40), far_right = fall(problem, f, *last, 1, 2 * near_right, 40);
  const double left = (far_left - near_left) / 7, right = (far_right - near_right) / 7;
  Window window{peaks.front().w, std::min({left, right, near_left / 2, near_right / 2}), first->w, last->w};
  if (peaks.size() > 1) {
    window.center = 0.5 * (first->w + last->w);
    window.scale = std::max(window.scale, 0.5 * (last->w - first->w));
  } else if (right < left / 3) {
    window.center = last->w + near_right;
    window.scale = std::min(2 * right, near_right / 2);
  } else if (left < right / 3) {
    window.center = first->w - near_left;
    window.scale = std::min(2 * left, near_left / 2);
  }
  window.scale = std::max({window.scale, 1e-15 * std::abs(window.center), 1e-300});
  return window;
}

class Rule {
 public:
  Rule(const LineProblem& problem, const Window& window)
      : problem_(problem), window_(window), statistics_(problem.size), sum_(problem.size), size_of_sum_(problem.size), part_(problem.size) {
    result_.infinite.assign(problem.size, false);
  }

  LineResult run(double reference) {
    reference_ = reference + std::log(window_.scale);
    add(0);
    for (const int side : {-1, 1}) {
      if (!walk(side)) {
        result_.diverges = side < 0 ? LineResult::End::low : LineResult::End::high;
        return std::move(result_);
      }
    }
    halve_until_converged();
    std::sort(result_.nodes.begin(), result_.nodes.end(), [](const LineNode& a, const LineNode& b) { return a.u < b.u; });
    result_.step = step_;
    result_.center = window_.center;
    result_.scale = window_.scale;
    return std::move(result_);
  }

 private:
  enum class Share { negligible, of_a_statistic, of_the_mass };

  // Adds a node; how much it mattered.
  Share add(double u) {
    const double w = window_.center + window_.scale * std::sinh(u);
    if (w < problem_.low || w > problem_.high) return Share::negligible;
    const LogDensity at = problem_.density(w, statistics_.data());
    const double log_density = value_of(at) + std::log(window_.scale * std::cosh(u));
    if (at.value > best_) {
      best_ = at.value;
      magnitude_ = at.magnitude;
    }
    zero_ = !(log_density > -infinity && log_density < infinity);
    if (zero_) return Share::negligible;
    if (log_density > reference_ + 300) rescale(log_density);
    const double weight = std::exp(log_density - reference_);
    result_.nodes.push_back({u, w, log_density});
    if (weight == 0) {
      std::fill(part_.begin(), part_.end(), 0);
      mass_part_ = 0;
      return Share::negligible;
    }
    mass_ += weight;
    mass_part_ = weight / mass_;
    Share share = weight > 1e-18 * mass_ ? Share::of_the_mass : Share::negligible;
    for (std::size_t i = 0; i < statistics_.size(); ++i) {
      if (result_.infinite[i]) continue;
      const double part = weight * statistics_[i];
      if (!std::isfinite(part)) {
        result_.infinite[i] = weight > 1e-30 * mass_ || part_[i] > significant;
        continue;
      }
      sum_[i] += part;
      size_of_sum_[i] += std::abs(part);
      part_[i] = size_of_sum_[i] > 0 ? std::abs(part) / size_of_sum_[i] : 0;
      if (share == Share::negligible && std::abs(part) > 1e-17 * size_of_sum_[i]) share = Share::of_a_statistic;
    }
    return share;
  }

  void rescale(double log_density) {
    const double factor = std::exp(reference_ - log_density);
    reference_ = log_density;
    mass_ *= factor;
    for (double& s : sum_) s *= factor;
    for (double& s : size_of_sum_) s *= factor;
  }

  // Outwards from the centre until two nodes in a row add nothing. False where the end of what can be evaluated comes first with mass left.
  bool walk(int side) {
    int idle = 0;
    mass_part_ = 1;
    std::fill(part_.begin(), part_.end(), 1);
    for (int k = 1; idle < 2; ++k) {
      const double u = side * k * step_, w = window_.center + window_.scale * std::sinh(u);
      if (w < problem_.low || w > problem_.high) return cut_off();
      const Share share = add(u);
      if (zero_ && std::abs(w) > problem_.overflow && !cut_off()) return false;
      idle = share == Share::negligible && (side < 0 ? w < window_.first : w > window_.last) ? idle + 1 : 0;
      (side < 0 ? low_ : high_) = k;
    }
    return true;
  }

  // The density became 0 from one node to the next, where numbers overflow: what had not decayed by then cannot be known. False if that is mass.
  bool cut_off() {
    if (mass_part_ > significant) return false;
    for (std::size_t i = 0; i < part_.size(); ++i)
      if (part_[i] > significant) result_.infinite[i] = true;
    return true;
  }

  void halve() {
    const int first = -2 * low_, last = 2 * high_;
    step_ /= 2;
    for (int k = first + 1; k < last; k += 2) add(k * step_);
    low_ *= 2;
    high_ *= 2;
  }

  void store() {
    result_.log_integral = reference_ + std::log(step_ * mass_);
    result_.mean.resize(sum_.size());
    for (std::size_t i = 0; i < sum_.size(); ++i) result_.mean[i] = result_.infinite[i] ? std::numeric_limits<double>::quiet_NaN() : sum_[i] / mass_;
  }

  double change(const LineResult& before) const {
    double largest = std::abs(result_.log_integral - before.log_integral);
    for (std::size_t i = 0; i < sum_.size(); ++i) {
      const double size = size_of_sum_[i] / mass_;
      if (!result_.infinite[i] && size > 0) largest = std::max(largest, std::abs(result_.mean[i] - before.mean[i]) / size);
    }
    return largest;
  }

  // Each halving squares the error, so that a change that has become the square of the last one bounds an error that is smaller still.
  void halve_until_converged() {
    store();
    double last = infinity;
    while (result_.nodes.size() < most_nodes) {
      LineResult before;
      before.log_integral = result_.log_integral;
      before.mean = result_.mean;
      halve();
      store();
      const double now = change(before), noise = 8 * std::numeric_limits<double>::epsilon() * magnitude_;
      if (now <= std::max(tolerance, noise) || (now < 1e-8 && now < std::pow(last, 1.5))) break;
      last = now;
    }
    for (int i = 0; i < problem_.extra_halvings; ++i) halve();
    store();
  }

  const LineProblem& problem_;
  Window window_;
  LineResult result_;
  std::vector<double> statistics_, sum_, size_of_sum_;
  std::vector<double> part_;  // of the latest node, relative to all so far
  double mass_part_ = 1;
  bool zero_ = false;
  double reference_ = 0, mass_ = 0, step_ = first_step, best_ = -infinity, magnitude_ = 0;
  int low_ = 0, high_ = 0;
};

}  // namespace

double value_of(const LogDensity& density) { return std::isnan(density.value) ? -infinity : density.value; }

double sure_value_of(const LogDensity& density) {
  const double noise = 4 * std::numeric_limits<double>::epsilon() * density.magnitude;
  return std::isfinite(noise) ? value_of(density) - noise : value_of(density);
}

// The last w at which it is known is found by bisection.
bool rises_beyond_range(const LineProblem& problem, LineResult::End end) {
  std::vector<double> scratch(problem.size);
  const auto at = [&](double w) { return problem.density(w, scratch.data()); };
  const auto unknown = [&](double w) { return std::isnan(at(w).value); };
  const bool high = end == LineResult::End::high;
  const auto scanned = [&](std::size_t i) { return problem.scan[high ? problem.scan.size() - 1 - i : i]; };
  if (!unknown(scanned(0))) return false;
  std::size_t first = 1;
  while (first < problem.scan.size() && unknown(scanned(first))) ++first;
  if (first == problem.scan.size()) return false;
  double known = scanned(first), beyond = scanned(first - 1);
  for (int i = 0; i < 60; ++i) {
    const double middle = 0.5 * (known + beyond);
    (unknown(middle) ? beyond : known) = middle;
  }
  const double before = known - (high ? 1 : -1) * std::max(1e-3 * std::abs(known), 1e-6);
  const double last = sure_value_of(at(known));
  return last == infinity || last > value_of(at(before));
}

LineResult integrate(const LineProblem& problem) {
  std::vector<double> scratch(problem.size);
  const LineFunction f = [&](double w) { return value_of(problem.density(w, scratch.data())); };
  const std::vector<Peak> peaks = find_peaks([&](double w) { return sure_value_of(problem.density(w, scratch.data())); }, problem.scan);
  LineResult failed;
  failed.empty = peaks.empty();
  if (!peaks.empty()) failed.diverges = peaks.front().rising;
  for (const LineResult::End end : {LineResult::End::low, LineResult::End::high}) {
    if (failed.diverges == LineResult::End::neither && rises_beyond_range(problem, end)) failed.diverges = end;
  }
  if (failed.empty || failed.diverges != LineResult::End::neither) return failed;
  LineResult result = Rule(problem, choose_window(problem, f, peaks)).run(peaks.front().value);
  result.peak = peaks.front().w;
  return result;
}

}  // namespace jensen::family
