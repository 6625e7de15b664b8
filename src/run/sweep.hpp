// One pass over the rows of a swept block: natural parameters, update, sums, tile by tile. No row's q is kept.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "plan/plan.hpp"
#include "run/rows.hpp"

namespace jensen::run {

// Mean parameters of the rows of a tile, statistic by statistic, `tile_rows` apart.
using GivenMeans = std::function<void(const Tile& tile, double* mean)>;
// Called for each tile after its update, possibly from several threads; rows never overlap. Natural parameters are absent where means were given.
using RowSink = std::function<void(const Tile& tile, const double* natural, const double* mean)>;

struct SweepRequest {
  const plan::Plan& plan;
  const plan::Pass& pass;
  int threads = 1;
  const std::atomic<bool>* cancel = nullptr;
  const std::vector<double>* derivative = nullptr;  // G, laid out as the sums; or:
  GivenMeans given = {};                            // the first sweep of a start
  RowSink sink = {};
};

struct RowFailure {
  std::int64_t row = 0;
  std::string reason;
};

struct SweepResult {
  std::vector<double> sums;           // as plan::Pass lays them out
  double log_partition = 0;           // Σ weight · A(η)
  std::optional<RowFailure> failure;  // the first row whose η is improper
  bool cancelled = false;
};

SweepResult sweep(const SweepRequest& request);

// The rows of a pass with links: natural parameters of all rows and links, exact sums over all of them, and the rows' marginals.
struct LinkedResult {
  SweepResult rows;
  std::vector<double> link_sums;  // as the pass of the links lays them out
};
struct LinkedMemory;  // what a pass keeps between sweeps: fresh pages cost more than the sums over rows of few levels
LinkedResult linked_sweep(const SweepRequest& request, const std::vector<double>* link_derivative, std::shared_ptr<LinkedMemory>& memory);

// The jointly most probable levels of the rows of a pass with links whose block is discrete, from 0 and in the order of the rows.
struct MostProbableResult {
  std::vector<std::int32_t> states;
  std::optional<RowFailure> failure;
  bool cancelled = false;
};
MostProbableResult most_probable(const SweepRequest& request, const std::vector<double>* link_derivative);

}  // namespace jensen::run
