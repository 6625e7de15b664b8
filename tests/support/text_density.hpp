// The log joint density of a model's text at given values of its latents, by walking its syntax tree with every plate written out. It shares the
// parser with the program and nothing else.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "support/text_expression.hpp"

namespace jensen::tests {

// Category columns hold 1, 2, ...; a missing cell is NaN, and a latent.
using Columns = std::map<std::string, std::vector<double>>;

struct TextDensity {
  enum class On { real, positive, interval, circle, levels };
  struct Latent {
    std::string name;
    On on = On::real;
    double low = 0, high = 0;  // of an interval; the first and the last level
  };
  std::vector<Latent> latents;
  std::vector<Number> terms;

  [[nodiscard]] double operator()(const double* values) const;
};

// Throws std::runtime_error for texts that tests have not needed yet.
TextDensity text_density(const std::string& text, const Columns& columns);

}  // namespace jensen::tests
