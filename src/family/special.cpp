#include "family/special.hpp"

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <bit>
#include <boost/math/special_functions/bessel.hpp>
#include <boost/math/special_functions/digamma.hpp>
#include <boost/math/special_functions/erf.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <boost/math/special_functions/trigamma.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>

#include "family/policy.hpp"

namespace jensen::family {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double half_log_two_pi = 0.91893853320467274178;

// From here on the asymptotic series below reach double precision.
constexpr double asymptotic_from = 10;

// Stirling's series (Abramowitz and Stegun 6.1.40, 6.3.18): log Γ(x) = (x − ½) log x − x + ½ log 2π + s(1/x²)/x and
// ψ(x) = log x − 1/(2x) − r(1/x²)/x², with coefficients B_2k/(2k(2k − 1)) and B_2k/(2k), k = 1, 2, ...
constexpr std::array<double, 8> stirling = {1.0 / 12, -1.0 / 360, 1.0 / 1260, -1.0 / 1680, 1.0 / 1188, -691.0 / 360360, 1.0 / 156, -3617.0 / 122400};
constexpr std::array<double, 8> digamma_series = {1.0 / 12, -1.0 / 120, 1.0 / 252, -1.0 / 240, 1.0 / 132, -691.0 / 32760, 1.0 / 12, -3617.0 / 8160};

double polynomial(const std::array<double, 8>& coefficients, double x) {
  double value = coefficients.back();
  for (std::size_t k = coefficients.size() - 1; k-- > 0;) value = value * x + coefficients[k];
  return value;
}

double stirling_correction(double x) { return polynomial(stirling, 1 / (x * x)) / x; }

// (f(u) − f(w))/(u − w) for f(u) = u · r(u) without subtracting: Horner's rule for the divided difference.
double digamma_series_slope(double u, double w) {
  double value = digamma_series.back(), slope = 0;
  for (std::size_t k = digamma_series.size() - 1; k-- > 0;) {
    slope = slope * w + value;
    value = value * u + digamma_series[k];
  }
  return slope * w + value;
}

// Eight arguments at a time: all are shifted to at least 10 in a fixed number of steps, so that the loops have no branches to mispredict and
// vectorise.
constexpr std::size_t lanes = 8;
using Lanes = std::array<double, lanes>;

// Σ 1/(x + i) over the steps taken is numerator/denominator; the denominator is also Γ(y)/Γ(x).
void shift_up(Lanes& y, Lanes& numerator, Lanes& denominator) {
  for (int step = 0; step < static_cast<int>(asymptotic_from); ++step) {
    for (std::size_t l = 0; l < lanes; ++l) {
      const double next_numerator = numerator[l] * y[l] + denominator[l];
      const double next_denominator = denominator[l] * y[l];
      const bool small = y[l] < asymptotic_from;
      numerator[l] = small ? next_numerator : numerator[l];
      denominator[l] = small ? next_denominator : denominator[l];
      y[l] = small ? y[l] + 1 : y[l];
    }
  }
}

// In fours: with packets of eight, GCC 12 warns about Eigen's AVX-512 intrinsics (its bug 105593).
void log_lanes(const Lanes& x, Lanes& result) {
  using Packet = Eigen::Array<double, 4, 1>;
  for (std::size_t l = 0; l < lanes; l += 4) Eigen::Map<Packet>(result.data() + l) = Eigen::Map<const Packet>(x.data() + l).log();
}

void digamma_and_lgamma(Lanes& x, Lanes& log_gamma) {
  Lanes numerator{}, denominator, log_y, log_denominator;
  denominator.fill(1);
  shift_up(x, numerator, denominator);
  log_lanes(x, log_y);
  log_lanes(denominator, log_denominator);
  for (std::size_t l = 0; l < lanes; ++l) {
    const double inverse = 1 / x[l], square = inverse * inverse;
    log_gamma[l] = (x[l] - 0.5) * log_y[l] - x[l] + half_log_two_pi + polynomial(stirling, square) * inverse - log_denominator[l];
    x[l] = log_y[l] - 0.5 * inverse - polynomial(digamma_series, square) * square - numerator[l] / denominator[l];
  }
}

// From 6 on ten terms of the series of ψ leave less than 3e-15.
constexpr double digamma_from = 6;
constexpr std::array<double, 10> long_digamma_series = {1.0 / 12,       -1.0 / 120, 1.0 / 252,      -1.0 / 240,      1.0 / 132,
                                                        -691.0 / 32760, 1.0 / 12,   -3617.0 / 8160, 43867.0 / 14364, -174611.0 / 6600};

// log of x >= 1 as in fdlibm's e_log.c: x = 2^k (1 + f) with 1 + f between √½ and √2, s = f / (2 + f), log(1 + f) = f − f²/2 + s (f²/2 + R(s²)). No
// branches, so that the loop vectorises.
void log_from_one(Lanes& x) {
  constexpr std::int64_t root_half = 0x3FE6A09E667F3BCD;
  constexpr double to_real = 6755399441055744.0;  // 1.5 · 2^52: its low bits hold an integer
  for (double& v : x) {
    const auto bits = std::bit_cast<std::int64_t>(v);
    const std::int64_t exponent = (bits - root_half) >> 52;
    const double k = std::bit_cast<double>(std::bit_cast<std::int64_t>(to_real) + exponent) - to_real;
    const double f = std::bit_cast<double>(bits - (exponent << 52)) - 1, half_square = 0.5 * f * f;
    const double s = f / (2 + f), z = s * s;
    double r = 1.479819860511658591e-01;
    r = r * z + 1.531383769920937332e-01;
    r = r * z + 1.818357216161805012e-01;
    r = r * z + 2.222219843214978396e-01;
    r = r * z + 2.857142874366239149e-01;
    r = r * z + 3.999999999940941908e-01;
    r = (r * z + 6.666666666666735130e-01) * z;
    v = k * 6.93147180369123816490e-01 - ((half_square - (s * (half_square + r) + k * 1.90821492927058770002e-10)) - f);
  }
}

// Below 6 by ψ(x) = ψ(x + 6) − Σ_{i<6} 1/(x + i); with u = x (x + 5) the sum is (2x + 5)(3u² + 20u + 24) / (u (u + 4)(u + 6)).
void digamma_lanes(Lanes& x) {
  Lanes y, log_y, correction;
  for (std::size_t l = 0; l < lanes; ++l) {
    const bool small = x[l] < digamma_from;
    const double z = small ? x[l] : 1.0, u = z * (z + 5);
    y[l] = small ? x[l] + digamma_from : x[l];
    const double sum = (2 * z + 5) * ((3 * u + 20) * u + 24) / (u * (u + 4) * (u + 6));
    correction[l] = small ? sum : 0.0;
  }
  log_y = y;
  log_from_one(log_y);
  for (std::size_t l = 0; l < lanes; ++l) {
    const double inverse = 1 / y[l], square = inverse * inverse;
    double series = long_digamma_series.back();
    for (std::size_t k = long_digamma_series.size() - 1; k-- > 0;) series = series * square + long_digamma_series[k];
    x[l] = log_y[l] - 0.5 * inverse - series * square - correction[l];
  }
}

}  // namespace

double digamma(double x) { return x == 0 ? -infinity : boost::math::digamma(x, MathPolicy()); }

double trigamma(double x) { return x == 0 ? infinity : boost::math::trigamma(x, MathPolicy()); }

double lgamma(double x) { return x == 0 ? infinity : boost::math::lgamma(x, MathPolicy()); }

// Didonato and Morris (1992), ACM TOMS algorithm 708, as in R's lbeta: the large parts of the three log Γ cancel in closed form.
double log_beta(double a, double b) {
  const double p = std::min(a, b), q = std::max(a, b), share = p / (p + q);
  if (p >= asymptotic_from) {
    const double correction = stirling_correction(p) + stirling_correction(q) - stirling_correction(p + q);
    return -0.5 * std::log(q) + half_log_two_pi + correction + (p - 0.5) * std::log(share) + q * std::log1p(-share);
  }
  if (q >= asymptotic_from) {
    const double correction = stirling_correction(q) - stirling_correction(p + q);
    return lgamma(p) + correction + p - p * std::log(p + q) + (q - 0.5) * std::log1p(-share);
  }
  return lgamma(p) + lgamma(q) - lgamma(p + q);
}

// Recurrence ψ(x + 1) = ψ(x) + 1/x up to the asymptotic range; every part has the sign of d, so nothing cancels.
double digamma_difference(double x, double d) {
  double difference = 0;
  while (std::min(x, x + d) < asymptotic_from) {
    difference += d / x / (x + d);
    x += 1;
  }
  const double u = 1 / x, w = 1 / (x + d), gap = u * w * d;  // gap = u − w
  return difference + std::log1p(d / x) + 0.5 * gap + gap * (u + w) * digamma_series_slope(u * u, w * w);
}

double log_multivariate_gamma(std::size_t dimension, double x) {
  const double d = static_cast<double>(dimension);
  double sum = d * (d - 1) / 4 * std::log(std::numbers::pi);
  for (std::size_t i = 0; i < dimension; ++i) sum += lgamma(x - 0.5 * static_cast<double>(i));
  return sum;
}

double multivariate_digamma(std::size_t dimension, double x) {
  double sum = 0;
  for (std::size_t i = 0; i < dimension; ++i) sum += digamma(x - 0.5 * static_cast<double>(i));
  return sum;
}

double log_sum_exp(std::span<const double> x) {
  double largest = -infinity;
  for (const double value : x) largest = value > largest || std::isnan(value) ? value : largest;
  if (!std::isfinite(largest)) return largest;
  double sum = 0;
  for (const double value : x) sum += std::exp(value - largest);
  return largest + std::log(sum);
}

double softmax(std::span<const double> x, std::span<double> out) {
  double largest = -infinity;
  for (const double value : x) largest = value > largest || std::isnan(value) ? value : largest;
  if (!std::isfinite(largest)) return largest;
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += out[i] = std::exp(x[i] - largest);
  for (std::size_t i = 0; i < x.size(); ++i) out[i] /= sum;
  return largest + std::log(sum);
}

double digamma_in_place(std::span<double> x) {
  double sum = 0;
  for (std::size_t start = 0; start < x.size(); start += lanes) {
    const std::size_t count = std::min(lanes, x.size() - start);
    Lanes tile, log_gamma;
    tile.fill(asymptotic_from);
    std::copy_n(x.begin() + static_cast<std::ptrdiff_t>(start), count, tile.begin());
    digamma_and_lgamma(tile, log_gamma);
    for (std::size_t l = 0; l < count; ++l) {
      x[start + l] = tile[l];
      sum += log_gamma[l];
    }
  }
  return sum;
}

void digamma_all_in_place(std::span<double> x) {
  for (std::size_t start = 0; start < x.size(); start += lanes) {
    const std::size_t count = std::min(lanes, x.size() - start);
    Lanes tile;
    tile.fill(digamma_from);
    std::copy_n(x.begin() + static_cast<std::ptrdiff_t>(start), count, tile.begin());
    digamma_lanes(tile);
    std::copy_n(tile.begin(), count, x.begin() + static_cast<std::ptrdiff_t>(start));
  }
}

// For large x the series of I0(x) √(2πx) e^-x (Abramowitz and Stegun 9.7.1), here to the term in x^-8.
double log_bessel_i0(double x) {
  const double magnitude = std::abs(x);
  if (magnitude < 100) return std::log(boost::math::cyl_bessel_i(0, magnitude, MathPolicy()));
  double term = 1, sum = 1;
  for (int k = 1; k <= 8; ++k) {
    term *= (2.0 * k - 1) * (2.0 * k - 1) / (8.0 * k * magnitude);
    sum += term;
  }
  return magnitude - 0.5 * std::log(2 * std::numbers::pi * magnitude) + std::log(sum);
}

// Below −30 by the continued fraction's leading series of Mills' ratio (Abramowitz and Stegun 26.2.12).
double log_normal_cdf(double x) {
  if (x > -30)
    return x > 0 ? std::log1p(-0.5 * boost::math::erfc(x / std::numbers::sqrt2, MathPolicy()))
                 : std::log(0.5 * boost::math::erfc(-x / std::numbers::sqrt2, MathPolicy()));
  const double u = 1 / (x * x);
  return -0.5 * x * x - std::log(-x) - half_log_two_pi + std::log1p(-u * (1 - 3 * u * (1 - 5 * u * (1 - 7 * u))));
}

}  // namespace jensen::family
