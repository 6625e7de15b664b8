// An evaluator of E_q[log p] + H[q] that shares nothing with planning and running: it walks the terms of the log joint, index by index, as they are
// printed.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "support/block_moments.hpp"
#include "support/planned_model.hpp"

namespace jensen::tests {

// q of every block: natural parameters, row-major over the batch; of point blocks the values; both where a block has params among its numbers.
using Factors = std::vector<std::vector<double>>;

class TermSum {
 public:
  explicit TermSum(const Planned& model);

  // The ELBO at these q and values; NaN where one of them is improper.
  double elbo(const Factors& factors);
  // E_q[log p] alone.
  double energy(const Factors& factors);
  double data(DataExprId id);  // a data expression without free indices, or inside elbo() at the current ones

  // elbo(), where only one block differs from those of the reference.
  struct Reference {
    double rest = 0;  // terms without the block
  };
  Reference reference(const Factors& factors, std::size_t block);
  double elbo_near(const Factors& factors, std::size_t block, const Reference& reference);

  [[nodiscard]] const BlockMoments& block(std::size_t b) const { return blocks_[b]; }

 private:
  void set(const Factors& factors);
  void set_block(std::size_t b, const std::vector<double>& factors);
  double entropy(std::size_t block);
  double copies(std::size_t block, const std::vector<std::int64_t>& element);
  double gate(const derive::Gate& gate, const std::vector<std::int64_t>& element);
  double term(const derive::Term& term);
  double statistics(const std::vector<derive::Atom>& atoms);
  // The expected product of statistics of one block.
  double expectation(std::size_t block, const std::vector<const derive::Atom*>& atoms);
  struct Place {
    std::size_t component = 0;  // of the block
    std::size_t element = 0;    // row-major over the batch
    std::size_t inner = 0;      // position in the element's value
  };
  Place place(std::size_t block, const derive::Atom& atom);
  std::size_t function_position(const derive::Block& block, const derive::Atom& atom);
  double joint_expectation(std::size_t block, const std::vector<const derive::Atom*>& atoms);
  double matrix_expectation(std::size_t block, const derive::Atom& matrix, const std::vector<Place>& vector, const double* mean);
  std::int64_t size(const model::Size& size) const { return size.evaluate(model_.data->sizes).value(); }
  std::int64_t value(const derive::IndexUse& use) const { return (use.index.valid() ? at_.at(use.index) : 0) + size(use.offset); }
  std::int64_t position_of(const derive::DataIndex& index);
  double reduce(const derive::DataNode& node);
  double pick(const derive::DataNode& node);
  double matrix(const derive::DataNode& node);

  const Planned& model_;
  std::vector<BlockMoments> blocks_;
  std::vector<std::vector<double>> means_;      // by block
  std::vector<std::vector<double>> entropies_;  // by block and element
  bool proper_ = true;
  std::map<IndexId, std::int64_t> at_;  // current value of each index
};

}  // namespace jensen::tests
