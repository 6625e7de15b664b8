#include "run/sweep.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "run/element.hpp"
#include "run/kernels/discrete.hpp"
#include "run/kernels/lanes.hpp"
#include "run/kernels/products.hpp"
#include "run/shards.hpp"

namespace jensen::run {
namespace {

struct Scratch {
  Tile tile;
  std::vector<double> sums;  // of the features without lookups, lane by lane
  std::vector<double> feature;
  std::vector<double> natural, mean;  // statistic by statistic, tile_rows apart
  std::vector<double> peak, total, log_partition;
  std::vector<double> row_natural, row_mean;
  std::vector<std::int64_t> cells;
};

struct ShardResult {
  double log_partition = 0;
  std::optional<RowFailure> failure;
  bool cancelled = false;
};

class Sweeper {
 public:
  explicit Sweeper(const SweepRequest& request)
      : request_(request),
        pass_(request.pass),
        block_(request.plan.blocks[static_cast<std::size_t>(*request.pass.block)]),
        dense_(static_cast<std::int64_t>(request.pass.groups.at(0).features.size())),
        size_(request.pass.statistics) {
    pair_features();
  }

  void run_shard(std::int64_t first, std::int64_t last, Scratch& s, std::vector<double>& sums, ShardResult& result) const {
    prepare(s);
    for (std::int64_t row = first; row < last && !result.failure; row += tile_rows) {
      load(request_.plan, pass_, row, std::min(tile_rows, last - row), s.tile, extra_.size());
      add_columns(s.tile);
      if (request_.given) {
        request_.given(s.tile, s.mean.data());
      } else {
        natural(s);
        result.log_partition += update(s, result);
      }
      if (request_.sink) request_.sink(s.tile, s.natural.data(), s.mean.data());
      add_sums(s, sums.data());
    }
    if (dense_ > 0) add_lanes(s.sums, sums.data());
  }

 private:
  // Every feature as a product of two columns: longer products, and the constant 1, become further columns of the tile.
  void pair_features() {
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

  void add_columns(Tile& tile) const {
    for (std::size_t e = 0; e < extra_.size(); ++e) {
      double* out = tile.columns.data() + static_cast<std::int64_t>(pass_.columns.size() + e) * tile_rows;
      product(tile, extra_[e], out);
      std::fill(out + tile.rows, out + tile_rows, 0.0);
    }
  }

  void prepare(Scratch& s) const {
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

  // η = F G, plus the rows that lookups pick.
  void natural(Scratch& s) const {
    double* eta = s.natural.data();
    predict(pairs_, s.tile.columns.data(), tile_rows, request_.derivative->data(), size_, eta);
    for (std::size_t g = 1; g < pass_.groups.size(); ++g) {
      for_each_picked(pass_.groups[g], s, [&](std::int64_t row, double feature, std::int64_t at) {
        const double* from = request_.derivative->data() + at;
        for (std::int64_t k = 0; k < size_; ++k) eta[k * tile_rows + row] += feature * from[k];
      });
    }
  }

  // Calls visit(row of the tile, feature, offset of the sums of its cell and feature).
  template <class Visit>
  void for_each_picked(const plan::FeatureGroup& group, Scratch& s, Visit visit) const {
    cells(s.tile, group, s.cells.data());
    const auto features = static_cast<std::int64_t>(group.features.size());
    for (std::int64_t f = 0; f < features; ++f) {
      product(s.tile, group.features[static_cast<std::size_t>(f)], s.feature.data());
      for (std::int64_t i = 0; i < s.tile.rows; ++i) {
        const std::int64_t cell = s.cells[static_cast<std::size_t>(i)];
        if (cell >= 0) visit(i, s.feature[static_cast<std::size_t>(i)], group.offset + (cell * features + f) * size_);
      }
    }
  }

  // Turns η into mean parameters; returns Σ weight · A.
  double update(Scratch& s, ShardResult& result) const {
    if (!block_.discrete || !block_.present.empty()) {
      update_family(s, result);
      return weighted_sum(s);
    }
    if (request_.sink) {
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

  double weighted_sum(const Scratch& s) const {
    const double* weight = pass_.weight ? s.tile.column(static_cast<std::size_t>(*pass_.weight)) : nullptr;
    double sum = 0;
    for (std::int64_t i = 0; i < s.tile.rows; ++i) sum += s.log_partition[static_cast<std::size_t>(i)] * (weight != nullptr ? weight[i] : 1.0);
    return sum;
  }

  void update_family(Scratch& s, ShardResult& result) const {
    for (std::int64_t i = 0; i < s.tile.rows; ++i) {
      for (std::int64_t k = 0; k < size_; ++k) s.row_natural[static_cast<std::size_t>(k)] = s.natural[static_cast<std::size_t>(k * tile_rows + i)];
      const auto improper = update_element(block_, s.tile.first + i, s.row_natural, s.row_mean, s.log_partition[static_cast<std::size_t>(i)]);
      if (improper && !result.failure) result.failure = RowFailure{s.tile.first + i, improper->reason};
      for (std::int64_t k = 0; k < size_; ++k) s.mean[static_cast<std::size_t>(k * tile_rows + i)] = s.row_mean[static_cast<std::size_t>(k)];
    }
  }

  // S += Fᵀ M, and the cells that lookups pick. Rows after the last of the tile count for nothing.
  void add_sums(Scratch& s, double* sums) const {
    double* mean = s.mean.data();
    for (std::int64_t k = 0; k < size_; ++k) {
      std::fill(mean + k * tile_rows + s.tile.rows, mean + (k + 1) * tile_rows, 0.0);
      if (!pass_.weight) continue;
      const double* weight = s.tile.column(static_cast<std::size_t>(*pass_.weight));
      for (std::int64_t i = 0; i < s.tile.rows; ++i) mean[k * tile_rows + i] *= weight[i];
    }
    accumulate(pairs_, s.tile.columns.data(), tile_rows, mean, size_, s.sums.data());
    for (std::size_t g = 1; g < pass_.groups.size(); ++g) {
      for_each_picked(pass_.groups[g], s, [&](std::int64_t row, double feature, std::int64_t at) {
        double* to = sums + at;
        for (std::int64_t k = 0; k < size_; ++k) to[k] += feature * mean[k * tile_rows + row];
      });
    }
  }

  const SweepRequest& request_;
  const plan::Pass& pass_;
  const plan::PlannedBlock& block_;
  std::int64_t dense_;
  std::int64_t size_;
  FeaturePairs pairs_;
  std::vector<std::vector<int>> extra_;  // columns multiplied
};

}  // namespace

SweepResult sweep(const SweepRequest& request) {
  const Sweeper sweeper(request);
  const std::int64_t length = request.pass.sums;
  const Shards shards = Shards::of(request.pass.rows, length);
  const auto count = static_cast<std::size_t>(std::max<std::int64_t>(1, shards.count()));
  std::vector<std::vector<double>> sums(count);
  std::vector<ShardResult> results(count);
  std::vector<Scratch> scratch(static_cast<std::size_t>(std::max(1, request.threads)));
  sums[0].resize(static_cast<std::size_t>(length) + 1);
  for_each_shard(shards.count(), request.threads, [&](std::int64_t shard, int slot) {
    const auto at = static_cast<std::size_t>(shard);
    sums[at].assign(static_cast<std::size_t>(length) + 1, 0.0);
    if (request.cancel != nullptr && request.cancel->load(std::memory_order_relaxed)) {
      results[at].cancelled = true;
      return;
    }
    sweeper.run_shard(shards.first(shard), shards.last(shard), scratch[static_cast<std::size_t>(slot)], sums[at], results[at]);
    sums[at].back() = results[at].log_partition;  // reduced along the same tree
  });
  reduce_pairwise(sums);
  SweepResult out;
  out.sums = std::move(sums[0]);
  out.log_partition = out.sums.back();
  out.sums.pop_back();
  for (const ShardResult& result : results) {
    out.cancelled = out.cancelled || result.cancelled;
    if (!out.failure) out.failure = result.failure;
  }
  return out;
}

}  // namespace jensen::run
