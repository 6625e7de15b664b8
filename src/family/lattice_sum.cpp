#include "family/lattice_sum.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace jensen::family {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr std::size_t most_terms = 1 << 22;
constexpr double farthest = 4503599627370496;  // 2^52: beyond it, doubles are no longer consecutive integers

// Small steps near a bound or 0, doubling away from it.
std::vector<double> coarse_integers(double low, double high) {
  std::vector<double> all;
  const double origin = std::isfinite(low) ? low : std::isfinite(high) ? high : 0;
  const auto add = [&](double n) {
    if (n >= low && n <= high && std::abs(n) <= farthest) all.push_back(n);
  };
  for (double step = 0; step <= farthest; step = step < 8 ? step + 1 : step * 1.5 - std::fmod(step * 1.5, 1)) {
    add(origin + step);
    add(origin - step);
  }
  if (std::isfinite(high)) {
    add(high);
    for (double step = 1; step < high - origin; step *= 2) add(high - step);
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

class Lattice {
 public:
  explicit Lattice(const LatticeProblem& problem) : problem_(problem), statistics_(problem.size) {}

  double at(double n) {
    const double value = problem_.density(n, statistics_.data());
    return std::isnan(value) ? -infinity : value;
  }
  const std::vector<double>& statistics() const { return statistics_; }

  // The best integer strictly between two: all where they are few, else by thirds.
  double best_between(double low, double high, double& value) {
    while (high - low > 64) {
      const double a = std::floor(low + (high - low) / 3), b = std::floor(low + 2 * (high - low) / 3);
      (at(a) < at(b) ? low : high) = at(a) < at(b) ? a : b;
    }
    double best = low;
    value = at(low);
    for (double n = low + 1; n <= high; ++n) {
      if (const double here = at(n); here > value) {
        value = here;
        best = n;
      }
    }
    return best;
  }

 private:
  const LatticeProblem& problem_;
  std::vector<double> statistics_;
};

class Total {
 public:
  Total(const LatticeProblem& problem, Lattice& lattice, double peak, double reference)
      : problem_(problem), lattice_(lattice), peak_(peak), reference_(reference), sum_(problem.size), size_of_sum_(problem.size) {
    result_.infinite.assign(problem.size, false);
    result_.peak = peak;
  }

  LatticeResult run(double stride) {
    add(peak_);
    for (const int side : {-1, 1}) {
      int idle = 0;
      for (double n = peak_ + side * stride; n >= problem_.low && n <= problem_.high && idle < 3; n += side * stride) {
        if (result_.terms.size() > most_terms || std::abs(n) > farthest) {
          result_.failure = LatticeResult::Failure::too_slow;
          return std::move(result_);
        }
        idle = add(n) ? 0 : idle + 1;
      }
    }
    std::sort(result_.terms.begin(), result_.terms.end(), [](const LatticeTerm& a, const LatticeTerm& b) { return a.n < b.n; });
    result_.log_sum = reference_ + std::log(stride * mass_);
    for (std::size_t i = 0; i < sum_.size(); ++i) {
      result_.mean.push_back(result_.infinite[i] ? std::numeric_limits<double>::quiet_NaN() : sum_[i] / mass_);
      size_of_sum_[i] /= mass_;
    }
    return std::move(result_);
  }

  const std::vector<double>& sizes() const { return size_of_sum_; }

 private:
  // Whether the term mattered.
  bool add(double n) {
    const double log_density = lattice_.at(n), weight = std::exp(log_density - reference_);
    if (weight == 0) return false;
    result_.terms.push_back({n, log_density});
    mass_ += weight;
    bool matters = weight > 1e-18 * mass_;
    for (std::size_t i = 0; i < sum_.size(); ++i) {
      const double part = weight * lattice_.statistics()[i];
      if (!std::isfinite(part)) {
        if (weight > 1e-30 * mass_) result_.infinite[i] = true;
        continue;
      }
      sum_[i] += part;
      size_of_sum_[i] += std::abs(part);
      matters = matters || std::abs(part) > 1e-17 * size_of_sum_[i];
    }
    return matters;
  }

  const LatticeProblem& problem_;
  Lattice& lattice_;
  double peak_, reference_, mass_ = 0;
  std::vector<double> sum_, size_of_sum_;
  LatticeResult result_;
};

bool agree(const LatticeResult& a, const LatticeResult& b, const std::vector<double>& sizes) {
  if (b.failure != LatticeResult::Failure::none || std::abs(a.log_sum - b.log_sum) > 1e-12) return false;
  for (std::size_t i = 0; i < sizes.size(); ++i)
    if (!a.infinite[i] && std::abs(a.mean[i] - b.mean[i]) > 1e-12 * sizes[i]) return false;
  return true;
}

// A power of two of about an eighth of the width of the peak; 1 where the summand ends in a bound.
double first_stride(const LatticeProblem& problem, Lattice& lattice, double peak, double value) {
  double nearest = infinity;
  for (const int side : {-1, 1}) {
    double distance = 1;
    while (distance < farthest && value - lattice.at(std::clamp(peak + side * distance, problem.low, problem.high)) < 0.5) distance *= 2;
    const double end = side < 0 ? problem.low : problem.high;
    if (std::isfinite(end) && (distance > std::abs(end - peak) || value - lattice.at(end) < 60)) return 1;
    nearest = std::min(nearest, distance);
  }
  return std::max(1.0, nearest / 8);
}

}  // namespace

LatticeResult find_best(const LatticeProblem& problem, double& value) {
  Lattice lattice(problem);
  LatticeResult result;
  const std::vector<double> scan = coarse_integers(problem.low, problem.high);
  std::vector<double> f;
  for (const double n : scan) f.push_back(lattice.at(n));
  value = -infinity;
  for (std::size_t i = 0; i < scan.size(); ++i) {
    const bool rises_left = i > 0 && f[i] < f[i - 1], rises_right = i + 1 < f.size() && f[i] < f[i + 1];
    if (rises_left || rises_right || f[i] == -infinity) continue;
    double here = 0;
    const double n = lattice.best_between(i == 0 ? scan[0] : scan[i - 1], i + 1 < scan.size() ? scan[i + 1] : scan[i], here);
    if (here > value) {
      value = here;
      result.peak = n;
    }
  }
  if (value == -infinity) result.failure = LatticeResult::Failure::empty;
  if (result.peak == scan.back() && std::isinf(problem.high)) result.failure = LatticeResult::Failure::rises_high;
  if (result.peak == scan.front() && std::isinf(problem.low)) result.failure = LatticeResult::Failure::rises_low;
  return result;
}

LatticeResult sum(const LatticeProblem& problem) {
  double value = 0;
  LatticeResult best = find_best(problem, value);
  if (best.failure != LatticeResult::Failure::none) return best;
  Lattice lattice(problem);
  double stride = problem.every_term ? 1 : first_stride(problem, lattice, best.peak, value);
  LatticeResult result = Total(problem, lattice, best.peak, value).run(stride);
  while (stride > 1) {
    stride /= 2;
    Total total(problem, lattice, best.peak, value);
    LatticeResult finer = total.run(stride);
    const bool done = agree(finer, result, total.sizes());
    result = std::move(finer);
    if (done) break;
  }
  return result;
}

}  // namespace jensen::family
