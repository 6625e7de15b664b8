// Functions of the numbers of a point block, compiled for many evaluations: their values, and by reverse mode the gradient of a weighted sum of them.
//
// A program is a list of steps, each an array over its own indices: data, an element of a param, a function of earlier steps, a sum of products, log
// Σ exp, or a matrix function. A step that several functions share is computed once. The adjoint of a step, ∂(Σ w t)/∂step, is collected from the
// last step to the first (Griewank and Walther 2008, chapter 3); there is no tape, and a workspace is allocated once.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "plan/contraction.hpp"
#include "plan/derivatives.hpp"
#include "plan/evaluate.hpp"
#include "plan/functions.hpp"

namespace jensen::plan {

class PointProgram {
 public:
  // Where the numbers of a param lie in the value of the block: row-major from `offset` over `dims`.
  struct Parameter {
    VariableId variable;
    std::int64_t offset = 0;
    std::vector<std::int64_t> dims;
  };
  struct Workspace {
    std::vector<double> values, adjoints, scratch;
    std::vector<const double*> inputs;
  };

  PointProgram(Evaluator& evaluator, std::vector<Parameter> parameters) : evaluator_(&evaluator), parameters_(std::move(parameters)) {}

  // A function, row-major over its free indices; returns how many numbers it has. To be followed by `finish`.
  std::size_t add_output(DataExprId id);
  // No more outputs: what was needed to compile is let go.
  void finish();

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] Workspace workspace() const;
  // Writes size() numbers, the outputs in the order they were added. Thread-safe, one workspace for each caller.
  void run(std::span<const double> value, Workspace& space, std::span<double> out) const;
  // After `run` at the same value: adds ∂(Σ weight · output)/∂value to `gradient`.
  void add_gradient(std::span<const double> weight, Workspace& space, std::span<double> gradient) const;

 private:
  enum class Kind { constant, parameter, function, product_sum, log_sum_exp, log_det, inverse };
  struct Argument {
    int step = 0;
    std::vector<std::int32_t> places;  // cell of the argument for each own cell; empty: the same cell
  };
  struct Step {
    Kind kind = Kind::constant;
    derive::DataOp op = derive::DataOp::number;
    Function function = nullptr;
    std::vector<Argument> args;
    std::vector<IndexId> indices;
    Grid grid;                         // constant
    std::vector<std::int32_t> places;  // parameter: number of the value for each cell
    std::size_t cells = 1;
    std::size_t offset = 0;  // in a workspace
    std::size_t inner = 1;   // log_sum_exp: entries summed for each cell; matrices: rows
    // product_sum: the sum forwards, and the derivative in each factor that depends on a param.
    std::optional<Contraction> forward;
    std::vector<std::pair<int, Contraction>> backward;  // step, with the adjoint of this step as the last input
  };

  int add(DataExprId id);
  int add_constant(DataExprId id);
  int add_parameter(DataExprId id, const Parameter& parameter);
  int add_function(DataExprId id);
  int add_sum(DataExprId id);
  int add_over_bound(DataExprId id, Kind kind);
  int keep(Step step);
  void factors_of(DataExprId id, double& coefficient, std::vector<int>& factors);
  [[nodiscard]] Grid grid_of(int step) const;
  [[nodiscard]] bool depends(DataExprId id) const;
  [[nodiscard]] std::vector<std::int32_t> places_of(const std::vector<IndexId>& own, const std::vector<IndexId>& from) const;
  [[nodiscard]] const double* cells_of(int step, const Workspace& space) const;
  void run_step(const Step& step, std::span<const double> value, Workspace& space) const;
  void pull_back(const Step& step, Workspace& space, std::span<double> gradient) const;
  void pull_back_function(const Step& step, Workspace& space) const;
  void pull_back_log_sum_exp(const Step& step, Workspace& space) const;
  void pull_back_matrix(const Step& step, Workspace& space) const;

  Evaluator* evaluator_;
  std::vector<Parameter> parameters_;
  std::vector<Step> steps_;
  std::map<DataExprId, int> step_of_;
  std::vector<std::pair<int, std::vector<std::int32_t>>> outputs_;
  std::size_t size_ = 0, buffer_ = 0, scratch_ = 0;
};

}  // namespace jensen::plan
