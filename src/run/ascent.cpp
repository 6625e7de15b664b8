#include "run/ascent.hpp"

#include <chrono>
#include <cmath>

#include "run/collapse.hpp"
#include "run/convergence.hpp"
#include "run/messages.hpp"
#include "run/names.hpp"

namespace jensen::run {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// Beyond any bound of real data: a log density of something impossible is in it.
constexpr double impossible = 1e200;

// States up to this many numbers are kept for one iteration, to find out which update lowered the bound.
constexpr std::size_t most_kept = std::size_t{1} << 21;

std::size_t numbers(const State& state) {
  std::size_t n = 0;
  for (const BlockState& b : state.blocks) n += b.natural.size() + b.mean.size() + b.value.size() + b.log_partition.size();
  for (const auto& m : state.moments) n += m.size();
  return n;
}

class Ascent {
 public:
  Ascent(const Problem& problem, Engine& engine, int restart) : problem_(problem), engine_(engine), restart_(restart) {}

  Run run() {
    const Clock::time_point begin = Clock::now();
    const bool started = begin_run();
    run_.first_pass_seconds = seconds_since(begin);
    const Clock::time_point first = Clock::now();
    bool going = started;
    while (going && !run_.converged && iteration() < problem_.options.max_iterations) {
      going = fresh() ? iterate_afresh() : iterate();
      if (going) report();
    }
    if (going && fresh() && iteration() > 0) settle();
    run_.iteration_seconds = seconds_since(first);
    if (!run_.error && !run_.collapse) check_collapse();
    return std::move(run_);
  }

 private:
  [[nodiscard]] int iteration() const { return static_cast<int>(run_.trace.size()); }
  [[nodiscard]] double rounding() const { return 1e-14 * run_.bound.magnitude; }

  [[nodiscard]] bool fresh() const { return engine_.local().fresh && !engine_.nests().empty(); }

  bool begin_run() {
    bool settled = false;
    const auto failure = start(engine_, problem_.graph, problem_.given, {problem_.options.seed, restart_}, settled);
    if (failure) return failed(*failure);
    if (!settled && problem_.options.max_iterations == 0) {
      if (!problem_.given.empty() && !update_stored(engine_.stored())) return false;
      if (!sweep_all()) return false;
      settled = true;
    }
    has_bound_ = settled;
    if (settled) run_.bound = engine_.bound();
    if (settled && problem_.options.max_iterations == 0 && !finite(run_.bound.elbo)) return not_finite();
    has_bound_ = settled && finite(run_.bound.elbo);
    return !stop();
  }

  bool iterate() {
    const bool keep = numbers(engine_.state()) <= most_kept;
    if (keep) before_ = engine_.state();
    kept_ = keep;
    const std::vector<int> order = iteration() == 0 ? first_order(engine_, problem_.given) : engine_.stored();
    if (!update_stored(order) || !local_sweep_all()) return false;
    const Bound bound = engine_.bound();
    if (!finite(bound.elbo)) return check_collapse() ? not_finite() : false;
    if (has_bound_ && lowered(run_.bound, bound)) return check_collapse() ? decreased(order, bound, keep) : false;
    return reached(bound);
  }

  // Local blocks that begin afresh may end lower than before: what must not lower the bound is the update of the others, after the sweep.
  bool iterate_afresh() {
    const bool keep = numbers(engine_.state()) <= most_kept;
    if (keep) before_ = engine_.state();
    kept_ = keep;
    if (!local_sweep_all()) return false;
    const Bound bound = engine_.bound();
    if (!finite(bound.elbo)) return check_collapse() ? not_finite() : false;
    double last = engine_.stored_bound();
    for (const int block : iteration() == 0 ? first_order(engine_, problem_.given) : engine_.stored()) {
      if (engine_.is_local(block)) continue;
      if (!update_stored({block})) return false;
      const double now = engine_.stored_bound();
      if (finite(now) && lowered({last, bound.magnitude}, {now, bound.magnitude})) {
        if (check_collapse()) run_.error = elbo_decreased(name(block), last, now, iteration() + 1);
        return false;
      }
      last = now;
    }
    return reached(bound);
  }

  // The figures at the final values of the blocks that the last iteration updated after its sweep.
  void settle() {
    if (!run_.interrupted && sweep_all()) run_.bound = engine_.bound();
  }

  bool reached(const Bound& bound) {
    run_.bound = bound;
    has_bound_ = true;
    run_.trace.push_back(bound.elbo);
    const FitOptions& o = problem_.options;
    run_.rise = rise_to_come(run_.trace, rounding());
    run_.converged = has_converged(run_.trace, o.tolerance, o.aitken_tolerance, rounding());
    return iteration() % 16 != 0 || check_collapse();
  }

  static bool finite(double elbo) { return std::isfinite(elbo) && std::abs(elbo) < impossible; }

  // A drop beyond what rounding of the contributions explains.
  static bool lowered(const Bound& before, const Bound& after) {
    return after.elbo < before.elbo - 1e-9 * std::max(1.0, std::abs(before.elbo)) - 1e-12 * std::max(before.magnitude, after.magnitude);
  }

  bool update_stored(const std::vector<int>& order) {
    for (const int block : order) {
      if (engine_.is_local(block)) continue;
      if (auto failure = engine_.update(block)) return failed(*failure);
    }
    return true;
  }

  bool sweep_all() {
    for (const int pass : engine_.passes()) {
      if (auto failure = engine_.sweep(pass)) return failed(*failure);
    }
    return !stop();
  }

  bool local_sweep_all() {
    for (const int pass : engine_.passes()) {
      if (auto failure = engine_.local_sweep(pass)) return failed(*failure);
    }
    return !stop();
  }

  // On request. What the last whole iteration reached is a result; before that there is none.
  bool stop() {
    if (!engine_.cancelled() && !(problem_.options.cancel != nullptr && problem_.options.cancel->load())) return false;
    if (run_.trace.empty() || !kept_) {
      run_.error = stopped();
      return true;
    }
    engine_.restore(before_);
    run_.interrupted = true;
    return true;
  }

  // A point without a best value ends this run only; an improper q ends the fit.
  bool failed(const BlockFailure& failure) {
    const plan::PlannedBlock& block = problem_.plan.blocks[static_cast<std::size_t>(failure.block)];
    if (block.point) {
      run_.collapse = failure;
    } else if (check_collapse()) {
      run_.error = improper_q(element_name(problem_.graph, block, failure.element), failure.reason);
    }
    return false;
  }

  bool check_collapse() {
    run_.collapse = find_collapse(engine_, problem_.derivation, problem_.variances, problem_.options.collapse_threshold);
    return !run_.collapse;
  }

  std::string name(int block) const { return block_name(problem_.graph, problem_.plan.blocks[static_cast<std::size_t>(block)]); }

  // Repeats the iteration from the state before it, to name the update after which the bound is lower.
  bool decreased(const std::vector<int>& order, const Bound& after, bool kept) {
    std::string guilty = "a block";
    if (kept && !engine_.passes().empty()) guilty = name(*problem_.plan.passes[static_cast<std::size_t>(engine_.passes().front())].block);
    if (kept) {
      engine_.restore(before_);
      double last = engine_.stored_bound();
      for (const int block : order) {
        if (engine_.update(block)) break;
        const double now = engine_.stored_bound();
        if (lowered({last, run_.bound.magnitude}, {now, after.magnitude})) {
          guilty = name(block);
          break;
        }
        last = now;
      }
    }
    run_.error = elbo_decreased(guilty, run_.bound.elbo, after.elbo, iteration() + 1);
    return false;
  }

  bool not_finite() {
    std::string guilty = "a block";
    for (const int block : engine_.stored()) {
      const BlockState& state = engine_.state().blocks[static_cast<std::size_t>(block)];
      const bool bad = std::any_of(state.mean.begin(), state.mean.end(), [](double v) { return !finite(v); });
      if (bad) {
        guilty = name(block);
        break;
      }
    }
    run_.error = elbo_not_finite(guilty, iteration() + 1);
    return false;
  }

  void report() const {
    const FitOptions& o = problem_.options;
    if (o.progress) o.progress({restart_, o.restarts, iteration(), o.max_iterations, run_.bound.elbo, run_.rise});
  }

  const Problem& problem_;
  Engine& engine_;
  int restart_;
  Run run_;
  State before_;
  bool kept_ = false;  // before_ is the state before this iteration
  bool has_bound_ = false;
};

}  // namespace

Run ascend(const Problem& problem, Engine& engine, int restart) { return Ascent(problem, engine, restart).run(); }

}  // namespace jensen::run
