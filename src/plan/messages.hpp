// The wording of what planning has to tell people.
#pragma once

#include <string>

#include "diagnostics/diagnostic.hpp"

namespace jensen::plan {

Diagnostic unknown_size(const std::string& size);
Diagnostic unbound_variable(const std::string& name);
Diagnostic too_large();
// `where`: "n = 3", or nothing; `why`: what shows it.
Diagnostic not_positive_definite(const std::string& expression, const std::string& where, const std::string& why);
Diagnostic negative_weight(const std::string& expression, double value, const std::string& where);
// Data used as an index.
Diagnostic data_domain(const std::string& expression, double value, const std::string& where);
Diagnostic index_out_of_range(const std::string& variable, std::int64_t first, std::int64_t last, std::int64_t extent);
Diagnostic picks_nothing(const std::string& expression, double value, const std::string& where, std::int64_t first, std::int64_t last);
Diagnostic unsupported_block(const std::string& variables, const std::string& reason, SourceSpan span);
Diagnostic block_too_large(const std::string& cost);
Diagnostic cycle_of_rows(std::int64_t row);
Diagnostic missing_statistic(const std::string& statistic, const std::string& family);

}  // namespace jensen::plan
