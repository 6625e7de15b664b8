// Conjugacy is found here: from the support of a variable and the set of statistics in which the log joint contains it, nothing else.
// A family matches if it has all of the statistics; those of the family that do not occur get natural parameter 0, and whether the
// result is proper is seen when the numbers are known.
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "family/families.hpp"

namespace jensen::family {
namespace {

using Kind = FamilyKind::Kind;

bool within(const std::vector<Statistic>& statistics, const FamilyKind& kind) {
  const std::vector<Statistic> held = kind.statistics();
  return std::all_of(statistics.begin(), statistics.end(), [&](const Statistic& s) { return std::find(held.begin(), held.end(), s) != held.end(); });
}

std::optional<FamilyKind> match(const std::vector<Statistic>& statistics, const FamilyKind& kind) {
  return within(statistics, kind) ? std::optional(kind) : std::nullopt;
}

// Real: x and x² of one number; a pair makes it a vector, whose own squares are pairs (i, i).
std::optional<FamilyKind> find_gaussian(const std::vector<Statistic>& statistics) {
  FamilyKind kind{Kind::gaussian};
  kind.multivariate = std::find(statistics.begin(), statistics.end(), Statistic::pair()) != statistics.end();
  std::vector<Statistic> needed = statistics;
  if (kind.multivariate) std::erase(needed, Statistic{StatisticKind::power, 2});
  return match(needed, kind);
}

// Positive: at most one power beside the log; with none, the power 1.
std::optional<FamilyKind> find_gamma_power(const std::vector<Statistic>& statistics) {
  FamilyKind kind{Kind::gamma_power};
  const auto power = std::find_if(statistics.begin(), statistics.end(), [](const Statistic& s) { return s.kind == StatisticKind::power; });
  if (power != statistics.end()) kind.power = power->power;
  return kind.power == 0 ? std::nullopt : match(statistics, kind);
}

// Positive: two powers are those of a generalised inverse Gaussian where they are opposite, of a normal cut off at 0 where they are 1 and 2.
std::optional<FamilyKind> find_positive(const std::vector<Statistic>& statistics) {
  std::vector<double> powers;
  for (const Statistic& s : statistics)
    if (s.kind == StatisticKind::power) powers.push_back(s.power);
  std::sort(powers.begin(), powers.end());
  if (powers.size() != 2) return find_gamma_power(statistics);
  if (powers[0] == -powers[1]) return match(statistics, {Kind::gig_power, powers[1]});
  FamilyKind cut_off{Kind::truncated_normal};
  cut_off.high = std::numeric_limits<double>::infinity();
  return match(statistics, cut_off);
}

// Positive definite: the determinant with the matrix or with its inverse; with neither, the form that the declared type suggests.
std::optional<FamilyKind> find_positive_definite(const std::vector<Statistic>& statistics, SupportKind support) {
  const FamilyKind wishart{Kind::wishart}, inverse_wishart{Kind::inverse_wishart};
  const bool inverse_first = support == SupportKind::covariance;
  if (auto found = match(statistics, inverse_first ? inverse_wishart : wishart)) return found;
  return match(statistics, inverse_first ? wishart : inverse_wishart);
}

bool is_unit(const Support& support) {
  return support.kind == SupportKind::unit || (support.kind == SupportKind::interval && support.low == 0 && support.high == 1);
}

// Interval: beta where the interval is (0, 1) and its logs suffice; then a normal cut off, which for no statistics at all is uniform.
std::optional<FamilyKind> find_on_interval(const std::vector<Statistic>& statistics, const Support& support) {
  const bool unit = is_unit(support);
  if (unit && within(statistics, {Kind::beta})) return FamilyKind{Kind::beta};
  FamilyKind cut_off{Kind::truncated_normal}, power_law{Kind::power_law};
  cut_off.low = power_law.low = unit ? 0 : support.low;
  cut_off.high = power_law.high = unit ? 1 : support.high;
  if (auto found = match(statistics, cut_off)) return found;
  return power_law.low >= 0 ? match(statistics, power_law) : std::nullopt;
}

std::string braces(const FamilyKind& kind, const std::string& variable) {
  std::string text;
  for (const Statistic& statistic : kind.statistics()) text += (text.empty() ? "" : ", ") + to_text(statistic, variable);
  return "{" + text + "}";
}

}  // namespace

std::string FamilyKind::name() const {
  switch (kind) {
    case Kind::gaussian:
      return multivariate ? "mvnormal" : "normal";
    case Kind::gamma_power:
      return power == 1 ? "gamma" : power == -1 ? "inverse_gamma" : "power_gamma";
    case Kind::beta:
      return "beta";
    case Kind::dirichlet:
      return "dirichlet";
    case Kind::categorical:
      return "categorical";
    case Kind::wishart:
      return "wishart";
    case Kind::inverse_wishart:
      return "inverse_wishart";
    case Kind::gig_power:
      return power == 1 || power == -1 ? "generalised_inverse_gaussian" : "power_generalised_inverse_gaussian";
    case Kind::von_mises:
      return "von_mises";
    case Kind::power_law:
      return "power_law";
    case Kind::truncated_normal:
      return "truncated_normal";
    case Kind::normal_gamma:
      return "normal_gamma";
    case Kind::normal_wishart:
      return "normal_wishart";
    case Kind::normal_inverse_wishart:
      return "normal_inverse_wishart";
    case Kind::scalar:
      return "scalar";
    case Kind::optimised:
      return "newton";
    case Kind::discrete_network:
      return "discrete_network";
    case Kind::gaussian_pattern:
      return "mvnormal";
  }
  return "unknown";  // only for a value outside the enumeration
}

std::vector<Statistic> FamilyKind::statistics() const {
  const Statistic linear{StatisticKind::power, 1}, log{StatisticKind::log, 1}, log_det{StatisticKind::log_det, 1};
  switch (kind) {
    case Kind::gaussian:
      return {linear, multivariate ? Statistic::pair() : Statistic{StatisticKind::power, 2}};
    case Kind::gamma_power:
      return {log, {StatisticKind::power, power}};
    case Kind::beta:
      return {log, {StatisticKind::log1m, 1}};
    case Kind::dirichlet:
      return {log};
    case Kind::categorical:
      return {{StatisticKind::indicator, 1}};
    case Kind::wishart:
      return {log_det, linear};
    case Kind::inverse_wishart:
      return {log_det, {StatisticKind::inverse, 1}};
    case Kind::gig_power:
      return {log, {StatisticKind::power, power}, {StatisticKind::power, -power}};
    case Kind::von_mises:
      return {{StatisticKind::cosine, 1}, {StatisticKind::sine, 1}};
    case Kind::power_law:
      return {log};
    case Kind::truncated_normal:
      return {linear, {StatisticKind::power, 2}};
    case Kind::normal_gamma:
      return {log, {StatisticKind::power, power}, {StatisticKind::scaled, 1}, {StatisticKind::scaled_pair, 1}};
    case Kind::normal_wishart:
      return {log_det, linear, {StatisticKind::scaled, 1}, {StatisticKind::scaled_pair, 1}};
    case Kind::normal_inverse_wishart:
      return {log_det, {StatisticKind::inverse, 1}, {StatisticKind::scaled, 1}, {StatisticKind::scaled_pair, 1}};
    case Kind::scalar:
    case Kind::optimised:
      return listed;
    case Kind::discrete_network:
      return {{StatisticKind::indicator, 1}};
    case Kind::gaussian_pattern:
      return {linear, Statistic::pair()};
  }
  return {};  // only for a value outside the enumeration
}

// The table is the same for a q and for a point: a mode needs the same statistics as a mean.
std::optional<FamilyKind> find_family(const Signature& signature, bool /*point*/) {
  const std::vector<Statistic>& statistics = signature.statistics;
  switch (signature.support.kind) {
    case SupportKind::real:
      return find_gaussian(statistics);
    case SupportKind::positive:
      return find_positive(statistics);
    case SupportKind::unit:
    case SupportKind::interval:
      return find_on_interval(statistics, signature.support);
    case SupportKind::angle:
      return match(statistics, {Kind::von_mises});
    case SupportKind::boolean:
    case SupportKind::category:
      return match(statistics, {Kind::categorical});
    case SupportKind::simplex:
      return match(statistics, {Kind::dirichlet});
    case SupportKind::covariance:
    case SupportKind::precision:
      return find_positive_definite(statistics, signature.support.kind);
    case SupportKind::count:
    case SupportKind::bounded_count:
    case SupportKind::integer:
    case SupportKind::ordered:
    case SupportKind::correlation:
    case SupportKind::lower_triangular:
      return std::nullopt;
  }
  return std::nullopt;
}

std::vector<std::string> describe_families() {
  const auto line = [](const FamilyKind& kind, const std::string& support) {
    return fmt::format("{} {} on {}", kind.name(), braces(kind, "x"), support);
  };
  FamilyKind mvnormal{Kind::gaussian};
  mvnormal.multivariate = true;
  return {line({Kind::gaussian}, "real"),
          line(mvnormal, "vector"),
          line({Kind::gamma_power, 1}, "positive"),
          line({Kind::gamma_power, -1}, "positive"),
          "power_gamma {log x, x^p} on positive, for any one power p",
          line({Kind::gig_power, 1}, "positive"),
          "power_generalised_inverse_gaussian {log x, x^p, x^-p} on positive, for any one power p",
          line({Kind::truncated_normal}, "positive, unit or interval"),
          line({Kind::power_law}, "interval"),
          line({Kind::von_mises}, "angle"),
          line({Kind::beta}, "unit"),
          line({Kind::dirichlet}, "simplex"),
          line({Kind::categorical}, "bool or category"),
          line({Kind::wishart}, "precision or covariance"),
          line({Kind::inverse_wishart}, "covariance or precision")};
}

std::unique_ptr<const Family> make_family(const FamilyKind& kind, FamilySize size) {
  switch (kind.kind) {
    case Kind::gaussian:
      return kind.multivariate || size.dimension > 1 ? make_gaussian(size.dimension) : make_normal();
    case Kind::gamma_power:
      return make_gamma_power(kind.power);
    case Kind::beta:
      return make_beta();
    case Kind::dirichlet:
      return make_dirichlet(size.dimension);
    case Kind::categorical:
      return make_categorical(size.dimension);
    case Kind::wishart:
      return make_wishart(size.dimension);
    case Kind::inverse_wishart:
      return make_inverse_wishart(size.dimension);
    case Kind::gig_power:
      return make_gig_power(kind.power);
    case Kind::von_mises:
      return make_von_mises();
    case Kind::power_law:
      return make_power_law(kind.low, kind.high);
    case Kind::truncated_normal:
      return make_truncated_normal(kind.low, kind.high);
    case Kind::normal_gamma:
      return make_normal_gamma(size.dimension, kind.power);
    case Kind::normal_wishart:
      return make_normal_wishart(size.dimension, false);
    case Kind::normal_inverse_wishart:
      return make_normal_wishart(size.dimension, true);
    case Kind::scalar:
    case Kind::optimised:
    case Kind::discrete_network:
    case Kind::gaussian_pattern:
      return nullptr;  // these need more than a size: made where that is known
  }
  return nullptr;  // only for a value outside the enumeration
}

}  // namespace jensen::family
