#include "run/kernels/most_probable_path.hpp"

#include <algorithm>
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

struct Path {
  double log_density = 0;
  std::vector<std::int64_t> states;
};

Path path_of(const LinkedRows& rows, std::int64_t step = tile_rows) {
  run::MostProbablePath path(rows.levels, rows.forest(), rows.links.data(), rows.kinds);
  std::vector<double> natural;
  for (std::int64_t end = rows.rows(); end > 0; end -= std::min(step, end)) {
    const std::int64_t first = std::max<std::int64_t>(0, end - step);
    rows.tile(first, end - first, natural);
    path.upward(first, end - first, natural.data());
  }
  Path found;
  found.log_density = path.log_density();
  for (std::int64_t first = 0; first < rows.rows(); first += step) {
    std::vector<std::int32_t> states(tile_rows);
    const std::int64_t count = std::min(step, rows.rows() - first);
    path.downward(first, count, states.data());
    found.states.insert(found.states.end(), states.begin(), states.begin() + count);
  }
  return found;
}

long double log_weight(const LinkedRows& rows, const std::vector<std::int64_t>& state) {
  long double weight = 0;
  for (std::size_t p = 0; p < state.size(); ++p) {
    const auto row = static_cast<std::int64_t>(p);
    weight += rows.eta(row, state[p]);
    if (rows.previous[p] >= 0) weight += rows.theta(row, state[static_cast<std::size_t>(rows.previous[p])], state[p]);
  }
  return weight;
}

}  // namespace

TEST_CASE("most probable states by enumeration", "[kernels]") {
  family::Stream stream(21, family::Purpose::test, 0);
  for (int repeat = 0; repeat < 60; ++repeat) {
    const auto count = 1 + static_cast<std::int64_t>(stream.below(8)), levels = 1 + static_cast<std::int64_t>(stream.below(4));
    for (const bool tree : {false, true}) {
      const LinkedRows rows = with_parameters(tree ? random_forest(count, stream) : chains(count, 5), levels, 2, 2.0, stream);
      long double best = -inf;
      std::vector<std::int64_t> states;
      enumerate(rows, [&](const std::vector<std::int64_t>& state, long double weight) {
        if (weight > best) states = state;
        best = std::max(best, weight);
      });
      const Path path = path_of(rows);
      CHECK(path.states == states);
      CHECK_THAT(path.log_density, WithinAbs(static_cast<double>(best), 1e-12));
    }
  }
}

TEST_CASE("most probable states: the density is that of the states, wherever tiles are cut", "[kernels]") {
  family::Stream stream(22, family::Purpose::test, 0);
  for (const std::int64_t levels : {2, 16, 300}) {
    for (const bool tree : {false, true}) {
      const LinkedRows rows = with_parameters(tree ? random_forest(1000, stream) : chains(1000, 1000), levels, 1, 2.0, stream);
      const Path path = path_of(rows), cut = path_of(rows, 37);
      CHECK_THAT(path.log_density, WithinRel(static_cast<double>(log_weight(rows, path.states)), 1e-13));
      CHECK(*std::max_element(path.states.begin(), path.states.end()) >= levels - 1 - levels / 4);
      CHECK(cut.states == path.states);
      CHECK(cut.log_density == path.log_density);
    }
  }
}

TEST_CASE("most probable states: ties, forbidden transitions, impossible rows", "[kernels]") {
  family::Stream stream(23, family::Purpose::test, 0);
  for (const bool tree : {false, true}) {
    LinkedRows rows = with_parameters(tree ? random_forest(50, stream) : chains(50, 50), 3, 1, 0.0, stream);
    CHECK(path_of(rows).states == std::vector<std::int64_t>(50, 0));
    for (const double none : {-inf, -1e290}) {
      rows.links[rows.link_at(0, 0, 0)] = none;
      const Path path = path_of(rows);
      for (std::size_t p = 0; p < 50; ++p) {
        if (rows.previous[p] >= 0) CHECK((path.states[p] > 0 || path.states[static_cast<std::size_t>(rows.previous[p])] > 0));
      }
      CHECK(path.log_density == 0);
    }
    for (std::int64_t k = 0; k < 3; ++k) rows.eta(20, k) = -inf;
    CHECK(path_of(rows).log_density == -inf);
  }
  CHECK(path_of(with_parameters({}, 3, 1, 1.0, stream)).log_density == 0);
}
