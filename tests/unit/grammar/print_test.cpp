#include "catch.hpp"
#include "unit/grammar/parsing.hpp"

using namespace jensen;

namespace {

std::string printed(const std::string& expression) {
  const Result<grammar::Expr> expr = grammar::parse_expression(Source("print", expression), SourceId(0));
  return expr ? grammar::to_text(*expr) : "error: " + expr.diagnostics().front().message;
}

std::string printed_program(const std::string& text) { return grammar::to_text(*grammar::parse(Source("print", text), SourceId(0))); }

}  // namespace

TEST_CASE("expressions print with the fewest parentheses that keep the tree", "[grammar]") {
  CHECK(printed("((a)+((b*c)))") == "a + b * c");
  CHECK(printed("(a+b)*c") == "(a + b) * c");
  CHECK(printed("a-(b-c)") == "a - (b - c)");
  CHECK(printed("(a-b)-c") == "a - b - c");
  CHECK(printed("(a^b)^c") == "(a^b)^c");
  CHECK(printed("a^(b^c)") == "a^b^c");
  CHECK(printed("(-a)^2") == "(-a)^2");
  CHECK(printed("-(a^2)") == "-a^2");
  CHECK(printed("a^(-b)") == "a^-b");
  CHECK(printed("(a<b)==(c<d)") == "(a < b) == (c < d)");
  CHECK(printed("not(a and b)") == "not (a and b)");
  CHECK(printed("(a?b:c)?d:(e?f:g)") == "(a ? b : c) ? d : e ? f : g");
  CHECK(printed("(a+b)[1].m") == "(a + b)[1].m");
  CHECK(printed("f( a , b=c )[ 1..2 ]") == "f(a, b = c)[1..2]");
}

TEST_CASE("a sum is in parentheses where it would take in what follows", "[grammar]") {
  CHECK(printed("(sum(i in 1..K) a[i]) * b") == "(sum(i in 1..K) a[i]) * b");
  CHECK(printed("(sum(i in 1..K) a[i]) + b") == "sum(i in 1..K) a[i] + b");
  CHECK(printed("a * (sum(i in 1..K) b[i])") == "a * sum(i in 1..K) b[i]");
  CHECK(printed("(a * sum(i in 1..K) b[i]) * c") == "(a * sum(i in 1..K) b[i]) * c");
  CHECK(printed("(-sum(i in 1..K) b[i]) / c") == "(-sum(i in 1..K) b[i]) / c");
  CHECK(printed("sum(i in 1..K) (a + b)") == "sum(i in 1..K) (a + b)");
  CHECK(printed("(sum(i in 1..K) a)^2") == "(sum(i in 1..K) a)^2");
}

TEST_CASE("a program prints one statement per line, blocks indented", "[grammar]") {
  CHECK(printed_program("const K=2 for n in 1..N weight w[n]{if a{x[n]~f(y=1)}else if b{}else{z=\"q\"}} use \"m.model\"") ==
        "const K = 2\n"
        "for n in 1..N weight w[n] {\n"
        "  if a {\n"
        "    x[n] ~ f(y = 1)\n"
        "  } else if b {\n"
        "  } else {\n"
        "    z = \"q\"\n"
        "  }\n"
        "}\n"
        "use \"m.model\"\n");
}
