#include "family/special.hpp"

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

#include "base/lanes.hpp"
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

// From 6 on eleven terms of the series leave less than 1e-15.
constexpr double vector_from = 6;
constexpr std::array<double, 11> long_stirling = {1.0 / 12,  -1.0 / 360,       1.0 / 1260,       -1.0 / 1680,        1.0 / 1188,      -691.0 / 360360,
                                                  1.0 / 156, -3617.0 / 122400, 43867.0 / 244188, -174611.0 / 125400, 854513.0 / 63756};
constexpr std::array<double, 11> long_digamma_series = {1.0 / 12, -1.0 / 120,     1.0 / 252,       -1.0 / 240,       1.0 / 132,      -691.0 / 32760,
                                                        1.0 / 12, -3617.0 / 8160, 43867.0 / 14364, -174611.0 / 6600, 854513.0 / 3036};

inline Lane series(const std::array<double, 11>& coefficients, Lane x) {
  Lane value = spread(coefficients.back());
  for (std::size_t k = coefficients.size() - 1; k-- > 0;) value = value * x + coefficients[k];
  return value;
}

// x = 2^k (1 + f) with 1 + f between √½ and √2, for normal x > 0.
inline void split(Lane x, Lane& k, Lane& f) {
  constexpr std::int64_t root_half = 0x3FE6A09E667F3BCD;
  constexpr double to_real = 6755399441055744.0;  // 1.5 · 2^52: its low bits hold an integer
  const LaneBits bits = reinterpret_cast<const LaneBits&>(x), exponent = (bits - root_half) >> 52;
  const LaneBits real = exponent + std::bit_cast<std::int64_t>(to_real), fraction = bits - (exponent << 52);
  k = reinterpret_cast<const Lane&>(real) - to_real;
  f = reinterpret_cast<const Lane&>(fraction) - 1;
}

// log x = k log 2 + f − (f²/2 − s (f²/2 + R(s²))), s = f / (2 + f), as in fdlibm's e_log.c.
inline Lane log_of(Lane k, Lane f, Lane s) {
  const Lane half_square = 0.5 * f * f, z = s * s;
  Lane r = z * 1.479819860511658591e-01 + 1.531383769920937332e-01;
  r = r * z + 1.818357216161805012e-01;
  r = r * z + 2.222219843214978396e-01;
  r = r * z + 2.857142874366239149e-01;
  r = r * z + 3.999999999940941908e-01;
  r = (r * z + 6.666666666666735130e-01) * z;
  return k * 6.93147180369123816490e-01 - ((half_square - (s * (half_square + r) + k * 1.90821492927058770002e-10)) - f);
}

// A machine vector of arguments, shifted to at least 6 without branches. With u = x (x + 5) the product x (x + 1) … (x + 5) is u (u + 4)(u + 6), and
// Σ_{i<6} 1/(x + i) = (2x + 5)(3u² + 20u + 24) / (u (u + 4)(u + 6)).
struct Shifted {
  LaneBits small;
  Lane y, inverse, square, log_y;
  Lane product, sum;  // Γ(y)/Γ(x) and ψ(y) − ψ(x) where `small`
};

inline Shifted shift(Lane x) {
  Shifted out;
  out.small = x < vector_from;
  const Lane z = out.small ? x : spread(1.0), u = z * (z + 5);
  out.y = out.small ? x + vector_from : x;
  out.product = u * (u + 4) * (u + 6);
  out.sum = (2 * z + 5) * ((3 * u + 20) * u + 24) / out.product;
  Lane k, f;
  split(out.y, k, f);
  // One division for 1/y and f/(2 + f); beyond 1e100 1/y no longer matters, and the product must not overflow.
  const Lane bounded = out.y < 1e100 ? out.y : spread(1e100), below = 2 + f, reciprocal = 1 / (bounded * below);
  out.inverse = below * reciprocal;
  out.square = out.inverse * out.inverse;
  out.log_y = log_of(k, f, f * bounded * reciprocal);
  return out;
}

inline Lane digamma_of(const Shifted& s) {
  return s.log_y - 0.5 * s.inverse - series(long_digamma_series, s.square) * s.square - (s.small ? s.sum : Lane{});
}

inline Lane lgamma_of(const Shifted& s) {
  constexpr double tiny = 1e-290, lift = 0x1p256, log_lift = 177.44567822334600;  // denormal products have no exponent to split
  const LaneBits lifted = s.product < tiny;
  Lane k, f;
  split(lifted ? s.product * lift : s.product, k, f);
  const Lane log_product = log_of(k, f, f / (2 + f)) - (lifted ? spread(log_lift) : Lane{});
  return (s.y - 0.5) * s.log_y - s.y + half_log_two_pi + series(long_stirling, s.square) * s.inverse - (s.small ? log_product : Lane{});
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
  constexpr auto width = static_cast<std::size_t>(lanes);
  double sum = 0;
  for (std::size_t start = 0; start < x.size(); start += width) {
    const std::size_t count = std::min(width, x.size() - start);
    double tile[width], log_gamma[width];
    std::fill_n(tile, width, vector_from);
    std::copy_n(x.begin() + static_cast<std::ptrdiff_t>(start), count, tile);
    const Shifted shifted = shift(load_lane(tile));
    store_lane(log_gamma, lgamma_of(shifted));
    store_lane(tile, digamma_of(shifted));
    std::copy_n(tile, count, x.begin() + static_cast<std::ptrdiff_t>(start));
    for (std::size_t l = 0; l < count; ++l) sum += log_gamma[l];
  }
  return sum;
}

void digamma_all_in_place(std::span<double> x, double& one_more) {
  constexpr auto width = static_cast<std::size_t>(lanes);
  const std::size_t whole = x.size() / width * width, rest = x.size() - whole;
  for (std::size_t start = 0; start < whole; start += width) store_lane(x.data() + start, digamma_of(shift(load_lane(x.data() + start))));
  double tile[width];
  std::fill_n(tile, width, vector_from);
  std::copy_n(x.begin() + static_cast<std::ptrdiff_t>(whole), rest, tile);
  tile[rest] = one_more;
  store_lane(tile, digamma_of(shift(load_lane(tile))));
  std::copy_n(tile, rest, x.begin() + static_cast<std::ptrdiff_t>(whole));
  one_more = tile[rest];
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
