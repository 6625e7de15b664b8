#include "family/statistic.hpp"

#include "catch.hpp"

namespace jensen {

TEST_CASE("statistics read as formulas of the variable's name", "[family][statistic]") {
  CHECK(to_text(Statistic{StatisticKind::power, 1}, "mu") == "mu");
  CHECK(to_text(Statistic{StatisticKind::power, 2}, "mu") == "mu^2");
  CHECK(to_text(Statistic{StatisticKind::power, -1}, "s") == "s^-1");
  CHECK(to_text(Statistic{StatisticKind::power, 0.5}, "s") == "s^0.5");
  CHECK(to_text(Statistic::pair(), "x") == "x x^T");
  CHECK(to_text(Statistic{StatisticKind::log, 1}, "x") == "log x");
  CHECK(to_text(Statistic{StatisticKind::log1m, 1}, "p") == "log(1 - p)");
  CHECK(to_text(Statistic{StatisticKind::indicator, 1}, "z") == "[z = k]");
  CHECK(to_text(Statistic{StatisticKind::log_det, 1}, "P") == "log|P|");
  CHECK(to_text(Statistic{StatisticKind::inverse, 1}, "S") == "S^-1");
}

TEST_CASE("supports read as the types of the language", "[family][statistic]") {
  CHECK(to_text(SupportKind::real) == "real");
  CHECK(to_text(SupportKind::boolean) == "bool");
  CHECK(to_text(SupportKind::integer) == "int");
  CHECK(to_text(SupportKind::lower_triangular) == "lower_triangular");
}

}  // namespace jensen
