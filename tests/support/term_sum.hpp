// An evaluator of E_q[log p] + H[q] that shares nothing with planning and running: it walks the terms of the log joint, index by index, as they are
// printed.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "support/planned_model.hpp"

namespace jensen::tests {

// q of every block: natural parameters, row-major over the batch; of point blocks the values.
using Factors = std::vector<std::vector<double>>;

class TermSum {
 public:
  explicit TermSum(const Planned& model) : model_(model) {}

  // The ELBO at these q and values; NaN where one of them is improper.
  double elbo(const Factors& factors);
  // E_q[log p] alone.
  double energy(const Factors& factors);
  double data(DataExprId id);  // a data expression without free indices, or inside elbo() at the current ones

 private:
  struct Moments {
    std::vector<double> mean;
    double entropy = 0;
    bool proper = true;
  };
  Moments moments(std::size_t block, const std::vector<double>& factors);
  double weight(std::size_t block, std::int64_t element);
  double term(const derive::Term& term);
  double statistics(const std::vector<derive::Atom>& atoms);
  double expectation(std::size_t block, const std::vector<const derive::Atom*>& atoms);
  std::int64_t size(const model::Size& size) const { return size.evaluate(model_.data->sizes).value(); }
  std::int64_t value(const derive::IndexUse& use) const { return (use.index.valid() ? at_.at(use.index) : 0) + size(use.offset); }
  std::int64_t position_of(const derive::DataIndex& index);
  double reduce(const derive::DataNode& node);
  double pick(const derive::DataNode& node);
  double matrix(const derive::DataNode& node);

  const Planned& model_;
  std::vector<std::vector<double>> means_;  // by block
  std::map<IndexId, std::int64_t> at_;      // current value of each index
};

}  // namespace jensen::tests
