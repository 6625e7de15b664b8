"""W7 in NumPy, and the time of an iteration of statsmodels' `DynamicFactorMQ` where it can be imported.

    x_1 ~ N(m, P), x_t ~ N(A x_(t-1), Q), y_t ~ N(C x_t, diag(r));   EM of Shumway and Stoffer (1982) for all of them

The filter and the smoother are those of Kalman (1960) and of Rauch, Tung and Striebel (1965); the log likelihood is the sum of the log densities
of the innovations, at the last parameters: one filter more, which is not timed."""
import numpy as np

import timing
from mixture_em import LOG_2PI


def filtered(y, A, Q, C, r, m, P):
    """Means and covariances of x_t given y_1..y_(t-1), the same given y_1..y_t, and the log likelihood."""
    ahead, here, value = [], [], 0.0
    for t, row in enumerate(y):
        if t > 0:
            m, P = A @ m, A @ P @ A.T + Q
        ahead.append((m, P))
        CP = C @ P
        F = CP @ C.T + np.diag(r)
        innovation = row - C @ m
        gain = np.linalg.solve(F, CP).T
        value -= 0.5 * (len(row) * LOG_2PI + np.linalg.slogdet(F)[1] + innovation @ np.linalg.solve(F, innovation))
        m, P = m + gain @ innovation, P - gain @ CP
        here.append((m, P))
    return ahead, here, value


def moments(y, A, Q, C, r, m, P):
    """E[x_t] by row, sum_t E[x_t x_t'], sum_(t>1) E[x_t x_(t-1)'], E[x x'] of the last row, the covariance of the first."""
    ahead, here, _ = filtered(y, A, Q, C, r, m, P)
    mean, covariance = here[-1]
    means = np.empty((len(y), len(m)))
    means[-1] = mean
    last = covariance + np.outer(mean, mean)
    total, lagged = last.copy(), np.zeros_like(last)
    for t in range(len(y) - 2, -1, -1):
        gain = np.linalg.solve(ahead[t + 1][1], A @ here[t][1]).T
        after, spread = mean, covariance
        mean = here[t][0] + gain @ (after - ahead[t + 1][0])
        covariance = here[t][1] + gain @ (spread - ahead[t + 1][1]) @ gain.T
        means[t] = mean
        lagged += spread @ gain.T + np.outer(after, mean)
        total += covariance + np.outer(mean, mean)
    return means, total, lagged, last, covariance


def em(y, A, Q, C, r, m, P, iterations):
    squares = (y * y).sum(0)
    for _ in range(iterations):
        means, total, lagged, last, covariance = moments(y, A, Q, C, r, m, P)
        first = covariance + np.outer(means[0], means[0])
        A = np.linalg.solve(total - last, lagged.T).T
        Q = (total - first - A @ lagged.T) / (len(y) - 1)
        Q = 0.5 * (Q + Q.T)
        cross = y.T @ means
        C = np.linalg.solve(total, cross.T).T
        r = (squares - (C * cross).sum(1)) / len(y)
        m, P = means[0], covariance
    return A, Q, C, r, m, P


def numpy_dynamics(y, loadings, iterations):
    eye = np.eye(loadings.shape[1])
    begin = timing.now()
    found = em(y, 0.9 * eye, eye, loadings, np.ones(len(loadings)), np.zeros(len(eye)), eye, iterations)
    end = timing.now()
    timing.report("numpy", iterations, begin, end, filtered(y, *found)[2])


def statsmodels_dynamics(y, loadings, iterations):
    """From its own start; the time of an iteration is a difference of two fits, so that its other work cancels."""
    import warnings
    warnings.filterwarnings("ignore")
    from statsmodels.tsa.statespace.dynamic_factor_mq import DynamicFactorMQ
    model = DynamicFactorMQ(y, factors=loadings.shape[1], factor_orders=1, idiosyncratic_ar1=False, standardize=False)
    times = []
    for count in (1, iterations + 1):
        begin = timing.now()
        fit = model.fit(maxiter=count, tolerance=-1.0, disp=False)
        end = timing.now()
        times.append((end[0] - begin[0], end[1] - begin[1]))
        assert fit.mle_retvals.iter == count
    timing.report("statsmodels", iterations, times[0], times[1], fit.llf)
