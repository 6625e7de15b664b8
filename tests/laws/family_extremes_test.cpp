// Members at the edge of floating point: finite, and exact to the digits that their parameters have.
#include <Eigen/Core>
#include <Eigen/Geometry>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <vector>

#include "catch.hpp"
#include "family/family.hpp"

namespace jensen::family {
namespace {

using Catch::Matchers::WithinAbs;
using Catch::Matchers::WithinRel;
using Kind = FamilyKind::Kind;
using Values = std::vector<double>;

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

bool all_finite(const Values& values) {
  return std::all_of(values.begin(), values.end(), [](double x) { return std::isfinite(x); });
}

}  // namespace

TEST_CASE("extreme: Dirichlet of concentration 1e-8 in 10,000 entries", "[family][laws]") {
  const auto family = make_family({Kind::dirichlet}, {10000});
  const Values natural(10000, 1e-8 - 1);
  const Update at = update(*family, natural);
  const double concentration = natural[0] + 1;
  CHECK_THAT(at.mean[17], WithinRel(-1 / concentration, 1e-3));
  CHECK_THAT(at.log_partition, WithinRel(-10000 * std::log(concentration), 1e-3));
  Stream stream(1, Purpose::test, 0);
  Values draw(10000);
  family->draw(natural, stream, draw);
  CHECK_THAT(std::accumulate(draw.begin(), draw.end(), 0.0), WithinAbs(1, 1e-12));
}

TEST_CASE("extreme: gamma of shape 1e-3 and 1e8: mean and log mean as by series", "[family][laws]") {
  const auto gamma = make_family({Kind::gamma_power, 1}, {});
  const Update small = update(*gamma, {1e-3 - 1, -2}), large = update(*gamma, {1e8 - 1, -1e8});
  CHECK_THAT(small.mean[0], WithinRel(-1000.5755719318102797 - std::log(2), 1e-12));
  CHECK_THAT(small.mean[1], WithinRel(5e-4, 1e-12));
  CHECK_THAT(large.mean[0], WithinRel(-5e-9, 1e-6));  // ψ(s) − log s = −1/(2s) − ...
  CHECK_THAT(large.mean[1], WithinRel(1.0, 1e-15));
  const double entropy = large.log_partition - dot({1e8 - 1, -1e8}, large.mean);
  CHECK_THAT(entropy, WithinAbs(0.5 * std::log(2 * std::numbers::pi * std::exp(1.0) / 1e8), 1e-6));  // normal of variance 1/s
}

TEST_CASE("extreme: beta of 1e10 and 1: the share missing is 1e-10", "[family][laws]") {
  const auto beta = make_family({Kind::beta}, {});
  const Update at = update(*beta, {1e10 - 1, 0});
  CHECK_THAT(at.mean[0], WithinRel(-1e-10, 1e-12));
  CHECK_THAT(at.log_partition, WithinRel(-std::log(1e10), 1e-13));
}

TEST_CASE("extreme: Wishart and normal with condition 1e12", "[family][laws]") {
  const Eigen::Vector3d eigenvalues(1, 1e-6, 1e-12);
  const Eigen::Matrix3d rotation = (Eigen::AngleAxisd(0.7, Eigen::Vector3d(1, 2, 3).normalized())).toRotationMatrix();
  const Eigen::Matrix3d scale_inverse = rotation * eigenvalues.asDiagonal() * rotation.transpose();
  Values natural{1};
  for (Eigen::Index i = 0; i < 9; ++i) natural.push_back(-0.5 * scale_inverse.data()[i]);
  const Update at = update(*make_family({Kind::wishart}, {3}), natural);
  CHECK_THAT(at.log_partition, WithinRel(3 * (std::log(1e18) + 3 * std::log(2)) + 3 * 2 / 4.0 * std::log(std::numbers::pi) + std::lgamma(3.0) +
                                             std::lgamma(2.5) + std::lgamma(2.0),
                                         1e-5));
  CHECK(all_finite(at.mean));
  Values gaussian{1, 1, 1};
  gaussian.insert(gaussian.end(), natural.begin() + 1, natural.end());
  const Update normal = update(*make_family(FamilyKind{Kind::gaussian, 1, true}, {3}), gaussian);
  CHECK(all_finite(normal.mean));
}

TEST_CASE("extreme: data scaled by 1e150 and 1e-150 is either exact or a reason", "[family][laws]") {
  const auto normal = make_family({Kind::gaussian}, {});
  for (const double unit : {1e150, 1e-150}) {
    const Update at = update(*normal, {3 / unit, -0.5 / unit / unit});
    CHECK_THAT(at.mean[0], WithinRel(3 * unit, 1e-14));
    CHECK_THAT(at.mean[1], WithinRel(10 * unit * unit, 1e-14));
  }
}

}  // namespace jensen::family
