#include "catch.hpp"
#include "unit/grammar/parsing.hpp"

using namespace jensen;
using tests::errors_of;
using tests::form_of;
using tests::places_of;

namespace {

double value_of(const std::string& text) {
  const Result<grammar::Expr> expr = grammar::parse_expression(Source("number", text), SourceId(0));
  return std::get<grammar::NumberExpr>(expr->kind).value;
}

}  // namespace

TEST_CASE("numbers keep their value and their spelling", "[grammar]") {
  CHECK(value_of("1") == 1.0);
  CHECK(value_of("0.5") == 0.5);
  CHECK(value_of("1e-3") == 1e-3);
  CHECK(value_of("1.5e4") == 15000.0);
  CHECK(value_of("1E+2") == 100.0);
  CHECK(value_of("007") == 7.0);
  CHECK(value_of("0.1000000000000000055511151231257827") == 0.1);
  CHECK(value_of("1.7976931348623157e308") == 1.7976931348623157e308);
  CHECK(value_of("5e-324") == 5e-324);
  CHECK(form_of("1.50e+04") == "1.50e+04");
}

TEST_CASE("a number does not take the points of a range or of an operator", "[grammar]") {
  CHECK(form_of("x[1..N]") == "(index x (.. 1 N))");
  CHECK(form_of("x[1..2]") == "(index x (.. 1 2))");
  CHECK(form_of("x[1.5..2.5]") == "(index x (.. 1.5 2.5))");
  CHECK(form_of("2.*x") == "(.* 2 x)");
  CHECK(form_of("2./x") == "(./ 2 x)");
}

TEST_CASE("a number has digits on both sides of its point", "[grammar]") {
  CHECK(places_of("x = 1.") == std::vector<std::string>{"1:6 number-format"});
  CHECK(places_of("x = 1. + 2") == std::vector<std::string>{"1:6 number-format"});
  CHECK(places_of("x = 1.e5") == std::vector<std::string>{"1:6 number-format"});
  CHECK(places_of("x = .5") == std::vector<std::string>{"1:5 number-format"});
  CHECK(places_of("x = a * .5e3") == std::vector<std::string>{"1:9 number-format"});
  CHECK(errors_of("x = .5e3").front().notes.front().message == "write `0.5e3`");
}

TEST_CASE("a number ends where a name would begin", "[grammar]") {
  CHECK(places_of("x = 2y") == std::vector<std::string>{"1:5 number-format"});
  CHECK(places_of("x = 1e") == std::vector<std::string>{"1:6 number-format"});
  CHECK(places_of("x = 1e+") == std::vector<std::string>{"1:6 number-format"});
  CHECK(places_of("x = 0x10") == std::vector<std::string>{"1:5 number-format"});
  CHECK(places_of("x = 1_000") == std::vector<std::string>{"1:5 number-format"});
}

TEST_CASE("a number no double can hold is an error", "[grammar]") {
  CHECK(places_of("x = 1e999") == std::vector<std::string>{"1:5 number-out-of-range"});
  CHECK(places_of("x = -1e-999") == std::vector<std::string>{"1:6 number-out-of-range"});
  CHECK(places_of("x = 1e99999999999999999999") == std::vector<std::string>{"1:5 number-out-of-range"});
}
