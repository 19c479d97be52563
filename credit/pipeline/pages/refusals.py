"""Section about the refused: whether their reasons are true, and what would change the decision."""

from __future__ import annotations

import pandas as pd

from credit import plot
from credit.explain import offer_text
from credit.pipeline.findings import Example, Findings, Refusals
from credit.pipeline.pages.page import Picture, Section
from credit.pipeline.refusals import NEAR
from credit.pipeline.words import Printed, percent, records


def what_would_change(findings: Findings) -> Section | None:
    """Return what refused people are told and could do; None before artifacts are written."""
    found = findings.refusals
    if found is None or found.recourse.empty:
        return None
    labels = {fitted.name: fitted.label for fitted in findings.fitted}
    tables = [_fidelity(found, labels), _recourse(found, labels)]
    pictures = []
    text = (
        f"Approved is up to a probability of bad of {_cutoffs(found, labels)}: {found.rule}. A "
        "reason is put to the test by taking its feature away: the person gets the reference's "
        "values of it in turn, and the mean risk must be lower than their own. In the last two "
        "columns reasons that fail are left out, and the others tested again by other values. "
        "Recourse is the "
        f"least that a person within {NEAR:.0f} points of the cut-off can change in "
        f"{found.horizon} days, three things at most; an offer is made only if the exported "
        "artifact, scoring the changed person, approves. Nobody is asked to undo what is past, to "
        "be somebody else, or to buy anything. An offer says what changes the decision; that it "
        "lowers the risk is not shown."
    )
    if found.example is not None:
        tables.append(_example(found.example, found.horizon))
        cutoff = found.cutoffs[findings.champion.name]
        pictures.append(_picture(findings, found.example, cutoff, found.horizon))
    return Section(title="What would change a refusal", text=text, pictures=pictures, tables=tables)


def _cutoffs(found: Refusals, labels: dict[str, str]) -> str:
    distinct = set(found.cutoffs.values())
    if len(distinct) == 1:
        return percent(distinct.pop(), 2)
    return ", ".join(f"{percent(p, 2)} ({labels[name]})" for name, p in found.cutoffs.items())


def _fidelity(found: Refusals, labels: dict[str, str]) -> Printed:
    rows = [
        [
            labels[row.model],
            row.reference,
            f"{row.refused:,}",
            f"{row.tested:,}",
            percent(row.told),
            percent(row.faithful),
            percent(row.told_kept),
            percent(row.faithful_kept),
        ]
        for row in records(found.fidelity)
    ]
    columns = [
        "model", "reasons against", "refused", "tested", "given a reason", "all their reasons true",
        "given a tested reason", "all of these true",
    ]  # fmt: skip
    return Printed("are the reasons true?", columns, rows)


def _recourse(found: Refusals, labels: dict[str, str]) -> Printed:
    rows = [
        [
            labels[row.model],
            f"{row.near:,} of {row.refused:,}",
            f"{row.sought:,}",
            percent(row.offered),
            percent(row.flipped),
            " / ".join(percent(share, 0) for share in (row.one, row.two, row.three)),
            f"{row.levers}",
        ]
        for row in records(found.recourse)
    ]
    columns = [
        "model", f"refused within {NEAR:.0f} points", "sought for", "offered",
        "flip when scored again", "one / two / three changes", "features one can change",
    ]  # fmt: skip
    return Printed("what would change the decision?", columns, rows)


def _example(example: Example, horizon: int) -> Printed:
    reasons = [[f"reason {one.rank}", one.text, ""] for one in example.reasons]
    both = zip(
        offer_text(example.offer, horizon),
        offer_text(example.offer, horizon, language="zh"),
        strict=True,
    )
    offers = [
        [f"offer, {number} of {len(example.path) - 1}", f"{en} {zh}", percent(after, 2)]
        for number, ((en, zh), after) in enumerate(
            zip(both, example.path[1:], strict=True), start=1
        )
    ]
    title = f"one person: probability of bad {percent(example.offer.before, 2)}, refused"
    return Printed(title, ["", "", "then probability of bad"], [*reasons, *offers])


def _picture(findings: Findings, example: Example, cutoff: float, horizon: int) -> Picture:
    scale = findings.shared.scale
    steps = ["as things are", *offer_text(example.offer, horizon)]
    table = pd.DataFrame({"step": steps, "points": scale.points(example.path)})
    return Picture(
        figure=plot.recourse(table, cutoff=float(scale.points(cutoff))),
        says="One refused person: points as things are, and as each change is made (points of the "
        "scale, from the calibrated probability).",
    )
