// Compiling: expressions to steps.
#include "plan/point_program.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "plan/messages.hpp"

namespace jensen::plan {
namespace {

using derive::DataIndexExpr;
using derive::DataNode;
using derive::DataOp;
using derive::IndexUse;

std::vector<std::int64_t> extents_of(const Evaluator& evaluator, const std::vector<IndexId>& indices) {
  std::vector<std::int64_t> out;
  for (const IndexId i : indices) out.push_back(evaluator.extent(i));
  return out;
}

std::size_t cells_over(const Evaluator& evaluator, const std::vector<IndexId>& indices) {
  std::int64_t out = 1;
  for (const IndexId i : indices) {
    out *= evaluator.extent(i);
    if (out > std::numeric_limits<std::int32_t>::max()) throw Failure(too_large());
  }
  return static_cast<std::size_t>(out);
}

std::vector<std::int64_t> row_major(const Evaluator& evaluator, const std::vector<IndexId>& indices) {
  std::vector<std::int64_t> out(indices.size());
  std::int64_t stride = 1;
  for (std::size_t i = indices.size(); i-- > 0; stride *= evaluator.extent(indices[i])) out[i] = stride;
  return out;
}

// Strides of an array over `from` along the indices `own`, some of which it may not have.
std::vector<std::int64_t> along(const std::vector<IndexId>& own, const std::vector<IndexId>& from, const std::vector<std::int64_t>& strides) {
  std::vector<std::int64_t> out(own.size(), 0);
  for (std::size_t f = 0; f < from.size(); ++f) {
    const auto at = std::find(own.begin(), own.end(), from[f]);
    if (at != own.end()) out[static_cast<std::size_t>(at - own.begin())] += strides[f];
  }
  return out;
}

}  // namespace

bool PointProgram::depends(DataExprId id) const {
  const DataNode& node = evaluator_->node(id);
  if (node.op == DataOp::element) {
    return std::any_of(parameters_.begin(), parameters_.end(), [&](const Parameter& p) { return p.variable == node.variable; });
  }
  return std::any_of(node.args.begin(), node.args.end(), [&](DataExprId a) { return depends(a); });
}

std::vector<std::int32_t> PointProgram::places_of(const std::vector<IndexId>& own, const std::vector<IndexId>& from) const {
  if (own == from) return {};
  std::vector<std::int32_t> places;
  for_each_cell(extents_of(*evaluator_, own), {along(own, from, row_major(*evaluator_, from))}, {0},
                [&](const std::vector<std::int64_t>& at) { places.push_back(static_cast<std::int32_t>(at[0])); });
  return places;
}

int PointProgram::keep(Step step) {
  step.cells = cells_over(*evaluator_, step.indices);
  steps_.push_back(std::move(step));
  return static_cast<int>(steps_.size()) - 1;
}

int PointProgram::add(DataExprId id) {
  if (const auto found = step_of_.find(id); found != step_of_.end()) return found->second;
  const DataNode& node = evaluator_->node(id);
  int step = 0;
  if (!depends(id)) {
    step = add_constant(id);
  } else if (node.op == DataOp::element) {
    step = add_parameter(id, *std::find_if(parameters_.begin(), parameters_.end(), [&](const Parameter& p) { return p.variable == node.variable; }));
  } else if (node.op == DataOp::sum) {
    step = add_sum(id);
  } else if (node.op == DataOp::log_sum_exp) {
    step = add_over_bound(id, Kind::log_sum_exp);
  } else if (node.op == DataOp::log_det || node.op == DataOp::inverse) {
    step = add_over_bound(id, node.op == DataOp::log_det ? Kind::log_det : Kind::inverse);
  } else {
    step = add_function(id);
  }
  step_of_.emplace(id, step);
  return step;
}

// Row-major over its indices, as all steps are.
int PointProgram::add_constant(DataExprId id) {
  Grid grid = evaluator_->evaluate(id);
  Step step;
  step.indices = grid.indices;
  std::sort(step.indices.begin(), step.indices.end());
  const std::vector<std::int64_t> strides = row_major(*evaluator_, step.indices);
  if (step.indices != grid.indices || strides != grid.strides || grid.base != 0) {
    auto cells = std::make_shared<std::vector<double>>();
    for_each_cell(extents_of(*evaluator_, step.indices), {along(step.indices, grid.indices, grid.strides)}, {grid.base},
                  [&](const std::vector<std::int64_t>& at) { cells->push_back(grid.values[at[0]]); });
    grid = {step.indices, strides, 0, cells->data(), cells};
  }
  step.grid = std::move(grid);
  return keep(std::move(step));
}

int PointProgram::add_parameter(DataExprId id, const Parameter& parameter) {
  const DataNode& node = evaluator_->node(id);
  Step step;
  step.kind = Kind::parameter;
  step.indices = node.free;
  const std::size_t cells = cells_over(*evaluator_, step.indices);
  step.places.assign(cells, static_cast<std::int32_t>(parameter.offset));
  std::int64_t stride = 1;
  for (std::size_t slot = parameter.dims.size(); slot-- > 0; stride *= parameter.dims[slot]) {
    Grid position;  // the 1-based index of this slot
    if (const auto* lookup = std::get_if<DataIndexExpr>(&node.indices[slot])) {
      position = evaluator_->evaluate(lookup->expr);
    } else {
      position = evaluator_->value_of(std::get<IndexUse>(node.indices[slot]));
    }
    std::size_t cell = 0;
    for_each_cell(extents_of(*evaluator_, step.indices), {along(step.indices, position.indices, position.strides)}, {position.base},
                  [&](const std::vector<std::int64_t>& at) {
                    const auto index = static_cast<std::int64_t>(std::llround(position.values[at[0]]));
                    if (index < 1 || index > parameter.dims[slot]) {
                      throw Failure(index_out_of_range(evaluator_->name_of(parameter.variable), index, index, parameter.dims[slot]));
                    }
                    step.places[cell++] += static_cast<std::int32_t>((index - 1) * stride);
                  });
  }
  return keep(std::move(step));
}

int PointProgram::add_function(DataExprId id) {
  const DataNode& node = evaluator_->node(id);
  Step step;
  step.kind = Kind::function;
  step.op = node.op;
  step.function = function_of(node.op);
  step.indices = node.free;
  if (step.function == nullptr || !node.indices.empty()) throw Failure(unknown_size("a function of a param"));
  for (const DataExprId arg : node.args) {
    const int at = add(arg);
    step.args.push_back({at, places_of(step.indices, steps_[static_cast<std::size_t>(at)].indices)});
  }
  return keep(std::move(step));
}

// Splits a product into its factors, numbers into its coefficient.
void PointProgram::factors_of(DataExprId id, double& coefficient, std::vector<int>& factors) {
  const DataNode& node = evaluator_->node(id);
  if (node.op == DataOp::number) {
    coefficient *= node.number;
  } else if (node.op == DataOp::multiply) {
    for (const DataExprId arg : node.args) factors_of(arg, coefficient, factors);
  } else if (node.op == DataOp::negate) {
    coefficient = -coefficient;
    factors_of(node.args[0], coefficient, factors);
  } else {
    factors.push_back(add(id));
  }
}

Grid PointProgram::grid_of(int step) const {
  const Step& s = steps_[static_cast<std::size_t>(step)];
  return {s.indices, row_major(*evaluator_, s.indices), 0, nullptr, nullptr};
}

// Inputs of the contractions are the steps by number, and after them the adjoint of the sum.
int PointProgram::add_sum(DataExprId id) {
  const DataNode& node = evaluator_->node(id);
  double coefficient = 1;
  std::vector<int> factors;
  factors_of(node.args[0], coefficient, factors);
  Step step;
  step.kind = Kind::product_sum;
  step.indices = node.free;
  std::vector<IndexId> all = node.free;
  all.push_back(node.bound[0]);
  const Affine own{0, along(all, step.indices, row_major(*evaluator_, step.indices))};
  ContractionSpec spec{coefficient, extents_of(*evaluator_, all), {}, own};
  for (const int factor : factors) {
    const Grid grid = grid_of(factor);
    spec.inputs.push_back({factor, {0, along(all, grid.indices, grid.strides)}});
    step.args.push_back({factor, {}});
  }
  step.forward.emplace(spec);
  scratch_ = std::max(scratch_, static_cast<std::size_t>(step.forward->scratch_size()));
  const int self = static_cast<int>(steps_.size());
  for (std::size_t f = 0; f < factors.size(); ++f) {
    if (steps_[static_cast<std::size_t>(factors[f])].kind == Kind::constant) continue;
    ContractionSpec derivative = spec;
    derivative.output = spec.inputs[f].at;
    derivative.inputs.erase(derivative.inputs.begin() + static_cast<std::ptrdiff_t>(f));
    derivative.inputs.push_back({self, own});
    step.backward.emplace_back(factors[f], Contraction(derivative));
    scratch_ = std::max(scratch_, static_cast<std::size_t>(step.backward.back().second.scratch_size()));
  }
  return keep(std::move(step));
}

// log Σ exp, log|M| and M^-1: the argument's cells with the bound indices last, so that they lie together.
int PointProgram::add_over_bound(DataExprId id, Kind kind) {
  const DataNode& node = evaluator_->node(id);
  const int arg = add(node.args[0]);
  std::vector<IndexId> outer;
  for (const IndexId i : evaluator_->node(node.args[0]).free) {
    if (std::find(node.bound.begin(), node.bound.end(), i) == node.bound.end()) outer.push_back(i);
  }
  std::vector<IndexId> inner = outer;
  inner.insert(inner.end(), node.bound.begin(), node.bound.end());
  Step step;
  step.kind = kind;
  step.indices = outer;
  step.inner = static_cast<std::size_t>(evaluator_->extent(node.bound[0]));
  step.args.push_back({arg, places_of(inner, steps_[static_cast<std::size_t>(arg)].indices)});
  if (step.args[0].places.empty()) {
    step.args[0].places.resize(cells_over(*evaluator_, inner));
    for (std::size_t i = 0; i < step.args[0].places.size(); ++i) step.args[0].places[i] = static_cast<std::int32_t>(i);
  }
  if (kind != Kind::inverse) return keep(std::move(step));
  step.indices = inner;  // all entries; an element of the inverse is then one of them
  const int whole = keep(std::move(step));
  Step entry;
  entry.kind = Kind::function;
  entry.op = DataOp::add;
  entry.function = [](const double* v) { return v[0]; };
  entry.indices = node.free;
  const std::vector<std::int64_t> strides = row_major(*evaluator_, inner);
  std::int64_t base = 0;
  std::vector<std::int64_t> at_entry = along(entry.indices, outer, {strides.begin(), strides.begin() + static_cast<std::ptrdiff_t>(outer.size())});
  for (std::size_t slot = 0; slot < 2; ++slot) {
    const IndexUse use = std::get<IndexUse>(node.indices[slot]);
    const std::int64_t stride = strides[outer.size() + slot];
    base += (evaluator_->size(use.offset) + (use.index.valid() ? evaluator_->low(use.index) : 0) - evaluator_->low(node.bound[slot])) * stride;
    if (!use.index.valid()) continue;
    at_entry[static_cast<std::size_t>(std::find(entry.indices.begin(), entry.indices.end(), use.index) - entry.indices.begin())] += stride;
  }
  entry.args.push_back({whole, {}});
  for_each_cell(extents_of(*evaluator_, entry.indices), {at_entry}, {base},
                [&](const std::vector<std::int64_t>& at) { entry.args[0].places.push_back(static_cast<std::int32_t>(at[0])); });
  return keep(std::move(entry));
}

std::size_t PointProgram::add_output(DataExprId id) {
  const int step = add(id);
  const std::vector<IndexId>& free = evaluator_->node(id).free;
  outputs_.emplace_back(step, places_of(free, steps_[static_cast<std::size_t>(step)].indices));
  const std::size_t cells = cells_over(*evaluator_, free);
  size_ += cells;
  return cells;
}

void PointProgram::finish() {
  for (Step& step : steps_) {
    step.offset = buffer_;
    buffer_ += step.kind == Kind::constant ? 0 : step.cells;
  }
  evaluator_ = nullptr;
  step_of_.clear();
}

}  // namespace jensen::plan
