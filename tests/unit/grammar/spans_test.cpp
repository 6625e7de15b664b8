#include "base/overload.hpp"
#include "catch.hpp"
#include "unit/grammar/parsing.hpp"

using namespace jensen;
using namespace jensen::grammar;

namespace {

struct Parsed {
  std::string text;
  Program program;

  [[nodiscard]] std::string at(SourceSpan span) const { return text.substr(span.begin, span.end - span.begin); }
  [[nodiscard]] const Statement& statement(std::size_t i) const { return program.statements.at(i); }
};

Parsed parsed(const std::string& text) {
  Result<Program> program = parse(Source("spans", text), SourceId(3));
  REQUIRE(program.ok());
  return {text, std::move(*program)};
}

// Every expression of a tree lies inside the one above it, and begins and ends with a token.
void check_nested(const Parsed& p, const Expr& expr, SourceSpan outer) {
  INFO(p.at(expr.span));
  CHECK(expr.span.source == SourceId(3));
  REQUIRE(expr.span.begin >= outer.begin);
  REQUIRE(expr.span.end <= outer.end);
  REQUIRE(expr.span.begin < expr.span.end);
  CHECK(p.text[expr.span.begin] != ' ');
  CHECK(p.text[expr.span.end - 1] != ' ');
  const auto inside = [&](const auto&... children) { (check_nested(p, children, expr.span), ...); };
  std::visit(Overload{[](const NumberExpr&) {}, [](const StringExpr&) {}, [](const NameExpr&) {},
                      [&](const CallExpr& e) {
                        CHECK(p.at(e.function_span) == e.function);
                        for (const Argument& a : e.arguments) inside(*a.value);
                      },
                      [&](const IndexExpr& e) {
                        inside(*e.base);
                        for (const Expr& item : e.items) inside(item);
                      },
                      [&](const FieldExpr& e) { inside(*e.base); }, [&](const UnaryExpr& e) { inside(*e.operand); },
                      [&](const BinaryExpr& e) { inside(*e.left, *e.right); },
                      [&](const ConditionalExpr& e) { inside(*e.condition, *e.if_true, *e.if_false); },
                      [&](const SumExpr& e) {
                        CHECK(p.at(e.index_span) == e.index);
                        inside(*e.range, *e.body);
                      },
                      [&](const ArrayExpr& e) {
                        for (const Expr& element : e.elements) inside(element);
                      },
                      [&](const RangeExpr& e) { inside(*e.low, *e.high); }},
             expr.kind);
}

}  // namespace

TEST_CASE("a statement's span covers it and no blanks or comments behind it", "[grammar]") {
  const Parsed p = parsed("  const K = 2   # two\n\n x [ 1 ] ~ normal( 0 , K ) # end\n# \"more\" # of it\n;data y: real [ N ] \n# last");
  CHECK(p.at(p.statement(0).span) == "const K = 2");
  CHECK(p.at(p.statement(1).span) == "x [ 1 ] ~ normal( 0 , K )");
  CHECK(p.at(p.statement(2).span) == "data y: real [ N ]");
  const auto& tilde = std::get<TildeStatement>(p.statement(1).kind);
  CHECK(p.at(tilde.target.span) == "x [ 1 ]");
  CHECK(p.at(tilde.target.name.span) == "x");
  CHECK(p.at(tilde.distribution_span) == "normal( 0 , K )");
  CHECK(p.at(tilde.distribution.function_span) == "normal");
  CHECK(p.at(tilde.distribution.arguments[1].span) == "K");
  const auto& data = std::get<DataStatement>(p.statement(2).kind);
  CHECK(p.at(data.type.span) == "real [ N ]");
  CHECK(p.at(data.names[0].span) == "y");
}

TEST_CASE("a comment between two tokens belongs to neither", "[grammar]") {
  const Parsed p = parsed("x = a # first\n + b # second\n y = f # f\n z ~ d(x = # named\n 1 # one\n)");
  CHECK(p.at(std::get<AssignStatement>(p.statement(0).kind).value.span) == "a # first\n + b");
  CHECK(p.at(p.statement(1).span) == "y = f");
  CHECK(p.at(std::get<TildeStatement>(p.statement(2).kind).distribution.arguments[0].span) == "x = # named\n 1");
}

TEST_CASE("spans of nested expressions lie inside each other", "[grammar]") {
  const Parsed p = parsed("x =  ( -a ^ 2 + f( b , c = [ 1 , 2 ] ) .mean [ 1 .. n ] ) * sum ( i in 1 .. K ) u [ i ] / 2 - ( c ? d : e ) |> g ( ) ");
  const auto& value = std::get<AssignStatement>(p.statement(0).kind).value;
  check_nested(p, value, p.statement(0).span);
  CHECK(p.at(value.span) == p.text.substr(5, p.text.size() - 6));
  const auto& difference = std::get<BinaryExpr>(std::get<BinaryExpr>(value.kind).left->kind);
  CHECK(p.at(difference.right->span) == "( c ? d : e )");
  const auto& product = std::get<BinaryExpr>(difference.left->kind);
  CHECK(p.at(product.right->span) == "sum ( i in 1 .. K ) u [ i ] / 2");
  CHECK(p.at(product.left->span) == "( -a ^ 2 + f( b , c = [ 1 , 2 ] ) .mean [ 1 .. n ] )");
}

TEST_CASE("spans of blocks and of what stands in them", "[grammar]") {
  const Parsed p = parsed(
      "for n in 1..N weight w[n] {\n  if a { b = 1 } else if c { d = 2 } \n}\ndistribution f(u: real , v) on y: vector ( 2 ) { logpdf(t) = u * v } ");
  CHECK(p.at(p.statement(0).span).back() == '}');
  const auto& plate = std::get<ForStatement>(p.statement(0).kind);
  CHECK(p.at(plate.range.span) == "1..N");
  CHECK(p.at(plate.weight->span) == "w[n]");
  const Statement& condition = plate.body->front();
  CHECK(p.at(condition.span) == "if a { b = 1 } else if c { d = 2 }");
  CHECK(p.at(std::get<IfStatement>(condition.kind).else_body->front().span) == "if c { d = 2 }");
  const auto& distribution = std::get<DistributionStatement>(p.statement(1).kind);
  CHECK(p.at(distribution.support_type->span) == "vector ( 2 )");
  CHECK(p.at(distribution.log_density->value.span) == "u * v");
  CHECK(p.at(distribution.log_density->variate.span) == "t");
  CHECK(p.at(distribution.parameters[0].type->span) == "real");
}
