#include "catch.hpp"
#include "unit/grammar/parsing.hpp"

using namespace jensen;
using tests::errors_of;

namespace {

struct Slip {
  std::string text;
  std::string code;
  std::uint32_t begin;
  std::string message;
  std::string note;
};

void check(const Slip& slip) {
  INFO(slip.text);
  const Diagnostics errors = errors_of(slip.text);
  REQUIRE(errors.size() == 1);
  CHECK(errors[0].code == slip.code);
  CHECK(errors[0].span.begin == slip.begin);
  CHECK(errors[0].message == slip.message);
  if (slip.note.empty()) {
    CHECK(errors[0].notes.empty());
  } else {
    REQUIRE_FALSE(errors[0].notes.empty());
    CHECK(errors[0].notes[0].message == slip.note);
  }
}

}  // namespace

TEST_CASE("frequent slips get their own message", "[grammar]") {
  const std::vector<Slip> slips = {
      {"x <- 3", "foreign-operator", 2, "`<-` is not part of the language", "write `=` for a definition, `~` for a distribution"},
      {"x := 3", "foreign-operator", 2, "`:=` is not part of the language", "write `=`"},
      {"x = a ** b", "foreign-operator", 6, "`**` is not part of the language", "write `^` for a power"},
      {"x = a && b", "foreign-operator", 6, "`&&` is not part of the language", "write `and`"},
      {"x = a || b", "foreign-operator", 6, "`||` is not part of the language", "write `or`"},
      {"x = !a", "foreign-operator", 4, "`!` is not part of the language", "write `not`"},
      {"x = a // b", "foreign-comment", 6, "`//` does not begin a comment", "comments begin with `#` and end with the line"},
      {"// note\nx = 1", "foreign-comment", 0, "`//` does not begin a comment", "comments begin with `#` and end with the line"},
      {"x = 1 % note", "foreign-comment", 6, "`%` does not begin a comment", "comments begin with `#` and end with the line"},
      {"x = 1 /* note */", "foreign-comment", 6, "`/*` does not begin a comment", "comments begin with `#` and end with the line"},
      {"for n in 1:N { }", "foreign-operator", 10, "a range is not written with `:`", "write `1..N`"},
      {"x = y[1:2]", "foreign-operator", 7, "a range is not written with `:`", "write `1..N`"},
      {"for (n in 1..N) { }", "syntax-error", 4, "expected an index name, found `(`", "write `for n in 1..N { ... }`, without parentheses"},
      {"for n = 1..N { }", "syntax-error", 6, "expected `in`, found `=`", "write `for n in 1..N { ... }`, without parentheses"},
      {"for n in 1..N x = 1", "syntax-error", 14, "expected `{`, found `x`", "the body stands in braces, also where it is a single statement"},
      {"if a = b { }", "syntax-error", 5, "expected `{`, found `=`", "`==` compares"},
      {"x == 3", "syntax-error", 2, "expected `~` or `=` after `x`, found `==`", "`=` defines, `==` compares"},
      {"f(x) = 3", "syntax-error", 1, "expected `~` or `=` after `f`, found `(`", "a function is defined by `function f(x) = ...`"},
      {"x: real", "syntax-error", 1, "expected `~` or `=` after `x`, found `:`", "declare it: `data x: type` or `param x: type`"},
      {"parm w: real", "syntax-error", 5, "expected `~` or `=` after `parm`, found `w`", "did you mean `param`?"},
      {"x ~ normal(0 1)", "missing-comma", 13, "expected `,` or `)`, found `1`", "separate arguments by commas"},
      {"x ~ normal(0, 1,)", "trailing-comma", 15, "a comma before `)`", "remove the comma, or write what should follow it"},
      {"x = [1, 2,]", "trailing-comma", 9, "a comma before `]`", "remove the comma, or write what should follow it"},
      {"x = f(, 1)", "syntax-error", 6, "expected an argument or `)`, found `,`", ""},
      {"x ~ normal(0, 1) + 2", "syntax-error", 17, "expected a statement, found `+`",
       "on the right of `~` stands one distribution call; arithmetic goes into its arguments"},
      {"x =\ny = 3", "syntax-error", 3, "expected an expression after `=` on this line", ""},
      {"x = 'a'", "syntax-error", 4, "`'` does not begin a string", "strings stand in double quotes; a transpose is `transpose(m)`"},
      {"else { x = 1 }", "syntax-error", 0, "`else` does not follow the block of an `if`", ""},
      {"param data: real", "reserved-word", 6, "`data` is a reserved word and cannot be a name",
       "choose another name; a data column of this name is bound by `= column(\"data\")`"},
      {"data ~ f()", "reserved-word", 0, "`data` is a reserved word and cannot be a name",
       "choose another name; a data column of this name is bound by `= column(\"data\")`"},
      {"x = f(for)", "reserved-word", 6, "`for` is a reserved word and cannot be a name",
       "choose another name; a data column of this name is bound by `= column(\"for\")`"},
      {"param not: real", "reserved-word", 6, "`not` is an operator and cannot be a name", ""},
      {"x = 1 )", "unmatched-bracket", 6, "`)` closes nothing: no bracket is open here", ""},
      {"x = \xCE\xB1", "unknown-character", 4, "the character `\xCE\xB1` is not part of the language", "write `alpha`"},
      {"x = a \xE2\x88\x92 b", "unknown-character", 6, "the character `\xE2\x88\x92` is not part of the language", "write `-`"},
  };
  for (const Slip& slip : slips) check(slip);
}

TEST_CASE("an increment of the target says what to do instead", "[grammar]") {
  const Diagnostics errors = errors_of("target += normal(0, 1)");
  REQUIRE(errors.size() == 1);
  CHECK(errors[0].span.begin == 7);
  CHECK_THAT(errors[0].notes.at(0).message, Catch::Matchers::ContainsSubstring("`logpdf`"));
}

TEST_CASE("`x = normal(0, 1)` is left to the stage that knows distributions", "[grammar]") { CHECK(errors_of("x = normal(0, 1)").empty()); }

TEST_CASE("a name of more than 256 bytes is refused", "[grammar]") {
  CHECK(errors_of(std::string(256, 'a') + " = 1").empty());
  const Diagnostics errors = errors_of(std::string(257, 'a') + " = 1");
  REQUIRE(errors.size() == 1);
  CHECK(errors[0].code == "name-too-long");
}
