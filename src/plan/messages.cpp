#include "plan/messages.hpp"

#include <fmt/format.h>

#include <cmath>

namespace jensen::plan {

Diagnostic unknown_size(const std::string& size) {
  return {.code = "unknown-size", .message = fmt::format("the size `{}` has no value", size), .status = ExitStatus::internal};
}

Diagnostic unbound_variable(const std::string& name) {
  return {.code = "unbound-data", .message = fmt::format("the data variable `{}` has no values", name)};
}

Diagnostic too_large() {
  return {.code = "too-large", .message = "an expression of the data would need more than 2^31 values at once", .status = ExitStatus::unsupported};
}

Diagnostic not_positive_definite(const std::string& expression, const std::string& where, const std::string& why) {
  return {.code = "not-positive-definite",
          .message = fmt::format("the matrix in `{}` is not symmetric and positive definite{}: {}", expression,
                                 where.empty() ? "" : fmt::format(" at {}", where), why)};
}

Diagnostic negative_weight(const std::string& expression, double value, const std::string& where) {
  return {.code = "negative-weight",
          .message =
              fmt::format("the weight `{}` is {}{}: at least 0 was expected", expression, value, where.empty() ? "" : fmt::format(" at {}", where))};
}

Diagnostic data_domain(const std::string& expression, double value, const std::string& where) {
  const std::string place = where.empty() ? "" : fmt::format(" at {}", where);
  return {.code = "data-domain",
          .message = fmt::format("`{}` is {}{}: a finite number was expected", expression,
                                 std::isnan(value) ? "not a number"
                                 : value < 0       ? "minus infinity"
                                                   : "infinite",
                                 place)};
}

Diagnostic index_out_of_range(const std::string& variable, std::int64_t first, std::int64_t last, std::int64_t extent) {
  return {.code = "index-out-of-range",
          .message = fmt::format("an index of `{}` runs over {}..{}, but its extent there is {}", variable, first, last, extent)};
}

Diagnostic picks_nothing(const std::string& expression, double value, const std::string& where, std::int64_t first, std::int64_t last) {
  return {.code = "index-out-of-range",
          .message = fmt::format("`{}` is {}{}, which picks none of {}..{}", expression, value, where.empty() ? "" : " at " + where, first, last),
          .notes = {{Note::Kind::help, "data declared as `category(K)` may have any values: its levels are counted from 1", {}}}};
}

Diagnostic unsupported_block(const std::string& variables, const std::string& reason, SourceSpan span) {
  return {.code = "unsupported-block",
          .message = fmt::format("no update is known for {}: {}", variables, reason),
          .span = span,
          .status = ExitStatus::unsupported};
}

Diagnostic block_too_large(const std::string& cost) { return {.code = "block-too-large", .message = cost, .status = ExitStatus::unsupported}; }

Diagnostic cycle_of_rows(std::int64_t row) {
  return {
      .code = "cycle-of-rows",
      .message = fmt::format("row {} hangs on itself by way of the rows that it names: a tree has a row that hangs on none above every other", row)};
}

Diagnostic missing_statistic(const std::string& statistic, const std::string& family) {
  return {
      .code = "missing-statistic", .message = fmt::format("the family {} has no statistic {}", family, statistic), .status = ExitStatus::internal};
}

}  // namespace jensen::plan
