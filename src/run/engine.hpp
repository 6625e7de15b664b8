// The state of one run, and the three things that change it or measure it: an update, a sweep, the bound.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "family/shared_gaussian.hpp"
#include "plan/nest.hpp"
#include "plan/plan.hpp"
#include "run/affine_sweep.hpp"
#include "run/fit.hpp"
#include "run/sweep.hpp"

namespace jensen::run {

// Row-major over the batch, then over the family's layout (or the value).
struct BlockState {
  std::vector<double> natural;
  std::vector<double> mean;           // E[t]; of a point block t(value)
  std::vector<double> value;          // point blocks
  std::vector<double> log_partition;  // A(η) by element
};

struct State {
  std::vector<BlockState> blocks;            // by BlockId; of swept blocks empty
  std::vector<std::vector<double>> moments;  // by plan moment
  std::vector<double> pass_log_partition;    // Σ weight · A(η) of the last sweep, by pass
};

// An element of a block whose update does not exist: an improper q, or a point without a best value.
struct BlockFailure {
  int block = 0;
  std::int64_t element = 0;
  std::string reason;
};

// L(q, θ), and the sum of its contributions' absolute values, which is the yardstick of rounding.
struct Bound {
  double elbo = 0;
  double magnitude = 0;
};

class Engine {
 public:
  Engine(const plan::Plan& plan, int threads, const std::atomic<bool>* cancel);

  // What depends on data alone; to be called once, before anything else.
  void sum_data();

  // η = ∂E_q[log p]/∂(mean parameters), and the optimum it gives.
  std::optional<BlockFailure> update(int block);
  // The natural parameters alone, from the terms that `keep` accepts.
  template <class Keep>
  std::vector<double> message(int block, Keep keep);

  // Goes over the rows, unless the sums follow from moments of the data and nothing is asked or given by row.
  std::optional<BlockFailure> sweep(int pass, GivenMeans given = {}, RowSink sink = {});

  // The jointly most probable levels of the rows of a pass with links, from 0; the stored blocks are as they stand.
  std::optional<BlockFailure> most_probable(int pass, std::vector<std::int32_t>& states);

  // From here on `local_sweep` iterates local blocks inside the sweeps, and `update` is for the others; a plain schedule uses the nests whose rows
  // are products of looked-up tables, for speed alone.
  void nest_local_blocks(LocalUpdates local);
  // The sweep of a pass with its local blocks; a plain one where it has none.
  std::optional<BlockFailure> local_sweep(int pass);
  [[nodiscard]] bool is_local(int block) const;
  [[nodiscard]] const std::vector<plan::Nest>& nests() const { return nests_; }
  [[nodiscard]] LocalUpdates local() const { return local_; }

  // Exact after all passes have been swept with the current stored blocks.
  [[nodiscard]] Bound bound();
  // E[log p] of all terms plus the entropies of the stored blocks: changes as L does while no pass is swept.
  [[nodiscard]] double stored_bound();
  [[nodiscard]] double energy(std::size_t term);  // E[term] of a term without swept moment

  void set_value(int block, std::int64_t element, std::span<const double> value);
  // The statistics of one value in place of a q, to start from.
  void set_statistics(int block, std::int64_t element, std::span<const double> value);
  std::optional<BlockFailure> set_natural(int block, std::int64_t element, std::span<const double> natural);

  [[nodiscard]] const plan::Plan& plan() const { return plan_; }
  [[nodiscard]] const State& state() const { return state_; }
  [[nodiscard]] State& state() { return state_; }
  void restore(const State& state);
  [[nodiscard]] bool cancelled() const { return cancelled_; }
  // From here on the request to stop is served: what is left to do is to report.
  void ignore_cancel() { cancel_ = nullptr; }
  [[nodiscard]] const std::vector<int>& stored() const { return stored_; }        // in update order
  [[nodiscard]] const std::vector<int>& passes() const { return swept_passes_; }  // with a swept block
  [[nodiscard]] int threads() const { return threads_; }

 private:
  void bind();
  void read_moments(int pass, const std::vector<double>& sums);
  std::vector<double> derivative(int pass, const plan::Nest* without = nullptr);  // of the terms of no local block of the nest
  const plan::Nest* nest_of(int pass) const;
  std::optional<BlockFailure> nest_sweep(const plan::Nest& nest, LocalUpdates local);
  std::optional<BlockFailure> linked_sweep(int pass, GivenMeans given, RowSink sink);
  void read_outer_moments(const plan::Nest& nest, const std::vector<double>& sums);
  double entropy(int block, double& magnitude) const;
  [[nodiscard]] double element_entropy(int block, std::int64_t element) const;
  // Multiplicity of the plates around the element; probability that a gate is open for it; both together.
  [[nodiscard]] double copies(const plan::PlannedBlock& block, std::int64_t element) const;
  [[nodiscard]] double probability(const plan::PlannedGate& gate, std::int64_t element) const;
  [[nodiscard]] double weight(const plan::PlannedBlock& block, std::int64_t element) const;
  void add_gated_entropies(int block, std::vector<double>& natural) const;
  std::optional<BlockFailure> optimise(int block, std::int64_t element);
  // η of all elements from their scales and the common precision, and their optima at once; false where they have to be found one by one.
  bool update_shared(int block, const plan::SharedPrecision& shared);

  const plan::Plan& plan_;
  int threads_;
  const std::atomic<bool>* cancel_;
  State state_;
  std::vector<const double*> inputs_;
  std::vector<double> scratch_;
  std::vector<double> common_, scale_;  // of the block that is updated
  family::SharedGaussianScratch shared_;
  std::vector<int> stored_, swept_passes_;
  LocalUpdates local_;
  std::vector<plan::Nest> nests_;
  std::vector<std::shared_ptr<LinkedMemory>> linked_;  // by pass
  std::vector<std::optional<AffineSweep>> affine_;     // by pass: sweeps that need no rows
  bool cancelled_ = false;
};

template <class Keep>
std::vector<double> Engine::message(int block, Keep keep) {
  const auto b = static_cast<std::size_t>(block);
  std::vector<double> natural(static_cast<std::size_t>(plan_.blocks[b].count) * plan_.blocks[b].family->size(), 0.0);
  for (const plan::TermProgram& program : plan_.messages[b]) {
    if (keep(program.term)) program.contraction.run(inputs_, natural.data(), scratch_.data());
  }
  return natural;
}

}  // namespace jensen::run
