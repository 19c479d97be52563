"""Sets on which cards are compared: published ones, and frames whose law is known."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A frame, its target (1 bad), and the codes that are no amounts, where declared."""

    name: str
    X: pd.DataFrame
    y: np.ndarray[tuple[int], np.dtype[np.int64]]
    special_codes: Mapping[str, list[float]] = field(default_factory=dict)


GERMAN = [
    "status", "duration", "history", "purpose", "amount", "savings", "employment", "rate",
    "personal", "debtors", "residence", "property", "age", "plans", "housing", "credits", "job",
    "liable", "phone", "foreign", "outcome",
]  # fmt: skip


def _case(name: str, frame: pd.DataFrame, bad: pd.Series) -> Case:
    texts = frame.select_dtypes(exclude="number").columns
    X = frame.assign(**{c: frame[c].astype(object).where(frame[c].notna(), None) for c in texts})
    return Case(name=name, X=X.reset_index(drop=True), y=bad.to_numpy().astype(np.int64))


def german(root: Path) -> Case:
    frame = pd.read_csv(root / "german/german.data", sep=" ", header=None, names=GERMAN)
    return _case("german", frame.drop(columns="outcome"), frame["outcome"] == 2)


def taiwan(root: Path) -> Case:
    frame = pd.read_csv(root / "taiwan/taiwan.csv").drop(columns="ID")
    target = "default.payment.next.month"
    return _case("taiwan", frame.drop(columns=target), frame[target] == 1)


def australian(root: Path) -> Case:
    frame = pd.read_csv(root / "australian/australian.dat", sep=" ", header=None)
    frame.columns = [f"A{i}" for i in range(1, 16)]
    names = ["A4", "A5", "A6", "A12"]
    frame[names] = frame[names].astype(str)
    return _case("australian", frame.drop(columns="A15"), frame["A15"] == 0)


def japanese(root: Path) -> Case:
    frame = pd.read_csv(root / "japanese/crx.data", header=None, na_values="?")
    frame.columns = [f"A{i}" for i in range(1, 17)]
    return _case("japanese", frame.drop(columns="A16"), frame["A16"] == "-")


def sba(root: Path) -> Case:
    """What is known when a loan is approved; nothing of how it went, nor of its final term."""
    frame = pd.read_csv(root / "sba_case/SBAcase.11.13.17.csv", encoding="utf-8-sig")
    frame["Zip"] = frame["Zip"].astype(str).str[:3]
    frame["NAICS"] = frame["NAICS"].astype(str).str[:4]
    known = [
        "City", "Zip", "Bank", "BankState", "NAICS", "NoEmp", "NewExist", "CreateJob",
        "RetainedJob", "FranchiseCode", "UrbanRural", "RevLineCr", "LowDoc", "DisbursementGross",
        "GrAppv", "SBA_Appv", "New", "Portion",
    ]  # fmt: skip
    return _case("sba", frame[known], frame["Default"])


def approval(root: Path) -> Case:
    """One row for each distinct application; bad: 30 days late or more in any month."""

    def read(name: str) -> pd.DataFrame:
        with zipfile.ZipFile(root / "credit_card_approval" / f"{name}.zip") as held:
            return pd.read_csv(io.BytesIO(held.read(held.namelist()[0])))

    late = read("credit_record").assign(late=lambda d: d["STATUS"].isin(list("12345")))
    ever = late.groupby("ID")["late"].max()
    frame = read("application_record").drop_duplicates("ID", keep=False)
    frame = frame[frame["ID"].isin(ever.index)]
    frame["late"] = frame["ID"].map(ever).astype(int)
    facts = [name for name in frame.columns if name not in ("ID", "late")]
    frame = frame.groupby(facts, dropna=False, as_index=False)["late"].max()
    return _case("approval", frame[facts], frame["late"])


def berka(root: Path) -> Case:
    """Facts of the loan, the account's district and its owner; 682 loans, 76 of them bad."""

    def read(name: str) -> pd.DataFrame:
        return pd.read_csv(root / "berka" / f"{name}.asc", sep=";", na_values="?")

    accounts = read("account").rename(columns={"date": "opened"})
    loans = read("loan").merge(accounts, on="account_id")
    loans = loans.merge(read("district"), left_on="district_id", right_on="A1")
    owners = (
        read("disp").query("type == 'OWNER'").merge(read("client")[["client_id", "birth_number"]])
    )
    loans = loans.merge(owners[["account_id", "birth_number"]], on="account_id")
    loans["age"] = loans["date"] // 10000 - loans["birth_number"] // 10000
    loans["tenure"] = loans["date"] // 10000 - loans["opened"] // 10000
    orders = read("order").groupby("account_id")["amount"].agg(["sum", "count"])
    loans = loans.merge(orders, left_on="account_id", right_index=True, how="left")
    loans["share"] = loans["payments"] / loans["A11"]
    facts = ["amount", "duration", "payments", "frequency", "age", "tenure", "sum", "count"]
    facts += ["share", "A3", *(f"A{i}" for i in range(4, 17))]
    return _case("berka", loans[facts], loans["status"].isin(["B", "D"]))


def generated(
    name: str, *, seed: int, rows: int, rate: float, declared: bool = True, strength: float = 1.0
) -> Case:
    """Draw applicants of a known additive law, with what spoils real frames.

    A U-shape, a valley, a threshold, a saturating amount; counts and a bureau score with codes
    that are no amounts; 40 names with effects of their own; values missing more often where risk
    is high; noise that is correlated with what matters. ``rate`` is the expected share of bad.
    """
    random = np.random.default_rng(seed)
    wealth, care = random.normal(size=(2, rows))
    income = np.exp(8 + 0.8 * wealth + 0.4 * random.normal(size=rows))
    age = np.clip(random.gamma(6, 7, rows), 18, 90)
    use = random.beta(1.2, 1.6, rows)
    late = random.poisson(np.exp(-0.6 - 0.6 * care)).astype(float)
    bureau = np.rint(60 + 12 * care + 8 * random.normal(size=rows)).clip(0, 95)
    debt = random.pareto(1.5, rows) * income / 4
    months = np.floor(random.exponential(40, rows))
    town = random.zipf(1.4, rows) % 40
    towns = random.normal(size=40) * 0.5
    channel = random.choice(["branch", "web", "phone", "agent"], rows, p=[0.4, 0.35, 0.15, 0.1])
    margin = strength * (
        -0.5 * np.tanh(np.log(income) - 8)
        + 1.2 * np.abs(use - 0.45) * 2
        + 0.4 * np.abs(age - 45) / 15
        + 0.45 * np.minimum(late, 4)
        - 0.03 * (bureau - 60)
        + 0.25 * np.log1p(debt / income)
        + 0.5 * (months < 6)
        + towns[town]
        + 0.4 * (channel == "agent")
    )
    fresh, refused, thin = random.random((3, rows)) < [[0.08], [0.04], [0.1]]
    late[fresh], late[refused] = -9, -8
    bureau[thin] = 98
    bureau[random.random(rows) < 0.03] = 96
    margin += 0.5 * fresh - 0.6 * refused + 0.3 * thin
    low, high = -20.0, 20.0
    for _ in range(60):
        middle = (low + high) / 2
        above = (1 / (1 + np.exp(-(margin + middle)))).mean() > rate
        low, high = (low, middle) if above else (middle, high)
    bad = random.random(rows) < 1 / (1 + np.exp(-(margin + low)))
    income[random.random(rows) < 0.05 + 0.1 * (margin > np.median(margin))] = np.nan
    frame = pd.DataFrame(
        {
            "income": income,
            "age": age,
            "use": use,
            "late": late,
            "bureau": bureau,
            "debt": debt,
            "months": months,
            "town": np.char.add("t", town.astype(str)).astype(object),
            "channel": channel.astype(object),
            **{f"like{i}": wealth + random.normal(size=rows) * (1 + i) for i in range(3)},
            **{f"noise{i}": random.normal(size=rows) for i in range(5)},
            "flag": (random.random(rows) < 0.1).astype(float),
        }
    )
    codes = {"late": [-9.0, -8.0], "bureau": [96.0, 98.0]} if declared else {}
    return Case(name=name, X=frame, y=bad.astype(np.int64), special_codes=codes)


PUBLISHED: dict[str, Callable[[Path], Case]] = {
    "australian": australian,
    "japanese": japanese,
    "sba": sba,
    "approval": approval,
    "berka": berka,
    "german": german,
    "taiwan": taiwan,
}

GENERATED: dict[str, Callable[[], Case]] = {
    "g500": lambda: generated("g500", seed=1, rows=500, rate=0.25),
    "g1500": lambda: generated("g1500", seed=2, rows=1500, rate=0.15),
    "g1500u": lambda: generated("g1500u", seed=3, rows=1500, rate=0.3, declared=False),
    "g3000": lambda: generated("g3000", seed=4, rows=3000, rate=0.4, strength=0.6),
    "g6000": lambda: generated("g6000", seed=5, rows=6000, rate=0.05),
    "g6000u": lambda: generated("g6000u", seed=6, rows=6000, rate=0.1, declared=False),
    "g20000": lambda: generated("g20000", seed=7, rows=20_000, rate=0.03),
    "g50000": lambda: generated("g50000", seed=8, rows=50_000, rate=0.2),
}


def cases(root: Path, names: list[str]) -> Iterator[Case]:
    """Yield the sets named; a published one that is not there is left out."""
    for name in names:
        if name in GENERATED:
            yield GENERATED[name]()
            continue
        try:
            yield PUBLISHED[name](root)
        except FileNotFoundError:
            continue
