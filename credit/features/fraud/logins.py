"""Indicators of logins: devices, addresses, places, results, faces, hours."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from credit.feature import Measure
from credit.features.fraud.template import (
    Entity,
    Indicator,
    Mark,
    Template,
    bursts,
    counts,
    distinct,
    expand,
    shares,
    since,
)
from credit.features.payment.indicators import night
from credit.policy import Policy
from credit.schema import SECOND

LOGINS = Entity(name="login", table="logins", en="logins", zh="登录")

GAP = "abs(event_time - previous(event_time))"
"""Microseconds between a login and the one before."""

DISTANCE = "distance_km(latitude, longitude, previous(latitude), previous(longitude))"
"""Kilometres between a login and the one before."""

NEW_DEVICE = "times_seen(device_id) = 0 and previous(event_time) is not null"
"""A device that the person was never seen on; the first of all is no news."""


def marks(policy: Policy, on: date) -> tuple[Mark, ...]:
    """Return what a login may bear, under the policy in force on a day."""
    travel = policy.leaf("fraud.login.impossible_travel", on).value
    jump = policy.leaf("fraud.login.address_jump", on).value["within_minutes"] * 60 * SECOND
    quick = policy.leaf("fraud.login.quick", on).value["within_minutes"] * 60 * SECOND
    unlike = policy.leaf("fraud.login.face", on).value["unlike_below"]
    at_night = night(policy, on)
    speed = f"{DISTANCE} * {3_600 * SECOND} > {travel['above_km_per_hour']} * {GAP}"
    change = "device_id <> previous(device_id)"
    return (
        Mark(name="failed", where="result = 'failed'", en="that failed", zh="失败"),
        Mark(name="new_device", where=NEW_DEVICE, en="from a new device", zh="新设备"),
        Mark(
            name="new_address",
            where="times_seen(ip_hash) = 0 and previous(event_time) is not null",
            en="from a new network address", zh="新IP",
        ),
        Mark(name="device_change", where=change, en="from another device than before", zh="换设备"),
        Mark(
            name="address_jump", where=f"ip_hash <> previous(ip_hash) and {GAP} <= {jump}",
            en="from another network address within minutes", zh="IP跳变",
        ),
        Mark(
            name="impossible_travel", where=f"{DISTANCE} > {travel['from_km']} and {speed}",
            en="further from the one before than anybody travels", zh="不可能位移",
        ),
        Mark(
            name="entry_after_failure",
            where=f"result = 'ok' and previous(result) = 'failed' and {GAP} <= {quick}",
            en="that went through right after a failed one", zh="失败后随即成功",
        ),
        Mark(
            name="failed_new_device", where=f"result = 'failed' and {NEW_DEVICE}",
            en="that failed on a new device", zh="新设备失败",
        ),
        Mark(name="emulator", where="emulator = 1", en="from an emulator", zh="模拟器"),
        Mark(name="rooted", where="rooted = 1", en="from an unprotected device", zh="ROOT设备"),
        Mark(name="detector", where="detector = 1", en="from a listed device", zh="风险设备"),
        Mark(
            name="face_unlike", where=f"face_score < {unlike}", en="with an unlike face",
            zh="人脸不符",
        ),
        Mark(name="night", where=at_night, en="at night", zh="夜间"),
        Mark(
            name="night_change", where=f"({at_night}) and {change}",
            en="at night from another device than before", zh="夜间换设备",
        ),
    )  # fmt: skip


def logins(policy: Policy, on: date) -> Iterator[Indicator]:
    """Yield the indicators of logins."""
    borne = marks(policy, on)
    rare = ("impossible_travel", "entry_after_failure", "emulator", "face_unlike")
    joined = ("night_change", "failed_new_device")
    common = [mark for mark in borne if mark.name not in joined]
    yield from expand(LOGINS, counts(LOGINS, borne, "1h", "1d", "30d"))
    yield from expand(LOGINS, shares(LOGINS, [m for m in common if m.name != "rooted"], "90d"))
    yield from expand(LOGINS, since(LOGINS, [m for m in common if m.name not in rare]))
    yield from expand(LOGINS, _activity())
    keys = (
        ("devices", "device_id", "devices", "设备"),
        ("addresses", "ip_hash", "network addresses", "IP"),
    )
    yield from expand(LOGINS, distinct(LOGINS, keys, "1d", "7d", "90d"))
    accounts = (("accounts", "account_id", "accounts", "账户"),)
    yield from expand(LOGINS, distinct(LOGINS, accounts, "7d", "90d"))
    yield from expand(LOGINS, _places())
    yield from expand(LOGINS, _faces())
    yield from expand(LOGINS, _habits())
    yield from bursts(LOGINS, (("count", "logins", "登录次数"),))


def _activity() -> Iterator[Template]:
    yield Template(
        what="count", measure=Measure(aggregate="count"),
        windows=("1h", "6h", "1d", "7d", "30d", "90d"), unit="count", en="logins",
        zh="登录次数", used_by=("model", "report"),
    )  # fmt: skip


def _places() -> Iterator[Template]:
    yield Template(
        what="distance_max", measure=Measure(aggregate="max", value=DISTANCE),
        windows=("1h", "1d", "30d"), unit="km", en="largest distance between two logins",
        zh="相邻登录最大距离", null="no two logins with known places",
    )  # fmt: skip
    yield Template(
        what="distance_mean", measure=Measure(aggregate="mean", value=DISTANCE),
        windows=("7d", "90d"), unit="km", en="mean distance between two logins",
        zh="相邻登录平均距离", null="no two logins with known places",
    )  # fmt: skip


def _faces() -> Iterator[Template]:
    yield Template(
        what="face_min", measure=Measure(aggregate="min", value="face_score"),
        windows=("1d", "30d"), unit="likeness", en="lowest likeness of the face",
        zh="人脸相似度最低值", null="no face was looked at", risk=-1,
    )  # fmt: skip
    yield Template(
        what="face_mean", measure=Measure(aggregate="mean", value="face_score"),
        windows=("90d",), unit="likeness", en="mean likeness of the face", zh="人脸相似度均值",
        null="no face was looked at", risk=-1,
    )  # fmt: skip


def _habits() -> Iterator[Template]:
    yield Template(
        what="hour_entropy", measure=Measure(aggregate="entropy", value="local_hour(event_time)"),
        windows=("30d", "90d"), unit="nats", en="evenness of logins over the hours of the day",
        zh="登录时段分布", null="no logins", risk=0,
    )  # fmt: skip
    yield Template(
        what="device_concentration", measure=Measure(aggregate="herfindahl", value="device_id"),
        windows=("30d",), unit="share", en="concentration of logins on devices",
        zh="登录设备集中度", null="no logins", risk=-1,
    )  # fmt: skip
    yield Template(
        what="gap_min", windows=("1d", "7d"), unit="microseconds",
        measure=Measure(aggregate="min", value=GAP), en="shortest time between two logins",
        zh="相邻登录最短间隔", null="no two logins", risk=-1,
    )  # fmt: skip
