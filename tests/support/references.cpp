#include "support/references.hpp"

#include <fstream>
#include <stdexcept>

#include "catch.hpp"

namespace jensen::tests {

using nlohmann::json;

namespace {

void flatten(const json& value, std::vector<double>& out) {
  if (!value.is_array()) return out.push_back(value.get<double>());
  for (const json& part : value) flatten(part, out);
}

}  // namespace

const json& reference(const std::string& id, const std::string& quantity) {
  static const json all = json::parse(std::ifstream(JENSEN_SOURCE_DIR "/tests/reference/references.json"));
  for (const json& entry : all) {
    if (entry["id"] == id && entry["quantity"].get<std::string>().rfind(quantity, 0) == 0) return entry;
  }
  FAIL("references.json has no " << id << ": " << quantity);
  throw std::logic_error("unreachable");
}

std::vector<double> numbers(const json& value) {
  std::vector<double> out;
  flatten(value, out);
  return out;
}

void check_values(const std::vector<double>& actual, const json& entry) {
  const std::vector<double> expected = numbers(entry["value"]);
  REQUIRE(actual.size() == expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i) {
    INFO(entry["id"] << ": " << entry["quantity"] << ", number " << i);
    CHECK_THAT(actual[i], Catch::Matchers::WithinAbs(expected[i], entry["tolerance"].get<double>()));
  }
}

void check_value(double actual, const std::string& id, const std::string& quantity) { check_values({actual}, reference(id, quantity)); }

}  // namespace jensen::tests
