"""Social, of the whole network: position, exposure to others' records, rings.

Each is a statistic of the latest monthly snapshot; see ``Propagation``. What is known of the
applicant never enters, and what is known of others obeys the snapshot's instant.
"""

from __future__ import annotations

from credit.feature import Feature, Propagation, Reason, Tie

_ALL: tuple[Tie, ...] = ("contacts", "transfers")
_MONEY: tuple[Tie, ...] = ("transfers",)
_PACKETS: tuple[Tie, ...] = ("red_packets",)
_SURETY: tuple[Tie, ...] = ("guarantees",)
_DEVICES: tuple[Tie, ...] = ("devices",)

_NO_TIE = "no tie to anybody was visible"
_NO_MONEY = "no money was ever exchanged with anybody"

SOCIAL_GRAPH: tuple[Feature, ...] = (
    Propagation(
        name="social_pagerank",
        dimension="social",
        label="PageRank among contacts and counterparties",
        unit="ratio",
        null_means=_NO_TIE,
        risk=0,
        reason=Reason(en="Position in the network of contacts", zh="社交网络中的位置"),
        statistic="pagerank",
        ties=_ALL,
        edges=(1.0,),
    ),
    Propagation(
        name="social_core_number",
        dimension="social",
        label="Core number among contacts and counterparties",
        unit="count",
        null_means=_NO_TIE,
        risk=-1,
        reason=Reason(en="Loosely connected to other people", zh="社交圈联系不够紧密"),
        statistic="core_number",
        ties=_ALL,
    ),
    Propagation(
        name="social_clustering",
        dimension="social",
        label="Share of pairs of acquaintances who know each other",
        unit="share",
        null_means="fewer than two people are tied to this one",
        risk=0,
        reason=Reason(en="How far acquaintances know each other", zh="联系人之间的相互熟识程度"),
        statistic="clustering",
        ties=_ALL,
    ),
    Propagation(
        name="social_neighbour_bad_rate",
        dimension="social",
        label="Bad rate of contacts and counterparties with a record",
        unit="share",
        null_means="no contact or counterparty has a record",
        risk=+1,
        reason=Reason(en="People close by repay badly", zh="关系人信用表现较差"),
        statistic="neighbour_bad_rate",
        ties=_ALL,
    ),
    Propagation(
        name="social_money_neighbour_bad_rate",
        dimension="social",
        label="Bad rate of counterparties with a record",
        unit="share",
        null_means="no counterparty has a record",
        risk=+1,
        reason=Reason(
            en="People money is exchanged with repay badly", zh="资金往来对象信用表现较差"
        ),
        statistic="neighbour_bad_rate",
        ties=_MONEY,
    ),
    Propagation(
        name="social_two_hop_bad_share",
        dimension="social",
        label="Bad share of acquaintances' acquaintances",
        unit="share",
        null_means="nobody is tied to the people this one is tied to",
        risk=+1,
        reason=Reason(en="Acquaintances of acquaintances repay badly", zh="二度关系人信用表现较差"),
        statistic="two_hop_bad_share",
        ties=_ALL,
    ),
    Propagation(
        name="social_bad_exposure",
        dimension="social",
        label="Closeness to people with a bad record, all ties",
        unit="ratio",
        null_means="no tie to anybody was visible, or nobody else had a bad record",
        risk=+1,
        reason=Reason(en="Close to people with a bad record", zh="与不良信用人群关系较近"),
        statistic="bad_exposure",
        ties=_ALL,
        edges=(1.0,),
    ),
    Propagation(
        name="social_good_exposure",
        dimension="social",
        label="Closeness to people with a good record, all ties",
        unit="ratio",
        null_means="no tie to anybody was visible, or nobody else had a good record",
        risk=-1,
        reason=Reason(en="Far from people with a good record", zh="与良好信用人群关系较远"),
        statistic="good_exposure",
        ties=_ALL,
        edges=(1.0,),
    ),
    Propagation(
        name="social_money_bad_exposure",
        dimension="social",
        label="Closeness to people with a bad record, by money",
        unit="ratio",
        null_means="no money was ever exchanged, or nobody else had a bad record",
        risk=+1,
        reason=Reason(en="Money flows near people with a bad record", zh="资金链临近不良信用人群"),
        statistic="bad_exposure",
        ties=_MONEY,
        edges=(1.0,),
    ),
    Propagation(
        name="social_money_hops_to_bad",
        dimension="social",
        label="Steps of money to the nearest person with a bad record",
        unit="count",
        null_means=_NO_MONEY,
        risk=-1,
        reason=Reason(
            en="Few steps of money from a person with a bad record", zh="资金链距不良信用者较近"
        ),
        statistic="hops_to_bad",
        ties=_MONEY,
    ),
    Propagation(
        name="social_money_hops_to_good",
        dimension="social",
        label="Steps of money to the nearest person with a good record",
        unit="count",
        null_means=_NO_MONEY,
        risk=+1,
        reason=Reason(
            en="Many steps of money from a person with a good record", zh="资金链距良好信用者较远"
        ),
        statistic="hops_to_good",
        ties=_MONEY,
    ),
    Propagation(
        name="social_community_size",
        dimension="social",
        label="Other people in the community",
        unit="count",
        null_means=_NO_TIE,
        risk=0,
        reason=Reason(en="Size of the community", zh="所在社群规模"),
        statistic="community_size",
        ties=_ALL,
    ),
    Propagation(
        name="social_community_bad_rate",
        dimension="social",
        label="Bad rate of the community, without the person",
        unit="share",
        null_means="nobody else in the community has a record",
        risk=+1,
        reason=Reason(en="The community repays badly", zh="所在社群信用表现较差"),
        statistic="community_bad_rate",
        ties=_ALL,
    ),
    Propagation(
        name="social_red_packet_core",
        dimension="social",
        label="Core number among people who send red packets",
        unit="count",
        null_means="no red packet was ever sent or received",
        risk=-1,
        reason=Reason(en="Few close friendships", zh="红包往来圈较小"),
        statistic="core_number",
        ties=_PACKETS,
    ),
    Propagation(
        name="social_device_ring_size",
        dimension="social",
        label="Other people reached through shared devices",
        unit="count",
        null_means="no device was ever seen",
        risk=+1,
        reason=Reason(en="Shared devices link many people", zh="共用设备关联人数较多"),
        statistic="ring_size",
        ties=_DEVICES,
    ),
    Propagation(
        name="social_device_ring_bad_rate",
        dimension="social",
        label="Bad rate of people reached through shared devices",
        unit="share",
        null_means="nobody reached through shared devices has a record",
        risk=+1,
        reason=Reason(en="People on shared devices repay badly", zh="共用设备关联人信用表现较差"),
        statistic="ring_bad_rate",
        ties=_DEVICES,
    ),
    Propagation(
        name="social_guarantee_ring_size",
        dimension="social",
        label="Other people in the circle of guarantees",
        unit="count",
        null_means="the person neither gave nor received a guarantee",
        risk=+1,
        reason=Reason(en="Part of a large circle of guarantees", zh="担保圈规模较大"),
        statistic="ring_size",
        ties=_SURETY,
    ),
    Propagation(
        name="social_guarantee_ring_bad_rate",
        dimension="social",
        label="Bad rate of the circle of guarantees, without the person",
        unit="share",
        null_means="nobody else in the circle of guarantees has a record",
        risk=+1,
        reason=Reason(en="The circle of guarantees repays badly", zh="担保圈信用表现较差"),
        statistic="ring_bad_rate",
        ties=_SURETY,
    ),
)
"""Where a person stands among all people."""
