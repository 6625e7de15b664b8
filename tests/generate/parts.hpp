// The state from which the parts of a random model are drawn.
#pragma once

#include <fmt/format.h>

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "family/stream.hpp"
#include "generate/generate.hpp"

namespace jensen::tests {

class Parts {
 public:
  Parts(std::uint64_t seed, const GenerateOptions& options);

  std::size_t below(std::size_t n) { return static_cast<std::size_t>(stream_.below(n)); }
  bool chance(double p) { return stream_.uniform() < p; }
  std::string one_of(std::initializer_list<const char*> choices) { return *(choices.begin() + below(choices.size())); }

  // A name of this model that no other part has.
  std::string fresh(const std::string& stem) { return fmt::format("v_{}{}", stem, part_); }
  void declare(std::string text) { model_.declarations.push_back(std::move(text)); }
  void state(std::string text) { model_.statements.push_back(std::move(text)); }
  void in_rows(std::string text) { model_.row_statements.push_back(std::move(text)); }

  // Columns, as `name` or as a row uses them. A share of cells may be missing.
  std::string reals(const std::string& stem, double missing = 0);
  std::string positives(const std::string& stem);
  std::string counts(const std::string& stem, std::size_t below, double missing = 0);
  std::string bools(const std::string& stem, double missing = 0);
  std::string angles(const std::string& stem);
  std::string categories(const std::string& stem, const std::string& extent, std::size_t levels, double missing = 0);
  std::string vectors(const std::string& stem, std::size_t dimension, double missing = 0);

  std::string groups();     // the name of a category column; its extent is G
  std::string covariate();  // a real column
  // The text of a prior, for a place where any positive number may stand.
  std::string scale_prior();

  void next_part() { ++part_; }
  void add_weight();
  GeneratedModel take() { return std::move(model_); }
  [[nodiscard]] std::size_t rows() const { return rows_; }

 private:
  template <class Cell>
  std::string column(const std::string& stem, const std::string& type, double missing, Cell cell);

  family::Stream stream_;
  GeneratedModel model_;
  std::size_t rows_ = 0;
  int part_ = 0;
  std::vector<std::size_t> cluster_;
  std::string groups_, covariate_;
};

}  // namespace jensen::tests
