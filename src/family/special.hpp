// Special functions of the log-partitions. All are free of locks and global state (unlike std::lgamma, which writes `signgam`), never throw,
// and answer a pole with an infinity of the side that positive arguments approach.
#pragma once

#include <cstddef>
#include <span>

namespace jensen::family {

double digamma(double x);   // ψ(x); −inf at 0
double trigamma(double x);  // ψ'(x); +inf at 0
double lgamma(double x);    // log |Γ(x)|; +inf at 0

double log_bessel_i0(double x);   // log I0(x), without overflow
double log_normal_cdf(double x);  // log Φ(x), accurate in the lower tail

// log B(a, b) = log Γ(a) + log Γ(b) − log Γ(a + b) without the cancellation of large arguments.
double log_beta(double a, double b);

// ψ(x + d) − ψ(x) for x > 0 and x + d > 0, accurate relative to the difference itself, however large x or small d.
double digamma_difference(double x, double d);

// log Γ_D(x) = D (D − 1)/4 log π + Σ_{i<D} log Γ(x − i/2), and its derivative ψ_D(x) (Bishop 2006, appendix B, under Wishart).
double log_multivariate_gamma(std::size_t dimension, double x);
double multivariate_digamma(std::size_t dimension, double x);

// log Σ exp(x_i): −inf for an empty or all −inf range, +inf if an entry is +inf, NaN if an entry is NaN.
double log_sum_exp(std::span<const double> x);

// out_i = exp(x_i − log_sum_exp(x)), summing to 1; returns log_sum_exp(x). `out` may be `x` itself. Meaningful where the returned value is finite.
double softmax(std::span<const double> x, std::span<double> out);

// Replaces each x_i > 0 by ψ(x_i) and returns Σ log Γ(x_i): one vectorised pass for Dirichlet blocks. Absolute error of each log Γ about 1e-14 of
// max(1, log Γ).
double digamma_in_place(std::span<double> x);

// The same without the sum of log Γ, at less than half of its cost; `one_more` is replaced too, mostly for nothing.
void digamma_all_in_place(std::span<double> x, double& one_more);
inline void digamma_all_in_place(std::span<double> x) {
  double none = 1;
  digamma_all_in_place(x, none);
}

}  // namespace jensen::family
