#include <algorithm>
#include <chrono>
#include <cmath>

#include "run/ascent.hpp"
#include "run/collapse.hpp"
#include "run/collect.hpp"
#include "run/init_json.hpp"
#include "run/messages.hpp"
#include "run/names.hpp"
#include "run/run.hpp"
#include "run/standard_errors.hpp"

namespace jensen::run {
namespace {

struct Best {
  std::optional<Run> run;
  State state;
};

// By more than convergence leaves open: of runs that ended in one optimum the first is taken, whatever the last digits are.
bool better(const Run& run, const Best& best) {
  if (!best.run) return true;
  const double known = best.run->bound.elbo;
  return run.bound.elbo > known + std::max(1e-6, 1e-10 * std::abs(known));
}

// log densities of the params themselves: the terms that come from their own factors alone.
double log_prior(const Problem& problem, Engine& engine) {
  double total = 0;
  for (std::size_t t = 0; t < problem.plan.terms.size(); ++t) {
    const derive::Term& term = problem.derivation.log_joint.terms[problem.plan.terms[t].term];
    const bool own = !term.factors.empty() && std::all_of(term.factors.begin(), term.factors.end(), [&](FactorId f) {
      return problem.graph.variables[problem.graph.factors[f].variable].role == model::Role::param;
    });
    if (own) total += engine.energy(t);
  }
  return total;
}

bool any_param_prior(const Problem& problem) {
  return std::any_of(problem.graph.factors.begin(), problem.graph.factors.end(),
                     [&](const model::Factor& f) { return problem.graph.variables[f.variable].role == model::Role::param; });
}

std::optional<Diagnostic> run_all(const Problem& problem, Engine& engine, Best& best, Fit& fit) {
  const int restarts = start_is_random(problem.plan, problem.given) ? std::max(1, problem.options.restarts) : 1;
  std::optional<BlockFailure> collapse;
  for (int restart = 0; restart < restarts; ++restart) {
    Run run = ascend(problem, engine, restart);
    fit.timings.first_pass += run.first_pass_seconds;
    fit.timings.iterations += run.iteration_seconds;
    if (run.error) return run.error;
    if (run.collapse) {
      ++fit.discarded_restarts;
      collapse = run.collapse;
    } else {
      const bool last = restart + 1 == restarts || run.interrupted;
      if (run.interrupted) engine.ignore_cancel();
      if (better(run, best)) {
        best.run = std::move(run);
        if (last) return std::nullopt;  // the engine holds it
        best.state = engine.state();
      }
      if (last) break;
    }
  }
  if (best.run) {
    engine.restore(best.state);
    return std::nullopt;
  }
  const plan::PlannedBlock& block = problem.plan.blocks[static_cast<std::size_t>(collapse->block)];
  const std::string name = element_name(problem.graph, block, collapse->element);
  if (problem.derivation.blocks[block.id].kind == derive::BlockKind::gaussian) return undetermined(name, collapse->reason);
  return all_collapsed(name, collapse->reason, restarts);
}

void report_bound(const Problem& problem, Engine& engine, const Run& run, Fit& fit) {
  fit.elbo = run.bound.elbo;
  fit.elbo_trace = run.trace;
  fit.rise_to_come = run.rise;
  fit.converged = run.converged;
  fit.iterations = static_cast<int>(run.trace.size());
  fit.exact = problem.derivation.exact;
  fit.seed = problem.options.seed;
  const bool prior = any_param_prior(problem);
  if (prior) fit.log_prior = log_prior(problem, engine);
  if (fit.exact) fit.log_likelihood = fit.elbo - fit.log_prior.value_or(0.0);
}

}  // namespace

Result<Fit> fit(const model::ModelGraph& graph, const derive::Derivation& derivation, const plan::Plan& plan, const model::BoundData& data,
                const FitOptions& options) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point begin = Clock::now();
  Problem problem{graph, derivation, plan, options, {}, {}, data};
  if (auto wrong = check_rows(problem); !wrong.empty()) return wrong;
  if (options.init_json) {
    auto given = read_init(*options.init_json, options.init_directory, graph, derivation, plan);
    if (!given.ok()) return given.diagnostics();
    problem.given = std::move(*given);
  }
  Fit fit;
  fit.model = graph.name;
  Engine engine(plan, options.threads, options.cancel);
  engine.sum_data();
  engine.nest_local_blocks(options.local);
  problem.variances = data_variances(plan);
  fit.timings.first_pass = std::chrono::duration<double>(Clock::now() - begin).count();
  if (engine.cancelled()) return stopped();
  Best best;
  if (auto error = run_all(problem, engine, best, fit)) return *error;
  report_bound(problem, engine, *best.run, fit);
  const StandardErrors errors = engine.cancelled() ? StandardErrors() : standard_errors(problem, engine, *best.run);
  if (auto error = collect(problem, engine, errors, fit)) return *error;
  fit.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  return fit;
}

}  // namespace jensen::run
