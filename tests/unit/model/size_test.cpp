#include "model/size.hpp"

#include "catch.hpp"

using jensen::model::Range;
using jensen::model::Size;

TEST_CASE("sizes are linear forms", "[model]") {
  const Size n = Size::symbol("N");
  CHECK(n + Size(1) - Size(1) == n);
  CHECK((n - n) == Size(0));
  CHECK(*Size::product(Size(2), n) == n + n);
  CHECK_FALSE(Size::product(n, n).has_value());
  CHECK((n - Size(1)).text() == "N - 1");
  CHECK((n + n + Size(3)).text() == "2 * N + 3");
}

TEST_CASE("a constant keeps its name for printing only", "[model]") {
  const Size k = Size::named(3, "K");
  CHECK(k == Size(3));
  CHECK(k.text() == "K");
  CHECK(Range{1, k}.extent().text() == "K");
}

TEST_CASE("sizes are evaluated where their symbols are known", "[model]") {
  const Size size = Size::symbol("N") - Size(2);
  CHECK(size.evaluate({{"N", 10}}) == 8);
  CHECK_FALSE(size.evaluate({{"M", 10}}).has_value());
}
