// Discrete q's of rows whose natural parameters are a part of their own plus one part that they share: responsibilities are products of exponentials,
//
//     m[r, k] = share[k] · own[r, k] / total[r],     total[r] = Σ_k share[k] · own[r, k],
//
// so that a change of the shared part costs two products with the table of the rows' own part and no exponential per row (for topics: Blei, Ng and
// Jordan 2003, equation 6, in the form of Hoffman, Blei and Bach 2010).
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <vector>

#include "base/lanes.hpp"

namespace jensen::run {

// Whole machine vectors then lie in one line of the cache each: twice as fast, with the same result.
using AlignedVector = std::vector<double, Eigen::aligned_allocator<double>>;

// Levels of a table's row are stored next to each other and followed by zeros up to this number.
inline std::int64_t padded_levels(std::int64_t levels) { return (levels + lanes - 1) / lanes * lanes; }
// Rows are handled this many at a time; the places after the last hold ones, with weight 0.
inline std::int64_t padded_rows(std::int64_t rows) { return (rows + lanes - 1) / lanes * lanes; }

// out[k] = exp(eta[k] − max), zeros after the last of `levels`; returns the maximum. `eta` may be `out`.
double exp_below_peak(const double* eta, std::int64_t levels, double* out);

// For all rows total[r] and scaled[r] = weight[r] / total[r], and sums[k] = Σ_r scaled[r] · own[r, k]. Rows and levels are padded. False where a
// total is no normal number, so that dividing by it means nothing. From the last row to the first if `backward`: in repeated calls with alternate
// directions the rows that the cache still holds come first.
bool mix(const double* own, std::int64_t rows, std::int64_t levels, const double* share, const double* weight, bool backward, double* total,
         double* scaled, double* sums);

// Fetches a row of a table that is wanted later into the second level of the cache.
inline void prefetch_row(const double* row, std::int64_t levels) {
  for (std::int64_t k = 0; k < levels; k += 8) __builtin_prefetch(row + k, 0, 2);
  __builtin_prefetch(row + levels - 1, 0, 2);
}

// Σ_r weight[r] · log total[r], over padded rows.
double sum_weighted_logs(const double* total, const double* weight, std::int64_t rows);

}  // namespace jensen::run
