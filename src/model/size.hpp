// Extents and index bounds: integers that are known, or named and read off the data later.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace jensen::model {

// What every size symbol stands for, once data are bound.
using Sizes = std::map<std::string, std::int64_t>;

// A linear form c + Σ a_s · s in size symbols: N, K - 1, 2 * D, 3. Symbols whose value is a constant of the model are folded into c but may keep a
// name for printing. Comparison ignores that name.
class Size {
 public:
  Size() = default;
  Size(std::int64_t constant) : constant_(constant) {}  // NOLINT(google-explicit-constructor)
  static Size symbol(const std::string& name);
  // The constant `value`, printed as `name`.
  static Size named(std::int64_t value, std::string name);

  [[nodiscard]] std::optional<std::int64_t> constant() const;
  [[nodiscard]] bool is_constant() const { return terms_.empty(); }
  [[nodiscard]] const std::map<std::string, std::int64_t>& symbols() const { return terms_; }
  // nullopt where a symbol has no value.
  [[nodiscard]] std::optional<std::int64_t> evaluate(const Sizes& sizes) const;
  [[nodiscard]] std::string text() const;

  friend Size operator+(const Size& a, const Size& b);
  friend Size operator-(const Size& a, const Size& b);
  // nullopt where the product is not linear.
  static std::optional<Size> product(const Size& a, const Size& b);

  bool operator==(const Size& other) const { return constant_ == other.constant_ && terms_ == other.terms_; }
  auto operator<=>(const Size& other) const {
    if (auto c = constant_ <=> other.constant_; c != 0) return c;
    return terms_ <=> other.terms_;
  }

 private:
  std::int64_t constant_ = 0;
  std::map<std::string, std::int64_t> terms_;
  std::string name_;
};

// Inclusive bounds of an index. Array positions are value - 1; levels of a discrete variable are value - low.
struct Range {
  Size low = 1;
  Size high;
  bool operator==(const Range&) const = default;
  auto operator<=>(const Range&) const = default;
  [[nodiscard]] Size extent() const { return low == Size(1) ? high : high - low + Size(1); }
  [[nodiscard]] std::string text() const { return low.text() + ".." + high.text(); }
};

}  // namespace jensen::model
