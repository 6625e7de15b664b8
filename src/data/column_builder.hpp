// One column of a table while its cells arrive as text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "data/table.hpp"

namespace jensen::data {

class ColumnBuilder {
 public:
  ColumnBuilder(std::string name, std::span<const std::string> missing) : name_(std::move(name)), missing_words_(missing) {}

  void reserve(std::size_t rows);
  void add(std::string_view cell);
  void add_missing();

  // A column is taken as numbers until a cell is none. The texts of the numbers before that cell are gone: they have to be read once more,
  // from the first row, into a builder that was told to read text.
  [[nodiscard]] bool needs_reread() const { return kind_ == Kind::lost; }
  void restart_as_text(std::size_t rows);

  Column finish() &&;

 private:
  enum class Kind { numbers, text, lost };

  void add_number(std::string_view cell);
  void add_text(std::string_view cell);
  void became_text(std::string_view cell);

  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };

  std::string name_;
  std::span<const std::string> missing_words_;
  Kind kind_ = Kind::numbers;
  std::size_t rows_ = 0;
  std::vector<double> numbers_;
  std::vector<std::uint32_t> codes_;
  std::vector<bool> missing_;
  std::size_t missing_count_ = 0;
  std::unordered_map<std::string, std::uint32_t, TextHash, std::equal_to<>> codes_of_;
};

}  // namespace jensen::data
