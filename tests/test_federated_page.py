"""The page of a federated run: what it says follows from the record, and it opens offline."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from credit import plot
from credit.binning import BinLimits
from credit.federated.card import Disclosed
from credit.federated.card_leaves import card_leaves, card_unprotected
from credit.federated.record import Cost, FederatedResult, Interval, PartyRow, Quality
from credit.pipeline.pages.federated import federated_page, qualities, write_federated
from credit.pipeline.pages.page import render
from credit.scorecard import Scorecard


def around(value: float, reach: float = 0.01) -> Interval:
    return Interval(value=value, low=value - reach, high=value + reach)


def row(party: str, alone: float | None, model: str = "scorecard") -> PartyRow:
    def quality(auc: float) -> Quality:
        return Quality(auc=around(auc), ks=around(auc - 0.4))

    return PartyRow(
        party=party,
        model=model,
        train_rows=1_500,
        train_bads=75,
        test_rows=900,
        test_bads=40,
        alone=None if alone is None else quality(alone),
        federated=quality(0.75),
        central=quality(0.7504),
        gain=None if alone is None else around(0.75 - alone),
        short=around(-0.0004, 0.001),
        alone_seconds=0.5,
        federated_seconds=1.5,
        model_sha256="ab" * 32,
    )


def result() -> FederatedResult:
    card = Scorecard()
    told = Disclosed(rounds=63, numbers=90, cells=800, small_cells=420)
    return FederatedResult(
        name="lenders <&>",
        started="2026-01-02T03:04:05Z",
        parties=("county", "city", "shop"),
        divided_by="lender",
        rows=(row("county", 0.71), row("city", 0.745), row("shop", None)),
        costs={"scorecard": Cost(central=2.0, federated=5.0)},
        leaving=card_leaves(card),
        unprotected=card_unprotected(card, {"county": told}),
        contributions={"county": 0.05, "city": 0.2, "shop": 0.0},
    )


def test_the_page_opens_offline_and_says_what_the_record_says(tmp_path):
    write_federated(tmp_path / "page.html", result())
    html = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert not re.search(r"<script|<link|src=|@import|https?://(?!www\.w3\.org)", html)
    assert "lenders &lt;&amp;&gt;" in html
    for said in (
        "county gains most from training together: +4.0 [+3.0, +5.0] points of AUC",
        "No model alone, for want of rows of one class: shop.",
        "by more than 0.040 points (county)",
        "All parties hold the same model, abababababab.",
        "2.50 times that of one place",
        "Cells told that hold fewer than 10 of a party&#39;s rows: county 420 of 800.",
        "of all less the .5 of no model: 0.2500",
    ):
        assert said in html
    assert html.count("every step in every bag") == 1


def test_a_model_that_differs_is_told():
    one = result()
    other = replace(one.rows[1], model_sha256="cd" * 32)
    html = render(federated_page(replace(one, rows=(one.rows[0], other), contributions={})))
    assert "The parties hold 2 different models: something is wrong." in html


def test_sections_without_an_answer_are_left_out():
    bare = replace(result(), costs={}, leaving=(), contributions={})
    titles = [section.title for section in federated_page(bare).sections]
    assert titles == [
        "Scorecard: alone, together, in one place",
        "What the protocol does not protect",
    ]


@pytest.mark.parametrize(
    ("rows", "title"),
    [
        ([row("county", 0.71), row("city", 0.745)], "adds 4.0 points of AUC for county"),
        ([row("county", 0.745)], "no party gains more AUC by training together than chance"),
        ([row("county", None)], "no party has a model alone"),
    ],
)
def test_the_picture_says_who_gains_most(rows, title):
    figure = plot.federated(qualities(rows), model="Scorecard")
    assert title in figure.get_suptitle().replace("\n", " ")
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert texts == [
        "none alone" if one.gain is None else f"{100 * one.gain.value:+.1f} points" for one in rows
    ]


def test_a_card_of_evidence_tells_less():
    woe, fused = Scorecard(binning=BinLimits(max_candidates=10)), Scorecard()
    assert len(card_leaves(fused)) == len(card_leaves(woe)) + 1
    assert "up to 9 quantiles" in card_leaves(woe)[3].what
    assert len(card_unprotected(fused, {})) == len(card_unprotected(woe, {})) + 1
