"""Rows as bins: codes, and the logistic fit that reads them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from scipy.stats import norm

from credit.binning import Bins
from credit.binning.codes import add_terms, code_frame
from credit.errors import ModelError
from credit.scorecard import fit_logistic
from credit.scorecard.logistic import Evidence


def number_bins(feature, edges, special=()):
    ordinary = len(edges) + 1
    size = ordinary + len(special) + 1
    return Bins(
        feature=feature,
        kind="number",
        trend="none",
        edges=tuple(edges),
        special=tuple((code, ordinary + i) for i, code in enumerate(special)),
        missing=size - 1,
        unseen=size - 1,
        labels=tuple(str(i) for i in range(size)),
        good=(1.0,) * size,
        bad=(1.0,) * size,
        woe=(0.0,) * size,
    )


def naive(value, bins):
    if np.isnan(value):
        return bins.missing
    codes = dict(bins.special)
    if value in codes:
        return codes[value]
    return sum(edge <= value for edge in bins.edges)


@pytest.mark.parametrize("edges", [0, 1, 7, 252, 253, 300])
def test_a_value_is_coded_as_by_looking_at_every_edge(edges):
    random = np.random.default_rng(edges)
    bins = number_bins("x", np.sort(random.normal(size=edges)).tolist(), (-9.0, 98.0))
    values = np.concatenate([random.normal(size=3000), bins.edges, [-9.0, 98.0, np.nan, -0.0]])
    column = pd.Series(values)
    expected = [naive(value, bins) for value in values]
    assert bins.assign(column).tolist() == expected
    assert bins.assign(column).dtype == np.int64
    assert bins.encode(column).tolist() == expected
    assert bins.encode(column).dtype == (np.uint8 if bins.size <= 255 else np.uint16)


def test_rows_of_many_columns_are_contiguous_and_equal_their_columns():
    random = np.random.default_rng(3)
    X = pd.DataFrame(random.normal(size=(500, 37)), columns=[f"x{i}" for i in range(37)])
    X = X.mask(random.random(X.shape) < 0.1)
    bins = {name: number_bins(name, np.linspace(-1, 1, i).tolist()) for i, name in enumerate(X)}
    codes = code_frame(X, bins)
    assert codes.dtype == np.uint8
    assert codes.flags.c_contiguous
    for j, name in enumerate(X):
        np.testing.assert_array_equal(codes[:, j], bins[name].assign(X[name]))
    some = code_frame(X, {"x5": bins["x5"], "x2": bins["x2"]})
    np.testing.assert_array_equal(some, codes[:, [5, 2]])
    wide = code_frame(X, bins | {"x1": number_bins("x1", np.linspace(-1, 1, 400).tolist())})
    assert wide.dtype == np.uint16
    assert code_frame(X, {}).shape == (500, 0)
    with pytest.raises(ModelError, match="column 'x3': 1 infinite value"):
        code_frame(X.assign(x3=np.where(X.index == 7, np.inf, X["x3"])), bins)


def test_terms_are_added_in_place():
    total = np.array([1.0, 2.0, 3.0])
    add_terms(total, np.array([0.5, -0.5]), np.array([1, 0, 1], np.uint8))
    assert total.tolist() == [0.5, 2.5, 2.5]


def dense_fit(X, y, weight, ridge):
    """Projected Newton steps with a design of floats and every Hessian in full."""
    design = np.column_stack([np.ones(len(X)), X])
    penalty = np.r_[0.0, np.full(X.shape[1], ridge)]
    beta = np.r_[np.log((weight @ y) / (weight @ (1 - y))), np.zeros(X.shape[1])]

    def f(b):
        z = design @ b
        return weight @ (np.logaddexp(0, z) - y * z) + 0.5 * penalty @ b**2

    for _ in range(100):
        p = expit(design @ beta)
        curvature = weight * p * (1 - p)
        gradient = design.T @ (weight * (p - y)) + penalty * beta
        free = ~((beta <= 0) & (gradient > 0))
        free[0] = True
        hessian = design.T @ (design * curvature[:, None])
        if np.abs(gradient[free]).max() <= 1e-11 * weight.sum():
            break
        step = np.zeros_like(beta)
        block = (hessian + np.diag(penalty))[np.ix_(free, free)]
        step[free] = np.linalg.solve(block, gradient[free])
        size = 1.0
        while size > 1e-6:
            trial = beta - size * step
            trial[1:] = np.maximum(trial[1:], 0)
            if f(trial) < f(beta):
                break
            size /= 2
        else:
            break
        beta = trial
    active = np.r_[True, beta[1:] > 0]
    errors = np.full(len(beta), np.nan)
    inverse = np.linalg.inv(hessian[np.ix_(active, active)])
    errors[active] = np.sqrt(np.diag(inverse))
    return beta, errors, 2 * norm.sf(np.abs(beta / errors))


def coded(rows, features, seed):
    random = np.random.default_rng(seed)
    sizes = random.integers(2, 10, features)
    codes = np.column_stack([random.integers(0, size, rows) for size in sizes]).astype(np.uint8)
    if features > 2:
        codes[:, 1] = codes[:, 0] % sizes[1]  # two that say nearly the same
    tables = tuple(random.normal(size=size) for size in sizes)
    X = np.column_stack([table[codes[:, j]] for j, table in enumerate(tables)])
    z = -2.0 + X @ random.normal(0.3, 0.5, features)
    y = (random.random(rows) < expit(z)).astype(float)
    return Evidence(codes=codes, tables=tables), X, y


@pytest.mark.parametrize(
    ("rows", "features", "ridge", "weighted"),
    [
        (300, 1, 5.0, False),
        (900, 6, 5.0, True),
        (5_000, 20, 0.1, False),
        (60_000, 12, 5.0, True),
        (60_000, 25, 5.0, False),
    ],
)
def test_the_fit_by_look_ups_is_that_of_a_dense_design(rows, features, ridge, weighted):
    evidence, X, y = coded(rows, features, seed=rows + features)
    random = np.random.default_rng(1)
    weight = random.integers(0, 4, rows).astype(float) if weighted else np.ones(rows)
    beta, errors, p_values = dense_fit(X, y, weight, ridge)
    assert features < 6 or (beta[1:] == 0).any()
    for rows_as in (evidence, X):
        fit = fit_logistic(rows_as, y, weight, ridge=ridge)
        np.testing.assert_allclose(np.r_[fit.intercept, fit.coefficients], beta, atol=1e-8)
        np.testing.assert_allclose(fit.standard_errors, errors[1:], atol=1e-8)
        np.testing.assert_allclose(fit.p_values, p_values[1:], atol=1e-8)


def test_a_sample_of_one_class_is_no_start():
    evidence, X, y = coded(40_000, 4, seed=9)
    y[::3] = 0.0  # every third row is what the fit would start from
    weight = np.ones(len(y))
    fit = fit_logistic(evidence, y, weight)
    beta, _, _ = dense_fit(X, y, weight, 5.0)
    np.testing.assert_allclose(np.r_[fit.intercept, fit.coefficients], beta, atol=1e-8)


def test_no_feature_is_an_intercept_alone():
    y = np.repeat([0.0, 1.0], [30, 10])
    empty = Evidence(codes=np.empty((40, 0), np.uint8), tables=())
    for X in (empty, np.empty((40, 0))):
        fit = fit_logistic(X, y, np.ones(40))
        assert fit.intercept == pytest.approx(np.log(10 / 30))
        assert not len(fit.coefficients)
