#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "report/json_writer.hpp"

using jensen::report::JsonWriter;
using nlohmann::json;

namespace {

std::string written(double number) {
  JsonWriter writer;
  writer.value(number);
  return writer.take();
}

std::string written_text(std::string_view text) {
  JsonWriter writer;
  writer.value(text);
  return writer.take();
}

}  // namespace

TEST_CASE("doubles are written in the shortest form that reads back to the same bits") {
  CHECK(written(0.1) == "0.1\n");
  CHECK(written(-1187.20753682) == "-1187.20753682\n");
  CHECK(written(0) == "0\n");
  for (const double x : {1.0 / 3, 5e-324, 1.7976931348623157e308, 123456789012345678.0, -2.2250738585072014e-308, 1e22, 0.30000000000000004}) {
    CHECK(json::parse(written(x)).get<double>() == x);
  }
}

TEST_CASE("numbers that are not finite are strings that name them") {
  CHECK(written(std::numeric_limits<double>::quiet_NaN()) == "\"NaN\"\n");
  CHECK(written(std::numeric_limits<double>::infinity()) == "\"Infinity\"\n");
  CHECK(written(-std::numeric_limits<double>::infinity()) == "\"-Infinity\"\n");
}

TEST_CASE("strings of any bytes give JSON that parses") {
  CHECK(json::parse(written_text("a \"quoted\" \\ name\n\t\x01")) == "a \"quoted\" \\ name\n\t\x01");
  CHECK(json::parse(written_text("k\xC3\xB6nig \xE2\x82\xAC \xF0\x9F\x8E\xB2")) == "k\xC3\xB6nig \xE2\x82\xAC \xF0\x9F\x8E\xB2");
  for (const std::string bad : {"\xFF", "a\x80z", "\xC3", "\xE2\x82", "\xC0\xAF", "\xED\xA0\x80", "\xF5\x80\x80\x80", "\xE0\x80\x80"}) {
    CAPTURE(bad.size());
    CHECK_NOTHROW(json::parse(written_text(bad)));
  }
}

TEST_CASE("arrays are nested in index order") {
  JsonWriter writer;
  const std::vector<double> numbers{1, 2, 3, 4, 5, 6};
  const std::vector<std::size_t> shape{3, 2};
  writer.nested(numbers, shape);
  CHECK(writer.take() == "[[1, 2], [3, 4], [5, 6]]\n");
  writer.nested(std::vector<double>{7}, std::vector<std::size_t>{});
  CHECK(writer.take() == "7\n");
  writer.nested(std::vector<double>{}, std::vector<std::size_t>{2, 0});
  CHECK(writer.take() == "[[], []]\n");
}

TEST_CASE("objects break lines, those on one line do not") {
  JsonWriter writer;
  writer.begin_object();
  writer.member("a", 1);
  writer.key("b");
  writer.begin_object(true);
  writer.member("c", true);
  writer.member("d", "x");
  writer.end_object();
  writer.key("e");
  writer.begin_array(false);
  writer.end_array();
  writer.end_object();
  CHECK(writer.take() == "{\n  \"a\": 1,\n  \"b\": {\"c\": true, \"d\": \"x\"},\n  \"e\": []\n}\n");
}
