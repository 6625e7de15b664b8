#include "run/hoist.hpp"

#include <Eigen/Core>
#include <map>

#include "run/rows.hpp"
#include "run/shards.hpp"

namespace jensen::run {
namespace {

using Matrix = Eigen::MatrixXd;

// Every feature is a product of two factors, so that the sums of all features are entries of Lᵀ R for matrices of few columns: a regression on P
// columns needs P factors for its P (P + 1) / 2 products.
struct Factors {
  std::vector<std::vector<int>> left, right;  // columns multiplied
  std::vector<std::pair<std::int32_t, std::int32_t>> of_feature;
  bool same = false;  // left and right are one list: only half of the products is needed
};

int intern(std::vector<std::vector<int>>& list, std::map<std::vector<int>, int>& ids, std::vector<int> columns) {
  const auto [found, is_new] = ids.emplace(columns, static_cast<int>(list.size()));
  if (is_new) list.push_back(std::move(columns));
  return found->second;
}

Factors factorise(const plan::FeatureGroup& group) {
  Factors out;
  std::map<std::vector<int>, int> left, right;
  for (const std::vector<int>& feature : group.features) {
    const auto half = feature.begin() + static_cast<std::ptrdiff_t>((feature.size() + 1) / 2);
    const int l = intern(out.left, left, {feature.begin(), half});
    out.of_feature.emplace_back(l, intern(out.right, right, {half, feature.end()}));
  }
  std::vector<std::vector<int>> all = out.left;
  std::map<std::vector<int>, int> all_ids = left;
  for (const auto& columns : out.right) intern(all, all_ids, columns);
  if (all.size() * all.size() > out.left.size() * out.right.size() * 3 / 2) return out;
  for (auto& [l, r] : out.of_feature) r = all_ids.at(out.right[static_cast<std::size_t>(r)]);
  out.left = out.right = all;
  out.same = true;
  return out;
}

struct Scratch {
  Tile tile;
  Matrix left, right;
  Matrix products;  // of one tile; aligned, so that its sums do not depend on where an array lies
  std::vector<std::int64_t> cells;
  std::vector<double> feature;
};

class DataSums {
 public:
  DataSums(const plan::Plan& plan, const plan::Pass& pass) : plan_(plan), pass_(pass), factors_(factorise(pass.groups.at(0))) {}

  // Products of factors, then the sums of the groups with lookups.
  [[nodiscard]] std::int64_t size() const { return products() + pass_.sums - static_cast<std::int64_t>(pass_.groups[0].features.size()); }

  void add_tile(std::int64_t first, std::int64_t rows, Scratch& s, std::vector<double>& sums) const {
    load(plan_, pass_, first, rows, s.tile);
    if (!factors_.left.empty()) add_products(rows, s, sums.data());
    const std::int64_t shift = products() - static_cast<std::int64_t>(pass_.groups[0].features.size());
    for (std::size_t g = 1; g < pass_.groups.size(); ++g) add_group(pass_.groups[g], s, sums.data() + shift + pass_.groups[g].offset);
  }

  [[nodiscard]] std::vector<double> features(const std::vector<double>& sums) const {
    std::vector<double> out;
    for (auto [l, r] : factors_.of_feature) {
      if (factors_.same && l < r) std::swap(l, r);
      out.push_back(sums[static_cast<std::size_t>(r) * factors_.left.size() + static_cast<std::size_t>(l)]);
    }
    out.insert(out.end(), sums.begin() + static_cast<std::ptrdiff_t>(products()), sums.end());
    return out;
  }

 private:
  [[nodiscard]] std::int64_t products() const { return static_cast<std::int64_t>(factors_.left.size() * factors_.right.size()); }

  static void fill(const std::vector<std::vector<int>>& list, const Tile& tile, Matrix& out) {
    if (out.rows() != tile_rows) out.resize(tile_rows, static_cast<Eigen::Index>(list.size()));
    for (std::size_t f = 0; f < list.size(); ++f) product(tile, list[f], out.col(static_cast<Eigen::Index>(f)).data());
  }

  void add_products(std::int64_t rows, Scratch& s, double* sums) const {
    fill(factors_.left, s.tile, s.left);
    s.products.setZero(static_cast<Eigen::Index>(factors_.left.size()), static_cast<Eigen::Index>(factors_.right.size()));
    if (factors_.same && !pass_.weight) {
      s.products.selfadjointView<Eigen::Lower>().rankUpdate(s.left.topRows(rows).transpose());
    } else {
      add_general(rows, s);
    }
    for (Eigen::Index i = 0; i < s.products.size(); ++i) sums[i] += s.products.data()[i];
  }

  void add_general(std::int64_t rows, Scratch& s) const {
    fill(factors_.right, s.tile, s.right);
    if (pass_.weight) {
      const Eigen::Map<const Eigen::ArrayXd> weight(s.tile.column(static_cast<std::size_t>(*pass_.weight)), rows);
      s.right.topRows(rows).array().colwise() *= weight;
    }
    s.products.noalias() += s.left.topRows(rows).transpose() * s.right.topRows(rows);
  }

  void add_group(const plan::FeatureGroup& group, Scratch& s, double* sums) const {
    s.cells.resize(tile_rows);
    s.feature.resize(tile_rows);
    cells(s.tile, group, s.cells.data());
    const auto features = static_cast<std::int64_t>(group.features.size());
    for (std::int64_t f = 0; f < features; ++f) {
      product(s.tile, group.features[static_cast<std::size_t>(f)], s.feature.data());
      const double* weight = pass_.weight ? s.tile.column(static_cast<std::size_t>(*pass_.weight)) : nullptr;
      for (std::int64_t i = 0; i < s.tile.rows; ++i) {
        const auto at = static_cast<std::size_t>(i);
        if (s.cells[at] >= 0) sums[s.cells[at] * features + f] += weight != nullptr ? s.feature[at] * weight[i] : s.feature[at];
      }
    }
  }

  const plan::Plan& plan_;
  const plan::Pass& pass_;
  Factors factors_;
};

// Sums by group may be as many as the rows of a shard: a shard then takes so many rows that clearing and reducing its sums cost little beside them.
Shards data_shards(std::int64_t rows, std::int64_t sums) {
  Shards shards = Shards::of(rows, sums);
  shards.size = std::max(shards.size, (4 * sums + tile_rows - 1) / tile_rows * tile_rows);
  return shards;
}

}  // namespace

std::vector<double> sum_data(const plan::Plan& plan, const plan::Pass& pass, int threads, const std::atomic<bool>* cancel) {
  const DataSums work(plan, pass);
  const Shards shards = data_shards(pass.rows, work.size());
  std::vector<std::vector<double>> sums(static_cast<std::size_t>(std::max<std::int64_t>(1, shards.count())));
  std::vector<Scratch> scratch(static_cast<std::size_t>(std::max(1, threads)));
  sums[0].resize(static_cast<std::size_t>(work.size()));
  for_each_shard(shards.count(), threads, [&](std::int64_t shard, int slot) {
    std::vector<double>& mine = sums[static_cast<std::size_t>(shard)];
    mine.assign(static_cast<std::size_t>(work.size()), 0.0);
    if (cancel != nullptr && cancel->load(std::memory_order_relaxed)) return;
    for (std::int64_t row = shards.first(shard); row < shards.last(shard); row += tile_rows) {
      work.add_tile(row, std::min(tile_rows, shards.last(shard) - row), scratch[static_cast<std::size_t>(slot)], mine);
    }
  });
  reduce_pairwise(sums);
  return work.features(sums[0]);
}

}  // namespace jensen::run
