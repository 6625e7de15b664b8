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
  bool same = false;    // left and right are one list: only half of the products is needed
  bool single = false;  // few of the products are features: each is summed by itself
};

// So many times faster is an entry of a matrix product than a sum of products by itself.
constexpr std::size_t matrix_gain = 4;

// Up to here features are not worth a matrix product.
constexpr std::size_t few_features = 4;

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
  out.single = out.of_feature.size() <= few_features || out.of_feature.size() * matrix_gain < out.left.size() * out.right.size();
  if (out.single) return out;
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
    if (factors_.single) return sums;
    std::vector<double> out;
    for (auto [l, r] : factors_.of_feature) {
      if (factors_.same && l < r) std::swap(l, r);
      out.push_back(sums[static_cast<std::size_t>(r) * factors_.left.size() + static_cast<std::size_t>(l)]);
    }
    out.insert(out.end(), sums.begin() + static_cast<std::ptrdiff_t>(products()), sums.end());
    return out;
  }

 private:
  [[nodiscard]] std::int64_t products() const {
    return static_cast<std::int64_t>(factors_.single ? factors_.of_feature.size() : factors_.left.size() * factors_.right.size());
  }

  static void fill(const std::vector<std::vector<int>>& list, const Tile& tile, Matrix& out) {
    if (out.rows() != tile_rows) out.resize(tile_rows, static_cast<Eigen::Index>(list.size()));
    for (std::size_t f = 0; f < list.size(); ++f) product(tile, list[f], out.col(static_cast<Eigen::Index>(f)).data());
  }

  // A column of the tile as it is, everything else in scratch; 0 after the last row.
  static const double* column(const std::vector<int>& columns, const double* weight, const Tile& tile, double* space) {
    if (columns.size() == 1 && weight == nullptr) return tile.column(static_cast<std::size_t>(columns[0]));
    product(tile, columns, space);
    for (std::int64_t i = 0; weight != nullptr && i < tile.rows; ++i) space[i] *= weight[i];
    std::fill(space + tile.rows, space + tile_rows, 0.0);
    return space;
  }

  static double dot(const double* a, const double* b) {
    constexpr std::int64_t lanes = 16;
    static_assert(tile_rows % lanes == 0);
    double partial[lanes] = {};
    for (std::int64_t i = 0; i < tile_rows; i += lanes) {
      for (std::int64_t l = 0; l < lanes; ++l) partial[l] += a[i + l] * b[i + l];
    }
    for (std::int64_t width = lanes / 2; width > 0; width /= 2) {
      for (std::int64_t l = 0; l < width; ++l) partial[l] += partial[l + width];
    }
    return partial[0];
  }

  void add_single(Scratch& s, double* sums) const {
    const double* weight = pass_.weight ? s.tile.column(static_cast<std::size_t>(*pass_.weight)) : nullptr;
    s.left.resize(tile_rows, static_cast<Eigen::Index>(factors_.left.size()));
    s.right.resize(tile_rows, static_cast<Eigen::Index>(factors_.right.size()));
    std::vector<const double*> left, right;
    for (std::size_t l = 0; l < factors_.left.size(); ++l)
      left.push_back(column(factors_.left[l], nullptr, s.tile, s.left.col(static_cast<Eigen::Index>(l)).data()));
    for (std::size_t r = 0; r < factors_.right.size(); ++r)
      right.push_back(column(factors_.right[r], weight, s.tile, s.right.col(static_cast<Eigen::Index>(r)).data()));
    for (const auto& [l, r] : factors_.of_feature) *sums++ += dot(left[static_cast<std::size_t>(l)], right[static_cast<std::size_t>(r)]);
  }

  void add_products(std::int64_t rows, Scratch& s, double* sums) const {
    if (factors_.single) return add_single(s, sums);
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

  // Rows of one cell often follow each other: a stretch of them is summed before the cell is touched.
  void add_group(const plan::FeatureGroup& group, Scratch& s, double* sums) const {
    s.cells.resize(tile_rows);
    s.feature.resize(tile_rows);
    cells(s.tile, group, s.cells.data());
    const double* weight = pass_.weight ? s.tile.column(static_cast<std::size_t>(*pass_.weight)) : nullptr;
    const std::size_t features = group.features.size();
    for (std::size_t f = 0; f < features; ++f) {
      const bool count = group.features[f].empty() && weight == nullptr;
      const double* values = count ? nullptr : column(group.features[f], weight, s.tile, s.feature.data());
      for (std::int64_t first = 0, end = 0; first < s.tile.rows; first = end) {
        const std::int64_t cell = s.cells[static_cast<std::size_t>(first)];
        do ++end;
        while (end < s.tile.rows && s.cells[static_cast<std::size_t>(end)] == cell);
        if (cell < 0) continue;
        sums[cell * static_cast<std::int64_t>(features) + static_cast<std::int64_t>(f)] +=
            count ? static_cast<double>(end - first) : stretch_sum(values + first, end - first);
      }
    }
  }

  static double stretch_sum(const double* values, std::int64_t n) {
    constexpr std::int64_t lanes = 8;
    double partial[lanes] = {}, sum = 0;
    std::int64_t i = 0;
    for (; i + lanes <= n; i += lanes) {
      for (std::int64_t l = 0; l < lanes; ++l) partial[l] += values[i + l];
    }
    for (; i < n; ++i) sum += values[i];
    for (std::int64_t width = lanes / 2; n >= lanes && width > 0; width /= 2) {
      for (std::int64_t l = 0; l < width; ++l) partial[l] += partial[l + width];
    }
    return sum + partial[0];
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
