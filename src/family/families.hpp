// The constructors of the native families, one file each; `make_family` is the way in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "family/family.hpp"
#include "family/unconstrained.hpp"

namespace jensen::family {

std::unique_ptr<const Family> make_normal();
std::unique_ptr<const Family> make_gaussian(std::size_t dimension);
std::unique_ptr<const Family> make_gamma_power(double power);
std::unique_ptr<const Family> make_beta();
std::unique_ptr<const Family> make_dirichlet(std::size_t dimension);
std::unique_ptr<const Family> make_categorical(std::size_t levels);
std::unique_ptr<const Family> make_wishart(std::size_t side);
std::unique_ptr<const Family> make_inverse_wishart(std::size_t side);
std::unique_ptr<const Family> make_gig_power(double power);
std::unique_ptr<const Family> make_von_mises();
std::unique_ptr<const Family> make_power_law(double low, double high);
std::unique_ptr<const Family> make_truncated_normal(double low, double high);

// Joint families of a scale and a location whose precision is a multiple of it (Bishop 2006, 2.3.6). A value is the scale (row-major), then x.
//  * normal_gamma: statistics in order: log v (1), v^p (1), scaled v^p x_i (D), scaled_pair v^p x_i x_j (D²). x | v ~ N(m, (v^p Λ)^-1).
//  * normal_wishart: log|P| (1), P (D²; with `inverse` log|S| and inverse, S = P^-1), scaled (P x)_i (D), scaled_pair x' P x (1). x | P ~ N(m, (κ
//  P)^-1).
std::unique_ptr<const Family> make_normal_gamma(std::size_t dimension, double power);
std::unique_ptr<const Family> make_normal_wishart(std::size_t side, bool inverse);

// A function of one number, or several at once.
struct ScalarStatistic {
  Statistic statistic;
  std::size_t size = 1;
  std::function<void(double v, double* out)> value;  // thread-safe; may give ±inf or NaN on the edge of the support
};

// One number with any statistics. Laid out as listed. A continuous support is integrated by adaptive quadrature, a discrete one summed; both
// deterministic. A(η) and E[t] come from the same nodes, so that a coordinate update is exact for the bound that is reported.
std::unique_ptr<const Family> make_scalar(const Support& support, std::vector<ScalarStatistic> statistics);

// Writes t(v); with a weight for each of its numbers also adds ∂(Σ weight · t)/∂v to `gradient`. Keeps a workspace of its own.
using PointEvaluation =
    std::function<void(std::span<const double> value, std::span<double> statistics, std::span<const double> weight, std::span<double> gradient)>;

// Any functions of the numbers of a point block, whose best value is searched for. A block of this family has no q.
struct PointFunctions {
  std::vector<std::pair<Statistic, std::size_t>> statistics;  // with their numbers
  std::vector<PointPart> parts;
  std::function<PointEvaluation()> open;  // thread-safe
};
std::unique_ptr<const Family> make_optimised(PointFunctions functions);

// Discrete variables 0..n-1 with the given numbers of levels. A scope is a set of distinct variables (ascending); its statistics are the joint
// indicators [v_a = k][v_b = l]..., row-major over its variables; scopes follow each other in the layout, an entry each. log p = Σ over scopes of
// η[scope][levels]. Exact by elimination along a junction tree. `moments` gives the marginals of every scope.
struct DiscreteNetwork {
  std::vector<std::int32_t> levels;
  std::vector<std::vector<std::int32_t>> scopes;
};
std::unique_ptr<const Family> make_discrete_network(const DiscreteNetwork& network);
// What one update costs: the number of table cells of the junction tree that the elimination order gives. Where a single table would have more than
// 1e15 the count ends with that table: such a network must not be made.
double elimination_cost(const DiscreteNetwork& network);

// A Gaussian vector of which only the listed pairs are statistics: layout power 1 (dimension), then pair (pairs.size()), where pair p = (i, j) has
// the statistic x_i x_j with the whole coefficient: log p = Σ h_i x_i + Σ_p η_p x_i x_j + const. Each unordered pair at most once.
// Coordinates marked `point` have no q but one best value: the mode of their marginal, which for a Gaussian is the joint mean; the others are
// distributed given it. A(η) is then log ∫ exp(η·t) over the others at that value.
struct GaussianPattern {
  std::size_t dimension = 0;
  std::vector<std::pair<std::int32_t, std::int32_t>> pairs;
  std::vector<bool> point;  // empty: none
};
std::unique_ptr<const Family> make_gaussian_pattern(const GaussianPattern& pattern);
// Multiplications of one update, and bytes of one factor: dense where the fill makes a sparse factor slower.
struct GaussianCost {
  double products = 0;
  double bytes = 0;
  bool dense = false;
};
GaussianCost gaussian_cost(const GaussianPattern& pattern);

}  // namespace jensen::family
