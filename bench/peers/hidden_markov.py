"""W4 in NumPy, and by hmmlearn where it can be imported: Baum and Welch's EM with scaled sums.

    z_1 ~ start, z_t ~ transition[z_(t-1)], row t ~ emission[z_t];   log likelihood = sum_t log c_t, c_t = p(row t | rows before)

(Rabiner 1989, equations 91 to 95 and 109 to 111). The value is that of the last parameters: one sum more, which is not timed."""
import numpy as np

import timing
from mixture_em import LOG_2PI


def expectations(start, transition, density):
    """Log likelihood, q of each state, and the expected number of transitions. `density`: row by state, up to a factor for each row."""
    rows, states = density.shape
    forward, backward, scale = np.empty((rows, states)), np.empty((rows, states)), np.empty(rows)
    alpha = start * density[0]
    for t in range(rows):
        if t > 0:
            alpha = (alpha @ transition) * density[t]
        scale[t] = alpha.sum()
        alpha = alpha / scale[t]
        forward[t] = alpha
    density /= scale[:, None]
    beta = np.ones(states)
    backward[-1] = beta
    for t in range(rows - 2, -1, -1):
        beta = transition @ (density[t + 1] * beta)
        backward[t] = beta
    counts = transition * (forward[:-1].T @ (density[1:] * backward[1:]))
    return np.log(scale).sum(), forward * backward, counts


def log_normal(x, means, covariances):
    out = np.empty((len(x), len(means)))
    for k, (mean, covariance) in enumerate(zip(means, covariances)):
        factor = np.linalg.cholesky(covariance)
        white = np.linalg.solve(factor, (x - mean).T)
        out[:, k] = -0.5 * (len(mean) * LOG_2PI + (white * white).sum(0)) - np.log(np.diag(factor)).sum()
    return out


def chain(q, counts):
    return q[0] / q[0].sum(), counts / counts.sum(1, keepdims=True)


def gaussian_expectations(x, start, transition, means, covariances):
    logs = log_normal(x, means, covariances)
    top = logs.max(1)
    value, q, counts = expectations(start, transition, np.exp(logs - top[:, None]))
    return value + top.sum(), q, counts


def gaussian_em(x, start, transition, means, covariances, iterations):
    for _ in range(iterations):
        _, q, counts = gaussian_expectations(x, start, transition, means, covariances)
        start, transition = chain(q, counts)
        weight = q.sum(0)
        means = (q.T @ x) / weight[:, None]
        covariances = np.stack([(q[:, k, None] * (x - mean)).T @ (x - mean) / weight[k] for k, mean in enumerate(means)])
    return start, transition, means, covariances


def categorical_em(y, start, transition, emission, iterations):
    for _ in range(iterations):
        _, q, counts = expectations(start, transition, emission.T[y])
        start, transition = chain(q, counts)
        emission = np.stack([np.bincount(y, q[:, k], emission.shape[1]) for k in range(len(start))])
        emission /= emission.sum(1, keepdims=True)
    return start, transition, emission


def first_chain(states):
    transition = np.full((states, states), 0.2 / (states - 1))
    np.fill_diagonal(transition, 0.8)
    return np.full(states, 1 / states), transition


def numpy_gaussian(x, means, variances, iterations):
    begin = timing.now()
    found = gaussian_em(x, *first_chain(len(means)), means, np.tile(np.diag(variances), (len(means), 1, 1)), iterations)
    end = timing.now()
    timing.report("numpy", iterations, begin, end, gaussian_expectations(x, *found)[0])


def numpy_categorical(y, emission, iterations):
    begin = timing.now()
    found = categorical_em(y, *first_chain(len(emission)), emission, iterations)
    end = timing.now()
    timing.report("numpy", iterations, begin, end, expectations(found[0], found[1], found[2].T[y])[0])


def hmmlearn_fit(model, rows, iterations):
    """Its priors are switched off, its parameters given; -inf as tolerance: a fixed number of iterations."""
    begin = timing.now()
    model.fit(rows)
    end = timing.now()
    assert model.monitor_.iter == iterations
    timing.report("hmmlearn", iterations, begin, end, model.score(rows))


def hmmlearn_gaussian(x, means, variances, iterations):
    from hmmlearn.hmm import GaussianHMM
    model = GaussianHMM(len(means), "full", implementation="scaling", init_params="", n_iter=iterations, tol=-np.inf, covars_prior=0, covars_weight=0)
    model.startprob_, model.transmat_ = first_chain(len(means))
    model.means_, model.covars_ = means, np.tile(np.diag(variances), (len(means), 1, 1))
    hmmlearn_fit(model, x, iterations)


def hmmlearn_categorical(y, emission, iterations):
    from hmmlearn.hmm import CategoricalHMM
    model = CategoricalHMM(len(emission), implementation="scaling", init_params="", n_iter=iterations, tol=-np.inf)
    model.n_features = emission.shape[1]
    model.startprob_, model.transmat_ = first_chain(len(emission))
    model.emissionprob_ = emission
    hmmlearn_fit(model, y[:, None], iterations)
