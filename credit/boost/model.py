"""BoostedModel: gradient boosting under the features' signs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
import xgboost as xgb
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from credit.binning import Sample
from credit.binning.transformer import SpecialCodes
from credit.boost.batches import Batches, pieces_of
from credit.boost.encode import Matrix, fit_encoder
from credit.boost.forest import dimension_parts
from credit.boost.grow import Grower, Watch
from credit.boost.options import BoostOptions
from credit.boost.parts import InMemory, Rows, read_clues, stopping_parts
from credit.columns import (
    Floats,
    kinds_of,
    known_names,
    read_frame,
    read_signs,
    read_target,
    read_weight,
    seed_of,
)
from credit.errors import ModelError
from credit.feature import Feature
from credit.frames import Frame
from credit.margin import MarginClassifier
from credit.whole import ALONE, Whole


class BoostedModel(MarginClassifier, BaseEstimator):
    """XGBoost on any frame, monotone where a sign is declared.

    Names become their place in the order of smoothed bad rates; missing values, names never
    seen and special codes are missing, to which every split gives its own side, and a frequent
    special code is an indicator column beside, so no code passes a monotone constraint as if it
    were an amount.

    Parameters
    ----------
    options : BoostOptions, optional
    signs : dict of str to int, optional
        +1: the margin never falls as the feature rises; -1: never rises; 0 or absent: free.
    dimensions : dict of str to str, optional
        Feature -> dimension; kept for explanations. The fit uses it only where the options say
        ``by_dimension``.
    special_codes : dict of str to list, optional
        Values that are no amounts.
    random_state : int, optional
        Seeds rows, columns and validation parts; ``None`` is 0.

    Attributes
    ----------
    booster_ : xgboost.Booster
        Exactly the trees that score: cut at the best round, several seeds already averaged.
    encoder_ : Encoder
        How a frame becomes the booster's matrix, plain data by ``to_dict``.
    rounds_ : int
        Trees for each seed.
    stopping_ : DataFrame
        Best round and validation log-loss of each part that decided when to stop.
    base_ : float
        Margin of the expected row; a row's contributions are added to it.
    classes_ : ndarray (2,)
        Good label, bad label.

    Raises
    ------
    ModelError
        y has one class, a sign or code names no column, a column is missing or holds text where
        it held numbers.
    """

    def __init__(
        self,
        *,
        options: BoostOptions | None = None,
        signs: Mapping[str, int] | None = None,
        dimensions: Mapping[str, str] | None = None,
        special_codes: SpecialCodes | None = None,
        random_state: int | None = None,
    ) -> None:
        self.options = options
        self.signs = signs
        self.dimensions = dimensions
        self.special_codes = special_codes
        self.random_state = random_state

    @classmethod
    def of_features(cls, features: Iterable[Feature], **arguments: Any) -> BoostedModel:
        """Return an unfitted model with the signs and dimensions that features declare.

        ``arguments`` are the constructor's; signs and dimensions among them go before those
        declared. Features of names have no order, so their risk is no sign here.
        """
        declared = tuple(features)
        signs = {f.name: f.risk for f in declared if f.risk and not f.is_categorical}
        dimensions: dict[str, str] = {f.name: f.dimension for f in declared}
        arguments["signs"] = signs | dict(arguments.get("signs") or {})
        arguments["dimensions"] = dimensions | dict(arguments.get("dimensions") or {})
        return cls(**arguments)

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: ArrayLike | None = None,
        order: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        watch: Watch | None = None,
    ) -> BoostedModel:
        """Grow the trees; y's greater label is bad.

        Parameters
        ----------
        X : frame or array (rows, features)
        y : array (rows,)
        sample_weight : array (rows,), optional
        order : array (rows,), optional
            Times; the last ``validation_share`` of the rows decides when to stop. Without it a
            stratified random part does, or below 5,000 rows five of them in turn.
        groups : array (rows,), optional
            The person (or component) of each row; nobody is on both sides of such a part.
        watch : callable, optional
            Told the number and the log-loss of each part that decided when to stop; what it
            raises ends the fit (a search gives up a bad trial this way).
        """
        frame = read_frame(self, X, reset=True)
        target = read_target(self, y, len(frame))
        weight = read_weight(sample_weight, target)
        kinds = kinds_of(frame)
        for argument in ("dimensions", "special_codes"):
            known_names(argument, getattr(self, argument) or {}, kinds)
        signs = read_signs(self.signs, kinds)
        if self.splits_by_dimension:
            _refuse_homeless(kinds, self.dimensions or {})
        clues = read_clues(order, groups, len(frame))
        self.classes_ = target.classes
        whole = self.whole()
        self.encoder_ = fit_encoder(
            frame, Sample.of(target.bad, weight), signs, self.special_codes or {}, whole
        )
        options = self.options or BoostOptions()
        held = np.flatnonzero(weight > 0)
        rows, clues = self._rows(frame, target.bad, weight).take(held), clues.take(held)
        seed = seed_of(self.random_state)
        parts = stopping_parts(rows.bad, clues, options.validation_share, seed, whole)
        grower = Grower(
            train=self.train_one,
            options=options,
            constraints=self._constraints(),
            seed=seed,
            whole=whole,
        )
        grown = grower.grow(rows, parts, watch)
        self.stopping_, self.rounds_ = grown.stopping, grown.rounds
        self.adopt(grown.booster)
        return self

    def whole(self) -> Whole:
        """Return the rows of which those of this fit are a part: they are all."""
        return ALONE

    def _rows(self, frame: Frame, bad: Floats, weight: Floats) -> InMemory | Batches:
        options = self.options or BoostOptions()
        if len(frame) <= options.memory_rows:
            return InMemory(
                matrix=self.encoder_.matrix(frame),
                names=self.encoder_.outputs,
                bad=bad,
                weight=weight,
                threads=options.threads,
            )
        return Batches(
            frame=frame,
            encoder=self.encoder_,
            positions=np.arange(len(frame)),
            bad=bad,
            weight=weight,
            size=options.batch_rows,
            max_bin=options.max_bin,
            threads=options.threads,
        )

    def train_one(
        self, params: dict[str, Any], rows: Rows, rounds: int, judge: Rows | None = None
    ) -> xgb.Booster:
        """Grow one booster; with ``judge``, cut after its best round there."""
        data = rows.data()
        if judge is None:
            return xgb.train(params, data, rounds)
        patience = (self.options or BoostOptions()).early_stopping
        return xgb.train(
            params,
            data,
            rounds,
            evals=[(judge.data(data), "validation")],
            callbacks=[xgb.callback.EarlyStopping(rounds=patience, save_best=True)],
            verbose_eval=False,
        )

    def adopt(self, booster: xgb.Booster) -> None:
        """Score with these trees from now on; they must be over this model's matrix."""
        self.booster_ = booster
        self.booster_.set_param({"nthread": (self.options or BoostOptions()).threads})
        anybody = np.full((1, len(self.encoder_.outputs)), np.nan, dtype=np.float32)
        self.base_ = float(self._explain(anybody)[0, -1])

    def _constraints(self) -> dict[str, str]:
        constraints = {"monotone_constraints": str(self.encoder_.monotone)}
        if self.splits_by_dimension:
            owners = np.array(self.owners)
            groups = [np.flatnonzero(owners == group).tolist() for group in dict.fromkeys(owners)]
            constraints["interaction_constraints"] = str(groups)
        return constraints

    def _bare(self, matrix: Matrix) -> xgb.DMatrix:
        threads = (self.options or BoostOptions()).threads or None
        return xgb.DMatrix(matrix, feature_names=list(self.encoder_.outputs), nthread=threads)

    def _matrices(self, X: Any) -> Iterator[Matrix]:
        """Yield the rows encoded, as many at a time as may be in memory."""
        check_is_fitted(self, "booster_")
        frame = read_frame(self, X, reset=False)
        for piece in pieces_of(frame, (self.options or BoostOptions()).batch_rows):
            yield self.encoder_.matrix(piece)

    def decision_function(self, X: Any) -> Floats:
        """Return the log-odds of bad, in single precision as the trees add it."""
        found = [
            self.booster_.predict(self._bare(matrix), output_margin=True)
            for matrix in self._matrices(X)
        ]
        return np.concatenate(found).astype(np.float64)

    def _explain(self, matrix: Matrix) -> Floats:
        return self.booster_.predict(self._bare(matrix), pred_contribs=True).astype(np.float64)

    @property
    def splits_by_dimension(self) -> bool:
        """Whether no tree mixes dimensions, so that :meth:`dimension_margins` exist."""
        return (self.options or BoostOptions()).by_dimension

    @property
    def owners(self) -> tuple[str, ...]:
        """The dimension of each of the matrix's columns; empty for a feature without one."""
        return tuple((self.dimensions or {}).get(name, "") for name in self.encoder_.sources)

    def dimension_margins(self, X: Any) -> pd.DataFrame:
        """Return what each dimension's own trees make of the margin (rows x dimensions).

        ``s_d = sum over the trees of d of (leaf - expected leaf)``: the TreeSHAP values of its
        features added up, since a tree shares its leaf among the features it splits on. A row's
        sum and ``base_`` are its margin, to about 1e-5.

        Raises
        ------
        ModelError
            Trees may mix dimensions: the model was not fitted with ``by_dimension``.
        """
        check_is_fitted(self, "booster_")
        if not self.splits_by_dimension:
            raise ModelError(
                "the trees of this model may mix dimensions. Fit it with "
                "BoostOptions(by_dimension=True), or add up contributions(X) by dimension."
            )
        parts = []
        for matrix in self._matrices(X):
            leaves = self.booster_.predict(self._bare(matrix), pred_leaf=True)
            leaves = leaves.reshape(len(matrix), -1)
            parts.append(pd.DataFrame(dimension_parts(self.booster_, self.owners, leaves)))
        found = pd.concat(parts, ignore_index=True)
        return found.set_axis(X.index) if isinstance(X, pd.DataFrame) else found

    def contributions(self, X: Any) -> pd.DataFrame:
        """Return exact TreeSHAP by feature; a row's sum and ``base_`` are its margin.

        Indicators of special codes are counted with the feature they come from. Sums hold to
        about 1e-5, the precision of XGBoost's single floats.
        """
        values = np.concatenate([self._explain(matrix)[:, :-1] for matrix in self._matrices(X)])
        features = np.array([self.features_.index(source) for source in self.encoder_.sources])
        terms = np.zeros((len(values), len(self.features_)))
        for column, feature in enumerate(features):
            terms[:, feature] += values[:, column]
        index = X.index if isinstance(X, pd.DataFrame) else None
        return pd.DataFrame(terms, index=index, columns=list(self.features_))


def _refuse_homeless(names: Iterable[str], dimensions: Mapping[str, str]) -> None:
    homeless = [name for name in names if not dimensions.get(name)]
    if homeless:
        raise ModelError(
            f"dimensions: none for {homeless}, but with by_dimension every tree belongs to one. "
            "Name it, or leave by_dimension out."
        )
