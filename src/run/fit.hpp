// What a run takes and gives.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "diagnostics/diagnostic.hpp"
#include "family/statistic.hpp"

namespace jensen::run {

struct Progress {
  int restart = 0, restarts = 1;
  int iteration = 0, max_iterations = 0;
  double elbo = 0;
  double rise_to_come = 0;  // Aitken estimate, nats; NaN while unknown
};

// How coupled local blocks, such as a group's proportions and the labels of its rows, are iterated inside a sweep.
struct LocalUpdates {
  int updates = 1;                                                     // of the local blocks in each sweep
  bool fresh = false;                                                  // each sweep begins with their priors; otherwise where the last one ended
  [[nodiscard]] bool plain() const { return updates == 1 && !fresh; }  // no different from updating them like any other block
};

// Of params. `automatic`: where they cost little beside the fit.
enum class StandardErrorChoice { automatic, on, off };

struct FitOptions {
  double tolerance = 1e-10;        // relative change of the ELBO; 0 with a fixed number of iterations never converges
  double aitken_tolerance = 1e-6;  // nats still to come
  int max_iterations = 10000;
  StandardErrorChoice standard_errors = StandardErrorChoice::automatic;
  bool accelerate = true;  // not with tolerance 0: a fixed number of iterations is one of plain ones
  int restarts = 1;
  std::uint64_t seed = 1;
  int threads = 1;
  LocalUpdates local;
  double collapse_threshold = 1e-6;        // a scale or eigenvalue below this share of the data's variance
  int quantity_draws = 1000;               // of q, for derived and predicted quantities
  std::vector<std::string> rows;           // variables of data-sized plates to report
  std::vector<std::string> most_probable;  // latent variables whose jointly most probable values are reported
  bool row_blocks = false;                 // keep the q of every row too, where that is a moderate number of numbers: predictions need it
  std::optional<std::string> init_json;    // text of the --init file
  std::string init_directory;              // where its .npy paths are relative to
  std::function<void(const Progress&)> progress = {};
  const std::atomic<bool>* cancel = nullptr;
};

struct Timings {  // seconds
  double read = 0, derive = 0, plan = 0, first_pass = 0, iterations = 0;
};

struct FittedBlock {
  std::vector<std::string> variables;
  std::string kind;
  std::string family;
  std::vector<std::size_t> shape;                       // of `natural`: batch dims, then the length of the natural parameter
  std::vector<double> natural;                          // for a point block: the value
  std::vector<double> covariance;                       // Gaussian, where small: batch x d x d
  std::vector<std::vector<std::int32_t>> pattern = {};  // PlannedBlock::pattern
};

struct FittedVariable {
  std::string name;
  std::string role;  // latent, param, derived, predict; map: the most probable values of a latent variable
  std::string family;
  std::vector<std::size_t> shape;
  std::vector<double> mean;   // row-major; of a discrete variable its probabilities with the levels last (shape includes them)
  std::vector<double> sd;     // empty where there is none (discrete, params)
  std::vector<double> value;  // of a param, or most probable
  std::vector<std::string> levels;
  bool data_sized = false;
  // Of a data column with missing cells: their subscripts, counted from 1, in the order of mean and sd, whose first extent is their number.
  std::optional<std::vector<std::vector<std::size_t>>> cells = {};
  std::vector<double> q5 = {}, q95 = {};  // quantiles of a derived or predicted quantity
  std::vector<double> se = {};            // of a param: standard errors, NaN where there is none; empty where none were computed
};

// What a later prediction needs beside the blocks: the model's text, what was set, and what the data told.
struct FitSource {
  std::string path;
  std::string text;
  std::vector<std::string> sets;
  std::map<std::string, std::int64_t> sizes;
  std::map<std::string, std::vector<std::string>> levels;  // by model::level_key
};

struct Fit {
  std::string model;
  std::string method;
  bool converged = false;
  bool exact = false;  // q exact given the params
  int iterations = 0;
  std::uint64_t seed = 1;
  double elbo = 0;
  double rise_to_come = 0;
  std::vector<double> elbo_trace;
  std::optional<double> log_likelihood;
  std::optional<double> log_prior;  // of params
  int discarded_restarts = 0;
  double seconds = 0;
  Timings timings;
  std::vector<FittedBlock> blocks;
  std::vector<FittedBlock> row_blocks;  // those of data-sized plates, with FitOptions::row_blocks
  std::vector<FittedVariable> variables;
  Diagnostics warnings;
  std::optional<FitSource> source = {};
  std::string no_standard_errors = {};  // why params have none
};

}  // namespace jensen::run
