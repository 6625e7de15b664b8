// Random small models with random data, the same for the same seed on every machine: plates, picks by latent and by data index, linear predictors of
// several latents, scales of every form, mixtures, params with and without priors.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace jensen::tests {

struct Column {
  std::string name;
  std::vector<std::string> cells;
};

struct GeneratedModel {
  std::uint64_t seed = 0;
  std::vector<std::string> declarations;    // const, data, param
  std::vector<std::string> statements;      // outside the plate over rows
  std::vector<std::string> row_statements;  // inside `for n in 1..N`
  std::string weight;                       // of that plate; empty: none
  std::vector<Column> columns;
  std::vector<std::string> names;  // of the latents, params and columns

  [[nodiscard]] std::string text() const;
  [[nodiscard]] std::string csv() const;
  [[nodiscard]] std::size_t rows() const { return columns.empty() ? 0 : columns.front().cells.size(); }
};

struct GenerateOptions {
  std::size_t min_rows = 4;
  std::size_t max_rows = 12;
  bool weights = true;  // sometimes a weight clause
  bool factors = true;  // sometimes a product with a latent of each row
};

GeneratedModel generate(std::uint64_t seed, const GenerateOptions& options = {});

// The same model said differently.
GeneratedModel with_statements_shuffled(GeneratedModel model, std::uint64_t seed);
GeneratedModel with_rows_shuffled(GeneratedModel model, std::uint64_t seed);
GeneratedModel with_names_changed(GeneratedModel model);
// Every row twice, and the same said by a weight of 2.
GeneratedModel with_rows_doubled(GeneratedModel model);
GeneratedModel with_weight_two(GeneratedModel model);

}  // namespace jensen::tests
