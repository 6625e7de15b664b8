// Typed integers that index vectors: the only references between nodes of an intermediate representation.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace jensen {

template <class Tag>
struct Id {
  std::int32_t value = -1;

  constexpr Id() = default;
  constexpr explicit Id(std::int32_t v) : value(v) {}
  constexpr explicit Id(std::size_t v) : value(static_cast<std::int32_t>(v)) {}

  [[nodiscard]] constexpr bool valid() const { return value >= 0; }
  auto operator<=>(const Id&) const = default;
};

using SourceId = Id<struct SourceTag>;
using PlateId = Id<struct PlateTag>;
using VariableId = Id<struct VariableTag>;
using FactorId = Id<struct FactorTag>;
using DistributionId = Id<struct DistributionTag>;
using IndexId = Id<struct IndexTag>;
using DataExprId = Id<struct DataExprTag>;
using TermId = Id<struct TermTag>;
using BlockId = Id<struct BlockTag>;

// A vector that only its own kind of id may index.
template <class IdType, class T>
class IdVector {
 public:
  IdType add(T value) {
    items_.push_back(std::move(value));
    return IdType(items_.size() - 1);
  }
  T& operator[](IdType id) { return items_[static_cast<std::size_t>(id.value)]; }
  const T& operator[](IdType id) const { return items_[static_cast<std::size_t>(id.value)]; }

  [[nodiscard]] std::size_t size() const { return items_.size(); }
  [[nodiscard]] bool empty() const { return items_.empty(); }
  [[nodiscard]] IdType id_at(std::size_t i) const { return IdType(i); }

  auto begin() { return items_.begin(); }
  auto end() { return items_.end(); }
  auto begin() const { return items_.begin(); }
  auto end() const { return items_.end(); }

 private:
  std::vector<T> items_;
};

}  // namespace jensen

template <class Tag>
struct std::hash<jensen::Id<Tag>> {
  std::size_t operator()(jensen::Id<Tag> id) const noexcept { return std::hash<std::int32_t>{}(id.value); }
};
