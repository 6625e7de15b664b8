#include "run/kernels/most_probable_path.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "run/rows.hpp"

namespace jensen::run {
namespace {

constexpr double impossible = -std::numeric_limits<double>::infinity();

double log_value(double x) { return x <= -1e200 ? impossible : x; }

std::variant<std::vector<std::uint8_t>, std::vector<std::uint16_t>, std::vector<std::int32_t>> pointers_for(std::int64_t levels, std::int64_t rows) {
  const auto places = static_cast<std::size_t>(rows * levels);
  if (levels <= 1 << 8) return std::vector<std::uint8_t>(places);
  if (levels <= 1 << 16) return std::vector<std::uint16_t>(places);
  return std::vector<std::int32_t>(places);
}

}  // namespace

MostProbablePath::MostProbablePath(std::int64_t levels, const Forest& forest, const double* links, std::int64_t kinds)
    : levels_(levels), padded_(padded_levels(levels)), forest_(forest), chain_(is_chain(forest)), pointers_(pointers_for(levels, forest.rows)) {
  back_.assign(static_cast<std::size_t>(kinds * levels * padded_), 0.0);
  for (std::int64_t l = 0; l < kinds; ++l) {
    for (std::int64_t j = 0; j < levels; ++j) {
      for (std::int64_t k = 0; k < levels; ++k) {
        back_[static_cast<std::size_t>((l * levels + k) * padded_ + j)] = log_value(links[(l * levels + j) * levels + k]);
      }
    }
  }
  scores_.assign(static_cast<std::size_t>((chain_ ? 2 : forest.rows) * padded_), 0.0);
  best_.assign(static_cast<std::size_t>(padded_), 0.0);
  which_.assign(static_cast<std::size_t>(padded_), 0.0);
  states_.assign(static_cast<std::size_t>(forest.rows), 0);
}

// Scores are kept below 0 with the largest at 0, so that differences stay exact on long chains.
void MostProbablePath::add_own(const double* natural, double* score) {
  double peak = impossible;
  for (std::int64_t k = 0; k < levels_; ++k) {
    score[k] += log_value(natural[k * tile_rows]);
    peak = std::max(peak, score[k]);
  }
  log_density_ += peak;
  if (peak == impossible) return;
  for (std::int64_t k = 0; k < levels_; ++k) score[k] -= peak;
}

// best_[j] = max_k θ[j, k] + score[k], and which_[j] the lowest k where it is reached.
void MostProbablePath::best_by_state(const double* score, const double* back) {
  for (std::int64_t at = 0; at < padded_; at += lanes) {
    Lane best = load_lane(back + at) + score[0], which = {};
    for (std::int64_t k = 1; k < levels_; ++k) {
      const Lane value = load_lane(back + k * padded_ + at) + score[k];
      which = value > best ? spread(static_cast<double>(k)) : which;
      best = value > best ? value : best;
    }
    store_lane(best_.data() + at, best);
    store_lane(which_.data() + at, which);
  }
}

// The best state of a root is that by any state of a row it would hang on; its score is 0.
void MostProbablePath::close_root(const double* score) {
  const auto best = static_cast<double>(std::max_element(score, score + levels_) - score);
  std::fill(which_.begin(), which_.end(), best);
}

void MostProbablePath::upward(std::int64_t first, std::int64_t rows, const double* natural) {
  if (first + rows == forest_.rows) {
    log_density_ = 0;
    std::fill(scores_.begin(), scores_.end(), 0.0);
  }
  std::visit(
      [&](auto& pointers) {
        using Pointer = typename std::decay_t<decltype(pointers)>::value_type;
        for (std::int64_t i = rows - 1; i >= 0; --i) {
          const std::int64_t p = first + i;
          double* score = scores(p);
          add_own(natural + i, score);
          if (linked(p)) {
            best_by_state(score, back_.data() + forest_.link[p] * levels_ * padded_);
            double* above = scores(forest_.previous[p]);
            for (std::int64_t j = 0; j < levels_; ++j) above[j] += best_[static_cast<std::size_t>(j)];
          } else {
            close_root(score);
          }
          Pointer* to = pointers.data() + p * levels_;
          for (std::int64_t j = 0; j < levels_; ++j) to[j] = static_cast<Pointer>(which_[static_cast<std::size_t>(j)]);
          std::fill(score, score + levels_, 0.0);
        }
      },
      pointers_);
}

void MostProbablePath::downward(std::int64_t first, std::int64_t rows, std::int32_t* states) {
  std::visit(
      [&](const auto& pointers) {
        for (std::int64_t i = 0; i < rows; ++i) {
          const std::int64_t p = first + i;
          const std::int64_t above = linked(p) ? states_[static_cast<std::size_t>(forest_.previous[p])] : 0;
          states[i] = states_[static_cast<std::size_t>(p)] = static_cast<std::int32_t>(pointers[static_cast<std::size_t>(p * levels_ + above)]);
        }
      },
      pointers_);
}

}  // namespace jensen::run
