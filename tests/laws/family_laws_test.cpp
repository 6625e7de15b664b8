// The laws that make a family: they are stated once, for any family, and checked on random members of each.
#include <Eigen/Core>
#include <algorithm>
#include <boost/math/quadrature/sinh_sinh.hpp>
#include <cmath>
#include <functional>
#include <limits>
#include <numbers>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "catch.hpp"
#include "family/family.hpp"

namespace jensen::family {
namespace {

using Catch::Matchers::WithinAbs;
using Catch::Matchers::WithinRel;
using Kind = FamilyKind::Kind;
using Values = std::vector<double>;

// A family with a way to draw usual parameters, and a smooth map from R^m (m its number of free coordinates) onto its support.
struct Case {
  std::string name;
  std::unique_ptr<const Family> family;
  std::function<Values(Stream&)> random_usual;
  std::size_t coordinates;                                             // 0 for a discrete family
  std::function<double(const Values& coordinates, Values&)> to_value;  // returns log |dv / d coordinates|
  std::optional<std::vector<Values>> improper_members = {};            // where not those of the other families; none if every finite η is proper
  bool mode_at_edge = false;                                           // where the loss about the mode is of first order
  bool angle = false;                                                  // mean and spread of the value are circular
};

double between(Stream& stream, double low, double high) { return low + (high - low) * stream.uniform(); }
double scale(Stream& stream) { return std::exp(between(stream, -2, 2)); }

Values vector_of(Stream& stream, std::size_t size, double (*entry)(Stream&)) {
  Values values(size);
  for (double& value : values) value = entry(stream);
  return values;
}

// A well-conditioned positive definite matrix, row-major.
Values positive_definite(Stream& stream, std::size_t side) {
  const auto d = static_cast<Eigen::Index>(side);
  Eigen::MatrixXd root = Eigen::MatrixXd::NullaryExpr(d, d, [&] { return stream.normal(); });
  const Eigen::MatrixXd m = root * root.transpose() / static_cast<double>(side) + 0.5 * Eigen::MatrixXd::Identity(d, d);
  return {m.data(), m.data() + m.size()};
}

Values with_matrix(double first, const Values& matrix) {
  Values values{first};
  values.insert(values.end(), matrix.begin(), matrix.end());
  return values;
}

double identity_map(const Values& u, Values& value) {
  value = u;
  return 0;
}

double exp_map(const Values& u, Values& value) {
  value = {std::exp(u[0])};
  return u[0];
}

// Softmax with last coordinate 0: the Jacobian of the first K − 1 entries is the product of all K.
double simplex_map(const Values& u, Values& value) {
  value = u;
  value.push_back(0);
  const double largest = *std::max_element(value.begin(), value.end());
  double total = 0, log_jacobian = 0;
  for (double& v : value) total += v = std::exp(v - largest);
  for (double& v : value) log_jacobian += std::log(v /= total);
  return log_jacobian;
}

// A double near 1 cannot tell 1 − v, so exponents below 0 are left to the Dirichlet distribution of two entries.
double unit_map(const Values& u, Values& value) {
  const double log_jacobian = simplex_map(u, value);
  value.resize(1);
  return log_jacobian;
}

// (low, high) by the logistic function; a half line by exp. Written from the nearer end, so that a narrow interval far out keeps its digits.
std::function<double(const Values&, Values&)> interval_map(double low, double high) {
  if (high == std::numeric_limits<double>::infinity())
    return [low](const Values& u, Values& value) {
      value = {low + std::exp(u[0])};
      return u[0];
    };
  return [low, high](const Values& u, Values& value) {
    const double share = 1 / (1 + std::exp(-std::abs(u[0]))), rest = std::exp(-std::abs(u[0])) * share;
    value = {u[0] < 0 ? low + (high - low) * rest : high - (high - low) * rest};
    return std::log(high - low) + std::log(share) + std::log(rest);
  };
}

// L Lᵀ with L = (e^u0, 0; sinh u1, e^u2): the distinct entries of L Lᵀ have Jacobian 2² L11² L22 in those of L.
double matrix2_map(const Values& u, Values& value) {
  const double l11 = std::exp(u[0]), l21 = std::sinh(u[1]), l22 = std::exp(u[2]);
  value = {l11 * l11, l11 * l21, l11 * l21, l21 * l21 + l22 * l22};
  return std::log(4.0) + 3 * u[0] + 2 * u[2] + std::log(std::cosh(u[1]));
}

// The inverse of such a matrix: d(M⁻¹) = |M|^−(D + 1) dM (Muirhead 1982, theorem 2.1.8). Its tails are those of a power, and narrow ridges in M's own
// L.
double inverse2_map(const Values& u, Values& value) {
  const double log_jacobian = matrix2_map(u, value), log_det = 2 * (u[0] + u[2]), det = std::exp(log_det);
  value = {value[3] / det, -value[1] / det, -value[1] / det, value[0] / det};
  return log_jacobian - 3 * log_det;
}

FamilyKind vector_kind() {
  FamilyKind kind{Kind::gaussian};
  kind.multivariate = true;
  return kind;
}

Case gamma_case(double power) {
  const auto usual = [power](Stream& stream) {
    Values values{between(stream, 0.6, 6), scale(stream)};
    if (power != 1 && power != -1) values.push_back(power);
    return values;
  };
  return {"power " + std::to_string(power), make_family({Kind::gamma_power, power}, {}), usual, 1, exp_map};
}

Case gaussian_case(std::size_t d) {
  const auto usual = [d](Stream& stream) {
    Values values = vector_of(stream, d, [](Stream& s) { return s.normal(); });
    const Values precision = positive_definite(stream, d);
    values.insert(values.end(), precision.begin(), precision.end());
    return values;
  };
  return {"gaussian " + std::to_string(d), make_family(vector_kind(), {d}), usual, d, identity_map};
}

Case gig_case(double power) {
  const auto usual = [power](Stream& stream) {
    Values values{between(stream, -3, 3), scale(stream), scale(stream)};
    if (power != 1 && power != -1) values.push_back(power);
    return values;
  };
  return {"power " + std::to_string(power), make_family({Kind::gig_power, power}, {}), usual, 1, exp_map};
}

Case von_mises_case() {
  const auto usual = [](Stream& stream) { return Values{between(stream, -3.1, 3.1), scale(stream)}; };
  Case c{"angle", make_family({Kind::von_mises}, {}), usual, 1, interval_map(-std::numbers::pi, std::numbers::pi)};
  c.improper_members = std::vector<Values>{};
  c.angle = true;
  return c;
}

FamilyKind between_ends(Kind which, double low, double high) {
  FamilyKind kind{which};
  kind.low = low;
  kind.high = high;
  return kind;
}

// On a finite interval the shape may have any sign; 2.5 and more beyond the ends where an end is 0 or infinite, so that moments exist.
Case power_law_case(double low, double high) {
  const bool bounded = low > 0 && std::isfinite(high);
  const auto usual = [bounded](Stream& stream) { return Values{bounded ? between(stream, -4, 4) : between(stream, 4.5, 9)}; };
  Case c{std::to_string(low) + " to " + std::to_string(high), make_family(between_ends(Kind::power_law, low, high), {}), usual, 1,
         interval_map(low, high)};
  c.improper_members = bounded ? std::vector<Values>{} : low == 0 ? std::vector<Values>{{-1}, {-3}} : std::vector<Values>{{0}, {3}};
  c.mode_at_edge = true;
  return c;
}

Case truncated_normal_case(double low, double high) {
  const double middle = std::isfinite(high) ? 0.5 * (low + high) : low, width = std::isfinite(high) ? high - low : 1;
  const auto usual = [middle, width](Stream& stream) { return Values{middle + width * between(stream, -2, 2), width * scale(stream)}; };
  Case c{std::to_string(low) + " to " + std::to_string(high), make_family(between_ends(Kind::truncated_normal, low, high), {}), usual, 1,
         interval_map(low, high)};
  c.improper_members = std::isfinite(high) ? std::vector<Values>{} : std::vector<Values>{{0, 0}, {2, 0}, {-2, 0.1}, {2, 3}};
  c.mode_at_edge = true;
  return c;
}

Case dirichlet_case(std::size_t k) {
  const auto usual = [k](Stream& stream) { return vector_of(stream, k, [](Stream& s) { return between(s, 0.5, 5); }); };
  return {"dirichlet " + std::to_string(k), make_family({Kind::dirichlet}, {k}), usual, k - 1, simplex_map};
}

Case matrix_case(Kind kind, std::size_t side) {
  const auto usual = [side](Stream& stream) {
    return with_matrix(static_cast<double>(side) + between(stream, 3.5, 9), positive_definite(stream, side));
  };
  const std::size_t coordinates = side * (side + 1) / 2;
  const auto map = side == 1 ? exp_map : kind == Kind::wishart ? matrix2_map : inverse2_map;
  return {"matrix " + std::to_string(side), make_family({kind}, {side}), usual, coordinates, map};
}

// A scale and a vector: x in units of r^-1/2, in which its width does not depend on the scale.
Case normal_gamma_case(std::size_t d, double power) {
  const auto usual = [d, power](Stream& stream) {
    Values values{between(stream, 1.3, 6), scale(stream)};
    for (std::size_t i = 0; i < d; ++i) values.push_back(stream.normal());
    const Values factor = positive_definite(stream, d);
    values.insert(values.end(), factor.begin(), factor.end());
    if (power != 1 && power != -1) values.push_back(power);
    return values;
  };
  const auto map = [power](const Values& u, Values& value) {
    value = {std::exp(u[0]), u[1] * std::exp(-0.5 * power * u[0])};
    return u[0] - 0.5 * power * u[0];
  };
  FamilyKind kind{Kind::normal_gamma};
  kind.power = power;
  return {"normal_gamma " + std::to_string(d), make_family(kind, {d}), usual, 1 + d, map};
}

Case normal_wishart_case(Kind kind, std::size_t side) {
  const auto usual = [side](Stream& stream) {
    Values values = with_matrix(static_cast<double>(side) + between(stream, 3.5, 9), positive_definite(stream, side));
    for (std::size_t i = 0; i < side; ++i) values.push_back(stream.normal());
    values.push_back(scale(stream));
    return values;
  };
  const double power = kind == Kind::normal_wishart ? 1 : -1;
  const auto map = [power](const Values& u, Values& value) {
    value = {std::exp(u[0]), u[1] * std::exp(-0.5 * power * u[0])};
    return u[0] - 0.5 * power * u[0];
  };
  return {"normal_wishart " + std::to_string(side), make_family({kind}, {side}), usual, side * (side + 1) / 2 + side, map};
}

std::vector<Case> cases() {
  std::vector<Case> all;
  all.push_back({"normal", make_family({Kind::gaussian}, {}), [](Stream& s) { return Values{2 * s.normal(), scale(s)}; }, 1, identity_map});
  all.push_back({"beta", make_family({Kind::beta}, {}), [](Stream& s) { return Values{between(s, 1.2, 6), between(s, 1.2, 6)}; }, 1, unit_map});
  for (const std::size_t d : {1, 2, 4}) all.push_back(gaussian_case(d));
  for (const double p : {1.0, -1.0, 2.0, -2.0, 0.5}) all.push_back(gamma_case(p));
  for (const double p : {1.0, -1.0, 2.0, 0.5}) all.push_back(gig_case(p));
  all.push_back(von_mises_case());
  constexpr double infinity = std::numeric_limits<double>::infinity();
  for (const auto& [low, high] : {std::pair{0.0, 3.0}, {2.0, infinity}, {1.0, 20.0}, {5.0, 5.5}}) all.push_back(power_law_case(low, high));
  for (const auto& [low, high] : {std::pair{0.0, infinity}, {-1.0, 3.0}, {0.0, 1.0}, {20.0, 20.5}}) all.push_back(truncated_normal_case(low, high));
  for (const std::size_t k : {2, 3, 9}) all.push_back(dirichlet_case(k));
  for (const std::size_t k : {2, 5}) {
    const auto usual = [k](Stream& stream) {
      Values p = vector_of(stream, k, [](Stream& s) { return between(s, 0.1, 1); });
      const double total = std::accumulate(p.begin(), p.end(), 0.0);
      for (double& entry : p) entry /= total;
      return p;
    };
    all.push_back({"categorical " + std::to_string(k), make_family({Kind::categorical}, {k}), usual, 0, nullptr});
  }
  for (const std::size_t side : {1, 2, 3}) {
    all.push_back(matrix_case(Kind::wishart, side));
    all.push_back(matrix_case(Kind::inverse_wishart, side));
  }
  for (const std::size_t side : {1, 2, 3}) {
    all.push_back(normal_wishart_case(Kind::normal_wishart, side));
    all.push_back(normal_wishart_case(Kind::normal_inverse_wishart, side));
  }
  for (const double p : {1.0, -1.0, 2.0, -2.0}) all.push_back(normal_gamma_case(1, p));
  all.push_back(normal_gamma_case(3, 1));
  return all;
}

Values random_natural(const Case& c, Stream& stream) {
  Values natural(c.family->size());
  REQUIRE(c.family->from_usual(c.random_usual(stream), natural));
  return natural;
}

struct Update {
  Values mean;
  double log_partition = 0;
};

Update update(const Family& family, const Values& natural) {
  Update result{Values(family.size()), 0};
  REQUIRE(!family.update(natural, result.mean, result.log_partition));
  return result;
}

double dot(const Values& a, const Values& b) { return std::inner_product(a.begin(), a.end(), b.begin(), 0.0); }

double log_kernel(const Family& family, const Values& natural, const Values& value) {
  Values statistics(family.size());
  family.statistics_of(value, statistics);
  return dot(natural, statistics);
}

// Runs `law` on a few random members of every family, with the case named on failure.
template <class Law>
void for_random_members(int members, Law law) {
  std::uint64_t number = 0;
  for (const Case& c : cases()) {
    Stream stream(2024, Purpose::test, number++);
    for (int i = 0; i < members; ++i) {
      const Values natural = random_natural(c, stream);
      INFO(c.family->name() << ", " << c.name << ", member " << i);
      law(c, natural, stream);
    }
  }
}

using Integrand = std::function<double(const Values& coordinates)>;

// Double exponential quadrature for one coordinate; for two and three the trapezoidal rule, which converges exponentially for integrands
// that are analytic and vanish on all sides.
double integrate(std::size_t coordinates, const Integrand& f) {
  if (coordinates == 1) {
    boost::math::quadrature::sinh_sinh<double> quadrature(12);
    return quadrature.integrate([&](double u) { return std::abs(u) > 700 ? 0 : f({u}); }, 1e-12);
  }
  const double low = coordinates == 2 ? -60 : -6.5, step = coordinates == 2 ? 0.15 : 0.11;
  const int nodes = static_cast<int>(-2 * low / step);
  double sum = 0;
  Values u(coordinates);
  std::vector<int> index(coordinates, 0);
  for (std::size_t axis = 0; axis < coordinates;) {
    for (std::size_t j = 0; j < coordinates; ++j) u[j] = low + step * index[j];
    sum += f(u);
    for (axis = 0; axis < coordinates && ++index[axis] == nodes; ++axis) index[axis] = 0;
  }
  return sum * std::pow(step, static_cast<double>(coordinates));
}

// E_q[f] with f given the log density.
double expectation(const Case& c, const Values& natural, double log_partition, const std::function<double(double)>& f) {
  if (c.coordinates == 0) {
    double sum = 0;
    for (std::size_t k = 0; k < c.family->size(); ++k) sum += std::exp(natural[k] - log_partition) * f(natural[k] - log_partition);
    return sum;
  }
  Values value;
  return integrate(c.coordinates, [&](const Values& u) {
    const double log_jacobian = c.to_value(u, value), log_density = log_kernel(*c.family, natural, value) - log_partition;
    const double mass = std::exp(log_density + log_jacobian);
    return mass > 0 && std::isfinite(log_density) ? mass * f(log_density) : 0;
  });
}

}  // namespace

TEST_CASE("law: the mean parameters are the gradient of the log-partition", "[family][laws]") {
  for_random_members(5, [](const Case& c, const Values& natural, Stream&) {
    const Update at = update(*c.family, natural);
    for (std::size_t i = 0; i < natural.size(); ++i) {
      CAPTURE(i);
      const double step = 1e-5 * std::max(0.1, std::abs(natural[i]));
      Values up = natural, down = natural;
      up[i] += step;
      down[i] -= step;
      const double slope = (update(*c.family, up).log_partition - update(*c.family, down).log_partition) / (up[i] - down[i]);
      CHECK_THAT(slope, WithinRel(at.mean[i], 1e-6) || WithinAbs(at.mean[i], 1e-7));
    }
  });
}

TEST_CASE("law: the log-partition is convex between any two members", "[family][laws]") {
  for_random_members(10, [](const Case& c, const Values& first, Stream& stream) {
    const Values second = random_natural(c, stream);
    const double share = stream.uniform();
    Values between_both(first.size()), step(first.size());
    for (std::size_t i = 0; i < first.size(); ++i) {
      between_both[i] = (1 - share) * first[i] + share * second[i];
      step[i] = second[i] - first[i];
    }
    const Update a = update(*c.family, first), b = update(*c.family, second), middle = update(*c.family, between_both);
    const double chord = (1 - share) * a.log_partition + share * b.log_partition;
    CHECK(middle.log_partition <= chord + 1e-12 * (1 + std::abs(chord)));
    CHECK(dot(step, b.mean) >= dot(step, a.mean) - 1e-12 * (1 + std::abs(dot(step, a.mean))));
  });
}

TEST_CASE("law: exp(eta . t - A) sums or integrates to one", "[family][laws]") {
  for_random_members(2, [](const Case& c, const Values& natural, Stream&) {
    if (c.coordinates > 3) return;
    const double total = expectation(c, natural, update(*c.family, natural).log_partition, [](double) { return 1; });
    CHECK_THAT(total, WithinAbs(1, c.coordinates == 1 ? 1e-9 : 1e-7));
  });
}

TEST_CASE("law: the entropy is A - eta . mean", "[family][laws]") {
  for_random_members(2, [](const Case& c, const Values& natural, Stream&) {
    if (c.coordinates > 3) return;
    const Update at = update(*c.family, natural);
    const double entropy = expectation(c, natural, at.log_partition, [](double log_density) { return -log_density; });
    CHECK_THAT(at.log_partition - dot(natural, at.mean), WithinAbs(entropy, (c.coordinates == 1 ? 1e-9 : 1e-6) * (1 + std::abs(entropy))));
  });
}

TEST_CASE("law: the statistics of draws average to the mean parameters, the draws to the mean and spread", "[family][laws]") {
  constexpr int draws = 4000;
  for_random_members(2, [](const Case& c, const Values& natural, Stream& stream) {
    const Family& family = *c.family;
    Values value(family.value_size()), statistics(family.size()), sum(family.size()), squares(family.size());
    Values total(family.value_size());
    for (int i = 0; i < draws; ++i) {
      family.draw(natural, stream, value);
      family.statistics_of(value, statistics);
      for (std::size_t j = 0; j < value.size(); ++j) total[j] += value[j] / draws;
      for (std::size_t j = 0; j < statistics.size(); ++j) {
        sum[j] += statistics[j] / draws;
        squares[j] += statistics[j] * statistics[j] / draws;
      }
    }
    const Update at = update(family, natural);
    for (std::size_t j = 0; j < sum.size(); ++j) {
      CAPTURE(j);
      CHECK_THAT(sum[j], WithinAbs(at.mean[j], 5 * std::sqrt(std::max(0.0, squares[j] - sum[j] * sum[j]) / draws) + 1e-12));
    }
    if (c.coordinates == 0 || c.angle) return;
    Values mean(value.size()), sd(value.size());
    family.moments(natural, mean, sd);
    for (std::size_t j = 0; j < value.size(); ++j) {
      if (std::isnan(sd[j])) continue;
      CAPTURE(j);
      CHECK_THAT(total[j], WithinAbs(mean[j], 5 * sd[j] / std::sqrt(draws)));
    }
  });
}

TEST_CASE("law: the standard deviations are those of the draws", "[family][laws]") {
  constexpr int draws = 4000;
  for_random_members(2, [](const Case& c, const Values& natural, Stream& stream) {
    if (c.coordinates == 0 || c.angle) return;
    Values value(c.family->value_size()), mean(value.size()), sd(value.size()), second(value.size()), fourth(value.size());
    c.family->moments(natural, mean, sd);
    for (int i = 0; i < draws; ++i) {
      c.family->draw(natural, stream, value);
      for (std::size_t j = 0; j < value.size(); ++j) {
        const double square = std::pow(value[j] - mean[j], 2);
        second[j] += square / draws;
        fourth[j] += square * square / draws;
      }
    }
    for (std::size_t j = 0; j < value.size(); ++j) {
      // Where the fourth moment is infinite or nearly so, an average of squares says nothing.
      if (std::isnan(sd[j]) || fourth[j] > 20 * second[j] * second[j]) continue;
      CAPTURE(j);
      CHECK_THAT(second[j], WithinAbs(sd[j] * sd[j], 6 * std::sqrt((fourth[j] - second[j] * second[j]) / draws) + 1e-12));
    }
  });
}

TEST_CASE("law: the mode is stationary and better than its neighbours", "[family][laws]") {
  for_random_members(5, [](const Case& c, const Values& natural, Stream& stream) {
    const Family& family = *c.family;
    Values best(family.value_size());
    if (family.mode(natural, best)) return;  // unbounded members are in the test of reasons below
    const double at_best = log_kernel(family, natural, best);
    REQUIRE(std::isfinite(at_best));
    // Neighbours in the support: other draws, and mixtures with them close by, at which the loss has to be of second order.
    for (int i = 0; i < 20; ++i) {
      Values other(best.size()), near(best.size());
      family.draw(natural, stream, other);
      CHECK(log_kernel(family, natural, other) <= at_best + 1e-9 * (1 + std::abs(at_best)));
      if (c.coordinates == 0) continue;
      for (std::size_t j = 0; j < best.size(); ++j) near[j] = best[j] + 1e-5 * (other[j] - best[j]);
      const double loss = at_best - log_kernel(family, natural, near);
      CHECK(loss >= -1e-9 * (1 + std::abs(at_best)));
      if (!c.mode_at_edge) CHECK(loss <= 1e-5 * (1 + std::abs(at_best)));
    }
  });
}

TEST_CASE("law: usual and natural parameters are inverse to each other", "[family][laws]") {
  for_random_members(5, [](const Case& c, const Values& natural, Stream& stream) {
    const Values usual = c.random_usual(stream);
    Values there(natural.size()), back(usual.size());
    REQUIRE(c.family->from_usual(usual, there));
    c.family->to_usual(there, back);
    for (std::size_t i = 0; i < usual.size(); ++i) CHECK_THAT(back[i], WithinRel(usual[i], 1e-11) || WithinAbs(usual[i], 1e-12));
    std::size_t size = 0;
    for (const Family::UsualParameter& parameter : c.family->usual_parameters()) {
      size += std::accumulate(parameter.shape.begin(), parameter.shape.end(), std::size_t{1}, std::multiplies<>());
    }
    CHECK(size == usual.size());
  });
}

TEST_CASE("law: parameters found from moments have that mean, and that spread where it is one number", "[family][laws]") {
  for_random_members(3, [](const Case& c, const Values& natural, Stream&) {
    const Family& family = *c.family;
    const std::size_t size = c.coordinates == 0 ? family.size() : family.value_size();
    Values mean(size), sd(size), found(family.size()), mean_found(size), sd_found(size);
    family.moments(natural, mean, sd);
    if (std::any_of(mean.begin(), mean.end(), [](double m) { return std::isnan(m); })) return;
    const bool with_spread = std::none_of(sd.begin(), sd.end(), [](double s) { return std::isnan(s); });
    REQUIRE(family.natural_from_moments(mean, with_spread ? std::span<const double>(sd) : std::span<const double>(), found));
    family.moments(found, mean_found, sd_found);
    for (std::size_t i = 0; i < size; ++i) {
      CHECK_THAT(mean_found[i], WithinRel(mean[i], 1e-9) || WithinAbs(mean[i], 1e-10));
      if (with_spread && size == 1) CHECK_THAT(sd_found[i], WithinRel(sd[i], 1e-8));
    }
    REQUIRE(family.natural_from_moments(mean, {}, found));
    family.moments(found, mean_found, sd_found);
    for (std::size_t i = 0; i < size; ++i) CHECK_THAT(mean_found[i], WithinRel(mean[i], 1e-9) || WithinAbs(mean[i], 1e-10));
  });
}

TEST_CASE("law: improper natural parameters have a reason and no mode, never NaN in silence", "[family][laws]") {
  for_random_members(1, [](const Case& c, const Values& natural, Stream&) {
    const auto check = [&](const Values& bad, bool mode_too) {
      Values mean(bad.size()), value(c.family->value_size());
      double log_partition = 0;
      const auto reason = c.family->update(bad, mean, log_partition);
      REQUIRE(reason);
      CHECK(!reason->reason.empty());
      if (mode_too) CHECK(c.family->mode(bad, value));
    };
    for (std::size_t i = 0; i < natural.size(); ++i) {
      CAPTURE(i);
      for (const double bad : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
        Values broken = natural;
        broken[i] = bad;
        check(broken, true);
      }
    }
    if (c.improper_members) {
      for (const Values& bad : *c.improper_members) check(bad, true);
      return;
    }
    if (c.coordinates == 0) return;
    Values reversed = natural;
    for (double& eta : reversed) eta = -std::abs(eta) - 2;  // every shape too small
    if (c.family->layout().front().statistic.kind != StatisticKind::power) {
      for (const LayoutEntry& entry : c.family->layout())
        if (entry.statistic.kind == StatisticKind::power || entry.statistic.kind == StatisticKind::inverse)
          for (std::size_t i = 0; i < entry.size; ++i) reversed[entry.offset + i] = -natural[entry.offset + i];
      check(reversed, true);
    }
    check(Values(natural.size(), c.family->name() == "beta" || c.family->name() == "dirichlet" ? -1.0 : 0.0), true);
  });
}

}  // namespace jensen::family
