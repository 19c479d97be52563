"""The page of one person's evaluation: what was decided, why, at what cost, and what to do."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Literal

from credit.decide.answer import Part
from credit.decide.cost import Breakdown, disclosure
from credit.decide.decision import Decision
from credit.decide.money import yuan
from credit.decide.sentence import in_language
from credit.feature import Reason
from credit.pipeline.appeal import Changed
from credit.pipeline.decide import Decided
from credit.pipeline.flat import require_folder, written
from credit.pipeline.pages.page import Page, Section, write_page
from credit.pipeline.words import Printed

Language = Literal["en", "zh"]

ORDER = ("outcome", "changed", "why", "change", "score", "limit", "price", "cost", "who", "rules")
"""Sections of the page, those that there are."""

WORDS: Mapping[str, Reason] = {
    "title": Reason(en="Your application", zh="您的申请"),
    "subtitle": Reason(en="application {id}, {on}", zh="申请编号 {id}，{on}"),
    "decision": Reason(en="decision", zh="决定"),
    "approve": Reason(en="approved", zh="通过"),
    "review": Reason(en="a person will read it", zh="人工审核"),
    "query_only": Reason(en="not yet", zh="暂不能申请"),
    "refuse": Reason(en="refused", zh="未通过"),
    "limit": Reason(en="limit, yuan", zh="额度（元）"),
    "usable": Reason(en="of which usable, yuan", zh="其中可用（元）"),
    "rate": Reason(en="rate a year", zh="年利率"),
    "points": Reason(en="points", zh="评分"),
    "before": Reason(en="before", zh="之前"),
    "after": Reason(en="after", zh="之后"),
    "cost": Reason(en="What it would cost", zh="综合融资成本"),
    "cost_text": Reason(
        en="An example: all of your limit, over {months} months. The yearly cost counts every "
        "charge: {annual} a year.",
        zh="示例：借满额度，分{months}个月偿还。年化综合成本包含全部费用：{annual}。",
    ),
    "item": Reason(en="item", zh="项目"),
    "amount": Reason(en="yuan or rate", zh="金额（元）或比率"),
    "when": Reason(en="when, rate, to whom", zh="收取方式，标准，收取方"),
    "score": Reason(en="Where your points come from", zh="评分构成"),
    "score_text": Reason(
        en="Compared with the average person: points that each part of your record adds or takes.",
        zh="与平均水平相比，各类信息为您增加或减少的分数。",
    ),
    "dimension": Reason(en="part of your record", zh="信息类别"),
    "payment": Reason(en="payments", zh="支付行为"),
    "social": Reason(en="contacts", zh="社交关系"),
    "wealth": Reason(en="savings and investments", zh="财富状况"),
    "consumption": Reason(en="purchases", zh="消费结构"),
    "repayment": Reason(en="repayments", zh="还款记录"),
    "application": Reason(en="what you stated", zh="申请信息"),
    "changed": Reason(en="What the new evidence changed", zh="新证据带来的变化"),
    "nothing": Reason(
        en="The new evidence changed nothing in the decision.", zh="新证据未改变该决定。"
    ),
    "what": Reason(en="what", zh="项目"),
}
"""Every word of the page that is no sentence of the answer."""

_said = partial(in_language, WORDS)


def person_page(
    decided: Decided,
    language: Language = "en",
    *,
    changes: Sequence[Changed] | None = None,
) -> Page:
    """Return the page of a decision, in one language.

    Parameters
    ----------
    decided : Decided
    language : {"en", "zh"}
    changes : sequence of Changed, optional
        What an appeal's evidence changed; its section stands first.
    """
    own = decided.decision
    sections = {part.name: _part(part, language) for part in decided.parts}
    extra = {
        "changed": None if changes is None else _changes(changes, language),
        "score": _score(decided.dimensions, language) if decided.dimensions else None,
        "cost": None if decided.cost is None else _cost(decided.cost, language),
    }
    sections |= {name: section for name, section in extra.items() if section is not None}
    return Page(
        title=_said("title", language),
        subtitle=_said("subtitle", language, id=own.application_id, on=own.on),
        facts=_facts(own, language),
        sections=[sections[name] for name in ORDER if name in sections],
        language=language,
    )


def write_decision(
    decided: Decided,
    *,
    decision: Path | None = None,
    page: Path | None = None,
    language: str = "en",
    changes: Sequence[Changed] | None = None,
) -> None:
    """Write a decision as JSON and as the page of a person, where asked for."""
    for file, option in ((decision, "--output"), (page, "--page")):
        if file is not None:
            require_folder(file, option)
    if decision is not None:
        text = json.dumps(decided.plain(), indent=1, ensure_ascii=False)
        with written(decision) as partial:
            partial.write_text(text + "\n", encoding="utf-8")
    if page is not None:
        chosen: Language = "zh" if language == "zh" else "en"
        write_page(page, person_page(decided, chosen, changes=changes))


def _facts(own: Decision, language: Language) -> list[tuple[str, str]]:
    found = [(_said("decision", language), _said(own.outcome, language))]
    if own.outcome != "refuse" and own.price is not None:
        found += [
            (_said("limit", language), yuan(own.shown.shown_fen)),
            (_said("usable", language), yuan(own.shown.usable_fen)),
            (_said("rate", language), f"{float(own.price.annual_rate):.2%}"),
        ]
    if own.score is not None:
        found.append((_said("points", language), f"{own.score.points}"))
    return found


def _part(part: Part, language: Language) -> Section:
    lines = [getattr(line, language) for line in part.lines]
    title = getattr(part.title, language)
    if len(lines) == 1:
        return Section(title=title, text=lines[0])
    return Section(title=title, notes=lines)


def _score(points: Mapping[str, float], language: Language) -> Section:
    rows = [
        [_said(name, language) if name in WORDS else name, f"{value:+.0f}"]
        for name, value in sorted(points.items(), key=lambda item: item[1])
    ]
    columns = [_said("dimension", language), _said("points", language)]
    return Section(
        title=_said("score", language),
        text=_said("score_text", language),
        tables=[Printed("", columns, rows)],
    )


def _cost(cost: Breakdown, language: Language) -> Section:
    rows = [
        [row.name, row.amount or "-", "; ".join((row.way, row.standard, row.payee))]
        if row.way
        else [row.name, row.amount or row.standard or "-", "-"]
        for row in disclosure(cost, language)
    ]
    columns = [_said(name, language) for name in ("item", "amount", "when")]
    return Section(
        title=_said("cost", language),
        text=_said("cost_text", language, months=cost.months, annual=f"{cost.annual:.2%}"),
        tables=[Printed("", columns, rows)],
    )


def _changes(changes: Sequence[Changed], language: Language) -> Section:
    title = _said("changed", language)
    if not changes:
        return Section(title=title, text=_said("nothing", language))
    columns = [_said(name, language) for name in ("what", "before", "after")]
    rows = [[one.what, one.before, one.after] for one in changes]
    return Section(title=title, tables=[Printed("", columns, rows)])
