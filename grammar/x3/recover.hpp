// After a mistake: where the next statement begins.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "x3/state.hpp"

namespace jensen::grammar {

// Words each mistake and looks for the next statement of the same brace depth. It stops before a `{` on the way, so that the caller can
// parse that block for mistakes inside it.
class Recovery {
 public:
  Recovery(ParseState& state, const char* statement, const char* where, const std::string& expected);

  [[nodiscard]] const char* position() const { return position_; }
  [[nodiscard]] bool stopped_at_block() const { return position_ != state_.last && *position_ == '{'; }
  void go_on_after_block(const char* end);

 private:
  void search(bool may_stop_here);
  void step();
  bool skip_word(std::string_view word);
  const char* closed_at(const char* p, char open);
  [[nodiscard]] bool begins_statement(const char* p);
  [[nodiscard]] bool on_new_line(const char* p) const;
  [[nodiscard]] bool ends_operand(const char* p) const;

  ParseState& state_;
  const char* position_;
  int vain_searches_ = 0;  // for closing brackets
};

// The brackets `(` and `[` that stand open at `p`, counted from `first`, outermost first.
std::vector<const char*> open_brackets(const char* first, const char* p);

// Past the bracket that closes the outermost of `open` ("([": two are open at p); nullptr where a bracket of the other kind, a brace, `~`,
// `;` or a word that begins a statement comes first, or nothing for 32 KiB.
const char* closing_bracket(const char* p, const char* last, std::string open);

}  // namespace jensen::grammar
