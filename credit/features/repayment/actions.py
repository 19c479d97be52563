"""What a person can do about how instalments are paid. That one was late stays in the record."""

from __future__ import annotations

from dataclasses import replace

from credit.feature import EACH, Action

PAY_OVERDUE = Action(
    group="instalments overdue",
    direction="lower",
    en="pay all instalments that are overdue now",
    zh="结清当前全部逾期分期",
    goal=0.0,
)

OVERDUE_PAID = replace(PAY_OVERDUE, direction="raise", goal=1.0)
"""The same, as it shows in a share that is paid."""

IN_TIME = Action(
    group="instalments in time",
    direction="raise",
    en="pay instalments in time as they fall due, so that {value} of those of {days} days were",
    zh="按时偿还每期到期款项，使近{days}天按时比例达到{value}",
    days=EACH,
)

AHEAD = Action(
    group="instalments ahead of time",
    direction="raise",
    en="pay instalments three days early, so that {value} of those of {days} days were",
    zh="提前三天还款，使近{days}天提前比例达到{value}",
    days=EACH,
)

LESS_LATE = Action(
    group="instalments in time",
    direction="lower",
    en="pay instalments in time as they fall due, so that those of {days} days are at most "
    "{value} late on average",
    zh="按时偿还每期到期款项，使近{days}天平均逾期不超过{value}",
    days=EACH,
)

REPAY = Action(
    group="what is still owed",
    direction="lower",
    en="repay earlier loans ahead of schedule, until at most {value} of them is still owed",
    zh="提前偿还历史借款，使未还比例降至{value}以下",
)

NEVER_LATE = Action(
    group="no instalment overdue again",
    direction="raise",
    en="let no instalment fall overdue until the last time is {value} back",
    zh="避免再次逾期，直至距上次逾期满{value}",
    since=True,
)
