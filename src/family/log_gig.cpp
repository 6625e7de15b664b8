#include "family/log_gig.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace jensen::family {
namespace {

// e^d − 1 − d; its series where the three would cancel.
double exp_minus_tangent(double d) {
  if (std::abs(d) > 0.5) return std::expm1(d) - d;
  double sum = 1;
  for (int k = 15; k >= 3; --k) sum = 1 + sum * d / k;
  return 0.5 * d * d * sum;
}

// gap · (cosh d − 1), also where the gap underflows and cosh overflows.
double gap_term(double gap, double log_gap, double d) {
  const double x = std::abs(d);
  if (x > 40) return 0.5 * std::exp(log_gap + x);
  const double half = std::sinh(0.5 * x);
  return 2 * gap * half * half;
}

}  // namespace

LogGig::LogGig(double lambda, double psi, double chi) : sign_(lambda < 0 ? -1 : 1), lambda_(std::abs(lambda)) {
  if (lambda < 0) std::swap(psi, chi);
  const double omega = 2 * std::sqrt(psi) * std::sqrt(chi);
  kappa_ = std::hypot(lambda_, omega);
  log_gap_ = lambda_ == 0 ? std::log(omega) : 2 * std::log(omega) - std::log(kappa_ + lambda_);
  gap_ = std::exp(log_gap_);
  log_mode_ = std::log(lambda_ + kappa_) - std::log(2 * psi);
}

double LogGig::exponent(double d) const { return -(lambda_ == 0 ? 0 : lambda_ * exp_minus_tangent(d)) - gap_term(gap_, log_gap_, d); }

double LogGig::derivative(double d) const { return -lambda_ * std::expm1(d) - gap_ * std::sinh(d); }

// Near the mode the density is normal with variance 1/κ, for which a step of half the sd leaves e^−79; for small κ the integrand is analytic in a
// strip of half-width π/2, for which 0.18 leaves about e^−50. `extra` is the largest |r| of a factor e^(r d), which sharpens the integrand.
double LogGig::step(double extra) const { return std::min(0.18, 0.5 / std::sqrt(kappa_ + extra)); }

// The sums of the terms over the nodes, outwards from the mode until every term is negligible. g is concave, so a term that has begun to fall goes on
// falling.
template <class Terms>
auto LogGig::integrate(double h, Terms terms) const {
  auto sums = terms(0.0, 0.0);
  auto magnitudes = sums;
  for (double& m : magnitudes) m = std::abs(m);
  for (const double side : {h, -h}) {
    bool negligible = false;
    for (int i = 1; !negligible; ++i) {
      const double d = side * i;
      const auto values = terms(d, exponent(d));
      negligible = true;
      for (std::size_t j = 0; j < values.size(); ++j) {
        sums[j] += values[j];
        magnitudes[j] += std::abs(values[j]);
        negligible = negligible && !(std::abs(values[j]) > 1e-18 * magnitudes[j]);
      }
    }
  }
  return sums;
}

LogGig::Expectations LogGig::expectations() const {
  const double h = step(1);
  const auto [total, offset, up, down] = integrate(h, [](double d, double g) {
    const double weight = std::exp(g);
    return std::array{weight, weight * d, std::exp(g + d), std::exp(g - d)};
  });
  Expectations e{};
  e.log_integral = lambda_ * log_mode_ - kappa_ + std::log(h * total);
  e.log = sign_ * (log_mode_ + offset / total);
  const double mode = std::exp(log_mode_), own = mode * (up / total), other = down / total / mode;
  e.direct = sign_ > 0 ? own : other;
  e.inverse = sign_ > 0 ? other : own;
  return e;
}

// Both from e^(s d) − 1, so that a narrow distribution keeps its digits.
LogGig::PowerMoments LogGig::power_moments(double r) const {
  const double s = sign_ * r, h = step(2 * std::abs(r));
  const auto [total, first, excess] = integrate(h, [s](double d, double g) {
    const double power = std::exp(g + s * d);
    return std::array{std::exp(g), power, std::abs(s * d) < 1 ? std::exp(g) * std::expm1(s * d) : power - std::exp(g)};
  });
  const double shift = excess / total;  // E[e^(s d)] − 1
  // The first three terms only keep the sum going where the last is small because e^(s d) is close to its mean.
  const auto sums = integrate(h, [s, shift](double d, double g) {
    const double root = std::exp(0.5 * g);
    const double deviation = std::abs(s * d) < 1 ? root * (std::expm1(s * d) - shift) : std::exp(0.5 * g + s * d) - root * (1 + shift);
    return std::array{std::exp(g), std::exp(g + s * d), std::exp(g + 2 * s * d), deviation * deviation};
  });
  const double mean = first / total;
  return {std::exp(s * log_mode_) * mean, std::sqrt(sums[3] / total) / mean};
}

// Devroye (2014), Statistics and Computing 24, section 4: rejection from a constant about the mode and two exponential tails, which touch the
// log-concave density at t and −s. About 1.5 trials in the worst case.
double LogGig::draw(Stream& stream) const {
  const double up = -exponent(1), down = -exponent(-1);
  const double t = up > 2 ? std::sqrt(2 / (gap_ + lambda_)) : up < 0.5 ? std::log(4 / (gap_ + 2 * lambda_)) : 1;
  const double log_reach = std::log1p((1 + std::sqrt(1 + 2 * gap_)) / gap_);
  const double s = down > 2 ? std::sqrt(4 / (gap_ * std::cosh(1.0) + lambda_)) : down < 0.5 ? std::min(1 / lambda_, log_reach) : 1;
  const double fall_up = -exponent(t), slope_up = -derivative(t), fall_down = -exponent(-s), slope_down = derivative(-s);
  const double tail_up = 1 / slope_up, tail_down = 1 / slope_down;
  const double right = t - tail_up * fall_up, left = s - tail_down * fall_down, middle = left + right, area = tail_down + middle + tail_up;
  for (;;) {
    const double choice = stream.uniform() * area, v = stream.uniform(), height = std::log(stream.uniform());
    const double d = choice < middle             ? -left + middle * v
                     : choice < middle + tail_up ? right - tail_up * std::log(v)
                                                 : -left + tail_down * std::log(v);
    const double hull = d > right ? -fall_up - slope_up * (d - t) : d < -left ? -fall_down + slope_down * (d + s) : 0;
    if (height + hull <= exponent(d)) return sign_ * (log_mode_ + d);
  }
}

// By bisection on a logarithmic scale.
double balanced_gig_with_variation(double target, double r) {
  double low = std::log(1e-60), high = std::log(1e24);
  for (int step = 0; step < 80; ++step) {
    const double middle = 0.5 * (low + high), half = 0.5 * std::exp(middle);
    (LogGig(-0.5 * r, half, half).power_moments(r).variation > target ? low : high) = middle;
  }
  return std::exp(0.5 * (low + high));
}

}  // namespace jensen::family
