// Responsibilities from distant rows of data: the first sweep of a discrete block whose levels are interchangeable.
#pragma once

#include <optional>

#include "family/stream.hpp"
#include "run/sweep.hpp"

namespace jensen::run {

// k-means++ (Arthur and Vassilvitskii 2007) on the columns of the pass, each scaled to variance 1, over at most a few thousand rows. Each row then
// goes to its nearest centre. nullopt where there are no columns, or fewer distinct rows than levels.
std::optional<GivenMeans> seeded_responsibilities(const plan::Plan& plan, const plan::Pass& pass, std::int64_t levels, family::Stream& stream);

// A draw from the flat Dirichlet for each row.
GivenMeans random_responsibilities(std::int64_t levels, std::uint64_t seed);

// Sample mean and variance of each column of a pass, over at most a few thousand rows.
struct ColumnScale {
  std::vector<double> mean, variance;
};
ColumnScale column_scale(const plan::Plan& plan, const plan::Pass& pass);

}  // namespace jensen::run
