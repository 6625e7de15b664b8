"""W8 in NumPy on sums by group: y_n = b[g_n] + e_n, b ~ N(mu, t2), e ~ N(0, s2); EM with the intercepts around their mean.

It stops by the rule that jensen stops by: a relative rise of the log likelihood below 1e-10, and by Aitken's estimate less than 1e-6 to come."""
import numpy as np

from mixture_em import LOG_2PI


def reduce(y, group):
    return np.bincount(group).astype(float), np.bincount(group, y), float(y @ y)


def log_likelihood(counts, sums, squares, mu, t2, s2):
    """log N(y | mu 1, s2 I + t2 Z Z')."""
    rows = counts.sum()
    total = squares - 2 * mu * sums.sum() + mu * mu * rows
    deviation = sums - counts * mu
    return -0.5 * (rows * LOG_2PI + (rows - len(counts)) * np.log(s2) + np.log(s2 + counts * t2).sum()
                   + total / s2 - (t2 / s2 * deviation ** 2 / (s2 + counts * t2)).sum())


def has_converged(trace):
    if len(trace) < 3:
        return False
    last, before = trace[-1] - trace[-2], trace[-2] - trace[-3]
    rate = last / before if before > 0 else 0.0
    return abs(last) <= 1e-10 * abs(trace[-1]) and rate < 1 and last * rate / (1 - rate) < 1e-6


def em(counts, sums, squares, mu=0.0, t2=1.0, s2=1.0, most=1000):
    rows, trace = counts.sum(), []
    while len(trace) < most and not has_converged(trace):
        variance = 1 / (counts / s2 + 1 / t2)
        mean = variance * (sums / s2 + mu / t2)
        s2 = (squares - 2 * (mean * sums).sum() + (counts * (mean ** 2 + variance)).sum()) / rows
        mu = mean.mean()
        t2 = ((mean - mu) ** 2 + variance).mean()
        trace.append(log_likelihood(counts, sums, squares, mu, t2, s2))
    return trace
