// Figures of independent programs: references.json, each with its source and tolerance.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace jensen::tests {

// The entry of this id whose quantity begins so; fails the test where there is none.
const nlohmann::json& reference(const std::string& id, const std::string& quantity);

// All numbers of a nested array, in order.
std::vector<double> numbers(const nlohmann::json& value);

// Each number within the tolerance of the entry.
void check_values(const std::vector<double>& actual, const nlohmann::json& entry);
void check_value(double actual, const std::string& id, const std::string& quantity);

}  // namespace jensen::tests
