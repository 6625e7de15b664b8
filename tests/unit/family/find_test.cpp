#include <limits>
#include <set>
#include "catch.hpp"

#include "family/family.hpp"

namespace jensen::family {
namespace {

const Statistic linear{StatisticKind::power, 1}, quadratic{StatisticKind::power, 2}, log_value{StatisticKind::log, 1}, log1m{StatisticKind::log1m, 1},
    indicator{StatisticKind::indicator, 1}, log_det{StatisticKind::log_det, 1}, inverse{StatisticKind::inverse, 1};

Statistic power(double p) { return {StatisticKind::power, p}; }

std::string found(Support support, std::vector<Statistic> statistics, bool point = false) {
  const auto kind = find_family({support, std::move(statistics)}, point);
  return kind ? kind->name() : "none";
}
std::string found(SupportKind support, std::vector<Statistic> statistics, bool point = false) {
  return found(Support{support}, std::move(statistics), point);
}

}  // namespace

TEST_CASE("a real variable in linear and quadratic statistics is normal", "[family][find]") {
  CHECK(found(SupportKind::real, {linear, quadratic}) == "normal");
  CHECK(found(SupportKind::real, {linear, quadratic}, true) == "normal");
  CHECK(found(SupportKind::real, {linear}) == "normal");
  CHECK(found(SupportKind::real, {}) == "normal");
  CHECK(found(SupportKind::real, {linear, Statistic::pair()}) == "mvnormal");
  CHECK(found(SupportKind::real, {linear, quadratic, Statistic::pair()}) == "mvnormal");
  CHECK(found(SupportKind::real, {linear, power(4)}) == "none");
  CHECK(found(SupportKind::real, {linear, log_value}) == "none");
}

TEST_CASE("a positive variable in its log and one power is a power of a gamma", "[family][find]") {
  CHECK(found(SupportKind::positive, {linear, log_value}) == "gamma");
  CHECK(found(SupportKind::positive, {linear}) == "gamma");
  CHECK(found(SupportKind::positive, {log_value}) == "gamma");
  CHECK(found(SupportKind::positive, {power(-1), log_value}) == "inverse_gamma");
  CHECK(found(SupportKind::positive, {power(-2), log_value}) == "power_gamma");
  CHECK(found(SupportKind::positive, {power(-2), log_value}, true) == "power_gamma");
  CHECK(find_family({{SupportKind::positive}, {power(-2), log_value}}, false)->power == -2);
  CHECK(found(SupportKind::positive, {linear, log1m}) == "none");
}

TEST_CASE("a positive variable in two opposite powers is a power of a generalised inverse Gaussian", "[family][find]") {
  CHECK(found(SupportKind::positive, {power(-1), linear, log_value}) == "generalised_inverse_gaussian");
  CHECK(found(SupportKind::positive, {power(-1), linear}) == "generalised_inverse_gaussian");
  CHECK(found(SupportKind::positive, {quadratic, power(-2), log_value}, true) == "power_generalised_inverse_gaussian");
  CHECK(find_family({{SupportKind::positive}, {quadratic, power(-2), log_value}}, false)->power == 2);
  CHECK(found(SupportKind::positive, {power(-2), linear, log_value}) == "none");
  CHECK(found(SupportKind::positive, {power(-1), linear, quadratic}) == "none");
}

TEST_CASE("a positive variable in its value and square is a normal cut off at 0, unless its log occurs", "[family][find]") {
  CHECK(found(SupportKind::positive, {linear, quadratic}) == "truncated_normal");
  CHECK(found(SupportKind::positive, {linear, quadratic}, true) == "truncated_normal");
  CHECK(found(SupportKind::positive, {quadratic}) == "power_gamma");
  CHECK(found(SupportKind::positive, {linear, quadratic, log_value}) == "none");
  const auto kind = find_family({{SupportKind::positive}, {linear, quadratic}}, false);
  CHECK(kind->low == 0);
  CHECK(kind->high == std::numeric_limits<double>::infinity());
}

TEST_CASE("on an interval: normal cut off, power law of a positive one, uniform for no statistics at all", "[family][find]") {
  const Support interval{SupportKind::interval, 2, 5}, around_zero{SupportKind::interval, -1, 1};
  CHECK(found(interval, {}) == "truncated_normal");
  CHECK(found(interval, {linear}) == "truncated_normal");
  CHECK(found(interval, {quadratic}) == "truncated_normal");
  CHECK(found(interval, {log_value}) == "power_law");
  CHECK(found(interval, {log_value}, true) == "power_law");
  CHECK(found(interval, {linear, log_value}) == "none");
  CHECK(found(around_zero, {log_value}) == "none");
  CHECK(found(SupportKind::unit, {linear, quadratic}) == "truncated_normal");
  CHECK(find_family({interval, {log_value}}, false)->low == 2);
  CHECK(find_family({interval, {linear}}, false)->high == 5);
  CHECK(find_family({{SupportKind::unit}, {linear}}, false)->high == 1);
}

TEST_CASE("an angle in its cosine and sine is von Mises", "[family][find]") {
  const Statistic cosine{StatisticKind::cosine, 1}, sine{StatisticKind::sine, 1};
  CHECK(found(SupportKind::angle, {cosine, sine}) == "von_mises");
  CHECK(found(SupportKind::angle, {sine}) == "von_mises");
  CHECK(found(SupportKind::angle, {}) == "von_mises");
  CHECK(found(SupportKind::angle, {linear}) == "none");
}

TEST_CASE("shares are beta and Dirichlet, levels categorical", "[family][find]") {
  CHECK(found(SupportKind::unit, {log_value, log1m}) == "beta");
  CHECK(found(SupportKind::unit, {}) == "beta");
  CHECK(found(SupportKind::unit, {linear, log1m}) == "none");
  CHECK(found(Support{SupportKind::interval, 0, 1}, {log_value}) == "beta");
  CHECK(found(Support{SupportKind::interval, 0, 1}, {}) == "beta");
  CHECK(found(SupportKind::simplex, {log_value}) == "dirichlet");
  CHECK(found(SupportKind::simplex, {linear}) == "none");
  CHECK(found(SupportKind::boolean, {indicator}) == "categorical");
  CHECK(found(SupportKind::category, {}) == "categorical");
  CHECK(found(SupportKind::count, {linear}) == "none");
}

TEST_CASE("positive definite matrices are Wishart or inverse Wishart by their statistics, whichever type was declared", "[family][find]") {
  for (const SupportKind support : {SupportKind::precision, SupportKind::covariance}) {
    CHECK(found(support, {linear, log_det}) == "wishart");
    CHECK(found(support, {log_det, inverse}) == "inverse_wishart");
    CHECK(found(support, {linear, log_det, inverse}) == "none");
  }
  CHECK(found(SupportKind::precision, {log_det}) == "wishart");
  CHECK(found(SupportKind::covariance, {log_det}) == "inverse_wishart");
  CHECK(found(SupportKind::correlation, {log_det}) == "none");
}

TEST_CASE("the instance of a kind has the kind's name and statistics", "[family][find]") {
  using Kind = FamilyKind::Kind;
  FamilyKind mvnormal{Kind::gaussian};
  mvnormal.multivariate = true;
  for (const FamilyKind& kind :
       {FamilyKind{Kind::gaussian}, mvnormal, FamilyKind{Kind::gamma_power, 1}, FamilyKind{Kind::gamma_power, -1}, FamilyKind{Kind::gamma_power, -2},
        FamilyKind{Kind::gig_power, 1}, FamilyKind{Kind::gig_power, 2}, FamilyKind{Kind::von_mises}, FamilyKind{Kind::power_law},
        FamilyKind{Kind::truncated_normal}, FamilyKind{Kind::beta}, FamilyKind{Kind::dirichlet}, FamilyKind{Kind::categorical},
        FamilyKind{Kind::wishart}, FamilyKind{Kind::inverse_wishart}}) {
    const auto family = make_family(kind, {kind.kind == Kind::gaussian && !kind.multivariate ? std::size_t{1} : std::size_t{3}});
    CAPTURE(kind.name());
    CHECK(family->name() == kind.name());
    std::vector<Statistic> statistics;
    std::size_t offset = 0;
    for (const LayoutEntry& entry : family->layout()) {
      CHECK(entry.offset == offset);
      offset += entry.size;
      statistics.push_back(entry.statistic);
    }
    CHECK(statistics == kind.statistics());
    CHECK(offset == family->size());
    CHECK(family->formulas().size() == family->usual_parameters().size());
  }
}

TEST_CASE("each family is described in one line", "[family][find]") {
  const std::vector<std::string> lines = describe_families();
  CHECK(lines.front() == "normal {x, x^2} on real");
  CHECK(std::set<std::string>(lines.begin(), lines.end()).size() == 15);
}

}  // namespace jensen::family
