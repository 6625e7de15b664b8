#include "family/elimination.hpp"

#include <catch.hpp>
#include <cmath>
#include <set>
#include <stdexcept>

#include "family/families.hpp"

namespace jensen::family {
namespace {

// About two pairs for each of 2 to 25 variables, and now and then a triple.
DiscreteNetwork random_pairs(Stream& stream) {
  DiscreteNetwork network;
  const std::size_t variables = 2 + stream.below(24);
  for (std::size_t v = 0; v < variables; ++v) network.levels.push_back(static_cast<std::int32_t>(2 + stream.below(3)));
  for (std::size_t s = 0; s < 2 * variables; ++s) {
    std::set<std::int32_t> scope;
    for (std::size_t i = 0; i < 2 + (s % 7 == 0 ? 1 : 0); ++i) scope.insert(static_cast<std::int32_t>(stream.below(variables)));
    network.scopes.emplace_back(scope.begin(), scope.end());
  }
  return network;
}

}  // namespace

TEST_CASE("discrete network: the cost counts the cells of the maximal cliques, however many they are", "[family][network]") {
  DiscreteNetwork chain{std::vector<std::int32_t>(10000, 4), {}};
  for (std::int32_t t = 1; t < 10000; ++t) chain.scopes.push_back({t - 1, t});
  CHECK(elimination_cost({{3, 4}, {{0}, {0, 1}, {1}}}) == 12);
  CHECK(elimination_cost(chain) == 9999 * 16);
  CHECK(elimination_cost({{2, 2, 2, 2}, {{0, 1}, {1, 2}, {2, 3}, {0, 3}}}) == 16);  // a cycle of four: two triangles
  CHECK(elimination_cost({{5, 2, 5, 2}, {{0, 1}, {1, 2}, {2, 3}, {0, 3}}}) == 40);  // cut between the small ones
  CHECK(elimination_cost({{2, 7}, {}}) == 9);
  DiscreteNetwork star{std::vector<std::int32_t>(5001, 3), {}}, complete{std::vector<std::int32_t>(400, 1000000), {}};
  for (std::int32_t i = 1; i <= 5000; ++i) star.scopes.push_back({0, i});
  CHECK(elimination_cost(star) == 5000 * 9);
  for (std::int32_t i = 0; i < 400; ++i)
    for (std::int32_t j = i + 1; j < 400; ++j) complete.scopes.push_back({i, j});
  CHECK(elimination_cost(complete) > 1e300);
  CHECK(std::isfinite(elimination_cost(complete)));
  CHECK_THROWS_AS(make_discrete_network(complete), std::length_error);
}

TEST_CASE("elimination: an order of all variables, each step's later neighbours being a clique of the rest", "[family][network]") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Stream stream(seed, Purpose::test, 57);
    const DiscreteNetwork network = random_pairs(stream);
    const Elimination elimination = eliminate(network, 1e30);
    REQUIRE(elimination.order.size() == network.levels.size());
    std::vector<std::set<std::int32_t>> joined(network.levels.size());
    const auto join = [&](const auto& variables) {
      for (const std::int32_t a : variables)
        for (const std::int32_t b : variables)
          if (a != b) joined[static_cast<std::size_t>(a)].insert(b);
    };
    for (const auto& scope : network.scopes) join(scope);
    const auto fill = [&](std::size_t v) {
      int missing = 0;
      for (const std::int32_t a : joined[v])
        for (const std::int32_t b : joined[v]) missing += a < b && !joined[static_cast<std::size_t>(a)].contains(b);
      return missing;
    };
    std::set<std::size_t> left;
    for (std::size_t v = 0; v < network.levels.size(); ++v) left.insert(v);
    for (std::size_t s = 0; s < elimination.order.size(); ++s) {
      const auto v = static_cast<std::size_t>(elimination.order[s]);
      CAPTURE(seed, s);
      CHECK(elimination.neighbours[s] == std::vector<std::int32_t>(joined[v].begin(), joined[v].end()));
      for (const std::size_t u : left) CHECK(fill(v) <= fill(u));
      join(elimination.neighbours[s]);
      for (auto& others : joined) others.erase(static_cast<std::int32_t>(v));
      left.erase(v);
    }
  }
}

}  // namespace jensen::family
