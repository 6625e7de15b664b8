// The fused tile of a mixture by EM, written by hand: the limit that the interpreter is measured against. An exponential-family component is
// linear in the features t(x) of a row, log w_k + log p(x | k) = t(x)·c_k, so that both halves of an iteration are one matrix product per
// tile: logits = T C before the softmax, moments += Rᵀ T after it. Neither features nor responsibilities ever leave the cache.
#pragma once

#include <fmt/format.h>
#include <Eigen/Dense>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <ctime>
#include <numbers>
#include <string>

#include "npy.hpp"

namespace jensen::bench {

inline const double log_two_pi = std::log(2 * std::numbers::pi);

struct Sums {
  Eigen::MatrixXd moments;  // K x features: Σ_n r_nk t(x_n)
  double log_likelihood = 0;
};

// One tile's buffers, column-major: rows lie in the vector lanes of every step.
struct TileBuffers {
  Eigen::MatrixXd features, logits;
  Eigen::ArrayXd peak, total;
  TileBuffers(Eigen::Index rows, Eigen::Index feature_count, Eigen::Index components)
      : features(rows, feature_count), logits(rows, components), peak(rows), total(rows) {}
};

// Turns logits into responsibilities; returns Σ_n log Σ_k exp(logit_nk).
inline double softmax_rows(TileBuffers& tile, Eigen::Index rows) {
  auto logits = tile.logits.topRows(rows).array();
  auto peak = tile.peak.head(rows);
  auto total = tile.total.head(rows);
  peak = logits.col(0);
  for (Eigen::Index k = 1; k < logits.cols(); ++k) peak = peak.max(logits.col(k));
  total.setZero();
  for (Eigen::Index k = 0; k < logits.cols(); ++k) {
    logits.col(k) = (logits.col(k) - peak).exp();
    total += logits.col(k);
  }
  const double log_normaliser = (peak + total.log()).sum();
  total = total.inverse();
  for (Eigen::Index k = 0; k < logits.cols(); ++k) logits.col(k) *= total;
  return log_normaliser;
}

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using DataRows = Eigen::Map<const RowMajor>;

// One E-step with the sums of the M-step. fill(features, rows_of_x) writes the features of the tile's rows.
template <class Fill>
Sums sweep(const DataRows& data, const Eigen::MatrixXd& coefficients, Eigen::Index tile_rows, const Fill& fill) {
  TileBuffers tile(tile_rows, coefficients.rows(), coefficients.cols());
  Sums sums{Eigen::MatrixXd::Zero(coefficients.cols(), coefficients.rows()), 0};
  for (Eigen::Index begin = 0; begin < data.rows(); begin += tile_rows) {
    const Eigen::Index rows = std::min(tile_rows, data.rows() - begin);
    auto features = tile.features.topRows(rows);
    fill(features, data.middleRows(begin, rows));
    tile.logits.topRows(rows).noalias() = features * coefficients;
    sums.log_likelihood += softmax_rows(tile, rows);
    sums.moments.noalias() += tile.logits.topRows(rows).transpose() * features;
  }
  return sums;
}

struct Options {
  std::string folder;
  int iterations = 50;
  Eigen::Index tile_rows = 0;
};

inline Options read_options(int argc, char** argv, Eigen::Index tile_rows) {
  if (argc < 2) throw std::runtime_error("usage: FOLDER [ITERATIONS [TILE_ROWS]]");
  Options options{.folder = argv[1], .tile_rows = tile_rows};
  if (argc > 2) options.iterations = std::atoi(argv[2]);
  if (argc > 3) options.tile_rows = std::atol(argv[3]);
  return options;
}

inline double cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

// Runs `step` (E-step and M-step) for the given number of iterations and prints one line of JSON; `evaluate` gives the final log likelihood.
// `flops` counts the two matrix products of one iteration.
template <class Step, class Evaluate>
void run_and_report(const char* peer, const Options& options, double flops, const Step& step, const Evaluate& evaluate) {
  const auto wall_start = std::chrono::steady_clock::now();
  const double cpu_start = cpu_seconds();
  for (int i = 0; i < options.iterations; ++i) step();
  const double cpu = cpu_seconds() - cpu_start;
  const double wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - wall_start).count();
  const double per_iteration = cpu / std::max(options.iterations, 1);
  fmt::print(
      "{{\"peer\": \"{}\", \"iterations\": {}, \"cpu_ms\": {:.4f}, \"wall_ms\": {:.4f}, \"value\": {:.10f}, \"gflops\": {:.1f}, "
      "\"tile_rows\": {}, \"vector_doubles\": {}}}\n",
      peer, options.iterations, 1e3 * per_iteration, 1e3 * wall / std::max(options.iterations, 1), evaluate(), 1e-9 * flops / per_iteration,
      options.tile_rows, static_cast<int>(Eigen::internal::packet_traits<double>::size));
}

}  // namespace jensen::bench
