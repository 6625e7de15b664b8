// The one iterator, skipper and context of the grammar, and its three directives.
#pragma once

#include <boost/spirit/home/x3.hpp>
#include <string>

#include "x3/state.hpp"

namespace jensen::grammar {

namespace x3 = boost::spirit::x3;

using Iterator = const char*;

struct state_tag;

template <class Context>
ParseState& state_of(const Context& context) {
  return x3::get<state_tag>(context);
}

// White space and comments. (X3's own character classes assert on bytes above 127 in the standard encoding.)
struct BlankParser : x3::parser<BlankParser> {
  using attribute_type = x3::unused_type;
  static bool const has_attribute = false;

  template <class Context, class RuleContext, class Attribute>
  bool parse(Iterator& first, const Iterator& last, const Context&, RuleContext&, Attribute&) const {
    const Iterator end = skip_blanks(first, last);
    const bool any = end != first;
    first = end;
    return any;
  }
};

struct NestedTooDeep {
  Iterator where;
};

// limited(cost)[p]: p that many levels deeper; NestedTooDeep beyond the limit. Stands on every recursive edge of the grammar, so that no
// text can exhaust the stack: 128 levels fit into 512 KiB. The rules between one block and the next take about four times the stack of
// those between one expression and the next, and count accordingly.
template <class Subject>
struct LimitedDirective : x3::unary_parser<Subject, LimitedDirective<Subject>> {
  using base_type = x3::unary_parser<Subject, LimitedDirective<Subject>>;
  static bool const is_pass_through_unary = true;
  static bool const handles_container = Subject::handles_container;

  constexpr LimitedDirective(const Subject& subject, int c) : base_type(subject), cost(c) {}

  struct Level {
    int& depth;
    int cost;
    Level(int& d, int c) : depth(d), cost(c) { depth += cost; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;
    ~Level() { depth -= cost; }
  };

  template <class Context, class RuleContext, class Attribute>
  bool parse(Iterator& first, const Iterator& last, const Context& context, RuleContext& rule_context, Attribute& attribute) const {
    ParseState& state = state_of(context);
    const Level level(state.depth, cost);
    if (state.depth > state.limits.nesting) throw NestedTooDeep{skip_blanks(first, last)};
    return this->subject.parse(first, last, context, rule_context, attribute);
  }

  int cost;
};

inline constexpr int expression_cost = 1;
inline constexpr int block_cost = 4;

struct limited {
  constexpr explicit limited(int c) : cost(c) {}

  template <class Subject>
  constexpr auto operator[](const Subject& subject) const {
    return LimitedDirective<typename x3::extension::as_parser<Subject>::value_type>(x3::as_parser(subject), cost);
  }

  int cost;
};

// called("a name")[p]: p under the words that a message uses for what was expected.
template <class Subject>
struct CalledDirective : x3::unary_parser<Subject, CalledDirective<Subject>> {
  using base_type = x3::unary_parser<Subject, CalledDirective<Subject>>;
  static bool const is_pass_through_unary = true;
  static bool const handles_container = Subject::handles_container;

  constexpr CalledDirective(const Subject& subject, const char* w) : base_type(subject), words(w) {}

  template <class Context, class RuleContext, class Attribute>
  bool parse(Iterator& first, const Iterator& last, const Context& context, RuleContext& rule_context, Attribute& attribute) const {
    return this->subject.parse(first, last, context, rule_context, attribute);
  }

  const char* words;
};

struct called {
  constexpr explicit called(const char* w) : words(w) {}

  template <class Subject>
  constexpr auto operator[](const Subject& subject) const {
    return CalledDirective<typename x3::extension::as_parser<Subject>::value_type>(x3::as_parser(subject), words);
  }

  const char* words;
};

}  // namespace jensen::grammar

namespace boost::spirit::x3 {

template <class Subject>
struct get_info<jensen::grammar::CalledDirective<Subject>> {
  using result_type = std::string;
  std::string operator()(const jensen::grammar::CalledDirective<Subject>& directive) const { return directive.words; }
};

}  // namespace boost::spirit::x3
