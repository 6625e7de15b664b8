#include "plan/evaluate.hpp"

#include <fmt/format.h>

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <limits>

#include "family/special.hpp"
#include "plan/contraction.hpp"
#include "plan/functions.hpp"
#include "plan/messages.hpp"

namespace jensen::plan {
namespace {

using derive::DataIndex;
using derive::DataIndexExpr;
using derive::DataNode;
using derive::DataOp;
using derive::IndexUse;

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr std::int64_t most_cells = std::int64_t{1} << 31;

std::int64_t stride_of(const Grid& grid, IndexId index) {
  for (std::size_t i = 0; i < grid.indices.size(); ++i) {
    if (grid.indices[i] == index) return grid.strides[i];
  }
  return 0;
}

std::vector<std::int64_t> aligned(const Grid& grid, const std::vector<IndexId>& indices) {
  std::vector<std::int64_t> out;
  for (const IndexId index : indices) out.push_back(stride_of(grid, index));
  return out;
}

void insert_sorted(std::vector<IndexId>& indices, IndexId index) {
  const auto at = std::lower_bound(indices.begin(), indices.end(), index);
  if (at == indices.end() || *at != index) indices.insert(at, index);
}

void erase(std::vector<IndexId>& indices, IndexId index) { indices.erase(std::remove(indices.begin(), indices.end(), index), indices.end()); }

}  // namespace

Evaluator::Evaluator(const model::ModelGraph& graph, const derive::LogJoint& log_joint, const model::BoundData& data)
    : graph_(graph), log_joint_(log_joint), data_(data) {}

std::int64_t Evaluator::size(const model::Size& size) const {
  const auto value = size.evaluate(data_.sizes);
  if (!value) throw Failure(unknown_size(size.text()));
  return *value;
}

std::int64_t Evaluator::low(IndexId index) const { return size(log_joint_.indices[index].range.low); }
std::int64_t Evaluator::extent(IndexId index) const { return std::max<std::int64_t>(0, size(log_joint_.indices[index].range.extent())); }

const Grid& Evaluator::evaluate(DataExprId id) {
  const Grid& grid = cached(id);
  if (!std::exchange(checked_[id], true)) check_finite(id, grid);
  return grid;
}

Grid Evaluator::evaluate_log(DataExprId id) {
  constexpr double impossible = -1e290;
  Grid grid = cached(id);
  const auto infinite = [](double v) { return v < 0 && std::isinf(v); };
  if (!grid.owned || std::none_of(grid.owned->begin(), grid.owned->end(), infinite)) return evaluate(id);
  auto cells = std::make_shared<std::vector<double>>(*grid.owned);
  std::replace_if(cells->begin(), cells->end(), infinite, impossible);
  grid.owned = cells;
  grid.values = cells->data();
  check_finite(id, grid);
  return grid;
}

const Grid& Evaluator::cached(DataExprId id) {
  if (const auto found = cache_.find(id); found != cache_.end()) return found->second;
  Grid grid = compute(id);
  return cache_.emplace(id, std::move(grid)).first->second;
}

Grid Evaluator::compute(DataExprId id) {
  const DataNode& n = node(id);
  switch (n.op) {
    case DataOp::number:
      return constant(n.number);
    case DataOp::size:
      return constant(static_cast<double>(size(n.size)));
    case DataOp::index_value:
      return position(std::get<IndexUse>(n.indices.at(0)));
    case DataOp::element:
      return element(n);
    case DataOp::array:
      return literal(n);
    case DataOp::sum:
    case DataOp::log_sum_exp:
      return reduce(n);
    case DataOp::inverse:
    case DataOp::log_det:
      return matrix(id, n);
    case DataOp::one_hot:
    case DataOp::delta:
    case DataOp::add:
    case DataOp::subtract:
    case DataOp::multiply:
    case DataOp::divide:
    case DataOp::power:
    case DataOp::negate:
    case DataOp::exp:
    case DataOp::log:
    case DataOp::sqrt:
    case DataOp::abs:
    case DataOp::lgamma:
    case DataOp::digamma:
    case DataOp::log_multivariate_gamma:
    case DataOp::logit:
    case DataOp::expit:
    case DataOp::softplus:
    case DataOp::cos:
    case DataOp::sin:
    case DataOp::log_bessel_i0:
    case DataOp::log_normal_cdf:
    case DataOp::log1m:
    case DataOp::equal:
    case DataOp::not_equal:
    case DataOp::less:
    case DataOp::less_equal:
    case DataOp::logical_and:
    case DataOp::logical_or:
    case DataOp::logical_not:
    case DataOp::conditional:
      return pointwise(n);
    case DataOp::variate:
      break;  // stands in function statistics only
  }
  throw Failure(unknown_size("expression"));
}

namespace {

NewGrid new_grid(const Evaluator& e, std::vector<IndexId> indices, std::int64_t trailing = 1) {
  NewGrid out;
  out.grid.indices = std::move(indices);
  out.grid.strides.assign(out.grid.indices.size(), 0);
  std::int64_t stride = trailing;
  for (std::size_t i = out.grid.indices.size(); i-- > 0;) {
    out.grid.strides[i] = stride;
    stride *= e.extent(out.grid.indices[i]);
    if (stride > most_cells) throw Failure(too_large());
  }
  out.cells = std::make_shared<std::vector<double>>(static_cast<std::size_t>(stride));
  out.grid.owned = out.cells;
  out.grid.values = out.cells->data();
  return out;
}

std::vector<std::int64_t> extents_of(const Evaluator& e, const std::vector<IndexId>& indices) {
  std::vector<std::int64_t> out;
  for (const IndexId index : indices) out.push_back(e.extent(index));
  return out;
}

// A pointwise function of several grids, on the grid of all their indices.
template <class F>
Grid map_grids(const Evaluator& e, const std::vector<const Grid*>& args, F f) {
  std::vector<IndexId> indices;
  for (const Grid* g : args) {
    for (const IndexId i : g->indices) insert_sorted(indices, i);
  }
  NewGrid out = new_grid(e, indices);
  std::vector<std::vector<std::int64_t>> strides;
  std::vector<std::int64_t> offsets;
  for (const Grid* g : args) {
    strides.push_back(aligned(*g, indices));
    offsets.push_back(g->base);
  }
  std::vector<double> values(args.size());
  double* cell = out.cells->data();
  for_each_cell(extents_of(e, indices), strides, offsets, [&](const std::vector<std::int64_t>& at) {
    for (std::size_t a = 0; a < args.size(); ++a) values[a] = args[a]->values[at[a]];
    *cell++ = f(values.data());
  });
  return out.grid;
}

}  // namespace

Grid Evaluator::constant(double value) {
  auto cells = std::make_shared<std::vector<double>>(1, value);
  Grid grid;
  grid.values = cells->data();
  grid.owned = std::move(cells);
  return grid;
}

// The value of an index plus an offset.
Grid Evaluator::position(const IndexUse& use) {
  if (!use.index.valid()) return constant(static_cast<double>(size(use.offset)));
  NewGrid out = new_grid(*this, {use.index});
  double value = static_cast<double>(low(use.index) + size(use.offset));
  for (double& cell : *out.cells) cell = value++;
  return out.grid;
}

Grid Evaluator::pointwise(const DataNode& n) {
  std::vector<Grid> positions;
  positions.reserve(n.indices.size());
  std::vector<const Grid*> args;
  for (const DataExprId arg : n.args) args.push_back(&cached(arg));
  for (const DataIndex& index : n.indices) positions.push_back(position(std::get<IndexUse>(index)));
  for (const Grid& grid : positions) args.push_back(&grid);
  return map_grids(*this, args, function_of(n.op));
}

Grid Evaluator::dense_one_hot(DataExprId id) { return pointwise(node(id)); }

Grid Evaluator::element(const DataNode& n) {
  const auto found = data_.arrays.find(n.variable);
  if (found == data_.arrays.end()) throw Failure(unbound_variable(graph_.variables[n.variable].name));
  if (auto direct = view(n, found->second)) return *direct;
  return gather(n, found->second);
}

// nullopt where an index is itself an expression of data, or may leave the array.
std::optional<Grid> Evaluator::view(const DataNode& n, const model::BoundArray& array) {
  Grid grid;
  grid.values = array.values.data();
  const std::vector<std::int64_t> strides = array.strides();
  for (std::size_t slot = 0; slot < n.indices.size(); ++slot) {
    const auto* use = std::get_if<IndexUse>(&n.indices[slot]);
    if (use == nullptr) return std::nullopt;
    const std::int64_t first = size(use->offset) - 1 + (use->index.valid() ? low(use->index) : 0);
    const std::int64_t last = first + (use->index.valid() ? extent(use->index) - 1 : 0);
    const bool empty = last < first;
    if (!empty && (first < 0 || last >= static_cast<std::int64_t>(array.dims[slot]))) return std::nullopt;
    grid.base += first * strides[slot];
    if (!use->index.valid()) continue;
    insert_sorted(grid.indices, use->index);
    const auto at = static_cast<std::size_t>(std::lower_bound(grid.indices.begin(), grid.indices.end(), use->index) - grid.indices.begin());
    if (grid.strides.size() < grid.indices.size()) grid.strides.insert(grid.strides.begin() + static_cast<std::ptrdiff_t>(at), 0);
    grid.strides[at] += strides[slot];
  }
  return grid;
}

// The grids of the indices of an element, each of the index's value.
std::vector<Grid> Evaluator::index_grids(const DataNode& n) {
  std::vector<Grid> out;
  for (const DataIndex& index : n.indices) {
    const auto* use = std::get_if<IndexUse>(&index);
    out.push_back(use != nullptr ? position(*use) : cached(std::get<DataIndexExpr>(index).expr));
  }
  return out;
}

namespace {

// Position of 1-based index values; -1 outside the extents.
template <class Extents>
std::int64_t flat_position(const double* values, const Extents& extents, const std::vector<std::int64_t>& strides) {
  std::int64_t at = 0;
  for (std::size_t slot = 0; slot < extents.size(); ++slot) {
    const double v = std::round(values[slot]);
    if (!(v >= 1 && v <= static_cast<double>(extents[slot]))) return -1;
    at += (static_cast<std::int64_t>(v) - 1) * strides[slot];
  }
  return at;
}

}  // namespace

// An array written out: the entry that the indices pick.
Grid Evaluator::literal(const DataNode& n) {
  const std::vector<Grid> indices = index_grids(n);
  std::vector<const Grid*> args;
  for (const Grid& grid : indices) args.push_back(&grid);
  std::vector<double> constants;
  for (const DataExprId arg : n.args) {
    const Grid& grid = cached(arg);
    if (grid.indices.empty()) constants.push_back(grid.values[grid.base]);
  }
  const bool constant = constants.size() == n.args.size();
  std::vector<std::int64_t> strides(n.shape.size(), 1);
  for (std::size_t i = n.shape.size(); i-- > 1;) strides[i - 1] = strides[i] * n.shape[i];
  if (!constant) {
    for (const DataExprId arg : n.args) args.push_back(&cached(arg));
  }
  return map_grids(*this, args, [&](const double* values) {
    const std::int64_t at = flat_position(values, n.shape, strides);
    if (at < 0) return not_a_number;
    return constant ? constants[static_cast<std::size_t>(at)] : values[indices.size() + static_cast<std::size_t>(at)];
  });
}

// Positions outside the array read as NaN, which is reported unless a condition discards it.
Grid Evaluator::gather(const DataNode& n, const model::BoundArray& array) {
  const std::vector<Grid> indices = index_grids(n);
  std::vector<const Grid*> args;
  for (const Grid& grid : indices) args.push_back(&grid);
  const std::vector<std::int64_t> strides = array.strides();
  return map_grids(*this, args, [&](const double* values) {
    const std::int64_t at = flat_position(values, array.dims, strides);
    return at < 0 ? not_a_number : array.values[static_cast<std::size_t>(at)];
  });
}

// Splits a product into its factors, numbers into its coefficient.
void Evaluator::collect_factors(DataExprId id, double& coefficient, std::vector<Grid>& factors) {
  const DataNode& n = node(id);
  if (n.op == DataOp::multiply) {
    for (const DataExprId arg : n.args) collect_factors(arg, coefficient, factors);
    return;
  }
  if (n.op == DataOp::negate) {
    coefficient = -coefficient;
    return collect_factors(n.args.at(0), coefficient, factors);
  }
  if (n.op == DataOp::divide) {
    const Grid& divisor = cached(n.args.at(1));
    if (divisor.indices.empty()) {
      coefficient /= divisor.values[divisor.base];
      return collect_factors(n.args.at(0), coefficient, factors);
    }
  }
  const Grid& grid = cached(id);
  if (grid.indices.empty()) {
    coefficient *= grid.values[grid.base];
  } else {
    factors.push_back(grid);
  }
}

// Σ over the bound index of a product, contracted without the product ever being stored: a covariance of N rows needs no N × D × D numbers.
Grid Evaluator::sum_of_product(const DataNode& n, double coefficient, const std::vector<Grid>& factors) {
  std::vector<IndexId> all{n.bound.at(0)}, kept;
  for (const Grid& factor : factors) {
    for (const IndexId i : factor.indices) insert_sorted(all, i);
  }
  kept = all;
  erase(kept, n.bound.at(0));
  NewGrid out = new_grid(*this, kept);
  ContractionSpec spec{coefficient, extents_of(*this, all), {}, {0, aligned(out.grid, all)}};
  std::vector<const double*> inputs;
  for (const Grid& factor : factors) {
    spec.inputs.push_back({static_cast<int>(inputs.size()), {factor.base, aligned(factor, all)}});
    inputs.push_back(factor.values);
  }
  const Contraction contraction(spec);
  std::vector<double> scratch(static_cast<std::size_t>(contraction.scratch_size()) + 1);
  contraction.run(inputs, out.cells->data(), scratch.data());
  return out.grid;
}

Grid Evaluator::reduce(const DataNode& n) {
  if (n.op == DataOp::sum) {
    double coefficient = 1;
    std::vector<Grid> factors;
    collect_factors(n.args.at(0), coefficient, factors);
    return sum_of_product(n, coefficient, factors);
  }
  const Grid& arg = cached(n.args.at(0));
  const IndexId bound = n.bound.at(0);
  std::vector<IndexId> indices = arg.indices;
  erase(indices, bound);
  NewGrid out = new_grid(*this, indices);
  const std::int64_t stride = stride_of(arg, bound), count = extent(bound);
  double* cell = out.cells->data();
  for_each_cell(extents_of(*this, indices), {aligned(arg, indices)}, {arg.base}, [&](const std::vector<std::int64_t>& at) {
    const double* values = arg.values + at[0];
    double total = 0, peak = -std::numeric_limits<double>::infinity();
    for (std::int64_t i = 0; i < count; ++i) peak = std::max(peak, values[i * stride]);
    for (std::int64_t i = 0; i < count; ++i) total += std::exp(values[i * stride] - peak);
    *cell++ = peak + std::log(total);
  });
  return out.grid;
}

namespace {

// The first pair of entries that differ, or the leading minor at which the factorisation fails.
std::string why_not_positive_definite(const Eigen::MatrixXd& m) {
  for (Eigen::Index i = 0; i < m.rows(); ++i) {
    for (Eigen::Index j = 0; j < i; ++j) {
      if (std::abs(m(i, j) - m(j, i)) > 1e-9 * std::max(std::abs(m(i, j)), std::abs(m(j, i)))) {
        return fmt::format("its entries [{0}, {1}] and [{1}, {0}] are {2} and {3}", j + 1, i + 1, m(j, i), m(i, j));
      }
    }
  }
  const double smallest = Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(m, Eigen::EigenvaluesOnly).eigenvalues()(0);
  return fmt::format("its smallest eigenvalue is {:.6g}", smallest);
}

}  // namespace

// One Cholesky factorisation M = L Lᵀ per element: log |M| = 2 Σ log L_ii.
Grid Evaluator::matrix(DataExprId id, const DataNode& n) {
  const Grid& arg = cached(n.args.at(0));
  const IndexId row = n.bound.at(0), column = n.bound.at(1);
  const std::int64_t d = extent(row);
  std::vector<IndexId> indices = arg.indices;
  erase(indices, row);
  erase(indices, column);
  const bool inverse = n.op == DataOp::inverse;
  NewGrid out = new_grid(*this, indices, inverse ? d * d : 1);
  double* cell = out.cells->data();
  Eigen::MatrixXd m(d, d);
  std::int64_t done = 0;
  for_each_cell(extents_of(*this, indices), {aligned(arg, indices)}, {arg.base}, [&](const std::vector<std::int64_t>& at) {
    for (std::int64_t i = 0; i < d; ++i) {
      for (std::int64_t j = 0; j < d; ++j) m(i, j) = arg.values[at[0] + i * stride_of(arg, row) + j * stride_of(arg, column)];
    }
    const Eigen::LLT<Eigen::MatrixXd> factor(m);
    if (factor.info() != Eigen::Success || !m.isApprox(m.transpose(), 1e-9)) {
      throw Failure(not_positive_definite(text(id), cell_text(indices, done), why_not_positive_definite(m)));
    }
    ++done;
    if (inverse) {
      Eigen::Map<Eigen::MatrixXd>(cell, d, d) = factor.solve(Eigen::MatrixXd::Identity(d, d));
      cell += d * d;
    } else {
      *cell++ = 2 * factor.matrixL().toDenseMatrix().diagonal().array().log().sum();
    }
  });
  if (!inverse) return out.grid;
  const std::int64_t slot_stride[2] = {d, 1};
  for (std::size_t slot = 0; slot < 2; ++slot) {
    const IndexUse use = std::get<IndexUse>(n.indices.at(slot));
    out.grid.base += (size(use.offset) - low(slot == 0 ? row : column) + (use.index.valid() ? low(use.index) : 0)) * slot_stride[slot];
    if (!use.index.valid()) continue;
    const auto found = std::find(out.grid.indices.begin(), out.grid.indices.end(), use.index);
    if (found != out.grid.indices.end()) {
      out.grid.strides[static_cast<std::size_t>(found - out.grid.indices.begin())] += slot_stride[slot];
    } else {
      out.grid.indices.push_back(use.index);
      out.grid.strides.push_back(slot_stride[slot]);
    }
  }
  return out.grid;
}

}  // namespace jensen::plan
