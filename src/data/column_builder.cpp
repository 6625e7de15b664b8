#include "data/column_builder.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "data/number.hpp"

namespace jensen::data {

void ColumnBuilder::reserve(std::size_t rows) {
  if (kind_ == Kind::numbers) numbers_.reserve(rows);
  if (kind_ == Kind::text) codes_.reserve(rows);
}

void ColumnBuilder::add(std::string_view cell) {
  const std::string_view word = trimmed(cell);
  if (word.empty() || std::find(missing_words_.begin(), missing_words_.end(), word) != missing_words_.end()) {
    add_missing();
    return;
  }
  if (kind_ == Kind::numbers)
    add_number(cell);
  else if (kind_ == Kind::text)
    add_text(cell);
  ++rows_;
}

void ColumnBuilder::add_missing() {
  if (missing_.size() < rows_ + 1) missing_.resize(std::max(rows_ + 1, 2 * missing_.size()), false);
  missing_[rows_] = true;
  ++missing_count_;
  if (kind_ == Kind::numbers)
    numbers_.push_back(std::numeric_limits<double>::quiet_NaN());
  else if (kind_ == Kind::text)
    codes_.push_back(StringColumn::no_level);
  ++rows_;
}

void ColumnBuilder::add_number(std::string_view cell) {
  if (const std::optional<double> number = parse_number(trimmed(cell))) {
    numbers_.push_back(*number);
  } else {
    became_text(cell);
  }
}

void ColumnBuilder::became_text(std::string_view cell) {
  numbers_ = {};
  kind_ = missing_count_ == rows_ ? Kind::text : Kind::lost;
  if (kind_ == Kind::lost) return;
  codes_.assign(rows_, StringColumn::no_level);
  add_text(cell);
}

void ColumnBuilder::add_text(std::string_view cell) {
  auto found = codes_of_.find(cell);
  if (found == codes_of_.end()) found = codes_of_.emplace(std::string(cell), static_cast<std::uint32_t>(codes_of_.size())).first;
  codes_.push_back(found->second);
}

void ColumnBuilder::restart_as_text(std::size_t rows) {
  kind_ = Kind::text;
  rows_ = 0;
  missing_count_ = 0;
  missing_.clear();
  codes_.reserve(rows);
}

Column ColumnBuilder::finish() && {
  Column column{std::move(name_), {}, std::move(missing_)};
  if (!column.missing.empty()) column.missing.resize(rows_, false);
  if (kind_ == Kind::numbers) {
    column.cells = std::move(numbers_);
    return column;
  }
  StringColumn strings{std::vector<std::string>(codes_of_.size()), std::move(codes_)};
  for (const auto& [text, code] : codes_of_) strings.levels[code] = text;
  column.cells = std::move(strings);
  return column;
}

}  // namespace jensen::data
