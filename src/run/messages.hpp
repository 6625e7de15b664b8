// The wording of what a run has to tell people.
#pragma once

#include <string>
#include <vector>

#include "diagnostics/diagnostic.hpp"

namespace jensen::run {

// `name` is an element as the user would write it: `mu[2]`.
Diagnostic improper_q(const std::string& name, const std::string& reason);
Diagnostic elbo_decreased(const std::string& block, double before, double after, int iteration);
Diagnostic elbo_not_finite(const std::string& block, int iteration);
Diagnostic all_collapsed(const std::string& name, const std::string& reason, int restarts);
// A location without a best value of its own.
Diagnostic undetermined(const std::string& name, const std::string& reason);
Diagnostic stopped();
Diagnostic init_not_json(const std::string& what);
Diagnostic init_unknown_variable(const std::string& name, const std::vector<std::string>& known);
Diagnostic init_unknown_key(const std::string& variable, const std::string& key, const std::vector<std::string>& known);
Diagnostic init_wrong_size(const std::string& variable, const std::string& key, const std::string& found, const std::string& expected);
Diagnostic init_not_a_number(const std::string& variable, const std::string& key);
Diagnostic init_incomplete(const std::string& variable, const std::vector<std::string>& known);
Diagnostic init_improper(const std::string& name, const std::string& reason);
Diagnostic unknown_map(const std::string& name, const std::vector<std::string>& known);
Diagnostic no_most_probable(const std::string& name, const std::string& reason);
Diagnostic unknown_rows(const std::string& name, const std::vector<std::string>& known);

}  // namespace jensen::run
