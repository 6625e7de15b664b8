#include "run/kernels/discrete.hpp"

#include <algorithm>
#include <cmath>

#include "run/kernels/exp.hpp"

namespace jensen::run {
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
