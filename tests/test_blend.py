"""A card and trees added up: only where that wins, and as explainable as either."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.metrics import log_loss

from credit import artifact, runtime
from credit.binning import BinLimits
from credit.blend import BlendedModel
from credit.boost import BoostedModel, BoostOptions
from credit.calibrate import Calibration, default_master_scale
from credit.errors import ArtifactError, ModelError
from credit.frames import ParquetColumns
from credit.runtime.blended import read_blended
from credit.runtime.plain import parse
from credit.scorecard import Scale, Scorecard

FAST = BoostOptions(rounds=80, seeds=1, eta=0.2, early_stopping=10)


def rows(count: int = 2_000, *, interaction: float, seed: int = 5):
    """Return applicants whose risk is additive but for a product of two columns."""
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(count, 5))
    margin = -1 + x[:, 0] - 0.7 * x[:, 1] + interaction * x[:, 2] * x[:, 3]
    X = pd.DataFrame(x, columns=list("abcde")).assign(town=draw.choice(["n", "s"], count))
    return X, (draw.random(count) < 1 / (1 + np.exp(-margin))).astype(int)


def blend(**given):
    card = Scorecard(binning=BinLimits(), dimensions={"a": "payment"})
    trees = BoostedModel(options=FAST, dimensions={"a": "payment", "b": "social"})
    return BlendedModel(card=card, trees=trees, **given)


@pytest.mark.parametrize(("interaction", "chosen"), [(0.0, "card"), (2.5, "trees")])
def test_what_is_no_better_significantly_is_not_taken(interaction, chosen):
    X, y = rows(interaction=interaction)
    model = blend().fit(X, y)
    assert model.choice_ == chosen
    assert model.judged_["candidate"].tolist() == ["card", "trees", "blend"]
    assert model.judged_.set_index("candidate")["chosen"].to_dict()[chosen]
    single = model.card_ if chosen == "card" else model.trees_
    assert (model.trees_ if chosen == "card" else model.card_) is None
    alone = clone(model.card if chosen == "card" else model.trees).fit(X, y)
    np.testing.assert_array_equal(model.decision_function(X), single.decision_function(X))
    np.testing.assert_array_equal(model.decision_function(X), alone.decision_function(X))
    for row in model.judged_.itertuples():
        wins = row.difference < -1.96 * row.standard_error
        assert wins == (row.candidate == chosen != "card")


def test_the_blend_is_taken_where_both_know_something():
    def drawn(seed):
        draw = np.random.default_rng(seed)
        x = draw.normal(size=(2_500, 10))
        alone = x[:, :8] @ [0.8, -0.7, 0.6, -0.5, 0.5, 0.4, -0.4, 0.3]
        margin = -1 + alone + 0.42 * x[:, 8] * x[:, 9]
        bad = draw.random(2_500) < 1 / (1 + np.exp(-margin))
        return pd.DataFrame(x, columns=list("abcdefghij")), bad.astype(int)

    X, y = drawn(5)
    model = blend().fit(X, y)
    assert model.choice_ == "blend"
    halves = 0.5 * model.card_.decision_function(X) + 0.5 * model.trees_.decision_function(X)
    np.testing.assert_allclose(model.decision_function(X), halves, rtol=1e-12)
    np.testing.assert_allclose(
        model.contributions(X).sum(axis=1) + model.base_, model.decision_function(X), atol=1e-6
    )
    assert list(model.contributions(X).columns) == list(X.columns)
    assert model.dimensions == {"a": "payment", "b": "social"}
    late, late_y = drawn(6)
    models = {"blend": model, "card": model.card_, "trees": model.trees_}
    losses = {name: log_loss(late_y, one.predict_proba(late)) for name, one in models.items()}
    assert min(losses, key=losses.__getitem__) == "blend"


def test_people_are_compared_whole():
    X, y = rows(600, interaction=2.5)
    twice = pd.concat([X, X], ignore_index=True)
    who = np.tile(np.arange(600), 2)
    model = blend().fit(twice, np.tile(y, 2), groups=who)
    # The same people twice say no more than once: errors are those of 600 rows.
    once = blend().fit(X, y)
    ratio = model.judged_["standard_error"] / once.judged_["standard_error"]
    assert ratio.between(0.6, 1.7).all()


def test_a_class_too_rare_to_be_held_back_gives_the_card():
    X, _ = rows(200, interaction=0.0)
    y = np.zeros(200)
    y[0] = 1
    model = blend().fit(X, y)
    assert model.choice_ == "card"
    assert model.judged_.empty


def test_a_parquet_file_is_refused(tmp_path):
    X, y = rows(50, interaction=0.0)
    X.to_parquet(tmp_path / "rows.parquet")
    with pytest.raises(ModelError, match="X: a blend takes rows apart"):
        blend().fit(ParquetColumns(tmp_path / "rows.parquet"), y)


def spec(X):
    return artifact.ArtifactSpec(
        sample=X, scale=Scale(), calibration=Calibration(), grades=default_master_scale(),
        provenance=artifact.Provenance(data_sha256="ab" * 32),
    )  # fmt: skip


def test_a_blend_that_chose_one_model_is_written_as_that_model(tmp_path):
    X, y = rows(interaction=0.0)
    model = blend().fit(X, y)
    scorer = runtime.load(artifact.write(tmp_path / "a", model, spec(X)))
    assert scorer.kind == "scorecard"


@pytest.fixture(scope="module")
def both():
    """Return a blend of both models, whether or not it wins, and its rows."""
    X, y = rows(400, interaction=0.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("credit.blend.ERRORS", -1e9)
        return blend().fit(X, y), X


def test_points_of_a_table_are_refused_for_a_blend(both, tmp_path):
    model, X = both
    with pytest.raises(ArtifactError, match="'table' needs a scorecard, got a blended model"):
        artifact.write(tmp_path / "a", model, replace(spec(X), points="table"))


@pytest.mark.parametrize(("change", "said"), [
    (lambda d: d.update(card_weight=0), "card_weight.*a number above 0"),
    (lambda d: d.update(forest_weight=-0.5), "forest_weight.*a number above 0"),
    (lambda d: d.pop("card"), "card"),
    (lambda d: d["card"]["terms"][0].update(feature="z"), r"terms\[0\].feature"),
    (lambda d: d["card"]["terms"][0].pop("feature"), "an object with a feature"),
    (lambda d: d["card"].pop("terms"), "terms"),
    (lambda d: d["card"].update(extra=1), "unknown key 'extra'"),
])  # fmt: skip
def test_a_blend_that_is_not_sound_is_refused(both, tmp_path, change, said):
    model, X = both
    folder = artifact.write(tmp_path / "a", model, spec(X))
    scorer = runtime.load(folder)
    document = json.loads((folder / "blended.json").read_text())
    sound = read_blended(parse("blended.json", json.dumps(document).encode()), scorer.features)
    assert sound.card_weight == 0.5
    change(document)
    broken = parse("blended.json", json.dumps(document).encode())
    with pytest.raises(ArtifactError, match=said):
        read_blended(broken, scorer.features)
