#include "family/scalar_axis.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace jensen::family {
namespace {

constexpr double far_edge = 700;  // e^±700 are normal doubles
constexpr double moderate = 1e6;  // what is larger where it overflows has not overflowed in a part of it alone

// The w at which the distance e^-|w| · width from a bound is known to two digits; a bound of 0 rounds nothing.
double edge_of(double bound, double width) {
  if (bound == 0) return far_edge;
  return std::clamp(std::log(width / (std::abs(bound) * std::numeric_limits<double>::epsilon())) - 4, 2.0, far_edge);
}

double log_logistic(double w) { return w < 0 ? w - std::log1p(std::exp(w)) : -std::log1p(std::exp(-w)); }

}  // namespace

ScalarAxis::ScalarAxis(const Support& support) : bound_low_(support.low), bound_high_(support.high), limit_(1e9) {
  if (support.kind == SupportKind::positive) bound_low_ = std::max(bound_low_, 0.0);
  if (support.kind == SupportKind::unit) {
    bound_low_ = 0;
    bound_high_ = 1;
  }
  const bool low = std::isfinite(bound_low_), high = std::isfinite(bound_high_);
  map_ = low && high ? Map::between : low ? Map::above : high ? Map::below : Map::plain;
  width_ = map_ == Map::between ? bound_high_ - bound_low_ : 1;
  edge_low_ = -(low ? edge_of(bound_low_, width_) : far_edge);
  edge_high_ = high ? edge_of(bound_high_, width_) : far_edge;
  if (map_ == Map::plain) {
    limit_ = edge_high_ = 1e150;
    edge_low_ = -limit_;
  }
}

double ScalarAxis::value(double w) const {
  switch (map_) {
    case Map::plain:
      return w;
    case Map::above:
      return bound_low_ + std::exp(w);
    case Map::below:
      return bound_high_ - std::exp(-w);
    case Map::between:
      return w < 0 ? bound_low_ + width_ * std::exp(log_logistic(w)) : bound_high_ - width_ * std::exp(log_logistic(-w));
  }
  return w;  // only for a value outside the enumeration
}

double ScalarAxis::coordinate(double v) const {
  switch (map_) {
    case Map::plain:
      return v;
    case Map::above:
      return std::log(v - bound_low_);
    case Map::below:
      return -std::log(bound_high_ - v);
    case Map::between:
      return std::log((v - bound_low_) / (bound_high_ - v));
  }
  return v;  // only for a value outside the enumeration
}

double ScalarAxis::log_jacobian(double w) const {
  switch (map_) {
    case Map::plain:
      return 0;
    case Map::above:
      return w;
    case Map::below:
      return -w;
    case Map::between:
      return std::log(width_) + log_logistic(w) + log_logistic(-w);
  }
  return 0;  // only for a value outside the enumeration
}

bool ScalarAxis::rounds(double w) const {
  if (map_ == Map::plain) return false;
  return w < 0 ? edge_low_ > -far_edge && w < edge_low_ + 24 : edge_high_ < far_edge && w > edge_high_ - 24;
}

// Every factor of ten on either side of 0, or every factor of 20 from the bounds, and thinly beyond.
std::vector<double> ScalarAxis::scan() const {
  std::vector<double> half;
  if (map_ == Map::plain) {
    half = {1e-12, 1e-10, 1e12, 1e16, 1e30, 1e75, limit_};
    for (int k = -8; k <= 8; ++k) half.push_back(std::pow(10, k));
  } else {
    half = {45, 60, 90, 150, 300, 600, far_edge, 1e4, limit_};
    for (int k = 1; k <= 12; ++k) half.push_back(3 * k);
  }
  std::vector<double> all{0};
  for (const double w : half) {
    all.push_back(w);
    all.push_back(-w);
  }
  std::sort(all.begin(), all.end());
  return all;
}

void AxisStatistics::operator()(double w, double* out) {
  if (w >= axis_.edge_low() && w <= axis_.edge_high()) {
    const double v = axis_.value(w);
    direct(v, out);
    if (axis_.rounds(w)) correct_rounding(w, v, out);
    if (axis_.bounded()) continue_overflow(w, out);
    return;
  }
  const Parabola& p = beyond(w > 0);
  const double x = (w - p.at) / p.step;
  for (std::size_t i = 0; i < size_; ++i) out[i] = p.value[i] + x * (p.first[i] + x * p.second[i]);
}

void AxisStatistics::direct(double v, double* out) const {
  for (const ScalarStatistic& statistic : statistics_) {
    statistic.value(v, out);
    out += statistic.size;
  }
}

// To first order: v stands for a coordinate a little beside w.
void AxisStatistics::correct_rounding(double w, double v, double* out) {
  const Parabola& p = beyond(w > 0);
  const double shift = (w - axis_.coordinate(v)) / p.step;
  if (!std::isfinite(shift)) return;
  for (std::size_t i = 0; i < size_; ++i)
    if (p.first[i] != 0 && std::isfinite(p.first[i])) out[i] += shift * p.first[i];
}

void AxisStatistics::continue_overflow(double w, double* out) {
  for (std::size_t i = 0; i < size_; ++i) {
    if (std::isfinite(out[i])) continue;
    const Parabola& p = before_overflow(i, w);
    const double x = (w - p.at) / p.step;
    if (std::abs(p.value[0]) < moderate) out[i] = p.value[0] + x * (p.first[0] + x * p.second[0]);
  }
}

// Through a place between 0 and w near the last where the statistic is finite, and two places before it.
const AxisStatistics::Parabola& AxisStatistics::before_overflow(std::size_t statistic, double w) {
  Parabola& p = overflow_[{statistic, w > 0}];
  if (!p.value.empty()) return p;
  std::vector<double> scratch(size_);
  const auto value = [&](double at) {
    direct(axis_.value(at), scratch.data());
    return scratch[statistic];
  };
  double finite = 0.5 * w, overflow = w;
  while (!std::isfinite(value(finite)) && std::abs(finite) > 1) finite *= 0.5;
  while (std::abs(overflow - finite) > 0.02 * std::abs(w) && std::abs(value(finite)) < moderate) {
    const double middle = 0.5 * (finite + overflow);
    (std::isfinite(value(middle)) ? finite : overflow) = middle;
  }
  p.at = finite;
  p.step = -0.1 * finite;
  const double t0 = value(finite), d1 = value(finite + p.step) - t0, d2 = 0.5 * (value(finite + 2 * p.step) - t0);
  const double second = d2 - d1, negligible = 1e-8 * std::max(1.0, std::abs(t0));
  p.value = {t0};
  p.second = {std::abs(second) < negligible ? 0 : second};
  p.first = {d1 - p.second[0]};
  return p;
}

// Differences that are rounding, or the last trace of what settles, count as none.
const AxisStatistics::Parabola& AxisStatistics::beyond(bool high) {
  Parabola& p = high ? high_ : low_;
  if (!p.value.empty()) return p;
  const double edge = high ? axis_.edge_high() : axis_.edge_low();
  p.step = (high ? 1 : -1) * (std::abs(edge) > 100 ? 50 : 2);
  std::vector<double> t[3];
  double w[3];
  for (int k = 0; k < 3; ++k) {
    const double v = axis_.value(edge - k * p.step);
    w[k] = axis_.rounds(edge - k * p.step) ? axis_.coordinate(v) : edge - k * p.step;
    t[k].resize(size_);
    direct(v, t[k].data());
  }
  p.at = w[0];
  p.value = t[0];
  p.first.resize(size_);
  p.second.resize(size_);
  const double x1 = (w[1] - w[0]) / p.step, x2 = (w[2] - w[0]) / p.step;
  for (std::size_t i = 0; i < size_; ++i) {
    const double d1 = (t[1][i] - t[0][i]) / x1, d2 = (t[2][i] - t[0][i]) / x2, negligible = 1e-8 * std::max(1.0, std::abs(t[0][i]));
    double second = (d2 - d1) / (x2 - x1);
    if (std::abs(second) < negligible) second = 0;
    double first = second == 0 ? d1 : d1 - second * x1;
    if (std::abs(first) < negligible) first = 0;
    p.first[i] = first;
    p.second[i] = second;
  }
  return p;
}

}  // namespace jensen::family
