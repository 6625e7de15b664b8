#include "x3/syntax_messages.hpp"

#include <fmt/format.h>

#include "x3/situation.hpp"

namespace jensen::grammar {
namespace {

constexpr std::size_t longest_quote = 40;

std::string_view view(const char* begin, const char* end) { return {begin, static_cast<std::size_t>(end - begin)}; }

// The last token of the statement that begins before `where`.
std::string_view token_before(const ParseState& state, const char* statement, const char* where) {
  std::string_view token;
  for (const char* p = skip_blanks(statement, where); p < where;) {
    const char* end = token_end(p, state.last);
    token = view(p, end);
    p = skip_blanks(end, state.last);
  }
  return token;
}

// Behind an opening bracket the list is still empty: its first item may come, no comma.
std::string_view refined(std::string_view expected, std::string_view previous) {
  if (expected == "`,` or `)`" && previous == "(") return "an argument or `)`";
  if (expected == "`,` or `]`" && previous == "[") return "an element or `]`";
  return expected;
}

}  // namespace

Situation describe(const ParseState& state, const char* statement, const char* where, std::string_view expected) {
  where = skip_blanks(where, state.last);
  Situation s{state, statement, where, expected, view(where, token_end(where, state.last)), token_before(state, statement, where), false};
  s.expected = refined(expected, s.previous);
  if (!s.previous.empty() && !s.straddled()) s.new_line = view(s.previous_end(), where).find('\n') != std::string_view::npos;
  return s;
}

std::string in_backticks(std::string_view text) {
  if (text.size() > longest_quote) return fmt::format("`{}...`", text.substr(0, longest_quote - 3));
  return fmt::format("`{}`", text);
}

std::string found_words(const Situation& s) { return s.at_end() ? "the end of the file" : in_backticks(s.found); }

SourceSpan span_of(const Situation& s, std::string_view token) { return s.state.span(token.data(), token.data() + token.size()); }

SourceSpan place_of(const Situation& s) {
  const bool behind = !s.previous.empty() && !s.straddled() && (s.new_line || s.at_end());
  return behind ? s.state.span(s.previous_end(), s.previous_end()) : span_of(s, s.found);
}

Diagnostic syntax_error(const ParseState& state, const char* statement, const char* where, std::string_view expected) {
  const Situation s = describe(state, statement, where, expected);
  if (std::optional<Diagnostic> slip = find_slip(s)) return *slip;
  const bool after = s.new_line && !s.previous.empty();
  return {.code = "syntax-error",
          .message = after ? fmt::format("expected {} after {}", s.expected, in_backticks(s.previous))
                           : fmt::format("expected {}, found {}", s.expected, found_words(s)),
          .span = place_of(s),
          .label = fmt::format("expected {}", s.expected)};
}

bool skips_rest_of_line(const Diagnostic& diagnostic) { return diagnostic.code == "foreign-comment"; }

bool is_misplaced_word(const Diagnostic& diagnostic, std::uint32_t offset) {
  return diagnostic.code == "reserved-word" && diagnostic.span.begin == offset;
}

Diagnostic unmatched_brace(const ParseState& state, const char* where) {
  return {.code = "unmatched-bracket", .message = "`}` closes nothing: no block is open here", .span = state.span(where, where + 1)};
}

Diagnostic nested_too_deep(const ParseState& state, const char* where) {
  return {.code = "nested-too-deep",
          .message = fmt::format("nested more than {} levels deep (a bracket or sign counts 1, a block 4)", state.limits.nesting),
          .span = state.span(where, token_end(where, state.last)),
          .notes = {{Note::Kind::help, "give the inner part a name of its own: `name = ...`"}}};
}

Diagnostic file_too_large(std::size_t bytes, std::size_t limit) {
  return {.code = "file-too-large",
          .message = fmt::format("the model text has {} bytes, more than the limit of {}", bytes, limit),
          .notes = {{Note::Kind::help, "numbers belong in a data file: `data x: real[N] from \"numbers.csv\"`"}}};
}

}  // namespace jensen::grammar
