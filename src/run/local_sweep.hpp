// One pass over the rows of a nest, element by element: the element's local blocks and its own rows are updated in turn while they are in cache, then
// the sums for all other blocks are made once.
//
// Where the rows' q is discrete and an element adds the same numbers to the natural parameters of all of its rows, responsibilities are products of
// exponentials (kernels/mixing.hpp): a row costs no exponential in an update. Elsewhere, and where such a product leaves the range of doubles, each
// update is that of a plain sweep.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "plan/nest.hpp"
#include "run/engine.hpp"
#include "run/fit.hpp"

namespace jensen::run {

struct LocalSweepRequest {
  const plan::Plan& plan;
  const plan::Nest& nest;
  LocalUpdates local;  // 0 updates: the rows alone
  int threads = 1;
  const std::atomic<bool>* cancel = nullptr;
  std::vector<double>& derivative;                   // G of the terms without local blocks; elements write their own part
  const std::vector<std::vector<double>>& messages;  // by local block: natural parameters from all other terms
  std::span<const double* const> inputs;             // of contractions
  State& state;                                      // local blocks and the nest's moments are written, element by element
  std::function<std::optional<BlockFailure>(int block, std::int64_t element)> optimise;
};

struct LocalSweepResult {
  std::vector<double> sums;  // of the pass without the nest's group
  double log_partition = 0;  // Σ weight · A(η) of the last update of the rows
  std::optional<BlockFailure> failure;
  bool cancelled = false;
};

// Whether all of the rows' natural parameters is looked up, so that responsibilities are products of table rows.
bool is_looked_up(const plan::Plan& plan, const plan::Nest& nest);

LocalSweepResult local_sweep(const LocalSweepRequest& request);

}  // namespace jensen::run
