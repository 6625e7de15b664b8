#include "run/affine_sweep.hpp"

#include <algorithm>

#include "run/rows.hpp"
#include "run/shards.hpp"

namespace jensen::run {
namespace {

// Tiles that say where the data lie.
constexpr std::int64_t centring_tiles = 16;

// One pass over the rows costs less than this many sweeps, or it is not made.
constexpr double most_sweeps = 16;

// A normal distribution with statistics v and all products v_i v_j: the dimension, or 0.
Eigen::Index gaussian_dimension(const plan::PlannedBlock& block) {
  if (block.discrete || block.network || !block.families.empty() || !block.present.empty() || !block.gates.empty()) return 0;
  const family::Layout& layout = block.family->layout();
  const std::size_t d = block.family->value_size();
  if (layout.size() != 2 || layout[0].statistic != Statistic{StatisticKind::power, 1} || layout[0].size != d) return 0;
  const bool scalar = layout[1].statistic == Statistic{StatisticKind::power, 2} && d == 1;
  const bool pairs = layout[1].statistic == Statistic::pair() && layout[1].size == d * d;
  return scalar || pairs ? static_cast<Eigen::Index>(d) : 0;
}

// No moment multiplies a product of the row's numbers by data.
bool common_precision(const plan::Plan& plan, const plan::Pass& pass, Eigen::Index dimension, Eigen::Index constant) {
  for (const plan::Moment& moment : plan.moments) {
    if (&plan.passes[static_cast<std::size_t>(moment.pass)] != &pass) continue;
    for (const std::int32_t cell : moment.cells) {
      if (cell % pass.statistics >= dimension && cell / pass.statistics != constant) return false;
    }
  }
  return true;
}

struct Scratch {
  Tile tile;
  Eigen::MatrixXd features, weighted;
  Eigen::MatrixXd products;  // of one tile; aligned, so that its sums do not depend on where an array lies
};

class FeatureProducts {
 public:
  FeatureProducts(const plan::Plan& plan, const plan::Pass& pass, Eigen::Index constant)
      : plan_(plan), pass_(pass), list_(pass.groups[0].features), constant_(constant), size_(static_cast<Eigen::Index>(list_.size())) {}

  // The mean of every feature but the constant, over a few tiles: any point among the data serves.
  Eigen::VectorXd centre() const {
    const std::int64_t tiles = (pass_.rows + tile_rows - 1) / tile_rows, used = std::min(tiles, centring_tiles);
    const Eigen::VectorXd origin = Eigen::VectorXd::Zero(size_);
    Eigen::VectorXd total = origin;
    std::int64_t rows = 0;
    Scratch s;
    for (std::int64_t t = 0; t < used; ++t) {
      const std::int64_t first = t * tiles / used * tile_rows, n = std::min(tile_rows, pass_.rows - first);
      read(first, n, origin, s);
      total += s.features.colwise().sum().transpose();
      rows += n;
    }
    total /= static_cast<double>(rows);
    total(constant_) = 0;
    return total;
  }

  // Σ w f fᵀ of f less the centre (but 1 for the constant), its lower triangle.
  Eigen::MatrixXd sum(const Eigen::VectorXd& centre, int threads, const std::atomic<bool>* cancel) const {
    const Shards shards = Shards::of(pass_.rows, size_ * size_);
    std::vector<std::vector<double>> sums(static_cast<std::size_t>(std::max<std::int64_t>(1, shards.count())));
    std::vector<Scratch> scratch(static_cast<std::size_t>(std::max(1, threads)));
    for_each_shard(shards.count(), threads, [&](std::int64_t shard, int slot) {
      std::vector<double>& mine = sums[static_cast<std::size_t>(shard)];
      mine.assign(static_cast<std::size_t>(size_ * size_), 0.0);
      if (cancel != nullptr && cancel->load(std::memory_order_relaxed)) return;
      Scratch& s = scratch[static_cast<std::size_t>(slot)];
      for (std::int64_t row = shards.first(shard); row < shards.last(shard); row += tile_rows) {
        read(row, std::min(tile_rows, shards.last(shard) - row), centre, s);
        multiply(s);
        for (Eigen::Index i = 0; i < s.products.size(); ++i) mine[static_cast<std::size_t>(i)] += s.products.data()[i];
      }
    });
    reduce_pairwise(sums);
    return Eigen::Map<const Eigen::MatrixXd>(sums[0].data(), size_, size_);
  }

 private:
  void read(std::int64_t first, std::int64_t rows, const Eigen::VectorXd& centre, Scratch& s) const {
    load(plan_, pass_, first, rows, s.tile);
    s.features.resize(rows, size_);
    for (Eigen::Index f = 0; f < size_; ++f) {
      product(s.tile, list_[static_cast<std::size_t>(f)], s.features.col(f).data());
      if (f != constant_) s.features.col(f).array() -= centre(f);
    }
  }

  void multiply(Scratch& s) const {
    s.products.setZero(size_, size_);
    if (pass_.weight) {
      const Eigen::Map<const Eigen::ArrayXd> weight(s.tile.column(static_cast<std::size_t>(*pass_.weight)), s.features.rows());
      s.weighted = s.features.array().colwise() * weight;
      s.products.triangularView<Eigen::Lower>() += s.weighted.transpose() * s.features;
    } else {
      s.products.selfadjointView<Eigen::Lower>().rankUpdate(s.features.transpose());
    }
  }

  const plan::Plan& plan_;
  const plan::Pass& pass_;
  const std::vector<std::vector<int>>& list_;
  Eigen::Index constant_;
  Eigen::Index size_;
};

}  // namespace

std::optional<AffineSweep> AffineSweep::of(const plan::Plan& plan, const plan::Pass& pass) {
  if (!pass.block || pass.link || pass.of_links || pass.rows == 0 || pass.groups.size() != 1) return std::nullopt;
  const plan::PlannedBlock& block = plan.blocks[static_cast<std::size_t>(*pass.block)];
  const std::vector<std::vector<int>>& features = pass.groups[0].features;
  const auto constant = std::find_if(features.begin(), features.end(), [](const auto& columns) { return columns.empty(); });
  AffineSweep out;
  out.dimension_ = gaussian_dimension(block);
  if (out.dimension_ == 0 || constant == features.end()) return std::nullopt;
  out.family_ = block.family.get();
  out.features_ = static_cast<Eigen::Index>(features.size());
  out.constant_ = constant - features.begin();
  out.sums_ = pass.sums;
  if (!common_precision(plan, pass, out.dimension_, out.constant_)) return std::nullopt;
  // A row costs 2 F S products in a sweep and F² / 2 in M; M B costs F² d products.
  const auto count = static_cast<double>(out.features_), statistics = static_cast<double>(pass.statistics);
  const bool worth =
      count <= 4 * most_sweeps * statistics && count * static_cast<double>(out.dimension_) <= 2 * static_cast<double>(pass.rows) * statistics;
  return worth ? std::optional(std::move(out)) : std::nullopt;
}

void AffineSweep::sum_data(const plan::Plan& plan, const plan::Pass& pass, int threads, const std::atomic<bool>* cancel) {
  const FeatureProducts products(plan, pass, constant_);
  centre_ = products.centre();
  moment_ = products.sum(centre_, threads, cancel).selfadjointView<Eigen::Lower>();
}

SweepResult AffineSweep::sweep(const std::vector<double>& derivative) const {
  SweepResult out;
  out.sums.assign(static_cast<std::size_t>(sums_), 0.0);
  const Eigen::Index d = dimension_, s = static_cast<Eigen::Index>(family_->size());
  const auto given = Eigen::Map<const RowMatrix>(derivative.data(), features_, s);

  Eigen::VectorXd natural = given.row(constant_), mean(s);
  natural.head(d).setZero();
  double log_partition = 0;
  const std::span<const double> eta(natural.data(), static_cast<std::size_t>(s));
  if (auto improper = family_->update(eta, {mean.data(), static_cast<std::size_t>(s)}, log_partition)) {
    out.failure = RowFailure{0, improper->reason};
    return out;
  }
  const Eigen::Map<const Matrix> covariance(mean.data() + d, d, d);

  Matrix g = given.leftCols(d);
  g.row(constant_) += centre_.transpose() * given.leftCols(d);
  const Matrix b = g * covariance, first = moment_ * b;
  const double weight = moment_(constant_, constant_);

  Eigen::Map<RowMatrix> sums(out.sums.data(), features_, s);
  sums.leftCols(d) = first + centre_ * first.row(constant_);
  const Matrix second = weight * covariance + b.transpose() * first;
  sums.row(constant_).tail(s - d) = Eigen::Map<const Eigen::RowVectorXd>(second.data(), d * d);
  out.log_partition = weight * log_partition + 0.5 * g.cwiseProduct(first).sum();
  return out;
}

}  // namespace jensen::run
