// The update of a tile of independent discrete q's.
#pragma once

#include <cstdint>

namespace jensen::run {

// Row by row m = softmax(η) in place, and A = log Σ exp η as peak + log(total); level s of row r is at eta[s · rows + r]. `rows` is a multiple of the
// machine vectors' length. Probabilities below e^-600 are 0.
void softmax_rows(double* eta, std::int64_t rows, std::int64_t levels, double* peak, double* total);

// Σ_r (peak_r + log total_r), with one logarithm for many rows: their totals lie between 1 and the number of levels.
double sum_log_partitions(const double* peak, const double* total, std::int64_t rows);

}  // namespace jensen::run
