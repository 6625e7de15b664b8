"""W2 in NumPy by mean field, q(w) prod_k q(mu_k) q(P_k): coordinate ascent for

    w ~ Dirichlet(1/K), P_k ~ Wishart(D, S0^-1), mu_k ~ N(m0, P_k^-1), z_n ~ Categorical(w), x_n ~ N(mu_{z_n}, P_{z_n}^-1)

with m0 the data's mean and S0 their covariance. One iteration updates q(w), q(mu), q(P) in this order, then the responsibilities; the ELBO
is taken with those, every constant kept. (The joint normal-Wishart q of scikit-learn is a larger family; its bound is higher.)"""
from dataclasses import dataclass

import numpy as np
from scipy.special import digamma, gammaln, multigammaln

from mixture_em import LOG_2PI, coefficients, pairs

BLOCK = 8192


class Prior:
    def __init__(self, x, components):
        self.concentration = 1 / components
        self.mean = x.mean(0)
        self.df = float(x.shape[1])
        self.inverse_scale = np.cov(x.T)


@dataclass
class Approximation:
    concentration: np.ndarray
    mean: np.ndarray
    covariance: np.ndarray
    df: np.ndarray
    inverse_scale: np.ndarray

    def expected_precision(self):
        return self.df[:, None, None] * np.linalg.inv(self.inverse_scale)

    def expected_log_det(self):
        dimension = self.mean.shape[1]
        spread = digamma(0.5 * (self.df[:, None] - np.arange(dimension))).sum(1)
        return spread + dimension * np.log(2) - np.linalg.slogdet(self.inverse_scale)[1]

    def expected_log_weights(self):
        return digamma(self.concentration) - digamma(self.concentration.sum())


def moments(sums, dimension):
    counts = sums[:, 0]
    first = sums[:, 1:1 + dimension]
    i, j = pairs(dimension, False)
    second = np.empty((len(counts), dimension, dimension))
    second[:, i, j] = second[:, j, i] = sums[:, 1 + dimension:]
    return counts, first, second


def outer(a, b):
    return np.einsum("ki,kj->kij", a, b)


def update_weights(q, counts, prior):
    q.concentration = prior.concentration + counts


def update_means(q, counts, first, prior):
    q.mean = (prior.mean + first) / (1 + counts)[:, None]
    q.covariance = np.linalg.inv((1 + counts)[:, None, None] * q.expected_precision())


def update_precisions(q, counts, first, second, prior):
    """df gains one for the prior of mu_k, whose precision is P_k too."""
    deviation = q.mean - prior.mean
    cross = outer(first, q.mean)
    scatter = second - cross - cross.transpose(0, 2, 1) + counts[:, None, None] * (outer(q.mean, q.mean) + q.covariance)
    q.df = prior.df + counts + 1
    q.inverse_scale = prior.inverse_scale + scatter + outer(deviation, deviation) + q.covariance


def e_step(f, q):
    """The sums of responsibility times feature, and sum_n log sum_k exp(E[log w_k] + E[log p(x_n | mu_k, P_k)])."""
    precision = q.expected_precision()
    c = coefficients(np.exp(q.expected_log_weights()), q.mean, precision, q.expected_log_det(), False)
    c[0] -= 0.5 * np.einsum("kij,kij->k", precision, q.covariance)
    sums, normaliser = np.zeros(c.T.shape), 0.0
    for s in range(0, len(f), BLOCK):
        block = f[s:s + BLOCK]
        r = block @ c
        peak = r.max(1, keepdims=True)
        r -= peak
        np.exp(r, out=r)
        total = r.sum(1, keepdims=True)
        normaliser += peak.sum() + np.log(total).sum()
        r /= total
        sums += r.T @ block
    return sums, normaliser


def log_wishart_normaliser(inverse_scale, df):
    dimension = inverse_scale.shape[-1]
    return 0.5 * df * np.linalg.slogdet(inverse_scale)[1] - 0.5 * df * dimension * np.log(2) - multigammaln(0.5 * df, dimension)


def divergence_of_weights(q, prior):
    components = len(q.concentration)
    e = q.expected_log_weights()
    log_q = gammaln(q.concentration.sum()) - gammaln(q.concentration).sum() + ((q.concentration - 1) * e).sum()
    log_p = gammaln(components * prior.concentration) - components * gammaln(prior.concentration) + ((prior.concentration - 1) * e).sum()
    return log_q - log_p


def divergence_of_means(q, prior):
    dimension = q.mean.shape[1]
    deviation = q.mean - prior.mean
    square = np.einsum("kij,kij->k", q.expected_precision(), outer(deviation, deviation) + q.covariance)
    log_p = 0.5 * (q.expected_log_det() - dimension * LOG_2PI - square)
    entropy = 0.5 * (dimension * (1 + LOG_2PI) + np.linalg.slogdet(q.covariance)[1])
    return -(log_p + entropy).sum()


def divergence_of_precisions(q, prior):
    dimension = q.mean.shape[1]
    total = 0.0
    e, precision = q.expected_log_det(), q.expected_precision()
    for k in range(len(q.df)):
        log_q = log_wishart_normaliser(q.inverse_scale[k], q.df[k]) + 0.5 * (q.df[k] - dimension - 1) * e[k] - 0.5 * q.df[k] * dimension
        log_p = (log_wishart_normaliser(prior.inverse_scale, prior.df) + 0.5 * (prior.df - dimension - 1) * e[k]
                 - 0.5 * np.sum(prior.inverse_scale * precision[k]))
        total += log_q - log_p
    return total


def elbo(q, normaliser, prior):
    return normaliser - divergence_of_weights(q, prior) - divergence_of_means(q, prior) - divergence_of_precisions(q, prior)


def start_from_responsibilities(x, r, prior):
    """The joint fixed point of the three updates. With W the inverse scale of the joint normal-Wishart and m = 1 + counts its factor,
    m C = (W + m C) / df, so m C = W / (df - 1) and the inverse scale of q(P) is W df / (df - 1)."""
    counts = r.sum(0)
    average = (r.T @ x) / counts[:, None]
    joint = np.empty((len(counts),) + prior.inverse_scale.shape)
    for k, count in enumerate(counts):
        centred, shift = x - average[k], average[k] - prior.mean
        joint[k] = prior.inverse_scale + (r[:, k] * centred.T) @ centred + count / (1 + count) * np.outer(shift, shift)
    df = prior.df + counts + 1
    return Approximation(concentration=prior.concentration + counts, mean=(prior.mean + counts[:, None] * average) / (1 + counts)[:, None],
                         covariance=joint / ((df - 1) * (1 + counts))[:, None, None], df=df,
                         inverse_scale=joint * (df / (df - 1))[:, None, None])


def vb(f, q, prior, iterations):
    sums, normaliser = e_step(f, q)
    for _ in range(iterations):
        counts, first, second = moments(sums, q.mean.shape[1])
        update_weights(q, counts, prior)
        update_means(q, counts, first, prior)
        update_precisions(q, counts, first, second, prior)
        sums, normaliser = e_step(f, q)
    return elbo(q, normaliser, prior)
