// Responsibilities from distant rows of data: the first sweep of a discrete block whose levels are interchangeable.
#pragma once

#include <Eigen/Core>
#include <optional>
#include <span>
#include <vector>

#include "family/stream.hpp"
#include "run/sweep.hpp"

namespace jensen::run {

// k-means++ (Arthur and Vassilvitskii 2007) on the columns of the pass, each scaled to variance 1, over at most a few thousand rows. Each row then
// goes to its nearest centre. nullopt where there are no columns, or fewer distinct rows than levels.
std::optional<GivenMeans> seeded_responsibilities(const plan::Plan& plan, const plan::Pass& pass, std::int64_t levels, family::Stream& stream);

// The same for points that are the columns of a matrix: the nearest seed of each, of the best of a few
// tries; empty where there are fewer distinct points than levels.
std::vector<std::int64_t> clusters(const Eigen::MatrixXd& points, std::int64_t levels, family::Stream& stream);

// Directions in which points vary most, leading one first; along each the points' scores have mean 0 and variance 1.
struct Directions {
  Eigen::VectorXd mean;
  Eigen::MatrixXd unit;  // features × directions; fewer than asked for where the points vary in fewer
  // Scores from direction `first` on, with a little noise; noise alone where there is no such direction.
  void scores(const Eigen::VectorXd& point, Eigen::Index first, family::Stream& stream, std::span<double> value) const;
};
Directions principal_directions(const Eigen::MatrixXd& points, Eigen::Index count, family::Stream& stream);

// t(v) of the scores of each row's data columns, scaled to variance 1: the first sweep of a Gaussian block that another one multiplies. nullopt where
// no direction is left from `first` on.
std::optional<GivenMeans> seeded_values(const plan::Plan& plan, const plan::Pass& pass, const family::Family& family, Eigen::Index first,
                                        std::uint64_t seed);

// The same with a share of every level. From rows of one level alone a chain that emits levels learns zeros, which no later step leaves.
GivenMeans softened(GivenMeans hard, std::int64_t levels);

// A draw from the flat Dirichlet for each row.
GivenMeans random_responsibilities(std::int64_t levels, std::uint64_t seed);

// Sample mean and variance of each column of a pass, over at most a few thousand rows.
struct ColumnScale {
  std::vector<double> mean, variance;
};
ColumnScale column_scale(const plan::Plan& plan, const plan::Pass& pass);

}  // namespace jensen::run
