#include "catch.hpp"
#include "unit/grammar/parsing.hpp"

using jensen::tests::errors_of;
using jensen::tests::form_of;
using jensen::tests::places_of;

TEST_CASE("operators bind as on the whiteboard", "[grammar]") {
  CHECK(form_of("a + b * c") == "(+ a (* b c))");
  CHECK(form_of("a - b - c") == "(- (- a b) c)");
  CHECK(form_of("a / b * c") == "(* (/ a b) c)");
  CHECK(form_of("a .* b ./ c") == "(./ (.* a b) c)");
  CHECK(form_of("a |> f() |> g(1)") == "(|> (|> a (call f)) (call g 1))");
  CHECK(form_of("a + b |> f()") == "(|> (+ a b) (call f))");
  CHECK(form_of("a or b and c == d + 1") == "(or a (and b (== c (+ d 1))))");
  CHECK(form_of("a < b and b != c") == "(and (< a b) (!= b c))");
  CHECK(form_of("(a + b) * c") == "(* (+ a b) c)");
}

TEST_CASE("a power is right associative and binds tighter than a sign", "[grammar]") {
  CHECK(form_of("-a^2") == "(- (^ a 2))");
  CHECK(form_of("a^b^c") == "(^ a (^ b c))");
  CHECK(form_of("(a^b)^c") == "(^ (^ a b) c)");
  CHECK(form_of("a^-b") == "(^ a (- b))");
  CHECK(form_of("a^-b^2 * c") == "(* (^ a (- (^ b 2))) c)");
  CHECK(form_of("a * -b + c") == "(+ (* a (- b)) c)");
  CHECK(form_of("--a") == "(- (- a))");
  CHECK(form_of("not a and b") == "(and (not a) b)");
  CHECK(form_of("2 * x^2 / 3") == "(/ (* 2 (^ x 2)) 3)");
}

TEST_CASE("a conditional is loosest and right associative", "[grammar]") {
  CHECK(form_of("a ? b : c") == "(? a b c)");
  CHECK(form_of("a or b ? c + 1 : d ? e : f") == "(? (or a b) (+ c 1) (? d e f))");
  CHECK(form_of("a ? b ? 1 : 2 : 3") == "(? a (? b 1 2) 3)");
}

TEST_CASE("the body of a sum is one product", "[grammar]") {
  CHECK(form_of("sum(i in 1..K) a[i] * b[i] + c") == "(+ (sum i (.. 1 K) (* (index a i) (index b i))) c)");
  CHECK(form_of("sum(i in 1..K) -a[i]^2 / 2") == "(sum i (.. 1 K) (/ (- (^ (index a i) 2)) 2))");
  CHECK(form_of("2 * sum(i in 1..K) sum(j in 1..K) m[i, j] - 1") == "(- (* 2 (sum i (.. 1 K) (sum j (.. 1 K) (index m i j)))) 1)");
  CHECK(form_of("(sum(i in 1..K) a[i]) * b") == "(* (sum i (.. 1 K) (index a i)) b)");
  CHECK(form_of("sum(v)") == "(call sum v)");
  CHECK(form_of("sum(i)") == "(call sum i)");
  CHECK(form_of("sum") == "sum");
}

TEST_CASE("calls, indices and fields chain", "[grammar]") {
  CHECK(form_of("encode(x[n]).mean[1]") == "(index (field (call encode (index x n)) mean) 1)");
  CHECK(form_of("mu[z[n]]") == "(index mu (index z n))");
  CHECK(form_of("x[1..2, j]") == "(index x (.. 1 2) j)");
  CHECK(form_of("f()") == "(call f)");
  CHECK(form_of("f(a, sd = 1 + b)") == "(call f a sd=(+ 1 b))");
  CHECK(form_of("f(a == b)") == "(call f (== a b))");
  CHECK(form_of("columns(p0..p63)") == "(call columns (.. p0 p63))");
  CHECK(form_of("[[1, 2], [3, 4]][2]") == "(index (array (array 1 2) (array 3 4)) 2)");
  CHECK(form_of("(a + b)[1]") == "(index (+ a b) 1)");
  CHECK(form_of("[]") == "(array)");
  CHECK(form_of("f (x) [1]") == "(index (call f x) 1)");
}

TEST_CASE("comparisons do not chain", "[grammar]") {
  CHECK(places_of("x = a < b < c") == std::vector<std::string>{"1:11 chained-comparison"});
  CHECK(places_of("x = a == b + 1 != c") == std::vector<std::string>{"1:16 chained-comparison"});
  CHECK(errors_of("x = (a < b) == c").empty());
}

TEST_CASE("numbers and texts have no elements", "[grammar]") {
  CHECK(places_of("x = 2[1]") == std::vector<std::string>{"1:6 not-indexable"});
  CHECK(places_of("x = \"a\".b") == std::vector<std::string>{"1:8 not-indexable"});
}

TEST_CASE("words of other places are ordinary names in expressions", "[grammar]") {
  CHECK(form_of("weight[n] + from * on - jointly") == "(- (+ (index weight n) (* from on)) jointly)");
  CHECK(form_of("column(count) + mean(scale) + real") == "(+ (+ (call column count) (call mean scale)) real)");
  CHECK(form_of("order + android + nothing") == "(+ (+ order android) nothing)");
}

TEST_CASE("a text keeps its bytes and its two escapes", "[grammar]") {
  const std::string quoted_text = R"("a \"b\" \\ )" + std::string("\xC3\xA9\xFF\"");
  CHECK(form_of(quoted_text) == quoted_text);
  CHECK(form_of("\"# no comment\" # a comment") == "\"# no comment\"");
  CHECK(places_of("x = \"a\\n\"") == std::vector<std::string>{"1:7 string-escape"});
  CHECK(places_of("x = \"abc\ny = 2") == std::vector<std::string>{"1:5 unclosed-string"});
  CHECK(places_of("x = \"abc\\\"") == std::vector<std::string>{"1:5 unclosed-string"});
}

TEST_CASE("an expression alone parses to its end", "[grammar]") {
  const auto parse = [](const std::string& text) { return jensen::grammar::parse_expression(jensen::Source("set", text), jensen::SourceId(0)); };
  CHECK(jensen::grammar::to_text(*parse(" 2 * K # comment")) == "2 * K");
  CHECK_FALSE(parse("2 * K )").ok());
  CHECK_FALSE(parse("").ok());
  CHECK_FALSE(parse("1e999").ok());
  CHECK_FALSE(parse(std::string(100000, '(')).ok());
}
