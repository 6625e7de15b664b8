// A function statistic f(v) compiled for many evaluations: its values over all of the function's own indices at one v.
#pragma once

#include <map>
#include <vector>

#include "plan/evaluate.hpp"
#include "plan/functions.hpp"

namespace jensen::plan {

class ScalarProgram {
 public:
  // `fixed` gives counters of free indices that stand for one element of a batch; the others run, in the order of `indices`.
  ScalarProgram(Evaluator& evaluator, DataExprId id, std::vector<IndexId> indices, const std::map<IndexId, std::int64_t>& fixed);

  [[nodiscard]] std::size_t size() const { return size_; }
  // Writes size() values, row-major over the indices. Thread-safe.
  void run(double v, double* out) const;

 private:
  // A value per cell of its own grid: a constant array, the variate, or a function of earlier steps.
  struct Step {
    derive::DataOp op = derive::DataOp::number;
    Function function = nullptr;
    std::vector<int> args;                          // earlier steps
    std::vector<std::vector<std::int32_t>> places;  // by argument: cell of the argument for each own cell; empty: the same cell
    std::vector<double> constant;
    std::size_t cells = 1;
    std::size_t terms = 1;  // of a sum: consecutive cells of the argument that are added up
    std::size_t offset = 0;
  };

  int add(Evaluator& evaluator, DataExprId id);
  int add_constant(Evaluator& evaluator, DataExprId id);
  std::vector<std::int32_t> places_of(const Evaluator& evaluator, const std::vector<IndexId>& own, const std::vector<IndexId>& from) const;
  std::vector<IndexId> running(const std::vector<IndexId>& free) const;
  bool depends(const Evaluator& evaluator, DataExprId id) const;

  std::map<IndexId, std::int64_t> fixed_;
  std::vector<Step> steps_;
  std::vector<std::vector<IndexId>> grids_;  // by step
  std::size_t size_ = 1, buffer_ = 0;
  std::vector<std::int32_t> output_places_;
};

}  // namespace jensen::plan
