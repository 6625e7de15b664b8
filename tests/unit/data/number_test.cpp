#include "data/number.hpp"

#include <cmath>
#include <limits>
#include <string>

#include "catch.hpp"

using jensen::data::parse_number;

TEST_CASE("decimal texts are read to the nearest double") {
  CHECK(parse_number("0.1") == 0.1);
  CHECK(parse_number("-12.5e-3") == -12.5e-3);
  CHECK(parse_number("+3") == 3.0);
  CHECK(parse_number(".5") == 0.5);
  CHECK(parse_number("5.") == 5.0);
  CHECK(parse_number("1E5") == 1e5);
  CHECK(parse_number("9007199254740993") == 9007199254740992.0);
  CHECK(parse_number("4.9406564584124654e-324") == std::numeric_limits<double>::denorm_min());
}

TEST_CASE("numbers that are not finite are numbers") {
  CHECK(std::isnan(*parse_number("NaN")));
  CHECK(std::isnan(*parse_number("nan")));
  CHECK(parse_number("Inf") == std::numeric_limits<double>::infinity());
  CHECK(parse_number("-infinity") == -std::numeric_limits<double>::infinity());
}

TEST_CASE("beyond the range of a double come infinities and zeros") {
  CHECK(parse_number("1e999") == std::numeric_limits<double>::infinity());
  CHECK(parse_number("-1e999") == -std::numeric_limits<double>::infinity());
  CHECK(parse_number("1e-999") == 0.0);
  CHECK(std::signbit(*parse_number("-1e-999")));
  CHECK(parse_number(std::string(400, '9')) == std::numeric_limits<double>::infinity());
  CHECK(parse_number("0." + std::string(400, '0') + "1") == 0.0);
}

TEST_CASE("what is not wholly a number is none") {
  for (const std::string text : {"", "+", "-", "1x", "x", "1 2", "0x10", "1,5", "--1", "+-1", "++1", "1e", "e5", ".", "nan(1)", "1_000", "NA"}) {
    INFO(text);
    CHECK(!parse_number(text));
  }
}
