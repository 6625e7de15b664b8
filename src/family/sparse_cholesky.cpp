#include "family/sparse_cholesky.hpp"

#include <algorithm>
#include <cmath>

#include "family/matrix.hpp"

namespace jensen::family {
namespace {

using Index = SparseIndex;

constexpr Index block_columns = 64;    // of a panel factored at once
constexpr Index update_columns = 128;  // of one update, which bounds its space
constexpr Index narrow = 3;            // up to so many columns are updated one by one

// Overwrites a factor L by (L Lᵀ)⁻¹, both triangles, by halves: with L = [A 0; B C] and Y = B A⁻¹ the blocks of the inverse are Z_22 = (C Cᵀ)⁻¹,
// Z_21 = −Z_22 Y and Z_11 = (A Aᵀ)⁻¹ − Yᵀ Z_21.
void invert_by_halves(Eigen::Ref<Eigen::MatrixXd> factor) {
  const Eigen::Index n = factor.rows(), top = n / 2, bottom = n - top;
  if (n <= 64) return invert(factor);
  auto a = factor.topLeftCorner(top, top);
  auto b = factor.bottomLeftCorner(bottom, top);
  auto c = factor.bottomRightCorner(bottom, bottom);
  a.triangularView<Eigen::Lower>().solveInPlace<Eigen::OnTheRight>(b);
  invert_by_halves(c);
  invert_by_halves(a);
  const Eigen::MatrixXd y = b;
  b.noalias() = -(c * y);
  a.triangularView<Eigen::Lower>() -= y.transpose() * b;
  mirror(factor);
}

}  // namespace

SparseFactor::SparseFactor(const SparseSymbolic& symbolic) : symbolic_(symbolic), values_(symbolic.size), diagonal_(symbolic.diagonal_place.size()) {}

void SparseFactor::set_zero() { std::fill(values_.begin(), values_.end(), 0.0); }

SparseFactor::Panel SparseFactor::work(Eigen::Index rows, Eigen::Index columns) {
  const auto size = static_cast<std::size_t>(rows * columns);
  if (work_.size() < size) work_.resize(size);
  return {work_.data(), rows, columns};
}

// Right-looking over the supernodes: each is factored, then subtracts its outer product from all later ones that it touches.
std::optional<LostPivot> SparseFactor::factor() {
  for (std::size_t j = 0; j < diagonal_.size(); ++j) diagonal_[j] = values_[symbolic_.diagonal_place[j]];
  for (const Supernode& node : symbolic_.nodes) {
    if (auto lost = factor_panel(node)) return lost;
    for (std::size_t s = node.segments; s < node.segments_end; ++s) {
      if (node.columns <= narrow) {
        update_above_by_column(node, symbolic_.segments[s]);
      } else {
        update_above(node, symbolic_.segments[s]);
      }
    }
  }
  return std::nullopt;
}

// Right-looking over blocks of columns of the panel.
std::optional<LostPivot> SparseFactor::factor_panel(const Supernode& node) {
  Panel whole = panel(node);
  for (Index from = 0; from < node.columns; from += block_columns) {
    const Index width = std::min(block_columns, node.columns - from), rest = node.columns - from - width, beneath = node.height() - from - width;
    auto block = whole.block(from, from, width, width);
    if (auto lost = factor_block(node, block, from)) return lost;
    if (beneath == 0) continue;
    auto lower = whole.block(from + width, from, beneath, width);
    if (width == 1) {
      lower /= block(0, 0);
    } else {
      block.transpose().triangularView<Eigen::Upper>().solveInPlace<Eigen::OnTheRight>(lower);
    }
    if (rest == 0) continue;
    whole.block(from + width, from + width, rest, rest).triangularView<Eigen::Lower>() -= lower.topRows(rest) * lower.topRows(rest).transpose();
    if (node.below > 0)
      whole.bottomRows(node.below).middleCols(from + width, rest).noalias() -= lower.bottomRows(node.below) * lower.topRows(rest).transpose();
  }
  return std::nullopt;
}

// A diagonal block, whose first column is the supernode's column `column`, by columns (Golub and Van Loan 2013, algorithm 4.2.1).
std::optional<LostPivot> SparseFactor::factor_block(const Supernode& node, Eigen::Ref<Eigen::MatrixXd> block, Index column) {
  const Eigen::Index side = block.rows();
  for (Eigen::Index j = 0; j < side; ++j) {
    const Eigen::Index rest = side - j;
    for (Eigen::Index k = 0; k < j; ++k) block.col(j).tail(rest) -= block(j, k) * block.col(k).tail(rest);
    const Index at = node.first + column + static_cast<Index>(j);
    const double pivot = block(j, j), diagonal = diagonal_[static_cast<std::size_t>(at)];
    if (!(pivot > symbolic_.pivot_tolerance[static_cast<std::size_t>(at)] * diagonal) || std::isinf(pivot)) return LostPivot{at, pivot, diagonal};
    block.col(j).tail(rest) /= std::sqrt(pivot);
  }
  return std::nullopt;
}

void SparseFactor::update_above_by_column(const Supernode& node, const Segment& segment) {
  const Supernode& above = symbolic_.nodes[static_cast<std::size_t>(segment.node)];
  const Index* const relative = symbolic_.relative.data() + segment.relative;
  const Index count = node.below - segment.begin;
  double* const target = values_.data() + above.values;
  for (Index k = 0; k < node.columns; ++k) {
    const double* const l = values_.data() + node.values + static_cast<std::ptrdiff_t>(k) * node.height() + node.columns + segment.begin;
    for (Index j = 0; j < segment.end - segment.begin; ++j) {
      double* const into = target + static_cast<std::ptrdiff_t>(relative[j]) * above.height();
      for (Index i = j; i < count; ++i) into[relative[i]] -= l[i] * l[j];
    }
  }
}

void SparseFactor::update_above(const Supernode& node, const Segment& segment) {
  const Supernode& above = symbolic_.nodes[static_cast<std::size_t>(segment.node)];
  const Index* const relative = symbolic_.relative.data() + segment.relative;
  const ConstPanel from = std::as_const(*this).panel(node);
  double* const target = values_.data() + above.values;
  for (Index begin = segment.begin; begin < segment.end; begin += update_columns) {
    const Index width = std::min(update_columns, segment.end - begin), count = node.below - begin;
    Panel product = work(count, width);
    product.noalias() = from.bottomRows(count) * from.middleRows(node.columns + begin, width).transpose();
    const Index* const row = relative + (begin - segment.begin);
    for (Index j = 0; j < width; ++j) {
      double* const into = target + static_cast<std::ptrdiff_t>(row[j]) * above.height();
      for (Index i = j; i < count; ++i) into[row[i]] -= product(i, j);
    }
  }
}

// Diagonal entries are multiplied as long as nothing overflows: a logarithm costs more than the rest of a small column.
double SparseFactor::leading_log_determinant() const {
  double sum = 0, product = 1;
  for (std::size_t j = 0; j < static_cast<std::size_t>(symbolic_.leading); ++j) {
    product *= values_[symbolic_.diagonal_place[j]];
    if (product > 1e-140 && product < 1e140) continue;
    sum += std::log(product);
    product = 1;
  }
  return 2 * (sum + std::log(product));
}

void SparseFactor::solve_lower(Eigen::VectorXd& x) {
  for (const Supernode& node : symbolic_.nodes) {
    const Panel l = panel(node);
    const Index* const rows = rows_of(node);
    if (node.columns <= narrow) {
      for (Index k = 0; k < node.columns; ++k) {
        const double value = x(node.first + k) /= l(k, k);
        for (Index i = k + 1; i < node.columns; ++i) x(node.first + i) -= l(i, k) * value;
        for (Index i = 0; i < node.below; ++i) x(rows[i]) -= l(node.columns + i, k) * value;
      }
      continue;
    }
    auto own = x.segment(node.first, node.columns);
    l.topRows(node.columns).triangularView<Eigen::Lower>().solveInPlace(own);
    if (node.below == 0) continue;
    Panel product = work(node.below, 1);
    product.noalias() = l.bottomRows(node.below) * own;
    for (Index i = 0; i < node.below; ++i) x(rows[i]) -= product(i, 0);
  }
}

void SparseFactor::solve_upper(Eigen::VectorXd& x, std::size_t nodes) {
  for (std::size_t id = nodes; id-- > 0;) {
    const Supernode& node = symbolic_.nodes[id];
    const Panel l = panel(node);
    const Index* const rows = rows_of(node);
    if (node.columns <= narrow) {
      for (Index k = node.columns; k-- > 0;) {
        double value = x(node.first + k);
        for (Index i = k + 1; i < node.columns; ++i) value -= l(i, k) * x(node.first + i);
        for (Index i = 0; i < node.below; ++i) value -= l(node.columns + i, k) * x(rows[i]);
        x(node.first + k) = value / l(k, k);
      }
      continue;
    }
    auto own = x.segment(node.first, node.columns);
    if (node.below > 0) {
      Panel gathered = work(node.below, 1);
      for (Index i = 0; i < node.below; ++i) gathered(i, 0) = x(rows[i]);
      own.noalias() -= l.bottomRows(node.below).transpose() * gathered.col(0);
    }
    l.topRows(node.columns).triangularView<Eigen::Lower>().transpose().solveInPlace(own);
  }
}

// From the last supernode to the first: with J its columns, R the rows beneath and Y = L_RJ L_JJ⁻¹, Z_RJ = −Z_RR Y and
// Z_JJ = (L_JJ L_JJᵀ)⁻¹ − Yᵀ Z_RJ (Erisman and Tinney 1975). Z_RR lies in the panels of later supernodes.
void SparseFactor::invert_leading() {
  for (std::size_t id = symbolic_.leading_nodes; id-- > 0;) {
    const Supernode& node = symbolic_.nodes[id];
    if (node.columns == 1) {
      invert_column(node);
    } else {
      invert_panel(node);
    }
  }
}

void SparseFactor::invert_column(const Supernode& node) {
  double* const own = values_.data() + node.values;
  const double inverse = 1 / own[0];
  const Index count = node.leading_below;
  Panel space = work(count, 1);
  double* const y = space.data();
  for (Index i = 0; i < count; ++i) y[i] = std::exchange(own[1 + i], 0.0) * inverse;
  for (std::size_t s = node.segments; s < node.segments_end && symbolic_.segments[s].begin < count; ++s) {
    const Segment& segment = symbolic_.segments[s];
    const Supernode& above = symbolic_.nodes[static_cast<std::size_t>(segment.node)];
    const Index* const relative = symbolic_.relative.data() + segment.relative - segment.begin;
    for (Index j = segment.begin; j < segment.end; ++j) {
      const double* const z = values_.data() + above.values + static_cast<std::ptrdiff_t>(relative[j]) * above.height();
      double sum = z[relative[j]] * y[j];
      for (Index i = j + 1; i < count; ++i) {
        own[1 + i] -= z[relative[i]] * y[j];
        sum += z[relative[i]] * y[i];
      }
      own[1 + j] -= sum;
    }
  }
  own[0] = inverse * inverse;
  for (Index i = 0; i < count; ++i) own[0] -= y[i] * own[1 + i];
}

void SparseFactor::gather_inverse(const Supernode& node, Panel& inverse) const {
  const Index count = node.leading_below;
  for (std::size_t s = node.segments; s < node.segments_end && symbolic_.segments[s].begin < count; ++s) {
    const Segment& segment = symbolic_.segments[s];
    const Supernode& above = symbolic_.nodes[static_cast<std::size_t>(segment.node)];
    const Index* const relative = symbolic_.relative.data() + segment.relative - segment.begin;
    for (Index j = segment.begin; j < segment.end; ++j) {
      const double* const z = values_.data() + above.values + static_cast<std::ptrdiff_t>(relative[j]) * above.height();
      for (Index i = j; i < count; ++i) inverse(i, j) = z[relative[i]];
    }
  }
}

void SparseFactor::invert_panel(const Supernode& node) {
  Panel own = panel(node);
  auto square = own.topRows(node.columns);
  const Index count = node.leading_below;
  if (count == 0) return invert_by_halves(square);
  auto beneath = own.middleRows(node.columns, count);
  square.triangularView<Eigen::Lower>().solveInPlace<Eigen::OnTheRight>(beneath);
  Panel inverse = work(count, count + node.columns);
  gather_inverse(node, inverse);
  auto y = inverse.rightCols(node.columns);
  y = beneath;
  beneath.noalias() = -(inverse.leftCols(count).selfadjointView<Eigen::Lower>() * y);
  invert_by_halves(square);
  square.noalias() -= y.transpose() * beneath;
}

}  // namespace jensen::family
