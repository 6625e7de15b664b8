#include <Eigen/Cholesky>
#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <set>
#include <thread>
#include <vector>
#include "catch.hpp"

#include "family/families.hpp"
#include "family/sparse_order.hpp"
#include "family/sparse_symbolic.hpp"

namespace jensen::family {
namespace {

using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::WithinAbs;
using Catch::Matchers::WithinRel;
using Values = std::vector<double>;
using Pairs = std::set<std::pair<std::int32_t, std::int32_t>>;

GaussianPattern pattern_of(std::size_t dimension, const Pairs& off_diagonal, std::vector<bool> point = {}) {
  GaussianPattern pattern{dimension, {off_diagonal.begin(), off_diagonal.end()}, std::move(point)};
  for (std::int32_t i = 0; i < static_cast<std::int32_t>(dimension); ++i) pattern.pairs.emplace_back(i, i);
  return pattern;
}

Pairs all_pairs(std::int32_t n) {
  Pairs pairs;
  for (std::int32_t i = 0; i < n; ++i)
    for (std::int32_t j = 0; j < i; ++j) pairs.emplace(i, j);
  return pairs;
}

Pairs arrow(std::int32_t n) {
  Pairs pairs;
  for (std::int32_t i = 1; i < n; ++i) pairs.emplace(i, 0);
  return pairs;
}

Pairs banded(std::int32_t n, std::int32_t width) {
  Pairs pairs;
  for (std::int32_t i = 0; i < n; ++i)
    for (std::int32_t j = std::max(0, i - width); j < i; ++j) pairs.emplace(j, i);
  return pairs;
}

// Every observation couples an outer group, an inner one, two crossed effects and an intercept.
Pairs nested_and_crossed(std::int32_t outer, std::int32_t inner, std::int32_t levels, int observations, Stream& stream) {
  Pairs pairs;
  const std::int32_t inners = outer * inner;
  for (int n = 0; n < observations; ++n) {
    const auto i = static_cast<std::int32_t>(stream.below(static_cast<std::uint64_t>(inners)));
    const auto a = static_cast<std::int32_t>(stream.below(static_cast<std::uint64_t>(levels)));
    const auto b = static_cast<std::int32_t>(stream.below(static_cast<std::uint64_t>(levels)));
    const std::int32_t touched[] = {0, 1 + i / inner, 1 + outer + i, 1 + outer + inners + a, 1 + outer + inners + levels + b};
    for (int x = 0; x < 5; ++x)
      for (int y = 0; y < x; ++y) pairs.emplace(touched[x], touched[y]);
  }
  return pairs;
}

// η of a random precision with the pattern: diagonally dominant, scaled by numbers from 1e-2 to 1e2.
Values random_natural(const GaussianPattern& pattern, Stream& stream) {
  Values natural(pattern.dimension + pattern.pairs.size()), sum(pattern.dimension, 0.1), scale(pattern.dimension);
  for (double& s : scale) s = std::pow(10, 4 * stream.uniform() - 2);
  for (std::size_t i = 0; i < pattern.dimension; ++i) natural[i] = scale[i] * stream.normal();
  for (int diagonal = 0; diagonal < 2; ++diagonal) {
    for (std::size_t p = 0; p < pattern.pairs.size(); ++p) {
      const auto i = static_cast<std::size_t>(pattern.pairs[p].first), j = static_cast<std::size_t>(pattern.pairs[p].second);
      if ((i == j) != (diagonal == 1)) continue;
      const double entry = stream.normal();
      natural[pattern.dimension + p] = i == j ? -0.5 * sum[i] * scale[i] * scale[i] : -entry * scale[i] * scale[j];
      if (i != j) sum[i] += std::abs(entry), sum[j] += std::abs(entry);
    }
  }
  return natural;
}

Eigen::MatrixXd precision_of(const GaussianPattern& pattern, const Values& natural) {
  const auto n = static_cast<Eigen::Index>(pattern.dimension);
  Eigen::MatrixXd q = Eigen::MatrixXd::Zero(n, n);
  for (std::size_t p = 0; p < pattern.pairs.size(); ++p) {
    const auto [i, j] = pattern.pairs[p];
    q(i, j) = q(j, i) = -natural[pattern.dimension + p] * (i == j ? 2 : 1);
  }
  return q;
}

bool is_point(const GaussianPattern& pattern, Eigen::Index i) { return !pattern.point.empty() && pattern.point[static_cast<std::size_t>(i)]; }

struct Reference {
  Eigen::VectorXd mean, sd;
  Eigen::MatrixXd covariance;  // 0 in the rows and columns of points
  double log_partition = 0;
};

Reference reference(const GaussianPattern& pattern, const Values& natural) {
  const Eigen::MatrixXd q = precision_of(pattern, natural);
  const Eigen::Map<const Eigen::VectorXd> h(natural.data(), q.rows());
  std::vector<Eigen::Index> others;
  for (Eigen::Index i = 0; i < q.rows(); ++i)
    if (!is_point(pattern, i)) others.push_back(i);
  const auto n = static_cast<Eigen::Index>(others.size());
  Eigen::MatrixXd block(n, n);
  for (Eigen::Index a = 0; a < n; ++a)
    for (Eigen::Index b = 0; b < n; ++b) block(a, b) = q(others[static_cast<std::size_t>(a)], others[static_cast<std::size_t>(b)]);
  Reference r{q.llt().solve(h), Eigen::VectorXd::Zero(q.rows()), Eigen::MatrixXd::Zero(q.rows(), q.rows()), 0};
  r.log_partition = h.dot(r.mean) - 0.5 * r.mean.dot(q * r.mean);
  if (n == 0) return r;
  const Eigen::LLT<Eigen::MatrixXd> llt(block);
  const Eigen::MatrixXd inverse = llt.solve(Eigen::MatrixXd::Identity(n, n)), lower = llt.matrixL();
  for (Eigen::Index a = 0; a < n; ++a)
    for (Eigen::Index b = 0; b < n; ++b) r.covariance(others[static_cast<std::size_t>(a)], others[static_cast<std::size_t>(b)]) = inverse(a, b);
  r.sd = r.covariance.diagonal().cwiseSqrt();
  r.log_partition += 0.5 * static_cast<double>(n) * std::log(2 * std::numbers::pi) - lower.diagonal().array().log().sum();
  return r;
}

// Errors are measured against the scale of each entry: its standard deviations (of points: those they would have) and means.
void check_against_dense(const GaussianPattern& pattern, const Values& natural, double tolerance = 1e-10) {
  const auto family = make_gaussian_pattern(pattern);
  const Reference expected = reference(pattern, natural);
  Values mean(family->size()), value(pattern.dimension), center(pattern.dimension), sd(pattern.dimension);
  double log_partition = 0;
  REQUIRE(!family->update(natural, mean, log_partition));
  REQUIRE(!family->mode(natural, value));
  family->moments(natural, center, sd);
  const Eigen::MatrixXd all = precision_of(pattern, natural).inverse();
  const auto scale = [&](Eigen::Index i) { return std::sqrt(all(i, i)) + std::abs(expected.mean(i)); };
  double worst = 0, worst_sd = 0;
  for (std::size_t i = 0; i < pattern.dimension; ++i) {
    const auto at = static_cast<Eigen::Index>(i);
    worst = std::max(worst, std::abs(mean[i] - expected.mean(at)) / scale(at));
    worst_sd = std::max(worst_sd, std::abs(sd[i] - expected.sd(at)) / scale(at));
  }
  for (std::size_t p = 0; p < pattern.pairs.size(); ++p) {
    const auto [i, j] = pattern.pairs[p];
    const double product = expected.mean(i) * expected.mean(j) + expected.covariance(i, j);
    worst = std::max(worst, std::abs(mean[pattern.dimension + p] - product) / (scale(i) * scale(j)));
  }
  CHECK(worst < tolerance);
  CHECK(worst_sd < tolerance);
  CHECK(std::equal(value.begin(), value.end(), mean.begin()));
  CHECK(center == value);
  const double size = static_cast<double>(pattern.dimension);
  CHECK_THAT(log_partition, WithinAbs(expected.log_partition, tolerance * (std::abs(expected.log_partition) + 10 * size)));
}

std::vector<bool> random_points(std::size_t n, double share, Stream& stream) {
  std::vector<bool> point(n);
  for (std::size_t i = 0; i < n; ++i) point[i] = stream.uniform() < share;
  return point;
}

}  // namespace

TEST_CASE("sparse Gaussians of random patterns agree with dense matrices, with and without points", "[family][gaussian_pattern]") {
  Stream stream(11, Purpose::test, 0);
  for (int trial = 0; trial < 200; ++trial) {
    CAPTURE(trial);
    const auto n = static_cast<std::int32_t>(1 + stream.below(60));
    const double density = std::pow(stream.uniform(), 3);
    Pairs pairs;
    for (std::int32_t i = 0; i < n; ++i)
      for (std::int32_t j = 0; j < i; ++j)
        if (stream.uniform() < density) stream.uniform() < 0.5 ? pairs.emplace(i, j) : pairs.emplace(j, i);
    std::vector<bool> point;
    if (trial % 2 == 1) point = random_points(static_cast<std::size_t>(n), stream.uniform(), stream);
    const GaussianPattern pattern = pattern_of(static_cast<std::size_t>(n), pairs, point);
    check_against_dense(pattern, random_natural(pattern, stream));
  }
}

TEST_CASE("larger sparse Gaussians agree with dense matrices", "[family][gaussian_pattern]") {
  Stream stream(12, Purpose::test, 0);
  const auto both = [&](std::size_t n, const Pairs& pairs, bool dense) {
    CHECK(gaussian_cost(pattern_of(n, pairs)).dense == dense);
    for (const double share : {0.0, 0.02, 0.5, 1.0}) {
      CAPTURE(n, share);
      const GaussianPattern pattern = pattern_of(n, pairs, share > 0 ? random_points(n, share, stream) : std::vector<bool>{});
      check_against_dense(pattern, random_natural(pattern, stream));
    }
  };
  SECTION("arrow") { both(300, arrow(300), false); }
  SECTION("band of width 1") { both(200, banded(200, 1), false); }
  SECTION("band of width 7") { both(300, banded(300, 7), false); }
  SECTION("nested and crossed") { both(1 + 40 + 160 + 2 * 12, nested_and_crossed(40, 4, 12, 600, stream), false); }
  SECTION("crossed only, with panels of more than one block of columns") {
    both(1 + 5 + 5 + 2 * 130, nested_and_crossed(5, 1, 130, 900, stream), false);
  }
  SECTION("separate dense groups and a hub") {
    Pairs pairs = arrow(1 + 20 * 15);
    for (std::int32_t g = 0; g < 20; ++g)
      for (const auto& [i, j] : all_pairs(15)) pairs.emplace(1 + 15 * g + i, 1 + 15 * g + j);
    both(1 + 20 * 15, pairs, false);
  }
  SECTION("dense") { both(150, all_pairs(150), true); }
  SECTION("diagonal") { both(40, {}, false); }
}

TEST_CASE("the supernodes of a grid have the rows that their counts promise", "[family][gaussian_pattern]") {
  Pairs pairs;
  const std::int32_t side = 30;
  for (std::int32_t i = 0; i < side; ++i)
    for (std::int32_t j = 0; j < side; ++j) {
      if (i + 1 < side) pairs.emplace(i * side + j, (i + 1) * side + j);
      if (j + 1 < side) pairs.emplace(i * side + j, i * side + j + 1);
    }
  Stream stream(13, Purpose::test, 0);
  for (const double share : {0.0, 0.3}) {
    const GaussianPattern pattern = pattern_of(900, pairs, random_points(900, share, stream));
    const EliminationOrder order = elimination_order(pattern);
    const SparseSymbolic symbolic = analyse(pattern);
    REQUIRE(!order.dense);
    REQUIRE(order.panels.size() == symbolic.nodes.size());
    for (std::size_t s = 0; s < order.panels.size(); ++s) CHECK(order.panels[s].below == symbolic.nodes[s].below);
    if (share == 0) CHECK(symbolic.size < 60000);  // 900 columns; a band of width 30 has 27,000 entries, a dense triangle 405,450
    check_against_dense(pattern, random_natural(pattern, stream));
  }
}

TEST_CASE("a precision that is not positive definite names its coordinate", "[family][gaussian_pattern]") {
  const auto reason = [](const GaussianPattern& pattern, const Values& natural) {
    const auto family = make_gaussian_pattern(pattern);
    Values mean(family->size());
    double log_partition = 0;
    const auto improper = family->update(natural, mean, log_partition);
    REQUIRE(improper);
    family->moments(natural, {mean.data(), pattern.dimension}, {mean.data(), pattern.dimension});
    CHECK(std::isnan(mean[0]));
    return improper->reason;
  };
  const GaussianPattern three{3, {{0, 0}, {1, 1}, {2, 2}}, {}};
  CHECK(reason(three, {0, 0, 0, -1, 0.15, -1}) == "the precision is not positive definite (the pivot of coordinate 2 of 3 is -0.3)");
  CHECK(reason({2, {{0, 0}}, {}}, {1, 1, -1}) == "the precision is not positive definite (the pivot of coordinate 2 of 2 is 0)");
  CHECK_THAT(reason(three, {0, std::nan(""), 0, -1, -1, -1}), ContainsSubstring("natural parameter 2 of 6 is not finite"));
  // A point's precision has to be positive too, or it has no best value; and an intercept beside all of its groups has none of its own.
  CHECK_THAT(reason({2, {{0, 0}, {1, 1}, {1, 0}}, {true, false}}, {0, 0, -0.5, -0.5, -1.5}), ContainsSubstring("coordinate 1 of 2 is -1.25"));
  const std::int32_t n = 40;
  GaussianPattern confounded = pattern_of(n, arrow(n));
  Values natural(confounded.dimension + confounded.pairs.size());
  for (std::size_t p = 0; p < confounded.pairs.size(); ++p) {
    const auto [i, j] = confounded.pairs[p];
    natural[n + p] = i != j ? -0.1 : i == 0 ? -0.05 * (n - 1) : -0.05;
  }
  CHECK_THAT(reason(confounded, natural), ContainsSubstring("zero to rounding"));
}

TEST_CASE("the mean parameters of a sparse Gaussian are the gradient of its log-partition", "[family][gaussian_pattern]") {
  Stream stream(14, Purpose::test, 0);
  const GaussianPattern pattern = pattern_of(1 + 3 + 6 + 4, nested_and_crossed(3, 2, 2, 12, stream));
  const auto family = make_gaussian_pattern(pattern);
  Values natural = random_natural(pattern, stream), mean(family->size()), scratch(family->size());
  double log_partition = 0;
  REQUIRE(!family->update(natural, mean, log_partition));
  for (std::size_t k = 0; k < natural.size(); ++k) {
    const double at = natural[k], step = 1e-5 * std::max(1e-4, std::abs(at));
    double up = 0, down = 0;
    natural[k] = at + step;
    REQUIRE(!family->update(natural, scratch, up));
    natural[k] = at - step;
    REQUIRE(!family->update(natural, scratch, down));
    natural[k] = at;
    CHECK_THAT((up - down) / (2 * step), WithinAbs(mean[k], 1e-5 * (std::abs(mean[k]) + 1e-2 / step * 1e-9)));
  }
}

TEST_CASE("with points the log-partition is the largest log integral over the others", "[family][gaussian_pattern]") {
  Stream stream(15, Purpose::test, 0);
  for (int trial = 0; trial < 20; ++trial) {
    CAPTURE(trial);
    const std::size_t n = 3 + stream.below(4);
    GaussianPattern pattern = pattern_of(n, all_pairs(static_cast<std::int32_t>(n)));
    pattern.pairs.erase(pattern.pairs.begin());
    pattern.point = std::vector<bool>(n, false);
    pattern.point[0] = pattern.point[2] = true;
    const Values natural = random_natural(pattern, stream);
    const auto family = make_gaussian_pattern(pattern);
    Values mean(family->size());
    double best = 0;
    REQUIRE(!family->update(natural, mean, best));
    // log ∫ exp(η · t) over the others with the points held: a dense Gaussian integral of the others alone.
    const Eigen::MatrixXd q = precision_of(pattern, natural);
    const Eigen::Map<const Eigen::VectorXd> h(natural.data(), q.rows());
    std::vector<Eigen::Index> others;
    for (std::size_t i = 0; i < n; ++i)
      if (!pattern.point[i]) others.push_back(static_cast<Eigen::Index>(i));
    const auto log_integral = [&](double first, double third) {
      Eigen::VectorXd held = Eigen::VectorXd::Zero(q.rows());
      held(0) = first, held(2) = third;
      const Eigen::VectorXd linear = h - q * held;
      const Eigen::MatrixXd block = q(others, others);
      const Eigen::VectorXd part = linear(others);
      const double points = h.dot(held) - 0.5 * held.dot(q * held);
      const double d = static_cast<double>(others.size());
      return points + 0.5 * (part.dot(block.inverse() * part) + d * std::log(2 * std::numbers::pi) - std::log(block.determinant()));
    };
    CHECK_THAT(log_integral(mean[0], mean[2]), WithinRel(best, 1e-9));
    const Eigen::MatrixXd spread = q.inverse();
    for (int k = 0; k < 200; ++k) {
      const double first = mean[0] + std::sqrt(spread(0, 0)) * stream.normal(), third = mean[2] + std::sqrt(spread(2, 2)) * stream.normal();
      CHECK(log_integral(first, third) <= best + 1e-9 * std::abs(best));
    }
  }
}

TEST_CASE("draws of a sparse Gaussian have its means and covariances, and leave points where they are", "[family][gaussian_pattern]") {
  Stream stream(16, Purpose::test, 0);
  GaussianPattern pattern = pattern_of(12, banded(12, 2));
  pattern.point = std::vector<bool>(12, false);
  pattern.point[5] = true;
  const Values natural = random_natural(pattern, stream);
  const auto family = make_gaussian_pattern(pattern);
  const Reference expected = reference(pattern, natural);
  const int draws = 20000;
  Values value(12);
  Eigen::VectorXd sum = Eigen::VectorXd::Zero(12);
  Eigen::MatrixXd products = Eigen::MatrixXd::Zero(12, 12);
  for (int n = 0; n < draws; ++n) {
    family->draw(natural, stream, value);
    const Eigen::VectorXd offset = Eigen::Map<const Eigen::VectorXd>(value.data(), 12) - expected.mean;
    sum += offset;
    products += offset * offset.transpose();
  }
  for (Eigen::Index i = 0; i < 12; ++i) {
    CHECK(std::abs(sum(i) / draws) <= 5 * expected.sd(i) / std::sqrt(draws) + 1e-12 * std::abs(expected.mean(i)));
    for (Eigen::Index j = 0; j < 12; ++j) {
      const double scale = expected.sd(i) * expected.sd(j);
      CHECK(std::abs(products(i, j) / draws - expected.covariance(i, j)) <= 5 * std::sqrt(2.0 / draws) * scale + 1e-12);
    }
  }
}

TEST_CASE("a sparse Gaussian takes and gives its usual parameters, moments and values", "[family][gaussian_pattern]") {
  Stream stream(17, Purpose::test, 0);
  for (const std::size_t n : {4U, 60U}) {
    CAPTURE(n);
    const GaussianPattern pattern = pattern_of(n, banded(static_cast<std::int32_t>(n), 1));
    const auto family = make_gaussian_pattern(pattern);
    const Values natural = random_natural(pattern, stream);
    std::size_t length = 0;
    for (const auto& parameter : family->usual_parameters()) {
      std::size_t size = 1;
      for (const std::size_t extent : parameter.shape) size *= extent;
      length += size;
    }
    CHECK(length == n + (n <= 50 ? n * n : pattern.pairs.size()));
    Values usual(length), again(natural.size());
    family->to_usual(natural, usual);
    REQUIRE(family->from_usual(usual, again));
    for (std::size_t k = 0; k < natural.size(); ++k) CHECK_THAT(again[k], WithinAbs(natural[k], 1e-11 * (1 + std::abs(natural[k])) * 1e2));
    if (n <= 50) {
      usual[n + 3] = usual[n + 3 * n] = 1e-9;  // coordinates 1 and 4 are no pair
      CHECK(!family->from_usual(usual, again));
    }
    Values mean(n, 2), sd(n, 0.5), center(n), spread(n), statistics(family->size());
    REQUIRE(family->natural_from_moments(mean, sd, again));
    family->moments(again, center, spread);
    for (std::size_t i = 0; i < n; ++i) {
      CHECK_THAT(center[i], WithinRel(2.0, 1e-14));
      CHECK_THAT(spread[i], WithinRel(0.5, 1e-14));
      mean[i] = static_cast<double>(i) + 1;
    }
    family->statistics_of(mean, statistics);
    for (std::size_t p = 0; p < pattern.pairs.size(); ++p) CHECK(statistics[n + p] == (pattern.pairs[p].first + 1) * (pattern.pairs[p].second + 1));
  }
  Values natural(4);
  CHECK(!make_gaussian_pattern({2, {{0, 0}, {0, 1}}, {}})->natural_from_moments(Values{1, 1}, {}, natural));
}

TEST_CASE("updates of one sparse Gaussian from several threads agree with those of one", "[family][gaussian_pattern]") {
  Stream stream(18, Purpose::test, 0);
  const GaussianPattern pattern = pattern_of(1 + 10 + 40 + 10, nested_and_crossed(10, 4, 5, 200, stream));
  const auto family = make_gaussian_pattern(pattern);
  std::vector<Values> natural, alone, together(8, Values(family->size()));
  std::vector<std::thread> threads;
  double log_partition = 0;
  for (std::size_t t = 0; t < together.size(); ++t) {
    natural.push_back(random_natural(pattern, stream));
    alone.emplace_back(family->size());
    REQUIRE(!family->update(natural.back(), alone.back(), log_partition));
  }
  for (std::size_t t = 0; t < together.size(); ++t) {
    threads.emplace_back([&, t] {
      double own = 0;
      for (int n = 0; n < 50; ++n) (void)family->update(natural[t], together[t], own);
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(together == alone);
}

TEST_CASE("the cost of a sparse Gaussian follows its fill", "[family][gaussian_pattern]") {
  const GaussianCost star = gaussian_cost(pattern_of(1001, arrow(1001))), full = gaussian_cost(pattern_of(400, all_pairs(400)));
  CHECK(!star.dense);
  CHECK(star.products < 10 * 1001);
  CHECK(star.bytes < 8 * 4 * 1001);
  CHECK(full.dense);
  CHECK(full.bytes >= 8 * 400 * 400);
  CHECK_THAT(full.products, WithinRel(0.55 * 400 * 400 * 400, 0.5));
}

}  // namespace jensen::family
