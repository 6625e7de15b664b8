// Coordinates on the whole of R^n for the numbers of a point block: positives by their log, numbers of an interval by their logit, simplexes by log
// ratios to their last entry, ordered vectors by the logs of their increments, positive definite matrices by their Cholesky factor with the logs of
// its diagonal, correlations by rows of a factor scaled to length 1 (Stan Reference Manual, chapter Constraint Transforms). They are for the search
// alone: the maximum is that in the variable as declared, without a Jacobian.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "family/statistic.hpp"

namespace jensen::family {

// An array of values of one type in the value of a block.
struct PointPart {
  Support support;
  std::size_t offset = 0;                 // of its first number
  std::size_t count = 1;                  // values
  std::vector<std::size_t> dims;          // of one value: {} a number, {D} a vector, {R, C} a matrix
  std::string name = {};                  // for people
  std::vector<std::size_t> extents = {};  // of the whole array, the dims of a value included
};

class Unconstrained {
 public:
  explicit Unconstrained(std::vector<PointPart> parts);

  [[nodiscard]] std::size_t size() const { return size_; }              // coordinates
  [[nodiscard]] std::size_t value_size() const { return value_size_; }  // numbers

  void to_value(std::span<const double> coordinates, std::span<double> value) const;
  // The coordinates of a value; one on the edge of its support is moved inside.
  void from_value(std::span<const double> value, std::span<double> coordinates) const;
  // ∂f/∂coordinates from ∂f/∂value.
  void pull_back(std::span<const double> coordinates, std::span<const double> value, std::span<const double> by_value, std::span<double> out) const;

  // Whether equal steps of the coordinate are equal factors of what it stands for, rather than equal differences.
  [[nodiscard]] bool is_logarithmic(std::size_t coordinate) const;
  // `beta[2]`, for people.
  [[nodiscard]] std::string name(std::size_t coordinate) const;

 private:
  struct Place {  // coordinates of one value
    std::size_t part = 0, value = 0, first = 0;
  };
  [[nodiscard]] std::size_t coordinates_of(const PointPart& part) const;

  std::vector<PointPart> parts_;
  std::vector<std::size_t> first_;  // coordinate of each part
  std::size_t size_ = 0, value_size_ = 0;
};

}  // namespace jensen::family
