"""What a person is told of a decision, in English and Chinese: plain sentences, part by part.

Outcome; why; what would change it; the limit and the price, each with its steps; who decided; how
to appeal; under which rules. A sentence is said only of what the decision holds, and reasons are
those that decided, gravest first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from credit.decide import eligibility, fraud, limit, price
from credit.decide.appeal import AppealTerms
from credit.decide.clock import add_months, local_day
from credit.decide.cost import burden
from credit.decide.decision import Decision, DecisionTerms, Ground
from credit.decide.money import yuan
from credit.decide.record import Check, Fact
from credit.decide.sentence import said
from credit.feature import Reason

WORDS: dict[str, Reason] = {
    "approve": Reason(
        en="Approved: you may borrow up to {usable} yuan, at {daily} a day ({annual} a year).",
        zh="已通过：您最多可借{usable}元，日利率{daily}（年利率{annual}）。",
    ),
    "review": Reason(
        en="Not decided yet: a person will read your application.",
        zh="尚未作出决定：您的申请将由人工审核。",
    ),
    "query_only": Reason(
        en="Not yet: you may ask what you would get, but not apply so far.",
        zh="暂不能申请：目前您可以查询预估额度，但尚不能提交申请。",
    ),
    "refuse": Reason(en="Refused.", zh="未通过。"),
    "D_BURDEN": burden.WORDS["D_BURDEN"],
    "D_BURDEN_WARNING": burden.WORDS["D_BURDEN_WARNING"],
    "limit": Reason(
        en="The limit computed for you is below the least that this product lends.",
        zh="为您测算的额度低于本产品的最低额度。",
    ),
    "unscored": Reason(
        en="No score could be computed, so a person has to read your application.",
        zh="无法计算评分，因此需由人工审核您的申请。",
    ),
    "ruled": Reason(
        en="{by} read your case and says: {says}", zh="{by}审核了您的申请，意见：{says}"
    ),
    "from": Reason(
        en="From {day} on you may apply; nothing else stands against it today.",
        zh="自{day}起您可以申请；目前没有其他不符合的条件。",
    ),
    "nothing": Reason(
        en="We know of nothing that you could do now and that would change this by itself.",
        zh="目前没有您可以立即采取、且足以改变结果的措施。",
    ),
    "offer": Reason(
        en="{number}. All of this together would change it; we checked by scoring it again:",
        zh="{number}. 以下各项同时做到即可改变结果；我们已重新评分加以核实：",
    ),
    "not_offered": Reason(
        en="Computed for the record: nothing is offered as things stand.",
        zh="以下仅为测算记录：目前不提供额度。",
    ),
    "automated": Reason(
        en="No person took part in this decision. You may ask for one to look at it, and to have "
        "it explained to you; asking costs nothing and cannot count against you.",
        zh="本决定完全由自动化方式作出。您有权要求人工复核并要求说明；提出要求不收费用，也不会对您产生不利影响。",
    ),
    "person": Reason(en="A person read your case: {by}.", zh="您的申请已由人工审核：{by}。"),
    "awaits": Reason(
        en="Nothing is decided by a machine alone here.", zh="此处不会仅由机器作出决定。"
    ),
    "appeal": Reason(
        en="You may appeal until {last}: say what is wrong, and add what shows it (a payslip, a "
        "statement, a corrected record). We decide again with it, show you what changed, and a "
        "person answers within {answer} days.",
        zh="您可在{last}前申诉：请说明有误之处并附上证明（工资单、流水、更正后的记录等）。"
        "我们将据此重新评定，向您展示变化，并在{answer}天内由人工答复。",
    ),
    "rules": Reason(
        en="Decided on {on} under policy {policy}, version {version}; case {case}.",
        zh="依据政策{policy}（版本{version}）于{on}作出；案件编号{case}。",
    ),
    "P_GRADE": price.WORDS["P_GRADE"],
    "P_SCENARIO": price.WORDS["P_SCENARIO"],
    "P_YEAR": price.WORDS["P_YEAR"],
}
"""Code -> sentence with ``{named}`` places."""

TITLES: dict[str, Reason] = {
    "outcome": Reason(en="The decision", zh="决定"),
    "why": Reason(en="Why", zh="原因"),
    "change": Reason(en="What would change it", zh="如何改变结果"),
    "limit": Reason(en="How your limit came about", zh="额度如何得出"),
    "price": Reason(en="How your price came about", zh="价格如何得出"),
    "who": Reason(en="Who decided, and how to appeal", zh="由谁决定，如何申诉"),
    "rules": Reason(en="Under which rules", zh="适用规则"),
}
"""Parts of the answer, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of the answer: its name, and its sentences in both languages."""

    name: str
    lines: tuple[Reason, ...]

    @property
    def title(self) -> Reason:
        """The heading of the part."""
        return TITLES[self.name]


Sentences = Sequence[tuple[str, str]]
"""What a person would have to do, each sentence in English and Chinese."""


def answer(
    decision: Decision,
    terms: DecisionTerms,
    appeal: AppealTerms,
    *,
    offers: Sequence[Sentences] = (),
    opens_on: date | None = None,
) -> tuple[Part, ...]:
    """Return what a person is told.

    Parameters
    ----------
    decision : Decision
    terms : DecisionTerms
        That decided.
    appeal : AppealTerms
    offers : sequence
        What would change a refusal by the score, each checked by scoring it again.
    opens_on : date, optional
        The day from which the person may apply; see `opens`.
    """
    parts = {
        "outcome": [_outcome(decision)],
        "why": list(reasons(decision, terms.most_reasons)),
        "change": list(_changes(decision, offers, opens_on)),
        "limit": list(_limit(decision)),
        "price": list(_price(decision, terms)),
        "who": list(_who(decision, terms, appeal)),
        "rules": [_rules(decision)],
    }
    return tuple(Part(name=name, lines=tuple(lines)) for name, lines in parts.items() if lines)


def reasons(decision: Decision, most: int) -> Iterator[Reason]:
    """Yield the principal reasons: of each ground in turn, at most ``most`` in all."""
    if decision.outcome == "approve":
        return
    found = [line for ground in decision.grounds for line in _of_ground(ground, decision)]
    yield from found[:most]


def _of_ground(ground: Ground, decision: Decision) -> list[Reason]:
    if ground == "score":
        causes = () if decision.score is None else decision.score.causes
        return [Reason(en=one.en, zh=one.zh) for one in causes] or [_said("unscored")]
    if ground == "limit":
        return [_said("limit")]
    if ground == "review":
        ruling = decision.review
        return [] if ruling is None else [_said("ruled", by=ruling.by, says=ruling.says)]
    if ground == "fraud":
        return [fraud.sentence(signal) for signal in decision.fraud.signals]
    if ground == "burden":
        return [_said(one.code, **one.facts) for one in _broken(decision.checks, "D_BURDEN")[:1]]
    return [eligibility.sentence(check) for check in _broken(decision.checks, "E_")]


def _broken(checks: Sequence[Check], begin: str) -> list[Check]:
    return [check for check in checks if not check.passed and check.code.startswith(begin)]


def opens(registered_at: int, terms: DecisionTerms) -> date:
    """Return the first day on which neither rule of waiting is broken any more."""
    own = terms.eligibility
    first = local_day(registered_at, terms.zone)
    return max(first + timedelta(days=own.cooling_days), add_months(first, own.tenure_months))


def _outcome(decision: Decision) -> Reason:
    own = decision.price
    if decision.outcome != "approve" or own is None:
        return _said("review" if decision.outcome == "approve" else decision.outcome)
    return _said(
        "approve", usable=yuan(decision.shown.usable_fen), daily=_percent(own.daily_rate, 4),
        annual=_percent(own.annual_rate, 2),
    )  # fmt: skip


def _changes(
    decision: Decision, offers: Sequence[Sentences], opens_on: date | None
) -> Iterator[Reason]:
    if decision.outcome == "approve":
        return
    if opens_on is not None:
        yield _said("from", day=opens_on.isoformat())
    for number, sentences in enumerate(offers, start=1):
        yield _said("offer", number=number)
        yield from (Reason(en=en, zh=zh) for en, zh in sentences)
    if opens_on is None and not offers and decision.outcome == "refuse":
        yield _said("nothing")


def _limit(decision: Decision) -> Iterator[Reason]:
    if decision.outcome == "refuse":
        yield _said("not_offered")
    yield from (limit.sentence(step) for step in decision.limit.steps)
    if decision.outcome != "refuse":
        yield limit.told(decision.shown)


def _price(decision: Decision, terms: DecisionTerms) -> Iterator[Reason]:
    own = decision.price
    if own is None:
        return
    yield _said("P_GRADE", grade=own.grade, rate=_percent(own.grade_rate, 4))
    if own.scenario is not None:
        off = terms.price.discounts[own.scenario]
        yield _said(
            "P_SCENARIO", scenario=own.scenario, discount=_percent(off, 1),
            rate=_percent(own.daily_rate, 4),
        )  # fmt: skip
    yield _said("P_YEAR", annual=_percent(own.annual_rate, 2), days=terms.price.day_count)


def _who(decision: Decision, terms: DecisionTerms, appeal: AppealTerms) -> Iterator[Reason]:
    if decision.review is not None:
        yield _said("person", by=decision.review.by)
    else:
        yield _said("automated" if decision.solely_automated else "awaits")
    last = local_day(decision.instant, terms.zone) + timedelta(days=appeal.within_days)
    yield _said("appeal", last=last.isoformat(), answer=appeal.answer_days)


def _rules(decision: Decision) -> Reason:
    return _said(
        "rules", on=decision.on.isoformat(), policy=decision.policy,
        version=decision.policy_sha256[:12], case=decision.case_sha256[:12],
    )  # fmt: skip


def _said(code: str, **facts: Fact) -> Reason:
    return said(WORDS, code, facts)


def _percent(rate: object, digits: int) -> str:
    return f"{100 * float(rate):.{digits}f} %"  # type: ignore[arg-type]
