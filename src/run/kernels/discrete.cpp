#include "run/kernels/discrete.hpp"

#include <algorithm>
#include <cmath>

#include "run/kernels/lanes.hpp"

namespace jensen::run {
namespace {

// Below this an exponential counts as 0: its products would be denormal numbers, which cost a hundred times more than others.
constexpr double negligible = -600;

// e^x for x <= 0: x = n log 2 + r with |r| <= log(2)/2 (Cody and Waite's two-part log 2), e^r by its Taylor polynomial of degree 13 (remainder below
// 5e-18), 2^n by the exponent bits. Relative error below 2 ulp.
inline Lane exp_lane(Lane x) {
  constexpr double to_integer = 6755399441055744.0;  // 1.5 · 2^52: adding it rounds, and leaves the integer in the low bits
  const Lane shifted = x * 1.4426950408889634074 + to_integer;
  const Lane n = shifted - to_integer;
  const Lane r = (x - n * 6.93145751953125e-1) - n * 1.42860682030941723212e-6;
  Lane p = r * (1.0 / 6227020800.0) + 1.0 / 479001600.0;
  p = p * r + 1.0 / 39916800.0;
  p = p * r + 1.0 / 3628800.0;
  p = p * r + 1.0 / 362880.0;
  p = p * r + 1.0 / 40320.0;
  p = p * r + 1.0 / 5040.0;
  p = p * r + 1.0 / 720.0;
  p = p * r + 1.0 / 120.0;
  p = p * r + 1.0 / 24.0;
  p = p * r + 1.0 / 6.0;
  p = p * r + 0.5;
  p = p * r + 1.0;
  p = p * r + 1.0;
  const LaneBits bits = (reinterpret_cast<const LaneBits&>(shifted) + 1023) << 52;
  const Lane value = p * reinterpret_cast<const Lane&>(bits);
  return x < negligible ? Lane{} : value;
}

}  // namespace

// Rows run along the lanes, so that maximum, exponential and sum need no step across lanes.
void softmax_rows(double* eta, std::int64_t rows, std::int64_t levels, double* peak, double* total) {
  for (std::int64_t r = 0; r < rows; r += lanes) {
    Lane highest = load_lane(eta + r);
    for (std::int64_t s = 1; s < levels; ++s) {
      const Lane x = load_lane(eta + s * rows + r);
      highest = x > highest ? x : highest;
    }
    Lane sum = {};
    for (std::int64_t s = 0; s < levels; ++s) {
      const Lane e = exp_lane(load_lane(eta + s * rows + r) - highest);
      store_lane(eta + s * rows + r, e);
      sum += e;
    }
    const Lane scale = 1.0 / sum;
    for (std::int64_t s = 0; s < levels; ++s) store_lane(eta + s * rows + r, load_lane(eta + s * rows + r) * scale);
    store_lane(peak + r, highest);
    store_lane(total + r, sum);
  }
}

double sum_log_partitions(const double* peak, const double* total, std::int64_t rows) {
  constexpr std::int64_t together = 16;
  Lane peaks = {};
  double logs = 0;
  for (std::int64_t r = 0; r < rows; r += together * lanes) {
    Lane product = spread(1.0);
    for (std::int64_t i = r; i < std::min(rows, r + together * lanes); i += lanes) {
      peaks += load_lane(peak + i);
      product *= load_lane(total + i);
    }
    for (std::int64_t l = 0; l < lanes; ++l) logs += std::log(product[l]);
  }
  return sum_lanes(peaks) + logs;
}

}  // namespace jensen::run
