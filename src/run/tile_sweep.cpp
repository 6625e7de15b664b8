#include "run/tile_sweep.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/lanes.hpp"
#include "run/element.hpp"
#include "run/kernels/discrete.hpp"

namespace jensen::run {

TileSweep::TileSweep(const plan::Plan& plan, const plan::Pass& pass, const double* derivative, bool keep_natural, std::optional<std::size_t> without)
    : plan_(plan),
      pass_(pass),
      block_(plan.blocks[static_cast<std::size_t>(*pass.block)]),
      derivative_(derivative),
      keep_natural_(keep_natural),
      dense_(static_cast<std::int64_t>(pass.groups.at(0).features.size())),
      size_(pass.statistics),
      without_(without) {
  pair_features();
  for (std::size_t g = 0; g < pass.groups.size(); ++g) {
    offsets_.push_back(sums_);
    if (g != without) sums_ += pass.groups[g].cells * static_cast<std::int64_t>(pass.groups[g].features.size()) * size_;
  }
}

// Calls visit(row of the tile, feature, place of the sums of its cell and feature among those of the group).
template <class Visit>
void TileSweep::for_each_picked(const plan::FeatureGroup& group, TileScratch& s, Visit visit) const {
  cells(s.tile, group, s.cells.data());
  const auto features = static_cast<std::int64_t>(group.features.size());
  for (std::int64_t f = 0; f < features; ++f) {
    product(s.tile, group.features[static_cast<std::size_t>(f)], s.feature.data());
    for (std::int64_t i = 0; i < s.tile.rows; ++i) {
      const std::int64_t cell = s.cells[static_cast<std::size_t>(i)];
      if (cell >= 0) visit(i, s.feature[static_cast<std::size_t>(i)], (cell * features + f) * size_);
    }
  }
}

// Every feature as a product of two columns: longer products, and the constant 1, become further columns of the tile.
void TileSweep::pair_features() {
  std::map<std::vector<int>, std::int32_t> ids;
  const auto column = [&](std::vector<int> part) {
    if (part.size() == 1) return static_cast<std::int32_t>(part[0]);
    const auto [found, is_new] = ids.emplace(part, static_cast<std::int32_t>(pass_.columns.size() + extra_.size()));
    if (is_new) extra_.push_back(std::move(part));
    return found->second;
  };
  for (const std::vector<int>& feature : pass_.groups[0].features) {
    const auto half = feature.begin() + static_cast<std::ptrdiff_t>((feature.size() + 1) / 2);
    pairs_.a.push_back(column({feature.begin(), half}));
    pairs_.b.push_back(column({half, feature.end()}));
  }
}

void TileSweep::prepare(TileScratch& s) const {
  s.sums.assign(static_cast<std::size_t>(dense_ * size_ * lanes), 0.0);
  s.natural.resize(static_cast<std::size_t>(size_ * tile_rows));
  s.mean.resize(static_cast<std::size_t>(size_ * tile_rows));
  s.feature.resize(tile_rows);
  s.peak.resize(tile_rows);
  s.total.resize(tile_rows);
  s.log_partition.resize(tile_rows);
  s.cells.resize(tile_rows);
  s.row_natural.resize(static_cast<std::size_t>(size_));
  s.row_mean.resize(static_cast<std::size_t>(size_));
}

void TileSweep::read(std::int64_t first, std::int64_t rows, TileScratch& s) const {
  load(plan_, pass_, first, rows, s.tile, extra_.size());
  add_columns(s.tile);
}

void TileSweep::read(std::span<const std::int32_t> rows, TileScratch& s) const {
  load(plan_, pass_, rows, s.tile, extra_.size());
  add_columns(s.tile);
}

void TileSweep::add_columns(Tile& tile) const {
  for (std::size_t e = 0; e < extra_.size(); ++e) {
    double* out = tile.columns.data() + static_cast<std::int64_t>(pass_.columns.size() + e) * tile_rows;
    product(tile, extra_[e], out);
    std::fill(out + tile.rows, out + tile_rows, 0.0);
  }
}

// η = F G, plus the rows that lookups pick.
void TileSweep::natural(TileScratch& s) const {
  double* eta = s.natural.data();
  predict(pairs_, s.tile.columns.data(), tile_rows, derivative_, size_, eta);
  for (std::size_t g = 1; g < pass_.groups.size(); ++g) {
    if (g == without_) continue;
    for_each_picked(pass_.groups[g], s, [&](std::int64_t row, double feature, std::int64_t at) {
      const double* from = derivative_ + pass_.groups[g].offset + at;
      for (std::int64_t k = 0; k < size_; ++k) eta[k * tile_rows + row] += feature * from[k];
    });
  }
}

// Turns η into mean parameters; returns Σ weight · A.
double TileSweep::update(TileScratch& s, std::optional<RowFailure>& failure) const {
  if (!block_.discrete || !block_.present.empty()) {
    update_family(s, failure);
    return weighted_sum(s);
  }
  if (keep_natural_) {
    s.mean = s.natural;
  } else {
    s.mean.swap(s.natural);
  }
  softmax_rows(s.mean.data(), tile_rows, size_, s.peak.data(), s.total.data());
  std::fill(s.peak.begin() + s.tile.rows, s.peak.end(), 0.0);
  std::fill(s.total.begin() + s.tile.rows, s.total.end(), 1.0);
  if (!pass_.weight) return sum_log_partitions(s.peak.data(), s.total.data(), tile_rows);
  for (std::size_t i = 0; i < s.peak.size(); ++i) s.log_partition[i] = s.peak[i] + std::log(s.total[i]);
  return weighted_sum(s);
}

double TileSweep::weighted_sum(const TileScratch& s) const {
  const double* weight = pass_.weight ? s.tile.column(static_cast<std::size_t>(*pass_.weight)) : nullptr;
  double sum = 0;
  for (std::int64_t i = 0; i < s.tile.rows; ++i) sum += s.log_partition[static_cast<std::size_t>(i)] * (weight != nullptr ? weight[i] : 1.0);
  return sum;
}

void TileSweep::update_family(TileScratch& s, std::optional<RowFailure>& failure) const {
  for (std::int64_t i = 0; i < s.tile.rows; ++i) {
    for (std::int64_t k = 0; k < size_; ++k) s.row_natural[static_cast<std::size_t>(k)] = s.natural[static_cast<std::size_t>(k * tile_rows + i)];
    const auto improper = update_element(block_, s.tile.first + i, s.row_natural, s.row_mean, s.log_partition[static_cast<std::size_t>(i)]);
    if (improper && !failure) failure = RowFailure{s.tile.first + i, improper->reason};
    for (std::int64_t k = 0; k < size_; ++k) s.mean[static_cast<std::size_t>(k * tile_rows + i)] = s.row_mean[static_cast<std::size_t>(k)];
  }
}

void TileSweep::weigh(TileScratch& s) const {
  double* mean = s.mean.data();
  for (std::int64_t k = 0; k < size_; ++k) {
    std::fill(mean + k * tile_rows + s.tile.rows, mean + (k + 1) * tile_rows, 0.0);
    if (!pass_.weight) continue;
    const double* weight = s.tile.column(static_cast<std::size_t>(*pass_.weight));
    for (std::int64_t i = 0; i < s.tile.rows; ++i) mean[k * tile_rows + i] *= weight[i];
  }
}

// S += Fᵀ M, and the cells that lookups pick.
void TileSweep::add_sums(TileScratch& s, double* sums) const {
  accumulate(pairs_, s.tile.columns.data(), tile_rows, s.mean.data(), size_, s.sums.data());
  for (std::size_t g = 1; g < pass_.groups.size(); ++g) {
    if (g != without_) add_picked(pass_.groups[g], 0, s, sums + offsets_[g]);
  }
}

void TileSweep::add_picked(const plan::FeatureGroup& group, std::int64_t from_cell, TileScratch& s, double* sums) const {
  const std::int64_t from = from_cell * static_cast<std::int64_t>(group.features.size()) * size_;
  for_each_picked(group, s, [&](std::int64_t row, double feature, std::int64_t at) {
    double* to = sums + (at - from);
    for (std::int64_t k = 0; k < size_; ++k) to[k] += feature * s.mean[static_cast<std::size_t>(k * tile_rows + row)];
  });
}

void TileSweep::finish(TileScratch& s, double* sums) const {
  if (dense_ > 0) add_lanes(s.sums, sums);
}

}  // namespace jensen::run
