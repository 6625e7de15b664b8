// Cholesky factor of a sparse symmetric positive definite matrix and the entries of its inverse that lie in the pattern of the factor (Takahashi,
// Fagan and Chin 1973; Erisman and Tinney 1975), by supernodes.
#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <optional>
#include <vector>

#include "family/sparse_symbolic.hpp"

namespace jensen::family {

struct LostPivot {
  SparseIndex column = 0;
  double pivot = 0;
  double diagonal = 0;  // of the matrix
};

// The numbers of one factor, with the space to compute it in. `symbolic` must outlive it.
class SparseFactor {
 public:
  explicit SparseFactor(const SparseSymbolic& symbolic);

  // Before `factor` the lower triangle of the matrix, each entry at its place; then L; after `invert_leading` the inverse of the leading block.
  double* values() { return values_.data(); }
  const double* values() const { return values_.data(); }
  void set_zero();

  // The first pivot that is not positive beyond rounding, if any.
  std::optional<LostPivot> factor();

  [[nodiscard]] double leading_log_determinant() const;

  // x := L⁻¹ x, over all columns; x := L⁻ᵀ x over the columns of the first so many supernodes, with what x holds in the others.
  void solve_lower(Eigen::VectorXd& x);
  void solve_upper(Eigen::VectorXd& x, std::size_t nodes);

  // Overwrites the factor of the leading block Q_bb by the entries of Q_bb⁻¹ in its pattern. What it leaves in the rows of points has no meaning.
  void invert_leading();

 private:
  using Panel = Eigen::Map<Eigen::MatrixXd>;
  using ConstPanel = Eigen::Map<const Eigen::MatrixXd>;

  Panel panel(const Supernode& node) { return {values_.data() + node.values, node.height(), node.columns}; }
  ConstPanel panel(const Supernode& node) const { return {values_.data() + node.values, node.height(), node.columns}; }
  Panel work(Eigen::Index rows, Eigen::Index columns);
  const SparseIndex* rows_of(const Supernode& node) const { return symbolic_.rows.data() + node.rows; }

  std::optional<LostPivot> factor_panel(const Supernode& node);
  std::optional<LostPivot> factor_block(const Supernode& node, Eigen::Ref<Eigen::MatrixXd> block, SparseIndex column);
  void update_above(const Supernode& node, const Segment& segment);
  void update_above_by_column(const Supernode& node, const Segment& segment);
  void invert_column(const Supernode& node);
  void invert_panel(const Supernode& node);
  void gather_inverse(const Supernode& node, Panel& inverse) const;

  const SparseSymbolic& symbolic_;
  std::vector<double> values_;
  std::vector<double> diagonal_;  // of the matrix, by column
  std::vector<double> work_;
};

}  // namespace jensen::family
