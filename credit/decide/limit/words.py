"""What a person is told about each step of a limit, and about the account."""

from __future__ import annotations

from credit.decide.limit.shown import Shown
from credit.decide.record import Step
from credit.decide.sentence import said
from credit.feature import Reason

WORDS: dict[str, Reason] = {
    "L_BASE": Reason(
        en="We begin with your monthly income of {before_fen} yuan, times {multiple}: "
        "{after_fen} yuan.",
        zh="以您的月收入{before_fen}元乘以{multiple}为基础额度：{after_fen}元。",
    ),
    "L_SCENARIO": Reason(
        en="For {scenario} it is multiplied by {factor}: {after_fen} yuan.",
        zh="用于{scenario}，乘以{factor}：{after_fen}元。",
    ),
    "L_OCCUPATION": Reason(
        en="For your occupation ({occupation}) it is multiplied by {factor}: {after_fen} yuan.",
        zh="按您的职业（{occupation}）乘以{factor}：{after_fen}元。",
    ),
    "L_ASSETS": Reason(
        en="You proved {assets} assets, of which {counted} count; multiplied by {factor}: "
        "{after_fen} yuan.",
        zh="您提供了{assets}项资产证明，其中{counted}项计入，乘以{factor}：{after_fen}元。",
    ),
    "L_GROWTH": Reason(
        en="For {good_months} months of good use it is multiplied by {factor}: {after_fen} yuan.",
        zh="您有{good_months}个月良好使用记录，乘以{factor}：{after_fen}元。",
    ),
    "L_REPAYMENT": Reason(
        en="Since the last review {good_periods} payments were in time and {bad_periods} were "
        "not; multiplied by {factor}: {after_fen} yuan.",
        zh="自上次评审以来，按期还款{good_periods}期，未按期{bad_periods}期，乘以{factor}：{after_fen}元。",
    ),
    "L_CLAMP": Reason(
        en="This product lends you {least_fen} to {most_fen} yuan; what binds here: {binds}. "
        "That leaves {after_fen} yuan.",
        zh="该产品可为您提供{least_fen}至{most_fen}元；此处适用的限制：{binds}。结果为{after_fen}元。",
    ),
    "L_HIDING": Reason(
        en="After an authorisation was taken back the limit may be {most_fen} yuan at most: "
        "{after_fen} yuan.",
        zh="撤回授权后，额度最高为{most_fen}元：{after_fen}元。",
    ),
    "L_DAILY": Reason(
        en="The day opened with {opening_fen} yuan, so today the limit may be {least_fen} to "
        "{most_fen} yuan: {after_fen} yuan.",
        zh="当日起始额度为{opening_fen}元，今日可在{least_fen}至{most_fen}元之间调整：{after_fen}元。",
    ),
    "L_FIRST": Reason(
        en="This is your first limit: {after_fen} yuan.", zh="这是您的首次额度：{after_fen}元。"
    ),
    "L_SHOWN": Reason(en="Your limit is {shown_fen} yuan.", zh="您的额度为{shown_fen}元。"),
    "L_USABLE": Reason(
        en="Your limit is {shown_fen} yuan, of which you can use {usable_fen} yuan.",
        zh="您的额度为{shown_fen}元，其中可用{usable_fen}元。",
    ),
}

NAMES: dict[str, Reason] = {
    "nothing": Reason(en="nothing", zh="无"),
    "product": Reason(en="the most of the product", zh="产品上限"),
    "law": Reason(en="the most the law allows", zh="法定上限"),
    "low_income": Reason(en="the most with this income", zh="该收入水平的上限"),
    "least": Reason(en="the least of the product", zh="产品下限"),
    "default": Reason(en="any other", zh="其他"),
    "civil": Reason(en="civil service", zh="公务员及事业单位"),
    "freelance": Reason(en="freelance", zh="自由职业"),
    "education": Reason(en="education", zh="教育"),
    "medical": Reason(en="medical care", zh="医疗"),
}
"""Words for names that facts hold."""


def sentence(step: Step) -> Reason:
    """Return what a person is told about a step, in English and Chinese."""
    facts = {**step.facts, "before_fen": step.before_fen, "after_fen": step.after_fen}
    return said(WORDS, step.code, facts, NAMES)


def told(shown: Shown) -> Reason:
    """Return what a person is told of a limit: what is shown, and what can be used if disclosed."""
    facts = {"shown_fen": shown.shown_fen, "usable_fen": shown.usable_fen}
    return said(WORDS, shown.code, facts)
