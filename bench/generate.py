#!/usr/bin/python3
"""Writes the benchmarks' data and starts. Seeds are fixed, so every run gives the same bits.

    generate.py [--out FOLDER] [WORKLOAD ...]        workloads: W1_full W1_diagonal W2 W3 W4_gaussian W4_categorical W5 W6 W7 W8
                                            smoothing; all by default

One folder per workload: x.npy (and y.npy), what the peers start from as .npy, and the same start for `jensen fit --init` as start.json.
Values are rounded to six decimals, so a CSV copy printed with %.6f holds the same doubles. W2 uses the data of W1_full.
"""
import argparse
import json
import os
import sys

import numpy as np

SEED = 20261122
HERE = os.path.dirname(os.path.abspath(__file__))
DEFAULT_FOLDER = os.path.join(HERE, "..", "build", "bench-data")
sys.path.insert(0, os.path.join(HERE, "peers"))


def rounded(values):
    return np.rint(np.asarray(values) * 1e6) / 1e6


def generator(tag):
    """A stream per data set; the tag is part of the seed and must not change."""
    return np.random.default_rng([SEED, sum(map(ord, tag)) * 131 + len(tag)])


def random_covariance(stream, dimension, low=0.4, high=1.8):
    q, _ = np.linalg.qr(stream.normal(size=(dimension, dimension)))
    return (q * stream.uniform(low, high, dimension)) @ q.T


def mixture_rows(stream, rows, dimension, components, diagonal, spread):
    weights = stream.dirichlet(np.full(components, 5.0))
    means = stream.normal(0, spread, (components, dimension))
    labels = stream.choice(components, rows, p=weights)
    x = stream.normal(size=(rows, dimension))
    for k in range(components):
        of_k = labels == k
        if diagonal:
            factor = np.diag(np.sqrt(stream.uniform(0.3, 2.0, dimension)))
        else:
            factor = np.linalg.cholesky(random_covariance(stream, dimension))
        x[of_k] = means[k] + x[of_k] @ factor.T
    return rounded(x)


def responsibilities(x, means, variances):
    logits = np.stack([-0.5 * ((x - m) ** 2 / variances).sum(1) for m in means], 1)
    logits -= logits.max(1, keepdims=True)
    r = np.exp(logits)
    return r / r.sum(1, keepdims=True)


def write(folder, **arrays):
    os.makedirs(folder, exist_ok=True)
    for name, values in arrays.items():
        np.save(os.path.join(folder, name + ".npy"), np.ascontiguousarray(values))


def write_start(folder, variables):
    """`variables`: name -> {key: array}; doubles are printed so that they read back to the same bits."""
    plain = {name: {key: np.asarray(values).tolist() for key, values in start.items()} for name, start in variables.items()}
    with open(os.path.join(folder, "start.json"), "w", encoding="utf-8") as file:
        json.dump(plain, file)
        file.write("\n")


def mixture(folder, tag, rows, dimension, components, diagonal, spread):
    """Data, and the start of EM: weights 1/K, K rows as means, the data's variances as every covariance."""
    stream = generator(tag)
    x = mixture_rows(stream, rows, dimension, components, diagonal, spread)
    means = x[stream.choice(rows, components, replace=False)]
    variances = rounded(x.var(0))
    write(folder, x=x, init_means=means, init_variances=variances)
    if not diagonal:   # W2 starts from them
        write(folder, init_responsibilities=responsibilities(x, means, variances))
    scale = {"v": {"value": np.tile(variances, (components, 1))}} if diagonal else {"S": {"value": np.tile(np.diag(variances), (components, 1, 1))}}
    write_start(folder, {"w": {"value": np.full(components, 1 / components)}, "mu": {"value": means}} | scale)


def w1_full(out):
    mixture(os.path.join(out, "W1_full"), "W1a", 200_000, 16, 16, False, 0.8)


def w1_diagonal(out):
    mixture(os.path.join(out, "W1_diagonal"), "W1b", 1_000_000, 8, 8, True, 0.9)


def w2(out):
    """The responsibilities of W1_full's start: every q of parameters is then its optimum for them."""
    if not os.path.exists(os.path.join(out, "W1_full", "x.npy")):
        w1_full(out)
    folder = os.path.join(out, "W2")
    os.makedirs(folder, exist_ok=True)
    write_start(folder, {"z": {"responsibility": "../W1_full/init_responsibilities.npy"}})


def w3(out):
    """Documents of 100 to 150 words as one row per document and distinct word."""
    stream = generator("W3")
    documents, words, topics = 10_000, 5000, 50
    ends = stream.dirichlet(np.full(words, 0.05), topics).cumsum(1)
    ends[:, -1] = 1.0
    doc, word = [], []
    for d in range(documents):
        length = stream.integers(100, 151)
        of_topic = stream.multinomial(length, stream.dirichlet(np.full(topics, 0.1)))
        for k in np.nonzero(of_topic)[0]:
            drawn = np.searchsorted(ends[k], stream.random(of_topic[k]))
            doc += [d] * len(drawn)
            word += drawn.tolist()
    cells, times = np.unique(np.array(doc) * words + np.array(word), return_counts=True)
    doc, word = cells // words, cells % words
    start = rounded(stream.gamma(100.0, 0.01, (topics, words)))
    assert len(np.unique(doc)) == documents and len(np.unique(word)) == words   # so that levels are numbered as the columns of the start
    folder = os.path.join(out, "W3")
    write(folder, doc=doc, word=word, times=times, init_concentration=start)
    write_start(folder, {"phi": {"concentration": start}})


def chain_of_states(stream, transitions, uniform):
    """States of a chain from state 0, the first of them a transition, too: one number on (0, 1) for each."""
    ends = transitions.cumsum(1)
    ends[:, -1] = 1.0
    states, state = np.empty(len(uniform), int), 0
    for t, u in enumerate(uniform):
        state = int(np.searchsorted(ends[state], u))
        states[t] = state
    return states


def start_of_chain(states):
    """Every state as likely at first, 0.8 to stay, the rest shared out."""
    transitions = np.full((states, states), 0.2 / (states - 1))
    np.fill_diagonal(transitions, 0.8)
    return {"start": {"value": np.full(states, 1 / states)}, "transition": {"value": transitions}}


def w4_gaussian(out):
    stream = generator("W4a")
    rows, states, dimension = 200_000, 8, 4
    transitions = 0.85 * np.eye(states) + 0.15 * stream.dirichlet(np.ones(states), states)
    means = stream.normal(0, 1.5, (states, dimension))
    factors = np.stack([np.linalg.cholesky(random_covariance(stream, dimension)) for _ in range(states)])
    z = chain_of_states(stream, transitions, stream.random(rows))
    x = rounded(means[z] + np.einsum("tij,tj->ti", factors[z], stream.normal(size=(rows, dimension))))
    start = x[stream.choice(rows, states, replace=False)]
    variances = rounded(x.var(0))
    folder = os.path.join(out, "W4_gaussian")
    write(folder, x=x, init_means=start, init_variances=variances)
    write_start(folder, start_of_chain(states) | {"mu": {"value": start}, "S": {"value": np.tile(np.diag(variances), (states, 1, 1))}})


def w4_categorical(out):
    stream = generator("W4b")
    rows, states, levels = 500_000, 16, 64
    transitions = 0.9 * np.eye(states) + 0.1 * stream.dirichlet(np.ones(states), states)
    ends = stream.dirichlet(np.full(levels, 0.2), states).cumsum(1)
    ends[:, -1] = 1.0
    uniform = stream.random((rows, 2))
    z = chain_of_states(stream, transitions, uniform[:, 0])
    y = np.array([np.searchsorted(ends[state], u) for state, u in zip(z, uniform[:, 1])], np.int64)
    start = rounded(stream.dirichlet(np.full(levels, 5.0), states))
    start[:, -1] += 1 - start.sum(1)
    start = rounded(start)
    assert len(np.unique(y)) == levels   # so that levels are numbered as the columns of the start
    folder = os.path.join(out, "W4_categorical")
    write(folder, y=y, init_emission=start)
    write_start(folder, start_of_chain(states) | {"emission": {"value": start}})


def w5(out):
    """Ten factors; the start has the sample mean, random loadings and unit variances."""
    stream = generator("W5")
    rows, dimension, factors = 100_000, 50, 10
    loadings = stream.normal(0, 1, (dimension, factors))
    variances = stream.uniform(0.3, 1.5, dimension)
    noise = stream.normal(size=(rows, factors)) @ loadings.T + stream.normal(size=(rows, dimension)) * np.sqrt(variances)
    x = rounded(noise + stream.normal(0, 1, dimension))
    start = rounded(stream.normal(0, 1, (dimension, factors)))
    folder = os.path.join(out, "W5")
    write(folder, x=x, init_loadings=start)
    write_start(folder, {"mean": {"value": x.mean(0)}, "W": {"value": start}, "psi": {"value": np.ones(dimension)}})


def w6(out):
    stream = generator("W6")
    rows, dimension = 500_000, 50
    x = rounded(stream.normal(size=(rows, dimension)) @ np.linalg.cholesky(random_covariance(stream, dimension)).T)
    beta = stream.normal(0, 1, dimension) * (stream.random(dimension) < 0.6)
    folder = os.path.join(out, "W6")
    write(folder, x=x, y=rounded(x @ beta + stream.normal(0, 2.0, rows)))
    unit = {"shape": 1.0, "rate": 1.0}   # E = 1, the precisions that the first update of beta sees
    write_start(folder, {"tau": unit, "alpha": unit})


def w7(out):
    """Loadings start near those that made the data; every other matrix starts as a multiple of the identity."""
    stream = generator("W7")
    rows, states, dimension = 20_000, 4, 8
    q, _ = np.linalg.qr(stream.normal(size=(states, states)))
    dynamics = q @ np.diag([0.97, 0.9, 0.8, 0.5]) @ q.T
    loadings = stream.normal(0, 1, (dimension, states))
    variances = stream.uniform(0.3, 1.0, dimension)
    state = stream.normal(size=states)
    x = np.empty((rows, states))
    for t, noise in enumerate(stream.normal(size=(rows, states))):
        state = dynamics @ state + noise
        x[t] = state
    y = rounded(x @ loadings.T + stream.normal(size=(rows, dimension)) * np.sqrt(variances))
    start = rounded(loadings + 0.5 * stream.normal(size=(dimension, states)))
    folder = os.path.join(out, "W7")
    write(folder, y=y, init_loadings=start)
    eye = np.eye(states)
    write_start(folder, {"A": {"value": 0.9 * eye}, "C": {"value": start}, "Q": {"value": eye}, "r": {"value": np.ones(dimension)},
                         "m": {"value": np.zeros(states)}, "P": {"value": eye}})


def smoothing(out):
    """A slowly turning state in the plane, seen with noise."""
    stream = generator("smoothing")
    rows, angle = 50_000, np.pi / 20
    turn = 0.999 * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    state = np.zeros(2)
    x = np.empty((rows, 2))
    for t, noise in enumerate(stream.normal(0, 0.3, (rows, 2))):
        state = turn @ state + noise
        x[t] = state
    folder = os.path.join(out, "smoothing")
    write(folder, y=rounded(x + stream.normal(size=(rows, 2))))
    write_start(folder, {})


def w8(out):
    stream = generator("W8")
    groups, each = 10_000, 50
    y = 3.0 + np.repeat(stream.normal(0, 1.5, groups), each) + stream.normal(0, 2.5, groups * each)
    folder = os.path.join(out, "W8")
    write(folder, y=rounded(y), group=np.repeat(np.arange(groups), each).astype(np.int64))
    write_start(folder, {"t": {"value": 1.0}, "s": {"value": 1.0}})   # mu is updated first, from these


WORKLOADS = {"W1_full": w1_full, "W1_diagonal": w1_diagonal, "W2": w2, "W3": w3, "W4_gaussian": w4_gaussian, "W4_categorical": w4_categorical, "W5": w5,
             "W6": w6, "W7": w7, "W8": w8, "smoothing": smoothing}


def main():
    parser = argparse.ArgumentParser(description="write the benchmarks' data")
    parser.add_argument("--out", default=os.path.normpath(DEFAULT_FOLDER))
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD", help=" ".join(WORKLOADS))
    options = parser.parse_args()
    unknown = [name for name in options.workloads if name not in WORKLOADS]
    if unknown:
        parser.error(f"unknown workload `{unknown[0]}`, expected one of {', '.join(WORKLOADS)}")
    for name in options.workloads or WORKLOADS:
        WORKLOADS[name](options.out)
        print(f"{name} written to {options.out}", file=sys.stderr)


if __name__ == "__main__":
    main()
