"""The page of products side by side for one person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Literal

from credit import plot
from credit.decide.eligibility import NAMES
from credit.decide.money import yuan
from credit.decide.products import MARKS, Compared, Priced
from credit.decide.sentence import in_language
from credit.feature import Reason
from credit.pipeline.pages.page import Page, Picture, Section, write_page
from credit.pipeline.products import Comparison
from credit.pipeline.words import Printed

Language = Literal["en", "zh"]

DAY = 24 * 60
"""Minutes."""

WORDS: Mapping[str, Reason] = {
    "title": Reason(en="Products side by side", zh="产品对比"),
    "subtitle": Reason(
        en="application {id}, {on}: {amount} yuan over {months} months",
        zh="申请编号 {id}，{on}：借款{amount}元，分{months}个月偿还",
    ),
    "offered": Reason(en="offered", zh="可申请产品"),
    "of": Reason(en="{some} of {all}", zh="{some}/{all}"),
    "law": Reason(en="law laid over", zh="适用法规"),
    "none": Reason(en="none", zh="无"),
    "cheapest": Reason(en="cheapest, a year", zh="最低年化成本"),
    "bracketed": Reason(
        en="A limit in brackets is computed and not offered", zh="括号内额度仅为测算，不提供"
    ),
    "what": Reason(en="What each would lend, and at what cost", zh="各产品的额度与成本"),
    "what_text": Reason(
        en="Each product decides the same case by its own rules. The true cost is the effective "
        "yearly rate of the loan, everything in (XIRR); the cheapest for this person stands "
        "first, what the law does not allow stands last.",
        zh="各产品按自身规则评定同一申请。实际成本为该笔借款含全部费用的年化成本（XIRR）；"
        "成本最低者在前，依法不得提供者在后。",
    ),
    "unscored": Reason(
        en="The case has no score, so each price is that of the worst grade.",
        zh="该申请没有评分，故均按最低等级定价。",
    ),
    "says": Reason(
        en="Left: the limit that each policy computes; an outline is not offered, for the reason "
        "in it. Right: the true cost a year over the product's grades. The law judges the whole "
        "price list, so a product whose dearest loan is above the cap is offered to nobody.",
        zh="左：各政策测算的额度，空心表示不提供，框内为原因。右：各等级的年化成本，圆点为本人等级。"
        "法规约束整个价目表：最贵的一笔贷款超过上限，该产品即不得向任何人提供。",
    ),
    "grades": Reason(en="Price by grade", zh="各等级价格"),
    "grades_text": Reason(
        en="A day, a year (the daily rate times the days of a year), and the true cost.",
        zh="依次为日利率、名义年利率（日利率乘以计息天数）和实际年化成本。",
    ),
    "data": Reason(en="What each asks for, and who funds it", zh="各产品的要求与出资方"),
    "why": Reason(en="Why not, or not all of it", zh="不提供或不足额的原因"),
    "product": Reason(en="product", zh="产品"),
    "outcome": Reason(en="decision", zh="决定"),
    "limit": Reason(en="limit, yuan", zh="额度（元）"),
    "apply": Reason(en="may apply", zh="可否申请"),
    "daily": Reason(en="a day", zh="日利率"),
    "annual": Reason(en="a year", zh="年利率"),
    "cost": Reason(en="true cost", zh="实际成本"),
    "time": Reason(en="decides in", zh="审批时间"),
    "minutes": Reason(en="{n:g} min", zh="{n:g}分钟"),
    "days": Reason(en="{n:g} days", zh="{n:g}天"),
    "sources": Reason(en="data it looks at", zh="所用数据"),
    "evidence": Reason(en="proof of income", zh="收入证明"),
    "partner": Reason(en="partner's share", zh="合作方出资比例"),
    "funded": Reason(en="lender + partner, yuan", zh="本行 + 合作方（元）"),
    "illegal": Reason(en="not allowed", zh="依法不得提供"),
    "approve": Reason(en="approved", zh="通过"),
    "review": Reason(en="a person reads it", zh="人工审核"),
    "query_only": Reason(en="not yet", zh="暂不能申请"),
    "refuse": Reason(en="refused", zh="未通过"),
    "eligible": Reason(en="yes", zh="可以"),
    "refused": Reason(en="no", zh="不可以"),
    "unseen": Reason(
        en="{product}: scored without {dimensions}; it does not use them, or you did not "
        "authorise them.",
        zh="{product}：评分未使用{dimensions}（该产品不使用或您未授权）。",
    ),
}
"""Every word of the page that no other room says."""

_said = partial(in_language, WORDS)


def products_page(found: Comparison, language: Language = "en") -> Page:
    """Return the page of a comparison."""
    offered = [line for line in found.lines if line.outcome == "approve"]
    facts = [
        ("offered", _said("of", language, some=len(offered), all=len(found.lines))),
        ("law", found.law or _said("none", language)),
    ]
    if offered:
        facts.append(("cheapest", f"{offered[0].product}, {offered[0].own.cost:.2%}"))
    picture = Picture(figure=plot.products(found.frame()), says=_said("says", language))
    main, grades, data = tables(found, language)
    text = [_said("what_text", language)]
    if not found.scored:
        text.append(_said("unscored", language))
    sections = [
        Section(
            title=_said("what", language), text=" ".join(text), pictures=[picture], tables=[main]
        ),
        Section(title=_said("why", language), notes=refusals(found, language)),
        Section(
            title=_said("grades", language), text=_said("grades_text", language), tables=[grades]
        ),
        Section(title=_said("data", language), notes=_unseen(found, language), tables=[data]),
    ]
    return Page(
        title=_said("title", language),
        subtitle=_said(
            "subtitle", language, id=found.application_id, on=found.on,
            amount=yuan(found.wish.amount_fen), months=found.wish.months,
        ),
        facts=[(_said(name, language), fact) for name, fact in facts],
        sections=[one for one in sections if one.notes or one.tables],
        language=language,
    )  # fmt: skip


def write_products(path: Path, found: Comparison, language: str = "en") -> None:
    """Write the page of a comparison."""
    write_page(path, products_page(found, "zh" if language == "zh" else "en"))


def tables(found: Comparison, language: Language = "en") -> tuple[Printed, Printed, Printed]:
    """Return the comparison, the price of each grade, and what each product asks for, in words."""
    grades = list(dict.fromkeys(one.grade for line in found.lines for one in line.prices))
    main = Printed(
        _said("bracketed", language),
        _columns("product cost limit outcome apply daily annual time", language),
        [_main(line, language) for line in found.lines],
    )
    prices = Printed(
        _said("grades", language),
        [_said("product", language), "", *grades],
        [row for line in found.lines for row in _graded(line, grades, language)],
    )
    asked = Printed(
        _said("data", language),
        _columns("product sources evidence partner funded", language),
        [
            [
                line.product,
                _listed(line.data_sources, language),
                getattr(NAMES[line.income_evidence], language),
                "-" if line.partner is None else f"{float(line.partner):.0%}",
                _funded(line),
            ]
            for line in found.lines
        ],
    )
    return main, prices, asked


def refusals(found: Comparison, language: Language = "en") -> list[str]:
    """Return why a product is not offered, a sentence each."""
    return [
        f"{line.product}: {getattr(reason, language)}"
        for line in found.lines
        for reason in line.says
    ]


def _main(line: Compared, language: Language) -> list[str]:
    daily, annual, cost = _rates(line.own)
    return [
        line.product,
        cost,
        yuan(line.limit_fen) if line.outcome == "approve" else f"({yuan(line.limit_fen)})",
        _because(_said(line.outcome, language), line.against, language),
        _apply(line, language),
        daily,
        annual,
        _time(line.minutes, language),
    ]


def _graded(line: Compared, grades: Sequence[str], language: Language) -> list[list[str]]:
    """Return three rows: a day, a year, true cost; a grade that the product lacks is a dash."""
    of = {one.grade: _rates(one) for one in line.prices}
    none = ("-", "-", "-")
    return [
        [line.product, _said(name, language), *(of.get(grade, none)[at] for grade in grades)]
        for at, name in enumerate(("daily", "annual", "cost"))
    ]


def _rates(priced: Priced) -> tuple[str, str, str]:
    """Return what is paid a day, a year, and in truth."""
    return (
        f"{float(priced.daily_rate):.4%}",
        f"{float(priced.annual_rate):.2%}",
        f"{priced.cost:.2%}",
    )


def _apply(line: Compared, language: Language) -> str:
    """Return whether the person may apply, and the first rule that says no."""
    broken = [check.code.removesuffix("_UNKNOWN") for check in line.checks if not check.passed]
    return _because(_said(line.eligible, language), broken, language)


def _because(word: str, against: Sequence[str], language: Language) -> str:
    """Return a word and, in two more, the first of what stands against it."""
    if not against:
        return word
    mark = getattr(MARKS[against[0]], language)
    return f"{word}（{mark}）" if language == "zh" else f"{word}: {mark}"


def _time(minutes: float, language: Language) -> str:
    if minutes < DAY:
        return _said("minutes", language, n=minutes)
    return _said("days", language, n=round(minutes / DAY, 1))


def _funded(line: Compared) -> str:
    """Return what each side pays out of what would be lent now; a dash where that is nothing."""
    if not line.amount_fen:
        return "-"
    return f"{yuan(line.own_fen)} + {yuan(line.partner_fen)}"


def _unseen(found: Comparison, language: Language) -> list[str]:
    return [
        _said("unseen", language, product=product, dimensions=", ".join(dimensions))
        for product, dimensions in found.unseen.items()
        if dimensions
    ]


def _listed(names: Sequence[str], language: Language) -> str:
    words = [getattr(NAMES[name], language) if name in NAMES else name for name in names]
    return ("、" if language == "zh" else ", ").join(words)


def _columns(names: str, language: Language) -> list[str]:
    return [_said(name, language) for name in names.split()]
