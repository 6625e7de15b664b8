#include "model/size.hpp"

#include <cstdlib>

namespace jensen::model {

Size Size::symbol(const std::string& name) {
  Size size;
  size.terms_[name] = 1;
  return size;
}

Size Size::named(std::int64_t value, std::string name) {
  Size size(value);
  size.name_ = std::move(name);
  return size;
}

std::optional<std::int64_t> Size::constant() const {
  if (!terms_.empty()) return std::nullopt;
  return constant_;
}

std::optional<std::int64_t> Size::evaluate(const Sizes& sizes) const {
  std::int64_t total = constant_;
  for (const auto& [name, factor] : terms_) {
    const auto found = sizes.find(name);
    if (found == sizes.end()) return std::nullopt;
    total += factor * found->second;
  }
  return total;
}

std::string Size::text() const {
  if (!name_.empty()) return name_;
  std::string out;
  for (const auto& [name, factor] : terms_) {
    if (out.empty()) {
      if (factor < 0) out += "-";
    } else {
      out += factor < 0 ? " - " : " + ";
    }
    if (const std::int64_t magnitude = std::abs(factor); magnitude != 1) out += std::to_string(magnitude) + " * ";
    out += name;
  }
  if (out.empty()) return std::to_string(constant_);
  if (constant_ > 0) out += " + " + std::to_string(constant_);
  if (constant_ < 0) out += " - " + std::to_string(-constant_);
  return out;
}

Size operator+(const Size& a, const Size& b) {
  if (a == Size(0)) return b;
  if (b == Size(0)) return a;
  Size sum;
  sum.constant_ = a.constant_ + b.constant_;
  sum.terms_ = a.terms_;
  for (const auto& [name, factor] : b.terms_) {
    if ((sum.terms_[name] += factor) == 0) sum.terms_.erase(name);
  }
  return sum;
}

Size operator-(const Size& a, const Size& b) { return a + *Size::product(Size(-1), b); }

std::optional<Size> Size::product(const Size& a, const Size& b) {
  if (!a.is_constant() && !b.is_constant()) return std::nullopt;
  const Size& linear = a.is_constant() ? b : a;
  const std::int64_t factor = a.is_constant() ? a.constant_ : b.constant_;
  Size out;
  out.constant_ = linear.constant_ * factor;
  if (factor != 0) {
    for (const auto& [name, coefficient] : linear.terms_) out.terms_[name] = coefficient * factor;
  }
  return out;
}

}  // namespace jensen::model
