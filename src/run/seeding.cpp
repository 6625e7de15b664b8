#include "run/seeding.hpp"

#include <Eigen/Core>
#include <cmath>
#include <limits>

namespace jensen::run {
namespace {

constexpr std::int64_t most_rows = 4096;
constexpr int refinements = 10;

// Evenly spaced rows, as columns of a matrix.
Eigen::MatrixXd sample_rows(const plan::Plan& plan, const plan::Pass& pass) {
  const std::int64_t all = std::min<std::int64_t>(pass.rows, std::numeric_limits<std::int32_t>::max()), n = std::min(all, most_rows);
  const auto columns = static_cast<Eigen::Index>(pass.columns.size());
  Eigen::MatrixXd out(columns, n);
  Tile tile;
  std::vector<std::int32_t> rows;
  for (std::int64_t first = 0; first < n; first += tile_rows) {
    rows.clear();
    for (std::int64_t i = first; i < std::min(n, first + tile_rows); ++i) {
      rows.push_back(static_cast<std::int32_t>(static_cast<double>(i) / static_cast<double>(n) * static_cast<double>(all)));
    }
    load(plan, pass, rows, tile);
    for (Eigen::Index c = 0; c < columns; ++c) {
      for (std::int64_t i = 0; i < tile.rows; ++i) out(c, first + i) = tile.column(static_cast<std::size_t>(c))[i];
    }
  }
  return out;
}

std::vector<std::size_t> feature_columns(const plan::Pass& pass) {
  std::vector<std::size_t> out;
  for (std::size_t c = 0; c < pass.columns.size(); ++c) {
    if (!pass.weight || static_cast<std::size_t>(*pass.weight) != c) out.push_back(c);
  }
  return out;
}

ColumnScale scale_of(const Eigen::MatrixXd& rows) {
  ColumnScale out;
  const double n = static_cast<double>(std::max<Eigen::Index>(1, rows.cols()));
  for (Eigen::Index c = 0; c < rows.rows(); ++c) {
    const double mean = rows.row(c).sum() / n;
    out.mean.push_back(mean);
    out.variance.push_back((rows.row(c).array() - mean).square().sum() / n);
  }
  return out;
}

Eigen::Index nearest(const Eigen::MatrixXd& centres, const Eigen::Ref<const Eigen::VectorXd>& point) {
  Eigen::Index best = 0;
  (centres.colwise() - point).colwise().squaredNorm().minCoeff(&best);
  return best;
}

// Each further centre is a row drawn with probability proportional to its squared distance to the nearest centre so far.
std::optional<Eigen::MatrixXd> distant_centres(const Eigen::MatrixXd& points, std::int64_t levels, family::Stream& stream) {
  if (points.cols() < levels || points.rows() == 0) return std::nullopt;
  Eigen::MatrixXd centres(points.rows(), levels);
  Eigen::VectorXd distance = Eigen::VectorXd::Constant(points.cols(), std::numeric_limits<double>::infinity());
  for (std::int64_t k = 0; k < levels; ++k) {
    Eigen::Index pick = 0;
    if (k == 0) {
      pick = static_cast<Eigen::Index>(stream.below(static_cast<std::uint64_t>(points.cols())));
    } else {
      if (!(distance.sum() > 0)) return std::nullopt;
      double left = stream.uniform() * distance.sum();
      while (pick + 1 < points.cols() && (left -= distance[pick]) > 0) ++pick;
    }
    centres.col(k) = points.col(pick);
    distance = distance.cwiseMin((points.colwise() - centres.col(k)).colwise().squaredNorm().transpose());
  }
  return centres;
}

void refine(Eigen::MatrixXd& centres, const Eigen::MatrixXd& points) {
  for (int step = 0; step < refinements; ++step) {
    Eigen::MatrixXd sums = Eigen::MatrixXd::Zero(centres.rows(), centres.cols());
    Eigen::VectorXd counts = Eigen::VectorXd::Zero(centres.cols());
    for (Eigen::Index i = 0; i < points.cols(); ++i) {
      const Eigen::Index k = nearest(centres, points.col(i));
      sums.col(k) += points.col(i);
      counts[k] += 1;
    }
    for (Eigen::Index k = 0; k < centres.cols(); ++k) {
      if (counts[k] > 0) centres.col(k) = sums.col(k) / counts[k];
    }
  }
}

}  // namespace

ColumnScale column_scale(const plan::Plan& plan, const plan::Pass& pass) { return scale_of(sample_rows(plan, pass)); }

std::optional<GivenMeans> seeded_responsibilities(const plan::Plan& plan, const plan::Pass& pass, std::int64_t levels, family::Stream& stream) {
  const Eigen::MatrixXd rows = sample_rows(plan, pass);
  const ColumnScale scale = scale_of(rows);
  const std::vector<std::size_t> used = feature_columns(pass);
  std::vector<double> factor;
  for (const std::size_t c : used) factor.push_back(scale.variance[c] > 0 ? 1 / std::sqrt(scale.variance[c]) : 0.0);
  Eigen::MatrixXd points(static_cast<Eigen::Index>(used.size()), rows.cols());
  for (std::size_t u = 0; u < used.size(); ++u) points.row(static_cast<Eigen::Index>(u)) = rows.row(static_cast<Eigen::Index>(used[u])) * factor[u];
  auto centres = distant_centres(points, levels, stream);
  if (!centres) return std::nullopt;
  refine(*centres, points);
  return [centres = *centres, used, factor, levels](const Tile& tile, double* mean) {
    Eigen::VectorXd point(static_cast<Eigen::Index>(used.size()));
    for (std::int64_t i = 0; i < tile.rows; ++i) {
      for (std::size_t u = 0; u < used.size(); ++u) point[static_cast<Eigen::Index>(u)] = tile.column(used[u])[i] * factor[u];
      const Eigen::Index k = nearest(centres, point);
      for (std::int64_t s = 0; s < levels; ++s) mean[s * tile_rows + i] = s == k ? 1.0 : 0.0;
    }
  };
}

GivenMeans random_responsibilities(std::int64_t levels, std::uint64_t seed) {
  return [levels, seed](const Tile& tile, double* mean) {
    for (std::int64_t i = 0; i < tile.rows; ++i) {
      family::Stream stream(seed, family::Purpose::initialisation, static_cast<std::uint64_t>(tile.first + i));
      double total = 0;
      for (std::int64_t s = 0; s < levels; ++s) total += mean[s * tile_rows + i] = -std::log(stream.uniform());
      for (std::int64_t s = 0; s < levels; ++s) mean[s * tile_rows + i] /= total;
    }
  };
}

}  // namespace jensen::run
