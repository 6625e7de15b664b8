// GaussianChain for one d: the part that depends on h, and the sums.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "run/kernels/gaussian_chain.hpp"
#include "run/kernels/gaussian_marginals.hpp"

namespace jensen::run {

template <int D>
class GaussianForest {
 public:
  GaussianForest(std::int64_t side, const Forest& forest, const double* links, std::int64_t kinds)
      : side_(side), forest_(forest), elimination_(side, forest, kinds), marginals_(elimination_) {
    for (std::int64_t p = 0; p < forest.rows; ++p) chain_ = chain_ && (forest.previous[p] == p - 1 || forest.previous[p] < 0);
    const auto rows = static_cast<std::size_t>(forest.rows);
    of_row_ = std::make_unique_for_overwrite<std::int32_t[]>(rows);
    x_ = std::make_unique_for_overwrite<double[]>(rows * static_cast<std::size_t>(side));
    link_sums_.resize(static_cast<std::size_t>(kinds * side * side));
    for (SideVector<D>* v : {&pending_, &last_}) v->resize(side);
    products_.resize(side, side);
    restart(links);
  }
  GaussianForest(const GaussianForest&) = delete;
  GaussianForest& operator=(const GaussianForest&) = delete;

  void restart(const double* links) {
    elimination_.restart(links);
    marginals_.restart();
    if (!chain_) std::fill_n(x_.get(), forest_.rows * side_, 0.0);
    std::fill(link_sums_.begin(), link_sums_.end(), 0.0);
    pending_.setZero();
    products_.setZero();
    fit_ = fit_part_ = 0;
    run_ = {};
    failure_.reset();
  }

  void upward(std::int64_t first, std::int64_t rows, const double* natural) {
    if (failure_ || rows == 0) return;
    if (auto lost = elimination_.upward(first, rows, natural + side_ * tile_rows, of_row_.get())) {
      failure_ = {lost->first, std::move(lost->second)};
      return;
    }
    solve(first, rows, natural);
    if (!std::isfinite(fit_ + fit_part_)) failure_ = not_finite(first, rows, natural);
  }

  double log_partition() const {
    if (failure_) return std::numeric_limits<double>::quiet_NaN();
    double determinants = 0;
    for (const Elimination& e : elimination_.kept()) determinants += static_cast<double>(e.rows) * e.half_log_determinant;
    const double numbers = static_cast<double>(forest_.rows * side_);
    return 0.5 * (fit_ + fit_part_) + 0.5 * numbers * std::log(2 * std::numbers::pi) - determinants;
  }

  const std::optional<GaussianChain::Failure>& failure() const { return failure_; }

  void downward(std::int64_t first, std::int64_t rows, double* mean) {
    const std::int64_t columns = side_ + side_ * side_;
    if (failure_) {
      for (std::int64_t s = 0; s < columns; ++s) std::fill_n(mean + s * tile_rows, rows, std::numeric_limits<double>::quiet_NaN());
    } else {
      std::int32_t* const of = of_row_.get();  // from here on of marginals, behind the row at hand
      for (std::int64_t p = first; p < first + rows; ++p) of[p] = marginals_.find(of[p], forest_.previous[p] < 0 ? -1 : of[forest_.previous[p]]);
      means(first, rows, mean);
      second_moments(first, rows, mean);
    }
    for (std::int64_t s = 0; s < columns; ++s) std::fill(mean + s * tile_rows + rows, mean + (s + 1) * tile_rows, 0.0);
    if (first + rows == forest_.rows) end_run();
  }

  const std::vector<double>& link_sums() const { return link_sums_; }
  GaussianChain::Work work() const {
    return {static_cast<std::int64_t>(elimination_.kept().size()), static_cast<std::int64_t>(marginals_.kept().size())};
  }

 private:
  using Vector = SideVector<D>;
  using VectorMap = Eigen::Map<Vector>;
  // Sums are closed at positions that are multiples of this, so that they depend on how tiles are cut in nothing, and round less.
  static constexpr std::int64_t stage = 256;

  VectorMap x(std::int64_t p) { return {x_.get() + p * side_, side_}; }

  // h~ = h + Σ_children gain h~_child; leaves Λ⁻¹ h~, and sums up h~' Λ⁻¹ h~.
  void solve(std::int64_t first, std::int64_t rows, const double* natural) {
    Vector pending = pending_, h = pending_, message = pending_;
    for (std::int64_t i = rows; i-- > 0;) {
      const std::int64_t p = first + i;
      const Elimination& e = elimination_.kept()[static_cast<std::size_t>(of_row_[static_cast<std::size_t>(p)])];
      for (std::int64_t s = 0; s < side_; ++s) h(s) = natural[s * tile_rows + i];
      if (!chain_) h += x(p);
      h += pending;
      x(p).noalias() = times(elimination_.map(e.inverse), h);
      fit_part_ += inner_product(h, x(p));
      if (p % stage == 0) fit_ += std::exchange(fit_part_, 0.0);
      const std::int64_t previous = forest_.previous[p];
      if (previous < 0) {
        pending.setZero();
        continue;
      }
      message.noalias() = times(elimination_.map(e.gain), h);
      if (previous == p - 1) {
        pending.swap(message);
      } else {
        x(previous) += message;
        pending.setZero();
      }
    }
    pending_ = pending;
  }

  GaussianChain::Failure not_finite(std::int64_t first, std::int64_t rows, const double* natural) {
    for (std::int64_t i = rows; i-- > 0;) {
      for (std::int64_t s = 0; s < side_; ++s) {
        const double h = natural[s * tile_rows + i];
        if (!std::isfinite(h)) return {first + i, fmt::format("natural parameter {} of {} is not finite ({})", s + 1, side_ + side_ * side_, h)};
      }
      if (!x(first + i).allFinite()) return {first + i, "the mean overflows"};
    }
    return {first, "the log-partition overflows"};
  }

  // E x = Λ⁻¹ h~ + gain' E x_previous, and the sums over links that have come to an end.
  void means(std::int64_t first, std::int64_t rows, double* mean) {
    Vector last = last_, m = last_;
    SideMatrix<D> products = products_;
    for (std::int64_t i = 0; i < rows; ++i) {
      const std::int64_t p = first + i, previous = forest_.previous[p];
      m = x(p);
      if (previous >= 0) {
        const std::int32_t which = of_row_[static_cast<std::size_t>(p)];
        const std::int32_t link = forest_.link[p];
        if (link != run_.link || which != run_.marginal) {
          if (link != run_.link) add_products(products);
          add_covariances();
          run_ = {link, which, 0};
        }
        ++run_.rows;
        if (previous != p - 1) last = x(previous);
        add_transposed<D>(elimination_.map(marginals_.kept()[static_cast<std::size_t>(which)].gain), last, m);
        products.noalias() += times(last, m.transpose());
        x(p) = m;
      }
      if ((p + 1) % stage == 0) add_products(products);
      for (std::int64_t s = 0; s < side_; ++s) mean[s * tile_rows + i] = m(s);
      last.swap(m);
    }
    last_ = last;
    products_ = products;
  }

  // E x_a x_b, a stretch of rows with the same covariance at a time.
  void second_moments(std::int64_t first, std::int64_t rows, double* mean) const {
    const std::int32_t* const of = of_row_.get() + first;
    for (std::int64_t begin = 0, end = 0; begin < rows; begin = end) {
      for (end = begin + 1; end < rows && of[end] == of[begin];) ++end;
      const double* const covariance = marginals_.kept()[static_cast<std::size_t>(of[begin])].covariance;
      for (std::int64_t a = 0; a < side_; ++a) {
        for (std::int64_t b = a; b < side_; ++b) {
          const double c = covariance[a * side_ + b];
          const double *const x = mean + a * tile_rows, *const y = mean + b * tile_rows;
          double *const out = mean + (side_ + a * side_ + b) * tile_rows, *const mirrored = mean + (side_ + b * side_ + a) * tile_rows;
          for (std::int64_t i = begin; i < end; ++i) out[i] = x[i] * y[i] + c;
          if (b != a) std::copy(out + begin, out + end, mirrored + begin);
        }
      }
    }
  }

  void add_to_link(const SideMatrix<D>& sum) {
    double* const out = link_sums_.data() + run_.link * side_ * side_;
    for (std::int64_t i = 0; i < side_; ++i)
      for (std::int64_t j = 0; j < side_; ++j) out[i * side_ + j] += sum(i, j);
  }

  void add_products(SideMatrix<D>& products) {
    if (run_.link >= 0) add_to_link(products);
    products.setZero();
  }

  void add_covariances() {
    if (run_.rows == 0) return;
    const double n = static_cast<double>(run_.rows);
    add_to_link(n * elimination_.map(marginals_.kept()[static_cast<std::size_t>(run_.marginal)].cross));
  }

  void end_run() {
    add_products(products_);
    add_covariances();
    run_ = {};
  }

  // Rows that follow each other with the same link and the same covariances.
  struct Run {
    std::int32_t link = -1, marginal = -1;
    std::int64_t rows = 0;
  };

  std::int64_t side_;
  Forest forest_;
  bool chain_ = true;  // every row hangs on the one before it or on none
  GaussianElimination<D> elimination_;
  GaussianMarginals<D> marginals_;
  std::unique_ptr<std::int32_t[]> of_row_;  // Elimination, then Marginal
  std::unique_ptr<double[]> x_;             // messages of h, then Λ⁻¹ h~, then E x
  Vector pending_, last_;                   // the message to the row before the tile; E x of the row before it
  SideMatrix<D> products_;                  // of the run, since the last stage
  Run run_;
  double fit_ = 0, fit_part_ = 0;
  std::vector<double> link_sums_;
  std::optional<GaussianChain::Failure> failure_;
};

}  // namespace jensen::run
