"""The prior of W2, q(w) prod_k q(mu_k, P_k):

    w ~ Dirichlet(1/K), P_k ~ Wishart(D, S0^-1), mu_k ~ N(m0, P_k^-1), z_n ~ Categorical(w), x_n ~ N(mu_{z_n}, P_{z_n}^-1)

with m0 the data's mean and S0 their covariance."""
import numpy as np
from scipy.special import multigammaln


class Prior:
    def __init__(self, x, components):
        self.concentration = 1 / components
        self.mean = x.mean(0)
        self.df = float(x.shape[1])
        self.inverse_scale = np.cov(x.T)


def log_wishart_normaliser(inverse_scale, df):
    dimension = inverse_scale.shape[-1]
    return 0.5 * df * np.linalg.slogdet(inverse_scale)[1] - 0.5 * df * dimension * np.log(2) - multigammaln(0.5 * df, dimension)
