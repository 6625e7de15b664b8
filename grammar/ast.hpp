// The syntax tree: what the text says, with a place on every node and precedence resolved; no names looked up, no types.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/box.hpp"
#include "base/source.hpp"

namespace jensen::grammar {

struct Expr;

struct NumberExpr {
  double value = 0;
  std::string text;  // as written, so that printing gives the same bytes back
};
struct StringExpr {
  std::string value;
};
struct NameExpr {
  std::string name;
};
struct Argument;
struct CallExpr {  // f(a, b, name = c)
  std::string function;
  SourceSpan function_span;
  std::vector<Argument> arguments;
};
struct IndexExpr {  // x[n, 1..2]
  Box<Expr> base;
  std::vector<Expr> items;  // a RangeExpr item is a slice
};
struct FieldExpr {  // encode(x[n]).mean
  Box<Expr> base;
  std::string field;
};
enum class UnaryOp { negate, logical_not };
struct UnaryExpr {
  UnaryOp op = UnaryOp::negate;
  Box<Expr> operand;
};
// From loosest to tightest: |> (pipe), or, and, comparisons (not chained), + -, * / .* ./, unary - and not, ^ (right associative).
enum class BinaryOp {
  pipe,
  logical_or,
  logical_and,
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  add,
  subtract,
  multiply,
  divide,
  elementwise_multiply,
  elementwise_divide,
  power
};
struct BinaryExpr {
  BinaryOp op = BinaryOp::add;
  Box<Expr> left;
  Box<Expr> right;
};
struct ConditionalExpr {  // c ? a : b, loosest of all, right associative
  Box<Expr> condition;
  Box<Expr> if_true;
  Box<Expr> if_false;
};
// sum(i in 1..K) e: the body is a product, as on a whiteboard: sum(i in 1..K) a[i] * b[i] + c is (sum a b) + c.
struct SumExpr {
  std::string index;
  SourceSpan index_span;
  Box<Expr> range;  // a RangeExpr
  Box<Expr> body;
};
struct ArrayExpr {  // [1, 0, 1] or [[1, 2], [3, 4]]
  std::vector<Expr> elements;
};
struct RangeExpr {  // 1..N, p0..p63
  Box<Expr> low;
  Box<Expr> high;
};

struct Expr {
  std::variant<NumberExpr, StringExpr, NameExpr, CallExpr, IndexExpr, FieldExpr, UnaryExpr, BinaryExpr, ConditionalExpr, SumExpr, ArrayExpr,
               RangeExpr>
      kind;
  SourceSpan span;
};

struct Argument {
  std::string name;  // empty: positional
  SourceSpan span;   // of the whole argument
  Box<Expr> value;
};

// vector(2)[N], category(K)[N], interval(0, 1), real[N, P]
struct TypeExpr {
  std::string name;
  std::vector<Expr> arguments;
  std::vector<Expr> extents;
  SourceSpan span;
};

struct Identifier {
  std::string name;
  SourceSpan span;
};

struct Statement;
using Statements = std::vector<Statement>;

struct Target {  // the left side of ~ and =
  Identifier name;
  std::vector<Expr> indices;
  SourceSpan span;
};

struct ConstStatement {
  Identifier name;
  Expr value;
};
struct DataStatement {
  std::vector<Identifier> names;
  TypeExpr type;
  std::optional<Expr> binding;     // = column(...), = columns(...), = a literal
  std::optional<StringExpr> file;  // from "faithful.csv"
};
struct ParamStatement {
  std::vector<Identifier> names;
  TypeExpr type;
};
struct ForStatement {
  Identifier index;
  Expr range;  // a RangeExpr, or another expression that a later stage rejects
  std::optional<Expr> weight;
  Box<Statements> body;
};
struct IfStatement {
  Expr condition;
  Box<Statements> then_body;
  Box<Statements> else_body;  // empty where there is no else; `else if` is an else with one IfStatement
  bool has_else = false;
};
struct TildeStatement {  // name[...] ~ distribution(...) [on TYPE]
  Target target;
  CallExpr distribution;
  SourceSpan distribution_span;
  std::optional<TypeExpr> support = {};
};
struct AssignStatement {
  Target target;
  Expr value;
};
struct Parameter {
  Identifier name;
  std::optional<TypeExpr> type;
};
struct LogDensity {  // logpdf(x) = e
  Identifier variate;
  Expr value;
};
struct DistributionStatement {
  Identifier name;
  std::vector<Parameter> parameters;
  std::optional<Identifier> variate;     // on y: real; by default `x`
  std::optional<TypeExpr> support_type;  // on real, on vector(D)
  std::optional<Expr> support_range;     // on 0..n
  std::optional<LogDensity> log_density;
  Box<Statements> body;  // all statements but the logpdf, in order
};
struct FunctionStatement {
  Identifier name;
  std::vector<Parameter> parameters;
  Expr value;
};
struct NetworkStatement {
  Identifier name;
  std::vector<Parameter> parameters;
  std::optional<Expr> value;             // network decode(z) = ...
  std::vector<AssignStatement> outputs;  // network encode(x) { h = ... mean = ... }
};
struct GuideGroup {  // guide jointly (a, b) / guide independently (a, b)
  bool jointly = true;
  std::vector<Identifier> names;
};
struct GuideStatement {
  std::optional<GuideGroup> group;
  Box<Statements> body;  // otherwise one `~`, `for` or `if` statement
};
struct PredictStatement {
  Box<Statements> body;  // one `~`, `=` or `for` statement
};
struct UseStatement {
  std::string module;
  bool is_file = false;  // use "file.model" rather than use glm
};

struct Statement {
  std::variant<ConstStatement, DataStatement, ParamStatement, ForStatement, IfStatement, TildeStatement, AssignStatement, DistributionStatement,
               FunctionStatement, NetworkStatement, GuideStatement, PredictStatement, UseStatement>
      kind;
  SourceSpan span;
};

struct Program {
  Statements statements;
};

}  // namespace jensen::grammar
