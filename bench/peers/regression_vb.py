"""W6 in NumPy on second moments: the data are reduced once to X'X, X'y and y'y, an iteration then costs O(D^3).

    y ~ N(X beta, 1/tau), beta ~ N(0, I/alpha), tau and alpha ~ Gamma(a, a) with a = 1e-6; q(beta) q(tau) q(alpha), updated in this order

No intercept, data as they are. The ELBO is that after the iteration, every constant kept."""
import numpy as np
from scipy.special import digamma, gammaln

from mixture_em import LOG_2PI

A = 1e-6


def reduce(x, y):
    return x.T @ x, x.T @ y, y @ y, len(y)


def divergence_of_gamma(shape, rate, expected_log):
    mean = shape / rate
    log_q = shape * np.log(rate) - gammaln(shape) + (shape - 1) * expected_log - rate * mean
    return log_q - (A * np.log(A) - gammaln(A) + (A - 1) * expected_log - A * mean)


def vb(gram, xy, yy, rows, iterations):
    dimension = len(xy)
    tau = alpha = 1.0
    tau_shape, alpha_shape = A + rows / 2, A + dimension / 2
    for _ in range(iterations):
        covariance = np.linalg.inv(tau * gram + alpha * np.eye(dimension))
        mean = tau * covariance @ xy
        residual = yy - 2 * mean @ xy + mean @ gram @ mean + np.sum(gram * covariance)
        square = mean @ mean + np.trace(covariance)
        tau_rate, alpha_rate = A + 0.5 * residual, A + 0.5 * square
        tau, alpha = tau_shape / tau_rate, alpha_shape / alpha_rate
    log_tau, log_alpha = digamma(tau_shape) - np.log(tau_rate), digamma(alpha_shape) - np.log(alpha_rate)
    return (0.5 * rows * (log_tau - LOG_2PI) - 0.5 * tau * residual + 0.5 * dimension * (log_alpha - LOG_2PI) - 0.5 * alpha * square
            + 0.5 * dimension * (1 + LOG_2PI) + 0.5 * np.linalg.slogdet(covariance)[1]
            - divergence_of_gamma(tau_shape, tau_rate, log_tau) - divergence_of_gamma(alpha_shape, alpha_rate, log_alpha))
