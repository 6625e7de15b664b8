#!/usr/bin/python3
"""Runs one peer on one workload for a fixed number of iterations and prints a line of JSON: CPU and wall milliseconds per iteration (the
iterations alone, one thread) and the log likelihood or ELBO reached.

    peer.py numpy|sklearn|hmmlearn|statsmodels W1_full|W1_diagonal|W2|W3|W4_gaussian|W4_categorical|W5|W6|W7|W8 DATA_FOLDER ITERATIONS

W8 goes to convergence, whatever ITERATIONS is. Exit status 69 where the peer is not installed.
"""
import os
import sys

import timing   # before NumPy: it fixes the number of threads
import numpy as np

import factor_analysis
import hidden_markov
import linear_dynamics
import mixture_em
import mixture_vb
import random_intercepts
import regression_vb


NOT_INSTALLED = 69


def load(folder, *names):
    return [np.load(os.path.join(folder, name + ".npy")) for name in names]


def numpy_mixture(folder, diagonal, iterations):
    x, means, variances = load(folder, "x", "init_means", "init_variances")
    first = timing.now()
    centre = x.mean(0)
    f = mixture_em.features(x - centre, diagonal)
    w, mu, scale = mixture_em.start(means - centre, variances, diagonal)
    begin = timing.now()
    w, mu, scale = mixture_em.em(f, w, mu, scale, diagonal, iterations)
    end = timing.now()
    timing.report("numpy", iterations, begin, end, mixture_em.log_likelihood(x - centre, w, mu, scale, diagonal), begin[0] - first[0])


def numpy_regression(folder, iterations):
    x, y = load(folder, "x", "y")
    first = timing.now()
    moments = regression_vb.reduce(x, y)
    begin = timing.now()
    value = regression_vb.vb(*moments, iterations)
    timing.report("numpy", iterations, begin, timing.now(), value, begin[0] - first[0])


def numpy_factor_analysis(folder, iterations):
    x, w = load(folder, "x", "init_loadings")
    first = timing.now()
    covariance = factor_analysis.reduce(x)
    begin = timing.now()
    w, psi = factor_analysis.em(covariance, w, np.ones(len(w)), iterations)
    end = timing.now()
    timing.report("numpy", iterations, begin, end, factor_analysis.log_likelihood(len(x), covariance, w, psi), begin[0] - first[0])


def numpy_random_intercepts(folder, _):
    y, group = load(folder, "y", "group")
    first = timing.now()
    sums = random_intercepts.reduce(y, group)
    begin = timing.now()
    trace = random_intercepts.em(*sums)
    timing.report("numpy", len(trace), begin, timing.now(), trace[-1], begin[0] - first[0], begin[1] - first[1])


def hidden_markov_gaussian(run):
    return lambda folder, iterations: run(*load(folder, "x", "init_means", "init_variances"), iterations)


def hidden_markov_categorical(run):
    return lambda folder, iterations: run(*load(folder, "y", "init_emission"), iterations)


def dynamics(run):
    return lambda folder, iterations: run(*load(folder, "y", "init_loadings"), iterations)


def sklearn_factor_analysis(folder, iterations):
    """Its iterations are not those of EM: each ends in a singular value decomposition, so only the whole fit compares."""
    from sklearn.decomposition import FactorAnalysis
    x, w = load(folder, "x", "init_loadings")
    model = FactorAnalysis(w.shape[1], tol=0, max_iter=iterations, random_state=0)
    begin = timing.now()
    model.fit(x)
    timing.report("sklearn", model.n_iter_, begin, timing.now(), model.score(x) * len(x))


def clocked(base):
    """The class with the time taken where its iterations begin and end: its own initialiser and the E-step after the last iteration (for
    labels) are not counted."""
    class Clocked(base):
        responsibilities = None

        def _initialize_parameters(self, X, random_state):
            if self.responsibilities is None:
                super()._initialize_parameters(X, random_state)
            else:
                self._initialize(X, self.responsibilities)
            self.begin = timing.now()

        def _print_verbose_msg_init_end(self, lower_bound):
            self.end = timing.now()
            super()._print_verbose_msg_init_end(lower_bound)
    return Clocked


def sklearn_mixture(folder, diagonal, iterations):
    from sklearn.mixture import GaussianMixture
    x, means, variances = load(folder, "x", "init_means", "init_variances")
    w, _, scale = mixture_em.start(means, variances, diagonal)
    precisions = 1 / scale if diagonal else np.linalg.inv(scale)
    model = clocked(GaussianMixture)(len(means), covariance_type="diag" if diagonal else "full", tol=0, reg_covar=0, max_iter=iterations,
                                     weights_init=w, means_init=means, precisions_init=precisions, init_params="random_from_data", random_state=0)
    model.fit(x)
    assert model.n_iter_ == iterations
    value = mixture_em.log_likelihood(x, model.weights_, model.means_, model.covariances_, diagonal)
    timing.report("sklearn", iterations, model.begin, model.end, value)


def sklearn_mixture_vb(folder, iterations):
    """The joint normal-Wishart form; the constants that its bound leaves out are put back, so the value is the exact ELBO of that form."""
    from sklearn.mixture import BayesianGaussianMixture
    from scipy.special import gammaln
    x, r = load(os.path.join(folder, "..", "W1_full"), "x", "init_responsibilities")
    (rows, dimension), components = x.shape, r.shape[1]
    prior = mixture_vb.Prior(x, components)
    model = clocked(BayesianGaussianMixture)(
        n_components=components, covariance_type="full", tol=0, reg_covar=0, max_iter=iterations, mean_prior=prior.mean, mean_precision_prior=1.0,
        weight_concentration_prior_type="dirichlet_distribution", weight_concentration_prior=prior.concentration,
        degrees_of_freedom_prior=prior.df, covariance_prior=prior.inverse_scale)
    model.responsibilities = r
    model.fit(x)
    assert model.n_iter_ == iterations
    constants = (-components * gammaln(prior.concentration) + components * mixture_vb.log_wishart_normaliser(prior.inverse_scale, prior.df)
                 + components * 0.25 * dimension * (dimension - 1) * np.log(np.pi) - 0.5 * rows * dimension * mixture_em.LOG_2PI)
    timing.report("sklearn", iterations, model.begin, model.end, model.lower_bound_ + constants)


def sklearn_topics(folder, iterations):
    import topics_vb   # scikit-learn is slow to import and not for every peer
    topics_vb.sklearn_topics(folder, iterations)


PEERS = {
    ("numpy", "W1_full"): lambda folder, iterations: numpy_mixture(folder, False, iterations),
    ("numpy", "W1_diagonal"): lambda folder, iterations: numpy_mixture(folder, True, iterations),
    ("numpy", "W4_gaussian"): hidden_markov_gaussian(hidden_markov.numpy_gaussian),
    ("numpy", "W4_categorical"): hidden_markov_categorical(hidden_markov.numpy_categorical),
    ("hmmlearn", "W4_gaussian"): hidden_markov_gaussian(hidden_markov.hmmlearn_gaussian),
    ("hmmlearn", "W4_categorical"): hidden_markov_categorical(hidden_markov.hmmlearn_categorical),
    ("numpy", "W5"): numpy_factor_analysis,
    ("numpy", "W6"): numpy_regression,
    ("numpy", "W7"): dynamics(linear_dynamics.numpy_dynamics),
    ("statsmodels", "W7"): dynamics(linear_dynamics.statsmodels_dynamics),
    ("numpy", "W8"): numpy_random_intercepts,
    ("sklearn", "W1_full"): lambda folder, iterations: sklearn_mixture(folder, False, iterations),
    ("sklearn", "W1_diagonal"): lambda folder, iterations: sklearn_mixture(folder, True, iterations),
    ("sklearn", "W2"): sklearn_mixture_vb,
    ("sklearn", "W3"): sklearn_topics,
    ("sklearn", "W5"): sklearn_factor_analysis,
}


def main():
    if len(sys.argv) != 5 or (sys.argv[1], sys.argv[2]) not in PEERS:
        sys.exit(__doc__)
    import warnings
    warnings.filterwarnings("ignore", module="sklearn")   # "did not converge" is what a fixed number of iterations means
    try:
        PEERS[sys.argv[1], sys.argv[2]](os.path.join(sys.argv[3], sys.argv[2]), int(sys.argv[4]))
    except ModuleNotFoundError as error:
        print(error, file=sys.stderr)
        sys.exit(NOT_INSTALLED)


if __name__ == "__main__":
    main()
