// Downwards over linked Gaussian rows, the part that does not depend on h: with S the covariance of the row that another hangs on,
//     Cov(x_previous, x) = S gain,      Cov(x) = Λ⁻¹ + gain' S gain,
// shared between rows as their eliminations are.
#pragma once

#include <cstdint>
#include <vector>

#include "run/kernels/gaussian_elimination.hpp"

namespace jensen::run {

struct Marginal {
  const double* gain;
  double* covariance;
  double* cross;             // previous × own; null for a root
  std::int32_t elimination;  // of its rows
  std::int32_t next = -1;    // of the row met last that hangs on one like this
  std::int32_t limit = -1;   // the fixed point: of rows of this elimination that hang on each other
  Settling settling = {};
};

template <int D>
class GaussianMarginals {
 public:
  explicit GaussianMarginals(GaussianElimination<D>& upward) : upward_(upward) {
    scale_.resize(upward.side());
    turned_.resize(upward.side(), upward.side());
  }

  void restart() { kept_.clear(); }

  // Of a row with elimination e that hangs on one with marginal `previous`, or on none where that is negative.
  std::int32_t find(std::int32_t e, std::int32_t previous) {
    if (previous < 0) return root(e);
    const Marginal& on = at(previous);
    if (on.limit >= 0 && on.elimination == e) return on.limit;
    if (on.next >= 0 && at(on.next).elimination == e) return on.next;
    const std::int32_t made = make(e, previous);
    at(previous).next = made;
    return made;
  }

  [[nodiscard]] const std::vector<Marginal>& kept() const { return kept_; }

 private:
  Marginal& at(std::int32_t m) { return kept_[static_cast<std::size_t>(m)]; }
  Elimination& elimination(std::int32_t e) { return upward_.kept()[static_cast<std::size_t>(e)]; }

  std::int32_t root(std::int32_t e) {
    Elimination& own = elimination(e);
    if (own.root < 0) own.root = keep({nullptr, own.inverse, nullptr, e});
    return own.root;
  }

  std::int32_t keep(const Marginal& m) {
    kept_.push_back(m);
    return static_cast<std::int32_t>(kept_.size()) - 1;
  }

  // Where an elimination is of one row alone, nothing of it but its gain is needed any more: the results take its place.
  std::int32_t make(std::int32_t e, std::int32_t previous) {
    const Elimination& own = elimination(e);
    const bool alone = own.rows == 1;
    Marginal m{own.gain, own.inverse, own.message, e};
    if (!alone) {
      m.covariance = upward_.pool().take();
      m.cross = upward_.pool().take();
    }
    const auto gain = upward_.map(own.gain);
    auto cross = upward_.map(m.cross);
    auto covariance = upward_.map(m.covariance);
    cross.noalias() = times(upward_.map(at(previous).covariance), gain);
    if (!alone) covariance = upward_.map(own.inverse);
    turned_ = gain.transpose();
    covariance.noalias() += times(turned_, cross);
    mirror_lower(covariance);
    if (at(previous).elimination == e) settle(m, at(previous));
    const std::int32_t made = keep(m);
    if (m.limit < 0 && m.settling.settled()) at(made).limit = elimination(e).fixed = made;
    return made;
  }

  void settle(Marginal& m, const Marginal& previous) {
    const auto covariance = upward_.map(m.covariance);
    scale_ = covariance.diagonal();
    m.settling = previous.settling.after(differ_by_rounding(covariance, upward_.map(previous.covariance), scale_));
    const std::int32_t fixed = elimination(m.elimination).fixed;
    if (fixed >= 0 && differ_by_rounding(covariance, upward_.map(at(fixed).covariance), scale_)) m.limit = fixed;
  }

  GaussianElimination<D>& upward_;
  std::vector<Marginal> kept_;
  SideMatrix<D> turned_;  // gain'
  SideVector<D> scale_;
};

}  // namespace jensen::run
