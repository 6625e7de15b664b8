#include "catch.hpp"
#include "unit/grammar/parsing.hpp"

using jensen::tests::errors_of;
using jensen::tests::outline_of;
using jensen::tests::places_of;

TEST_CASE("white space and semicolons separate statements", "[grammar]") {
  const std::string expected = "= a\n  value 1\n= b\n  value 2\n";
  CHECK(outline_of("a = 1\nb = 2") == expected);
  CHECK(outline_of("a = 1 b = 2") == expected);
  CHECK(outline_of("a=1;b=2;") == expected);
  CHECK(outline_of(";; a = 1 ;\n; b = 2 ;;") == expected);
  CHECK(outline_of("a\n=\n1\nb # b\n= # is\n2") == expected);
  CHECK(outline_of("a = 1\r\nb = 2\r\n") == expected);
  CHECK(outline_of("").empty());
  CHECK(outline_of(" # nothing").empty());
}

TEST_CASE("an expression ends where the next statement begins", "[grammar]") {
  CHECK(outline_of("a ~ normal(0, 1)   b ~ normal(a, 1)") == outline_of("a ~ normal(0, 1)\nb ~ normal(a, 1)"));
  CHECK(outline_of("x = y\nz[1] ~ normal(0, 1)") == "= x\n  value y\n~ (index z 1)\n  distribution (call normal 0 1)\n");
  CHECK(outline_of("x = y\n- z") == "= x\n  value (- y z)\n");
  CHECK(outline_of("x = y\n[1]") == "= x\n  value (index y 1)\n");
}

TEST_CASE("declarations", "[grammar]") {
  CHECK(outline_of("const K = 2") == "const K\n  value 2\n");
  CHECK(outline_of("data x: vector(2)[N] = columns(eruptions, waiting)") ==
        "data x\n  type (array-of (vector 2) N)\n  binding (call columns eruptions waiting)\n");
  CHECK(outline_of("data a, b: real[N, P]") == "data a b\n  type (array-of real N P)\n");
  CHECK(outline_of("data y: bool[4] = [1, 0, 1, 1]") == "data y\n  type (array-of bool 4)\n  binding (array 1 0 1 1)\n");
  CHECK(outline_of("data y: real[N] = columns(\"Sepal.Length\", b) from \"iris.csv\"") ==
        "data y\n  type (array-of real N)\n  binding (call columns \"Sepal.Length\" b)\n  file \"iris.csv\"\n");
  CHECK(outline_of("data y: real[N] from \"y.csv\"") == "data y\n  type (array-of real N)\n  file \"y.csv\"\n");
  CHECK(outline_of("w ~ flat() on simplex(3)") == "~ w\n  distribution (call flat)\n  support (simplex 3)\n");
  CHECK(outline_of("param w: simplex(K)  param a, b: interval(0, 1)") == "param w\n  type (simplex K)\nparam a b\n  type (interval 0 1)\n");
}

TEST_CASE("plates and their weights", "[grammar]") {
  CHECK(outline_of("for n in 1..N { x[n] ~ f(); y = 2 }") == "for n (.. 1 N)\n  ~ (index x n)\n    distribution (call f)\n  = y\n    value 2\n");
  CHECK(outline_of("for n in 1..N weight weight[n] { }") == "for n (.. 1 N)\n  weight (index weight n)\n");
  CHECK(outline_of("for n in weight weight weight { }") == "for n weight\n  weight weight\n");
}

TEST_CASE("conditions and gates", "[grammar]") {
  CHECK(outline_of("if a { x = 1 } else if b { x = 2 } else { x = 3 }") ==
        "if a\n  = x\n    value 1\nelse\n  if b\n    = x\n      value 2\n  else\n    = x\n      value 3\n");
  CHECK(outline_of("if a { } x = 1") == "if a\n= x\n  value 1\n");
}

TEST_CASE("distributions", "[grammar]") {
  CHECK(outline_of("distribution d(a, b: vector(D)) on positive { logpdf(x) = -a * x }") ==
        "distribution d a b:(vector D)\n  support positive\n  logpdf x (* (- a) x)\n");
  CHECK(outline_of("distribution d() on 0..n { logpdf(k) = 0 }") == "distribution d\n  support (.. 0 n)\n  logpdf k 0\n");
  CHECK(outline_of("distribution d() on low..high { }") == "distribution d\n  support (.. low high)\n");
  CHECK(outline_of("distribution d(a) on interval(0, a)[2] { }") == "distribution d a\n  support (array-of (interval 0 a) 2)\n");
  CHECK(outline_of("distribution d(m) on y: real { u ~ f(); y ~ g(u) }") ==
        "distribution d m\n  variate y\n  support real\n  ~ u\n    distribution (call f)\n  ~ y\n    distribution (call g u)\n");
  CHECK(outline_of("distribution d(m) { x ~ f(m) }") == "distribution d m\n  ~ x\n    distribution (call f m)\n");
  CHECK(outline_of("distribution on(on) on on { }") == "distribution on on\n  support on\n");
}

TEST_CASE("functions, networks, modules", "[grammar]") {
  CHECK(outline_of("function f(x, y: vector(D)) = x + y") == "function f x y:(vector D)\n  value (+ x y)\n");
  CHECK(outline_of("network d(z) = z |> dense(400, relu)") == "network d z\n  value (|> z (call dense 400 relu))\n");
  CHECK(outline_of("network e(x) { h = x; mean = h }") == "network e x\n  = h\n    value x\n  = mean\n    value h\n");
  CHECK(outline_of("use glm use \"own.model\"") == "use glm\nuse \"own.model\"\n");
}

TEST_CASE("guides and predictions", "[grammar]") {
  CHECK(outline_of("guide jointly (a, b) guide independently(c)") == "guide jointly a b\nguide independently c\n");
  CHECK(outline_of("guide jointly ~ normal(0, 1)") == "guide\n  ~ jointly\n    distribution (call normal 0 1)\n");
  CHECK(outline_of("guide for n in 1..N { z[n] ~ f() }") == "guide\n  for n (.. 1 N)\n    ~ (index z n)\n      distribution (call f)\n");
  CHECK(outline_of("predict y[m] ~ f() predict odds = a") == "predict\n  ~ (index y m)\n    distribution (call f)\npredict\n  = odds\n    value a\n");
}

TEST_CASE("words of one place are names everywhere else", "[grammar]") {
  for (const std::string word :
       {"weight", "jointly", "independently", "on", "from", "sum", "column", "columns", "count", "mean", "scale", "real", "logpdf"}) {
    INFO(word);
    CHECK(errors_of("data " + word + ": real[N]  " + word + "[1] ~ " + word + "(" + word + ", " + word + " = " + word + ")").empty());
    CHECK(errors_of("for " + word + " in 1..2 { " + word + " = " + word + "." + word + " }").empty());
    CHECK(errors_of("data x: real\n" + word + " = 2\nguide " + word + " ~ f()").empty());
  }
}

TEST_CASE("statements that cannot stand where they do", "[grammar]") {
  CHECK(places_of("logpdf(x) = 1") == std::vector<std::string>{"1:1 misplaced-statement"});
  CHECK(places_of("distribution d() { for i in 1..2 { logpdf(x) = 1 } }") == std::vector<std::string>{"1:36 misplaced-statement"});
  CHECK(places_of("distribution d() { logpdf(x) = 1 logpdf(y) = 2 }") == std::vector<std::string>{"1:34 duplicate-logpdf"});
  CHECK(places_of("network f(x) { h = 1 g[1] = 2 z ~ f() }") == std::vector<std::string>{"1:22 misplaced-statement", "1:31 misplaced-statement"});
  CHECK(places_of("guide const K = 2 predict guide a ~ f()") == std::vector<std::string>{"1:7 misplaced-statement", "1:27 misplaced-statement"});
}

TEST_CASE("a byte order mark is skipped", "[grammar]") {
  CHECK(outline_of("\xEF\xBB\xBF"
                   "const K = 2") == "const K\n  value 2\n");
}
