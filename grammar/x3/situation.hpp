// A place where the text did not go on as the grammar expects, described for the messages.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "x3/state.hpp"

namespace jensen::grammar {

struct Situation {
  const ParseState& state;
  const char* statement;      // where the statement begins
  const char* where;          // the first token that could not be taken
  std::string_view expected;  // in words
  std::string_view found;     // the token at `where`, empty at the end of the file
  std::string_view previous;  // the token before it within the statement; may reach beyond `where`: `**` where only `*` was taken
  bool new_line = false;      // a line ends between the two

  [[nodiscard]] const char* previous_end() const { return previous.data() + previous.size(); }
  [[nodiscard]] bool at_end() const { return found.empty(); }
  [[nodiscard]] bool straddled() const { return !previous.empty() && previous_end() > where; }
};

Situation describe(const ParseState& state, const char* statement, const char* where, std::string_view expected);

// The message for a frequent slip, if this is one.
std::optional<Diagnostic> find_slip(const Situation& situation);

SourceSpan span_of(const Situation& situation, std::string_view token);
// The found token, or what follows the previous one where that stands on an earlier line.
SourceSpan place_of(const Situation& situation);
// "`)`", "the end of the file"
std::string found_words(const Situation& situation);
std::string in_backticks(std::string_view text);

}  // namespace jensen::grammar
