"""W1 in NumPy as matrix products: a component's log density is linear in the features of a row, (1, x_i, x_i x_j for i <= j) with full
covariances and (1, x_i, x_i^2) with diagonal ones, so that each half of an iteration is one product per block of rows. Also the
definition of the log likelihood that every peer is held to: sum_n log sum_k w_k N(x_n | mu_k, S_k), at the parameters after the last update."""
import numpy as np
from scipy.special import logsumexp

LOG_2PI = np.log(2 * np.pi)
BLOCK = 8192


def pairs(dimension, diagonal):
    return (np.arange(dimension),) * 2 if diagonal else np.triu_indices(dimension)


def features(x, diagonal):
    """Of data relative to their mean: the sums of products cancel badly otherwise."""
    rows, dimension = x.shape
    i, j = pairs(dimension, diagonal)
    f = np.empty((rows, 1 + dimension + len(i)))
    f[:, 0] = 1
    f[:, 1:1 + dimension] = x
    for s in range(0, rows, BLOCK):
        f[s:s + BLOCK, 1 + dimension:] = f[s:s + BLOCK, 1 + i] * f[s:s + BLOCK, 1 + j]
    return f


def coefficients(w, mu, precision, log_det_precision, diagonal):
    dimension = mu.shape[1]
    i, j = pairs(dimension, diagonal)
    linear = precision * mu if diagonal else np.einsum("kij,kj->ki", precision, mu)
    constant = np.log(w) - 0.5 * (np.einsum("ki,ki->k", linear, mu) + dimension * LOG_2PI - log_det_precision)
    quadratic = -0.5 * precision if diagonal else -np.where(i == j, 0.5, 1.0) * precision[:, i, j]
    return np.concatenate([constant[:, None], linear, quadratic], 1).T.copy()


def coefficients_of(w, mu, scale, diagonal):
    if diagonal:
        return coefficients(w, mu, 1 / scale, -np.log(scale).sum(1), True)
    return coefficients(w, mu, np.linalg.inv(scale), -np.linalg.slogdet(scale)[1], False)


def e_step(f, c):
    """The sums of responsibility times feature."""
    sums = np.zeros(c.T.shape)
    for s in range(0, len(f), BLOCK):
        block = f[s:s + BLOCK]
        r = block @ c
        r -= r.max(1, keepdims=True)
        np.exp(r, out=r)
        r /= r.sum(1, keepdims=True)
        sums += r.T @ block
    return sums


def m_step(sums, dimension, diagonal):
    counts = sums[:, 0]
    mu = sums[:, 1:1 + dimension] / counts[:, None]
    second = sums[:, 1 + dimension:] / counts[:, None]
    if diagonal:
        return counts / counts.sum(), mu, second - mu ** 2
    i, j = pairs(dimension, False)
    scale = np.empty((len(mu), dimension, dimension))
    scale[:, i, j] = scale[:, j, i] = second
    return counts / counts.sum(), mu, scale - np.einsum("ki,kj->kij", mu, mu)


def em(f, w, mu, scale, diagonal, iterations):
    for _ in range(iterations):
        w, mu, scale = m_step(e_step(f, coefficients_of(w, mu, scale, diagonal)), mu.shape[1], diagonal)
    return w, mu, scale


def start(means, variances, diagonal):
    components = len(means)
    scale = np.tile(variances, (components, 1)) if diagonal else np.tile(np.diag(variances), (components, 1, 1))
    return np.full(components, 1 / components), means, scale


def log_likelihood(x, w, mu, scale, diagonal):
    """Through Cholesky factors, not through the features, so that it checks them."""
    total = 0.0
    for s in range(0, len(x), 50_000):
        block = x[s:s + 50_000]
        logits = np.empty((len(block), len(w)))
        for k in range(len(w)):
            factor = np.diag(np.sqrt(scale[k])) if diagonal else np.linalg.cholesky(scale[k])
            whitened = np.linalg.solve(factor, (block - mu[k]).T)
            logits[:, k] = -0.5 * ((whitened ** 2).sum(0) + x.shape[1] * LOG_2PI) - np.log(np.diag(factor)).sum() + np.log(w[k])
        total += logsumexp(logits, axis=1).sum()
    return total
