#include "family/exp_quadratic.hpp"

#include <algorithm>
#include <boost/math/quadrature/gauss.hpp>
#include <cmath>
#include <limits>

namespace jensen::family {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double deepest_fall = 45, panel_fall = 15;

using Rule = boost::math::quadrature::gauss<double, 20>;  // its nodes are those of one half of (−1, 1)

// The distance at which slope y + curvature y² reaches the deepest fall, if it does; products of slopes may overflow, so none is formed.
double reach(double slope, double curvature) {
  const double bend = std::sqrt(4 * deepest_fall * std::abs(curvature));
  if (curvature >= 0) return 2 * deepest_fall / (slope + std::hypot(slope, bend));
  if (slope < bend) return infinity;
  return 2 * deepest_fall / (slope + std::sqrt(slope - bend) * std::sqrt(slope + bend));
}

}  // namespace

void ExpQuadratic::add_panel(const Branch& branch, double from, double to) {
  const double middle = 0.5 * (from + to), half = 0.5 * (to - from);
  Panel panel{branch, from, to, 0};
  std::size_t node = panel_count_ * panel_nodes;
  for (std::size_t i = 0; i < Rule::abscissa().size(); ++i) {
    for (const double side : {-1.0, 1.0}) {
      const double y = middle + side * half * Rule::abscissa()[i];
      offset_[node] = branch.offset + branch.direction * y;
      weight_[node] = half * Rule::weights()[i] * std::exp(branch.height - branch.fall(y));
      panel.mass += weight_[node++];
    }
  }
  panels_[panel_count_++] = panel;
}

void ExpQuadratic::add_branch(Branch branch, double limit) {
  branch.length = std::min(limit, reach(branch.slope, branch.curvature));
  if (!(branch.length > 0) || branch.height < -60) return;
  const double fall = branch.fall(branch.length);
  const int count = std::clamp(1 + static_cast<int>(fall / panel_fall), 1, static_cast<int>(panels_per_branch));
  for (int i = 0; i < count; ++i) add_panel(branch, branch.length * i / count, branch.length * (i + 1) / count);
}

// The maxima: for b < 0 the vertex or the end nearest to it; otherwise the ends, each up to the vertex, which is the minimum.
void ExpQuadratic::add_branches(double a, double b, double low, double high) {
  const double vertex = b == 0 ? (a > 0 ? -infinity : infinity) : -0.5 * a / b;
  const double rise_low = a + 2 * b * low, rise_high = a + 2 * b * high, width = high - low;
  if (b < 0 && vertex > low && vertex < high) {
    reference_ = vertex;
    add_branch({0, 1, 0, -b, 0, 0}, high - vertex);
    add_branch({0, -1, 0, -b, 0, 0}, vertex - low);
  } else if (b < 0) {
    reference_ = vertex <= low ? low : high;
    if (vertex <= low) add_branch({0, 1, -rise_low, -b, 0, 0}, width);
    if (vertex > low) add_branch({0, -1, rise_high, -b, 0, 0}, width);
  } else {
    const double advantage = std::isfinite(width) ? width * (a + b * (low + high)) : a > 0 ? infinity : -infinity;  // of the upper end
    reference_ = advantage > 0 ? high : low;
    const double from_low = b == 0 ? (a > 0 ? 0 : width) : std::clamp(vertex - low, 0.0, width);
    if (from_low > 0) add_branch({low - reference_, 1, -rise_low, -b, std::min(0.0, -advantage), 0}, from_low);
    if (from_low < width) add_branch({high - reference_, -1, rise_high, -b, std::min(0.0, advantage), 0}, width - from_low);
  }
}

ExpQuadratic::ExpQuadratic(double a, double b, double low, double high) {
  add_branches(a, b, low, high);
  double total = 0;
  for (std::size_t p = 0; p < panel_count_; ++p) total += panels_[p].mass;
  log_integral_ = reference_ * (a + b * reference_) + std::log(total);
  const std::size_t nodes = panel_count_ * panel_nodes;
  for (std::size_t i = 0; i < nodes; ++i) mean_offset_ += (weight_[i] /= total) * offset_[i];
  for (std::size_t i = 0; i < nodes; ++i) variance_ += weight_[i] * (offset_[i] - mean_offset_) * (offset_[i] - mean_offset_);
  for (std::size_t p = 0; p < panel_count_; ++p) panels_[p].mass /= total;
}

std::array<double, 4> ExpQuadratic::raw_moments() const {
  std::array<double, 4> moments{};
  for (std::size_t i = 0; i < panel_count_ * panel_nodes; ++i) {
    const double v = reference_ + offset_[i];
    double power = weight_[i];
    for (double& moment : moments) moment += power *= v;
  }
  return moments;
}

// Inverts the distribution function: the panel by its mass, then the place in it by Newton's method inside a shrinking bracket.
double ExpQuadratic::draw(Stream& stream) const {
  double left = stream.uniform();
  std::size_t p = 0;
  while (p + 1 < panel_count_ && left >= panels_[p].mass) left -= panels_[p++].mass;
  const Panel& panel = panels_[p];
  const auto density = [&](double y) { return std::exp(panel.branch.fall(panel.from) - panel.branch.fall(y)); };
  const auto integral = [&](double to) { return Rule::integrate(density, panel.from, to); };
  const double target = std::min(1.0, left / panel.mass) * integral(panel.to);
  double low = panel.from, high = panel.to, y = low + (high - low) * left / panel.mass;
  for (int step = 0; step < 60; ++step) {
    const double excess = integral(y) - target, next = y - excess / density(y);
    (excess > 0 ? high : low) = y;
    const double previous = y;
    y = next > low && next < high ? next : 0.5 * (low + high);
    if (std::abs(y - previous) <= 1e-14 * panel.to) break;
  }
  return reference_ + panel.branch.offset + panel.branch.direction * y;
}

}  // namespace jensen::family
