// The precisions of rows alone, numbered so that equal numbers mean equal precisions.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "run/kernels/gaussian_matrices.hpp"
#include "run/rows.hpp"

namespace jensen::run {

template <int D>
class OwnPrecisions {
 public:
  struct Entry {
    std::int32_t number = -1;
    std::vector<double> natural;  // J, as the tile has it
    SideMatrix<D> precision;      // −(J + J')
    SideVector<D> diagonal;
  };

  explicit OwnPrecisions(std::int64_t side) : side_(side) { restart(); }

  void restart() {
    count_ = 0;
    current_ = nullptr;
    for (Entry& e : recent_) {
      e.number = -1;
      e.natural.resize(static_cast<std::size_t>(side_ * side_));
      e.precision.resize(side_, side_);
      e.diagonal.resize(side_);
    }
  }

  // A tile whose rows are then asked for from the last to the first. `quadratic` is its column J_00.
  void begin(std::int64_t rows, const double* quadratic) {
    tile_ = quadratic;
    differs_.fill(0);
    for (std::int64_t s = 0; s < side_ * side_; ++s) {
      const double* const column = quadratic + s * tile_rows;
      for (std::int64_t i = 0; i + 1 < rows; ++i) differs_[static_cast<std::size_t>(i)] |= column[i] != column[i + 1] ? 1 : 0;
    }
    differs_[static_cast<std::size_t>(rows - 1)] = 1;
  }

  const Entry& at(std::int64_t i) {
    if (differs_[static_cast<std::size_t>(i)] != 0) current_ = &find(i);
    return *current_;
  }

 private:
  // Rows with and without observations alternate between few precisions: the last ones met are remembered.
  static constexpr std::size_t remembered = 8;

  bool equal(const Entry& e, std::int64_t i) const {
    for (std::size_t s = 0; s < e.natural.size(); ++s)
      if (e.natural[s] != tile_[static_cast<std::int64_t>(s) * tile_rows + i]) return false;
    return true;
  }

  const Entry& find(std::int64_t i) {
    if (current_ != nullptr && equal(*current_, i)) return *current_;
    for (const Entry& e : recent_)
      if (e.number >= 0 && equal(e, i)) return e;
    Entry& e = recent_[static_cast<std::size_t>(count_) % remembered];
    e.number = count_++;
    for (std::size_t s = 0; s < e.natural.size(); ++s) e.natural[s] = tile_[static_cast<std::int64_t>(s) * tile_rows + i];
    const ConstSideMap<D> j(e.natural.data(), side_, side_);
    e.precision = -(j + j.transpose());
    e.diagonal = e.precision.diagonal();
    return e;
  }

  std::int64_t side_;
  const double* tile_ = nullptr;
  std::array<std::int64_t, tile_rows> differs_{};  // from the row after it in the tile
  std::array<Entry, remembered> recent_;
  const Entry* current_ = nullptr;
  std::int32_t count_ = 0;
};

}  // namespace jensen::run
