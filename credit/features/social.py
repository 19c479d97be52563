"""Social: who a person knows and exchanges money with, and what was known of those people.

Facts about others obey the applicant's own instant, and never include the applicant.
"""

from __future__ import annotations

from credit.feature import Expression, Feature, GraphStatistic, Measure, Reason, TiesPart

SOCIAL: tuple[Feature, ...] = (
    GraphStatistic(
        name="social_contact_count",
        dimension="social",
        label="Contacts",
        unit="count",
        null_means="never null: no contact is 0",
        risk=-1,
        reason=Reason(en="Few contacts", zh="联系人较少"),
        ties="contacts",
        measure=Measure(aggregate="count"),
    ),
    GraphStatistic(
        name="social_tie_age_days",
        dimension="social",
        label="Mean age of contacts",
        unit="days",
        null_means="no contact",
        risk=-1,
        reason=Reason(en="Contacts are recent", zh="社交关系建立时间较短"),
        ties="contacts",
        measure=Measure(aggregate="mean", value="age_days"),
    ),
    GraphStatistic(
        name="social_counterparty_count_180d",
        dimension="social",
        label="People money was exchanged with, 180 days",
        unit="count",
        null_means="never null: nobody is 0",
        risk=-1,
        reason=Reason(en="Money is exchanged with few people", zh="资金往来对象较少"),
        ties="transfers",
        days=180,
        measure=Measure(aggregate="count"),
    ),
    GraphStatistic(
        name="social_reciprocity_180d",
        dimension="social",
        label="Share of counterparties with money both ways, 180 days",
        unit="share",
        null_means="no money was exchanged with anyone in the last 180 days",
        risk=-1,
        reason=Reason(en="Transfers go one way only", zh="资金往来缺乏双向互动"),
        ties="transfers",
        days=180,
        measure=Measure(aggregate="count", where="sent_fen > 0 and received_fen > 0", per="1"),
    ),
    Expression(
        name="social_concentration_180d",
        dimension="social",
        label="Largest counterparty's share of money exchanged, 180 days",
        unit="share",
        null_means="no money was exchanged with anyone in the last 180 days",
        risk=+1,
        reason=Reason(en="Transfers are concentrated on one person", zh="资金往来集中于单一对象"),
        expression="largest / total",
        parts=(
            TiesPart(
                name="largest",
                ties="transfers",
                days=180,
                measure=Measure(aggregate="max", value="amount_fen"),
            ),
            TiesPart(
                name="total",
                ties="transfers",
                days=180,
                measure=Measure(aggregate="sum", value="amount_fen"),
            ),
        ),
    ),
    GraphStatistic(
        name="social_borrower_share",
        dimension="social",
        label="Share of contacts who have borrowed",
        unit="share",
        null_means="no contact",
        risk=0,
        reason=Reason(en="Few contacts have a credit record", zh="联系人中有信贷记录者较少"),
        ties="contacts",
        measure=Measure(aggregate="count", where="peer_borrower = 1", per="1"),
    ),
    GraphStatistic(
        name="social_good_contact_share",
        dimension="social",
        label="Share of borrowing contacts who were never late",
        unit="share",
        null_means="no contact has borrowed",
        risk=-1,
        reason=Reason(en="Contacts with a credit record were late", zh="联系人信贷记录存在逾期"),
        ties="contacts",
        measure=Measure(
            aggregate="count", base="peer_borrower = 1", where="peer_overdue = 0", per="1"
        ),
    ),
    GraphStatistic(
        name="social_tagged_contact_share",
        dimension="social",
        label="Share of contacts with a negative mark",
        unit="share",
        null_means="no contact",
        risk=+1,
        reason=Reason(en="Contacts carry negative marks", zh="联系人存在负面标签"),
        ties="contacts",
        measure=Measure(aggregate="count", where="peer_tagged = 1", per="1"),
    ),
    GraphStatistic(
        name="social_tagged_amount_share_180d",
        dimension="social",
        label="Share of money exchanged with people with a negative mark, 180 days",
        unit="share",
        null_means="no money was exchanged with anyone in the last 180 days",
        risk=+1,
        reason=Reason(
            en="Money is exchanged with people who carry negative marks",
            zh="与带有负面标签者存在资金往来",
        ),
        ties="transfers",
        days=180,
        measure=Measure(
            aggregate="sum", value="amount_fen", where="peer_tagged = 1", per="amount_fen"
        ),
    ),
)
"""Who a person knows."""
