#include "x3/recover.hpp"

#include "x3/syntax_messages.hpp"

namespace jensen::grammar {
namespace {

bool opens(char c) { return c == '(' || c == '['; }
bool closes(char c) { return c == ')' || c == ']'; }

bool begins_with_reserved(const char* p, const char* last) {
  const std::string_view word(p, static_cast<std::size_t>(name_end(p, last) - p));
  return is_reserved(word) && word != "in" && word != "else";
}

// No expression contains one of these, so an open bracket before it is never closed.
bool ends_brackets(const char* p, const char* last) { return *p == '{' || *p == '}' || *p == '~' || *p == ';' || begins_with_reserved(p, last); }

std::string kinds_of(const std::vector<const char*>& brackets) {
  std::string kinds;
  for (const char* bracket : brackets) kinds += *bracket;
  return kinds;
}

}  // namespace

std::vector<const char*> open_brackets(const char* first, const char* p) {
  std::vector<const char*> open;
  for (const char* c = skip_blanks(first, p); c < p; c = skip_blanks(token_end(c, p), p)) {
    if (opens(*c)) open.push_back(c);
    if (closes(*c) && !open.empty()) open.pop_back();
  }
  return open;
}

const char* closing_bracket(const char* p, const char* last, std::string open) {
  constexpr std::ptrdiff_t reach = 1 << 15;
  if (last - p > reach) last = p + reach;
  for (p = skip_blanks(p, last); p != last && !ends_brackets(p, last); p = skip_blanks(token_end(p, last), last)) {
    if (opens(*p)) open += *p;
    if (!closes(*p)) continue;
    if ((*p == ')') != (open.back() == '(')) return nullptr;
    open.pop_back();
    if (open.empty()) return p + 1;
  }
  return nullptr;
}

Recovery::Recovery(ParseState& state, const char* statement, const char* where, const std::string& expected)
    : state_(state), position_(skip_blanks(where, state.last)) {
  Diagnostic diagnostic = syntax_error(state, statement, position_, expected);
  const bool rest_of_line = skips_rest_of_line(diagnostic);
  const bool word_taken_for_name = is_misplaced_word(diagnostic, state.offset(position_));
  add_diagnostic(state, std::move(diagnostic));
  const std::string open = kinds_of(open_brackets(statement, position_));
  if (rest_of_line) position_ = skip_blanks(skip_line(position_, state.last), state.last);
  if (rest_of_line && open.empty()) return;
  if (word_taken_for_name) position_ = skip_blanks(token_end(position_, state.last), state.last);
  if (const char* end = open.empty() ? nullptr : closing_bracket(position_, state.last, open)) position_ = skip_blanks(end, state.last);
  search(position_ != statement);
}

// An `else` or `else if` belongs to the block before it.
void Recovery::go_on_after_block(const char* end) {
  position_ = skip_blanks(end, state_.last);
  if (!skip_word("else")) return;
  skip_word("if");
  search(false);
}

bool Recovery::skip_word(std::string_view word) {
  const char* end = name_end(position_, state_.last);
  if (std::string_view(position_, static_cast<std::size_t>(end - position_)) != word) return false;
  position_ = skip_blanks(end, state_.last);
  return true;
}

// Each turn of the loop takes a token, or stops.
void Recovery::search(bool may_stop_here) {
  for (; position_ != state_.last && *position_ != '}' && *position_ != ';' && *position_ != '{'; step()) {
    if (may_stop_here && begins_statement(position_)) return;
    may_stop_here = true;
  }
}

// Past the bracket that closes `open`, or nullptr. How often that is looked for in vain is limited, so that a text of brackets costs no more
// than its length.
const char* Recovery::closed_at(const char* p, char open) {
  constexpr int most_vain_searches = 64;
  if (vain_searches_ == most_vain_searches) return nullptr;
  const char* end = closing_bracket(p, state_.last, std::string(1, open));
  if (end == nullptr) ++vain_searches_;
  return end;
}

void Recovery::step() {
  const char* end = token_end(position_, state_.last);
  if (opens(*position_)) {
    if (const char* closed = closed_at(end, *position_)) end = closed;
  }
  position_ = skip_blanks(end, state_.last);
}

// A reserved word, a name before `~`, or on a new line a name before `=` or after the end of an expression.
bool Recovery::begins_statement(const char* p) {
  if (begins_with_reserved(p, state_.last)) return true;
  const char* after = name_end(p, state_.last);
  if (after == p) return false;
  after = skip_blanks(after, state_.last);
  if (after != state_.last && *after == '[') {
    const char* closed = closed_at(after + 1, '[');
    if (closed != nullptr) after = skip_blanks(closed, state_.last);
  }
  if (after != state_.last && *after == '~') return true;
  return on_new_line(p) && (ends_operand(p) || (after != state_.last && *after == '='));
}

// Whether what stands before p can be the end of an expression, so that a name at p cannot continue it.
bool Recovery::ends_operand(const char* p) const {
  const char* end = trim_blanks(state_.first, p, state_.comments);
  if (end == state_.first) return true;
  return is_name_part(end[-1]) || end[-1] == ')' || end[-1] == ']' || end[-1] == '}' || end[-1] == '"';
}

bool Recovery::on_new_line(const char* p) const {
  const char* end = trim_blanks(state_.first, p, state_.comments);
  return std::string_view(end, static_cast<std::size_t>(p - end)).find('\n') != std::string_view::npos || end == state_.first;
}

}  // namespace jensen::grammar
