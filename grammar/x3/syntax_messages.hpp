// What a mistake in the text is called: the only file of the front end with sentences for the user, besides those of `to_ast`.
#pragma once

#include <string_view>

#include "x3/state.hpp"

namespace jensen::grammar {

// `where`: the text from which nothing more could be taken; `expected`: in words; `statement`: where its statement begins.
Diagnostic syntax_error(const ParseState& state, const char* statement, const char* where, std::string_view expected);

// Whether what follows on the line is no part of the language (a comment in another language's manner).
bool skips_rest_of_line(const Diagnostic& diagnostic);

// Whether a reserved word at this offset was meant as a name, so that no statement begins with it.
bool is_misplaced_word(const Diagnostic& diagnostic, std::uint32_t offset);

Diagnostic unmatched_brace(const ParseState& state, const char* where);
Diagnostic nested_too_deep(const ParseState& state, const char* where);
Diagnostic file_too_large(std::size_t bytes, std::size_t limit);

}  // namespace jensen::grammar
