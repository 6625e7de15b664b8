// The leaves of the grammar, each an X3 parser that skips blanks and takes one token.
#pragma once

#include <array>
#include <string_view>

#include "x3/config.hpp"
#include "x3/expected.hpp"

namespace jensen::grammar {

inline constexpr int longest_name = 256;

[[noreturn]] inline void fail_at(Iterator where, const char* words) { throw x3::expectation_failure<Iterator>(where, words); }

template <class Context>
tree::Place place_of(const Context& context, Iterator begin, Iterator end) {
  const ParseState& state = state_of(context);
  return {state.offset(begin), state.offset(end)};
}

// Leaf derives what a token parser needs besides `match`: the end of the token at p, or p.
template <class Derived, class AttributeType>
struct TokenParser : x3::parser<Derived> {
  using attribute_type = AttributeType;
  static bool const has_attribute = true;

  template <class Context, class RuleContext, class Attribute>
  bool parse(Iterator& first, const Iterator& last, const Context& context, RuleContext&, Attribute& attribute) const {
    const Iterator begin = skip_blanks(first, last);
    const Iterator end = this->derived().match(begin, last);
    if (end == begin) return false;
    AttributeType token;
    static_cast<tree::Place&>(token) = place_of(context, begin, end);
    token.text = std::string_view(begin, static_cast<std::size_t>(end - begin));
    x3::traits::move_to(std::move(token), attribute);
    first = end;
    return true;
  }
};

struct NameParser : TokenParser<NameParser, tree::Name> {
  static Iterator match(Iterator p, Iterator last) {
    const Iterator end = name_end(p, last);
    const std::string_view word(p, static_cast<std::size_t>(end - p));
    if (is_reserved(word) || is_operator_word(word)) return p;
    if (end - p > longest_name) fail_at(p, expected::short_name);
    return end;
  }
};

// A name before a single `=` or before `:`. (An optional sequence name >> '=' would leave the name behind where there is no `=`.)
struct LabelParser : TokenParser<LabelParser, tree::Name> {
  constexpr explicit LabelParser(char c) : next(c) {}

  [[nodiscard]] Iterator match(Iterator p, Iterator last) const {
    const Iterator end = NameParser::match(p, last);
    const Iterator after = skip_blanks(end, last);
    const bool found = end != p && after != last && *after == next && (after + 1 == last || after[1] != '=');
    return found ? end : p;
  }

  char next;
};

// `.mean`: the name after a point that stands directly before it.
struct FieldParser : x3::parser<FieldParser> {
  using attribute_type = tree::Name;
  static bool const has_attribute = true;

  template <class Context, class RuleContext, class Attribute>
  bool parse(Iterator& first, const Iterator& last, const Context& context, RuleContext& rule_context, Attribute& attribute) const {
    Iterator p = skip_blanks(first, last);
    if (p == last || *p != '.' || ++p == last || !is_name_start(*p)) return false;
    if (!NameParser{}.parse(p, last, context, rule_context, attribute)) return false;
    first = p;
    return true;
  }
};

// 1, 0.5, 1e-3: digits on both sides of the point, so that 1..N is a range and 2.*x a product.
struct NumberParser : TokenParser<NumberParser, tree::Number> {
  static Iterator digits(Iterator p, Iterator last) {
    while (p != last && is_digit(*p)) ++p;
    return p;
  }
  static Iterator fraction(Iterator p, Iterator last) {
    if (p == last || *p != '.') return p;
    const Iterator after = p + 1;
    if (after != last && (*after == '.' || *after == '*' || *after == '/')) return p;
    if (after == last || !is_digit(*after)) fail_at(p, expected::digits_after_point);
    return digits(after, last);
  }
  static Iterator exponent(Iterator p, Iterator last) {
    if (p == last || (*p != 'e' && *p != 'E')) return p;
    Iterator after = p + 1;
    if (after != last && (*after == '+' || *after == '-')) ++after;
    if (after == last || !is_digit(*after)) fail_at(p, expected::exponent_digits);
    return digits(after, last);
  }
  static Iterator match(Iterator p, Iterator last) {
    if (p == last || !is_digit(*p)) return p;
    const Iterator end = exponent(fraction(digits(p, last), last), last);
    if (end != last && is_name_start(*end)) fail_at(p, expected::number_boundary);
    return end;
  }
};

struct StringParser : TokenParser<StringParser, tree::String> {
  static Iterator match(Iterator p, Iterator last) {
    if (p == last || *p != '"') return p;
    const Iterator end = string_end(p, last);
    if (end - p < 2 || end[-1] != '"' || !closes(p, end)) fail_at(p, expected::closing_quote);
    for (Iterator c = p + 1; c + 1 < end; ++c) {
      if (*c == '\\' && *++c != '"' && *c != '\\') fail_at(c - 1, expected::string_escape);
    }
    return end;
  }
  // Whether the last quote is not itself escaped.
  static bool closes(Iterator p, Iterator end) {
    int backslashes = 0;
    for (Iterator c = end - 2; c > p && *c == '\\'; --c) ++backslashes;
    return backslashes % 2 == 0;
  }
};

// A word that matters only here (`in`, `weight`, `sum`), with its end checked.
struct WordParser : x3::parser<WordParser> {
  using attribute_type = x3::unused_type;
  static bool const has_attribute = false;

  constexpr explicit WordParser(std::string_view w) : word(w) {}

  template <class Context, class RuleContext, class Attribute>
  bool parse(Iterator& first, const Iterator& last, const Context&, RuleContext&, Attribute&) const {
    const Iterator begin = skip_blanks(first, last);
    const Iterator end = name_end(begin, last);
    if (std::string_view(begin, static_cast<std::size_t>(end - begin)) != word) return false;
    first = end;
    return true;
  }

  std::string_view word;
};

// The same, keeping the word.
struct KeywordParser : TokenParser<KeywordParser, tree::Name> {
  constexpr explicit KeywordParser(std::string_view w) : word(w) {}

  [[nodiscard]] Iterator match(Iterator p, Iterator last) const {
    const Iterator end = name_end(p, last);
    return std::string_view(p, static_cast<std::size_t>(end - p)) == word ? end : p;
  }

  std::string_view word;
};

// A single `=`.
struct EqualsParser : x3::parser<EqualsParser> {
  using attribute_type = x3::unused_type;
  static bool const has_attribute = false;

  template <class Context, class RuleContext, class Attribute>
  bool parse(Iterator& first, const Iterator& last, const Context&, RuleContext&, Attribute&) const {
    const Iterator p = skip_blanks(first, last);
    if (p == last || *p != '=' || (p + 1 != last && p[1] == '=')) return false;
    first = p + 1;
    return true;
  }
};

template <class Op>
struct Spelling {
  std::string_view text;
  Op op;
};

// The spelling that stands at p, word operators with their end checked; nullptr if none. Longer spellings come first in `table`.
template <class Op, std::size_t size>
const Spelling<Op>* match_operator(const std::array<Spelling<Op>, size>& table, Iterator p, Iterator last) {
  const std::string_view rest(p, static_cast<std::size_t>(last - p));
  for (const Spelling<Op>& spelling : table) {
    if (rest.substr(0, spelling.text.size()) != spelling.text) continue;
    const bool word = is_name_start(spelling.text.front());
    if (word && rest.size() > spelling.text.size() && is_name_part(rest[spelling.text.size()])) continue;
    return &spelling;
  }
  return nullptr;
}

inline constexpr std::array<Spelling<BinaryOp>, 5> multiplicative_operators = {{{"*", BinaryOp::multiply},
                                                                                {"/", BinaryOp::divide},
                                                                                {".*", BinaryOp::elementwise_multiply},
                                                                                {"./", BinaryOp::elementwise_divide},
                                                                                {"^", BinaryOp::power}}};
inline constexpr std::array<Spelling<BinaryOp>, 16> binary_operators = {{{"+", BinaryOp::add},
                                                                         {"-", BinaryOp::subtract},
                                                                         {"*", BinaryOp::multiply},
                                                                         {"/", BinaryOp::divide},
                                                                         {".*", BinaryOp::elementwise_multiply},
                                                                         {"./", BinaryOp::elementwise_divide},
                                                                         {"^", BinaryOp::power},
                                                                         {"|>", BinaryOp::pipe},
                                                                         {"==", BinaryOp::equal},
                                                                         {"!=", BinaryOp::not_equal},
                                                                         {"<=", BinaryOp::less_equal},
                                                                         {"<", BinaryOp::less},
                                                                         {">=", BinaryOp::greater_equal},
                                                                         {">", BinaryOp::greater},
                                                                         {"and", BinaryOp::logical_and},
                                                                         {"or", BinaryOp::logical_or}}};
inline constexpr std::array<Spelling<UnaryOp>, 2> unary_operators = {{{"-", UnaryOp::negate}, {"not", UnaryOp::logical_not}}};

template <class Token, class Op, std::size_t size>
struct OperatorParser : x3::parser<OperatorParser<Token, Op, size>> {
  using attribute_type = Token;
  static bool const has_attribute = true;

  constexpr explicit OperatorParser(const std::array<Spelling<Op>, size>& t) : table(&t) {}

  template <class Context, class RuleContext, class Attribute>
  bool parse(Iterator& first, const Iterator& last, const Context& context, RuleContext&, Attribute& attribute) const {
    const Iterator begin = skip_blanks(first, last);
    const Spelling<Op>* spelling = match_operator(*table, begin, last);
    if (spelling == nullptr) return false;
    Token token;
    static_cast<tree::Place&>(token) = place_of(context, begin, begin + spelling->text.size());
    token.op = spelling->op;
    x3::traits::move_to(std::move(token), attribute);
    first = begin + spelling->text.size();
    return true;
  }

  const std::array<Spelling<Op>, size>* table;
};

}  // namespace jensen::grammar
