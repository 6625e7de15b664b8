// The wording of what simulation and prediction have to tell people.
#pragma once

#include <string>
#include <vector>

#include "diagnostics/diagnostic.hpp"

namespace jensen::simulate {

Diagnostic not_drawable(const std::string& distribution, const std::string& reason, SourceSpan span);
Diagnostic improper_draw(const std::string& element, const std::string& distribution, const std::string& reason, SourceSpan span);
Diagnostic covariates_without_data(const std::vector<std::string>& names);
Diagnostic params_without_value(const std::vector<std::string>& names);
Diagnostic element_without_value(const std::string& element, SourceSpan span);
Diagnostic adds_to_density(const std::string& name, SourceSpan span);
Diagnostic unknown_extent(const std::string& extent, SourceSpan span);
Diagnostic wrong_values(const std::string& what);
Diagnostic wrong_value_count(const std::string& name, std::size_t found, std::size_t expected);
Diagnostic unknown_value(const std::string& name, const std::vector<std::string>& known);

}  // namespace jensen::simulate
