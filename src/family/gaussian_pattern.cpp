// The normal distribution of a vector of which only some pairs are statistics: log q = h · v + Σ_p η_p v_i v_j + const, so that the precision Q
// has Q_ii = −2 η_ii and Q_ij = −η_ij, and is as sparse as the pairs. With coordinates p that are points, b the others and m = Q⁻¹ h:
//   m_p is the mode of the points' marginal, m_b the mean of the others given it, and Q_bb⁻¹ their covariance;
//   log ∫ exp(η · t) dv_b at v_p = m_p is A(η) = h·m − ½ mᵀQm + ½ n_b log 2π − ½ log|Q_bb|, and h·m − ½ mᵀQm = ½ h·m
// (Bishop 2006, section 2.3.1). Of the covariance only the entries at the pairs are needed: selected inversion.
#include <fmt/format.h>

#include <cmath>
#include <memory>
#include <mutex>
#include <numbers>
#include <utility>

#include "family/common.hpp"
#include "family/families.hpp"
#include "family/matrix.hpp"
#include "family/sparse_cholesky.hpp"
#include "family/sparse_order.hpp"

namespace jensen::family {
namespace {

const Statistic value_statistic{StatisticKind::power, 1}, pair_statistic = Statistic::pair();

// A precision of so many coordinates or fewer is shown and given as a square matrix, a larger one as its entries at the pairs.
constexpr std::size_t largest_square = 50;

// Space of one update: its factor and vectors in the order of the factor.
struct Workspace {
  explicit Workspace(const SparseSymbolic& symbolic) : factor(symbolic), x(symbolic.dimension) {}
  SparseFactor factor;
  Eigen::VectorXd x;
};

// Workspaces that are not in use, so that updates of several threads neither share nor allocate one each time.
class WorkspacePool {
 public:
  class Lease {
   public:
    Lease(WorkspacePool& pool, std::unique_ptr<Workspace> space) : pool_(pool), space_(std::move(space)) {}
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease() { pool_.give_back(std::move(space_)); }
    Workspace* operator->() const { return space_.get(); }
    Workspace& operator*() const { return *space_; }

   private:
    WorkspacePool& pool_;
    std::unique_ptr<Workspace> space_;
  };

  Lease take(const SparseSymbolic& symbolic) {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        std::unique_ptr<Workspace> space = std::move(idle_.back());
        idle_.pop_back();
        return {*this, std::move(space)};
      }
    }
    return {*this, std::make_unique<Workspace>(symbolic)};
  }

 private:
  void give_back(std::unique_ptr<Workspace> space) {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(space));
  }

  std::mutex mutex_;
  std::vector<std::unique_ptr<Workspace>> idle_;
};

class PatternGaussian final : public Family {
 public:
  explicit PatternGaussian(GaussianPattern pattern)
      : pattern_(std::move(pattern)),
        symbolic_(analyse(pattern_)),
        layout_(make_layout({{value_statistic, pattern_.dimension}, {pair_statistic, pattern_.pairs.size()}})) {
    for (const auto& [i, j] : pattern_.pairs) covaries_.push_back(!is_point(i) && !is_point(j));
  }

  std::string name() const override { return "mvnormal"; }
  const Layout& layout() const override { return layout_; }
  std::size_t size() const override { return pattern_.dimension + pattern_.pairs.size(); }
  std::size_t value_size() const override { return pattern_.dimension; }

  std::optional<Improper> update(std::span<const double> natural, std::span<double> mean, double& log_partition) const override {
    const auto space = pool_.take(symbolic_);
    if (auto reason = factor_and_solve(natural, *space, mean)) return reason;
    const double n = symbolic_.leading, fit = vector(natural.first(pattern_.dimension)).dot(vector(mean.first(pattern_.dimension)));
    log_partition = 0.5 * (n * std::log(2 * std::numbers::pi) - space->factor.leading_log_determinant() + fit);
    space->factor.invert_leading();
    const double* const covariance = space->factor.values();
    double* out = mean.data() + pattern_.dimension;
    for (std::size_t p = 0; p < pattern_.pairs.size(); ++p) {
      const auto [i, j] = pattern_.pairs[p];
      const double product = mean[static_cast<std::size_t>(i)] * mean[static_cast<std::size_t>(j)];
      *out++ = covaries_[p] != 0 ? product + covariance[symbolic_.pair_place[p]] : product;
    }
    return std::nullopt;
  }

  void statistics_of(std::span<const double> value, std::span<double> mean) const override {
    vector(mean.first(pattern_.dimension)) = vector(value);
    for (std::size_t p = 0; p < pattern_.pairs.size(); ++p) {
      const auto [i, j] = pattern_.pairs[p];
      mean[pattern_.dimension + p] = value[static_cast<std::size_t>(i)] * value[static_cast<std::size_t>(j)];
    }
  }

  std::optional<Improper> mode(std::span<const double> natural, std::span<double> value) const override {
    const auto space = pool_.take(symbolic_);
    return factor_and_solve(natural, *space, value);
  }

  void moments(std::span<const double> natural, std::span<double> mean, std::span<double> sd) const override {
    const auto space = pool_.take(symbolic_);
    if (factor_and_solve(natural, *space, mean)) {
      vector(mean).setConstant(not_available);
      vector(sd).setConstant(not_available);
      return;
    }
    space->factor.invert_leading();
    for (std::size_t i = 0; i < sd.size(); ++i) {
      const auto column = static_cast<std::size_t>(symbolic_.column[i]);
      sd[i] = is_point(static_cast<SparseIndex>(i)) ? 0 : std::sqrt(space->factor.values()[symbolic_.diagonal_place[column]]);
    }
  }

  // m_b + L_bb⁻ᵀ e has covariance Q_bb⁻¹: L_bb is the leading block of L, since points come last.
  void draw(std::span<const double> natural, Stream& stream, std::span<double> value) const override {
    const auto space = pool_.take(symbolic_);
    if (factor_and_solve(natural, *space, value)) {
      vector(value).setConstant(not_available);
      return;
    }
    Eigen::VectorXd& x = space->x;
    x.setZero();
    for (std::size_t i = 0; i < value.size(); ++i)
      if (!is_point(static_cast<SparseIndex>(i))) x(symbolic_.column[i]) = stream.normal();
    space->factor.solve_upper(x, symbolic_.leading_nodes);
    for (std::size_t i = 0; i < value.size(); ++i) value[i] += x(symbolic_.column[i]);
  }

  // False where a coordinate has no pair with itself: no natural parameter gives it a spread.
  bool natural_from_moments(std::span<const double> mean, std::span<const double> sd, std::span<double> natural) const override {
    vector(natural).setZero();
    std::size_t found = 0;
    for (std::size_t p = 0; p < pattern_.pairs.size(); ++p) {
      if (pattern_.pairs[p].first != pattern_.pairs[p].second) continue;
      const auto i = static_cast<std::size_t>(pattern_.pairs[p].first);
      const double precision = sd.empty() || is_point(pattern_.pairs[p].first) ? 1 : 1 / (sd[i] * sd[i]);
      if (!(precision > 0) || !std::isfinite(precision) || !std::isfinite(mean[i])) return false;
      natural[i] = precision * mean[i];
      natural[pattern_.dimension + p] = -0.5 * precision;
      ++found;
    }
    return found == pattern_.dimension;
  }

  std::vector<UsualParameter> usual_parameters() const override {
    const std::size_t d = pattern_.dimension;
    return {{"mean", {d}}, {"precision", square_shown() ? std::vector<std::size_t>{d, d} : std::vector<std::size_t>{pattern_.pairs.size()}}};
  }

  void to_usual(std::span<const double> natural, std::span<double> usual) const override {
    const std::size_t d = pattern_.dimension;
    if (mode(natural, usual.first(d))) vector(usual.first(d)).setConstant(not_available);
    const std::span<double> precision = usual.subspan(d);
    vector(precision).setZero();
    for (std::size_t p = 0; p < pattern_.pairs.size(); ++p) {
      const auto i = static_cast<std::size_t>(pattern_.pairs[p].first), j = static_cast<std::size_t>(pattern_.pairs[p].second);
      const double entry = -natural[d + p] * (i == j ? 2 : 1);
      if (square_shown()) precision[i * d + j] = precision[j * d + i] = entry;
      if (!square_shown()) precision[p] = entry;
    }
  }

  // False where the precision is not positive definite or couples coordinates that are no pair.
  bool from_usual(std::span<const double> usual, std::span<double> natural) const override {
    const std::size_t d = pattern_.dimension;
    const std::span<const double> precision = usual.subspan(d);
    vector(natural).setZero();
    double held = 0;
    for (std::size_t p = 0; p < pattern_.pairs.size(); ++p) {
      const auto i = static_cast<std::size_t>(pattern_.pairs[p].first), j = static_cast<std::size_t>(pattern_.pairs[p].second);
      const double entry = square_shown() ? 0.5 * (precision[i * d + j] + precision[j * d + i]) : precision[p];
      if (square_shown()) held += (precision[i * d + j] != 0 ? 1 : 0) + (i != j && precision[j * d + i] != 0 ? 1 : 0);
      natural[d + p] = i == j ? -0.5 * entry : -entry;
      natural[i] += entry * usual[j];
      if (i != j) natural[j] += entry * usual[i];
    }
    if (square_shown() && held != static_cast<double>((vector(precision).array() != 0).count())) return false;
    std::vector<double> scratch(d);
    return !mode(natural, scratch);
  }

  std::vector<Formula> formulas() const override {
    const std::string pair = eta(pair_statistic), pair_latex = eta_latex(pair_statistic);
    return {{"mean", fmt::format("precision^-1 {}", eta(value_statistic)), fmt::format("\\text{{precision}}^{{-1}} {}", eta_latex(value_statistic))},
            {"precision", fmt::format("-({0} + {0}^T)", pair), fmt::format("-\\left({0} + {0}^\\top\\right)", pair_latex)}};
  }

  std::string log_partition_text() const override {
    if (symbolic_.leading == symbolic_.dimension) return "D/2 log(2 pi) - 1/2 log|precision| + 1/2 mean^T precision mean";
    return "D_b/2 log(2 pi) - 1/2 log|precision_b| + 1/2 mean^T precision mean, b the coordinates that are no points";
  }

 private:
  bool is_point(SparseIndex i) const { return !pattern_.point.empty() && pattern_.point[static_cast<std::size_t>(i)]; }
  bool square_shown() const { return pattern_.dimension <= largest_square; }

  // Leaves the factor of the precision in `space`, and Q⁻¹ h in the first entries of `mean`.
  std::optional<Improper> factor_and_solve(std::span<const double> natural, Workspace& space, std::span<double> mean) const {
    if (auto reason = not_finite(natural)) return reason;
    space.factor.set_zero();
    double* const values = space.factor.values();
    for (std::size_t p = 0; p < pattern_.pairs.size(); ++p)
      values[symbolic_.pair_place[p]] = -natural[pattern_.dimension + p] * (pattern_.pairs[p].first == pattern_.pairs[p].second ? 2 : 1);
    if (const auto lost = space.factor.factor()) return describe(*lost);
    for (std::size_t i = 0; i < pattern_.dimension; ++i) space.x(symbolic_.column[i]) = natural[i];
    space.factor.solve_lower(space.x);
    space.factor.solve_upper(space.x, symbolic_.nodes.size());
    for (std::size_t i = 0; i < pattern_.dimension; ++i) mean[i] = space.x(symbolic_.column[i]);
    return std::nullopt;
  }

  Improper describe(const LostPivot& lost) const {
    const auto column = static_cast<std::size_t>(lost.column);
    const bool zero = lost.diagonal > 0 && std::abs(lost.pivot) <= symbolic_.pivot_tolerance[column] * lost.diagonal;
    const std::string size =
        zero ? fmt::format("zero to rounding beside its diagonal entry {:.3g}", lost.diagonal) : fmt::format("{:.3g}", lost.pivot);
    return {fmt::format("the precision is not positive definite (the pivot of coordinate {} of {} is {})", symbolic_.coordinate[column] + 1,
                        pattern_.dimension, size)};
  }

  GaussianPattern pattern_;
  SparseSymbolic symbolic_;
  Layout layout_;
  std::vector<char> covaries_;  // of each pair: neither of its coordinates is a point
  mutable WorkspacePool pool_;
};

}  // namespace

std::unique_ptr<const Family> make_gaussian_pattern(const GaussianPattern& pattern) { return std::make_unique<PatternGaussian>(pattern); }

GaussianCost gaussian_cost(const GaussianPattern& pattern) {
  const EliminationOrder order = elimination_order(pattern);
  GaussianCost cost;
  cost.products = products(order.panels);
  cost.dense = order.dense;
  double numbers = 0, work = 0;
  for (const PanelShape& p : order.panels) {
    numbers += (static_cast<double>(p.columns) + p.below) * p.columns;
    work = std::max(work, static_cast<double>(p.below) * (static_cast<double>(p.below) + p.columns));
  }
  cost.bytes = static_cast<double>(sizeof(double)) * (numbers + work);
  return cost;
}

}  // namespace jensen::family
