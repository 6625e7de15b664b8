#include "family/common.hpp"

#include <fmt/format.h>

namespace jensen::family {
namespace {

std::string latex(const Statistic& statistic) {
  switch (statistic.kind) {
    case StatisticKind::power:
      return statistic.power == 1 ? "v" : fmt::format("v^{{{}}}", statistic.power);
    case StatisticKind::pair:
      return "v v^\\top";
    case StatisticKind::log:
      return "\\log v";
    case StatisticKind::log1m:
      return "\\log(1-v)";
    case StatisticKind::indicator:
      return "[v=k]";
    case StatisticKind::log_det:
      return "\\log|v|";
    case StatisticKind::inverse:
      return "v^{-1}";
    case StatisticKind::cosine:
      return "\\cos v";
    case StatisticKind::sine:
      return "\\sin v";
    case StatisticKind::function:
    case StatisticKind::expression:
      return fmt::format("f_{{{}}}(v)", statistic.id);
    case StatisticKind::scaled:
      return "r x";
    case StatisticKind::scaled_pair:
      return "r x x^\\top";
  }
  return "v";  // only for a value outside the enumeration
}

}  // namespace

Layout make_layout(const std::vector<std::pair<Statistic, std::size_t>>& statistics) {
  Layout layout;
  std::size_t offset = 0;
  for (const auto& [statistic, size] : statistics) {
    layout.push_back({statistic, offset, size});
    offset += size;
  }
  return layout;
}

std::string eta(const Statistic& statistic) { return fmt::format("η[{}]", to_text(statistic, "v")); }

std::string eta_latex(const Statistic& statistic) { return fmt::format("\\eta_{{{}}}", latex(statistic)); }

std::optional<Improper> not_finite(std::span<const double> natural) {
  for (std::size_t i = 0; i < natural.size(); ++i)
    if (!std::isfinite(natural[i])) return Improper{fmt::format("natural parameter {} of {} is not finite ({})", i + 1, natural.size(), natural[i])};
  return std::nullopt;
}

}  // namespace jensen::family
