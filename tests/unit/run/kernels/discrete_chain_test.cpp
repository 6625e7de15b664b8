#include "run/kernels/discrete_chain.hpp"

#include <limits>

#include "catch.hpp"
#include "unit/run/kernels/linked_rows.hpp"

using namespace jensen;
using namespace jensen::test;
using Catch::Matchers::WithinAbs;
using Catch::Matchers::WithinRel;
using run::tile_rows;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();

struct Sums {
  double log_partition = 0;
  std::vector<double> mean, links;  // laid out as `own` and `links`
  std::optional<std::int64_t> impossible;
};

// Both passes in tiles that end at the given positions besides.
Sums both_passes(run::DiscreteChain& chain, const LinkedRows& rows, std::int64_t step = tile_rows) {
  std::vector<double> natural(static_cast<std::size_t>(rows.levels * tile_rows), 7.0);
  for (std::int64_t end = rows.rows(); end > 0; end -= std::min(step, end)) {
    const std::int64_t first = std::max<std::int64_t>(0, end - step);
    rows.tile(first, end - first, natural);
    chain.upward(first, end - first, natural.data());
  }
  Sums sums;
  sums.log_partition = chain.log_partition();
  sums.impossible = chain.impossible();
  for (std::int64_t first = 0; first < rows.rows(); first += step) {
    const std::int64_t count = std::min(step, rows.rows() - first);
    std::vector<double> mean(static_cast<std::size_t>(rows.levels * tile_rows), 7.0);
    chain.downward(first, count, mean.data());
    for (std::int64_t i = 0; i < tile_rows; ++i) {
      for (std::int64_t k = 0; k < rows.levels; ++k) {
        const double q = mean[static_cast<std::size_t>(k * tile_rows + i)];
        if (i < count) sums.mean.push_back(q);
        if (i >= count && q != 0) FAIL("mean " << q << " in place " << i << " after " << count << " rows");
      }
    }
  }
  sums.links = chain.link_sums();
  return sums;
}

Sums sums_of(const LinkedRows& rows, std::int64_t step = tile_rows) {
  run::DiscreteChain chain(rows.levels, rows.forest(), rows.links.data(), rows.kinds);
  return both_passes(chain, rows, step);
}

using Reals = std::vector<long double>;

void check_close(const std::vector<double>& found, const Reals& expected, long double total, double tolerance) {
  REQUIRE(found.size() == expected.size());
  double worst = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const auto e = static_cast<double>(expected[i] / total);
    const double error = std::abs(found[i] - e) / std::max(1.0, e);
    worst = error <= worst ? worst : error;  // NaN counts
  }
  INFO("largest error " << worst << ", at most " << tolerance);
  CHECK((worst <= tolerance));
}

void check_by_enumeration(const LinkedRows& rows) {
  long double peak = -inf, total = 0;
  enumerate(rows, [&](const auto&, long double weight) { peak = std::max(peak, weight); });
  Reals mean(rows.own.size()), links(rows.links.size());
  enumerate(rows, [&](const std::vector<std::int64_t>& state, long double weight) {
    const long double mass = std::exp(weight - peak);
    total += mass;
    for (std::size_t p = 0; p < state.size(); ++p) {
      mean[p * static_cast<std::size_t>(rows.levels) + static_cast<std::size_t>(state[p])] += mass;
      if (rows.previous[p] >= 0) links[rows.link_at(rows.link[p], state[static_cast<std::size_t>(rows.previous[p])], state[p])] += mass;
    }
  });
  const Sums sums = sums_of(rows);
  const auto expected = static_cast<double>(peak + std::log(total));
  CHECK_THAT(sums.log_partition, WithinAbs(expected, 1e-12 * (1 + std::abs(expected))));
  CHECK_FALSE(sums.impossible);
  check_close(sums.mean, mean, total, 1e-12);
  check_close(sums.links, links, total, 1e-12);
}

long double log_sum(const Reals& x) {
  long double peak = -inf, total = 0;
  for (const long double v : x) peak = std::max(peak, v);
  for (const long double v : x) total += std::exp(v - peak);
  return peak + std::log(total);
}

// Subtracts log Σ exp and returns it.
long double normalise(long double* x, std::int64_t count) {
  const long double total = log_sum(Reals(x, x + count));
  for (std::int64_t i = 0; i < count; ++i) x[i] -= total;
  return total;
}

// Forward-backward in logarithms, on one sequence; each row, and each pair of rows, has mass 1.
void check_by_logarithms(const LinkedRows& rows, double tolerance) {
  const std::int64_t count = rows.rows(), levels = rows.levels;
  const auto at = [&](std::int64_t p, std::int64_t k) { return static_cast<std::size_t>(p * levels + k); };
  Reals forward(rows.own.size()), backward(rows.own.size(), 0), mean(rows.own.size()), links(rows.links.size());
  Reals term(static_cast<std::size_t>(levels)), pairs(static_cast<std::size_t>(levels * levels));
  long double log_partition = 0;
  for (std::int64_t p = 0; p < count; ++p) {
    for (std::int64_t k = 0; k < levels; ++k) {
      for (std::int64_t j = 0; p > 0 && j < levels; ++j) term[at(0, j)] = forward[at(p - 1, j)] + rows.theta(p, j, k);
      forward[at(p, k)] = rows.eta(p, k) + (p > 0 ? log_sum(term) : 0);
    }
    log_partition += normalise(&forward[at(p, 0)], levels);
  }
  for (std::int64_t p = count - 1; p >= 0; --p) {
    for (std::int64_t j = 0; p + 1 < count && j < levels; ++j) {
      for (std::int64_t k = 0; k < levels; ++k) term[at(0, k)] = rows.theta(p + 1, j, k) + rows.eta(p + 1, k) + backward[at(p + 1, k)];
      backward[at(p, j)] = log_sum(term);
    }
    normalise(&backward[at(p, 0)], levels);
    for (std::int64_t k = 0; k < levels; ++k) term[at(0, k)] = forward[at(p, k)] + backward[at(p, k)];
    normalise(term.data(), levels);
    for (std::int64_t k = 0; k < levels; ++k) mean[at(p, k)] = std::exp(term[at(0, k)]);
    for (std::int64_t j = 0; p > 0 && j < levels; ++j) {
      for (std::int64_t k = 0; k < levels; ++k) pairs[at(j, k)] = forward[at(p - 1, j)] + rows.theta(p, j, k) + rows.eta(p, k) + backward[at(p, k)];
    }
    if (p == 0) break;
    normalise(pairs.data(), levels * levels);
    for (std::size_t i = 0; i < pairs.size(); ++i) links[rows.link_at(rows.link[static_cast<std::size_t>(p)], 0, 0) + i] += std::exp(pairs[i]);
  }
  const Sums sums = sums_of(rows);
  CHECK_THAT(sums.log_partition, WithinRel(static_cast<double>(log_partition), 1e-14));
  check_close(sums.mean, mean, 1, tolerance);
  check_close(sums.links, links, 1, tolerance);
}

}  // namespace

TEST_CASE("linked rows: log partition, means and link sums by enumeration", "[kernels]") {
  family::Stream stream(11, family::Purpose::test, 0);
  for (int repeat = 0; repeat < 60; ++repeat) {
    const auto rows = 1 + static_cast<std::int64_t>(stream.below(8)), levels = 1 + static_cast<std::int64_t>(stream.below(4));
    const auto kinds = 1 + static_cast<std::int64_t>(stream.below(3));
    for (const double spread : {1.0, 20.0}) {
      check_by_enumeration(with_parameters(random_forest(rows, stream), levels, kinds, spread, stream));
      check_by_enumeration(with_parameters(chains(rows, 3), levels, kinds, spread, stream));
    }
  }
}

TEST_CASE("linked rows: a long chain against logarithms of more digits", "[kernels]") {
  for (const std::int64_t levels : {1, 2, 3, 5, 8, 11, 16, 17, 30, 33}) {
    family::Stream stream(12, family::Purpose::test, static_cast<std::uint64_t>(levels));
    check_by_logarithms(with_parameters(chains(2000, 2000), levels, 1, 1.0, stream), 1e-12);
    check_by_logarithms(with_parameters(chains(300, 300), levels, 3, 10.0, stream), 1e-12);
  }
}

TEST_CASE("linked rows: the means are derivatives of the log partition", "[kernels]") {
  family::Stream stream(13, family::Purpose::test, 0);
  for (const bool tree : {false, true}) {
    LinkedRows rows = with_parameters(tree ? random_forest(40, stream) : chains(40, 9), 3, 2, 1.0, stream);
    const Sums sums = sums_of(rows);
    const auto check = [&](double& parameter, double derivative) {
      const double before = parameter, step = 1e-4;
      parameter = before + step;
      const double above = sums_of(rows).log_partition;
      parameter = before - step;
      const double below = sums_of(rows).log_partition;
      parameter = before;
      CHECK_THAT((above - below) / (2 * step), WithinAbs(derivative, 1e-6));
    };
    for (std::size_t i = 0; i < rows.own.size(); i += 7) check(rows.own[i], sums.mean[i]);
    for (std::size_t i = 0; i < rows.links.size(); ++i) check(rows.links[i], sums.links[i]);
  }
}

TEST_CASE("linked rows: tiles may be cut anywhere, to the bit", "[kernels]") {
  family::Stream stream(14, family::Purpose::test, 0);
  for (const std::int64_t levels : {2, 3, 7, 12, 16, 40}) {
    for (const bool tree : {false, true}) {
      const LinkedRows rows = with_parameters(tree ? random_forest(700, stream) : chains(700, 400), levels, 2, 2.0, stream);
      const Sums whole = sums_of(rows);
      for (const std::int64_t step : {1, 5, 100, 255}) {
        const Sums cut = sums_of(rows, step);
        CHECK(cut.log_partition == whole.log_partition);
        CHECK(cut.mean == whole.mean);
        CHECK(cut.links == whole.links);
      }
    }
  }
}

TEST_CASE("linked rows: passes repeat, with other links too", "[kernels]") {
  family::Stream stream(15, family::Purpose::test, 0);
  for (const bool tree : {false, true}) {
    const LinkedRows rows = with_parameters(tree ? random_forest(300, stream) : chains(300, 300), 4, 1, 1.0, stream);
    LinkedRows other = rows;
    for (double& theta : other.links) theta = stream.normal();
    run::DiscreteChain chain(4, rows.forest(), rows.links.data(), 1);
    const Sums first = both_passes(chain, rows);
    chain.set_links(other.links.data());
    CHECK(both_passes(chain, other).links == sums_of(other).links);
    chain.set_links(rows.links.data());
    const Sums again = both_passes(chain, rows);
    CHECK(again.log_partition == first.log_partition);
    CHECK(again.mean == first.mean);
    CHECK(again.links == first.links);
  }
}

TEST_CASE("linked rows: impossible transitions and states stay exactly zero", "[kernels]") {
  family::Stream stream(16, family::Purpose::test, 0);
  for (const double none : {-inf, -1e290, -2e200}) {
    for (const bool tree : {false, true}) {
      LinkedRows rows = with_parameters(tree ? random_forest(8, stream) : chains(8, 8), 3, 1, 1.0, stream);
      rows.links[rows.link_at(0, 1, 0)] = rows.links[rows.link_at(0, 2, 0)] = rows.links[rows.link_at(0, 2, 1)] = none;
      rows.eta(5, 0) = none;
      rows.eta(7, 1) = none;
      check_by_enumeration(rows);
      const Sums sums = sums_of(rows);
      CHECK(sums.links[rows.link_at(0, 2, 1)] == 0);
      CHECK(sums.mean[5 * 3] == 0);
    }
  }
}

TEST_CASE("linked rows: a position without any state is told of", "[kernels]") {
  family::Stream stream(17, family::Purpose::test, 0);
  for (const double none : {-inf, -1e290}) {
    for (const bool tree : {false, true}) {
      LinkedRows rows = with_parameters(tree ? random_forest(20, stream) : chains(20, 20), 3, 1, 1.0, stream);
      for (std::int64_t k = 0; k < 3; ++k) rows.eta(17, k) = rows.eta(6, k) = none;
      const Sums sums = sums_of(rows);
      CHECK(sums.impossible == 6);
      CHECK(sums.log_partition == -inf);
      for (const double q : sums.mean) CHECK(std::isfinite(q));
    }
  }
  LinkedRows stuck = with_parameters(chains(5, 5), 2, 1, 1.0, stream);  // no state of row 2 leads to one of row 3
  for (double& theta : stuck.links) theta = -inf;
  CHECK(sums_of(stuck).impossible == 0);
  CHECK(sums_of(stuck).log_partition == -inf);
}

TEST_CASE("linked rows: no rows, one row, one state", "[kernels]") {
  family::Stream stream(18, family::Purpose::test, 0);
  const LinkedRows nothing = with_parameters({}, 3, 1, 1.0, stream);
  CHECK(sums_of(nothing).log_partition == 0);
  CHECK(sums_of(nothing).links == std::vector<double>(9, 0.0));
  check_by_enumeration(with_parameters({-1}, 5, 1, 1.0, stream));
  LinkedRows alone = with_parameters({-1, -1, -1}, 2, 1, 1.0, stream);
  alone.kinds = 0;
  alone.links.clear();
  check_by_enumeration(alone);
  LinkedRows sure = with_parameters(chains(1000, 1000), 1, 1, 1.0, stream);
  long double expected = 999 * static_cast<long double>(sure.links[0]);
  for (const double eta : sure.own) expected += eta;
  const Sums sums = sums_of(sure);
  CHECK_THAT(sums.log_partition, WithinAbs(static_cast<double>(expected), 1e-12));
  CHECK_THAT(sums.links[0], WithinRel(999.0, 1e-14));
}

TEST_CASE("linked rows: nothing overflows or vanishes", "[kernels]") {
  family::Stream stream(19, family::Purpose::test, 0);
  for (const double shift : {-5e4, 0.0, 5e4}) {
    LinkedRows rows = with_parameters(chains(2000, 2000), 4, 1, 60.0, stream);  // rows that disagree by hundreds of nats
    for (double& eta : rows.own) eta += shift;
    check_by_logarithms(rows, 1e-11);  // θ of hundreds of nats is a factor known to 3e-14, and counts vary by a hundred
    LinkedRows flat = with_parameters(chains(2000, 2000), 4, 1, 1.0, stream);  // links that do not sum to 1
    for (double& theta : flat.links) theta = shift;
    check_by_logarithms(flat, 1e-12);
  }
  // A row on which many hang that agree: its sum is Σ_j exp η(j) Π_c Σ_k exp(θ(j, k) + η_c(k)).
  LinkedRows star = with_parameters(std::vector<std::int32_t>(3001, 0), 3, 1, 4.0, stream);
  star.previous[0] = -1;
  Reals log_beta;
  for (std::int64_t j = 0; j < 3; ++j) {
    log_beta.push_back(star.eta(0, j));
    for (std::int64_t c = 1; c <= 3000; ++c) {
      Reals term;
      for (std::int64_t k = 0; k < 3; ++k) term.push_back(static_cast<long double>(star.theta(c, j, k)) + star.eta(c, k));
      log_beta.back() += log_sum(term);
    }
  }
  CHECK_THAT(sums_of(star).log_partition, WithinRel(static_cast<double>(log_sum(log_beta)), 1e-13));
}
