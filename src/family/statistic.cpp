#include "family/statistic.hpp"

#include <fmt/format.h>

namespace jensen {

std::string to_text(SupportKind kind) {
  switch (kind) {
    case SupportKind::real:
      return "real";
    case SupportKind::positive:
      return "positive";
    case SupportKind::unit:
      return "unit";
    case SupportKind::interval:
      return "interval";
    case SupportKind::boolean:
      return "bool";
    case SupportKind::count:
      return "count";
    case SupportKind::bounded_count:
      return "bounded count";
    case SupportKind::integer:
      return "int";
    case SupportKind::category:
      return "category";
    case SupportKind::simplex:
      return "simplex";
    case SupportKind::ordered:
      return "ordered";
    case SupportKind::covariance:
      return "covariance";
    case SupportKind::precision:
      return "precision";
    case SupportKind::correlation:
      return "correlation";
    case SupportKind::lower_triangular:
      return "lower_triangular";
    case SupportKind::angle:
      return "angle";
  }
  return "unknown";  // only for a value outside the enumeration
}

bool is_discrete(SupportKind kind) {
  return kind == SupportKind::boolean || kind == SupportKind::category || kind == SupportKind::bounded_count || kind == SupportKind::count ||
         kind == SupportKind::integer;
}

std::string to_text(const Statistic& statistic, const std::string& variable) {
  switch (statistic.kind) {
    case StatisticKind::power:
      return statistic.power == 1 ? variable : fmt::format("{}^{}", variable, statistic.power);
    case StatisticKind::pair:
      return fmt::format("{0} {0}^T", variable);
    case StatisticKind::log:
      return fmt::format("log {}", variable);
    case StatisticKind::log1m:
      return fmt::format("log(1 - {})", variable);
    case StatisticKind::indicator:
      return fmt::format("[{} = k]", variable);
    case StatisticKind::log_det:
      return fmt::format("log|{}|", variable);
    case StatisticKind::inverse:
      return fmt::format("{}^-1", variable);
    case StatisticKind::cosine:
      return fmt::format("cos {}", variable);
    case StatisticKind::sine:
      return fmt::format("sin {}", variable);
    case StatisticKind::function:
    case StatisticKind::expression:
      return fmt::format("f{}({})", statistic.id, variable);
    case StatisticKind::scaled:
      return fmt::format("r {}", variable);
    case StatisticKind::scaled_pair:
      return fmt::format("r {0} {0}^T", variable);
  }
  return "unknown";  // only for a value outside the enumeration
}

}  // namespace jensen
