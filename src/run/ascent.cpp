#include "run/ascent.hpp"

#include <chrono>
#include <cmath>

#include "run/acceleration.hpp"
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

constexpr std::size_t first_plain = 3;  // plain iterations before the first leap
constexpr int plain_checks = 4;         // plain iterations that judge convergence after leaps

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
    if (problem_.options.accelerate && problem_.options.tolerance > 0 && !fresh()) pace_.emplace(engine_, problem_.graph);
    if (pace_ && !pace_->usable()) pace_.reset();
    run_.first_pass_seconds = seconds_since(begin);
    const Clock::time_point first = Clock::now();
    bool going = started;
    while (going && !run_.converged && iteration() < problem_.options.max_iterations) {
      going = fresh() ? iterate_afresh() : pace_ && iteration() > 0 ? iterate_driven() : iterate();
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

  // Drivers first, then what follows them: after that the bound is a function of the drivers, and a leap can be judged by it. A leap that is not
  // above the last bound costs an E-step and is taken back.
  bool iterate_driven() {
    kept_ = numbers(engine_.state()) <= most_kept;
    if (kept_) before_ = engine_.state();
    pace_->begin();
    if (!update_stored(pace_->drivers().driving)) return false;
    pace_->end();
    if (leaping_ && checks_ == 0 && iteration() + 1 < problem_.options.max_iterations && pace_->leap()) {
      const std::optional<Bound> there = bound_after_leap();
      if (stop()) return false;
      if (there) return leapt(*there);
      pace_->reject();
      run_.trace.push_back(run_.bound.elbo);
    }
    if (!update_stored(pace_->drivers().following) || !sweep_all()) return false;
    const Bound bound = engine_.bound();
    if (!finite(bound.elbo)) return check_collapse() ? not_finite() : false;
    if (has_bound_ && lowered(run_.bound, bound)) {
      std::vector<int> order = pace_->drivers().driving;
      order.insert(order.end(), pace_->drivers().following.begin(), pace_->drivers().following.end());
      return check_collapse() ? decreased(order, bound, kept_) : false;
    }
    return reached(bound);
  }

  // Nothing where the point has no bound, a lower one, or is one to be discarded.
  std::optional<Bound> bound_after_leap() {
    for (const int block : pace_->drivers().following) {
      if (engine_.update(block)) return std::nullopt;
    }
    for (const int pass : engine_.passes()) {
      if (engine_.sweep(pass)) return std::nullopt;
    }
    const Bound bound = engine_.bound();
    // Near a singular point large contributions cancel: what a leap gains must be more than the rounding that it brings.
    const double noise = 1e-14 * std::max(0.0, bound.magnitude - run_.bound.magnitude);
    if (!finite(bound.elbo) || bound.elbo < run_.bound.elbo + noise) return std::nullopt;
    const bool collapsed = find_collapse(engine_, problem_.derivation, problem_.variances, problem_.options.collapse_threshold).has_value();
    return collapsed ? std::nullopt : std::optional(bound);
  }

  // Two leaps in a row that gain nothing worth mentioning are reason to look at plain iterations, which alone can tell what is still to come.
  bool leapt(const Bound& bound) {
    const FitOptions& o = problem_.options;
    const double gain = bound.elbo - run_.bound.elbo;
    const bool small =
        gain < std::max(o.aitken_tolerance, rounding()) && gain < std::max(o.tolerance * std::max(1.0, std::abs(bound.elbo)), rounding());
    quiet_ = small ? quiet_ + 1 : 0;
    if (quiet_ >= 2) checks_ = plain_checks;
    pace_->accept();
    run_.bound = bound;
    run_.trace.push_back(bound.elbo);
    plain_.assign(1, bound.elbo);
    return true;
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
    plain_.push_back(bound.elbo);
    const FitOptions& o = problem_.options;
    run_.rise = rise_to_come(plain_, rounding_of(plain_, rounding()));
    run_.converged = has_converged(plain_, o.tolerance, o.aitken_tolerance, rounding());
    leaping_ = leaping_ || (plain_.size() > first_plain && is_slow(plain_, rounding()));
    if (checks_ > 0) --checks_;
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
  std::vector<double> plain_;  // the trace since the last leap
  std::optional<Acceleration> pace_;
  bool leaping_ = false;  // plain iterations have proved slow
  int quiet_ = 0;         // leaps in a row that gained next to nothing
  int checks_ = 0;        // plain iterations to be made before the next leap
};

}  // namespace

Run ascend(const Problem& problem, Engine& engine, int restart) { return Ascent(problem, engine, restart).run(); }

}  // namespace jensen::run
