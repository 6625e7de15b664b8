// "did you mean": the nearest known names by restricted Damerau-Levenshtein distance.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace jensen {

// Restricted Damerau-Levenshtein (optimal string alignment) distance in bytes.
int edit_distance(std::string_view a, std::string_view b);

// At most three of `candidates` within min(len/2, 3) of `name` (case differences are free), nearest first.
std::vector<std::string> suggest(std::string_view name, std::span<const std::string> candidates);

// "; did you mean `a` or `b`?", or an empty string.
std::string did_you_mean(std::string_view name, std::span<const std::string> candidates);

}  // namespace jensen
