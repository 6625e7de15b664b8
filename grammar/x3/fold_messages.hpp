// Messages of `to_ast`: texts that the grammar's rules accept and the language does not.
#pragma once

#include <string_view>

#include "ast.hpp"
#include "x3/state.hpp"
#include "x3/syntax_messages.hpp"

namespace jensen::grammar {

Diagnostic chained_comparison(const ParseState& state, const tree::Place& second_operator);
Diagnostic expression_too_long(SourceSpan place);
Diagnostic not_indexable(const Expr& base, SourceSpan suffix);
Diagnostic number_out_of_range(std::string_view text, SourceSpan place);
Diagnostic log_density_outside_distribution(SourceSpan place);
Diagnostic second_log_density(SourceSpan place, SourceSpan first);
Diagnostic not_a_network_output(SourceSpan place);
Diagnostic not_a_guide(SourceSpan place);
Diagnostic not_a_prediction(SourceSpan place);

}  // namespace jensen::grammar
