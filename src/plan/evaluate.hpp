// Data expressions as arrays: every scalar expression of data and constants becomes a strided array over its free indices.
//
// A plain element of a data variable is a view of the bound data, without a copy; everything else is evaluated once over its grid of free indices.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "derive/log_joint.hpp"
#include "model/bound_data.hpp"
#include "model/graph.hpp"

namespace jensen::plan {

// values[base + Σ strides[j] · counter of indices[j]]; a counter runs from 0.
struct Grid {
  std::vector<IndexId> indices;
  std::vector<std::int64_t> strides;
  std::int64_t base = 0;
  const double* values = nullptr;
  std::shared_ptr<const std::vector<double>> owned;  // null for a view of bound data
};

class Evaluator {
 public:
  Evaluator(const model::ModelGraph& graph, const derive::LogJoint& log_joint, const model::BoundData& data);

  [[nodiscard]] std::int64_t low(IndexId index) const;
  [[nodiscard]] std::int64_t extent(IndexId index) const;
  [[nodiscard]] std::int64_t size(const model::Size& size) const;

  // The array of an expression; Failure (`data-domain`) where a value is not finite.
  const Grid& evaluate(DataExprId id);
  // The same with minus infinity allowed, as a finite stand-in beyond any real log density: the log probability of what cannot be.
  Grid evaluate_log(DataExprId id);
  // [args[0] = target] as 0 or 1 over the indices of both.
  Grid dense_one_hot(DataExprId id);
  [[nodiscard]] const derive::DataNode& node(DataExprId id) const { return log_joint_.data[id]; }
  // The value of an index, plus its offset.
  Grid value_of(const derive::IndexUse& use) { return position(use); }
  [[nodiscard]] const std::string& name_of(VariableId id) const { return graph_.variables[id].name; }
  // As the user would write it.
  [[nodiscard]] std::string text(DataExprId id) const;
  // "n = 3, k = 1": a cell of an array over these indices, the last one fastest.
  [[nodiscard]] std::string cell_text(const std::vector<IndexId>& indices, std::int64_t cell) const;
  [[nodiscard]] std::string index_name(IndexId id) const { return log_joint_.indices[id].name; }

 private:
  const Grid& cached(DataExprId id);
  Grid compute(DataExprId id);
  Grid element(const derive::DataNode& node);
  std::optional<Grid> view(const derive::DataNode& node, const model::BoundArray& array);
  std::vector<Grid> index_grids(const derive::DataNode& node);
  Grid literal(const derive::DataNode& node);
  Grid gather(const derive::DataNode& node, const model::BoundArray& array);
  Grid pointwise(const derive::DataNode& node);
  Grid reduce(const derive::DataNode& node);
  void collect_factors(DataExprId id, double& coefficient, std::vector<Grid>& factors);
  Grid sum_of_product(const derive::DataNode& node, double coefficient, const std::vector<Grid>& factors);
  Grid matrix(DataExprId id, const derive::DataNode& node);
  Grid position(const derive::IndexUse& use);
  Grid constant(double value);
  void check_finite(DataExprId id, const Grid& grid) const;
  void collect_data_at(DataExprId id, const std::map<IndexId, std::int64_t>& counters, std::vector<std::string>& out) const;
  [[nodiscard]] std::string literal_text(const derive::DataNode& array) const;

  const model::ModelGraph& graph_;
  const derive::LogJoint& log_joint_;
  const model::BoundData& data_;
  std::map<DataExprId, Grid> cache_;
  std::map<DataExprId, bool> checked_;
};

// A dense row-major grid over `indices`, and its cells.
struct NewGrid {
  Grid grid;
  std::shared_ptr<std::vector<double>> cells;
};

// Runs over all index tuples of the extents, last index fastest, with the flat offset of several arrays at each.
template <class Visit>
void for_each_cell(const std::vector<std::int64_t>& extents, const std::vector<std::vector<std::int64_t>>& strides, std::vector<std::int64_t> offsets,
                   Visit visit) {
  for (const std::int64_t e : extents) {
    if (e <= 0) return;
  }
  std::vector<std::int64_t> counters(extents.size(), 0);
  while (true) {
    visit(offsets);
    std::size_t i = extents.size();
    while (i-- > 0) {
      const bool carry = ++counters[i] == extents[i];
      const std::int64_t steps = carry ? 1 - extents[i] : 1;
      for (std::size_t a = 0; a < offsets.size(); ++a) offsets[a] += steps * strides[a][i];
      if (!carry) break;
      counters[i] = 0;
    }
    if (i == static_cast<std::size_t>(-1)) return;
  }
}

}  // namespace jensen::plan
