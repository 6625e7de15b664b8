// Discrete networks against the sum over all configurations, written out.
#include <array>
#include <catch.hpp>
#include <cmath>
#include <limits>
#include <set>

#include "family/families.hpp"

namespace jensen::family {
namespace {

using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::WithinAbs;
using Catch::Matchers::WithinRel;
using Values = std::vector<double>;

constexpr double infinity = std::numeric_limits<double>::infinity();

struct Answer {
  Values mean;
  double log_partition = 0;
};

Answer update(const Family& family, const Values& natural) {
  Answer result{Values(family.size(), -1), 0};
  REQUIRE(!family.update(natural, result.mean, result.log_partition));
  return result;
}

std::string why_not(const Family& family, const Values& natural) {
  Values mean(family.size());
  double log_partition = 0;
  const auto reason = family.update(natural, mean, log_partition);
  REQUIRE(reason);
  return reason->reason;
}

bool next(const DiscreteNetwork& network, Values& value) {
  for (std::size_t v = value.size(); v-- > 0;) {
    if (++value[v] < network.levels[v]) return true;
    value[v] = 0;
  }
  return false;
}

std::vector<std::size_t> cells_of(const DiscreteNetwork& network, const Values& value) {
  std::vector<std::size_t> cells;
  std::size_t offset = 0;
  for (const auto& scope : network.scopes) {
    std::size_t cell = 0, size = 1;
    for (const std::int32_t v : scope) {
      const auto levels = static_cast<std::size_t>(network.levels[static_cast<std::size_t>(v)]);
      cell = cell * levels + static_cast<std::size_t>(value[static_cast<std::size_t>(v)]);
      size *= levels;
    }
    cells.push_back(offset + cell);
    offset += size;
  }
  return cells;
}

double log_weight(const DiscreteNetwork& network, const Values& natural, const Values& value) {
  double sum = 0;
  for (const std::size_t cell : cells_of(network, value)) sum += natural[cell];
  return sum;
}

double largest_log_weight(const DiscreteNetwork& network, const Values& natural) {
  double largest = -infinity;
  Values value(network.levels.size());
  do largest = std::max(largest, log_weight(network, natural, value));
  while (next(network, value));
  return largest;
}

Answer by_enumeration(const DiscreteNetwork& network, const Values& natural) {
  const double largest = largest_log_weight(network, natural);
  Answer result{Values(natural.size()), 0};
  double total = 0;
  Values value(network.levels.size());
  do {
    const double weight = std::exp(log_weight(network, natural, value) - largest);
    total += weight;
    for (const std::size_t cell : cells_of(network, value)) result.mean[cell] += weight;
  } while (next(network, value));
  for (double& mean : result.mean) mean /= total;
  result.log_partition = largest + std::log(total);
  return result;
}

DiscreteNetwork random_network(Stream& stream) {
  DiscreteNetwork network;
  const std::size_t variables = 2 + stream.below(7);
  for (std::size_t v = 0; v < variables; ++v) network.levels.push_back(static_cast<std::int32_t>(stream.below(12) == 0 ? 1 : 2 + stream.below(3)));
  const std::size_t scopes = 1 + stream.below(2 * variables);
  for (std::size_t s = 0; s < scopes; ++s) {
    std::set<std::int32_t> scope;
    for (std::size_t i = 0; i <= stream.below(3); ++i) scope.insert(static_cast<std::int32_t>(stream.below(variables)));
    network.scopes.emplace_back(scope.begin(), scope.end());
  }
  return network;
}

Values random_natural(std::size_t size, double scale, Stream& stream) {
  Values natural(size);
  for (double& entry : natural) entry = scale * stream.normal();
  return natural;
}

DiscreteNetwork chain(std::int32_t length, std::int32_t levels) {
  DiscreteNetwork network;
  network.levels.assign(static_cast<std::size_t>(length), levels);
  for (std::int32_t t = 0; t < length; ++t) network.scopes.push_back({t});
  for (std::int32_t t = 1; t < length; ++t) network.scopes.push_back({t - 1, t});
  return network;
}

// Forward and backward probabilities, scaled to sum 1 at each time (Rabiner 1989, equations 19, 25 and 91).
Answer forward_backward(std::size_t length, std::size_t levels, const Values& natural) {
  const auto single = [&](std::size_t t, std::size_t k) { return std::exp(natural[t * levels + k]); };
  const auto pair = [&](std::size_t t, std::size_t j, std::size_t k) { return length * levels + (t * levels + j) * levels + k; };
  Answer result{Values(natural.size()), 0};
  std::vector<Values> forward(length, Values(levels)), backward(length, Values(levels, 1.0));
  Values scale(length);
  for (std::size_t t = 0; t < length; ++t) {
    for (std::size_t k = 0; k < levels; ++k) {
      double sum = t == 0 ? 1 : 0;
      for (std::size_t j = 0; t > 0 && j < levels; ++j) sum += forward[t - 1][j] * std::exp(natural[pair(t - 1, j, k)]);
      scale[t] += forward[t][k] = sum * single(t, k);
    }
    for (double& entry : forward[t]) entry /= scale[t];
    result.log_partition += std::log(scale[t]);
  }
  for (std::size_t t = length - 1; t-- > 0;) {
    for (std::size_t j = 0; j < levels; ++j) {
      backward[t][j] = 0;
      for (std::size_t k = 0; k < levels; ++k) {
        const double onward = std::exp(natural[pair(t, j, k)]) * single(t + 1, k) * backward[t + 1][k] / scale[t + 1];
        backward[t][j] += onward;
        result.mean[pair(t, j, k)] = forward[t][j] * onward;
      }
    }
  }
  for (std::size_t t = 0; t < length; ++t)
    for (std::size_t k = 0; k < levels; ++k) result.mean[t * levels + k] = forward[t][k] * backward[t][k];
  return result;
}

double largest_difference(const Values& a, const Values& b) {
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::isnan(a[i]) ? infinity : std::max(largest, std::abs(a[i] - b[i]));
  return largest;
}

}  // namespace

TEST_CASE("discrete network: A, marginals and mode of 300 random networks are those of the sum over all configurations", "[family][network]") {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Stream stream(seed, Purpose::test, 51);
    const DiscreteNetwork network = random_network(stream);
    const auto family = make_discrete_network(network);
    const double scale = std::array{0.1, 1.0, 5.0, 300.0}[seed % 4];
    const Values natural = random_natural(family->size(), scale, stream);
    const Answer fast = update(*family, natural), slow = by_enumeration(network, natural);
    CAPTURE(seed, scale);
    CHECK_THAT(fast.log_partition, WithinAbs(slow.log_partition, 1e-12 * std::max(1.0, std::abs(slow.log_partition))));
    CHECK(largest_difference(fast.mean, slow.mean) < 1e-12 * std::max(1.0, scale));
    Values value(network.levels.size()), statistics(family->size());
    REQUIRE(!family->mode(natural, value));
    CHECK_THAT(log_weight(network, natural, value), WithinAbs(largest_log_weight(network, natural), 1e-11 * scale));
    family->statistics_of(value, statistics);
    double at_mode = 0;
    for (std::size_t k = 0; k < natural.size(); ++k) at_mode += natural[k] * statistics[k];
    CHECK_THAT(at_mode, WithinAbs(log_weight(network, natural, value), 1e-11 * scale));
  }
}

TEST_CASE("discrete network: the marginals are the derivatives of A", "[family][network]") {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    Stream stream(seed, Purpose::test, 52);
    const auto family = make_discrete_network(random_network(stream));
    Values natural = random_natural(family->size(), 1, stream);
    const Values mean = update(*family, natural).mean;
    for (std::size_t k = 0; k < natural.size(); ++k) {
      const double kept = natural[k], step = 1e-5;
      natural[k] = kept + step;
      const double above = update(*family, natural).log_partition;
      natural[k] = kept - step;
      const double below = update(*family, natural).log_partition;
      natural[k] = kept;
      CAPTURE(seed, k);
      CHECK_THAT((above - below) / (2 * step), WithinAbs(mean[k], 1e-9));
    }
  }
}

TEST_CASE("discrete network: random forbidden configurations, as -inf or as a large coefficient of log 0", "[family][network]") {
  int impossible = 0, possible = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Stream stream(seed, Purpose::test, 53);
    const DiscreteNetwork network = random_network(stream);
    const auto family = make_discrete_network(network);
    Values natural = random_natural(family->size(), 1, stream), infinite = natural;
    for (std::size_t k = 0; k < natural.size(); ++k) {
      if (stream.uniform() < 0.6) continue;
      natural[k] = stream.uniform() < 0.5 ? -1e290 : -infinity;
      infinite[k] = -infinity;
    }
    CAPTURE(seed);
    Values value(network.levels.size());
    if (largest_log_weight(network, infinite) == -infinity) {
      ++impossible;
      CHECK(why_not(*family, natural) == "every configuration has probability 0");
      CHECK(family->mode(natural, value));
      continue;
    }
    ++possible;
    const Answer fast = update(*family, natural), slow = by_enumeration(network, infinite);
    CHECK_THAT(fast.log_partition, WithinAbs(slow.log_partition, 1e-11));
    CHECK(largest_difference(fast.mean, slow.mean) < 1e-12);
    REQUIRE(!family->mode(natural, value));
    CHECK_THAT(log_weight(network, infinite, value), WithinAbs(largest_log_weight(network, infinite), 1e-11));
    family->draw(natural, stream, value);
    CHECK(log_weight(network, infinite, value) > -infinity);
  }
  CHECK(impossible > 30);
  CHECK(possible > 30);
}

TEST_CASE("discrete network: either = a or b is a relation, and its posterior is by Bayes' rule", "[family][network]") {
  const DiscreteNetwork network{{2, 2, 2}, {{0}, {1}, {0, 1, 2}, {2}}};
  const auto family = make_discrete_network(network);
  const double a = 0.2, b = 0.3, impossible = -1e290;
  Values natural{std::log(1 - a), std::log(a), std::log(1 - b), std::log(b)};
  for (int i = 0; i < 8; ++i) natural.push_back((i / 4 | (i / 2 & 1)) == (i & 1) ? 0 : impossible);
  natural.insert(natural.end(), {impossible, 0});  // the relation holds
  const Answer answer = update(*family, natural);
  const double either = 1 - (1 - a) * (1 - b);
  CHECK_THAT(answer.log_partition, WithinAbs(std::log(either), 1e-15));
  CHECK_THAT(answer.mean[1], WithinAbs(a / either, 1e-15));
  CHECK_THAT(answer.mean[3], WithinAbs(b / either, 1e-15));
  CHECK(answer.mean[4] == 0);
}

TEST_CASE("discrete network: a state that one factor makes 1e-400 times less likely than another can still win by the next factor",
          "[family][network]") {
  DiscreteNetwork network = chain(3, 2);
  const auto family = make_discrete_network(network);
  Values natural(family->size());
  natural[0] = 5000, natural[2] = 3000, natural[5] = 9000;  // each time's own preference
  natural[6 + 1] = natural[6 + 2] = -1e290;                 // the first two are equal
  natural[10 + 0] = natural[10 + 3] = -4000;                // the last two differ
  const Answer fast = update(*family, natural), slow = by_enumeration(network, natural);
  CHECK_THAT(fast.log_partition, WithinRel(slow.log_partition, 1e-15));
  CHECK(largest_difference(fast.mean, slow.mean) < 1e-15);
}

TEST_CASE("discrete network: a chain is the forward-backward recursion", "[family][network]") {
  Stream stream(1, Purpose::test, 54);
  for (const auto& [length, levels] : {std::pair{2, 2}, {17, 3}, {200, 5}, {10000, 4}}) {
    const auto family = make_discrete_network(chain(length, levels));
    const Values natural = random_natural(family->size(), 1, stream);
    const Answer fast = update(*family, natural);
    const Answer recursion = forward_backward(static_cast<std::size_t>(length), static_cast<std::size_t>(levels), natural);
    CAPTURE(length);
    CHECK_THAT(fast.log_partition, WithinRel(recursion.log_partition, 1e-13));
    CHECK(largest_difference(fast.mean, recursion.mean) < 1e-12);
  }
}

TEST_CASE("discrete network: components add up, and a variable in no scope counts its levels", "[family][network]") {
  const auto family = make_discrete_network({{3, 2, 5, 1, 2}, {{0}, {1, 4}}});
  const Answer answer = update(*family, {1, 2, 3, 0.1, 0.2, 0.3, 0.4});
  const double first = std::log(std::exp(1) + std::exp(2) + std::exp(3));
  const double second = std::log(std::exp(0.1) + std::exp(0.2) + std::exp(0.3) + std::exp(0.4));
  CHECK_THAT(answer.log_partition, WithinAbs(first + second + std::log(5), 1e-14));
  CHECK_THAT(answer.mean[6], WithinAbs(std::exp(0.4 - second), 1e-15));
  const auto nothing = make_discrete_network({{}, {}});
  CHECK(update(*nothing, {}).log_partition == 0);
}

TEST_CASE("discrete network: a log weight that is not finite is named by its variables and levels", "[family][network]") {
  const auto family = make_discrete_network({{2, 3}, {{0}, {0, 1}}});
  CHECK(why_not(*family, {0, 0, 0, 0, 0, 0, infinity, 0}) == "the log weight of levels (2, 2) of variables (1, 2) is not finite (inf)");
  CHECK_THAT(why_not(*family, {0, std::nan(""), 0, 0, 0, 0, 0, 0}), ContainsSubstring("levels (2) of variables (1)"));
  Values value(2);
  CHECK(family->mode(Values(8, -infinity), value)->reason == "every configuration has probability 0");
}

TEST_CASE("discrete network: draws have the joint frequencies, also of configurations that no scope holds", "[family][network]") {
  const DiscreteNetwork network{{2, 3, 2, 2}, {{0, 1}, {1, 2}, {2, 3}, {0, 3}, {1}}};
  const auto family = make_discrete_network(network);
  Stream stream(7, Purpose::test, 55);
  const Values natural = random_natural(family->size(), 1, stream);
  const double log_partition = update(*family, natural).log_partition;
  constexpr int draws = 200000;
  std::vector<int> counts(24);
  Values value(4);
  const auto position = [&] { return static_cast<std::size_t>(((value[0] * 3 + value[1]) * 2 + value[2]) * 2 + value[3]); };
  for (int d = 0; d < draws; ++d) {
    family->draw(natural, stream, value);
    ++counts[position()];
  }
  std::fill(value.begin(), value.end(), 0.0);
  double chi_square = 0;  // 23 degrees of freedom: above 60 once in 30,000
  do {
    const double expected = draws * std::exp(log_weight(network, natural, value) - log_partition);
    chi_square += std::pow(counts[position()] - expected, 2) / expected;
  } while (next(network, value));
  CHECK(chi_square < 60);
}

TEST_CASE("discrete network: moments are the marginals, and marginals of single variables give a start", "[family][network]") {
  const auto family = make_discrete_network({{2, 3}, {{0}, {0, 1}, {1}}});
  CHECK(family->layout().size() == 3);
  CHECK(family->layout()[2].offset == 8);
  const Values start{0.25, 0.75, 0, 0, 0, 0, 0, 0, 0.5, 0.5, 0};
  Values natural(11), mean(11);
  REQUIRE(family->natural_from_moments(start, {}, natural));
  family->moments(natural, mean, {});
  for (const std::size_t k : {0, 1, 8, 9, 10}) CHECK_THAT(mean[k], WithinAbs(start[k], 1e-15));
  CHECK_THAT(mean[2 + 4], WithinAbs(0.75 * 0.5, 1e-15));
  CHECK_FALSE(family->natural_from_moments(Values(11, -0.5), {}, natural));
  CHECK_FALSE(family->natural_from_moments(Values(11, 0.0), {}, natural));
}

TEST_CASE("discrete network: a grid costs its narrow side, and agrees with itself turned by a quarter", "[family][network]") {
  const std::int32_t rows = 4, columns = 50;
  DiscreteNetwork grid{std::vector<std::int32_t>(200, 2), {}}, turned = grid;
  const auto add = [&](std::int32_t r, std::int32_t c, std::int32_t r2, std::int32_t c2) {
    grid.scopes.push_back({r * columns + c, r2 * columns + c2});
    turned.scopes.push_back({c * rows + r, c2 * rows + r2});
  };
  for (std::int32_t r = 0; r < rows; ++r) {
    for (std::int32_t c = 0; c < columns; ++c) {
      if (r + 1 < rows) add(r, c, r + 1, c);
      if (c + 1 < columns) add(r, c, r, c + 1);
    }
  }
  CHECK(elimination_cost(grid) < 200 * 64);
  Stream stream(1, Purpose::test, 56);
  const auto family = make_discrete_network(grid);
  const Values natural = random_natural(family->size(), 2, stream);
  const Answer one = update(*family, natural), other = update(*make_discrete_network(turned), natural);
  CHECK_THAT(one.log_partition, WithinRel(other.log_partition, 1e-14));
  CHECK(largest_difference(one.mean, other.mean) < 1e-12);
}

}  // namespace jensen::family
