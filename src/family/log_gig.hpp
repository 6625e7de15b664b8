// The logarithm of a generalised inverse Gaussian variable: u with density ∝ u^(λ − 1) exp(−ψ u − χ/u), ψ, χ > 0.
//
// About its mode, with κ = √(λ² + ω²) and ω = 2 √(ψχ), d = log u − log mode has for λ ≥ 0 the density ∝ exp(g(d)),
//   g(d) = −λ (e^d − 1 − d) − (κ − λ)(cosh d − 1),   κ − λ = ω²/(κ + λ)   (Devroye 2014, section 2),
// a sum of terms of one sign; λ < 0 is the law of −d. Since g is analytic and falls to −∞ on both sides, the trapezoidal rule converges
// exponentially (Trefethen and Weideman 2014), for any order and argument, with neither overflow nor a change of method: the relative error of
// each integral is about 1e-15. The log-partition and all expectations come from the same nodes.
#pragma once

#include "family/stream.hpp"

namespace jensen::family {

class LogGig {
 public:
  LogGig(double lambda, double psi, double chi);

  struct Expectations {
    double log_integral;  // log ∫ u^(λ − 1) exp(−ψ u − χ/u) du = log 2K_λ(ω) + λ/2 log(χ/ψ)
    double log;           // E[log u]
    double direct;        // E[u]
    double inverse;       // E[1/u]
  };
  [[nodiscard]] Expectations expectations() const;

  struct PowerMoments {
    double mean;       // E[u^r]
    double variation;  // sd/mean of u^r
  };
  [[nodiscard]] PowerMoments power_moments(double r) const;

  // log u.
  double draw(Stream& stream) const;

 private:
  [[nodiscard]] double exponent(double d) const;    // g
  [[nodiscard]] double derivative(double d) const;  // g'
  [[nodiscard]] double step(double extra) const;
  template <class Terms>
  auto integrate(double h, Terms terms) const;

  double sign_;  // −1 where λ < 0: the law of 1/u is kept
  double lambda_, kappa_, gap_, log_gap_, log_mode_;
};

// The ω at which u^r with λ = −r/2 has the given sd/mean: of its squared mean and its second moment the ratio is K_{r/2}(ω)/K_{3r/2}(ω), which takes
// every value in (0, 1), and E[u^r] = (χ/ψ)^(r/2). For r = 1 this is the inverse Gaussian distribution.
double balanced_gig_with_variation(double target, double r);

}  // namespace jensen::family
