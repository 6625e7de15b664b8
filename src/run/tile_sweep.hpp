// What a sweep does with one tile of rows: natural parameters, update, sums.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "plan/plan.hpp"
#include "run/kernels/products.hpp"
#include "run/rows.hpp"
#include "run/sweep.hpp"

namespace jensen::run {

struct TileScratch {
  Tile tile;
  std::vector<double> sums;  // of the features without lookups, lane by lane
  std::vector<double> feature;
  std::vector<double> natural, mean;  // statistic by statistic, tile_rows apart
  std::vector<double> peak, total, log_partition;
  std::vector<double> row_natural, row_mean;
  std::vector<std::int64_t> cells;
};

class TileSweep {
 public:
  // `derivative` is G, laid out as the sums of the pass. The group `without` is left out of natural parameters and of sums.
  TileSweep(const plan::Plan& plan, const plan::Pass& pass, const double* derivative, bool keep_natural,
            std::optional<std::size_t> without = std::nullopt);

  void prepare(TileScratch& s) const;  // once for each shard
  void read(std::int64_t first, std::int64_t rows, TileScratch& s) const;
  void read(std::span<const std::int32_t> rows, TileScratch& s) const;
  void natural(TileScratch& s) const;
  // Turns η into mean parameters; returns Σ weight · A.
  double update(TileScratch& s, std::optional<RowFailure>& failure) const;
  void weigh(TileScratch& s) const;  // the means, once; those after the last row of the tile become 0
  void add_sums(TileScratch& s, double* sums) const;
  // Sums of one group alone, whether it is left out or not: features × statistics of the cells from the given one on.
  void add_picked(const plan::FeatureGroup& group, std::int64_t from_cell, TileScratch& s, double* sums) const;
  void finish(TileScratch& s, double* sums) const;  // the sums of the shard that are still lane by lane

  // Sums are those of the pass without the group left out.
  [[nodiscard]] std::int64_t sums() const { return sums_; }
  [[nodiscard]] std::int64_t offset(std::size_t group) const { return offsets_[group]; }

 private:
  void pair_features();
  void add_columns(Tile& tile) const;
  template <class Visit>
  void for_each_picked(const plan::FeatureGroup& group, TileScratch& s, Visit visit) const;
  double weighted_sum(const TileScratch& s) const;
  void update_family(TileScratch& s, std::optional<RowFailure>& failure) const;

  const plan::Plan& plan_;
  const plan::Pass& pass_;
  const plan::PlannedBlock& block_;
  const double* derivative_;
  bool keep_natural_;
  std::int64_t dense_;
  std::int64_t size_;
  std::optional<std::size_t> without_;
  std::int64_t sums_ = 0;
  std::vector<std::int64_t> offsets_;  // by group
  FeaturePairs pairs_;
  std::vector<std::vector<int>> extra_;  // columns multiplied
};

}  // namespace jensen::run
