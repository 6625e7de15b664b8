#include "plan/scalar_program.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "plan/messages.hpp"

namespace jensen::plan {
namespace {

using derive::DataNode;
using derive::DataOp;

std::size_t cells_of(const Evaluator& evaluator, const std::vector<IndexId>& indices) {
  std::size_t out = 1;
  for (const IndexId i : indices) out *= static_cast<std::size_t>(std::max<std::int64_t>(0, evaluator.extent(i)));
  return out;
}

}  // namespace

ScalarProgram::ScalarProgram(Evaluator& evaluator, DataExprId id, std::vector<IndexId> indices, const std::map<IndexId, std::int64_t>& fixed)
    : fixed_(fixed) {
  const int last = add(evaluator, id);
  size_ = cells_of(evaluator, indices);
  output_places_ = places_of(evaluator, indices, grids_[static_cast<std::size_t>(last)]);
  for (Step& step : steps_) {
    step.offset = buffer_;
    buffer_ += step.cells;
  }
}

std::vector<IndexId> ScalarProgram::running(const std::vector<IndexId>& free) const {
  std::vector<IndexId> out;
  for (const IndexId i : free) {
    if (!fixed_.contains(i)) out.push_back(i);
  }
  return out;
}

bool ScalarProgram::depends(const Evaluator& evaluator, DataExprId id) const {
  const DataNode& node = evaluator.node(id);
  return node.op == DataOp::variate || std::any_of(node.args.begin(), node.args.end(), [&](DataExprId a) { return depends(evaluator, a); });
}

// For every cell of the grid over `own`, the cell of the grid over `from`, whose indices are among them.
std::vector<std::int32_t> ScalarProgram::places_of(const Evaluator& evaluator, const std::vector<IndexId>& own,
                                                   const std::vector<IndexId>& from) const {
  std::vector<std::int64_t> extents, strides(own.size(), 0);
  for (const IndexId i : own) extents.push_back(evaluator.extent(i));
  std::int64_t stride = 1;
  for (std::size_t f = from.size(); f-- > 0; stride *= evaluator.extent(from[f])) {
    const auto at = static_cast<std::size_t>(std::find(own.begin(), own.end(), from[f]) - own.begin());
    strides[at] += stride;
  }
  std::vector<std::int32_t> places;
  for_each_cell(extents, {strides}, {0}, [&](const std::vector<std::int64_t>& at) { places.push_back(static_cast<std::int32_t>(at[0])); });
  return places;
}

int ScalarProgram::add_constant(Evaluator& evaluator, DataExprId id) {
  const Grid& grid = evaluator.evaluate(id);
  std::vector<IndexId> own = running(grid.indices);
  Step step;
  step.cells = cells_of(evaluator, own);
  std::int64_t base = grid.base;
  std::vector<std::int64_t> extents, strides;
  for (std::size_t i = 0; i < grid.indices.size(); ++i) {
    if (const auto found = fixed_.find(grid.indices[i]); found != fixed_.end()) {
      base += grid.strides[i] * found->second;
    } else {
      extents.push_back(evaluator.extent(grid.indices[i]));
      strides.push_back(grid.strides[i]);
    }
  }
  for_each_cell(extents, {strides}, {base}, [&](const std::vector<std::int64_t>& at) { step.constant.push_back(grid.values[at[0]]); });
  steps_.push_back(std::move(step));
  grids_.push_back(std::move(own));
  return static_cast<int>(steps_.size()) - 1;
}

int ScalarProgram::add(Evaluator& evaluator, DataExprId id) {
  if (!depends(evaluator, id)) return add_constant(evaluator, id);
  const DataNode& node = evaluator.node(id);
  Step step;
  step.op = node.op;
  std::vector<IndexId> own = running(node.free);
  if (node.op == DataOp::sum) {  // the argument's grid is ours with the bound index last
    step.args = {add(evaluator, node.args[0])};
    std::vector<IndexId> inner = own;
    inner.push_back(node.bound[0]);
    step.places = {places_of(evaluator, inner, grids_[static_cast<std::size_t>(step.args[0])])};
    step.terms = cells_of(evaluator, {node.bound[0]});
  } else if (node.op != DataOp::variate) {
    step.function = function_of(node.op);
    if (step.function == nullptr) throw Failure(unknown_size("a function of a latent number"));
    for (const DataExprId arg : node.args) {
      step.args.push_back(add(evaluator, arg));
      step.places.push_back(places_of(evaluator, own, grids_[static_cast<std::size_t>(step.args.back())]));
    }
  }
  step.cells = cells_of(evaluator, own);
  steps_.push_back(std::move(step));
  grids_.push_back(std::move(own));
  return static_cast<int>(steps_.size()) - 1;
}

void ScalarProgram::run(double v, double* out) const {
  std::vector<double> buffer(buffer_);
  for (const Step& step : steps_) {
    double* own = buffer.data() + step.offset;
    if (!step.constant.empty()) {
      std::copy(step.constant.begin(), step.constant.end(), own);
    } else if (step.op == DataOp::variate) {
      *own = v;
    } else if (step.op == DataOp::sum) {
      const double* from = buffer.data() + steps_[static_cast<std::size_t>(step.args[0])].offset;
      for (std::size_t c = 0; c < step.cells; ++c) {
        for (std::size_t t = 0; t < step.terms; ++t) own[c] += from[step.places[0][c * step.terms + t]];
      }
    } else {
      std::array<double, 3> values{};
      for (std::size_t c = 0; c < step.cells; ++c) {
        for (std::size_t a = 0; a < step.args.size(); ++a) {
          const Step& argument = steps_[static_cast<std::size_t>(step.args[a])];
          values[a] = buffer[argument.offset + static_cast<std::size_t>(step.places[a][c])];
        }
        own[c] = step.function(values.data());
      }
    }
  }
  const double* last = buffer.data() + steps_.back().offset;
  for (std::size_t c = 0; c < size_; ++c) out[c] = last[output_places_[c]];
}

}  // namespace jensen::plan
