"""W5 in NumPy on second moments: the data are reduced once to their mean and covariance, an iteration then costs O(D^2 q).

    x ~ N(mean + W h, diag(psi)), h ~ N(0, I); EM of Rubin and Thayer (1982); the mean stays at the sample's, where it is best"""
import numpy as np

from mixture_em import LOG_2PI


def reduce(x):
    centred = x - x.mean(0)
    return centred.T @ centred / len(x)


def em(covariance, w, psi, iterations):
    factors = w.shape[1]
    variances = np.diag(covariance)
    for _ in range(iterations):
        scaled = w / psi[:, None]
        spread = np.linalg.inv(np.eye(factors) + w.T @ scaled)
        regression = scaled @ spread                     # E[h | x] = regression' (x - mean)
        cross = covariance @ regression
        w = cross @ np.linalg.inv(spread + regression.T @ cross)
        psi = variances - np.einsum("ij,ij->i", w, cross)
    return w, psi


def log_likelihood(rows, covariance, w, psi):
    """sum_n log N(x_n | sample mean, W W' + diag(psi))."""
    model = w @ w.T + np.diag(psi)
    return -0.5 * rows * (len(psi) * LOG_2PI + np.linalg.slogdet(model)[1] + np.trace(np.linalg.solve(model, covariance)))
