#include "run/seeding.hpp"

#include <Eigen/Eigenvalues>
#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <limits>

namespace jensen::run {
namespace {

constexpr std::int64_t most_rows = 4096;
constexpr int refinements = 10;
constexpr int power_steps = 4;
constexpr double most_products = 2e8;  // of all tries together
constexpr double noise_share = 0.02;   // of the variance of a starting value, so that restarts differ

// Evenly spaced rows, as columns of a matrix.
Eigen::MatrixXd sample_rows(const plan::Plan& plan, const plan::Pass& pass, std::int64_t most = most_rows) {
  const std::int64_t all = std::min<std::int64_t>(pass.rows, std::numeric_limits<std::int32_t>::max()), n = std::min(all, most);
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

double total_distance(const Eigen::MatrixXd& centres, const Eigen::MatrixXd& points) {
  double total = 0;
  for (Eigen::Index i = 0; i < points.cols(); ++i) total += (centres.colwise() - points.col(i)).colwise().squaredNorm().minCoeff();
  return total;
}

}  // namespace

ColumnScale column_scale(const plan::Plan& plan, const plan::Pass& pass) { return scale_of(sample_rows(plan, pass)); }

std::vector<std::int64_t> clusters(const Eigen::MatrixXd& points, std::int64_t levels, family::Stream& stream) {
  const Eigen::Index all = points.cols(), n = std::min<Eigen::Index>(all, most_rows);
  Eigen::MatrixXd sample(points.rows(), n);
  for (Eigen::Index i = 0; i < n; ++i) {
    sample.col(i) = points.col(static_cast<Eigen::Index>(static_cast<double>(i) / static_cast<double>(n) * static_cast<double>(all)));
  }
  const double once = static_cast<double>(sample.size()) * static_cast<double>(levels * refinements);
  const auto tries = static_cast<int>(std::clamp(most_products / once, 1.0, 8.0));
  std::optional<Eigen::MatrixXd> centres;
  double least = std::numeric_limits<double>::infinity();
  for (int t = 0; t < tries; ++t) {
    auto candidate = distant_centres(sample, levels, stream);
    if (!candidate) return {};
    refine(*candidate, sample);
    const double distance = total_distance(*candidate, sample);
    if (distance >= least) continue;
    least = distance;
    centres = std::move(candidate);
  }
  if (!centres) return {};
  std::vector<std::int64_t> out;
  for (Eigen::Index i = 0; i < all; ++i) out.push_back(nearest(*centres, points.col(i)));
  return out;
}

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

// The leading principal directions of the columns of a matrix by simultaneous iteration from random directions, with a Rayleigh-Ritz step at the end
// (Halko, Martinsson and Tropp 2011, algorithms 4.4 and 5.3).
Directions principal_directions(const Eigen::MatrixXd& points, Eigen::Index count, family::Stream& stream) {
  Directions out;
  out.mean = points.rowwise().mean();
  const Eigen::MatrixXd centred = points.colwise() - out.mean;
  const Eigen::Index wanted = std::min(points.rows(), count + 2);
  Eigen::MatrixXd basis(points.rows(), wanted);
  for (double& v : basis.reshaped()) v = stream.normal();
  for (int step = 0; step < power_steps; ++step) {
    const Eigen::MatrixXd product = centred * (centred.transpose() * basis);
    basis = Eigen::HouseholderQR<Eigen::MatrixXd>(product).householderQ() * Eigen::MatrixXd::Identity(points.rows(), wanted);
  }
  const Eigen::MatrixXd scores = basis.transpose() * centred;
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(scores * scores.transpose() /
                                                              static_cast<double>(std::max<Eigen::Index>(1, points.cols())));
  for (Eigen::Index d = 0; d < std::min(wanted, count); ++d) {
    const Eigen::Index from = wanted - 1 - d;
    const double variance = solver.eigenvalues()[from];
    if (!(variance > 1e-12 * solver.eigenvalues()[wanted - 1])) break;
    out.unit.conservativeResize(points.rows(), d + 1);
    out.unit.col(d) = basis * solver.eigenvectors().col(from) / std::sqrt(variance);
  }
  return out;
}

std::optional<GivenMeans> seeded_values(const plan::Plan& plan, const plan::Pass& pass, const family::Family& family, Eigen::Index first,
                                        std::uint64_t seed) {
  const std::vector<std::size_t> used = feature_columns(pass);
  const auto size = static_cast<Eigen::Index>(family.value_size());
  const auto most = static_cast<std::int64_t>(4e7 / (static_cast<double>(used.size() + 1) * static_cast<double>(first + size + 2)));
  const Eigen::MatrixXd rows = sample_rows(plan, pass, std::clamp<std::int64_t>(most, 64, most_rows));
  const ColumnScale scale = scale_of(rows);
  Eigen::MatrixXd points(static_cast<Eigen::Index>(used.size()), rows.cols());
  std::vector<double> factor;
  for (std::size_t u = 0; u < used.size(); ++u) {
    const double variance = scale.variance[used[u]];
    factor.push_back(variance > 0 ? 1 / std::sqrt(variance) : 0.0);
    points.row(static_cast<Eigen::Index>(u)) = rows.row(static_cast<Eigen::Index>(used[u])) * factor[u];
  }
  family::Stream stream(seed, family::Purpose::seeding, static_cast<std::uint64_t>(*pass.block), 2);
  const Directions found = principal_directions(points, first + size, stream);
  if (found.unit.cols() <= first) return std::nullopt;
  return [found, used, factor, &family, first, size, seed](const Tile& tile, double* mean) {
    Eigen::VectorXd point(static_cast<Eigen::Index>(used.size()));
    std::vector<double> value(family.value_size()), statistics(family.size());
    for (std::int64_t i = 0; i < tile.rows; ++i) {
      for (std::size_t u = 0; u < used.size(); ++u) point[static_cast<Eigen::Index>(u)] = tile.column(used[u])[i] * factor[u];
      family::Stream noise(seed, family::Purpose::initialisation, static_cast<std::uint64_t>(tile.first + i));
      found.scores(point, first, noise, value);
      family.statistics_of(value, statistics);
      for (std::size_t s = 0; s < statistics.size(); ++s) mean[static_cast<std::int64_t>(s) * tile_rows + i] = statistics[s];
    }
  };
}

void Directions::scores(const Eigen::VectorXd& point, Eigen::Index first, family::Stream& stream, std::span<double> value) const {
  const double kept = std::sqrt(1 - noise_share);
  for (std::size_t d = 0; d < value.size(); ++d) {
    const Eigen::Index at = first + static_cast<Eigen::Index>(d);
    const double noise = stream.normal();
    value[d] = at < unit.cols() ? kept * unit.col(at).dot(point - mean) + std::sqrt(noise_share) * noise : noise;
  }
}

GivenMeans softened(GivenMeans hard, std::int64_t levels) {
  constexpr double share = 0.1;
  return [hard = std::move(hard), levels](const Tile& tile, double* mean) {
    hard(tile, mean);
    for (std::int64_t s = 0; s < levels; ++s) {
      for (std::int64_t i = 0; i < tile.rows; ++i)
        mean[s * tile_rows + i] = (1 - share) * mean[s * tile_rows + i] + share / static_cast<double>(levels);
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
