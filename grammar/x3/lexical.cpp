#include "x3/lexical.hpp"

#include <algorithm>
#include <array>

namespace jensen::grammar {
namespace {

constexpr std::array<std::string_view, 13> reserved_words = {"const", "data",    "param",        "for",      "in",      "if", "else",
                                                             "guide", "network", "distribution", "function", "predict", "use"};
// Longest first: the first that matches is the token. Foreign operators are there so that a message shows them whole.
constexpr std::array<std::string_view, 24> operators = {"<-", "->", "<=", ">=", "==", "!=", "|>", ".*", "./", "..", "&&", "||",
                                                        "**", "//", "+=", "-=", "*=", "/=", ":=", "%%", "::", "++", "--", "=>"};

template <class Predicate>
const char* skip_while(const char* p, const char* last, Predicate holds) {
  while (p != last && holds(*p)) ++p;
  return p;
}

const char* character_end(const char* p, const char* last) {
  if (is_ascii(*p)) return p + 1;
  return skip_while(p + 1, last, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; });
}

}  // namespace

bool is_reserved(std::string_view word) { return std::find(reserved_words.begin(), reserved_words.end(), word) != reserved_words.end(); }

bool is_operator_word(std::string_view word) { return word == "and" || word == "or" || word == "not"; }

const char* skip_line(const char* p, const char* last) {
  return skip_while(p, last, [](char c) { return c != '\n' && c != '\r'; });
}

const char* skip_blanks(const char* p, const char* last) {
  for (;;) {
    p = skip_while(p, last, is_blank);
    if (p == last || *p != '#') return p;
    p = skip_line(p, last);
  }
}

const char* name_end(const char* p, const char* last) { return p != last && is_name_start(*p) ? skip_while(p, last, is_name_part) : p; }

const char* string_end(const char* p, const char* last) {
  if (p == last || *p != '"') return p;
  for (++p; p != last && *p != '\n' && *p != '\r'; ++p) {
    if (*p == '"') return p + 1;
    if (*p == '\\' && p + 1 != last && p[1] != '\n' && p[1] != '\r') ++p;
  }
  return p;
}

const char* token_end(const char* p, const char* last) {
  if (p == last) return p;
  if (is_name_part(*p)) return skip_while(p, last, is_name_part);
  if (*p == '"') return string_end(p, last);
  const std::string_view rest(p, static_cast<std::size_t>(last - p));
  for (std::string_view op : operators) {
    if (rest.substr(0, op.size()) == op) return p + op.size();
  }
  return character_end(p, last);
}

std::vector<Comment> find_comments(const char* first, const char* last) {
  std::vector<Comment> comments;
  for (const char* p = first; p != last;) {
    if (*p == '#') {
      const char* end = skip_line(p, last);
      comments.push_back({p, end});
      p = end;
    } else {
      p = *p == '"' ? string_end(p, last) : p + 1;
    }
  }
  return comments;
}

const char* trim_blanks(const char* first, const char* p, const std::vector<Comment>& comments) {
  for (;;) {
    while (p != first && is_blank(p[-1])) --p;
    const auto after = std::lower_bound(comments.begin(), comments.end(), p, [](const Comment& c, const char* at) { return c.begin < at; });
    if (after == comments.begin() || p > std::prev(after)->end || std::prev(after)->begin < first) return p;
    p = std::prev(after)->begin;
  }
}

}  // namespace jensen::grammar
