// What the X3 rules fill in: alternatives as x3::variant, operators as flat lists. `to_ast` folds it into the public tree.
// All texts are views into the source.
#pragma once

#include <boost/optional.hpp>
#include <boost/spirit/home/x3/support/ast/variant.hpp>
#include <cstdint>
#include <string_view>
#include <vector>

#include "ast.hpp"

namespace jensen::grammar::tree {

namespace x3 = boost::spirit::x3;

// Byte offsets. end = 0: the rule did not finish (a statement with a mistake in it).
struct Place {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

struct Name : Place {
  std::string_view text;
};
struct Number : Place {
  std::string_view text;
};
struct String : Place {
  std::string_view text;  // with its quotes and escapes
};
struct Prefix : Place {
  UnaryOp op = UnaryOp::negate;
};
struct Operator : Place {
  BinaryOp op = BinaryOp::add;
};

struct Expression;
struct RangeItem;
struct Argument;
struct Sum;
struct Tail;
struct Choice;
struct Statement;

using Arguments = std::vector<Argument>;
using Expressions = std::vector<Expression>;
using RangeItems = std::vector<RangeItem>;
using Block = std::vector<Statement>;

struct NameOrCall {
  Name name;
  boost::optional<Arguments> arguments;
};

// A number, string, name, call, sum, array, or an expression in parentheses.
struct Primary : x3::variant<Number, String, NameOrCall, x3::forward_ast<Sum>, Expressions, x3::forward_ast<Expression>>, Place {
  using base_type::base_type;
  using base_type::operator=;
};

struct Suffix : x3::variant<RangeItems, Name>, Place {
  using base_type::base_type;
  using base_type::operator=;
};

struct Operand {
  std::vector<Prefix> prefixes;
  Primary primary;
  std::vector<Suffix> suffixes;
};

struct Operation {
  Operand first;
  std::vector<Tail> rest;
};

struct Tail {
  Operator op;
  Operand operand;
};

struct Expression {
  Operation first;
  std::vector<Choice> choices;
};

struct Choice {  // ? if_true : if_false
  Expression if_true;
  Operation if_false;
};

struct RangeItem {  // high absent: a plain expression
  Expression low;
  boost::optional<Expression> high;
};

struct Argument : Place {
  boost::optional<Name> name;
  RangeItem value;
};

struct Sum {
  Name index;
  RangeItem range;
  Operation body;
};

struct Type : Place {
  Name name;
  Expressions arguments;
  Expressions extents;
};

struct Target : Place {
  Name name;
  RangeItems indices;
};

struct Call : Place {
  Name function;
  Arguments arguments;
};

struct Const {
  Name name;
  Expression value;
};
struct Data {
  std::vector<Name> names;
  Type type;
  boost::optional<Expression> binding;
  boost::optional<String> file;
};
struct Param {
  std::vector<Name> names;
  Type type;
};
struct For {
  Name index;
  RangeItem range;
  boost::optional<Expression> weight;
  Block body;
};
struct Branch : Place {
  Expression condition;
  Block body;
};
struct If {
  std::vector<Branch> branches;
  boost::optional<Block> otherwise;
};
struct Draw {
  Call call;
  boost::optional<Type> support;
};
struct Definition {  // target ~ draw, target = expression
  Target target;
  x3::variant<Draw, Expression> right;
};
struct LogPdf {
  Name variate;
  Expression value;
};
struct Parameter {
  Name name;
  boost::optional<Type> type;
};
struct Support {
  boost::optional<Name> variate;
  x3::variant<Type, RangeItem> set;
};
struct Distribution {
  Name name;
  std::vector<Parameter> parameters;
  boost::optional<Support> support;
  Block body;
};
struct Function {
  Name name;
  std::vector<Parameter> parameters;
  Expression value;
};
struct Network {
  Name name;
  std::vector<Parameter> parameters;
  x3::variant<Expression, Block> body;
};
struct GuideGroup {
  Name word;
  std::vector<Name> names;
};
struct Guide {
  Name keyword;
  x3::variant<GuideGroup, x3::forward_ast<Statement>> body;
};
struct Predict {
  Name keyword;
  x3::forward_ast<Statement> body;
};
struct Use {
  Name keyword;
  x3::variant<Name, String> module;
};

struct Statement : x3::variant<Const, Data, Param, For, If, Definition, LogPdf, Distribution, Function, Network, Guide, Predict, Use>, Place {
  using base_type::base_type;
  using base_type::operator=;
};

}  // namespace jensen::grammar::tree
