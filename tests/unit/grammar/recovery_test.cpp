#include "catch.hpp"
#include "unit/grammar/parsing.hpp"

using jensen::tests::errors_of;
using jensen::tests::places_of;
using Places = std::vector<std::string>;

TEST_CASE("several mistakes are reported in one run, each once, in text order", "[grammar]") {
  CHECK(places_of("x ~ normal(0 1)\n"
                  "y = 2 +\n"
                  "z ~ normal(0, 1)\n"
                  "w = a b )\n"
                  "data v real\n"
                  "u = a < b < c\n"
                  "t ~ 3\n") ==
        Places{"1:14 missing-comma", "2:8 syntax-error", "4:9 syntax-error", "5:8 syntax-error", "6:11 chained-comparison", "7:5 syntax-error"});
}

TEST_CASE("mistakes inside a block do not hide those behind it", "[grammar]") {
  CHECK(places_of("for n in 1..N {\n"
                  "  x[n] ~ normal(0 1)\n"
                  "  if a { b = ; c = 1 } else { d = * }\n"
                  "  y[n] ~ normal(0, 1)\n"
                  "}\n"
                  "z = ]\n") == Places{"2:19 missing-comma", "3:14 syntax-error", "3:35 syntax-error", "6:5 syntax-error"});
}

TEST_CASE("a wrong header does not hide the mistakes of its block", "[grammar]") {
  CHECK(places_of("for (n in 1:N) {\n  x[n] ~ normal(0 1)\n}\ny ~ f(1,)\n") ==
        Places{"1:5 syntax-error", "2:19 missing-comma", "4:8 trailing-comma"});
  CHECK(places_of("distribution f(a b) on real {\n  logpdf(x) = 1 +\n}\n") == Places{"1:18 missing-comma", "2:18 syntax-error"});
  CHECK(places_of("if a = 1 { x = } else { y = }") == Places{"1:6 syntax-error", "1:16 syntax-error", "1:29 syntax-error"});
}

TEST_CASE("an unclosed bracket ends with its statement", "[grammar]") {
  CHECK(places_of("x ~ normal(0, 1\ny ~ normal(0 1)\n") == Places{"1:16 unclosed-bracket", "2:14 missing-comma"});
  CHECK(places_of("x = f(1, 2\ny = g(3 4)\n") == Places{"1:11 unclosed-bracket", "2:9 missing-comma"});
  CHECK(places_of("for n in 1..N {\n  x[n ~ normal(0, 1)\n  y = 1 +\n}\n") == Places{"2:7 unclosed-bracket", "3:10 syntax-error"});
  const auto errors = errors_of("x = (1 + [2, 3\n");
  REQUIRE(errors.size() == 1);
  CHECK(errors[0].notes.at(0).span.begin == 9);
}

TEST_CASE("a bracket closed on a later line is skipped as a whole", "[grammar]") {
  CHECK(places_of("x ~ mvnormal(zeros(2) 1,\n  precision = eye(2),\n  more = 2)\ny = )\n") == Places{"1:23 missing-comma", "4:5 syntax-error"});
}

TEST_CASE("an unclosed block is reported once, at the end, with the place where it opened", "[grammar]") {
  const auto errors = errors_of("for n in 1..N {\n  for k in 1..K {\n    x = 1\n}\ny = 2\n");
  REQUIRE(errors.size() == 1);
  CHECK(errors[0].code == "unclosed-block");
  CHECK(errors[0].span.begin == 51);
  CHECK(errors[0].notes.at(0).span.begin == 32);  // the inner block: its `}` stands further left than its `for`
  CHECK(places_of("for n in 1..N { for k in 1..K { if a {") == Places{"1:39 unclosed-block"});
}

TEST_CASE("a brace that closes nothing does not end the run", "[grammar]") {
  CHECK(places_of("x = 1 }\n} y ~ f(1 2)") == Places{"1:7 unmatched-bracket", "2:1 unmatched-bracket", "2:11 missing-comma"});
}

TEST_CASE("the number of reported errors is limited", "[grammar]") {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "x ~ normal(0 1)\n";
  CHECK(errors_of(text).size() == 20);
  CHECK(errors_of(text, {.errors = 3}).size() == 3);
  CHECK(errors_of(text, {.errors = 1}).size() == 1);
}

TEST_CASE("a bracket of the other kind closes nothing", "[grammar]") {
  CHECK(places_of("y = [1, 2\nz = f(1 2)\n") == Places{"1:10 unclosed-bracket", "2:9 missing-comma"});
  CHECK(places_of("y = f(1, 2]\nz = 1 +\n") == Places{"1:11 unclosed-bracket", "2:8 syntax-error"});
}
