"""From a block's ordinary tables to those with sign-ins and fraud, and what nobody may read.

Fraud adds rows and takes none away, but for the devices of studios' members. In a block without
a studio people do what they do in the world without fraud; members of a studio live in other
days than they else would, and with them their block is drawn anew.

The credit truth is computed afterwards, from the tables as written: a victim's stolen payments
count in the victim's features as they would with a lender, and y is drawn from p as ever, for
fraud as for everybody. A study that leaves confirmed fraud out does so by ``fraud_labels``.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from credit.schema import DAY, SECOND
from credit.world import season
from credit.world.fraud import crimes as of_crimes
from credit.world.fraud import roles, signins, studios
from credit.world.fraud.detector import face_scores, flagged, signs
from credit.world.fraud.habits import Habits, Pool, habits
from credit.world.fraud.signins import FACE, METHODS, Tries
from credit.world.fraud.spending import Scene, all_payments, own_payments
from credit.world.links import ACCOUNTS
from credit.world.options import Floats, Ints, Stage
from credit.world.rows import Columns, Rows, Text, stack, take

LATER_DEVICES = 3
"""Device keys begin after three a person and two more, which `credit.world.links` uses."""


def committed(
    scene: Scene, tables: dict[str, Columns]
) -> tuple[dict[str, Columns], dict[str, pa.Table]]:
    """Return a block's tables with sign-ins and fraud in them, and the truth of both.

    The truth is ``fraud`` (customer_id, type, studio, opened_at, started_at,
    first_payment_id) and ``risky_devices`` (device_id).
    """
    people, cast, figures = scene.people, scene.cast, scene.figures
    refused = signins.abnormal_count(people, figures)
    draw = people.block.stream(Stage.PHONES)
    pools = (
        Pool.of(draw, people.block, int(refused.sum()), offset=LATER_DEVICES * people.size + 2),
        Pool.of(draw, people.block, int(refused.sum()), offset=0),
    )
    usual = habits(people, cast, tables["device_use"], pools, figures)
    used = studios.shared(people, cast, pools, usual.home, figures)
    usual = studios.taught(usual, used, people)

    draw = people.block.stream(Stage.CRIMES)
    habit = of_crimes.habit_of(
        *own_payments(tables["payments"], people), people.income_fen, figures
    )
    done = of_crimes.crimes(draw, people, cast, (usual, pools[0]), figures)
    stolen = of_crimes.fraudulent(draw, done, people, habit, figures)
    payments, paid, first = all_payments(scene, tables["payments"], usual, (done, stolen))
    mules = of_crimes.to_mules(draw, done, people, habit, figures)
    tries = Tries.joined(
        [
            signins.usual(people, usual, paid, scene.calendar, figures),
            of_crimes.intrusions(draw, done, (usual, pools[1]), figures),
            signins.abnormal(people, refused, pools, figures),
        ]
    )
    risky = _risky(draw, scene, (usual, done), used, pools[0].others(np.arange(refused.sum())))
    moved = {
        "payments": payments,
        "contacts": studios.pairs(people, cast, tables["contacts"], figures),
        "transfers": _transfers(scene, tables["transfers"], mules),
        "device_use": _device_use(scene, tables["device_use"], usual, used, done),
        "logins": _logins(scene, tries, risky),
        "fraud_labels": _labels(scene, done),
    }
    hidden = {
        "fraud": _told(scene, done, first),
        "risky_devices": pa.table({"device_id": np.unique(risky)}),
    }
    return {**tables, **moved}, hidden


def _transfers(scene: Scene, rows: Columns, mules: tuple[Ints, Ints, Ints, Ints]) -> Rows:
    """Return all transfers by time, with those to mules and within studios."""
    people, figures = scene.people, scene.figures
    draw = people.block.stream(Stage.MULES)
    inside = studios.among(people, scene.cast, figures)
    sender, receiver, at, amount = (
        np.concatenate([one, other]) for one, other in zip(mules, inside, strict=True)
    )
    added: Rows = {
        "customer_id": people.customer_id[sender],
        "counterparty_id": people.customer_id[receiver],
        "event_time": at,
        "available_at": season.known_after(draw, at, figures),
        "amount_fen": amount,
        "type": Text(np.zeros(at.size, dtype=np.int64), ("transfer", "red_packet")),
    }
    whole = stack([{name: rows[name] for name in added}, added])
    whole = take(whole, np.argsort(np.asarray(whole["event_time"]), kind="stable"))
    return {"transfer_id": people.block.keys(np.asarray(whole["amount_fen"]).size), **whole}


def _device_use(
    scene: Scene, rows: Columns, usual: Habits, used: studios.Shared, done: of_crimes.Crimes
) -> Rows:
    """Return who was first seen on which device: new phones, studios and strangers as well."""
    people = scene.people
    draw = people.block.stream(Stage.NEW_DEVICES)
    buyer = np.flatnonzero(usual.changed_at < scene.observed_until)
    strange = np.flatnonzero(done.own == 0)
    parts = [
        studios.device_rows(people, used),
        (buyer, usual.next_phone[buyer], usual.changed_at[buyer]),
        (done.owner[strange], done.device[strange], done.entered_at[strange]),
    ]
    owner, device, at = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    added: Rows = {
        "customer_id": people.customer_id[owner],
        "event_time": at,
        # The lender sees a sign-in itself; it waits for no file.
        "available_at": at + draw.integers(1, 20, at.size) * SECOND,
        "device_id": device,
        "account_id": people.customer_id[owner] * ACCOUNTS,
    }
    return stack([studios.without_members(rows, people, used), added])


def _risky(
    draw: np.random.Generator, scene: Scene, what: tuple[Habits, of_crimes.Crimes],
    used: studios.Shared, robots: Ints,
) -> Ints:  # fmt: skip
    """Return the devices that are risky: drawn for each device by who uses it."""
    usual, done = what
    chance = scene.figures["sim.fraud.risky_device"]
    rate = np.array([chance[name] for name in roles.TYPES])
    single = done.kind != roles.STUDIO
    # A takeover on the victim's own device leaves that device as it is.
    single &= (done.kind != roles.TAKEOVER) | (done.own == 0)
    device, kind = done.device[single], done.kind[single]
    honest = np.flatnonzero(scene.cast.kind != roles.STUDIO)
    shared = np.unique(used.device)
    parts = [
        device[draw.random(device.size) < rate[kind]],
        usual.phone[honest][draw.random(honest.size) < chance["honest"]],
        shared[draw.random(shared.size) < chance["studio"]],
        robots,
    ]
    return np.unique(np.concatenate(parts))


def _logins(scene: Scene, tries: Tries, risky: Ints) -> Rows:
    """Return the rows of ``logins``, by person and time."""
    people, figures = scene.people, scene.figures
    draw = people.block.stream(Stage.DETECTOR)
    devices, which = np.unique(tries.device_id, return_inverse=True)
    bad = np.isin(devices, risky)
    detected = flagged(draw, bad, figures)
    emulator, rooted = signs(draw, bad, figures)
    shown = tries.method == FACE
    score = np.where(shown, face_scores(draw, tries.genuine, figures), np.nan)
    failed = tries.refused | (shown & ~(score >= figures.number("sim.face_threshold")))
    columns: Rows = {
        "customer_id": people.customer_id[tries.owner],
        "event_time": tries.event_time,
        "available_at": tries.event_time + draw.integers(1, 20, tries.owner.size) * SECOND,
        "result": Text(failed.astype(np.int64), ("ok", "failed")),
        "device_id": tries.device_id,
        "account_id": people.customer_id[tries.owner] * ACCOUNTS,
        "ip_hash": tries.ip_hash,
        "latitude": _tenth(tries.place.latitude),
        "longitude": _tenth(tries.place.longitude),
        "emulator": emulator[which].astype(np.int64),
        "rooted": rooted[which].astype(np.int64),
        "detector": detected[which].astype(np.int64),
        "face_score": score,
        "method": Text(tries.method, METHODS),
    }
    order = np.lexsort((tries.device_id, tries.event_time, tries.owner))
    return {"login_id": people.block.keys(order.size), **take(columns, order)}


def _tenth(degrees: Floats) -> Floats:
    return np.asarray(np.rint(degrees * 10) / 10)


def _labels(scene: Scene, done: of_crimes.Crimes) -> Rows:
    """Return the frauds confirmed until observation ends."""
    draw = scene.people.block.stream(Stage.LABELS)
    low, high = scene.figures["sim.fraud.label_delay_days"]
    confirmed = done.at + (draw.uniform(low, high, done.at.size) * DAY).astype(np.int64)
    rows: Rows = {
        "customer_id": scene.people.customer_id[done.owner],
        "event_time": done.at,
        "available_at": confirmed,
        "type": Text(done.kind, roles.TYPES),
    }
    return take(rows, confirmed <= scene.observed_until)


def _told(scene: Scene, done: of_crimes.Crimes, first: Ints) -> pa.Table:
    """Return the truth of every fraud, confirmed or not."""
    cast = scene.cast
    studio, outside = cast.studio[done.owner], done.kind != roles.STUDIO
    instant = pa.timestamp("us")
    return pa.table(
        {
            "customer_id": scene.people.customer_id[done.owner],
            "type": pa.array(np.array(roles.TYPES)[done.kind]),
            "studio": pa.array(studio, mask=outside),
            "opened_at": pa.array(cast.opened_at[done.owner], mask=outside).cast(instant),
            "started_at": pa.array(done.at).cast(instant),
            "first_payment_id": pa.array(first),
        }
    )
