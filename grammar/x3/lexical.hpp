// The characters of the language: what is blank, a name, a number, a string. Shared by the token parsers, error recovery and messages.
#pragma once

#include <string_view>
#include <vector>

namespace jensen::grammar {

constexpr bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f'; }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
constexpr bool is_name_part(char c) { return is_name_start(c) || is_digit(c); }
constexpr bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }

// Words that begin a statement or belong to one, and the three operators spelled as words: none of them can be a name.
bool is_reserved(std::string_view word);
bool is_operator_word(std::string_view word);

// Each takes a position inside [p, last] and returns the end of what it describes, or p where there is none.
const char* skip_blanks(const char* p, const char* last);  // white space and comments
const char* skip_line(const char* p, const char* last);    // up to, not over, the end of the line
const char* name_end(const char* p, const char* last);
const char* string_end(const char* p, const char* last);  // over the closing quote, or to the end of the line where it is missing
const char* token_end(const char* p, const char* last);   // a name, number, string, operator, or one UTF-8 character

// The comments of a text as [begin, end), in order.
struct Comment {
  const char* begin;
  const char* end;
};
std::vector<Comment> find_comments(const char* first, const char* last);

// The end of the last token before `p`: p without the white space and comments that stand before it, not before `first`.
const char* trim_blanks(const char* first, const char* p, const std::vector<Comment>& comments);

}  // namespace jensen::grammar
